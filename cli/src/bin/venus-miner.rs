//! `venus-miner`: makes blocks for the pool's miners.

fn main() -> std::process::ExitCode {
    venus_cli::main(venus_cli::miner::run)
}
