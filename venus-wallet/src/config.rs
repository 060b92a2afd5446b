//! Settings of a wallet.

use serde::{Deserialize, Serialize};

/// Settings of a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WalletConfig {
    /// Cost of the password's key derivation: scrypt with N = 2^this. 18 needs 256 MiB and about
    /// a second a key.
    pub scrypt_log_n: u8,
    /// Refuse to sign bytes of no known form (`unknown`). Lotus nodes need them.
    pub refuse_unknown: bool,
}

impl Default for WalletConfig {
    /// scrypt N = 2^18, unknown bytes are signed.
    fn default() -> Self {
        Self { scrypt_log_n: 18, refuse_unknown: false }
    }
}
