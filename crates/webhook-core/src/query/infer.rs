//! The query in a sample that someone pastes into the editor.

use super::read_query;
use crate::error::ParseError;
use crate::json::{infer_value_paths, Rows};

/// Lists a path for every key of a sample's query, branches included: what the editor offers for a query. The sample is what
/// [`query_part`] takes.
///
/// # Errors
///
/// Those of [`read_query`], and `JSON_TOO_MANY_PATHS` as of [`infer_json`](crate::json::infer_json); the place of either is
/// where the query begins.
///
/// ```
/// use webhook_core::query::infer_query;
/// let paths = infer_query("https://example.com/hook?query[0][a]=1&page=2").unwrap();
/// assert_eq!(paths, ["query", "query[0]", "query[0].a", "page"]);
/// ```
pub fn infer_query(sample: &str) -> Result<Vec<String>, ParseError> {
    let query = query_part(sample);
    read_query(query)
        .and_then(|json| infer_value_paths(json.as_bytes(), Rows::Every))
        .map_err(|error| {
            let offset = query.as_ptr().addr() - sample.as_ptr().addr();
            ParseError::at(error.code, error.message, sample.as_bytes(), offset)
        })
}

/// Returns the query part of a sample, which is a whole URL, a path with a query, or the query alone, with or without its `?`.
/// White space around it and a `#fragment` behind it are dropped. The query is as it was written: nothing in it is
/// escaped or checked, so a URL with a placeholder in its host does too.
///
/// ```
/// use webhook_core::query::query_part;
/// assert_eq!(query_part("https://example.com/hook?a=1#top"), "a=1");
/// assert_eq!(query_part(" ?a=1 "), "a=1");
/// assert_eq!(query_part("a=1&b=what?"), "a=1&b=what?");
/// assert_eq!(query_part("https://example.com/hook"), "");
/// ```
pub fn query_part(sample: &str) -> &str {
    let sample = sample.trim();
    let sample = sample.split_once('#').map_or(sample, |(before, _)| before);
    match sample.split_once('?') {
        // A `?` behind a `=` or `&` belongs to a value or a name.
        Some((path, query)) if !path.contains(['=', '&']) => query,
        None if is_url(sample) => "",
        _ => sample,
    }
}

// A query with `://` in a parameter's name would have it escaped.
fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    !scheme.is_empty()
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}
