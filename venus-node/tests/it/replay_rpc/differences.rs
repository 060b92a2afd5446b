//! Where we answer otherwise on purpose.

use venus_core::test_utils::replay::Rule;

pub(super) const SAME_CODE: Rule = "the same code in other words";
pub(super) const MISSING: Rule = "methods that our node does not have";

const GAS: &str = "gas of actor code is approximate here";
const NULL: &str = "null where a message or block must be is refused as such";
const FACTOR: &str = "no factor of over-estimation means the configured one, not a limit of 0";
const PANIC: &str = "venus panics without a spec";
const DECODED: &str = "returns are not decoded; no client reads ReturnDec";
const GENESIS: &str = "genesis has only a stand-in for its beacon entry, which is given";
const NAME: &str = "our own name; the two fields of lotus are not in venus either";
const VERSION: &str = "there are the actors of one network version here";

/// File, question, why, and what ours answers: its text (`*` at the end: only this
/// beginning counts), `near` (gas differs by at most 6 %), or all but one field.
pub(super) const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    ("errors", "read token: MpoolPush", NULL, "500 -32700 unmarshaling params*"),
    ("gas", "estimate control addresses", GAS, "near"),
    ("gas", "estimate limit control addresses", GAS, "near"),
    ("gas", "batch no over estimation", FACTOR, r#"200 [{"Err":"","Msg":*"#),
    ("gas", "batch nil spec", PANIC, r#"200 [{"Err":"","Msg":*"#),
    ("mining", "create block null", NULL, "500 -32700 unmarshaling params*"),
    ("mining", "submit null", NULL, "500 -32700 unmarshaling params*"),
    ("msgs", "wait", DECODED, "but ReturnDec"),
    ("msgs", "wait prop", DECODED, "but ReturnDec"),
    ("msgs", "call bad method", GAS, "near"),
    ("msgs", "call power total", GAS, "near"),
    ("msgs", "call control addresses", GAS, "near"),
    ("network", "version", NAME, r#"200 {"APIVersion":131840,"Version":"0.1.0+venus-rs"}"#),
    ("network", "version", NAME, r#"200 {"APIVersion":66816,"Version":"0.1.0+venus-rs"}"#),
    ("network", "code cids 27", VERSION, "200 1 invalid network version 27: unsupported*"),
    (
        "randomness",
        "beacon zero tag 6",
        GENESIS,
        "200 \"FXqf7ovQVjqQ6aIORczgYBIqyAT6x886XZ3SSmiMNe0=\"",
    ),
    (
        "randomness",
        "beacon zero tag 6, key given",
        GENESIS,
        "200 \"FXqf7ovQVjqQ6aIORczgYBIqyAT6x886XZ3SSmiMNe0=\"",
    ),
    (
        "randomness",
        "beacon entry 0",
        GENESIS,
        r#"200 {"Data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","Round":0}"#,
    ),
];

/// Methods of the recordings that our node does not have.
pub(super) const NOT_SERVED: &[&str] = &[
    "AuthVerify",
    "F3GetOrRenewParticipationTicket",
    "ID",
    "MpoolClear",
    "MpoolPushMessage",
    "Session",
    "StateCirculatingSupply",
    "StateComputeDataCID",
    "StateDecodeParams",
    "StateMarketBalance",
    "StateMarketStorageDeal",
    "StateReadState",
    "StateVMCirculatingSupplyInternal",
];
