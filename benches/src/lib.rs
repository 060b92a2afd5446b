//! The benchmarks are in `benches/pool`; run them with `cargo bench -p venus-benches`.
