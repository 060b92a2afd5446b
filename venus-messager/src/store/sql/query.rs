//! Lists of messages, as the database makes them.

use chrono::NaiveDateTime;
use venus_core::{
    api::messager::QueuedMessage,
    sql::{
        Zone,
        sqlx::{self, AssertSqlSafe, MySql, mysql::MySqlArguments, query::QueryAs},
    },
};

use super::{
    columns::{Found, stored},
    message::SELECT,
};
use crate::store::Filter;

/// A statement and what is bound to it.
pub(super) struct List {
    statement: String,
    states: Vec<i64>,
    senders: Vec<String>,
    times: Vec<NaiveDateTime>,
    page: [u64; 2],
}

impl List {
    pub(super) fn new(filter: &Filter, zone: Zone) -> Self {
        let query = &filter.query;
        let states: Vec<_> = query.state.iter().map(|state| state.code()).collect();
        let senders: Vec<_> = query.from.iter().copied().map(stored).collect();
        let (mut conditions, mut times) = (Vec::new(), Vec::new());
        for (column, count) in [("state", states.len()), ("from_addr", senders.len())] {
            if count > 0 {
                conditions.push(format!("{column} IN (?{})", ",?".repeat(count - 1)));
            }
        }
        let since = query.by_update_at.map(|time| ("updated_at >= ?", time));
        let before = filter.created_before.map(|time| ("created_at < ?", time));
        for (condition, time) in since.into_iter().chain(before) {
            conditions.push(condition.to_owned());
            times.push(zone.write(time, 3));
        }
        if filter.failing {
            conditions.push("error_msg <> ''".to_owned());
        }
        let conditions = match conditions.as_slice() {
            [] => String::new(),
            all => format!(" WHERE {}", all.join(" AND ")),
        };
        let order = match (filter.newest_first, query.asc) {
            (true, _) => "created_at DESC, id DESC",
            (false, true) => "created_at, id",
            (false, false) => "updated_at DESC, id",
        };
        let statement = format!("{SELECT}{conditions} ORDER BY {order} LIMIT ? OFFSET ?");
        let limit = if query.limit == 0 { u64::MAX } else { query.limit };
        Self { statement, states, senders, times, page: [limit, query.offset] }
    }

    pub(super) fn query(&self) -> QueryAs<'_, MySql, Found<QueuedMessage>, MySqlArguments> {
        let mut query = sqlx::query_as(AssertSqlSafe(self.statement.clone()));
        for state in &self.states {
            query = query.bind(state);
        }
        for sender in &self.senders {
            query = query.bind(sender);
        }
        for time in &self.times {
            query = query.bind(time);
        }
        for number in &self.page {
            query = query.bind(number);
        }
        query
    }
}
