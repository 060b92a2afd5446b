//! The life of a sector: states, events, and what an event does to a sector's record.
//!
//! Nothing here asks or does anything: the handlers find out which event happened, the record
//! takes it, the store keeps it, and only then goes the next effect out. So a sector can be taken
//! up again after a kill at any point.

mod event;
mod record;
mod state;
mod transition;

pub use event::SectorEvent;
pub use record::{LogEntry, Outgoing, Randomness, SectorRecord};
pub use state::SectorState;
pub use transition::next_state;
