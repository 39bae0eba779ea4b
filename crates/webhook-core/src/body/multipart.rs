//! Bodies of the type `multipart/form-data`, by RFC 7578, and of `multipart/mixed` and `multipart/related`.
//!
//! A part that says it is JSON or XML is the value it holds, with a file name too, unless files are saved. Any other part
//! with a file name is a file; so is a part of another type whose bytes aren't text. The rest are fields, which are text in
//! the charset that the part, the field `_charset_` or the configuration names. Names are read as a form's are: `a[b]` is a
//! key in a key, and parts of one name are a list.
//!
//! Lines that end in LF alone, a last boundary without `--`, and parts in base64 or quoted-printable have one meaning, so
//! they are read too.
//!
//! What is in quotes is read as browsers write it (`%22`, `%0D` and `%0A` are a quote and line breaks) and as RFC 2045
//! does (`\"` and `\\`). A path in a file's name is dropped; `filename*` counts before `filename`. A file input in which
//! nothing was chosen, which browsers send as a file without name and content, is skipped.
//!
//! ```
//! use webhook_core::body::multipart;
//! let body = b"--b\r\nContent-Disposition: form-data; name=\"a[b]\"\r\n\r\n1\r\n--b--\r\n";
//! assert_eq!(multipart::read(body, "b").unwrap().to_json(), r#"{"a":{"b":"1"}}"#);
//! ```

mod head;

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use self::head::Head;
use super::charset::Charset;
use super::content_type::{charset_label, media_type, parameters, Format};
use super::leniency::{Leniencies, Leniency};
use super::xml;
use crate::error::ParseError;
use crate::json;
use crate::limits::{MAX_BOUNDARY, MAX_PARTS, MAX_PART_HEADERS};
use crate::query::{self, Leaf};
use crate::request::is_token;

/// The type of a file whose part declares none, or something that isn't a media type.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Longest media type that counts, in bytes: RFC 6838 has 127 for each side of the slash.
const MAX_MEDIA_TYPE: usize = 255;

const SYNTAX: &str = "MULTIPART_SYNTAX";

/// A body that was read: its parts, in the order sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form<'a> {
    parts: Vec<(Cow<'a, str>, Content<'a>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Json(Cow<'a, str>),
    File(File<'a>),
}

/// A file of a form.
#[derive(Clone, PartialEq, Eq)]
pub struct File<'a> {
    /// Its name, without a path; empty where it has none. At most [`MAX_PART_NAME`] bytes, none of them a control character.
    pub filename: String,
    /// The media type that its part names, in lower case and without parameters; [`UNKNOWN_TYPE`] where there is none.
    pub mimetype: String,
    /// What is in it.
    pub content: Cow<'a, [u8]>,
}

// What is in a file is not for a log.
impl std::fmt::Debug for File<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File")
            .field("filename", &self.filename)
            .field("mimetype", &self.mimetype)
            .field("size", &self.content.len())
            .finish()
    }
}

impl File<'_> {
    /// What a workflow gets of a file that isn't kept: `{"filename","mimetype","size"}`, the size in bytes.
    fn to_json(&self) -> String {
        format!(
            "{{\"filename\":{},\"mimetype\":{},\"size\":{}}}",
            json::quote(&self.filename),
            json::quote(&self.mimetype),
            self.content.len()
        )
    }
}

impl Form<'_> {
    /// Lists the files, in the order sent.
    pub fn files(&self) -> impl Iterator<Item = &File<'_>> {
        self.parts.iter().filter_map(|(_, content)| match content {
            Content::File(file) => Some(file),
            _ => None,
        })
    }

    /// Lists the texts of the fields, in the order sent.
    pub fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        self.parts.iter().filter_map(|(_, content)| match content {
            Content::Text(text) => Some(&**text),
            _ => None,
        })
    }

    /// Returns the form as JSON text, a file as `{"filename","mimetype","size"}`.
    pub fn to_json(&self) -> String {
        let files: Vec<String> = self.files().map(File::to_json).collect();
        self.to_json_with(&files)
    }

    /// Returns the form as JSON text with a value for each file, as JSON text and in the order of [`Form::files`]; `null` for a file
    /// that has none.
    pub fn to_json_with(&self, files: &[String]) -> String {
        let mut files = files.iter();
        let leaves = self.parts.iter().map(|(name, content)| {
            let leaf = match content {
                Content::Text(text) => Leaf::Text(text),
                Content::Json(json) => Leaf::Json(json),
                Content::File(_) => Leaf::Json(files.next().map_or("null", |file| file)),
            };
            (&**name, leaf)
        });
        query::nest(leaves)
    }

    /// Returns the same form with nothing borrowed.
    pub fn into_owned(self) -> Form<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let parts = self.parts.into_iter().map(|(name, content)| {
            let content = match content {
                Content::Text(text) => Content::Text(owned(text)),
                Content::Json(json) => Content::Json(owned(json)),
                Content::File(File {
                    filename,
                    mimetype,
                    content,
                }) => Content::File(File {
                    filename,
                    mimetype,
                    content: Cow::Owned(content.into_owned()),
                }),
            };
            (owned(name), content)
        });
        Form { parts: parts.collect() }
    }
}

/// Returns the boundary that a `Content-Type` names.
///
/// # Errors
/// `MULTIPART_BOUNDARY` where there is none, more than one, or one that RFC 2046 doesn't allow; its place is the start of
/// `body`.
pub fn boundary<'h>(content_type: &'h str, body: &[u8]) -> Result<&'h str, ParseError> {
    let mut found = parameters(content_type).filter(|(name, _)| name.eq_ignore_ascii_case("boundary"));
    let reject = |found: &str| {
        let message =
            format!("expected a Content-Type with one boundary of 1 to {MAX_BOUNDARY} characters, but found {found}");
        Err(ParseError::at("MULTIPART_BOUNDARY", message, body, 0))
    };
    let Some((_, boundary)) = found.next() else {
        return reject("none");
    };
    if found.next().is_some() {
        return reject("several");
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY || boundary.ends_with(' ') || !boundary.bytes().all(allowed)
    {
        return reject("another one");
    }
    Ok(boundary)
}

/// How a body is read.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The charset of fields that don't name their own, and for which no field `_charset_` does.
    pub charset: Option<Charset>,
    /// Whether each part has a name, as in `multipart/form-data`. In other types a part without one is named by its
    /// `Content-ID`, its file name, or its number.
    pub named: bool,
    /// Whether files are saved: then a part with a file name is a file whatever its type, and otherwise JSON and XML are
    /// values.
    pub files: bool,
}

/// Splits a form of the type `multipart/form-data` in UTF-8 into its parts.
///
/// # Errors
/// Those of [`read_with`].
pub fn read<'a>(body: &'a [u8], boundary: &str) -> Result<Form<'a>, ParseError> {
    let options = Options {
        charset: None,
        named: true,
        files: false,
    };
    read_with(body, boundary, options, &mut Leniencies::default())
}

/// Splits a body into its parts, and adds to `needed` what isn't written as it should be.
///
/// # Errors
/// `MULTIPART_SYNTAX` for what isn't such a body, `TOO_MANY_PARTS` past [`MAX_PARTS`], `MULTIPART_ENCODING` for a part that is
/// encoded in an unknown way, and for a field that declares JSON what is wrong with that.
pub fn read_with<'a>(
    body: &'a [u8],
    boundary: &str,
    options: Options,
    needed: &mut Leniencies,
) -> Result<Form<'a>, ParseError> {
    let line_break = line_break(body, boundary);
    if line_break == LF {
        needed.add(Leniency::Multipart);
    }
    let delimiter = [line_break, b"--", boundary.as_bytes()].concat();
    let mut reader = Reader {
        body,
        line_break,
        finder: memmem::Finder::new(&delimiter),
        options,
        charset_field: None,
        needed,
    };
    let mut parts = Vec::new();
    // The line break in front belongs to the delimiter, except at the very start.
    let first = if body.starts_with(&delimiter[line_break.len()..]) {
        Some(delimiter.len() - line_break.len())
    } else {
        reader.finder.find(body).map(|at| at + delimiter.len())
    };
    let expected = "expected a line with the boundary of the Content-Type, but found none";
    let mut at = first.ok_or_else(|| ParseError::at(SYNTAX, expected, body, 0))?;
    let mut count = 0;
    loop {
        if body[at..].starts_with(b"--") {
            // Text after the last boundary is ignored.
            return Ok(Form { parts });
        }
        if count > 0 && body[at..].trim_ascii().is_empty() {
            reader.needed.add(Leniency::Multipart);
            return Ok(Form { parts });
        }
        at += body[at..]
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        if !body[at..].starts_with(line_break) {
            let message = "expected the line to end behind the boundary, but found more";
            return Err(ParseError::at(SYNTAX, message, body, at));
        }
        let start = at + line_break.len();
        let (head, blank) = reader.head(start)?;
        // A part without content may have no line break of its own in front of the delimiter.
        let Some(end) = reader.finder.find(&body[blank..]).map(|end| blank + end) else {
            let message = "expected a line with the boundary behind the part, but found the end";
            return Err(ParseError::at(SYNTAX, message, body, body.len()));
        };
        let from = (blank + line_break.len()).min(end);
        if let Some(part) = reader.part(head, count, start, from..end)? {
            if parts.len() == MAX_PARTS {
                let message = format!("expected at most {MAX_PARTS} parts, but found more");
                return Err(ParseError::at("TOO_MANY_PARTS", message, body, start));
            }
            parts.push(part);
        }
        count += 1;
        at = end + delimiter.len();
    }
}

const CRLF: &[u8] = b"\r\n";
const LF: &[u8] = b"\n";

/// How the lines of a body end: with LF alone if the first one with its boundary does.
fn line_break(body: &[u8], boundary: &str) -> &'static [u8] {
    let boundary = [b"--", boundary.as_bytes()].concat();
    let behind = memmem::find(body, &boundary).map_or(&[][..], |at| &body[at + boundary.len()..]);
    let first = behind.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    if first == Some(&b'\n') {
        LF
    } else {
        CRLF
    }
}

/// What the parts of a body are read with.
struct Reader<'a, 'r> {
    body: &'a [u8],
    line_break: &'static [u8],
    /// Finds the next line with the boundary.
    finder: memmem::Finder<'r>,
    options: Options,
    /// What the field `_charset_` says, once it has been looked for.
    charset_field: Option<Option<Charset>>,
    needed: &'r mut Leniencies,
}

impl<'a> Reader<'a, '_> {
    /// Reads headers from `at` on. Gives the place of the empty line behind them too.
    fn head(&mut self, mut at: usize) -> Result<(Head<'a>, usize), ParseError> {
        let body = self.body;
        let mut head = Head::default();
        let limit = body.len().min(at + MAX_PART_HEADERS);
        loop {
            let Some(length) = memmem::find(&body[at..limit], self.line_break) else {
                let message = if limit == body.len() {
                    "expected an empty line behind the headers of the part, but found the end".to_owned()
                } else {
                    format!("expected at most {MAX_PART_HEADERS} bytes of headers of the part, but found more")
                };
                return Err(ParseError::at(SYNTAX, message, body, limit));
            };
            if length == 0 {
                return Ok((head, at));
            }
            let line = self.text(&body[at..at + length], None);
            head.take(body, at, line, self.options.named)?;
            at += length + self.line_break.len();
        }
    }

    /// A text in the charset that `label` names, or else in that of the form.
    fn text<'t>(&mut self, bytes: &'t [u8], label: Option<&str>) -> Cow<'t, str> {
        if bytes.is_ascii() {
            return String::from_utf8_lossy(bytes);
        }
        let charset = label
            .and_then(Charset::named)
            .or_else(|| self.charset_field())
            .or(self.options.charset);
        if let Some(charset) = charset
            && let Ok(text) = charset.decode(bytes)
        {
            return text;
        }
        let text = String::from_utf8_lossy(bytes);
        if let Cow::Owned(_) = text {
            self.needed.add(Leniency::Replaced);
        } else if charset.is_some() || label.is_some() {
            self.needed.add(Leniency::Charset);
        }
        text
    }

    // RFC 7578 section 4.6: a field says which charset the others have.
    fn charset_field(&mut self) -> Option<Charset> {
        if let Some(known) = self.charset_field {
            return known;
        }
        let blank = [self.line_break, self.line_break].concat();
        let found = memmem::find(self.body, b"\"_charset_\"").and_then(|at| {
            let from = at + memmem::find(&self.body[at..], &blank)? + blank.len();
            let end = from + self.finder.find(&self.body[from..])?;
            Charset::named(std::str::from_utf8(&self.body[from..end]).ok()?.trim())
        });
        self.charset_field = Some(found);
        found
    }

    /// The part with these headers and the content at `range`; none for a part without a name.
    fn part(
        &mut self,
        head: Head<'a>,
        number: usize,
        start: usize,
        range: Range<usize>,
    ) -> Result<Option<(Cow<'a, str>, Content<'a>)>, ParseError> {
        let body = self.body;
        let from = range.start;
        let content = head.decoded(body, range)?;
        if let Cow::Owned(_) = content {
            self.needed.add(Leniency::Multipart);
        }
        let Some(name): Option<Cow<'a, str>> = head.name(number, self.options.named).map(Cow::Owned) else {
            let message = "expected a Content-Disposition in the headers of the part, but found none";
            return Err(ParseError::at(SYNTAX, message, body, start));
        };
        let content_type = head.content_type.as_deref().unwrap_or_default();
        let media_type = media_type(content_type);
        let format = Format::of(&media_type);
        let is_file = head.filename.is_some();
        let is_saved = is_file && self.options.files;
        let value = match format {
            Some(Format::Json | Format::Xml) if is_saved => None,
            Some(Format::Json) => match json_in(&content) {
                Ok(value) => Some(value),
                Err(_) if is_file => None,
                Err(error) => return Err(ParseError::at(error.code, error.message, body, from + error.offset)),
            },
            Some(Format::Xml) => xml_in(&content, content_type).map(Cow::Owned),
            _ => None,
        };
        if let Some(value) = value {
            return Ok((!name.is_empty()).then_some((name, Content::Json(value))));
        }
        if matches!(format, Some(Format::Json | Format::Xml)) && !is_saved {
            self.needed.add(Leniency::UnreadPart);
        }
        // What has no file name is a field, unless it can't be one.
        let is_binary = || format.is_none() && is_media_type(&media_type) && std::str::from_utf8(&content).is_err();
        if is_file || is_binary() {
            let filename = head.filename.unwrap_or_default();
            let nothing = filename.is_empty() && content.is_empty();
            let file = File {
                filename,
                mimetype: if is_media_type(&media_type) {
                    media_type.into_owned()
                } else {
                    UNKNOWN_TYPE.to_owned()
                },
                content,
            };
            // Nor does a form have a parameter without a name.
            return Ok((!nothing && !name.is_empty()).then_some((name, Content::File(file))));
        }
        let label = charset_label(content_type);
        let text = match content {
            Cow::Borrowed(content) => self.text(content, label),
            Cow::Owned(content) => Cow::Owned(self.text(&content, label).into_owned()),
        };
        Ok((!name.is_empty()).then_some((name, Content::Text(text))))
    }
}

fn json_in<'c>(content: &Cow<'c, [u8]>) -> Result<Cow<'c, str>, ParseError> {
    match content {
        Cow::Borrowed(content) => json::check(content).map(|value| Cow::Borrowed(value.trim())),
        Cow::Owned(content) => json::check(content).map(|value| Cow::Owned(value.trim().to_owned())),
    }
}

fn xml_in(content: &[u8], content_type: &str) -> Option<String> {
    let label = charset_label(content_type).and_then(Charset::named);
    match label.or_else(|| xml::declared_charset(content)) {
        Some(charset) => xml::read_as(charset.decode(content).ok()?.as_bytes(), true).ok(),
        None => xml::read(content).ok(),
    }
}

fn is_media_type(text: &str) -> bool {
    text.len() <= MAX_MEDIA_TYPE
        && text
            .split_once('/')
            .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PART_NAME;
    use proptest::prelude::*;

    /// A body with these parts, each its headers (without the line break at the end) and its content.
    fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (head, content) in parts {
            body.extend(format!("--b\r\n{head}\r\n\r\n").bytes());
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(b"--b--\r\n");
        body
    }

    fn json(parts: &[(&str, &[u8])]) -> String {
        read(&body(parts), "b").unwrap().to_json()
    }

    fn rejected(head: &str, content: &[u8]) -> (&'static str, u32, u32) {
        let error = read(&body(&[(head, content)]), "b").unwrap_err();
        (error.code, error.line, error.column)
    }

    const A: &str = "Content-Disposition: form-data; name=\"a\"";

    #[test]
    fn splits_names_as_a_form_does() {
        let named = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
        let parts = ["a[b]", "a[c][]", "list", "list", "x.y"].map(named);
        let parts: Vec<_> = parts.iter().map(|head| (head.as_str(), &b"1"[..])).collect();
        assert_eq!(json(&parts), r#"{"a":{"b":"1","c":["1"]},"list":["1","1"],"x.y":"1"}"#);
    }

    #[test]
    fn reads_a_file_as_name_type_and_size_and_keeps_its_bytes() {
        let content = b"\x00\xff\r\n--not the boundary\r\n";
        let head = "content-type: Image/PNG; x=y\r\nCONTENT-DISPOSITION: Form-Data; filename=\"p.png\"; name=photo";
        let bytes = body(&[(head, content)]);
        let form = read(&bytes, "b").unwrap();
        assert_eq!(
            form.to_json(),
            format!(
                r#"{{"photo":{{"filename":"p.png","mimetype":"image/png","size":{}}}}}"#,
                content.len()
            )
        );
        assert_eq!(&*form.files().next().unwrap().content, content);
    }

    #[test]
    fn collects_files_and_fields_of_one_name_in_a_list_and_replaces_each_file() {
        let file = "Content-Disposition: form-data; name=\"a\"; filename=\"f\"";
        let bytes = body(&[(A, b"text"), (file, b"1"), (file, b"22")]);
        let form = read(&bytes, "b").unwrap();
        let unknown = |size| format!(r#"{{"filename":"f","mimetype":"application/octet-stream","size":{size}}}"#);
        assert_eq!(
            form.to_json(),
            format!(r#"{{"a":["text",{},{}]}}"#, unknown(1), unknown(2))
        );
        let form = form.into_owned();
        assert_eq!(
            form.to_json_with(&[r#"{"id":1}"#.to_owned()]),
            r#"{"a":["text",{"id":1},null]}"#
        );
    }

    #[test]
    fn reads_a_json_field_as_its_value() {
        let head = format!("{A}\r\nContent-Type: application/json");
        assert_eq!(json(&[(&head, b" {\"b\": [1]}\n")]), "{\"a\":{\"b\": [1]}}");
        assert_eq!(rejected(&head, b"{\"b\":\n1,}"), ("JSON_UNEXPECTED_CHARACTER", 6, 3));
        let head = format!("{A}\r\nContent-Type: text/plain");
        assert_eq!(json(&[(&head, b"{}")]), r#"{"a":"{}"}"#);
    }

    #[test]
    fn reads_names_in_every_form_senders_use() {
        for (written, name) in [
            ("a b.txt", "a b.txt"),
            ("\"a;b.txt\"", "a;b.txt"),
            (r#""a\"b\\c.txt""#, "c.txt"),
            (r#""C:\fake\path\a.txt""#, "a.txt"),
            ("\"../../etc/passwd\"", "passwd"),
            ("\"..\"", ""),
            ("\"100%.txt\"", "100%.txt"),
            ("\"a%41.txt\"", "a%41.txt"),
            ("\"日本.txt\"", "日本.txt"),
            ("\"old.txt\"; filename*=UTF-8''%e2%82%ac%20new.txt", "€ new.txt"),
            ("\"a.txt\" ; unknown=\"x;y\" ;", "a.txt"),
        ] {
            let head = format!("Content-Disposition: form-data; name=a; filename={written}");
            let bytes = body(&[(&head, b"x")]);
            let form = read(&bytes, "b").unwrap();
            assert_eq!(form.files().next().unwrap().filename, name, "{written}");
        }
        let broken = "Content-Disposition: form-data; name=a; filename=\"a%0A.txt\"";
        assert_eq!(rejected(broken, b"x").0, SYNTAX);
        let name = |written: &str| json(&[(&format!("Content-Disposition: form-data; name={written}"), b"1")]);
        assert_eq!(name("\"a%22%0D%0Ab\""), r#"{"a\"\r\nb":"1"}"#);
        assert_eq!(name("\"a\\\"b\""), r#"{"a\"b":"1"}"#);
    }

    #[test]
    fn skips_parts_without_a_name() {
        let unchosen =
            "Content-Disposition: form-data; name=\"a\"; filename=\"\"\r\nContent-Type: application/octet-stream";
        assert_eq!(json(&[(unchosen, b"")]), "{}");
        assert_eq!(json(&[("Content-Disposition: form-data; name=\"\"", b"1")]), "{}");
        assert_eq!(json(&[]), "{}");
        assert_eq!(json(&[(A, b"")]), r#"{"a":""}"#);
    }

    #[test]
    fn ignores_text_around_the_parts() {
        let text = "preamble\r\n--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--epilogue\r\n--b";
        assert_eq!(read(text.as_bytes(), "b").unwrap().to_json(), r#"{"a":"1"}"#);
        // The line break behind the headers is at the same time that of the delimiter.
        let text = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--";
        assert_eq!(read(text.as_bytes(), "b").unwrap().to_json(), r#"{"a":""}"#);
    }

    #[test]
    fn rejects_a_body_that_is_not_multipart_with_its_place() {
        for (text, line, column) in [
            ("", 1, 1),
            ("a=1", 1, 1),
            ("--bc\r\n", 1, 4),
            ("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1", 4, 2),
            (
                "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--bx\r\n",
                5,
                4,
            ),
            ("--b\r\nContent-Disposition: form-data; name=a", 2, 39),
            ("--b", 1, 4),
            (
                "--b\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
                2,
                39,
            ),
            ("--b\r\nContent-Disposition: form-data; name=a\n\n1\n--b--\n", 6, 1),
        ] {
            let error = read(text.as_bytes(), "b").unwrap_err();
            assert_eq!(
                (error.code, error.line, error.column),
                (SYNTAX, line, column),
                "{text:?}: {error}"
            );
        }
    }

    #[test]
    fn rejects_ambiguous_headers_with_their_place() {
        for (head, column) in [
            ("X: 1", 1),
            ("Content-Disposition: form-data", 31),
            ("Content-Disposition: attachment; name=a", 21),
            ("Content-Disposition: form-data; name=\"a", 38),
            ("Content-Disposition: form-data; name", 32),
            ("Content-Disposition: form-data; name=\"a\"b", 41),
            ("Content-Disposition: form-data; name=a; name=b", 46),
            ("no colon", 1),
            (" folded: 1", 1),
            ("a: \u{1}", 4),
        ] {
            assert_eq!(rejected(head, b"1"), (SYNTAX, 2, column), "{head}");
        }
        assert_eq!(rejected(&format!("{A}\r\n{A}"), b"1"), (SYNTAX, 3, 1));
    }

    /// A body with a type, as JSON text, and what wasn't written as it should be.
    fn read_as(bytes: &[u8], options: Options) -> (String, Leniencies) {
        let mut needed = Leniencies::default();
        let form = read_with(bytes, "b", options, &mut needed).unwrap();
        (form.to_json(), needed)
    }

    const OPTIONS: Options = Options {
        charset: None,
        named: true,
        files: false,
    };

    fn needed(leniencies: &[Leniency]) -> Leniencies {
        let mut needed = Leniencies::default();
        leniencies.iter().for_each(|leniency| needed.add(*leniency));
        needed
    }

    #[test]
    fn undoes_the_transfer_encoding_of_a_part() {
        let encoded = |name: &str| format!("{A}\r\nContent-Transfer-Encoding: {name}");
        for (encoding, content, text) in [
            ("Binary", &b"1"[..], "1"),
            ("base64", b"R3LDvMOfZQ==", "Grüße"),
            ("BASE64", b"R3LD\r\nvMOf ZQ", "Grüße"),
            ("quoted-printable", b"Gr=C3=BC=C3=9Fe =3D=\r\n 1", "Grüße = 1"),
        ] {
            let bytes = body(&[(&encoded(encoding), content)]);
            let expected = format!("{{\"a\":{}}}", json::quote(text));
            assert_eq!(read_as(&bytes, OPTIONS).0, expected, "{encoding}");
        }
        assert_eq!(rejected(&encoded("base64"), b"!").0, "MULTIPART_ENCODING");
        assert_eq!(rejected(&encoded("x-uuencode"), b"1"), ("MULTIPART_ENCODING", 3, 27));
    }

    #[test]
    fn reads_lines_that_end_in_lf_and_a_last_boundary_without_its_end() {
        for text in [
            "--b\nContent-Disposition: form-data; name=a\n\n1\n--b--\n",
            "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b",
            "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b\r\n",
        ] {
            let expected = (r#"{"a":"1"}"#.to_owned(), needed(&[Leniency::Multipart]));
            assert_eq!(read_as(text.as_bytes(), OPTIONS), expected, "{text:?}");
        }
    }

    #[test]
    fn reads_json_and_xml_parts_as_values_with_a_file_name_too() {
        let typed = |kind: &str| format!("{A}; filename=\"x\"\r\nContent-Type: {kind}");
        let one = |head: &str, content: &[u8], options| read_as(&body(&[(head, content)]), options);
        for (kind, content, value) in [
            ("application/json", &b"{\"b\":1}"[..], r#"{"a":{"b":1}}"#),
            ("application/json", b"\xef\xbb\xbf{\"b\":1}", r#"{"a":{"b":1}}"#),
            ("application/xml", b"<e>1</e>", r#"{"a":{"e":"1"}}"#),
            ("text/xml; charset=gbk", b"<e>\xc4\xe3</e>", r#"{"a":{"e":"你"}}"#),
        ] {
            assert_eq!(
                one(&typed(kind), content, OPTIONS),
                (value.to_owned(), needed(&[])),
                "{kind}"
            );
            let saved = one(&typed(kind), content, Options { files: true, ..OPTIONS });
            assert!(saved.0.contains("\"filename\":\"x\""), "{kind}");
            assert!(saved.1.is_empty());
        }
        let field = format!("{A}\r\nContent-Type: text/xml");
        let value = (r#"{"a":{"e":"1"}}"#.to_owned(), needed(&[]));
        assert_eq!(one(&field, b"<e>1</e>", Options { files: true, ..OPTIONS }), value);
        let unread = needed(&[Leniency::UnreadPart]);
        assert_eq!(
            one(&field, b"no XML", OPTIONS),
            (r#"{"a":"no XML"}"#.to_owned(), unread)
        );
        for kind in ["application/json", "text/xml"] {
            let (json, needed) = one(&typed(kind), b"neither", OPTIONS);
            assert!(json.contains("\"size\":7"), "{json}");
            assert_eq!(needed, unread);
        }
    }

    #[test]
    fn names_the_parts_of_other_types_than_forms() {
        let parts = [
            ("Content-Type: application/json", &b"{\"b\":1}"[..]),
            ("Content-ID: <body@sender>\r\nContent-Type: text/plain", b"text"),
            (
                "Content-Disposition: attachment; filename=\"p.png\"\r\nContent-Type: image/png",
                b"\xff",
            ),
            ("Content-Type: image/png", b"\xff\xff"),
        ];
        let options = Options {
            named: false,
            ..OPTIONS
        };
        let file = |name: &str, size| format!(r#"{{"filename":"{name}","mimetype":"image/png","size":{size}}}"#);
        let expected = format!(
            r#"{{"0":{{"b":1}},"3":{},"body@sender":"text","p.png":{}}}"#,
            file("", 2),
            file("p.png", 1)
        );
        assert_eq!(read_as(&body(&parts), options), (expected, needed(&[])));
        assert_eq!(rejected(parts[0].0, parts[0].1).0, SYNTAX);
    }

    #[test]
    fn decodes_fields_by_the_charset_of_the_part_the_form_or_the_configuration() {
        let charset = |charset: &str| format!("{A}\r\nContent-Type: text/plain; charset={charset}");
        let field = "Content-Disposition: form-data; name=\"_charset_\"";
        let text = r#"{"a":"Grüße"}"#;
        let latin = &b"Gr\xfc\xdfe"[..];
        let configured = Options {
            charset: Charset::named("windows-1252"),
            ..OPTIONS
        };
        for (parts, options, json, found) in [
            (vec![(charset("iso-8859-1"), latin)], OPTIONS, text, &[][..]),
            (vec![(charset("\"UTF-8\""), "Grüße".as_bytes())], configured, text, &[]),
            (vec![(A.to_owned(), latin)], configured, text, &[]),
            (vec![(A.to_owned(), "Grüße".as_bytes())], OPTIONS, text, &[]),
            (
                vec![(A.to_owned(), latin), (field.to_owned(), &b"windows-1252"[..])],
                OPTIONS,
                r#"{"a":"Grüße","_charset_":"windows-1252"}"#,
                &[],
            ),
            (
                vec![(A.to_owned(), latin)],
                OPTIONS,
                r#"{"a":"Gr��e"}"#,
                &[Leniency::Replaced],
            ),
            (
                vec![(charset("gbk"), &b"\xff"[..])],
                OPTIONS,
                r#"{"a":"�"}"#,
                &[Leniency::Replaced],
            ),
            (
                vec![(charset("nonsense"), "ü".as_bytes())],
                OPTIONS,
                r#"{"a":"ü"}"#,
                &[Leniency::Charset],
            ),
        ] {
            let parts: Vec<_> = parts.iter().map(|(head, content)| (head.as_str(), *content)).collect();
            assert_eq!(
                read_as(&body(&parts), options),
                (json.to_owned(), needed(found)),
                "{parts:?}"
            );
        }
        let name = b"--b\r\nContent-Disposition: form-data; name=\"\xfc\"\r\n\r\n1\r\n--b--";
        assert_eq!(read_as(name, configured).0, r#"{"ü":"1"}"#);
        assert_eq!(
            read_as(name, OPTIONS),
            ("{\"�\":\"1\"}".to_owned(), needed(&[Leniency::Replaced]))
        );
        assert_eq!(
            json(&[(&format!("{A}; filename*=iso-8859-1''%fc.txt"), b"1")]),
            r#"{"a":{"filename":"ü.txt","mimetype":"application/octet-stream","size":1}}"#
        );
        for (value, code) in [
            ("nonsense''a", "CHARSET_UNKNOWN"),
            ("UTF-8''%ff", "UTF8_INVALID"),
            ("UTF-8''%4", "MALFORMED_PERCENT_ENCODING"),
            ("a", SYNTAX),
        ] {
            let head = format!("{A}; filename*={value}");
            assert_eq!(rejected(&head, b"1").0, code, "{value}");
        }
    }

    #[test]
    fn rejects_what_is_over_a_limit() {
        let parts = vec![(A, &b"1"[..]); MAX_PARTS];
        assert!(read(&body(&parts), "b").is_ok());
        let parts = vec![(A, &b"1"[..]); MAX_PARTS + 1];
        assert_eq!(read(&body(&parts), "b").unwrap_err().code, "TOO_MANY_PARTS");
        let head = format!("{A}\r\nX: {}", "x".repeat(MAX_PART_HEADERS));
        assert_eq!(rejected(&head, b"1").0, SYNTAX);
        let named = |length| format!("Content-Disposition: form-data; name={}", "n".repeat(length));
        assert!(read(&body(&[(&named(MAX_PART_NAME), b"1")]), "b").is_ok());
        assert_eq!(rejected(&named(MAX_PART_NAME + 1), b"1").0, SYNTAX);
    }

    #[test]
    fn reads_the_boundary_of_the_content_type() {
        for (content_type, found) in [
            ("multipart/form-data; boundary=a", Some("a")),
            ("multipart/form-data; charset=utf-8; BOUNDARY=\"a b=?\"", Some("a b=?")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"a \"", None),
            ("multipart/form-data; boundary=ä", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
        ] {
            assert_eq!(boundary(content_type, b"").ok(), found, "{content_type}");
        }
        let longest = |length| format!("multipart/form-data; boundary={}", "x".repeat(length));
        assert!(boundary(&longest(MAX_BOUNDARY), b"").is_ok());
        assert_eq!(
            boundary(&longest(MAX_BOUNDARY + 1), b"").unwrap_err().code,
            "MULTIPART_BOUNDARY"
        );
    }

    proptest! {
        #[test]
        fn returns_every_content_unchanged(contents in proptest::collection::vec("[\r\nb\\-]{0,12}", 0..5)) {
            // None of them may hold the delimiter, which is what a boundary is chosen for.
            prop_assume!(contents.iter().all(|content| !format!("\r\n{content}\r\n").contains("\r\n--b")));
            let head = "Content-Disposition: form-data; name=a; filename=f";
            let parts: Vec<_> = contents.iter().map(|content| (head, content.as_bytes())).collect();
            let bytes = body(&parts);
            let form = read(&bytes, "b").unwrap();
            let found: Vec<_> = form.files().map(|file| file.content.to_vec()).collect();
            prop_assert_eq!(found, contents.iter().map(|content| content.as_bytes().to_vec()).collect::<Vec<_>>());
        }

        #[test]
        fn never_panics(
            bytes in "(--b|\r\n|--|Content-Disposition: form-data|; name=|\"|;|a|\\\\|%22|%|\u{e4}|: |=|\\*){0,40}"
        ) {
            let _ = read(bytes.as_bytes(), "b").map(|form| form.to_json());
        }
    }
}
