//! The libp2p identity of a miner: the chain tells it to who looks for the miner's peer.

use std::{
    io::{Error, ErrorKind},
    path::Path,
};

use libp2p_identity::Keypair;
use venus_core::{Bytes, auth::write_secret_file};

use crate::SealerError;

/// The key in the home, in the encoding of libp2p (a protobuf), for the program that serves as the
/// miner's peer.
pub const PEER_KEY_FILE: &str = "libp2p.key";

/// The peer id of a home, binary as it stands on chain. Its Ed25519 key is made if there is none.
///
/// # Errors
///
/// [`SealerError::File`] if the key cannot be read or written, or is none.
pub fn peer_id(home: &Path) -> Result<Bytes, SealerError> {
    let path = home.join(PEER_KEY_FILE);
    let failed = |action, source| SealerError::File { path: path.clone(), action, source };
    let key = match std::fs::read(&path) {
        Ok(bytes) => Keypair::from_protobuf_encoding(&bytes)
            .map_err(|_| failed("used", Error::other("it is no libp2p key; move it away")))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(home).map_err(|error| failed("written", error))?;
            let key = Keypair::generate_ed25519();
            let bytes = key.to_protobuf_encoding();
            let bytes = bytes.map_err(|error| failed("written", Error::other(error)))?;
            write_secret_file(&path, &bytes)
                .map_err(|error| failed("written", Error::other(error)))?;
            key
        }
        Err(error) => return Err(failed("read", error)),
    };
    Ok(key.public().to_peer_id().to_bytes().into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_home_keeps_its_identity() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("none yet");
        let id = peer_id(&home).unwrap();
        assert_eq!(peer_id(&home).unwrap(), id);
        // An Ed25519 key stands in its id: the identity multihash of its protobuf.
        assert_eq!(id.0.len(), 38);
        assert_eq!(id.0[..6], [0, 36, 8, 1, 18, 32]);
        let path = home.join(PEER_KEY_FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        std::fs::write(&path, "not a key").unwrap();
        let error = peer_id(&home).unwrap_err().to_string();
        assert!(error.contains(PEER_KEY_FILE), "{error}");
    }
}
