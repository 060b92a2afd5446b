//! Running the binaries in a throwaway home.

use std::{
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A process that is killed when the test is done with it.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Ends it as an operator does, and waits.
    pub(crate) fn stop(mut self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }

    /// Waits until it has ended, in order, for a reason of its own.
    pub(crate) fn ended(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub(crate) fn command(binary: &str, home: &Path, args: &[&str]) -> Command {
    let path = match binary {
        "venus" => env!("CARGO_BIN_EXE_venus"),
        "venus-auth" => env!("CARGO_BIN_EXE_venus-auth"),
        "venus-gateway" => env!("CARGO_BIN_EXE_venus-gateway"),
        "venus-messager" => env!("CARGO_BIN_EXE_venus-messager"),
        "venus-miner" => env!("CARGO_BIN_EXE_venus-miner"),
        "venus-sealer" => env!("CARGO_BIN_EXE_venus-sealer"),
        "venus-wallet" => env!("CARGO_BIN_EXE_venus-wallet"),
        other => unreachable!("no binary {other}"),
    };
    let mut command = Command::new(path);
    command.env_clear().env("HOME", home).args(args).stdin(Stdio::null());
    command
}

pub(crate) fn run(binary: &str, home: &Path, args: &[&str]) -> Output {
    command(binary, home, args).output().unwrap()
}

/// Runs a command that reads `input`.
pub(crate) fn run_fed(binary: &str, home: &Path, args: &[&str], input: &str) -> Output {
    let mut command = command(binary, home, args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Starts a daemon whose log goes to `<binary>.log` in the home.
pub(crate) fn daemon(binary: &str, home: &Path, args: &[&str]) -> Daemon {
    let log = std::fs::File::create(home.join(format!("{binary}.log"))).unwrap();
    let mut command = command(binary, home, args);
    Daemon(command.stdout(Stdio::null()).stderr(log).spawn().unwrap())
}

pub(crate) fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Two ports that nobody listens on.
pub(crate) fn ports() -> [u16; 2] {
    let bind = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (a, b) = (bind(), bind());
    [a.local_addr().unwrap().port(), b.local_addr().unwrap().port()]
}

pub(crate) fn await_success(binary: &str, home: &Path, args: &[&str]) -> Output {
    await_output(binary, home, args, |_| true)
}

/// Runs a command until it succeeds with an output that pleases.
pub(crate) fn await_output(
    binary: &str,
    home: &Path,
    args: &[&str],
    pleases: impl Fn(&str) -> bool,
) -> Output {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let output = run(binary, home, args);
        if output.status.success() && pleases(&String::from_utf8_lossy(&output.stdout)) {
            return output;
        }
        let log = std::fs::read_to_string(home.join(format!("{binary}.log")));
        assert!(Instant::now() < deadline, "{args:?}: {output:?}\n{}", log.unwrap_or_default());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asserts that only the owner can read a file.
pub(crate) fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{}", path.display());
}
