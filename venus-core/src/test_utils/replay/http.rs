//! The plainest of HTTP clients.

use std::{collections::BTreeMap, fmt::Display, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Headers by their names.
pub type Headers = BTreeMap<String, String>;

/// An answer; the names of its headers are in lower case.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as the names say")]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub body: String,
}

/// Sends exactly these headers, `Host`, `Connection` and `Content-Length`.
///
/// # Panics
///
/// If nothing answers, or no HTTP.
pub async fn send(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: impl IntoIterator<Item = (impl Display, impl Display)>,
    body: Option<&str>,
) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some(body) = body {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body.unwrap_or_default();
    let mut stream = TcpStream::connect(to).await.expect("a service that listens");
    stream.write_all(text.as_bytes()).await.expect("a request that is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer of text");
    parse(&answer).expect("an answer of HTTP")
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| {
        line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
    };
    let headers: Headers = lines.map(header).collect::<Option<_>>()?;
    // Long answers come in pieces.
    let body = match headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        true => whole(body)?,
        false => body.to_owned(),
    };
    Some(Answer { status, headers, body })
}

fn whole(mut pieces: &str) -> Option<String> {
    let mut whole = String::new();
    while let Some((size, rest)) = pieces.split_once("\r\n") {
        let (piece, rest) = rest.split_at_checked(usize::from_str_radix(size, 16).ok()?)?;
        whole += piece;
        pieces = rest.strip_prefix("\r\n")?;
    }
    Some(whole)
}
