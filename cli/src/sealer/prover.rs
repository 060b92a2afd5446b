//! The prover of a sealer: on the CPU, with parameters that development networks make by themselves.

use std::sync::Arc;

use anyhow::Context;
use venus_proofs::{
    DevNetwork, LocalProver, ParamSet,
    params::{CircuitKind, library_dir},
};
use venus_sealer::{Identity, storage::SectorStorage};

use super::progress::{Shown, ensure};

/// A prover for sectors in `storage`.
pub(super) async fn prover(
    network: &str,
    simulated: bool,
    identity: &Identity,
    storage: Arc<SectorStorage>,
) -> anyhow::Result<LocalProver> {
    let development = DevNetwork::named(network);
    let prover = match development {
        Ok(network) if simulated => LocalProver::simulated(&network, &set(identity).await?)?,
        Err(error) if simulated => return Err(error).context("proofs = simulated"),
        Ok(_) => {
            parameters(set(identity).await?).await?;
            LocalProver::real(network)?
        }
        Err(_) => LocalProver::real(network)?,
    };
    Ok(prover.with_locator(storage))
}

/// The development set for the miner's sectors; the keys of bigger ones are made here.
async fn set(identity: &Identity) -> anyhow::Result<ParamSet> {
    let size = identity.window_proof.sector_size().map_err(anyhow::Error::msg)?;
    let open = move || ParamSet::open_sized(library_dir(), size);
    Ok(tokio::task::spawn_blocking(open).await??)
}

/// Makes what is missing of the parameters: those of PoSts now, as deadlines do not wait, that of
/// seals in the background.
async fn parameters(set: ParamSet) -> anyhow::Result<()> {
    for kind in [CircuitKind::Winning, CircuitKind::Window] {
        ensure(&set, kind, Shown::Log).await.with_context(|| format!("{kind} parameters"))?;
    }
    tokio::spawn(async move {
        if let Err(error) = ensure(&set, CircuitKind::Porep, Shown::Log).await {
            tracing::error!(%error, "no parameters for seals; sectors wait until a restart");
        }
    });
    Ok(())
}
