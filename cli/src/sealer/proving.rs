//! `venus-sealer proving`: the deadlines of window PoSts.

use clap::Subcommand;
use serde::Serialize;
use venus_core::SectorNumber;
use venus_sealer::{SealerApi, view::DeadlineSummary};

use super::{Session, units};
use crate::output;

#[derive(Debug, Subcommand)]
pub(super) enum ProvingCommand {
    /// List the deadlines: when they open, what is in them, what is proven.
    Deadlines,
    /// List the faulty sectors.
    Faults,
}

/// A line of `proving faults`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Faults {
    deadline: u64,
    partition: u64,
    sectors: Vec<SectorNumber>,
}

impl ProvingCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        let call = session.call(|sealer| async move { sealer.proving_deadlines().await });
        let deadlines = call.await?;
        match self {
            Self::Deadlines => show_deadlines(session, &deadlines),
            Self::Faults => show_faults(session, &deadlines),
        }
    }
}

fn show_deadlines(session: &Session, deadlines: &[DeadlineSummary]) -> anyhow::Result<String> {
    output::show(session.json, deadlines, || {
        let header = ["deadline", "open", "partitions", "sectors (faults)", "proven partitions"];
        let mut table = output::table(&header);
        for deadline in deadlines {
            let faults: usize = deadline.faults().iter().map(|(_, sectors)| sectors.len()).sum();
            let current = if deadline.current { " (current)" } else { "" };
            table.add_row([
                format!("{}{current}", deadline.index),
                deadline.open.to_string(),
                deadline.partitions.len().to_string(),
                format!("{} ({faults})", deadline.live()),
                units::ranges(deadline.proven.iter()),
            ]);
        }
        table
    })
}

fn show_faults(session: &Session, deadlines: &[DeadlineSummary]) -> anyhow::Result<String> {
    let faults: Vec<_> = deadlines
        .iter()
        .flat_map(|deadline| {
            let index = deadline.index;
            let line = move |(partition, sectors)| Faults { deadline: index, partition, sectors };
            deadline.faults().into_iter().map(line)
        })
        .collect();
    output::show(session.json, &faults, || {
        let mut table = output::table(&["deadline", "partition", "sectors"]);
        for Faults { deadline, partition, sectors } in &faults {
            let sectors = units::ranges(sectors.iter().copied());
            table.add_row([deadline.to_string(), partition.to_string(), sectors]);
        }
        table
    })
}
