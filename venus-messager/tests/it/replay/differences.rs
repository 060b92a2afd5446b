//! Everything in which our messager answers otherwise than the Go messager, on purpose.

/// A difference that follows from a decision, wherever it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Version,
    Hint,
    Protocol,
    Unreadable,
    Panic,
    NotServed,
}

impl Rule {
    pub(crate) const ALL: [(Self, &str); 6] = [
        (Self::Version, "the version is our own"),
        (Self::Hint, "behind the words of Go an error says what to do"),
        (
            Self::Protocol,
            "errors of the protocol have code and status of Go, not `(error code N)` around the \
             text, nor the words of Go's decoder",
        ),
        (Self::Unreadable, "what cannot be read as a request is answered with a JSON-RPC error"),
        (Self::Panic, "where the Go messager panics, an error that names the parameter"),
        (Self::NotServed, "methods that are not served yet"),
    ];
}

/// Methods that are not served yet.
pub(crate) const NOT_SERVED: &[&str] = &[
    "UpdateMessageStateByID",
    "UpdateAllFilledMessage",
    "UpdateFilledMessageByID",
    "ReplaceMessage",
    "RepublishMessage",
    "RecoverFailedMsg",
    "SaveActorCfg",
    "UpdateActorCfg",
    "ListActorCfg",
    "GetActorCfgByID",
    "UpdateNonce",
    "DeleteAddress",
    "ClearUnFillMessage",
    "SaveNode",
    "GetNode",
    "HasNode",
    "ListNode",
    "DeleteNode",
    "SetLogLevel",
    "LogList",
    "Send",
    "NetFindPeer",
    "NetPeers",
    "NetConnect",
    "NetAddrsListen",
];

/// File, exchange, why, and what ours answers: status and error code and text, or the result; `*`
/// stands for anything.
pub(crate) const DIFFERENT: &[(&str, &str, &str, &str)] = &[];
