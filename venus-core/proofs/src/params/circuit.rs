//! Which circuits there are, and which files belong to them.

use std::fmt;

use bellperson::Circuit;
use blstrs::Scalar;
use filecoin_proofs::PoRepConfig;
use filecoin_proofs::constants::{DefaultPieceHasher, SectorShapeBase};
use filecoin_proofs::parameters::{
    public_params, window_post_public_params, winning_post_public_params,
};
use filecoin_proofs_api::{ApiVersion, RegisteredPoStProof, RegisteredSealProof};
use fvm_shared::sector::SectorSize;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use storage_proofs_core::compound_proof::CompoundProof;
use storage_proofs_core::parameter_cache;
use storage_proofs_porep::stacked::{StackedCircuit, StackedCompound, StackedDrg};
use storage_proofs_post::fallback::{FallbackPoSt, FallbackPoStCircuit, FallbackPoStCompound};

use crate::ProofError;

/// The published seed of the development set. Change it, and every key changes.
pub const SEED: &str = "venus-pool development parameters 1";

/// The tree of every sector size of a development network.
pub(crate) type Tree = SectorShapeBase;

/// What a circuit proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CircuitKind {
    /// One sector is held now, to win a block.
    Winning,
    /// The sectors of a partition are held, once a proving period.
    Window,
    /// A sector was sealed.
    Porep,
}

impl CircuitKind {
    /// All of them, in the order in which a starting chain needs them.
    pub const ALL: [Self; 3] = [Self::Winning, Self::Window, Self::Porep];
}

impl fmt::Display for CircuitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Winning => "winning",
            Self::Window => "window",
            Self::Porep => "porep",
        })
    }
}

/// A circuit for sectors of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitId {
    /// What it proves.
    pub kind: CircuitKind,
    /// The size of the sectors it proves it for.
    pub sector_size: SectorSize,
}

impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind, self.sector_size)
    }
}

/// Something to do with a blank circuit of a type known only inside [`CircuitId::visit`].
pub(super) trait Visitor {
    type Output;
    fn visit<C: Circuit<Scalar>>(self, blank: impl Fn() -> C) -> Result<Self::Output, ProofError>;
}

type Porep = StackedCompound<Tree, DefaultPieceHasher>;
type PorepCircuit = StackedCircuit<Tree, DefaultPieceHasher>;
type PorepScheme<'a> = StackedDrg<'a, Tree, DefaultPieceHasher>;
type Post = FallbackPoStCompound<Tree>;
type PostCircuit = FallbackPoStCircuit<Tree>;
type PostScheme<'a> = FallbackPoSt<'a, Tree>;

impl CircuitId {
    /// A circuit for sectors of `sector_size`.
    pub const fn new(kind: CircuitKind, sector_size: SectorSize) -> Self {
        Self { kind, sector_size }
    }

    /// The circuits whose keys lie in this crate.
    pub fn embedded() -> [Self; 3] {
        CircuitKind::ALL.map(|kind| Self::new(kind, super::EMBEDDED_SECTOR_SIZE))
    }

    /// File name of the proving parameters.
    pub fn params_file(self) -> Result<String, ProofError> {
        Ok(parameter_cache::parameter_id(&self.stem()?))
    }

    /// File name of the verifying key.
    pub fn key_file(self) -> Result<String, ProofError> {
        Ok(parameter_cache::verifying_key_id(&self.stem()?))
    }

    /// File name of the description that the library wants beside them.
    pub fn meta_file(self) -> Result<String, ProofError> {
        Ok(parameter_cache::metadata_id(&self.stem()?))
    }

    /// The random source of this circuit's secrets: each circuit has its own, so the order in
    /// which sets are made does not matter.
    pub(crate) fn rng(self) -> ChaCha20Rng {
        let text = format!("{SEED}/{}/{}", self.kind, self.sector_size as u64);
        let hash = blake2b_simd::Params::new().hash_length(32).hash(text.as_bytes());
        let mut seed = [0; 32];
        seed.copy_from_slice(hash.as_bytes());
        ChaCha20Rng::from_seed(seed)
    }

    pub(super) fn visit<V: Visitor>(self, visitor: V) -> Result<V::Output, ProofError> {
        let failed = |error| ProofError::Generator(format!("{error:#}"));
        match self.kind {
            CircuitKind::Porep => {
                self.seal_proof()?;
                let size = self.sector_size as u64;
                let config = PoRepConfig::new_groth16(size, [0; 32], ApiVersion::V1_1_0);
                let params = public_params::<Tree>(&config).map_err(failed)?;
                type Blank<'a> = dyn Fn() -> PorepCircuit + 'a;
                let blank: &Blank<'_> = &|| {
                    <Porep as CompoundProof<PorepScheme<'_>, PorepCircuit>>::blank_circuit(&params)
                };
                visitor.visit(blank)
            }
            CircuitKind::Winning | CircuitKind::Window => {
                let config = self.post_proof()?.as_v1_config();
                let params = match self.kind {
                    CircuitKind::Winning => winning_post_public_params::<Tree>(&config),
                    _ => window_post_public_params::<Tree>(&config),
                }
                .map_err(failed)?;
                visitor.visit(|| {
                    <Post as CompoundProof<PostScheme<'_>, PostCircuit>>::blank_circuit(&params)
                })
            }
        }
    }

    fn stem(self) -> Result<String, ProofError> {
        match self.kind {
            CircuitKind::Porep => self.seal_proof()?.circuit_identifier(),
            _ => self.post_proof()?.circuit_identifier(),
        }
        .map_err(|error| ProofError::Generator(format!("{error:#}")))
    }

    fn seal_proof(self) -> Result<RegisteredSealProof, ProofError> {
        match self.sector_size {
            SectorSize::_2KiB => Ok(RegisteredSealProof::StackedDrg2KiBV1_1),
            SectorSize::_8MiB => Ok(RegisteredSealProof::StackedDrg8MiBV1_1),
            SectorSize::_512MiB => Ok(RegisteredSealProof::StackedDrg512MiBV1_1),
            size => Err(too_large(size)),
        }
    }

    fn post_proof(self) -> Result<RegisteredPoStProof, ProofError> {
        use RegisteredPoStProof as P;
        match (self.kind, self.sector_size) {
            (CircuitKind::Winning, SectorSize::_2KiB) => Ok(P::StackedDrgWinning2KiBV1),
            (CircuitKind::Winning, SectorSize::_8MiB) => Ok(P::StackedDrgWinning8MiBV1),
            (CircuitKind::Winning, SectorSize::_512MiB) => Ok(P::StackedDrgWinning512MiBV1),
            (_, SectorSize::_2KiB) => Ok(P::StackedDrgWindow2KiBV1_2),
            (_, SectorSize::_8MiB) => Ok(P::StackedDrgWindow8MiBV1_2),
            (_, SectorSize::_512MiB) => Ok(P::StackedDrgWindow512MiBV1_2),
            (_, size) => Err(too_large(size)),
        }
    }
}

fn too_large(size: SectorSize) -> ProofError {
    ProofError::Unsupported { what: format!("development parameters for {size} byte sectors") }
}
