//! What can go wrong in a wallet. The first words are those of the Go wallet, which clients know.

use venus_core::{Address, Purpose, crypto::KeyError, store::StoreError};

use crate::crypto_json::CryptoJsonError;

/// What can go wrong in a wallet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalletError {
    /// No password was set since the start.
    #[error("password not set; run `venus-wallet set-password` (first time) or `unlock`")]
    PasswordNotSet,
    /// The keys are locked.
    #[error("wallet locked; run `venus-wallet unlock`")]
    Locked,
    /// A password is there already.
    #[error("the password already exists; use `unlock`")]
    PasswordExists,
    /// The password is not the one that is set.
    #[error("password mismatch")]
    PasswordMismatch,
    /// Nothing to do.
    #[error("wallet already unlocked")]
    AlreadyUnlocked,
    /// Nothing to do.
    #[error("wallet already locked")]
    AlreadyLocked,
    /// There is no such key.
    #[error("record not found: no key for {0}")]
    UnknownKey(Address),
    /// The bytes are not what the purpose says.
    #[error("get sign bytes: {reason}")]
    SignBytes {
        /// What they should be.
        purpose: Purpose,
        /// What is wrong.
        reason: String,
    },
    /// The message is somebody else's.
    #[error("signer({}) is not msg sender({})", .0.signer, .0.sender)]
    NotSender(Box<NotSender>),
    /// The key is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stored key cannot be decrypted.
    #[error(transparent)]
    Decrypt(#[from] CryptoJsonError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was lost because its thread ended.
    #[error("the key derivation was interrupted; try again")]
    Interrupted,
}

/// Two addresses that should be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotSender {
    /// Who was to sign.
    pub signer: Address,
    /// Whose message it is.
    pub sender: Address,
}
