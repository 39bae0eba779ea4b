//! What a form has to keep to and a query has not: escapes that decode, to bytes that are UTF-8.

use crate::body::Charset;
use crate::error::ParseError;

/// The body as text, if every escape in it can be decoded; afterwards `decode` can't fail on any part of it.
///
/// A character that is escaped has to be escaped whole, byte after byte, as `decodeURIComponent` wants it.
pub(crate) fn check(body: &[u8]) -> Result<&str, ParseError> {
    let text = ParseError::check_utf8(body)?;
    let mut run = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'%', &body[at..]) {
        let start = at + found;
        at = start;
        run.clear();
        while body.get(at) == Some(&b'%') {
            run.push(escape(&body[at..]).ok_or_else(|| malformed(body, at))?);
            at += 3;
        }
        if let Err(error) = std::str::from_utf8(&run) {
            return Err(ParseError::not_utf8(body, start + 3 * error.valid_up_to()));
        }
    }
    Ok(text)
}

/// Returns a form in another charset as the same form in UTF-8: each name and value is decoded, from bytes and escapes together.
///
/// # Errors
/// `MALFORMED_PERCENT_ENCODING`, and `CHARSET_INVALID` for bytes that the charset has no character for.
pub(crate) fn transcode(body: &[u8], charset: Charset) -> Result<String, ParseError> {
    let mut form = String::with_capacity(body.len());
    let mut piece = Vec::new();
    let mut start = 0;
    let mut at = 0;
    loop {
        match body.get(at) {
            Some(b'%') => {
                piece.push(escape(&body[at..]).ok_or_else(|| malformed(body, at))?);
                at += 2;
            }
            Some(b'+') => piece.push(b' '),
            Some(byte) if !b"&=".contains(byte) => piece.push(*byte),
            end => {
                let text = charset
                    .decode(&piece)
                    .map_err(|error| ParseError::at(error.code, error.message, body, start))?;
                push_escaped(&mut form, &text);
                let Some(separator) = end else { return Ok(form) };
                form.push(char::from(*separator));
                piece.clear();
                start = at + 1;
            }
        }
        at += 1;
    }
}

fn push_escaped(form: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            ' ' => form.push('+'),
            '%' => form.push_str("%25"),
            '&' => form.push_str("%26"),
            '+' => form.push_str("%2B"),
            '=' => form.push_str("%3D"),
            other => form.push(other),
        }
    }
}

/// Decodes the byte that `%` and two hexadecimal digits at the start of a text mean.
pub(super) fn escape(text: &[u8]) -> Option<u8> {
    match text {
        [b'%', high, low, ..] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

fn malformed(body: &[u8], at: usize) -> ParseError {
    let rest = &body[at + 1..];
    let digits: String = String::from_utf8_lossy(&rest[..rest.len().min(8)])
        .chars()
        .take(2)
        .collect();
    let found = if digits.is_empty() {
        "the end".to_owned()
    } else {
        format!("{digits:?}")
    };
    let message = format!("expected two hexadecimal digits after %, but found {found}");
    ParseError::at("MALFORMED_PERCENT_ENCODING", message, body, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transcodes_names_and_values_from_bytes_and_escapes() {
        for (charset, form, transcoded) in [
            ("windows-1252", &b"a=Hauptstra%DFe"[..], "a=Hauptstraße"),
            (
                "windows-1252",
                b"a=Hauptstra\xdfe+7&%80=%26%3d%2b%25&&b",
                "a=Hauptstraße+7&€=%26%3D%2B%25&&b",
            ),
            ("gbk", b"a=\xc4%e3%BA\xc3", "a=你好"),
            // The second byte of a character may be one that is escaped itself.
            ("shift_jis", b"a%5Bb%5D=%83%5B%83[", "a[b]=ゼゼ"),
        ] {
            let transcode = transcode(form, Charset::named(charset).unwrap());
            assert_eq!(transcode.as_deref(), Ok(transcoded));
        }
        let gbk = Charset::named("gbk").unwrap();
        let error = transcode(b"a=1\n&b=%ff", gbk).unwrap_err();
        assert_eq!((error.code, error.line, error.column), ("CHARSET_INVALID", 2, 4));
        assert_eq!(transcode(b"a=%f", gbk).unwrap_err().code, "MALFORMED_PERCENT_ENCODING");
    }
}
