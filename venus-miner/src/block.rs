//! From a draw that was won to a block that a node took.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::future::join_all;
use tokio::time::Instant;
use venus_core::{
    Address, BlockHeader, BlockMsg, BlockTemplate, ChainEpoch, MsgMeta, Purpose, SignedMessage,
    TipSet,
    api::miner::MineState,
    consensus::ticket_quality,
    crypto,
    rpc::{RpcError, codes},
};

use crate::{
    error::{MinerError, Result, ask},
    lottery::{Win, Work, drawn_from},
    recorder::Record,
    service::Inner,
    store::{Intent, Verdict},
};

impl Inner {
    /// Makes, signs and submits the blocks of `wins`; how many were taken.
    pub(crate) async fn make_blocks(self: &Arc<Self>, work: &Work, wins: Vec<Win>) -> usize {
        let head = ask(self.config.request_timeout(), "get the head", self.chain.chain_head());
        let head = match head.await {
            Ok(head) => Arc::new(head),
            Err(error) => {
                tracing::warn!(%error, "head unknown; staying on the base");
                Arc::clone(&work.base)
            }
        };
        let placed = wins.into_iter().map(|win| self.place(work, &head, win));
        let placed: Vec<_> = join_all(placed).await.into_iter().flatten().collect();
        // Winners whose base the chain has left stay on it: the head may come back.
        let (mut moved, mut stayed) = (Vec::new(), Vec::new());
        for (base, win) in placed {
            let group = if base.key() == work.base.key() { &mut stayed } else { &mut moved };
            group.push((base, win));
        }
        let mut made = 0;
        for group in [stayed, moved] {
            made += self.make_on(work, group).await;
        }
        made
    }

    /// The base that the block of `win` shall have: `head` if the draw holds there too, with a
    /// ticket of its own; else the one drawn on.
    async fn place(
        self: &Arc<Self>,
        work: &Work,
        head: &Arc<TipSet>,
        mut win: Win,
    ) -> Option<(Arc<TipSet>, Win)> {
        let base = &work.base;
        let round = work.round();
        let replaces = head.key() != base.key() && (base.height()..round).contains(&head.height());
        if !replaces {
            return Some((Arc::clone(base), win));
        }
        match self.redraw(round, head, &mut win).await {
            Ok(true) => {
                tracing::info!(miner = %win.miner, round, base = %head.key(), "a better base");
                Some((Arc::clone(head), win))
            }
            Ok(false) => {
                let (from, to) = (base.key().clone(), head.key().clone());
                let error = MinerError::BaseChanged { from, to };
                tracing::warn!(miner = %win.miner, round, %error, "staying on the old base");
                self.note(win.miner_id, round, MineState::ChainForked).await;
                Some((Arc::clone(base), win))
            }
            Err(error) => {
                tracing::warn!(miner = %win.miner, round, %error, "staying on the old base");
                Some((Arc::clone(base), win))
            }
        }
    }

    /// Moves a win to another base if it is one there too.
    async fn redraw(&self, round: ChainEpoch, head: &TipSet, win: &mut Win) -> Result<bool> {
        let info = self.chain.miner_get_base_info(win.miner, round, head.key().clone());
        let info = ask(self.config.request_timeout(), "get mining base info", info).await?;
        let Some(info) = info.filter(|info| {
            info.eligible_for_mining
                && info.worker_key == win.info.worker_key
                && info.sectors == win.info.sectors
                && info.miner_power == win.info.miner_power
                && info.network_power == win.info.network_power
                && drawn_from(info) == drawn_from(&win.info)
        }) else {
            return Ok(false);
        };
        win.ticket = self.ticket(win.miner, round, &info, head).await?;
        win.info = info;
        Ok(true)
    }

    /// Makes the blocks of winners on one base, each in a task of its own.
    async fn make_on(self: &Arc<Self>, work: &Work, group: Vec<(Arc<TipSet>, Win)>) -> usize {
        let Some((base, _)) = group.first() else { return 0 };
        let qualities = group.iter().map(|(_, win)| ticket_quality(&win.ticket)).collect();
        let choices = self.messages(base, qualities).await;
        let mut tasks = Vec::new();
        for ((base, win), messages) in group.into_iter().zip(choices) {
            let (this, work) = (Arc::clone(self), work.clone());
            tasks.push(self.tasks.spawn(async move {
                let (miner, id, round) = (win.miner, win.miner_id, work.round());
                let mut record = Record::default();
                record.took("selectMessage", win.proven);
                let outcome = this.make_block(&work, &base, win, messages, &mut record).await;
                this.registry.release(miner, work.base.key());
                let made = outcome.is_ok();
                if made {
                    this.gauges.mined(miner);
                }
                if let Err(error) = outcome {
                    this.gauges.failed(miner, &error);
                    record.set("error", &error);
                    this.failed(miner, round, &error);
                    this.note(id, round, MineState::Error).await;
                }
                this.recorder.write(id, round, record);
                made
            }));
        }
        join_all(tasks).await.into_iter().filter(|made| matches!(made, Ok(true))).count()
    }

    /// Chooses messages for one block after the other; empty blocks rather than none.
    async fn messages(&self, base: &TipSet, qualities: Vec<f64>) -> Vec<Vec<SignedMessage>> {
        let count = qualities.len();
        let selects = self.chain.mpool_selects(base.key().clone(), qualities.clone());
        let mut choices = match ask(self.config.select_timeout(), "select messages", selects).await
        {
            Ok(choices) => choices.into_iter().map(Option::unwrap_or_default).collect(),
            Err(MinerError::Node { source, .. }) if source.code() == codes::METHOD_NOT_FOUND => {
                self.messages_one_by_one(base, &qualities).await
            }
            Err(error) => {
                tracing::error!(%error, "blocks stay empty");
                Vec::new()
            }
        };
        choices.resize(count, Vec::new());
        choices
    }

    /// For nodes other than venus. A sender is in one block only, so that its nonces never spread.
    async fn messages_one_by_one(
        &self,
        base: &TipSet,
        qualities: &[f64],
    ) -> Vec<Vec<SignedMessage>> {
        let mut choices = Vec::new();
        let mut used = HashSet::new();
        for quality in qualities {
            let select = self.chain.mpool_select(base.key().clone(), *quality);
            let mut chosen =
                match ask(self.config.select_timeout(), "select messages", select).await {
                    Ok(chosen) => chosen,
                    Err(error) => {
                        tracing::error!(%error, "a block stays empty");
                        Vec::new()
                    }
                };
            chosen.retain(|message| !used.contains(&message.message.from));
            used.extend(chosen.iter().map(|message| message.message.from));
            choices.push(chosen);
        }
        choices
    }

    async fn make_block(
        &self,
        work: &Work,
        base: &TipSet,
        win: Win,
        messages: Vec<SignedMessage>,
        record: &mut Record,
    ) -> Result<()> {
        let round = work.round();
        let due = self.time(base, round - base.height());
        let worker = win.info.worker_key;
        let template = BlockTemplate {
            miner: win.miner,
            parents: base.key().clone(),
            ticket: win.ticket,
            eproof: win.election,
            beacon_values: win.info.beacon_entries,
            messages,
            epoch: round,
            timestamp: due.as_secs(),
            winning_post_proof: win.proofs,
        };
        let creating = Instant::now();
        let limit = self.config.request_timeout() + self.network.block_delay;
        let created = self.chain.miner_create_block(template.clone());
        let mut block = ask(limit, "create block", created).await?;
        record.took("createBlock", creating);
        is_as_asked(&block.header, &template)?;
        if block.header.block_sig.is_none()
            && block.header.fork_signaling == 0
            && self.config.fork_signaling
        {
            block.header.fork_signaling = 1;
        }
        self.reserve_and_sign(base, worker, win.miner_id, &mut block).await?;

        self.clock.sleep_until(due).await;
        let late = self.clock.now().saturating_sub(due);
        if late > self.propagation {
            tracing::warn!(miner = %win.miner, round, ?late, "mined block in the past");
        }
        self.submit(win.miner, win.miner_id, &block).await?;
        self.note(win.miner_id, round, MineState::Success).await;
        Ok(())
    }

    /// The guard: the block is recorded durably before anybody can have a signature of it.
    async fn reserve_and_sign(
        &self,
        base: &TipSet,
        worker: Address,
        miner: u64,
        block: &mut BlockMsg,
    ) -> Result<()> {
        let header = &mut block.header;
        let intent = Intent::new(header, base).ok_or(MinerError::NotAnId(header.miner))?;
        self.restore(miner, base).await?;
        let strict = self.config.strict_parent_grinding;
        match self.store.check_and_record(&intent, strict).await? {
            Verdict::Safe => {}
            Verdict::NotSafe(fault) => return Err(MinerError::Slash(Box::new(fault))),
        }
        let what = "failed to sign block";
        let bytes = header.signing_bytes();
        let signature = match header.block_sig.take() {
            Some(signature) => signature,
            None => self.sign(what, worker, &bytes, MsgMeta::new(Purpose::Block)).await?,
        };
        crypto::verify(&signature, &bytes, worker)
            .map_err(Box::new)
            .map_err(|source| MinerError::WrongSignature { what, worker, source })?;
        header.block_sig = Some(signature);
        self.store.signed(miner, block).await?;
        Ok(())
    }

    /// Gives out the blocks that were signed before the process was killed, each when it is due:
    /// nothing else can be made on their bases.
    pub(crate) async fn send_kept(self: &Arc<Self>) -> Result<()> {
        for block in self.store.kept().await? {
            let this = Arc::clone(self);
            self.tasks.spawn(async move {
                let (miner, height) = (block.header.miner, block.header.height);
                this.clock.sleep_until(Duration::from_secs(block.header.timestamp)).await;
                let Some(id) = miner.as_id() else { return };
                let state = match this.submit(miner, id, &block).await {
                    Ok(()) => MineState::Success,
                    Err(error) => {
                        tracing::warn!(%miner, height, %error, "a block of before is lost");
                        MineState::Error
                    }
                };
                this.note(id, height, state).await;
            });
        }
        Ok(())
    }

    /// Gives the block to the node, or if that does not take it to the next.
    async fn submit(&self, miner: Address, miner_id: u64, block: &BlockMsg) -> Result<()> {
        let (cid, height) = (block.header.cid(), block.header.height);
        let limit = self.config.request_timeout() + self.network.block_delay;
        let mut unsent = true;
        let mut last = None;
        let first = self.chain.sync_submit_block(block.clone());
        let mut answer = tokio::time::timeout(limit, first).await;
        let mut others = self.submit_nodes.iter();
        loop {
            let source = match answer {
                Ok(Ok(())) => {
                    tracing::info!(%miner, height, block = %cid, "mined a new block");
                    return Ok(());
                }
                Ok(Err(source)) => source,
                Err(_) => RpcError::Timeout { method: "SyncSubmitBlock".into(), after: limit },
            };
            tracing::warn!(%miner, height, error = %source, "a node did not take the block");
            unsent &= source.is_unsent() || source.to_string().starts_with("<!!> SLASH FILTER");
            last.replace(source);
            let Some(node) = others.next() else { break };
            answer = tokio::time::timeout(limit, node.sync_submit_block(block.clone())).await;
        }
        if unsent {
            self.store.unpublished(miner_id, height).await?;
        }
        let source = Box::new(last.unwrap_or(RpcError::Cancelled));
        Err(MinerError::Submit { block: cid, height, source })
    }
}

/// Signs nothing that was not asked for.
fn is_as_asked(header: &BlockHeader, asked: &BlockTemplate) -> Result<()> {
    let differs = if header.miner != asked.miner {
        "miner"
    } else if header.height != asked.epoch {
        "height"
    } else if header.parent_key() != asked.parents {
        "base"
    } else if header.timestamp != asked.timestamp {
        "timestamp"
    } else if header.ticket.as_ref() != Some(&asked.ticket) {
        "ticket"
    } else if header.election_proof.as_ref() != Some(&asked.eproof) {
        "election proof"
    } else {
        return Ok(());
    };
    Err(MinerError::OtherBlock(differs))
}
