//! Calls whose caller waits for the result, under a bounded number of permits.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{timeout, timeout_at, Instant};

/// What is run under a permit.
pub trait Run: Send + Sync + 'static {
    /// What one call needs.
    type Job: Send + 'static;
    /// What one call results in.
    type Output: Send + 'static;

    /// Runs one. An error is the text of what went wrong, for the log.
    fn run(&self, job: Self::Job) -> impl Future<Output = Result<Self::Output, String>> + Send;
}

/// What became of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome<T> {
    /// It ran.
    Done(T),
    /// It began, and had not ended by its deadline. It goes on.
    TimedOut,
    /// Nothing was begun: as many wait as may, or its turn did not come before its deadline.
    Busy,
    /// Nothing was begun: [`Gate::close`] was called.
    Closed,
    /// It failed or panicked.
    Failed(String),
}

/// How many calls run and wait, and how long.
#[derive(Debug, Clone, Copy)]
pub struct GateLimits {
    /// Calls that run at the same time; at least one.
    pub permits: usize,
    /// Calls that may wait for a permit.
    pub queue: usize,
}

/// What a [`Gate`] has done and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GateCounts {
    /// Calls that began.
    pub begun: u64,
    /// Calls that were not begun.
    pub busy: u64,
    /// Calls whose caller was told that they timed out.
    pub timed_out: u64,
    /// Calls running now, those that timed out included.
    pub running: usize,
    /// Calls waiting for a permit now.
    pub waiting: usize,
}

#[derive(Default)]
struct Tally {
    begun: AtomicU64,
    busy: AtomicU64,
    timed_out: AtomicU64,
    waiting: AtomicUsize,
}

/// Lets calls through, a bounded number at a time, first come first served.
pub struct Gate<R: Run> {
    run: Arc<R>,
    limits: GateLimits,
    permits: Arc<Semaphore>,
    closed: AtomicBool,
    tally: Tally,
}

/// Counts one that waits for as long as it lives, so that a caller who hangs up is counted out as well.
struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<R: Run> Gate<R> {
    /// A gate before `run`.
    pub fn new(run: R, limits: GateLimits) -> Self {
        let limits = GateLimits {
            permits: limits.permits.max(1),
            ..limits
        };
        Self {
            run: Arc::new(run),
            limits,
            permits: Arc::new(Semaphore::new(limits.permits)),
            closed: AtomicBool::new(false),
            tally: Tally::default(),
        }
    }

    /// Runs `job` when its turn comes; answers after `deadline` at the latest, counted from now.
    ///
    /// A call that has begun is never cut short: it holds its permit until it really ends, whether its caller was told
    /// [`RunOutcome::TimedOut`], hung up (dropped this future) or waits. A caller who hangs up before its turn leaves
    /// the queue.
    pub async fn pass(&self, job: R::Job, deadline: Duration) -> RunOutcome<R::Output> {
        let deadline = Instant::now() + deadline;
        if self.closed.load(Ordering::Acquire) {
            return RunOutcome::Closed;
        }
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                if self.tally.waiting.fetch_add(1, Ordering::Relaxed) >= self.limits.queue {
                    self.tally.waiting.fetch_sub(1, Ordering::Relaxed);
                    self.tally.busy.fetch_add(1, Ordering::Relaxed);
                    return RunOutcome::Busy;
                }
                let waits = Waits(&self.tally.waiting);
                let turn = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned()).await;
                drop(waits);
                match turn {
                    Ok(Ok(permit)) => permit,
                    // The semaphore is never closed; `Err` inside can't be.
                    Ok(Err(_)) | Err(_) => {
                        self.tally.busy.fetch_add(1, Ordering::Relaxed);
                        return RunOutcome::Busy;
                    }
                }
            }
        };
        if self.closed.load(Ordering::Acquire) {
            return RunOutcome::Closed;
        }
        self.tally.begun.fetch_add(1, Ordering::Relaxed);
        let run = Arc::clone(&self.run);
        // A task of its own: it outlives a caller who hangs up, and a panic in it stays in it.
        let task = tokio::spawn(async move {
            let result = run.run(job).await;
            drop(permit);
            result
        });
        match timeout_at(deadline, task).await {
            Ok(Ok(Ok(output))) => RunOutcome::Done(output),
            Ok(Ok(Err(reason))) => RunOutcome::Failed(reason),
            Ok(Err(_)) => RunOutcome::Failed("the run panicked".into()),
            Err(_) => {
                self.tally.timed_out.fetch_add(1, Ordering::Relaxed);
                RunOutcome::TimedOut
            }
        }
    }

    /// Lets nobody else in. What waits for its turn is answered [`RunOutcome::Closed`] when it comes.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Waits until nothing runs, `limit` at most. Whether it came to that.
    pub async fn drained(&self, limit: Duration) -> bool {
        let all = u32::try_from(self.limits.permits).unwrap_or(u32::MAX);
        timeout(limit, self.permits.acquire_many(all)).await.is_ok()
    }

    /// What it has done and holds.
    pub fn counts(&self) -> GateCounts {
        GateCounts {
            begun: self.tally.begun.load(Ordering::Relaxed),
            busy: self.tally.busy.load(Ordering::Relaxed),
            timed_out: self.tally.timed_out.load(Ordering::Relaxed),
            running: self.limits.permits - self.permits.available_permits(),
            waiting: self.tally.waiting.load(Ordering::Relaxed),
        }
    }
}
