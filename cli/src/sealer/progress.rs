//! Making a set of proof parameters while somebody watches.

use std::{
    io::IsTerminal,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use indicatif::{ProgressBar, ProgressStyle};
use venus_proofs::{
    ParamSet,
    params::{CircuitKind, Ensured, Progress, Stage},
};

/// How the way to a set is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// By a line a tenth.
    Log,
    /// By a bar, where somebody looks at standard error.
    Bar,
}

/// Makes the parameters of a circuit, unless they are there and whole.
pub(super) async fn ensure(set: &ParamSet, kind: CircuitKind, shown: Shown) -> anyhow::Result<()> {
    let progress = match shown {
        Shown::Bar if std::io::stderr().is_terminal() => bar(kind)?,
        _ => log(kind),
    };
    if let Ensured::Made = set.ensure_in_background(kind, progress).await? {
        tracing::info!(parameters = %kind, dir = %set.dir().display(), "parameters made");
    }
    Ok(())
}

type Sink = Arc<dyn Fn(Progress) + Send + Sync>;

fn log(kind: CircuitKind) -> Sink {
    let shown = AtomicU32::new(0);
    Arc::new(move |progress| {
        let tenth = (progress.fraction * 10.0) as u32;
        if shown.fetch_max(tenth, Ordering::Relaxed) < tenth {
            tracing::info!(parameters = %kind, "{} % made", tenth * 10);
        }
    })
}

fn bar(kind: CircuitKind) -> anyhow::Result<Sink> {
    const STEPS: u64 = 1000;
    let style = ProgressStyle::with_template("{prefix:8} [{bar:32}] {percent:>3} %  {msg}, {eta}")?;
    // Begins with the first report and ends with the last: log lines come before and after.
    let bar = OnceLock::new();
    Ok(Arc::new(move |progress| {
        let begin = || ProgressBar::new(STEPS).with_style(style.clone());
        let bar = bar.get_or_init(|| begin().with_prefix(kind.to_string()));
        bar.set_message(match progress.stage {
            Stage::Constraints => "constraints",
            Stage::H | Stage::L | Stage::A | Stage::B1 | Stage::B2 => "points",
            Stage::Write => "written",
        });
        bar.set_position((progress.fraction * STEPS as f32) as u64);
        if progress.stage == Stage::Write {
            bar.finish_and_clear();
        }
    }))
}
