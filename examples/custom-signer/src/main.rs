//! Your own key device behind [`Signer`]: a messager signs through it and never sees the key.
//!
//! The device here keeps its key in memory and pays to nobody but the address on its list; replace
//! `Device` by calls of your HSM or your cloud's key service. `cargo run --release -p custom-signer`.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use venus_cluster::{Events, Goal, Plan, Pool, Proofs};
use venus_core::{
    Address, ChainApi, Message, MessageSink, MsgMeta, Purpose, SignError, Signature, Signer,
    TipSetKey, TokenAmount,
    crypto::{KeyKind, PrivateKey},
    from_cbor,
};
use venus_messager::{Messager, MessagerConfig};

/// A key, and to whom it pays.
#[derive(Debug)]
struct Device {
    key: PrivateKey,
    payee: Address,
}

#[async_trait]
impl Signer for Device {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        Ok(vec![self.key.address()])
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        if by != self.key.address() {
            return Err(SignError::UnknownKey(by));
        }
        let denied = |reason: &str| SignError::Denied {
            address: by,
            purpose: meta.r#type.clone(),
            reason: reason.to_owned(),
        };
        if meta.r#type != Purpose::ChainMessage {
            return Err(denied("this device signs messages only"));
        }
        let message: Message =
            from_cbor(&meta.extra).map_err(|_| denied("the message cannot be read"))?;
        // What is signed must be what is shown.
        if message.cid().to_bytes() != bytes {
            return Err(denied("the bytes are not those of the message"));
        }
        if message.to != self.payee || message.method != 0 {
            return Err(denied("it is no payment to the one on the list"));
        }
        let failed = |reason| SignError::Holder { holder: "device", reason };
        self.key.sign(bytes).map_err(|error| failed(error.to_string()))
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what happens")]
async fn main() -> anyhow::Result<()> {
    // A pool to have a chain; in yours, connect a `NodeClient` instead.
    let home = tempfile::tempdir()?;
    let plan = Plan { proofs: Proofs::Simulated, base_port: 0, miners: 0, ..Plan::default() };
    let pool = Pool::start(home.path(), plan, Events::new(|_| {})).await?;
    pool.reached_within(Goal::Head(1), Duration::from_secs(120)).await?;
    let chain = pool.chain();
    let miners = chain.state_list_miners(TipSetKey::head()).await?;
    let miner = *miners.first().context("the chain has a miner")?;
    let treasury = treasury(&*chain, miner).await?;

    let key = PrivateKey::generate(KeyKind::Secp256k1)?;
    let device = Arc::new(Device { key, payee: treasury });
    let address = device.key.address();
    let messager = Messager::builder(chain, device)
        .with_config(MessagerConfig { stable: Duration::from_millis(100), ..Default::default() })
        .open(home.path().join("own-messager"))
        .await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (messager, stop) = (messager.clone(), stop.clone());
        async move { messager.run(stop).await }
    });

    let fund = Message::transfer(treasury, address, TokenAmount::from_fil(10));
    pool.sink().push("fund", fund, None).await?;
    println!("funded in {}", pool.sink().wait("fund", 1).await?.message);

    let pay = Message::transfer(address, treasury, TokenAmount::from_fil(1));
    messager.push("pay", pay, None).await?;
    let outcome = messager.wait("pay", 1).await?;
    println!("{address} paid in {}, exit code {}", outcome.message, outcome.receipt.exit_code);

    stop.cancel();
    running.await?;
    pool.stop().await
}

/// The key of a miner's owner, which has money.
async fn treasury(chain: &dyn ChainApi, miner: Address) -> anyhow::Result<Address> {
    let info = chain.state_miner_info(miner, TipSetKey::head()).await?;
    Ok(chain.state_account_key(info.owner, TipSetKey::head()).await?)
}
