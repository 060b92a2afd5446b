//! Writing the actors of the genesis state.

use std::collections::HashMap;

use cid::Cid;
use fil_actor_account_state::v18::State as AccountState;
use fil_actor_cron_state::v18::{Entry, State as CronState};
use fil_actor_datacap_state::v18::State as DataCapState;
use fil_actor_init_state::v18::State as InitState;
use fil_actor_market_state::v18::State as MarketState;
use fil_actor_multisig_state::v18::{PENDING_TXN_CONFIG, PendingTxnMap, State as MultisigState};
use fil_actor_power_state::v18::State as PowerState;
use fil_actor_reward_state::v18::State as RewardState;
use fil_actor_system_state::v18::State as SystemState;
use fil_actor_verifreg_state::v18::State as VerifregState;
use fil_actors_shared::v18::reward::FilterEstimate;
use fil_actors_shared::v18::{DEFAULT_HAMT_CONFIG, Map2};
use fvm_ipld_encoding::CborStore;
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Protocol};
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use multihash_codetable::Code::Blake2b256;
use num_traits::Zero;
use serde::Serialize;

use super::miners::add_miners;
use super::template::{GenesisAccount, GenesisActor, GenesisTemplate};
use crate::executor::buffer::Buffer;
use crate::executor::codes::{ActorKind, write_manifest};
use crate::executor::error::{ExecutorError, Result};
use crate::executor::externs::ChainRand;
use crate::executor::machine::Machine;
use crate::executor::state_tree::{ActorState, StateTree};
use crate::executor::{Executor, NativeExecutor};

/// IDs of the accounts of the template, and of miners.
const FIRST_ACCOUNT: ActorID = 100;
const FIRST_MINER: ActorID = 1_000;
const ROOT_KEY: ActorID = 80;
const REMAINDER: ActorID = 90;
const BURNT: ActorID = 99;
/// All FIL there will ever be, and the part that is mined.
const TOTAL: i64 = 2_000_000_000;
const MINED: i64 = 1_100_000_000;

/// At genesis nothing is random.
#[derive(Debug)]
struct NoRand;

impl ChainRand for NoRand {
    fn ticket(&self, _: ChainEpoch) -> std::result::Result<[u8; 32], String> {
        Err("there is no chain yet".to_owned())
    }

    fn beacon(&self, _: ChainEpoch) -> std::result::Result<[u8; 32], String> {
        Err("there is no chain yet".to_owned())
    }
}

/// Actors being written.
struct Writer<'a> {
    store: &'a Buffer,
    tree: StateTree<&'a Buffer>,
    /// IDs of key addresses.
    ids: HashMap<Address, ActorID>,
    next_id: ActorID,
    /// Balances given out.
    given: TokenAmount,
}

/// Writes the state of a template to the executor's store; answers its root.
pub(crate) fn build(executor: &NativeExecutor, template: &GenesisTemplate) -> Result<Cid> {
    if template.network_version != 28 {
        return Err(ExecutorError::Template(format!(
            "network version {} is not served, use 28",
            template.network_version
        )));
    }
    let buffer = Buffer::new(executor.store().clone());
    let (manifest, registry) = write_manifest(&buffer)?;
    for block in [manifest, registry] {
        buffer.flush(&block)?;
    }
    let mut writer = Writer {
        store: &buffer,
        tree: StateTree::empty(&buffer)?,
        ids: HashMap::new(),
        next_id: FIRST_ACCOUNT,
        given: TokenAmount::zero(),
    };
    let root = writer.write(executor, template, registry)?;
    buffer.flush(&root)?;

    let rand = NoRand;
    let mut machine = Machine::new(executor.env(&buffer, &rand, 0), &root)?;
    add_miners(executor, &mut machine, &root, template)?;
    let root = machine.flush()?;
    buffer.flush(&root)?;
    Ok(root)
}

impl Writer<'_> {
    fn write(
        &mut self,
        executor: &NativeExecutor,
        template: &GenesisTemplate,
        registry: Cid,
    ) -> Result<Cid> {
        for actor in &template.accounts {
            self.add(None, actor, &actor.balance)?;
        }
        for miner in &template.miners {
            for key in [&miner.owner, &miner.worker] {
                self.key_account(key, &TokenAmount::zero())?;
            }
        }
        let root_key = &template.verifreg_root_key;
        self.add(Some(ROOT_KEY), root_key, &root_key.balance)?;
        // Signers first: what is left is known only when all others have their part.
        let left = TokenAmount::from_whole(TOTAL - MINED) - &self.given;
        if left.is_negative() {
            return Err(ExecutorError::Template(format!(
                "balances exceed the {} FIL that are not mined",
                TOTAL - MINED
            )));
        }
        self.add(Some(REMAINDER), &template.remainder_account, &left)?;
        self.singletons(executor, template, registry)?;
        self.tree.flush()
    }

    fn put<T: Serialize>(
        &mut self,
        id: ActorID,
        kind: ActorKind,
        state: &T,
        balance: TokenAmount,
    ) -> Result<()> {
        let head = self
            .store
            .put_cbor(state, Blake2b256)
            .map_err(ExecutorError::store("genesis actors"))?;
        let actor = ActorState { code: kind.code(), head, nonce: 0, balance, delegated: None };
        self.tree.set(id, actor);
        Ok(())
    }

    /// The account of a key, made when new.
    fn key_account(&mut self, key: &Address, balance: &TokenAmount) -> Result<ActorID> {
        if !matches!(key.protocol(), Protocol::Secp256k1 | Protocol::BLS) {
            return Err(ExecutorError::Template(format!("{key} is no key address")));
        }
        if let Some(id) = self.ids.get(key) {
            let id = *id;
            if balance.is_positive()
                && let Some(mut actor) = self.tree.get(id)?
            {
                actor.balance += balance;
                self.given += balance;
                self.tree.set(id, actor);
            }
            return Ok(id);
        }
        let id = self.next();
        self.ids.insert(*key, id);
        self.given += balance;
        self.put(id, ActorKind::Account, &AccountState { address: *key }, balance.clone())?;
        Ok(id)
    }

    fn next(&mut self) -> ActorID {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    fn add(
        &mut self,
        id: Option<ActorID>,
        actor: &GenesisActor,
        balance: &TokenAmount,
    ) -> Result<()> {
        match (&actor.account, id) {
            (GenesisAccount::Account(meta), None) => {
                self.key_account(&meta.owner, balance).map(drop)
            }
            (GenesisAccount::Account(meta), Some(id)) => {
                self.ids.entry(meta.owner).or_insert(id);
                self.given += balance;
                self.put(
                    id,
                    ActorKind::Account,
                    &AccountState { address: meta.owner },
                    balance.clone(),
                )
            }
            (GenesisAccount::Multisig(meta), id) => {
                let signers = meta
                    .signers
                    .iter()
                    .map(|key| Ok(Address::new_id(self.key_account(key, &TokenAmount::zero())?)))
                    .collect::<Result<Vec<_>>>()?;
                let pending_txs = PendingTxnMap::flush_empty(self.store, PENDING_TXN_CONFIG)
                    .map_err(ExecutorError::state("multisig"))?;
                let state = MultisigState {
                    signers,
                    num_approvals_threshold: meta.threshold,
                    next_tx_id: Default::default(),
                    initial_balance: balance.clone(),
                    start_epoch: meta.vesting_start,
                    unlock_duration: meta.vesting_duration,
                    pending_txs,
                };
                let id = id.unwrap_or_else(|| self.next());
                self.given += balance;
                self.put(id, ActorKind::Multisig, &state, balance.clone())
            }
        }
    }

    fn singletons(
        &mut self,
        executor: &NativeExecutor,
        template: &GenesisTemplate,
        registry: Cid,
    ) -> Result<()> {
        let zero = TokenAmount::zero;
        let store = self.store;
        self.put(0, ActorKind::System, &SystemState { builtin_actors: registry }, zero())?;

        let mut map = Map2::<_, Address, ActorID>::empty(store, DEFAULT_HAMT_CONFIG, "addresses");
        for (key, id) in &self.ids {
            map.set(key, *id).map_err(ExecutorError::state("address map"))?;
        }
        let init = InitState {
            address_map: map.flush().map_err(ExecutorError::state("address map"))?,
            next_id: self.next_id.max(FIRST_MINER),
            network_name: template.network_name.clone(),
        };
        self.put(1, ActorKind::Init, &init, zero())?;

        let reward = RewardState::new(BigInt::zero());
        self.put(2, ActorKind::Reward, &reward, TokenAmount::from_whole(MINED))?;
        let entries = vec![
            Entry { receiver: Address::new_id(4), method_num: 5 },
            Entry { receiver: Address::new_id(5), method_num: 9 },
        ];
        self.put(3, ActorKind::Cron, &CronState { entries }, zero())?;

        let mut power = PowerState::new(store).map_err(ExecutorError::store("state of f04"))?;
        if let Some(virtual_power) = &executor.config().virtual_power {
            power.this_epoch_qa_power_smoothed =
                FilterEstimate::new(virtual_power.clone(), BigInt::zero());
        }
        self.put(4, ActorKind::Power, &power, zero())?;
        let market = MarketState::new(store).map_err(ExecutorError::state("state of f05"))?;
        self.put(5, ActorKind::Market, &market, zero())?;
        let verifreg = VerifregState::new(store, Address::new_id(ROOT_KEY))
            .map_err(ExecutorError::state("state of f06"))?;
        self.put(6, ActorKind::VerifiedRegistry, &verifreg, zero())?;
        let datacap = DataCapState::new(store, Address::new_id(6))
            .map_err(ExecutorError::state("state of f07"))?;
        self.put(7, ActorKind::DataCap, &datacap, zero())?;
        self.put(10, ActorKind::Eam, &Vec::<u8>::new(), zero())?;
        let burnt = AccountState { address: Address::new_id(BURNT) };
        self.put(BURNT, ActorKind::Account, &burnt, zero())
    }
}
