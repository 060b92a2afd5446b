//! `venus-sealer fetch-params`: the proof parameters of development networks, made here.

use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use comfy_table::Table;
use fvm_shared::sector::SectorSize;
use serde::Serialize;
use venus_proofs::{
    PARAMETER_CACHE, ParamSet, ProofError,
    params::{EMBEDDED_SECTOR_SIZE, Estimate, Origin, Report, doctor, leftover, library_dir},
};
use venus_sealer::{Identity, identity};

use super::{
    Session,
    progress::{Shown, ensure},
    units,
};
use crate::{output, peers};

const SIZES: [SectorSize; 5] = [
    SectorSize::_2KiB,
    SectorSize::_8MiB,
    SectorSize::_512MiB,
    SectorSize::_32GiB,
    SectorSize::_64GiB,
];

/// What `fetch-params` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is downloaded: the parameters are computed here, the same ones on every machine. Their
secrets are public, so they are for development networks only. They go to the directory that
FIL_PROOFS_PARAMETER_CACHE names, else to ~/.venus-proofs. `venus-sealer run` makes what is missing
too; this command does it ahead of time. It may be killed at any moment: files are whole or absent,
and the next call goes on with the circuits that are missing.

What it takes, one circuit after the other, on two cores:
  sectors  circuit  proves                  disk       memory     time
  2KiB     winning  one sector, for blocks  45.11 MiB  109.9 MiB  seconds
           window   all, each period        10.97 MiB  27.02 MiB  seconds
           porep    that one was sealed     1.038 GiB  1.565 GiB  2 to 3 minutes
  512MiB   winning                          157.6 MiB  261.4 MiB  seconds
           window                           43.16 MiB  107 MiB    seconds
           porep                            1.852 GiB  2.69 GiB   4 to 6 minutes

Examples:
  venus-sealer fetch-params              those of the miner in the home, else of 2 KiB sectors
  venus-sealer fetch-params 512M
  venus-sealer fetch-params --check 2KiB only says what is there; fails if that is not all")]
pub(super) struct FetchParams {
    /// Bytes of the sectors: 2KiB, 8MiB or 512MiB [default: as the miner in the home, else 2KiB].
    #[arg(value_parser = units::parse_size)]
    size: Option<u64>,
    /// Make nothing; say what is there and whose it is, and fail if it is absent or damaged.
    #[arg(long)]
    check: bool,
}

impl FetchParams {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        let dir = library_dir();
        let size = development(self.size(session)?, &dir)?;
        tracing::info!(dir = %dir.display(), "proof parameters of {} sectors", bytes(size));
        let make = !self.check;
        if make {
            refuse_public(&session.config.network, &dir)?;
        }
        let look = move || doctor(&library_dir(), size);
        let mut found = tokio::task::spawn_blocking(look).await??;
        if make {
            make_missing(&dir, size, found).await?;
            found = tokio::task::spawn_blocking(look).await??;
        }
        let text = show(session.json, &dir, size, &found)?;
        let lacking = found.iter().filter(|report| lacks(report)).count();
        if lacking == 0 {
            return Ok(text);
        }
        output::print(&text)?;
        bail!(
            "{lacking} of {} circuits are absent or damaged; make them with `venus-sealer \
             fetch-params {}`",
            found.len(),
            bytes(size).replace(' ', "")
        )
    }

    fn size(&self, session: &Session) -> anyhow::Result<u64> {
        if let Some(size) = self.size {
            return Ok(size);
        }
        let miner = identity(&session.home)
            .context("which sectors the miner in the home has; name their size, such as 2KiB")?;
        let embedded = EMBEDDED_SECTOR_SIZE as u64;
        Ok(miner.map_or(embedded, |Identity { sector_size, .. }| sector_size))
    }
}

/// A size of sectors that parameters can be made for.
fn development(size: u64, dir: &Path) -> anyhow::Result<SectorSize> {
    let Some(size) = SIZES.into_iter().find(|known| *known as u64 == size) else {
        bail!("there are no sectors of {}; use 2KiB, 8MiB or 512MiB", units::size(size));
    };
    if size as u64 > SectorSize::_512MiB as u64 {
        return Err(official(&format!("{} sectors are for public networks", bytes(size)), dir));
    }
    Ok(size)
}

fn refuse_public(network: &str, dir: &Path) -> anyhow::Result<()> {
    // A home without a miner knows no network.
    match network.is_empty() || peers::names_development(network) {
        true => Ok(()),
        false => Err(official(&format!("network `{network}` is none for development"), dir)),
    }
}

fn official(why: &str, dir: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{why}: their parameters come from the public ceremony, and this program makes \
         development sets only, whose secrets are public. Put the official files into {}, or name \
         the directory that has them with {PARAMETER_CACHE}",
        dir.display()
    )
}

/// Says what is there and what the rest takes; makes the rest if the disk has room for it.
async fn make_missing(dir: &Path, size: SectorSize, found: Vec<Report>) -> anyhow::Result<()> {
    let mut missing = Vec::new();
    let mut spare = free(dir)?;
    for report in found {
        let circuit = report.circuit;
        match report.params {
            Origin::Ours => {
                let disk = units::size(report.bytes);
                tracing::info!(%circuit, %disk, "proof parameters are there");
            }
            Origin::Absent | Origin::Damaged => {
                let count = move || Estimate::of(circuit);
                let estimate = tokio::task::spawn_blocking(count).await??;
                let (disk, memory) = (units::size(estimate.disk), units::size(estimate.memory));
                tracing::info!(
                    %circuit, %disk, %memory, constraints = estimate.constraints,
                    "proof parameters are {} and will be made", report.params
                );
                spare += leftover(dir, circuit)?;
                missing.push(estimate);
            }
            // The same for all circuits, before the first is made.
            origin @ (Origin::Official | Origin::Unknown) => {
                let path = dir.join(circuit.params_file()?);
                let origin = if origin == Origin::Official { "the official" } else { "an unknown" };
                return Err(ProofError::ForeignParameters { path, origin }.into());
            }
        }
    }
    check_room(&missing, spare, dir)?;
    if let Some(warning) = short_of_memory(&missing, memory_available()) {
        tracing::warn!("{warning}");
    }
    let home = dir.to_owned();
    let open = move || ParamSet::open_sized(home, size);
    let set = tokio::task::spawn_blocking(open).await??;
    for Estimate { circuit, .. } in missing {
        ensure(&set, circuit.kind, Shown::Bar).await.with_context(|| circuit.to_string())?;
    }
    Ok(())
}

fn check_room(missing: &[Estimate], spare: u64, dir: &Path) -> anyhow::Result<()> {
    let needed: u64 = missing.iter().map(|estimate| estimate.disk).sum();
    if needed > spare {
        bail!(
            "the disk of {} has {} left, and the parameters take {}; make room, or name a \
             directory on another disk with {PARAMETER_CACHE}",
            dir.display(),
            units::size(spare),
            units::size(needed)
        );
    }
    if needed > 0 {
        tracing::info!(needed = %units::size(needed), free = %units::size(spare), "disk has room");
    }
    Ok(())
}

/// Bytes that this user may still write to the disk that `dir` is, or will be, on.
fn free(dir: &Path) -> anyhow::Result<u64> {
    let there = dir.ancestors().find(|path| path.exists()).unwrap_or(dir);
    let stat = rustix::fs::statvfs(there)
        .with_context(|| format!("cannot measure the disk of {}", there.display()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn short_of_memory(missing: &[Estimate], available: Option<u64>) -> Option<String> {
    let largest = missing.iter().max_by_key(|estimate| estimate.memory)?;
    let available = available.filter(|available| *available < largest.memory)?;
    Some(format!(
        "{} takes {} of memory and {} are available: it will be slow, or be killed; stop other \
         programs or add swap",
        largest.circuit,
        units::size(largest.memory),
        units::size(available)
    ))
}

/// Bytes that the system can give without swapping, where it says so.
fn memory_available() -> Option<u64> {
    parse_available(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn parse_available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

fn lacks(report: &Report) -> bool {
    [report.key, report.params]
        .iter()
        .any(|origin| matches!(origin, Origin::Absent | Origin::Damaged))
}

/// What lies there, as programs read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Found<'a> {
    directory: &'a Path,
    sector_size: u64,
    circuits: Vec<Line>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    circuit: String,
    key: Origin,
    parameters: Origin,
    size: u64,
    file: String,
}

fn show(as_json: bool, dir: &Path, size: SectorSize, found: &[Report]) -> anyhow::Result<String> {
    let line = |report: &Report| {
        let Report { circuit, key, params, bytes } = *report;
        let file = circuit.params_file()?;
        let circuit = circuit.kind.to_string();
        Ok(Line { circuit, key, parameters: params, size: bytes, file })
    };
    let circuits = found.iter().map(line).collect::<anyhow::Result<_>>()?;
    let found = Found { directory: dir, sector_size: size as u64, circuits };
    output::show(as_json, &found, || table(&found.circuits))
}

fn table(lines: &[Line]) -> Table {
    let mut table = output::table(&["Circuit", "Verifying key", "Parameters", "Size"]);
    for Line { circuit, key, parameters, size, .. } in lines {
        let size = if *size == 0 { "-".to_owned() } else { units::size(*size) };
        table.add_row([circuit.clone(), key.to_string(), parameters.to_string(), size]);
    }
    table
}

fn bytes(size: SectorSize) -> String {
    units::size(size as u64)
}

#[cfg(test)]
mod tests {
    use clap::Args as _;
    use venus_proofs::params::{CircuitId, CircuitKind};

    use super::*;

    fn estimate(kind: CircuitKind, disk: u64, memory: u64) -> Estimate {
        let circuit = CircuitId::new(kind, SectorSize::_2KiB);
        Estimate { circuit, constraints: 1, disk, memory }
    }

    #[test]
    fn the_help_says_what_circuits_take() {
        let help = FetchParams::augment_args(clap::Command::new("fetch-params"));
        let help = help.clone().render_long_help().to_string();
        let mut rows = help.lines().filter(|line| {
            CircuitKind::ALL
                .iter()
                .any(|kind| line.split_whitespace().take(2).any(|word| word == kind.to_string()))
        });
        for size in [SectorSize::_2KiB, SectorSize::_512MiB] {
            for kind in CircuitKind::ALL {
                let takes = Estimate::of(CircuitId::new(kind, size)).unwrap();
                let row = rows.next().unwrap();
                let (disk, memory) = (units::size(takes.disk), units::size(takes.memory));
                let words = [kind.to_string(), disk, memory];
                assert!(words.iter().all(|word| row.contains(word)), "{row}: {words:?}");
            }
        }
    }

    #[test]
    fn a_disk_without_room_is_refused_before_anything_is_made() {
        let missing =
            [estimate(CircuitKind::Window, 1 << 20, 0), estimate(CircuitKind::Porep, 3 << 20, 0)];
        let dir = Path::new("/data/params");
        check_room(&missing, 4 << 20, dir).unwrap();
        check_room(&[], 0, dir).unwrap();
        let error = check_room(&missing, (4 << 20) - 1, dir).unwrap_err().to_string();
        for word in ["/data/params", "4 MiB left", "take 4 MiB", PARAMETER_CACHE] {
            assert!(error.contains(word), "{word}: {error}");
        }
        let none_yet = tempfile::tempdir().unwrap();
        assert!(free(&none_yet.path().join("a/b")).unwrap() > 0);
    }

    #[test]
    fn little_memory_is_a_warning_with_the_numbers() {
        let missing =
            [estimate(CircuitKind::Porep, 0, 3 << 30), estimate(CircuitKind::Window, 0, 1 << 20)];
        assert_eq!(short_of_memory(&missing, Some(3 << 30)), None);
        assert_eq!(short_of_memory(&missing, None), None);
        let warning = short_of_memory(&missing, Some(1 << 30)).unwrap();
        for word in ["porep-2048", "3 GiB", "1 GiB are available"] {
            assert!(warning.contains(word), "{word}: {warning}");
        }
        let text = "MemTotal:  100 kB\nMemFree:  1 kB\nMemAvailable:   23 kB\n";
        assert_eq!(parse_available(text), Some(23 * 1024));
        assert_eq!(parse_available("MemTotal: 100 kB\n"), None);
    }

    #[test]
    fn only_development_sets_are_made() {
        let dir = Path::new("/data/params");
        for network in ["", "2k", "debug", "nerpa", "localnet-1"] {
            refuse_public(network, dir).unwrap();
        }
        for network in ["mainnet", "testnetnet", "calibrationnet", "butterfly"] {
            let error = refuse_public(network, dir).unwrap_err().to_string();
            assert!(error.contains(network) && error.contains("/data/params"), "{error}");
        }
        assert_eq!(development(8 << 20, dir).unwrap(), SectorSize::_8MiB);
        let error = development(4 << 20, dir).unwrap_err().to_string();
        assert!(error.contains("no sectors of 4 MiB"), "{error}");
    }
}
