//! How webhook events get from the request to the database and to the engine, whatever those two are.
//!
//! - [`Batcher`] stores the events that wait together, and reports the outcome of each once.
//! - [`Gate`] executes synchronous events, whose senders wait, under a bounded number of permits that webhooks share fairly.
//! - [`Starter`] lets a burst of events be stored first, before their executions are started.
//! - [`Runner`] executes stored events: webhooks side by side, the events of one in their order.
//!
//! Each is generic over the one thing that it doesn't know (a [`Store`], an [`Execute`], a [`Start`], a [`Run`]), so the rules are tested
//! without Node and without a database, under tokio's paused clock. Each contains what it calls: a store, an execution or a start
//! that fails, hangs or panics costs its own events an error and the others nothing.
//!
//! None of them starts a runtime: create them inside one.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod batch;
mod gate;
mod run;
mod start;

pub use batch::{BatchCounts, BatchLimits, Batcher, Busy, Outcome, Store, StoreFailure};
pub use gate::{Execute, ExecutionOutcome, Gate, GateCounts, GateLimits};
pub use run::{ClaimFailed, Claims, Run, RunCounts, RunLimits, Runner};
pub use start::{Start, StartCounts, StartLimits, Starter};
