//! What goes back to the caller: status, headers and body, checked after templates were filled.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::body::content_type::{media_type, Format};

/// Content type of objects, arrays, numbers and booleans.
pub const JSON: &str = "application/json; charset=utf-8";
/// Content type of strings.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// Lowest status a workflow may answer with; 1xx are interim answers that Node sends itself.
pub const STATUS_MIN: u16 = 200;
/// Highest status a workflow may answer with.
pub const STATUS_MAX: u16 = 599;

/// A response ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers in order, names in lower case; a name may appear more than once (`set-cookie`).
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: String,
}

/// Why a configured response can't be sent: an error of the workflow, not of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyError {
    /// The response isn't an object of the known fields.
    Shape,
    /// The status is not an integer from [`STATUS_MIN`] to [`STATUS_MAX`].
    Status,
    /// A header's name is not of the form [`is_header_name`] wants.
    HeaderName {
        /// Position in the list, from 0.
        index: usize,
    },
    /// A header's value holds a control character, which HTTP does not allow in one: a line break above all.
    HeaderValue {
        /// The header's name.
        name: String,
        /// Position of the character in the value, from 0.
        at: usize,
    },
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("expected { statusCode, headers: [{ name, value }], body }"),
            Self::Status => write!(f, "expected a status code from {STATUS_MIN} to {STATUS_MAX}"),
            Self::HeaderName { index } => write!(
                f,
                "expected the name of response header {index} to begin with a letter and go on with letters, digits, \"-\" or \"_\""
            ),
            // The value itself may hold data of the event, so it is not repeated.
            Self::HeaderValue { name, at } => write!(
                f,
                "expected a value without control characters for the response header \"{name}\", but found one (a line break, for example) at position {at}"
            ),
        }
    }
}

impl std::error::Error for ReplyError {}

/// Returns whether a name may be that of a configured header: `^[a-zA-Z][a-zA-Z0-9_-]*$`.
pub fn is_header_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Headers that say where a message ends or what the connection does, in lower case. Node sets them from the body it
/// sends; one out of a workflow could only contradict it (request smuggling, a hanging client), and Node throws for some.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Returns whether a response header's name, in any case, is reserved for framing and the connection.
///
/// Saving a configuration with one is rejected, and so are all requests of a trigger that has one. A Response node that
/// was stored with one sends its response without it: the workflow has run by then.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// A configured response whose templates have been filled, as JSON: `{"statusCode","headers":[{"name","value"}],"body"}`.
///
/// Values stay JSON text: a number goes out with the digits it came with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filled<'a> {
    #[serde(default)]
    status_code: Option<f64>,
    #[serde(borrow, default)]
    headers: Option<Vec<FilledHeader<'a>>>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct FilledHeader<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
}

impl Reply {
    /// Returns the response 200 without a body.
    pub fn empty() -> Self {
        Self {
            status: 200,
            headers: vec![],
            body: String::new(),
        }
    }

    /// Builds the response from a configuration whose templates have been filled (JSON text).
    ///
    /// - `statusCode`: absent or `null` means 200.
    /// - `headers`: `{ name, value }`; a value that is absent or `null` leaves its header out, numbers and booleans
    ///   become text, objects and arrays JSON. Reserved headers ([`is_reserved`]) are left out.
    /// - `body`: a string goes out as `text/plain`, absent or `null` as no body, everything else as JSON; a
    ///   configured `content-type` wins. 204 and 304 go out without a body.
    ///
    /// # Errors
    /// A status out of range, a name that HTTP has no room for, a value with a line break: see [`ReplyError`].
    pub fn build(filled: &str) -> Result<Self, ReplyError> {
        let (reply, left_out) = Self::build_for_event(filled)?;
        left_out.map_or(Ok(reply), Err)
    }

    /// Builds a response as [`Reply::build`] does, but leaves out a header whose value can't be sent, and returns why.
    ///
    /// Use it for the response to an event that no workflow has seen yet: its values come from the sender, who must not be able
    /// to get the event rejected with them.
    ///
    /// # Errors
    /// As [`Reply::build`], but for a header's value.
    pub fn build_for_event(filled: &str) -> Result<(Self, Option<ReplyError>), ReplyError> {
        let filled: Filled = serde_json::from_str(filled).map_err(|_| ReplyError::Shape)?;
        let status = match filled.status_code {
            None => 200,
            Some(number)
                if number.fract() == 0.0 && (f64::from(STATUS_MIN)..=f64::from(STATUS_MAX)).contains(&number) =>
            {
                number as u16
            }
            Some(_) => return Err(ReplyError::Status),
        };
        let configured = filled.headers.unwrap_or_default();
        let mut headers = Vec::with_capacity(configured.len() + 1);
        let mut left_out = None;
        for (index, header) in configured.iter().enumerate() {
            if !is_header_name(&header.name) {
                return Err(ReplyError::HeaderName { index });
            }
            let name = header.name.to_ascii_lowercase();
            let Some(value) = header.value.filter(|value| value.get() != "null") else {
                continue;
            };
            if is_reserved(&name) {
                continue;
            }
            let value = text_of(value);
            match unsendable_at(&value) {
                Some(at) => _ = left_out.get_or_insert(ReplyError::HeaderValue { name, at }),
                None => headers.push((name, value)),
            }
        }
        let (body, content_type) = match filled.body {
            _ if status == 204 || status == 304 => (String::new(), None),
            None => (String::new(), None),
            Some(raw) if raw.get() == "null" => (String::new(), None),
            Some(raw) => (text_of(raw), Some(if raw.get().starts_with('"') { TEXT } else { JSON })),
        };
        if let Some(content_type) = content_type
            && !headers.iter().any(|(name, _)| name == "content-type")
        {
            headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        let has = |name: &str| headers.iter().any(|(known, _)| known == name);
        let mut types = headers.iter().filter(|(name, _)| name == "content-type");
        if types.any(|(_, value)| !is_inert(value)) && !has(POLICY) {
            headers.push((POLICY.to_owned(), "sandbox".to_owned()));
        }
        Ok((Self { status, headers, body }, left_out))
    }
}

const POLICY: &str = "content-security-policy";

/// Whether a browser shows a body of this content type as text. Anything else could be a page that runs scripts in
/// NocoBase's origin, with the token of the user who opens it; a sandbox gives it an origin of its own.
fn is_inert(content_type: &str) -> bool {
    let essence = media_type(content_type);
    // Of several types in one value browsers take the last.
    !content_type.contains(',') && (essence == "text/plain" || Format::of(&essence) == Some(Format::Json))
}

// A string's own text, anything else as the JSON it is.
fn text_of(raw: &RawValue) -> String {
    match serde_json::from_str::<LossyString>(raw.get()) {
        Ok(LossyString(text)) => text,
        Err(_) => raw.get().to_owned(),
    }
}

// A JavaScript string may hold half a surrogate pair, which no Rust string can; on the wire it becomes U+FFFD, as
// everywhere in Node.
struct LossyString(String);

impl<'de> Deserialize<'de> for LossyString {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = LossyString;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<LossyString, E> {
                let mut text = String::with_capacity(bytes.len());
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    // The first of the three bytes that half a pair has here.
                    if chunk.invalid().starts_with(&[0xed]) {
                        text.push(char::REPLACEMENT_CHARACTER);
                    }
                }
                Ok(LossyString(text))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Returns the place of a character in a header's value that can't be sent: a control character other than a tab (RFC 9110 section 5.5).
/// Everything else is sent as UTF-8.
pub fn unsendable_at(value: &str) -> Option<usize> {
    value
        .chars()
        .position(|c| matches!(c, '\0'..='\u{8}' | '\n'..='\u{1f}' | '\u{7f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(filled: &str) -> (u16, Vec<(String, String)>, String) {
        let reply = Reply::build(filled).expect(filled);
        (reply.status, reply.headers, reply.body)
    }

    fn header(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn sends_the_body_as_configured_with_its_content_type() {
        for (filled, content_type, body) in [
            (r#"{"body":"ok"}"#, Some(TEXT), "ok"),
            (r#"{"body":""}"#, Some(TEXT), ""),
            (
                r#"{"body":{"b":1.0e2, "a":[0.1]}}"#,
                Some(JSON),
                r#"{"b":1.0e2, "a":[0.1]}"#,
            ),
            (r#"{"body":[]}"#, Some(JSON), "[]"),
            (r#"{"body":0}"#, Some(JSON), "0"),
            (r#"{"body":false}"#, Some(JSON), "false"),
            (r#"{"body":null}"#, None, ""),
            (r#"{"body":"a\ud800b"}"#, Some(TEXT), "a\u{fffd}b"),
            ("{}", None, ""),
        ] {
            let headers = content_type
                .map(|value| header("content-type", value))
                .unwrap_or_default();
            assert_eq!(built(filled), (200, headers, body.to_owned()), "{filled}");
        }
    }

    #[test]
    fn prefers_a_configured_content_type_and_leaves_out_framing_headers() {
        assert_eq!(
            built(
                r#"{"headers":[{"name":"Content-Type","value":"text/plain; charset=utf-8"},{"name":"Content-Length","value":"1"},{"name":"Trailer","value":"x"}],"body":{}}"#
            ),
            (200, header("content-type", TEXT), "{}".to_owned())
        );
    }

    #[test]
    fn sandboxes_a_body_that_could_be_a_page_unless_configured_otherwise() {
        let policies = |headers: serde_json::Value| {
            let filled = serde_json::json!({ "headers": headers, "body": "x" }).to_string();
            let headers = built(&filled).1.into_iter();
            headers
                .filter_map(|(name, value)| (name == POLICY).then_some(value))
                .collect::<Vec<_>>()
        };
        let typed = |value: &str| policies(serde_json::json!([{ "name": "Content-Type", "value": value }]));
        for inert in [
            "text/plain",
            "TEXT/Plain;charset=utf-8",
            "application/json",
            "application/problem+json",
        ] {
            assert!(typed(inert).is_empty(), "{inert}");
        }
        assert!(policies(serde_json::json!([])).is_empty());
        for other in [
            "text/html",
            "image/svg+xml",
            "text/csv",
            "x",
            "",
            "text/plain, text/html",
            "text/plain;x,text/html",
        ] {
            assert_eq!(typed(other), ["sandbox"], "{other}");
        }
        let own = serde_json::json!([
            { "name": "Content-Type", "value": "text/html" },
            { "name": "Content-Security-Policy", "value": "default-src 'none'" },
        ]);
        assert_eq!(policies(own), ["default-src 'none'"]);
    }

    #[test]
    fn leaves_out_a_header_of_an_event_response_whose_value_cannot_be_sent() {
        let filled = serde_json::json!({
            "statusCode": 201,
            "headers": [{ "name": "X-A", "value": "a\nSet-Cookie: x" }, { "name": "X-B", "value": { "toString": 1 } }],
        });
        let (reply, left_out) = Reply::build_for_event(&filled.to_string()).unwrap();
        assert_eq!((reply.status, reply.headers), (201, header("x-b", r#"{"toString":1}"#)));
        let name = "x-a".to_owned();
        assert_eq!(left_out, Some(ReplyError::HeaderValue { name, at: 1 }));
    }

    #[test]
    fn sends_no_body_with_204_and_304() {
        for status in [204, 304] {
            assert_eq!(
                built(&format!(r#"{{"statusCode":{status},"body":{{"a":1}}}}"#)),
                (status, vec![], String::new())
            );
        }
    }

    #[test]
    fn writes_header_values_of_any_type_as_text_and_leaves_out_absent_ones() {
        assert_eq!(
            built(r#"{"headers":[{"name":"A","value":12},{"name":"B","value":null},{"name":"C"},{"name":"D","value":""},{"name":"E","value":"日\ud800"}]}"#).1,
            vec![
                ("a".to_owned(), "12".to_owned()),
                ("d".to_owned(), String::new()),
                ("e".to_owned(), "日\u{fffd}".to_owned()),
            ]
        );
    }

    #[test]
    fn rejects_a_bad_status_name_or_value() {
        for status in ["199", "600", "200.5", "1e9", "-200"] {
            assert_eq!(
                Reply::build(&format!(r#"{{"statusCode":{status}}}"#)),
                Err(ReplyError::Status),
                "{status}"
            );
        }
        for name in ["", "1a", "a b", "a:", "é", "-a"] {
            let filled = serde_json::json!({ "headers": [{ "name": name, "value": "x" }] }).to_string();
            assert_eq!(
                Reply::build(&filled),
                Err(ReplyError::HeaderName { index: 0 }),
                "{name}"
            );
        }
        for (value, at) in [
            ("a\r\nSet-Cookie: x", 1),
            ("\n", 0),
            ("\u{7f}", 0),
            ("ab\u{0}", 2),
            ("日本\u{1f}", 2),
        ] {
            let filled = serde_json::json!({ "headers": [{ "name": "X", "value": value }] }).to_string();
            assert_eq!(
                Reply::build(&filled),
                Err(ReplyError::HeaderValue {
                    name: "x".to_owned(),
                    at
                }),
                "{value:?}"
            );
        }
        assert_eq!(Reply::build("1"), Err(ReplyError::Shape));
    }
}
