//! Everything in which our wallet answers otherwise than the Go wallet, on purpose.

use venus_core::test_utils::replay::{HINT, PROTOCOL, Rule, UNREADABLE};

pub(crate) const ANONYMOUS: Rule =
    "who shows no token gets 401 with nothing; in Go such a caller may read";
pub(crate) const PANIC: Rule = "where the Go wallet panics, an error of the method (code 1)";
pub(crate) const REASON: Rule =
    "behind `parseObj failed:` and `JWT Verification failed:` are the words of our decoder";
pub(crate) const NOT_OFFERED: Rule =
    "LogList, LogSetLevel, ListSignedRecord: methods that are not there";

pub(crate) const RULES: [Rule; 7] =
    [ANONYMOUS, HINT, PROTOCOL, UNREADABLE, PANIC, REASON, NOT_OFFERED];

/// The methods of [`NOT_OFFERED`].
pub(crate) const NAMES: [&str; 3] = ["LogList", "LogSetLevel", "ListSignedRecord"];

/// Also as a whole: no answer has CORS headers (weakness 10 of the facts). A page that could call a
/// wallet has no business there.
pub(crate) const CORS: &str = "no CORS headers on any answer";

const PRECISE: &str = "an id is echoed as it was sent, Go rounds it to a float";
const BATCH: &str = "batches are answered, as Lotus answers them";
const META: &str = "`meta` is not looked at";
const MISSING_PAGE: &str = "404 has no body";
const UNKNOWN_PERMISSION: &str =
    "a token for an unknown permission is a mistake of who asks for it";
const ALG: &str = "a token must name the algorithm that it is checked by";
const NIL: &str = "no list is written as an empty one";
const NULL_TEXT: &str = "null is no password";
const MODULO: &str = "a BLS key is 32 bytes below the order; Go changes others silently (TRAP)";
const SORTED: &str =
    "addresses come in the order of their bytes; those that were refused are missing";
const BOUND: &str = "what is signed must be of the message that is shown (weakness 1)";
const TRAILING: &str = "nothing may follow what is signed";
const STRICT: &str = "only DAG-CBOR is read: no indefinite lengths";
const NO_DRAW: &str = "null is no draw of the lottery";
const TWICE: &str = "a key that stands there twice means two things";
const NOT_SHOWN: &str = "200 1 get sign bytes: parseObj failed:sign data not match*";
const UNPARSED: &str = "200 1 get sign bytes: parseObj failed:*";
const KEPT_OPEN: &str = "a malformed message is answered with an error and the socket stays open";

/// File, exchange, why, and what ours answers: status (0 over WebSocket) and error code and text, or
/// the result. `*` at the end
/// stands for more, and a list is compared in any order.
pub(crate) const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    ("http", "other version path", MISSING_PAGE, "404 "),
    ("http", "batch", BATCH, r#"200 [{"id":1,"jsonrpc":"2.0","result":[]}]"#),
    ("http", "id above 2^53", PRECISE, "200 []"),
    ("http", "meta with a number", META, "200 []"),
    ("ws", "malformed text", KEPT_OPEN, "open: 0 -32700 *"),
    ("ws", "batch", KEPT_OPEN, "open: 0 -32700 *"),
    ("ws", "id array", KEPT_OPEN, "open: 0 -32700 *"),
    ("auth", "AuthVerify alg none but HMAC right", ALG, "200 1 JWT Verification failed: *"),
    ("auth", "AuthVerify payload without Allow", NIL, "200 []"),
    ("auth", "AuthVerify payload of sophon-auth", NIL, "200 []"),
    (
        "auth",
        "AuthNew unknown names are signed",
        UNKNOWN_PERMISSION,
        "200 1 unknown permission `foo`*",
    ),
    ("lock", "password is null", NULL_TEXT, "500 -32700 *"),
    ("keys", "import, key hex", MODULO, "200 1 bls signature invalid private key: *"),
    ("keys", "import, bls 33 bytes", MODULO, "200 1 bls signature invalid private key: *"),
    ("keys", "import, bls above the order", MODULO, "200 1 bls signature invalid private key: *"),
    (
        "keys",
        "list all",
        SORTED,
        r#"200 ["f17rmoshisxovfjkrox2gpryaupmsalzy2tlaluiq",
            "f3tho7tbdrw3xuy6ybz6p5tfc7nsqqa2ozhsrnmhwynrb3keeaeywe3felidbpgvy2wcxktmxcezlpz7pbu5pq",
            "f410fnz6o7a4owcgw33z2zvsxtuf64aoxlmcn4dh5hzy",
            "f3xf3ljy77db6l6mmuc4vqpuv5lwstecrkh5vblx7yfxv7y6hjx3ic3bbnjtbktfexayqbwb24nqkcsolcyk3a",
            "f3uxb75vcy3ilwbsaavao52v7gfnfh6aics4a7nj26dwpcmj4mxxgnzholkupuplafdrbd55frpoolfnm7wlda",
            "f1d2xrzcslx7xlbbylc5c3d5lvandqw4iwl6epxba", "f12mchblwgi243re5i2pg2harmnqvm6q3rwb2cnpy",
            "f15c2ovuxqvrtfaturunskdwdivayqemxvkid2hha", "{{new:bls}}", "{{new:secp256k1}}",
            "{{new:delegated}}", "{{new:2}}"]"#,
    ),
    ("sign", "message, toSign of another message (not checked)", BOUND, NOT_SHOWN),
    ("sign", "message, toSign empty", BOUND, NOT_SHOWN),
    ("sign", "message, From not stored", BOUND, NOT_SHOWN),
    ("sign", "message, gas limit negative", BOUND, NOT_SHOWN),
    ("sign", "message, Extra with trailing bytes", TRAILING, UNPARSED),
    ("sign", "dealproposal, trailing", TRAILING, UNPARSED),
    ("sign", "drawrandomparam, trailing", TRAILING, UNPARSED),
    ("sign", "drawrandomparam, bare null", NO_DRAW, UNPARSED),
    ("sign", "drawrandomparam, duplicate Pers", TWICE, UNPARSED),
    ("sign", "drawrandomparam, indefinite map", STRICT, UNPARSED),
];

const KEEPALIVE: &str = "pings and silence take half a minute; `venus-core` tests them";

/// What is not played: file, exchange (`*` for all) and why.
pub(crate) const NOT_REPLAYED: &[(&str, &str, &str)] = &[
    ("ws", "idle 12 s: pings", KEEPALIVE),
    ("ws", "client that never sends a pong", KEEPALIVE),
    ("filter", "*", "sign filter: not there"),
    ("record", "*", "sign records: not there"),
    ("cli", "*", "commands: not part of this library"),
];
