//! The services that a daemon calls: waited for while they are away, named when they refuse.

use std::{fmt::Display, future::Future, time::Duration};

use anyhow::{Context, bail};
use venus_core::{
    auth::{AuthApiError, AuthClient, Page, UserDirectory, UserState},
    chain_api::{NetworkApi, NodeClient},
    rpc::{Client, Endpoint, RpcError},
};
use venus_proofs::DevNetwork;

/// Between the first failure to reach a service and the next try; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// An error that tells whether the service is only away.
pub(crate) trait Retryable: std::error::Error + Send + Sync + 'static {
    /// Whether the same call may succeed later.
    fn retryable(&self) -> bool;
}

impl Retryable for RpcError {
    fn retryable(&self) -> bool {
        self.is_retryable()
    }
}

impl Retryable for AuthApiError {
    fn retryable(&self) -> bool {
        self.is_retryable()
    }
}

/// Calls `who` until it answers: daemons may be started in any order. Fails if it refuses.
pub(crate) async fn patiently<T, E: Retryable, F: Future<Output = Result<T, E>>>(
    who: impl Display,
    mut call: impl FnMut() -> F,
) -> anyhow::Result<T> {
    let mut pause = FIRST_PAUSE;
    loop {
        match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) if error.retryable() => {
                tracing::warn!(%error, "waiting for {who}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error).with_context(|| who.to_string()),
        }
    }
}

/// A client of a service whose address `key` names in the configuration.
pub(crate) fn client(
    key: &str,
    url: &str,
    token: &str,
    version: u32,
    otherwise: &str,
) -> anyhow::Result<Client> {
    if url.is_empty() {
        bail!("no address for {key}; give one with {otherwise}");
    }
    let endpoint = Endpoint::parse(url, version).with_context(|| key.to_owned())?;
    Ok(Client::connect(&endpoint, Some(token.to_owned())))
}

/// Waits until venus-auth answers. It is asked what only an administrator may.
pub(crate) async fn auth(auth: &AuthClient) -> anyhow::Result<()> {
    let one = Page { skip: 0, limit: 1 };
    let asked = patiently("venus-auth", || auth.users(one, UserState::UNDEFINED)).await;
    asked
        .map(drop)
        .context("this needs the address of venus-auth and an administrator's token of it")
}

/// The network of the node, which must be the one that was asked for, if any was. From then on
/// addresses are printed as that network has them.
pub(crate) async fn network(node: &NodeClient, asked: &str) -> anyhow::Result<String> {
    let name = patiently("the node", || node.state_network_name()).await?;
    check_network(asked, &name)?;
    print_addresses_of(&name);
    Ok(name)
}

/// Prints addresses with the prefix of a network; an unknown one (empty) counts as mainnet.
pub(crate) fn print_addresses_of(network: &str) {
    venus_core::chain::set_network(["", "mainnet", "testnetnet"].contains(&network));
}

/// What the documents call a development network, besides its own name.
const DEVELOPMENT: [&str; 8] =
    ["nerpa", "nerpanet", "test", "2k", "debug", "devnet", "localnet", "force"];

/// Whether a name that was asked for is that of a development network.
pub(crate) fn names_development(asked: &str) -> bool {
    DEVELOPMENT.contains(&asked) || DevNetwork::named(asked).is_ok()
}

/// The names that the documents have for networks, against the name that a node reports.
fn check_network(asked: &str, reported: &str) -> anyhow::Result<()> {
    let development = || DevNetwork::named(reported).is_ok();
    let same = match asked {
        "" => true,
        "mainnet" => ["mainnet", "testnetnet"].contains(&reported),
        "calibration" | "calibnet" | "calibrationnet" => reported == "calibrationnet",
        "butterfly" | "butterflynet" => reported == "butterflynet",
        "nerpa" | "nerpanet" | "test" => reported.contains("nerpa") || development(),
        other if DEVELOPMENT.contains(&other) => development(),
        other => other == reported,
    };
    if !same {
        bail!(
            "the node is on network `{reported}`, not on `{asked}`; give the address of another \
             node, or the network as mainnet, calibration, butterfly, nerpa, 2k or its own name"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_go_by_their_names_in_documents_and_by_their_own() {
        for (asked, reported) in [
            ("", "anything"),
            ("mainnet", "testnetnet"),
            ("calibration", "calibrationnet"),
            ("nerpa", "localnet-1"),
            ("test", "nerpanet"),
            ("2k", "localnet-6f1c"),
            ("localnet-1", "localnet-1"),
        ] {
            check_network(asked, reported).unwrap();
        }
        for (asked, reported) in
            [("mainnet", "calibrationnet"), ("nerpa", "testnetnet"), ("localnet-1", "localnet-2")]
        {
            let error = check_network(asked, reported).unwrap_err().to_string();
            assert!(error.contains(asked) && error.contains(reported), "{error}");
        }
    }

    #[tokio::test]
    async fn who_is_away_is_waited_for_and_who_refuses_is_not() {
        let mut calls = 0;
        let answer = patiently("the node", || {
            calls += 1;
            let away = || RpcError::Connect { endpoint: "x".into(), reason: "refused".into() };
            let answer = if calls < 2 { Err(away()) } else { Ok(7) };
            async move { answer }
        });
        assert_eq!(answer.await.unwrap(), 7);
        let refused = || async {
            let endpoint = "http://h/".to_owned();
            Err::<(), _>(RpcError::Unauthorized { endpoint, status: 401 })
        };
        let error = patiently("the node", refused).await.unwrap_err();
        assert!(format!("{error:#}").starts_with("the node: token rejected by http://h/"));
    }
}
