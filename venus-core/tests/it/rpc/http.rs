//! The server over plain HTTP: numbers are those of `spec/jsonrpc.md` section 19.

use std::sync::atomic::Ordering;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use venus_core::rpc::{Keepalive, Limits};

use super::{Running, Toy};

async fn raw(server: &Running, token: &str, body: impl Into<reqwest::Body>) -> Response {
    let url = format!("http://{}/rpc/v0", server.address);
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(url);
    request.bearer_auth(token).body(body).send().await.unwrap()
}

async fn post(server: &Running, body: &str) -> (u16, Value) {
    let response = raw(server, "admin", body.to_owned()).await;
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn start() -> Running {
    let server = Running::start().await;
    // Installs the TLS provider that every reqwest client needs.
    let _ = server.client("http", "admin");
    server
}

fn error_of(answer: &Value) -> (i64, &str) {
    assert!(answer.get("result").is_none(), "never both keys: {answer}");
    (answer["error"]["code"].as_i64().unwrap(), answer["error"]["message"].as_str().unwrap())
}

#[tokio::test]
async fn results_and_ids() {
    let server = start().await;
    // 1 and 2
    for params in [r#","params":[]"#, r#","params":null"#, ""] {
        let body = format!(r#"{{"jsonrpc":"2.0","method":"Toy.Inc"{params},"id":1}}"#);
        let answer = post(&server, &body).await;
        assert_eq!(answer, (200, json!({"jsonrpc": "2.0", "id": 1, "result": null})));
    }
    // 4
    for (id, echo) in [
        (r#""8116d306-56cc-4637-9dd7-39ce1548a5a0""#, r#""8116d306-56cc-4637-9dd7-39ce1548a5a0""#),
        ("1234", "1234"),
        ("1234.0", "1234"),
        ("1.2", "1.2"),
    ] {
        let (status, answer) =
            post(&server, &format!(r#"{{"Method":"Toy.Add","ID":{id},"params":[3,null]}}"#)).await;
        assert_eq!((status, &answer["result"]), (200, &json!(3)));
        assert_eq!(answer["id"].to_string(), echo);
    }
    // 5
    for id in [r#"["1"]"#, r#"{"a":"b"}"#, "true"] {
        let (status, answer) = post(&server, &format!(r#"{{"method":"Toy.Inc","id":{id}}}"#)).await;
        assert_eq!((status, error_of(&answer).0, &answer["id"]), (500, -32700, &Value::Null));
    }
    // 6
    let before = server.toy.count.load(Ordering::SeqCst);
    for body in [r#"{"method":"Toy.Inc","id":null}"#, r#"{"method":"Toy.Inc"}"#] {
        let response = raw(&server, "read", body).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.text().await.unwrap(), "");
    }
    assert_eq!(server.toy.count.load(Ordering::SeqCst), before + 2);
}

#[tokio::test]
async fn errors_have_the_codes_and_texts_of_go() {
    let server = start().await;
    for (body, status, code, text) in [
        // 7 to 12
        (r#"{"id":1,"method":"Toy.Nope"}"#, 500, -32601, "method 'Toy.Nope' not found"),
        (
            r#"{"id":1,"method":"Toy.Add","params":[1]}"#,
            500,
            -32602,
            "wrong param count (method 'Toy.Add'): 1 != 2",
        ),
        (
            r#"{"id":1,"method":"Toy.Add","params":["1",2]}"#,
            500,
            -32700,
            "unmarshaling params for 'Toy.Add' (param: i64)",
        ),
        (r#"{"id":1,"method":"Toy.Add","params":{}}"#, 500, -32700, "unmarshaling param array"),
        (r#"{"id":1,"method":"Toy.Fail","params":["boom"]}"#, 200, 1, "boom"),
        (r#"{"id":1,"method":"Toy.FailWith","params":[11001]}"#, 200, 11001, "coded"),
        // Never 2: Go clients would call again for ever.
        (r#"{"id":1,"method":"Toy.FailWith","params":[2]}"#, 200, 1, "coded"),
        ("{not json", 500, -32700, "Parse error"),
        ("", 400, -32600, "Invalid request"),
        ("17", 500, -32700, "unmarshaling request"),
        (r#"{"id":1,"method":5}"#, 500, -32700, "unmarshaling request"),
        (
            r#"{"id":1,"method":"Toy.Count","params":[1,false]}"#,
            500,
            -32601,
            "method 'Toy.Count' not supported in this mode (no out channel support)",
        ),
        (
            r#"{"id":1,"method":"Toy.Crash"}"#,
            500,
            0,
            "fatal error calling 'Toy.Crash': panic in rpc method 'Toy.Crash': on purpose",
        ),
    ] {
        let (got, answer) = post(&server, body).await;
        let error = error_of(&answer);
        assert_eq!((got, error.0), (status, code), "{body}: {answer}");
        assert!(error.1.contains(text), "{body}: {answer}");
    }
}

#[tokio::test]
async fn batches_leave_notifications_out() {
    let server = start().await;
    // 13 to 15
    let body = r#"[{"method":"Toy.Add","params":[123,0],"id":7},{"method":"Toy.Inc"},{"params":[-122],"id":10}]"#;
    let (status, answer) = post(&server, body).await;
    assert_eq!(status, 200);
    assert_eq!(answer.as_array().unwrap().len(), 2);
    assert_eq!(answer[0], json!({"jsonrpc": "2.0", "id": 7, "result": 123}));
    assert_eq!(error_of(&answer[1]), (-32601, "method '' not found"));
    assert_eq!(answer[1]["id"], 10);

    assert_eq!(post(&server, r#"[{"method":"Toy.Inc"}]"#).await, (200, Value::Null));
    let (status, answer) = post(&server, " [ ] ").await;
    assert_eq!((status, error_of(&answer)), (400, (-32600, "Invalid request")));
    let (status, answer) = post(&server, "[{]").await;
    assert_eq!((status, error_of(&answer)), (500, (-32700, "Parse error")));
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let server = start().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}", server.address);
    let body = r#"{"id":1,"method":"Toy.Inc"}"#;
    // 16
    for header in [None, Some("xyz"), Some("Bearer forged"), Some("bearer admin")] {
        for path in ["/rpc/v0", "/rpc/v9", "/"] {
            let mut request = http.post(format!("{url}{path}")).body(body);
            if let Some(header) = header {
                request = request.header("Authorization", header);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{header:?} {path}");
            assert_eq!(response.text().await.unwrap(), "");
        }
    }
    assert_eq!(server.toy.count.load(Ordering::SeqCst), 0);
    // 17
    let response = http.post(format!("{url}/rpc/v0?token=read")).body(body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    let response = http.get(format!("{url}/nothing?token=read")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);

    let response = http.get(format!("{url}/healthcheck")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
    assert_eq!(response.text().await.unwrap(), "{\"status\":\"OK\"}\n");
}

#[tokio::test]
async fn permissions_are_checked_after_the_parameters() {
    let server = start().await;
    // 18
    let body = r#"{"id":1,"method":"Toy.WalletSign","params":[[1]]}"#;
    let response = raw(&server, "read", body).await;
    assert_eq!(response.status(), StatusCode::OK);
    let answer: Value = response.json().await.unwrap();
    let text = "missing permission to invoke 'WalletSign'  (need 'admin')";
    assert_eq!(error_of(&answer), (1, text));

    let response = raw(&server, "read", r#"{"id":1,"method":"Toy.WalletSign"}"#).await;
    assert_eq!(error_of(&response.json().await.unwrap()).0, -32602);

    assert_eq!(server.client("http", "admin").wallet_sign(vec![7]).await.unwrap(), [7]);
    let refusal = server.client("http", "sign").wallet_sign(vec![7]).await.unwrap_err();
    assert_eq!((refusal.to_string().as_str(), refusal.is_retryable()), (text, false));
}

#[tokio::test]
async fn large_bodies_are_refused_with_an_answer() {
    let limits = Limits { body: 1000, ..Limits::default() };
    let server =
        Running::start_with("127.0.0.1:0".parse().unwrap(), limits, Keepalive::default()).await;
    let _ = server.client("http", "admin");
    let fitting = format!("{:<1000}", r#"{"id":1,"method":"Toy.Inc"}"#);
    assert_eq!(post(&server, &fitting).await.0, 200);
    // 19
    let (status, answer) = post(&server, &format!("{fitting} ")).await;
    assert_eq!(status, 500);
    assert_eq!(error_of(&answer), (-32700, "request bigger than maximum 1000 allowed"));
}

#[tokio::test]
async fn null_is_an_empty_list_and_the_interface_is_described() {
    let server = start().await;
    let (_, answer) = post(&server, r#"{"id":1,"method":"Toy.Len","params":[null]}"#).await;
    assert_eq!(answer["result"], 0);
    let (_, answer) = post(&server, r#"{"id":1,"method":"rpc.discover"}"#).await;
    assert_eq!(answer["result"]["methods"].as_array().unwrap().len(), 12);
    assert_eq!(answer["result"]["methods"][0]["name"], "Toy.Add");
}

#[tokio::test]
async fn calls_are_counted_for_who_has_a_token() {
    let server = start().await;
    post(&server, r#"{"id":1,"method":"Toy.Inc"}"#).await;
    post(&server, r#"{"id":1,"method":"Toy.Inc"}"#).await;
    post(&server, r#"{"id":1,"method":"Toy.Made Up 1"}"#).await;
    post(&server, r#"{"id":1,"method":"Toy.Made Up 2"}"#).await;
    server.client("ws", "admin").wallet_sign(vec![7]).await.unwrap();

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/metrics", server.address);
    let refused = http.get(&url).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let text = http.get(&url).bearer_auth("read").send().await.unwrap().text().await.unwrap();
    for line in [
        r#"venus_rpc_calls_total{method="Toy.Inc",outcome="ok"} 2"#,
        r#"venus_rpc_calls_total{method="unknown",outcome="error"} 2"#,
        r#"venus_rpc_calls_total{method="Toy.WalletSign",outcome="ok"} 1"#,
        r#"venus_rpc_seconds_count{method="Toy.Inc"} 2"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
