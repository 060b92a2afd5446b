//! The table of methods that a server dispatches to.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{BoxStream, Stream},
};
use serde::Serialize;
use serde_json::Value;

use super::{FromParams, Params, RpcError};
use crate::auth::Permission;

/// The values of a streaming method. It ends when the other side ends it or the connection is
/// lost; dropping it tells the other side to stop.
pub type RpcStream<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// What is known of a method besides its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodDescription {
    /// The full name on the wire, such as `Filecoin.ChainHead`.
    pub name: String,
    /// What it does.
    pub docs: &'static str,
    /// What the caller must be allowed.
    pub permission: Permission,
    /// Name and Rust type of each parameter, in order.
    pub params: &'static [(&'static str, &'static str)],
    /// Rust type of the result, or of each value of the stream.
    pub result: &'static str,
    /// Whether it answers with a stream.
    pub stream: bool,
}

impl MethodDescription {
    /// Describes a method that is registered by hand; fill in the rest as needed.
    pub fn new(name: impl Into<String>, permission: Permission) -> Self {
        let name = name.into();
        Self { name, docs: "", permission, params: &[], result: "any", stream: false }
    }
}

/// A call whose parameters have been read. Nothing runs before the future is polled.
pub(crate) enum Prepared {
    Call(BoxFuture<'static, Result<Value, RpcError>>),
    Stream(BoxFuture<'static, Result<BoxStream<'static, Result<Value, RpcError>>, RpcError>>),
}

type Handler = Arc<dyn Fn(Params, &MethodDescription) -> Result<Prepared, RpcError> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Method {
    pub(crate) description: MethodDescription,
    handler: Handler,
}

impl Method {
    /// Reads the parameters; an error is one of the protocol, not of the method.
    pub(crate) fn prepare(&self, params: Params) -> Result<Prepared, RpcError> {
        (self.handler)(params, &self.description)
    }
}

/// Methods by their full name on the wire.
///
/// `rpc_interface!` makes one from a service; merge several to serve them on one path.
#[derive(Clone, Default)]
pub struct Methods(BTreeMap<String, Method>);

impl Methods {
    /// No methods.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a method with one result. `P` is the tuple of its parameters, or [`Params`].
    #[must_use]
    pub fn with_call<P, R, F, Fut>(self, description: MethodDescription, handler: F) -> Self
    where
        P: FromParams,
        R: Serialize + 'static,
        F: Fn(P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
    {
        self.insert(description, move |params, method| {
            let result = handler(P::from_params(params, method)?);
            Ok(Prepared::Call(result.map(|result| encode(&result?)).boxed()))
        })
    }

    /// Adds a method that answers with a stream.
    #[must_use]
    pub fn with_stream<P, R, F, Fut>(self, description: MethodDescription, handler: F) -> Self
    where
        P: FromParams,
        R: Serialize + 'static,
        F: Fn(P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<RpcStream<R>, RpcError>> + Send + 'static,
    {
        let description = MethodDescription { stream: true, ..description };
        self.insert(description, move |params, method| {
            let stream = handler(P::from_params(params, method)?);
            let values = stream.map(|stream| Ok(stream?.map(|value| encode(&value)).boxed()));
            Ok(Prepared::Stream(values.boxed()))
        })
    }

    fn insert(
        mut self,
        description: MethodDescription,
        handler: impl Fn(Params, &MethodDescription) -> Result<Prepared, RpcError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let name = description.name.clone();
        self.0.insert(name, Method { description, handler: Arc::new(handler) });
        self
    }

    /// Adds all methods of `other`; of two with one name, the one of `other` stays.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Offers the method `existing` under the name `alias` too.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>, existing: &str) -> Self {
        let alias = alias.into();
        match self.0.get(existing).cloned() {
            Some(mut method) => {
                method.description.name.clone_from(&alias);
                self.0.insert(alias, method);
            }
            None => tracing::error!(alias, existing, "no alias: the method does not exist"),
        }
        self
    }

    /// Takes a method out.
    #[must_use]
    pub fn remove(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Puts all methods into another namespace: `Gateway.X` becomes `<namespace>.X`.
    #[must_use]
    pub fn with_namespace(self, namespace: &str) -> Self {
        let rename = |(name, mut method): (String, Method)| {
            let short = name.split_once('.').map_or(name.as_str(), |(_, short)| short);
            method.description.name = format!("{namespace}.{short}");
            (method.description.name.clone(), method)
        };
        Self(self.0.into_iter().map(rename).collect())
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What is known of each method, by name.
    pub fn describe(&self) -> Vec<MethodDescription> {
        self.0.values().map(|method| method.description.clone()).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Method> {
        self.0.get(name)
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Value, RpcError> {
    serde_json::to_value(value)
        .map_err(|error| RpcError::Encode { what: "the result".into(), reason: error.to_string() })
}
