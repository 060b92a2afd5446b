//! `venus-sealer sectors`: beginning sectors and looking at them.

use std::fmt::Write;

use anyhow::bail;
use chrono::DateTime;
use clap::{Args, Subcommand};
use venus_core::SectorNumber;
use venus_sealer::{
    SealerApi,
    fsm::{Randomness, SectorState},
    view::SectorStatus,
};

use super::Session;
use crate::output;

#[derive(Debug, Subcommand)]
pub(super) enum SectorsCommand {
    /// Begin a sector without data.
    Pledge,
    /// List the sectors of this home.
    List {
        /// Do not ask the chain.
        #[arg(long, short)]
        fast: bool,
        /// Also list removed sectors.
        #[arg(long, short = 'r')]
        show_removed: bool,
        /// Only those in these states, such as Proving,CommitFailed.
        #[arg(long, value_delimiter = ',', value_parser = state)]
        states: Vec<SectorState>,
    },
    /// Show one sector.
    Status(Status),
}

/// What `status` takes.
#[derive(Debug, Args)]
pub(super) struct Status {
    /// Its number.
    number: SectorNumber,
    /// Also show what happened to it.
    #[arg(long, short)]
    log: bool,
    /// Also show it as the chain has it.
    #[arg(long, short = 'c')]
    on_chain_info: bool,
    /// Also show where it is proven.
    #[arg(long, short)]
    partition_info: bool,
    /// Also show its proof, in hex.
    #[arg(long)]
    proof: bool,
}

fn state(name: &str) -> Result<SectorState, String> {
    SectorState::parse(name).ok_or_else(|| {
        let known: Vec<_> = SectorState::ALL.iter().map(|state| state.as_str()).collect();
        format!("there is no such state; use {}", known.join(", "))
    })
}

impl SectorsCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        match self {
            Self::Pledge => {
                let sector = session.call(|sealer| async move { sealer.pledge_sector().await });
                let sector = sector.await?;
                match session.json {
                    true => output::json(&sector),
                    false => Ok(format!("Created CC sector:  {}\n", sector.number)),
                }
            }
            Self::List { fast, show_removed, states } => {
                list(session, fast, show_removed, &states).await
            }
            Self::Status(status) => status.run(session).await,
        }
    }
}

async fn list(
    session: &Session,
    fast: bool,
    show_removed: bool,
    states: &[SectorState],
) -> anyhow::Result<String> {
    let call = session.call(|sealer| async move { sealer.sectors_table(fast).await });
    let mut sectors = call.await?;
    sectors.retain(|sector| match states {
        [] => show_removed || sector.state != SectorState::Removed,
        some => some.contains(&sector.state),
    });
    output::show(session.json, &sectors, || {
        let header = ["ID", "State", "OnChain", "Active", "Expiration", "Pledge", "Error"];
        let mut table = output::table(&header);
        let yes = |is: bool| if is { "YES" } else { "NO" }.to_owned();
        for sector in &sectors {
            let known = |is: bool| if fast { "-".to_owned() } else { yes(is) };
            table.add_row([
                sector.number.to_string(),
                sector.state.to_string(),
                known(sector.on_chain),
                known(sector.active),
                sector.expiration.map_or_else(|| "-".into(), |epoch| epoch.to_string()),
                sector.initial_pledge.as_ref().map_or_else(|| "-".into(), super::units::fil),
                sector.last_err.lines().next().unwrap_or_default().to_owned(),
            ]);
        }
        table
    })
}

impl Status {
    async fn run(self, session: &Session) -> anyhow::Result<String> {
        let (number, on_chain) = (self.number, self.on_chain_info || self.partition_info);
        let call =
            session.call(|sealer| async move { sealer.sectors_status(number, on_chain).await });
        let status = call.await?;
        if session.json {
            return output::json(&status);
        }
        self.text(&status)
    }

    /// As lotus prints it, tabulator by tabulator.
    fn text(&self, status: &SectorStatus) -> anyhow::Result<String> {
        let mut text = String::new();
        let out = &mut text;
        let cid = |cid: Option<venus_core::Cid>| cid.map(|cid| cid.to_string()).unwrap_or_default();
        let drawn = |draw: Option<Randomness>| match draw {
            Some(draw) => (hex::encode(draw.value), draw.epoch),
            None => (String::new(), 0),
        };
        let (ticket, seed) = (drawn(status.ticket), drawn(status.seed));
        let (pre_commit, commit) = (&status.pre_commit_msg, &status.commit_msg);
        writeln!(out, "SectorID:\t{}", status.number)?;
        writeln!(out, "Status:\t\t{}", status.state)?;
        writeln!(out, "CIDcommD:\t{}", cid(status.comm_d))?;
        writeln!(out, "CIDcommR:\t{}", cid(status.comm_r))?;
        writeln!(out, "Ticket:\t\t{}\nTicketH:\t{}", ticket.0, ticket.1)?;
        writeln!(out, "Seed:\t\t{}\nSeedH:\t\t{}", seed.0, seed.1)?;
        writeln!(out, "Precommit:\t{}", pre_commit.as_deref().unwrap_or_default())?;
        writeln!(out, "Commit:\t\t{}", commit.as_deref().unwrap_or_default())?;
        if self.proof {
            let proof = status.proof.as_ref().map(hex::encode).unwrap_or_default();
            writeln!(out, "Proof:\t\t{proof}")?;
        }
        writeln!(out, "Deals:\t\t[]\nRetries:\t{}", status.retries)?;
        if !status.last_err.is_empty() {
            writeln!(out, "Last Error:\t\t{}", status.last_err)?;
        }
        if self.on_chain_info {
            self.chain(out, status)?;
        }
        if self.partition_info {
            let Some(at) = &status.location else {
                bail!("sector {} is in no partition yet; it is {}", status.number, status.state)
            };
            writeln!(out, "\nDeadline:\t{}\nPartition:\t{}", at.deadline, at.partition)?;
        }
        if self.log {
            writeln!(out, "--------\nEvent Log:")?;
            for (index, entry) in status.log.iter().enumerate() {
                let time = DateTime::from_timestamp(entry.timestamp, 0).unwrap_or_default();
                let time = time.format("%Y-%m-%d %H:%M:%S +0000 UTC");
                writeln!(out, "{index}.\t{time}:\t[{}]\t{}", entry.kind, entry.message)?;
                if !entry.trace.is_empty() {
                    writeln!(out, "\t{}", entry.trace)?;
                }
            }
        }
        Ok(text)
    }

    fn chain(&self, out: &mut String, status: &SectorStatus) -> anyhow::Result<()> {
        writeln!(out, "\nSector On Chain Info")?;
        let Some(info) = &status.on_chain else {
            writeln!(out, "not on chain yet")?;
            return Ok(());
        };
        writeln!(out, "SealProof:\t\t{:?}", info.seal_proof)?;
        writeln!(out, "Activation:\t\t{}\nExpiration:\t\t{}", info.activation, info.expiration)?;
        writeln!(out, "DealWeight:\t\t{}", info.deal_weight)?;
        writeln!(out, "VerifiedDealWeight:\t\t{}", info.verified_deal_weight)?;
        writeln!(out, "InitialPledge:\t\t{}", info.initial_pledge)?;
        Ok(())
    }
}
