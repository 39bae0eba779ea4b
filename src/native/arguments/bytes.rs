//! Bytes and text, borrowed for the time of one call.

use std::ptr;

use napi::bindgen_prelude::*;
use napi::{check_status, sys};

use super::{is_absent, misuse};

const BYTES: &str = "a string, a Buffer or a Uint8Array";

/// The bytes of an argument, not borrowed yet.
pub enum Bytes<'env> {
    /// Of a string, as UTF-8.
    Text(String),
    /// Of a `Uint8Array`.
    Array(&'env Env, &'env str, Unknown<'env>),
}

impl<'env> Bytes<'env> {
    /// Reads an argument that is a string, a `Buffer` or a `Uint8Array`. Throws a `TypeError` for anything else.
    pub fn new(env: &'env Env, argument: &'env str, value: Unknown<'env>) -> Result<Self> {
        if value.is_typedarray()? {
            return Ok(Self::Array(env, argument, value));
        }
        match value.get_type()? {
            // SAFETY: the type was checked.
            ValueType::String => Ok(Self::Text(unsafe { value.cast() }?)),
            _ => misuse(env, argument, BYTES),
        }
    }

    /// Reads an optional argument; a missing one has no bytes.
    pub fn optional(env: &'env Env, argument: &'env str, value: Unknown<'env>) -> Result<Self> {
        if is_absent(&value)? {
            return Ok(Self::Text(String::new()));
        }
        Self::new(env, argument, value)
    }

    /// Passes the bytes to `work`; see [`with_bytes`].
    ///
    /// # Errors
    /// A `TypeError` for an array that isn't a `Uint8Array`, or whose memory was transferred in the meantime.
    pub fn with<R>(&self, work: impl FnOnce(&[u8]) -> R + Send) -> Result<R> {
        match self {
            Self::Text(text) => Ok(work(text.as_bytes())),
            Self::Array(env, argument, value) => borrow(env, argument, BYTES, value.raw(), work),
        }
    }
}

/// Passes the bytes of a `Uint8Array`, which a `Buffer` is too, to `work`.
///
/// No JavaScript may run while bytes are borrowed, so `work` has to be [`Send`]: no value of JavaScript is. Other threads write
/// to a `SharedArrayBuffer` whenever they like, so its bytes are copied.
///
/// # Errors
/// A `TypeError` for any other value, and for an array whose memory was transferred.
pub fn with_bytes<R>(
    env: &Env,
    argument: &str,
    value: sys::napi_value,
    work: impl FnOnce(&[u8]) -> R + Send,
) -> Result<R> {
    borrow(env, argument, "a Buffer or a Uint8Array", value, work)
}

fn borrow<R>(
    env: &Env,
    argument: &str,
    expected: &str,
    value: sys::napi_value,
    work: impl FnOnce(&[u8]) -> R + Send,
) -> Result<R> {
    let (mut kind, mut length, mut start, mut buffer) = (0, 0, ptr::null_mut(), ptr::null_mut());
    // SAFETY: `value` is a value of this call; what isn't asked for may be null.
    let status = unsafe {
        let offset = ptr::null_mut();
        sys::napi_get_typedarray_info(
            env.raw(),
            value,
            &mut kind,
            &mut length,
            &mut start,
            &mut buffer,
            offset,
        )
    };
    if status != sys::Status::napi_ok || kind != sys::TypedarrayType::uint8_array {
        return misuse(env, argument, expected);
    }
    // An array without bytes has no memory, nor has one whose memory was transferred.
    if length == 0 || start.is_null() {
        let mut detached = false;
        // SAFETY: `buffer` was given for `value`.
        check_status!(unsafe { sys::napi_is_detached_arraybuffer(env.raw(), buffer, &mut detached) })?;
        if detached {
            return misuse(env, argument, "bytes, but found an array whose memory was transferred");
        }
        return Ok(work(&[]));
    }
    let mut unshared = false;
    // SAFETY: as above. A `SharedArrayBuffer` is not an `ArrayBuffer`.
    check_status!(unsafe { sys::napi_is_arraybuffer(env.raw(), buffer, &mut unshared) })?;
    if unshared {
        // SAFETY: Node gives start and length of the array's memory. Only JavaScript of this thread can free, move, resize or
        // write to it, and none runs before `work` has returned.
        return Ok(work(unsafe { std::slice::from_raw_parts(start.cast(), length) }));
    }
    let mut copy = vec![0_u8; length];
    // SAFETY: as above; shared memory never shrinks and is alive as long as `value`.
    unsafe { ptr::copy_nonoverlapping(start.cast::<u8>(), copy.as_mut_ptr(), length) };
    Ok(work(&copy))
}

/// Passes a string argument to `work`; returns `None` for any other value. Short strings are not copied to the heap.
///
/// # Errors
/// Those of Node.
pub fn with_text<R>(env: &Env, value: sys::napi_value, work: impl FnOnce(&str) -> R) -> Result<Option<R>> {
    let mut short = [0_u8; 1024];
    let mut length = 0;
    // SAFETY: `value` is a value of this call, and as many bytes may be written as there are.
    let status = unsafe {
        let start = short.as_mut_ptr().cast();
        sys::napi_get_value_string_utf8(env.raw(), value, start, short.len(), &mut length)
    };
    match status {
        sys::Status::napi_string_expected => return Ok(None),
        status => check_status!(status)?,
    }
    // Node stops before a character that doesn't fit; it has four bytes at most, and a zero byte follows.
    if length + 5 <= short.len() {
        let text = std::str::from_utf8(&short[..length]).map_err(|error| Error::from_reason(error.to_string()))?;
        return Ok(Some(work(text)));
    }
    // SAFETY: `value` is a string of this call.
    let text = unsafe { String::from_napi_value(env.raw(), value) }?;
    Ok(Some(work(&text)))
}
