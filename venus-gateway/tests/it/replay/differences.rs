//! Everything in which our gateway answers otherwise than the Go gateway, on purpose.

use serde_json::json;
use venus_core::test_utils::replay::{HINT, PROTOCOL, Rule, UNREADABLE, bare, json};

use super::{judge::Answer, recording::Known};

pub(crate) const EMPTY: Rule =
    "null, an empty list and empty bytes are one; lists are written `[]`";
const DECODER: Rule = "what a provider answered and cannot be read: not the words of Go's decoder";
const PANIC: Rule = "where Go panics there is an error";
const CANCELLED: Rule = "a cancelled call says `context canceled` in every component";
const MISSING_PAGE: Rule = "404 without a text for what is not there";
const NOT_OFFERED: Rule = "market and proxy are not there yet: method not found";
pub(crate) const NOTHING_TO_BIND: Rule = "venus-auth is not asked to bind no keys";

pub(crate) const RULES: [Rule; 10] = [
    EMPTY,
    HINT,
    PROTOCOL,
    DECODER,
    UNREADABLE,
    PANIC,
    CANCELLED,
    MISSING_PAGE,
    NOT_OFFERED,
    NOTHING_TO_BIND,
];

/// The methods of [`NOT_OFFERED`].
const NAMES: [&str; 5] = [
    "Gateway.ListMarketConnectionsState",
    "Gateway.SectorsUnsealPiece",
    "Gateway.ListenMarketEvent",
    "Gateway.ResponseMarketEvent",
    "Gateway.RegisterReverse",
];

/// The rule by which an answer that is not the same differs.
pub(crate) fn rule(
    sent: Option<&str>,
    theirs: &Answer,
    ours: &Answer,
    known: &Known,
) -> Option<Rule> {
    if theirs.0 == 404 && ours.0 == 404 && ours.1 == json!("") {
        return Some(MISSING_PAGE);
    }
    let code = &ours.1["error"]["code"];
    let text = ours.1["error"]["message"].as_str()?;
    if json(sent.unwrap_or_default())["method"].as_str().is_some_and(|m| NAMES.contains(&m)) {
        return (*code == json!(-32601)).then_some(NOT_OFFERED);
    }
    let Some(recorded) = theirs.1["error"]["message"].as_str() else {
        let unreadable = theirs.0 == 500 && theirs.1 == json!("") && ours.1["id"].is_null();
        return (unreadable && ours.0 >= 400).then_some(UNREADABLE);
    };
    if theirs.1["id"] != ours.1["id"] {
        return None;
    }
    if recorded.contains("panic in rpc method") {
        return (*code == json!(-32700)).then_some(PANIC);
    }
    if theirs.1["error"]["code"] != *code || theirs.0 != ours.0 {
        return None;
    }
    if *code != json!(1) {
        // The place is compared, and not the words of Go's decoder.
        let place = |text: &str| text.split(" (param:").next().unwrap_or_default().to_owned();
        return (place(bare(code, recorded)) == place(text)).then_some(PROTOCOL);
    }
    if recorded == "cancel by context context canceled" {
        return (text == "context canceled").then_some(CANCELLED);
    }
    if recorded.starts_with("invalid character") || recorded.starts_with("json: cannot") {
        let words = "the provider's answer is not what was asked: ";
        return text.starts_with(words).then_some(DECODER);
    }
    known.begins(recorded, text).then_some(HINT)
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
