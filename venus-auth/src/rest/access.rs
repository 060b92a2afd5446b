//! Who may do what. The texts are those of the Go service, spelling included.

use http::StatusCode;
use venus_core::auth::{Claims, Permission, format_address};
use venus_core::chain::Address;

use super::{Call, Failure};
use crate::Error;

const NO_TOKEN: &str = "permission not found";
const DENIED: &str = "Permission Deny";
const NO_NAME: &str = "username not found";

fn refusal(prefix: &str, cause: &str, known: bool) -> Failure {
    // The Go service answers 400 even to callers without a token.
    let status = if known { StatusCode::BAD_REQUEST } else { StatusCode::UNAUTHORIZED };
    Failure::new(status, format!("{prefix}{cause}"))
}

impl Call {
    fn is_admin(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.permissions().contains(&Permission::Admin))
    }

    fn need(&self, permission: Permission) -> Result<(), Failure> {
        let prefix = format!("need {permission} prem: ");
        match &self.caller {
            None => Err(refusal(&prefix, NO_TOKEN, false)),
            Some(caller) if caller.permissions().contains(&permission) => Ok(()),
            Some(_) => Err(refusal(&prefix, DENIED, true)),
        }
    }

    /// Administrators only.
    pub(super) fn need_admin(&self) -> Result<(), Failure> {
        self.need(Permission::Admin)
    }

    /// Any valid token.
    pub(super) fn need_read(&self) -> Result<(), Failure> {
        self.need(Permission::Read)
    }

    fn caller_name(&self, prefix: &str) -> Result<&str, Failure> {
        match &self.caller {
            None => Err(refusal(prefix, NO_NAME, false)),
            Some(caller) if caller.name.is_empty() => Err(refusal(prefix, NO_NAME, true)),
            Some(caller) => Ok(&caller.name),
        }
    }

    /// Administrators, and the user asked about.
    pub(super) fn need_self(&self, user: &str) -> Result<(), Failure> {
        if self.is_admin() {
            return Ok(());
        }
        let prefix = format!("need admin prem or user {user} does not match: ");
        if self.caller_name(&prefix)? == user {
            Ok(())
        } else {
            Err(refusal(&prefix, DENIED, true))
        }
    }

    /// Administrators (`None`), and the user whose name is in the token (`Some`).
    pub(super) fn need_token_owner(&self, token: &str) -> Result<Option<&str>, Failure> {
        if self.is_admin() {
            return Ok(None);
        }
        let prefix = format!("need admin prem or token {token} check failed: ");
        let owner = Claims::peek(token).map_err(|error| {
            let cause = format!("get user of token {token} failed: {error}");
            refusal(&prefix, &cause, self.caller.is_some())
        })?;
        let name = self.caller_name(&prefix)?;
        if name == owner.name { Ok(Some(name)) } else { Err(refusal(&prefix, DENIED, true)) }
    }

    /// Administrators (`None`), and the user that the miner or signer is bound to (`Some`).
    pub(super) async fn need_owner(
        &self,
        address: Option<Address>,
        kind: Owned,
    ) -> Result<Option<&str>, Failure> {
        if self.is_admin() {
            return Ok(None);
        }
        let text = address.as_ref().map_or_else(|| "<empty>".to_owned(), format_address);
        let prefix = format!("need admin prem or {text} ownership check error: ");
        let name = self.caller_name(&prefix)?;
        let owns = match (address, kind) {
            (None, _) => false,
            (Some(miner), Owned::Miner) => self.service.miner_of(name, miner).await?,
            (Some(signer), Owned::Signer) => {
                let users =
                    self.service.store.users_of_signer(signer).await.map_err(Error::from)?;
                users.iter().any(|user| user == name)
            }
        };
        if owns { Ok(Some(name)) } else { Err(refusal(&prefix, DENIED, true)) }
    }
}

/// What an address stands for.
#[derive(Clone, Copy)]
pub(super) enum Owned {
    Miner,
    Signer,
}
