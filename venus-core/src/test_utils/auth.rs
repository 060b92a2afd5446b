//! A venus-auth in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use crate::{
    Address,
    auth::{
        AuthApiError, Claims, MinerBinding, MinerBindings, Page, Permission, RateLimit,
        SignerBinding, SignerBindings, User, UserDirectory, UserState,
    },
};

/// Users, miners and signers in memory. Its tokens are `name:permission`.
#[derive(Debug, Default)]
pub struct MemAuth(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    users: BTreeSet<String>,
    miners: BTreeMap<Address, (String, bool)>,
    signers: BTreeMap<Address, BTreeSet<String>>,
}

impl MemAuth {
    /// Knows these users.
    pub fn with_users(names: &[&str]) -> Self {
        let users = names.iter().map(ToString::to_string).collect();
        Self(Mutex::new(State { users, ..State::default() }))
    }

    /// The token of a user.
    pub fn token(name: &str, permission: Permission) -> String {
        format!("{name}:{permission}")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn user_of(&self, name: &str) -> Result<User, AuthApiError> {
        if !self.state().users.contains(name) {
            return Err(AuthApiError::NotFound(format!("user {name}")));
        }
        Ok(User {
            id: name.to_owned(),
            name: name.to_owned(),
            comment: String::new(),
            state: UserState::ENABLED,
            create_time: 0,
            update_time: 0,
        })
    }
}

#[async_trait]
impl UserDirectory for MemAuth {
    async fn verify(&self, token: &str) -> Result<Claims, AuthApiError> {
        let refused = || AuthApiError::Unauthenticated("unknown token".into());
        let (name, permission) = token.split_once(':').ok_or_else(refused)?;
        let permission: Permission = permission.parse().map_err(|_| refused())?;
        self.user_of(name)?;
        Ok(Claims::new(name, permission))
    }

    async fn verify_users(&self, names: &[String]) -> Result<(), AuthApiError> {
        names.iter().try_for_each(|name| self.user_of(name).map(drop))
    }

    async fn has_user(&self, name: &str) -> Result<bool, AuthApiError> {
        Ok(self.state().users.contains(name))
    }

    async fn user(&self, name: &str) -> Result<User, AuthApiError> {
        self.user_of(name)
    }

    async fn users(&self, page: Page, _state: UserState) -> Result<Vec<User>, AuthApiError> {
        let names: Vec<_> = self.state().users.iter().cloned().collect();
        page.of(names.iter()).map(|name| self.user_of(name)).collect()
    }

    async fn rate_limits(&self, _user: &str) -> Result<Vec<RateLimit>, AuthApiError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl MinerBindings for MemAuth {
    async fn user_by_miner(&self, miner: Address) -> Result<User, AuthApiError> {
        let user = self.state().miners.get(&miner).map(|(user, _)| user.clone());
        self.user_of(&user.ok_or_else(|| AuthApiError::NotFound(format!("miner {miner}")))?)
    }

    async fn miner_exists_in_user(&self, user: &str, miner: Address) -> Result<bool, AuthApiError> {
        Ok(self.state().miners.get(&miner).is_some_and(|(owner, _)| owner == user))
    }

    async fn has_miner(&self, miner: Address) -> Result<bool, AuthApiError> {
        Ok(self.state().miners.contains_key(&miner))
    }

    async fn miners(&self, user: &str) -> Result<Vec<MinerBinding>, AuthApiError> {
        let binding = |(miner, (owner, open)): (&Address, &(String, bool))| MinerBinding {
            miner: *miner,
            user: owner.clone(),
            open_mining: *open,
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        };
        let state = self.state();
        Ok(state.miners.iter().filter(|(_, (owner, _))| owner == user).map(binding).collect())
    }

    async fn upsert_miner(
        &self,
        user: &str,
        miner: Address,
        open_mining: bool,
    ) -> Result<bool, AuthApiError> {
        self.user_of(user)?;
        Ok(self.state().miners.insert(miner, (user.to_owned(), open_mining)).is_none())
    }

    async fn remove_miner(&self, miner: Address) -> Result<bool, AuthApiError> {
        Ok(self.state().miners.remove(&miner).is_some())
    }
}

#[async_trait]
impl SignerBindings for MemAuth {
    async fn users_by_signer(&self, signer: Address) -> Result<Vec<User>, AuthApiError> {
        let names = self.state().signers.get(&signer).cloned().unwrap_or_default();
        names.iter().map(|name| self.user_of(name)).collect()
    }

    async fn signer_exists_in_user(
        &self,
        user: &str,
        signer: Address,
    ) -> Result<bool, AuthApiError> {
        Ok(self.state().signers.get(&signer).is_some_and(|users| users.contains(user)))
    }

    async fn has_signer(&self, signer: Address) -> Result<bool, AuthApiError> {
        Ok(self.state().signers.contains_key(&signer))
    }

    async fn signers(&self, user: &str) -> Result<Vec<SignerBinding>, AuthApiError> {
        let binding = |signer: &Address| SignerBinding {
            signer: *signer,
            user: user.to_owned(),
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        };
        let state = self.state();
        Ok(state
            .signers
            .iter()
            .filter(|(_, u)| u.contains(user))
            .map(|(s, _)| binding(s))
            .collect())
    }

    async fn register_signers(&self, user: &str, signers: &[Address]) -> Result<(), AuthApiError> {
        self.user_of(user)?;
        for signer in signers {
            self.state().signers.entry(*signer).or_default().insert(user.to_owned());
        }
        Ok(())
    }

    async fn unregister_signers(
        &self,
        user: &str,
        signers: &[Address],
    ) -> Result<(), AuthApiError> {
        for signer in signers {
            if let Some(users) = self.state().signers.get_mut(signer) {
                users.remove(user);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl crate::auth::TokenVerifier for MemAuth {
    async fn verify_token(
        &self,
        token: &str,
    ) -> Result<crate::auth::Caller, crate::auth::AuthError> {
        let claims =
            self.verify(token).await.map_err(|e| crate::auth::AuthError::Refused(e.to_string()))?;
        Ok(crate::auth::Caller { permissions: claims.permissions(), name: claims.name })
    }
}
