//! The table of ratios, from what criterion wrote.

use std::{fs, path::PathBuf};

/// Where criterion writes.
pub(crate) fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("criterion")
}

/// Nanoseconds that criterion measured last for a function of a group.
fn measured(home: &std::path::Path, group: &str, function: &str) -> Option<f64> {
    let file = home.join(group).join(function).join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

/// Prints each group's time, that of its limit, and how many times that is.
#[expect(clippy::print_stdout, reason = "this is the result")]
pub(crate) fn print(home: &std::path::Path) {
    let mut groups: Vec<_> = fs::read_dir(home)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    groups.sort();
    println!("{:<24}{:>14}{:>14}{:>9}", "", "ours", "limit", "ratio");
    for group in groups {
        let (Some(ours), Some(limit)) =
            (measured(home, &group, "ours"), measured(home, &group, "limit"))
        else {
            continue;
        };
        let micros = |nanos: f64| format!("{:.2} us", nanos / 1000.0);
        println!("{group:<24}{:>14}{:>14}{:>8.2}x", micros(ours), micros(limit), ours / limit);
    }
}
