//! A running venus-auth.

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use venus_auth::{Auth, AuthConfig, AuthHandle, DbConfig};
use venus_core::test_utils::replay::{self, Answer};

pub(crate) struct World {
    pub(crate) auth: AuthHandle,
    pub(crate) home: TempDir,
}

pub(crate) fn config(home: &std::path::Path) -> AuthConfig {
    let mut config = AuthConfig::in_home(home);
    config.listen = "127.0.0.1:0".parse().unwrap();
    config
}

impl World {
    pub(crate) async fn start(admit_disabled_users: bool) -> Self {
        Self::start_over(DbConfig::Sled, admit_disabled_users).await
    }

    pub(crate) async fn start_over(db: DbConfig, admit_disabled_users: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut config = config(home.path());
        config.db = db;
        config.admit_disabled_users = admit_disabled_users;
        let auth = Auth::builder(config).open().await.unwrap();
        Self { auth: auth.start(CancellationToken::new()).await.unwrap(), home }
    }

    /// Sends exactly these headers, `Host` and `Content-Length`.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Option<&str>,
    ) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name, value));
        replay::send(self.auth.local_addr(), method, path, headers, body).await
    }
}
