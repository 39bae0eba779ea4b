//! What is stored is handed on to be run, giving way while a rush of events comes in.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{timeout, timeout_at, Instant};

/// Who runs what is stored.
pub trait Publish: Send + Sync + 'static {
    /// What names a stored event.
    type Id: Send + 'static;

    /// Hands `ids` on, in their order. A failure is the publisher's own to report: what is stored is not lost by it.
    fn publish(&self, ids: Vec<Self::Id>) -> impl Future<Output = ()> + Send;
}

/// When stored events are handed on.
#[derive(Debug, Clone, Copy)]
pub struct StartLimits {
    /// How many are handed on as they come, in each `window`. What comes beyond that is a rush, and waits.
    pub share: usize,
    /// For how long a `share` is. Under a load that keeps within the share nothing waits.
    pub window: Duration,
    /// For how long a rush goes first: until then nothing is handed on. A longer one is the load that there is, and gets its
    /// `share` again.
    pub burst: Duration,
    /// How long nothing may have been stored for a rush to be over: then all that waits is handed on.
    pub quiet: Duration,
    /// How many may wait; beyond it the oldest are handed on at once.
    pub waiting: usize,
    /// How many are handed on in one call.
    pub chunk: usize,
    /// How long one call of the publisher may take before the next is made.
    pub publish_time: Duration,
}

/// What a [`Starter`] has done and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StartCounts {
    /// Handed on.
    pub started: u64,
    /// Waiting now.
    pub waiting: usize,
}

struct State<I> {
    waiting: VecDeque<I>,
    /// When something was last stored.
    last: Instant,
    /// When the current window began, how many have been stored in it, and what is left of its share.
    window: Instant,
    stored: usize,
    share: usize,
    /// Since when each window has brought more than a share.
    rush: Option<Instant>,
    flushing: bool,
    publishing: bool,
    started: u64,
}

impl<I> State<I> {
    /// Begins a new window where the current one is over.
    fn roll(&mut self, now: Instant, limits: &StartLimits) {
        let over = self.window + limits.window;
        if now < over {
            return;
        }
        let rushes = self.stored > limits.share && now < over + limits.window;
        self.rush = rushes.then(|| self.rush.unwrap_or(self.window));
        let gives_way = self.rush.is_some_and(|since| now < since + limits.burst);
        self.share = if gives_way { 0 } else { limits.share };
        self.window = now;
        self.stored = 0;
    }
}

struct Shared<P: Publish> {
    limits: StartLimits,
    state: Mutex<State<P::Id>>,
    changed: Notify,
    idle: Notify,
}

impl<P: Publish> Shared<P> {
    fn state(&self) -> MutexGuard<'_, State<P::Id>> {
        // Nothing that can panic runs under this lock, so a poisoned one still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts stored events: as they come under a load that executions keep up with, after a burst if they come in one.
///
/// To run an event costs the database many times what storing it does, so runs that begin during a rush take from it
/// what the senders wait for. Dropping the starter forgets what waits; the events are stored, and whoever looks for
/// stored events that never began will find them.
pub struct Starter<P: Publish> {
    shared: Arc<Shared<P>>,
    worker: tokio::task::JoinHandle<()>,
}

impl<P: Publish> Starter<P> {
    /// Returns a starter before `publisher`, on the current tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(publisher: P, limits: StartLimits) -> Self {
        let now = Instant::now();
        let shared = Arc::new(Shared {
            limits,
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                last: now,
                window: now,
                stored: 0,
                share: limits.share,
                rush: None,
                flushing: false,
                publishing: false,
                started: 0,
            }),
            changed: Notify::new(),
            idle: Notify::new(),
        });
        let worker = tokio::spawn(work(Arc::clone(&shared), Arc::new(publisher)));
        Self { shared, worker }
    }

    /// Takes what one batch stored.
    pub fn add(&self, ids: impl IntoIterator<Item = P::Id>) {
        let now = Instant::now();
        let mut state = self.shared.state();
        state.roll(now, &self.shared.limits);
        let before = state.waiting.len();
        state.waiting.extend(ids);
        state.stored += state.waiting.len() - before;
        state.last = now;
        drop(state);
        self.shared.changed.notify_one();
    }

    /// Hands everything on now, `limit` at most. Whether all was.
    pub async fn flush(&self, limit: Duration) -> bool {
        timeout(limit, async {
            loop {
                let idle = self.shared.idle.notified();
                {
                    let mut state = self.shared.state();
                    if state.waiting.is_empty() && !state.publishing {
                        return;
                    }
                    state.flushing = true;
                }
                self.shared.changed.notify_one();
                idle.await;
            }
        })
        .await
        .is_ok()
    }

    /// Returns what it has done and holds.
    pub fn counts(&self) -> StartCounts {
        let state = self.shared.state();
        StartCounts {
            started: state.started,
            waiting: state.waiting.len(),
        }
    }
}

impl<P: Publish> Drop for Starter<P> {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

enum Next<I> {
    Publish(Vec<I>),
    WaitUntil(Instant),
    WaitForMore,
}

async fn work<P: Publish>(shared: Arc<Shared<P>>, publisher: Arc<P>) {
    loop {
        let changed = shared.changed.notified();
        match next(&shared) {
            Next::Publish(ids) => {
                let count = ids.len() as u64;
                let publisher = Arc::clone(&publisher);
                // A task of its own: a panic ends that task only, and one that hangs goes on without us.
                let task = tokio::spawn(async move { publisher.publish(ids).await });
                let _ = timeout(shared.limits.publish_time, task).await;
                let mut state = shared.state();
                state.publishing = false;
                state.started += count;
            }
            Next::WaitUntil(time) => {
                // Either is a reason to look again.
                let _ = timeout_at(time, changed).await;
            }
            Next::WaitForMore => {
                shared.idle.notify_waiters();
                changed.await;
            }
        }
    }
}

fn next<P: Publish>(shared: &Shared<P>) -> Next<P::Id> {
    let limits = &shared.limits;
    let now = Instant::now();
    let mut state = shared.state();
    if state.waiting.is_empty() {
        state.flushing = false;
        return Next::WaitForMore;
    }
    state.roll(now, limits);
    let over = state.last + limits.quiet;
    let count = if state.flushing || now >= over {
        state.waiting.len()
    } else if state.share > 0 {
        state.share
    } else if state.waiting.len() > limits.waiting {
        state.waiting.len() - limits.waiting
    } else {
        return Next::WaitUntil(over.min(state.window + limits.window));
    };
    let count = count.min(limits.chunk).min(state.waiting.len());
    state.share = state.share.saturating_sub(count);
    state.publishing = true;
    Next::Publish(state.waiting.drain(..count).collect())
}
