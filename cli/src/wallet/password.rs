//! Where passwords come from: a file, the environment, the terminal without echo, or a pipe.

use std::{
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;

/// Names the password for programs.
pub(super) const PASSWORD_ENV: &str = "VENUS_WALLET_PASSWORD";

/// Where the password comes from.
#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    /// A file whose first line is the password; chmod 600 it. Without it the variable
    /// VENUS_WALLET_PASSWORD counts.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// The password that is set.
    pub(super) fn password(&self) -> anyhow::Result<String> {
        match self.given()? {
            Some(password) => Ok(password),
            None => ask("Password:"),
        }
    }

    /// A password to set: one that is typed is asked for twice.
    pub(super) fn new_password(&self) -> anyhow::Result<String> {
        let password = match self.given()? {
            Some(password) => password,
            None => {
                let first = ask("Password:")?;
                if first != ask("Enter Password again:")? {
                    bail!("the input passwords are inconsistent; nothing was set, try again");
                }
                first
            }
        };
        if password.is_empty() {
            bail!("the password is empty; choose another");
        }
        Ok(password)
    }

    /// The password that the file or the environment names.
    pub(super) fn given(&self) -> anyhow::Result<Option<String>> {
        match &self.password_file {
            Some(path) => first_line(path).map(Some),
            None => Ok(std::env::var(PASSWORD_ENV).ok()),
        }
    }
}

fn first_line(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the password file {}", path.display()))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => bail!("the password file {} is empty", path.display()),
    }
}

/// Asks for a secret at the terminal without echo; a pipe has it on its next line.
pub(super) fn ask(question: &str) -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(question).context("cannot ask at the terminal");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("cannot read standard input")?;
    if line.is_empty() {
        bail!(
            "no terminal to ask for the password; use --password-file or the environment variable \
             {PASSWORD_ENV}"
        );
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
