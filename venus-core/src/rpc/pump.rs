//! The writing half of a WebSocket and its signs of life, the same on both sides.

use std::time::Duration;

use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// When a connection is taken for dead, and how it shows that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// Time between two pings.
    pub ping: Duration,
    /// How long the other side may send nothing at all: no data, no ping and no pong.
    pub silence: Duration,
}

impl Default for Keepalive {
    /// A ping every 5 s and 30 s of silence, as the Go programs have it.
    fn default() -> Self {
        Self { ping: Duration::from_secs(5), silence: Duration::from_secs(30) }
    }
}

/// What is written to a WebSocket.
pub(crate) enum Outgoing {
    Text(String),
    Ping,
    Close,
}

/// Writes what the queue has, a ping now and then, and a close frame when the queue has ended.
///
/// It has no deadline of its own, since a large message may take long on a slow link: the reading
/// half notices a dead peer by its silence and stops this one.
pub(crate) async fn write_all<S, Q>(mut sink: S, mut queue: Q, ping: Duration)
where
    S: Sink<Outgoing> + Unpin,
    Q: Stream<Item = String> + Unpin,
{
    let mut ticks = interval_at(Instant::now() + ping, ping);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let next = tokio::select! {
            text = queue.next() => text.map_or(Outgoing::Close, Outgoing::Text),
            _ = ticks.tick() => Outgoing::Ping,
        };
        let last = matches!(next, Outgoing::Close);
        if sink.send(next).await.is_err() || last {
            return;
        }
    }
}
