//! Randomness: one source drawn for many purposes.

use super::DrawRandomParams;
use crate::{Address, ChainEpoch, Ticket, blake2b_256, cbor};

/// What randomness is drawn for, so that no two purposes see the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i64)]
#[expect(missing_docs, reason = "the names are those of the protocol")]
pub enum DomainTag {
    Ticket = 1,
    Election = 2,
    WinningPoSt = 3,
    WindowPoSt = 4,
    SealRandomness = 5,
    InteractiveSeal = 6,
    WindowPoStDeadline = 7,
    MarketCron = 8,
    PoStChainCommit = 9,
    EvmPrevRandao = 10,
}

impl DomainTag {
    /// The number on the wire.
    pub const fn code(self) -> i64 {
        self as i64
    }
}

/// Draws 32 bytes from `base` (of a beacon entry or a ticket) for one purpose and epoch.
pub fn draw_randomness(base: &[u8], tag: DomainTag, round: ChainEpoch, entropy: &[u8]) -> [u8; 32] {
    draw_from_digest(&blake2b_256(base), tag.code(), round, entropy)
}

/// As [`draw_randomness`], from the blake2b-256 of the base and the number of any tag.
pub fn draw_from_digest(
    digest: &[u8; 32],
    tag: i64,
    round: ChainEpoch,
    entropy: &[u8],
) -> [u8; 32] {
    blake2b_256(&[&tag.to_be_bytes(), &digest[..], &round.to_be_bytes(), entropy].concat())
}

/// What a miner's draws are mixed with: the CBOR of its ID address.
pub fn miner_entropy(miner: Address) -> Vec<u8> {
    cbor(&miner)
}

/// What is signed for the election proof of `round`. `rbase` is the data of the beacon entry.
pub fn election_params(rbase: &[u8], round: ChainEpoch, miner: Address) -> DrawRandomParams {
    DrawRandomParams {
        rbase: rbase.to_vec(),
        pers: DomainTag::Election.code(),
        round,
        entropy: miner_entropy(miner),
    }
}

/// What is signed for the ticket of `round` on a base whose smallest ticket is `parent`. Tickets
/// chain only above the Smoke upgrade: pass no `parent` at or below it.
pub fn ticket_params(
    rbase: &[u8],
    round: ChainEpoch,
    miner: Address,
    parent: Option<&Ticket>,
) -> DrawRandomParams {
    let mut entropy = miner_entropy(miner);
    if let Some(parent) = parent {
        entropy.extend_from_slice(&parent.vrf_proof);
    }
    DrawRandomParams {
        rbase: rbase.to_vec(),
        pers: DomainTag::Ticket.code(),
        round: round - 1,
        entropy,
    }
}

/// The challenge seed of the winning PoSt of `round`, not yet masked to the field.
pub fn winning_post_randomness(rbase: &[u8], round: ChainEpoch, miner: Address) -> [u8; 32] {
    draw_randomness(rbase, DomainTag::WinningPoSt, round, &miner_entropy(miner))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn draws_are_those_of_the_go_nodes() {
        let entropy = hex::decode("4300e807").unwrap();
        for (base, tag, round, entropy, expected) in [
            (
                &b""[..],
                DomainTag::Ticket,
                0,
                &b""[..],
                "b0803fbd503bd2a3b5ae69a062c8ecc34e95145ec4137ae9baa65f856872e9f6",
            ),
            (
                b"abc",
                DomainTag::Election,
                1_000_000,
                &entropy,
                "ed43c4725ab4f782e7aafd7fe51fcb18e8e1a00fbcb3a8f7dc89a711d59065f5",
            ),
            (
                b"abc",
                DomainTag::WinningPoSt,
                -1,
                b"",
                "89609fc3843752b955bc136e34672377edf9a1280e941b98d30e7708bcb983f7",
            ),
        ] {
            assert_eq!(hex::encode(draw_randomness(base, tag, round, entropy)), expected);
        }
        let digest = STANDARD.decode("GOobxkrhS1hiFA1EYUKZM3xsyVfy5Xy3bQ0gLPnecYs=").unwrap();
        let drawn = draw_from_digest(
            &digest.try_into().unwrap(),
            DomainTag::SealRandomness.code(),
            2_797_727,
            &STANDARD.decode("RACZyzQ=").unwrap(),
        );
        assert_eq!(STANDARD.encode(drawn), "3MCqcLHKZ+pil4MqTS9wjsd+yPvTuTrq8PkGjEo3tYQ=");
    }

    #[test]
    fn a_miner_is_mixed_in_as_the_cbor_of_its_id() {
        for (id, entropy) in [
            (0, "420000"),
            (127, "42007f"),
            (128, "43008001"),
            (1000, "4300e807"),
            (12_512_063, "4500bfd6fb05"),
        ] {
            assert_eq!(hex::encode(miner_entropy(Address::id(id))), entropy);
        }
    }
}
