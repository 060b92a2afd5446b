//! `/verify`, `/genToken`, `/token`, `/tokens`, `/recoverToken`.

use serde::Serialize;
use venus_core::auth::{Claims, Page, TokenError};

use super::{
    Call, Failure, Reply,
    params::{Bound, Field, go_syntax_error},
};
use crate::Error;

const TOKEN: Field = Field { go: "Token", json: "token", form: &["token"] };
const NAME: Field = Field { go: "Name", json: "name", form: &["name"] };
const PERM: Field = Field { go: "Perm", json: "perm", form: &["perm"] };
const EXTRA: Field = Field { go: "Extra", json: "extra", form: &["extra"] };

/// The part of a list that a query asks for.
pub(super) fn page(request: &Bound<'_>) -> Result<Page, Failure> {
    const SKIP: Field = Field { go: "Skip", json: "skip", form: &["skip"] };
    const LIMIT: Field = Field { go: "Limit", json: "limit", form: &["limit"] };
    Ok(Page::from_wire(request.int(&SKIP, "int64")?, request.int(&LIMIT, "int64")?))
}

/// The token that is asked about.
const ASKED: Field = Field { go: "Token", json: "Token", form: &["token"] };

impl Call {
    /// The token that `/verify` is asked about; empty if there is none.
    pub(super) fn asked_token(&self) -> String {
        let request = self.params.bind("VerifyRequest");
        request.and_then(|request| request.text(&ASKED)).unwrap_or_default()
    }

    pub(super) async fn verify(&self) -> Result<Reply, Failure> {
        let mut request = self.params.bind("VerifyRequest")?;
        let token = request.required(&ASKED)?;
        request.done()?;
        Claims::peek(&token).map_err(|error| unreadable(error, &token))?;
        self.need_read()?;
        let claims = self.service.claims(&token).await;
        match &claims {
            Ok(claims) => tracing::debug!(name = claims.name, perm = claims.perm, "verified"),
            Err(error) => tracing::info!(
                token = venus_core::auth::token_fingerprint(&token),
                %error,
                "not verified"
            ),
        }
        Reply::of(&claims?)
    }

    pub(super) async fn gen_token(&self) -> Result<Reply, Failure> {
        #[derive(Serialize)]
        struct Generated {
            token: String,
        }
        let mut request = self.params.bind("GenTokenRequest")?;
        let name = request.required(&NAME)?;
        let (perm, ext) = (request.text(&PERM)?, request.text(&EXTRA)?);
        request.done()?;
        self.need_admin()?;
        let token = self.service.new_token(&Claims { name, perm, ext }).await?;
        Reply::of(&Generated { token })
    }

    pub(super) async fn get_token(&self) -> Result<Reply, Failure> {
        let request = self.params.bind("GetTokenRequest")?;
        let (name, token) = (request.text(&NAME)?, request.text(&TOKEN)?);
        if !token.is_empty() {
            self.need_admin()?;
            return Reply::of(&[self.service.token_info(&token).await?]);
        }
        if name.is_empty() {
            return Err(Failure::bad("`name` and `token` both empty"));
        }
        self.need_self(&name)?;
        Reply::of(&self.service.tokens_of(&name).await?)
    }

    pub(super) async fn list_tokens(&self) -> Result<Reply, Failure> {
        let page = page(&self.params.bind("GetTokensRequest")?)?;
        self.need_admin()?;
        Reply::of(&self.service.list_tokens(page).await?)
    }

    pub(super) async fn remove_token(&self) -> Result<Reply, Failure> {
        let mut request = self.params.bind("RemoveTokenRequest")?;
        let token = request.required(&TOKEN)?;
        request.done()?;
        // An administrator's removal is marked by an empty name, which no owner has.
        let owner = self.need_token_owner(&token)?.unwrap_or_default();
        self.service.drop_token(&token, owner).await?;
        Ok(Reply::empty())
    }

    pub(super) async fn recover_token(&self) -> Result<Reply, Failure> {
        let mut request = self.params.bind("RecoverTokenRequest")?;
        let token = request.required(&TOKEN)?;
        request.done()?;
        let owner = self.need_token_owner(&token)?;
        self.service.undrop_token(&token, owner).await?;
        Ok(Reply::empty())
    }
}

/// Says what is wrong with a token's claims in the words of Go's JSON reader.
fn unreadable(error: TokenError, token: &str) -> Failure {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    let TokenError::Json(json_error) = &error else { return Error::from(error).into() };
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let payload = payload.unwrap_or_default();
    match serde_json::from_slice::<serde_json::Value>(&payload) {
        Err(error) => Failure::bad(go_syntax_error(&error, &payload)),
        Ok(serde_json::Value::Array(_)) => {
            Failure::bad("json: cannot unmarshal array into Go value of type auth.JWTPayload")
        }
        Ok(_) => Failure::bad(format!("json: cannot unmarshal the token's claims: {json_error}")),
    }
}
