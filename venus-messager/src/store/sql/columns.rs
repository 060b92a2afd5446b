//! Reading columns: what the tables have, as what it means.

use std::{fmt::Display, str::FromStr};

use chrono::{DateTime, NaiveDateTime, Utc};
use num_bigint::BigInt;
use venus_core::{
    Address, Cid, TipSetKey, TokenAmount,
    api::messager::FeeSpec,
    sql::{
        Zone,
        sqlx::{self, ColumnIndex, Decode, FromRow, MySql, Row, Type, mysql::MySqlRow},
    },
    store::StoreError,
};

use crate::error::{MessagerError, Result};

/// What a row of a table is.
pub(super) trait Stored: Sized {
    const TABLE: &'static str;

    /// Its times are those of the wall clock, said to be UTC.
    fn read(columns: &Columns<'_>) -> Result<Self>;

    fn times(&mut self) -> Option<[&mut DateTime<Utc>; 2]> {
        None
    }
}

/// A row, read.
pub(super) struct Found<T>(Result<T>);

impl<'r, T: Stored> FromRow<'r, MySqlRow> for Found<T> {
    fn from_row(row: &'r MySqlRow) -> sqlx::Result<Self> {
        Ok(Self(T::read(&Columns { row, table: T::TABLE })))
    }
}

impl<T: Stored> Found<T> {
    /// What it is, if the wall clock is that of `zone`.
    pub(super) fn at(self, zone: Zone) -> Result<T> {
        let mut value = self.0?;
        for time in value.times().into_iter().flatten() {
            *time = zone.read(time.naive_utc());
        }
        Ok(value)
    }
}

pub(super) fn damaged(table: &'static str, reason: impl Display) -> MessagerError {
    StoreError::Damaged { tree: table, reason: reason.to_string() }.into()
}

/// The columns of a row by name.
pub(super) struct Columns<'r> {
    row: &'r MySqlRow,
    table: &'static str,
}

impl<'r> Columns<'r> {
    /// The value of a column, or that of its type if it is NULL.
    pub(super) fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: Decode<'r, MySql> + Type<MySql> + Default,
        &'static str: ColumnIndex<MySqlRow>,
    {
        self.opt(column).map(Option::unwrap_or_default)
    }

    pub(super) fn opt<T>(&self, column: &'static str) -> Result<Option<T>>
    where
        T: Decode<'r, MySql> + Type<MySql>,
        &'static str: ColumnIndex<MySqlRow>,
    {
        self.row.try_get(column).map_err(|error| damaged(self.table, error))
    }

    pub(super) fn text(&self, column: &'static str) -> Result<String> {
        self.get(column)
    }

    /// A number in a signed column that is not negative.
    pub(super) fn natural(&self, column: &'static str) -> Result<u64> {
        let number = self.get::<i64>(column)?;
        u64::try_from(number).map_err(|_| self.wrong(column, &number.to_string(), "negative"))
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T> {
        let text = self.text(column)?;
        text.parse().map_err(|error: T::Err| self.wrong(column, &text, error))
    }

    /// Go's undefined CID is the empty text.
    pub(super) fn cid(&self, column: &'static str) -> Result<Option<Cid>> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error| self.wrong(column, &text, error))
    }

    pub(super) fn amount(&self, column: &'static str) -> Result<TokenAmount> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(TokenAmount::zero());
        }
        let amount = text.parse::<BigInt>().map_err(|error| self.wrong(column, &text, error))?;
        Ok(TokenAmount::from_atto(amount))
    }

    /// `{ cid cid }`; empty, or braces alone, is the key of no block.
    pub(super) fn tipset_key(&self, column: &'static str) -> Result<TipSetKey> {
        let text = self.text(column)?;
        let cids = text.trim().trim_start_matches('{').trim_end_matches('}').split_whitespace();
        let cids = cids.map(str::parse).collect::<Result<_, _>>();
        Ok(TipSetKey::new(cids.map_err(|error| self.wrong(column, &text, error))?))
    }

    pub(super) fn time(&self, column: &'static str) -> Result<DateTime<Utc>> {
        Ok(self.get::<NaiveDateTime>(column)?.and_utc())
    }

    pub(super) fn fees(&self) -> Result<FeeSpec> {
        Ok(FeeSpec {
            gas_over_estimation: self.get("estimation_factor")?,
            max_fee: self.amount("max_fee")?,
            gas_fee_cap: self.amount("gas_fee_cap")?,
            gas_over_premium: self.get("premium_factor")?,
            base_fee: self.amount("base_fee")?,
        })
    }

    fn wrong(&self, column: &str, text: &str, error: impl Display) -> MessagerError {
        damaged(self.table, format!("its column {column} has `{text}`: {error}"))
    }
}

/// An address as it is stored: with the letter `f`, on every network.
pub(super) fn stored(address: Address) -> String {
    venus_core::auth::format_address(&address)
}

/// An amount as it is stored: attoFIL.
pub(super) fn atto(amount: &TokenAmount) -> String {
    amount.atto().to_string()
}
