//! What a gateway promises to providers and callers, over real sockets.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod replay;
mod wallet_stream;
mod world;
