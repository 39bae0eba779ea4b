//! Events that wait are stored together; each is answered once its batch is stored.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{timeout, Instant};

/// Where events are kept.
pub trait Store: Send + Sync + 'static {
    /// One event.
    type Event: Send + Sync + 'static;

    /// Keeps all `events` or none of them.
    fn store(&self, events: Vec<Arc<Self::Event>>) -> impl Future<Output = Result<(), StoreFailure>> + Send;

    /// Gets the outcome of each event that was taken, once; of many at once, as they were stored together. A store
    /// that ran out of its time may yet keep them.
    fn settle(&self, events: &[Arc<Self::Event>], outcome: &Outcome);
}

/// Why a batch was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFailure {
    /// The store itself doesn't work now: nothing in the batch is to blame, every event may be sent again later.
    Unavailable(String),
    /// The store rejects something in the batch: it is divided until the event at fault is alone.
    Rejected(String),
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Kept.
    Stored,
    /// Not kept, or not known to be (the store ran out of its time): to be sent again later.
    Unavailable(String),
    /// Not kept: the store rejects this event, and will again.
    Rejected(String),
}

/// The queue is full or closed: the event was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// As many events or bytes wait as may.
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
    /// How long a batch waits for company after the first of its events. Only under load: an event that comes when no
    /// store was under way for this long goes at once.
    pub linger: Duration,
    /// Events that may wait, besides those being stored.
    pub queue_events: usize,
    /// Bytes that may wait, besides those being stored.
    pub queue_bytes: usize,
    /// How long a store may take. After that its events are answered [`Outcome::Unavailable`], and it is left to end by
    /// itself.
    pub store_time: Duration,
    /// Stores that may be left to end by themselves before no further one is begun: what they hold is memory.
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
    /// Events not stored for the time being.
    pub unavailable: u64,
    /// Events rejected by the store.
    pub rejected: u64,
    /// Calls of the store.
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
    counts: BatchCounts,
}

impl<S: Store> State<S> {
    /// Whether what waits fills a batch.
    fn is_batch(&self, limits: &BatchLimits) -> bool {
        self.queue.len() >= limits.batch_events || self.counts.queue_bytes >= limits.batch_bytes
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
/// While one batch is being stored, the events that come form the next; so the batch grows with the load by itself, and
/// an event that comes alone waits for nothing. Dropping the batcher ends it: what is not being stored yet is
/// settled as [`Outcome::Unavailable`]. [`Batcher::close`] and [`Batcher::drained`] end it well.
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
                counts: BatchCounts::default(),
            }),
            changed: Notify::new(),
            idle: Notify::new(),
        });
        tokio::spawn(work(Arc::clone(&shared)));
        Self { shared }
    }

    /// Takes an event of `bytes` size, or says at once that it can't. [`Store::settle`] gets its outcome.
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
        // Anything in between changes nothing for the worker, and to wake it costs more than the rest of this.
        let wakes = state.queue.len() == 1 || state.is_batch(limits);
        drop(state);
        if wakes {
            self.shared.changed.notify_one();
        }
        Ok(())
    }

    /// Takes no further event. What waits is still stored.
    pub fn close(&self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_one();
    }

    /// Waits until nothing waits and nothing is being stored, `limit` at most. Whether it came to that.
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
    // One more than may be abandoned: the one under way.
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
        // The batcher was dropped while this one waited for company.
        if batch.is_empty() {
            continue;
        }
        keep(&shared, &stores, batch).await;
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

/// The next batch, in the order in which its events came.
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
    batch
}

/// Stores a batch and settles its events, dividing it as long as the store rejects something in it.
async fn keep<S: Store>(shared: &Arc<Shared<S>>, stores: &Arc<Semaphore>, batch: Vec<Arc<S::Event>>) {
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
                // What is left of the batch would meet the same: it is settled now, not one timeout later.
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
        return Err(StoreFailure::Unavailable("earlier stores have not come back".into()));
    };
    shared.state().counts.batches += 1;
    // A task of its own: a panic ends that task only, and a store that hangs goes on without us.
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
