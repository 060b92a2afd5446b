//! Makes the development parameters for 2 KiB sectors ahead of time.
//!
//! `cargo run -p venus-proofs --example generate_params -- winning window porep`; without
//! arguments all of them. `key` prints nothing and writes the verifying keys alone, into the
//! directory named by the second argument (this is how `keys/` was made). The sets go to
//! `FIL_PROOFS_PARAMETER_CACHE`.

use std::path::Path;
use std::sync::Mutex;

use fvm_shared::sector::SectorSize;
use venus_proofs::ParamSet;
use venus_proofs::params::{CircuitId, CircuitKind, Progress, write_keys};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [command, dir] = &args[..]
        && command == "key"
    {
        return Ok(write_keys(Path::new(dir), SectorSize::_2KiB)?);
    }
    let set = ParamSet::open_default()?;
    for kind in CircuitKind::ALL {
        if args.is_empty() || args.contains(&kind.to_string()) {
            let shown = Mutex::new(0);
            let outcome = set.ensure(kind, &|progress| show(progress, &shown))?;
            tell(&format!("{}: {outcome:?}", CircuitId::new(kind, set.sector_size())));
        }
    }
    Ok(())
}

/// A line for every tenth of the way.
fn show(progress: Progress, shown: &Mutex<u32>) {
    let tenth = (progress.fraction * 10.0) as u32;
    let mut shown = shown.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if tenth > *shown {
        *shown = tenth;
        tell(&format!("{}: {}0 % ({:?})", progress.circuit, tenth, progress.stage));
    }
}

fn tell(line: &str) {
    use std::io::Write;
    // Output to a closed pipe is no reason to stop making parameters.
    let _ = writeln!(std::io::stdout(), "{line}");
}
