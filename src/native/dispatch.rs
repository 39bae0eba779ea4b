//! [`webhook_dispatch`] over JavaScript callbacks.
//!
//! What crosses between the threads is a ticket per event, a number that the caller chooses. The event itself stays where
//! it is: the queue's order, bounds and deadlines need its size only, and a text copied into Rust would have to be copied
//! back for the database driver, which is JavaScript.

use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use napi::bindgen_prelude::{
    within_runtime_if_available, FnArgs, FromNapiValue, Function, JsValuesTupleIntoVec, Promise, Unknown,
};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{sys, Env, Error, Result, Status};
use napi_derive::napi;
use tokio::sync::oneshot;
use webhook_dispatch::{
    BatchLimits, Batcher, Busy, Gate, GateLimits, Outcome, Publish, Run, RunOutcome, StartLimits, Starter, Store,
    StoreFailure,
};

use crate::bare::{function, string, Bare};
use crate::convert::List;

/// Weak, so that a dispatcher alone never keeps Node's event loop alive.
type Callback<T, R> = ThreadsafeFunction<T, R, T, Status, false, true>;

fn callback<T, R>(function: Function<T, R>) -> Result<Callback<T, R>>
where
    T: 'static + JsValuesTupleIntoVec,
    R: 'static + FromNapiValue,
{
    function
        .build_threadsafe_function()
        .weak::<true>()
        .callee_handled::<false>()
        .build()
}

/// How much a `Dispatcher` takes and how long it waits. Times are milliseconds. `abandoned`, `linger`, `runQueue`, `runHold`
/// and `startQuiet` may be 0, the others are at least 1.
#[napi(object)]
pub struct DispatchLimits {
    /// Events stored in one batch, at most.
    pub batch_events: u32,
    /// Bytes stored in one batch, at most; a larger event is a batch by itself.
    pub batch_bytes: u32,
    /// How long a batch waits for company under load. An event that comes when nothing is going on never waits.
    pub linger: u32,
    /// Events that may wait to be stored.
    pub queue_events: u32,
    /// Bytes that may wait to be stored.
    pub queue_bytes: u32,
    /// How long the storing of one batch may take before its events are answered `unavailable`.
    pub store_time: u32,
    /// Batches that may be left to end by themselves after their `storeTime` before no further one is begun.
    pub abandoned: u32,
    /// Synchronous runs at a time; at most half of them, but at least one, are of one webhook.
    pub permits: u32,
    /// Synchronous calls that may wait in line for their turn; at most half of them, but at least one, are of one webhook.
    pub run_queue: u32,
    /// How long a synchronous call waits in line.
    pub run_wait: u32,
    /// How long a synchronous run may take that has no time limit of its own, and after which one that hangs gives its turn
    /// back; 0 for no limit.
    pub run_hold: u32,
    /// Stored events handed on as they come, in each `startWindow`. What comes beyond it is a rush, and waits.
    pub start_share: u32,
    /// For how long a `startShare` is.
    pub start_window: u32,
    /// For how long a rush goes first: until then nothing is handed on.
    pub start_burst: u32,
    /// How long nothing may have been stored for a rush to be over.
    pub start_quiet: u32,
    /// Stored events that may wait to be handed on.
    pub start_waiting: u32,
}

/// What the storing of a batch came to.
#[napi(discriminant = "status", discriminant_case = "lowercase")]
pub enum BatchAnswer {
    /// All is stored; for each event, in the batch's order, whether it is to be handed on to `start`.
    Stored {
        /// One for each event.
        #[napi(ts_type = "Array<boolean>")]
        start: List<bool>,
    },
    /// Nothing is stored, and no event is to blame.
    Unavailable {
        /// For the log.
        reason: String,
    },
    /// Nothing is stored because of one or more of the events; the batch is divided and tried again.
    Refused {
        /// For the log.
        reason: String,
    },
}

/// Why events are not stored.
#[napi(discriminant = "status", discriminant_case = "lowercase")]
pub enum NotStored {
    /// They are not known to be stored; they may be sent again.
    Unavailable {
        /// For the log.
        reason: String,
    },
    /// The store refuses them.
    Refused {
        /// For the log.
        reason: String,
    },
}

/// What became of one synchronous call.
#[napi(discriminant = "status", discriminant_case = "lowercase")]
pub enum RunAnswer {
    /// It ran.
    Done,
    /// It began, and goes on: its time limit has passed.
    Timeout,
    /// Nothing was begun: the line is full, or its turn did not come in time.
    Busy,
    /// Nothing was begun: the dispatcher is closed.
    Closed,
    /// The caller left before its turn came, or while it ran.
    Left,
    /// The callback rejected.
    Failed {
        /// For the log.
        reason: String,
    },
}

/// What a `Dispatcher` has done since it was made, and what it holds now.
#[napi(object)]
pub struct DispatchCounts {
    /// Events taken to be stored.
    pub accepted: i64,
    /// Events and calls not taken, or not begun in time.
    pub busy: i64,
    /// Events stored.
    pub stored: i64,
    /// Events answered `unavailable`.
    pub unavailable: i64,
    /// Events the store refused.
    pub refused: i64,
    /// Batches stored or tried.
    pub batches: i64,
    /// Events waiting to be stored.
    pub queue_events: u32,
    /// Bytes waiting to be stored.
    pub queue_bytes: i64,
    /// Synchronous runs begun.
    pub runs: i64,
    /// Synchronous runs whose time limit passed.
    pub timed_out: i64,
    /// Synchronous runs under way.
    pub running: u32,
    /// Synchronous calls waiting for their turn.
    pub run_queue: u32,
    /// Stored events handed on to `start`.
    pub started: i64,
    /// Stored events waiting to be handed on.
    pub start_waiting: u32,
}

struct JsStore {
    store: Callback<Vec<u32>, Promise<BatchAnswer>>,
    not_stored: Callback<FnArgs<(Vec<u32>, NotStored)>, ()>,
    starter: Arc<Starter<JsStart>>,
}

impl Store for JsStore {
    type Event = u32;

    async fn store(&self, events: Vec<Arc<u32>>) -> std::result::Result<(), StoreFailure> {
        let tickets = tickets(&events);
        match call(&self.store, tickets.clone()).await {
            Ok(BatchAnswer::Stored { start: List(start) }) if start.len() == tickets.len() => {
                let to_start = tickets
                    .into_iter()
                    .zip(start)
                    .filter_map(|(ticket, start)| start.then_some(ticket));
                self.starter.add(to_start);
                Ok(())
            }
            Ok(BatchAnswer::Stored { start: List(start) }) => Err(StoreFailure::Unavailable(format!(
                "expected {} events to be stored, but found {}",
                tickets.len(),
                start.len()
            ))),
            Ok(BatchAnswer::Unavailable { reason }) | Err(reason) => Err(StoreFailure::Unavailable(reason)),
            Ok(BatchAnswer::Refused { reason }) => Err(StoreFailure::Refused(reason)),
        }
    }

    fn settle(&self, events: &[Arc<u32>], outcome: &Outcome) {
        let why = match outcome {
            // Whoever stored them knows.
            Outcome::Stored => return,
            Outcome::Unavailable(reason) => NotStored::Unavailable { reason: reason.clone() },
            Outcome::Refused(reason) => NotStored::Refused { reason: reason.clone() },
        };
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        // It can only fail where Node is ending, and nobody waits any more. What the callback throws is taken here: an exception
        // that nobody takes would end the process.
        let _ = self
            .not_stored
            .call_with_return_value((tickets(events), why).into(), mode, |_, _| Ok(()));
    }
}

fn tickets(events: &[Arc<u32>]) -> Vec<u32> {
    events.iter().map(|ticket| **ticket).collect()
}

/// Puts events in line.
struct Submit(Arc<Batcher<JsStore>>);

impl Bare for Submit {
    const NAME: &'static CStr = c"submit";

    fn call(&self, env: &Env, [ticket, bytes]: [sys::napi_value; 2]) -> Result<sys::napi_value> {
        // SAFETY: both are values of this call.
        let (ticket, bytes) = unsafe {
            (
                u32::from_napi_value(env.raw(), ticket)?,
                u32::from_napi_value(env.raw(), bytes)?,
            )
        };
        let answer = match self.0.submit(ticket, bytes as usize) {
            Ok(()) => "taken",
            Err(Busy::Full) => "busy",
            Err(Busy::Closed) => "closed",
        };
        string(env, answer.as_bytes(), true)
    }
}

struct JsRun(Callback<u32, Promise<()>>);

impl Run for JsRun {
    type Key = String;
    type Job = u32;
    type Output = ();

    async fn run(&self, ticket: u32) -> std::result::Result<(), String> {
        call(&self.0, ticket).await
    }
}

struct JsStart(Callback<Vec<u32>, Promise<()>>);

impl Publish for JsStart {
    type Id = u32;

    async fn publish(&self, tickets: Vec<u32>) {
        // The callback reports its own failures; a rejected one has nothing to add, and what is stored is not lost by it.
        let _ = call(&self.0, tickets).await;
    }
}

/// Calls into JavaScript and waits for the promise; the text of what was thrown or rejected.
async fn call<T, R>(callback: &Callback<T, Promise<R>>, argument: T) -> std::result::Result<R, String>
where
    T: 'static + Send + JsValuesTupleIntoVec,
    R: 'static + Send + FromNapiValue,
{
    let text = |error: Error| error.reason.to_string();
    callback
        .call_async_catch(argument)
        .await
        .map_err(text)?
        .await
        .map_err(text)
}

/// The queues between the requests of one application and its database and engine.
///
/// An event or a call is named by a ticket that the caller chooses; a ticket may be used again once it is stored, known not to
/// be, or answered.
/// Several dispatchers live in one process without knowing of each other.
#[napi]
pub struct Dispatcher {
    batcher: Arc<Batcher<JsStore>>,
    gate: Gate<JsRun>,
    starter: Arc<Starter<JsStart>>,
    leaving: Mutex<HashMap<u32, oneshot::Sender<()>>>,
}

#[napi]
impl Dispatcher {
    /// `storeBatch` stores all of a batch or nothing. `notStored` is told which events are not stored, once for each; of one
    /// that `storeBatch` takes too long for it may be told too soon. `run` runs one synchronous call to its end. `start`
    /// hands stored events on to be run. Each gets tickets. A callback that throws, rejects or never settles costs its own
    /// events an error and nothing else.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        limits: DispatchLimits,
        store_batch: Function<Vec<u32>, Promise<BatchAnswer>>,
        not_stored: Function<FnArgs<(Vec<u32>, NotStored)>, ()>,
        run: Function<u32, Promise<()>>,
        start: Function<Vec<u32>, Promise<()>>,
    ) -> Result<Self> {
        check(&limits)?;
        let store = callback(store_batch)?;
        let not_stored = callback(not_stored)?;
        let run = callback(run)?;
        let start = callback(start)?;
        Ok(within_runtime_if_available(|| {
            let starter = Arc::new(Starter::new(
                JsStart(start),
                StartLimits {
                    share: limits.start_share as usize,
                    window: ms(limits.start_window),
                    burst: ms(limits.start_burst),
                    quiet: ms(limits.start_quiet),
                    waiting: limits.start_waiting as usize,
                    chunk: 256,
                    publish_time: ms(limits.store_time),
                },
            ));
            let batcher = Batcher::new(
                JsStore {
                    store,
                    not_stored,
                    starter: Arc::clone(&starter),
                },
                BatchLimits {
                    batch_events: limits.batch_events as usize,
                    batch_bytes: limits.batch_bytes as usize,
                    linger: ms(limits.linger),
                    queue_events: limits.queue_events as usize,
                    queue_bytes: limits.queue_bytes as usize,
                    store_time: ms(limits.store_time),
                    abandoned: limits.abandoned as usize,
                },
            );
            let gate = Gate::new(
                JsRun(run),
                GateLimits {
                    permits: limits.permits as usize,
                    queue: limits.run_queue as usize,
                    wait: ms(limits.run_wait),
                    hold: limit(limits.run_hold),
                },
            );
            Self {
                batcher: Arc::new(batcher),
                gate,
                starter,
                leaving: Mutex::default(),
            }
        }))
    }

    /// Makes the function that puts an event in line to be stored, or says at once that it isn't taken: as many events or
    /// bytes wait as may (`busy`), or the dispatcher is closed. `storeBatch` and `notStored` are told its ticket; `bytes` is
    /// its size, for the bounds. Ask for the function once.
    #[napi(
        catch_unwind,
        ts_return_type = "(ticket: number, bytes: number) => 'taken' | 'busy' | 'closed'"
    )]
    pub fn submit_function<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        function(env, Submit(Arc::clone(&self.batcher)))
    }

    /// Runs a synchronous call of a webhook when its turn comes. Settles when the run has ended, or once it has taken `timeout`
    /// milliseconds; 0 for the dispatcher's `runHold`.
    #[napi(catch_unwind)]
    pub async fn run(&self, ticket: u32, webhook: String, timeout: u32) -> RunAnswer {
        let (leave, left) = oneshot::channel();
        self.leaving().insert(ticket, leave);
        let answer = tokio::select! {
            outcome = self.gate.pass(webhook, ticket, limit(timeout)) => match outcome {
                RunOutcome::Done(()) => RunAnswer::Done,
                RunOutcome::TimedOut => RunAnswer::Timeout,
                RunOutcome::Busy => RunAnswer::Busy,
                RunOutcome::Closed => RunAnswer::Closed,
                RunOutcome::Failed(reason) => RunAnswer::Failed { reason },
            },
            Ok(()) = left => RunAnswer::Left,
        };
        self.leaving().remove(&ticket);
        answer
    }

    /// The caller of `run(ticket)` is gone: when its turn has not come, it leaves the line. A run that has begun goes on.
    #[napi(catch_unwind)]
    pub fn leave(&self, ticket: u32) {
        if let Some(leave) = self.leaving().remove(&ticket) {
            // A run that has just been answered has nobody left to tell.
            let _ = leave.send(());
        }
    }

    /// Takes nothing further; what waits to be stored still is, what waits for its turn to run is answered `closed`.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.batcher.close();
        self.gate.close();
    }

    /// Waits until everything taken is stored, handed on and run, `limit` milliseconds at most. Whether it came to that.
    #[napi(catch_unwind)]
    pub async fn drained(&self, limit: u32) -> bool {
        let limit = ms(limit);
        let events = async { self.batcher.drained(limit).await && self.starter.flush(limit).await };
        let (events, runs) = tokio::join!(events, self.gate.drained(limit));
        events && runs
    }

    /// What it has done and holds.
    #[napi(catch_unwind)]
    pub fn counts(&self) -> DispatchCounts {
        let batch = self.batcher.counts();
        let gate = self.gate.counts();
        let start = self.starter.counts();
        DispatchCounts {
            accepted: signed(batch.accepted),
            busy: signed(batch.busy + gate.busy),
            stored: signed(batch.stored),
            unavailable: signed(batch.unavailable),
            refused: signed(batch.refused),
            batches: signed(batch.batches),
            queue_events: small(batch.queue_events),
            queue_bytes: signed(batch.queue_bytes as u64),
            runs: signed(gate.begun),
            timed_out: signed(gate.timed_out),
            running: small(gate.running),
            run_queue: small(gate.waiting),
            started: signed(start.started),
            start_waiting: small(start.waiting),
        }
    }
}

impl Dispatcher {
    fn leaving(&self) -> MutexGuard<'_, HashMap<u32, oneshot::Sender<()>>> {
        // Nothing that can panic runs under this lock, so a poisoned one still holds a whole map.
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(limits: &DispatchLimits) -> Result<()> {
    for (name, value) in [
        ("batchEvents", limits.batch_events),
        ("batchBytes", limits.batch_bytes),
        ("queueEvents", limits.queue_events),
        ("queueBytes", limits.queue_bytes),
        ("storeTime", limits.store_time),
        ("permits", limits.permits),
        ("runWait", limits.run_wait),
        ("startShare", limits.start_share),
        ("startWindow", limits.start_window),
        ("startBurst", limits.start_burst),
        ("startWaiting", limits.start_waiting),
    ] {
        if value == 0 {
            return Err(Error::new(
                Status::InvalidArg,
                format!("expected {name} to be at least 1, but found 0"),
            ));
        }
    }
    Ok(())
}

fn ms(milliseconds: u32) -> Duration {
    Duration::from_millis(milliseconds.into())
}

/// A time limit in milliseconds, 0 being none.
fn limit(milliseconds: u32) -> Option<Duration> {
    (milliseconds > 0).then(|| ms(milliseconds))
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
