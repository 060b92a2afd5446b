//! The secrets of a parameter set.

use std::fmt;

use blstrs::{G1Projective, G2Projective, Scalar};
use ff::Field;
use group::Group;
use rand08::RngCore;

/// The secrets of a set: whoever holds them can make a proof of anything.
pub(crate) struct Trapdoor {
    pub(crate) g1: G1Projective,
    pub(crate) g2: G2Projective,
    pub(crate) alpha: Scalar,
    pub(crate) beta: Scalar,
    pub(crate) gamma: Scalar,
    pub(crate) delta: Scalar,
    pub(crate) tau: Scalar,
}

impl Trapdoor {
    /// Draws them in the order in which upstream draws, so that the sets are identical.
    pub(crate) fn draw(rng: &mut impl RngCore) -> Self {
        Self {
            g1: G1Projective::random(&mut *rng),
            g2: G2Projective::random(&mut *rng),
            alpha: Scalar::random(&mut *rng),
            beta: Scalar::random(&mut *rng),
            gamma: Scalar::random(&mut *rng),
            delta: Scalar::random(&mut *rng),
            tau: Scalar::random(&mut *rng),
        }
    }
}

impl fmt::Debug for Trapdoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trapdoor(..)")
    }
}
