//! Who makes the current request.

use super::Permission;
use crate::rpc::{RequestContext, current_request};

/// Who calls, as the guard found out from the token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// The account; empty for the component's own local token.
    pub name: String,
    /// What the token allows, each level by itself.
    pub permissions: Vec<Permission>,
}

impl Caller {
    /// An account whose token was made with `permission`, that is with all levels up to it.
    pub fn new(name: impl Into<String>, permission: Permission) -> Self {
        Self { name: name.into(), permissions: permission.up_to() }
    }

    /// Whether the token allows what needs `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Whether the caller is an administrator, to whom ownership checks do not apply.
    pub fn is_admin(&self) -> bool {
        self.may(Permission::Admin)
    }

    /// Runs `work` as if this caller had asked for it. Tasks that `work` spawns are not covered.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        RequestContext::new(self).scope(work).await
    }
}

/// The caller of the current request; `None` for a call in process, which is trusted.
///
/// A spawned task does not inherit it: read it before spawning.
pub fn current_caller() -> Option<Caller> {
    current_request().map(|request| request.caller)
}
