//! The four permission levels of the cluster.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a token allows. Each level includes the ones before it when a token is made
/// ([`Permission::up_to`]); a method asks for exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Read public state.
    Read,
    /// Change state that costs no signature.
    Write,
    /// Have something signed.
    Sign,
    /// Administer the service.
    Admin,
}

impl Permission {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Sign, Self::Admin];

    /// This level and all below it: what a token of this level carries.
    pub fn up_to(self) -> Vec<Self> {
        Self::ALL.into_iter().filter(|p| *p <= self).collect()
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Sign => "sign",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of the four levels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown permission `{0}`; use one of read, write, sign, admin")]
pub struct UnknownPermission(pub String);

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|p| p.as_str() == s)
            .ok_or_else(|| UnknownPermission(s.to_owned()))
    }
}
