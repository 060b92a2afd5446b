//! Where messages are kept: the section `[db]`.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use venus_core::{
    duration::GoDuration,
    sql::{Dsn, PoolLimits},
};
use venus_messager::{Messager, MessagerBuilder, MessagerError, SqlStore};

use crate::peers::{Retryable, patiently};

/// The section, with the keys of sophon-messager.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Db {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) mysql: Mysql,
}

impl Default for Db {
    fn default() -> Self {
        Self { kind: "sled".to_owned(), mysql: Mysql::default() }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Mysql {
    /// With the password.
    pub(super) connection_string: String,
    max_open_conn: i64,
    max_idle_conn: i64,
    conn_max_life_time: GoDuration,
}

impl Default for Mysql {
    fn default() -> Self {
        Self {
            connection_string: String::new(),
            max_open_conn: 10,
            max_idle_conn: 10,
            conn_max_life_time: GoDuration(Duration::from_secs(60)),
        }
    }
}

impl fmt::Debug for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mysql").field("max_open_conn", &self.max_open_conn).finish_non_exhaustive()
    }
}

/// A store that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In the home.
    Embedded,
    /// In a database.
    Mysql(Box<Dsn>, PoolLimits),
}

impl Db {
    /// What the section says.
    pub(super) fn place(&self) -> anyhow::Result<Place> {
        match self.kind.to_lowercase().as_str() {
            "" | "sled" | "sqlite" => Ok(Place::Embedded),
            "mysql" if self.mysql.connection_string.is_empty() => bail!(
                "the database `mysql` needs its DSN: give it as --mysql-dsn, or as \
                 `connectionString` in the section [db.mysql], as \
                 `user:password@tcp(127.0.0.1:3306)/messager?parseTime=true&loc=Local`"
            ),
            "mysql" => {
                let dsn = self.mysql.connection_string.parse();
                let dsn: Dsn = dsn.context("--mysql-dsn or `connectionString` of [db.mysql]")?;
                Ok(Place::Mysql(Box::new(dsn), self.mysql.limits()))
            }
            _ => bail!("unexpected db type {} (want 'sqlite' or 'mysql')", self.kind),
        }
    }

    /// Whether this asks for the file that the Go service keeps.
    pub(super) fn wants_sqlite(&self) -> bool {
        self.kind.eq_ignore_ascii_case("sqlite")
    }
}

impl Mysql {
    /// As in Go, a number below zero is none, or no limit; so is zero.
    fn limits(&self) -> PoolLimits {
        let count = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
        let life = self.conn_max_life_time.0;
        PoolLimits {
            max_open: count(self.max_open_conn),
            max_idle: count(self.max_idle_conn),
            max_life_time: (!life.is_zero()).then_some(life),
            max_idle_time: None,
        }
    }
}

/// Puts the messager on the store.
pub(super) async fn open(
    builder: MessagerBuilder,
    home: &Path,
    db: &Db,
) -> anyhow::Result<Messager> {
    match db.place()? {
        Place::Embedded => {
            if db.wants_sqlite() {
                let path = home.join("store");
                tracing::info!(path = %path.display(), "no SQLite here: messages are kept in sled");
                let file = home.join("message.db");
                if file.exists() {
                    let file = file.display();
                    tracing::warn!(%file, "the messages of sophon-messager in it are not read");
                }
            }
            let opened = builder.open(home).await;
            opened.with_context(|| format!("opening the messages in {}", home.display()))
        }
        Place::Mysql(dsn, limits) => {
            let who = format!("the database {dsn}");
            let store = patiently(who, || SqlStore::open(&dsn, &limits)).await?;
            tracing::info!(database = %dsn, "messages are kept in a database");
            Ok(builder.with_store(Arc::new(store)))
        }
    }
}

impl Retryable for MessagerError {
    fn retryable(&self) -> bool {
        matches!(self, Self::Sql(error) if error.is_away())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db(text: &str) -> Db {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_section_of_the_go_service_is_understood() {
        let text = r#"
            type = "mysql"
            [sqlite]
            debug = false
            [mysql]
            connectionString = "root:secret@tcp(127.0.0.1:3306)/cali_venus?parseTime=true&loc=Local"
            maxOpenConn = 12
            maxIdleConn = 3
            connMaxLifeTime = "2m0s"
            debug = false
        "#;
        let db = db(text);
        let Place::Mysql(dsn, limits) = db.place().unwrap() else { panic!("not MySQL") };
        assert_eq!(dsn.to_string(), "root@tcp(127.0.0.1:3306)/cali_venus");
        assert_eq!((limits.max_open, limits.max_idle), (12, 3));
        assert_eq!(limits.max_life_time, Some(Duration::from_secs(120)));
        assert!(!format!("{db:?}").contains("secret"));
    }

    #[test]
    fn the_embedded_store_needs_nothing() {
        for text in ["", "type = \"sled\"", "type = \"sqlite\"\n[mysql]\nconnectionString = \"x\""]
        {
            assert_eq!(db(text).place().unwrap(), Place::Embedded, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_the_password() {
        for (text, word) in [
            ("type = \"redis\"", "unexpected db type redis (want 'sqlite' or 'mysql')"),
            ("type = \"mysql\"", "--mysql-dsn"),
            ("type = \"mysql\"\n[mysql]\nconnectionString = \"root:secret@tcp(h)\"", "database"),
        ] {
            let error = format!("{:#}", db(text).place().unwrap_err());
            assert!(error.contains(word) && !error.contains("secret"), "{error}");
        }
    }
}
