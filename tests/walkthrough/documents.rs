//! The documents name no command that the walk does not run, and it uses the configuration that
//! they show.

use std::{fs, path::Path};

use crate::{command, miners, services, walk::Walk};

const DOCUMENTS: [&str; 2] = ["deployment.md", "deployment.zh.md"];
/// What is called besides the binaries.
const OTHER_PROGRAMS: [&str; 3] = ["make", "git", "mysql"];

/// The commands in fenced blocks of a document; a backslash goes on with the next line.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    let mut begun = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside && line.trim().ends_with("sh");
            continue;
        }
        let line = line.trim();
        if !inside || line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(line) => begun += line,
            None => commands.push(std::mem::take(&mut begun) + line),
        }
    }
    commands
}

fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The fenced block of TOML that has a section; it must be the same in all documents.
pub(crate) fn configuration(section: &str) -> String {
    let block = |name: &str| {
        let text = read(name);
        let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let found = blocks.into_iter().find(|block| block.contains(&format!("[{section}]")));
        assert!(found.is_some(), "{name} shows no section {section}");
        found.unwrap().to_owned()
    };
    let [block, translated] = DOCUMENTS.map(block);
    assert_eq!(without_placeholders(&block), without_placeholders(&translated));
    block
}

fn without_placeholders(text: &str) -> String {
    let parts = text.split('<').map(|part| part.split_once('>').map_or(part, |(_, rest)| rest));
    parts.collect::<Vec<_>>().join("<>")
}

/// Fails with the commands that were not walked.
pub(crate) fn are_walked(walk: &Walk) {
    // What the walks with a database and with real proofs run.
    let others = [&services::messager_run(true), miners::FETCH_PARAMS];
    for name in DOCUMENTS {
        let commands = commands(&read(name));
        assert!(commands.len() > 30, "{name} has only {} commands", commands.len());
        let unknown: Vec<_> = commands
            .iter()
            .filter(|documented| {
                let program = documented.split(' ').next().unwrap_or_default();
                let mut walked = walk.commands().chain(others);
                !OTHER_PROGRAMS.contains(&program)
                    && !walked.any(|walked| command::is(walked, documented))
            })
            .collect();
        assert!(unknown.is_empty(), "{name} names what the walk does not run: {unknown:#?}");
    }
}
