//! `venus-gateway`: the bridge to wallets and provers.

fn main() -> std::process::ExitCode {
    venus_cli::main(venus_cli::gateway::run)
}
