//! The headers of a request.

use napi::bindgen_prelude::*;
use webhook_core::request::Headers;

use super::json::{keys, Prototypes};
use super::{elements, is_absent, misuse, object, Texts, MAX_ELEMENTS};

/// Reads the headers of a request: names and values in turn, like Node's `req.rawHeaders`; pairs; or an object like its
/// `req.headers`, by name with a list for one that was sent more than once. Throws a `TypeError` for anything else.
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

/// Returns the headers that are given as names and values in turn.
pub fn headers_in_turn(flat: Vec<String>) -> Headers<'static> {
    let mut flat = flat.into_iter();
    Headers::new(std::iter::from_fn(|| Some((flat.next()?, flat.next()?))))
}
