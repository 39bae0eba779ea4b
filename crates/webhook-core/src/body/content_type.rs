//! Content types: the format a media type means, and the parameters beside it.

use std::borrow::Cow;

use crate::request::lowercase;

/// What a body is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`, `application/*+json`, and the names that JSON had before.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/xml`, `text/xml` and `*/*+xml`, by the rules of [`xml`](super::xml).
    Xml,
    /// `application/x-ndjson`, `application/ndjson`, `application/jsonl`: a list with a value for each line that is not
    /// blank.
    Ndjson,
    /// `multipart/form-data`, `multipart/mixed` and `multipart/related`, by the rules of [`multipart`](super::multipart).
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
            "application/json" | "application/x-json" | "text/json" | "text/x-json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" | "multipart/mixed" | "multipart/related" => Self::Multipart,
            "application/xml" | "text/xml" => Self::Xml,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::Ndjson,
            _ if media_type.ends_with("+xml") => Self::Xml,
            _ if media_type.starts_with("application/") && media_type.ends_with("+json") => Self::Json,
            _ if media_type.starts_with("text/") => Self::Text,
            _ => return None,
        })
    }
}

/// The format of a content type that is written wrongly but has one meaning: without a slash, in quotes, without the semicolon
/// before its parameters, or more than once.
pub(crate) fn misspelled(content_type: &str) -> Option<Format> {
    let mut formats = content_type.split(',').map(|one| {
        let name = one.trim().trim_start_matches('"');
        let end = name.find([';', '"', ' ', '\t']).unwrap_or(name.len());
        match &*lowercase(&name[..end]) {
            "json" => Some(Format::Json),
            "xml" => Some(Format::Xml),
            "x-www-form-urlencoded" => Some(Format::Form),
            // A boundary is needed, which a comma may be part of.
            name => Format::of(name).filter(|format| *format != Format::Multipart),
        }
    });
    let first = formats.next()??;
    formats.all(|other| other == Some(first)).then_some(first)
}

/// Whether a media type may be one: a list of several isn't, nor one with parameters behind a space.
pub(crate) fn is_one(media_type: &str) -> bool {
    memchr::memchr3(b',', b' ', b'"', media_type.as_bytes()).is_none()
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

/// The charset that a content type names.
pub(crate) fn charset_label(content_type: &str) -> Option<&str> {
    parameters(content_type).find_map(|(name, value)| name.eq_ignore_ascii_case("charset").then_some(value))
}

/// Whether a charset is UTF-8, of which US-ASCII is a part.
pub(crate) fn is_utf8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|known| charset.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_misspelled_content_type_for_what_it_means() {
        for (content_type, format) in [
            ("json", Format::Json),
            ("JSON; charset=utf-8", Format::Json),
            ("application/json charset=utf-8", Format::Json),
            ("application/json, application/json", Format::Json),
            ("application/json;charset=utf-8,application/json", Format::Json),
            ("\"application/json\"", Format::Json),
            ("text/json, application/json", Format::Json),
            ("xml", Format::Xml),
            ("x-www-form-urlencoded", Format::Form),
            ("text/plain charset=utf-8", Format::Text),
        ] {
            assert_eq!(misspelled(content_type), Some(format), "{content_type}");
        }
        for nonsense in [
            "",
            ",",
            "x",
            "application/jsonp",
            "text/plain, application/json",
            "jsonx",
            "image/png, json",
        ] {
            assert_eq!(misspelled(nonsense), None, "{nonsense}");
        }
    }
}
