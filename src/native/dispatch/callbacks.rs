//! The callbacks of a dispatcher.

use std::sync::Arc;

use napi::bindgen_prelude::{FnArgs, FromNapiValue, Function, JsValuesTupleIntoVec, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Error, Result, Status};
use webhook_dispatch::{Execute, Outcome, Start, Starter, Store, StoreFailure};

use super::types::{BatchOutcome, EventOutcome};
use crate::arguments::List;

/// Weak, so that a dispatcher alone never keeps Node's event loop alive.
pub type Callback<T, R> = ThreadsafeFunction<T, R, T, Status, false, true>;

/// Makes a callback of a function.
pub fn callback<T, R>(function: Function<T, R>) -> Result<Callback<T, R>>
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

/// Stores events.
pub struct JsStore {
    pub store: Callback<Vec<u32>, Promise<BatchOutcome>>,
    pub settle: Callback<FnArgs<(Vec<u32>, EventOutcome)>, ()>,
    pub starter: Arc<Starter<JsStart>>,
}

impl Store for JsStore {
    type Event = u32;

    async fn store(&self, events: Vec<Arc<u32>>) -> std::result::Result<(), StoreFailure> {
        let tickets = tickets(&events);
        match call(&self.store, tickets.clone()).await {
            Ok(BatchOutcome::Stored { start: List(start) }) if start.len() == tickets.len() => {
                let to_start = tickets
                    .into_iter()
                    .zip(start)
                    .filter_map(|(ticket, start)| start.then_some(ticket));
                self.starter.add(to_start);
                Ok(())
            }
            Ok(BatchOutcome::Stored { start: List(start) }) => Err(StoreFailure::Unavailable(format!(
                "expected {} events to be stored, but found {}",
                tickets.len(),
                start.len()
            ))),
            Ok(BatchOutcome::Unavailable { reason }) | Err(reason) => Err(StoreFailure::Unavailable(reason)),
            Ok(BatchOutcome::Rejected { reason }) => Err(StoreFailure::Rejected(reason)),
        }
    }

    fn settle(&self, events: &[Arc<u32>], outcome: &Outcome) {
        let outcome = match outcome {
            Outcome::Stored => EventOutcome::Stored,
            Outcome::Unavailable(reason) => EventOutcome::Unavailable { reason: reason.clone() },
            Outcome::Rejected(reason) => EventOutcome::Rejected { reason: reason.clone() },
        };
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        // It can only fail where Node is ending, and nobody waits any more. What the callback throws is taken here: an exception
        // that nobody takes would end the process.
        let _ = self
            .settle
            .call_with_return_value((tickets(events), outcome).into(), mode, |_, _| Ok(()));
    }
}

fn tickets(events: &[Arc<u32>]) -> Vec<u32> {
    events.iter().map(|ticket| **ticket).collect()
}

/// Executes synchronous events.
pub struct JsRun(pub Callback<u32, Promise<()>>);

impl Execute for JsRun {
    type Key = String;
    type Event = u32;
    type Output = ();

    async fn execute(&self, ticket: u32) -> std::result::Result<(), String> {
        call(&self.0, ticket).await
    }
}

/// Starts stored events.
pub struct JsStart(pub Callback<Vec<u32>, Promise<()>>);

impl Start for JsStart {
    type Id = u32;

    async fn start(&self, tickets: Vec<u32>) {
        // The callback reports its own failures; a rejected one has nothing to add, and what is stored is not lost by it.
        let _ = call(&self.0, tickets).await;
    }
}

/// Calls JavaScript and waits for the promise. Fails with the text of what was thrown or rejected.
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
