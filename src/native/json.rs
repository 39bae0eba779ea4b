//! The paths of a sample, and the values along paths.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::json;
use webhook_core::error::ParseError;
use webhook_core::json::{self, PathSet, Unread};
use webhook_core::query;

use crate::arguments::bytes::Bytes;
use crate::arguments::{misuse, texts};
use crate::outcome::{accepted, parse_json, rejected};
use crate::task::off_thread;

/// Lists the paths of a sample: a path for every key, branches included, in the order in which they first appear.
///
/// `sample` is JSON text; of kind `'query'` a URL or just its query, as `parseQuery` reads it. The first element of an array
/// gives its paths (`items`, `items[0]`, `items[0].id`), later elements what no element before them had (in a query every
/// element gives its own). A key that a path would take apart is quoted: `["a.b"]`. Every path is found in the sample by
/// `extractPaths`.
///
/// Limits: 50,000 values and 2,000 paths with 1 MiB of text (more are the error `JSON_TOO_MANY_PATHS`), and those of `extractPaths`.
///
/// Throws a `TypeError` if `sample` is neither a string nor bytes, or `kind` is none of those listed.
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
    ts_args_type = "sample: string | Uint8Array, kind: 'json' | 'query'",
    ts_return_type = "{ ok: true; paths: Array<string> } | { ok: false; error: ParseError }"
)]
pub fn infer_paths<'env>(env: &'env Env, sample: Unknown<'env>, kind: Unknown<'env>) -> Result<Object<'env>> {
    let infer = read_kind(env, kind)?;
    let paths = Bytes::new(env, "sample", sample)?.with(infer)?;
    match paths {
        Ok(paths) => accepted(env, "paths", paths),
        Err(error) => rejected(env, error),
    }
}

/// Takes the values along `paths` out of a JSON body, without parsing the rest of it into objects.
///
/// A path means what lodash's `get` makes of it (`a.b`, `a[0]`, `a["b.c"]`, `name.length`), of own properties only; `[]`
/// stands for each element: `items[].id` is a list with one item for each element, `null` for one that has no `id`. An
/// own key of the body that is the whole path wins over taking the path apart. What isn't there has no key in `values`;
/// `null`, `0`, `false` and `''` are there.
///
/// The body means what `JSON.parse` makes of it, and is checked as a whole: same acceptance, same values, the last of
/// repeated keys counts, `__proto__` is a plain key. A string is taken as its UTF-8; one BOM is skipped. Codes:
/// `JSON_UNEXPECTED_END`, `JSON_UNEXPECTED_CHARACTER`, `JSON_CONTROL_CHARACTER`, `JSON_INVALID_ESCAPE`,
/// `UTF8_INVALID`, `JSON_TOO_DEEP` beyond 2,000 nested objects and arrays, and `JSON_VALUES_TOO_LARGE` where the values
/// together are larger than 1 MiB and than four times the body.
///
/// Throws a `TypeError` if `body` is neither a string nor bytes, or `paths` is no array of strings.
///
/// ```js
/// extractPaths('{"user":{"name":"Ann"},"items":[{"id":1},{}]}', ['user.name', 'items[].id', 'missing'])
/// // { ok: true, values: { 'user.name': 'Ann', 'items[].id': [1, null] } }
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "body: string | Uint8Array, paths: ReadonlyArray<string>",
    ts_return_type = "{ ok: true; values: Record<string, unknown> } | { ok: false; error: ParseError }"
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

/// `inferPaths` on another thread as `judgeOffThread` does. The promise gives the JSON text of what that returns.
#[napi(
    catch_unwind,
    ts_args_type = "sample: string, kind: 'json' | 'query'",
    ts_return_type = "Promise<string>"
)]
pub fn infer_paths_off_thread<'env>(env: &'env Env, sample: String, kind: Unknown) -> Result<PromiseRaw<'env, String>> {
    let infer = read_kind(env, kind)?;
    off_thread(env, move || {
        let outcome = match infer(sample.as_bytes()) {
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
