//! What a new development chain begins with.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::Context;
use clap::Args;
use venus_core::{
    Address, TokenAmount,
    auth::write_secret_file,
    clock::{Clock, SystemClock},
    crypto::{KeyInfo, KeyKind, PrivateKey},
};
use venus_node::{DevGenesis, NodeBuilder, genesis::GenesisTemplate};

/// The first miner's key in the home, if it was made here.
const KEY_FILE: &str = "genesis-miner.key";
/// The key of the faucet, in the home of a chain that was made with a key of its own.
const FAUCET_FILE: &str = "faucet.key";
/// What the faucet has, in FIL.
const FAUCET_FUNDS: u64 = 100_000_000;

/// Count only when the chain is made: at the first start in a home.
#[derive(Debug, Args)]
#[command(next_help_heading = "Genesis of a new chain")]
pub(super) struct GenesisArgs {
    /// Owner and worker of the first miner, f01000: a BLS address, or a file with an exported key.
    /// Without it a key is made and left in the home for `venus-wallet import`.
    #[arg(long, value_name = "ADDRESS|FILE")]
    genesis_key: Option<String>,
    /// Sectors of 2 KiB that the first miner has proven already.
    #[arg(long, value_name = "N", default_value_t = 2)]
    genesis_sectors: u64,
    /// Where those sectors lie, for whoever proves them [default: genesis-sectors in the home].
    #[arg(long, value_name = "DIR")]
    genesis_storage: Option<PathBuf>,
    /// An account with money, such as f1..=1000 for 1000 FIL; may be given more than once.
    #[arg(long, value_name = "ADDRESS=FIL")]
    genesis_account: Vec<Account>,
    /// A genesis template as lotus-seed writes it, instead of all of these.
    #[arg(long, value_name = "FILE", alias = "genesis-template-file",
          conflicts_with_all = ["genesis_key", "genesis_sectors", "genesis_storage",
                                "genesis_account"])]
    genesis_template: Option<PathBuf>,
}

/// An account of genesis.
#[derive(Debug, Clone)]
struct Account {
    address: Address,
    balance: TokenAmount,
}

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, fil) =
            text.split_once('=').ok_or("write an account as <address>=<whole FIL>")?;
        let fil: u64 =
            fil.trim().parse().map_err(|_| format!("`{fil}` is no whole number of FIL"))?;
        Ok(Self {
            address: address.parse().map_err(|e: venus_core::AddressError| e.to_string())?,
            balance: TokenAmount::from_fil(fil),
        })
    }
}

impl GenesisArgs {
    /// Tells the builder what to make a chain from, if there is none.
    pub(super) fn apply(
        self,
        builder: NodeBuilder,
        home: &Path,
        network: &str,
    ) -> anyhow::Result<NodeBuilder> {
        if home.join("chain.json").exists() {
            if self.genesis_key.is_some()
                || self.genesis_template.is_some()
                || !self.genesis_account.is_empty()
            {
                tracing::warn!(home = %home.display(), "there is a chain; the genesis flags do not count");
            }
            return Ok(builder);
        }
        if let Some(path) = &self.genesis_template {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the template {}", path.display()))?;
            let mut template: GenesisTemplate = serde_json::from_str(&text)
                .with_context(|| format!("{} is no genesis template", path.display()))?;
            template.network_name = network.to_owned();
            if template.timestamp == 0 {
                template.timestamp = now();
            }
            return Ok(builder.with_template(template));
        }
        let key = self.key(home)?;
        let storage = self.storage(home)?;
        tracing::info!(
            network, miner = %Address::id(1000), worker = %key, sectors = self.genesis_sectors,
            storage = %storage.display(), "making a chain"
        );
        let mut genesis = DevGenesis::single(network, key, self.genesis_sectors, storage);
        genesis.timestamp = now();
        let mut accounts = self.genesis_account;
        if self.genesis_key.is_none() {
            let address = read_or_make(&home.join(FAUCET_FILE), KeyKind::Secp256k1)?.address();
            accounts.push(Account { address, balance: TokenAmount::from_fil(FAUCET_FUNDS) });
        }
        let accounts = accounts.into_iter();
        Ok(builder.with_dev_genesis(accounts.fold(genesis, |genesis, account| {
            genesis.with_account(account.address, account.balance)
        })))
    }

    /// Where the first miner's sectors lie.
    pub(super) fn storage(&self, home: &Path) -> anyhow::Result<PathBuf> {
        let storage = self.genesis_storage.clone();
        let storage = storage.unwrap_or_else(|| home.join("genesis-sectors"));
        std::path::absolute(&storage).with_context(|| format!("cannot use {}", storage.display()))
    }

    /// The first miner's key address.
    fn key(&self, home: &Path) -> anyhow::Result<Address> {
        let path = match &self.genesis_key {
            Some(text) => match text.parse::<Address>() {
                Ok(address) => return bls(address),
                Err(error) if !Path::new(text).exists() => {
                    return Err(error).context("--genesis-key is neither an address nor a file");
                }
                Err(_) => PathBuf::from(text),
            },
            None => home.join(KEY_FILE),
        };
        if self.genesis_key.is_some() {
            return bls(read_key(&path)?.address());
        }
        let key = read_or_make(&path, KeyKind::Bls)?.address();
        tracing::info!(
            %key, file = %path.display(),
            "the key of the first miner; a pool that shall make its blocks takes it with \
             `venus-wallet import`"
        );
        bls(key)
    }
}

/// A key that is kept in a file. One that a start before this one left is taken again: the chain
/// was not made then.
fn read_or_make(path: &Path, kind: KeyKind) -> anyhow::Result<PrivateKey> {
    if !path.exists() {
        let text = hex::encode(serde_json::to_vec(&PrivateKey::generate(kind)?.to_info())?);
        if let Some(home) = path.parent() {
            std::fs::create_dir_all(home)
                .with_context(|| format!("cannot make the home {}", home.display()))?;
        }
        write_secret_file(path, text.as_bytes())?;
    }
    read_key(path)
}

/// The key of the faucet.
pub(super) fn faucet_key(home: &Path) -> anyhow::Result<PrivateKey> {
    read_key(&home.join(FAUCET_FILE)).context("there is a faucet where the chain was made")
}

/// The first miner's key, while it is in the home.
pub(super) fn own_key(home: &Path) -> anyhow::Result<PrivateKey> {
    let path = home.join(KEY_FILE);
    if !path.exists() {
        anyhow::bail!(
            "no {} to make blocks with; put the exported key there, or let a pool make the blocks \
             and start with --mine=false",
            path.display()
        );
    }
    read_key(&path)
}

fn read_key(path: &Path) -> anyhow::Result<PrivateKey> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the key {}", path.display()))?;
    let info: KeyInfo = hex::decode(text.trim())
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .with_context(|| format!("{} holds no exported key", path.display()))?;
    Ok(PrivateKey::try_from(&info)?)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemClock.now().as_secs()
}

fn bls(address: Address) -> anyhow::Result<Address> {
    match address.protocol() {
        fvm_shared::address::Protocol::BLS => Ok(address),
        _ => anyhow::bail!("{address} is no BLS address (f3..): a worker needs one to sign blocks"),
    }
}
