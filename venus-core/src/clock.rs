//! Time that tests and development chains can step.
//!
//! ```
//! use std::time::Duration;
//! use venus_core::clock::{Clock, SharedClock};
//!
//! let clock = SharedClock::stepped(Duration::from_secs(1_700_000_000));
//! clock.advance_to(Duration::from_secs(1_700_000_004));
//! assert_eq!(clock.now().as_secs(), 1_700_000_004);
//! ```

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use tokio::sync::watch;

/// Tells the time of the chain.
///
/// # Contract
///
/// - [`now`](Self::now) never goes backwards, except as the system's clock does.
/// - [`sleep_until`](Self::sleep_until) ends as soon as `now` has reached the time, also when the
///   clock is moved while it waits. Dropping it costs nothing.
#[async_trait]
#[auto_impl::auto_impl(&, Box, Arc)]
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time since 1970.
    fn now(&self) -> Duration;

    /// Waits for a time since 1970.
    async fn sleep_until(&self, time: Duration);
}

const _: fn(&dyn Clock) = |_| {};

/// The clock of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

fn system_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Duration {
        system_time()
    }

    async fn sleep_until(&self, time: Duration) {
        loop {
            let now = system_time();
            if now >= time {
                return;
            }
            tokio::time::sleep(time - now).await;
        }
    }
}

/// A clock that can be moved forward. Share it in an `Arc`.
#[derive(Debug)]
pub struct SharedClock {
    hand: Mutex<Hand>,
    moved: watch::Sender<()>,
}

#[derive(Debug, Clone, Copy)]
enum Hand {
    /// Stood at `from` when the system's clock stood at `since`, and runs with it.
    Running { from: Duration, since: Duration },
    /// Stands still.
    Stepped(Duration),
}

impl Hand {
    fn now(self) -> Duration {
        match self {
            Self::Running { from, since } => from + system_time().saturating_sub(since),
            Self::Stepped(time) => time,
        }
    }
}

impl SharedClock {
    /// A clock that runs `ahead` of the system's.
    pub fn running(ahead: Duration) -> Self {
        Self::running_from(system_time() + ahead)
    }

    /// A clock that stands at `from` now and runs, wherever the system's clock stands: from zero
    /// on for a chain that goes on when its pool does, for the time of its head moves the clock.
    pub fn running_from(from: Duration) -> Self {
        let hand = Hand::Running { from, since: system_time() };
        Self { hand: Mutex::new(hand), moved: watch::Sender::new(()) }
    }

    /// A clock that stands still at `time` until it is moved.
    pub fn stepped(time: Duration) -> Self {
        Self { hand: Mutex::new(Hand::Stepped(time)), moved: watch::Sender::new(()) }
    }

    /// Moves forward to `time`; does nothing if that has passed.
    pub fn advance_to(&self, time: Duration) {
        let mut hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(missing) = time.checked_sub(hand.now()) else { return };
        match &mut *hand {
            Hand::Running { from, .. } => *from += missing,
            Hand::Stepped(at) => *at = time,
        }
        drop(hand);
        self.moved.send_replace(());
    }

    /// Moves forward by `duration`.
    pub fn advance(&self, duration: Duration) {
        match &mut *self.hand.lock().unwrap_or_else(PoisonError::into_inner) {
            Hand::Running { from: time, .. } | Hand::Stepped(time) => *time += duration,
        }
        self.moved.send_replace(());
    }

    /// How far it is ahead of the system's clock; zero if behind.
    pub fn ahead(&self) -> Duration {
        self.now().saturating_sub(system_time())
    }

    fn hand(&self) -> Hand {
        *self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for SharedClock {
    fn now(&self) -> Duration {
        self.hand().now()
    }

    async fn sleep_until(&self, time: Duration) {
        let mut moved = self.moved.subscribe();
        loop {
            let hand = self.hand();
            let Some(left) = time.checked_sub(hand.now()).filter(|left| !left.is_zero()) else {
                return;
            };
            // The sender lives as long as `self`: `changed` cannot fail.
            match hand {
                Hand::Running { .. } => tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = moved.changed() => {}
                },
                Hand::Stepped(_) => {
                    if moved.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn moving_the_clock_wakes_who_sleeps() {
        for clock in [
            SharedClock::stepped(Duration::from_secs(100)),
            SharedClock::running(Duration::from_secs(5)),
            SharedClock::running_from(Duration::ZERO),
        ] {
            let clock = Arc::new(clock);
            let start = clock.now();
            let hour = start + Duration::from_secs(3600);
            let sleeper = tokio::spawn({
                let clock = Arc::clone(&clock);
                async move { clock.sleep_until(hour).await }
            });
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(1800));
            clock.advance_to(hour);
            clock.advance_to(start);
            tokio::time::timeout(Duration::from_secs(5), sleeper).await.unwrap().unwrap();
            assert!(clock.now() >= hour);
        }
    }

    #[tokio::test]
    async fn the_system_clock_waits() {
        let start = SystemClock.now();
        SystemClock.sleep_until(start + Duration::from_millis(20)).await;
        assert!(SystemClock.now() >= start + Duration::from_millis(20));
        SystemClock.sleep_until(start).await;
    }
}
