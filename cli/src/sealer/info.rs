//! `venus-sealer info`: the miner at a glance, in the layout of the deployment guide.

use std::fmt::{self, Write};

use venus_core::{BigInt, TokenAmount};
use venus_sealer::{SealerApi, fsm::SectorState, view::SealerInfo};

use super::{
    Session,
    units::{deci, fil, float, size},
};
use crate::output;

pub(super) async fn show(session: &Session, hide_sectors: bool) -> anyhow::Result<String> {
    let info = session.call(|sealer| async move { sealer.sealer_info().await }).await?;
    match session.json {
        true => output::json(&info),
        false => Ok(text(&info, hide_sectors)?),
    }
}

/// The parts that the market actor would add are left out: a pool of empty sectors has no deals.
fn text(info: &SealerInfo, hide_sectors: bool) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let out = &mut text;
    writeln!(out, "Chain: [{}] [basefee {}]", sync(info), fil(&info.base_fee))?;
    writeln!(out, "Sealer: {} ({} sectors)", info.miner, size(info.sector_size))?;
    power(out, info)?;
    let locked = &info.locked;
    writeln!(out, "Sealer Balance:    {}", fil(&info.balance))?;
    writeln!(out, "      PreCommit:  {}", fil(&locked.pre_commit))?;
    writeln!(out, "      Pledge:     {}", fil(&locked.pledge))?;
    writeln!(out, "      Vesting:    {}", fil(&locked.vesting))?;
    if locked.fee_debt > TokenAmount::zero() {
        writeln!(out, "      Fee debt:   {}", fil(&locked.fee_debt))?;
    }
    writeln!(out, "      Available:  {}", fil(&info.available))?;
    writeln!(out, "Worker Balance:   {}", fil(&info.worker_balance))?;
    let spendable = info.available.clone() + info.worker_balance.clone();
    writeln!(out, "Total Spendable:  {}", fil(&spendable))?;
    if !hide_sectors {
        let total: u64 = info.states.values().sum();
        writeln!(out, "\nSectors:\n\tTotal: {total}")?;
        for state in SectorState::ALL {
            if let Some(count) = info.states.get(state) {
                writeln!(out, "\t{state}: {count}")?;
            }
        }
    }
    Ok(text)
}

/// How far the head lies behind, measured in block times.
fn sync(info: &SealerInfo) -> String {
    let (age, delay) = (info.head_age, info.block_delay.max(1));
    let behind = duration(age.max(0) as f64);
    if age * 2 < delay * 3 {
        "sync ok".to_owned()
    } else if age < delay * 5 {
        format!("sync slow ({behind} behind)")
    } else {
        format!("sync behind! ({behind} behind)")
    }
}

fn power(out: &mut String, info: &SealerInfo) -> fmt::Result {
    let (own, all) = (&info.power.miner_power, &info.power.total_power);
    let percent = |part: &BigInt, whole: &BigInt| match float(whole) {
        0.0 => 0.0,
        whole => float(part) * 100.0 / whole,
    };
    let (quality, all_quality) = (&own.quality_adj_power, &all.quality_adj_power);
    let (raw, all_raw) = (&own.raw_byte_power, &all.raw_byte_power);
    let share = percent(quality, all_quality);
    writeln!(out, "Power: {} / {} ({share:.4}%)", deci(quality), deci(all_quality))?;
    let share = percent(raw, all_raw);
    writeln!(out, "\tRaw: {} / {} ({share:.4}%)", size(raw.clone()), size(all_raw.clone()))?;
    let bytes =
        |sectors: u64| size(BigInt::from(u128::from(sectors) * u128::from(info.sector_size)));
    let sectors = &info.sectors;
    writeln!(out, "\tCommitted: {}", bytes(sectors.live))?;
    let proving = bytes(sectors.active + sectors.faulty);
    match sectors.faulty {
        0 => writeln!(out, "\tProving: {proving}")?,
        faulty => {
            let share = faulty as f64 * 100.0 / sectors.live.max(1) as f64;
            writeln!(out, "\tProving: {proving} ({} Faulty, {share:.2}%)", bytes(faulty))?;
        }
    }
    if !info.power.has_min_power {
        return writeln!(out, "Below minimum power threshold, no blocks will be won");
    }
    let (week, chance) = info.win_rate();
    if chance > 0.0 {
        let delay = info.block_delay as f64;
        let every = duration(delay / chance);
        writeln!(out, "Projected average block win rate: {week:.2}/week (every {every})")?;
        let within = duration(delay * 0.001f64.ln() / (1.0 - chance).ln());
        writeln!(out, "Projected block win with 99.9% probability every {within}")?;
    }
    Ok(())
}

/// Seconds as Go prints a duration: `34h8m15s`.
fn duration(seconds: f64) -> String {
    let seconds = seconds as u64;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use venus_core::{Address, Claim, DeadlineInfo, MinerPower, MinerSectors};
    use venus_sealer::view::LockedFunds;

    use super::*;

    fn info(own: u128, all: u128, has_min_power: bool) -> SealerInfo {
        let claim = |bytes: u128| Claim {
            raw_byte_power: BigInt::from(bytes),
            quality_adj_power: BigInt::from(bytes),
        };
        let milli = |n: u64| TokenAmount::from_atto(u128::from(n) * 1_000_000_000_000_000);
        SealerInfo {
            miner: Address::id(1640),
            sector_size: 512 << 20,
            height: 100,
            head_age: 12,
            block_delay: 30,
            base_fee: TokenAmount::from_atto(100),
            power: MinerPower { miner_power: claim(own), total_power: claim(all), has_min_power },
            sectors: MinerSectors { live: 6, active: 0, faulty: 0 },
            deadline: DeadlineInfo {
                current_epoch: 100,
                period_start: 0,
                index: 1,
                open: 60,
                close: 120,
                challenge: 40,
                fault_cutoff: -10,
                w_post_period_deadlines: 48,
                w_post_proving_period: 2880,
                w_post_challenge_window: 60,
                w_post_challenge_lookback: 20,
                fault_declaration_cutoff: 70,
            },
            balance: milli(383_869),
            available: milli(383_775),
            locked: LockedFunds {
                pledge: TokenAmount::from_atto(93_750_000_000_000_000u64),
                ..LockedFunds::default()
            },
            worker_balance: TokenAmount::from_fil(1000),
            states: BTreeMap::from([(SectorState::Proving, 4), (SectorState::WaitSeed, 2)]),
        }
    }

    #[test]
    fn the_layout_is_that_of_the_guide() {
        let expected = "\
Chain: [sync ok] [basefee 100 aFIL]
Sealer: f01640 (512 MiB sectors)
Power: 0  / 1.5 Ti (0.0000%)
\tRaw: 0 B / 1.5 TiB (0.0000%)
\tCommitted: 3 GiB
\tProving: 0 B
Below minimum power threshold, no blocks will be won
Sealer Balance:    383.869 FIL
      PreCommit:  0
      Pledge:     93.75 mFIL
      Vesting:    0
      Available:  383.775 FIL
Worker Balance:   1000 FIL
Total Spendable:  1383.775 FIL
";
        let info = info(0, 3 << 39, false);
        assert_eq!(text(&info, true).unwrap(), expected);
        let sectors = "\nSectors:\n\tTotal: 6\n\tWaitSeed: 2\n\tProving: 4\n";
        assert_eq!(text(&info, false).unwrap(), format!("{expected}{sectors}"));
    }

    #[test]
    fn blocks_are_projected_as_by_lotus() {
        let mut info = info(1 << 50, 20 << 60, true);
        info.head_age = 100;
        info.sectors = MinerSectors { live: 10, active: 8, faulty: 1 };
        let text = text(&info, true).unwrap();
        for line in [
            "[sync slow (1m40s behind)]",
            "Projected average block win rate: 4.92/week (every 34h8m15s)",
            "Projected block win with 99.9% probability every 235h47m4s",
            "Proving: 4.5 GiB (512 MiB Faulty, 10.00%)",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
