//! JSON-RPC 2.0 as go-jsonrpc speaks it: HTTP and WebSocket on one path, streams, cancellation.
//!
//! An interface is defined once, by [`rpc_interface!`](crate::rpc_interface). A service that
//! implements the trait is served by a [`Server`]; a [`Client`] in a newtype implements the same
//! trait, so that who holds an `Arc<dyn Trait>` need not know on which side of a wire it is.

pub mod codes;

mod client;
mod context;
mod dispatch;
mod endpoint;
mod error;
mod frame;
mod macros;
mod methods;
mod openrpc;
mod params;
mod pump;
mod server;

pub use client::Client;
pub use context::{RequestContext, current_request};
pub use endpoint::{Endpoint, EndpointError, base_url, listen_addr, split_api_info};
pub use error::RpcError;
pub use methods::{MethodDescription, Methods, RpcStream};
pub use openrpc::openrpc;
pub use params::{FromParams, Params};
pub use pump::Keepalive;
pub use server::{Limits, Server, serve};

/// The header that says which API a request is for; only the gateway reads it.
pub const NAMESPACE_HEADER: &str = "x-venus-api-namespace";

#[doc(hidden)]
pub mod __private {
    pub use async_trait::async_trait;
    pub use auto_impl::auto_impl;
}
