//! Everything in which our gateway answers otherwise than the Go gateway, on purpose.

use serde_json::{Value, json};

use super::{judge::Answer, recording::Known};

/// A difference that follows from a decision, wherever it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Empty,
    Hint,
    Protocol,
    Decoder,
    Unreadable,
    Panic,
    Cancelled,
    MissingPage,
    NotOffered,
    NothingToBind,
}

impl Rule {
    const NOT_OFFERED: [&str; 5] = [
        "Gateway.ListMarketConnectionsState",
        "Gateway.SectorsUnsealPiece",
        "Gateway.ListenMarketEvent",
        "Gateway.ResponseMarketEvent",
        "Gateway.RegisterReverse",
    ];

    pub(crate) const ALL: [(Self, &str); 10] = [
        (Self::Empty, "null, an empty list and empty bytes are one; lists are written `[]`"),
        (Self::Hint, "behind the words of Go an error says what to do"),
        (
            Self::Protocol,
            "errors of the protocol have code and status of Go, not `(error code N)` around the \
             text, nor the words of Go's decoder",
        ),
        (
            Self::Decoder,
            "what a provider answered and cannot be read: not the words of Go's decoder",
        ),
        (Self::Unreadable, "what cannot be read as a request is answered with a JSON-RPC error"),
        (Self::Panic, "where Go panics there is an error"),
        (Self::Cancelled, "a cancelled call says `context canceled` in every component"),
        (Self::MissingPage, "404 without a text for what is not there"),
        (Self::NotOffered, "market and proxy are not there yet: method not found"),
        (Self::NothingToBind, "venus-auth is not asked to bind no keys"),
    ];

    /// The rule by which an answer that is not the same differs.
    pub(crate) fn of(
        sent: Option<&str>,
        theirs: &Answer,
        ours: &Answer,
        known: &Known,
    ) -> Option<Self> {
        if theirs.0 == 404 && ours.0 == 404 && ours.1 == json!("") {
            return Some(Self::MissingPage);
        }
        let code = &ours.1["error"]["code"];
        let text = ours.1["error"]["message"].as_str()?;
        let sent: Value = sent.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        if sent["method"].as_str().is_some_and(|method| Self::NOT_OFFERED.contains(&method)) {
            return (*code == json!(-32601)).then_some(Self::NotOffered);
        }
        let Some(recorded) = theirs.1["error"]["message"].as_str() else {
            let unreadable = theirs.0 == 500 && theirs.1 == json!("") && ours.1["id"].is_null();
            return (unreadable && ours.0 >= 400).then_some(Self::Unreadable);
        };
        if theirs.1["id"] != ours.1["id"] {
            return None;
        }
        if recorded.contains("panic in rpc method") {
            return (*code == json!(-32700)).then_some(Self::Panic);
        }
        if theirs.1["error"]["code"] != *code || theirs.0 != ours.0 {
            return None;
        }
        if *code != json!(1) {
            let bare = recorded.trim_start_matches(&format!("(error code {code}) "));
            let bare = bare.trim_end_matches(&format!(": error code {code}"));
            // The place is compared, and not the words of Go's decoder.
            let place = |text: &str| text.split(" (param:").next().unwrap_or_default().to_owned();
            return (place(bare) == place(text)).then_some(Self::Protocol);
        }
        if recorded == "cancel by context context canceled" {
            return (text == "context canceled").then_some(Self::Cancelled);
        }
        if recorded.starts_with("invalid character") || recorded.starts_with("json: cannot") {
            let words = "the provider's answer is not what was asked: ";
            return text.starts_with(words).then_some(Self::Decoder);
        }
        known.begins(recorded, text).then_some(Self::Hint)
    }
}

const OWN_TOKEN: &str = "a token of the gateway's own is nobody's account, so no provider's";
const QUERY: &str = "a query changes nothing for what needs no token";
const METRICS: &str = "what the gateway counts is read there, with GET";
const NO_PROFILER: &str = "nothing but the health check is open to callers without a token";
const BATCH: &str = "batches are answered";
const FORM: &str = "the type of the content does not matter, wherever the token stands";
const NO_SIGNATURE: &str =
    "a wallet's answer that is no signature is not passed on as one (17: check before accepting)";
const NO_ADDRESS: &str = "an empty text is no address";
const FORGOTTEN: &str = "a request is forgotten when its caller is gone";
const NO_POLICY: &str = "null is the empty policy; in Go it is a panic";
const FROZEN: &str = "the wallet service goes on; in Go it is frozen from here on";
const FAREWELL: &str = "a gateway that is stopped ends the streams before the connections";
const NOT_ACCOUNT: &str = "200 1 unable to get account name in method *";

const ANSWERS: &str = "answers of a wallet: error, garbage, null, wrong id, twice, from a stranger";
const UNSUPPORTED: &str = "WalletSign for unsupported accounts and addresses";
const GIVES_UP: &str = "caller gives up";
const LISTEN: &str = "ListenWalletEvent over HTTP, with bad parameters, with the local token";
const TRAP: &str = "TRAP: ResponseWalletEvent [null] freezes the wallet service until restart";
const REFUSED: &str = "ListenProofEvent refused: foreign, unknown and wrong miners";
const PROVER: &str = "answers of a prover: error, garbage, null, wrong id, twice, stranger, out of \
                      order, caller gives up, connection lost";
const TIMEOUT: &str = "time-outs: a wallet and a prover that never answer";

/// File, scenario, place in it, why, and what ours answers: status (200 on a WebSocket) and error
/// code and text, or the result. `*` at the end stands for more; empty: nothing comes.
pub(crate) const DIFFERENT: &[(&str, &str, &str, &str, &str)] = &[
    ("http", "health with query", "1", QUERY, r#"200 {"status":"OK"}"#),
    ("http", "path /metrics with token", "1", METRICS, "405 "),
    ("http", "pprof without token", "1", NO_PROFILER, "401 "),
    ("http", "batch", "1", BATCH, r#"200 [{"id":1,"jsonrpc":"2.0","result":{"APIVersion":0*"#),
    ("http", "form content type, token in the query", "1", FORM, r#"200 {"APIVersion":0*"#),
    ("wallet-stream", ANSWERS, "20", NO_SIGNATURE, "200 1 the wallet answered null instead of*"),
    ("wallet-stream", ANSWERS, "29", NO_SIGNATURE, "200 1 the provider's answer is not what was*"),
    ("wallet-stream", UNSUPPORTED, "13", NO_ADDRESS, "500 -32700 unmarshaling params for*"),
    ("wallet-stream", "SupportNewAccount", "27", OWN_TOKEN, NOT_ACCOUNT),
    ("wallet-stream", "AddNewAddress and RemoveAddress", "63", OWN_TOKEN, NOT_ACCOUNT),
    ("wallet-stream", GIVES_UP, "6", FORGOTTEN, "200 1 request id {{id:1}} not exit"),
    ("wallet-stream", GIVES_UP, "13", FORGOTTEN, "200 1 request id {{id:2}} not exit"),
    ("wallet-stream", LISTEN, "6", NO_POLICY, "200 1"),
    ("wallet-stream", LISTEN, "15", OWN_TOKEN, ""),
    ("wallet-stream", LISTEN, "16", OWN_TOKEN, NOT_ACCOUNT),
    ("wallet-stream", LISTEN, "18", OWN_TOKEN, ""),
    ("proof-stream", REFUSED, "28", OWN_TOKEN, ""),
    ("proof-stream", REFUSED, "29", OWN_TOKEN, NOT_ACCOUNT),
    ("proof-stream", PROVER, "61", FORGOTTEN, "200 1 request id {{id:13}} not exit"),
    (
        "proof-stream",
        "wrong parameters of the proof methods",
        "13",
        NO_ADDRESS,
        "500 -32700 unmarshaling params for 'Gateway.ListMinerConnection'*",
    ),
];

/// File, scenario, what comes besides (connection, kind and channel; `auth`: who is asked), and
/// why.
pub(crate) const EXTRA: &[(&str, &str, &str, &str)] = &[
    ("wallet-stream", LISTEN, "wallet WalletList 1", NO_POLICY),
    ("wallet-stream", LISTEN, "auth /user/verify", NO_POLICY),
    ("wallet-stream", TRAP, "wallet WalletSign 1", FROZEN),
    ("go-wallet", "Go wallet: gateway restart", "wallet close 1", FAREWELL),
];

const HIDDEN: &str = "the caller of this request is not in the recording";
const KEEPALIVE: &str = "pings and silence take half a minute; `venus-core` tests them";

/// File, scenario, place (`*`: the whole), and why it is not played.
pub(crate) const NOT_PLAYED: &[(&str, &str, &str, &str)] = &[
    ("timeout", TIMEOUT, "23", HIDDEN),
    ("timeout", TIMEOUT, "24", HIDDEN),
    ("go-wallet", "Go wallet: idle for 12 s, pings both ways", "*", KEEPALIVE),
    ("go-wallet", "a wallet that never sends a pong is dropped after 30 s", "*", KEEPALIVE),
];
