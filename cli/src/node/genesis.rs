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
    crypto::{KeyInfo, KeyKind, PrivateKey},
};
use venus_node::{DevGenesis, NodeBuilder, genesis::GenesisTemplate};

/// The first miner's key in the home, if it was made here.
const KEY_FILE: &str = "genesis-miner.key";

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
            return Ok(builder.with_template(template));
        }
        let key = self.key(home)?;
        let storage = self.genesis_storage.unwrap_or_else(|| home.join("genesis-sectors"));
        let storage = std::path::absolute(&storage)
            .with_context(|| format!("cannot use {}", storage.display()))?;
        tracing::info!(
            network, miner = %Address::id(1000), worker = %key, sectors = self.genesis_sectors,
            storage = %storage.display(), "making a chain"
        );
        let genesis = DevGenesis::single(network, key, self.genesis_sectors, storage);
        let accounts = self.genesis_account.into_iter();
        Ok(builder.with_dev_genesis(accounts.fold(genesis, |genesis, account| {
            genesis.with_account(account.address, account.balance)
        })))
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
        // One that a start before this one left is taken again: the chain was not made then.
        if !path.exists() {
            let key = PrivateKey::generate(KeyKind::Bls)?;
            let text = hex::encode(serde_json::to_vec(&key.to_info())?);
            std::fs::create_dir_all(home)
                .with_context(|| format!("cannot make the home {}", home.display()))?;
            write_secret_file(&path, text.as_bytes())?;
            tracing::warn!(
                key = %key.address(), file = %path.display(),
                "made a key for the first miner; take it over with `venus-wallet import` \
                 and remove the file"
            );
        }
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the key {}", path.display()))?;
        let info: KeyInfo = hex::decode(text.trim())
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .with_context(|| format!("{} holds no exported key", path.display()))?;
        bls(PrivateKey::try_from(&info)?.address())
    }
}

fn bls(address: Address) -> anyhow::Result<Address> {
    match address.protocol() {
        fvm_shared::address::Protocol::BLS => Ok(address),
        _ => anyhow::bail!("{address} is no BLS address (f3..): a worker needs one to sign blocks"),
    }
}
