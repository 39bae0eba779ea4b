//! Work on other threads, which a process can end without waiting for.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;

use napi::bindgen_prelude::{check_status, spawn_blocking, Function, PromiseRaw, ToNapiValue};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{sys, Env, Error, JsError, Result};

/// Does `work` on another thread; the promise gives its outcome. A panic rejects the promise.
///
/// The promise doesn't keep Node's event loop alive, and the thread isn't one of libuv's pool, for which every process waits
/// before it ends: NocoBase ends by having nothing left to do, and a stop must not take as long as a large body.
///
/// The thread may outlive JavaScript's memory, so `work` owns all that it reads.
pub fn off_thread<'env, T>(
    env: &'env Env,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<PromiseRaw<'env, T>>
where
    T: ToNapiValue + Send + 'static,
{
    let (mut deferred, mut promise) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: both places may be written to.
    check_status!(unsafe { sys::napi_create_promise(env.raw(), &mut deferred, &mut promise) })?;
    // Has nothing to do itself, but it belongs to the one thread on which the promise can be settled.
    let settled: Function<(), ()> = env.create_function_from_closure("settled", |_| Ok(()))?;
    let settle = settled
        .build_threadsafe_function::<Result<T>>()
        .weak::<true>()
        .callee_handled::<false>()
        // SAFETY: the callback runs on that thread and, as `settle` is called once, once.
        .build_callback(move |context| unsafe { settle_deferred(&context.env, deferred, context.value) })?;
    spawn_blocking(move || {
        let outcome = catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|_| Err(Error::from_reason("the work on another thread panicked")));
        // Fails only where Node is ending, and nobody waits any more.
        let _ = settle.call(outcome, ThreadsafeFunctionCallMode::NonBlocking);
    });
    Ok(PromiseRaw::new(env.raw(), promise))
}

/// Resolves or rejects a promise.
///
/// # Safety
/// `deferred` is of a promise of `env` that isn't settled yet.
unsafe fn settle_deferred<T: ToNapiValue>(env: &Env, deferred: sys::napi_deferred, outcome: Result<T>) -> Result<()> {
    // SAFETY: `env` is the one of this callback.
    match outcome.and_then(|value| unsafe { ToNapiValue::to_napi_value(env.raw(), value) }) {
        // SAFETY: as this function's.
        Ok(value) => check_status!(unsafe { sys::napi_resolve_deferred(env.raw(), deferred, value) }),
        Err(error) => {
            // SAFETY: `env` is the one of this callback.
            let error = unsafe { JsError::from(error).into_value(env.raw()) };
            // SAFETY: as this function's.
            check_status!(unsafe { sys::napi_reject_deferred(env.raw(), deferred, error) })
        }
    }
}
