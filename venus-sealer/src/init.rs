//! Making a home for a miner: a new one, or one that is on chain already.

use std::{path::Path, time::Duration};

use uuid::Uuid;
use venus_core::{
    Address, Bytes, ChainApi, Message, MessageSink, TipSetKey, TokenAmount, auth::LocalToken,
};

use crate::{
    SealerError,
    context::{Delivery, ask, deliver, exit_text},
    fsm::Outgoing,
    params, policy,
    store::{Creation, Identity, SealerStore},
};

/// The deposit drifts between question and execution; what is too much stays the miner's.
const DEPOSIT_MARGIN_PERCENT: i64 = 110;

/// A miner to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMiner {
    /// Who decides; the worker if none.
    pub owner: Option<Address>,
    /// Who signs blocks: a BLS key address.
    pub worker: Address,
    /// Who pays; the worker if none.
    pub from: Option<Address>,
    /// Bytes of its sectors.
    pub sector_size: u64,
    /// The libp2p peer id, binary.
    pub peer_id: Bytes,
    /// Where the peer listens, binary multiaddrs.
    pub multiaddrs: Vec<Bytes>,
}

/// How `init` talks to the outside.
#[derive(Debug, Clone, Copy)]
pub struct InitOptions {
    /// Epochs after a message's execution until it is relied on.
    pub confidence: u64,
    /// How long the node and the messager have to answer.
    pub timeout: Duration,
}

impl Default for InitOptions {
    /// 5 epochs, a minute.
    fn default() -> Self {
        Self { confidence: 5, timeout: Duration::from_secs(60) }
    }
}

/// Creates a miner on chain and makes `home` its home.
///
/// Interrupted, call it again: the message is kept before it is sent, so that there is one miner
/// in the end. The parameters of the first call count then.
pub async fn init_new(
    home: &Path,
    chain: &dyn ChainApi,
    sink: &dyn MessageSink,
    miner: &NewMiner,
    options: InitOptions,
) -> Result<Identity, SealerError> {
    let store = open_empty(home)?;
    let creation = match store.creation()? {
        Some(creation) => {
            tracing::info!(id = %creation.message.id, "going on with a creation begun before");
            creation
        }
        None => {
            let window_proof = policy::window_proof(miner.sector_size)?;
            for address in [miner.owner.unwrap_or(miner.worker), miner.worker] {
                activate(&store, chain, sink, miner, address, options).await?;
            }
            let creation = Creation {
                message: creation_message(chain, miner, options).await?,
                window_proof,
                sector_size: miner.sector_size,
            };
            store.set_creation(Some(&creation)).await?;
            creation
        }
    };
    tracing::info!("Pushed CreateMiner message: {}", creation.message.id);
    tracing::info!("Waiting for confirmation");
    let failed = match deliver(sink, options.timeout, options.confidence, &creation.message).await?
    {
        Delivery::Lost(reason) => reason,
        Delivery::Executed(lookup) if lookup.receipt.exit_code != 0 => {
            exit_text("CreateMiner", &lookup)
        }
        Delivery::Executed(lookup) => {
            let (miner, robust) = params::created_miner(&lookup.receipt.return_data)?;
            tracing::info!("New miners address is: {miner} ({robust})");
            let identity = Identity {
                miner,
                window_proof: creation.window_proof,
                sector_size: creation.sector_size,
                home_id: Uuid::new_v4(),
            };
            return settle(&store, home, identity).await;
        }
    };
    // It can never succeed any more: the next call may make another.
    store.set_creation(None).await?;
    Err(SealerError::NotCreated(failed))
}

/// Makes `home` the home of a miner that is on chain already.
pub async fn init_existing(
    home: &Path,
    chain: &dyn ChainApi,
    miner: Address,
    options: InitOptions,
) -> Result<Identity, SealerError> {
    let lookup = chain.state_lookup_id(miner, TipSetKey::head());
    let miner = ask(options.timeout, "the miner's id", lookup).await?;
    let info = chain.state_miner_info(miner, TipSetKey::head());
    let info = ask(options.timeout, "the miner", info).await?;
    // Says so now, not at the first sector.
    policy::seal_proof(info.window_po_st_proof_type)?;
    let store = open_empty(home)?;
    let identity = Identity {
        miner,
        window_proof: info.window_po_st_proof_type,
        sector_size: info.sector_size,
        home_id: Uuid::new_v4(),
    };
    settle(&store, home, identity).await
}

/// Whose home it is, if it is one. Fails while another process has it open.
pub fn identity(home: &Path) -> Result<Option<Identity>, SealerError> {
    match home.join("datastore").exists() {
        true => SealerStore::open(home)?.identity(),
        false => Ok(None),
    }
}

fn open_empty(home: &Path) -> Result<SealerStore, SealerError> {
    std::fs::create_dir_all(home).map_err(|source| SealerError::File {
        path: home.to_owned(),
        action: "created",
        source,
    })?;
    let store = SealerStore::open(home)?;
    match store.identity()? {
        Some(Identity { miner, .. }) => {
            Err(SealerError::AlreadyInitialized { home: home.to_owned(), miner })
        }
        None => Ok(store),
    }
}

async fn settle(
    store: &SealerStore,
    home: &Path,
    identity: Identity,
) -> Result<Identity, SealerError> {
    if identity.miner.as_id().is_none() {
        return Err(SealerError::NoId(identity.miner));
    }
    LocalToken::load_or_create(home).map_err(|error| SealerError::File {
        path: home.join("token"),
        action: "written",
        source: std::io::Error::other(error),
    })?;
    store.set_identity(&identity).await?;
    tracing::info!(miner = %identity.miner, home = %home.display(), "home made");
    Ok(identity)
}

/// Makes an address known to the chain by a transfer of nothing: the actors take no other.
async fn activate(
    store: &SealerStore,
    chain: &dyn ChainApi,
    sink: &dyn MessageSink,
    miner: &NewMiner,
    address: Address,
    options: InitOptions,
) -> Result<(), SealerError> {
    let lookup = chain.state_lookup_id(address, TipSetKey::head());
    match ask(options.timeout, "an address", lookup).await {
        Ok(_) => return Ok(()),
        // Only the node's own answer says that the address is unknown.
        Err(SealerError::Chain { source, .. }) if !source.is_retryable() => {}
        Err(error) => return Err(error),
    }
    let message = match store.activation(address)? {
        Some(message) => message,
        None => {
            let from = miner.from.unwrap_or(miner.worker);
            let message = Message::transfer(from, address, TokenAmount::zero());
            let id = format!("activate-{address}-{}", Uuid::new_v4());
            let message = Outgoing { id, message, spec: None };
            store.set_activation(address, Some(&message)).await?;
            message
        }
    };
    let failed = match deliver(sink, options.timeout, options.confidence, &message).await? {
        Delivery::Executed(lookup) if lookup.receipt.exit_code == 0 => return Ok(()),
        Delivery::Executed(lookup) => exit_text("the first transfer", &lookup),
        Delivery::Lost(reason) => reason,
    };
    store.set_activation(address, None).await?;
    Err(SealerError::NotCreated(format!("{address} is unknown on chain: {failed}")))
}

async fn creation_message(
    chain: &dyn ChainApi,
    miner: &NewMiner,
    options: InitOptions,
) -> Result<Outgoing, SealerError> {
    let deposit = chain.state_miner_creation_deposit(TipSetKey::head());
    let deposit = ask(options.timeout, "the creation deposit", deposit).await?;
    let value = TokenAmount::from_atto(deposit.atto() * DEPOSIT_MARGIN_PERCENT / 100);
    let params = params::create_miner(
        miner.owner.unwrap_or(miner.worker),
        miner.worker,
        policy::window_proof(miner.sector_size)?,
        &miner.peer_id,
        &miner.multiaddrs,
    );
    let from = miner.from.unwrap_or(miner.worker);
    let message = Message::call(from, params::POWER_ACTOR, value, params::CREATE_MINER, params);
    Ok(Outgoing { id: format!("create-miner-{}", Uuid::new_v4()), message, spec: None })
}
