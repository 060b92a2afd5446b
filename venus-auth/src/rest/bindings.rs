//! `/user/miner...`, `/user/signer...`, `/miner...`, `/signer...`: bindings.

use venus_core::chain::Address;

use super::{Call, Failure, Reply, access::Owned, params::Field};
use crate::Error;

const USER: Field = Field { go: "User", json: "User", form: &["User"] };
const QUERY_USER: Field = Field { go: "User", json: "user", form: &["user"] };
const QUERY_MINER: Field = Field { go: "Miner", json: "miner", form: &["miner"] };
const QUERY_SIGNER: Field = Field { go: "Signer", json: "signer", form: &["signer"] };
/// In forms the Go service knows only the name with a capital letter.
const MINER: Field = Field { go: "Miner", json: "miner", form: &["Miner", "miner"] };
const SIGNER: Field = Field { go: "Signer", json: "signer", form: &["Signer", "signer"] };

/// The undefined address has no protocol; Go calls it 255.
fn defined(address: Option<Address>) -> Result<Address, Error> {
    address.ok_or(Error::WrongProtocol(255))
}

impl Call {
    pub(super) async fn user_by_miner(&self) -> Result<Reply, Failure> {
        let miner = self.params.bind("GetUserByMinerRequest")?.address(&QUERY_MINER)?;
        // The owner may ask too: a client of one user need not have an administrator's token.
        match self.need_owner(miner, Owned::Miner).await {
            Err(failure) if failure.status.is_server_error() => return Err(failure),
            Err(_) => self.need_admin()?,
            Ok(_) => {}
        }
        let miner = miner.ok_or(Error::NotFound)?;
        Reply::of(&self.service.owner_of_miner(miner).await?)
    }

    pub(super) async fn add_miner(&self) -> Result<Reply, Failure> {
        const MINER: Field = Field { go: "Miner", json: "Miner", form: &["Miner", "miner"] };
        const OPEN: Field = Field { go: "OpenMining", json: "OpenMining", form: &["OpenMining"] };
        let mut request = self.params.bind("UpsertMinerReq")?;
        let user = request.required(&USER)?;
        let miner = request.address(&MINER)?;
        // Clients before v1.8 do not know the field: they mean yes.
        let open_mining = request.opt_bool(&OPEN)?.unwrap_or(true);
        request.done()?;
        self.need_admin()?;
        Reply::of(&self.service.bind_miner(&user, defined(miner)?, open_mining).await?)
    }

    pub(super) async fn miner_exists(&self) -> Result<Reply, Failure> {
        let request = self.params.bind("MinerExistInUserRequest")?;
        let (miner, user) = (request.address(&QUERY_MINER)?, request.text(&QUERY_USER)?);
        self.need_self(&user)?;
        Reply::of(&match miner {
            Some(miner) => self.service.miner_of(&user, miner).await?,
            None => false,
        })
    }

    pub(super) async fn list_miners(&self) -> Result<Reply, Failure> {
        let mut request = self.params.bind("ListMinerReq")?;
        let user = request.required(&QUERY_USER)?;
        request.done()?;
        self.need_self(&user)?;
        Reply::of(&self.service.store.miners(&user).await.map_err(Error::from)?)
    }

    pub(super) async fn remove_miner(&self) -> Result<Reply, Failure> {
        let miner = self.params.bind("DelMinerReq")?.address(&MINER)?;
        self.need_owner(miner, Owned::Miner).await?;
        Reply::of(&match miner {
            Some(miner) => self.service.unbind_miner(miner).await?,
            None => false,
        })
    }

    pub(super) async fn has_miner(&self) -> Result<Reply, Failure> {
        let miner = self.params.bind("HasMinerRequest")?.address(&QUERY_MINER)?;
        self.need_admin()?;
        Reply::of(&match miner {
            Some(miner) => self.service.store.miner(miner).await.map_err(Error::from)?.is_some(),
            None => false,
        })
    }

    pub(super) async fn users_by_signer(&self) -> Result<Reply, Failure> {
        let signer = self.params.bind("GetUserBySignerReq")?.address(&QUERY_SIGNER)?;
        self.need_admin()?;
        let signer = signer.ok_or(Error::NotFound)?;
        Reply::of(&self.service.owners_of_signer(signer).await?)
    }

    fn signers(&self, kind: &'static str) -> Result<(String, Vec<Option<Address>>), Failure> {
        const SIGNERS: Field = Field { go: "Signers", json: "Signers", form: &["Signers"] };
        let request = self.params.bind(kind)?;
        Ok((request.text(&USER)?, request.addresses(&SIGNERS)?))
    }

    pub(super) async fn register_signers(&self) -> Result<Reply, Failure> {
        let (user, signers) = self.signers("RegisterSignersReq")?;
        self.need_admin()?;
        // Stops at the first that fails; those before it stay, as in the Go service.
        for signer in signers {
            self.service.bind_signer(&user, defined(signer)?).await?;
        }
        Ok(Reply::empty())
    }

    pub(super) async fn unregister_signers(&self) -> Result<Reply, Failure> {
        let (user, signers) = self.signers("UnregisterSignersReq")?;
        self.need_admin()?;
        for signer in signers {
            self.service.unbind_signer(Some(&user), defined(signer)?).await?;
        }
        Ok(Reply::empty())
    }

    pub(super) async fn signer_exists(&self) -> Result<Reply, Failure> {
        let request = self.params.bind("SignerExistInUserReq")?;
        let (signer, user) = (request.address(&QUERY_SIGNER)?, request.text(&QUERY_USER)?);
        self.need_self(&user)?;
        Reply::of(&self.service.signer_of(&user, defined(signer)?).await?)
    }

    pub(super) async fn list_signers(&self) -> Result<Reply, Failure> {
        let user = self.params.bind("ListSignerReq")?.text(&QUERY_USER)?;
        self.need_self(&user)?;
        Reply::of(&self.service.store.signers(&user).await.map_err(Error::from)?)
    }

    pub(super) async fn has_signer(&self) -> Result<Reply, Failure> {
        let signer = self.params.bind("HasSignerReq")?.address(&QUERY_SIGNER)?;
        self.need_admin()?;
        Reply::of(&self.service.signer_known(defined(signer)?).await?)
    }

    pub(super) async fn remove_signer(&self) -> Result<Reply, Failure> {
        let signer = self.params.bind("DelSignerReq")?.address(&SIGNER)?;
        // An owner gives up its own binding; all bindings are the administrator's to remove.
        let owner = self.need_owner(signer, Owned::Signer).await?;
        Reply::of(&match signer {
            Some(signer) => self.service.unbind_signer(owner, signer).await?,
            None => false,
        })
    }
}
