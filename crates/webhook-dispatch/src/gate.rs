//! Calls whose caller waits for the result, under a bounded number of permits that are shared between webhooks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, Notify};
use tokio::time::timeout;

/// What is run under a permit.
pub trait Run: Send + Sync + 'static {
    /// What permits are shared between, such as webhooks.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
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
    /// It began, and had not ended within its time limit. It goes on.
    TimedOut,
    /// Nothing was begun: the line is full, or its turn did not come in time.
    Busy,
    /// Nothing was begun: [`Gate::close`] was called.
    Closed,
    /// It failed or panicked.
    Failed(String),
}

/// How many calls run and wait, and how long.
#[derive(Debug, Clone, Copy)]
pub struct GateLimits {
    /// Calls that run at the same time; at least one. At most half of them, but at least one, have the same key.
    pub permits: usize,
    /// Calls that may wait in line for a permit. At most half of them, but at least one, have the same key.
    pub queue: usize,
    /// How long a call waits in line.
    pub wait: Duration,
    /// The time limit of a call without one of its own; `None` for no limit.
    ///
    /// A call that goes on past its own time limit keeps its permit, since it keeps what the permits are there to bound,
    /// but for no longer than this: one that hangs must not take a permit away for good. Its future is dropped then.
    pub hold: Option<Duration>,
}

/// What a [`Gate`] has done and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GateCounts {
    /// Calls that began.
    pub begun: u64,
    /// Calls that were not begun.
    pub busy: u64,
    /// Calls that ran into their time limit.
    pub timed_out: u64,
    /// Permits held now.
    pub running: usize,
    /// Calls waiting in line now.
    pub waiting: usize,
}

/// Lets calls through, a bounded number at a time.
///
/// Keys that wait take turns, and calls with the same key go in the order in which they came; so a key with many calls delays
/// another one by no more than the call that is running.
///
/// ```text
/// 4 permits    running: a a b b    line of a: a5 a6 a7, of b: b3, of c: c1
///              a call ends: c1 is next to begin if the turn is c's, and a5 only once fewer than two of a run
/// ```
pub struct Gate<R: Run> {
    run: Arc<R>,
    limits: GateLimits,
    shared: Arc<Shared<R::Key>>,
}

struct Shared<K: Eq + Hash + Clone> {
    state: Mutex<State<K>>,
    /// Told when nothing runs.
    idle: Notify,
}

struct State<K: Eq + Hash + Clone> {
    limits: GateLimits,
    /// Keys with calls that run or wait.
    keys: HashMap<K, Calls<K>>,
    /// Keys with calls in line, the next one to get a permit first.
    turns: VecDeque<K>,
    last_place: u64,
    closed: bool,
    counts: GateCounts,
}

/// The calls with the same key.
struct Calls<K: Eq + Hash + Clone> {
    running: usize,
    /// By place: first come, first served.
    line: BTreeMap<u64, oneshot::Sender<Permit<K>>>,
}

enum Entry<K: Eq + Hash + Clone> {
    Permit(Permit<K>),
    Line(Place<K>, oneshot::Receiver<Permit<K>>),
    Busy,
    Closed,
}

impl<K: Eq + Hash + Clone> State<K> {
    fn may_begin(&self, key: &K) -> bool {
        let running = self.keys.get(key).map_or(0, |calls| calls.running);
        self.counts.running < self.limits.permits && running < half(self.limits.permits)
    }

    fn has_room(&self, key: &K) -> bool {
        let waiting = self.keys.get(key).map_or(0, |calls| calls.line.len());
        self.counts.waiting < self.limits.queue && waiting < half(self.limits.queue)
    }

    fn calls(&mut self, key: &K) -> &mut Calls<K> {
        self.keys.entry(key.clone()).or_insert_with(|| Calls {
            running: 0,
            line: BTreeMap::new(),
        })
    }

    fn begin(&mut self, key: &K) {
        self.calls(key).running += 1;
        self.counts.running += 1;
    }

    fn queue(&mut self, key: &K, turn: oneshot::Sender<Permit<K>>) -> u64 {
        self.last_place += 1;
        let place = self.last_place;
        let line = &mut self.calls(key).line;
        line.insert(place, turn);
        if line.len() == 1 {
            self.turns.push_back(key.clone());
        }
        self.counts.waiting += 1;
        place
    }

    /// The call whose turn it is, counted as running.
    fn next(&mut self) -> Option<(K, oneshot::Sender<Permit<K>>)> {
        let turn = self.turns.iter().position(|key| self.may_begin(key))?;
        let key = self.turns.remove(turn)?;
        let line = &mut self.calls(&key).line;
        let (_, call) = line.pop_first()?;
        if !line.is_empty() {
            self.turns.push_back(key.clone());
        }
        self.counts.waiting -= 1;
        self.begin(&key);
        Some((key, call))
    }

    fn leave(&mut self, key: &K, place: u64) {
        let Some(calls) = self.keys.get_mut(key) else { return };
        if calls.line.remove(&place).is_none() {
            return;
        }
        self.counts.waiting -= 1;
        if calls.line.is_empty() {
            self.turns.retain(|waiting| waiting != key);
        }
        self.forget(key);
    }

    fn end(&mut self, key: &K) {
        self.calls(key).running -= 1;
        self.counts.running -= 1;
        self.forget(key);
    }

    fn forget(&mut self, key: &K) {
        if self
            .keys
            .get(key)
            .is_some_and(|calls| calls.running == 0 && calls.line.is_empty())
        {
            self.keys.remove(key);
        }
    }
}

/// What one key may have of a number that is shared.
fn half(number: usize) -> usize {
    (number / 2).max(1)
}

impl<K: Eq + Hash + Clone> Shared<K> {
    fn state(&self) -> MutexGuard<'_, State<K>> {
        // Nothing that can panic runs under this lock, so a poisoned one still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>, key: K) -> Entry<K> {
        let mut state = self.state();
        if state.closed {
            return Entry::Closed;
        }
        // Whoever waits could not begin either, so nobody is overtaken.
        if state.may_begin(&key) {
            state.begin(&key);
            let shared = Arc::clone(self);
            return Entry::Permit(Permit { shared, key });
        }
        if !state.has_room(&key) {
            return Entry::Busy;
        }
        let (turn, receiver) = oneshot::channel();
        let place = state.queue(&key, turn);
        let shared = Arc::clone(self);
        Entry::Line(Place { shared, key, place }, receiver)
    }

    /// Takes a permit back, and gives what is free to those whose turn it is.
    fn leave(self: &Arc<Self>, key: &K) {
        let mut state = self.state();
        state.end(key);
        let calls: Vec<_> = std::iter::from_fn(|| state.next()).collect();
        let idle = state.counts.running == 0;
        drop(state);
        for (key, call) in calls {
            let shared = Arc::clone(self);
            // A caller that is just hanging up drops the permit, and so gives it to the next one.
            drop(call.send(Permit { shared, key }));
        }
        if idle {
            self.idle.notify_waiters();
        }
    }
}

/// The right to run, given back when it is dropped.
struct Permit<K: Eq + Hash + Clone> {
    shared: Arc<Shared<K>>,
    key: K,
}

impl<K: Eq + Hash + Clone> Drop for Permit<K> {
    fn drop(&mut self) {
        self.shared.leave(&self.key);
    }
}

/// A place in line, left when it is dropped, so that a caller that hangs up leaves it too.
struct Place<K: Eq + Hash + Clone> {
    shared: Arc<Shared<K>>,
    key: K,
    place: u64,
}

impl<K: Eq + Hash + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        self.shared.state().leave(&self.key, self.place);
    }
}

impl<R: Run> Gate<R> {
    /// Returns a gate before `run`.
    pub fn new(run: R, limits: GateLimits) -> Self {
        let limits = GateLimits {
            permits: limits.permits.max(1),
            ..limits
        };
        Self {
            run: Arc::new(run),
            limits,
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    limits,
                    keys: HashMap::new(),
                    turns: VecDeque::new(),
                    last_place: 0,
                    closed: false,
                    counts: GateCounts::default(),
                }),
                idle: Notify::new(),
            }),
        }
    }

    /// Runs `job` when its turn comes, and returns once it has ended or its time limit has passed.
    ///
    /// `limit` is the call's own time limit, counted from when it begins; without one [`GateLimits::hold`] is. A call that has
    /// begun is never cut short: it goes on and keeps its permit whether its caller waits, got [`RunOutcome::TimedOut`] or hung
    /// up (dropped this future). A caller that hangs up before its turn leaves the line.
    pub async fn pass(&self, key: R::Key, job: R::Job, limit: Option<Duration>) -> RunOutcome<R::Output> {
        let permit = match self.enter(key).await {
            Ok(permit) => permit,
            Err(outcome) => return outcome,
        };
        self.shared.state().counts.begun += 1;
        let hold = self.limits.hold.map(|hold| hold.max(limit.unwrap_or(hold)));
        let run = Arc::clone(&self.run);
        // A task of its own: it outlives a caller that hangs up, and a panic in it stays in it.
        let task = tokio::spawn(async move {
            let result = within(hold, run.run(job)).await;
            drop(permit);
            result
        });
        match within(limit.or(self.limits.hold), task).await {
            Some(Ok(Some(Ok(output)))) => RunOutcome::Done(output),
            Some(Ok(Some(Err(reason)))) => RunOutcome::Failed(reason),
            Some(Err(_)) => RunOutcome::Failed("the run panicked".into()),
            Some(Ok(None)) | None => {
                self.shared.state().counts.timed_out += 1;
                RunOutcome::TimedOut
            }
        }
    }

    async fn enter(&self, key: R::Key) -> Result<Permit<R::Key>, RunOutcome<R::Output>> {
        match self.shared.enter(key) {
            Entry::Permit(permit) => return Ok(permit),
            Entry::Line(_place, turn) => match timeout(self.limits.wait, turn).await {
                Ok(Ok(permit)) => return Ok(permit),
                // Closing drops all that wait.
                Ok(Err(_)) => return Err(RunOutcome::Closed),
                Err(_) => {}
            },
            Entry::Closed => return Err(RunOutcome::Closed),
            Entry::Busy => {}
        }
        self.shared.state().counts.busy += 1;
        Err(RunOutcome::Busy)
    }

    /// Begins nothing further. What waits in line returns [`RunOutcome::Closed`] at once.
    pub fn close(&self) {
        let mut state = self.shared.state();
        state.closed = true;
        state.turns.clear();
        state.counts.waiting = 0;
        for calls in state.keys.values_mut() {
            calls.line.clear();
        }
        state.keys.retain(|_, calls| calls.running > 0);
    }

    /// Waits until no permit is held, `limit` at most. Returns whether it came to that.
    pub async fn drained(&self, limit: Duration) -> bool {
        timeout(limit, async {
            loop {
                let idle = self.shared.idle.notified();
                if self.shared.state().counts.running == 0 {
                    return;
                }
                idle.await;
            }
        })
        .await
        .is_ok()
    }

    /// Returns what it has done and holds.
    pub fn counts(&self) -> GateCounts {
        self.shared.state().counts
    }
}

/// Waits for `future`, `limit` at most; `None` when that has passed.
async fn within<F: Future>(limit: Option<Duration>, future: F) -> Option<F::Output> {
    match limit {
        Some(limit) => timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}
