//! `venus-messager`: gets the messages of the pool on chain.

fn main() -> std::process::ExitCode {
    venus_cli::main(venus_cli::messager::run)
}
