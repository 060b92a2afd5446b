//! Executes the recorded chains again, epoch by epoch from the recorded state, and compares.
//!
//! What is not compared, and why:
//! - balances of f099 and of the senders of messages: they depend on gas used, and gas of actor
//!   code is approximate here. Their sum over all actors must still be equal.
//! - what a message that this executor does not serve might have changed: its receiver, the power
//!   and, by it, the reward actor, actors created in its tipset; all of the tipset if it is a
//!   multisig's.
//! - the market actor where sectors are terminated, whose deals it would have to end.
//! - events: receipts here have no events root, so receipt roots differ where lotus has one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use cid::Cid;
use fil_actor_miner_state::v18::{ProveCommitSectors3Params, SubmitWindowedPoStParams};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, SealVerifyInfo, WindowPoStVerifyInfo,
};
use venus_node::executor::{
    ActorState, Executor, ExecutorConfig, NativeExecutor, SealAndPostVerifier, StateView,
    TipsetInput,
};

use crate::recorded::Recording;

/// Answers as the recorded receipts say: the parameters of these proofs are not at hand.
#[derive(Debug, Default)]
struct Recorded {
    bad: HashSet<Vec<u8>>,
}

impl Recorded {
    fn of(recording: &Recording) -> Self {
        let (mut bad, mut good) = (HashSet::new(), HashSet::new());
        for e in recording.tipsets.iter().flat_map(|t| &t.executed) {
            let params = hex::decode(&e.params).unwrap();
            let proofs: Vec<Vec<u8>> = match e.method {
                34 => fvm_ipld_encoding::from_slice::<ProveCommitSectors3Params>(&params)
                    .map(|p| p.sector_proofs.iter().map(|p| p.to_vec()).collect())
                    .unwrap_or_default(),
                5 => fvm_ipld_encoding::from_slice::<SubmitWindowedPoStParams>(&params)
                    .map(|p| p.proofs.into_iter().map(|p| p.proof_bytes).collect())
                    .unwrap_or_default(),
                _ => continue,
            };
            if e.exit == 0 { good.extend(proofs) } else { bad.extend(proofs) }
        }
        Self { bad: &bad - &good }
    }
}

impl SealAndPostVerifier for Recorded {
    fn verify_seal(&self, info: &SealVerifyInfo) -> Result<bool, String> {
        Ok(!self.bad.contains(&info.proof))
    }

    fn verify_aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Result<bool, String> {
        Err("not recorded".to_owned())
    }

    fn verify_window_post(&self, info: &WindowPoStVerifyInfo) -> Result<bool, String> {
        Ok(!self.bad.contains(&info.proofs[0].proof_bytes))
    }

    fn unsealed_cid(&self, _: RegisteredSealProof, _: &[PieceInfo]) -> Result<Cid, String> {
        Err("not recorded".to_owned())
    }
}

#[derive(Default)]
struct Row {
    executed: u32,
    served: u32,
    as_recorded: u32,
    heads_equal: u32,
    gas: Vec<f64>,
}

type Table = BTreeMap<(String, u64), Row>;

fn actors(view: &StateView<'_>) -> BTreeMap<u64, ActorState> {
    view.list_actors()
        .unwrap()
        .into_iter()
        .map(|a| (a.id().unwrap(), view.actor(&a).unwrap().unwrap()))
        .collect()
}

/// What differs between the computed and the recorded state, gas aside.
fn differences(
    ours: &BTreeMap<u64, ActorState>,
    theirs: &BTreeMap<u64, ActorState>,
    senders: &HashSet<u64>,
    exempt: &HashSet<u64>,
) -> Vec<String> {
    let mut found = Vec::new();
    let ids: BTreeSet<_> = ours.keys().chain(theirs.keys()).copied().collect();
    for id in ids.difference(&exempt.iter().copied().collect()) {
        let (Some(a), Some(b)) = (ours.get(id), theirs.get(id)) else {
            found.push(format!("f0{id} exists on one side only"));
            continue;
        };
        if a.head != b.head || a.code != b.code || a.delegated != b.delegated {
            found.push(format!("f0{id} head {} instead of {}", a.head, b.head));
        }
        if a.nonce != b.nonce {
            found.push(format!("f0{id} nonce {} instead of {}", a.nonce, b.nonce));
        }
        if *id != 99 && !senders.contains(id) && a.balance != b.balance {
            found.push(format!("f0{id} balance {} instead of {}", a.balance, b.balance));
        }
    }
    let sum = |m: &BTreeMap<u64, ActorState>| {
        m.values().fold(TokenAmount::default(), |s, a| s + &a.balance)
    };
    if sum(ours) != sum(theirs) {
        found.push(format!("{} FIL instead of {}", sum(ours), sum(theirs)));
    }
    found
}

/// Methods of recorded messages that are answered with 22 here though lotus has them.
fn served(kind: &str, method: u64) -> bool {
    match kind {
        "init" => method != 2,
        "multisig" => method == 0,
        "storagemarket" => matches!(method, 0 | 9),
        "storageminer" => !matches!(method, 15 | 19 | 20 | 23 | 24 | 30 | 31 | 32 | 35 | 36),
        _ => true,
    }
}

/// Executes a recorded chain; answers what differs.
fn replay(name: &str, table: &mut Table) -> Vec<String> {
    let recording = Recording::load(name);
    let verifier = Arc::new(Recorded::of(&recording));
    let config = ExecutorConfig::compat();
    let executor = NativeExecutor::new(recording.store().clone(), config, verifier);
    let mut wrong = Vec::new();
    for index in 1..recording.tipsets.len() {
        let tipset = &recording.tipsets[index];
        let Some(expected) = &tipset.state_after else { continue };
        let rand = recording.rand(index);
        let parent_state = tipset.parent_state_root.parse().unwrap();
        let input = TipsetInput {
            parent_state,
            parent_epoch: recording.tipsets[index - 1].height,
            epoch: tipset.height,
            timestamp: recording.timestamp(index),
            base_fee: TokenAmount::from_atto(tipset.base_fee.parse::<u128>().unwrap()),
            blocks: recording.blocks(index),
            rand: &rand,
        };
        let result = executor.apply_tipset(&input).unwrap();

        let before = StateView::load(executor.store(), executor.config(), &parent_state).unwrap();
        let ours =
            StateView::load(executor.store(), executor.config(), &result.state_root).unwrap();
        let theirs =
            StateView::load(executor.store(), executor.config(), &expected.parse().unwrap())
                .unwrap();
        let resolve = |a: &Address| ours.lookup_id(a).unwrap().and_then(|a| a.id().ok());
        let senders: HashSet<_> =
            result.traces.iter().filter_map(|t| resolve(&t.message.from)).collect();
        let (ours_all, theirs_all) = (actors(&ours), actors(&theirs));
        let before_all: Vec<_> = actors(&before).into_keys().collect();

        let executed = recording.executed(index);
        if executed.len() != result.traces.len() {
            wrong.push(format!(
                "{name} {}: {} messages instead of {}",
                tipset.height,
                result.traces.len(),
                executed.len()
            ));
        }
        let mut exempt = HashSet::new();
        let mut compared = true;
        for trace in &result.traces {
            let to = before.actor(&trace.message.to).unwrap();
            let kind = to.and_then(|a| a.kind()).map_or("(new)", |k| k.name()).to_owned();
            let method = trace.message.method_num;
            let Some(record) = executed.get(&trace.cid.to_string()) else { continue };
            let ret = record.ret.clone().unwrap_or_default();
            let label = record.label.clone().unwrap_or_default();
            let ok = trace.receipt.exit_code.value() == record.exit
                && hex::encode(trace.receipt.return_data.bytes()) == ret;
            let served = served(&kind, method);
            if method == 9 {
                exempt.insert(5);
            }
            if !served {
                compared &= kind != "multisig";
                let created = ours_all.keys().chain(theirs_all.keys());
                exempt.extend(created.filter(|id| before_all.binary_search(id).is_err()));
                exempt.extend(resolve(&trace.message.to));
                exempt.extend([2, 4]);
            }
            let row = table.entry((kind.clone(), method)).or_default();
            row.executed += 1;
            row.served += u32::from(served);
            row.as_recorded += u32::from(ok);
            row.gas.push(100.0 * (trace.receipt.gas_used as f64 / record.gas_used as f64 - 1.0));
            // An actor that the recorded chain alone has created shifts the IDs of later ones.
            let shifted = !exempt.is_empty() && trace.receipt.exit_code.value() == record.exit;
            if served && !ok && !shifted {
                wrong.push(format!(
                    "{name} {}: {kind} {method} exit {} instead of {} ({}), return {} instead of {}: {}",
                    tipset.height,
                    trace.receipt.exit_code.value(),
                    record.exit,
                    label,
                    hex::encode(trace.receipt.return_data.bytes()),
                    ret,
                    trace.error,
                ));
            }
        }
        if !compared {
            continue;
        }
        let differences = differences(&ours_all, &theirs_all, &senders, &exempt);
        let equal = |id: Option<u64>| {
            u32::from(differences.is_empty() && id.is_none_or(|id| !exempt.contains(&id)))
        };
        for trace in &result.traces {
            let to = before.actor(&trace.message.to).unwrap();
            let kind = to.and_then(|a| a.kind()).map_or("(new)", |k| k.name()).to_owned();
            let row = table.entry((kind, trace.message.method_num)).or_default();
            row.heads_equal += equal(resolve(&trace.message.to));
        }
        let rounds = u32::try_from(tipset.height - input.parent_epoch).unwrap();
        let blocks = u32::try_from(input.blocks.len()).unwrap();
        for (kind, method, times, id) in [("reward", 2, blocks, 2), ("cron", 2, rounds, 3)] {
            let row = table.entry((kind.to_owned(), method)).or_default();
            row.executed += times;
            row.served += times;
            row.as_recorded += times;
            row.heads_equal += times * equal(Some(id));
        }
        if !differences.is_empty() {
            wrong.push(format!("{name} {}: {}", tipset.height, differences.join("; ")));
        }
    }
    wrong
}

#[test]
fn recorded_chains() {
    let mut table = Table::new();
    let mut wrong = Vec::new();
    for name in ["lotus-2k-nv28", "lotus-2k-nv28-fees", "lotus-2k-nv28-scenario"] {
        wrong.extend(replay(name, &mut table));
    }
    println!(
        "{:<16} {:>6} {:>9} {:>7} {:>12} {:>12}  gas off by",
        "actor", "method", "executed", "served", "as recorded", "heads equal"
    );
    for ((kind, method), row) in &table {
        let worst = row.gas.iter().fold(0.0f64, |w, g| if g.abs() > w.abs() { *g } else { w });
        let gas = if row.gas.is_empty() { "-".to_owned() } else { format!("{worst:+.1} %") };
        println!(
            "{kind:<16} {method:>6} {:>9} {:>7} {:>12} {:>12}  {gas}",
            row.executed, row.served, row.as_recorded, row.heads_equal
        );
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
