//! Builtin actors, version 18 of development networks: their code CIDs and manifest.

use std::collections::HashMap;
use std::sync::LazyLock;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CborStore;
use multihash_codetable::Code::Blake2b256;

use super::error::{ExecutorError, Result};

/// A type of builtin actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names of the actors say it all
pub enum ActorKind {
    System,
    Init,
    Cron,
    Account,
    Power,
    Miner,
    Market,
    PaymentChannel,
    Multisig,
    Reward,
    VerifiedRegistry,
    DataCap,
    Placeholder,
    Evm,
    Eam,
    EthAccount,
}

/// Type, name in the manifest and code, in the order of the manifest.
const ACTORS: [(ActorKind, &str, &str); 16] = {
    use ActorKind::*;
    [
        (System, "system", "bafk2bzacedced5maxljwmavukjvtnmknpzoullfcwk3upaz5x5hvvdl2pk24e"),
        (Init, "init", "bafk2bzaced23vlf6nemlulavy2ouxuvudxe3jbu4klc74tcgruafrqu2fnt3c"),
        (Cron, "cron", "bafk2bzacedrv5m6tczd6dz6ly3zmenkljnokovduvgkbmgxvsawbalerciieg"),
        (Account, "account", "bafk2bzacedpmhtrp2kdjoga2phrbi3f7z7wn25s3tluxoagcu7hsg2ppktxbw"),
        (Power, "storagepower", "bafk2bzacebydegz3ap6xgejojdu3usfddhyrj476f25ooahgcqko6d7djynas"),
        (Miner, "storageminer", "bafk2bzacedhvcxgdz2w75izwa5s5dwvsrxsnzkjcbpbresziyrrjrsvjzwvxe"),
        (Market, "storagemarket", "bafk2bzacecjrg6jueodndhwtkaa3n2v2tkjakmzu4c57hrhg5ige4d4kjggcg"),
        (
            PaymentChannel,
            "paymentchannel",
            "bafk2bzacecf3jaqzs757hmyxpthnj7vaxr2z6h5v6yubptvqasgabxiubeoim",
        ),
        (Multisig, "multisig", "bafk2bzacecquc4zxikmjfwsiyzx4tbxlsvauf53c7spf3hdz6jwmkczyqwbrg"),
        (Reward, "reward", "bafk2bzacedchalmz2omgitfunbqg5opzcvrlvju77k6dr5zt2poyy7jjzkvwa"),
        (
            VerifiedRegistry,
            "verifiedregistry",
            "bafk2bzaceccqnqgyehy72nkmujvpyibikslvpyxfhpqivzjmbkmdbme5xzm2u",
        ),
        (DataCap, "datacap", "bafk2bzaceamho7atkl2a7c3m3t24v6tf3wzceaewp3ph6rjmwza3xdy3gmqb6"),
        (
            Placeholder,
            "placeholder",
            "bafk2bzacedfvut2myeleyq67fljcrw4kkmn5pb5dpyozovj7jpoez5irnc3ro",
        ),
        (Evm, "evm", "bafk2bzacec273j42hyrcaeqms6xuuezkozjhptmyniwtr7y4jzjdoflccn2is"),
        (Eam, "eam", "bafk2bzaceaxpy4ilqlibpgytnt5ucmju2ooi3bqwca6dngwy6hlzmshyjpafw"),
        (
            EthAccount,
            "ethaccount",
            "bafk2bzacedsbwrrjywdmxeluuzwfhmam2jmrm6ivj72ggw6qaijcx7ilw5fvk",
        ),
    ]
};

struct Table {
    by_code: HashMap<Cid, ActorKind>,
    by_kind: HashMap<ActorKind, Cid>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let pairs = ACTORS.iter().filter_map(|(kind, _, code)| Some((*kind, code.parse().ok()?)));
    let by_kind: HashMap<_, _> = pairs.collect();
    Table { by_code: by_kind.iter().map(|(k, c)| (*c, *k)).collect(), by_kind }
});

impl ActorKind {
    /// All types, in the order of the manifest.
    pub fn all() -> impl Iterator<Item = Self> {
        ACTORS.iter().map(|(kind, ..)| *kind)
    }

    /// The type of an actor with this code; none if it is no builtin actor of this version.
    pub fn of(code: &Cid) -> Option<Self> {
        TABLE.by_code.get(code).copied()
    }

    /// The code of actors of this type.
    pub fn code(self) -> Cid {
        // A test proves that every constant above parses.
        TABLE.by_kind.get(&self).copied().unwrap_or_default()
    }

    /// The name in the manifest.
    pub fn name(self) -> &'static str {
        ACTORS.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| name)
    }
}

/// Writes the manifest and answers the CIDs of manifest and data block. The state of f00 refers
/// to the latter.
pub(crate) fn write_manifest(store: &impl Blockstore) -> Result<(Cid, Cid)> {
    let failed = ExecutorError::store;
    let entries: Vec<_> = ACTORS.iter().map(|(kind, name, _)| (*name, kind.code())).collect();
    let data = store.put_cbor(&entries, Blake2b256).map_err(failed("actor manifest"))?;
    let manifest = store.put_cbor(&(1u8, data), Blake2b256).map_err(failed("actor manifest"))?;
    Ok((manifest, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_is_the_published_one() {
        let (manifest, data) = write_manifest(&crate::blockstore::SharedStore::memory()).unwrap();
        assert_eq!(
            manifest.to_string(),
            "bafy2bzaced35gjxagazf2fne5dakbok5abmivsh7cq7huwfuptebgwjmcpcf6"
        );
        assert_eq!(
            data.to_string(),
            "bafy2bzacebpmfblssoxmmtc5g3md54tpjf7a2q2avm37wdh35533w6akw5y6o"
        );
        for (kind, name, code) in ACTORS {
            assert_eq!(ActorKind::of(&code.parse().unwrap()), Some(kind));
            assert_eq!(kind.name(), name);
        }
    }
}
