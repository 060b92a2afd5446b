//! `/user...`: users.

use venus_core::auth::{NewUser, UserState, UserUpdate};

use super::{
    Call, Failure, Reply,
    params::{Bound, Field},
    tokens::page,
};
use crate::Error;

const NAME: Field = Field { go: "Name", json: "Name", form: &["name"] };
const COMMENT: Field = Field { go: "Comment", json: "Comment", form: &["comment"] };
const STATE: Field = Field { go: "State", json: "State", form: &["state"] };
/// Clients up to v1.8 say here which fields they mean.
const KEY_SUM: Field = Field { go: "KeySum", json: "KeySum", form: &["keySum"] };
/// Clients up to v1.3 bind the miner together with the user.
const MINER: Field = Field { go: "Miner", json: "Miner", form: &["miner"] };

/// Bits of `KeySum`.
const SETS_MINER: i64 = 1;
const SETS_COMMENT: i64 = 2;
const SETS_STATE: i64 = 4;

impl Call {
    /// The only field of many requests.
    fn name(&self, kind: &'static str) -> Result<String, Failure> {
        let mut request = self.params.bind(kind)?;
        let name = request.required(&NAME)?;
        request.done()?;
        Ok(name)
    }

    pub(super) async fn new_user(&self) -> Result<Reply, Failure> {
        let mut request = self.params.bind("CreateUserRequest")?;
        let name = request.required(&NAME)?;
        let comment = request.opt_text(&COMMENT)?;
        let mut state = UserState(request.int(&STATE, "core.UserState")?);
        let miner = request.address(&MINER)?;
        if request.opt_int(&KEY_SUM, "int")?.is_some() {
            state = modern(state);
        }
        request.done()?;
        self.need_admin()?;
        let user = self.service.new_user(&NewUser { name, comment, state }).await?;
        if let Some(miner) = miner {
            self.service.bind_miner(&user.name, miner, true).await?;
        }
        Reply::of(&user)
    }

    pub(super) async fn update_user(&self) -> Result<Reply, Failure> {
        let request = self.params.bind("UpdateUserRequest")?;
        let name = request.text(&NAME)?;
        let comment = request.opt_text(&COMMENT)?;
        let state = UserState(request.int(&STATE, "core.UserState")?);
        let mut update = UserUpdate { name, comment, state };
        let mut miner = request.address(&MINER)?;
        if let Some(fields) = request.opt_int(&KEY_SUM, "int")? {
            update.comment = update.comment.filter(|_| fields & SETS_COMMENT != 0);
            let sets_state = fields & SETS_STATE != 0;
            update.state = if sets_state { modern(state) } else { UserState::UNDEFINED };
            miner = miner.filter(|_| fields & SETS_MINER != 0);
        }
        self.need_admin()?;
        self.service.change_user(&update).await?;
        if let Some(miner) = miner {
            self.service.bind_miner(&update.name, miner, true).await?;
        }
        Ok(Reply::empty())
    }

    pub(super) async fn list_users(&self) -> Result<Reply, Failure> {
        const STATE: Field = Field { go: "State", json: "state", form: &["state"] };
        let request: Bound<'_> = self.params.bind("ListUsersRequest")?;
        let (page, state) = (page(&request)?, request.int(&STATE, "int")?);
        self.need_admin()?;
        let users = self.service.store.users(page, UserState(state)).await.map_err(Error::from)?;
        Reply::of(&users)
    }

    pub(super) async fn get_user(&self) -> Result<Reply, Failure> {
        let name = self.name("GetUserRequest")?;
        self.need_self(&name)?;
        Reply::of(&self.service.find_user(&name).await?)
    }

    pub(super) async fn verify_users(&self) -> Result<Reply, Failure> {
        const NAMES: Field = Field { go: "Names", json: "Names", form: &["names"] };
        let mut request = self.params.bind("VerifyUsersReq")?;
        let names = request.required_texts(&NAMES)?;
        request.done()?;
        self.need_admin()?;
        self.service.check_users(&names).await?;
        Ok(Reply::empty())
    }

    pub(super) async fn has_user(&self) -> Result<Reply, Failure> {
        let name = self.name("HasUserRequest")?;
        self.need_admin()?;
        Reply::of(&self.service.exists(&name).await?)
    }

    pub(super) async fn delete_user(&self) -> Result<Reply, Failure> {
        let name = self.name("DeleteUserRequest")?;
        self.need_admin()?;
        self.service.drop_user(&name).await?;
        Ok(Reply::empty())
    }

    pub(super) async fn recover_user(&self) -> Result<Reply, Failure> {
        let name = self.name("RecoverUserRequest")?;
        self.need_admin()?;
        self.service.undrop_user(&name).await?;
        Ok(Reply::empty())
    }
}

/// Up to v1.8 the state 0 meant disabled.
fn modern(state: UserState) -> UserState {
    if state == UserState::UNDEFINED { UserState::DISABLED } else { state }
}
