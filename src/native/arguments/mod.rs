//! From JavaScript values to Rust ones: the one reader of all exports.
//!
//! Reading a value can run JavaScript: a getter, a proxy, a `toJSON`. An export therefore reads all its arguments first and
//! borrows bytes last, with [`with_bytes`](bytes::with_bytes): JavaScript could free, move or change what is borrowed. Lists are measured before
//! they are read, since an array's `length` is just a number that JavaScript sets.

pub mod bytes;
pub mod headers;
pub mod json;
pub mod request;

use std::fmt::Display;
use std::ptr;

use napi::bindgen_prelude::*;
use napi::{check_status, sys};

/// The most elements of a list, and most keys of an object.
const MAX_ELEMENTS: u32 = 100_000;

/// The most UTF-8 bytes of all texts of a list or an object together.
const MAX_TEXT: usize = 64 << 20;

/// Throws a `TypeError` saying what an argument should have been; for misuse by the calling code, never for what a
/// sender sent.
pub fn misuse<T>(env: &Env, argument: impl Display, expected: &str) -> Result<T> {
    let message = format!("expected {argument} to be {expected}");
    env.throw_type_error(&message, None)?;
    Err(Error::new(Status::PendingException, message))
}

/// Returns whether a value is `null` or `undefined`.
pub fn is_absent(value: &Unknown) -> Result<bool> {
    Ok(matches!(value.get_type()?, ValueType::Null | ValueType::Undefined))
}

/// Reads a string argument. Throws a `TypeError` for anything else.
pub fn text(env: &Env, argument: &str, value: Unknown) -> Result<String> {
    Texts::new(env).read(argument, value)
}

/// Reads a string argument that may be left out. Throws a `TypeError` for anything else.
pub fn optional_text(env: &Env, argument: &str, value: Unknown) -> Result<Option<String>> {
    if is_absent(&value)? {
        return Ok(None);
    }
    text(env, argument, value).map(Some)
}

/// Reads an object argument. Throws a `TypeError` for anything else, an array included.
pub fn object<'env>(env: &Env, argument: &str, value: Unknown<'env>) -> Result<Object<'env>> {
    if value.get_type()? != ValueType::Object || value.is_array()? {
        return misuse(env, argument, "an object");
    }
    // SAFETY: the type was checked.
    unsafe { value.cast() }
}

/// Reads a number argument that may be left out. Throws a `TypeError` for anything else, `NaN` and the infinities included.
pub fn optional_number(env: &Env, argument: &str, value: Unknown) -> Result<Option<f64>> {
    if is_absent(&value)? {
        return Ok(None);
    }
    number(env, argument, value).map(Some)
}

/// Reads a number argument. Throws a `TypeError` for anything else, `NaN` and the infinities included.
pub fn number(env: &Env, argument: impl Display, value: Unknown) -> Result<f64> {
    number_as(env, argument, "a finite number", value)
}

/// The same, with a message that says more about what is expected.
pub fn number_as(env: &Env, argument: impl Display, expected: &str, value: Unknown) -> Result<f64> {
    let number = match value.get_type()? {
        // SAFETY: the type was checked.
        ValueType::Number => unsafe { value.cast() }?,
        _ => f64::NAN,
    };
    if !number.is_finite() {
        return misuse(env, argument, expected);
    }
    Ok(number)
}

/// Reads an array argument of strings. Throws a `TypeError` for anything else.
pub fn texts(env: &Env, argument: &str, value: Unknown) -> Result<Vec<String>> {
    texts_as(env, argument, "an array of strings", value)
}

/// The same, with a message that says more about what is expected.
pub fn texts_as(env: &Env, argument: &str, expected: &str, value: Unknown) -> Result<Vec<String>> {
    let mut texts = Texts::new(env);
    let mut found = Vec::new();
    for item in elements(env, argument, expected, value)? {
        match item? {
            item if item.get_type()? == ValueType::String => found.push(texts.read(argument, item)?),
            _ => return misuse(env, argument, expected),
        }
    }
    Ok(found)
}

/// Returns the elements of an array argument, each read when it is asked for. Throws a `TypeError` for anything else, and for too
/// many elements.
pub fn elements<'env, A: Display>(
    env: &Env,
    argument: A,
    expected: &str,
    value: Unknown<'env>,
) -> Result<impl Iterator<Item = Result<Unknown<'env>>> + use<'env, A>> {
    if !value.is_array()? {
        return misuse(env, argument, expected);
    }
    // SAFETY: the type was checked.
    let array: Object = unsafe { value.cast() }?;
    let length = array.get_array_length()?;
    if length > MAX_ELEMENTS {
        let message = format!("{expected} with at most {MAX_ELEMENTS} elements, but found {length}");
        return misuse(env, argument, &message);
    }
    Ok((0..length).map(move |index| array.get_element(index)))
}

/// Reads strings, up to a total size: one string may be in a list a hundred thousand times.
struct Texts<'a> {
    env: &'a Env,
    left: usize,
}

impl<'a> Texts<'a> {
    fn new(env: &'a Env) -> Self {
        Self { env, left: MAX_TEXT }
    }

    /// Throws a `TypeError` for a value that isn't a string, is too long, or has half of a surrogate pair: with U+FFFD in its
    /// place, as in UTF-8, it would equal another string.
    fn read(&mut self, argument: impl Display, value: Unknown) -> Result<String> {
        let env = self.env;
        if value.get_type()? != ValueType::String {
            return misuse(env, argument, "a string");
        }
        let mut length = 0;
        // SAFETY: `value` is a string of this call; without a place to write to, Node gives the length.
        check_status!(unsafe {
            sys::napi_get_value_string_utf8(env.raw(), value.raw(), ptr::null_mut(), 0, &mut length)
        })?;
        let Some(left) = self.left.checked_sub(length) else {
            return misuse(env, argument, &format!("at most {MAX_TEXT} bytes of text"));
        };
        self.left = left;
        // SAFETY: the type was checked.
        let text: String = unsafe { value.cast() }?;
        if text.contains(char::REPLACEMENT_CHARACTER) {
            // SAFETY: the type was checked.
            let units: Utf16String = unsafe { value.cast() }?;
            if char::decode_utf16(units.iter().copied()).any(|unit| unit.is_err()) {
                return misuse(env, argument, "a string without half of a surrogate pair");
            }
        }
        Ok(text)
    }
}

/// A string argument of an export.
///
/// For any other value, napi's own `String` calls `JSON.stringify` to name it in its error: that runs JavaScript, takes minutes for a
/// proxy of a list with an enormous `length`, and repeats a value that may be secret.
pub struct Str(pub String);

impl FromNapiValue for Str {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: as this function's.
        let given = unsafe { Unknown::from_napi_value(env, value) }?;
        text(&Env::from_raw(env), "an argument", given).map(Self)
    }
}

/// A list that a callback returns. Node's own conversion would allocate memory by the array's `length`.
pub struct List<T>(pub Vec<T>);

impl<T: FromNapiValue> FromNapiValue for List<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let env = Env::from_raw(env);
        // SAFETY: as this function's.
        let value = unsafe { Unknown::from_napi_value(env.raw(), value) }?;
        let mut list = Vec::new();
        for item in elements(&env, "a list", "an array", value)? {
            list.push(T::from_unknown(item?)?);
        }
        Ok(Self(list))
    }
}

impl<T: ToNapiValue> ToNapiValue for List<T> {
    unsafe fn to_napi_value(env: sys::napi_env, list: Self) -> Result<sys::napi_value> {
        // SAFETY: as this function's.
        unsafe { ToNapiValue::to_napi_value(env, list.0) }
    }
}
