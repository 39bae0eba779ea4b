//! What is wrong with a text, and where.

use std::fmt;

/// A text that is not what it should be, with the place of the first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Stable code, upper-case with underscores, such as `JSON_SYNTAX`.
    pub code: &'static str,
    /// "expected X, but found Y", with no place in it.
    pub message: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in UTF-16 units, as editors count.
    pub column: u32,
    /// Offset of the first wrong byte, from 0.
    pub offset: usize,
}

impl ParseError {
    /// Returns an error at a byte offset of `text`; line and column are counted here, so only when something is wrong.
    ///
    /// `text` may hold bytes that aren't UTF-8; each such byte counts as one column.
    pub fn at(code: &'static str, message: impl Into<String>, text: &[u8], offset: usize) -> Self {
        let before = &text[..offset.min(text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = before[line_start..]
            .utf8_chunks()
            .map(|chunk| chunk.valid().encode_utf16().count() + chunk.invalid().len())
            .sum::<usize>()
            + 1;
        Self {
            code,
            message: message.into(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            offset,
        }
    }

    /// Returns the bytes as text.
    ///
    /// # Errors
    /// `UTF8_INVALID`, if they aren't UTF-8.
    #[inline]
    pub(crate) fn check_utf8(bytes: &[u8]) -> Result<&str, Self> {
        simdutf8::basic::from_utf8(bytes).map_err(|_| {
            let at = simdutf8::compat::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
            Self::not_utf8(bytes, at)
        })
    }

    /// Returns the error for what begins at `offset` and isn't UTF-8: a byte, or the first escape (`%C3`) of several.
    #[cold]
    pub(crate) fn not_utf8(text: &[u8], offset: usize) -> Self {
        let found = match text[offset] {
            b'%' => String::from_utf8_lossy(&text[offset..offset + 3]).into_owned(),
            byte => format!("the byte 0x{byte:02X}"),
        };
        Self::at(
            "UTF8_INVALID",
            format!("expected UTF-8, but found {found}"),
            text,
            offset,
        )
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.message, self.line, self.column)
    }
}

impl std::error::Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::ParseError;

    #[test]
    fn counts_lines_and_columns_as_editors_do() {
        let text = "a\né😀x".as_bytes();
        let error = ParseError::at("CODE", "expected y, but found x", text, text.len() - 1);
        assert_eq!((error.line, error.column), (2, 4));
        assert_eq!(error.to_string(), "expected y, but found x at line 2, column 4");
    }

    #[test]
    fn counts_one_column_for_each_byte_that_is_not_utf8() {
        assert_eq!(ParseError::at("CODE", "m", b"\xff\xffz", 2).column, 3);
        assert_eq!(ParseError::at("CODE", "m", b"", 9).line, 1);
    }
}
