//! The paths of a sample, and the values along paths.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::json::{self, PathSet};
use webhook_core::query;

use crate::types::{accepted, bytes, misuse, parse_json, refused};

/// Lists the paths of a sample: a path for every key, branches included, in the order in which they first appear.
///
/// `sample` is JSON text; of kind `'query'` a URL or just its query, as `parseQuery` reads it. The first element of an array
/// gives its paths (`items`, `items[0]`, `items[0].id`), later elements what no element before them had (in a query every
/// element gives its own). A key that a path would take apart is quoted: `["a.b"]`. Every path is found in the sample by
/// `extractPaths`.
///
/// Limits: 2,000 paths with 1 MiB of text (more are the error `JSON_TOO_MANY_PATHS`), and those of `extractPaths`.
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
    let kind = if kind.get_type()? == ValueType::String {
        String::from_unknown(kind)?
    } else {
        String::new()
    };
    let sample = bytes(env, "sample", sample)?;
    let paths = match kind.as_str() {
        "json" => json::infer_json(&sample),
        "query" => query::infer_query(&String::from_utf8_lossy(&sample)),
        _ => return misuse(env, "kind", "'json' or 'query'"),
    };
    match paths {
        Ok(paths) => accepted(env, "paths", paths),
        Err(error) => refused(env, error),
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
/// `JSON_INVALID_UTF8`, and `JSON_TOO_DEEP` beyond 2,000 nested objects and arrays.
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
    // Reading an array may run JavaScript (a getter), which could take the body's memory away: the body comes after it.
    let Ok(paths) = Vec::<String>::from_unknown(paths) else {
        return misuse(env, "paths", "an array of strings");
    };
    let body = bytes(env, "body", body)?;
    let values = match PathSet::new(paths.iter().map(String::as_str)).extract(&body) {
        Ok(values) => values,
        Err(error) => return refused(env, error),
    };
    let mut object = String::from("{");
    for (path, value) in paths.iter().zip(values) {
        if let Some(value) = value {
            if object.len() > 1 {
                object.push(',');
            }
            object.push_str(&json::quote(path));
            object.push(':');
            object.push_str(&value);
        }
    }
    object.push('}');
    accepted(env, "values", parse_json(env, object)?)
}
