//! Content types: the format a media type means, and the parameters beside it.

use std::borrow::Cow;

use crate::request::lowercase;

/// What a body is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json` and `application/*+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/xml`, `text/xml` and `*/*+xml`, by the rules of [`xml`](super::xml).
    Xml,
    /// `application/x-ndjson`, `application/ndjson`, `application/jsonl`: a list with a value for each line that is not
    /// blank.
    Ndjson,
    /// `multipart/form-data`, by the rules of [`multipart`](super::multipart).
    Multipart,
    /// `text/*`.
    Text,
}

impl Format {
    /// The formats by the names they have in a configuration (`request.readAs`). A multipart body can't be read without the
    /// boundary that its content type names.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("json", Self::Json),
        ("form", Self::Form),
        ("xml", Self::Xml),
        ("ndjson", Self::Ndjson),
        ("text", Self::Text),
    ];

    /// The format of a media type in lower case, without its parameters.
    pub(crate) fn of(media_type: &str) -> Option<Self> {
        Some(match media_type {
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => Self::Multipart,
            "application/xml" | "text/xml" => Self::Xml,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::Ndjson,
            _ if media_type.ends_with("+xml") => Self::Xml,
            _ if media_type.starts_with("application/") && media_type.ends_with("+json") => Self::Json,
            _ if media_type.starts_with("text/") => Self::Text,
            _ => return None,
        })
    }
}

/// The media type of a content type, in lower case.
pub(crate) fn media_type(content_type: &str) -> Cow<'_, str> {
    let media_type = content_type.split(';').next().unwrap_or_default();
    lowercase(media_type.trim())
}

/// The parameters of a content type, quotes around a value dropped. None of those that count may have a semicolon or a
/// quote in it.
pub(crate) fn parameters(content_type: &str) -> impl Iterator<Item = (&str, &str)> {
    content_type.split(';').skip(1).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        Some((name.trim(), value.trim().trim_matches('"')))
    })
}

/// Whether a charset is UTF-8, of which US-ASCII is a part.
pub(crate) fn is_utf8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|known| charset.eq_ignore_ascii_case(known))
}
