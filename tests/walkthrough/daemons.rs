//! The daemons of a walk: started, waited for, ended and killed.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::walk::{PATIENCE, Walk};

/// A daemon: what started it, and its process while it runs.
#[derive(Debug)]
pub(crate) struct Daemon {
    command: String,
    extra: Vec<String>,
    home: Option<(&'static str, String)>,
    port: u16,
    /// The length of its log when it was started last.
    log_before: usize,
    child: Option<Child>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Walk {
    /// Starts a daemon and waits until it says that it serves, and does.
    pub(crate) fn daemon(&mut self, name: &'static str, command: &str, port: u16, extra: &[&str]) {
        let daemon = Daemon {
            command: command.to_owned(),
            extra: extra.iter().map(|word| self.fill(word)).collect(),
            home: self.sealer_home(),
            port: self.ports[&port],
            log_before: 0,
            child: None,
        };
        self.daemons.insert(name, daemon);
        let outcome = self.start(name);
        self.enter(command, outcome);
    }

    fn start(&mut self, name: &'static str) -> Result<(), String> {
        self.spawn(name);
        self.serves(name)
    }

    fn spawn(&mut self, name: &'static str) {
        let log_before = self.read(&log_file(name)).len();
        let daemon = &self.daemons[name];
        let mut process = self.process(&daemon.command, &daemon.extra);
        process.envs(daemon.home.clone());
        let log = File::options().create(true).append(true).open(self.home(&log_file(name)));
        let child = process.stdout(Stdio::null()).stderr(log.unwrap()).spawn().unwrap();
        let daemon = self.daemons.get_mut(name).unwrap();
        (daemon.child, daemon.log_before) = (Some(child), log_before);
    }

    /// Waits until a daemon says that it serves, and does.
    fn serves(&mut self, name: &'static str) -> Result<(), String> {
        self.says(name, &[" serves ", " runs "])?;
        let (deadline, port) = (Instant::now() + PATIENCE, self.daemons[name].port);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if Instant::now() > deadline {
                return Err(format!("does not listen: {}", self.last_words(name)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Waits until a daemon has said one of these since it was started.
    fn says(&mut self, name: &'static str, texts: &[&str]) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (log, daemon) = (self.read(&log_file(name)), self.daemons.get_mut(name).unwrap());
            let news = log.get(daemon.log_before..).unwrap_or_default();
            if texts.iter().any(|text| news.contains(text)) {
                return Ok(());
            }
            if let Some(Ok(Some(status))) = daemon.child.as_mut().map(Child::try_wait) {
                return Err(format!("ended with {status}: {}", self.last_words(name)));
            }
            if Instant::now() > deadline {
                return Err(format!("does not say {texts:?}: {}", self.last_words(name)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts a stopped daemon before those that it needs: it must say that it waits.
    pub(crate) fn start_too_early(&mut self, name: &'static str, says: &str) {
        self.spawn(name);
        let outcome = self.says(name, &[says]);
        self.enter(&format!("{}  -> {says}", self.daemons[name].command.clone()), outcome);
    }

    /// Enters whether a daemon that waited serves by now.
    pub(crate) fn goes_on(&mut self, name: &'static str) {
        let outcome = self.serves(name);
        self.enter(&format!("<{name}> goes on"), outcome);
    }

    /// Ends a daemon as an operator does, and waits.
    pub(crate) fn stop(&mut self, name: &'static str) {
        let mut child = self.daemons.get_mut(name).unwrap().child.take().unwrap();
        let killed = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        let status = child.wait().unwrap();
        let outcome = match killed.success() && status.success() {
            true => Ok(()),
            false => Err(format!("{status}: {}", self.last_words(name))),
        };
        self.enter(&format!("kill <{name}>"), outcome);
    }

    /// Kills a daemon as the kernel does, and starts it again as before.
    pub(crate) fn kill_and_restart(&mut self, name: &'static str) {
        let mut child = self.daemons.get_mut(name).unwrap().child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let outcome = self.start(name);
        self.enter(&format!("kill -9 <{name}>; {}", self.daemons[name].command.clone()), outcome);
    }

    /// Starts a daemon that was stopped.
    pub(crate) fn restart(&mut self, name: &'static str) {
        let outcome = self.start(name);
        self.enter(&self.daemons[name].command.clone(), outcome);
    }

    /// Waits until the log of a daemon has a text.
    pub(crate) fn logged(&mut self, name: &'static str, text: &str) {
        let outcome = self.says(name, &[text]);
        self.enter(&format!("log of {name}: {text}"), outcome);
    }

    fn last_words(&self, name: &str) -> String {
        self.read(&log_file(name)).lines().last().unwrap_or_default().to_owned()
    }
}

/// Where a daemon logs, in the home.
pub(crate) fn log_file(name: &str) -> String {
    format!("{name}.log")
}
