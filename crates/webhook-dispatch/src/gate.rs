//! Executes synchronous events, whose senders wait, under a bounded number of permits that webhooks share.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, Notify};
use tokio::time::timeout;

/// Executes the events that have a permit.
pub trait Execute: Send + Sync + 'static {
    /// What permits are shared between, such as webhooks.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// One event.
    type Event: Send + 'static;
    /// The result of an execution.
    type Output: Send + 'static;

    /// Executes one event. An error is the text of what went wrong, for the log.
    fn execute(&self, event: Self::Event) -> impl Future<Output = Result<Self::Output, String>> + Send;
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionOutcome<T> {
    /// Its execution has ended.
    Done(T),
    /// Its execution began, and hadn't ended within its time limit. It continues.
    TimedOut,
    /// It wasn't begun: the line is full, or its turn didn't come in time.
    Busy,
    /// It wasn't begun: [`Gate::close`] was called.
    Closed,
    /// Its execution failed or panicked.
    Failed(String),
}

/// How many events are executed and wait, and how long.
#[derive(Debug, Clone, Copy)]
pub struct GateLimits {
    /// Executions at a time; at least one. At most half of them, but at least one, have the same key.
    pub permits: usize,
    /// Events that may wait in line for a permit. At most half of them, but at least one, have the same key.
    pub queue: usize,
    /// How long an event waits in line.
    pub wait: Duration,
    /// The time limit of an event without one of its own; `None` for no limit.
    ///
    /// An execution that continues past its own time limit keeps its permit, since it keeps what the permits are there to
    /// bound, but for no longer than this: one that hangs must not take a permit away for good. Its future is dropped then.
    pub hold: Option<Duration>,
}

/// What a [`Gate`] has done and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GateCounts {
    /// Executions begun.
    pub begun: u64,
    /// Events whose execution wasn't begun.
    pub busy: u64,
    /// Executions that reached their time limit.
    pub timed_out: u64,
    /// Permits held now.
    pub executing: usize,
    /// Events waiting in line now.
    pub waiting: usize,
}

/// Executes events, a bounded number at a time.
///
/// Keys that wait take turns, and events with the same key are executed in the order in which they came. So a key with many
/// events delays another one by no more than the execution that is going on.
///
/// ```text
/// 4 permits    executing: a a b b    line of a: a5 a6 a7, of b: b3, of c: c1
///              one ends: c1 is next to begin if the turn is c's, and a5 only once fewer than two of a are executing
/// ```
pub struct Gate<E: Execute> {
    executor: Arc<E>,
    limits: GateLimits,
    shared: Arc<Shared<E::Key>>,
}

struct Shared<K: Eq + Hash + Clone> {
    state: Mutex<State<K>>,
    /// Notified when nothing is executing.
    idle: Notify,
}

struct State<K: Eq + Hash + Clone> {
    limits: GateLimits,
    /// One for each key with events that are executing or wait.
    lanes: HashMap<K, Lane<K>>,
    /// Keys with events in line, the next one to get a permit first.
    turns: VecDeque<K>,
    last_place: u64,
    closed: bool,
    counts: GateCounts,
}

/// The events with the same key.
struct Lane<K: Eq + Hash + Clone> {
    executing: usize,
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
        let executing = self.lanes.get(key).map_or(0, |lane| lane.executing);
        self.counts.executing < self.limits.permits && executing < half(self.limits.permits)
    }

    fn has_room(&self, key: &K) -> bool {
        let waiting = self.lanes.get(key).map_or(0, |lane| lane.line.len());
        self.counts.waiting < self.limits.queue && waiting < half(self.limits.queue)
    }

    fn lane(&mut self, key: &K) -> &mut Lane<K> {
        self.lanes.entry(key.clone()).or_insert_with(|| Lane {
            executing: 0,
            line: BTreeMap::new(),
        })
    }

    fn begin(&mut self, key: &K) {
        self.lane(key).executing += 1;
        self.counts.executing += 1;
    }

    fn queue(&mut self, key: &K, turn: oneshot::Sender<Permit<K>>) -> u64 {
        self.last_place += 1;
        let place = self.last_place;
        let line = &mut self.lane(key).line;
        line.insert(place, turn);
        if line.len() == 1 {
            self.turns.push_back(key.clone());
        }
        self.counts.waiting += 1;
        place
    }

    /// The event whose turn it is, counted as executing.
    fn next(&mut self) -> Option<(K, oneshot::Sender<Permit<K>>)> {
        let turn = self.turns.iter().position(|key| self.may_begin(key))?;
        let key = self.turns.remove(turn)?;
        let line = &mut self.lane(&key).line;
        let (_, waiting) = line.pop_first()?;
        if !line.is_empty() {
            self.turns.push_back(key.clone());
        }
        self.counts.waiting -= 1;
        self.begin(&key);
        Some((key, waiting))
    }

    fn leave(&mut self, key: &K, place: u64) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        if lane.line.remove(&place).is_none() {
            return;
        }
        self.counts.waiting -= 1;
        if lane.line.is_empty() {
            self.turns.retain(|waiting| waiting != key);
        }
        self.forget(key);
    }

    fn end(&mut self, key: &K) {
        self.lane(key).executing -= 1;
        self.counts.executing -= 1;
        self.forget(key);
    }

    fn forget(&mut self, key: &K) {
        if self
            .lanes
            .get(key)
            .is_some_and(|lane| lane.executing == 0 && lane.line.is_empty())
        {
            self.lanes.remove(key);
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
        // No waiting event could begin either, so none is overtaken.
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

    /// Takes a permit back, and hands out what is free to those whose turn it is.
    fn leave(self: &Arc<Self>, key: &K) {
        let mut state = self.state();
        state.end(key);
        let next: Vec<_> = std::iter::from_fn(|| state.next()).collect();
        let idle = state.counts.executing == 0;
        drop(state);
        for (key, waiting) in next {
            let shared = Arc::clone(self);
            // A caller that is just hanging up drops the permit, and so passes it to the next one.
            drop(waiting.send(Permit { shared, key }));
        }
        if idle {
            self.idle.notify_waiters();
        }
    }
}

/// The right to execute, returned when it is dropped.
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

impl<E: Execute> Gate<E> {
    /// Returns a gate before `executor`.
    pub fn new(executor: E, limits: GateLimits) -> Self {
        let limits = GateLimits {
            permits: limits.permits.max(1),
            ..limits
        };
        Self {
            executor: Arc::new(executor),
            limits,
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    limits,
                    lanes: HashMap::new(),
                    turns: VecDeque::new(),
                    last_place: 0,
                    closed: false,
                    counts: GateCounts::default(),
                }),
                idle: Notify::new(),
            }),
        }
    }

    /// Executes `event` when its turn comes, and returns once that has ended or its time limit has passed.
    ///
    /// `limit` is the event's own time limit, counted from the beginning of its execution; without one [`GateLimits::hold`] is.
    /// An execution that has begun is never cut short: it continues and keeps its permit whether its caller waits, got
    /// [`ExecutionOutcome::TimedOut`] or hung up (dropped this future). A caller that hangs up before its turn leaves the line.
    pub async fn pass(&self, key: E::Key, event: E::Event, limit: Option<Duration>) -> ExecutionOutcome<E::Output> {
        let permit = match self.enter(key).await {
            Ok(permit) => permit,
            Err(outcome) => return outcome,
        };
        self.shared.state().counts.begun += 1;
        let hold = self.limits.hold.map(|hold| hold.max(limit.unwrap_or(hold)));
        let executor = Arc::clone(&self.executor);
        // A task of its own: it outlives a caller that hangs up, and a panic in it stays in it.
        let task = tokio::spawn(async move {
            let result = within(hold, executor.execute(event)).await;
            drop(permit);
            result
        });
        match within(limit.or(self.limits.hold), task).await {
            Some(Ok(Some(Ok(output)))) => ExecutionOutcome::Done(output),
            Some(Ok(Some(Err(reason)))) => ExecutionOutcome::Failed(reason),
            Some(Err(_)) => ExecutionOutcome::Failed("the execution panicked".into()),
            Some(Ok(None)) | None => {
                self.shared.state().counts.timed_out += 1;
                ExecutionOutcome::TimedOut
            }
        }
    }

    async fn enter(&self, key: E::Key) -> Result<Permit<E::Key>, ExecutionOutcome<E::Output>> {
        match self.shared.enter(key) {
            Entry::Permit(permit) => return Ok(permit),
            Entry::Line(_place, turn) => match timeout(self.limits.wait, turn).await {
                Ok(Ok(permit)) => return Ok(permit),
                // Closing drops all that wait.
                Ok(Err(_)) => return Err(ExecutionOutcome::Closed),
                Err(_) => {}
            },
            Entry::Closed => return Err(ExecutionOutcome::Closed),
            Entry::Busy => {}
        }
        self.shared.state().counts.busy += 1;
        Err(ExecutionOutcome::Busy)
    }

    /// Begins nothing further. What waits in line returns [`ExecutionOutcome::Closed`] at once.
    pub fn close(&self) {
        let mut state = self.shared.state();
        state.closed = true;
        state.turns.clear();
        state.counts.waiting = 0;
        for lane in state.lanes.values_mut() {
            lane.line.clear();
        }
        state.lanes.retain(|_, lane| lane.executing > 0);
    }

    /// Waits until no permit is held, `limit` at most. Returns whether it came to that.
    pub async fn drained(&self, limit: Duration) -> bool {
        timeout(limit, async {
            loop {
                let idle = self.shared.idle.notified();
                if self.shared.state().counts.executing == 0 {
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
