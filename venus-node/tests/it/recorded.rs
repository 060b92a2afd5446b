//! The chains recorded from lotus, with what became of each message.

use std::collections::HashMap;
use std::path::PathBuf;

use cid::Cid;
use fvm_ipld_amt::Amtv0;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::tuple::*;
use fvm_ipld_encoding::{BytesDe, CborStore};
use fvm_shared::address::Address;
use fvm_shared::crypto::signature::Signature;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use serde::Deserialize;
use venus_node::blockstore::SharedStore;
use venus_node::executor::externs::blake2b;
use venus_node::executor::{ChainMessage, ChainRand, ExecBlock};

#[derive(Deserialize)]
pub(crate) struct Recording {
    pub(crate) tipsets: Vec<Tipset>,
    drand_info: Drand,
    #[serde(skip)]
    pub(crate) store: Option<SharedStore>,
    #[serde(skip)]
    pub(crate) headers: Vec<Vec<Header>>,
}

#[derive(Deserialize)]
struct Drand {
    genesis_time: i64,
    period: i64,
}

#[derive(Deserialize)]
pub(crate) struct Tipset {
    pub(crate) height: i64,
    key: Vec<String>,
    timestamp: u64,
    pub(crate) parent_state_root: String,
    pub(crate) base_fee: String,
    pub(crate) state_after: Option<String>,
    #[serde(default)]
    pub(crate) executed: Vec<Executed>,
}

#[derive(Deserialize)]
pub(crate) struct Executed {
    pub(crate) unsigned: String,
    pub(crate) method: u64,
    pub(crate) params: String,
    pub(crate) exit: u32,
    pub(crate) gas_used: u64,
    pub(crate) ret: Option<String>,
    pub(crate) label: Option<String>,
}

#[derive(Deserialize_tuple, Serialize_tuple, Clone)]
pub(crate) struct Header {
    pub(crate) miner: Address,
    ticket: Option<Vec<BytesDe>>,
    election: Option<(i64, Option<BytesDe>)>,
    beacon: Option<Vec<(u64, BytesDe)>>,
    post: Option<Vec<(i64, BytesDe)>>,
    parents: Vec<Cid>,
    weight: BytesDe,
    height: i64,
    state: Cid,
    receipts: Cid,
    messages: Cid,
    aggregate: Option<BytesDe>,
    timestamp: u64,
    signature: Option<BytesDe>,
    fork: u64,
    base_fee: TokenAmount,
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

impl Recording {
    pub(crate) fn load(name: &str) -> Self {
        let json = std::fs::read(fixture(&format!("{name}.json"))).unwrap();
        let mut recording: Self = serde_json::from_slice(&json).unwrap();
        let packed = std::fs::read(fixture(&format!("{name}.car.zst"))).unwrap();
        let car = zstd::decode_all(&packed[..]).unwrap();
        let store = SharedStore::memory();
        fvm_ipld_car::load_car_unchecked(&store, &car[..]).unwrap();
        recording.headers = recording
            .tipsets
            .iter()
            .map(|t| {
                let read = |k: &String| {
                    let cid: Cid = k.parse().unwrap();
                    store.get_cbor(&cid).unwrap().unwrap()
                };
                t.key.iter().map(read).collect()
            })
            .collect();
        recording.store = Some(store);
        recording
    }

    pub(crate) fn store(&self) -> &SharedStore {
        self.store.as_ref().unwrap()
    }

    /// The blocks of a tipset with their messages, in tipset order.
    pub(crate) fn blocks(&self, index: usize) -> Vec<ExecBlock> {
        self.headers[index]
            .iter()
            .map(|h| ExecBlock {
                miner: h.miner,
                win_count: h.election.as_ref().map_or(0, |e| e.0),
                messages: self.messages(&h.messages),
            })
            .collect()
    }

    fn messages(&self, meta: &Cid) -> Vec<ChainMessage> {
        let store = self.store();
        let (bls, secp): (Cid, Cid) = store.get_cbor(meta).unwrap().unwrap();
        let list = |root: &Cid| {
            let mut cids: Vec<Cid> = Vec::new();
            let amt = Amtv0::<Cid, _>::load(root, store).unwrap();
            amt.for_each(|_, c| {
                cids.push(*c);
                Ok(())
            })
            .unwrap();
            cids
        };
        let mut messages: Vec<_> = list(&bls)
            .iter()
            .map(|c| ChainMessage::bls(store.get_cbor(c).unwrap().unwrap()))
            .collect();
        messages.extend(list(&secp).iter().map(|c| {
            let block = store.get(c).unwrap().unwrap();
            let (message, signature): (Message, Signature) =
                fvm_ipld_encoding::from_slice(&block).unwrap();
            ChainMessage::signed(message, &signature)
        }));
        messages
    }

    pub(crate) fn timestamp(&self, index: usize) -> u64 {
        self.tipsets[index].timestamp
    }

    pub(crate) fn rand(&self, index: usize) -> RecordedRand<'_> {
        RecordedRand { recording: self, index }
    }

    pub(crate) fn executed(&self, index: usize) -> HashMap<String, &Executed> {
        self.tipsets[index].executed.iter().map(|e| (e.unsigned.clone(), e)).collect()
    }
}

/// Randomness of the recorded chain, seen from one of its tipsets.
pub(crate) struct RecordedRand<'a> {
    recording: &'a Recording,
    index: usize,
}

impl std::fmt::Debug for RecordedRand<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordedRand at {}", self.index)
    }
}

impl RecordedRand<'_> {
    fn at_or_after(&self, epoch: i64) -> Result<usize, String> {
        let tipsets = &self.recording.tipsets[..=self.index];
        tipsets.iter().position(|t| t.height >= epoch).ok_or_else(|| format!("{epoch} is ahead"))
    }

    fn round(&self, epoch: i64) -> u64 {
        let genesis = i64::try_from(self.recording.tipsets[0].timestamp).unwrap();
        let drand = &self.recording.drand_info;
        let at = genesis + 4 * (epoch - 1) - drand.genesis_time;
        u64::try_from(at / drand.period + 1).unwrap()
    }
}

impl ChainRand for RecordedRand<'_> {
    fn ticket(&self, epoch: i64) -> Result<[u8; 32], String> {
        let headers = &self.recording.headers[self.at_or_after(epoch)?];
        let vrfs = headers.iter().filter_map(|h| h.ticket.as_ref()?.first());
        let digests = vrfs.map(|vrf| blake2b(&vrf.0));
        digests.min().ok_or_else(|| "no ticket".to_owned())
    }

    fn beacon(&self, epoch: i64) -> Result<[u8; 32], String> {
        let round = self.round(epoch.max(0));
        let from = self.at_or_after(epoch)?;
        (0..=from)
            .rev()
            .take(20)
            .flat_map(|i| &self.recording.headers[i])
            .flat_map(|h| h.beacon.iter().flatten())
            .find(|(r, _)| *r == round)
            .map(|(_, data)| blake2b(&data.0))
            .ok_or_else(|| format!("no beacon entry of round {round} for epoch {epoch}"))
    }
}
