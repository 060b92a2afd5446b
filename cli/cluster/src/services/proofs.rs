//! The prover that the sealers share, and its parameters.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use anyhow::Context;
use tokio::sync::watch;
use venus_proofs::{
    DevNetwork, LocalProver, ParamSet,
    params::{CircuitKind, Progress},
};

use super::Stage;
use crate::{Event, Events, Proofs};

/// The prover of the pool. Clones share its threads.
#[derive(Debug, Clone)]
pub(crate) struct Proving {
    pub(crate) prover: LocalProver,
    /// Whether sectors can be proven; closed if that will not be.
    pub(crate) seal_ready: watch::Receiver<bool>,
}

impl Proving {
    /// Makes what blocks need at once, and what sealing needs in the background.
    pub(crate) async fn start(
        network: &str,
        proofs: Proofs,
        events: &Events,
        stage: &mut Stage,
    ) -> anyhow::Result<Self> {
        let set = ParamSet::open_default().context("opening the proof parameters")?;
        let (ready, seal_ready) = watch::channel(proofs == Proofs::Simulated);
        if proofs == Proofs::Simulated {
            let prover = LocalProver::simulated(&DevNetwork::named(network)?, &set)?;
            return Ok(Self { prover, seal_ready });
        }
        for kind in [CircuitKind::Winning, CircuitKind::Window] {
            set.ensure_in_background(kind, report(events.clone()))
                .await
                .context("making the proof parameters of blocks and window PoSts")?;
        }
        let (events, stop) = (events.clone(), stage.token());
        stage.spawn(async move {
            let made = set.ensure_in_background(CircuitKind::Porep, report(events.clone()));
            match stop.run_until_cancelled(made).await {
                Some(Ok(_)) => drop(ready.send(true)),
                Some(Err(error)) => events.send(Event::Trouble {
                    what: "making the proof parameters of sealing".to_owned(),
                    error: format!("{:#}", anyhow::Error::from(error)),
                }),
                None => {}
            }
        });
        Ok(Self { prover: LocalProver::real(network)?, seal_ready })
    }
}

/// Reports each tenth once.
fn report(events: Events) -> Arc<dyn Fn(Progress) + Send + Sync> {
    let shown = AtomicU8::new(0);
    Arc::new(move |progress: Progress| {
        // From 0 to 1, so that nothing is cut off.
        let percent = (progress.fraction * 100.0) as u8 / 10 * 10;
        if shown.fetch_max(percent, Ordering::Relaxed) < percent {
            let circuit = progress.circuit.to_string();
            events.send(Event::Parameters { circuit, percent });
        }
    })
}
