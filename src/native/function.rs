//! JavaScript functions made by hand, for what is called once for each request.
//!
//! Small requests are judged in less time than the generated code takes to look at arguments, and a method of a class takes
//! several times as long as that: a bare function with a data pointer is ten times cheaper.

use std::ffi::{c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;

use napi::bindgen_prelude::*;
use napi::{check_status, sys, JsError};

/// What a function of JavaScript does with the data it was made with.
pub trait Bare: 'static {
    /// The function's `name`.
    const NAME: &'static CStr;

    /// Called with the first two arguments; a missing one is `undefined`. An error is thrown.
    fn call(&self, env: &Env, arguments: [sys::napi_value; 2]) -> Result<sys::napi_value>;
}

/// The function of some data, which lives as long as it.
pub fn function<T: Bare>(env: &Env, data: T) -> Result<Unknown<'_>> {
    let data: *mut c_void = Box::into_raw(Box::new(data)).cast();
    let mut function = ptr::null_mut();
    // SAFETY: `env` is the one of the running call; the name is read during the call; `data` is what `call` expects.
    check_status!(unsafe {
        let length = T::NAME.count_bytes() as isize;
        sys::napi_create_function(
            env.raw(),
            T::NAME.as_ptr(),
            length,
            Some(call::<T>),
            data,
            &mut function,
        )
    })?;
    let none = ptr::null_mut();
    // SAFETY: `function` was made above. The finalizer runs once, after the function is gone, so `data` outlives it.
    check_status!(unsafe {
        sys::napi_add_finalizer(env.raw(), function, data, Some(release::<T>), none, none.cast())
    })?;
    // SAFETY: `function` is a value of this scope.
    unsafe { Unknown::from_napi_value(env.raw(), function) }
}

unsafe extern "C" fn release<T>(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `function` made the pointer of a box, and nothing else frees it.
    drop(unsafe { Box::from_raw(data.cast::<T>()) });
}

unsafe extern "C" fn call<T: Bare>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let work = || -> Result<sys::napi_value> {
        let mut arguments = [ptr::null_mut(); 2];
        let (mut count, mut data) = (arguments.len(), ptr::null_mut());
        // SAFETY: Node hands over a valid `env` and `info`, and there is room for as many arguments as `count` says. The
        // data is the box that `function` made, alive as long as the function.
        let data = unsafe {
            let (values, this) = (arguments.as_mut_ptr(), ptr::null_mut());
            check_status!(sys::napi_get_cb_info(env, info, &mut count, values, this, &mut data))?;
            &*data.cast::<T>()
        };
        data.call(&Env::from_raw(env), arguments)
    };
    let outcome = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::new(Status::GenericFailure, format!("panic in {:?}", T::NAME))));
    outcome.unwrap_or_else(|error| {
        // SAFETY: `env` is the one of this call, which ends with the exception.
        unsafe { JsError::from(error).throw_into(env) };
        ptr::null_mut()
    })
}

/// A string of JavaScript, given its UTF-8 or, several times as fast, its Latin-1, which ASCII is too.
pub fn string(env: &Env, text: &[u8], latin1: bool) -> Result<sys::napi_value> {
    let create = if latin1 {
        sys::napi_create_string_latin1
    } else {
        sys::napi_create_string_utf8
    };
    let mut string = ptr::null_mut();
    // SAFETY: the bytes are alive during the call, and their number is given.
    check_status!(unsafe { create(env.raw(), text.as_ptr().cast(), text.len() as isize, &mut string) })?;
    Ok(string)
}
