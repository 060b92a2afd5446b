//! `venus`: the chain node.

fn main() -> std::process::ExitCode {
    venus_cli::main_prepared(venus_cli::node::prepare, venus_cli::node::run)
}
