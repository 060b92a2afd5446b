//! What happens in a pool, as it happens.

use std::{fmt, sync::Arc};

use venus_core::{Address, ChainEpoch, Cid, SectorNumber};

/// Something that happened in a pool; its text is one line for people.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A service listens.
    ServiceUp {
        /// Its name.
        name: String,
        /// Where.
        url: String,
    },
    /// Proof parameters are being made.
    Parameters {
        /// Of which circuit.
        circuit: String,
        /// How much of the work is done.
        percent: u8,
    },
    /// A miner is on chain.
    MinerCreated {
        /// Which.
        miner: Address,
        /// Its account.
        account: String,
    },
    /// A miner's sealer runs.
    SealerUp {
        /// Whose.
        miner: Address,
    },
    /// A sector came to another state.
    Sector {
        /// Whose.
        miner: Address,
        /// Which.
        sector: SectorNumber,
        /// Its state then.
        state: String,
        /// What went wrong; empty if nothing did.
        error: String,
    },
    /// A window PoSt was executed without error: it is accepted.
    WindowPost {
        /// Whose.
        miner: Address,
        /// For which deadline.
        deadline: u64,
        /// Height of the tipset with the message.
        epoch: ChainEpoch,
    },
    /// A miner has more faulty sectors than before.
    Faults {
        /// Whose.
        miner: Address,
        /// How many now.
        sectors: u64,
        /// Height of the head.
        epoch: ChainEpoch,
    },
    /// A block of the pool is on the chain.
    BlockWon {
        /// Whose.
        miner: Address,
        /// Its height.
        epoch: ChainEpoch,
        /// Its CID.
        cid: Cid,
    },
    /// A block is not on the chain any more.
    BlockReverted {
        /// Whose.
        miner: Address,
        /// Its height.
        epoch: ChainEpoch,
        /// Its CID.
        cid: Cid,
    },
    /// A part of the set-up failed and is tried again.
    Trouble {
        /// Which part.
        what: String,
        /// Why.
        error: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceUp { name, url } => write!(f, "{name} serves at {url}"),
            Self::Parameters { circuit, percent } => {
                let bar = "=".repeat(usize::from(*percent / 5));
                write!(f, "proof parameters of {circuit} [{bar:<20}] {percent} %")
            }
            Self::MinerCreated { miner, account } => {
                write!(f, "miner {miner} of account {account} is on chain")
            }
            Self::SealerUp { miner } => write!(f, "sealer of {miner} runs"),
            Self::Sector { miner, sector, state, error } if error.is_empty() => {
                write!(f, "{miner} sector {sector}: {state}")
            }
            Self::Sector { miner, sector, state, error } => {
                write!(f, "{miner} sector {sector}: {state} ({error})")
            }
            Self::WindowPost { miner, deadline, epoch } => {
                write!(f, "{miner} window PoSt of deadline {deadline} accepted at epoch {epoch}")
            }
            Self::Faults { miner, sectors, epoch } => {
                write!(f, "{miner} has {sectors} faulty sectors at epoch {epoch}")
            }
            Self::BlockWon { miner, epoch, cid } => {
                write!(f, "{miner} won block {cid} at epoch {epoch}")
            }
            Self::BlockReverted { miner, epoch, cid } => {
                write!(f, "{miner} block {cid} at epoch {epoch} was left by the chain")
            }
            Self::Trouble { what, error } => write!(f, "{what} failed, trying again: {error}"),
        }
    }
}

/// Where events go. Clones go to the same place.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(&Event) + Send + Sync>);

impl Events {
    /// Hands each event to `take`, which must not block.
    pub fn new(take: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Drops them.
    pub fn none() -> Self {
        Self::new(|_| {})
    }

    pub(crate) fn send(&self, event: Event) {
        tracing::debug!(%event, "event");
        (self.0)(&event);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events(..)")
    }
}
