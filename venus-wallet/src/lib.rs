//! Keys, their encryption at rest, and signatures.
