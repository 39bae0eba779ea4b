//! The paths of a sample, and the values along paths.

use std::borrow::Cow;
use std::ffi::CStr;

use napi::bindgen_prelude::*;
use napi::{sys, JsValue};
use napi_derive::napi;
use webhook_core::json::{self, PathSet};
use webhook_core::query;

use crate::bare::{byte_array, function, string, Bare};
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
    let keys: Vec<_> = paths.iter().map(|path| json::quote(path)).collect();
    accepted(env, "values", parse_json(env, json::assemble::flat(&keys, &values))?)
}

/// Compiles paths once and gives the function that takes their values out of a body: `extractPaths` for many bodies.
///
/// The function takes, gives, refuses and throws what `extractPaths` does for the body.
///
/// Throws a `TypeError` if `paths` is no array of strings.
///
/// ```js
/// const read = compilePaths(['user.name', 'items[].id'])
/// read('{"user":{"name":"Ann"}}') // { ok: true, values: { 'user.name': 'Ann' } }
/// read('[') // { ok: false, error: { code: 'JSON_UNEXPECTED_END', … } }
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "paths: ReadonlyArray<string>",
    ts_return_type = "(body: string | Uint8Array) => { ok: true; values: Record<string, unknown> } | { ok: false; error: ParseError }"
)]
pub fn compile_paths<'env>(env: &'env Env, paths: Unknown<'env>) -> Result<Unknown<'env>> {
    let Ok(paths) = Vec::<String>::from_unknown(paths) else {
        return misuse(env, "paths", "an array of strings");
    };
    let set = PathSet::new(paths.iter().map(String::as_str));
    let read = function(env, set)?;
    // Unpacking in JavaScript is several times faster than making the values by native calls.
    let wrap: Function<FnArgs<(Unknown, Vec<String>)>, Unknown> = env.run_script(include_str!("read.js"))?;
    wrap.call((read, paths).into())
}

impl Bare for PathSet {
    const NAME: &'static CStr = c"read";

    /// A body gives the packed values, or the refusal as an object.
    fn call(&self, env: &Env, [body, _]: [sys::napi_value; 2]) -> Result<sys::napi_value> {
        // SAFETY: `body` is a value of this call, and no JavaScript runs before it is read.
        let body = match unsafe { byte_array(env, body) } {
            Some(bytes) => Cow::Borrowed(bytes),
            // SAFETY: `body` is a value of this call.
            None => bytes(env, "body", unsafe { Unknown::from_napi_value(env.raw(), body)? })?,
        };
        match self.extract(&body) {
            Ok(values) => pack(env, &values),
            Err(error) => Ok(refused(env, error)?.raw()),
        }
    }
}

/// Characters of a value's entry in the header of the packed values.
const ENTRY: usize = 6;

/// The values as one string, which costs one native call instead of one for each value.
///
/// First six characters for each path: the kind of its value, and a number in five characters of 7 bits, the lowest first.
/// Then the texts of the values, one after the other. Kinds, and what the number says:
/// 0 absent; 1 a string, length of its text; 2 an integer, itself; 3 a number, whose eight bytes are the text; 4 `true`;
/// 5 `false`; 6 `null`; 7 any value, length of its JSON text.
fn pack(env: &Env, values: &[Option<Cow<'_, str>>]) -> Result<sys::napi_value> {
    let header = values.len() * ENTRY;
    let length: usize = values.iter().map(|value| value.as_deref().map_or(0, str::len)).sum();
    // A double may be longer than its text.
    let mut packed = Vec::with_capacity(header + length + values.len() * size_of::<f64>());
    packed.resize(header, 0);
    let ascii = values.iter().flatten().all(|value| value.is_ascii());
    let units = |text: &[u8]| if ascii { text.len() } else { utf16_length(text) };
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value.as_deref() else { continue };
        let (kind, number) = match value.as_bytes() {
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => {
                packed.extend_from_slice(text);
                (1, units(text))
            }
            [b't', ..] => (4, 0),
            [b'f', ..] => (5, 0),
            [b'n', ..] => (6, 0),
            digits @ [b'0'..=b'9' | b'-', ..] => match (small_integer(digits), ascii) {
                (Some(integer), _) => (2, integer),
                (None, true) => {
                    // Rust and JavaScript both take the double that is nearest.
                    let double: f64 = value
                        .parse()
                        .map_err(|_| Error::new(Status::GenericFailure, "no number"))?;
                    packed.extend(double.to_le_bytes());
                    (3, 0)
                }
                // The bytes of a double are no UTF-8, as which the string is made then.
                (None, false) => {
                    packed.extend_from_slice(digits);
                    (7, digits.len())
                }
            },
            json => {
                packed.extend_from_slice(json);
                (7, units(json))
            }
        };
        let entry = &mut packed[index * ENTRY..(index + 1) * ENTRY];
        entry[0] = kind;
        for (place, character) in entry[1..].iter_mut().enumerate() {
            *character = (number >> (7 * place)) as u8 & 0x7F;
        }
    }
    string(env, &packed, ascii)
}

/// How many UTF-16 code units a text has, given its UTF-8.
fn utf16_length(text: &[u8]) -> usize {
    // A character has one unit, and one more if its UTF-8 has four bytes.
    let units = |byte: &u8| usize::from(*byte & 0xC0 != 0x80) + usize::from(*byte >= 0xF0);
    text.iter().map(units).sum()
}

/// The integer of at most nine digits that the text of a number is.
fn small_integer(digits: &[u8]) -> Option<usize> {
    if digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + usize::from(digit - b'0'))
    })
}
