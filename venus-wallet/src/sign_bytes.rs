//! From what a caller hands over to the bytes that are signed.
//!
//! The wallet decodes the object that the purpose names and signs its own encoding of it, so that a
//! harmless purpose cannot carry something else.

use sha2::{Digest, Sha256};
use venus_core::{
    Address, BlockHeader, Message, MsgMeta, Purpose, consensus::DrawRandomParams, from_cbor,
};

use crate::{NotSender, WalletError, market};

/// Returns the bytes that the key of `signer` signs.
///
/// `wallet_secret` are the random bytes that the wallet registered at gateways with.
///
/// # Errors
///
/// [`WalletError::SignBytes`] if `data` is not what `meta` says, [`WalletError::NotSender`] for a
/// message of another sender.
pub fn sign_bytes(
    signer: Address,
    data: &[u8],
    meta: &MsgMeta,
    wallet_secret: &[u8],
) -> Result<Vec<u8>, WalletError> {
    let failed = |reason: String| WalletError::SignBytes { purpose: meta.r#type.clone(), reason };
    let parse = |e: &dyn std::fmt::Display| failed(format!("parseObj failed:{e}"));
    let unmarshal = |e: &dyn std::fmt::Display| parse(&format_args!("cbor unmarshal:{e}"));
    match &meta.r#type {
        Purpose::ChainMessage => {
            if meta.extra.is_empty() {
                return Err(failed("parseObj failed:msg type must contain extra data".into()));
            }
            let message: Message = from_cbor(&meta.extra).map_err(|e| parse(&e))?;
            if message.version != 0 {
                let version = message.version;
                let reason = format!("decoded message had incorrect version ({version})");
                return Err(failed(format!("parseObj failed:{reason}")));
            }
            if message.from != signer {
                return Err(WalletError::NotSender(Box::new(NotSender {
                    signer,
                    sender: message.from,
                })));
            }
            check_message(data, &message).map_err(|reason| failed(reason.into()))?;
            Ok(data.to_vec())
        }
        Purpose::Block => {
            let header: BlockHeader = from_cbor(data).map_err(|e| unmarshal(&e))?;
            Ok(header.signing_bytes())
        }
        Purpose::DrawRandomParam => {
            let params = DrawRandomParams::decode(data).map_err(|e| unmarshal(&e))?;
            Ok(params.digest().to_vec())
        }
        Purpose::VerifyAddress => {
            let expected =
                Sha256::new().chain_update(&*meta.extra).chain_update(wallet_secret).finalize();
            if data != expected.as_slice() {
                return Err(failed(
                    "parseObj failed:sign data not match, the gateway used other bytes than ours"
                        .into(),
                ));
            }
            Ok(data.to_vec())
        }
        Purpose::Unknown => Ok(data.to_vec()),
        Purpose::Other(name) if name == "f3" => Ok(data.to_vec()),
        other => match market::sign_bytes(other.as_str(), data) {
            Some(bytes) => bytes.map_err(|e| unmarshal(&e)),
            None => Err(failed(format!("unsupported msgtype:{other}"))),
        },
    }
}

/// What is signed must be the message that was shown: its CID bytes, or for a delegated sender an
/// Ethereum transaction (whose chain id the wallet does not know, so it is rebuilt with the one
/// that stands there).
fn check_message(data: &[u8], message: &Message) -> Result<(), &'static str> {
    if data == message.cid().to_bytes() {
        return Ok(());
    }
    let chain_id = eip1559_chain_id(data);
    match chain_id.and_then(|id| venus_core::crypto::signing_bytes(message, id).ok()) {
        Some(bytes) if bytes == data => Ok(()),
        _ => Err("parseObj failed:sign data not match, it is not of the message in extra"),
    }
}

/// The first element of the RLP list of an EIP-1559 transaction.
fn eip1559_chain_id(data: &[u8]) -> Option<u64> {
    let (0x02, list) = data.split_first().map(|(kind, list)| (*kind, list))? else { return None };
    let (header, rest) = list.split_first()?;
    let rest = match header {
        0xc0..=0xf7 => rest,
        _ => rest.get(usize::from(header.checked_sub(0xf7)?)..)?,
    };
    let (first, rest) = rest.split_first()?;
    match *first {
        small @ 0..0x80 => Some(small.into()),
        length @ 0x80..=0x88 => {
            let bytes = rest.get(..usize::from(length - 0x80))?;
            Some(bytes.iter().fold(0, |id, byte| id << 8 | u64::from(*byte)))
        }
        _ => None,
    }
}
