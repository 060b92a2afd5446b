//! The node of the recordings: a chain of 4 s blocks that goes on when it is told to.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use serde::Serialize;
use serde_json::json;
use venus_core::{
    Address, BeaconEntry, BlockHeader, BlockMsg, BlockTemplate, ChainEpoch, Cid,
    ExtendedSectorInfo, MiningBaseInfo, Partition, RegisteredSealProof, SectorOnChainInfo, TipSet,
    TipSetKey, TokenAmount,
    auth::Permission,
    blake2b_256,
    rpc::{FromParams, MethodDescription, Methods, RpcError, codes},
};

use crate::node::{header, tipset};

pub(crate) const GENESIS: u64 = 1_700_000_000;
pub(crate) const DELAY: u64 = 4;

/// What it says of a miner.
struct Says {
    worker: Address,
    power: i64,
    net: i64,
    /// Always, never, or once on a base of this height or more.
    eligible: Result<bool, ChainEpoch>,
    null: bool,
}

pub(crate) struct Script {
    /// From genesis to the head.
    chain: Vec<TipSet>,
    known: HashMap<TipSetKey, TipSet>,
    miners: HashMap<Address, Says>,
    /// Methods that answer an error.
    errors: HashMap<String, String>,
    no_selects: bool,
    /// Blocks since the head was there.
    submitted: Vec<BlockHeader>,
    /// All that were submitted.
    seen: HashMap<Cid, ChainEpoch>,
    /// Bases that were drawn on.
    drawn: HashSet<TipSetKey>,
    forks: u32,
}

fn entry(epoch: ChainEpoch) -> BeaconEntry {
    let round = u64::try_from(10 * epoch + 7).unwrap();
    BeaconEntry { round, data: [&round.to_be_bytes()[..], &[0; 40]].concat().into() }
}

fn at(mut block: BlockHeader, salt: &str) -> BlockHeader {
    let ticket = format!("{} {} {salt}", block.miner, block.height);
    block.ticket.as_mut().unwrap().vrf_proof = blake2b_256(ticket.as_bytes()).repeat(3).into();
    block.timestamp = GENESIS + DELAY * u64::try_from(block.height).unwrap();
    block.parent_base_fee = TokenAmount::from_atto(100_000);
    block
}

impl Script {
    pub(crate) fn head(&self) -> &TipSet {
        self.chain.last().unwrap()
    }

    /// Puts a tipset of two blocks on the head, or one and those that were submitted.
    fn extend(&mut self, submitted: bool) {
        let parents = self.chain.last().map(|head| head.key().cids().to_vec()).unwrap_or_default();
        let height = ChainEpoch::try_from(self.chain.len()).unwrap();
        let salt = self.forks.to_string();
        let block = |miner| at(header(miner, height, parents.clone(), 0), &salt);
        let mut blocks = vec![block(9000)];
        match (height, submitted) {
            (0, _) => {}
            (_, false) => blocks.push(block(9001)),
            (_, true) => blocks.append(&mut self.submitted),
        }
        self.submitted.clear();
        let new = tipset(blocks);
        self.known.insert(new.key().clone(), new.clone());
        self.chain.push(new);
    }

    pub(crate) fn was_drawn_on(&self) -> bool {
        self.drawn.contains(self.head().key())
    }

    pub(crate) fn has_submitted(&self) -> bool {
        !self.submitted.is_empty()
    }

    /// Whether a key, as text, is that of a tipset of this height.
    pub(crate) fn is_base(&self, key: &str, height: ChainEpoch) -> bool {
        self.known.values().any(|ts| ts.height() == height && ts.key().to_string() == key)
    }

    /// Whether a CID, as text, is that of a block of this height that was submitted.
    pub(crate) fn is_block(&self, cid: &str, height: ChainEpoch) -> bool {
        self.seen.iter().any(|(seen, at)| *at == height && seen.to_string() == cid)
    }

    pub(crate) fn command(&mut self, command: &str) {
        let (name, query) = command.split_once('?').unwrap();
        let query: HashMap<_, _> = query.split('&').filter_map(|kv| kv.split_once('=')).collect();
        let get = |key: &str| query.get(key).copied().unwrap_or_default();
        let number = |key: &str| get(key).parse::<i64>().unwrap_or_default();
        match name {
            "miner" => {
                let eligible = match get("times") {
                    "1" => Err(number("from")),
                    _ => Ok(get("eligible") == "1"),
                };
                let says = Says {
                    worker: get("worker").parse().unwrap(),
                    power: number("power"),
                    net: number("net"),
                    eligible,
                    null: get("null") == "1",
                };
                self.miners.insert(get("addr").parse().unwrap(), says);
            }
            "advance" => self.extend(get("submitted") == "1"),
            "reorg" => {
                assert_eq!((get("depth"), get("length")), ("1", "1"));
                self.chain.pop();
                self.forks += 1;
                self.extend(false);
            }
            "set" if query.contains_key("noselects") => self.no_selects = get("noselects") == "1",
            "set" => {
                self.errors.insert(get("rpc").into(), get("err").into());
            }
            other => panic!("unknown command {other}"),
        }
    }

    fn base_info(
        &mut self,
        miner: Address,
        round: ChainEpoch,
        key: &TipSetKey,
    ) -> Option<MiningBaseInfo> {
        self.drawn.insert(key.clone());
        let base = self.known[key].height();
        let says = self.miners.get_mut(&miner).filter(|says| !says.null)?;
        let eligible = match says.eligible {
            Ok(eligible) => eligible,
            Err(from) if base >= from => {
                says.eligible = Ok(false);
                true
            }
            Err(_) => false,
        };
        Some(MiningBaseInfo {
            miner_power: says.power.into(),
            network_power: says.net.into(),
            sectors: vec![ExtendedSectorInfo {
                seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
                sector_number: 1,
                sector_key: None,
                sealed_cid: Cid::of_cbor(b"sealed"),
            }],
            worker_key: says.worker,
            sector_size: 2048,
            prev_beacon_entry: entry(base),
            beacon_entries: (base + 1..=round).map(entry).collect(),
            eligible_for_mining: eligible,
        })
    }

    fn created(template: BlockTemplate) -> BlockMsg {
        let miner = template.miner.as_id().unwrap();
        let mut header = at(header(miner, template.epoch, template.parents.cids().to_vec(), 0), "");
        header.ticket = Some(template.ticket);
        header.election_proof = Some(template.eproof);
        header.beacon_entries = template.beacon_values;
        header.win_post_proof = template.winning_post_proof;
        header.timestamp = template.timestamp;
        BlockMsg { header, bls_messages: vec![], secpk_messages: vec![] }
    }
}

#[derive(Clone)]
pub(crate) struct Node(Arc<Mutex<Script>>);

impl Node {
    /// With heights 0 to 10.
    pub(crate) fn new() -> Self {
        let mut script = Script {
            chain: Vec::new(),
            known: HashMap::new(),
            miners: HashMap::new(),
            errors: HashMap::new(),
            no_selects: false,
            submitted: Vec::new(),
            seen: HashMap::new(),
            drawn: HashSet::new(),
            forks: 0,
        };
        (0..=10).for_each(|_| script.extend(false));
        Self(Arc::new(Mutex::new(script)))
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    fn method<P, R>(
        &self,
        methods: Methods,
        name: &'static str,
        answer: impl Fn(&mut Script, P) -> R + Send + Sync + 'static,
    ) -> Methods
    where
        P: FromParams + Send + 'static,
        R: Serialize + Send + 'static,
    {
        let description = MethodDescription::new(format!("Filecoin.{name}"), Permission::Read);
        let this = self.clone();
        methods.with_call(description, move |params: P| {
            let mut script = this.script();
            let error = script.errors.get(name).filter(|error| !error.is_empty()).cloned();
            let result = match error {
                // What was submitted is seen also if it is refused.
                Some(error) if name != "SyncSubmitBlock" => Err(RpcError::method(error)),
                None if name == "MpoolSelects" && script.no_selects => {
                    Err(RpcError::coded(codes::METHOD_NOT_FOUND, "method not found"))
                }
                error => {
                    let answer = answer(&mut script, params);
                    error.map_or(Ok(answer), |error| Err(RpcError::method(error)))
                }
            };
            drop(script);
            async move { result }
        })
    }

    pub(crate) fn methods(&self) -> Methods {
        let m = Methods::new();
        let m = self.method(m, "StateGetNetworkParams", |_, (): ()| {
            json!({"NetworkName": "localnet-recording", "BlockDelaySecs": DELAY,
                "ConsensusMinerMinPower": "2048", "SupportedProofTypes": [5],
                "PreCommitChallengeDelay": 10, "ForkUpgradeParams": {"UpgradeSmokeHeight": -2},
                "Eip155ChainID": 31415926})
        });
        let m = self.method(m, "ChainHead", |s, (): ()| s.head().clone());
        let m = self.method(m, "StateNetworkVersion", |_, (_,): (TipSetKey,)| 28);
        let m = self.method(m, "StateGetBeaconEntry", |_, (epoch,): (i64,)| entry(epoch));
        let m =
            self.method(m, "ChainGetTipSet", |s, (key,): (TipSetKey,)| s.known.get(&key).cloned());
        let m = self.method(m, "ChainGetTipSetByHeight", |s, (height, _): (i64, TipSetKey)| {
            s.chain.iter().rfind(|ts| ts.height() <= height).cloned()
        });
        let m = self.method(
            m,
            "MinerGetBaseInfo",
            |s, (miner, round, key): (Address, i64, TipSetKey)| s.base_info(miner, round, &key),
        );
        let m = self.method(m, "MpoolSelects", |_, (_, q): (TipSetKey, Vec<f64>)| {
            vec![Vec::<()>::new(); q.len()]
        });
        let m = self.method(m, "MinerCreateBlock", |_, (template,): (BlockTemplate,)| {
            Script::created(template)
        });
        let m = self.method(m, "SyncSubmitBlock", |s, (block,): (BlockMsg,)| {
            s.seen.insert(block.header.cid(), block.header.height);
            s.submitted.push(block.header);
        });
        let m = self.method(m, "StateMinerDeadlines", |_, (_, _): (Address, TipSetKey)| {
            json!([{"PostSubmissions": [0], "DisputableProofCount": 0, "DailyFee": "0"}])
        });
        let m =
            self.method(m, "StateMinerPartitions", |_, (_, _, _): (Address, u64, TipSetKey)| {
                let mut partition = Partition::default();
                partition.active_sectors.0.set(1);
                vec![partition]
            });
        self.method(m, "StateSectorGetInfo", |_, (_, number, _): (Address, u64, TipSetKey)| {
            SectorOnChainInfo {
                sector_number: number,
                seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
                sealed_cid: Cid::of_cbor(b"sealed"),
                activation: 1,
                expiration: 1_000_000,
                deal_weight: 0.into(),
                verified_deal_weight: 0.into(),
                initial_pledge: TokenAmount::zero(),
                expected_day_reward: None,
                expected_storage_pledge: None,
                power_base_epoch: 1,
                replaced_day_reward: None,
                sector_key_cid: None,
                flags: 1,
                daily_fee: TokenAmount::zero(),
            }
        })
    }
}
