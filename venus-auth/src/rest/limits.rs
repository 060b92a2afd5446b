//! `/user/ratelimit...`: request limits.

use venus_core::auth::{RateLimit, RequestLimit};

use super::{Call, Failure, Reply, params::Field};
use crate::Error;

const ID: Field = Field { go: "Id", json: "Id", form: &["Id"] };
const NAME: Field = Field { go: "Name", json: "Name", form: &["Name"] };

impl Call {
    pub(super) async fn upsert_limit(&self) -> Result<Reply, Failure> {
        const SERVICE: Field = Field { go: "Service", json: "Service", form: &["Service"] };
        const API: Field = Field { go: "API", json: "API", form: &["API"] };
        const LIMIT: Field = Field { go: "ReqLimit", json: "ReqLimit", form: &[] };
        const CAP: Field = Field { go: "Cap", json: "Cap", form: &["Cap"] };
        const RESET: Field = Field { go: "ResetDur", json: "ResetDur", form: &["ResetDur"] };
        let mut request = self.params.bind("UpsertUserRateLimitReq")?;
        let name = request.required(&NAME)?;
        let inner = request.nested(&LIMIT, "ReqLimit.ReqLimit")?;
        let req_limit =
            RequestLimit { cap: inner.int(&CAP, "int64")?, reset_dur: inner.duration(&RESET)? };
        let (id, service) = (request.text(&ID)?, request.text(&SERVICE)?);
        let api = request.text(&API)?;
        request.done()?;
        self.need_admin()?;
        let limit = RateLimit { id, name, service, api, req_limit };
        Reply::of(&self.service.put_limit(&limit).await?)
    }

    pub(super) async fn remove_limit(&self) -> Result<Reply, Failure> {
        const ID: Field = Field { go: "Id", json: "Id", form: &["id"] };
        const NAME: Field = Field { go: "Name", json: "Name", form: &["name"] };
        let request = self.params.bind("DelUserRateLimitReq")?;
        let (name, id) = (request.text(&NAME)?, request.text(&ID)?);
        if name.is_empty() || id.is_empty() {
            return Err(Failure::bad(
                "user and rate-limit id is required for removing rate limit regulation",
            ));
        }
        self.need_admin()?;
        self.service.store.remove_limit(&name, &id).await.map_err(Error::from)?;
        Reply::of(&id)
    }

    pub(super) async fn get_limits(&self) -> Result<Reply, Failure> {
        const ID: Field = Field { go: "Id", json: "id", form: &["id"] };
        const NAME: Field = Field { go: "Name", json: "name", form: &["name"] };
        let mut request = self.params.bind("GetUserRateLimitsReq")?;
        let name = request.required(&NAME)?;
        let id = request.text(&ID)?;
        request.done()?;
        self.need_admin()?;
        let mut limits = self.service.store.limits(&name).await.map_err(Error::from)?;
        limits.retain(|limit| id.is_empty() || limit.id == id);
        Reply::of(&limits)
    }
}
