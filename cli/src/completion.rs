//! `completion <shell>`: what the shell needs to complete a command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// The shell to write a completion script for.
#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// The shell; its script goes to standard output, such as
    /// `... completion bash > ~/.local/share/bash-completion/completions/<name>`.
    shell: Shell,
}

impl Completion {
    /// Prints the script of the program `P`.
    pub(crate) fn print<P: CommandFactory>(&self) -> anyhow::Result<()> {
        let mut command = P::command();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        crate::output::print(&String::from_utf8(script)?)
    }
}
