//! Following the chain: events, and what counts towards goals.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context;
use futures::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, BitField, Bytes, ChainApi, ChainEpoch, Cid, HeadChangeType, PoStProof, TipSet,
    TipSetKey, from_cbor,
};
use venus_sealer::params::SUBMIT_WINDOWED_POST;

use crate::{
    Event, Events, Progress,
    ledger::{Entry, Ledger, Post},
    services::Sealers,
};

/// Between a lost subscription and the next.
const RESUBSCRIBE: Duration = Duration::from_millis(500);

/// Follows the chain.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) chain: Arc<dyn ChainApi>,
    pub(crate) sealers: Sealers,
    pub(crate) ledger: Ledger,
    pub(crate) events: Events,
    pub(crate) progress: watch::Sender<Progress>,
    /// What is on the chain at the start is no news.
    pub(crate) first: bool,
}

/// Parameters of a window PoSt.
type PostParams = (u64, Vec<(u64, BitField)>, Vec<PoStProof>, ChainEpoch, Bytes);

impl Follower {
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let follow = async {
            loop {
                if let Err(error) = self.follow().await {
                    tracing::warn!(error = format!("{error:#}"), "head not followed; trying again");
                }
                tokio::time::sleep(RESUBSCRIBE).await;
            }
        };
        stop.run_until_cancelled(follow).await;
    }

    async fn follow(&mut self) -> anyhow::Result<()> {
        let mut changes = self.chain.chain_notify().await?;
        while let Some(batch) = changes.next().await {
            let mut newest = batch;
            // Several at once are one step.
            while let Ok(Some(next)) = tokio::time::timeout(Duration::ZERO, changes.next()).await {
                newest.extend(next);
            }
            let head = newest.into_iter().rfind(|c| c.r#type != HeadChangeType::Revert);
            let Some(head) = head else { continue };
            self.take(head.val).await?;
        }
        Ok(())
    }

    /// Brings the ledger to a head.
    async fn take(&mut self, head: TipSet) -> anyhow::Result<()> {
        let height = head.height();
        let mut path = vec![head];
        let mut junction = -1;
        while let Some(lowest) = path.last() {
            if lowest.height() == 0 {
                break;
            }
            let parent = self.chain.chain_get_tipset(lowest.parents()).await?;
            if self.ledger.has(parent.height(), parent.key()) {
                junction = parent.height();
                break;
            }
            path.push(parent);
        }
        let before = News::of(&self.ledger.cut(junction));
        let mut added = Vec::new();
        for tipset in path.into_iter().rev() {
            let entry = Entry::new(&tipset, self.posts(&tipset).await?);
            self.ledger.add(tipset.height(), entry.clone());
            added.push((tipset.height(), entry));
        }
        let after = News::of(&added);
        if !std::mem::take(&mut self.first) {
            before.without(&after).tell_reverted(&self.events);
            after.without(&before).tell(&self.events);
        }
        self.count(height).await
    }

    /// The window PoSts that a tipset executed without error: those of its parent.
    async fn posts(&self, tipset: &TipSet) -> anyhow::Result<Vec<Post>> {
        let block = tipset.key().cids().first().filter(|_| tipset.height() > 0);
        let Some(block) = block else { return Ok(Vec::new()) };
        let messages = self.chain.chain_get_parent_messages(*block).await?;
        if !messages.iter().any(|m| m.message.method == SUBMIT_WINDOWED_POST) {
            return Ok(Vec::new());
        }
        let receipts = self.chain.chain_get_parent_receipts(*block).await?;
        let parent = self.chain.chain_get_tipset(tipset.parents()).await?;
        let mut posts = Vec::new();
        for (message, receipt) in messages.iter().zip(receipts) {
            let message = &message.message;
            if message.method != SUBMIT_WINDOWED_POST || receipt.exit_code != 0 {
                continue;
            }
            let params: PostParams = from_cbor(&message.params).context("reading a window PoSt")?;
            posts.push(Post { miner: message.to, deadline: params.0, epoch: parent.height() });
        }
        Ok(posts)
    }

    /// Counts what goals are about, as of the head.
    async fn count(&self, head: ChainEpoch) -> anyhow::Result<()> {
        let mut new = BTreeSet::new();
        let mut proving = 0;
        for running in self.sealers.all() {
            let miner = running.sealer.miner();
            let faults = self.chain.state_miner_faults(miner, TipSetKey::head()).await?;
            let sectors = faults.len();
            if self.ledger.note_faults(miner, sectors) {
                self.events.send(Event::Faults { miner, sectors, epoch: head });
            }
            if running.is_new {
                new.insert(miner);
                proving += self.active(miner).await?;
            }
        }
        let progress = Progress { head, proving, wins: self.ledger.wins_of(&new) };
        self.progress.send_replace(progress);
        Ok(())
    }

    async fn active(&self, miner: Address) -> anyhow::Result<u64> {
        Ok(self.chain.state_miner_active_sectors(miner, TipSetKey::head()).await?.len() as u64)
    }
}

/// What is told of some tipsets. A block that stays on the chain while another comes beside it is
/// no news.
#[derive(Debug, Default)]
struct News {
    blocks: BTreeSet<(ChainEpoch, Address, Cid)>,
    posts: BTreeSet<Post>,
}

impl News {
    fn of(entries: &[(ChainEpoch, Entry)]) -> Self {
        let mut news = Self::default();
        for (epoch, entry) in entries.iter().filter(|(epoch, _)| *epoch > 0) {
            news.blocks.extend(entry.blocks.iter().map(|(cid, miner)| (*epoch, *miner, *cid)));
            news.posts.extend(entry.posts.iter().copied());
        }
        news
    }

    fn without(&self, other: &Self) -> Self {
        Self { blocks: &self.blocks - &other.blocks, posts: &self.posts - &other.posts }
    }

    fn tell(self, events: &Events) {
        for Post { miner, deadline, epoch } in self.posts {
            events.send(Event::WindowPost { miner, deadline, epoch });
        }
        for (epoch, miner, cid) in self.blocks {
            events.send(Event::BlockWon { miner, epoch, cid });
        }
    }

    fn tell_reverted(self, events: &Events) {
        for (epoch, miner, cid) in self.blocks {
            events.send(Event::BlockReverted { miner, epoch, cid });
        }
    }
}
