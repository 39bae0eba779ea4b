//! Starts the executions of stored events, and lets a burst of events be stored first.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{timeout, timeout_at, Instant};

/// Starts executions.
pub trait Start: Send + Sync + 'static {
    /// What names a stored event.
    type Id: Send + 'static;

    /// Starts the executions of `ids`, in their order. It reports its own failures: no stored event is lost by one.
    fn start(&self, ids: Vec<Self::Id>) -> impl Future<Output = ()> + Send;
}

/// When the executions of stored events are started.
#[derive(Debug, Clone, Copy)]
pub struct StartLimits {
    /// How many are started as they come, in each `window`. More are a burst, and wait.
    pub share: usize,
    /// The time for each `share`. Under a load that keeps within the share nothing waits.
    pub window: Duration,
    /// For how long a burst goes first: until then nothing is started. A longer one is the ordinary load, and gets its `share`
    /// again.
    pub burst: Duration,
    /// A burst is over when nothing has been stored for this long: then everything that waits is started.
    pub quiet: Duration,
    /// How many may wait; beyond it the oldest are started at once.
    pub waiting: usize,
    /// How many are started together.
    pub chunk: usize,
    /// How long starting a chunk may take before the next is started.
    pub start_time: Duration,
}

/// What a [`Starter`] has done and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StartCounts {
    /// Events whose executions were started.
    pub started: u64,
    /// Events waiting now.
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
    /// Since when more than a share has been stored in each window.
    burst: Option<Instant>,
    started: u64,
}

impl<I> State<I> {
    /// Begins a new window if the current one is over.
    fn roll(&mut self, now: Instant, limits: &StartLimits) {
        let over = self.window + limits.window;
        if now < over {
            return;
        }
        let bursts = self.stored > limits.share && now < over + limits.window;
        self.burst = bursts.then(|| self.burst.unwrap_or(self.window));
        let gives_way = self.burst.is_some_and(|since| now < since + limits.burst);
        self.share = if gives_way { 0 } else { limits.share };
        self.window = now;
        self.stored = 0;
    }
}

struct Shared<S: Start> {
    limits: StartLimits,
    state: Mutex<State<S::Id>>,
    changed: Notify,
}

impl<S: Start> Shared<S> {
    fn state(&self) -> MutexGuard<'_, State<S::Id>> {
        // Nothing that can panic runs under this lock, so a poisoned one still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the executions of stored events: as they come under a load that executions keep up with, and after a burst otherwise.
///
/// Executing an event costs the database far more than storing it. Executions that began during a burst would slow down the
/// storing that its senders wait for. Dropping the starter forgets what waits: those events are stored, and the recovery looks
/// for stored events that never began.
pub struct Starter<S: Start> {
    shared: Arc<Shared<S>>,
    worker: tokio::task::JoinHandle<()>,
}

impl<S: Start> Starter<S> {
    /// Returns a starter of `executions`, on the current tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(executions: S, limits: StartLimits) -> Self {
        let now = Instant::now();
        let shared = Arc::new(Shared {
            limits,
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                last: now,
                window: now,
                stored: 0,
                share: limits.share,
                burst: None,
                started: 0,
            }),
            changed: Notify::new(),
        });
        let worker = tokio::spawn(work(Arc::clone(&shared), Arc::new(executions)));
        Self { shared, worker }
    }

    /// Takes the events that one batch stored.
    pub fn add(&self, ids: impl IntoIterator<Item = S::Id>) {
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

    /// Returns what it has done and holds.
    pub fn counts(&self) -> StartCounts {
        let state = self.shared.state();
        StartCounts {
            started: state.started,
            waiting: state.waiting.len(),
        }
    }
}

impl<S: Start> Drop for Starter<S> {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

enum Next<I> {
    Start(Vec<I>),
    WaitUntil(Instant),
    WaitForMore,
}

async fn work<S: Start>(shared: Arc<Shared<S>>, executions: Arc<S>) {
    loop {
        let changed = shared.changed.notified();
        match next(&shared) {
            Next::Start(ids) => {
                let count = ids.len() as u64;
                let executions = Arc::clone(&executions);
                // A task of its own: a panic ends only that task, and one that hangs continues without us.
                let task = tokio::spawn(async move { executions.start(ids).await });
                let _ = timeout(shared.limits.start_time, task).await;
                let mut state = shared.state();
                state.started += count;
            }
            Next::WaitUntil(time) => {
                // Either is a reason to look again.
                let _ = timeout_at(time, changed).await;
            }
            Next::WaitForMore => {
                changed.await;
            }
        }
    }
}

fn next<S: Start>(shared: &Shared<S>) -> Next<S::Id> {
    let limits = &shared.limits;
    let now = Instant::now();
    let mut state = shared.state();
    if state.waiting.is_empty() {
        return Next::WaitForMore;
    }
    state.roll(now, limits);
    let over = state.last + limits.quiet;
    let count = if now >= over {
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
    Next::Start(state.waiting.drain(..count).collect())
}
