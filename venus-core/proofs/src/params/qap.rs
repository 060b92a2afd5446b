//! A circuit's constraints as polynomials, evaluated at one secret point.
//!
//! Upstream keeps every constraint and transforms back in the exponent. With the point known, the
//! Lagrange coefficients turn each constraint into three sums as it passes by.

use bellperson::{Circuit, ConstraintSystem, Index, LinearCombination, SynthesisError, Variable};
use blstrs::Scalar;
use ff::{Field, PrimeField};
use rayon::prelude::*;

use crate::ProofError;

/// Scalars handled by one task.
pub(super) const CHUNK: usize = 1 << 14;

/// Which variables to evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The public ones: enough for a verifying key.
    Inputs,
    /// All.
    All,
}

/// The polynomials of the three sides at the secret point, a value a variable.
pub(super) struct Qap {
    pub(super) inputs: [Vec<Scalar>; 3],
    pub(super) aux: [Vec<Scalar>; 3],
    /// Size of the evaluation domain, a power of two.
    pub(super) domain: usize,
    /// The domain's vanishing polynomial at the point.
    pub(super) vanishing: Scalar,
}

impl Qap {
    pub(super) fn evaluate<C: Circuit<Scalar>>(
        blank: impl Fn() -> C,
        tau: Scalar,
        scope: Scope,
    ) -> Result<Self, ProofError> {
        let count = Assembly::new(&[], Scope::Inputs).run(blank())?;
        let domain = count.constraints.next_power_of_two();
        let vanishing = tau.pow_vartime([domain as u64]) - Scalar::ONE;
        let lagrange = lagrange_at(tau, domain, vanishing)?;
        let filled = Assembly::new(&lagrange, scope).run(blank())?;
        if filled.constraints != count.constraints {
            return Err(ProofError::Generator("the circuit changes from run to run".into()));
        }
        Ok(Self { inputs: filled.in_inputs, aux: filled.in_aux, domain, vanishing })
    }
}

/// The multiplicative inverse of a value that is zero only if the secrets are broken.
pub(super) fn invert(value: Scalar) -> Result<Scalar, ProofError> {
    Option::from(value.invert())
        .ok_or_else(|| ProofError::Generator("a secret of the set is zero".into()))
}

/// `L_j(tau) = z(tau) / m * w^j / (tau - w^j)` for all j, with one inversion a chunk.
fn lagrange_at(tau: Scalar, domain: usize, vanishing: Scalar) -> Result<Vec<Scalar>, ProofError> {
    let mut omega = Scalar::ROOT_OF_UNITY;
    for _ in domain.trailing_zeros()..Scalar::S {
        omega = omega.square();
    }
    let factor = vanishing * invert(Scalar::from(domain as u64))?;
    let mut values = vec![Scalar::ZERO; domain];
    values.par_chunks_mut(CHUNK).enumerate().try_for_each(|(index, chunk)| {
        let mut root = omega.pow_vartime([(index * CHUNK) as u64]);
        let roots: Vec<Scalar> = chunk
            .iter()
            .map(|_| {
                let current = root;
                root *= omega;
                current
            })
            .collect();
        let mut product = Scalar::ONE;
        for (value, root) in chunk.iter_mut().zip(&roots) {
            *value = product;
            product *= tau - root;
        }
        let mut inverse = invert(product)?;
        for (value, root) in chunk.iter_mut().zip(&roots).rev() {
            *value *= inverse * root * factor;
            inverse *= tau - root;
        }
        Ok::<(), ProofError>(())
    })?;
    Ok(values)
}

/// Receives the constraints. Without coefficients it counts only.
struct Assembly<'a> {
    inputs: usize,
    aux: usize,
    constraints: usize,
    lagrange: &'a [Scalar],
    scope: Scope,
    in_inputs: [Vec<Scalar>; 3],
    in_aux: [Vec<Scalar>; 3],
}

impl<'a> Assembly<'a> {
    fn new(lagrange: &'a [Scalar], scope: Scope) -> Self {
        Self {
            inputs: 0,
            aux: 0,
            constraints: 0,
            lagrange,
            scope,
            in_inputs: Default::default(),
            in_aux: Default::default(),
        }
    }

    fn run<C: Circuit<Scalar>>(mut self, circuit: C) -> Result<Self, ProofError> {
        let failed = |error: SynthesisError| ProofError::Generator(error.to_string());
        self.alloc_input(|| "", || Ok(Scalar::ONE)).map_err(failed)?;
        circuit.synthesize(&mut self).map_err(failed)?;
        // Upstream adds one constraint an input, so that the inputs are independent.
        for input in 0..self.inputs {
            self.enforce(|| "", |lc| lc + Variable(Index::Input(input)), |lc| lc, |lc| lc);
        }
        Ok(self)
    }

    fn add(&mut self, side: usize, terms: &LinearCombination<Scalar>) {
        let weight = self.lagrange[self.constraints];
        for (variable, coefficient) in terms.iter() {
            match variable.0 {
                Index::Input(i) => self.in_inputs[side][i] += weight * coefficient,
                Index::Aux(i) if self.scope == Scope::All => {
                    self.in_aux[side][i] += weight * coefficient;
                }
                Index::Aux(_) => {}
            }
        }
    }
}

impl ConstraintSystem<Scalar> for Assembly<'_> {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.aux += 1;
        if !self.lagrange.is_empty() && self.scope == Scope::All {
            self.in_aux.iter_mut().for_each(|side| side.push(Scalar::ZERO));
        }
        Ok(Variable(Index::Aux(self.aux - 1)))
    }

    fn alloc_input<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.inputs += 1;
        if !self.lagrange.is_empty() {
            self.in_inputs.iter_mut().for_each(|side| side.push(Scalar::ZERO));
        }
        Ok(Variable(Index::Input(self.inputs - 1)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, _: A, a: LA, b: LB, c: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        if !self.lagrange.is_empty() {
            self.add(0, &a(LinearCombination::zero()));
            self.add(1, &b(LinearCombination::zero()));
            self.add(2, &c(LinearCombination::zero()));
        }
        self.constraints += 1;
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn pop_namespace(&mut self) {}

    fn get_root(&mut self) -> &mut Self {
        self
    }
}
