//! Settings, in our own TOML or that of the Go service.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use venus_core::duration::parse_go_duration;

use crate::{DbConfig, Error, InfluxConfig};

/// Settings of venus-auth. `Default` is the documented default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// The home: token, configuration and store lie in it.
    pub home: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub db: DbConfig,
    /// Where the access log goes besides the log of the process.
    pub influx: Option<InfluxConfig>,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// Lets tokens of disabled and deleted users in, as the Go service does. Off: a token is
    /// worth nothing when its user is disabled or deleted.
    pub admit_disabled_users: bool,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            home: PathBuf::from(".venus-auth"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8989)),
            db: DbConfig::Sled,
            influx: None,
            request_timeout: Duration::from_secs(60),
            admit_disabled_users: false,
        }
    }
}

impl AuthConfig {
    /// The defaults with another home.
    pub fn in_home(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into(), ..Self::default() }
    }

    /// The configuration file of a home.
    pub fn file(home: &Path) -> PathBuf {
        home.join("config.toml")
    }

    /// Reads the file of a home, or gives the defaults if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] that names the file and what is wrong in it.
    pub fn load(home: &Path) -> Result<Self, Error> {
        let path = Self::file(home);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::read(home, &path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::in_home(home)),
            Err(error) => Err(Error::Config { path, reason: error.to_string() }),
        }
    }

    /// Reads settings from text; `path` is where it came from, for errors.
    ///
    /// Keys may be spelled as `ReadTimeout`, `readtimeout` or `read_timeout`. Sections of the Go
    /// service that mean nothing here are skipped with a warning.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] that names the key that cannot be understood.
    pub fn read(home: &Path, path: &Path, text: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Config { path: path.to_owned(), reason };
        let table: toml::Table = venus_core::config::from_toml(path, text)?;
        let mut config = Self::in_home(home);
        for (key, value) in &table {
            let not = |what: &str| wrong(format!("`{key}` must be {what}"));
            match key.to_lowercase().replace(['_', '-'], "").as_str() {
                "listen" => {
                    let text = value.as_str().ok_or_else(|| not("text, as 127.0.0.1:8989"))?;
                    config.listen = venus_core::rpc::listen_addr(text)
                        .map_err(|error| wrong(format!("`{key}`: {error}")))?;
                }
                "port" => {
                    let port = match value {
                        toml::Value::Integer(port) => u16::try_from(*port).ok(),
                        value => value.as_str().and_then(|text| text.parse().ok()),
                    };
                    let port = port.ok_or_else(|| not("a port"))?;
                    // The old service listened on all interfaces, and its clients count on it.
                    tracing::warn!(port, "`Port` means all interfaces; use `listen` to narrow it");
                    config.listen = SocketAddr::from(([0, 0, 0, 0], port));
                }
                "requesttimeout" | "readtimeout" => {
                    config.request_timeout = match value {
                        toml::Value::Integer(nanoseconds) => u64::try_from(*nanoseconds).ok(),
                        value => value
                            .as_str()
                            .and_then(parse_go_duration)
                            .and_then(|nanoseconds| u64::try_from(nanoseconds).ok()),
                    }
                    .filter(|nanoseconds| *nanoseconds > 0)
                    .map(Duration::from_nanos)
                    .ok_or_else(|| not("a duration, as \"60s\""))?;
                }
                "admitdisabledusers" => {
                    config.admit_disabled_users =
                        value.as_bool().ok_or_else(|| not("true or false"))?;
                }
                "db" => config.db = DbConfig::read(value).map_err(wrong)?,
                "log" => config.influx = InfluxConfig::read(value).map_err(wrong)?,
                "secret" | "writetimeout" | "idletimeout" | "trace" | "metrics" => {
                    tracing::warn!(key, "this setting of the Go service is not used");
                }
                _ => return Err(wrong(format!("unknown key `{key}`"))),
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AuthConfig, Error> {
        AuthConfig::read(Path::new("h"), Path::new("h/config.toml"), text)
    }

    #[test]
    fn files_of_the_go_service_are_understood() {
        let today = "Listen = \"127.0.0.1:7000\"\nReadTimeout = 30000000000\n[DB]\nType = \"badger\"\n[Log]\nLogLevel = \"trace\"";
        let config = read(today).unwrap();
        assert_eq!(config.listen, "127.0.0.1:7000".parse().unwrap());
        assert_eq!(config.request_timeout, Duration::from_secs(30));
        assert_eq!(read("Port = \"8989\"").unwrap().listen, "0.0.0.0:8989".parse().unwrap());
        assert_eq!(read("").unwrap(), AuthConfig::in_home("h"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("lisen = \"x\"", "lisen"),
            ("listen = 5", "listen"),
            ("readTimeout = \"1h:20m\"", "readTimeout"),
            ("[db]\ntype = \"mysql\"", "mysql"),
            ("[log]\nHookSwitch = true", "log.InfluxDB"),
            ("[log]\nHookSwitch = 1", "log.HookSwitch"),
            ("[log]\nHookSwitch = true\n[log.InfluxDB]\nServerURL = \"x\"", "ServerURL"),
            ("a = ", "config.toml"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
