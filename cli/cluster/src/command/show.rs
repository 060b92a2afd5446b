//! `venus-cluster status`.

use std::{fmt::Write, time::Duration};

use anyhow::{Context, bail};
use futures::future::join_all;
use serde::Serialize;
use venus_cluster::{
    ClusterApi, ClusterClient, MinerStatus, Service, Status, read_services, running_pid,
};
use venus_core::rpc::{Client, Endpoint};

use super::{Home, print};

/// How long a service may take to say that it is well.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pool itself among its services.
const CLUSTER: &str = "venus-cluster";

/// Which pool to show.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    home: Home,
    /// As one JSON document.
    #[arg(long)]
    json: bool,
}

/// A service and how it is.
#[derive(Debug, Serialize)]
struct Health {
    name: String,
    url: String,
    healthy: bool,
}

/// What is shown: the status, with the health of each service.
#[derive(Debug, Serialize)]
struct Shown {
    services: Vec<Health>,
    #[serde(flatten)]
    status: serde_json::Value,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    venus_core::set_network(false);
    let home = args.home.path()?;
    if running_pid(&home)?.is_none() {
        bail!("no pool runs in {}; start it with `venus-cluster up`", home.display());
    }
    let (services, token) = read_services(&home)?;
    let Some(cluster) = services.iter().find(|service| service.name == CLUSTER) else {
        bail!("the pool in {} is still starting; ask again in a moment", home.display());
    };
    let client = Client::connect(&Endpoint::parse(&cluster.url, 0)?, Some(token));
    let status = ClusterClient::from(client).status().await.context("asking the pool")?;
    let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
    let services = join_all(status.services.iter().map(|service| health(&http, service))).await;
    match args.json {
        true => {
            let mut rest = serde_json::to_value(&status)?;
            if let Some(fields) = rest.as_object_mut() {
                fields.remove("services");
            }
            let shown = Shown { services, status: rest };
            print(&format!("{}\n", serde_json::to_string_pretty(&shown)?))
        }
        false => print(&text(&services, &status)?),
    }
}

async fn health(http: &reqwest::Client, service: &Service) -> Health {
    let answer = http.get(format!("{}/healthcheck", service.url)).send().await;
    let healthy = answer.is_ok_and(|answer| answer.status().is_success());
    Health { name: service.name.clone(), url: service.url.clone(), healthy }
}

fn text(services: &[Health], status: &Status) -> anyhow::Result<String> {
    let mut out = String::new();
    let width = services.iter().map(|service| service.name.len()).max().unwrap_or_default();
    writeln!(out, "Services")?;
    for Health { name, url, healthy } in services {
        let health = if *healthy { "ok" } else { "DOWN" };
        writeln!(out, "  {name:width$}  {url}  {health}")?;
    }
    let head = &status.head;
    writeln!(out, "Head")?;
    writeln!(out, "  height    {}", head.height)?;
    for cid in &head.cids {
        writeln!(out, "  block     {cid}")?;
    }
    writeln!(out, "  base fee  {} attoFIL", head.base_fee.atto())?;
    for miner in &status.miners {
        write_miner(&mut out, miner)?;
    }
    writeln!(out, "Messages")?;
    if status.messages.is_empty() {
        writeln!(out, "  none")?;
    }
    for (state, count) in &status.messages {
        writeln!(out, "  {state}  {count}")?;
    }
    Ok(out)
}

fn write_miner(out: &mut String, miner: &MinerStatus) -> std::fmt::Result {
    let kind = if miner.is_new { "" } else { ", made with the chain" };
    writeln!(out, "Miner {} of {}{kind}", miner.miner, miner.account)?;
    writeln!(out, "  power             {} of {} bytes", miner.power.0, miner.network_power.0)?;
    let states: Vec<_> = miner.sectors.iter().map(|(state, n)| format!("{n} {state}")).collect();
    if !states.is_empty() {
        writeln!(out, "  sectors           {}", states.join(", "))?;
    }
    writeln!(out, "  with power        {}", miner.active)?;
    writeln!(out, "  faulty            {}", miner.faults)?;
    writeln!(out, "  missed deadlines  {}", miner.missed_deadlines)?;
    writeln!(out, "  window PoSts      {}", miner.window_posts)?;
    writeln!(out, "  blocks won        {}", miner.wins)
}
