//! The numbers of the `code` field, the only error-to-wire map.

/// A handler panicked.
pub const PANIC: i64 = 0;
/// Any error that a method returned.
pub const METHOD: i64 = 1;
/// Go clients take this for a lost connection and resend for ever; it is never sent.
pub const NETWORK: i64 = 2;
/// The connection or the server has reached its limit of calls in flight (ours alone).
pub const BUSY: i64 = 1001;
/// Empty body, empty batch.
pub const INVALID_REQUEST: i64 = -32600;
/// Unknown method, or a stream method over plain HTTP.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// Wrong number of parameters.
pub const INVALID_PARAMS: i64 = -32602;
/// Bad JSON, bad id, undecodable parameters, body too big.
pub const PARSE: i64 = -32700;
