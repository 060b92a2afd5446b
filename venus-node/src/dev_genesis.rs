//! The genesis of a development chain: accounts, and miners whose sectors are sealed here.

use std::path::PathBuf;

use fvm_shared::econ::TokenAmount as FvmAmount;
use fvm_shared::sector::RegisteredSealProof;
use venus_core::{Address, Cid, TokenAmount};
use venus_proofs::{DevNetwork, preseal};

use crate::{
    error::{NodeError, Result},
    genesis::{
        GenesisAccount, GenesisActor, GenesisMiner, GenesisSector, GenesisTemplate, MultisigMeta,
        OwnerMeta,
    },
};

/// The first miner's number.
const FIRST_MINER: u64 = 1000;

/// What a development chain begins with.
///
/// The miners have power from the first epoch on: their sectors are sealed when the chain is made
/// and lie in their storage path, ready to be proven by whoever holds it and the worker's key.
#[derive(Debug, Clone)]
pub struct DevGenesis {
    /// The network's name; one of a development network, such as `localnet-1`.
    pub network: String,
    /// Accounts (f1 or f3 keys) and what they hold.
    pub accounts: Vec<(Address, TokenAmount)>,
    /// The miners, which get the numbers from f01000.
    pub miners: Vec<DevMiner>,
    /// When the chain begins, Unix seconds; now if 0.
    pub timestamp: u64,
}

/// A miner that is there from the beginning.
#[derive(Debug, Clone)]
pub struct DevMiner {
    /// The owner's key, one of the accounts.
    pub owner: Address,
    /// The worker's BLS key, one of the accounts.
    pub worker: Address,
    /// How many sectors of 2 KiB.
    pub sectors: u64,
    /// Where they are sealed: below it `sealed/` and `cache/`.
    pub storage: PathBuf,
    /// Sectors sealed elsewhere already: number and sealed CID. For tests without files; then
    /// `sectors` and `storage` do not count.
    pub presealed: Option<Vec<(u64, Cid)>>,
}

impl DevGenesis {
    /// The genesis of one miner; its owner and worker are the first account.
    pub fn single(
        network: impl Into<String>,
        worker: Address,
        sectors: u64,
        storage: impl Into<PathBuf>,
    ) -> Self {
        Self {
            network: network.into(),
            accounts: vec![(worker, TokenAmount::from_fil(50_000_000))],
            miners: vec![DevMiner {
                owner: worker,
                worker,
                sectors,
                storage: storage.into(),
                presealed: None,
            }],
            timestamp: 0,
        }
    }

    /// Adds an account.
    #[must_use]
    pub fn with_account(mut self, key: Address, balance: TokenAmount) -> Self {
        self.accounts.push((key, balance));
        self
    }

    /// Seals the sectors; returns the template of the genesis. Blocks for milliseconds a sector.
    ///
    /// # Errors
    ///
    /// When the network is none for development, or the sectors cannot be sealed.
    pub fn template(&self) -> Result<GenesisTemplate> {
        let failed = |e: String| NodeError::Genesis(e);
        DevNetwork::named(&self.network).map_err(|e| failed(e.to_string()))?;
        let (first, _) =
            self.accounts.first().ok_or_else(|| failed("there must be an account".into()))?;
        let multisig = GenesisActor {
            account: GenesisAccount::Multisig(MultisigMeta {
                signers: vec![first.inner()],
                threshold: 1,
                vesting_duration: 0,
                vesting_start: 0,
            }),
            balance: FvmAmount::default(),
        };
        let accounts = self.accounts.iter().map(|(key, balance)| GenesisActor {
            account: GenesisAccount::Account(OwnerMeta { owner: key.inner() }),
            balance: balance.0.clone(),
        });
        let miners = (FIRST_MINER..).zip(&self.miners).map(|(id, miner)| miner.seal(id));
        Ok(GenesisTemplate {
            network_version: crate::chain::NETWORK_VERSION,
            accounts: accounts.collect(),
            miners: miners.collect::<Result<_>>()?,
            network_name: self.network.clone(),
            timestamp: self.timestamp,
            verifreg_root_key: multisig.clone(),
            remainder_account: multisig,
        })
    }
}

impl DevMiner {
    fn seal(&self, id: u64) -> Result<GenesisMiner> {
        const PROOF: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;
        let failed = |e: venus_proofs::ProofError| NodeError::Genesis(e.to_string());
        let comm_d = venus_proofs::zero_unsealed_cid(PROOF).map_err(failed)?;
        let sealed = match &self.presealed {
            Some(sealed) => sealed.clone(),
            None => {
                std::fs::create_dir_all(&self.storage)
                    .map_err(|source| NodeError::Io { path: self.storage.clone(), source })?;
                let numbers: Vec<u64> = (0..self.sectors).collect();
                let sealed = preseal(&self.storage, id, &numbers, PROOF).map_err(failed)?;
                sealed.into_iter().map(|s| (s.sector, s.sealed_cid)).collect()
            }
        };
        let sectors = sealed.into_iter().map(|(sector_id, comm_r)| GenesisSector {
            comm_r: comm_r.0,
            comm_d: comm_d.0,
            sector_id,
            proof_type: PROOF.into(),
        });
        Ok(GenesisMiner {
            id: fvm_shared::address::Address::new_id(id),
            owner: self.owner.inner(),
            worker: self.worker.inner(),
            peer_id: "12D3KooWMRbXK9AnJFKkXyFG1WYpZUn6DGR6C2Djsi2etmU4xTjH".into(),
            market_balance: FvmAmount::default(),
            power_balance: FvmAmount::from_whole(100),
            sector_size: 2048,
            sectors: sectors.collect(),
        })
    }
}
