//! Encrypted connections, as `tls` in the DSN asks for them.

use std::{path::Path, process::Command};

use rcgen::{CertificateParams, IsCa, KeyPair};
use venus_core::{
    sql::{PoolLimits, SqlError, SqlPool, open_pool, sqlx},
    test_utils::MariaDb,
};

/// Names the database that the test binary, started by itself, shall open with trust in another
/// authority.
const TRUSTING: &str = "VENUS_AUTH_TEST_TRUSTING";

/// A server with a certificate for 127.0.0.1 that it signed itself.
fn server(dir: &Path) -> MariaDb {
    let path = |name: &str| dir.join(name).display().to_string();
    let (key, certificate) = (path("key.pem"), path("certificate.pem"));
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = IsCa::ExplicitNoCa;
    let pair = KeyPair::generate().unwrap();
    std::fs::write(&key, pair.serialize_pem()).unwrap();
    std::fs::write(&certificate, params.self_signed(&pair).unwrap().pem()).unwrap();
    MariaDb::start_with([format!("--ssl-key={key}"), format!("--ssl-cert={certificate}")])
}

async fn connect(dsn: &str, tls: &str) -> Result<SqlPool, SqlError> {
    let dsn = format!("{dsn}&tls={tls}").parse().unwrap();
    open_pool(&dsn, &PoolLimits::default()).await
}

/// The cipher of a connection; empty if it is in the clear.
async fn cipher(pool: &SqlPool) -> String {
    let status = || sqlx::query_as::<_, (String, String)>("SHOW STATUS LIKE 'Ssl_cipher'");
    pool.fetch_optional(status).await.unwrap().unwrap().1
}

#[tokio::test]
async fn connections_are_encrypted_as_the_dsn_says() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let dsn = server.database();
    for (tls, encrypted) in [("false", false), ("preferred", true), ("skip-verify", true)] {
        let pool = connect(&dsn, tls).await.unwrap();
        let cipher = cipher(&pool).await;
        assert_eq!(!cipher.is_empty(), encrypted, "{tls}: {cipher}");
    }
    let error = connect(&dsn, "true").await.unwrap_err();
    assert!(matches!(error, SqlError::Certificate { .. }) && !error.is_away(), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("certificate") && text.contains("tls=skip-verify"), "{text}");

    // An authority that the machine trusts.
    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sql_tls::trusting", "--nocapture"])
        .env(TRUSTING, &dsn)
        .env("SSL_CERT_FILE", dir.path().join("certificate.pem"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&trusting.stdout);
    assert!(trusting.status.success() && text.contains("encrypted with"), "{trusting:?}");
}

/// Not a test of its own: the process that is started above.
#[tokio::test]
async fn trusting() {
    let Ok(dsn) = std::env::var(TRUSTING) else { return };
    let cipher = cipher(&connect(&dsn, "true").await.unwrap()).await;
    assert!(!cipher.is_empty());
    println!("encrypted with {cipher}");
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_is_away() {
    let dsn = MariaDb::shared().database();
    assert!(cipher(&connect(&dsn, "preferred").await.unwrap()).await.is_empty());
    for tls in ["skip-verify", "true"] {
        let error = connect(&dsn, tls).await.unwrap_err();
        assert!(matches!(error, SqlError::Unencrypted { .. }) && !error.is_away(), "{error:?}");
        assert!(error.to_string().contains("tls=false"), "{error}");
    }
}
