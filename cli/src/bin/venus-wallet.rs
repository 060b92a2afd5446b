//! `venus-wallet`: keys and signatures.

fn main() -> std::process::ExitCode {
    venus_cli::main(venus_cli::wallet::run)
}
