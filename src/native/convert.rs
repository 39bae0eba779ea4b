//! From JavaScript values to Rust ones: the one reader of all exports.
//!
//! Reading a value can run JavaScript: a getter, a proxy, a `toJSON`. An export therefore reads all its arguments first and
//! borrows bytes last, with [`with_bytes`]: JavaScript could free, move or change what is borrowed. Lists are measured before
//! they are read, since an array's `length` is just a number that JavaScript sets.

use std::fmt::{self, Display, Formatter};
use std::ptr;

use napi::bindgen_prelude::*;
use napi::{check_status, sys, KeyCollectionMode, KeyConversion, KeyFilter};
use serde_json::Value;

/// Most elements of a list, and most keys of an object.
const MAX_ELEMENTS: u32 = 100_000;

/// Most UTF-8 bytes of all texts of a list or an object together.
const MAX_TEXT: usize = 64 << 20;

/// Most values in a JSON value, which take several times the memory of their text.
const MAX_VALUES: u32 = 1_000_000;

/// Most levels of a JSON value, as in `serde_json`.
const MAX_LEVELS: u32 = 127;

/// Throws a `TypeError` saying what an argument should have been; for misuse by the calling code, never for what a
/// sender sent.
pub fn misuse<T>(env: &Env, argument: impl Display, expected: &str) -> Result<T> {
    let message = format!("expected {argument} to be {expected}");
    env.throw_type_error(&message, None)?;
    Err(Error::new(Status::PendingException, message))
}

/// Whether a value is `null` or `undefined`.
pub fn is_absent(value: &Unknown) -> Result<bool> {
    Ok(matches!(value.get_type()?, ValueType::Null | ValueType::Undefined))
}

/// A string argument. Throws a `TypeError` for anything else.
pub fn text(env: &Env, argument: &str, value: Unknown) -> Result<String> {
    Texts::new(env).read(argument, value)
}

/// A string argument that may be left out. Throws a `TypeError` for anything else.
pub fn optional_text(env: &Env, argument: &str, value: Unknown) -> Result<Option<String>> {
    if is_absent(&value)? {
        return Ok(None);
    }
    text(env, argument, value).map(Some)
}

/// An object argument. Throws a `TypeError` for anything else, an array included.
pub fn object<'env>(env: &Env, argument: &str, value: Unknown<'env>) -> Result<Object<'env>> {
    if value.get_type()? != ValueType::Object || value.is_array()? {
        return misuse(env, argument, "an object");
    }
    // SAFETY: the type was checked.
    unsafe { value.cast() }
}

/// A number argument that may be left out. Throws a `TypeError` for anything else, `NaN` and the infinities included.
pub fn optional_number(env: &Env, argument: &str, value: Unknown) -> Result<Option<f64>> {
    if is_absent(&value)? {
        return Ok(None);
    }
    number(env, argument, value).map(Some)
}

/// A number argument. Throws a `TypeError` for anything else, `NaN` and the infinities included.
pub fn number(env: &Env, argument: impl Display, value: Unknown) -> Result<f64> {
    number_as(env, argument, "a finite number", value)
}

/// The same where the message says more about what is expected.
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

/// An array argument of strings. Throws a `TypeError` for anything else.
pub fn texts(env: &Env, argument: &str, value: Unknown) -> Result<Vec<String>> {
    texts_as(env, argument, "an array of strings", value)
}

/// The same where the message says more about what is expected.
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

/// The elements of an array argument, each read when it comes. Throws a `TypeError` for anything else, and for more elements
/// than may be.
pub fn elements<'env>(
    env: &Env,
    argument: impl Display,
    expected: &str,
    value: Unknown<'env>,
) -> Result<impl Iterator<Item = Result<Unknown<'env>>>> {
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

/// Reads strings, up to an amount in all: one string may be in a list a hundred thousand times.
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

const BYTES: &str = "a string, a Buffer or a Uint8Array";

/// The bytes of an argument, not borrowed yet.
pub enum Bytes<'env> {
    /// Of a string, as UTF-8.
    Text(String),
    /// Of a `Uint8Array`.
    Array(&'env Env, &'env str, Unknown<'env>),
}

impl<'env> Bytes<'env> {
    /// An argument that is a string, a `Buffer` or a `Uint8Array`. Throws a `TypeError` for anything else.
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

    /// The same for an argument that may be left out, which is no bytes then.
    pub fn optional(env: &'env Env, argument: &'env str, value: Unknown<'env>) -> Result<Self> {
        if is_absent(&value)? {
            return Ok(Self::Text(String::new()));
        }
        Self::new(env, argument, value)
    }

    /// Does something with the bytes; see [`with_bytes`].
    ///
    /// # Errors
    /// A `TypeError` for an array that isn't a `Uint8Array` or was taken away in the meantime.
    pub fn with<R>(&self, work: impl FnOnce(&[u8]) -> R + Send) -> Result<R> {
        match self {
            Self::Text(text) => Ok(work(text.as_bytes())),
            Self::Array(env, argument, value) => borrow(env, argument, BYTES, value.raw(), work),
        }
    }
}

/// Does something with the bytes of a `Uint8Array`, which a `Buffer` is too.
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

/// Does something with a string argument; `None` for a value that is none. Short ones are not copied to the heap.
///
/// # Errors
/// What Node says.
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
    // Node stops before a character that doesn't fit; it has four bytes at most, and a zero byte stands behind.
    if length + 5 <= short.len() {
        let text = std::str::from_utf8(&short[..length]).map_err(|error| Error::from_reason(error.to_string()))?;
        return Ok(Some(work(text)));
    }
    // SAFETY: `value` is a string of this call.
    let text = unsafe { String::from_napi_value(env.raw(), value) }?;
    Ok(Some(work(&text)))
}

/// The headers of a request: as Node's `req.rawHeaders` holds them, names and values in turn; as pairs; or as its
/// `req.headers`, by name with a list where one was sent more than once. Throws a `TypeError` for anything else.
pub fn header_pairs(env: &Env, headers: Unknown) -> Result<Vec<(String, String)>> {
    const ARGUMENT: &str = "request.headers";
    const EXPECTED: &str = "names and values in turn, or pairs of them";
    let mut pairs = Vec::new();
    if is_absent(&headers)? {
        return Ok(pairs);
    }
    let mut texts = Texts::new(env);
    if headers.is_array()? {
        let mut name = None;
        let mut add = |item| -> Result<()> {
            match name.take() {
                None => name = Some(texts.read("a name in request.headers", item)?),
                Some(name) => pairs.push((name, texts.read("a value in request.headers", item)?)),
            }
            Ok(())
        };
        for item in elements(env, ARGUMENT, EXPECTED, headers)? {
            let item = item?;
            if !item.is_array()? {
                add(item)?;
                continue;
            }
            let mut pair = elements(env, ARGUMENT, EXPECTED, item)?;
            let (Some(first), Some(second), None) = (pair.next(), pair.next(), pair.next()) else {
                return misuse(env, ARGUMENT, EXPECTED);
            };
            add(first?)?;
            add(second?)?;
        }
        if name.is_some() {
            return misuse(env, ARGUMENT, EXPECTED);
        }
        return Ok(pairs);
    }
    let headers = object(env, ARGUMENT, headers)?;
    Prototypes::new(env)?.plain(ARGUMENT, &headers)?;
    for key in keys(env, ARGUMENT, &headers)? {
        let (key, name) = key?;
        let argument = format!("request.headers[\"{name}\"]");
        let value: Unknown = headers.get_property(key)?;
        if value.is_array()? {
            for value in elements(env, &argument, "a string or an array of strings", value)? {
                pairs.push((name.clone(), texts.read(&argument, value?)?));
            }
        } else if !is_absent(&value)? {
            pairs.push((name, texts.read(&argument, value)?));
        }
        if pairs.len() > MAX_ELEMENTS as usize {
            return misuse(env, ARGUMENT, &format!("at most {MAX_ELEMENTS} headers"));
        }
    }
    Ok(pairs)
}

/// An object's own enumerable keys, each also as text.
fn keys<'env>(
    env: &Env,
    argument: impl Display,
    object: &Object<'env>,
) -> Result<impl Iterator<Item = Result<(Unknown<'env>, String)>>> {
    let (filter, conversion) = (
        KeyFilter::Enumerable as u32 | KeyFilter::SkipSymbols as u32,
        KeyConversion::NumbersToStrings,
    );
    let mut keys = ptr::null_mut();
    // SAFETY: `object` is a value of this call.
    let keys = unsafe {
        check_status!(sys::napi_get_all_property_names(
            env.raw(),
            object.raw(),
            KeyCollectionMode::OwnOnly.into(),
            filter as _,
            conversion.into(),
            &mut keys,
        ))?;
        Unknown::from_napi_value(env.raw(), keys)?
    };
    let env = *env;
    let mut left = MAX_TEXT;
    Ok(elements(&env, argument, "an object", keys)?.map(move |key| {
        let key = key?;
        let mut texts = Texts { env: &env, left };
        let text = texts.read("each key of an object", key)?;
        left = texts.left;
        Ok((key, text))
    }))
}

/// Tells plain objects from others, such as a `Map`, whose content isn't in its keys and would be lost without a word.
struct Prototypes<'env> {
    env: &'env Env,
    prototype_of: Function<'env, Unknown<'env>, Unknown<'env>>,
}

impl<'env> Prototypes<'env> {
    fn new(env: &'env Env) -> Result<Self> {
        // Unlike Node's own function it sees what is behind a proxy.
        let prototype_of = env
            .get_global()?
            .get_named_property::<Function<(), Unknown>>("Object")?
            .get_named_property("getPrototypeOf")?;
        Ok(Self { env, prototype_of })
    }

    /// Throws a `TypeError` for an object that isn't plain: that has a prototype other than `Object`'s, of any realm.
    fn plain(&self, argument: impl Display, object: &Object<'env>) -> Result<()> {
        let prototype = self.prototype_of.call(object.to_unknown())?;
        if is_absent(&prototype)? || is_absent(&self.prototype_of.call(prototype)?)? {
            return Ok(());
        }
        misuse(self.env, argument, "a plain object")
    }
}

/// A plain JavaScript value as `JSON.stringify` writes it, but for what that would leave out or put something else for. Throws a
/// `TypeError` for it, such as a function, `NaN` or a `Map`: a configuration without the check it asked for must not come of it.
pub fn json_value(env: &Env, argument: &str, value: Unknown) -> Result<Value> {
    let mut reader = JsonReader {
        env,
        texts: Texts::new(env),
        prototypes: Prototypes::new(env)?,
        values_left: MAX_VALUES,
    };
    match reader.read(&Place::Argument(argument), value, MAX_LEVELS)? {
        Some(value) => Ok(value),
        None => misuse(env, argument, JSON),
    }
}

const JSON: &str = "a value that JSON can hold";

/// Where in a JSON value something is; it becomes text for an error only.
enum Place<'a> {
    Argument(&'a str),
    Element(&'a Place<'a>, usize),
    Member(&'a Place<'a>, &'a str),
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(name) => f.write_str(name),
            Self::Element(list, index) => write!(f, "{list}[{index}]"),
            Self::Member(object, key) => write!(f, "{object}.{key:.100}"),
        }
    }
}

struct JsonReader<'env> {
    env: &'env Env,
    texts: Texts<'env>,
    prototypes: Prototypes<'env>,
    values_left: u32,
}

impl<'env> JsonReader<'env> {
    /// `None` for `undefined`.
    fn read(&mut self, place: &Place, value: Unknown<'env>, levels_left: u32) -> Result<Option<Value>> {
        let env = self.env;
        let Some(left) = self.values_left.checked_sub(1) else {
            return misuse(env, place, &format!("part of at most {MAX_VALUES} values"));
        };
        self.values_left = left;
        Ok(Some(match value.get_type()? {
            ValueType::Undefined => return Ok(None),
            ValueType::Null => Value::Null,
            // SAFETY: the type was checked.
            ValueType::Boolean => Value::Bool(unsafe { value.cast() }?),
            ValueType::Number => number_value(number(env, place, value)?),
            ValueType::String => Value::String(self.texts.read(place, value)?),
            ValueType::Object if levels_left == 0 => {
                return misuse(env, place, &format!("at most {MAX_LEVELS} levels deep"));
            }
            ValueType::Object if value.is_array()? => {
                let mut list = Vec::new();
                for item in elements(env, place, "an array", value)? {
                    let item = self.read(&Place::Element(place, list.len()), item?, levels_left - 1)?;
                    list.push(item.unwrap_or_default());
                }
                Value::Array(list)
            }
            ValueType::Object => {
                // SAFETY: the type was checked.
                let object: Object = unsafe { value.cast() }?;
                let to_json: Unknown = object.get_named_property("toJSON")?;
                if to_json.get_type()? == ValueType::Function {
                    // SAFETY: the type was checked.
                    let to_json: Function<(), Unknown> = unsafe { to_json.cast() }?;
                    let value = to_json.apply(object, ())?;
                    return self.read(place, value, levels_left - 1);
                }
                self.prototypes.plain(place, &object)?;
                let mut members = serde_json::Map::new();
                for key in keys(env, place, &object)? {
                    let (key, name) = key?;
                    let member = object.get_property(key)?;
                    if let Some(member) = self.read(&Place::Member(place, &name), member, levels_left - 1)? {
                        members.insert(name, member);
                    }
                }
                Value::Object(members)
            }
            _ => return misuse(env, place, JSON),
        }))
    }
}

/// A finite number; `1` and not `1.0`.
fn number_value(number: f64) -> Value {
    // All integers up to here are exact.
    const EXACT: f64 = (1_u64 << 53) as f64;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

/// A list in what a callback gives, where Node's own conversion would take memory by the array's `length`.
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
