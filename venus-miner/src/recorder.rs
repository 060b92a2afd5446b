//! What happened in each round, to be looked at later.

use std::{collections::BTreeMap, sync::Mutex, sync::PoisonError, time::Duration};

use chrono::DateTime;
use sled::Tree;
use venus_core::{
    Address, ChainEpoch,
    api::miner::RecordQuery,
    duration::go_duration,
    store::{Store, StoreError},
};

use crate::{MinerError, config::RecorderConfig, error::Result};

/// Records of rounds by epoch and miner. They are for people: lost ones do no harm, so they are not
/// flushed.
#[derive(Debug)]
pub(crate) struct Recorder {
    config: RecorderConfig,
    tree: Tree,
    newest: Mutex<ChainEpoch>,
}

/// What one miner did in one round.
#[derive(Debug, Default)]
pub(crate) struct Record(BTreeMap<&'static str, String>);

impl Record {
    pub(crate) fn set(&mut self, key: &'static str, value: impl ToString) {
        self.0.insert(key, value.to_string());
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn took(&mut self, key: &'static str, since: tokio::time::Instant) {
        self.set(key, go_duration(since.elapsed()));
    }
}

impl Recorder {
    pub(crate) fn open(config: RecorderConfig, store: &Store) -> Result<Self, StoreError> {
        Ok(Self { config, tree: store.tree("records")?, newest: Mutex::new(ChainEpoch::MIN) })
    }

    /// Adds to what is known of a miner's round.
    pub(crate) fn write(&self, miner: u64, epoch: ChainEpoch, record: Record) {
        if self.config.enable
            && let Err(error) = self.try_write(miner, epoch, record)
        {
            tracing::warn!(miner, epoch, %error, "round not recorded");
        }
    }

    fn try_write(&self, miner: u64, epoch: ChainEpoch, record: Record) -> Result<(), StoreError> {
        let mut all = self.read(miner, epoch)?.unwrap_or_default();
        all.extend(record.0.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let json = serde_json::to_vec(&all).map_err(damaged)?;
        self.tree.insert(key(miner, epoch), json)?;
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if epoch > *newest {
            *newest = epoch;
            let oldest = key(0, epoch.saturating_sub(self.config.expire_epoch).max(0));
            for old in self.tree.range(..oldest).keys() {
                self.tree.remove(old?)?;
            }
        }
        Ok(())
    }

    fn read(
        &self,
        miner: u64,
        epoch: ChainEpoch,
    ) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        let found = self.tree.get(key(miner, epoch))?;
        found.map(|json| serde_json::from_slice(&json).map_err(damaged)).transpose()
    }

    pub(crate) fn query(&self, query: &RecordQuery) -> Result<Vec<BTreeMap<String, String>>> {
        let most = self.config.max_record_per_query;
        if !self.config.enable {
            return Err(MinerError::RecorderDisabled);
        }
        if query.limit > most {
            return Err(MinerError::TooManyRecords(most));
        }
        let miner = query.miner.as_id().ok_or(MinerError::NotAnId(query.miner))?;
        let mut found = Vec::new();
        for offset in 0..query.limit.max(1) {
            let epoch = query.epoch.saturating_add_unsigned(offset);
            if let Some(mut record) = self.read(miner, epoch)? {
                record.insert("miner".into(), Address::id(miner).to_string());
                record.insert("epoch".into(), epoch.to_string());
                found.push(record);
            }
        }
        Ok(found)
    }
}

fn key(miner: u64, epoch: ChainEpoch) -> [u8; 16] {
    (u128::from(epoch as u64) << 64 | u128::from(miner)).to_be_bytes()
}

fn damaged(error: serde_json::Error) -> StoreError {
    StoreError::Damaged { tree: "records", reason: error.to_string() }
}

/// A time as Go prints it.
pub(crate) fn go_time(since_1970: Duration) -> String {
    let time = i64::try_from(since_1970.as_secs())
        .ok()
        .and_then(|secs| DateTime::from_timestamp(secs, since_1970.subsec_nanos()))
        .unwrap_or_default();
    time.format("%Y-%m-%d %H:%M:%S%.9f +0000 UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_merged_read_by_epoch_and_expire() {
        let dir = tempfile::tempdir().unwrap();
        let config = RecorderConfig { enable: true, expire_epoch: 10, max_record_per_query: 288 };
        let recorder = Recorder::open(config, &Store::open(dir.path()).unwrap()).unwrap();
        let write = |miner, epoch, key, value: &str| {
            let mut record = Record::default();
            record.set(key, value);
            recorder.write(miner, epoch, record);
        };
        let query = |miner, epoch, limit| {
            recorder.query(&RecordQuery { miner: Address::id(miner), epoch, limit })
        };
        for epoch in [9, 10, 11, 14] {
            write(1000, epoch, "winCount", "1");
        }
        write(1000, 14, "info", "not to be winner");
        let found = query(1000, 5, 10).unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(found[3].len(), 4, "{:?}", found[3]);
        assert_eq!((found[3]["miner"].as_str(), found[3]["epoch"].as_str()), ("f01000", "14"));
        assert_eq!(query(1000, 9, 0).unwrap().len(), 1);
        let refusal = query(1000, 5, 289).unwrap_err().to_string();
        assert_eq!(refusal, "query exceed MaxRecordPerQuery(288)");

        write(2000, 20, "x", "");
        assert_eq!(query(1000, 9, 6).unwrap().len(), 3, "10 is as old as may be");
        write(2000, 21, "x", "");
        assert_eq!(query(1000, 9, 6).unwrap().len(), 2);
    }
}
