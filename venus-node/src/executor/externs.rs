//! What the executor asks of the outside: randomness of the chain, proof checks.

use std::fmt::Debug;

use cid::Cid;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, SealVerifyInfo, WindowPoStVerifyInfo,
};
pub use venus_core::blake2b_256 as blake2b;
use venus_core::consensus::{DomainTag, draw_from_digest};
use venus_proofs::{ProofError, ProofVerifier};

/// Randomness of a chain, as seen from the tipset that is executed.
///
/// Both calls answer with the BLAKE2b-256 digest of the source; tag, epoch and entropy are hashed
/// in by [`draw`]. An epoch below zero reads height 0.
pub trait ChainRand: Debug {
    /// Digest of the VRF proof of the smallest ticket of the tipset at `epoch`, in a null round of
    /// the next tipset.
    fn ticket(&self, epoch: ChainEpoch) -> Result<[u8; 32], String>;

    /// Digest of the data of the beacon entry of `epoch`.
    fn beacon(&self, epoch: ChainEpoch) -> Result<[u8; 32], String>;
}

/// Checks proofs that messages carry. Called from the executor's thread, may block.
///
/// `Ok(false)` is a proof that does not hold, which must depend on nothing but the input. `Err` is
/// one that could not be checked, say for want of parameters: it stops the execution.
pub trait SealAndPostVerifier: Debug + Send + Sync {
    /// Checks the proof of one seal.
    fn verify_seal(&self, info: &SealVerifyInfo) -> Result<bool, String>;

    /// Checks a proof over several seals.
    fn verify_aggregate_seals(
        &self,
        info: &AggregateSealVerifyProofAndInfos,
    ) -> Result<bool, String>;

    /// Checks a window PoSt. The top bits of the randomness have been cleared already.
    fn verify_window_post(&self, info: &WindowPoStVerifyInfo) -> Result<bool, String>;

    /// The commitment to the data of a sector that holds these pieces; `Err` fails the message.
    fn unsealed_cid(&self, proof: RegisteredSealProof, pieces: &[PieceInfo])
    -> Result<Cid, String>;
}

/// The verifier of `venus-proofs`. Aggregates and pieces are refused: this chain takes neither.
#[derive(Debug)]
pub struct ProofsVerifier<V>(pub V);

/// Tells apart proofs that are wrong and checks that went wrong.
fn judge(said: std::result::Result<(), ProofError>) -> Result<bool, String> {
    match said {
        Ok(()) => Ok(true),
        Err(
            ProofError::Invalid(_)
            | ProofError::Failed { .. }
            | ProofError::FaultySectors { .. }
            | ProofError::Unsupported { .. },
        ) => Ok(false),
        Err(e) => Err(e.to_string()),
    }
}

impl<V: ProofVerifier> SealAndPostVerifier for ProofsVerifier<V> {
    fn verify_seal(&self, info: &SealVerifyInfo) -> Result<bool, String> {
        judge(self.0.verify_seal(info))
    }

    fn verify_aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Result<bool, String> {
        Ok(false)
    }

    fn verify_window_post(&self, info: &WindowPoStVerifyInfo) -> Result<bool, String> {
        judge(self.0.verify_window_post(info))
    }

    fn unsealed_cid(&self, _: RegisteredSealProof, _: &[PieceInfo]) -> Result<Cid, String> {
        Err("sectors with pieces are not served by this chain".to_owned())
    }
}

/// A verifier for tests: a proof holds unless it contains the byte sequence `invalid`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MockVerifier;

impl MockVerifier {
    fn holds(proof: &[u8]) -> Result<bool, String> {
        Ok(!proof.windows(7).any(|w| w == b"invalid"))
    }
}

impl SealAndPostVerifier for MockVerifier {
    fn verify_seal(&self, info: &SealVerifyInfo) -> Result<bool, String> {
        Self::holds(&info.proof)
    }

    fn verify_aggregate_seals(
        &self,
        info: &AggregateSealVerifyProofAndInfos,
    ) -> Result<bool, String> {
        Self::holds(&info.proof)
    }

    fn verify_window_post(&self, info: &WindowPoStVerifyInfo) -> Result<bool, String> {
        Self::holds(info.proofs.first().map_or(b"invalid", |p| &p.proof_bytes))
    }

    fn unsealed_cid(&self, _: RegisteredSealProof, pieces: &[PieceInfo]) -> Result<Cid, String> {
        pieces.first().map(|p| p.cid).ok_or_else(|| "no piece".to_owned())
    }
}

/// What actors draw randomness for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Purpose {
    /// Window PoSt challenge.
    WindowPost = DomainTag::WindowPoSt.code(),
    /// Sealing, from a ticket.
    Seal = DomainTag::SealRandomness.code(),
    /// Sealing, from the beacon.
    InteractiveSeal = DomainTag::InteractiveSeal.code(),
    /// The chain that a window PoSt commits to.
    PostChainCommit = DomainTag::PoStChainCommit.code(),
}

/// Draws randomness from a digest of [`ChainRand`].
pub fn draw(digest: &[u8; 32], purpose: Purpose, round: ChainEpoch, entropy: &[u8]) -> [u8; 32] {
    draw_from_digest(digest, purpose as i64, round, entropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_the_vectors() {
        let digest =
            hex::decode("18ea1bc64ae14b5862140d44614299337c6cc957f2e57cb76d0d202cf9de718b")
                .unwrap()
                .try_into()
                .unwrap();
        let drawn = draw(&digest, Purpose::Seal, 2_797_727, &hex::decode("440099cb34").unwrap());
        assert_eq!(
            hex::encode(drawn),
            "dcc0aa70b1ca67ea6297832a4d2f708ec77ec8fbd3b93aeaf0f9068c4a37b584"
        );
        // node.md 29.2: mock beacon round 105, epoch 5, f01000.
        let beacon = blake2b(&105u64.to_be_bytes());
        let drawn = draw_from_digest(
            &blake2b(&beacon),
            DomainTag::Election.code(),
            5,
            &hex::decode("4300e807").unwrap(),
        );
        assert_eq!(
            hex::encode(drawn),
            "eb4d854f856a5412f92916ec99609b38f9b631d5799a5863b4d36772588a75ec"
        );
    }
}
