//! Query strings.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::query;

use crate::arguments::bytes::Bytes;
use crate::outcome::{accepted, parse_json, rejected};

/// Reads a query string as the `qs` package reads it: `a[b]=1` is a key in a key, `a[]=1` and `a=1&a=2` are lists.
///
/// `query` is what stands behind the `?` of a URL; one leading `?` is skipped. All values are strings. Names or values
/// with `%`-escapes that can't be decoded stay as they are, and a `__proto__` is dropped.
///
/// Limits: 20 levels of brackets (what is deeper stays one key), 1,000 elements in a list (more make it an object with
/// its indices as keys), 10,000 parameters (more are the error `TOO_MANY_PARAMETERS`).
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
    ts_return_type = "{ ok: true; values: Record<string, unknown> } | { ok: false; error: ParseError }"
)]
pub fn parse_query<'env>(env: &'env Env, query: Unknown<'env>) -> Result<Object<'env>> {
    let query = Bytes::new(env, "query", query)?;
    match query.with(|query| query::read_query(&String::from_utf8_lossy(query)))? {
        Ok(json) => accepted(env, "values", parse_json(env, json)?),
        Err(error) => rejected(env, error),
    }
}
