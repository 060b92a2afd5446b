//! Where venus-auth and venus-messager keep what they know.

use venus_core::test_utils::MariaDb;

use crate::walk::Walk;

/// What tells the version of a store of venus-auth.
const NEWER: &str = "CREATE TABLE store_versions (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, \
    version bigint unsigned); INSERT INTO store_versions VALUES (1, 9)";

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
    /// The name of that of venus-auth.
    auth: String,
    /// The name of one that a newer program has made.
    newer: String,
}

impl Stores {
    /// A server with two databases, whose places the walk then knows.
    pub(crate) fn sql(walk: &mut Walk) -> Self {
        let server = MariaDb::start();
        let inside = |text: &str, from: &str, to: &str| {
            let rest = text.split_once(from).unwrap().1;
            rest.split(to).next().unwrap().to_owned()
        };
        let [auth, messager, newer] = [(); 3].map(|()| inside(&server.database(), "/", "?"));
        server.execute(&newer, NEWER);
        walk.set("database server", &inside(&server.dsn(&auth), "(", ")"));
        walk.set("messager database", &messager);
        Self::Sql(Box::new(Databases { server, auth, newer }))
    }

    /// The section of venus-auth's configuration, as the guide has it; empty without a database.
    pub(crate) fn auth(&self, walk: &Walk) -> String {
        let Self::Sql(databases) = self else { return String::new() };
        let section = walk.configuration("db");
        let section = section.replace("127.0.0.1:3306", &walk.values["database server"]);
        section.replace("/venus_auth?", &format!("/{}?", databases.auth))
    }

    /// What to change in that section, and the words of the error it makes.
    pub(crate) fn wrong(&self) -> Vec<[String; 3]> {
        let Self::Sql(databases) = self else { return Vec::new() };
        let place = format!("/{}?", databases.auth);
        let newer = format!("/{}?", databases.newer);
        [
            ["root:111111", "root:wr0ng", "refused the login `root`"],
            [&place, "/nowhere?", "CREATE DATABASE"],
            [&place, &newer, "of version 9"],
            ["@(", "@udp(", "tcp(host:port)"],
            ["\"mysql\"", "\"oracle\"", "oracle"],
        ]
        .map(|words| words.map(str::to_owned))
        .to_vec()
    }

    /// Whether the messager is given a database, too.
    pub(crate) const fn messager_in_sql(&self) -> bool {
        matches!(self, Self::Sql(_))
    }

    /// What a messager says that is started first of all.
    pub(crate) const fn messager_waits_for(&self) -> &'static str {
        match self {
            Self::Sled => "waiting for venus-auth",
            Self::Sql(_) => "waiting for the database",
        }
    }

    /// Kills the database server, where there is one.
    pub(crate) fn kill(&mut self) {
        if let Self::Sql(databases) = self {
            databases.server.kill();
        }
    }

    /// Starts the killed server again.
    pub(crate) fn restart(&mut self) {
        if let Self::Sql(databases) = self {
            databases.server.restart();
        }
    }
}
