const EMPTY_ERROR: &str = "an error has a JSON body";
const PERM: &str = "the service, not only its command line, checks the permission";
const LENGTH: &str = "too long a text is refused, over every store";
const STATE: &str = "a state that MySQL cannot keep is refused, over every store";
const PAGING: &str = "the Go service panics without paging";
const DELETED: &str = "nothing can be bound to a deleted user";
const TAKEN: &str = "the id of a limit stays with its user";
const OPEN: &str = "openMining missing means yes, as for clients before v1.8";
const BARE: &str = "addresses in forms may be bare, and their keys lower-case";
const TWICE: &str = "one error, not two JSON documents";
const OWNER: &str = "the owner of a miner may ask whose it is";
const SHARED: &str = "an owner removes its own binding of a signer, not those of others";
const OLD_USER: &str = "clients up to v1.3 bind a miner together with its user";

/// The exchanges in which ours answers otherwise on purpose: file, exchange, why, and what ours
/// answers (`*` stands for anything). Some follow from an earlier one.
const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    ("http", "unknown route without token", EMPTY_ERROR, r#"401 {"error":"permission not found"}"#),
    ("http", "wrong method without token", EMPTY_ERROR, r#"401 {"error":"permission not found"}"#),
    ("http", "unknown route with token and query", EMPTY_ERROR, "404 404 page not found"),
    ("verify", "token with odd perm", PERM, r#"400 {"error":"perm illegal"}"#),
    ("verify", "odd perm token is echoed", PERM, r#"400 {"error":"can't parse user*"#),
    ("verify", "caller with odd perm", PERM, r#"401 {"error":"need read prem: permission*"#),
    ("token", "gen: perm upper-case accepted", PERM, r#"400 {"error":"perm illegal"}"#),
    ("token", "gen: extra of 300", LENGTH, r#"400 {"error":"extra is too long*"#),
    ("tokens-paging", "tokens Skip=1&Limit=1", PAGING, r#"200 [{"token":"{{token:a1-read}}"*"#),
    ("tokens-paging", "tokens no query", PAGING, r#"200 [{"token":"{{token:a1-read}}"*"#),
    ("tokens-paging", "tokens: no caller, no paging", PAGING, r#"401 {"error":"need admin prem*"#),
    ("tokens-paging", "users: no query", PAGING, r#"200 [{"id":"{{id:a1}}"*"#),
    ("tokens-paging", "users: only state", PAGING, r#"200 [{"id":"{{id:a1}}"*"#),
    ("user", "new: name of 51 letters", LENGTH, r#"400 {"error":"name is too long*"#),
    ("user", "new: state 200", STATE, r#"400 {"error":"state 200 is out of range*"#),
    ("user-delete", "deleted: bind signer", DELETED, r#"400 {"error":"unregister signer:*"#),
    ("user-delete", "deleted: bind miner", DELETED, r#"400 {"error":"can't bind miner:f01003*"#),
    ("user-delete", "recovered: miner list", DELETED, "200 []"),
    ("user-delete", "recovered: signer list", DELETED, "200 []"),
    ("ratelimit", "upsert: same id for another user", TAKEN, r#"400 {"error":"rate limit 794fc*"#),
    ("ratelimit", "get: id at other user", TAKEN, "200 []"),
    ("miner", "add: openMining missing", OPEN, "200 true"),
    ("miner", "add: nothing", OPEN, r#"400 {"error":"Key: 'UpsertMinerReq.User' Error*"#),
    ("miner", "add: form", BARE, "200 true"),
    ("miner", "add: form, quoted address", BARE, "200 false"),
    ("miner", "user by miner: owner is not enough", OWNER, r#"200 {"id":"{{id:a}}"*"#),
    ("miner", "del: undecodable body, admin", TWICE, r#"400 {"error":"invalid address length"}"#),
    ("miner", "del: undecodable body, no caller", TWICE, r#"400 {"error":"invalid address length"}"#),
    ("miner", "del: form", BARE, "200 true"),
    ("signer", "register: form", BARE, "200 "),
    ("signer", "list: self", BARE, r#"200 [{"Signer":"f15rynkupqyfx5ebvaishg7duutwb5ooq2qpaikua"*"#),
    ("signer", "has: bad address gives two documents", TWICE, r#"400 {"error":"invalid address length"}"#),
    ("signer", "has: bad address, no caller", TWICE, r#"400 {"error":"invalid address length"}"#),
    ("signer", "unregistered: has", BARE, "200 true"),
    ("signer", "unregistered: user by signer", BARE, r#"200 [{"id":"{{id:a}}"*"#),
    ("signer", "del: foreign", BARE, "200 true"),
    ("signer", "del: bad address gives two documents", TWICE, r#"400 {"error":"invalid address length"}"#),
    ("signer", "deleted for the other too", SHARED, "200 true"),
    ("signer", "del: again", SHARED, "200 true"),
    ("historical", "add-miner before v1.8, no OpenMining", OPEN, "200 true"),
    ("historical", "alias list-by-user", OPEN, r#"200 [{"Miner":"f01640","User":"a"*"#),
    ("historical", "v1.2 has miner", OLD_USER, "200 true"),
];
