//! From the bytes of a body to JSON text: inflation, character set, content type.

use std::borrow::Cow;
use std::io::Read;

use crate::error::ParseError;
use crate::rejection::Rejection;
use crate::{json, query};

/// What a body is read as, decided by its `Content-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `application/json` and `application/*+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `text/*`.
    Text,
}

/// Reads a body: undoes `Content-Encoding` (the limit holding for the inflated size), then turns JSON, a form or text
/// into JSON text. An empty body is no body (`None`), whatever its type.
///
/// JSON is not checked here but where it is walked, so that it is walked once.
///
/// # Errors
/// The refusals for size, encoding, content type, charset, and bytes that are no UTF-8.
pub fn read<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    limit: usize,
) -> Result<Option<Cow<'a, [u8]>>, Rejection> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let bytes = inflate(bytes, content_encoding.unwrap_or_default(), limit)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let format = format_of(content_type)?;
    match format {
        Format::Json => Ok(Some(bytes)),
        Format::Form => {
            let form = query::read_form(&bytes).map_err(|error| Rejection::Malformed {
                what: "form body",
                error,
            })?;
            Ok(Some(Cow::Owned(form.into_bytes())))
        }
        Format::Text => {
            let text = std::str::from_utf8(&bytes).map_err(|error| Rejection::Malformed {
                what: "text body",
                error: ParseError::at(
                    "UTF8_INVALID",
                    "expected UTF-8, but found a byte that is not",
                    &bytes,
                    error.valid_up_to(),
                ),
            })?;
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            Ok(Some(Cow::Owned(json::quote(text).into_bytes())))
        }
    }
}

// RFC 9110 section 8.3.1. Parameters other than the charset change nothing about how these types are read.
fn format_of(content_type: Option<&str>) -> Result<Format, Rejection> {
    let declared = content_type.unwrap_or_default();
    let mut parts = declared.split(';');
    let media_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let format = if media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
    {
        Format::Json
    } else if media_type == "application/x-www-form-urlencoded" {
        Format::Form
    } else if media_type.starts_with("text/") {
        Format::Text
    } else {
        return Err(Rejection::UnsupportedType {
            media_type: excerpt(&media_type, 80),
        });
    };
    for parameter in parts {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        // US-ASCII is a subset of UTF-8.
        let is_utf8 = ["utf-8", "utf8", "us-ascii"]
            .iter()
            .any(|known| value.eq_ignore_ascii_case(known));
        if name.trim().eq_ignore_ascii_case("charset") && !is_utf8 {
            return Err(Rejection::Charset {
                charset: excerpt(value, 40).unwrap_or_default(),
            });
        }
    }
    Ok(format)
}

// What a caller sent goes back to it shortened; `None` for nothing.
fn excerpt(text: &str, characters: usize) -> Option<String> {
    (!text.is_empty()).then(|| text.chars().take(characters).collect())
}

/// Undoes the encodings a `Content-Encoding` header lists, last one first (RFC 9110 section 8.4).
fn inflate<'a>(bytes: &'a [u8], encodings: &str, limit: usize) -> Result<Cow<'a, [u8]>, Rejection> {
    let mut bytes = Cow::Borrowed(bytes);
    for encoding in encodings
        .rsplit(',')
        .map(str::trim)
        .filter(|encoding| !encoding.is_empty())
    {
        let encoding = encoding.to_ascii_lowercase();
        let inflated = match encoding.as_str() {
            "identity" => continue,
            "gzip" | "x-gzip" => bounded("gzip", flate2::read::MultiGzDecoder::new(&*bytes), limit)?,
            // "deflate" names the zlib format, but some senders leave its wrapper away, as they always have.
            "deflate" if is_zlib(&bytes) => bounded("deflate", flate2::read::ZlibDecoder::new(&*bytes), limit)?,
            "deflate" => bounded("deflate", flate2::read::DeflateDecoder::new(&*bytes), limit)?,
            "br" => bounded("br", brotli::Decompressor::new(&*bytes, 4096), limit)?,
            _ => return Err(Rejection::UnsupportedEncoding),
        };
        bytes = Cow::Owned(inflated);
    }
    Ok(bytes)
}

// RFC 1950 section 2.2: method 8, and a check that makes the first two bytes a multiple of 31.
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31))
}

// Stops at one byte over the limit, so that a bomb costs no more than the limit.
fn bounded(encoding: &'static str, decoder: impl Read, limit: usize) -> Result<Vec<u8>, Rejection> {
    let mut inflated = Vec::new();
    let read = decoder.take(limit as u64 + 1).read_to_end(&mut inflated);
    if inflated.len() > limit {
        return Err(Rejection::TooLarge { limit, inflated: true });
    }
    read.map_err(|_| Rejection::BadEncoding { encoding })?;
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const LIMIT: usize = 1000;

    fn read_text(bytes: &[u8], content_type: &str, encoding: &str) -> Result<Option<String>, Rejection> {
        let read = read(bytes, Some(content_type), Some(encoding), LIMIT)?;
        Ok(read.map(|body| String::from_utf8(body.into_owned()).unwrap()))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn json_forms_and_text_become_json_text() {
        for (content_type, body, read) in [
            ("application/json", r#"{"a":1}"#, r#"{"a":1}"#),
            ("application/json; charset=\"UTF-8\"", "1", "1"),
            ("APPLICATION/VND.API+JSON;charset=utf8", "[]", "[]"),
            ("application/x-www-form-urlencoded", "a[b]=1", r#"{"a":{"b":"1"}}"#),
            ("text/plain", "a \"b\"\n", r#""a \"b\"\u000a""#),
            ("text/csv; charset=us-ascii; header=present", "\u{feff}a", r#""a""#),
        ] {
            assert_eq!(
                read_text(body.as_bytes(), content_type, ""),
                Ok(Some(read.to_owned())),
                "{content_type}"
            );
        }
    }

    #[test]
    fn an_empty_body_is_no_body_whatever_its_type() {
        for content_type in [None, Some("image/png"), Some("application/json; charset=latin1")] {
            assert_eq!(read(b"", content_type, Some("zstd"), LIMIT), Ok(None));
        }
        assert_eq!(read(&gzip(b""), None, Some("gzip"), LIMIT), Ok(None));
    }

    #[test]
    fn other_types_and_charsets_are_refused() {
        for content_type in [
            "image/png",
            "application/xml",
            "application/jsonp",
            "json",
            "multipart/form-data; boundary=a",
        ] {
            let media_type = content_type.split(';').next().map(str::to_owned);
            assert_eq!(
                read_text(b"x", content_type, ""),
                Err(Rejection::UnsupportedType { media_type })
            );
        }
        assert_eq!(
            read(b"x", None, None, LIMIT),
            Err(Rejection::UnsupportedType { media_type: None })
        );
        for charset in ["iso-8859-1", "utf-16", "utf-7"] {
            let content_type = format!("text/plain; charset={charset}");
            assert_eq!(
                read_text(b"x", &content_type, ""),
                Err(Rejection::Charset {
                    charset: charset.to_owned()
                })
            );
        }
    }

    #[test]
    fn text_that_is_no_utf8_is_refused_with_its_place() {
        let Err(Rejection::Malformed {
            what: "text body",
            error,
        }) = read_text(b"ab\n\xff", "text/plain", "")
        else {
            panic!()
        };
        assert_eq!(
            (error.code, error.line, error.column, error.offset),
            ("UTF8_INVALID", 2, 1, 3)
        );
    }

    #[test]
    fn encodings_are_undone_in_reverse_order() {
        let body = br#"{"a":1}"#;
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(body).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        raw.write_all(body).unwrap();
        let mut members = gzip(&body[..3]);
        members.extend(gzip(&body[3..]));
        for (encoding, bytes) in [
            ("gzip", gzip(body)),
            ("X-GZIP", gzip(body)),
            ("identity", body.to_vec()),
            ("gzip", members),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("gzip, identity, gzip", gzip(&gzip(body))),
        ] {
            let read = read_text(&bytes, "application/json", encoding);
            assert_eq!(read, Ok(Some(String::from_utf8_lossy(body).into_owned())), "{encoding}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit_and_broken_bytes_are_refused() {
        let too_large = Err(Rejection::TooLarge {
            limit: LIMIT,
            inflated: true,
        });
        assert_eq!(read_text(&gzip(&[b' '; LIMIT + 1]), "text/plain", "gzip"), too_large);
        assert!(read_text(&gzip(&[b' '; LIMIT]), "text/plain", "gzip").is_ok());
        for encoding in ["gzip", "deflate", "br"] {
            let refused = read_text(b"not that at all", "text/plain", encoding);
            assert_eq!(refused, Err(Rejection::BadEncoding { encoding }), "{encoding}");
        }
        let truncated = &gzip(b"some text")[..15];
        assert_eq!(
            read_text(truncated, "text/plain", "gzip"),
            Err(Rejection::BadEncoding { encoding: "gzip" })
        );
        assert_eq!(
            read_text(b"x", "text/plain", "zstd"),
            Err(Rejection::UnsupportedEncoding)
        );
    }
}
