//! The rules: what venus-auth does when it is asked, whoever asks.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use fvm_shared::address::Protocol;
use venus_core::auth::{
    AuthAdmin, AuthApiError, AuthError, Caller, Claims, JwtSecret, LOCAL_TOKEN_NAME, MinerBinding,
    MinerBindings, NewUser, Page, Permission, RateLimit, SignerBinding, SignerBindings, TokenError,
    TokenInfo, TokenVerifier, User, UserDirectory, UserState, UserUpdate, format_address,
};
use venus_core::chain::Address;

use crate::{
    Error,
    store::{AuthStore, Bound, TokenRow},
};

/// The longest name; that of the Go service's database.
const MAX_NAME: usize = 50;
/// The longest id; likewise.
const MAX_ID: usize = 64;
/// The longest comment or extra text; likewise.
const MAX_TEXT: usize = 255;

/// venus-auth without its server: implements [`AuthApi`](venus_core::auth::AuthApi) and
/// [`AuthAdmin`] in process. Cheap to clone.
///
/// Calls here are trusted; who may call what over the network is the server's business.
#[derive(Clone)]
pub struct AuthService {
    pub(crate) store: Arc<dyn AuthStore>,
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    admit_disabled_users: bool,
}

impl AuthService {
    /// The rules over a store. `now` tells the time; `admit_disabled_users` lets tokens of
    /// disabled and deleted users verify, as the Go service does.
    pub fn new(
        store: Arc<dyn AuthStore>,
        now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
        admit_disabled_users: bool,
    ) -> Self {
        Self { store, now, admit_disabled_users }
    }

    pub(crate) async fn claims(&self, token: &str) -> Result<Claims, Error> {
        Claims::peek(token)?;
        let row = self.live_token(token).await.map_err(|error| error.about("get token: "))?;
        let claims = row.secret.verify(token)?;
        if !self.admit_disabled_users {
            match self.store.user(&claims.name).await? {
                None => return Err(Error::refused(&claims.name, "unknown")),
                Some(row) if row.deleted => return Err(Error::refused(&claims.name, "deleted")),
                Some(row) if row.user.state == UserState::DISABLED => {
                    return Err(Error::disabled(&claims.name));
                }
                Some(_) => {}
            }
        }
        Ok(claims)
    }

    async fn live_token(&self, token: &str) -> Result<TokenRow, Error> {
        let row = self.store.token(token).await?.filter(|row| row.removed_by.is_none());
        row.ok_or(Error::NotFound)
    }

    async fn live_user(&self, name: &str) -> Result<User, Error> {
        let row = self.store.user(name).await?.filter(|row| !row.deleted);
        row.map(|row| row.user).ok_or(Error::NotFound)
    }

    pub(crate) async fn check_users(&self, names: &[String]) -> Result<(), Error> {
        for name in names {
            self.live_user(name).await.map_err(|error| error.about(format!("verify {name}: ")))?;
        }
        Ok(())
    }

    pub(crate) async fn exists(&self, name: &str) -> Result<bool, Error> {
        Ok(self.store.user(name).await?.is_some_and(|row| !row.deleted))
    }

    pub(crate) async fn find_user(&self, name: &str) -> Result<User, Error> {
        self.live_user(name).await
    }

    pub(crate) async fn owner_of_miner(&self, miner: Address) -> Result<User, Error> {
        let binding = self.store.miner(miner).await?.ok_or(Error::NotFound)?;
        self.live_user(&binding.user).await
    }

    pub(crate) async fn miner_of(&self, user: &str, miner: Address) -> Result<bool, Error> {
        Ok(self.store.miner(miner).await?.is_some_and(|binding| binding.user == user))
    }

    pub(crate) async fn bind_miner(
        &self,
        user: &str,
        miner: Address,
        open_mining: bool,
    ) -> Result<bool, Error> {
        if miner.protocol() != Protocol::ID {
            return Err(Error::WrongProtocol(miner.protocol() as u8));
        }
        match self.store.bind_miner(user, miner, open_mining, (self.now)()).await? {
            Bound::Created => Ok(true),
            Bound::Updated => Ok(false),
            Bound::NoUser => Err(Error::BindToNobody {
                what: format!("miner:{}", format_address(&miner)),
                user: user.to_owned(),
            }),
        }
    }

    pub(crate) async fn unbind_miner(&self, miner: Address) -> Result<bool, Error> {
        Ok(self.store.unbind_miner(miner, (self.now)()).await?)
    }

    pub(crate) async fn owners_of_signer(&self, signer: Address) -> Result<Vec<User>, Error> {
        let mut users = Vec::new();
        for name in self.store.users_of_signer(signer).await? {
            // A Go service may have bound it to a user that was deleted.
            match self.live_user(&name).await {
                Ok(user) => users.push(user),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        if users.is_empty() { Err(Error::NotFound) } else { Ok(users) }
    }

    pub(crate) async fn signer_of(&self, user: &str, signer: Address) -> Result<bool, Error> {
        is_key(signer)?;
        Ok(self.store.users_of_signer(signer).await?.iter().any(|bound| bound == user))
    }

    pub(crate) async fn signer_known(&self, signer: Address) -> Result<bool, Error> {
        is_key(signer)?;
        Ok(!self.store.users_of_signer(signer).await?.is_empty())
    }

    pub(crate) async fn bind_signer(&self, user: &str, signer: Address) -> Result<(), Error> {
        is_key(signer)?;
        let address = format_address(&signer);
        if self.store.bind_signer(user, signer, (self.now)()).await? == Bound::NoUser {
            let error =
                Error::BindToNobody { what: format!("signer:{address}"), user: user.to_owned() };
            // "unregister" is the Go service's word here too.
            return Err(error.about(format!("unregister signer:{address}, error: ")));
        }
        Ok(())
    }

    pub(crate) async fn unbind_signer(
        &self,
        user: Option<&str>,
        signer: Address,
    ) -> Result<bool, Error> {
        if user.is_some() {
            is_key(signer)?;
        }
        Ok(self.store.unbind_signer(user, signer, (self.now)()).await?)
    }

    pub(crate) async fn new_token(&self, claims: &Claims) -> Result<String, Error> {
        let mut claims = claims.clone();
        if claims.perm.is_empty() {
            claims.perm = Permission::Read.as_str().to_owned();
        }
        if claims.permissions().is_empty() {
            return Err(Error::UnknownPermission);
        }
        fits("name", &claims.name, MAX_NAME)?;
        fits("extra", &claims.ext, MAX_TEXT)?;
        if !self.exists(&claims.name).await? {
            return Err(Error::NoUserForToken(claims.name));
        }
        let secret = JwtSecret::random();
        let token = secret.sign(&claims);
        let Claims { name, perm, ext: extra } = claims;
        let create_time = (self.now)();
        let row = TokenRow {
            token: token.clone(),
            name,
            perm,
            extra,
            secret,
            create_time,
            removed_by: None,
        };
        self.store.put_token(row).await?;
        Ok(token)
    }

    pub(crate) async fn token_info(&self, token: &str) -> Result<TokenInfo, Error> {
        self.live_token(token).await.map(info)
    }

    pub(crate) async fn tokens_of(&self, name: &str) -> Result<Vec<TokenInfo>, Error> {
        Ok(self.store.tokens_by_name(name).await?.into_iter().map(info).collect())
    }

    pub(crate) async fn list_tokens(&self, page: Page) -> Result<Vec<TokenInfo>, Error> {
        Ok(self.store.tokens(page).await?.into_iter().map(info).collect())
    }

    /// Removes a token; `by` is remembered, so that its owner can undo only its own removals.
    pub(crate) async fn drop_token(&self, token: &str, by: &str) -> Result<(), Error> {
        let work = async {
            self.store.token(token).await?.ok_or(Error::NotFound)?;
            let done = self.store.set_token_removed(token, Some(by)).await?;
            if done { Ok(()) } else { Err(Error::AlreadyRemoved) }
        };
        work.await.map_err(|error: Error| error.about(format!("remove token {token}: ")))
    }

    /// Recovers a token; `owner` is who asks, if that is no administrator.
    pub(crate) async fn undrop_token(&self, token: &str, owner: Option<&str>) -> Result<(), Error> {
        let work = async {
            let row = self.store.token(token).await?.ok_or(Error::NotFound)?;
            match (row.removed_by, owner) {
                (None, _) => return Err(Error::TokenNotRemoved),
                (Some(by), Some(owner)) if by != owner => {
                    return Err(Error::RemovedByOther { by });
                }
                _ => {}
            }
            let done = self.store.set_token_removed(token, None).await?;
            if done { Ok(()) } else { Err(Error::TokenNotRemoved) }
        };
        work.await.map_err(|error: Error| error.about(format!("recover token {token}: ")))
    }

    pub(crate) async fn new_user(&self, user: &NewUser) -> Result<User, Error> {
        let comment = user.comment.clone().unwrap_or_default();
        fits("name", &user.name, MAX_NAME)?;
        fits("comment", &comment, MAX_TEXT)?;
        state_fits(user.state)?;
        let now = (self.now)().timestamp();
        let user = User {
            id: uuid::Uuid::new_v4().to_string(),
            name: user.name.clone(),
            comment,
            state: user.state,
            create_time: now,
            update_time: now,
        };
        if self.store.insert_user(user.clone()).await? { Ok(user) } else { Err(Error::UserExists) }
    }

    pub(crate) async fn change_user(&self, update: &UserUpdate) -> Result<(), Error> {
        fits("comment", update.comment.as_deref().unwrap_or_default(), MAX_TEXT)?;
        state_fits(update.state)?;
        let done = self.store.update_user(update, (self.now)()).await?;
        if done { Ok(()) } else { Err(Error::NotFound) }
    }

    pub(crate) async fn drop_user(&self, name: &str) -> Result<(), Error> {
        if self.store.delete_user(name, (self.now)()).await? {
            return Ok(());
        }
        Err(if self.store.user(name).await?.is_some() {
            Error::UserDeleted
        } else {
            Error::NotFound
        })
    }

    pub(crate) async fn undrop_user(&self, name: &str) -> Result<(), Error> {
        if self.store.recover_user(name, (self.now)()).await? {
            return Ok(());
        }
        Err(if self.exists(name).await? { Error::UserNotDeleted } else { Error::NotFound })
    }

    pub(crate) async fn put_limit(&self, limit: &RateLimit) -> Result<String, Error> {
        if !self.exists(&limit.name).await? {
            return Err(Error::NoUserForLimit(limit.name.clone()));
        }
        for (field, text, max) in [
            ("id", &limit.id, MAX_ID),
            ("service", &limit.service, MAX_NAME),
            ("api", &limit.api, MAX_NAME),
        ] {
            fits(field, text, max)?;
        }
        let mut limit = limit.clone();
        if limit.id.is_empty() {
            limit.id = uuid::Uuid::new_v4().to_string();
        }
        let id = limit.id.clone();
        if self.store.put_limit(limit).await? { Ok(id) } else { Err(Error::LimitTaken(id)) }
    }

    /// The administrator's token of this service for its own command line. Creates what is
    /// missing of it: the user, the token.
    pub(crate) async fn default_admin_token(&self) -> Result<String, Error> {
        let name = LOCAL_TOKEN_NAME;
        if !self.exists(name).await? {
            let user = NewUser { name: name.into(), comment: None, state: UserState::UNDEFINED };
            self.new_user(&user).await?;
        }
        let claims = Claims::new(name, Permission::Admin);
        let rows = self.store.tokens_by_name(name).await?;
        match rows.into_iter().find(|row| row.perm == claims.perm) {
            Some(row) => Ok(row.token),
            None => self.new_token(&claims).await,
        }
    }
}

fn info(row: TokenRow) -> TokenInfo {
    let TokenRow { token, name, perm, create_time, .. } = row;
    TokenInfo { token, name, perm, custom: String::new(), create_time }
}

fn is_key(address: Address) -> Result<(), Error> {
    match address.protocol() {
        Protocol::Secp256k1 | Protocol::BLS | Protocol::Delegated => Ok(()),
        other => Err(Error::WrongProtocol(other as u8)),
    }
}

fn fits(field: &'static str, text: &str, max: usize) -> Result<(), Error> {
    if text.chars().count() > max { Err(Error::TooLong { field, max }) } else { Ok(()) }
}

/// As the Go service's database has it.
fn state_fits(UserState(state): UserState) -> Result<(), Error> {
    i8::try_from(state).map(|_| ()).map_err(|_| Error::StateRange(state))
}

impl fmt::Debug for AuthService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthService").field("store", &self.store).finish_non_exhaustive()
    }
}

#[async_trait]
impl UserDirectory for AuthService {
    async fn verify(&self, token: &str) -> Result<Claims, AuthApiError> {
        Ok(self.claims(token).await?)
    }

    async fn verify_users(&self, names: &[String]) -> Result<(), AuthApiError> {
        Ok(self.check_users(names).await?)
    }

    async fn has_user(&self, name: &str) -> Result<bool, AuthApiError> {
        Ok(self.exists(name).await?)
    }

    async fn user(&self, name: &str) -> Result<User, AuthApiError> {
        Ok(self.find_user(name).await?)
    }

    async fn users(&self, page: Page, state: UserState) -> Result<Vec<User>, AuthApiError> {
        Ok(self.store.users(page, state).await.map_err(Error::from)?)
    }

    async fn rate_limits(&self, user: &str) -> Result<Vec<RateLimit>, AuthApiError> {
        Ok(self.store.limits(user).await.map_err(Error::from)?)
    }
}

#[async_trait]
impl MinerBindings for AuthService {
    async fn user_by_miner(&self, miner: Address) -> Result<User, AuthApiError> {
        Ok(self.owner_of_miner(miner).await?)
    }

    async fn miner_exists_in_user(&self, user: &str, miner: Address) -> Result<bool, AuthApiError> {
        Ok(self.miner_of(user, miner).await?)
    }

    async fn has_miner(&self, miner: Address) -> Result<bool, AuthApiError> {
        Ok(self.store.miner(miner).await.map_err(Error::from)?.is_some())
    }

    async fn miners(&self, user: &str) -> Result<Vec<MinerBinding>, AuthApiError> {
        Ok(self.store.miners(user).await.map_err(Error::from)?)
    }

    async fn upsert_miner(
        &self,
        user: &str,
        miner: Address,
        open_mining: bool,
    ) -> Result<bool, AuthApiError> {
        Ok(self.bind_miner(user, miner, open_mining).await?)
    }

    async fn remove_miner(&self, miner: Address) -> Result<bool, AuthApiError> {
        Ok(self.unbind_miner(miner).await?)
    }
}

#[async_trait]
impl SignerBindings for AuthService {
    async fn users_by_signer(&self, signer: Address) -> Result<Vec<User>, AuthApiError> {
        Ok(self.owners_of_signer(signer).await?)
    }

    async fn signer_exists_in_user(
        &self,
        user: &str,
        signer: Address,
    ) -> Result<bool, AuthApiError> {
        Ok(self.signer_of(user, signer).await?)
    }

    async fn has_signer(&self, signer: Address) -> Result<bool, AuthApiError> {
        Ok(self.signer_known(signer).await?)
    }

    async fn signers(&self, user: &str) -> Result<Vec<SignerBinding>, AuthApiError> {
        Ok(self.store.signers(user).await.map_err(Error::from)?)
    }

    async fn register_signers(&self, user: &str, signers: &[Address]) -> Result<(), AuthApiError> {
        for signer in signers {
            self.bind_signer(user, *signer).await?;
        }
        Ok(())
    }

    async fn unregister_signers(
        &self,
        user: &str,
        signers: &[Address],
    ) -> Result<(), AuthApiError> {
        for signer in signers {
            self.unbind_signer(Some(user), *signer).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl AuthAdmin for AuthService {
    async fn generate_token(&self, claims: &Claims) -> Result<String, AuthApiError> {
        Ok(self.new_token(claims).await?)
    }

    async fn token(&self, token: &str) -> Result<TokenInfo, AuthApiError> {
        Ok(self.token_info(token).await?)
    }

    async fn tokens_by_name(&self, name: &str) -> Result<Vec<TokenInfo>, AuthApiError> {
        Ok(self.tokens_of(name).await?)
    }

    async fn tokens(&self, page: Page) -> Result<Vec<TokenInfo>, AuthApiError> {
        Ok(self.list_tokens(page).await?)
    }

    async fn remove_token(&self, token: &str) -> Result<(), AuthApiError> {
        Ok(self.drop_token(token, "").await?)
    }

    async fn recover_token(&self, token: &str) -> Result<(), AuthApiError> {
        Ok(self.undrop_token(token, None).await?)
    }

    async fn create_user(&self, user: &NewUser) -> Result<User, AuthApiError> {
        Ok(self.new_user(user).await?)
    }

    async fn update_user(&self, update: &UserUpdate) -> Result<(), AuthApiError> {
        Ok(self.change_user(update).await?)
    }

    async fn delete_user(&self, name: &str) -> Result<(), AuthApiError> {
        Ok(self.drop_user(name).await?)
    }

    async fn recover_user(&self, name: &str) -> Result<(), AuthApiError> {
        Ok(self.undrop_user(name).await?)
    }

    async fn remove_signer(&self, signer: Address) -> Result<bool, AuthApiError> {
        Ok(self.unbind_signer(None, signer).await?)
    }

    async fn upsert_rate_limit(&self, limit: &RateLimit) -> Result<String, AuthApiError> {
        Ok(self.put_limit(limit).await?)
    }

    async fn remove_rate_limit(&self, user: &str, id: &str) -> Result<(), AuthApiError> {
        self.store.remove_limit(user, id).await.map_err(Error::from)?;
        Ok(())
    }
}

#[async_trait]
impl TokenVerifier for AuthService {
    async fn verify_token(&self, token: &str) -> Result<Caller, AuthError> {
        match self.claims(token).await {
            Ok(claims) => {
                let permissions = claims.permissions();
                Ok(Caller { name: claims.name, permissions })
            }
            Err(error @ (Error::Token(TokenError::Signature) | Error::UserRefused { .. })) => {
                Err(AuthError::Refused(error.to_string()))
            }
            Err(error) if matches!(error.root(), Error::Store(_)) => {
                Err(AuthError::Unavailable(error.to_string()))
            }
            Err(error) => Err(AuthError::Refused(error.to_string())),
        }
    }
}
