//! Where venus-auth and venus-messager keep what they know.

use venus_core::test_utils::MariaDb;

use crate::walk::Walk;

/// The kind of the stores.
#[derive(Debug)]
pub(crate) enum Stores {
    /// Each in its home.
    Sled,
    /// In databases of a server of the walk's own.
    Sql(Box<Databases>),
}

/// The databases of a walk.
#[derive(Debug)]
pub(crate) struct Databases {
    server: MariaDb,
    /// The DSN of venus-auth.
    auth: String,
}

impl Stores {
    /// A server with two databases, whose places the walk then knows.
    pub(crate) fn sql(walk: &mut Walk) -> Self {
        let server = MariaDb::start();
        let (auth, messager) = (server.database(), server.database());
        let inside = |text: &str, from: &str, to: &str| {
            let rest = text.split_once(from).unwrap().1;
            rest.split(to).next().unwrap().to_owned()
        };
        walk.set("database server", &inside(&messager, "(", ")"));
        walk.set("messager database", &inside(&messager, "/", "?"));
        Self::Sql(Box::new(Databases { server, auth }))
    }

    /// The section of venus-auth's configuration, as the guide has it.
    pub(crate) fn auth(&self) -> String {
        let Self::Sql(databases) = self else { return String::new() };
        let place = databases.auth.split('?').next().unwrap_or_default();
        format!(
            "[db]\ntype = \"mysql\"\nDSN = \"{place}?parseTime=true&loc=Local&charset=utf8mb4\
             &collation=utf8mb4_unicode_ci&readTimeout=10s&writeTimeout=10s\"\n\
             maxOpenConns = 64\nmaxIdleConns = 128\nmaxLifeTime = \"120s\"\nmaxIdleTime = \"60s\"\n"
        )
    }

    /// Whether the messager is given a database, too.
    pub(crate) const fn messager_in_sql(&self) -> bool {
        matches!(self, Self::Sql(_))
    }

    /// Kills the database server and starts it again, where there is one.
    pub(crate) fn kill_and_restart(&mut self) {
        if let Self::Sql(databases) = self {
            databases.server.kill();
            databases.server.restart();
        }
    }
}
