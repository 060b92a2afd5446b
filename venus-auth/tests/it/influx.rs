//! The access log in InfluxDB.

use std::sync::{Arc, Mutex};

use axum::{Router, http::HeaderMap, http::StatusCode, http::Uri, routing::post};
use tokio_util::sync::CancellationToken;
use venus_auth::{Auth, AuthConfig};
use venus_core::auth::{AuthAdmin, Claims, NewUser, Permission, token_fingerprint};

use crate::world;

type Seen = Arc<Mutex<Vec<(String, String, String)>>>;

/// Something that answers as InfluxDB does, busy the first time.
async fn influx(seen: Seen) -> String {
    let busy = Arc::new(Mutex::new(true));
    let write = async move |uri: Uri, headers: HeaderMap, body: String| {
        if std::mem::take(&mut *busy.lock().unwrap()) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let token = headers["authorization"].to_str().unwrap().to_owned();
        seen.lock().unwrap().push((uri.to_string(), token, body));
        StatusCode::NO_CONTENT
    };
    let router = Router::new().route("/api/v2/write", post(write));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn every_verification_becomes_a_point() {
    let seen = Seen::default();
    let url = influx(Arc::clone(&seen)).await;
    let home = tempfile::tempdir().unwrap();
    let text = format!(
        "[log]\nlogLevel = 6\nhookSwitch = true\n[log.influxdb]\nserverURL = \"{url}\"\n\
         authToken = \"it-is-secret\"\norg = \"venus\"\nbucket = \"a b\"\nflushInterval = \"50ms\"\n\
         batchSize = 2"
    );
    let config = AuthConfig::read(home.path(), home.path(), &text).unwrap();
    assert!(!format!("{config:?}").contains("it-is-secret"));
    let listening = AuthConfig { listen: world::config(home.path()).listen, ..config };
    let auth = Auth::builder(listening).open().await.unwrap();
    let auth = auth.start(CancellationToken::new()).await.unwrap();
    auth.service().create_user(&NewUser::enabled("bob")).await.unwrap();
    let token = auth.service().generate_token(&Claims::new("bob", Permission::Sign)).await.unwrap();
    let world = world::World { auth, home };
    let headers = [
        ("Authorization".to_owned(), format!("Bearer {token}")),
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("X-Forwarded-For".to_owned(), "unknown, 10.1.2.3".to_owned()),
        ("SVCNAME".to_owned(), "venus gateway".to_owned()),
        ("spanid".to_owned(), "7".to_owned()),
    ];
    let body = format!("{{\"token\":\"{token}\"}}");
    assert_eq!(world.send("POST", "/verify", &headers, Some(&body)).await.status, 200);
    let bad = world.send("POST", "/verify", &headers[..2], Some("{\"token\":\"x\"}")).await;
    assert_eq!(bad.status, 400);
    world.auth.shutdown().await.unwrap();

    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let lines: Vec<_> = seen.iter().flat_map(|(.., body)| body.lines()).collect();
    assert_eq!(lines.len(), 2, "{seen:?}");
    let fingerprint = token_fingerprint(&token);
    let good = format!(
        "verify,ip=10.1.2.3,level=trace,name=bob,svcName=venus\\ gateway elapsed=#,message=\
         \"{{\\\"name\\\":\\\"bob\\\",\\\"perm\\\":\\\"sign\\\",\\\"ext\\\":\\\"\\\"}}\",\
         preHost=\"\",spanId=\"7\",token=\"{fingerprint}\" #"
    );
    assert_eq!(without_times(lines[0]), good);
    let refused = "verify,ip=127.0.0.1,level=error elapsed=#,message=\"can't parse user";
    assert!(without_times(lines[1]).starts_with(refused), "{}", lines[1]);
    for (uri, shown, body) in &seen {
        assert_eq!(uri, "/api/v2/write?org=venus&bucket=a+b&precision=ns");
        assert_eq!(shown, "Token it-is-secret");
        assert!(!body.contains(&token));
    }
}

/// The line without the numbers that differ each time.
fn without_times(line: &str) -> String {
    let (front, back) = line.split_once("elapsed=").unwrap();
    let (_, middle) = back.split_once(',').unwrap();
    let (middle, _) = middle.rsplit_once(' ').unwrap();
    format!("{front}elapsed=#,{middle} #")
}
