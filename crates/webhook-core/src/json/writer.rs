//! A JSON text that is being written, and the bounds of it.

use crate::limits::{context_limit, step_limit};

/// More would be written than there is room for, or more done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// A JSON text that is being written, in bounds that follow from the size of what it is made of.
///
/// Bytes are counted as they are written, a control character as the six that it takes. Work that writes nothing is counted in
/// steps, each taking about as long as two bytes do to be read.
#[derive(Debug)]
pub struct Writer {
    text: String,
    limit: usize,
    steps: usize,
}

impl Writer {
    /// Returns a writer of what `size` bytes are turned into.
    pub fn new(size: usize) -> Self {
        Self {
            text: String::new(),
            limit: context_limit(size),
            steps: step_limit(size),
        }
    }

    /// Reserves memory for this many bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.text.reserve(bytes.min(self.limit - self.text.len()));
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
        self.text.push_str(json);
        Ok(())
    }

    /// Writes a text as a JSON string.
    ///
    /// # Errors
    /// [`TooLarge`] if it doesn't fit.
    pub fn push_string(&mut self, text: &str) -> Result<(), TooLarge> {
        let room = self.limit - self.text.len();
        if text.len().saturating_mul(6) + 2 > room && quoted_length(text) > room {
            return Err(TooLarge);
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

/// Returns a text as a JSON string.
pub fn quote(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    write_string(&mut json, text);
    json
}

/// How many bytes a text has as a JSON string.
fn quoted_length(text: &str) -> usize {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 2,
        0..=0x1F => 6,
        _ => 1,
    });
    bytes.sum::<usize>() + 2
}

/// Appends a text as a JSON string.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0..=0x1F => "\\u00",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escape);
        if byte < b' ' {
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
