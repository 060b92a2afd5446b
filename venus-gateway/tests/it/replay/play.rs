//! Plays one scenario: what clients send is sent, what they received is compared.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use venus_core::{
    crypto::{KeyInfo, PrivateKey},
    test_utils::replay::{Headers, send},
};

use super::{
    auth::token,
    judge::Judge,
    recording::{self, Frame, Known, Registered, Scenario, kind, readable},
    socket::Socket,
    stage::Stage,
};

/// Keys of the Go wallet in the recordings, by what their addresses begin with.
const GO_KEYS: [(&str, &str); 3] = [
    (
        "f17rm",
        r#"{"Type":"secp256k1","PrivateKey":"KioqKioqKipfvw7Q+DZMAf8nVA7NZmn/TMVIy+YO9as="}"#,
    ),
    ("f3tho", r#"{"Type":"bls","PrivateKey":"M/84+owcU8PvGy+BHO6c5PfsLOkLFs7rlnXcaqPQSBc="}"#),
    (
        "f410f",
        r#"{"Type":"delegated","PrivateKey":"M/84+owcU8PvGy+BHO6c5PfsLOkLFs7rlnXcaqPQSCE="}"#,
    ),
];

const PATIENCE: Duration = Duration::from_secs(10);

const SIGN_BYTES: [u8; 32] = [0x20; 32];

fn key_of(address: &str) -> PrivateKey {
    if let Some((_, json)) = GO_KEYS.iter().find(|(start, _)| address.starts_with(start)) {
        return PrivateKey::try_from(&serde_json::from_str::<KeyInfo>(json).unwrap()).unwrap();
    }
    (1..=3).map(crate::world::key).find(|key| key.address().to_string() == address).unwrap()
}

type Request = (String, String, Headers, String);

pub(crate) struct Player<'a> {
    stage: &'a mut Stage,
    judge: &'a mut Judge,
    known: Known,
    tries_once: bool,
    sockets: BTreeMap<String, Socket>,
    /// Requests over HTTP that are under way.
    posted: BTreeMap<String, (Request, JoinHandle<(u16, String)>)>,
    /// What was last to be signed on a connection: by whom and what.
    to_sign: HashMap<String, (String, Vec<u8>)>,
    /// The random bytes of the wallets, by connection.
    sign_bytes: HashMap<String, Vec<u8>>,
    /// The connections that the client has closed.
    closing: BTreeSet<String>,
    /// Whether somebody left, which the gateway may take a moment to notice.
    left: bool,
}

impl<'a> Player<'a> {
    /// `tries_once`: the scenario may go another way, so it is given up at the first difference.
    pub(crate) fn new(stage: &'a mut Stage, judge: &'a mut Judge, tries_once: bool) -> Self {
        let mut known = Known::default();
        for name in ["w_acc-read", "w_acc-sign", "li_sealer-read", "li_sealer-write", "other-read"]
            .into_iter()
            .chain(["cluster-admin", "cluster-read"])
        {
            known.0.insert(format!("token:{name}"), token(name));
        }
        known.0.insert("token:local".into(), stage.local.clone());
        known.0.insert("x".into(), stage.local.clone());
        known.0.insert("span".into(), "AAA=".into());
        Self {
            stage,
            judge,
            known,
            tries_once,
            sockets: BTreeMap::new(),
            posted: BTreeMap::new(),
            to_sign: HashMap::new(),
            sign_bytes: HashMap::new(),
            closing: BTreeSet::new(),
            left: false,
        }
    }

    pub(crate) async fn play(mut self, scenario: &Scenario) {
        for wallet in &scenario.registered {
            self.register(wallet).await;
        }
        self.stage.auth.take();
        let mut asked = Vec::new();
        for (at, frame) in scenario.frames.iter().enumerate() {
            if self.tries_once && self.judge.is_wrong() {
                break;
            }
            if self.judge.is_skipped(at) {
                continue;
            }
            match (frame.connection(), frame.op.as_deref()) {
                ("auth", _) if frame.path.as_deref() == Some("/verify") => {}
                ("auth", _) => asked.push((at, frame)),
                ("gateway", Some("gateway stopped")) => self.stage.served.stop().await,
                ("gateway", Some("gateway starts")) => {
                    self.stage.start_again().await;
                    self.known.0.remove("G");
                }
                ("gateway", _) => {}
                (_, Some("upgrade")) => self.upgrade(at, frame).await,
                (_, Some("http")) => self.post(frame),
                (_, Some("answer")) => self.answer(at, frame).await,
                _ if frame.f.ends_with('>') => self.send(frame).await,
                _ => self.receive(at, frame).await,
            }
        }
        while let Some((connection, socket)) = self.sockets.pop_first() {
            self.drop_socket(&connection, socket).await;
        }
        let really_asked = self.stage.auth.take();
        self.judge.compare_asked(&asked, really_asked);
        for (_, (_, posted)) in std::mem::take(&mut self.posted) {
            posted.abort();
        }
        self.stage.settle().await;
    }

    /// Ends a connection without a word, and looks at what came on it and nobody asked for.
    async fn drop_socket(&mut self, connection: &str, socket: Socket) {
        for text in socket.leftover().await {
            self.judge.extra(connection, &readable(&text));
        }
    }

    fn headers(&self, frame: &Frame) -> Headers {
        let mut headers = BTreeMap::new();
        if frame.op.as_deref() == Some("http") {
            headers.insert("Content-Type".to_owned(), Some("application/json".to_owned()));
        }
        if let Some(name) = &frame.token {
            let token = self.known.fill(&format!("Bearer {{{{token:{name}}}}}"));
            headers.insert("Authorization".into(), Some(token));
        }
        headers.extend(frame.headers.clone());
        let fill = |(name, value): (String, Option<String>)| Some((name, self.known.fill(&value?)));
        headers.into_iter().filter_map(fill).collect()
    }

    async fn upgrade(&mut self, at: usize, frame: &Frame) {
        let path = self.known.fill(frame.path.as_deref().unwrap());
        let opened = Socket::open(self.stage.served.address, &path, &self.headers(frame)).await;
        let status = match opened {
            Ok(socket) => {
                self.sockets.insert(frame.connection().to_owned(), socket);
                101
            }
            Err(status) => status,
        };
        let recorded = frame.status.unwrap_or(101);
        if recorded != 101 || status != 101 {
            let theirs = (recorded, Value::Null);
            self.judge.compare(at, None, &theirs, Ok((status, Value::Null)), &mut self.known);
        }
    }

    fn post(&mut self, frame: &Frame) {
        let text = self.text_of(frame);
        let request: Request = (
            frame.method.clone().unwrap_or_else(|| "POST".into()),
            self.known.fill(frame.path.as_deref().unwrap_or("/rpc/v2")),
            self.headers(frame),
            text,
        );
        let posted = self.spawn(request.clone());
        self.posted.insert(frame.connection().to_owned(), (request, posted));
    }

    fn spawn(&self, (method, path, headers, body): Request) -> JoinHandle<(u16, String)> {
        let to = self.stage.served.address;
        tokio::spawn(async move {
            let answer = send(to, &method, &path, headers, Some(&body)).await;
            (answer.status, answer.body)
        })
    }

    async fn answer(&mut self, at: usize, frame: &Frame) {
        let (request, posted) = self.posted.remove(frame.connection()).unwrap();
        let theirs = (frame.status.unwrap_or(200), recording::recorded(frame));
        let mut answer = tokio::time::timeout(PATIENCE, posted).await;
        // Who left is still there for a moment; nobody promises otherwise.
        for _ in 0..50 {
            let Ok(Ok((status, body))) = &answer else { break };
            let ours = (*status, readable(body));
            if !self.left || Judge::is_equal(&theirs, &ours, &self.known) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            answer = Ok(self.spawn(request.clone()).await);
        }
        let ours = answer.map_err(|_| "nothing comes".to_owned());
        let ours = ours.map(|ours| ours.unwrap()).map(|(status, body)| (status, readable(&body)));
        self.judge.compare(at, Some(&request.3), &theirs, ours, &mut self.known);
    }

    async fn send(&mut self, frame: &Frame) {
        let connection = frame.connection();
        match frame.op.as_deref() {
            None => {
                let text = self.text_of(frame);
                self.left |= text.contains("xrpc.cancel");
                let text_begins_stream = text.contains("Gateway.Listen");
                if text.contains("ListenWalletEvent") {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    let bytes = message.pointer("/params/0/SignBytes").and_then(Value::as_str);
                    let bytes = STANDARD.decode(bytes.unwrap_or_default()).unwrap();
                    self.sign_bytes.insert(connection.to_owned(), bytes);
                }
                if let Some(socket) = self.sockets.get_mut(connection) {
                    socket.send(text).await;
                    // Streams are numbered in the order in which they begin.
                    let pause = if text_begins_stream { 30 } else { 5 };
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
            Some("close") => {
                self.left = true;
                self.closing.insert(connection.to_owned());
                if let Some(socket) = self.sockets.get_mut(connection) {
                    socket.close().await;
                }
            }
            Some("eof") => {
                self.left = true;
                if let Some(socket) = self.sockets.remove(connection) {
                    self.drop_socket(connection, socket).await;
                }
                if let Some((_, posted)) = self.posted.remove(connection) {
                    posted.abort();
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            }
            Some(other) => panic!("{other} cannot be sent"),
        }
    }

    async fn receive(&mut self, at: usize, frame: &Frame) {
        let connection = frame.connection();
        let Some(socket) = self.sockets.get_mut(connection) else { return };
        if let Some(op) = frame.op.as_deref() {
            // Where nobody closed it, the recorder did when the scenario was over.
            let ends = self.closing.contains(connection) || self.stage.served.is_stopped();
            if ends && let Err(text) = socket.end(PATIENCE).await {
                self.judge.wrong(at, &format!("{op} is ours {text}"));
            }
            return;
        }
        let theirs = recording::recorded(frame);
        if self.judge.is_missing(at) {
            return;
        }
        let wanted = kind(&theirs);
        let patience = if self.tries_once { Duration::from_secs(1) } else { PATIENCE };
        let ours = socket.find(patience, |text| kind(&readable(text)) == wanted).await;
        let ours = ours.map(|text| readable(&text));
        if let Ok(event) = &ours {
            self.remember(connection, event);
        }
        let ours = ours.map(|message| (200, message));
        self.judge.compare(at, None, &(200, theirs), ours, &mut self.known);
    }

    /// Keeps what is to be signed, and checks a challenge.
    fn remember(&mut self, connection: &str, event: &Value) {
        if event["params"][1]["Method"] != "WalletSign" {
            return;
        }
        let asked = &event["params"][1]["Payload"];
        let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default()).unwrap();
        let to_sign = bytes(&asked["ToSign"]);
        if asked["Meta"]["Type"] == "verifyaddress" {
            let expected = Sha256::new()
                .chain_update(bytes(&asked["Meta"]["Extra"]))
                .chain_update(&self.sign_bytes[connection]);
            assert_eq!(to_sign, expected.finalize().as_slice());
        }
        let signer = asked["Signer"].as_str().unwrap().to_owned();
        self.to_sign.insert(connection.to_owned(), (signer, to_sign));
    }

    /// What a client sends, with the signatures that it makes.
    fn text_of(&mut self, frame: &Frame) -> String {
        let payload = frame.payload.as_deref().unwrap_or_default();
        for part in format!("{payload}{}", frame.text).split("{{").skip(1) {
            let name = part.split("}}").next().unwrap();
            if self.known.0.contains_key(name) {
                continue;
            }
            let bytes = match name.split(':').next() {
                Some("R") => vec![0x77; 32],
                Some("sig") => {
                    let (signer, to_sign) = &self.to_sign[frame.connection()];
                    key_of(signer).sign(to_sign).unwrap().data.0
                }
                _ => continue,
            };
            self.known.0.insert(name.to_owned(), STANDARD.encode(bytes));
        }
        let payload = STANDARD.encode(self.known.fill(payload));
        self.known.0.insert("payload".into(), payload);
        let text = self.known.fill(&frame.text);
        self.known.0.remove("payload");
        text
    }

    /// Registers a wallet as the first scenario does.
    async fn register(&mut self, wallet: &Registered) {
        let token = self.known.fill(&format!("Bearer {{{{token:{}}}}}", wallet.token));
        let headers = BTreeMap::from([("Authorization".to_owned(), token)]);
        let mut socket =
            Socket::open(self.stage.served.address, &wallet.path, &headers).await.unwrap();
        self.sign_bytes.insert(wallet.conn.clone(), SIGN_BYTES.to_vec());
        let call = |id: usize, method: &str, params: Value| {
            json!({"jsonrpc": "2.0", "id": id, "method": method, "params": [params]}).to_string()
        };
        let policy = json!({
            "SupportAccounts": wallet.accounts, "SignBytes": STANDARD.encode(SIGN_BYTES)
        });
        socket.send(call(1, "Gateway.ListenWalletEvent", policy)).await;
        let mut id = 1;
        loop {
            let is_event = |text: &str| text.contains("xrpc.ch.val");
            let event = readable(&socket.find(PATIENCE, is_event).await.unwrap());
            let payload = &event["params"][1]["Payload"];
            self.remember(&wallet.conn, &event);
            let answer = match event["params"][1]["Method"].as_str().unwrap() {
                "WalletList" => json!(wallet.addrs),
                "WalletSign" => {
                    let (signer, to_sign) = &self.to_sign[&wallet.conn];
                    json!(key_of(signer).sign(to_sign).unwrap())
                }
                "InitConnect" => {
                    let channel = payload["ChannelId"].as_str().unwrap().to_owned();
                    self.known.0.insert(format!("channel:{}", wallet.conn), channel);
                    break;
                }
                other => panic!("{other}"),
            };
            id += 1;
            let payload = STANDARD.encode(answer.to_string());
            let response = json!({"Id": event["params"][1]["Id"], "Payload": payload, "Error": ""});
            socket.send(call(id, "Gateway.ResponseWalletEvent", response)).await;
        }
        for id in 1..=id {
            let id = id.to_string();
            socket.find(PATIENCE, |text| kind(&readable(text)) == id).await.unwrap();
        }
        self.sockets.insert(wallet.conn.clone(), socket);
    }
}
