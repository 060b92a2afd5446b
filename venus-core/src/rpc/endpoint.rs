//! Addresses of services, in all spellings that the cluster's documents and configs have.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use reqwest::Url;

/// The text is no address that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{address}` is not an address: {reason}; write `http://host:port`, `ws://host:port` or `/ip4/1.2.3.4/tcp/port/http` (https, wss, ip6 and dns likewise)"
)]
pub struct EndpointError {
    /// What was given.
    pub address: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Where a service answers JSON-RPC.
///
/// ```
/// use venus_core::rpc::Endpoint;
///
/// let node = Endpoint::parse("/ip4/192.168.5.61/tcp/3453", 1)?;
/// assert_eq!(node.to_string(), "ws://192.168.5.61:3453/rpc/v1");
/// # Ok::<_, venus_core::rpc::EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads an address. One without a path means `/rpc/v<version>`; a path is left as it is.
    ///
    /// A multiaddr without `/http`, `/https`, `/ws` or `/wss` means a WebSocket.
    pub fn parse(address: &str, version: u32) -> Result<Self, EndpointError> {
        let error = |reason: String| EndpointError { address: redact(address), reason };
        let address = address.trim();
        if address.starts_with('/') {
            let parts = Multiaddr::parse(address).map_err(error)?;
            let version = parts.version.unwrap_or(version);
            let text = format!("{}://{}/rpc/v{version}", parts.scheme(), parts.authority());
            return Url::parse(&text).map(Self).map_err(|cause| error(cause.to_string()));
        }
        let mut url = parse_url(address).map_err(error)?;
        if matches!(url.path(), "" | "/") {
            url.set_path(&format!("/rpc/v{version}"));
        }
        Ok(Self(url))
    }

    /// Reads an API info string, `token:address` or only an address.
    pub fn parse_api_info(
        info: &str,
        version: u32,
    ) -> Result<(Self, Option<String>), EndpointError> {
        let (token, address) = split_api_info(info.trim());
        Ok((Self::parse(address, version)?, token.map(str::to_owned)))
    }

    /// The address for plain HTTP calls.
    pub fn http_url(&self) -> Url {
        self.with_scheme(if self.is_secure() { "https" } else { "http" })
    }

    /// The address for a WebSocket.
    pub fn ws_url(&self) -> Url {
        self.with_scheme(if self.is_secure() { "wss" } else { "ws" })
    }

    /// Whether ordinary calls use the WebSocket too; streams always do.
    pub fn is_websocket(&self) -> bool {
        matches!(self.0.scheme(), "ws" | "wss")
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    fn is_secure(&self) -> bool {
        matches!(self.0.scheme(), "https" | "wss")
    }

    fn with_scheme(&self, scheme: &str) -> Url {
        let mut url = self.0.clone();
        // Cannot fail: all four schemes are "special" ones, between which a URL may change.
        let changed = url.set_scheme(scheme);
        debug_assert!(changed.is_ok());
        url
    }
}

/// Without the query, which may hold a token.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        url.set_query(None);
        url.fmt(f)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// The HTTP address of a REST service such as venus-auth, without a slash at the end. A WebSocket
/// scheme means HTTP, none too.
pub fn base_url(address: &str) -> Result<String, EndpointError> {
    let error = |reason: String| EndpointError { address: redact(address), reason };
    let address = address.trim();
    let url = if address.starts_with('/') {
        let parts = Multiaddr::parse(address).map_err(error)?;
        let text = format!("{}://{}", parts.scheme(), parts.authority());
        Url::parse(&text).map_err(|cause| error(cause.to_string()))?
    } else if address.contains("://") {
        parse_url(address).map_err(error)?
    } else {
        parse_url(&format!("http://{address}")).map_err(error)?
    };
    let text = Endpoint(url).http_url().to_string();
    Ok(text.trim_end_matches('/').to_owned())
}

/// Where to listen: `/ip4/127.0.0.1/tcp/5678`, also with `/http` or `/ws`, or `127.0.0.1:5678`.
pub fn listen_addr(address: &str) -> Result<SocketAddr, EndpointError> {
    let error = |reason: &str| EndpointError { address: address.into(), reason: reason.into() };
    let text = address.trim();
    if let Ok(socket) = text.parse() {
        return Ok(socket);
    }
    if !text.starts_with('/') {
        return Err(error("an IP address and a port are needed to listen on"));
    }
    let parts = Multiaddr::parse(text).map_err(|reason| error(&reason))?;
    let ip = parts.host.parse().map_err(|_| error("an IP address is needed to listen on"))?;
    Ok(SocketAddr::new(ip, parts.port))
}

/// Splits `token:address`: a token is a JWT, or anything before `:/...` or `:<scheme>://...`.
pub fn split_api_info(info: &str) -> (Option<&str>, &str) {
    let Some((token, address)) = info.split_once(':') else { return (None, info) };
    let is_url = ["http://", "https://", "ws://", "wss://"].iter().any(|s| address.starts_with(s));
    let is_multiaddr = address.starts_with('/') && !address.starts_with("//");
    let is_opaque = !token.is_empty() && !token.contains('/') && (is_url || is_multiaddr);
    if is_opaque || (is_jwt(token) && !address.is_empty()) {
        (Some(token), address)
    } else {
        (None, info)
    }
}

/// Three parts of base64url; the last may be empty.
fn is_jwt(token: &str) -> bool {
    let base64 =
        |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let parts: Vec<_> = token.split('.').collect();
    matches!(parts[..], [a, b, c] if !a.is_empty() && !b.is_empty() && [a, b, c].into_iter().all(base64))
}

/// An address that failed to parse may be an API info with a token in front.
fn redact(address: &str) -> String {
    match split_api_info(address) {
        (Some(_), rest) => format!("<token>:{rest}"),
        (None, whole) => match whole.split_once('?') {
            Some((front, _)) => format!("{front}?<query>"),
            None => whole.to_owned(),
        },
    }
}

fn parse_url(address: &str) -> Result<Url, String> {
    let (scheme, _) = address.split_once("://").ok_or("it has no scheme")?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https" | "ws" | "wss") {
        return Err(format!("unknown url scheme '{scheme}'"));
    }
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user and password are not supported, give a token instead".into());
    }
    Ok(url)
}

struct Multiaddr {
    host: String,
    port: u16,
    version: Option<u32>,
    protocols: Vec<String>,
}

impl Multiaddr {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.trim_matches('/').split('/').peekable();
        let mut parsed = Self { host: String::new(), port: 0, version: None, protocols: vec![] };
        let mut port = None;
        if parts.peek().is_some_and(|first| first.parse::<IpAddr>().is_ok()) {
            tracing::warn!(address = text, "address lacks `/ip4` or `/ip6` at its head");
            parsed.host = parts.next().unwrap_or_default().to_owned();
        }
        while let Some(protocol) = parts.next() {
            let mut value = || parts.next().ok_or(format!("`/{protocol}` lacks its value"));
            match protocol {
                "ip4" => parsed.set_host(checked::<Ipv4Addr>(value()?)?),
                "ip6" => parsed.set_host(checked::<Ipv6Addr>(value()?)?),
                "dns" | "dns4" | "dns6" => parsed.set_host(value()?.to_owned()),
                "tcp" | "udp" => {
                    let value = value()?;
                    let number = value.parse().map_err(|_| format!("`{value}` is not a port"))?;
                    port = port.or(Some(number));
                }
                "version" => {
                    let value = value()?;
                    let number = value.strip_prefix('v').and_then(|digits| digits.parse().ok());
                    parsed.version =
                        Some(number.ok_or(format!("version `{value}` is not `v<number>`"))?);
                }
                "http" | "https" | "ws" | "wss" | "tls" => {
                    parsed.protocols.push(protocol.to_owned());
                }
                "p2p" | "ipfs" => drop(value()?),
                other => return Err(format!("`/{other}` is not supported")),
            }
        }
        parsed.port = port.ok_or("`/tcp/<port>` is missing")?;
        if parsed.host.is_empty() {
            return Err("`/ip4/<address>` or `/dns/<name>` is missing".into());
        }
        Ok(parsed)
    }

    /// The first one counts.
    fn set_host(&mut self, host: String) {
        if self.host.is_empty() {
            self.host = host;
        }
    }

    fn scheme(&self) -> &'static str {
        let has = |name: &str| self.protocols.iter().any(|protocol| protocol == name);
        match (has("wss"), has("https"), has("ws"), has("http"), has("tls")) {
            (true, ..) | (_, false, true, _, true) | (_, false, false, false, true) => "wss",
            (_, true, ..) | (_, _, false, true, true) => "https",
            (_, _, false, true, false) => "http",
            _ => "ws",
        }
    }

    fn authority(&self) -> String {
        match self.host.parse::<Ipv6Addr>() {
            Ok(ip) => format!("[{ip}]:{}", self.port),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }
}

fn checked<T: FromStr>(text: &str) -> Result<String, String> {
    match text.parse::<T>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("`{text}` is not an IP address of that kind")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(address: &str, version: u32) -> String {
        Endpoint::parse(address, version).map_or_else(|e| e.to_string(), |e| e.to_string())
    }

    #[test]
    fn every_documented_form_is_read() {
        for (address, url) in [
            ("http://192.168.5.61:3453", "http://192.168.5.61:3453/rpc/v0"),
            ("http://h:3453/", "http://h:3453/rpc/v0"),
            ("http://h:39812/rpc/v0", "http://h:39812/rpc/v0"),
            ("http://api.venus.io:1234/rpc", "http://api.venus.io:1234/rpc"),
            ("/ip4/192.168.5.61/tcp/3453/wss", "wss://192.168.5.61:3453/rpc/v0"),
            ("/ip4/192.168.5.61/tcp/3453/ws", "ws://192.168.5.61:3453/rpc/v0"),
            ("/ip4/192.168.5.61/tcp/34531/http", "http://192.168.5.61:34531/rpc/v0"),
            ("/ip4/192.168.5.61/tcp/34531/https", "https://192.168.5.61:34531/rpc/v0"),
            ("/ip4/192.168.5.61/tcp/34532", "ws://192.168.5.61:34532/rpc/v0"),
            ("/ip4/192.168.5.61/tcp/34532/version/v1", "ws://192.168.5.61:34532/rpc/v1"),
            ("/dns/gateway.example.com/tcp/83/wss", "wss://gateway.example.com:83/rpc/v0"),
            ("/ip6/::1/tcp/3453/http", "http://[::1]:3453/rpc/v0"),
            ("/10.0.0.6/tcp/45132", "ws://10.0.0.6:45132/rpc/v0"),
            ("/dns/host/tcp/8443/tls/ws", "wss://host:8443/rpc/v0"),
        ] {
            assert_eq!(parse(address, 0), url, "{address}");
        }
        assert_eq!(parse("ws://h:1", 2), "ws://h:1/rpc/v2");
    }

    #[test]
    fn what_cannot_be_dialed_names_the_accepted_forms() {
        for bad in [
            "api.venus.io:1234",
            "://h:1",
            "",
            "/",
            "/ip4/192.168.5.61/tcp/34532/version/1v",
            "/ip4/1.2.3/tcp/1",
            "/ip4/1.2.3.4",
            "/tcp/1",
            "/unix/a/b",
            "/ip4/1.2.3.4/tcp/99999",
            "ftp://h",
            "http://user:secret@h",
            ":/ip4/127.0.0.1/tcp/1789",
        ] {
            let error = Endpoint::parse(bad, 0).unwrap_err().to_string();
            assert!(error.contains("/ip4/1.2.3.4/tcp/port/http"), "{error}");
        }
    }

    #[test]
    fn api_infos_split_at_the_token() {
        for (info, token, address) in [
            ("x.y.z:/ip4/127.0.0.1/tcp/1789", Some("x.y.z"), "/ip4/127.0.0.1/tcp/1789"),
            ("/ip4/127.0.0.1/tcp/1789", None, "/ip4/127.0.0.1/tcp/1789"),
            (":/ip4/127.0.0.1/tcp/1789", None, ":/ip4/127.0.0.1/tcp/1789"),
            ("http://h:1", None, "http://h:1"),
            ("a.b.:addr", Some("a.b."), "addr"),
            ("opaque-api-key:/dns/h/tcp/443/wss", Some("opaque-api-key"), "/dns/h/tcp/443/wss"),
            ("tok:/ip6/::1/tcp/1234", Some("tok"), "/ip6/::1/tcp/1234"),
            ("key:https://api.node.example/rpc/v1", Some("key"), "https://api.node.example/rpc/v1"),
        ] {
            assert_eq!(split_api_info(info), (token, address), "{info}");
        }
        let (endpoint, token) = Endpoint::parse_api_info("a.b.c:/ip4/1.2.3.4/tcp/5", 1).unwrap();
        assert_eq!(
            (endpoint.to_string().as_str(), token.as_deref()),
            ("ws://1.2.3.4:5/rpc/v1", Some("a.b.c"))
        );
    }

    #[test]
    fn a_token_in_a_bad_address_is_not_shown() {
        let error = Endpoint::parse("ey.secret.sig:/ip4/300.0.0.1/tcp/1", 0).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        let endpoint = Endpoint::parse("http://h:1/rpc/v0?token=secret", 0).unwrap();
        assert!(!format!("{endpoint} {endpoint:?}").contains("secret"));
    }

    #[test]
    fn listeners_and_base_urls() {
        for text in ["/ip4/127.0.0.1/tcp/5678/http", "127.0.0.1:5678", "/ip4/127.0.0.1/tcp/5678"] {
            assert_eq!(listen_addr(text).unwrap(), "127.0.0.1:5678".parse().unwrap());
        }
        assert_eq!(listen_addr("/ip6/::1/tcp/0/ws").unwrap(), "[::1]:0".parse().unwrap());
        assert!(listen_addr("/dns/h/tcp/1").is_err() && listen_addr("h:1").is_err());

        for (address, base) in [
            ("http://127.0.0.1:8989", "http://127.0.0.1:8989"),
            ("http://127.0.0.1:8989/", "http://127.0.0.1:8989"),
            ("/ip4/127.0.0.1/tcp/8989", "http://127.0.0.1:8989"),
            ("/ip4/127.0.0.1/tcp/8989/https", "https://127.0.0.1:8989"),
            ("127.0.0.1:8989", "http://127.0.0.1:8989"),
            ("ws://auth:8989", "http://auth:8989"),
            ("wss://auth:8989/auth", "https://auth:8989/auth"),
        ] {
            assert_eq!(base_url(address).unwrap(), base, "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_address_panics(text in ".{0,60}", parts in prop::collection::vec("(ip4|tcp|ws|tls|version|1\\.2\\.3\\.4|80|v1|.{0,3})", 0..8)) {
            for text in [text, format!("/{}", parts.join("/")), format!("a:/{}", parts.join("/"))] {
                let _ = (Endpoint::parse_api_info(&text, 0), listen_addr(&text), base_url(&text));
            }
        }

        #[test]
        fn what_is_printed_is_read_back(host in "[a-z]{1,8}", port in 1u16.., tls: bool, ws: bool) {
            let scheme = match (ws, tls) { (true, true) => "wss", (true, _) => "ws", (_, true) => "https", _ => "http" };
            let endpoint = Endpoint::parse(&format!("/dns/{host}/tcp/{port}/{scheme}"), 1).unwrap();
            prop_assert_eq!(Endpoint::parse(&endpoint.to_string(), 7).unwrap(), endpoint);
        }
    }
}
