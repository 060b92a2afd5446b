//! `venus-miner address`: the pool's miners.

use anyhow::bail;
use clap::{Args, Subcommand};
use venus_core::{Address, api::miner::MinerApi};

use super::{Named, Session, json};

#[derive(Debug, Subcommand)]
pub(super) enum AddressCommand {
    /// List the known miners, also those that are switched off.
    List,
    /// Read the miners anew from venus-auth and list those that mine.
    Update {
        /// Leave out the first so many users.
        #[arg(long, default_value_t = 0)]
        skip: i64,
        /// Read so many users at most; 0 is all. The miners of others stop until the next reading.
        #[arg(long, default_value_t = 0)]
        limit: i64,
    },
    /// Tell how the miners fare; all if none is named.
    State(Named),
    /// Make blocks for these miners from now on, for good; for all if none is named.
    Start(Named),
    /// Make no more blocks for these miners, for good.
    Stop(Named),
    /// Make a proof for a block that is not, to see whether it works.
    Warmup(Warmup),
}

/// What `warmup` takes.
#[derive(Debug, Args)]
pub(super) struct Warmup {
    /// The miner, such as t01000.
    miner: String,
}

impl AddressCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        match self {
            Self::List => {
                json(&session.call(|miner| async move { miner.list_address().await }).await?)
            }
            Self::Update { skip, limit } => {
                let call = |miner: venus_core::api::miner::MinerClient| async move {
                    miner.update_address(skip, limit).await
                };
                json(&session.call(call).await?)
            }
            Self::State(named) => {
                let named = Some(named.addresses()?);
                let call =
                    session.call(|miner| async move { miner.states_for_mining(named).await });
                json(&call.await?)
            }
            Self::Start(named) => switch(session, &named, true).await,
            Self::Stop(named) if named.miners.is_empty() => bail!("name the miners to stop"),
            Self::Stop(named) => switch(session, &named, false).await,
            Self::Warmup(Warmup { miner }) => {
                let named = Named { miners: vec![miner] };
                let Some(address) = named.addresses()?.pop() else { bail!("name a miner") };
                session.call(|miner| async move { miner.warmup_for_miner(address).await }).await?;
                Ok("warmup success.\n".to_owned())
            }
        }
    }
}

/// Starts or stops miners. The daemon reports neither unknown miners nor refusals of venus-auth to
/// its callers, as the original, so both are looked for here.
async fn switch(session: &Session, named: &Named, on: bool) -> anyhow::Result<String> {
    let miners = named.addresses()?;
    let known = session.call(|miner| async move { miner.list_address().await }).await?;
    if let Some(unknown) = miners.iter().find(|named| known.iter().all(|m| m.addr != **named)) {
        bail!(
            "{unknown} is no miner of this pool; bind it with `venus-auth user miner add <user> \
             {unknown}`, then call `venus-miner address update`"
        );
    }
    let call = miners.clone();
    session
        .call(|miner| async move {
            match on {
                true => miner.start(Some(call)).await,
                false => miner.stop(Some(call)).await,
            }
        })
        .await?;
    let states = session.call(|miner| async move { miner.states_for_mining(Some(miners)).await });
    let stuck: Vec<Address> =
        states.await?.into_iter().filter(|s| s.is_mining != on).map(|s| s.addr).collect();
    let did = if on { "start" } else { "stop" };
    if !stuck.is_empty() {
        bail!("could not {did} {stuck:?}: venus-auth did not take it; the daemon's log says why");
    }
    Ok(format!("{did} mining success.\n"))
}
