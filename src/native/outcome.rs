//! What several exports return.

use napi::bindgen_prelude::*;
use napi_derive::napi;

/// What is wrong with a text, and where.
#[napi(object)]
pub struct ParseError {
    /// Stable code, upper case with underscores, such as `JSON_UNEXPECTED_END`.
    pub code: String,
    /// What was expected and what was found, in English, without the place.
    pub message: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in UTF-16 units, as editors count.
    pub column: u32,
    /// Offset of the first wrong byte, from 0.
    pub offset: u32,
}

impl From<webhook_core::error::ParseError> for ParseError {
    fn from(error: webhook_core::error::ParseError) -> Self {
        Self {
            code: error.code.to_owned(),
            message: error.message,
            line: error.line,
            column: error.column,
            offset: u32::try_from(error.offset).unwrap_or(u32::MAX),
        }
    }
}

/// Returns `{ ok: true, [name]: value }`.
pub fn accepted<'env>(env: &'env Env, name: &str, value: impl ToNapiValue) -> Result<Object<'env>> {
    let mut outcome = Object::new(env)?;
    outcome.set("ok", true)?;
    outcome.set(name, value)?;
    Ok(outcome)
}

/// Returns `{ ok: false, error }`.
pub fn rejected(env: &Env, error: webhook_core::error::ParseError) -> Result<Object<'_>> {
    let mut outcome = Object::new(env)?;
    outcome.set("ok", false)?;
    outcome.set("error", ParseError::from(error))?;
    Ok(outcome)
}

/// Parses a text that the core wrote with `JSON.parse`; faster than setting an object's keys one by one.
pub fn parse_json<'env>(env: &'env Env, json: String) -> Result<Unknown<'env>> {
    let parse: Function<String, Unknown> = env
        .get_global()?
        .get_named_property::<Object>("JSON")?
        .get_named_property("parse")?;
    parse.call(json)
}
