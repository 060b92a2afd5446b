//! What making the parameters of a circuit takes, from one look at its constraints.

use bellperson::{Circuit, ConstraintSystem, Index, LinearCombination, SynthesisError, Variable};
use blstrs::Scalar;
use ff::Field;

use super::CircuitId;
use super::circuit::Visitor;
use super::generate::LARGE_DOMAIN;
use crate::ProofError;

/// Bytes of a point, in memory as on disk.
const G1: u64 = 96;
const G2: u64 = 192;
/// Bytes of a number.
const SCALAR: u64 = 32;
/// The program itself, without and with the tables of multiples that large circuits want.
const SMALL: u64 = 12 << 20;
const LARGE: u64 = 48 << 20;

/// What making the parameters of a circuit takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The circuit.
    pub circuit: CircuitId,
    /// How many constraints it has.
    pub constraints: u64,
    /// Bytes of the file, exactly.
    pub disk: u64,
    /// Bytes of memory at the peak, about.
    pub memory: u64,
}

impl Estimate {
    /// Counts the constraints of a circuit: two seconds at most, and next to no memory.
    pub fn of(circuit: CircuitId) -> Result<Self, ProofError> {
        circuit.visit(Count(circuit))
    }
}

struct Count(CircuitId);

impl Visitor for Count {
    type Output = Estimate;

    fn visit<C: Circuit<Scalar>>(self, blank: impl Fn() -> C) -> Result<Estimate, ProofError> {
        let failed = |error: SynthesisError| ProofError::Generator(error.to_string());
        let mut tally = Tally::default();
        tally.alloc_input(|| "", || Ok(Scalar::ONE)).map_err(failed)?;
        blank().synthesize(&mut tally).map_err(failed)?;
        Ok(tally.estimate(self.0))
    }
}

/// Counts what passes through, and notes which variables the sides A and B use: the format leaves
/// out the others.
#[derive(Default)]
struct Tally {
    constraints: u64,
    inputs: Vec<[bool; 2]>,
    aux: Vec<[bool; 2]>,
}

impl Tally {
    fn note(&mut self, side: usize, terms: &LinearCombination<Scalar>) {
        for (variable, _) in terms.iter().filter(|(_, factor)| !factor.is_zero_vartime()) {
            match variable.0 {
                Index::Input(i) => self.inputs[i][side] = true,
                Index::Aux(i) => self.aux[i][side] = true,
            }
        }
    }

    fn estimate(&self, circuit: CircuitId) -> Estimate {
        let (inputs, aux) = (self.inputs.len() as u64, self.aux.len() as u64);
        let in_b = |variables: &[[bool; 2]]| variables.iter().filter(|[_, b]| *b).count() as u64;
        // One more constraint an input puts every input into side A.
        let constraints = self.constraints + inputs;
        let domain = constraints.next_power_of_two();
        let a = inputs + self.aux.iter().filter(|[a, _]| *a).count() as u64;
        let b = in_b(&self.inputs) + in_b(&self.aux);
        // The key, and its points for the inputs; then each vector with its length before it.
        let key = 3 * (G1 + G2) + 4 + inputs * G1;
        let vectors = 5 * 4 + (domain - 1 + aux + a + b) * G1 + b * G2;
        let disk = key + vectors;
        // All points are held until they are written, beside six numbers for every variable: its
        // values on three sides, and the factors of the vectors L, A and B.
        let fixed = if domain > LARGE_DOMAIN { LARGE } else { SMALL };
        let memory = disk + 6 * SCALAR * aux + fixed;
        Estimate { circuit, constraints, disk, memory }
    }
}

impl ConstraintSystem<Scalar> for Tally {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.aux.push([false; 2]);
        Ok(Variable(Index::Aux(self.aux.len() - 1)))
    }

    fn alloc_input<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.inputs.push([false; 2]);
        Ok(Variable(Index::Input(self.inputs.len() - 1)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, _: A, a: LA, b: LB, _: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        self.note(0, &a(LinearCombination::zero()));
        self.note(1, &b(LinearCombination::zero()));
        self.constraints += 1;
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn pop_namespace(&mut self) {}

    fn get_root(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use fvm_shared::sector::SectorSize;

    use super::*;
    use crate::params::CircuitKind;

    #[test]
    fn the_small_sets_take_what_was_measured() {
        // File sizes, and memory of the process at the peak in MB.
        for (kind, disk, memory) in [
            (CircuitKind::Winning, 47_299_128, 111),
            (CircuitKind::Window, 11_501_496, 25),
            (CircuitKind::Porep, 1_114_707_768, 1680),
        ] {
            let estimate = Estimate::of(CircuitId::new(kind, SectorSize::_2KiB)).unwrap();
            assert_eq!(estimate.disk, disk, "{kind}");
            let memory = memory * 1_000_000;
            let bound = memory..memory + memory / 5;
            assert!(bound.contains(&estimate.memory), "{estimate:?}");
        }
    }
}
