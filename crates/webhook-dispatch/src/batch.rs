//! Stores the events that wait together, and reports the outcome of each once.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{timeout, Instant};

/// Where events are stored.
pub trait Store: Send + Sync + 'static {
    /// One event.
    type Event: Send + Sync + 'static;

    /// Stores all `events` or none of them.
    fn store(&self, events: Vec<Arc<Self::Event>>) -> impl Future<Output = Result<(), StoreFailure>> + Send;

    /// Gets the outcome of every event that was taken, once for each; events that were stored together are reported together.
    /// Those of a store that ran out of time may be stored nevertheless.
    fn settle(&self, events: &[Arc<Self::Event>], outcome: &Outcome);
}

/// Why a batch wasn't stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFailure {
    /// The store itself doesn't work now: nothing in the batch is to blame, and every event may be sent again later.
    Unavailable(String),
    /// The store rejects something in the batch, which is divided until the event at fault is alone.
    Rejected(String),
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Stored,
    /// It isn't known to be stored (the store failed or ran out of time), and may be sent again later.
    Unavailable(String),
    /// It isn't stored: the store rejects it, and would do so again.
    Rejected(String),
}

/// Why an event wasn't taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// The most events or bytes wait that may.
    Full,
    /// [`Batcher::close`] was called.
    Closed,
}

/// How much a [`Batcher`] takes and how long it waits.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    /// Events in one batch, at most.
    pub batch_events: usize,
    /// Bytes in one batch, at most; a single event larger than this is a batch by itself.
    pub batch_bytes: usize,
    /// How long a batch waits, after its first event, for as many as the batch before it had. Only under load: an event is stored at
    /// once after a batch of one, and when nothing has been stored for this long.
    pub linger: Duration,
    /// Events that may wait, besides those being stored.
    pub queue_events: usize,
    /// Bytes that may wait, besides those being stored.
    pub queue_bytes: usize,
    /// How long storing a batch may take. After that its events are [`Outcome::Unavailable`], and it is left to end by itself.
    pub store_time: Duration,
    /// Batches that may be left to end by themselves before no further one begins, since they hold memory.
    pub abandoned: usize,
}

/// What a [`Batcher`] has done and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// Events taken.
    pub accepted: u64,
    /// Events not taken because the queue was full or closed.
    pub busy: u64,
    /// Events stored.
    pub stored: u64,
    /// Events not known to be stored.
    pub unavailable: u64,
    /// Events rejected by the store.
    pub rejected: u64,
    /// Batches stored or tried.
    pub batches: u64,
    /// Events waiting now.
    pub queue_events: usize,
    /// Bytes waiting now.
    pub queue_bytes: usize,
}

struct Waiting<S: Store> {
    event: Arc<S::Event>,
    bytes: usize,
    since: Instant,
}

struct State<S: Store> {
    queue: VecDeque<Waiting<S>>,
    storing: bool,
    closed: bool,
    /// How many events end a linger: as many as the last batch had.
    expected: usize,
    counts: BatchCounts,
}

impl<S: Store> State<S> {
    /// Whether what waits is worth being stored without waiting for more.
    fn is_batch(&self, limits: &BatchLimits) -> bool {
        self.queue.len() >= self.expected.min(limits.batch_events) || self.counts.queue_bytes >= limits.batch_bytes
    }
}

struct Shared<S: Store> {
    store: S,
    limits: BatchLimits,
    state: Mutex<State<S>>,
    changed: Notify,
    idle: Notify,
}

impl<S: Store> Shared<S> {
    fn state(&self) -> MutexGuard<'_, State<S>> {
        // Nothing that can panic runs under this lock, so a poisoned one still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores events in batches.
///
/// While one batch is being stored, the events that come form the next. So batches grow with the load by themselves, and a
/// sender that waits for each response before its next event waits for nothing else. To end it well, call [`Batcher::close`] and wait for [`Batcher::drained`]; dropping it settles
/// what isn't being stored yet as [`Outcome::Unavailable`].
pub struct Batcher<S: Store> {
    shared: Arc<Shared<S>>,
}

impl<S: Store> Batcher<S> {
    /// Returns a batcher over `store`, on the current tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(store: S, limits: BatchLimits) -> Self {
        let shared = Arc::new(Shared {
            store,
            limits,
            state: Mutex::new(State {
                queue: VecDeque::new(),
                storing: false,
                closed: false,
                expected: 1,
                counts: BatchCounts::default(),
            }),
            changed: Notify::new(),
            idle: Notify::new(),
        });
        tokio::spawn(work(Arc::clone(&shared)));
        Self { shared }
    }

    /// Takes an event of `bytes` size; [`Store::settle`] gets its outcome. Fails at once if the queue is full or closed.
    pub fn submit(&self, event: S::Event, bytes: usize) -> Result<(), Busy> {
        let limits = &self.shared.limits;
        let mut state = self.shared.state();
        let rejected = if state.closed {
            Some(Busy::Closed)
        // An event larger than the whole bound is accepted when nothing else waits; otherwise it never could be.
        } else if state.queue.len() >= limits.queue_events
            || (!state.queue.is_empty() && state.counts.queue_bytes.saturating_add(bytes) > limits.queue_bytes)
        {
            Some(Busy::Full)
        } else {
            None
        };
        if let Some(busy) = rejected {
            state.counts.busy += 1;
            return Err(busy);
        }
        state.counts.accepted += 1;
        state.counts.queue_bytes += bytes;
        state.queue.push_back(Waiting {
            event: Arc::new(event),
            bytes,
            since: Instant::now(),
        });
        state.counts.queue_events = state.queue.len();
        // Anything in between changes nothing for the worker, and waking it costs more than the rest of this.
        let wakes = state.queue.len() == 1 || state.is_batch(limits);
        drop(state);
        if wakes {
            self.shared.changed.notify_one();
        }
        Ok(())
    }

    /// Takes no further events. Those that wait are still stored.
    pub fn close(&self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_one();
    }

    /// Waits until no event waits or is being stored, for at most `limit`. Returns whether that is so.
    pub async fn drained(&self, limit: Duration) -> bool {
        timeout(limit, async {
            loop {
                let idle = self.shared.idle.notified();
                {
                    let state = self.shared.state();
                    if state.queue.is_empty() && !state.storing {
                        return;
                    }
                }
                idle.await;
            }
        })
        .await
        .is_ok()
    }

    /// Returns what it has done and holds.
    pub fn counts(&self) -> BatchCounts {
        self.shared.state().counts
    }
}

impl<S: Store> Drop for Batcher<S> {
    fn drop(&mut self) {
        self.close();
        let waiting = std::mem::take(&mut self.shared.state().queue);
        if !waiting.is_empty() {
            let events: Vec<_> = waiting.into_iter().map(|waiting| waiting.event).collect();
            let ended = Outcome::Unavailable("the dispatcher has ended".into());
            self.shared.store.settle(&events, &ended);
        }
    }
}

async fn work<S: Store>(shared: Arc<Shared<S>>) {
    let limits = shared.limits;
    // One more than may be abandoned: the current one.
    let stores = Arc::new(Semaphore::new(limits.abandoned + 1));
    let mut last_store: Option<Instant> = None;
    loop {
        let (first, closed) = {
            let mut state = shared.state();
            state.storing = false;
            let first = state.queue.front().map(|waiting| waiting.since);
            (first, state.closed)
        };
        let Some(first) = first else {
            shared.idle.notify_waiters();
            if closed {
                return;
            }
            shared.changed.notified().await;
            continue;
        };
        if last_store.is_some_and(|ended| first.duration_since(ended) < limits.linger) {
            linger(&shared, first + limits.linger).await;
        }
        let batch = take(&shared);
        // The batcher was dropped while the batch waited for more events.
        if batch.is_empty() {
            continue;
        }
        store(&shared, &stores, batch).await;
        last_store = Some(Instant::now());
    }
}

/// Waits until `deadline`, or until a batch is full or the batcher closed.
async fn linger<S: Store>(shared: &Shared<S>, deadline: Instant) {
    let full = async {
        loop {
            let changed = shared.changed.notified();
            {
                let state = shared.state();
                if state.closed || state.is_batch(&shared.limits) {
                    return;
                }
            }
            changed.await;
        }
    };
    // Running out of time is the ordinary end of a linger.
    let _ = tokio::time::timeout_at(deadline, full).await;
}

/// Takes the next batch, in the order in which its events came.
fn take<S: Store>(shared: &Shared<S>) -> Vec<Arc<S::Event>> {
    let mut state = shared.state();
    let mut batch = Vec::new();
    let mut bytes = 0usize;
    while let Some(next) = state.queue.front() {
        let grown = bytes.saturating_add(next.bytes);
        if batch.len() >= shared.limits.batch_events || (!batch.is_empty() && grown > shared.limits.batch_bytes) {
            break;
        }
        bytes = grown;
        batch.extend(state.queue.pop_front().map(|waiting| waiting.event));
    }
    state.counts.queue_bytes -= bytes;
    state.counts.queue_events = state.queue.len();
    state.storing = true;
    state.expected = batch.len();
    batch
}

/// Stores a batch and settles its events, dividing it as long as the store rejects something in it.
async fn store<S: Store>(shared: &Arc<Shared<S>>, stores: &Arc<Semaphore>, batch: Vec<Arc<S::Event>>) {
    let mut parts = vec![batch];
    while let Some(mut events) = parts.pop() {
        let outcome = match attempt(shared, stores, &events).await {
            Ok(()) => Outcome::Stored,
            Err(StoreFailure::Rejected(_)) if events.len() > 1 => {
                let rest = events.split_off(events.len() / 2);
                parts.push(rest);
                // The first half on top: events are stored in their order.
                parts.push(events);
                continue;
            }
            Err(StoreFailure::Rejected(reason)) => Outcome::Rejected(reason),
            Err(StoreFailure::Unavailable(reason)) => {
                // The rest of the batch would fail in the same way: it is settled now, not one timeout later.
                events.extend(parts.drain(..).rev().flatten());
                Outcome::Unavailable(reason)
            }
        };
        {
            let counts = &mut shared.state().counts;
            let count = match outcome {
                Outcome::Stored => &mut counts.stored,
                Outcome::Unavailable(_) => &mut counts.unavailable,
                Outcome::Rejected(_) => &mut counts.rejected,
            };
            *count += events.len() as u64;
        }
        shared.store.settle(&events, &outcome);
    }
}

async fn attempt<S: Store>(
    shared: &Arc<Shared<S>>,
    stores: &Arc<Semaphore>,
    events: &[Arc<S::Event>],
) -> Result<(), StoreFailure> {
    let Ok(permit) = Arc::clone(stores).try_acquire_owned() else {
        return Err(StoreFailure::Unavailable(
            "earlier batches are still being stored".into(),
        ));
    };
    shared.state().counts.batches += 1;
    // A task of its own: a panic ends only that task, and a store that hangs continues without us.
    let task = tokio::spawn({
        let shared = Arc::clone(shared);
        let events = events.to_vec();
        async move {
            let result = shared.store.store(events).await;
            drop(permit);
            result
        }
    });
    match timeout(shared.limits.store_time, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(StoreFailure::Unavailable("the store panicked".into())),
        Err(_) => Err(StoreFailure::Unavailable("the store took too long".into())),
    }
}
