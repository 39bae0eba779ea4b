//! Work on a thread of libuv's pool.

use std::panic::{catch_unwind, AssertUnwindSafe};

use napi::bindgen_prelude::*;
use napi::Task;

/// Work off the main thread that gives text.
pub struct TextTask(Box<dyn FnMut() -> Result<String> + Send>);

impl TextTask {
    /// Returns the task to hand to Node, which then has a promise of the text.
    pub fn new(work: impl FnMut() -> Result<String> + Send + 'static) -> AsyncTask<Self> {
        AsyncTask::new(Self(Box::new(work)))
    }
}

impl Task for TextTask {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<Self::Output> {
        caught(&mut self.0)
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}

/// Does some work. Fails where it panics: a panic on a thread of the pool would end the process; so it fails the one request.
pub fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Error::from_reason("the work panicked")))
}
