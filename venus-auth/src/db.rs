//! Which store: the section `[db]`.

use std::{path::Path, sync::Arc};

#[cfg(feature = "sql")]
use venus_core::sql::{Dsn, DsnError, PoolLimits};

use crate::store::{AuthStore, SledStore, StoreError};

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DbConfig {
    /// Embedded, in the folder `data` of the home. `badger`, the embedded store of the Go service,
    /// means this too.
    #[default]
    Sled,
    /// A database that speaks the protocol of MySQL.
    #[cfg(feature = "sql")]
    Mysql {
        /// Where it is, with user and password.
        dsn: Box<Dsn>,
        /// How many connections to it.
        limits: PoolLimits,
    },
}

impl DbConfig {
    /// A database with as many connections as sophon-auth takes.
    ///
    /// # Errors
    ///
    /// What is wrong with the DSN, without the password.
    #[cfg(feature = "sql")]
    pub fn mysql(dsn: &str) -> Result<Self, DsnError> {
        Ok(Self::Mysql { dsn: Box::new(dsn.parse()?), limits: PoolLimits::default() })
    }

    /// Reads the section. The error is the reason alone.
    pub(crate) fn read(section: &toml::Value) -> Result<Self, String> {
        let table = section.as_table().ok_or("`db` must be a section")?;
        let mut kind = String::new();
        #[cfg(feature = "sql")]
        let (mut dsn, mut limits) = (None, PoolLimits::default());
        for (key, value) in table {
            let not = |what: &str| format!("`db.{key}` must be {what}");
            match key.to_lowercase().replace(['_', '-'], "").as_str() {
                "type" => kind = value.as_str().ok_or_else(|| not("sled or mysql"))?.to_lowercase(),
                "debug" => {}
                #[cfg(feature = "sql")]
                "dsn" => dsn = Some(value.as_str().ok_or_else(|| not("text"))?),
                #[cfg(feature = "sql")]
                "maxopenconns" => limits.max_open = count(value).ok_or_else(|| not("a number"))?,
                #[cfg(feature = "sql")]
                "maxidleconns" => limits.max_idle = count(value).ok_or_else(|| not("a number"))?,
                #[cfg(feature = "sql")]
                "maxlifetime" => {
                    limits.max_life_time = duration(value).ok_or_else(|| not("a time, as 120s"))?;
                }
                #[cfg(feature = "sql")]
                "maxidletime" => {
                    limits.max_idle_time = duration(value).ok_or_else(|| not("a time, as 60s"))?;
                }
                #[cfg(not(feature = "sql"))]
                "dsn" | "maxopenconns" | "maxidleconns" | "maxlifetime" | "maxidletime" => {}
                _ => return Err(format!("unknown key `db.{key}`")),
            }
        }
        match kind.as_str() {
            "" | "badger" | "sled" => Ok(Self::Sled),
            #[cfg(feature = "sql")]
            "mysql" => match dsn {
                Some(dsn) if !dsn.is_empty() => {
                    let dsn: Dsn = dsn.parse().map_err(|error| format!("`db.dsn`: {error}"))?;
                    Ok(Self::Mysql { dsn: Box::new(dsn), limits })
                }
                _ => Err("the type mysql needs `db.dsn`, as \
                    `user:password@tcp(127.0.0.1:3306)/venus_auth?parseTime=true&loc=Local`"
                    .to_owned()),
            },
            #[cfg(not(feature = "sql"))]
            "mysql" => Err("this program was built without MySQL; use sled, or build it with the \
                feature `sql`"
                .to_owned()),
            other => Err(format!("the type {other} is not currently supported; use sled or mysql")),
        }
    }

    pub(crate) async fn open(&self, home: &Path) -> Result<Arc<dyn AuthStore>, StoreError> {
        match self {
            Self::Sled => {
                let path = home.join("data");
                let open = tokio::task::spawn_blocking(move || SledStore::open(&path)).await;
                let failed = |error: tokio::task::JoinError| StoreError::Backend {
                    what: "open",
                    source: error.into(),
                };
                Ok(Arc::new(open.map_err(failed)??))
            }
            #[cfg(feature = "sql")]
            Self::Mysql { dsn, limits } => {
                Ok(Arc::new(crate::store::SqlStore::open(dsn, limits).await?))
            }
        }
    }
}

#[cfg(feature = "sql")]
fn count(value: &toml::Value) -> Option<u32> {
    match value {
        // Go takes a negative number for none, or for no limit: both is 0 here.
        toml::Value::Integer(number) => u32::try_from((*number).max(0)).ok(),
        value => value.as_str()?.parse().ok(),
    }
}

/// Zero is no limit. The inner `None` is that, the outer one an error.
#[cfg(feature = "sql")]
fn duration(value: &toml::Value) -> Option<Option<std::time::Duration>> {
    let nanoseconds = match value {
        toml::Value::Integer(nanoseconds) => *nanoseconds,
        value => venus_core::duration::parse_go_duration(value.as_str()?)?,
    };
    let time = std::time::Duration::from_nanos(u64::try_from(nanoseconds).ok()?);
    Some((!time.is_zero()).then_some(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DbConfig, String> {
        let table: toml::Table = text.parse().unwrap();
        DbConfig::read(&table["db"])
    }

    #[test]
    fn an_embedded_store_needs_nothing_more() {
        for text in ["[db]", "[db]\nType = \"badger\"\nDSN = \"\"", "[db]\ntype = \"sled\""] {
            assert_eq!(read(text).unwrap(), DbConfig::Sled);
        }
        assert!(read("[db]\ntype = \"redis\"").unwrap_err().contains("redis"));
        assert!(read("[db]\nuser = \"x\"").unwrap_err().contains("`db.user`"));
    }

    #[cfg(feature = "sql")]
    #[test]
    fn the_guides_section_is_understood() {
        let text = "[db]\ntype = \"mysql\"\nDSN = \"root:111111@(127.0.0.1:3306)/venus_auth?\
            parseTime=true&loc=Local&charset=utf8mb4&collation=utf8mb4_unicode_ci&readTimeout=10s\
            &writeTimeout=10s\"\nmaxOpenConns = 64\nmaxIdleConns = 8\nmaxLifeTime = \"120s\"\n\
            maxIdleTime = 30000000000\ndebug = false";
        let DbConfig::Mysql { dsn, limits } = read(text).unwrap() else { panic!("not MySQL") };
        assert_eq!(dsn.to_string(), "root@tcp(127.0.0.1:3306)/venus_auth");
        let seconds = std::time::Duration::from_secs;
        let expected = PoolLimits {
            max_open: 64,
            max_idle: 8,
            max_life_time: Some(seconds(120)),
            max_idle_time: Some(seconds(30)),
        };
        assert_eq!(limits, expected);
        for (text, word) in [
            ("[db]\ntype = \"mysql\"", "db.dsn"),
            ("[db]\ntype = \"mysql\"\nDSN = \"root:secret@(h)\"", "db.dsn"),
            ("[db]\ntype = \"mysql\"\nDSN = \"r@(h)/d\"\nmaxLifeTime = \"1h:2\"", "maxLifeTime"),
            ("[db]\ntype = \"mysql\"\nDSN = \"r@(h)/d\"\nmaxOpenConns = \"x\"", "maxOpenConns"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(word) && !error.contains("secret"), "{error}");
        }
    }
}
