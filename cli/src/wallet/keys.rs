//! `sign`, `export`, `import` and `delete`.

use std::{
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use venus_core::{
    Address, Bytes, MsgMeta, Purpose,
    api::wallet::WalletApi,
    crypto::{KeyInfo, KeyKind},
};

use super::{Answer, Session, password::PasswordArgs};

/// Checks the name of a kind of key.
pub(super) fn kind(name: &str) -> Result<String, String> {
    name.parse::<KeyKind>().map(|kind| kind.to_string()).map_err(|error| error.to_string())
}

fn unhex(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text))
        .map_err(|error| format!("this is no hexadecimal text: {error}"))
}

/// Sign bytes.
#[derive(Debug, Args)]
pub(super) struct SignArgs {
    /// The key's address.
    address: Address,
    /// The bytes, hexadecimal. For a chain message: those of its CID.
    message: String,
    /// What the bytes are: unknown, message, block, drawrandomparam, dealproposal, ...
    #[arg(long, default_value = "unknown")]
    msg_type: String,
    /// More about them, as text.
    #[arg(long, default_value = "", conflicts_with = "extra_hex")]
    extra: String,
    /// More about them, hexadecimal. For a chain message: its CBOR.
    #[arg(long)]
    extra_hex: Option<String>,
}

impl SignArgs {
    pub(super) async fn run(self, session: &Session) -> Answer {
        let bytes = unhex(&self.message).map_err(anyhow::Error::msg).context("the message")?;
        let extra = match &self.extra_hex {
            Some(text) => unhex(text).map_err(anyhow::Error::msg).context("--extra-hex")?,
            None => self.extra.into_bytes(),
        };
        let meta = MsgMeta { r#type: Purpose::from(self.msg_type.as_str()), extra: extra.into() };
        let wallet = session.wallet();
        let signature = wallet.wallet_sign(self.address, Bytes(bytes), meta).await?;
        let text = format!("{:02x}{}", signature.kind.code(), hex::encode(&signature.data.0));
        session.text(&signature, text)
    }
}

/// Print a key.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The key's address.
    address: Address,
    #[command(flatten)]
    password: PasswordArgs,
}

impl ExportArgs {
    pub(super) async fn run(self, session: &Session) -> Answer {
        let wallet = session.wallet();
        wallet.verify_password(self.password.password()?).await?;
        let key = wallet.wallet_export(self.address).await?;
        session.text(&key, hex::encode(serde_json::to_vec(&key)?))
    }
}

/// Remove a key.
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// The key's address.
    address: Address,
    #[command(flatten)]
    password: PasswordArgs,
}

impl DeleteArgs {
    pub(super) async fn run(self, session: &Session) -> Answer {
        let wallet = session.wallet();
        if !wallet.wallet_has(self.address).await? {
            bail!("the wallet has no key for {}; see `venus-wallet list`", self.address);
        }
        wallet.verify_password(self.password.password()?).await?;
        wallet.wallet_delete(self.address).await?;
        session.text(&self.address, "success".to_owned())
    }
}

/// How an exported key is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Hexadecimal digits of the JSON, as `export` prints it.
    #[value(alias = "hex-lotus")]
    HexVenus,
    /// JSON: {"Type":"bls","PrivateKey":"<base64>"}.
    #[value(alias = "json-lotus")]
    JsonVenus,
    /// JSON of go-filecoin.
    GfcJson,
}

/// Take a key in.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A file with the key; `-` or nothing asks for it.
    path: Option<PathBuf>,
    /// How it is written.
    #[arg(long, value_enum, default_value = "hex-venus")]
    format: Format,
}

impl ImportArgs {
    pub(super) async fn run(self, session: &Session) -> Answer {
        let text = match self.path.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => std::fs::read_to_string(path).with_context(|| {
                format!(
                    "cannot read the key file {}; without a file, `import` asks for the key",
                    path.display()
                )
            })?,
            None => typed()?,
        };
        let key = self.format.read(text.trim())?;
        let address = session.wallet().wallet_import(key).await?;
        session.text(&address, format!("imported key {address} successfully!"))
    }
}

fn typed() -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password("Enter private key: ").context("cannot ask for the key");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("cannot read standard input")?;
    if line.trim().is_empty() {
        bail!("no key on standard input and no terminal to ask for it; name a file");
    }
    Ok(line)
}

impl Format {
    /// Errors say nothing of the text: it is a secret.
    fn read(self, text: &str) -> anyhow::Result<KeyInfo> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Filecoin {
            key_info: Vec<Entry>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Entry {
            private_key: Bytes,
            sig_type: u8,
        }
        let json = |bytes: &[u8]| {
            serde_json::from_slice(bytes).ok().context(
                "this is no exported key of the form {\"Type\":..,\"PrivateKey\":..}; see --format",
            )
        };
        match self {
            Self::JsonVenus => json(text.as_bytes()),
            Self::HexVenus => {
                let bytes = hex::decode(text).ok();
                json(&bytes.context("the key is no hexadecimal text; see --format")?)
            }
            Self::GfcJson => {
                let keys: Filecoin = serde_json::from_str(text).ok().context(
                    "failed to parse go-filecoin key: not of the form {\"KeyInfo\":[..]}",
                )?;
                let entry = keys.key_info.into_iter().next();
                let Entry { private_key, sig_type } = entry.context("the file holds no key")?;
                let kind = match sig_type {
                    1 => KeyKind::Secp256k1,
                    2 => KeyKind::Bls,
                    3 => KeyKind::Delegated,
                    other => bail!("unrecognized key type: {other}"),
                };
                Ok(KeyInfo { kind, private_key })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_a_key_are_read() {
        let json = r#"{"privateKey":"Kis=","type":"bls"}"#;
        let filecoin = r#"{"KeyInfo":[{"PrivateKey":"Kis=","SigType":2}]}"#;
        for (format, text) in [
            (Format::JsonVenus, json.to_owned()),
            (Format::HexVenus, hex::encode(json)),
            (Format::GfcJson, filecoin.to_owned()),
        ] {
            let key = format.read(&text).unwrap();
            assert_eq!((key.kind, &key.private_key.0[..]), (KeyKind::Bls, &[0x2a, 0x2b][..]));
        }
        let nine = filecoin.replace('2', "9");
        let error = Format::GfcJson.read(&nine).unwrap_err();
        assert_eq!(error.to_string(), "unrecognized key type: 9");
        assert!(Format::HexVenus.read("7b7d").is_err());
        assert!(Format::GfcJson.read(r#"{"KeyInfo":[]}"#).is_err());
    }
}
