//! The command lines of the pool's services: flags, output, and the composition of libraries.
//!
//! Each binary is a few lines over [`main`] and one module here. Standard output carries the result
//! and nothing else; logs and errors go to standard error; a failure of any kind exits with 1.
//!
//! ```
//! use clap::Parser;
//!
//! let args = venus_cli::gateway::Args::parse_from(["venus-gateway", "wallet", "list", "--json"]);
//! assert!(format!("{args:?}").contains("json: true"));
//! ```

pub mod auth;
pub mod gateway;
pub mod messager;
pub mod miner;
pub mod node;
pub mod sealer;
pub mod wallet;

mod completion;
mod output;
mod peers;
mod remote;

use std::{future::Future, process::ExitCode};

use clap::Parser;

/// What is logged unless `RUST_LOG` says otherwise. The proofs library tells its every step.
const LOGS: &str = "info,filecoin_proofs=warn,storage_proofs_core=warn,storage_proofs_porep=warn,\
                    storage_proofs_post=warn,bellperson=warn";

/// Parses the command line, runs it on a runtime of its own and says how it ended.
pub fn main<A, F, Fut>(run: F) -> ExitCode
where
    A: Parser,
    F: FnOnce(A) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    main_prepared(|_| Ok(()), run)
}

/// As [`main`], and calls `prepare` with the arguments before there is a second thread: for what
/// can only be done then, such as [`venus_proofs::ensure_environment`].
pub fn main_prepared<A, P, F, Fut>(prepare: P, run: F) -> ExitCode
where
    A: Parser,
    P: FnOnce(&A) -> anyhow::Result<()>,
    F: FnOnce(A) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let args = match A::try_parse() {
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
    let outcome = prepare(&args)
        .and_then(|()| Ok(venus_core::telemetry::init(LOGS, false)?))
        .and_then(|()| Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?))
        .and_then(|runtime| runtime.block_on(run(args)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

#[expect(clippy::print_stderr, reason = "this is where errors are shown")]
fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
