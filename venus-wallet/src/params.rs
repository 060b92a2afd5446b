//! Parameters as the Go wallet reads them, where it takes more than our types do: addresses may be
//! missing, and types of keys may be numbers or nonsense.

use serde::Deserialize;
use venus_core::{
    Bytes, MaybeAddress, MsgMeta,
    api::wallet::WalletApi,
    auth::Permission,
    crypto::{KeyError, KeyInfo, KeyKind},
    rpc::{MethodDescription, Methods, RpcError},
};
use zeroize::Zeroize;

use crate::{WalletError, WalletService};

/// The methods that need it, to stand before those of [`WalletApi`].
pub(crate) fn lenient(service: &WalletService) -> Methods {
    let (has, new) = (service.clone(), service.clone());
    let (sign, import) = (service.clone(), service.clone());
    Methods::new()
        .with_call(description("WalletHas"), move |(address,): (MaybeAddress,)| {
            let service = has.clone();
            async move {
                match address.0 {
                    Some(address) => service.wallet_has(address).await,
                    None => Ok(false),
                }
            }
        })
        .with_call(description("WalletNew"), move |(kind,): (KeyType,)| {
            let service = new.clone();
            async move { service.wallet_new(kind.0).await }
        })
        .with_call(
            description("WalletSign"),
            move |(signer, data, meta): (MaybeAddress, Bytes, MsgMeta)| {
                let service = sign.clone();
                async move {
                    let signer = signer.0.ok_or_else(|| {
                        RpcError::method("record not found: no address to sign with is given")
                    })?;
                    service.wallet_sign(signer, data, meta).await
                }
            },
        )
        .with_call(description("WalletImport"), move |(key,): (AnyKey,)| {
            let service = import.clone();
            async move { service.wallet_import(key.into_info()?).await }
        })
}

/// Docs and permission of the method that is replaced.
fn description(name: &str) -> MethodDescription {
    let name = format!("Filecoin.{name}");
    let known = <dyn WalletApi>::describe().into_iter().find(|method| method.name == name);
    known.unwrap_or_else(|| MethodDescription::new(name, Permission::Admin))
}

/// The name of a type of keys, or of none.
#[derive(Default, Deserialize)]
#[serde(try_from = "Option<NameOrNumber>")]
struct KeyType(String);

#[derive(Deserialize)]
#[serde(untagged)]
enum NameOrNumber {
    Name(String),
    Number(u64),
}

impl TryFrom<Option<NameOrNumber>> for KeyType {
    type Error = String;

    fn try_from(value: Option<NameOrNumber>) -> Result<Self, String> {
        let kind = match value {
            None => return Ok(Self::default()),
            Some(NameOrNumber::Name(name)) => return Ok(Self(name)),
            Some(NameOrNumber::Number(1)) => KeyKind::Secp256k1,
            Some(NameOrNumber::Number(2)) => KeyKind::Bls,
            Some(NameOrNumber::Number(3)) => KeyKind::Delegated,
            Some(NameOrNumber::Number(n)) => return Err(format!("unknown sigtype: {n}")),
        };
        Ok(Self(kind.to_string()))
    }
}

/// A key of any type.
#[derive(Deserialize)]
struct AnyKey {
    #[serde(rename = "Type", alias = "type", default)]
    kind: KeyType,
    #[serde(rename = "PrivateKey", alias = "privateKey", alias = "privatekey", default)]
    private_key: Bytes,
}

impl AnyKey {
    fn into_info(mut self) -> Result<KeyInfo, RpcError> {
        let name = &self.kind.0;
        let kind =
            name.parse().map_err(|_| RpcError::method(format!("invalid key type: {name}")))?;
        Ok(KeyInfo { kind, private_key: std::mem::take(&mut self.private_key) })
    }
}

impl Drop for AnyKey {
    fn drop(&mut self) {
        self.private_key.0.zeroize();
    }
}

/// What is wrong with an imported key, beginning as the Go wallet says it.
pub(crate) fn import_error(error: WalletError) -> RpcError {
    match error {
        WalletError::Key(error @ KeyError::Secret(KeyKind::Bls)) => {
            RpcError::method(format!("bls signature invalid private key: {error}"))
        }
        other => RpcError::from_display(other),
    }
}
