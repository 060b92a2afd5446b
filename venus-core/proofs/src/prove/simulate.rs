//! SNARKs from the secrets of the development set instead of from a witness.
//!
//! Groth16 comes with a simulator: who knows the secrets of a set makes, in milliseconds, a proof
//! that the verifier cannot tell from a real one. It says nothing about the witness, so the
//! vanilla proofs are verified here before anything is simulated.

use anyhow::{Context, Result, bail, ensure};
use bellperson::groth16::{Proof, VerifyingKey};
use blstrs::{Bls12, G1Projective, Scalar};
use ff::Field;
use filecoin_hashers::{Domain, Hasher};
use filecoin_proofs::constants::{DefaultPieceDomain, DefaultPieceHasher};
use filecoin_proofs::parameters::{
    public_params, window_post_public_params, winning_post_public_params,
};
use filecoin_proofs::{FallbackPoStSectorProof, PoStType, as_safe_commitment};
use filecoin_proofs_api::seal::{self, SealCommitPhase1Output, VanillaSealProof};
use fvm_shared::sector::RegisteredSealProof;
use group::Curve;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use storage_proofs_core::compound_proof::CompoundProof;
use storage_proofs_core::merkle::MerkleTreeTrait;
use storage_proofs_core::proof::ProofScheme;
use storage_proofs_porep::stacked::{self, StackedDrg, generate_replica_id};
use storage_proofs_post::fallback::{self, FallbackPoStCompound};

use super::post::Request;
use crate::params::{CircuitId, CircuitKind, ParamSet, Trapdoor, Tree};
use crate::{DevNetwork, ProofError, convert};

type TreeDomain = <<Tree as MerkleTreeTrait>::Hasher as Hasher>::Domain;

/// Simulates the SNARKs of one parameter set.
#[derive(Debug)]
pub(super) struct Simulator {
    winning: Secret,
    window: Secret,
    porep: Secret,
}

/// A circuit's key with the secrets behind it.
struct Secret {
    key: VerifyingKey<Bls12>,
    trapdoor: Trapdoor,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Simulator {
    /// The network is not used: whoever has a [`DevNetwork`] has checked its name.
    pub(super) fn new(_: &DevNetwork, set: &ParamSet) -> Result<Self, ProofError> {
        let secret = |kind| {
            let trapdoor = Trapdoor::draw(&mut CircuitId::new(kind, set.sector_size()).rng());
            let key = set.key(kind)?;
            // Fails if somebody changed the seed and not the keys.
            if key.delta_g2 != (trapdoor.g2 * trapdoor.delta).to_affine() {
                return Err(ProofError::Generator(format!("the {kind} key is not of the seed")));
            }
            Ok(Secret { key, trapdoor })
        };
        Ok(Self {
            winning: secret(CircuitKind::Winning)?,
            window: secret(CircuitKind::Window)?,
            porep: secret(CircuitKind::Porep)?,
        })
    }

    /// C2: checks the vanilla proof, then simulates.
    pub(super) fn seal(
        &self,
        vanilla: &SealCommitPhase1Output,
        miner: u64,
        number: u64,
    ) -> Result<Vec<u8>, ProofError> {
        check_seal(vanilla, miner, number)
            .and_then(|inputs| self.porep.prove(&inputs))
            .map_err(|error| ProofError::failed("simulated C2", error))
    }

    /// The proof of a PoSt: checks the vanilla proofs, then simulates one proof a partition.
    pub(super) fn post(
        &self,
        request: &Request,
        vanilla: &[Vec<u8>],
    ) -> Result<Vec<u8>, ProofError> {
        let secret = match request.proof.typ() {
            PoStType::Winning => &self.winning,
            PoStType::Window => &self.window,
        };
        check_post(request, vanilla)
            .and_then(|inputs| secret.prove(&inputs))
            .map_err(|error| ProofError::failed("simulated PoSt", error))
    }
}

impl Secret {
    fn prove(&self, partitions: &[Vec<Scalar>]) -> Result<Vec<u8>> {
        let mut rng = ChaCha20Rng::from_entropy();
        let mut bytes = Vec::new();
        for inputs in partitions {
            self.simulate(inputs, &mut rng)?.write(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// `A = a G1`, `B = b G2`, and the `C` that makes the verifier's equation true for them.
    fn simulate(&self, inputs: &[Scalar], rng: &mut ChaCha20Rng) -> Result<Proof<Bls12>> {
        let Self { key, trapdoor } = self;
        let (constant, points) = key.ic.split_first().context("the key has no inputs")?;
        ensure!(points.len() == inputs.len(), "the key is for another number of inputs");
        let (a, b) = (Scalar::random(&mut *rng), Scalar::random(&mut *rng));
        let mut public = G1Projective::from(*constant);
        for (point, input) in points.iter().zip(inputs) {
            public += *point * input;
        }
        let inverse = Option::<Scalar>::from(trapdoor.delta.invert()).context("delta is zero")?;
        let c = trapdoor.g1 * ((a * b - trapdoor.alpha * trapdoor.beta) * inverse)
            - public * (trapdoor.gamma * inverse);
        Ok(Proof {
            a: (trapdoor.g1 * a).to_affine(),
            b: (trapdoor.g2 * b).to_affine(),
            c: c.to_affine(),
        })
    }
}

/// Verifies the vanilla proofs of a seal for this very sector; returns the public inputs.
fn check_seal(c1: &SealCommitPhase1Output, miner: u64, number: u64) -> Result<Vec<Vec<Scalar>>> {
    let proof = c1.registered_proof;
    let proofs = match &c1.vanilla_proofs {
        VanillaSealProof::StackedDrg2KiBV1(proofs)
        | VanillaSealProof::StackedDrg8MiBV1(proofs)
        | VanillaSealProof::StackedDrg512MiBV1(proofs) => proofs,
        _ => bail!("sectors of {proof:?} are not for development networks"),
    };
    let config = proof.as_v1_config();
    let prover = convert::prover_id(miner);
    let comm_d = DefaultPieceDomain::try_from_bytes(&c1.comm_d)?;
    let replica_id = generate_replica_id::<<Tree as MerkleTreeTrait>::Hasher, _>(
        &prover,
        number,
        &c1.ticket,
        comm_d,
        &config.porep_id,
    );
    let public = stacked::PublicInputs {
        replica_id,
        tau: Some(stacked::Tau { comm_d, comm_r: as_safe_commitment(&c1.comm_r, "comm_r")? }),
        k: None,
        seed: Some(c1.seed),
    };
    let params = public_params::<Tree>(&config)?;
    type Scheme<'a> = StackedDrg<'a, Tree, DefaultPieceHasher>;
    ensure!(
        Scheme::verify_all_partitions(&params, &public, proofs)?,
        "the vanilla proof of sector {number} does not verify"
    );
    let (ticket, seed) = (c1.ticket, c1.seed);
    seal::get_seal_inputs(proof, c1.comm_r, c1.comm_d, prover, number.into(), ticket, seed)
}

/// Verifies the vanilla proofs of a PoSt; returns the public inputs of each partition.
fn check_post(request: &Request, vanilla: &[Vec<u8>]) -> Result<Vec<Vec<Scalar>>> {
    let config = request.proof.as_v1_config();
    let proofs = vanilla
        .iter()
        .map(|bytes| bincode::deserialize(bytes))
        .collect::<Result<Vec<FallbackPoStSectorProof<Tree>>, _>>()?;
    let (params, partitions) = match config.typ {
        PoStType::Winning => (winning_post_public_params::<Tree>(&config)?, 1),
        PoStType::Window => {
            let partitions = proofs.len().div_ceil(config.sector_count);
            (window_post_public_params::<Tree>(&config)?, partitions)
        }
    };
    let sectors: Vec<_> = request
        .sectors
        .iter()
        .map(|sector| {
            let comm_r = convert::comm_r(&sector.sealed_cid)?;
            let comm_r = as_safe_commitment(&comm_r, "comm_r")?;
            Ok(fallback::PublicSector { id: sector.number.into(), comm_r })
        })
        .collect::<Result<_>>()?;
    let mut public = fallback::PublicInputs::<TreeDomain> {
        randomness: as_safe_commitment(&request.randomness, "randomness")?,
        prover_id: as_safe_commitment(&request.prover, "prover_id")?,
        sectors,
        k: None,
    };
    // This verifies them all.
    filecoin_proofs::partition_vanilla_proofs(&config, &params, &public, partitions, &proofs)?;
    if config.typ == PoStType::Winning {
        // One challenge a "sector" in the circuit: the sector stands there once a challenge.
        let sector = public.sectors.first().context("no sector")?.clone();
        public.sectors = vec![sector; params.sector_count];
    }
    (0..partitions)
        .map(|k| FallbackPoStCompound::<Tree>::generate_public_inputs(&public, &params, Some(k)))
        .collect()
}

/// Whether sectors sealed so can be proven by simulation.
pub(super) fn supports(set: &ParamSet, proof: RegisteredSealProof) -> bool {
    proof.sector_size() == Ok(set.sector_size())
}
