//! A JSON text that is being written, and the bounds of it.

use crate::limits::{context_limit, held_limit, step_limit};

/// More would be written than there is room for, or more done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// A JSON text that is being written, in bounds that follow from the size of what it is made of.
///
/// Bytes are counted as they are written, a control character as the six that it takes. Work that writes nothing is counted in
/// steps, each taking about as long as two bytes do to be read. What else is held in memory meanwhile leaves less room.
#[derive(Debug)]
pub struct Writer {
    text: String,
    limit: usize,
    /// Bytes that may still be held in memory besides the text, or written.
    room: usize,
    steps: usize,
}

impl Writer {
    /// Returns a writer of what `size` bytes are turned into.
    pub fn new(size: usize) -> Self {
        Self {
            text: String::new(),
            limit: context_limit(size),
            room: held_limit(size),
            steps: step_limit(size),
        }
    }

    /// Reserves memory for this many bytes.
    pub fn reserve(&mut self, bytes: usize) {
        let bytes = bytes.min(self.limit - self.text.len());
        grow(&mut self.text, bytes);
    }

    /// Notes bytes that are held in memory until the text is written: copies of what it is made of.
    ///
    /// # Errors
    /// [`TooLarge`] if what is written already doesn't fit beside them.
    pub fn hold(&mut self, bytes: usize) -> Result<(), TooLarge> {
        self.room = self.room.saturating_sub(bytes);
        self.limit = self.limit.min(self.room);
        if self.text.len() > self.limit {
            return Err(TooLarge);
        }
        Ok(())
    }

    /// Returns the most bytes that are written.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Returns what has been written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what has been written.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Writes JSON as it is.
    ///
    /// # Errors
    /// [`TooLarge`] if it doesn't fit.
    #[inline]
    pub fn push(&mut self, json: &str) -> Result<(), TooLarge> {
        if json.len() > self.limit - self.text.len() {
            return Err(TooLarge);
        }
        grow(&mut self.text, json.len());
        self.text.push_str(json);
        Ok(())
    }

    /// Writes a text as a JSON string.
    ///
    /// # Errors
    /// [`TooLarge`] if it doesn't fit.
    pub fn push_string(&mut self, text: &str) -> Result<(), TooLarge> {
        let room = self.limit - self.text.len();
        if text.len() >= LARGE.min(room / 6) {
            let length = quoted_length(text);
            if length > room {
                return Err(TooLarge);
            }
            grow(&mut self.text, length);
        }
        write_string(&mut self.text, text);
        Ok(())
    }

    /// Takes back what was written from `length` on.
    pub(super) fn truncate(&mut self, length: usize) -> Result<(), TooLarge> {
        self.step(self.text.len() - length)?;
        self.text.truncate(length);
        Ok(())
    }

    /// Notes work that writes nothing.
    #[inline]
    pub(super) fn step(&mut self, steps: usize) -> Result<(), TooLarge> {
        self.steps = self.steps.checked_sub(steps).ok_or(TooLarge)?;
        Ok(())
    }
}

/// Bytes from which on a text is a large one.
const LARGE: usize = 64 * 1024;

/// Makes room in a text for some more bytes. A large one grows by a quarter: twice its size, as is usual, is too much for it.
#[inline]
pub(super) fn grow(text: &mut String, bytes: usize) {
    if text.capacity() - text.len() < bytes {
        reallocate(text, bytes);
    }
}

#[cold]
fn reallocate(text: &mut String, bytes: usize) {
    if text.len() < LARGE {
        text.reserve(bytes);
    } else {
        text.reserve_exact(bytes.max(text.len() / 4));
    }
}

/// Returns a text as a JSON string.
pub fn quote(text: &str) -> String {
    let length = if text.len() < LARGE {
        text.len() + 2
    } else {
        quoted_length(text)
    };
    let mut json = String::with_capacity(length);
    write_string(&mut json, text);
    json
}

/// How many bytes a text has as a JSON string.
pub fn quoted_length(text: &str) -> usize {
    // Without a branch, and in numbers of a byte, so that many bytes are counted at a time.
    let extra = |byte: &u8| {
        let is_control = u8::from(*byte < b' ');
        let is_short = u8::from(matches!(byte, 0x08..=0x0D)) - u8::from(*byte == 0x0B);
        is_control * 5 - is_short * 4 + u8::from(*byte == b'"') + u8::from(*byte == b'\\')
    };
    let pieces = text.as_bytes().chunks(usize::from(u8::MAX) / 5);
    let extra: usize = pieces
        .map(|piece| usize::from(piece.iter().map(extra).sum::<u8>()))
        .sum();
    text.len() + extra + 2
}

/// Appends a text as a JSON string.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0C => "\\f",
            _ => "\\u00",
        };
        out.push_str(&text[from..at]);
        out.push_str(escape);
        if escape.len() > 2 {
            out.push(char::from(b"01"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CONTEXT_SLACK;

    #[test]
    fn counts_a_control_character_as_the_bytes_it_takes() {
        let fits = "\u{1}".repeat((CONTEXT_SLACK - 2) / 6);
        assert_eq!(Writer::new(0).push_string(&fits), Ok(()));
        assert_eq!(quoted_length(&fits), quote(&fits).len());
        assert_eq!(Writer::new(0).push_string(&format!("{fits}\u{1}")), Err(TooLarge));
        assert_eq!(Writer::new(0).push_string(&"x".repeat(CONTEXT_SLACK - 2)), Ok(()));
    }
}
