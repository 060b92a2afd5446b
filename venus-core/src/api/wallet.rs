//! The RPC of a wallet.

use crate::{Address, Bytes, MsgMeta, NodeVersion, Signature, crypto::KeyInfo};

crate::rpc_client! {
    /// Calls a wallet.
    pub struct WalletClient;
}

crate::rpc_interface! {
    /// Keys and signatures.
    pub trait WalletApi for WalletClient in "Filecoin" {
        /// Makes a key (`bls`, `secp256k1` or `delegated`) and returns its address.
        #[admin]
        fn wallet_new(kind: String) -> Address = "WalletNew";
        /// Tells whether there is a key.
        #[read]
        fn wallet_has(address: Address) -> bool = "WalletHas";
        /// Lists the addresses.
        #[read]
        fn wallet_list() -> Vec<Address> = "WalletList";
        /// Signs.
        #[sign]
        fn wallet_sign(signer: Address, to_sign: Bytes, meta: MsgMeta) -> Signature = "WalletSign";
        /// Gives a key out.
        #[admin]
        fn wallet_export(address: Address) -> KeyInfo = "WalletExport";
        /// Takes a key in and returns its address.
        #[admin]
        fn wallet_import(key: KeyInfo) -> Address = "WalletImport";
        /// Removes a key.
        #[admin]
        fn wallet_delete(address: Address) -> () = "WalletDelete";
        /// Unlocks the keys.
        #[admin]
        fn unlock(password: String) -> () = "Unlock";
        /// Locks the keys.
        #[admin]
        fn lock(password: String) -> () = "Lock";
        /// Sets the password, once.
        #[admin]
        fn set_password(password: String) -> () = "SetPassword";
        /// Checks the password.
        #[admin]
        fn verify_password(password: String) -> () = "VerifyPassword";
        /// Signs for one more account at the gateways.
        #[admin]
        fn add_support_account(account: String) -> () = "AddSupportAccount";
        /// Announces addresses to the gateways again.
        #[admin]
        fn add_new_address(addresses: Vec<Address>) -> () = "AddNewAddress";
        /// Whether the keys are locked; also true while no password is set.
        #[admin]
        fn lock_state() -> bool = "LockState";
        /// Makes tokens of this wallet.
        #[admin]
        fn auth_new(permissions: Vec<String>) -> Bytes = "AuthNew";
        /// Returns what a token allows.
        #[read]
        fn auth_verify(token: String) -> Vec<String> = "AuthVerify";
        /// Returns the version.
        #[read]
        fn version() -> NodeVersion = "Version";
    }
}
