//! [`webhook_dispatch`] over JavaScript callbacks.
//!
//! What crosses between the threads is a ticket per event, a number that the caller chooses. The event itself stays where
//! it is: the queue's order, bounds and deadlines need its size only, and a text copied into Rust would have to be copied
//! back for the database driver, which is JavaScript.

mod callbacks;
mod types;

use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use napi::bindgen_prelude::{within_runtime_if_available, FnArgs, FromNapiValue, Function, Promise, Unknown};
use napi::{sys, Env, Result};
use napi_derive::napi;
use tokio::sync::oneshot;
use webhook_dispatch::{BatchLimits, Batcher, Busy, Gate, GateLimits, RunOutcome, StartLimits, Starter};

use self::callbacks::{callback, JsRun, JsStart, JsStore};
use self::types::{BatchAnswer, DispatchCounts, DispatchLimits, NotStored, RunAnswer};
use crate::function::{function, string, Bare};

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
        limits.check()?;
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
            refused: signed(batch.rejected),
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
