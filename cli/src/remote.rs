//! Homes and listeners of daemons, and how their commands find them.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use venus_core::{
    auth::{TOKEN_FILE, read_token, write_secret_file},
    rpc::{self, Client, Endpoint, RpcError},
};

/// The file with the address of the running daemon, beside its token.
pub(crate) const API_FILE: &str = "api";

/// The home that was given, or the usual one below the user's.
pub(crate) fn home(given: Option<PathBuf>, usual: &str) -> anyhow::Result<PathBuf> {
    match given {
        Some(home) => Ok(home),
        None => Ok(user_home()?.join(usual)),
    }
}

/// The user's home.
pub(crate) fn user_home() -> anyhow::Result<PathBuf> {
    std::env::home_dir().context("no home directory; give one with --home")
}

/// Where proof parameters and keys are, unless `FIL_PROOFS_PARAMETER_CACHE` says otherwise: one
/// place for all services of a user.
pub(crate) fn parameter_dir() -> anyhow::Result<PathBuf> {
    Ok(venus_proofs::parameter_dir(user_home()?.join(".venus-proofs")))
}

/// Opens a port, given as a multiaddr or as `host:port`.
pub(crate) async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    let address = rpc::listen_addr(listen)?;
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen at {address}; stop what does, or choose another --listen")
    })
}

/// Writes where a daemon listens into its home.
pub(crate) fn publish(home: &Path, listener: &TcpListener) -> anyhow::Result<()> {
    let text = multiaddr(listener.local_addr()?);
    Ok(write_secret_file(&home.join(API_FILE), text.as_bytes())?)
}

/// A socket address as other programs have it in their configuration.
pub(crate) fn multiaddr(address: SocketAddr) -> String {
    let family = if address.is_ipv4() { "ip4" } else { "ip6" };
    format!("/{family}/{}/tcp/{}", address.ip(), address.port())
}

/// Where a client finds a daemon that listens there.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(at) if at.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, at.port()).into(),
        SocketAddr::V6(at) if at.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, at.port()).into(),
        other => other,
    }
}

/// The daemon of a home, as its own commands call it.
#[derive(Debug)]
pub(crate) struct Daemon<'a> {
    /// Its home.
    pub(crate) home: &'a Path,
    /// The command that starts it.
    pub(crate) start: &'a str,
    /// The version of its RPC.
    pub(crate) version: u32,
    /// Where the user says that it listens.
    pub(crate) given: Option<&'a str>,
    /// Where the configuration says so; counts if the daemon did not write its address.
    pub(crate) configured: &'a str,
}

impl Daemon<'_> {
    /// Where it answers: as given, as it wrote itself, or as configured.
    pub(crate) fn endpoint(&self) -> anyhow::Result<Endpoint> {
        let file = self.home.join(API_FILE);
        let written = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text),
            // The daemon never ran, or is the original, which writes none.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("cannot read where the daemon listens: {}", file.display())
                });
            }
        };
        let text = self.given.or(written.as_deref().map(str::trim)).unwrap_or(self.configured);
        let address = reachable(rpc::listen_addr(text)?);
        Ok(Endpoint::parse(&format!("http://{address}"), self.version)?)
    }

    /// A client with the token of the home.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let file = self.home.join(TOKEN_FILE);
        if !file.exists() {
            bail!("no token in {}; start `{}` first", file.display(), self.start);
        }
        let token = read_token(self.home)?;
        Ok(Client::connect(&self.endpoint()?, Some(token)))
    }

    /// Adds the way out to what a call failed with.
    pub(crate) fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        let hint = match error.downcast_ref() {
            Some(RpcError::Connect { .. }) => format!("`{}` does not answer", self.start),
            Some(RpcError::Unauthorized { .. }) => format!(
                "the token in {} is not of the daemon that answered",
                self.home.join(TOKEN_FILE).display()
            ),
            _ => return error,
        };
        error.context(hint)
    }
}
