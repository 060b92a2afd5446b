//! The local token of a component: what its own command line shows to its own daemon.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;

use super::{AuthError, Caller, Claims, JwtSecret, Permission, TokenError, TokenVerifier};

/// The name in every local token.
pub const LOCAL_TOKEN_NAME: &str = "defaultLocalToken";

/// The file with the token, inside a component's home.
pub const TOKEN_FILE: &str = "token";

/// The file with the key that signs it. The Go services keep theirs in memory only, so that each
/// restart makes every copy of the token invalid.
const SECRET_FILE: &str = "token.key";

/// An administrator's token, signed with the component's own key, good for that component alone.
#[derive(Clone)]
pub struct LocalToken {
    secret: JwtSecret,
    token: String,
}

impl LocalToken {
    /// A token that lives as long as the process, in no file.
    pub fn ephemeral() -> Self {
        Self::with_secret(JwtSecret::random())
    }

    /// The token under a given key.
    pub fn with_secret(secret: JwtSecret) -> Self {
        let token = secret.sign(&Claims::new(LOCAL_TOKEN_NAME, Permission::Admin));
        Self { secret, token }
    }

    /// Takes the key from `home`, or makes one, and writes the token beside it.
    ///
    /// Both files can be read by the owner alone. Call it when the home is locked and the port is
    /// bound: a second process must not overwrite the token of the first.
    ///
    /// # Errors
    ///
    /// [`LocalTokenError`] if a file cannot be read or written, or the key is broken.
    pub fn load_or_create(home: &Path) -> Result<Self, LocalTokenError> {
        let path = home.join(SECRET_FILE);
        let secret = match fs::read_to_string(&path) {
            Ok(text) => JwtSecret::from_hex(&text)
                .map_err(|source| LocalTokenError::Secret { path, source })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = JwtSecret::random();
                write_secret_file(&path, secret.to_hex().as_bytes())?;
                secret
            }
            Err(source) => return Err(LocalTokenError::Io { path, source }),
        };
        let local = Self::with_secret(secret);
        write_secret_file(&home.join(TOKEN_FILE), local.token.as_bytes())?;
        Ok(local)
    }

    /// The token itself, for the component's own command line.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The caller that a token stands for, if this key signed it.
    pub fn check(&self, token: &str) -> Option<Caller> {
        let claims = self.secret.verify(token).ok()?;
        // A local token is nobody's account: the name in it is the same everywhere.
        Some(Caller { name: String::new(), permissions: claims.permissions() })
    }
}

impl std::fmt::Debug for LocalToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalToken(..)")
    }
}

#[async_trait]
impl TokenVerifier for LocalToken {
    async fn verify_token(&self, token: &str) -> Result<Caller, AuthError> {
        self.check(token)
            .ok_or_else(|| AuthError::Refused("it was not signed by this component".into()))
    }
}

/// Reads the token that the daemon of this home wrote.
///
/// # Errors
///
/// [`LocalTokenError::Io`] if there is none: the daemon never ran with this home.
pub fn read_token(home: &Path) -> Result<String, LocalTokenError> {
    let path = home.join(TOKEN_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(source) => Err(LocalTokenError::Io { path, source }),
    }
}

/// Writes a file that only its owner may read: under another name first, then moved into place, so
/// that a reader sees the old or the new one and a crash leaves one of them.
///
/// # Errors
///
/// [`LocalTokenError::Io`] with the path that could not be written.
pub fn write_secret_file(path: &Path, content: &[u8]) -> Result<(), LocalTokenError> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};

    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let write = || {
        // A leftover of a crash may have other rights than ours.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => fs::File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|source| LocalTokenError::Io { path: path.to_owned(), source })
}

/// Why there is no local token.
#[expect(missing_docs, reason = "the messages name the fields")]
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum LocalTokenError {
    /// A file cannot be read or written.
    #[error("cannot use the secret file {}; does the daemon run with this home?", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The key file holds no key.
    #[error("{} holds no key; remove it to have a new one made", path.display())]
    Secret { path: PathBuf, source: TokenError },
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_home_keeps_its_token_through_restarts() {
        let home = tempfile::tempdir().unwrap();
        let first = LocalToken::load_or_create(home.path()).unwrap();
        let again = LocalToken::load_or_create(home.path()).unwrap();

        assert_eq!(first.token(), again.token());
        assert_eq!(read_token(home.path()).unwrap(), first.token());
        assert!(again.check(first.token()).unwrap().is_admin());
        for file in [TOKEN_FILE, SECRET_FILE] {
            let mode = fs::metadata(home.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[test]
    fn a_token_of_another_home_is_refused() {
        let foreign = LocalToken::ephemeral();
        assert_eq!(LocalToken::ephemeral().check(foreign.token()), None);
    }

    #[test]
    fn a_broken_key_file_is_named() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(SECRET_FILE), "no key").unwrap();
        let error = LocalToken::load_or_create(home.path()).unwrap_err();
        assert!(error.to_string().contains("token.key"), "{error}");
    }
}
