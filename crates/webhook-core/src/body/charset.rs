//! Text in the charsets that senders use besides UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use super::content_type::is_utf8;
use crate::error::ParseError;

/// A charset by one of its labels. The labels are those of browsers, where `iso-8859-1` is `windows-1252` and `gb2312` is
/// `gbk`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// Returns the charset with a label, whatever its case; `None` for one that isn't known, or that isn't safe to read.
    pub fn named(label: &str) -> Option<Self> {
        if is_utf8(label) {
            return Some(Self(UTF_8));
        }
        Encoding::for_label_no_replacement(label.as_bytes()).map(Self)
    }

    /// Returns the charset that a byte order mark at the start says.
    pub fn of_mark(bytes: &[u8]) -> Option<Self> {
        let marked = matches!(bytes.first(), Some(0xef | 0xfe | 0xff));
        if marked {
            Encoding::for_bom(bytes).map(|(found, _)| Self(found))
        } else {
            None
        }
    }

    /// Returns whether it is UTF-8.
    pub fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// Returns the text that the bytes are; a byte order mark isn't part of it.
    ///
    /// # Errors
    /// `UTF8_INVALID` and `CHARSET_INVALID`, with the place, for bytes that the charset has no character for.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, ParseError> {
        if self.is_utf8() {
            let text = ParseError::check_utf8(bytes)?;
            return Ok(Cow::Borrowed(text.trim_start_matches('\u{feff}')));
        }
        let bare = self.without_mark(bytes);
        self.0
            .decode_without_bom_handling_and_without_replacement(bare)
            .ok_or_else(|| {
                let name = self.0.name();
                let at = bytes.len() - bare.len() + self.valid_up_to(bare);
                let found = bytes
                    .get(at)
                    .map_or("the end".to_owned(), |byte| format!("the byte 0x{byte:02X}"));
                let message = format!("expected text in the charset {name}, but found {found}");
                ParseError::at("CHARSET_INVALID", message, bytes, at)
            })
    }

    /// Returns the text that the bytes are, and whether there were some that the charset has no character for: each of them
    /// is `U+FFFD`.
    pub fn decode_lossy(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        self.0.decode_without_bom_handling(self.without_mark(bytes))
    }

    fn without_mark(self, bytes: &[u8]) -> &[u8] {
        match Encoding::for_bom(bytes) {
            Some((found, length)) if found == self.0 => &bytes[length..],
            _ => bytes,
        }
    }

    // Decodes once more, which only a text that isn't one costs.
    fn valid_up_to(self, bytes: &[u8]) -> usize {
        let mut decoder = self.0.new_decoder_without_bom_handling();
        let mut room = vec![0_u8; 4096];
        let mut at = 0;
        loop {
            let (result, read, _) = decoder.decode_to_utf8_without_replacement(&bytes[at..], &mut room, true);
            at += read;
            match result {
                encoding_rs::DecoderResult::OutputFull => {}
                encoding_rs::DecoderResult::InputEmpty => return at,
                encoding_rs::DecoderResult::Malformed(length, behind) => {
                    return at.saturating_sub(usize::from(length) + usize::from(behind));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(label: &str, bytes: &[u8]) -> String {
        Charset::named(label).unwrap().decode(bytes).unwrap().into_owned()
    }

    #[test]
    fn decodes_by_label_as_browsers_do() {
        for (label, bytes, text) in [
            ("windows-1252", &b"Stra\xdfe \x80"[..], "Straße €"),
            ("ISO-8859-1", b"\xfc", "ü"),
            ("gbk", b"\xc4\xe3\xba\xc3", "你好"),
            ("GB2312", b"\xc4\xe3", "你"),
            ("shift_jis", b"\x83\x65", "テ"),
            ("big5", b"\xa7\x41", "你"),
            ("euc-kr", b"\xb0\xa1", "가"),
            ("koi8-r", b"\xc1", "а"),
            ("utf-16le", b"\xff\xfea\0", "a"),
            ("utf-16be", b"\0a", "a"),
            ("utf8", b"\xef\xbb\xbf\xc3\xbc", "ü"),
        ] {
            assert_eq!(decoded(label, bytes), text, "{label}");
        }
        for unknown in ["", "utf-7", "hz-gb-2312", "nonsense", "iso-2022-kr"] {
            assert_eq!(Charset::named(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn rejects_what_the_charset_has_no_character_for_with_its_place() {
        let gbk = Charset::named("gbk").unwrap();
        let error = gbk.decode(b"a\n\xc4\xe3\xff").unwrap_err();
        assert_eq!((error.code, error.line, error.offset), ("CHARSET_INVALID", 2, 4));
        assert_eq!(
            error.message,
            "expected text in the charset GBK, but found the byte 0xFF"
        );
        assert_eq!(gbk.decode_lossy(b"a\xff"), (Cow::Owned("a\u{fffd}".to_owned()), true));
        assert_eq!(
            Charset::named("utf-8").unwrap().decode(b"\xff").unwrap_err().code,
            "UTF8_INVALID"
        );
    }

    #[test]
    fn recognizes_byte_order_marks() {
        for (bytes, label) in [
            (&b"\xff\xfea"[..], "utf-16le"),
            (b"\xfe\xff", "utf-16be"),
            (b"\xef\xbb\xbf", "utf-8"),
        ] {
            assert_eq!(Charset::of_mark(bytes), Charset::named(label));
        }
        assert_eq!(Charset::of_mark(b"\xff"), None);
        assert_eq!(Charset::of_mark(b"a"), None);
    }
}
