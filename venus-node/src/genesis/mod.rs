//! The state that a chain begins with (node.md 16).

mod build;
mod miners;
mod template;

pub(crate) use build::build;
pub use template::{
    GenesisAccount, GenesisActor, GenesisMiner, GenesisSector, GenesisTemplate, MultisigMeta,
    OwnerMeta,
};
