//! The paths of a sample, and the values along paths.

use std::borrow::Cow;
use std::ffi::CStr;
use std::ops::Range;

use napi::bindgen_prelude::*;
use napi::{check_status, sys, JsValue};
use napi_derive::napi;
use webhook_core::json::{self, PathSet, Unread};
use webhook_core::limits::context_limit;
use webhook_core::query;

use crate::bare::{function, string, Bare};
use crate::convert::{misuse, texts, Bytes};
use crate::types::{accepted, parse_json, refused};

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
    let kind = match kind.get_type()? {
        ValueType::String => String::from_unknown(kind)?,
        _ => String::new(),
    };
    let infer: fn(&[u8]) -> _ = match kind.as_str() {
        "json" => json::infer_json,
        "query" => |sample| query::infer_query(&String::from_utf8_lossy(sample)),
        _ => return misuse(env, "kind", "'json' or 'query'"),
    };
    let paths = Bytes::new(env, "sample", sample)?.with(infer)?;
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
/// `JSON_INVALID_UTF8`, `JSON_TOO_DEEP` beyond 2,000 nested objects and arrays, and `JSON_VALUES_TOO_LARGE` where the values
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
        Err(error) => refused(env, error),
    }
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
    let paths = texts(env, "paths", paths)?;
    let set = PathSet::new(paths.iter().map(String::as_str));
    let (read, run) = (function(env, set)?, function(env, Run)?);
    // Unpacking in JavaScript is several times faster than making the values by native calls.
    let wrap: Function<FnArgs<(Unknown, Vec<String>, Unknown)>, Unknown> = env.run_script(include_str!("read.js"))?;
    wrap.call((read, paths, run).into())
}

/// Runs a script: `Function` of JavaScript may be forbidden, by `--disallow-code-generation-from-strings`.
struct Run;

impl Bare for Run {
    const NAME: &'static CStr = c"run";

    fn call(&self, env: &Env, [script, _]: [sys::napi_value; 2]) -> Result<sys::napi_value> {
        let mut result = std::ptr::null_mut();
        // SAFETY: `script` is a value of this call.
        check_status!(unsafe { sys::napi_run_script(env.raw(), script, &mut result) })?;
        Ok(result)
    }
}

impl Bare for PathSet {
    const NAME: &'static CStr = c"read";

    /// A body gives the packed values, or the refusal as an object.
    fn call(&self, env: &Env, [body, _]: [sys::napi_value; 2]) -> Result<sys::napi_value> {
        // SAFETY: `body` is a value of this call.
        let body = unsafe { Unknown::from_napi_value(env.raw(), body) }?;
        let packed = Bytes::new(env, "body", body)?.with(|body| {
            let values = self.extract(body)?;
            let length = values.iter().map(|value| value.as_deref().map_or(0, str::len)).sum();
            if length > context_limit(body.len()) {
                return Err(Unread::TooLarge.into_error(body));
            }
            Ok(pack(&values, length))
        })?;
        match packed {
            Ok(packed) => {
                let (packed, form) = packed?;
                string(env, &packed, form != Form::Utf8)
            }
            Err(error) => Ok(refused(env, error)?.raw()),
        }
    }
}

/// Bits of a character of the packed values: with more, it would not be ASCII.
const BITS: usize = 7;

/// What the first character of a packed value says, `src/native/read.js` has the same.
mod head {
    pub const NULL: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const FALSE: u8 = 3;
    /// Eight characters follow, the bytes of a double, the lowest first.
    pub const DOUBLE: u8 = 4;
    /// An integer: five characters follow that say which, the lowest bits first.
    pub const INTEGER: u8 = 5;
    /// A string: five characters follow that say its length, and then its text.
    pub const TEXT: u8 = 6;
    /// Any value: five characters follow that say the length of its JSON text, and then that.
    pub const JSON: u8 = 7;
    /// From here on a string, whose length is added; its text follows.
    pub const SHORT_TEXT: u8 = 8;
    /// From here on an integer, itself added.
    pub const SMALL_INTEGER: u8 = 72;
    /// One more than the largest.
    pub const END: u8 = 128;
}

/// The values as one string, which costs one native call instead of one for each value.
///
/// First a bit for each path, in characters of seven, the lowest first: whether there is a value. Then the values, in order,
/// each beginning with a character that says how it goes on (`head`). `length` is that of all values.
fn pack(values: &[Option<Cow<'_, str>>], length: usize) -> Result<(Vec<u8>, Form)> {
    // A double may be longer than its text, and before a text there are six characters at most.
    let mut packed = Vec::with_capacity(length + values.len() * (1 + size_of::<f64>()) + values.len() / BITS + 1);
    packed.resize(values.len().div_ceil(BITS), 0);
    let form = Form::of(values);
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value.as_deref() else { continue };
        packed[index / BITS] |= 1 << (index % BITS);
        match value.as_bytes() {
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => {
                let text = &value[1..=text.len()];
                let short = head::SHORT_TEXT..head::SMALL_INTEGER;
                number(&mut packed, form.units(text), short, head::TEXT);
                form.write(&mut packed, text);
            }
            [b't', ..] => packed.push(head::TRUE),
            [b'f', ..] => packed.push(head::FALSE),
            [b'n', ..] => packed.push(head::NULL),
            digits @ [b'0'..=b'9' | b'-', ..] => match (small_integer(digits), form) {
                (Some(integer), _) => number(&mut packed, integer, head::SMALL_INTEGER..head::END, head::INTEGER),
                (None, Form::Ascii | Form::Latin1) => {
                    // Rust and JavaScript both take the double that is nearest.
                    let double: f64 = value
                        .parse()
                        .map_err(|_| Error::new(Status::GenericFailure, "no number"))?;
                    packed.push(head::DOUBLE);
                    packed.extend(double.to_le_bytes());
                }
                // The bytes of a double are no UTF-8.
                (None, Form::Utf8) => form.write_json(&mut packed, value),
            },
            _ => form.write_json(&mut packed, value),
        }
    }
    Ok((packed, form))
}

/// What the bytes of the packed values are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Ascii,
    Latin1,
    Utf8,
}

impl Form {
    /// The shortest that all values can be written in.
    fn of(values: &[Option<Cow<'_, str>>]) -> Self {
        let mut values = values.iter().flatten();
        if values.clone().all(|value| value.is_ascii()) {
            Self::Ascii
        // The UTF-8 of characters after U+00FF begins with a greater byte.
        } else if values.all(|value| value.bytes().all(|byte| byte < 0xC4)) {
            Self::Latin1
        } else {
            Self::Utf8
        }
    }

    /// How many UTF-16 code units a text has.
    fn units(self, text: &str) -> usize {
        if self == Self::Ascii {
            return text.len();
        }
        // A character has one unit, and one more if its UTF-8 has four bytes.
        let units = |byte: u8| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0);
        text.bytes().map(units).sum()
    }

    fn write(self, packed: &mut Vec<u8>, text: &str) {
        match self {
            Self::Latin1 => packed.extend(text.chars().map(|character| character as u8)),
            Self::Ascii | Self::Utf8 => packed.extend_from_slice(text.as_bytes()),
        }
    }

    /// Writes a value as its JSON text.
    fn write_json(self, packed: &mut Vec<u8>, json: &str) {
        number(packed, self.units(json), 0..0, head::JSON);
        self.write(packed, json);
    }
}

/// Writes a number by the one character of `short` that stands for it, or else in five after the character `long`.
#[inline]
fn number(packed: &mut Vec<u8>, number: usize, short: Range<u8>, long: u8) {
    if number < short.len() {
        packed.push(short.start + number as u8);
        return;
    }
    packed.push(long);
    packed.extend((0..5).map(|place| (number >> (BITS * place)) as u8 & 0x7F));
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
