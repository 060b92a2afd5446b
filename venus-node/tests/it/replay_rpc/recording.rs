//! The recorded exchanges.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::recorded::fixture;

#[derive(Deserialize)]
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) node: String,
    #[serde(default)]
    same_on: Vec<String>,
    pub(super) request: Request,
    #[serde(default)]
    pub(super) response: Response,
    #[serde(default)]
    pub(super) volatile: Vec<String>,
    #[serde(default)]
    pub(super) frames: Vec<Frame>,
}

#[derive(Deserialize)]
pub(super) struct Request {
    path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: String,
}

#[derive(Deserialize)]
pub(super) struct Frame {
    pub(super) dir: String,
    #[serde(default)]
    pub(super) text: String,
    pub(super) op: Option<String>,
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
        let body = self.request.body.as_deref().unwrap_or_default();
        let call: Value = serde_json::from_str(body).unwrap_or_default();
        let method = call["method"].as_str().unwrap_or_default();
        method.trim_start_matches("Filecoin.").to_owned()
    }
}

impl Exchange {
    /// The paths on which a node gave this answer.
    fn paths(&self) -> Vec<String> {
        let path = |node: &String| format!("/rpc/{}", node.rsplit(' ').next().unwrap());
        let mut paths: Vec<String> = self.same_on.iter().map(path).collect();
        paths.push(self.request.path.clone());
        paths.sort_unstable();
        paths.dedup();
        paths.reverse();
        paths
    }

    fn base_name(&self) -> &str {
        self.name
            .rsplit_once(" [")
            .map_or(&self.name[..], |(name, _)| name)
            .trim_end_matches(" venus")
    }
}

/// The questions of a file, in its order. One whose answers depend on the order is asked on
/// `/rpc/v1` only, unless it is of v0 alone.
pub(super) fn questions<'a>(exchanges: &'a [Exchange], ordered: bool) -> Vec<Question<'a>> {
    let mut questions: Vec<Question<'a>> = Vec::new();
    for exchange in exchanges {
        let mut paths = exchange.paths();
        if ordered {
            paths.retain(|path| path == "/rpc/v1");
        }
        for path in paths {
            let name = exchange.base_name();
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
