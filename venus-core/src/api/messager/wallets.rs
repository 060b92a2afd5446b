//! Wallets that a messager calls itself, without a gateway between.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::MessagerClient;

/// A wallet and how it is called. The token is for the messager alone: it is not shown again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DirectWallet {
    /// A UUID; a new one is made if it is empty.
    #[serde(rename = "ID", default)]
    pub id: String,
    /// Its name, which no other has.
    pub name: String,
    /// Where it answers, such as /ip4/127.0.0.1/tcp/5678/http.
    pub url: String,
    /// A token of the wallet that may sign.
    #[serde(default)]
    pub token: String,
    /// When it was added.
    #[serde(default)]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default)]
    pub updated_at: DateTime<Utc>,
}

impl fmt::Debug for DirectWallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectWallet")
            .field("name", &self.name)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

crate::rpc_interface! {
    /// Which wallets the messager calls itself. The names are those of venus-messager of 2021.
    pub trait DirectWallets for MessagerClient in "Message" {
        /// Adds a wallet that answers, or replaces the one of this id, and returns its id.
        #[admin]
        fn save_wallet(wallet: DirectWallet) -> String = "SaveWallet";
        /// Returns a wallet without its token.
        #[admin]
        fn get_wallet_by_name(name: String) -> DirectWallet = "GetWalletByName";
        /// Tells whether there is a wallet of this name.
        #[admin]
        fn has_wallet(name: String) -> bool = "HasWallet";
        /// Lists the wallets without their tokens.
        #[admin]
        fn list_wallet() -> Vec<DirectWallet> = "ListWallet";
        /// Lists the addresses that a wallet has now.
        #[admin]
        fn list_remote_wallet_address(name: String) -> Vec<crate::Address> = "ListRemoteWalletAddress";
        /// Calls a wallet no more.
        #[admin]
        fn delete_wallet(name: String) -> () = "DeleteWallet";
    }
}
