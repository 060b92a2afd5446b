//! `venus-cluster`: a whole pool on this machine.

fn main() {}
