//! What the message pool takes.

use futures::StreamExt;
use venus_core::{
    Address, SignedMessage, TokenAmount,
    chain_api::{ChainReader, MessagePool, MiningApi},
    crypto::KeyKind,
};

use super::world::*;

fn changed(change: impl FnOnce(&mut venus_core::Message)) -> SignedMessage {
    let mut message = transfer(&rich(), Address::id(99), 1, 0).message;
    change(&mut message);
    sign(&rich(), message)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_refused_with_the_texts_of_go() {
    let world = World::new().await;
    let node = &world.node;
    world.mine().await;
    node.mpool_push(transfer(&rich(), Address::id(99), 1, 0)).await.unwrap();
    world.mine().await;
    let first = transfer(&rich(), Address::id(99), 1, 1);
    node.mpool_push(first.clone()).await.unwrap();

    let atto = |n: u64| TokenAmount::from_atto(n);
    let mut forged = transfer(&rich(), Address::id(99), 1, 2);
    forged.message.nonce = 3;
    let stranger = key(KeyKind::Secp256k1, 55);
    let cases: Vec<(&str, SignedMessage)> = vec![
        ("mpool message too large", changed(|m| m.params = vec![0; 70_000].into())),
        ("'Version' unsupported", changed(|m| m.version = 1)),
        ("'Value' field cannot be negative", changed(|m| m.value = TokenAmount::from_atto(-1))),
        (
            "cannot be greater than total",
            changed(|m| m.value = TokenAmount::from_fil(2_000_000_001i64)),
        ),
        (
            "'GasFeeCap' less than 'GasPremium'",
            changed(|m| m.gas_premium = TokenAmount::from_fil(1)),
        ),
        ("'GasLimit' field 0 must be positive", changed(|m| m.gas_limit = 0)),
        ("less than the cost of storing", changed(|m| m.gas_limit = 100_000)),
        (
            "gas fee cap too low",
            changed(|m| {
                m.gas_fee_cap = atto(99);
                m.gas_premium = atto(1);
            }),
        ),
        ("signature did not match", forged),
        ("minimum expected nonce is 1, got 0: message nonce too low", changed(|_| {})),
        ("actor not found", transfer(&stranger, Address::id(99), 1, 0)),
        (
            "not enough funds to execute transaction",
            changed(|m| {
                m.nonce = 2;
                m.gas_fee_cap = TokenAmount::from_fil(1);
            }),
        ),
        ("message with nonce already exists", first),
        (
            "increase GasPremium to 110001 from 100000",
            changed(|m| {
                m.nonce = 1;
                m.value = TokenAmount::from_fil(7);
            }),
        ),
    ];
    for (text, message) in cases {
        let error = node.mpool_push(message).await.unwrap_err();
        assert!(error.to_string().contains(text), "{text}: {error}");
    }

    let replacement = changed(|m| {
        m.nonce = 1;
        m.gas_premium = atto(110_001);
    });
    node.mpool_push(replacement.clone()).await.unwrap();
    assert_eq!(node.mpool_pending(HEAD).await.unwrap(), [replacement]);
}

#[tokio::test(flavor = "multi_thread")]
async fn delegated_senders_sign_ethereum_transactions() {
    let world = World::new().await;
    let node = &world.node;
    world.mine().await;
    let delegated = key(KeyKind::Delegated, 9);
    node.mpool_push(transfer(&rich(), delegated.address(), 5, 0)).await.unwrap();
    world.mine().await;
    world.mine().await;
    let mut message = transfer(&delegated, Address::id(99), 1, 0).message;
    message.method = 3_844_450_837;
    let bytes = venus_core::crypto::signing_bytes(&message, 31_415_926).unwrap();
    let signature = delegated.sign(&bytes).unwrap();
    let signed = SignedMessage { message, signature };
    node.mpool_push(signed.clone()).await.unwrap();
    let head = world.mine().await;
    let content = node.chain_get_block_messages(head.blocks()[0].cid()).await.unwrap();
    assert_eq!(content.secpk_messages, [signed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_wait_and_selections_are_in_order() {
    let world = World::new().await;
    let node = &world.node;
    let head = world.mine().await;
    let mut updates = node.mpool_sub().await.unwrap();
    let late = transfer(&rich(), Address::id(99), 1, 2);
    node.mpool_push(late.clone()).await.unwrap();
    let update = updates.next().await.unwrap();
    assert_eq!((update.r#type, update.message), (0, late.clone()));
    assert_eq!(node.mpool_get_nonce(rich().address()).await.unwrap(), 0);
    let key = head.key().clone();
    assert!(node.mpool_select(key.clone(), 1.0).await.unwrap().is_empty());
    assert_eq!(node.mpool_selects(key.clone(), vec![1.0, 0.5]).await.unwrap(), [None, None]);

    let rest = [0, 1].map(|nonce| transfer(&rich(), Address::id(99), 1, nonce));
    node.mpool_batch_push_untrusted(rest.to_vec()).await.unwrap();
    assert_eq!(node.mpool_get_nonce(rich().address()).await.unwrap(), 3);
    let all = [rest[0].clone(), rest[1].clone(), late];
    assert_eq!(node.mpool_select(key.clone(), 0.1).await.unwrap(), all);
    let twice = node.mpool_selects(key, vec![1.0, 0.5]).await.unwrap();
    assert_eq!(twice, [Some(all.to_vec()), Some(all.to_vec())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_stops_at_the_first_refusal() {
    let world = World::new().await;
    let node = &world.node;
    world.mine().await;
    let [a, b, c] = [0, 1, 2].map(|nonce| transfer(&rich(), Address::id(99), 1, nonce));
    let bad = changed(|m| m.gas_limit = 0);
    node.mpool_batch_push(vec![a.clone(), b.clone(), bad, c]).await.unwrap_err();
    assert_eq!(node.mpool_pending(HEAD).await.unwrap(), [a, b]);
}
