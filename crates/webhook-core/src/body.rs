//! From the bytes of a body to JSON text: inflation, character set, content type.

pub mod content_type;
mod inflate;
pub mod multipart;
mod ndjson;
pub mod xml;

use std::borrow::Cow;

use self::content_type::{is_utf8, media_type, parameters, Format};
use self::inflate::inflate;
use crate::error::ParseError;
use crate::json::{self, TooLarge};
use crate::query;
use crate::rejection::Rejection;

/// A body that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// Bytes of the body, as inflated.
    pub size: usize,
    /// JSON text; not checked yet where the body is JSON.
    pub json: Cow<'a, [u8]>,
    /// The body as text, as it was inflated, where it was asked for. A multipart body has none: files aren't text.
    pub raw: Option<String>,
    /// A multipart body with its files, where they were asked for and there are some.
    pub form: Option<multipart::Form<'static>>,
}

/// How a body is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The format, whatever the content type says; `None` goes by the content type.
    pub format: Option<Format>,
    /// Whether the body is wanted as text besides.
    pub raw: bool,
    /// Whether what is in the files of a multipart body is wanted besides.
    pub files: bool,
    /// Most bytes of the body, as inflated.
    pub limit: usize,
}

/// Reads a body: undoes `Content-Encoding` (one, the limit holding for the inflated size), then turns it into JSON text. An
/// empty body counts as none (`None`), whatever its type.
///
/// JSON is not checked here but where it is walked, so that it is walked once.
///
/// # Errors
/// The rejections for size, encoding, content type, charset, and bytes that are not what the format says.
pub fn read<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    Reading {
        format,
        raw,
        files,
        limit,
    }: Reading,
) -> Result<Option<Body<'a>>, Rejection> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let bytes = inflate(bytes, content_encoding.unwrap_or_default(), limit)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let format = match format {
        Some(format) => format,
        None => declared_format(content_type)?,
    };
    let malformed = |what| move |error| Rejection::Malformed { what, error };
    let text = |what| ParseError::check_utf8(&bytes).map_err(malformed(what));
    let raw = if raw && format != Format::Multipart {
        Some(text("body")?.to_owned())
    } else {
        None
    };
    let mut kept = None;
    let json = match format {
        Format::Json => None,
        Format::Multipart => {
            let form = multipart::boundary(content_type.unwrap_or_default(), &bytes)
                .and_then(|boundary| multipart::read(&bytes, boundary))
                .map_err(malformed("multipart body"))?;
            let json = form.to_json();
            if files && form.files().next().is_some() {
                kept = Some(form.into_owned());
            }
            Some(json)
        }
        Format::Form => Some(query::read_form(&bytes).map_err(malformed("form body"))?),
        Format::Xml => Some(xml::read(&bytes).map_err(malformed("XML body"))?),
        Format::Ndjson => Some(ndjson::read(&bytes).map_err(malformed("NDJSON body"))?),
        Format::Text => {
            let mut quoted = json::Writer::new(bytes.len());
            let written = quoted.push_string(text("text body")?.trim_start_matches('\u{feff}'));
            let limit = quoted.limit();
            written.map_err(|TooLarge| Rejection::ContextTooLarge { limit })?;
            Some(quoted.into_text())
        }
    };
    let size = bytes.len();
    let json = json.map_or(bytes, |json| Cow::Owned(json.into_bytes()));
    Ok(Some(Body {
        size,
        json,
        raw,
        form: kept,
    }))
}

// RFC 9110 section 8.3.1. Parameters other than the charset change nothing about how these types are read.
fn declared_format(content_type: Option<&str>) -> Result<Format, Rejection> {
    let declared = content_type.unwrap_or_default();
    let media_type = media_type(declared);
    let format = Format::of(&media_type).ok_or_else(|| Rejection::UnsupportedType {
        media_type: excerpt(&media_type, 80),
    })?;
    for (name, value) in parameters(declared) {
        if name.eq_ignore_ascii_case("charset") && !is_utf8(value) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{INFLATION_SLACK, MAX_INFLATION};
    use std::io::Write;

    const LIMIT: usize = 1000;

    const READING: Reading = Reading {
        format: None,
        raw: false,
        files: false,
        limit: LIMIT,
    };

    fn read_text(bytes: &[u8], content_type: &str, encoding: &str) -> Result<Option<String>, Rejection> {
        let read = read(bytes, Some(content_type), Some(encoding), READING)?;
        Ok(read.map(|body| String::from_utf8(body.json.into_owned()).unwrap()))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_json_forms_and_text_as_json_text() {
        for (content_type, body, read) in [
            ("application/json", r#"{"a":1}"#, r#"{"a":1}"#),
            ("application/json; charset=\"UTF-8\"", "1", "1"),
            ("APPLICATION/VND.API+JSON;charset=utf8", "[]", "[]"),
            ("application/x-www-form-urlencoded", "a[b]=1", r#"{"a":{"b":"1"}}"#),
            ("application/xml; charset=utf-8", "<a>1</a>", r#"{"a":"1"}"#),
            ("text/xml", "<a/>", r#"{"a":""}"#),
            ("application/soap+xml", "<a/>", r#"{"a":""}"#),
            ("application/x-ndjson", "{\"a\":1}\r\n\n [2] \n3", r#"[{"a":1},[2],3]"#),
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
    fn treats_an_empty_body_as_absent_whatever_its_type() {
        for content_type in [None, Some("image/png"), Some("application/json; charset=latin1")] {
            assert_eq!(read(b"", content_type, Some("zstd"), READING), Ok(None));
        }
        assert_eq!(read(&gzip(b""), None, Some("gzip"), READING), Ok(None));
    }

    #[test]
    fn rejects_other_types_and_charsets() {
        for content_type in ["image/png", "application/jsonp", "json", "multipart/mixed; boundary=a"] {
            let media_type = content_type.split(';').next().map(str::to_owned);
            assert_eq!(
                read_text(b"x", content_type, ""),
                Err(Rejection::UnsupportedType { media_type })
            );
        }
        assert_eq!(
            read(b"x", None, None, READING),
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
    fn rejects_text_that_is_not_utf8_with_its_place() {
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
    fn undoes_one_encoding() {
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
            ("identity, gzip,, identity", gzip(body)),
        ] {
            let read = read_text(&bytes, "application/json", encoding);
            assert_eq!(read, Ok(Some(String::from_utf8_lossy(body).into_owned())), "{encoding}");
        }
    }

    #[test]
    fn rejects_stacked_encodings_before_undoing_any() {
        for encodings in ["gzip, gzip", "gzip,identity,br", "deflate, zstd", "GZIP, GZIP"] {
            let rejected = read_text(b"not that at all", "text/plain", encodings);
            assert_eq!(rejected, Err(Rejection::StackedEncodings), "{encodings}");
        }
    }

    fn read_within(limit: usize, bytes: &[u8], encoding: &str) -> Result<usize, Rejection> {
        let reading = Reading { limit, ..READING };
        let read = read(bytes, Some("text/plain"), Some(encoding), reading)?;
        Ok(read.map_or(0, |body| body.json.len()))
    }

    #[test]
    fn bounds_an_inflated_body_to_a_hundred_times_its_size() {
        let bomb = gzip(&vec![b' '; 2 << 20]);
        let limit = bomb.len() * MAX_INFLATION + INFLATION_SLACK;
        assert!(limit < 2 << 20);
        let too_large = Err(Rejection::TooLarge { limit, inflated: true });
        assert_eq!(read_within(100 << 20, &bomb, "gzip"), too_large);
        let small = vec![b' '; INFLATION_SLACK];
        assert_eq!(read_within(100 << 20, &gzip(&small), "gzip"), Ok(INFLATION_SLACK + 2));
    }

    #[test]
    fn rejects_an_encoding_larger_than_its_content() {
        let members = gzip(b"").repeat(50_000);
        // Stored blocks without a byte, as raw deflate and in a stream of zlib.
        let blocks = [0, 0, 0, 0xff, 0xff].repeat(50_000);
        let zlib = [&[0x78, 0x9c][..], &blocks].concat();
        // Blocks with the fixed codes and nothing but their end, ten bits each: four of them in five bytes.
        let fixed = [0b0000_0010, 0b0000_1000, 0b0010_0000, 0b1000_0000, 0].repeat(50_000);
        // A window of 64 KiB, then empty blocks of metadata, each one byte: `00 11 0 00`, padded.
        let metadata = [&[0x0c_u8][..], &[0b0000_0110].repeat(50_000)].concat();
        for (encoding, bytes) in [
            ("gzip", &members),
            ("deflate", &blocks),
            ("deflate", &zlib),
            ("deflate", &fixed),
            ("br", &metadata),
        ] {
            let name = encoding;
            let rejected = read_within(100 << 20, bytes, encoding);
            assert_eq!(rejected, Err(Rejection::WastefulEncoding { encoding: name }));
        }
        // What doesn't compress grows a little, and members may be small.
        let mut noise = vec![0; 256 * 1024];
        let mut state = 1_u32;
        noise.fill_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b' ' + (state >> 25) as u8 % 64
        });
        assert!(read_within(10 << 20, &gzip(&noise), "gzip").is_ok());
        assert!(read_within(10 << 20, &gzip(b"a line of a log\n").repeat(500), "gzip").is_ok());
    }

    #[test]
    fn stops_inflating_at_the_limit_and_rejects_broken_bytes() {
        let too_large = Err(Rejection::TooLarge {
            limit: LIMIT,
            inflated: true,
        });
        assert_eq!(read_text(&gzip(&[b' '; LIMIT + 1]), "text/plain", "gzip"), too_large);
        assert!(read_text(&gzip(&[b' '; LIMIT]), "text/plain", "gzip").is_ok());
        for encoding in ["gzip", "deflate", "br"] {
            let rejected = read_text(b"not that at all", "text/plain", encoding);
            assert_eq!(rejected, Err(Rejection::BadEncoding { encoding }), "{encoding}");
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

    #[test]
    fn rejects_a_line_that_is_not_a_value_with_its_place() {
        let Err(Rejection::Malformed { error, .. }) = read_text(b"1\n[2,\n3]\n", "application/x-ndjson", "") else {
            panic!()
        };
        assert_eq!((error.line, error.offset >= 4), (2, true), "{error}");
        assert!(read_text(b"1,2\n", "application/x-ndjson", "").is_err());
    }

    #[test]
    fn reads_a_body_as_configured_and_keeps_its_text_on_request() {
        let reading = Reading {
            format: Some(Format::Json),
            raw: true,
            ..READING
        };
        let body = read(b" {\"a\": 1}\n", Some("text/plain; charset=latin1"), None, reading)
            .unwrap()
            .unwrap();
        assert_eq!(
            (&*body.json, body.raw.as_deref()),
            (&b" {\"a\": 1}\n"[..], Some(" {\"a\": 1}\n"))
        );
        assert!(read(b"\xff", None, None, reading).is_err());
    }
}
