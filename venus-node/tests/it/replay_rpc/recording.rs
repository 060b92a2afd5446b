//! The recorded exchanges.

use std::collections::BTreeMap;

use serde::Deserialize;
use venus_core::test_utils::replay::{self, Request};

use crate::recorded::fixture;

pub(super) type Exchange = replay::Exchange<More>;

#[derive(Deserialize)]
pub(super) struct More {
    pub(super) node: String,
    #[serde(default)]
    same_on: Vec<String>,
}

/// The files by their names.
pub(super) fn load() -> BTreeMap<String, Vec<Exchange>> {
    let packed = std::fs::read(fixture("node-rpc.json.zst")).unwrap();
    serde_json::from_slice(&zstd::decode_all(&packed[..]).unwrap()).unwrap()
}

/// One question on one path, with what lotus and venus answered.
pub(super) struct Question<'a> {
    pub(super) name: &'a str,
    pub(super) path: String,
    pub(super) request: &'a Request,
    pub(super) answers: Vec<&'a Exchange>,
}

impl Question<'_> {
    pub(super) fn method(&self) -> String {
        self.request.called("Filecoin.")
    }
}

/// The paths on which a node gave this answer.
fn paths(exchange: &Exchange) -> Vec<String> {
    let path = |node: &String| format!("/rpc/{}", node.rsplit(' ').next().unwrap());
    let mut paths: Vec<String> = exchange.more.same_on.iter().map(path).collect();
    paths.push(exchange.request.path().to_owned());
    paths.sort_unstable();
    paths.dedup();
    paths.reverse();
    paths
}

fn base_name(exchange: &Exchange) -> &str {
    let name = &exchange.name[..];
    name.rsplit_once(" [").map_or(name, |(name, _)| name).trim_end_matches(" venus")
}

/// The questions of a file, in its order. One whose answers depend on the order is asked on
/// `/rpc/v1` only, unless it is of v0 alone.
pub(super) fn questions<'a>(exchanges: &'a [Exchange], ordered: bool) -> Vec<Question<'a>> {
    let mut questions: Vec<Question<'a>> = Vec::new();
    for exchange in exchanges {
        let mut paths = paths(exchange);
        if ordered {
            paths.retain(|path| path == "/rpc/v1");
        }
        for path in paths {
            let name = base_name(exchange);
            match questions.iter_mut().find(|q| q.name == name && q.path == path) {
                Some(question) => question.answers.push(exchange),
                None => questions.push(Question {
                    name,
                    path,
                    request: &exchange.request,
                    answers: vec![exchange],
                }),
            }
        }
    }
    questions
}
