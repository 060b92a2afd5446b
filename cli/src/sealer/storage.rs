//! `venus-sealer storage`: the directories that sectors are sealed and kept in.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use venus_core::rpc::RpcError;
use venus_sealer::{
    SealerApi, identity,
    storage::{FsStat, NewPath, PathMeta, SectorStorage, StoragePath},
};

use super::{Session, initialized, units};
use crate::output;

#[derive(Debug, Subcommand)]
pub(super) enum StorageCommand {
    /// Attach a directory, for good; also while the daemon does not run.
    Attach(Attach),
    /// List the attached directories with their space.
    List,
}

/// What `attach` takes.
#[derive(Debug, Args)]
pub(super) struct Attach {
    /// Make the directory into a storage path first; without it, it must be one already.
    #[arg(long)]
    init: bool,
    /// Seal sectors here: fast disks.
    #[arg(long, requires = "init")]
    seal: bool,
    /// Keep finished sectors here: big disks.
    #[arg(long, requires = "init")]
    store: bool,
    /// How much it is preferred to others.
    #[arg(long, default_value_t = 10)]
    weight: u64,
    /// Bytes that sectors may take at most, such as 10TiB [default: all there are].
    #[arg(long, value_parser = units::parse_size, requires = "init")]
    max_storage: Option<u64>,
    /// The directory.
    path: PathBuf,
}

/// A line of `storage list`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    path: String,
    #[serde(flatten)]
    meta: PathMeta,
    stat: FsStat,
}

impl StorageCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        match self {
            Self::Attach(attach) => attach.run(session).await,
            Self::List => list(session).await,
        }
    }
}

impl Attach {
    async fn run(self, session: &Session) -> anyhow::Result<String> {
        let path = std::path::absolute(&self.path)?;
        let new = self.init.then_some(NewPath {
            weight: self.weight,
            seal: self.seal,
            store: self.store,
            max_storage: self.max_storage.unwrap_or_default(),
        });
        let running = session.call(|sealer| async move { sealer.actor_address().await }).await;
        let attached = match running {
            Ok(_) => {
                let attached = match new {
                    Some(new) => new.create(&path)?,
                    None => StoragePath::open(&path)?,
                };
                let root = attached.root.display().to_string();
                session.call(|sealer| async move { sealer.storage_add_local(root).await }).await?;
                attached
            }
            Err(error) if is_away(&error) => {
                initialized(&session.home)?;
                // Fails if a process has the home, though nobody answers.
                identity(&session.home)?;
                SectorStorage::open(&session.home)?.attach(&path, new)?
            }
            Err(error) => return Err(error),
        };
        let StoragePath { meta, root } = attached;
        match session.json {
            true => output::json(&meta),
            false => Ok(format!("attached {} as {}\n", root.display(), meta.id)),
        }
    }
}

/// Whether there is no daemon at all.
fn is_away(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(RpcError::Connect { .. }))
}

async fn list(session: &Session) -> anyhow::Result<String> {
    let lines = session.call(|sealer| async move {
        let mut lines = Vec::new();
        for (id, path) in sealer.storage_local().await? {
            let id = id.parse().map_err(RpcError::from_display)?;
            let (meta, stat) = (sealer.storage_meta(id).await?, sealer.storage_stat(id).await?);
            lines.push(Line { path, meta, stat });
        }
        Ok(lines)
    });
    let lines = lines.await?;
    output::show(session.json, &lines, || {
        let header = ["ID", "Path", "Use", "Weight", "Used", "Available", "Limit"];
        let mut table = output::table(&header);
        for Line { path, meta, stat } in &lines {
            let roles = [(meta.can_seal, "Seal"), (meta.can_store, "Store")];
            let roles: Vec<_> = roles.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
            table.add_row([
                meta.id.to_string(),
                path.clone(),
                roles.join(" "),
                meta.weight.to_string(),
                units::size(stat.used),
                units::size(stat.available),
                if stat.max == 0 { "-".to_owned() } else { units::size(stat.max) },
            ]);
        }
        table
    })
}
