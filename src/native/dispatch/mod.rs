//! [`webhook_dispatch`] over JavaScript callbacks.
//!
//! What crosses between the threads is a ticket per event, a number that the caller chooses. The event itself stays where
//! it is: the queue's order, bounds and deadlines need its size only, and a text copied into Rust would have to be copied
//! back for the database driver, which is JavaScript.

mod callbacks;
mod types;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use napi::bindgen_prelude::{within_runtime_if_available, FnArgs, FromNapiValue, Function, Promise, Unknown};
use napi::{Env, Result};
use napi_derive::napi;
use tokio::sync::oneshot;
use webhook_dispatch::{BatchLimits, Batcher, Busy, ExecutionOutcome, Gate, GateLimits, StartLimits, Starter};

use self::callbacks::{callback, JsRun, JsStart, JsStore};
use self::types::{BatchOutcome, DispatchCounts, DispatchLimits, EventOutcome, RunOutcome};
use crate::arguments::Str;
use crate::function::{function, Text};

/// The queues between the requests of an application and its database and engine.
///
/// The caller names each event by a ticket, a number, and may use it again once the event's outcome is known. Several dispatchers
/// in one process are independent.
///
/// ```js
/// const dispatcher = new Dispatcher(limits, storeBatch, settle, run, start)
/// dispatcher.submitFunction()(ticket, bytes) // 'taken'; storeBatch([ticket]) is called, then settle([ticket], { kind: 'stored' })
/// (await dispatcher.run(ticket, key, 0)).kind // 'done', after run(ticket)
/// ```
#[napi]
pub struct Dispatcher {
    batcher: Arc<Batcher<JsStore>>,
    gate: Gate<JsRun>,
    starter: Arc<Starter<JsStart>>,
    leaving: Mutex<HashMap<u32, oneshot::Sender<()>>>,
}

#[napi]
impl Dispatcher {
    /// `storeBatch` stores all of a batch or nothing. `settle` gets the outcome of every event that was taken, once for each. `run`
    /// executes one synchronous event. `start` starts stored events. Each gets tickets. A callback that throws, rejects or never
    /// settles fails its own events and nothing else.
    ///
    /// Throws an `Error` for a limit of 0 that must be at least 1.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        limits: DispatchLimits,
        store_batch: Function<Vec<u32>, Promise<BatchOutcome>>,
        settle: Function<FnArgs<(Vec<u32>, EventOutcome)>, ()>,
        run: Function<u32, Promise<()>>,
        start: Function<Vec<u32>, Promise<()>>,
    ) -> Result<Self> {
        limits.check()?;
        let store = callback(store_batch)?;
        let settle = callback(settle)?;
        let run = callback(run)?;
        let start = callback(start)?;
        Ok(within_runtime_if_available(|| {
            let starter = Arc::new(Starter::new(
                JsStart(start),
                StartLimits {
                    share: limits.start_share as usize,
                    window: ms(limits.start_window_ms),
                    burst: ms(limits.start_burst_ms),
                    quiet: ms(limits.start_quiet_ms),
                    waiting: limits.start_waiting as usize,
                    chunk: 256,
                    start_time: ms(limits.store_timeout_ms),
                },
            ));
            let batcher = Batcher::new(
                JsStore {
                    store,
                    settle,
                    starter: Arc::clone(&starter),
                },
                BatchLimits {
                    batch_events: limits.batch_events as usize,
                    batch_bytes: limits.batch_bytes as usize,
                    linger: ms(limits.linger_ms),
                    queue_events: limits.queue_events as usize,
                    queue_bytes: limits.queue_bytes as usize,
                    store_time: ms(limits.store_timeout_ms),
                    abandoned: limits.abandoned as usize,
                },
            );
            let gate = Gate::new(
                JsRun(run),
                GateLimits {
                    permits: limits.permits as usize,
                    queue: limits.run_queue as usize,
                    wait: ms(limits.run_wait_ms),
                    hold: limit(limits.run_timeout_ms),
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

    /// Returns the function that puts an event of that many bytes in line to be stored. It returns `busy` if too many events or
    /// bytes wait. Ask for it once.
    #[napi(
        catch_unwind,
        ts_return_type = "(ticket: number, bytes: number) => 'taken' | 'busy' | 'closed'"
    )]
    pub fn submit_function<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        let batcher = Arc::clone(&self.batcher);
        function(env, "submit", move |_, ticket, bytes| {
            let (ticket, bytes) = (u32::from_unknown(ticket)?, u32::from_unknown(bytes)?);
            Ok(Text(match batcher.submit(ticket, bytes as usize) {
                Ok(()) => "taken",
                Err(Busy::Full) => "busy",
                Err(Busy::Closed) => "closed",
            }))
        })
    }

    /// Executes a synchronous event of a webhook when its turn comes. The promise resolves when the execution has ended or its time
    /// limit has passed; 0 is the dispatcher's `runTimeoutMs`.
    #[napi(catch_unwind, ts_args_type = "ticket: number, webhook: string, timeoutMs: number")]
    pub async fn run(&self, ticket: u32, webhook: Str, timeout_ms: u32) -> RunOutcome {
        let (leave, left) = oneshot::channel();
        self.leaving().insert(ticket, leave);
        let answer = tokio::select! {
            outcome = self.gate.pass(webhook.0, ticket, limit(timeout_ms)) => match outcome {
                ExecutionOutcome::Done(()) => RunOutcome::Done,
                ExecutionOutcome::TimedOut => RunOutcome::Timeout,
                ExecutionOutcome::Busy => RunOutcome::Busy,
                ExecutionOutcome::Closed => RunOutcome::Closed,
                ExecutionOutcome::Failed(reason) => RunOutcome::Failed { reason },
            },
            Ok(()) = left => RunOutcome::Left,
        };
        self.leaving().remove(&ticket);
        answer
    }

    /// Says that the caller of `run(ticket)` has left: an event that waits leaves the line; one that is executed goes on.
    #[napi(catch_unwind)]
    pub fn leave(&self, ticket: u32) {
        if let Some(leave) = self.leaving().remove(&ticket) {
            // A run that has just been answered has nobody left to tell.
            let _ = leave.send(());
        }
    }

    /// Takes no further events. Those in line are still stored; synchronous ones that wait for their turn become `closed`.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.batcher.close();
        self.gate.close();
    }

    /// Waits until everything in line is stored, started and executed, for at most `timeoutMs`. Returns whether it is.
    #[napi(catch_unwind)]
    pub async fn drained(&self, timeout_ms: u32) -> bool {
        let limit = ms(timeout_ms);
        let events = async { self.batcher.drained(limit).await && self.starter.flush(limit).await };
        let (events, runs) = tokio::join!(events, self.gate.drained(limit));
        events && runs
    }

    /// Returns what it has done and holds.
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
            rejected: signed(batch.rejected),
            batches: signed(batch.batches),
            queue_events: small(batch.queue_events),
            queue_bytes: signed(batch.queue_bytes as u64),
            runs: signed(gate.begun),
            timed_out: signed(gate.timed_out),
            running: small(gate.executing),
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
