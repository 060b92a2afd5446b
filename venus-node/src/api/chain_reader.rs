//! Blocks, tipsets, messages and the stream of heads.

use async_trait::async_trait;
use venus_core::{
    ApiMessage, BigInt, BlockHeader, BlockMessages, Bytes, ChainEpoch, Cid, HeadChange,
    HeadChangeType, Message, Receipt, TipSet, TipSetKey,
    chain_api::{ChainReader, HeadStream},
    rpc::{RpcError, RpcStream},
};

use crate::{
    chain::{Chain, Null, changes},
    error::{NodeError, Result},
    service::Node,
};

impl Chain {
    /// The messages that the execution of a tipset took, in order.
    fn executed(&self, tipset: &std::sync::Arc<TipSet>) -> Result<Vec<ApiMessage>> {
        let cids = self.compute(tipset)?.messages;
        let get = |cid: Cid| Ok(ApiMessage { cid, message: self.store.message(&cid)? });
        cids.into_iter().map(get).collect()
    }

    fn at_height(&self, height: ChainEpoch, tsk: &TipSetKey, null: Null) -> Result<TipSet> {
        let from = self.tipset(tsk)?;
        Ok(TipSet::clone(&*self.ancestor(&from, height, null)?))
    }
}

#[async_trait]
impl ChainReader for Node {
    async fn chain_head(&self) -> Result<TipSet, RpcError> {
        Ok(TipSet::clone(&self.head()))
    }

    async fn chain_get_genesis(&self) -> Result<TipSet, RpcError> {
        Ok(TipSet::clone(&self.0.genesis))
    }

    async fn chain_get_tipset(&self, tsk: TipSetKey) -> Result<TipSet, RpcError> {
        self.run(move |chain| Ok(TipSet::clone(&*chain.store.tipset(&tsk)?))).await
    }

    async fn chain_get_tipset_by_height(
        &self,
        height: ChainEpoch,
        tsk: TipSetKey,
    ) -> Result<TipSet, RpcError> {
        self.run(move |chain| chain.at_height(height, &tsk, Null::Before)).await
    }

    async fn chain_get_tipset_after_height(
        &self,
        height: ChainEpoch,
        tsk: TipSetKey,
    ) -> Result<TipSet, RpcError> {
        self.run(move |chain| chain.at_height(height, &tsk, Null::After)).await
    }

    async fn chain_get_block(&self, cid: Cid) -> Result<BlockHeader, RpcError> {
        self.run(move |chain| chain.store.header(&cid)).await
    }

    async fn chain_get_block_messages(&self, cid: Cid) -> Result<BlockMessages, RpcError> {
        self.run(move |chain| {
            let header = chain.store.header(&cid)?;
            Ok(chain.store.content(&header)?.into_wire())
        })
        .await
    }

    async fn chain_get_message(&self, cid: Cid) -> Result<Message, RpcError> {
        self.run(move |chain| chain.store.message(&cid)).await
    }

    async fn chain_get_parent_messages(&self, block: Cid) -> Result<Vec<ApiMessage>, RpcError> {
        self.run(move |chain| {
            let header = chain.store.header(&block)?;
            if header.height == 0 {
                return Ok(Vec::new());
            }
            chain.executed(&chain.store.tipset(&header.parent_key())?)
        })
        .await
    }

    async fn chain_get_parent_receipts(&self, block: Cid) -> Result<Vec<Receipt>, RpcError> {
        self.run(move |chain| {
            let header = chain.store.header(&block)?;
            chain.store.receipts(&header.parent_message_receipts)
        })
        .await
    }

    async fn chain_get_messages_in_tipset(
        &self,
        tsk: TipSetKey,
    ) -> Result<Vec<ApiMessage>, RpcError> {
        self.run(move |chain| chain.executed(&chain.tipset(&tsk)?)).await
    }

    async fn chain_get_path(
        &self,
        from: TipSetKey,
        to: TipSetKey,
    ) -> Result<Vec<HeadChange>, RpcError> {
        self.run(move |chain| Ok(changes(&chain.way(&chain.tipset(&from)?, &chain.tipset(&to)?)?)))
            .await
    }

    async fn chain_tipset_weight(&self, tsk: TipSetKey) -> Result<BigInt, RpcError> {
        self.run(move |chain| chain.weight(&*chain.tipset(&tsk)?)).await
    }

    async fn chain_read_obj(&self, cid: Cid) -> Result<Bytes, RpcError> {
        self.run(move |chain| {
            let found = chain.store.raw(&cid)?;
            let missing = || format!("blockstore get: ipld: could not find {cid}");
            Ok(found.ok_or_else(|| NodeError::Input(missing()))?.into())
        })
        .await
    }

    async fn chain_has_obj(&self, cid: Cid) -> Result<bool, RpcError> {
        self.run(move |chain| Ok(chain.store.raw(&cid)?.is_some())).await
    }
}

#[async_trait]
impl HeadStream for Node {
    async fn chain_notify(&self) -> Result<RpcStream<Vec<HeadChange>>, RpcError> {
        let chain = &self.0;
        Ok(chain.notifier.subscribe(|| {
            let val = TipSet::clone(&chain.head());
            Some(vec![HeadChange { r#type: HeadChangeType::Current, val }])
        }))
    }
}
