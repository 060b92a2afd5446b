//! Worker threads with a queue each, so that proofs never run on the runtime's threads.

use tokio::sync::{mpsc, oneshot};

use super::guarded;
use crate::ProofError;

/// A pool with a thread a core, apart from the one that all share.
pub(crate) fn thread_pool(name: &str) -> Result<rayon::ThreadPool, ProofError> {
    let name = name.to_owned();
    let pool = rayon::ThreadPoolBuilder::new();
    let pool = pool.thread_name({
        let name = name.clone();
        move |index| format!("{name}-{index}")
    });
    pool.build().map_err(|e| ProofError::io("start the threads of", name)(std::io::Error::other(e)))
}

/// Jobs that may wait in a lane before callers wait to hand in theirs.
const QUEUE: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// One thread that does one job after the other, with a pool of its own for what can be done in
/// parallel: in a pool that lanes share, a short job waits until a long one leaves a gap. It
/// survives jobs that panic and ends when the lane is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    name: &'static str,
    jobs: mpsc::Sender<Job>,
}

impl Lane {
    pub(crate) fn start(name: &'static str) -> Result<Self, ProofError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let pool = thread_pool(name)?;
        std::thread::Builder::new()
            .name(format!("proofs-{name}"))
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    pool.install(job);
                }
            })
            .map_err(ProofError::io("start the worker thread", name))?;
        Ok(Self { name, jobs })
    }

    /// Waits for the job's turn and its result. Dropping the future does not stop the job.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        phase: &'static str,
        call: impl FnOnce() -> Result<T, ProofError> + Send + 'static,
    ) -> Result<T, ProofError> {
        let (answer, result) = oneshot::channel();
        let job = move || {
            // A caller that left needs no answer.
            let _ = answer.send(guarded(phase, call));
        };
        let stopped = ProofError::Stopped { lane: self.name };
        self.jobs.send(Box::new(job)).await.map_err(|_| stopped.clone())?;
        result.await.unwrap_or(Err(stopped))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_lane_goes_on() {
        let lane = Lane::start("test").unwrap();

        let broken: Result<(), _> = lane.run("PC1", || panic!("assertion of the library")).await;
        let message = "assertion of the library".to_owned();
        assert_eq!(broken, Err(ProofError::Panicked { phase: "PC1", message }));

        let poisoned: Result<(), _> = lane.run("C2", || panic!("PoisonError {{ .. }}")).await;
        assert_eq!(poisoned, Err(ProofError::Poisoned { phase: "C2" }));

        assert_eq!(lane.run("PC2", || Ok(7)).await, Ok(7));
    }

    #[tokio::test]
    async fn an_abandoned_job_still_runs() {
        let lane = Lane::start("test").unwrap();
        let (done, seen) = oneshot::channel();
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let job = lane.run("PC1", move || {
            gate.recv().unwrap();
            done.send(()).unwrap();
            Ok(())
        });
        tokio::time::timeout(Duration::from_millis(20), job).await.unwrap_err();
        go.send(()).unwrap();
        seen.await.unwrap();
    }
}
