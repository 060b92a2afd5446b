//! A small service with one method of each kind.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream};
use tokio::sync::Notify;
use venus_core::{
    auth::{Permission, current_caller},
    rpc::{RpcError, RpcStream, current_request, openrpc},
};

venus_core::rpc_client! {
    /// Calls a toy.
    pub struct ToyClient;
}

venus_core::rpc_interface! {
    /// A toy.
    pub trait Toy for ToyClient in "Toy" {
        /// Adds two numbers.
        ///
        /// The second may be left out.
        #[read]
        fn add(a: i64, b: Option<i64>) -> i64 = "Add";
        /// Increments a counter.
        #[read]
        fn inc() -> () = "Inc";
        /// Fails.
        #[write]
        fn fail(text: String) -> u8 = "Fail";
        /// Fails with a number.
        #[read]
        fn fail_with(code: i64) -> u8 = "FailWith";
        /// Panics.
        #[read]
        fn crash() -> () = "Crash";
        /// Never answers.
        #[read]
        fn hang() -> () = "Hang";
        /// Needs an administrator.
        #[admin]
        fn wallet_sign(data: Vec<u8>) -> Vec<u8> = "WalletSign";
        /// Says who calls and from where.
        #[read]
        fn who() -> (String, bool, Option<String>) = "Who";
        /// Counts the items of a list.
        #[sign]
        fn len(list: Vec<String>) -> usize = "Len";
        /// Counts up to a number, or for ever after it if asked.
        #[read]
        stream count(to: u32, then_wait: bool) -> u32 = "Count";
        /// Fails before its first value.
        #[read]
        stream no_stream() -> u32 = "NoStream";
        /// Panics after one value.
        #[read]
        stream crash_later() -> u32 = "CrashLater";
    }
}

/// Counts what it is asked for.
#[derive(Debug, Default)]
pub(super) struct ToyService {
    pub count: AtomicUsize,
    /// Told whenever a call that hangs, or a stream that waits, is dropped.
    pub dropped: Arc<Notify>,
}

struct OnDrop(Arc<Notify>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait::async_trait]
impl Toy for ToyService {
    async fn add(&self, a: i64, b: Option<i64>) -> Result<i64, RpcError> {
        Ok(a + b.unwrap_or_default())
    }

    async fn inc(&self) -> Result<(), RpcError> {
        self.count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn fail(&self, text: String) -> Result<u8, RpcError> {
        Err(RpcError::method(text))
    }

    async fn fail_with(&self, code: i64) -> Result<u8, RpcError> {
        Err(RpcError::coded(code, "coded"))
    }

    async fn crash(&self) -> Result<(), RpcError> {
        panic!("on purpose")
    }

    async fn hang(&self) -> Result<(), RpcError> {
        let _on_drop = OnDrop(Arc::clone(&self.dropped));
        self.count.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }

    async fn wallet_sign(&self, data: Vec<u8>) -> Result<Vec<u8>, RpcError> {
        Ok(data)
    }

    async fn who(&self) -> Result<(String, bool, Option<String>), RpcError> {
        let request = current_request().unwrap();
        assert_eq!(current_caller().as_ref(), Some(&request.caller));
        Ok((request.caller.name, request.remote.is_some(), request.namespace))
    }

    async fn len(&self, list: Vec<String>) -> Result<usize, RpcError> {
        Ok(list.len())
    }

    async fn count(&self, to: u32, then_wait: bool) -> Result<RpcStream<u32>, RpcError> {
        let on_drop = OnDrop(Arc::clone(&self.dropped));
        Ok(Box::pin(stream::unfold((0, on_drop), move |(n, on_drop)| async move {
            if n == to && then_wait {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            (n < to).then_some((n, (n + 1, on_drop)))
        })))
    }

    async fn no_stream(&self) -> Result<RpcStream<u32>, RpcError> {
        Err(RpcError::method("no stream today"))
    }

    async fn crash_later(&self) -> Result<RpcStream<u32>, RpcError> {
        Ok(Box::pin(stream::iter(0..).map(|n: u32| {
            assert!(n < 1, "on purpose");
            n
        })))
    }
}

#[tokio::test]
async fn in_process_the_same_trait_needs_no_transport() {
    let toy: Arc<dyn Toy> = Arc::new(ToyService::default());
    assert_eq!(toy.add(1, None).await.unwrap(), 1);
    assert_eq!(current_caller(), None);
    assert_eq!(toy.count(3, false).await.unwrap().collect::<Vec<_>>().await, [0, 1, 2]);
}

#[test]
fn the_definition_describes_itself() {
    let methods = <dyn Toy>::describe();
    let add = &methods[0];
    assert_eq!(add.name, "Toy.Add");
    assert_eq!(add.permission, Permission::Read);
    assert_eq!(add.params, [("a", "i64"), ("b", "Option<i64>")]);
    assert!(!add.stream && methods[9].stream);
    assert_eq!(methods.iter().filter(|m| m.permission == Permission::Admin).count(), 1);

    let document = openrpc("toy", "1.0", &methods);
    assert_eq!(document["methods"].as_array().unwrap().len(), 12);
    let add = &document["methods"][0];
    assert_eq!(add["summary"], "Adds two numbers.");
    assert!(add["description"].as_str().unwrap().ends_with("may be left out."));
    assert_eq!(
        (&add["params"][0]["required"], &add["params"][1]["required"]),
        (&true.into(), &false.into())
    );
    assert_eq!(add["result"]["schema"]["title"], "i64");
}

#[test]
fn tables_of_methods_can_be_rearranged() {
    let toy: Arc<dyn Toy> = Arc::new(ToyService::default());
    let methods = <dyn Toy>::methods(toy)
        .remove("Toy.Crash")
        .alias("toy_add", "Toy.Add")
        .alias("nothing", "Toy.Missing")
        .with_namespace("Other");
    let names: Vec<_> = methods.names().collect();
    assert!(names.contains(&"Other.Add") && names.contains(&"Other.toy_add"), "{names:?}");
    assert!(!names.iter().any(|name| name.ends_with("Crash") || name.contains("nothing")));
}
