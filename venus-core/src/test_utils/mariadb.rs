//! A throwaway MariaDB for tests.

use std::{
    env, fs,
    io::Write,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

/// Starts the server, and ends it when the process that holds the other end of the pipe ends, in
/// whatever way. `keep` on the pipe leaves the files.
const GUARD: &str = r#"
trap '' INT TERM HUP
dir=$1; shift
"$@" > "$dir/log" 2>&1 &
read -r word
kill -9 $! 2> /dev/null
wait $! 2> /dev/null
[ "$word" = keep ] || rm -rf "$dir"
"#;

const INSTALL: &str = "apt-get update && apt-get install -y --no-install-recommends mariadb-server";

/// The user and the password of the deployment guide.
const LOGIN: &str = "root:111111";

/// A MariaDB server on loopback with files of its own. It ends with the value, or with the process
/// if that ends first.
#[derive(Debug)]
pub struct MariaDb {
    dir: PathBuf,
    port: u16,
    options: Vec<String>,
    guard: Option<Child>,
    databases: AtomicUsize,
}

impl MariaDb {
    /// The one server of this process, started when it is first asked for.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<MariaDb> = LazyLock::new(MariaDb::start);
        &SHARED
    }

    /// Starts another server, for a test that kills it.
    ///
    /// # Panics
    ///
    /// If MariaDB is not installed, and cannot be: the text says how to. If it does not start: the
    /// text has its log.
    pub fn start() -> Self {
        Self::start_with([])
    }

    /// Starts another server with more options, such as `--ssl-cert=/path`.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn start_with<const N: usize>(options: [String; N]) -> Self {
        Self::try_start(options.into()).expect("a MariaDB for the test")
    }

    fn try_start(options: Vec<String>) -> Result<Self, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let server = find_server()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("venus-mariadb-{}-{now}-{number}", std::process::id());
        let dir = env::temp_dir().join(name);
        fs::create_dir_all(dir.join("tmp"))
            .map_err(|error| format!("{}: {error}", dir.display()))?;
        let mut install = Command::new("mariadb-install-db");
        install.arg("--no-defaults").arg(format!("--datadir={}", dir.join("data").display()));
        install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        install.arg(temporary(&dir)).args(SMALL).args(user());
        let output = install.output().map_err(|error| format!("mariadb-install-db: {error}"))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("mariadb-install-db failed:\n{text}"));
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| format!("no free port: {error}"))?
            .port();
        let mut this = Self { dir, port, options, guard: None, databases: AtomicUsize::new(0) };
        this.run(&server)?;
        this.try_execute("", "SET PASSWORD FOR root@'127.0.0.1' = PASSWORD('111111')")?;
        Ok(this)
    }

    fn run(&mut self, server: &Path) -> Result<(), String> {
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard"]).arg(&self.dir).arg(server).arg("--no-defaults");
        for (option, value) in [
            ("datadir", self.dir.join("data").display().to_string()),
            ("socket", self.socket().display().to_string()),
            ("pid-file", self.dir.join("pid").display().to_string()),
            ("port", self.port.to_string()),
            ("bind-address", Ipv4Addr::LOCALHOST.to_string()),
        ] {
            guard.arg(format!("--{option}={value}"));
        }
        guard.args(["--skip-name-resolve", "--innodb-buffer-pool-size=32M", MYSQL_8]);
        guard.arg(temporary(&self.dir)).args(&self.options);
        guard.args(SMALL).args(user()).stdin(Stdio::piped());
        self.guard = Some(guard.spawn().map_err(|error| format!("sh: {error}"))?);
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            match self.try_execute("", "SELECT 1") {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > limit => {
                    let log = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
                    return Err(format!("MariaDB does not start: {error}\n{log}"));
                }
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// The DSN, as Go services write it, of an empty database that nobody else has.
    ///
    /// # Panics
    ///
    /// If the server does not make it.
    pub fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(
            "",
            &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
        );
        self.dsn(&name)
    }

    /// The DSN of a database.
    pub fn dsn(&self, database: &str) -> String {
        format!(
            "{LOGIN}@({address}:{port})/{database}?parseTime=true&loc=Local&charset=utf8mb4\
             &collation=utf8mb4_unicode_ci&readTimeout=10s&writeTimeout=10s",
            address = Ipv4Addr::LOCALHOST,
            port = self.port,
        )
    }

    /// Runs statements, such as those of a dump, in a database (none if it is empty), and gives the
    /// rows they answer, with tabs between the columns.
    ///
    /// # Panics
    ///
    /// If the server refuses one.
    pub fn execute(&self, database: &str, statements: &str) -> String {
        self.try_execute(database, statements).expect("statements for the test")
    }

    fn try_execute(&self, database: &str, statements: &str) -> Result<String, String> {
        let mut client = Command::new("mariadb")
            .args(["--no-defaults", "--batch", "--raw", "--skip-column-names", "--user=root"])
            .args(["--default-character-set=utf8mb4", "--connect-timeout=5"])
            .arg(format!("--socket={}", self.socket().display()))
            .args((!database.is_empty()).then_some(database))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("mariadb: {error}"))?;
        // The statements are small, so the answer fits its pipe meanwhile.
        if let Some(mut input) = client.stdin.take() {
            let _ = input.write_all(statements.as_bytes());
        }
        let output = client.wait_with_output().map_err(|error| format!("mariadb: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Kills the server with signal 9.
    pub fn kill(&mut self) {
        self.end("keep\n");
    }

    /// Starts the killed server again, over the same files and on the same port.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self) {
        let started = find_server().and_then(|server| self.run(&server));
        started.expect("MariaDB started again");
    }

    fn end(&mut self, word: &str) {
        if let Some(mut guard) = self.guard.take() {
            if let Some(mut pipe) = guard.stdin.take() {
                let _ = pipe.write_all(word.as_bytes());
            }
            let _ = guard.wait();
        }
    }

    fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.end("");
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// As strict as MySQL 8 is.
const MYSQL_8: &str = "--sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,\
    NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// Files of 20 MB instead of 120.
const SMALL: [&str; 2] =
    ["--innodb-log-file-size=8M", "--innodb-data-file-path=ibdata1:4M:autoextend"];

/// A folder of its own for temporary tables: a server that starts removes those of all others.
fn temporary(dir: &Path) -> String {
    format!("--tmpdir={}", dir.join("tmp").display())
}

/// The server wants to be told that it shall run as root.
fn user() -> Option<&'static str> {
    is_root().then_some("--user=root")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Finds the server's program; installs it if that is possible.
fn find_server() -> Result<PathBuf, String> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _guard = INSTALLING.lock();
    if let Some(found) = installed() {
        return Ok(found);
    }
    let help = format!("this test needs MariaDB; install it: {INSTALL}");
    if !is_root() {
        return Err(help);
    }
    let mut install = Command::new("sh");
    install.args(["-c", INSTALL]).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    let output = install.output().map_err(|error| format!("{help} (sh: {error})"))?;
    installed().ok_or_else(|| {
        format!("{help}\nwhich failed:\n{}", String::from_utf8_lossy(&output.stderr))
    })
}

fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("mariadbd")).find(|file| file.is_file())
}
