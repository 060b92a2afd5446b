//! Who verified which token when, sent to InfluxDB 2 as the Go service does.

mod line;

use std::{fmt, time::Duration};

use reqwest::{StatusCode, Url};
use tokio::{sync::mpsc, task::JoinHandle};
use venus_core::duration::parse_go_duration;
use zeroize::Zeroizing;

pub(crate) use line::Access;

use crate::Error;

/// How long one transfer may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Batches that are kept while the database does not answer; then the oldest lines are dropped.
const KEPT_BATCHES: usize = 20;

/// An InfluxDB 2 that gets the access log: the section `[log.influxdb]`.
#[derive(Clone, PartialEq, Eq)]
pub struct InfluxConfig {
    /// Where it is.
    pub server_url: Url,
    /// Its token; not printed.
    pub auth_token: Zeroizing<String>,
    /// The organisation.
    pub org: String,
    /// The bucket.
    pub bucket: String,
    /// How long lines wait for others at most.
    pub flush_interval: Duration,
    /// How many lines are sent at once.
    pub batch_size: usize,
}

impl fmt::Debug for InfluxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfluxConfig")
            .field("server_url", &self.server_url.as_str())
            .field("org", &self.org)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl InfluxConfig {
    /// Reads `[log]`: nothing unless its `HookSwitch` is on. The error is the reason alone.
    pub(crate) fn read(log: &toml::Value) -> Result<Option<Self>, String> {
        let table = log.as_table().ok_or("`log` must be a section")?;
        let find = |table: &'_ toml::Table, name: &str| {
            let mut entries = table.iter();
            entries.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        match find(table, "HookSwitch").map(|switch| switch.as_bool()) {
            None | Some(Some(false)) => return Ok(None),
            Some(Some(true)) => {}
            Some(None) => return Err("`log.HookSwitch` must be true or false".to_owned()),
        }
        let section = find(table, "InfluxDB");
        let section = section.as_ref().and_then(toml::Value::as_table).ok_or(
            "`log.HookSwitch` is on but there is no section `log.InfluxDB`; add it with ServerURL, \
             AuthToken, Org and Bucket, or switch it off",
        )?;
        let text = |name: &str| {
            let value = find(section, name).and_then(|value| value.as_str().map(str::to_owned));
            value.ok_or_else(|| format!("`log.InfluxDB.{name}` must be text"))
        };
        let server_url = text("ServerURL")?;
        let server_url = Url::parse(&server_url)
            .map_err(|error| format!("`log.InfluxDB.ServerURL` is no URL: {error}"))?;
        let flush_interval = match find(section, "FlushInterval") {
            None => Some(Duration::from_secs(30)),
            Some(toml::Value::Integer(nanoseconds)) => {
                u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
            }
            Some(value) => value
                .as_str()
                .and_then(parse_go_duration)
                .and_then(|nanoseconds| u64::try_from(nanoseconds).ok())
                .map(Duration::from_nanos),
        };
        let flush_interval = flush_interval.filter(|interval| !interval.is_zero());
        let batch_size = match find(section, "BatchSize") {
            None => Some(100),
            Some(value) => value.as_integer().and_then(|size| usize::try_from(size).ok()),
        };
        Ok(Some(Self {
            server_url,
            auth_token: Zeroizing::new(text("AuthToken")?),
            org: text("Org")?,
            bucket: text("Bucket")?,
            flush_interval: flush_interval
                .ok_or("`log.InfluxDB.FlushInterval` must be a time, as \"30s\"")?,
            batch_size: batch_size
                .filter(|size| (1..=10_000).contains(size))
                .ok_or("`log.InfluxDB.BatchSize` must be a number from 1 to 10000")?,
        }))
    }
}

/// Takes lines; never waits. The sending ends when the last clone is gone.
#[derive(Debug, Clone)]
pub(crate) struct AccessLog(mpsc::Sender<String>);

impl AccessLog {
    /// Begins to send in the background. What is joined ends when all has been sent, or was tried.
    pub(crate) fn start(config: &InfluxConfig) -> Result<(Self, JoinHandle<()>), Error> {
        let wrong = |reason: String| Error::Influx { reason };
        // Whoever was first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let mut url = config
            .server_url
            .join("/api/v2/write")
            .map_err(|error| wrong(format!("{}: {error}", config.server_url)))?;
        let parameters =
            [("org", config.org.as_str()), ("bucket", &config.bucket), ("precision", "ns")];
        url.query_pairs_mut().extend_pairs(parameters);
        let (sender, lines) = mpsc::channel(config.batch_size * KEPT_BATCHES);
        let sending = Sending { http, url, config: config.clone(), lines, waiting: Vec::new() };
        Ok((Self(sender), tokio::spawn(sending.run())))
    }

    pub(crate) fn record(&self, access: &Access<'_>) {
        if self.0.try_send(access.to_line()).is_err() {
            tracing::warn!("a line of the access log was dropped: InfluxDB takes them too slowly");
        }
    }
}

struct Sending {
    http: reqwest::Client,
    url: Url,
    config: InfluxConfig,
    lines: mpsc::Receiver<String>,
    waiting: Vec<String>,
}

impl Sending {
    async fn run(mut self) {
        let mut flush = tokio::time::interval(self.config.flush_interval);
        flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                line = self.lines.recv() => match line {
                    Some(line) => {
                        self.waiting.push(line);
                        if self.waiting.len().is_multiple_of(self.config.batch_size) {
                            self.flush().await;
                        }
                    }
                    None => return self.flush().await,
                },
                _ = flush.tick() => self.flush().await,
            }
        }
    }

    /// Sends what waits. What cannot be sent for now waits on.
    async fn flush(&mut self) {
        while !self.waiting.is_empty() {
            let count = self.waiting.len().min(self.config.batch_size);
            let request = self
                .http
                .post(self.url.clone())
                .header("Authorization", format!("Token {}", self.config.auth_token.as_str()))
                .header("Content-Type", "text/plain; charset=utf-8")
                .body(self.waiting[..count].join("\n"));
            match request.send().await.map(|response| response.status()) {
                Ok(status) if status.is_success() => {}
                Ok(status)
                    if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS =>
                {
                    tracing::error!(
                        %status, lines = count,
                        "InfluxDB does not take the access log; correct AuthToken, Org and Bucket"
                    );
                }
                failure => {
                    tracing::warn!(?failure, "InfluxDB does not answer; the access log waits");
                    let most = self.config.batch_size * KEPT_BATCHES;
                    let excess = self.waiting.len().saturating_sub(most);
                    self.waiting.drain(..excess);
                    return;
                }
            }
            self.waiting.drain(..count);
        }
    }
}
