//! Many multiples of one point, from a table of its multiples.

use blstrs::Scalar;
use ff::{Field, PrimeField};
use group::Curve;
use group::prime::{PrimeCurve, PrimeCurveAffine};
use rayon::prelude::*;

/// Scalars multiplied by one task.
const BATCH: usize = 4096;
const SCALAR_BITS: usize = 255;

/// Row i holds the multiples `1..2^window` of `2^(i * window)` times the base.
pub(super) struct FixedBase<G: PrimeCurve> {
    window: usize,
    rows: Vec<Vec<<G as PrimeCurve>::Affine>>,
}

/// What to do with scalars that are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zeros {
    /// They give the identity.
    Keep,
    /// They are left out, as the format of the parameters wants it.
    Skip,
}

impl<G: PrimeCurve<Scalar = Scalar>> FixedBase<G> {
    pub(super) fn new(base: G, window: usize) -> Self {
        let mut bases = Vec::with_capacity(SCALAR_BITS.div_ceil(window));
        let mut current = base;
        for _ in 0..SCALAR_BITS.div_ceil(window) {
            bases.push(current);
            for _ in 0..window {
                current = current.double();
            }
        }
        let row = |base: &G| {
            let mut multiple = *base;
            let multiples: Vec<G> = (1..1usize << window)
                .map(|_| {
                    let current = multiple;
                    multiple += base;
                    current
                })
                .collect();
            normalize(&multiples)
        };
        Self { window, rows: bases.par_iter().map(row).collect() }
    }

    /// Multiplies the base with each scalar.
    pub(super) fn multiply(
        &self,
        scalars: &[Scalar],
        zeros: Zeros,
    ) -> Vec<<G as PrimeCurve>::Affine> {
        let batch = |batch: &[Scalar]| {
            let products: Vec<G> = batch
                .iter()
                .filter(|scalar| zeros == Zeros::Keep || !scalar.is_zero_vartime())
                .map(|scalar| self.multiple(scalar))
                .collect();
            normalize(&products)
        };
        scalars.par_chunks(BATCH).flat_map_iter(batch).collect()
    }

    fn multiple(&self, scalar: &Scalar) -> G {
        let bytes = scalar.to_repr();
        let mut sum = G::identity();
        for (index, row) in self.rows.iter().enumerate() {
            let bit = index * self.window;
            let mut word = [0; 8];
            let part = &bytes[bit / 8..(bit / 8 + 8).min(bytes.len())];
            word[..part.len()].copy_from_slice(part);
            let mask = (1 << self.window) - 1;
            let digit = (u64::from_le_bytes(word) >> (bit % 8)) as usize & mask;
            if digit != 0 {
                sum += row[digit - 1];
            }
        }
        sum
    }
}

fn normalize<G: PrimeCurve>(points: &[G]) -> Vec<<G as PrimeCurve>::Affine> {
    let mut affine =
        vec![<<G as PrimeCurve>::Affine as PrimeCurveAffine>::identity(); points.len()];
    <G as Curve>::batch_normalize(points, &mut affine);
    affine
}
