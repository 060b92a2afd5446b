//! The state machine alone.

use proptest::prelude::*;
use uuid::Uuid;
use venus_core::{
    Address, Bytes, Message, RegisteredSealProof, TokenAmount,
    proof::{Piece, SealedCids},
};
use venus_sealer::fsm::{
    Outgoing, Randomness, SectorEvent as E, SectorRecord, SectorState as S, next_state,
};

use crate::world::sealed_cid;

fn draw(epoch: i64) -> Randomness {
    Randomness { value: [epoch as u8; 32], epoch }
}

fn message(id: &str) -> Outgoing {
    let transfer = Message::transfer(Address::id(1), Address::id(2), TokenAmount::zero());
    Outgoing { id: id.into(), message: transfer, spec: None }
}

fn cids() -> SealedCids {
    SealedCids { sealed: sealed_cid(1, b""), unsealed: sealed_cid(2, b"") }
}

fn packed() -> E {
    E::Packed { pieces: vec![Piece { size: 2048, cid: cids().unsealed }], path: Uuid::nil() }
}

fn error() -> String {
    "scripted".into()
}

fn events() -> Vec<E> {
    vec![
        E::Restart,
        E::FatalError { error: error() },
        E::Remove,
        E::Removed,
        E::RemoveFailed { error: error() },
        packed(),
        E::Ticket(draw(1)),
        E::OldTicket,
        E::PreCommit1 { cids: cids() },
        E::PreCommit2,
        E::SealPreCommit1Failed { error: error() },
        E::SealPreCommit2Failed { error: error() },
        E::RetrySealPreCommit1,
        E::RetrySealPreCommit2,
        E::PreCommitted { message: message("p"), deposit: TokenAmount::from_fil(1) },
        E::PreCommitLanded,
        E::ChainPreCommitFailed { error: error() },
        E::RetryPreCommit,
        E::RetryPreCommitWait,
        E::RetryWaitSeed,
        E::SeedReady(draw(2)),
        E::SeedReady(draw(3)),
        E::Committed { proof: Bytes(vec![1]) },
        E::ComputeProofFailed { error: error() },
        E::RetryComputeProof,
        E::RetryInvalidProof,
        E::CommitSubmitted { message: message("c") },
        E::CommitFailed { error: error(), exit_code: Some(16) },
        E::RetryCommitWait,
        E::RetrySubmitCommit,
        E::Proving,
        E::Finalized { path: Uuid::nil() },
        E::FinalizeFailed { error: error() },
        E::RetryFinalize,
    ]
}

fn record() -> SectorRecord {
    SectorRecord::new(7, RegisteredSealProof::StackedDRG2KiBV1P1)
}

/// What a handler of a state takes for granted.
fn assert_ready(r: &SectorRecord) {
    use S::*;
    let with_path =
        !matches!(r.state, Packing | Removing | RemoveFailed | Removed | FailedUnrecoverable);
    assert!(r.path.is_some() || !with_path, "{} without path", r.state);
    if matches!(r.state, PreCommit1 | PreCommit2 | PreCommitting | PreCommitWait | Committing) {
        assert!(r.ticket.is_some(), "{} without ticket", r.state);
    }
    if matches!(r.state, PreCommit2 | PreCommitting | PreCommitWait) {
        assert!(r.cids.is_some(), "{} without commitments", r.state);
    }
    if matches!(r.state, PreCommitWait) {
        assert!(r.pre_commit.is_some(), "{} without message", r.state);
    }
}

/// The retries that the handlers choose are those that the record allows; the others never come.
fn plausible(r: &SectorRecord, event: &E) -> bool {
    match event {
        E::CommitFailed { .. } if r.state == S::GetTicket => false,
        E::RetryPreCommitWait => r.pre_commit.is_some(),
        E::RetryComputeProof | E::RetryInvalidProof => r.seed.is_some(),
        _ => true,
    }
}

proptest! {
    #[test]
    fn any_events_in_any_order_keep_the_record_whole(
        picks in proptest::collection::vec(0..events().len(), 0..120)
    ) {
        let events = events();
        let mut record = record();
        for pick in picks {
            let event = &events[pick];
            if !plausible(&record, event) {
                continue;
            }
            let before = record.clone();
            match record.apply(event.clone(), 5) {
                Ok(()) => {
                    prop_assert_eq!(Some(record.state), next_state(before.state, event));
                    prop_assert_eq!(record.log.len(), (before.log.len() + 1).min(400));
                    prop_assert!(record.retries >= before.retries);
                }
                Err(_) => {
                    prop_assert_eq!(next_state(before.state, event), None);
                    prop_assert_eq!(&record, &before);
                }
            }
            assert_ready(&record);
            // A kill here changes nothing: the record comes back as it was, in the same state.
            let json = serde_json::to_vec(&record).unwrap();
            let mut restarted: SectorRecord = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(&restarted, &record);
            restarted.apply(E::Restart, 6).unwrap();
            prop_assert_eq!(restarted.state, record.state);
        }
    }
}

fn walk(record: &mut SectorRecord, steps: Vec<(E, S)>) {
    for (event, state) in steps {
        record.apply(event, 0).unwrap();
        assert_eq!(record.state, state);
    }
}

fn to_committing() -> Vec<(E, S)> {
    vec![
        (packed(), S::GetTicket),
        (E::Ticket(draw(1)), S::PreCommit1),
        (E::PreCommit1 { cids: cids() }, S::PreCommit2),
        (E::PreCommit2, S::PreCommitting),
        (E::PreCommitted { message: message("p"), deposit: TokenAmount::zero() }, S::PreCommitWait),
        (E::PreCommitLanded, S::WaitSeed),
        (E::SeedReady(draw(2)), S::Committing),
    ]
}

#[test]
fn a_sector_goes_the_way_of_the_originals() {
    let mut record = record();
    walk(&mut record, to_committing());
    walk(
        &mut record,
        vec![
            (E::Committed { proof: Bytes(vec![1]) }, S::SubmitCommit),
            (E::CommitSubmitted { message: message("c") }, S::CommitWait),
            (E::Proving, S::FinalizeSector),
            (E::Finalized { path: Uuid::nil() }, S::Proving),
        ],
    );
    assert_eq!(record.log.len(), 11);
    assert_eq!(record.log[0].kind, "event;sealing.SectorPacked");
    assert!(record.last_error.is_empty());
}

#[test]
fn a_new_seed_starts_the_proof_again_and_the_same_does_not() {
    let mut record = record();
    walk(&mut record, to_committing());
    walk(&mut record, vec![(E::SeedReady(draw(2)), S::Committing)]);
    assert_eq!(record.seed, Some(draw(2)));
    walk(&mut record, vec![(E::SeedReady(draw(5)), S::Committing)]);
    assert_eq!(record.seed, Some(draw(5)));
    walk(&mut record, vec![(E::Committed { proof: Bytes(vec![1]) }, S::SubmitCommit)]);
}

#[test]
fn failures_lead_to_their_states_and_back() {
    let mut record = record();
    walk(&mut record, to_committing());
    let failed = |exit_code| E::CommitFailed { error: error(), exit_code };
    walk(
        &mut record,
        vec![
            (E::ComputeProofFailed { error: error() }, S::ComputeProofFailed),
            (E::RetryComputeProof, S::Committing),
            (failed(None), S::CommitFailed),
            (E::RetryInvalidProof, S::Committing),
        ],
    );
    assert_eq!((record.invalid_proofs, record.retries), (2, 2));
    assert_eq!(record.last_error, "scripted");
    walk(
        &mut record,
        vec![
            (E::SealPreCommit1Failed { error: error() }, S::SealPreCommit1Failed),
            (E::RetrySealPreCommit1, S::PreCommit1),
            (E::OldTicket, S::GetTicket),
        ],
    );
    assert_eq!((record.invalid_proofs, record.cids), (0, None));
}

#[test]
fn every_state_survives_a_restart_and_can_be_forced_failed_and_removed() {
    for &state in S::ALL {
        assert_eq!(next_state(state, &E::Restart), Some(state));
        assert_eq!(next_state(state, &E::ForceState(S::Packing)), Some(S::Packing));
        let fatal = E::FatalError { error: error() };
        assert_eq!(next_state(state, &fatal), Some(S::FailedUnrecoverable));
        let removed = if state == S::Removed { S::Removed } else { S::Removing };
        assert_eq!(next_state(state, &E::Remove), Some(removed));
        assert_eq!(S::parse(state.as_str()), Some(state));
        assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
    }
    assert_eq!(S::parse("not a state"), None);
}
