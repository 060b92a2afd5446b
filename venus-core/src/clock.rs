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
    sync::{Arc, Mutex, PoisonError},
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
    face: Mutex<Face>,
    moved: watch::Sender<()>,
}

#[derive(Debug, Clone, Copy)]
struct Face {
    hand: Hand,
    /// By how many it is held.
    holds: usize,
}

#[derive(Debug, Clone, Copy)]
enum Hand {
    /// Stood at `from` when the system's clock stood at `since`, and runs with it.
    Running { from: Duration, since: Duration },
    /// Stands still.
    Stepped(Duration),
}

impl Face {
    fn now(self) -> Duration {
        match self.hand {
            Hand::Running { from, .. } if self.holds > 0 => from,
            Hand::Running { from, since } => from + system_time().saturating_sub(since),
            Hand::Stepped(time) => time,
        }
    }

    /// Whether time passes by itself.
    const fn runs(self) -> bool {
        matches!(self.hand, Hand::Running { .. }) && self.holds == 0
    }

    /// Lets a running hand run from where it stands now.
    fn settle(&mut self) {
        let now = self.now();
        if let Hand::Running { from, since } = &mut self.hand {
            (*from, *since) = (now, system_time());
        }
    }
}

/// Keeps a [`SharedClock`] standing as long as it lives.
#[derive(Debug)]
#[must_use = "the clock runs on as soon as this is dropped"]
pub struct Hold(Arc<SharedClock>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.change(|face| {
            face.settle();
            face.holds = face.holds.saturating_sub(1);
        });
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
        Self::with_hand(Hand::Running { from, since: system_time() })
    }

    /// A clock that stands still at `time` until it is moved.
    pub fn stepped(time: Duration) -> Self {
        Self::with_hand(Hand::Stepped(time))
    }

    fn with_hand(hand: Hand) -> Self {
        Self { face: Mutex::new(Face { hand, holds: 0 }), moved: watch::Sender::new(()) }
    }

    /// Moves forward to `time`; does nothing if that has passed.
    pub fn advance_to(&self, time: Duration) {
        if self.face().now() < time {
            self.change(|face| match &mut face.hand {
                // Somebody may have moved it meanwhile.
                Hand::Running { from, .. } | Hand::Stepped(from) => *from = time.max(*from),
            });
        }
    }

    /// Moves forward by `duration`.
    pub fn advance(&self, duration: Duration) {
        self.change(|face| match &mut face.hand {
            Hand::Running { from: time, .. } | Hand::Stepped(time) => *time += duration,
        });
    }

    /// Makes it stand still until the hold, and every other, is dropped. It can be moved
    /// meanwhile. For a development chain that shall wait for a proof, however slow the machine.
    pub fn hold(self: &Arc<Self>) -> Hold {
        self.change(|face| face.holds += 1);
        Hold(Arc::clone(self))
    }

    /// How far it is ahead of the system's clock; zero if behind.
    pub fn ahead(&self) -> Duration {
        self.now().saturating_sub(system_time())
    }

    fn face(&self) -> Face {
        *self.face.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Face)) {
        let mut face = self.face.lock().unwrap_or_else(PoisonError::into_inner);
        face.settle();
        change(&mut face);
        drop(face);
        self.moved.send_replace(());
    }
}

#[async_trait]
impl Clock for SharedClock {
    fn now(&self) -> Duration {
        self.face().now()
    }

    async fn sleep_until(&self, time: Duration) {
        let mut moved = self.moved.subscribe();
        loop {
            let face = self.face();
            let Some(left) = time.checked_sub(face.now()).filter(|left| !left.is_zero()) else {
                return;
            };
            // The sender lives as long as `self`: `changed` cannot fail.
            if face.runs() {
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = moved.changed() => {}
                }
            } else if moved.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
    async fn a_held_clock_stands_until_the_last_hold_is_dropped() {
        let clock = Arc::new(SharedClock::running_from(Duration::from_secs(100)));
        let first = clock.hold();
        let second = clock.hold();
        let held = clock.now();
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(clock.now(), held);
        drop(first);
        let soon = held + Duration::from_millis(20);
        let waiting = tokio::time::timeout(Duration::from_millis(50), clock.sleep_until(soon));
        waiting.await.unwrap_err();
        clock.advance_to(held + Duration::from_millis(10));
        assert_eq!(clock.now(), held + Duration::from_millis(10));
        drop(second);
        tokio::time::timeout(Duration::from_secs(5), clock.sleep_until(soon)).await.unwrap();
        assert!(clock.now() >= soon);
    }

    #[tokio::test]
    async fn the_system_clock_waits() {
        let start = SystemClock.now();
        SystemClock.sleep_until(start + Duration::from_millis(20)).await;
        assert!(SystemClock.now() >= start + Duration::from_millis(20));
        SystemClock.sleep_until(start).await;
    }
}
