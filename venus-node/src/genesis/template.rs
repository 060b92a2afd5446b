//! The template in the JSON of venus and lotus.

use std::fmt;
use std::str::FromStr;

use cid::Cid;
use fvm_shared::address::{Address, Network};
use fvm_shared::econ::TokenAmount;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a chain begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenesisTemplate {
    /// Network version; 28 is served.
    pub network_version: u32,
    /// Accounts and multisigs, which get the IDs from 100.
    #[serde(default)]
    pub accounts: Vec<GenesisActor>,
    /// Miners, which get the IDs from 1000.
    #[serde(default)]
    pub miners: Vec<GenesisMiner>,
    /// Name of the network.
    pub network_name: String,
    /// Timestamp of the genesis block in seconds.
    #[serde(default)]
    pub timestamp: u64,
    /// Key that appoints verifiers, f080.
    pub verifreg_root_key: GenesisActor,
    /// Holder of what is left, f090.
    pub remainder_account: GenesisActor,
}

/// An account or multisig with its balance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenesisActor {
    /// What it is.
    #[serde(flatten)]
    pub account: GenesisAccount,
    /// Its balance in attoFIL. The remainder account gets what is left instead.
    #[serde(with = "atto", default)]
    pub balance: TokenAmount,
}

/// What holds a genesis balance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "Type", content = "Meta", rename_all = "lowercase")]
pub enum GenesisAccount {
    /// An account.
    Account(OwnerMeta),
    /// A multisig.
    Multisig(MultisigMeta),
}

/// The owner of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OwnerMeta {
    /// Its key address.
    #[serde(with = "text_address")]
    pub owner: Address,
}

/// The setup of a multisig.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MultisigMeta {
    /// Key addresses of the signers.
    #[serde(with = "text_addresses")]
    pub signers: Vec<Address>,
    /// How many must approve.
    pub threshold: u64,
    /// Epochs over which the balance vests.
    #[serde(default)]
    pub vesting_duration: i64,
    /// Epoch at which vesting begins.
    #[serde(default)]
    pub vesting_start: i64,
}

/// A miner that is there from the beginning.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenesisMiner {
    /// Its ID address, which must be the next free one from f01000.
    #[serde(rename = "ID", with = "text_address")]
    pub id: Address,
    /// Key address of the owner, one of the accounts.
    #[serde(with = "text_address")]
    pub owner: Address,
    /// Key address of the worker, one of the accounts, BLS.
    #[serde(with = "text_address")]
    pub worker: Address,
    /// Peer ID in its text form.
    #[serde(default)]
    pub peer_id: String,
    /// Balance at the market, which is not served: must be 0.
    #[serde(with = "atto", default)]
    pub market_balance: TokenAmount,
    /// Balance beyond what the sectors lock.
    #[serde(with = "atto", default)]
    pub power_balance: TokenAmount,
    /// Bytes of a sector.
    pub sector_size: u64,
    /// Sectors sealed beforehand.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub sectors: Vec<GenesisSector>,
}

/// A sector sealed beforehand, with the ticket of epoch -1. Deals of a template are left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenesisSector {
    /// Commitment to the replica.
    #[serde(rename = "CommR", with = "link")]
    pub comm_r: Cid,
    /// Commitment to the data.
    #[serde(rename = "CommD", with = "link")]
    pub comm_d: Cid,
    /// Number.
    #[serde(rename = "SectorID")]
    pub sector_id: u64,
    /// Registered seal proof.
    pub proof_type: i64,
}

fn null_is_empty<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<GenesisSector>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

fn parse<'de, D: Deserializer<'de>, T: FromStr>(d: D) -> Result<T, D::Error>
where
    T::Err: fmt::Display,
{
    String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
}

fn parse_address<E: serde::de::Error>(text: &str) -> Result<Address, E> {
    Network::Mainnet
        .parse_address(text)
        .or_else(|_| Network::Testnet.parse_address(text))
        .map_err(|e| E::custom(format!("address {text}: {e}")))
}

fn address_text(address: &Address) -> String {
    // Development networks write addresses with t, whatever this process has set.
    format!("t{}", &address.to_string()[1..])
}

mod text_address {
    use super::*;

    pub(super) fn serialize<S: Serializer>(a: &Address, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&address_text(a))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Address, D::Error> {
        parse_address(&String::deserialize(d)?)
    }
}

mod text_addresses {
    use super::*;

    pub(super) fn serialize<S: Serializer>(list: &[Address], s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(list.iter().map(address_text))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Address>, D::Error> {
        Vec::<String>::deserialize(d)?.iter().map(|a| parse_address(a)).collect()
    }
}

mod atto {
    use super::*;
    use fvm_shared::bigint::BigInt;

    pub(super) fn serialize<S: Serializer>(t: &TokenAmount, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&t.atto().to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<TokenAmount, D::Error> {
        parse::<_, BigInt>(d).map(TokenAmount::from_atto)
    }
}

mod link {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Link {
        #[serde(rename = "/")]
        cid: String,
    }

    pub(super) fn serialize<S: Serializer>(cid: &Cid, s: S) -> Result<S::Ok, S::Error> {
        Link { cid: cid.to_string() }.serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Cid, D::Error> {
        Link::deserialize(d)?.cid.parse().map_err(serde::de::Error::custom)
    }
}
