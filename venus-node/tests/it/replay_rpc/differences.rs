//! Where we answer otherwise on purpose.

/// File, question, why, and what ours answers (`*` at the end: only this beginning counts).
pub(super) const DIFFERENT: &[(&str, &str, &str, &str)] = &[];
