//! What a form has to keep to and a query has not: escapes that decode, to bytes that are UTF-8.

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
