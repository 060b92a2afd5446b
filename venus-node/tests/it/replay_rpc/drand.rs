//! The throwaway drand network of the recorded chains: its key is SHA-256 of `node-a`.

use blstrs::{G1Affine, G1Projective, Scalar};
use num_bigint::BigUint;
use sha2::{Digest, Sha256};
use venus_core::{
    BeaconEntry, ChainEpoch,
    consensus::{DrandRounds, Rounds},
};
use venus_node::Beacon;

/// Of the scheme `bls-unchained-g1-rfc9380`.
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
/// Of the group of keys.
const ORDER: &[u8] = b"73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

#[derive(Debug)]
pub(super) struct Drand {
    key: Scalar,
    rounds: DrandRounds,
}

impl Drand {
    pub(super) fn new(chain_genesis: u64, block_delay: u64) -> Self {
        let order = BigUint::parse_bytes(ORDER, 16).unwrap();
        let key = BigUint::from_bytes_be(&Sha256::digest(b"node-a")) % order;
        let mut bytes = [0; 32];
        let key = key.to_bytes_be();
        bytes[32 - key.len()..].copy_from_slice(&key);
        Self {
            key: Scalar::from_bytes_be(&bytes).unwrap(),
            rounds: DrandRounds::new(DrandRounds::QUICKNET, chain_genesis, block_delay),
        }
    }
}

impl Rounds for Drand {
    fn round_at(&self, epoch: ChainEpoch) -> u64 {
        self.rounds.round_at(epoch)
    }
}

impl Beacon for Drand {
    fn name(&self) -> String {
        "drand of the recordings".into()
    }

    fn entry(&self, round: u64) -> Result<BeaconEntry, String> {
        let message = Sha256::digest(round.to_be_bytes());
        let point = G1Projective::hash_to_curve(&message, DOMAIN, &[]) * self.key;
        let data = G1Affine::from(point).to_compressed();
        Ok(BeaconEntry { round, data: data[..].into() })
    }
}
