//! What of a request isn't handed on to a workflow: what shows who sent it.
//!
//! That is the signature, the token or the JWT of each authentication method, and headers that hold credentials. The time and the id that a
//! signature covers aren't secret, and workflows use them.

use std::borrow::Cow;

use crate::auth::basic::Basic;
use crate::auth::{AuthMethod, Source};
use crate::error::ParseError;
use crate::json::{self, Path, Segment};
use crate::query;

/// Headers that hold credentials, whatever a webhook is configured to read.
const CREDENTIALS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// What the name of a header contains that probably holds a credential.
const SECRET_NAMES: [&str; 11] = [
    "cookie",
    "token",
    "secret",
    "password",
    "apikey",
    "api-key",
    "signature",
    "jwt",
    "assertion",
    "credential",
    "session",
];

/// What of a request is left out, compiled from the authentication methods of its webhook.
///
/// ```
/// # use webhook_core::left_out::LeftOut;
/// let left_out = LeftOut::default();
/// assert!(left_out.has_header("cookie"));
/// assert_eq!(left_out.query("a=1&b=2"), "a=1&b=2");
/// assert_eq!(left_out.body(br#"{"a":1}"#).unwrap(), None);
/// ```
#[derive(Debug, Default)]
pub struct LeftOut {
    headers: Vec<String>,
    query: Vec<String>,
    body: Vec<Path>,
    /// Names of elements in an XML body, below its root.
    elements: Vec<String>,
    /// Whether headers are left out that have names as those of credentials have.
    by_name: bool,
}

impl LeftOut {
    /// Compiles what HTTP Basic and the methods recognize the sender by. With `by_name`, headers are left out too that have names as
    /// those of credentials have.
    pub fn of(basic: Option<&Basic>, methods: &[AuthMethod], by_name: bool) -> Self {
        let mut left_out = Self {
            headers: basic.map(|_| "authorization".to_owned()).into_iter().collect(),
            by_name,
            ..Self::default()
        };
        for (list, source) in methods.iter().flat_map(|method| method.scheme.places()) {
            match source {
                Source::Header(name) => left_out.headers.push(name.as_str().to_owned()),
                Source::Query(name) => left_out.query.push(name.clone()),
                Source::Body(path) | Source::Form(path) => left_out.body.push(match list {
                    Some(list) => element_path(list.as_str(), path.as_str()),
                    None => Path::parse(path.as_str()),
                }),
                Source::Xml(name) => left_out.elements.push(name.clone()),
                // Within the header of the signature.
                Source::Part(_) => {}
            }
        }
        left_out
    }

    /// Returns whether an authentication method recognizes the sender by a header; `name` in lower case.
    pub fn is_read(&self, name: &str) -> bool {
        self.headers.iter().any(|read| read == name)
    }

    /// Returns whether a header that isn't listed is left out; `name` in lower case.
    pub fn has_header(&self, name: &str) -> bool {
        let is_like_one = || SECRET_NAMES.iter().any(|part| name.contains(part));
        CREDENTIALS.contains(&name) || self.is_read(name) || (self.by_name && is_like_one())
    }

    /// Returns a query without the parameters that are left out.
    pub fn query<'q>(&self, query: &'q str) -> Cow<'q, str> {
        if self.query.is_empty() {
            return query.into();
        }
        query::without(query, &self.query).into()
    }

    /// Returns a body, as JSON text, without the values that are left out; `None` if it has none of them.
    ///
    /// # Errors
    /// For text that isn't JSON, if something may have to be left out.
    pub fn body(&self, body: &[u8]) -> Result<Option<String>, ParseError> {
        if self.elements.is_empty() {
            if self.body.is_empty() {
                return Ok(None);
            }
            return json::cut(body, &self.body);
        }
        let root = json::first_key(body);
        let below_root = self.elements.iter().filter_map(|name| {
            let keys = [root.as_deref()?, name];
            Some(Path::from_segments(keys.map(|key| Segment::Key(key.into())).into()))
        });
        json::cut(body, &self.body.iter().cloned().chain(below_root).collect::<Vec<_>>())
    }
}

/// The path of a value in the elements of a list.
fn element_path(list: &str, path: &str) -> Path {
    let mut segments = Path::parse(list).segments().to_vec();
    segments.push(Segment::Each);
    segments.extend_from_slice(Path::parse(path).segments());
    Path::from_segments(segments)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;

    fn of(authentication: &serde_json::Value) -> LeftOut {
        let config = json!({ "authentication": authentication });
        Config::read(&config).unwrap().left_out.unwrap()
    }

    #[test]
    fn is_every_place_that_a_method_reads() {
        let token = |from| json!([{ "scheme": { "kind": "token", "from": from }, "secrets": ["s3cret"] }]);
        assert!(of(&token(json!({ "header": "X-Token" }))).has_header("x-token"));
        let query = of(&token(json!({ "query": "token" })));
        assert_eq!(query.query("?a=1&token=x&b=2&tok%65n=y"), "a=1&b=2");
        let body = of(&token(json!({ "body": "auth.token" })));
        assert_eq!(
            body.body(br#"{"auth":{"token":"x","by":"y"}}"#).unwrap().unwrap(),
            r#"{"auth":{"by":"y"}}"#
        );
        let form = of(&token(json!({ "form": "token" })));
        assert_eq!(form.body(br#"{"token":"x","a":"y"}"#).unwrap().unwrap(), r#"{"a":"y"}"#);
        let xml = of(&token(json!({ "xml": "sign" })));
        assert_eq!(
            xml.body(br#"{"xml":{"sign":"x","id":"7"}}"#).unwrap().unwrap(),
            r#"{"xml":{"id":"7"}}"#
        );
    }

    #[test]
    fn is_the_credentials_and_names_like_theirs() {
        let none = LeftOut::default();
        for name in ["authorization", "proxy-authorization", "cookie"] {
            assert!(none.has_header(name));
        }
        let by_name = LeftOut::of(None, &[], true);
        for name in ["x-api-key", "x-hub-signature-256", "x-session-id", "set-cookie2"] {
            assert!(!none.has_header(name) && by_name.has_header(name));
        }
        assert!(!by_name.has_header("user-agent"));
    }
}
