//! Everything in which our messager answers otherwise than the Go messager, on purpose.

use venus_core::test_utils::replay::{HINT, PROTOCOL, Rule, UNREADABLE};

pub(crate) const VERSION: Rule = "the version is our own";
pub(crate) const PANIC: Rule = "where the Go messager panics, an error that names the parameter";
pub(crate) const NOT_SERVED: Rule = "methods that are not served yet";
/// Over a database alone.
pub(crate) const ROUNDED: Rule =
    "the column has two digits; the recordings are of the other store of the Go program";

pub(crate) const RULES: [Rule; 6] = [VERSION, HINT, PROTOCOL, UNREADABLE, PANIC, NOT_SERVED];

/// Methods that are not served yet.
pub(crate) const NAMES: &[&str] = &[
    "UpdateMessageStateByID",
    "ReplaceMessage",
    "SaveNode",
    "GetNode",
    "HasNode",
    "ListNode",
    "DeleteNode",
    "SetLogLevel",
    "LogList",
    "Send",
    "NetFindPeer",
    "NetPeers",
    "NetConnect",
    "NetAddrsListen",
];

const PAGES: &str = "who shows no token gets 401 everywhere, and there is no pprof";
const BATCH: &str = "batches are answered, as Lotus answers them";
const NULL: &str = "a null amount is zero";
const LONG: &str = "an id has at most 256 characters, also in our store";
const EMPTY: &str = "an empty address is no sender and no receiver";
const NO_SEND: &str = "Send is not served yet";
const OFFSET: &str = "an offset needs no limit";
const OWN: &str = "who is no administrator sees its own blocked messages alone (TRAP)";
const NO_NODE: &str = "what is stored can be read while the node is away (TRAP)";
const SAYS_SO: &str = "a message that its sender can never sign says so";
const NO_HOLE: &str = "a message that has a nonce is not given up: it would leave a hole (TRAP)";
const CUT: &str = "error texts have 2048 characters at most, as the column has (TRAP)";
const CONTAINS: &str = "height and key are always those of the tipset that contains it (TRAP)";
const STATE: &str = "it follows that the state was never set by hand";
const STAYS: &str = "what is not given stays";
const TAKEN_BACK: &str = "a conflict is taken back by a reorg too (TRAP)";
const ALL_KINDS: &str = "a refusal is kept for every kind of sender (TRAP)";
const OVER: &str = "a refusal that is over is forgotten";
const NOT_STOPPED: &str = "a receiver that is not on chain stops nobody (TRAP)";
const BY_ID: &str = "an ID is simply nobody's signer";
const ADMIN: &str = "an administrator learns whether there is the key";
const ATTO: &str = "an amount is a whole number of attoFIL, not negative";
const WHOLE: &str = "the shared parameters are set as a whole: nothing given is no zero";
const UNKNOWN: &str = "an unknown id is an error (TRAP)";

/// File, exchange, why, and what ours answers: status and error code and text, or the result; `*`
/// stands for anything.
pub(crate) const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    ("transport", "unknown path without token", PAGES, "401 "),
    ("transport", "pprof without token", PAGES, "401 "),
    ("transport", "batch", BATCH, r#"200 [{"id":1,*]"#),
    ("transport", "null big integer", NULL, "200 null"),
    ("push", "id of 300 characters", LONG, "200 1 the id has 300 characters; *"),
    ("push", "empty sender", EMPTY, "500 -32700 *"),
    ("push", "empty receiver", EMPTY, "500 -32700 *"),
    ("push", "get empty receiver", EMPTY, "200 1 get message by id error: record not found"),
    ("push", "spec with null maxFee", NULL, "200 \"*\""),
    ("push", "sent row", NO_SEND, "200 1 get message by id error: record not found"),
    ("push", "sent row with gas", NO_SEND, "200 1 get message by id error: record not found"),
    ("push", "sent row json", NO_SEND, "200 1 get message by id error: record not found"),
    ("query", "offset without limit", OFFSET, r#"200 [*"ID":"a0"*]"#),
    ("query", "empty from string", EMPTY, "500 -32700 *"),
    ("query", "blocked: empty address", OWN, r#"200 [*]"#),
    ("query", "blocked: empty address, reader without signers", OWN, "200 []"),
    ("query", "head refused: get", NO_NODE, r#"200 {*"ID":"a0"*}"#),
    ("query", "head refused: list", NO_NODE, r#"200 [*"ID":"a3"*]"#),
    ("query", "head refused: wait", NO_NODE, "0 "),
    ("life", "list failed", SAYS_SO, r#"200 [*"sign message failed: *]"#),
    (
        "life",
        "mark bad an on-chain row",
        NO_HOLE,
        "200 1 message state(OnChainMsg) has been final*",
    ),
    ("life", "it is failed", NO_HOLE, r#"200 {*"State":3*}"#),
    ("life", "state 77", CUT, r#"200 {*"State":1*}"#),
    ("life", "mark bad b-3", NO_HOLE, "200 1 message b-3 has nonce 5; *"),
    ("life", "mark bad b-4", NO_HOLE, "200 1 message b-4 has nonce 4; *"),
    ("life", "recover failed", NO_HOLE, "200 []"),
    ("life", "republish unknown", UNKNOWN, "200 1 get message by id error: record not found"),
    (
        "life",
        "update filled by id: found",
        STATE,
        "200 1 message state(OnChainMsg) has been final*",
    ),
    ("life", "b-4: height and key of the executing tipset", CONTAINS, r#"200 {*"Height":24*}"#),
    ("life", "update all filled", STATE, "200 0"),
    ("life", "clear unfill", STATE, "200 3"),
    ("reorg", "x: conflict is not taken back", TAKEN_BACK, r#"200 {*"State":2*}"#),
    ("reorg", "ps filled; its error is not kept", ALL_KINDS, r#"200 {*"ErrorMsg":"not enough*}"#),
    ("reorg", "p on chain, error text stays", OVER, r#"200 {*"ErrorMsg":""*"State":3*}"#),
    ("reorg", "n2 stops its sender", NOT_STOPPED, r#"200 {*"State":2*}"#),
    ("reorg", "n3 is stopped", NOT_STOPPED, r#"200 {*"State":2*}"#),
    ("address", "get by ID", BY_ID, "200 1 signer f0101 not exist in user w1: permission deny"),
    ("address", "wallet has: admin asks for a signer of another", ADMIN, "200 true"),
    ("address", "fee params: bad gasFeeCapStr", ATTO, "200 1 parsing gas-feecap failed 1x: *"),
    ("address", "fee params: bad baseFeeStr", ATTO, "200 1 parsing basefee failed 1x: *"),
    ("address", "fee params: negative", ATTO, "200 1 parsing maxfee failed -5: *"),
    ("address", "get with negative", ATTO, r#"200 {*"maxFee":"0"*}"#),
    ("address", "fee params: empty object", EMPTY, "500 -32700 *"),
    ("address", "get forbidden", ATTO, r#"200 {*"maxFee":"0","nonce":42*}"#),
    ("address", "get active", ATTO, r#"200 {*"maxFee":"0","nonce":42*}"#),
    ("config", "shared: empty object zeroes all", WHOLE, "500 -32700 *"),
    ("config", "actor: update null", STAYS, "200 null"),
    ("config", "shared: get zero", WHOLE, r#"200 {*"id":1,"maxFee":"5"*}"#),
];
