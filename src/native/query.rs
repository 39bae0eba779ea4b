//! Query strings.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::query;

use crate::arguments::bytes::Bytes;
use crate::outcome::{accepted, parse_json, rejected};

/// Parses a query string as the `qs` package does: `a[b]=1` is a key in a key, `a[]=1` and `a=1&a=2` are lists.
///
/// One leading `?` is skipped. All values are strings. Names and values with `%`-escapes that can't be decoded stay as they are,
/// and `__proto__` is dropped.
///
/// Limits: 20 levels of brackets (anything deeper stays one key), 1,000 elements in a list (more become an object with the
/// indices as keys), 10,000 parameters (more fail with `TOO_MANY_PARAMETERS`).
///
/// Throws a `TypeError` if `query` is neither a string nor bytes.
///
/// ```js
/// parseQuery('?order[id]=7&tag=a&tag=b')
/// // { ok: true, values: { order: { id: '7' }, tag: ['a', 'b'] } }
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "query: string | Uint8Array",
    ts_return_type = "ParsedValues"
)]
pub fn parse_query<'env>(env: &'env Env, query: Unknown<'env>) -> Result<Object<'env>> {
    let query = Bytes::new(env, "query", query)?;
    match query.with(|query| query::read_query(&String::from_utf8_lossy(query)))? {
        Ok(json) => accepted(env, "values", parse_json(env, json)?),
        Err(error) => rejected(env, error),
    }
}
