//! `venus-auth`: the pool's authority over tokens, users, miners and signers.

fn main() -> std::process::ExitCode {
    venus_cli::main(venus_cli::auth::run)
}
