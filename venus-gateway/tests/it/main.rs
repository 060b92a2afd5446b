//! What a gateway promises to providers and callers, over real sockets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]

mod replay;
mod signer;
mod wallet_stream;
mod world;
