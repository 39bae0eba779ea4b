//! From the bytes of a body to JSON text: inflation, character set, content type.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};

use crate::error::ParseError;
use crate::json::TooLarge;
use crate::limits::{INFLATION_SLACK, INFLATION_WASTE, MAX_INFLATION};
use crate::rejection::Rejection;
use crate::request::lowercase;
use crate::{json, multipart, query, xml};

/// What a body is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json` and `application/*+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/xml`, `text/xml` and `*/*+xml`, by the rules of [`xml`].
    Xml,
    /// `application/x-ndjson`, `application/ndjson`, `application/jsonl`: a list with a value for each line that is not
    /// blank.
    Ndjson,
    /// `multipart/form-data`, by the rules of [`multipart`].
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

/// A body that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// Bytes of the body, as inflated.
    pub size: usize,
    /// JSON text; not checked yet where the body is JSON.
    pub json: Cow<'a, [u8]>,
    /// The body as text, as it was inflated, where it was asked for. A multipart body has none: files are no text.
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
/// empty body is no body (`None`), whatever its type.
///
/// JSON is not checked here but where it is walked, so that it is walked once.
///
/// # Errors
/// The refusals for size, encoding, content type, charset, and bytes that are not what the format says.
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
    let text = |what| utf8(&bytes).map_err(malformed(what));
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
        Format::Ndjson => Some(read_lines(&bytes).map_err(malformed("NDJSON body"))?),
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

fn utf8(bytes: &[u8]) -> Result<&str, ParseError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let message = "expected UTF-8, but found a byte that is not";
        ParseError::at("UTF8_INVALID", message, bytes, error.valid_up_to())
    })
}

// Each line is checked by itself: two halves of a list on two lines would be a list together.
fn read_lines(bytes: &[u8]) -> Result<String, ParseError> {
    let mut list = String::with_capacity(bytes.len() + 2);
    list.push('[');
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !line.iter().all(u8::is_ascii_whitespace) {
            let value = json::check(line.trim_ascii_end())
                .map_err(|error| ParseError::at(error.code, error.message, bytes, start + error.offset))?;
            if list.len() > 1 {
                list.push(',');
            }
            list.push_str(value.trim());
        }
        start += line.len();
    }
    list.push(']');
    Ok(list)
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

// What a caller sent goes back to it shortened; `None` for nothing.
fn excerpt(text: &str, characters: usize) -> Option<String> {
    (!text.is_empty()).then(|| text.chars().take(characters).collect())
}

/// Undoes the encoding that a `Content-Encoding` header names (RFC 9110 section 8.4). It may list several, each costing the
/// work of the ones inside it once more; nobody sends more than one, so that no more is undone.
fn inflate<'a>(bytes: &'a [u8], encodings: &str, limit: usize) -> Result<Cow<'a, [u8]>, Rejection> {
    let mut listed = encodings
        .split(',')
        .map(|encoding| encoding.trim().to_ascii_lowercase())
        .filter(|encoding| !matches!(encoding.as_str(), "" | "identity"));
    let Some(encoding) = listed.next() else {
        return Ok(Cow::Borrowed(bytes));
    };
    if listed.next().is_some() {
        return Err(Rejection::StackedEncodings);
    }
    let limit = limit.min(bytes.len().saturating_mul(MAX_INFLATION) + INFLATION_SLACK);
    let made = Cell::new(0);
    let input = Input {
        bytes,
        taken: 0,
        made: &made,
    };
    let inflated = match encoding.as_str() {
        "gzip" | "x-gzip" => bounded("gzip", flate2::bufread::MultiGzDecoder::new(input), &made, limit),
        // "deflate" names the zlib format, but some senders leave its wrapper away, as they always have.
        "deflate" if is_zlib(bytes) => bounded("deflate", flate2::bufread::ZlibDecoder::new(input), &made, limit),
        "deflate" => bounded("deflate", flate2::bufread::DeflateDecoder::new(input), &made, limit),
        "br" => bounded("br", brotli::Decompressor::new(input, 4096), &made, limit),
        _ => Err(Rejection::UnsupportedEncoding),
    };
    inflated.map(Cow::Owned)
}

// RFC 1950 section 2.2: method 8, and a check that makes the first two bytes a multiple of 31.
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31))
}

/// Compressed bytes, given to a decoder as long as enough comes of them: members, blocks and tables of codes cost work
/// without giving a byte, and any number of them may stand in a body.
struct Input<'a> {
    bytes: &'a [u8],
    taken: usize,
    /// Bytes that have come of it so far.
    made: &'a Cell<usize>,
}

/// What [`Input`] ends with where too little comes of it.
#[derive(Debug)]
struct Wasteful;

impl fmt::Display for Wasteful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more goes in than comes out")
    }
}

impl std::error::Error for Wasteful {}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let end = self.bytes.len().min(self.made.get() + INFLATION_WASTE);
        if self.taken >= end && end < self.bytes.len() {
            return Err(io::Error::other(Wasteful));
        }
        Ok(&self.bytes[self.taken..end])
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

// Stops once there is more than the limit, so that a bomb costs no more than the limit.
fn bounded(
    encoding: &'static str,
    mut decoder: impl Read,
    made: &Cell<usize>,
    limit: usize,
) -> Result<Vec<u8>, Rejection> {
    let mut inflated = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let count = match decoder.read(&mut chunk) {
            Ok(0) => return Ok(inflated),
            Ok(count) => count,
            Err(error) if error.get_ref().is_some_and(|inner| inner.is::<Wasteful>()) => {
                return Err(Rejection::WastefulEncoding { encoding })
            }
            Err(_) => return Err(Rejection::BadEncoding { encoding }),
        };
        if inflated.len() + count > limit {
            return Err(Rejection::TooLarge { limit, inflated: true });
        }
        inflated.extend_from_slice(&chunk[..count]);
        made.set(inflated.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn json_forms_and_text_become_json_text() {
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
    fn an_empty_body_is_no_body_whatever_its_type() {
        for content_type in [None, Some("image/png"), Some("application/json; charset=latin1")] {
            assert_eq!(read(b"", content_type, Some("zstd"), READING), Ok(None));
        }
        assert_eq!(read(&gzip(b""), None, Some("gzip"), READING), Ok(None));
    }

    #[test]
    fn other_types_and_charsets_are_refused() {
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
    fn one_encoding_is_undone() {
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
    fn more_than_one_encoding_is_refused_before_any_is_undone() {
        for encodings in ["gzip, gzip", "gzip,identity,br", "deflate, zstd", "GZIP, GZIP"] {
            let refused = read_text(b"not that at all", "text/plain", encodings);
            assert_eq!(refused, Err(Rejection::StackedEncodings), "{encodings}");
        }
    }

    fn read_within(limit: usize, bytes: &[u8], encoding: &str) -> Result<usize, Rejection> {
        let reading = Reading { limit, ..READING };
        let read = read(bytes, Some("text/plain"), Some(encoding), reading)?;
        Ok(read.map_or(0, |body| body.json.len()))
    }

    #[test]
    fn a_body_inflates_to_a_hundred_times_its_size_at_most() {
        let bomb = gzip(&vec![b' '; 2 << 20]);
        let limit = bomb.len() * MAX_INFLATION + INFLATION_SLACK;
        assert!(limit < 2 << 20);
        let too_large = Err(Rejection::TooLarge { limit, inflated: true });
        assert_eq!(read_within(100 << 20, &bomb, "gzip"), too_large);
        let small = vec![b' '; INFLATION_SLACK];
        assert_eq!(read_within(100 << 20, &gzip(&small), "gzip"), Ok(INFLATION_SLACK + 2));
    }

    #[test]
    fn a_body_whose_encoding_holds_next_to_nothing_is_refused_wherever_it_ends() {
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
            let refused = read_within(100 << 20, bytes, encoding);
            assert_eq!(refused, Err(Rejection::WastefulEncoding { encoding: name }));
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

    #[test]
    fn a_line_that_is_no_value_by_itself_is_refused_with_its_place() {
        let Err(Rejection::Malformed { error, .. }) = read_text(b"1\n[2,\n3]\n", "application/x-ndjson", "") else {
            panic!()
        };
        assert_eq!((error.line, error.offset >= 4), (2, true), "{error}");
        assert!(read_text(b"1,2\n", "application/x-ndjson", "").is_err());
    }

    #[test]
    fn a_body_is_read_as_the_configuration_says_and_kept_raw_where_it_is_wanted() {
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
