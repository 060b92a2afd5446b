//! Filecoin proofs behind ProofProvider: real, simulated and mock provers, one verifier, parameters.
