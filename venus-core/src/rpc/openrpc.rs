//! The description of an interface for tools.

use serde_json::{Value, json};

use super::MethodDescription;

/// An OpenRPC document of the methods. Types are named as they are in Rust.
pub fn openrpc(title: &str, version: &str, methods: &[MethodDescription]) -> Value {
    let schema = |rust: &str| json!({ "title": rust });
    let methods = methods.iter().map(|method| {
        let params = method.params.iter().map(|(name, rust)| {
            let required = !rust.starts_with("Option");
            json!({ "name": name, "required": required, "schema": schema(rust) })
        });
        let first_line = method.docs.lines().next().unwrap_or_default().trim();
        json!({
            "name": method.name,
            "summary": first_line,
            "description": method.docs,
            "paramStructure": "by-position",
            "params": params.collect::<Vec<_>>(),
            "result": { "name": "result", "schema": schema(method.result) },
            "x-permission": method.permission,
            "x-stream": method.stream,
        })
    });
    json!({
        "openrpc": "1.2.6",
        "info": { "title": title, "version": version },
        "methods": methods.collect::<Vec<_>>(),
    })
}
