//! Checking proofs: synchronous, for block validation and message execution.

use std::collections::BTreeMap;
use std::path::PathBuf;

use filecoin_proofs_api::{
    PublicReplicaInfo, RegisteredPoStProof as ApiPoSt, RegisteredSealProof as ApiSeal, SectorId,
    post, seal,
};
use fvm_shared::sector::{
    PoStProof, SealVerifyInfo, SectorInfo, WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};

use crate::prove::{MOCK_PROOF_BYTE, guarded};
use crate::{InvalidProof, ProofError, convert};

/// Decides whether proofs hold.
///
/// [`ProofError::is_invalid_proof`] tells "examined and wrong" from "could not be examined". No
/// input makes it panic. Calls take milliseconds; the first of a kind loads a key (50 ms).
#[auto_impl::auto_impl(&, Box, Arc)]
pub trait ProofVerifier: std::fmt::Debug + Send + Sync {
    /// Checks that a sector was sealed.
    fn verify_seal(&self, info: &SealVerifyInfo) -> Result<(), ProofError>;

    /// Checks a block's proof. The randomness is as drawn; it is masked here.
    fn verify_winning_post(&self, info: &WinningPoStVerifyInfo) -> Result<(), ProofError>;

    /// Checks a partition's proof. The randomness is as drawn; it is masked here.
    fn verify_window_post(&self, info: &WindowPoStVerifyInfo) -> Result<(), ProofError>;

    /// Checks many seals; an answer for each, in their order.
    fn verify_seals(&self, infos: &[SealVerifyInfo]) -> Vec<Result<(), ProofError>> {
        infos.iter().map(|info| self.verify_seal(info)).collect()
    }
}

const _: fn(&dyn ProofVerifier) = |_| {}; // Stays usable as a trait object.

/// Checks proofs against the verifying keys in `FIL_PROOFS_PARAMETER_CACHE`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verifier;

impl ProofVerifier for Verifier {
    fn verify_seal(&self, info: &SealVerifyInfo) -> Result<(), ProofError> {
        let input = SealInput::new(info)?;
        require_key(input.proof.cache_verifying_key_path())?;
        guarded("verify seal", || {
            judge(seal::verify_seal(
                input.proof,
                input.comm_r,
                input.comm_d,
                input.prover,
                input.sector,
                input.ticket,
                input.seed,
                &info.proof,
            ))
        })
    }

    fn verify_winning_post(&self, info: &WinningPoStVerifyInfo) -> Result<(), ProofError> {
        let [proof] = &info.proofs[..] else { return Err(one_proof(&info.proofs)) };
        let api = convert::post_proof(proof.post_proof)
            .map_err(|error| ProofError::input(error.to_string()))?;
        let randomness = convert::mask_post_randomness(convert::randomness(&info.randomness.0)?);
        let replicas = replicas(&info.challenge_sectors, api)?;
        let prover = convert::prover_id(info.prover);
        require_key(api.cache_verifying_key_path())?;
        guarded("verify winning PoSt", || {
            judge(post::verify_winning_post(&randomness, &proof.proof_bytes, &replicas, prover))
        })
    }

    fn verify_window_post(&self, info: &WindowPoStVerifyInfo) -> Result<(), ProofError> {
        let [proof] = &info.proofs[..] else { return Err(one_proof(&info.proofs)) };
        let api = convert::post_proof(proof.post_proof)
            .map_err(|error| ProofError::input(error.to_string()))?;
        let randomness = convert::mask_post_randomness(convert::randomness(&info.randomness.0)?);
        let replicas = replicas(&info.challenged_sectors, api)?;
        let prover = convert::prover_id(info.prover);
        require_key(api.cache_verifying_key_path())?;
        guarded("verify window PoSt", || {
            let proofs = [(api, &proof.proof_bytes[..])];
            judge(post::verify_window_post(&randomness, &proofs, &replicas, prover))
        })
    }

    fn verify_seals(&self, infos: &[SealVerifyInfo]) -> Vec<Result<(), ProofError>> {
        if infos.len() > 1 && verify_batch(infos).is_ok() {
            return vec![Ok(()); infos.len()];
        }
        infos.iter().map(|info| self.verify_seal(info)).collect()
    }
}

/// Accepts what the mock prover makes, and the winning PoSt of chains mined with lotus' mock
/// (`valid proof`). Checks nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct MockVerifier;

impl ProofVerifier for MockVerifier {
    fn verify_seal(&self, info: &SealVerifyInfo) -> Result<(), ProofError> {
        mock(&info.proof)
    }

    fn verify_winning_post(&self, info: &WinningPoStVerifyInfo) -> Result<(), ProofError> {
        let [proof] = &info.proofs[..] else { return Err(one_proof(&info.proofs)) };
        if proof.proof_bytes == b"valid proof" { Ok(()) } else { mock(&proof.proof_bytes) }
    }

    fn verify_window_post(&self, info: &WindowPoStVerifyInfo) -> Result<(), ProofError> {
        let [proof] = &info.proofs[..] else { return Err(one_proof(&info.proofs)) };
        mock(&proof.proof_bytes)
    }
}

fn mock(bytes: &[u8]) -> Result<(), ProofError> {
    if !bytes.is_empty() && bytes.iter().all(|byte| *byte == MOCK_PROOF_BYTE) {
        Ok(())
    } else {
        Err(ProofError::Invalid(InvalidProof::Rejected))
    }
}

/// The public inputs of a seal in the library's types.
struct SealInput {
    proof: ApiSeal,
    comm_r: [u8; 32],
    comm_d: [u8; 32],
    prover: [u8; 32],
    sector: SectorId,
    ticket: [u8; 32],
    seed: [u8; 32],
}

impl SealInput {
    fn new(info: &SealVerifyInfo) -> Result<Self, ProofError> {
        Ok(Self {
            proof: convert::seal_proof(info.registered_proof)
                .map_err(|error| ProofError::input(error.to_string()))?,
            comm_r: convert::comm_r(&info.sealed_cid)?,
            comm_d: convert::comm_d(&info.unsealed_cid)?,
            prover: convert::prover_id(info.sector_id.miner),
            sector: info.sector_id.number.into(),
            ticket: convert::randomness(&info.randomness.0)?,
            seed: convert::randomness(&info.interactive_randomness.0)?,
        })
    }
}

/// All at once, which is faster; says only whether all hold.
fn verify_batch(infos: &[SealVerifyInfo]) -> Result<(), ProofError> {
    let inputs = infos.iter().map(SealInput::new).collect::<Result<Vec<_>, _>>()?;
    let proof = inputs.first().ok_or_else(|| ProofError::input("no proofs"))?.proof;
    if inputs.iter().any(|input| input.proof != proof) {
        return Err(ProofError::input("proofs of different types"));
    }
    require_key(proof.cache_verifying_key_path())?;
    fn column<T>(inputs: &[SealInput], take: impl Fn(&SealInput) -> T) -> Vec<T> {
        inputs.iter().map(take).collect()
    }
    let proofs: Vec<_> = infos.iter().map(|info| &info.proof[..]).collect();
    guarded("verify seals", || {
        judge(seal::verify_batch_seal(
            proof,
            &column(&inputs, |input| input.comm_r),
            &column(&inputs, |input| input.comm_d),
            &column(&inputs, |input| input.prover),
            &column(&inputs, |input| input.sector),
            &column(&inputs, |input| input.ticket),
            &column(&inputs, |input| input.seed),
            &proofs,
        ))
    })
}

fn replicas(
    sectors: &[SectorInfo],
    proof: ApiPoSt,
) -> Result<BTreeMap<SectorId, PublicReplicaInfo>, ProofError> {
    if sectors.is_empty() {
        return Err(ProofError::input("there are no challenged sectors"));
    }
    let replica = |sector: &SectorInfo| {
        let sealed = convert::seal_proof(sector.proof)
            .map_err(|error| ProofError::input(error.to_string()))?;
        if u64::from(sealed.sector_size()) != u64::from(proof.sector_size()) {
            return Err(ProofError::input("sectors of another size than the proof's"));
        }
        let replica = PublicReplicaInfo::new(proof, convert::comm_r(&sector.sealed_cid)?);
        Ok((SectorId::from(sector.sector_number), replica))
    };
    sectors.iter().map(replica).collect()
}

fn one_proof(proofs: &[PoStProof]) -> ProofError {
    ProofError::input(format!("{} proofs instead of one", proofs.len()))
}

/// Without the key nothing can be said about the proof.
fn require_key(path: anyhow::Result<PathBuf>) -> Result<(), ProofError> {
    let path = path.map_err(|error| ProofError::failed("verifying key", error))?;
    if path.is_file() { Ok(()) } else { Err(ProofError::MissingParameters { path }) }
}

fn judge(outcome: anyhow::Result<bool>) -> Result<(), ProofError> {
    match outcome {
        Ok(true) => Ok(()),
        Ok(false) => Err(ProofError::Invalid(InvalidProof::Rejected)),
        Err(error) => Err(ProofError::Invalid(InvalidProof::Malformed(format!("{error:#}")))),
    }
}
