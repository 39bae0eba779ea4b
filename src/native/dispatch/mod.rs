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
use webhook_dispatch::{
    BatchLimits, Batcher, Busy, ExecutionOutcome, Gate, GateLimits, RunLimits, Runner, StartLimits, Starter,
};

use self::callbacks::{callback, JsRun, JsRunner, JsStore, ToRunner};
use self::types::{BatchOutcome, ClaimOutcome, DispatchCounts, DispatchLimits, EventOutcome, RunOutcome};
use crate::arguments::{List, Str};
use crate::function::{function, Text};

/// The queues between the requests of an application and its database and engine.
///
/// The caller names each event by a ticket, a number, and may use it again once the event's outcome is known. Several dispatchers
/// in one process are independent.
///
/// ```js
/// const dispatcher = new Dispatcher(limits, storeBatch, settle, run, claim, execute, release)
/// dispatcher.submitFunction()(ticket, bytes) // 'taken'; storeBatch([ticket]) is called, then settle([ticket], { kind: 'stored' })
/// dispatcher.resume() // now claim([ticket]) is called for what is stored, then execute(ticket)
/// (await dispatcher.run(ticket, key, 0)).kind // 'done', after run(ticket)
/// ```
#[napi]
pub struct Dispatcher {
    batcher: Arc<Batcher<JsStore>>,
    gate: Arc<Gate<JsRun>>,
    starter: Arc<Starter<ToRunner>>,
    runner: Arc<Runner<JsRunner>>,
    leaving: Mutex<HashMap<u32, oneshot::Sender<()>>>,
}

#[napi]
impl Dispatcher {
    /// `storeBatch` stores all of a batch or nothing. `settle` gets the outcome of every event that was taken, once for each. `run`
    /// executes one synchronous event. `claim` claims stored events and returns those that nobody else has, `execute` executes one of
    /// them, and `release` gives back those that won't be executed. Each gets tickets. A callback that throws, rejects or never
    /// settles fails its own events and nothing else.
    ///
    /// Throws an `Error` for a limit of 0 that must be at least 1.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        limits: DispatchLimits,
        store_batch: Function<Vec<u32>, Promise<BatchOutcome>>,
        settle: Function<FnArgs<(Vec<u32>, EventOutcome)>, ()>,
        run: Function<u32, Promise<()>>,
        claim: Function<Vec<u32>, Promise<ClaimOutcome>>,
        execute: Function<u32, Promise<()>>,
        release: Function<Vec<u32>, Promise<()>>,
    ) -> Result<Self> {
        limits.check()?;
        let store = callback(store_batch)?;
        let settle = callback(settle)?;
        let run = callback(run)?;
        let claim = callback(claim)?;
        let execute = callback(execute)?;
        let release = callback(release)?;
        Ok(within_runtime_if_available(|| {
            let gate = Arc::new(Gate::new(
                JsRun(run),
                GateLimits {
                    permits: limits.permits as usize,
                    queue: limits.run_queue as usize,
                    wait: ms(limits.run_wait_ms),
                    hold: limit(limits.run_timeout_ms),
                },
            ));
            let runner = Arc::new(Runner::new(
                JsRunner {
                    claim,
                    execute,
                    release,
                    slots: limits.slots as usize,
                    gate: Arc::clone(&gate),
                },
                RunLimits {
                    claim: limits.claim_events as usize,
                    turn: ms(limits.claim_ms),
                    rest: ms(limits.claim_rest_ms),
                },
            ));
            let starter = Arc::new(Starter::new(
                ToRunner(Arc::clone(&runner)),
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
            Self {
                batcher: Arc::new(batcher),
                gate,
                starter,
                runner,
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
        // A slot may have become free.
        self.runner.wake();
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

    /// Begins to execute stored events. Until then nothing is claimed.
    #[napi(catch_unwind)]
    pub fn resume(&self) {
        self.runner.resume();
    }

    /// Sets how many events of a lane are executed at a time; 1 until this is called.
    #[napi(catch_unwind)]
    pub fn set_width(&self, lane: u32, width: u32) {
        self.runner.set_width(lane, width as usize);
    }

    /// Puts stored events that were found in the database in the line of a lane, before those that wait there.
    #[napi(catch_unwind, ts_args_type = "lane: number, tickets: Array<number>")]
    pub fn add_found(&self, lane: u32, tickets: List<u32>) {
        self.runner.add_first(lane, tickets.0);
    }

    /// Takes no further events and begins no further execution. Events in line are still stored; synchronous ones that wait for
    /// their turn become `closed`.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.batcher.close();
        self.gate.close();
        self.runner.close();
    }

    /// Waits until everything in line is stored and everything that began to be executed has ended, for at most `timeoutMs`. Returns
    /// whether it is so.
    #[napi(catch_unwind)]
    pub async fn drained(&self, timeout_ms: u32) -> bool {
        let limit = ms(timeout_ms);
        let (stored, answered, executed) = tokio::join!(
            self.batcher.drained(limit),
            self.gate.drained(limit),
            self.runner.drained(limit),
        );
        stored && answered && executed
    }

    /// Returns what it has done and holds.
    #[napi(catch_unwind)]
    pub fn counts(&self) -> DispatchCounts {
        let batch = self.batcher.counts();
        let gate = self.gate.counts();
        let start = self.starter.counts();
        let run = self.runner.counts();
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
            executed: signed(run.executed),
            executing: small(run.running),
            execute_waiting: small(start.waiting + run.waiting),
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
