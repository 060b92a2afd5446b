//! Groth16 parameters and verifying keys from known secrets.

use std::sync::Arc;

use bellperson::Circuit;
use bellperson::groth16::{Parameters, VerifyingKey};
use blstrs::{Bls12, G1Affine, Scalar};
use ff::Field;
use group::Curve;
use group::prime::PrimeCurveAffine;
use rayon::prelude::*;

use super::circuit::Visitor;
use super::fixed_base::{FixedBase, Zeros};
use super::progress::{Progress, Reporter, Stage};
use super::qap::{CHUNK, Qap, Scope, invert};
use super::{CircuitId, Trapdoor};
use crate::ProofError;

/// Scalars between two reports of progress.
const BLOCK: usize = 1 << 17;
/// Cost of a multiplication in G2, in multiplications in G1.
const G2_COST: u64 = 3;
/// Domains above this size are worth large tables of multiples.
pub(super) const LARGE_DOMAIN: u64 = 1 << 16;

/// Makes the proving parameters of a circuit.
pub(super) fn parameters(
    circuit: CircuitId,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Parameters<Bls12>, ProofError> {
    let secrets = Trapdoor::draw(&mut circuit.rng());
    circuit.visit(MakeParameters { secrets, reporter: Reporter::new(circuit, progress) })
}

/// Makes the verifying key alone: seconds and little memory even for the largest circuit.
pub(super) fn verifying_key(circuit: CircuitId) -> Result<VerifyingKey<Bls12>, ProofError> {
    circuit.visit(MakeKey { secrets: Trapdoor::draw(&mut circuit.rng()) })
}

struct MakeKey {
    secrets: Trapdoor,
}

impl Visitor for MakeKey {
    type Output = VerifyingKey<Bls12>;

    fn visit<C: Circuit<Scalar>>(self, blank: impl Fn() -> C) -> Result<Self::Output, ProofError> {
        let secrets = &self.secrets;
        let qap = Qap::evaluate(blank, secrets.tau, Scope::Inputs)?;
        let scalars = combine(secrets, &qap.inputs, invert(secrets.gamma)?);
        let ic = scalars.iter().map(|scalar| (secrets.g1 * scalar).to_affine()).collect();
        Ok(key(secrets, ic))
    }
}

struct MakeParameters<'a> {
    secrets: Trapdoor,
    reporter: Reporter<'a>,
}

impl Visitor for MakeParameters<'_> {
    type Output = Parameters<Bls12>;

    fn visit<C: Circuit<Scalar>>(
        mut self,
        blank: impl Fn() -> C,
    ) -> Result<Self::Output, ProofError> {
        let secrets = &self.secrets;
        self.reporter.advance(Stage::Constraints, 0);
        let qap = Qap::evaluate(blank, secrets.tau, Scope::All)?;
        let Qap { inputs, aux, domain, vanishing } = qap;
        let nonzero = |side: usize| {
            let all = inputs[side].iter().chain(&aux[side]);
            all.filter(|scalar| !scalar.is_zero_vartime()).count() as u64
        };
        let (a_work, b_work) = (nonzero(0), nonzero(1));
        let setup = (domain / 8) as u64;
        let h_and_l = (domain + aux[0].len()) as u64;
        self.reporter.expect(2 * setup + h_and_l + a_work + (1 + G2_COST) * b_work);
        self.reporter.advance(Stage::Constraints, setup);

        let window = if domain as u64 > LARGE_DOMAIN { 13 } else { 8 };
        let g1 = FixedBase::new(secrets.g1, window);
        let g2 = FixedBase::new(secrets.g2, window.min(12));

        let delta_inverse = invert(secrets.delta)?;
        let powers = powers(secrets.tau, vanishing * delta_inverse, domain - 1);
        let h = self.multiply(Stage::H, &g1, &powers, Zeros::Keep, 1);
        drop(powers);
        let ic = combine(&self.secrets, &inputs, invert(self.secrets.gamma)?);
        let ic = g1.multiply(&ic, Zeros::Keep);
        let l = combine(&self.secrets, &aux, delta_inverse);
        let l = self.multiply(Stage::L, &g1, &l, Zeros::Keep, 1);
        if l.par_iter().any(|point| bool::from(point.is_identity())) {
            return Err(ProofError::Generator("the circuit leaves a variable free".into()));
        }
        let [a_inputs, b_inputs, _] = inputs;
        let [a_aux, b_aux, _] = aux;
        let side = [a_inputs, a_aux].concat();
        let a = self.multiply(Stage::A, &g1, &side, Zeros::Skip, 1);
        let side = [b_inputs, b_aux].concat();
        let b_g1 = self.multiply(Stage::B1, &g1, &side, Zeros::Skip, 1);
        let b_g2 = self.multiply(Stage::B2, &g2, &side, Zeros::Skip, G2_COST);
        Ok(Parameters {
            vk: key(&self.secrets, ic),
            h: Arc::new(h),
            l: Arc::new(l),
            a: Arc::new(a),
            b_g1: Arc::new(b_g1),
            b_g2: Arc::new(b_g2),
        })
    }
}

impl MakeParameters<'_> {
    fn multiply<G: group::prime::PrimeCurve<Scalar = Scalar>>(
        &mut self,
        stage: Stage,
        table: &FixedBase<G>,
        scalars: &[Scalar],
        zeros: Zeros,
        cost: u64,
    ) -> Vec<<G as group::prime::PrimeCurve>::Affine> {
        let mut points = Vec::with_capacity(scalars.len());
        for block in scalars.chunks(BLOCK) {
            let before = points.len();
            points.append(&mut table.multiply(block, zeros));
            self.reporter.advance(stage, (points.len() - before) as u64 * cost);
        }
        points.shrink_to_fit();
        points
    }
}

/// `factor * base^i` for i below `count`.
fn powers(base: Scalar, factor: Scalar, count: usize) -> Vec<Scalar> {
    let mut powers = vec![Scalar::ZERO; count];
    powers.par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
        let mut power = base.pow_vartime([(index * CHUNK) as u64]) * factor;
        for value in chunk {
            *value = power;
            power *= base;
        }
    });
    powers
}

/// `(beta a + alpha b + c) * inverse` for every variable.
fn combine(secrets: &Trapdoor, sides: &[Vec<Scalar>; 3], inverse: Scalar) -> Vec<Scalar> {
    let [a, b, c] = sides;
    let term = |((a, b), c): ((&Scalar, &Scalar), &Scalar)| {
        (*a * secrets.beta + *b * secrets.alpha + c) * inverse
    };
    a.par_iter().zip(b).zip(c).map(term).collect()
}

fn key(secrets: &Trapdoor, ic: Vec<G1Affine>) -> VerifyingKey<Bls12> {
    VerifyingKey {
        alpha_g1: (secrets.g1 * secrets.alpha).to_affine(),
        beta_g1: (secrets.g1 * secrets.beta).to_affine(),
        beta_g2: (secrets.g2 * secrets.beta).to_affine(),
        gamma_g2: (secrets.g2 * secrets.gamma).to_affine(),
        delta_g1: (secrets.g1 * secrets.delta).to_affine(),
        delta_g2: (secrets.g2 * secrets.delta).to_affine(),
        ic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::CircuitKind;
    use crate::params::keys::key_bytes;
    use fvm_shared::sector::SectorSize;
    use std::sync::Mutex;

    const WINDOW: CircuitId = CircuitId::new(CircuitKind::Window, SectorSize::_2KiB);

    struct Upstream;

    impl Visitor for Upstream {
        type Output = Vec<u8>;

        fn visit<C: Circuit<Scalar>>(self, blank: impl Fn() -> C) -> Result<Vec<u8>, ProofError> {
            let made = bellperson::groth16::generate_random_parameters::<Bls12, _, _>(
                blank(),
                &mut WINDOW.rng(),
            )
            .unwrap();
            let mut bytes = Vec::new();
            made.write(&mut bytes).unwrap();
            Ok(bytes)
        }
    }

    #[test]
    fn the_window_set_is_bit_for_bit_the_one_that_upstream_makes() {
        let seen = Mutex::new(Vec::new());
        let ours =
            parameters(WINDOW, &|report| seen.lock().unwrap().push(report.fraction)).unwrap();

        let mut bytes = Vec::new();
        ours.write(&mut bytes).unwrap();
        assert_eq!(bytes.len(), 11_501_496);
        assert!(bytes == WINDOW.visit(Upstream).unwrap(), "the sets differ");
        let seen = seen.into_inner().unwrap();
        assert!(seen.is_sorted() && seen.len() > 4, "{seen:?}");
        // The rest is writing.
        assert!((0.9..1.0).contains(seen.last().unwrap()), "{seen:?}");
    }

    #[test]
    fn the_keys_in_the_repository_are_the_ones_of_the_seed() {
        for circuit in CircuitId::embedded() {
            let made = key_bytes(&verifying_key(circuit).unwrap()).unwrap();
            assert!(made == crate::params::embedded_key(circuit).unwrap(), "{circuit} differs");
        }
    }
}
