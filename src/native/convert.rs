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

/// The headers of a request: as Node's `req.rawHeaders` holds them, names and values in turn; as pairs; or as its
/// `req.headers`, by name with a list where one was sent more than once. Throws a `TypeError` for anything else.
pub fn header_pairs(env: &Env, headers: Unknown) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    if is_absent(&headers)? {
        return Ok(pairs);
    }
    let is_array = headers.is_array()?;
    let headers = object(env, "request.headers", headers)?;
    if is_array {
        let mut flat = Vec::new();
        for item in elements(&headers)? {
            if item.is_array()? {
                let pair = elements(&object(env, "request.headers", item)?)?;
                if pair.len() != 2 {
                    return misuse(env, "request.headers", "names and values in turn, or pairs of them");
                }
                flat.extend(pair);
            } else {
                flat.push(item);
            }
        }
        if flat.len() % 2 != 0 {
            return misuse(env, "request.headers", "names and values in turn, or pairs of them");
        }
        for pair in flat.chunks_exact(2) {
            pairs.push((
                text(env, "a name in request.headers", pair[0])?,
                text(env, "a value in request.headers", pair[1])?,
            ));
        }
        return Ok(pairs);
    }
    for name in Object::keys(&headers)? {
        let argument = format!("request.headers[\"{name}\"]");
        let value: Unknown = headers.get_named_property(&name)?;
        if value.is_array()? {
            for value in elements(&object(env, &argument, value)?)? {
                pairs.push((name.clone(), text(env, &argument, value)?));
            }
        } else if !is_absent(&value)? {
            pairs.push((name, text(env, &argument, value)?));
        }
    }
    Ok(pairs)
}

fn elements<'env>(array: &Object<'env>) -> Result<Vec<Unknown<'env>>> {
    (0..array.get_array_length()?)
        .map(|index| array.get_element(index))
        .collect()
}
