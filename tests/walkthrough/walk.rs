//! Running the commands of the guide, each in a process of its own, and keeping the table.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    command::{PORTS, Values, fill, words},
    daemons::{Daemon, log_file},
    documents,
};

/// How long anything may take that is not proven for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// An address that no wallet holds.
const STRANGER: &str =
    "t3vvmn62lofvhjd2ugzca6sof2j2ubwok6cj4xxbfzz4yuxfkgobpihhd2thlanmsh3w2ptld2gqkn2jvlss4a";

/// How secrets begin: tokens, and the passwords of the guide's databases.
const SECRETS: [&str; 3] = ["eyJ", "111111", "wr0ng"];

/// Where the daemons listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ports {
    /// Where the guide has them: its commands are run to the letter.
    Guide,
    /// Where nobody else does, so that several walks may go on at the same time.
    Free,
}

/// The walk: a home, what is known by now, the daemons and the table.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Before the home, so that they end before it is removed.
    pub(crate) daemons: BTreeMap<&'static str, Daemon>,
    dir: TempDir,
    pub(crate) values: Values,
    pub(crate) ports: BTreeMap<u16, u16>,
    rows: Vec<(String, String)>,
    /// What the last command of the table wrote besides its result.
    errors: String,
    /// The home of the sealer that the commands of venus-sealer mean, if not the usual one.
    sealer: Option<String>,
}

impl Walk {
    pub(crate) fn new(ports: Ports) -> Self {
        let sockets = PORTS.map(|port| {
            let wanted = if ports == Ports::Guide { port } else { 0 };
            let bound = TcpListener::bind((Ipv4Addr::UNSPECIFIED, wanted));
            assert!(bound.is_ok(), "the port {wanted} of the guide: {bound:?}");
            (port, bound.unwrap())
        });
        let ports = sockets.iter().map(|(port, on)| (*port, on.local_addr().unwrap().port()));
        let ports = ports.collect();
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().display().to_string();
        let stranger = STRANGER.to_owned();
        let values = Values::from([
            ("host", "127.0.0.1".to_owned()),
            ("home", home),
            ("stranger", stranger),
        ]);
        Self {
            dir,
            values,
            ports,
            daemons: BTreeMap::new(),
            rows: Vec::new(),
            errors: String::new(),
            sealer: None,
        }
    }

    pub(crate) fn home(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn fill(&self, text: &str) -> String {
        fill(text, &self.values, &self.ports)
    }

    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.values.insert(name, value.to_owned());
    }

    /// From now on venus-sealer means the sealer of this home.
    pub(crate) fn use_sealer(&mut self, home: Option<&str>) {
        self.sealer = home.map(|home| self.home(home).display().to_string());
    }

    /// Words that move a daemon from the guide's port to the walk's, if that is another.
    pub(crate) fn moved<'a>(&self, words: &'a [&'a str]) -> &'a [&'a str] {
        if self.ports.iter().all(|(guide, own)| guide == own) { &[] } else { words }
    }

    /// The configuration that the document shows, with the walk's ports and values.
    pub(crate) fn configuration(&self, section: &str) -> String {
        self.fill(&documents::configuration(section))
    }

    /// Writes a file into the home, with the walk's ports and values.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.home(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.fill(text)).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.home(path)).unwrap_or_default()
    }

    pub(crate) fn sealer_home(&self) -> Option<(&'static str, String)> {
        self.sealer.clone().map(|home| ("VENUS_SEALER_PATH", home))
    }

    /// A process of one of the binaries.
    pub(crate) fn process(&self, command: &str, extra: &[String]) -> Command {
        let filled = words(&self.fill(command));
        let (program, args) = filled.split_first().unwrap();
        let mut process = Command::new(binary(program));
        process.env_clear().env("HOME", self.dir.path()).args(args).args(extra);
        for name in ["FIL_PROOFS_PARAMETER_CACHE", "FIL_PROOFS_PARENT_CACHE", "RUST_LOG"] {
            process.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        process.envs(self.sealer_home()).stdin(Stdio::null());
        process
    }

    /// Runs a command without an entry in the table.
    pub(crate) fn quietly(&self, command: &str) -> Output {
        self.process(command, &[]).output().unwrap()
    }

    /// Enters an outcome; ends the walk, with the table, if it is none to go on with.
    pub(crate) fn enter(&mut self, command: &str, outcome: Result<(), String>) {
        let failed = outcome.is_err();
        let text = outcome.err().unwrap_or_else(|| "ok".to_owned());
        self.rows.push((command.to_owned(), text));
        assert!(!failed, "{}\n{}", self.table(), self.logs());
    }

    /// Runs a command and checks its output.
    pub(crate) fn step(&mut self, command: &str, check: impl Fn(&str) -> bool) -> String {
        self.step_with(command, &[], check)
    }

    /// As [`step`](Self::step), with words that this machine needs and the guide does not have.
    pub(crate) fn step_with(
        &mut self,
        command: &str,
        extra: &[&str],
        check: impl Fn(&str) -> bool,
    ) -> String {
        let extra: Vec<_> = extra.iter().map(|word| self.fill(word)).collect();
        let output = self.process(command, &extra).output().unwrap();
        self.errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let (outcome, text) = judge(&output, check);
        self.enter(command, outcome);
        text
    }

    /// Enters whether the last command has logged a line.
    pub(crate) fn said(&mut self, line: &str) {
        let there = self.errors.contains(line).then_some(()).ok_or_else(|| self.errors.clone());
        self.enter(&format!("its log: {line}"), there);
    }

    /// Runs a command until its output is as it shall be.
    pub(crate) fn until(
        &mut self,
        command: &str,
        patience: Duration,
        check: impl Fn(&str) -> bool,
    ) -> String {
        let deadline = Instant::now() + patience;
        loop {
            let (outcome, text) = judge(&self.quietly(command), &check);
            if outcome.is_ok() || Instant::now() > deadline {
                self.enter(command, outcome);
                return text;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Runs a command that must be refused, with an error that has all these words.
    pub(crate) fn refused(&mut self, command: &str, extra: &[&str], words: &[&str]) {
        let extra: Vec<_> = extra.iter().map(|word| self.fill(word)).collect();
        let process = self.process(command, &extra);
        // A daemon that waits instead must not hold the walk up.
        let mut limited = Command::new("timeout");
        limited.arg("30").arg(process.get_program()).args(process.get_args()).env_clear();
        limited.envs(process.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = limited.stdin(Stdio::null()).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        let missing = words.iter().find(|word| !error.contains(**word));
        let told = SECRETS.iter().find(|secret| error.contains(**secret));
        let outcome = match (code, missing) {
            _ if told.is_some() => Err(format!("a secret is told: {error}")),
            (Some(1), None) => Ok(()),
            (Some(1), Some(word)) => Err(format!("the error has no `{word}`: {error}")),
            (code, _) => Err(format!("exit {code:?}, not 1: {error}")),
        };
        self.enter(&format!("{command}  -> error"), outcome);
    }

    /// Enters whether files of the home are for their owner only.
    pub(crate) fn private(&mut self, files: &[&str]) {
        use std::os::unix::fs::PermissionsExt;
        for file in files {
            let outcome = match fs::metadata(self.home(file)) {
                Ok(meta) if meta.permissions().mode() & 0o777 == 0o600 => Ok(()),
                Ok(meta) => Err(format!("mode {:o}, not 600", meta.permissions().mode() & 0o777)),
                Err(error) => Err(error.to_string()),
            };
            self.enter(&format!("stat ~/{file}"), outcome);
        }
    }

    fn logs(&self) -> String {
        let mut text = String::new();
        for name in self.daemons.keys() {
            let log = self.read(&log_file(name));
            let lines: Vec<_> = log.lines().collect();
            let tail = lines.iter().skip(lines.len().saturating_sub(15));
            writeln!(text, "--- {name}").unwrap();
            tail.for_each(|line| writeln!(text, "{line}").unwrap());
        }
        text
    }

    /// The commands that were run, as the guide writes them.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|(command, _)| command.as_str())
    }

    /// Command, ok or what differed.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for (number, (command, outcome)) in self.rows.iter().enumerate() {
            writeln!(text, "{:>3}  {outcome:<3} {command}", number + 1).unwrap();
        }
        let ok = self.rows.iter().filter(|(_, outcome)| outcome == "ok").count();
        writeln!(text, "{ok} of {} commands", self.rows.len()).unwrap();
        text
    }
}

fn judge(output: &Output, check: impl Fn(&str) -> bool) -> (Result<(), String>, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    let outcome = match (output.status.success(), check(&text)) {
        (true, true) => Ok(()),
        (true, false) => Err(format!("printed: {text}{error}")),
        (false, _) => Err(format!("{}: {error}", output.status)),
    };
    (outcome, text)
}

fn binary(program: &str) -> &'static Path {
    Path::new(match program {
        "venus" => env!("CARGO_BIN_EXE_venus"),
        "venus-auth" => env!("CARGO_BIN_EXE_venus-auth"),
        "venus-gateway" => env!("CARGO_BIN_EXE_venus-gateway"),
        "venus-messager" => env!("CARGO_BIN_EXE_venus-messager"),
        "venus-miner" => env!("CARGO_BIN_EXE_venus-miner"),
        "venus-sealer" => env!("CARGO_BIN_EXE_venus-sealer"),
        "venus-wallet" => env!("CARGO_BIN_EXE_venus-wallet"),
        other => unreachable!("no binary {other}"),
    })
}
