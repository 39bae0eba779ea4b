//! What goes into a dispatcher and comes out of it.

use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::arguments::List;

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

impl DispatchLimits {
    /// Fails with the first limit that has to be at least 1 and is 0.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("batchEvents", self.batch_events),
            ("batchBytes", self.batch_bytes),
            ("queueEvents", self.queue_events),
            ("queueBytes", self.queue_bytes),
            ("storeTime", self.store_time),
            ("permits", self.permits),
            ("runWait", self.run_wait),
            ("startShare", self.start_share),
            ("startWindow", self.start_window),
            ("startBurst", self.start_burst),
            ("startWaiting", self.start_waiting),
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
