//! Estimates.

use venus_core::{
    Address, EstimateMessage, Message, MessageSendSpec, TokenAmount,
    chain_api::{GasOracle, MessagePool, StateReader},
};

use super::world::*;

fn bare(to: u64, fil: i64) -> Message {
    Message::transfer(rich().address(), Address::id(to), TokenAmount::from_fil(fil))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_suffices() {
    let world = World::new().await;
    let node = &world.node;
    world.mine().await;
    let message = bare(99, 1);
    let used = node.gas_estimate_gas_limit(message.clone(), HEAD).await.unwrap();
    let estimated = node.gas_estimate_message_gas(message, None, HEAD).await.unwrap();
    assert_eq!(estimated.gas_limit, (used as f64 * 1.25) as i64);
    assert_eq!(estimated.gas_premium, TokenAmount::from_atto(100_000));
    let head = node.head();
    let cap = head.base_fee().atto() * 2699 / 256 + 100_000;
    assert_eq!(estimated.gas_fee_cap, TokenAmount::from_atto(cap));
    let spec = MessageSendSpec {
        max_fee: TokenAmount::from_atto(1_000_000),
        gas_over_estimation: 2.0,
        gas_over_premium: 3.0,
    };
    let capped = node.gas_estimate_message_gas(bare(99, 1), Some(spec), HEAD).await.unwrap();
    assert_eq!(capped.gas_limit, used * 2);
    assert_eq!(capped.gas_fee_cap, TokenAmount::from_atto(1_000_000 / (used * 2)));
    assert_eq!(capped.gas_premium, capped.gas_fee_cap);

    for (blocks, premium) in [(1, 200_000), (2, 150_000), (10, 100_000)] {
        let estimate = node.gas_estimate_gas_premium(blocks, rich().address(), 0, HEAD).await;
        assert_eq!(estimate.unwrap(), TokenAmount::from_atto(premium));
    }

    let cid = node.mpool_push(sign(&rich(), estimated)).await.unwrap();
    world.mine().await;
    world.mine().await;
    let found = node.state_search_msg(HEAD, cid, -1, true).await.unwrap().unwrap();
    assert_eq!(found.receipt.exit_code, 0);
    // A little more than estimated: the fee fields, then empty, count in the message's length.
    let more = found.receipt.gas_used as i64 - used;
    assert!((0..20 * 1300).contains(&more), "{more}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_says_why() {
    let world = World::new().await;
    let node = &world.node;
    world.mine().await;
    for (message, text) in [
        (
            bare(999_999, 1),
            "estimating gas used: message execution failed: exit SysErrInvalidReceiver(5), reason: message failed with backtrace:\n",
        ),
        (bare(99, 900_000_000), "exit SysErrInsufficientFunds(6)"),
        (Message { method: 99, ..bare(4, 0) }, "exit ErrUnhandledMessage(22)"),
    ] {
        let error = node.gas_estimate_message_gas(message, None, HEAD).await.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    let stranger = key(venus_core::crypto::KeyKind::Secp256k1, 55).address();
    let message = Message { from: stranger, ..bare(99, 1) };
    let error = node.gas_estimate_message_gas(message, None, HEAD).await.unwrap_err();
    assert!(error.to_string().contains("not found on chain: sender validation failed"), "{error}");
    let call = node.state_call(Message { method: 99, ..bare(4, 0) }, HEAD).await.unwrap();
    assert_eq!(call.msg_rct.exit_code, 22);
    assert!(!call.error.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_message_of_a_batch_takes_no_nonce() {
    let world = World::new().await;
    let node = &world.node;
    world.mine().await;
    let batch =
        [bare(99, 1), bare(999_999, 1), bare(99, 2)].map(|msg| EstimateMessage { msg, spec: None });
    let results = node.gas_batch_estimate_message_gas(batch.to_vec(), 0, HEAD).await.unwrap();
    let nonces: Vec<_> = results.iter().map(|r| r.msg.as_ref().unwrap().nonce).collect();
    assert_eq!(nonces, [0, 0, 1]);
    assert!(results[1].err.starts_with("estimating gas limit: message execution failed"));
    assert_eq!((results[0].err.as_str(), results[2].err.as_str()), ("", ""));
    assert!(results[2].msg.as_ref().unwrap().gas_limit > 0);
    let error = node.gas_batch_estimate_message_gas(vec![], 0, HEAD).await.unwrap_err();
    assert_eq!(error.to_string(), "estimate messages are empty");
}
