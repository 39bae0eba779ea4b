//! Values that are JSON inside of a text, taken out of it.

use std::borrow::Cow;

use base64::Engine;

use super::checked::Elements;
use super::extract::check;
use super::path::{Path, Segment};
use super::trie::PathSet;
use super::writer::{grow, quote, quoted_length};
use crate::auth::BASE64;
use crate::limits::quoted_limit;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// JSON.
    Json,
    /// Text in base64.
    Base64,
    /// JSON in base64.
    Base64Json,
}

impl Decoding {
    /// The names they have in a configuration.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("json", Self::Json),
        ("base64", Self::Base64),
        ("base64json", Self::Base64Json),
    ];

    /// The value of a text, as JSON; `None` if the text isn't that.
    fn decode(self, text: &str) -> Option<String> {
        let decoded = match self {
            Self::Json => Cow::Borrowed(text),
            Self::Base64 | Self::Base64Json => Cow::Owned(String::from_utf8(BASE64.decode(text.trim()).ok()?).ok()?),
        };
        match self {
            // Where it would have to grow too much, it stays as it is.
            Self::Base64 => (quoted_length(&decoded) <= quoted_limit(text.len())).then(|| quote(&decoded)),
            Self::Json | Self::Base64Json => Some(check(decoded.as_bytes()).ok()?.trim().to_owned()),
        }
    }
}

/// A place whose text is decoded, compiled. Its path may have one `[]`.
///
/// ```
/// use webhook_core::json::{Decoder, Decoding};
/// let decoder = Decoder::new("payload", Decoding::Json).unwrap();
/// let (decoded, failed) = decoder.decode(r#"{"payload":"{\"a\":1}"}"#);
/// assert_eq!((decoded.as_deref(), failed), (Some(r#"{"payload":{"a":1}}"#), false));
/// ```
#[derive(Debug, Clone)]
pub struct Decoder {
    /// The list whose elements have the value, for a path with `[]`.
    list: Option<PathSet>,
    /// The value, in the element or in the whole; `None` for the element itself.
    value: Option<PathSet>,
    decoding: Decoding,
}

impl Decoder {
    /// Compiles a path; `None` for one with more than one `[]`.
    pub fn new(path: &str, decoding: Decoding) -> Option<Self> {
        let parsed = Path::parse(path);
        let segments = parsed.segments();
        let set = |segments: &[Segment]| PathSet::new([&*Path::from_segments(segments.to_vec()).to_string()]);
        let Some(each) = segments.iter().position(|segment| *segment == Segment::Each) else {
            let value = Some(PathSet::new([path]));
            return Some(Self {
                list: None,
                value,
                decoding,
            });
        };
        let (list, value) = segments.split_at(each + 1);
        (!value.contains(&Segment::Each)).then(|| Self {
            list: Some(set(list)),
            value: (!value.is_empty()).then(|| set(value)),
            decoding,
        })
    }

    /// Returns a JSON text with the values in place of the texts, `None` if there are none, and whether a text wasn't what it
    /// should be and stays. A text that isn't JSON stays as it is.
    pub fn decode(&self, json: &str) -> (Option<String>, bool) {
        let mut decoded = String::new();
        let mut from = 0;
        let mut failed = false;
        let mut splice = |text: &str| {
            let inner = text
                .starts_with('"')
                .then(|| serde_json::from_str::<String>(text).ok())
                .flatten();
            let Some(value) = inner.and_then(|inner| self.decoding.decode(&inner)) else {
                failed |= text.starts_with('"');
                return;
            };
            let start = text.as_ptr().addr() - json.as_ptr().addr();
            grow(&mut decoded, start - from + value.len());
            decoded.push_str(&json[from..start]);
            decoded.push_str(&value);
            from = start + text.len();
        };
        match &self.list {
            None => self.find(json).into_iter().for_each(&mut splice),
            Some(list) => {
                let list = found(list, json).unwrap_or_default();
                for element in Elements::new(list) {
                    self.find(element).into_iter().for_each(&mut splice);
                }
            }
        }
        if from == 0 {
            return (None, failed);
        }
        grow(&mut decoded, json.len() - from);
        decoded.push_str(&json[from..]);
        (Some(decoded), failed)
    }

    fn find<'a>(&self, json: &'a str) -> Option<&'a str> {
        match &self.value {
            Some(value) => found(value, json),
            None => Some(json),
        }
    }
}

/// The value of the only path, if it is in the text as it is.
fn found<'a>(set: &PathSet, json: &'a str) -> Option<&'a str> {
    match set.extract(json.as_bytes()).ok()?.into_iter().next()?? {
        Cow::Borrowed(value) => Some(value),
        // The unit or the length of a string.
        Cow::Owned(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(path: &str, decoding: Decoding, json: &str) -> (Option<String>, bool) {
        Decoder::new(path, decoding).unwrap().decode(json)
    }

    #[test]
    fn takes_values_out_of_texts() {
        for (path, decoding, json, expected) in [
            (
                "payload",
                Decoding::Json,
                r#"{"payload":"{\"a\":[1]}","b":2}"#,
                r#"{"payload":{"a":[1]},"b":2}"#,
            ),
            (
                "a.b[0]",
                Decoding::Json,
                r#" {"a":{"b":["\ufeff 7 "]}}"#,
                r#" {"a":{"b":[7]}}"#,
            ),
            (
                "message.data",
                Decoding::Base64Json,
                r#"{"message":{"data":"eyJhIjoxfQ=="}}"#,
                r#"{"message":{"data":{"a":1}}}"#,
            ),
            (
                "data",
                Decoding::Base64,
                r#"{"data":"eyJhIjoxfQ"}"#,
                r#"{"data":"{\"a\":1}"}"#,
            ),
            (
                "Records[].body",
                Decoding::Json,
                r#"{"Records":[{"body":"1"},{},{"body":"{}"}]}"#,
                r#"{"Records":[{"body":1},{},{"body":{}}]}"#,
            ),
            ("[]", Decoding::Json, r#"["1", 2, "null"]"#, "[1, 2, null]"),
            ("[].a.b", Decoding::Json, r#"[{"a":{"b":"1"}}]"#, r#"[{"a":{"b":1}}]"#),
        ] {
            assert_eq!(
                decoded(path, decoding, json),
                (Some(expected.to_owned()), false),
                "{path}"
            );
        }
    }

    #[test]
    fn leaves_what_is_not_such_a_text() {
        for (path, decoding, json, failed) in [
            ("payload", Decoding::Json, r#"{"payload":{"a":1}}"#, false),
            ("payload", Decoding::Json, r#"{"other":"1"}"#, false),
            ("payload", Decoding::Json, r#"{"payload":"{"}"#, true),
            ("payload", Decoding::Json, r#"{"payload":"\ud800"}"#, true),
            ("payload", Decoding::Base64, r#"{"payload":"!"}"#, true),
            ("payload", Decoding::Base64, r#"{"payload":"/w=="}"#, true),
            ("payload", Decoding::Base64Json, r#"{"payload":"YQ=="}"#, true),
            ("payload.length", Decoding::Json, r#"{"payload":"1"}"#, false),
            ("payload", Decoding::Json, "no JSON", false),
        ] {
            assert_eq!(decoded(path, decoding, json), (None, failed), "{json}");
        }
        assert!(Decoder::new("a[].b[]", Decoding::Json).is_none());
    }
}
