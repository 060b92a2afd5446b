//! Everything in which our block producer answers otherwise than the Go miner, on purpose.

use venus_core::test_utils::replay::Rule;

pub(crate) const VERSION: Rule = "the version is our own";
pub(crate) const WORDS: Rule =
    "an error says what was tried, and the cause in the words of who gave it";
pub(crate) const WHY: Rule = "a block that the filter or the node refuses, or the node does not \
    make, is an error of the miner and of the record: its owner sees why there is none";
pub(crate) const TICKET_LAST: Rule =
    "the ticket is drawn last, for winners alone: one signature a round for who loses";
pub(crate) const PROTOCOL: Rule = "errors of the protocol without `(error code N)` around the text";
pub(crate) const MISSING_PAGE: Rule = "404 without a text for what is not there";
pub(crate) const NOT_SERVED: Rule = "methods that are not served: LogList, LogSetLevel, Closing";

pub(crate) const RULES: [Rule; 7] =
    [VERSION, WORDS, WHY, TICKET_LAST, PROTOCOL, MISSING_PAGE, NOT_SERVED];

/// The methods of [`NOT_SERVED`].
pub(crate) const NAMES: &[&str] = &["LogList", "LogSetLevel", "Closing"];

const PAGES: &str = "who shows no token gets 401 everywhere, and there is no pprof";
const OWN: &str = "who is no administrator sees its own miners alone (TRAP)";
const SORTED: &str = "miners come in the order of their numbers, in Go in any";
const NULL: &str = "null asks for everything; in Go it is a panic";
const NOT_SIGNED: &str = "what the filter refuses is not signed: there is no block (TRAP)";
const NO_WITNESS: &str = "a block that was never signed stands in nobody's way (TRAP)";
const FAILED: &str = "a block that the node does not make is an error, not for ever under way";
const MERGED: &str = "the recorded one has keys of a null round before it";
const AT_ONCE: &str = "the next base is drawn on at once, not a block delay later (TRAP)";
const OFFSET: &str = "an offset needs no limit";

const MINERS_OF_W1: &str = r#"200 [{"Addr":"f01000","Err":null,"IsMining":true},{"Addr":"f01001","Err":null,"IsMining":false}]"#;
const WINS_OF_W1: &str = r#"200 [{"miner":"f01000","msg":"","totalWinCount":2,*}]"#;

/// File, exchange, why, and what ours answers: status and error code and text, or the result; `*`
/// stands for anything.
pub(crate) const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    ("api", "unknown path", PAGES, "401 "),
    ("api", "states: foreign only", OWN, "200 []"),
    ("api", "states: empty by a user", OWN, MINERS_OF_W1),
    ("api", "states: empty by a user without miners", OWN, "200 []"),
    ("api", "blocks: null", NULL, "200 []"),
    ("api", "update: negative", SORTED, r#"200 [{"Addr":"f01000",*},{"Addr":"f02000",*}]"#),
    ("api", "winners: foreign only", OWN, "200 []"),
    ("api", "winners: empty", OWN, WINS_OF_W1),
    (
        "mine",
        "round 14: own block of 13 is not in the base",
        NOT_SIGNED,
        r#"200 [{"Cid":"",*"Epoch":14,"MineState":4,*}]"#,
    ),
    (
        "mine",
        "round 15: refused because of the refused block of 14",
        NO_WITNESS,
        r#"200 [{"Cid":"bafy*"Epoch":15,"MineState":1,*}]"#,
    ),
    (
        "mine",
        "round 22: block creation refused, row stays Mining",
        FAILED,
        r#"200 [{"Cid":"",*"Epoch":22,"MineState":4,*}]"#,
    ),
    ("mine", "round 22: no second try", FAILED, r#"200 [{"Cid":"",*"Epoch":22,"MineState":4,*}]"#),
    ("mine", "round 24: null base info", MERGED, r#"200 [{*"info":"get nil MinerGetBaseInfo",*}]"#),
    ("mine", "blocks: all", AT_ONCE, r#"200 [{*"Epoch":29,*},{*"Epoch":28,"MineState":1,*}]"#),
    ("mine", "blocks: by a user without miners", OWN, "200 []"),
    ("mine", "blocks: foreign only", OWN, "200 []"),
    ("mine", "blocks: offset without limit", OFFSET, r#"200 [{*"Epoch":28,*}]"#),
];

/// File, exchange, and why it is not played.
pub(crate) const NOT_PLAYED: &[(&str, &str, &str)] =
    &[("mine", "local filter: blocks", "there is one kind of record, and it lists its blocks")];
