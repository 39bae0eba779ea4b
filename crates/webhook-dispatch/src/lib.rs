//! How webhook events get from the request to the database and to the engine, whatever those two are.
//!
//! - [`Batcher`] stores the events that wait together, and reports the outcome of each once.
//! - [`Gate`] executes synchronous events, whose senders wait, under a bounded number of permits that webhooks share fairly.
//! - [`Starter`] starts the executions of stored events, and lets a burst of events be stored first.
//!
//! Each is generic over the one thing that it doesn't know (a [`Store`], an [`Execute`], a [`Start`]), so the rules are tested
//! without Node and without a database, under tokio's paused clock. Each contains what it calls: a store, an execution or a start
//! that fails, hangs or panics costs its own events an error and the others nothing.
//!
//! None of them starts a runtime: create them inside one.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod batch;
mod gate;
mod start;

pub use batch::{BatchCounts, BatchLimits, Batcher, Busy, Outcome, Store, StoreFailure};
pub use gate::{Execute, ExecutionOutcome, Gate, GateCounts, GateLimits};
pub use start::{Start, StartCounts, StartLimits, Starter};
