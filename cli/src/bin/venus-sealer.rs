//! `venus-sealer`: seals and proves sectors.

fn main() -> std::process::ExitCode {
    venus_cli::main_prepared(venus_cli::sealer::prepare, venus_cli::sealer::run)
}
