//! The numbers and the arithmetic of the chain that a sealer goes by.

use venus_core::{
    Address, Bytes, ChainEpoch, DeadlineInfo, RegisteredPoStProof, RegisteredSealProof, cbor,
};

use crate::SealerError;

/// Epochs a day.
pub const DAY: ChainEpoch = 2880;
/// Ticket: this many epochs behind the head.
pub const TICKET_LOOKBACK: ChainEpoch = 900;
/// A ticket older than this is refused at pre-commit.
pub const MAX_TICKET_AGE: ChainEpoch = DAY + 900;
/// A pre-commit must be proven within this many epochs.
pub const MAX_PROVE_COMMIT: ChainEpoch = 30 * DAY + 150;
/// A sector lives at least so long.
pub const MIN_LIFETIME: ChainEpoch = 180 * DAY;
/// An expiration lies at most so far ahead.
pub const MAX_EXTENSION: ChainEpoch = 1278 * DAY;
/// Epochs by which a sector expires before its wished-for end, so that proving never runs over.
pub const PROVING_BUFFER: ChainEpoch = 2 * DAY;

/// Randomness tag: seal ticket.
pub const TAG_SEAL: i64 = 5;
/// Randomness tag: interactive seed.
pub const TAG_SEED: i64 = 6;
/// Randomness tag: window PoSt challenge.
pub const TAG_WINDOW: i64 = 4;
/// Randomness tag: the chain that a PoSt is committed to.
pub const TAG_COMMIT: i64 = 9;

/// What is hashed into draws for a miner: its ID address as CBOR.
pub fn entropy(miner: u64) -> Bytes {
    cbor(&Address::id(miner)).into()
}

/// The proof by which new sectors of a miner are sealed.
pub fn seal_proof(window: RegisteredPoStProof) -> Result<RegisteredSealProof, SealerError> {
    use RegisteredSealProof as Seal;
    let size = window.sector_size().map_err(|_| SealerError::SectorSize(0))? as u64;
    match size {
        0x800 => Ok(Seal::StackedDRG2KiBV1P1),
        0x80_0000 => Ok(Seal::StackedDRG8MiBV1P1),
        0x2000_0000 => Ok(Seal::StackedDRG512MiBV1P1),
        0x8_0000_0000 => Ok(Seal::StackedDRG32GiBV1P1),
        0x10_0000_0000 => Ok(Seal::StackedDRG64GiBV1P1),
        other => Err(SealerError::SectorSize(other)),
    }
}

/// The window PoSt of miners with sectors of `size` bytes.
pub fn window_proof(size: u64) -> Result<RegisteredPoStProof, SealerError> {
    use RegisteredPoStProof as Window;
    match size {
        0x800 => Ok(Window::StackedDRGWindow2KiBV1P1),
        0x80_0000 => Ok(Window::StackedDRGWindow8MiBV1P1),
        0x2000_0000 => Ok(Window::StackedDRGWindow512MiBV1P1),
        0x8_0000_0000 => Ok(Window::StackedDRGWindow32GiBV1P1),
        0x10_0000_0000 => Ok(Window::StackedDRGWindow64GiBV1P1),
        other => Err(SealerError::SectorSize(other)),
    }
}

/// The bytes of a sector.
pub fn sector_size(proof: RegisteredSealProof) -> u64 {
    // Unknown proof numbers never get here: they are refused when a miner is initialized.
    proof.sector_size().map_or(0, |size| size as u64)
}

/// When a sector without data shall expire. `lifetime` 0 means as long as possible.
pub fn expiration(head: ChainEpoch, lifetime: ChainEpoch, buffer: ChainEpoch) -> ChainEpoch {
    let lifetime = match lifetime {
        0 => MAX_EXTENSION,
        other => other.clamp(MIN_LIFETIME, MAX_EXTENSION),
    };
    (head + lifetime - buffer).max(head + MIN_LIFETIME + DAY)
}

/// The expiration that the chain accepts at pre-commit, whenever the sector is then proven.
pub fn pre_commit_expiration(
    wanted: ChainEpoch,
    ticket: ChainEpoch,
    head: ChainEpoch,
    challenge_delay: ChainEpoch,
) -> ChainEpoch {
    wanted
        .max(ticket + MAX_TICKET_AGE + MAX_PROVE_COMMIT + MIN_LIFETIME)
        .min(head + challenge_delay + MAX_EXTENSION)
}

/// The deadline `index` of the period that starts at `period_start`; lengths are those of `like`.
pub fn deadline(
    like: &DeadlineInfo,
    period_start: ChainEpoch,
    index: u64,
    epoch: ChainEpoch,
) -> DeadlineInfo {
    let mut info = DeadlineInfo { current_epoch: epoch, period_start, index, ..*like };
    if index < like.w_post_period_deadlines {
        info.open = period_start + index as ChainEpoch * like.w_post_challenge_window;
        info.close = info.open + like.w_post_challenge_window;
        info.challenge = info.open - like.w_post_challenge_lookback;
        info.fault_cutoff = info.open - like.fault_declaration_cutoff;
    } else {
        // After the last deadline there is nothing until the next period.
        let end = period_start + like.w_post_proving_period;
        (info.open, info.close, info.challenge, info.fault_cutoff) = (end, end, end, 0);
    }
    info
}

/// The deadline `steps` after `of`.
pub fn deadline_after(of: &DeadlineInfo, steps: u64) -> DeadlineInfo {
    let index = of.index + steps;
    let periods = index / of.w_post_period_deadlines;
    let start = of.period_start + periods as ChainEpoch * of.w_post_proving_period;
    deadline(of, start, index % of.w_post_period_deadlines, of.current_epoch)
}

/// The next deadline.
pub fn next_deadline(of: &DeadlineInfo) -> DeadlineInfo {
    deadline_after(of, 1)
}
