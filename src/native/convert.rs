//! From JavaScript values to Rust ones.

use napi::bindgen_prelude::*;
use serde_json::Value;

use crate::types::misuse;

/// A plain JavaScript value as `JSON.stringify` writes it. Throws a `TypeError` for what has no JSON text, such as a
/// function or `undefined`.
pub fn json_value(env: &Env, argument: &str, value: Unknown) -> Result<Value> {
    let stringify: Function<Unknown, Option<String>> = env
        .get_global()?
        .get_named_property::<Object>("JSON")?
        .get_named_property("stringify")?;
    let Some(text) = stringify.call(value)? else {
        return misuse(env, argument, "a value that JSON can hold");
    };
    serde_json::from_str(&text).map_err(|error| Error::from_reason(format!("{argument}: {error}")))
}

/// Whether a value is `null` or `undefined`.
pub fn is_absent(value: &Unknown) -> Result<bool> {
    Ok(matches!(value.get_type()?, ValueType::Null | ValueType::Undefined))
}

/// A string argument. Throws a `TypeError` for anything else.
pub fn text(env: &Env, argument: &str, value: Unknown) -> Result<String> {
    match value.get_type()? {
        // SAFETY: the type was checked.
        ValueType::String => unsafe { value.cast() },
        _ => misuse(env, argument, "a string"),
    }
}

/// A string argument that may be left out. Throws a `TypeError` for anything else.
pub fn optional_text(env: &Env, argument: &str, value: Unknown) -> Result<Option<String>> {
    if is_absent(&value)? {
        return Ok(None);
    }
    text(env, argument, value).map(Some)
}

/// An object argument. Throws a `TypeError` for anything else.
pub fn object<'env>(env: &Env, argument: &str, value: Unknown<'env>) -> Result<Object<'env>> {
    match value.get_type()? {
        // SAFETY: the type was checked.
        ValueType::Object => unsafe { value.cast() },
        _ => misuse(env, argument, "an object"),
    }
}
