//! The paths of a sample, and the values along paths.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::json;
use webhook_core::error::ParseError;
use webhook_core::json::{self, PathSet, Unread};
use webhook_core::query;

use crate::arguments::bytes::Bytes;
use crate::arguments::{misuse, texts, Str};
use crate::outcome::{accepted, parse_json, rejected};
use crate::task::off_thread;

/// Lists the paths of a sample: one for every key, branches included, in the order in which they first appear.
///
/// The first element of an array gives its paths (`items`, `items[0]`, `items[0].id`), later elements those that no element
/// before them had; in a query every element gives its own. A key that isn't a plain step of a path is quoted: `["a.b"]`.
/// `extractPaths` finds every path in the sample.
///
/// Limits: 50,000 values and 2,000 paths with 1 MiB of text (`JSON_TOO_MANY_PATHS`), and those of `extractPaths`.
///
/// Throws a `TypeError` if `sample` is neither a string nor bytes, or `kind` isn't one of those listed.
///
/// ```js
/// inferPaths('{"a":1,"b":{"c":2}}', 'json')
/// // { ok: true, paths: ['a', 'b', 'b.c'] }
/// inferPaths('https://example.com/hook?query[0][a]=1', 'query')
/// // { ok: true, paths: ['query', 'query[0]', 'query[0].a'] }
/// inferPaths('{"a":1,}', 'json').error
/// // { code: 'JSON_UNEXPECTED_CHARACTER', message: "expected a key in double quotes, but found '}'", line: 1, column: 8, offset: 7 }
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "sample: string | Uint8Array, kind: SampleKind",
    ts_return_type = "InferredPaths"
)]
pub fn infer_paths<'env>(env: &'env Env, sample: Unknown<'env>, kind: Unknown<'env>) -> Result<Object<'env>> {
    let infer = read_kind(env, kind)?;
    let paths = Bytes::new(env, "sample", sample)?.with(infer)?;
    match paths {
        Ok(paths) => accepted(env, "paths", paths),
        Err(error) => rejected(env, error),
    }
}

/// Extracts the values at `paths` from a JSON body, without parsing the rest of it into objects.
///
/// A path means the same as in lodash's `get` (`a.b`, `a[0]`, `a["b.c"]`, `name.length`), for own properties only. `[]` is each
/// element of an array: `items[].id` is a list with one item for each element, `null` for one without `id`. A key equal to the
/// whole path takes precedence over nested lookup. A path that doesn't exist has no key in `values`; `null`, `0`, `false` and
/// `''` exist.
///
/// The whole body is checked, and means the same as for `JSON.parse`: the last of repeated keys counts, and `__proto__` is a
/// plain key. A string is taken as UTF-8; one BOM is skipped. Codes: `JSON_UNEXPECTED_END`, `JSON_UNEXPECTED_CHARACTER`,
/// `JSON_CONTROL_CHARACTER`, `JSON_INVALID_ESCAPE`, `UTF8_INVALID`, `JSON_TOO_DEEP` beyond 2,000 nested objects and arrays,
/// and `JSON_VALUES_TOO_LARGE` if the values together are larger than 1 MiB and than four times the body.
///
/// Throws a `TypeError` if `body` is neither a string nor bytes, or `paths` isn't an array of strings.
///
/// ```js
/// extractPaths('{"user":{"name":"Ann"},"items":[{"id":1},{}]}', ['user.name', 'items[].id', 'missing'])
/// // { ok: true, values: { 'user.name': 'Ann', 'items[].id': [1, null] } }
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "body: string | Uint8Array, paths: ReadonlyArray<string>",
    ts_return_type = "ParsedValues"
)]
pub fn extract_paths<'env>(env: &'env Env, body: Unknown<'env>, paths: Unknown<'env>) -> Result<Object<'env>> {
    let paths = texts(env, "paths", paths)?;
    let keys: Vec<_> = paths.iter().map(|path| json::quote(path)).collect();
    let set = PathSet::new(paths.iter().map(String::as_str));
    let values = Bytes::new(env, "body", body)?.with(|body| {
        let values = set.extract(body)?;
        let mut out = json::Writer::new(body.len());
        let written = json::assemble::flat(&keys, &values, &mut out);
        written.map_err(|too_large| Unread::from(too_large).into_error(body))?;
        Ok(out.into_text())
    })?;
    match values {
        Ok(values) => accepted(env, "values", parse_json(env, values)?),
        Err(error) => rejected(env, error),
    }
}

/// Runs `inferPaths` on another thread. The promise resolves to the JSON text of an `InferredPaths`.
///
/// ```js
/// await inferPathsOffThread('{"a":1}', 'json') // '{"ok":true,"paths":["a"]}'
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "sample: string, kind: SampleKind",
    ts_return_type = "Promise<string>"
)]
pub fn infer_paths_off_thread<'env>(env: &'env Env, sample: Str, kind: Unknown) -> Result<PromiseRaw<'env, String>> {
    let infer = read_kind(env, kind)?;
    off_thread(env, move || {
        let outcome = match infer(sample.0.as_bytes()) {
            Ok(paths) => json!({ "ok": true, "paths": paths }),
            Err(error) => json!({
                "ok": false,
                "error": {
                    "code": error.code,
                    "message": error.message,
                    "line": error.line,
                    "column": error.column,
                    "offset": error.offset,
                },
            }),
        };
        Ok(outcome.to_string())
    })
}

type Infer = fn(&[u8]) -> std::result::Result<Vec<String>, ParseError>;

fn read_kind(env: &Env, kind: Unknown) -> Result<Infer> {
    let kind = match kind.get_type()? {
        ValueType::String => String::from_unknown(kind)?,
        _ => String::new(),
    };
    match kind.as_str() {
        "json" => Ok(json::infer_json),
        "query" => Ok(|sample| query::infer_query(&String::from_utf8_lossy(sample))),
        _ => misuse(env, "kind", "'json' or 'query'"),
    }
}
