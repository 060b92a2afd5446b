//! The border between development networks and all others.

use crate::{ProofError, params};

/// Proof that somebody looked at the network's name and found a development network.
///
/// Facilities that would be a fraud elsewhere (simulated proofs, parameters with a known secret)
/// ask for one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevNetwork(String);

impl DevNetwork {
    /// Names of development networks start with one of these.
    const PREFIXES: [&str; 5] = ["localnet", "devnet", "2k", "venus-dev", "integration"];

    /// Accepts the names of development networks and refuses every other name.
    ///
    /// Known are names that start with `localnet` (what lotus gives to a chain of one's own),
    /// `devnet`, `2k`, `venus-dev` or `integration`. Mainnet (`testnetnet`, `mainnet`),
    /// `calibrationnet`, `butterflynet` and whatever else exists are refused.
    pub fn named(name: &str) -> Result<Self, ProofError> {
        if Self::PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            Ok(Self(name.to_owned()))
        } else {
            Err(ProofError::NotDevelopment { what: "this facility", network: name.to_owned() })
        }
    }

    /// The name it was made from.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Refuses a network that is not for development when the parameter directory of this process
/// holds the set with the published secret, under which anybody can prove anything.
pub fn refuse_development_keys(network: &str) -> Result<(), ProofError> {
    if DevNetwork::named(network).is_ok() {
        return Ok(());
    }
    let dir = params::library_dir();
    for circuit in params::CircuitId::embedded() {
        if params::inspect(&dir, circuit)? == params::Origin::Ours {
            let what = "the parameter set in FIL_PROOFS_PARAMETER_CACHE";
            return Err(ProofError::NotDevelopment { what, network: network.to_owned() });
        }
    }
    Ok(())
}
