//! How webhook events get from the request to the database and to the engine, whatever those two are.
//!
//! - [`Batcher`]: events that wait are stored together, and each is answered once its batch is stored.
//! - [`Gate`]: calls whose caller waits for the result run under a bounded number of permits, which webhooks share fairly.
//! - [`Starter`]: what is stored is handed on to be run, giving way while a rush of events comes in.
//!
//! Each is generic over the one thing it does not know (a [`Store`], a [`Run`], a [`Publish`]), so that the rules here are
//! tested without Node and without a database, under tokio's paused clock. Every one of them contains what it calls: a
//! store, run or publish that fails, hangs or panics costs its own events an error and the others nothing.
//!
//! None of the three starts a runtime: they are built inside of one.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod batch;
mod gate;
mod start;

pub use batch::{BatchCounts, BatchLimits, Batcher, Busy, Outcome, Store, StoreFailure};
pub use gate::{Gate, GateCounts, GateLimits, Run, RunOutcome};
pub use start::{Publish, StartCounts, StartLimits, Starter};
