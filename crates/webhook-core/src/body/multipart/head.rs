//! The headers of a part: its name, its file name, its type and how it is encoded.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine;

use super::SYNTAX;
use crate::auth::BASE64;
use crate::body::charset::Charset;
use crate::error::ParseError;
use crate::limits::MAX_PART_NAME;
use crate::query;
use crate::request::is_token;

/// How the content of a part is encoded (RFC 2045 section 6).
#[derive(Clone, Copy)]
enum Encoding {
    Base64,
    QuotedPrintable,
}

/// What the headers of a part say.
#[derive(Default)]
pub(super) struct Head<'a> {
    name: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) content_type: Option<Cow<'a, str>>,
    content_id: Option<String>,
    encoding: Option<Encoding>,
    disposition: bool,
}

impl<'a> Head<'a> {
    pub(super) fn take(&mut self, body: &[u8], at: usize, line: Cow<'a, str>, named: bool) -> Result<(), ParseError> {
        let text = &*line;
        let reject = |code, message: &str, offset| Err(ParseError::at(code, message, body, at + offset));
        if let Some(offset) = text.find(|c: char| c.is_ascii_control() && c != '\t') {
            return reject(SYNTAX, "expected a header, but found a control character", offset);
        }
        let Some((name, value)) = text.split_once(':').filter(|(name, _)| is_token(name)) else {
            return reject(
                SYNTAX,
                "expected a header with a name and a colon, but found another line",
                0,
            );
        };
        let value_at = name.len() + 1;
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if self.disposition => {
                return reject(SYNTAX, "expected one Content-Disposition, but found several", 0);
            }
            "content-disposition" => {
                self.disposition = true;
                self.dispose(body, at + value_at, value, named)?;
            }
            "content-type" => {
                self.content_type = Some(match line {
                    Cow::Borrowed(text) => Cow::Borrowed(&text[value_at..]),
                    Cow::Owned(text) => Cow::Owned(text[value_at..].to_owned()),
                });
            }
            "content-id" => self.content_id = Some(value.trim().trim_matches(['<', '>']).to_owned()),
            "content-transfer-encoding" => match &*value.trim().to_ascii_lowercase() {
                "" | "binary" | "8bit" | "7bit" => self.encoding = None,
                "base64" => self.encoding = Some(Encoding::Base64),
                "quoted-printable" => self.encoding = Some(Encoding::QuotedPrintable),
                _ => {
                    let message = "expected base64 or quoted-printable, but found another Content-Transfer-Encoding";
                    return reject("MULTIPART_ENCODING", message, value_at);
                }
            },
            _ => {}
        }
        Ok(())
    }

    /// Reads a `Content-Disposition`; `at` is its place in the body.
    fn dispose(&mut self, body: &[u8], at: usize, value: &str, named: bool) -> Result<(), ParseError> {
        let reject = |message: String, offset| Err(ParseError::at(SYNTAX, message, body, at + offset));
        let end = value.find(';').unwrap_or(value.len());
        if named && !value[..end].trim().eq_ignore_ascii_case("form-data") {
            return reject(
                "expected the Content-Disposition form-data, but found another one".to_owned(),
                0,
            );
        }
        let mut extended = None;
        let mut next = end;
        while next < value.len() {
            // At a semicolon, which may be the last thing there is.
            let parameter = &value[next + 1..];
            let Some(equals) = parameter.find('=') else {
                if parameter.trim().is_empty() {
                    break;
                }
                return reject("expected a parameter with a value, but found none".to_owned(), next + 1);
            };
            let name = parameter[..equals].trim();
            let from = next + 1 + equals + 1;
            let Some((text, length)) = parameter_value(&value[from..]) else {
                return reject(
                    "expected a quote at the end of the value, but found none".to_owned(),
                    from,
                );
            };
            next = from + length;
            if !is_token(name) || !value[next..].is_empty() && !value[next..].starts_with(';') {
                return reject(
                    "expected parameters with a semicolon in between, but found another text".to_owned(),
                    next,
                );
            }
            if text.len() > MAX_PART_NAME {
                return reject(
                    format!("expected at most {MAX_PART_NAME} bytes of a name, but found more"),
                    from,
                );
            }
            let slot = match name.to_ascii_lowercase().as_str() {
                "name" => &mut self.name,
                "filename" => &mut self.filename,
                "filename*" => &mut extended,
                _ => continue,
            };
            let text = if name.ends_with('*') {
                extended_value(body, at + from, &text)?
            } else {
                text
            };
            if slot.replace(text).is_some() {
                return reject(format!("expected one {name}, but found several"), from);
            }
        }
        if named && self.name.is_none() {
            return reject("expected a name of the part, but found none".to_owned(), value.len());
        }
        self.filename = extended.or(self.filename.take()).map(|name| without_path(&name));
        if self
            .filename
            .as_ref()
            .is_some_and(|name| name.contains(char::is_control))
        {
            return reject(
                "expected a file name without control characters, but found one".to_owned(),
                0,
            );
        }
        Ok(())
    }

    pub(super) fn name(&self, number: usize, named: bool) -> Option<String> {
        let is_there = |name: &&String| !name.is_empty();
        match &self.name {
            Some(name) => Some(name.clone()),
            None if named => None,
            None => {
                let other = self.content_id.as_ref().or(self.filename.as_ref());
                Some(other.filter(is_there).cloned().unwrap_or_else(|| number.to_string()))
            }
        }
    }

    /// The content at `range`, its encoding undone.
    pub(super) fn decoded<'b>(&self, body: &'b [u8], range: Range<usize>) -> Result<Cow<'b, [u8]>, ParseError> {
        let content = &body[range.clone()];
        let decoded = match self.encoding {
            None => return Ok(Cow::Borrowed(content)),
            Some(Encoding::Base64) => {
                let letters: Vec<u8> = content
                    .iter()
                    .copied()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .collect();
                BASE64.decode(letters).ok()
            }
            Some(Encoding::QuotedPrintable) => {
                quoted_printable::decode(content, quoted_printable::ParseMode::Robust).ok()
            }
        };
        decoded.map(Cow::Owned).ok_or_else(|| {
            let message = "expected a part in its Content-Transfer-Encoding, but its bytes are not that";
            ParseError::at("MULTIPART_ENCODING", message, body, range.start)
        })
    }
}

/// A parameter's value at the start of `text`, and how many bytes it takes; none for quotes that aren't closed.
fn parameter_value(text: &str) -> Option<(String, usize)> {
    let begin = text.len() - text.trim_start().len();
    if !text[begin..].starts_with('"') {
        let length = text.find(';').unwrap_or(text.len());
        return Some((text[..length].trim().to_owned(), length));
    }
    let mut value = String::new();
    let mut rest = text[begin + 1..].chars();
    loop {
        match rest.next()? {
            '"' => break,
            '\\' if rest.as_str().starts_with(['"', '\\']) => value.extend(rest.next()),
            '%' => {
                let escape = rest.as_str().get(..2).map(str::to_ascii_uppercase);
                let escaped = match escape.as_deref() {
                    Some("22") => '"',
                    Some("0D") => '\r',
                    Some("0A") => '\n',
                    _ => {
                        value.push('%');
                        continue;
                    }
                };
                value.push(escaped);
                rest.nth(1);
            }
            other => value.push(other),
        }
    }
    let rest = rest.as_str();
    let space = rest.len() - rest.trim_start().len();
    Some((value, text.len() - rest.len() + space))
}

/// A value in the form of RFC 8187, `UTF-8''a%20b`; `at` is its place in the body.
fn extended_value(body: &[u8], at: usize, text: &str) -> Result<String, ParseError> {
    let reject = |code, message: &str| Err(ParseError::at(code, message, body, at));
    let mut parts = text.splitn(3, '\'');
    let (Some(charset), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return reject(
            SYNTAX,
            "expected a value with a charset and two apostrophes, but found another one",
        );
    };
    let Some(charset) = Charset::named(charset) else {
        return reject(
            "CHARSET_UNKNOWN",
            "expected a charset that is known, but found another one",
        );
    };
    let moved = |error: ParseError| ParseError::at(error.code, error.message, body, at);
    if charset.is_utf8() {
        query::check_escapes(encoded.as_bytes()).map_err(moved)?;
    }
    let decoded: Cow<'_, [u8]> = percent_encoding::percent_decode_str(encoded).into();
    charset.decode(&decoded).map(Cow::into_owned).map_err(moved)
}

// RFC 7578 section 4.2. Some senders have sent whole paths, of either kind of system.
fn without_path(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if matches!(name, "." | "..") { "" } else { name }.to_owned()
}
