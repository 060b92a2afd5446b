//! An error in one line.

use std::error::Error;

/// The text of an error and of all its causes, joined by `: `: for where one text is all that is
/// kept or sent.
///
/// ```
/// use venus_core::with_causes;
/// use venus_core::rpc::RpcError;
/// use venus_core::SignError;
///
/// let source = RpcError::method("no such wallet");
/// let error = SignError::Remote { holder: "the gateway".to_owned(), source };
/// assert_eq!(with_causes(&error), "asking the gateway failed: no such wallet");
/// ```
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
