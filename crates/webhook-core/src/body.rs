//! From the bytes of a body to JSON text: inflation, character set, content type.
//!
//! What isn't written as it should be but has one meaning is read as what it means; [`Leniencies`] says so.

mod charset;
pub mod content_type;
mod inflate;
mod leniency;
pub mod multipart;
mod ndjson;
pub mod xml;

use std::borrow::Cow;
use std::iter;

pub use self::charset::Charset;
use self::content_type::{charset_label, is_one, is_utf8, media_type, misspelled, Format};
pub(crate) use self::inflate::inflate;
pub use self::leniency::{Leniencies, Leniency};
use crate::error::ParseError;
use crate::json;
use crate::limits::{held_limit, quoted_limit};
use crate::query;
use crate::rejection::Rejection;

/// A body that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// Bytes of the body, as inflated and in UTF-8.
    pub size: usize,
    /// Bytes of the body as inflated, whatever its charset.
    pub inflated: usize,
    /// What it was read as.
    pub format: Format,
    /// JSON text; not checked yet where the body is JSON.
    pub json: Cow<'a, [u8]>,
    /// The body as text, as it was inflated, where it was asked for. A multipart body has none: files aren't text.
    pub raw: Option<Cow<'a, str>>,
    /// A multipart body with its files, where they were asked for and there are some.
    pub form: Option<multipart::Form<'static>>,
    /// What wasn't written as it should be.
    pub needed: Leniencies,
}

impl Body<'_> {
    /// Bytes that it holds in memory, counted for a body of [`size`](Self::size): one that grew with its charset counts for more.
    pub fn held(&self) -> usize {
        let owned = |copy: &Cow<'_, [u8]>| if matches!(copy, Cow::Owned(_)) { copy.len() } else { 0 };
        let raw = match &self.raw {
            Some(Cow::Owned(raw)) => raw.len(),
            _ => 0,
        };
        owned(&self.json) + raw + (held_limit(self.size) - held_limit(self.inflated.min(self.size)))
    }
}

/// How a body is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The format, whatever the content type says; `None` goes by the content type.
    pub format: Option<Format>,
    /// The charset of what doesn't name its own; UTF-8 for `None`.
    pub charset: Option<Charset>,
    /// Whether the body is wanted as text besides.
    pub raw: bool,
    /// Whether what is in the files of a multipart body is wanted besides.
    pub files: bool,
    /// Most bytes of the body, as inflated and in UTF-8.
    pub limit: usize,
}

/// Reads a body: undoes `Content-Encoding` (one, the limit holding for the inflated size), then turns it into JSON text. An
/// empty body counts as none (`None`), whatever its type, and so does white space where that means nothing.
///
/// JSON is not checked here but where it is walked, so that it is walked once.
///
/// # Errors
/// The rejections for size, encoding, content type, charset, and bytes that are not what the format says.
pub fn read<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    reading: Reading,
) -> Result<Option<Body<'a>>, Rejection> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut needed = Leniencies::default();
    let encodings = content_encoding.unwrap_or_default();
    let bytes = inflate(bytes, encodings, reading.limit, &mut needed)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let declared = content_type.unwrap_or_default();
    let known = reading.format.or_else(|| declared_format(declared));
    if known != Some(Format::Text) && is_blank(&bytes) {
        return Ok(None);
    }
    let format = match known {
        Some(format) => format,
        None => guessed_format(declared, &bytes, &mut needed)?,
    };
    let source = Source {
        inflated: bytes.len(),
        bytes,
        declared,
        reading,
        needed,
    };
    let read = match format {
        Format::Json => source.json(),
        Format::Ndjson => source.ndjson(),
        Format::Multipart => source.multipart(),
        Format::Form | Format::Xml | Format::Text => source.text(format),
    };
    read.map(Some)
}

/// A body whose format is known.
struct Source<'a, 'h> {
    inflated: usize,
    bytes: Cow<'a, [u8]>,
    declared: &'h str,
    reading: Reading,
    needed: Leniencies,
}

impl<'a> Source<'a, '_> {
    // JSON is UTF-8 whatever its label says (RFC 8259 section 8.1).
    fn json(mut self) -> Result<Body<'a>, Rejection> {
        self.ignore_charset();
        self.read_as_is()
    }

    fn ndjson(mut self) -> Result<Body<'a>, Rejection> {
        self.ignore_charset();
        let json = ndjson::read(&self.bytes).map_err(malformed("NDJSON body"))?;
        self.read_as(Format::Ndjson, json)
    }

    fn multipart(self) -> Result<Body<'a>, Rejection> {
        let Self {
            inflated,
            bytes,
            declared,
            reading,
            mut needed,
        } = self;
        let options = multipart::Options {
            charset: charset_label(declared).and_then(Charset::named).or(reading.charset),
            named: media_type(declared) == "multipart/form-data",
            files: reading.files,
        };
        let form = multipart::boundary(declared, &bytes)
            .and_then(|boundary| multipart::read_with(&bytes, boundary, options, &mut needed))
            .map_err(malformed("multipart body"))?;
        fits(form.texts(), quoted_limit(inflated))?;
        let json = form.to_json();
        let kept = reading.files && form.files().next().is_some();
        Ok(Body {
            size: bytes.len(),
            inflated,
            format: Format::Multipart,
            json: Cow::Owned(json.into_bytes()),
            raw: None,
            form: kept.then(|| form.into_owned()),
            needed,
        })
    }

    fn text(mut self, format: Format) -> Result<Body<'a>, Rejection> {
        if self.is_mislabelled_json(format) {
            self.needed.add(Leniency::MislabelledJson);
            return self.json();
        }
        let charset = self.charset(format)?;
        if let Some(charset) = charset.filter(|charset| !charset.is_utf8()) {
            self.bytes = Cow::Owned(self.decoded(format, charset)?.into_bytes());
            if self.is_mislabelled_json(format) {
                self.needed.add(Leniency::MislabelledJson);
                return self.read_as_is();
            }
        }
        let bytes = without_mark(&self.bytes);
        let json = match format {
            Format::Form => {
                self.fits(std::str::from_utf8(bytes).ok().into_iter())?;
                query::read_form(bytes).map_err(malformed("form body"))?
            }
            Format::Xml => xml::read_as(bytes, charset.is_some()).map_err(malformed("XML body"))?,
            _ => {
                let text = ParseError::check_utf8(bytes).map_err(malformed("text body"))?;
                self.fits(iter::once(text))?;
                json::quote(text)
            }
        };
        self.read_as(format, json)
    }

    fn read_as(self, format: Format, json: String) -> Result<Body<'a>, Rejection> {
        let raw = self.reading.raw.then(|| text(&self.bytes)).transpose()?;
        Ok(Body {
            size: self.bytes.len(),
            inflated: self.inflated,
            format,
            json: Cow::Owned(json.into_bytes()),
            raw,
            form: None,
            needed: self.needed,
        })
    }

    fn read_as_is(self) -> Result<Body<'a>, Rejection> {
        let raw = self.reading.raw.then(|| text(&self.bytes)).transpose()?;
        Ok(Body {
            size: self.bytes.len(),
            inflated: self.inflated,
            format: Format::Json,
            json: self.bytes,
            raw,
            form: None,
            needed: self.needed,
        })
    }

    /// Whether texts of the body fit as JSON. Most characters of a charset take up to three bytes in UTF-8.
    fn fits<'t>(&self, texts: impl Iterator<Item = &'t str> + Clone) -> Result<(), Rejection> {
        let limit = quoted_limit(self.bytes.len()).min(quoted_limit(self.inflated) / 2 * 3);
        fits(texts, limit)
    }

    fn ignore_charset(&mut self) {
        if charset_label(self.declared).is_some_and(|label| !is_utf8(label)) {
            self.needed.add(Leniency::Charset);
        }
    }

    // Whether a form or a text is one JSON object or array. A configured format is taken at its word.
    fn is_mislabelled_json(&self, format: Format) -> bool {
        let bytes = without_mark(&self.bytes);
        self.reading.format.is_none()
            && format != Format::Xml
            && matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
            && matches!(bytes.trim_ascii_end().last(), Some(b'}' | b']'))
            && json::check(bytes).is_ok()
    }

    // The charset of a body by its first bytes, its content type, itself, or the configuration; `None` where none of them names
    // one, which means UTF-8.
    fn charset(&mut self, format: Format) -> Result<Option<Charset>, Rejection> {
        if let Some(marked) = Charset::of_mark(&self.bytes) {
            return Ok(Some(marked));
        }
        let Some(label) = charset_label(self.declared) else {
            let own = match format {
                Format::Xml => xml::declared_charset(&self.bytes),
                _ => None,
            };
            return Ok(own.or(self.reading.charset));
        };
        match Charset::named(label) {
            Some(charset) => Ok(Some(charset)),
            None if simdutf8::basic::from_utf8(&self.bytes).is_ok() => {
                self.needed.add(Leniency::Charset);
                Ok(None)
            }
            None => Err(Rejection::Charset {
                charset: excerpt(label, 40).unwrap_or_default(),
            }),
        }
    }

    fn decoded(&self, format: Format, charset: Charset) -> Result<String, Rejection> {
        let text = || charset.decode(&self.bytes).map(Cow::into_owned);
        let decoded = match format {
            Format::Form => query::transcode_form(&self.bytes, charset).map_err(malformed("form body")),
            Format::Xml => text().map_err(malformed("XML body")),
            _ => text().map_err(malformed("text body")),
        }?;
        let limit = self.reading.limit;
        if decoded.len() > limit {
            return Err(Rejection::TooLarge { limit, inflated: true });
        }
        Ok(decoded)
    }
}

fn malformed(what: &'static str) -> impl Fn(ParseError) -> Rejection {
    move |error| Rejection::Malformed { what, error }
}

/// A body as text.
fn text<'a>(bytes: &Cow<'a, [u8]>) -> Result<Cow<'a, str>, Rejection> {
    let text = match bytes {
        Cow::Borrowed(bytes) => ParseError::check_utf8(bytes).map(Cow::Borrowed),
        Cow::Owned(bytes) => ParseError::check_utf8(bytes).map(|text| Cow::Owned(text.to_owned())),
    };
    text.map_err(malformed("body"))
}

/// Whether texts of a body fit as JSON: control characters take six bytes each.
fn fits<'t>(texts: impl Iterator<Item = &'t str> + Clone, limit: usize) -> Result<(), Rejection> {
    let most: usize = texts.clone().map(|text| 6 * text.len() + 2).sum();
    if most > limit && texts.map(json::quoted_length).sum::<usize>() > limit {
        return Err(Rejection::ContextTooLarge { limit });
    }
    Ok(())
}

/// A byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(MARK).unwrap_or(bytes)
}

/// Whether there is nothing but white space, which in most formats means nothing.
fn is_blank(bytes: &[u8]) -> bool {
    without_mark(bytes).trim_ascii_start().is_empty()
}

// RFC 9110 section 8.3.1.
fn declared_format(content_type: &str) -> Option<Format> {
    let media_type = media_type(content_type);
    Format::of(&media_type).filter(|_| is_one(&media_type))
}

// What a body is whose content type isn't one that is read.
fn guessed_format(content_type: &str, bytes: &[u8], needed: &mut Leniencies) -> Result<Format, Rejection> {
    if content_type.trim().is_empty() {
        needed.add(Leniency::NoContentType);
        return match without_mark(bytes).trim_ascii_start().first() {
            Some(b'{' | b'[') => Ok(Format::Json),
            Some(b'<') => Ok(Format::Xml),
            _ => Err(Rejection::UnsupportedType { media_type: None }),
        };
    }
    needed.add(Leniency::ContentType);
    misspelled(content_type).ok_or_else(|| Rejection::UnsupportedType {
        media_type: excerpt(&media_type(content_type), 80),
    })
}

// Shortens a text of the request for the response; `None` for an empty one.
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
        charset: None,
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
            ("text/plain", "a \"b\"\n", r#""a \"b\"\n""#),
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
        for content_type in ["image/png", "application/jsonp", "text/plain, application/json"] {
            let media_type = Some(content_type.to_owned());
            assert_eq!(
                read_text(b"x", content_type, ""),
                Err(Rejection::UnsupportedType { media_type })
            );
        }
        for body in [&b"x"[..], b"a=1", b"\"a\"", b"7"] {
            assert_eq!(
                read(body, None, None, READING),
                Err(Rejection::UnsupportedType { media_type: None })
            );
        }
        for charset in ["utf-7", "iso-2022-kr", "nonsense"] {
            let content_type = format!("text/plain; charset={charset}");
            assert_eq!(
                read_text(b"\xff", &content_type, ""),
                Err(Rejection::Charset {
                    charset: charset.to_owned()
                })
            );
        }
    }

    // The kinds of faults that real senders make, each with its inputs.
    #[test]
    fn reads_what_has_one_meaning_and_says_what_was_not_written_as_it_should_be() {
        const FORM: &str = "application/x-www-form-urlencoded";
        const GZIP: &str = "gzip";
        for (content_type, encoding, bytes, json, needed) in [
            // Charsets other than UTF-8.
            (
                "text/plain; charset=windows-1252",
                "",
                &b"Stra\xdfe"[..],
                "\"Straße\"",
                &[][..],
            ),
            ("text/xml; charset=GBK", "", b"<a>\xc4\xe3</a>", r#"{"a":"你"}"#, &[]),
            (
                "text/xml",
                "",
                b"<?xml version='1.0' encoding=\"Shift_JIS\"?><a>\x83\x65</a>",
                r#"{"a":"テ"}"#,
                &[],
            ),
            (
                "text/xml; charset=utf-8",
                "",
                "<?xml version='1.0' encoding='gbk'?><a>你</a>".as_bytes(),
                r#"{"a":"你"}"#,
                &[],
            ),
            (
                "application/x-www-form-urlencoded; charset=windows-1252",
                "",
                b"a=Hauptstra%DFe",
                r#"{"a":"Hauptstraße"}"#,
                &[],
            ),
            (
                "application/x-www-form-urlencoded; charset=GBK",
                "",
                b"a=\xc4\xe3%ba%c3",
                r#"{"a":"你好"}"#,
                &[],
            ),
            ("text/plain", "", b"\xff\xfea\0", "\"a\"", &[]),
            // A charset that isn't the body's.
            (
                "application/json; charset=iso-8859-1",
                "",
                "\"ü\"".as_bytes(),
                "\"ü\"",
                &[Leniency::Charset],
            ),
            (
                "text/plain; charset=nonsense",
                "",
                "ü".as_bytes(),
                "\"ü\"",
                &[Leniency::Charset],
            ),
            // JSON that is labelled as something else.
            (
                FORM,
                "",
                br#"{"temp":21.5}"#,
                r#"{"temp":21.5}"#,
                &[Leniency::MislabelledJson],
            ),
            (FORM, "", b" [1]\n", " [1]\n", &[Leniency::MislabelledJson]),
            (
                "text/plain; charset=UTF-8",
                "",
                br#"{"Type":"Notification"}"#,
                r#"{"Type":"Notification"}"#,
                &[Leniency::MislabelledJson],
            ),
            ("text/plain", "", b"{not json}", "\"{not json}\"", &[]),
            ("text/plain", "", b"7", "\"7\"", &[]),
            (FORM, "", b"{\"a\":1}&b=2", r#"{"{\"a\":1}":"","b":"2"}"#, &[]),
            // Byte order marks.
            (FORM, "", b"\xef\xbb\xbfa=1", r#"{"a":"1"}"#, &[]),
            (
                "application/x-ndjson",
                "",
                b"\xef\xbb\xbf1\n\xef\xbb\xbf2",
                "[1,2]",
                &[],
            ),
            // Content types that are a little off.
            ("json", "", b"1", "1", &[Leniency::ContentType]),
            ("text/json", "", b"1", "1", &[]),
            (
                "application/json charset=utf-8",
                "",
                b"1",
                "1",
                &[Leniency::ContentType],
            ),
            (
                "application/json, application/json",
                "",
                b"1",
                "1",
                &[Leniency::ContentType],
            ),
            ("", "", b" {\"a\":1}", " {\"a\":1}", &[Leniency::NoContentType]),
            ("", "", b"<a/>", r#"{"a":""}"#, &[Leniency::NoContentType]),
            // Content encodings that are none, or have been undone.
            ("text/plain", "UTF-8", b"a", "\"a\"", &[Leniency::ContentEncoding]),
            ("text/plain", "none", b"a", "\"a\"", &[Leniency::ContentEncoding]),
            ("application/json", GZIP, b"{}", "{}", &[Leniency::NotEncoded]),
            (
                "application/json",
                "br",
                b"{\"a\":1}",
                "{\"a\":1}",
                &[Leniency::NotEncoded],
            ),
        ] {
            let body = read(bytes, Some(content_type), Some(encoding), READING)
                .unwrap()
                .unwrap();
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(String::from_utf8_lossy(&body.json), json, "{content_type} {text}");
            let mut expected = Leniencies::default();
            needed.iter().for_each(|leniency| expected.add(*leniency));
            assert_eq!(body.needed, expected, "{content_type} {text}");
        }
    }

    #[test]
    fn reads_what_names_no_charset_in_the_configured_one() {
        let reading = Reading {
            charset: Charset::named("windows-1252"),
            raw: true,
            ..READING
        };
        for (content_type, bytes, json, raw) in [
            ("text/plain", &b"\xfc"[..], "\"ü\"", Some("ü")),
            (
                "application/x-www-form-urlencoded",
                b"a=%FC",
                r#"{"a":"ü"}"#,
                Some("a=ü"),
            ),
            ("text/xml", b"<a>\xfc</a>", r#"{"a":"ü"}"#, Some("<a>ü</a>")),
            ("text/plain; charset=utf-8", "ü".as_bytes(), "\"ü\"", Some("ü")),
            ("application/json", "\"ü\"".as_bytes(), "\"ü\"", Some("\"ü\"")),
        ] {
            let body = read(bytes, Some(content_type), None, reading).unwrap().unwrap();
            assert_eq!(String::from_utf8_lossy(&body.json), json, "{content_type}");
            assert_eq!(body.raw.as_deref(), raw, "{content_type}");
        }
        // The limit holds in UTF-8 too.
        let reading = Reading { limit: 5, ..reading };
        let too_large = Err(Rejection::TooLarge {
            limit: 5,
            inflated: true,
        });
        assert_eq!(read(b"\x80\x80", Some("text/plain"), None, reading), too_large);
    }

    #[test]
    fn rejects_bytes_that_their_charset_has_no_character_for() {
        for (content_type, bytes) in [
            ("text/plain; charset=gbk", &b"\xff"[..]),
            ("application/x-www-form-urlencoded; charset=gbk", b"a=%ff"),
            ("text/xml; charset=gbk", b"<a>\xff</a>"),
        ] {
            let Err(Rejection::Malformed { error, .. }) = read(bytes, Some(content_type), None, READING) else {
                panic!("{content_type}");
            };
            assert_eq!(error.code, "CHARSET_INVALID");
        }
    }

    #[test]
    fn treats_white_space_as_no_body_where_it_means_nothing() {
        for content_type in [
            "application/json",
            "application/x-www-form-urlencoded",
            "text/xml",
            "application/x-ndjson",
            "",
        ] {
            for bytes in [&b"\r\n"[..], b" ", b"\xef\xbb\xbf\n"] {
                assert_eq!(
                    read(bytes, Some(content_type), None, READING),
                    Ok(None),
                    "{content_type}"
                );
            }
        }
        assert_eq!(read_text(b"\r\n", "text/plain", ""), Ok(Some(r#""\r\n""#.to_owned())));
    }

    #[test]
    fn reads_a_body_as_configured_whatever_it_looks_like() {
        let reading = Reading {
            format: Some(Format::Form),
            ..READING
        };
        let body = read(b"{\"a\":1}", Some("text/plain"), None, reading).unwrap().unwrap();
        assert_eq!(&*body.json, br#"{"{\"a\":1}":""}"#);
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
            let rejected = read_text(b"\xff\xff not that at all", "text/plain", encoding);
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
