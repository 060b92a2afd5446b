//! `venus-cluster`: a whole pool on this machine.

mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = match command::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let shown = error.print();
            // `--help` and `--version` are no failures; clap would end others with 2.
            return match shown.is_ok() && !error.use_stderr() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            };
        }
    };
    match command::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

#[expect(clippy::print_stderr, reason = "this is where errors are shown")]
fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
