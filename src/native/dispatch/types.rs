//! What goes into a dispatcher and comes out of it.

use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::arguments::List;

/// How much a `Dispatcher` holds and how long it waits. `abandoned`, `lingerMs`, `runQueue`, `runTimeoutMs` and `startQuietMs` may
/// be 0, the others are at least 1.
#[napi(object)]
pub struct DispatchLimits {
    /// The most events in a batch.
    pub batch_events: u32,
    /// The most bytes in a batch; a larger event is a batch by itself.
    pub batch_bytes: u32,
    /// How long a batch waits for more events under load. An event that comes when nothing is being stored never waits.
    pub linger_ms: u32,
    /// The most events that wait to be stored.
    pub queue_events: u32,
    /// The most bytes that wait to be stored.
    pub queue_bytes: u32,
    /// How long the storing of one batch may take before its events are `unavailable`.
    pub store_timeout_ms: u32,
    /// How many batches may still be running after their `storeTimeoutMs`; beyond that no further one begins.
    pub abandoned: u32,
    /// Synchronous executions at a time; at most half of them, but at least one, are of one webhook.
    pub permits: u32,
    /// The most synchronous events that wait for their turn; at most half of them, but at least one, are of one webhook.
    pub run_queue: u32,
    /// How long a synchronous event waits for its turn.
    pub run_wait_ms: u32,
    /// The time limit of a synchronous execution without one of its own; one that hangs then gives its turn back. 0 for no limit.
    pub run_timeout_ms: u32,
    /// How many stored events are started as they come in each `startWindowMs`. More are a burst, and wait.
    pub start_share: u32,
    /// The time for each `startShare`.
    pub start_window_ms: u32,
    /// For how long storing a burst goes first: until then nothing is started.
    pub start_burst_ms: u32,
    /// A burst is over when nothing has been stored for this long.
    pub start_quiet_ms: u32,
    /// The most stored events that wait for the end of a burst.
    pub start_waiting: u32,
    /// Webhooks whose stored events are executed at a time, less the synchronous executions of that moment, but at least one.
    pub slots: u32,
    /// The most stored events that are claimed together.
    pub claim_events: u32,
    /// How long the events of one claim should take; as many are claimed as fit.
    pub claim_ms: u32,
    /// How long a webhook's stored events wait after a claim that failed.
    pub claim_rest_ms: u32,
}

/// The outcome of storing a batch.
#[napi(discriminant = "kind", discriminant_case = "lowercase")]
pub enum BatchOutcome {
    /// All is stored; for each event, in the batch's order, the lane in which it is executed.
    Stored {
        /// One for each event. Events of a lane are executed in their order; 0 is for those that aren't executed.
        #[napi(ts_type = "Array<number>")]
        start: List<u32>,
    },
    /// Nothing is stored, for a reason that has nothing to do with the events.
    Unavailable {
        /// For the log.
        reason: String,
    },
    /// Nothing is stored because of at least one of the events; the batch is divided and tried again.
    Rejected {
        /// For the log.
        reason: String,
    },
}

/// What became of stored events that were to be claimed.
#[napi(object)]
pub struct ClaimOutcome {
    /// How many were tried, from the first on: at least one. The others wait for the next claim.
    pub tried: u32,
    /// Those of them that are to be executed. The rest of those that were tried belongs to somebody else or is gone.
    #[napi(ts_type = "Array<number>")]
    pub claimed: List<u32>,
}

/// What became of events that were put in line to be stored.
#[napi(discriminant = "kind", discriminant_case = "lowercase")]
pub enum EventOutcome {
    /// They are stored.
    Stored,
    /// They are not known to be stored (one whose `storeBatch` took too long may be); their senders may retry.
    Unavailable {
        /// For the log.
        reason: String,
    },
    /// They are not stored: `storeBatch` rejects them.
    Rejected {
        /// For the log.
        reason: String,
    },
}

/// The outcome of a synchronous event.
#[napi(discriminant = "kind", discriminant_case = "lowercase")]
pub enum RunOutcome {
    /// It was executed.
    Done,
    /// It began and goes on after its time limit.
    Timeout,
    /// It did not begin: too many wait, or its turn did not come in time.
    Busy,
    /// It did not begin: the dispatcher is closed.
    Closed,
    /// The caller left before its turn, or during the execution.
    Left,
    /// The callback rejected.
    Failed {
        /// For the log.
        reason: String,
    },
}

/// What a `Dispatcher` has done since it was created, and what it holds.
#[napi(object)]
pub struct DispatchCounts {
    /// Events put in line to be stored.
    pub accepted: i64,
    /// Events not put in line, or not begun in time.
    pub busy: i64,
    /// Events stored.
    pub stored: i64,
    /// Events that were `unavailable`.
    pub unavailable: i64,
    /// Events that the store rejected.
    pub rejected: i64,
    /// Batches stored or tried.
    pub batches: i64,
    /// Events waiting to be stored.
    pub queue_events: u32,
    /// Bytes waiting to be stored.
    pub queue_bytes: i64,
    /// Synchronous executions begun.
    pub runs: i64,
    /// Synchronous executions that reached their time limit.
    pub timed_out: i64,
    /// Synchronous executions now.
    pub running: u32,
    /// Synchronous events waiting for their turn.
    pub run_queue: u32,
    /// Stored events executed.
    pub executed: i64,
    /// Stored events being executed, in lanes.
    pub executing: u32,
    /// Stored events waiting to be executed.
    pub execute_waiting: u32,
}

impl DispatchLimits {
    /// Fails with the first limit that has to be at least 1 and is 0.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("batchEvents", self.batch_events),
            ("batchBytes", self.batch_bytes),
            ("queueEvents", self.queue_events),
            ("queueBytes", self.queue_bytes),
            ("storeTimeoutMs", self.store_timeout_ms),
            ("permits", self.permits),
            ("runWaitMs", self.run_wait_ms),
            ("startShare", self.start_share),
            ("startWindowMs", self.start_window_ms),
            ("startBurstMs", self.start_burst_ms),
            ("startWaiting", self.start_waiting),
            ("slots", self.slots),
            ("claimEvents", self.claim_events),
            ("claimMs", self.claim_ms),
            ("claimRestMs", self.claim_rest_ms),
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
}
