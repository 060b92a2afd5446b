//! What is kept of a sector.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use venus_core::{
    Bytes, ChainEpoch, Message, MessageSendSpec, RegisteredSealProof, SectorNumber, TokenAmount,
    proof::{Piece, SealedCids},
};

use super::{SectorEvent, SectorState, next_state};
use crate::SealerError;

/// Log entries kept of a sector: the first and, after a gap, the latest.
const LOG_LIMIT: usize = 400;

/// 32 bytes drawn from the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Randomness {
    /// The draw.
    pub value: [u8; 32],
    /// Its epoch.
    pub epoch: ChainEpoch,
}

/// A message that is kept before it is handed over, so that the same one goes out again after a
/// kill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Outgoing {
    /// The id in the sink.
    pub id: String,
    /// The message.
    pub message: Message,
    /// What it may cost.
    pub spec: Option<MessageSendSpec>,
}

/// A line of a sector's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogEntry {
    /// `event;sealing.<event>`.
    pub kind: String,
    /// Unix seconds.
    pub timestamp: i64,
    /// The error, if it was one.
    pub trace: String,
    /// The state that the event led to.
    pub message: String,
}

/// A sector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SectorRecord {
    /// Its number.
    pub number: SectorNumber,
    /// How it is sealed.
    pub proof_type: RegisteredSealProof,
    /// Where it stands.
    pub state: SectorState,
    /// Of what its data consists.
    pub pieces: Vec<Piece>,
    /// The storage path with its files.
    pub path: Option<Uuid>,
    /// The ticket.
    pub ticket: Option<Randomness>,
    /// CommR and CommD.
    pub cids: Option<SealedCids>,
    /// The pre-commit message.
    pub pre_commit: Option<Outgoing>,
    /// The deposit that it locks.
    pub pre_commit_deposit: TokenAmount,
    /// The seed.
    pub seed: Option<Randomness>,
    /// The proof.
    pub proof: Option<Bytes>,
    /// The message with the proof.
    pub commit: Option<Outgoing>,
    /// What the chain said to the last message with a proof, if it failed.
    pub commit_exit: Option<u32>,
    /// PC2 failures since the replica was last begun.
    pub pre_commit2_fails: u32,
    /// Proofs made again since the replica was last begun.
    pub invalid_proofs: u32,
    /// Failures in all.
    pub retries: u64,
    /// What went wrong last; empty after success.
    pub last_error: String,
    /// Its history.
    pub log: Vec<LogEntry>,
}

impl SectorRecord {
    /// A new sector without data.
    pub fn new(number: SectorNumber, proof_type: RegisteredSealProof) -> Self {
        Self {
            number,
            proof_type,
            state: SectorState::Packing,
            pieces: Vec::new(),
            path: None,
            ticket: None,
            cids: None,
            pre_commit: None,
            pre_commit_deposit: TokenAmount::zero(),
            seed: None,
            proof: None,
            commit: None,
            commit_exit: None,
            pre_commit2_fails: 0,
            invalid_proofs: 0,
            retries: 0,
            last_error: String::new(),
            log: Vec::new(),
        }
    }

    /// Takes an event. `now` is Unix seconds.
    ///
    /// # Errors
    ///
    /// [`SealerError::Transition`] if the state does not take it; then nothing changed.
    pub fn apply(&mut self, event: SectorEvent, now: i64) -> Result<(), SealerError> {
        let Some(next) = next_state(self.state, &event) else {
            let (number, state) = (self.number, self.state);
            return Err(SealerError::Transition { number, state, event: event.name() });
        };
        self.log_event(&event, next, now);
        match event.error() {
            Some(error) => {
                self.retries += 1;
                error.clone_into(&mut self.last_error);
            }
            None if !next.is_failed() && !self.state.is_failed() => self.last_error.clear(),
            None => {}
        }
        self.keep(event);
        self.state = next;
        Ok(())
    }

    fn keep(&mut self, event: SectorEvent) {
        match event {
            SectorEvent::Packed { pieces, path } => {
                self.pieces = pieces;
                self.path = Some(path);
            }
            SectorEvent::Ticket(ticket) => self.ticket = Some(ticket),
            SectorEvent::OldTicket => self.cids = None,
            SectorEvent::PreCommit1 { cids } => self.cids = Some(cids),
            SectorEvent::SealPreCommit1Failed { .. } => {
                self.invalid_proofs = 0;
                self.pre_commit2_fails = 0;
                // A replica of another ticket would need another proof.
                self.proof = None;
            }
            SectorEvent::SealPreCommit2Failed { .. } => self.pre_commit2_fails += 1,
            SectorEvent::PreCommitted { message, deposit } => {
                self.pre_commit = Some(message);
                self.pre_commit_deposit = deposit;
            }
            SectorEvent::SeedReady(seed) if self.seed != Some(seed) => {
                self.seed = Some(seed);
                self.proof = None;
                self.commit = None;
            }
            SectorEvent::Committed { proof } => {
                self.proof = Some(proof);
                self.commit = None;
            }
            SectorEvent::RetryComputeProof | SectorEvent::RetryInvalidProof => {
                self.invalid_proofs += 1;
                self.proof = None;
            }
            SectorEvent::CommitSubmitted { message } => self.commit = Some(message),
            SectorEvent::CommitFailed { exit_code, .. } => {
                self.commit_exit = exit_code;
                self.commit = None;
            }
            SectorEvent::Proving => self.commit_exit = None,
            SectorEvent::Finalized { path } => self.path = Some(path),
            _ => {}
        }
    }

    fn log_event(&mut self, event: &SectorEvent, next: SectorState, now: i64) {
        if self.log.len() >= LOG_LIMIT {
            self.log.remove(LOG_LIMIT / 4);
        }
        self.log.push(LogEntry {
            kind: format!("event;sealing.{}", event.name()),
            timestamp: now,
            trace: event.error().unwrap_or_default().to_owned(),
            message: next.to_string(),
        });
    }

    /// What the state promises to be there.
    pub(crate) fn need<T>(&self, what: &'static str, value: Option<T>) -> Result<T, SealerError> {
        let (number, state) = (self.number, self.state);
        value.ok_or(SealerError::Incomplete { number, state, what })
    }
}
