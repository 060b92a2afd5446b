//! How long to wait before the next attempt to connect.

use std::time::Duration;

use rand::RngExt;
use tokio::time::{Instant, sleep_until};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// 100 ms x 1.5^n up to 5 s, and up to 100 ms more so that many clients do not come at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Option<Instant>,
}

impl Backoff {
    /// Waits until an attempt may be made; the first one may at once.
    pub(super) async fn wait(&self) {
        if let Some(instant) = self.not_before {
            sleep_until(instant).await;
        }
    }

    pub(super) fn failed(&mut self) {
        let jitter = rand::rng().random_range(Duration::ZERO..FIRST);
        self.not_before = Some(Instant::now() + delay(self.failures) + jitter);
        self.failures = self.failures.saturating_add(1);
    }

    /// A connection was made; when it is lost the count begins anew.
    pub(super) fn connected(&mut self) {
        *self = Self::default();
    }
}

fn delay(failures: u32) -> Duration {
    // The 10th power has passed the longest delay by far.
    let exponent = i32::try_from(failures.min(10)).unwrap_or(10);
    FIRST.mul_f64(1.5_f64.powi(exponent)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_stay_in_bounds() {
        let delays: Vec<_> = (0..100_000).map(delay).collect();
        assert!(delays.iter().all(|d| (FIRST..=LONGEST).contains(d)));
        assert!(delays.is_sorted());
        assert_eq!((delay(0), delay(1)), (FIRST, Duration::from_millis(150)));
        assert_eq!(delay(u32::MAX), LONGEST);
    }
}
