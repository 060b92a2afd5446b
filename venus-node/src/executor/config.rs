//! The rules of a network, as values.

use fil_actors_shared::v18::runtime::Policy;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{RegisteredSealProof, SectorSize, StoragePower};
use num_traits::Zero;

/// The rules that the native executor follows.
#[derive(Clone, Debug)]
pub struct ExecutorConfig {
    /// Periods, limits and proofs of the actors.
    pub policy: Policy,
    /// Power whose initial pledge a new miner must bring.
    pub create_miner_deposit_power: StoragePower,
    /// Power that prices are computed with while the network has less; see node.md 20.
    pub virtual_power: Option<StoragePower>,
    /// How many epochs back the state lies that decides who may mine.
    pub winning_lookback: ChainEpoch,
    /// FIL that f090 holds at genesis of a network where nothing has been disbursed from it.
    pub initial_reserve: TokenAmount,
}

impl ExecutorConfig {
    /// The rules of lotus' 2k network, which Go programs have compiled in.
    pub fn compat() -> Self {
        let mut policy = Policy {
            minimum_consensus_power: StoragePower::from(2048),
            pre_commit_challenge_delay: 10,
            ..Policy::default()
        };
        allow(&mut policy, &[SectorSize::_2KiB, SectorSize::_8MiB]);
        Self {
            policy,
            create_miner_deposit_power: StoragePower::from(204),
            virtual_power: None,
            winning_lookback: 900,
            initial_reserve: TokenAmount::from_whole(1_400_000_000),
        }
    }

    /// Short periods, so that a proving period passes in minutes.
    pub fn fast() -> Self {
        let mut config = Self::compat();
        config.policy = Policy {
            pre_commit_challenge_delay: 5,
            wpost_proving_period: 240,
            wpost_challenge_window: 5,
            wpost_max_chain_commit_age: 5,
            wpost_challenge_lookback: 2,
            fault_declaration_cutoff: 7,
            wpost_dispute_window: 120,
            chain_finality: 20,
            min_sector_expiration: 240,
            fault_max_age: 4 * 240,
            worker_key_change_delay: 20,
            consensus_fault_ineligibility_duration: 20,
            ..config.policy
        };
        config.winning_lookback = 20;
        config.virtual_power = Some(StoragePower::from(750_000u64 << 30));
        config
    }

    /// Those of the nerpa network, with sectors of 2 KiB besides its own.
    pub fn nerpa() -> Self {
        let mut config = Self::compat();
        allow(&mut config.policy, &[SectorSize::_2KiB, SectorSize::_512MiB]);
        config.virtual_power = Some(StoragePower::from(750_000u64 << 30));
        config
    }

    /// The seal proofs that sectors may have.
    pub(crate) fn seal_proofs(&self) -> Vec<i64> {
        let allowed = &self.policy.valid_pre_commit_proof_type;
        SIZES
            .into_iter()
            .map(|size| seal_proofs(size)[0])
            .filter(|proof| allowed.contains(*proof))
            .map(i64::from)
            .collect()
    }

    /// The power to price with.
    pub(crate) fn priced_power(&self, real: &StoragePower) -> StoragePower {
        match &self.virtual_power {
            Some(least) if real < least => least.clone(),
            _ => real.clone(),
        }
    }

    /// FIL vested at an epoch by the schedule of the real network, which every lotus counts with.
    pub(crate) fn vested(&self, epoch: ChainEpoch) -> TokenAmount {
        const DAY: i64 = 2880;
        const START: ChainEpoch = -6;
        const SCHEDULE: [(i64, i64); 6] = [
            (0, 10_632_000),
            (183 * DAY, 19_015_887 + 32_787_700),
            (365 * DAY, 22_421_712 + 9_400_000),
            (2 * 365 * DAY, 7_223_364),
            (3 * 365 * DAY, 87_637_883 + 898_958),
            (6 * 365 * DAY, 100_000_000 + 300_000_000 + 9_805_053),
        ];
        let elapsed = epoch - START;
        SCHEDULE.iter().fold(TokenAmount::zero(), |sum, &(duration, fil)| {
            let total = TokenAmount::from_whole(fil);
            let locked = if elapsed >= duration {
                TokenAmount::zero()
            } else {
                total.div_floor(duration) * (duration - elapsed)
            };
            sum + total - locked
        })
    }
}

const SIZES: [SectorSize; 3] = [SectorSize::_2KiB, SectorSize::_8MiB, SectorSize::_512MiB];

/// The seal proofs of a size: the usual one, the synthetic and the non-interactive.
const fn seal_proofs(size: SectorSize) -> [RegisteredSealProof; 3] {
    use RegisteredSealProof::*;
    match size {
        SectorSize::_2KiB => [
            StackedDRG2KiBV1P1,
            StackedDRG2KiBV1P1_Feat_SyntheticPoRep,
            StackedDRG2KiBV1P2_Feat_NiPoRep,
        ],
        SectorSize::_8MiB => [
            StackedDRG8MiBV1P1,
            StackedDRG8MiBV1P1_Feat_SyntheticPoRep,
            StackedDRG8MiBV1P2_Feat_NiPoRep,
        ],
        SectorSize::_512MiB => [
            StackedDRG512MiBV1P1,
            StackedDRG512MiBV1P1_Feat_SyntheticPoRep,
            StackedDRG512MiBV1P2_Feat_NiPoRep,
        ],
        SectorSize::_32GiB => [
            StackedDRG32GiBV1P1,
            StackedDRG32GiBV1P1_Feat_SyntheticPoRep,
            StackedDRG32GiBV1P2_Feat_NiPoRep,
        ],
        SectorSize::_64GiB => [
            StackedDRG64GiBV1P1,
            StackedDRG64GiBV1P1_Feat_SyntheticPoRep,
            StackedDRG64GiBV1P2_Feat_NiPoRep,
        ],
    }
}

/// Lets sectors have these sizes and no others.
fn allow(policy: &mut Policy, sizes: &[SectorSize]) {
    policy.valid_post_proof_type = Default::default();
    policy.valid_pre_commit_proof_type = Default::default();
    policy.valid_prove_commit_ni_proof_type = Default::default();
    for size in sizes {
        let [usual, synthetic, non_interactive] = seal_proofs(*size);
        if let Ok(proof) = usual.registered_window_post_proof() {
            policy.valid_post_proof_type.insert(proof);
        }
        policy.valid_pre_commit_proof_type.insert(usual);
        policy.valid_pre_commit_proof_type.insert(synthetic);
        policy.valid_prove_commit_ni_proof_type.insert(non_interactive);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_has_its_sector_sizes() {
        assert_eq!(ExecutorConfig::compat().seal_proofs(), [5, 6]);
        assert_eq!(ExecutorConfig::fast().seal_proofs(), [5, 6]);
        assert_eq!(ExecutorConfig::nerpa().seal_proofs(), [5, 7]);
        let post = ExecutorConfig::nerpa().policy.valid_post_proof_type;
        assert!(post.contains(fvm_shared::sector::RegisteredPoStProof::StackedDRGWindow512MiBV1P1));
    }

    #[test]
    fn vesting_is_that_of_the_recordings() {
        // StateVMCirculatingSupplyInternal at the head of the recorded chain, height 3735.
        let vested = ExecutorConfig::compat().vested(3735);
        assert_eq!(vested.atto().to_string(), "11473905113169671826350566");
    }
}
