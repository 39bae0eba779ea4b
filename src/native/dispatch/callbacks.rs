//! The callbacks of a dispatcher.

use std::sync::Arc;

use napi::bindgen_prelude::{FnArgs, FromNapiValue, Function, JsValuesTupleIntoVec, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Error, Result, Status};
use webhook_dispatch::{ClaimFailed, Claims, Execute, Gate, Outcome, Run, Runner, Start, Starter, Store, StoreFailure};

use super::types::{BatchOutcome, ClaimOutcome, EventOutcome};
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
    pub starter: Arc<Starter<ToRunner>>,
}

impl Store for JsStore {
    type Event = u32;

    async fn store(&self, events: Vec<Arc<u32>>) -> std::result::Result<(), StoreFailure> {
        let tickets = tickets(&events);
        match call(&self.store, tickets.clone()).await {
            Ok(BatchOutcome::Stored { start: List(start) }) if start.len() == tickets.len() => {
                let started = start.into_iter().zip(tickets).filter(|(lane, _)| *lane > 0);
                self.starter.add(started);
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

/// Hands events to the runner once a burst has been stored. Each is named by its lane and its ticket.
pub struct ToRunner(pub Arc<Runner<JsRunner>>);

impl Start for ToRunner {
    type Id = (u32, u32);

    async fn start(&self, events: Vec<(u32, u32)>) {
        self.0.add(events);
    }
}

/// Executes stored events.
pub struct JsRunner {
    pub claim: Callback<Vec<u32>, Promise<ClaimOutcome>>,
    pub execute: Callback<u32, Promise<()>>,
    pub release: Callback<Vec<u32>, Promise<()>>,
    /// Executions at a time, synchronous ones included.
    pub slots: usize,
    pub gate: Arc<Gate<JsRun>>,
}

impl Run for JsRunner {
    type Id = u32;

    async fn claim(&self, mut tickets: Vec<u32>) -> std::result::Result<Claims<u32>, ClaimFailed> {
        // The callback reports its own failures.
        let outcome = call(&self.claim, tickets.clone()).await.map_err(|_| ClaimFailed)?;
        let later = tickets.split_off((outcome.tried as usize).min(tickets.len()));
        tickets.retain(|ticket| outcome.claimed.0.contains(ticket));
        Ok(Claims {
            claimed: tickets,
            later,
        })
    }

    async fn execute(&self, ticket: u32) {
        // As above, and an execution that doesn't end as it should is found by the recovery.
        let _ = call(&self.execute, ticket).await;
    }

    async fn release(&self, tickets: Vec<u32>) {
        let _ = call(&self.release, tickets).await;
    }

    fn slots(&self) -> usize {
        self.slots.saturating_sub(self.gate.counts().executing)
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
