//! Query strings and forms, as the `qs` package reads them.
//!
//! The rules are those of `qs` 6.17.1 with `plainObjects` and `allowPrototypes` (the result is plain data, whatever its
//! keys are called; a `__proto__` is dropped, as `qs` does), a depth of [`limits::MAX_QUERY_DEPTH`] and an array limit of
//! [`limits::MAX_QUERY_ARRAY`]: `a[b]=1` is a key in a key, `a[]=1` and `a=1&a=2` are lists, `a[2]=1` is a list without the
//! holes, and a list that grows past the limit becomes an object with its indices as keys. What is nested deeper than
//! the limit stays one key with its brackets.
//!
//! The result is JSON text with the keys in the order in which JavaScript would list them, so that the one extractor
//! that serves JSON bodies serves queries too. All values are strings. Reading takes time linear in the input, and no
//! input can make it recurse.
//!
//! ```
//! use webhook_core::query;
//! assert_eq!(query::read_query("?order[id]=7&tag=a&tag=b").unwrap(), r#"{"order":{"id":"7"},"tag":["a","b"]}"#);
//! assert_eq!(query::read_form(b"a=%zz").unwrap_err().code, "MALFORMED_PERCENT_ENCODING");
//! ```

mod infer;
mod key;
mod pairs;
mod strict;
mod tree;

use std::borrow::Cow;

use crate::error::ParseError;
use crate::limits;

pub use infer::{infer_query, query_part};
pub(crate) use pairs::Leaf;
pub(crate) use strict::{check as check_escapes, transcode as transcode_form};

/// Reads the query of a URL (what follows the `?`; one leading `?` is skipped) as JSON text.
///
/// Nothing is rejected for how it is written: a name or value whose `%`-escapes can't be decoded stays as it was sent.
///
/// # Errors
///
/// `TOO_MANY_PARAMETERS` past [`limits::MAX_QUERY_PARAMETERS`], where `qs` would silently drop the rest. Empty parameters
/// (`&&`) are not counted, so a query has to be longer than 20,000 bytes for it, which is more than Node's HTTP server
/// takes in a request's head by default (16 KiB).
pub fn read_query(query: &str) -> Result<String, ParseError> {
    if query.is_empty() {
        return Ok("{}".to_owned());
    }
    pairs::check_count(query, limits::MAX_QUERY_PARAMETERS)?;
    Ok(read(query.strip_prefix('?').unwrap_or(query)))
}

/// Reads a body of the type `application/x-www-form-urlencoded` as JSON text.
///
/// # Errors
///
/// `MALFORMED_PERCENT_ENCODING` for a `%` without two hexadecimal digits, `UTF8_INVALID` for bytes, as sent or as
/// escaped, that aren't UTF-8, and `TOO_MANY_PARAMETERS` past [`limits::MAX_QUERY_PARAMETERS`].
pub fn read_form(body: &[u8]) -> Result<String, ParseError> {
    let text = strict::check(body)?;
    pairs::check_count(text, limits::MAX_QUERY_PARAMETERS)?;
    Ok(read(text))
}

/// Lists the parameters of a query or a form, decoded, in the order sent, brackets not looked at: what a signature
/// covers. Empty parameters (`&&`) are left out; what can't be decoded stays as it was sent.
pub fn parameters(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (pairs::decode(name), pairs::decode(value))
    })
}

/// Returns a query without the parameters of some names, which are compared decoded, and without a `?` before it.
pub(crate) fn without(query: &str, names: &[String]) -> String {
    let parts = query.strip_prefix('?').unwrap_or(query).split('&');
    let stays = |part: &&str| {
        let name = part.split_once('=').map_or(*part, |(name, _)| name);
        !names.iter().any(|left_out| *left_out == pairs::decode(name))
    };
    parts.filter(stays).collect::<Vec<_>>().join("&")
}

/// Names, which are split at their brackets, and values that are decoded already, as JSON text. Empty names say
/// nothing and are left out.
pub(crate) fn nest<'a>(leaves: impl Iterator<Item = (&'a str, Leaf<'a>)>) -> String {
    tree::Tree::of(pairs::Pairs::of(leaves)).into_json()
}

fn read(text: &str) -> String {
    let text = pairs::unescape_brackets(text);
    tree::Tree::of(pairs::Pairs::read(&text)).into_json()
}
