//! What is signed for a chain message, and the Ethereum form that delegated keys sign.

use fvm_shared::address::Payload;
use num_bigint::Sign;

use crate::{Address, Message, TokenAmount, from_cbor};

/// Method of contracts and accounts that takes Ethereum input.
const INVOKE_CONTRACT: u64 = 3_844_450_837;
/// Method of the address manager (f010) that creates a contract.
const CREATE_EXTERNAL: u64 = 4;

/// Why a message of a delegated sender has no Ethereum form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EthMessageError {
    /// Ethereum transactions invoke or create contracts, nothing else.
    #[error("invalid methodnum {method} to {to} for a delegated sender: use {INVOKE_CONTRACT}")]
    Method {
        /// The method.
        method: u64,
        /// The receiver.
        to: Address,
    },
    /// The receiver has no Ethereum form.
    #[error("{0} has no Ethereum address; a delegated sender reaches f0 and f410 addresses only")]
    Receiver(Address),
    /// The parameters are not exactly one CBOR byte string.
    #[error("the parameters of an Ethereum message must be one CBOR byte string, not empty")]
    Params,
    /// Ethereum knows no negative amounts.
    #[error("a message of a delegated sender has a negative amount or an unknown version")]
    Amount,
}

/// The bytes that the sender's key signs: the CID bytes, or for a delegated sender (f410) the
/// unsigned EIP-1559 transaction on the network with this chain id.
pub fn signing_bytes(message: &Message, chain_id: u64) -> Result<Vec<u8>, EthMessageError> {
    match message.from.payload() {
        Payload::Delegated(_) => eip1559(message, chain_id),
        _ => Ok(message.cid().to_bytes()),
    }
}

fn eip1559(message: &Message, chain_id: u64) -> Result<Vec<u8>, EthMessageError> {
    let gas_limit = u64::try_from(message.gas_limit).map_err(|_| EthMessageError::Amount)?;
    if message.version != 0 {
        return Err(EthMessageError::Amount);
    }
    let to = match (message.method, message.to.as_id()) {
        (CREATE_EXTERNAL, Some(10)) => Vec::new(),
        (INVOKE_CONTRACT, _) => eth_receiver(message.to)?,
        (method, _) => return Err(EthMessageError::Method { method, to: message.to }),
    };
    let input = match message.params.as_slice() {
        [] => Vec::new(),
        params => match from_cbor::<crate::Bytes>(params) {
            Ok(input) if !input.is_empty() => input.0,
            _ => return Err(EthMessageError::Params),
        },
    };
    let mut list = Vec::new();
    for number in [chain_id, message.nonce] {
        rlp_string(&mut list, strip(&number.to_be_bytes()));
    }
    rlp_string(&mut list, &magnitude(&message.gas_premium)?);
    rlp_string(&mut list, &magnitude(&message.gas_fee_cap)?);
    rlp_string(&mut list, strip(&gas_limit.to_be_bytes()));
    rlp_string(&mut list, &to);
    rlp_string(&mut list, &magnitude(&message.value)?);
    rlp_string(&mut list, &input);
    list.push(0xc0); // No access list.

    let mut transaction = vec![0x02];
    rlp_header(&mut transaction, 0xc0, list.len());
    transaction.extend(list);
    Ok(transaction)
}

fn eth_receiver(to: Address) -> Result<Vec<u8>, EthMessageError> {
    match to.payload() {
        Payload::ID(id) => {
            let mut masked = vec![0xff];
            masked.resize(12, 0);
            masked.extend(id.to_be_bytes());
            Ok(masked)
        }
        Payload::Delegated(d) if d.namespace() == 10 && d.subaddress().len() == 20 => {
            Ok(d.subaddress().to_vec())
        }
        _ => Err(EthMessageError::Receiver(to)),
    }
}

fn magnitude(amount: &TokenAmount) -> Result<Vec<u8>, EthMessageError> {
    match amount.atto().to_bytes_be() {
        (Sign::Minus, _) => Err(EthMessageError::Amount),
        (Sign::NoSign, _) => Ok(Vec::new()),
        (Sign::Plus, bytes) => Ok(bytes),
    }
}

fn strip(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn rlp_string(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes {
        [byte] if *byte < 0x80 => out.push(*byte),
        _ => {
            rlp_header(out, 0x80, bytes.len());
            out.extend(bytes);
        }
    }
}

fn rlp_header(out: &mut Vec<u8>, offset: u8, length: usize) {
    match u8::try_from(length) {
        Ok(short @ 0..56) => out.push(offset + short),
        _ => {
            let be = length.to_be_bytes();
            let length = strip(&be);
            // At most 8 bytes of length: the sum stays in a byte.
            out.push(offset + 55 + length.len() as u8);
            out.extend(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `wallet.md` 17.3.
    #[test]
    fn rlp_is_that_of_the_go_node() {
        for (given, expected) in
            [(&[][..], "80"), (&[0x01], "01"), (&[0xaa], "81aa"), (&[0x04, 0x02], "820402")]
        {
            let mut out = Vec::new();
            rlp_string(&mut out, given);
            assert_eq!(hex::encode(out), expected);
        }
        let mut items = Vec::new();
        for byte in [0xaa, 0xbb, 0xcc, 0xdd] {
            rlp_string(&mut items, &[byte; 2]);
        }
        for (items, expected) in [(vec![], "c0"), (items, "cc82aaaa82bbbb82cccc82dddd")] {
            let mut list = Vec::new();
            rlp_header(&mut list, 0xc0, items.len());
            list.extend(items);
            assert_eq!(hex::encode(list), expected);
        }
    }
}
