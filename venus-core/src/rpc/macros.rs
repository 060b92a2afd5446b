//! The definition of an RPC interface, from which everything else follows.

/// Defines a typed client: a newtype over [`rpc::Client`](crate::rpc::Client) for which
/// [`rpc_interface!`](crate::rpc_interface) implements its traits.
#[macro_export]
macro_rules! rpc_client {
    ($(#[$meta:meta])* $vis:vis struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        $vis struct $name($crate::rpc::Client);

        impl $name {
            /// Calls through `client`.
            $vis const fn new(client: $crate::rpc::Client) -> Self {
                Self(client)
            }
        }

        impl ::core::convert::AsRef<$crate::rpc::Client> for $name {
            fn as_ref(&self) -> &$crate::rpc::Client {
                &self.0
            }
        }

        impl ::core::convert::From<$crate::rpc::Client> for $name {
            fn from(client: $crate::rpc::Client) -> Self {
                Self(client)
            }
        }
    };
}

/// Defines an RPC interface once: the trait, the client's implementation, the server's dispatch
/// with the permission of each method, and the description for OpenRPC.
///
/// ```
/// use std::sync::Arc;
/// use venus_core::rpc::{RpcError, RpcStream};
///
/// venus_core::rpc_client! {
///     /// Calls a counter.
///     pub struct CounterClient;
/// }
/// venus_core::rpc_interface! {
///     /// Counts.
///     pub trait Counter for CounterClient in "Counter" {
///         /// Adds to the count and returns it.
///         #[write]
///         fn add(amount: u64, note: Option<String>) -> u64 = "Add";
///         /// Follows the count.
///         #[read]
///         stream watch() -> u64 = "Watch";
///     }
/// }
///
/// #[derive(Debug)]
/// struct Service;
///
/// #[async_trait::async_trait]
/// impl Counter for Service {
///     async fn add(&self, amount: u64, _note: Option<String>) -> Result<u64, RpcError> {
///         Ok(amount)
///     }
///     async fn watch(&self) -> Result<RpcStream<u64>, RpcError> {
///         Ok(Box::pin(futures::stream::iter([1, 2])))
///     }
/// }
///
/// let methods = <dyn Counter>::methods(Arc::new(Service));
/// assert_eq!(methods.names().collect::<Vec<_>>(), ["Counter.Add", "Counter.Watch"]);
/// ```
///
/// Each method names one of `#[read] #[write] #[sign] #[admin]`; without it nothing compiles:
///
/// ```compile_fail
/// venus_core::rpc_client! { /// C.
///     pub struct C; }
/// venus_core::rpc_interface! {
///     /// T.
///     pub trait T for C in "T" {
///         /// Nobody says who may.
///         fn f() -> u64 = "F";
///     }
/// }
/// ```
///
/// Parameters are owned types, `Serialize + DeserializeOwned`; an optional one is `Option<T>` and
/// always present on the wire, as `null`. No result is `()`.
#[macro_export]
macro_rules! rpc_interface {
    // Parses one method after the other into `{ [docs] Permission kind name (params) result wire }`.
    (@parse $head:tt [$($done:tt)*]
        $(#[doc = $doc:literal])* #[read] $kind:ident $name:ident $params:tt
        -> $ret:ty = $wire:literal; $($rest:tt)*
    ) => {
        $crate::rpc_interface!(@parse $head
            [$($done)* {[$($doc)*] Read $kind $name $params [$ret] $wire}] $($rest)*);
    };
    (@parse $head:tt [$($done:tt)*]
        $(#[doc = $doc:literal])* #[write] $kind:ident $name:ident $params:tt
        -> $ret:ty = $wire:literal; $($rest:tt)*
    ) => {
        $crate::rpc_interface!(@parse $head
            [$($done)* {[$($doc)*] Write $kind $name $params [$ret] $wire}] $($rest)*);
    };
    (@parse $head:tt [$($done:tt)*]
        $(#[doc = $doc:literal])* #[sign] $kind:ident $name:ident $params:tt
        -> $ret:ty = $wire:literal; $($rest:tt)*
    ) => {
        $crate::rpc_interface!(@parse $head
            [$($done)* {[$($doc)*] Sign $kind $name $params [$ret] $wire}] $($rest)*);
    };
    (@parse $head:tt [$($done:tt)*]
        $(#[doc = $doc:literal])* #[admin] $kind:ident $name:ident $params:tt
        -> $ret:ty = $wire:literal; $($rest:tt)*
    ) => {
        $crate::rpc_interface!(@parse $head
            [$($done)* {[$($doc)*] Admin $kind $name $params [$ret] $wire}] $($rest)*);
    };
    (@parse
        {[$($trait_doc:literal)*] [$vis:vis] $trait:ident $client:ident $namespace:literal}
        [$({
            [$($doc:literal)*] $perm:ident $kind:ident $name:ident
            ($($arg:ident: $ty:ty),* $(,)?) [$ret:ty] $wire:literal
        })*]
    ) => {
        $(#[doc = $trait_doc])*
        #[$crate::rpc::__private::async_trait]
        #[$crate::rpc::__private::auto_impl(&, Box, Arc)]
        #[allow(clippy::too_many_arguments, reason = "the wire format decides how many")]
        $vis trait $trait: ::core::fmt::Debug + ::core::marker::Send + ::core::marker::Sync {
            $(
                $(#[doc = $doc])*
                async fn $name(&self, $($arg: $ty),*) -> ::core::result::Result<
                    $crate::__rpc_output!($kind $ret),
                    $crate::rpc::RpcError,
                >;
            )*
        }

        #[$crate::rpc::__private::async_trait]
        impl $trait for $client {
            $(
                async fn $name(&self, $($arg: $ty),*) -> ::core::result::Result<
                    $crate::__rpc_output!($kind $ret),
                    $crate::rpc::RpcError,
                > {
                    #[allow(unused_mut, reason = "not changed by a method without parameters")]
                    let mut params = $crate::rpc::Params::default();
                    $(params.push(::core::stringify!($arg), &$arg)?;)*
                    let client: &$crate::rpc::Client = ::core::convert::AsRef::as_ref(self);
                    $crate::__rpc_call!(
                        $kind client, ::core::concat!($namespace, ".", $wire), params
                    )
                }
            )*
        }

        impl dyn $trait {
            /// The server's side: dispatches to `api` whoever has the permission.
            $vis fn methods(api: ::std::sync::Arc<dyn $trait>) -> $crate::rpc::Methods {
                let mut descriptions = Self::describe().into_iter();
                let mut methods = $crate::rpc::Methods::new();
                $(
                    if let ::core::option::Option::Some(description) = descriptions.next() {
                        let api = ::std::sync::Arc::clone(&api);
                        methods = $crate::__rpc_register!(
                            $kind methods, description,
                            move |($($arg,)*): ($($ty,)*)| {
                                let api = ::std::sync::Arc::clone(&api);
                                async move { api.$name($($arg),*).await }
                            }
                        );
                    }
                )*
                methods
            }

            /// What is known of each method, in the order of the definition.
            $vis fn describe() -> ::std::vec::Vec<$crate::rpc::MethodDescription> {
                ::std::vec![$(
                    $crate::rpc::MethodDescription {
                        name: ::core::concat!($namespace, ".", $wire).into(),
                        docs: ::core::concat!($($doc, "\n"),*).trim(),
                        permission: $crate::auth::Permission::$perm,
                        params: &[$((::core::stringify!($arg), ::core::stringify!($ty))),*],
                        result: ::core::stringify!($ret),
                        stream: $crate::__rpc_is_stream!($kind),
                    }
                ),*]
            }
        }
    };
    (@parse $head:tt $done:tt $($rest:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "write `/// docs`, then one of #[read] #[write] #[sign] #[admin], then ",
            "`fn name(arg: Type) -> Type = \"WireName\";` or `stream name(..) -> ..`, at: ",
            ::core::stringify!($($rest)+)
        ));
    };
    (
        $(#[doc = $doc:literal])*
        $vis:vis trait $trait:ident for $client:ident in $namespace:literal { $($methods:tt)* }
    ) => {
        $crate::rpc_interface!(
            @parse {[$($doc)*] [$vis] $trait $client $namespace} [] $($methods)*
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __rpc_output {
    (fn $ret:ty) => { $ret };
    (stream $ret:ty) => { $crate::rpc::RpcStream<$ret> };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __rpc_is_stream {
    (fn) => {
        false
    };
    (stream) => {
        true
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __rpc_call {
    (fn $client:ident, $method:expr, $params:ident) => {
        $client.call($method, $params).await
    };
    (stream $client:ident, $method:expr, $params:ident) => {
        $client.subscribe($method, $params).await
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __rpc_register {
    (fn $methods:ident, $description:ident, $handler:expr) => {
        $methods.with_call($description, $handler)
    };
    (stream $methods:ident, $description:ident, $handler:expr) => {
        $methods.with_stream($description, $handler)
    };
}
