//! Where a database is and how to get in, in the syntax of Go's driver.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use zeroize::Zeroizing;

use super::{DsnError, Zone};
use crate::duration::parse_go_duration;

const DEFAULT_PORT: u16 = 3306;

/// What `user:password@tcp(host:port)/database?parameters` says. The password is neither printed
/// nor given out.
#[derive(Clone, PartialEq, Eq)]
pub struct Dsn {
    user: String,
    password: Zeroizing<String>,
    server: Server,
    database: String,
    zone: Zone,
    charset: String,
    collation: Option<String>,
    tls: Tls,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

/// Where a database listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// On a port.
    Tcp {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
    },
    /// On a socket of this machine.
    Unix(PathBuf),
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Whether the connection is encrypted: the parameter `tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// `false`.
    Off,
    /// `preferred`: if the server can, without a look at its certificate.
    Preferred,
    /// `skip-verify`: always, without a look at its certificate.
    Unverified,
    /// `true`: always, with a certificate for the host by an authority that the machine trusts.
    Verified,
}

impl Dsn {
    /// Who logs in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Where.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The time zone of its times.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// How long making a connection may take.
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout.unwrap_or(Duration::from_secs(10))
    }

    /// How long an answer may take.
    pub fn read_timeout(&self) -> Duration {
        self.read_timeout.unwrap_or(Duration::from_secs(30))
    }

    /// How long the answer to a write may take.
    pub fn write_timeout(&self) -> Duration {
        self.read_timeout().max(self.write_timeout.unwrap_or_default())
    }

    pub(super) fn options(&self) -> MySqlConnectOptions {
        let mut options = MySqlConnectOptions::new()
            .username(&self.user)
            .database(&self.database)
            .charset(&self.charset)
            .ssl_mode(match self.tls {
                Tls::Off => MySqlSslMode::Disabled,
                Tls::Preferred => MySqlSslMode::Preferred,
                Tls::Unverified => MySqlSslMode::Required,
                Tls::Verified => MySqlSslMode::VerifyIdentity,
            })
            // As for the Go services, statements mean what the server's own mode says.
            .pipes_as_concat(false)
            .no_engine_substitution(false);
        if !self.password.is_empty() {
            options = options.password(&self.password);
        }
        if let Some(collation) = &self.collation {
            options = options.collation(collation);
        }
        match &self.server {
            Server::Tcp { host, port } => options.host(host).port(*port),
            Server::Unix(path) => options.socket(path),
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), DsnError> {
        let wrong = |expected| DsnError::Parameter {
            key: key.to_owned(),
            value: value.to_owned(),
            expected,
        };
        let duration = || {
            let nanoseconds = parse_go_duration(value).and_then(|ns| u64::try_from(ns).ok());
            let limit = nanoseconds.map(Duration::from_nanos);
            // Go takes 0 as no limit.
            limit
                .map(|limit| (!limit.is_zero()).then_some(limit))
                .ok_or_else(|| wrong("a time, as 10s"))
        };
        let word = |text: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !text.is_empty() && text.chars().all(fits)
        };
        match key {
            "loc" => {
                self.zone = value.parse().map_err(|_| wrong("Local, UTC or as Asia/Shanghai"))?
            }
            "charset" => {
                let charset = value.split(',').next().unwrap_or_default();
                if !["utf8mb4", "utf8mb3", "utf8"].contains(&charset) {
                    return Err(wrong("utf8mb4"));
                }
                self.charset = charset.to_owned();
            }
            "collation" if word(value) => self.collation = Some(value.to_owned()),
            "collation" => return Err(wrong("a name, as utf8mb4_unicode_ci")),
            "timeout" => self.connect_timeout = duration()?,
            "readTimeout" => self.read_timeout = duration()?,
            "writeTimeout" => self.write_timeout = duration()?,
            "tls" => {
                self.tls = match value.to_lowercase().as_str() {
                    "false" | "0" => Tls::Off,
                    "true" | "1" => Tls::Verified,
                    "skip-verify" => Tls::Unverified,
                    "preferred" => Tls::Preferred,
                    // In Go, the name of settings that the program itself has.
                    _ => return Err(wrong("true, false, skip-verify or preferred")),
                }
            }
            // How Go's driver does what ours does anyway.
            "parseTime"
            | "allowNativePasswords"
            | "checkConnLiveness"
            | "interpolateParams"
            | "multiStatements"
            | "clientFoundRows" => {
                if !["true", "false", "1", "0"].contains(&value) {
                    return Err(wrong("true or false"));
                }
            }
            "maxAllowedPacket" => {}
            _ => return Err(DsnError::Unknown(key.to_owned())),
        }
        Ok(())
    }
}

impl FromStr for Dsn {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, DsnError> {
        // Passwords may have any of the separators in them, so the last of each counts, as in Go.
        let text = text.trim();
        let slash = text.rfind(")/").map(|parenthesis| parenthesis + 1).or_else(|| text.rfind('/'));
        let (front, back) = slash.map_or(("", ""), |slash| (&text[..slash], &text[slash + 1..]));
        if back.is_empty() || back.contains('@') {
            return Err(DsnError::Form("has no `/` and name of a database after the host"));
        }
        let (login, server) = front.rsplit_once('@').unwrap_or(("", front));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (database, parameters) = back.split_once('?').unwrap_or((back, ""));
        if database.is_empty() {
            return Err(DsnError::Form("has no name of a database after the `/`"));
        }
        let mut dsn = Self {
            user: user.to_owned(),
            password: Zeroizing::new(password.to_owned()),
            server: parse_server(server)?,
            database: unescape(database),
            zone: Zone::UTC,
            charset: "utf8mb4".to_owned(),
            collation: None,
            tls: Tls::Off,
            connect_timeout: None,
            read_timeout: None,
            write_timeout: None,
        };
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            dsn.set(key, &unescape(value))?;
        }
        Ok(dsn)
    }
}

fn parse_server(text: &str) -> Result<Server, DsnError> {
    let (protocol, address) = match text.split_once('(') {
        Some((protocol, address)) => {
            let address = address.strip_suffix(')');
            (protocol, address.ok_or(DsnError::Form("does not close its `(` before the `/`"))?)
        }
        None => (text, ""),
    };
    match protocol {
        "unix" if address.is_empty() => Ok(Server::Unix("/tmp/mysql.sock".into())),
        "unix" => Ok(Server::Unix(address.into())),
        "" | "tcp" | "tcp4" | "tcp6" => {
            let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']'))
            {
                Some((host, port)) => (host, port.strip_prefix(':')),
                None => match address.rsplit_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (address, None),
                },
            };
            let port = match port {
                Some(port) => {
                    port.parse().map_err(|_| DsnError::Form("has a port that is no number"))?
                }
                None => DEFAULT_PORT,
            };
            let host = if host.is_empty() { "127.0.0.1" } else { host };
            Ok(Server::Tcp { host: host.to_owned(), port })
        }
        // Not repeated: without an `@` this is user and password.
        _ => Err(DsnError::Form("is neither of `tcp(host:port)` nor of `unix(/path/of/the.sock)`")),
    }
}

/// Undoes `%2F` and its like.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Display for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, server, database, .. } = self;
        let protocol = if matches!(server, Server::Tcp { .. }) { "tcp" } else { "unix" };
        write!(f, "{user}@{protocol}({server})/{database}")
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dsn({self}, {}, {:?})", self.zone, self.tls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dsn(text: &str) -> Dsn {
        text.parse().unwrap()
    }

    fn tcp(host: &str, port: u16) -> Server {
        Server::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn the_guides_dsns_are_understood() {
        let auth =
            dsn("root:111111@(127.0.0.1:3306)/venus_auth?parseTime=true&loc=Local&charset=utf8mb4\
             &collation=utf8mb4_unicode_ci&readTimeout=10s&writeTimeout=10s");
        assert_eq!((auth.user(), auth.password.as_str()), ("root", "111111"));
        assert_eq!((auth.server(), auth.database()), (&tcp("127.0.0.1", 3306), "venus_auth"));
        assert_eq!(auth.zone(), Zone::Local);
        assert_eq!(auth.collation.as_deref(), Some("utf8mb4_unicode_ci"));
        assert_eq!(auth.read_timeout(), Duration::from_secs(10));
        let messager = dsn("root:111111@tcp(127.0.0.1:3306)/cali_venus?parseTime=true&loc=Local");
        assert_eq!(messager.server(), auth.server());
        assert_eq!(messager.to_string(), "root@tcp(127.0.0.1:3306)/cali_venus");
    }

    #[test]
    fn every_form_of_gos_driver_is_understood() {
        let odd =
            dsn("u:p@:/?)w@tcp([::1]:4000)/d%2Fb?loc=Asia%2FShanghai&tls=skip-verify&timeout=3s");
        assert_eq!((odd.user(), odd.password.as_str()), ("u", "p@:/?)w"));
        assert_eq!((odd.server(), odd.database()), (&tcp("::1", 4000), "d/b"));
        assert_eq!((odd.zone(), odd.tls), ("Asia/Shanghai".parse().unwrap(), Tls::Unverified));
        assert_eq!(odd.connect_timeout(), Duration::from_secs(3));
        assert_eq!(odd.server().to_string(), "[::1]:4000");
        let socket = dsn("u@unix(/run/mysqld/mysqld.sock)/db");
        assert_eq!(socket.server(), &Server::Unix("/run/mysqld/mysqld.sock".into()));
        assert_eq!(dsn("/db").server(), &tcp("127.0.0.1", 3306));
        assert_eq!(dsn("u@tcp(host)/db").server(), &tcp("host", 3306));
        assert_eq!(
            dsn("u@tcp(h:1)/db?loc=Asia/Shanghai").zone(),
            odd.zone(),
            "need not be escaped"
        );
        assert_eq!(dsn("u@tcp(h:1)/db").zone(), Zone::UTC);
        for (text, tls) in [
            ("true", Tls::Verified),
            ("1", Tls::Verified),
            ("TRUE", Tls::Verified),
            ("false", Tls::Off),
            ("Skip-Verify", Tls::Unverified),
            ("preferred", Tls::Preferred),
        ] {
            assert_eq!(dsn(&format!("u@tcp(h:1)/db?tls={text}")).tls, tls, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_the_password() {
        for (text, word) in [
            ("root:secret@tcp(127.0.0.1:3306)", "name of a database"),
            ("root:secret@tcp(127.0.0.1:3306)/", "name of a database"),
            ("root:sec/ret?x@tcp(127.0.0.1:3306)", "name of a database"),
            ("root:secret(127.0.0.1:3306)/db", "tcp(host:port)"),
            ("root:secret/db", "tcp(host:port)"),
            ("root:secret@http(127.0.0.1)/db", "tcp(host:port)"),
            ("root:secret@tcp(127.0.0.1:33x6)/db", "port"),
            ("root:secret@tcp(127.0.0.1:3306/db", "close"),
            ("root:secret@tcp(h)/db?parsetime=true", "`parsetime`"),
            ("root:secret@tcp(h)/db?readTimeout=10", "`readTimeout`"),
            ("root:secret@tcp(h)/db?loc=Nowhere", "`loc`"),
            ("root:secret@tcp(h)/db?charset=latin1", "`charset`"),
            ("root:secret@tcp(h)/db?collation=x;drop", "`collation`"),
            ("root:secret@tcp(h)/db?tls=custom", "`tls`"),
        ] {
            let error = text.parse::<Dsn>().unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(word), "{text} has no {word}");
            assert!(!text.contains("sec") && !text.contains("ret?"), "{text}");
        }
    }

    #[test]
    fn the_password_is_not_printed() {
        let dsn = dsn("root:secret@tcp(127.0.0.1:3306)/db");
        assert!(!format!("{dsn} {dsn:?} {dsn:#?}").contains("secret"));
    }
}
