//! The values along paths, and the check of a whole text.

use std::borrow::Cow;

use super::indexed::Indexed;
use super::scan::{Cursor, Rejected, Scanner};
use super::trie::PathSet;
use super::walk::{Found, Stopped, Walk};
use super::writer::TooLarge;
use crate::error::ParseError;
use crate::limits::context_limit;

/// The byte order mark; one at the start of a text is skipped.
pub const BOM: char = '\u{FEFF}';

/// Why extraction failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// The text isn't JSON, or is nested too deeply.
    Malformed(ParseError),
    /// The values together, or what they are put together as, are larger than the text allows.
    TooLarge,
}

impl Unread {
    /// Returns the error for a text.
    pub fn into_error(self, json: &[u8]) -> ParseError {
        match self {
            Self::Malformed(error) => error,
            Self::TooLarge => {
                let limit = context_limit(json.len());
                let message = format!("expected values that have {limit} bytes together, but found more");
                ParseError::at("JSON_VALUES_TOO_LARGE", message, json, 0)
            }
        }
    }
}

impl From<ParseError> for Unread {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

impl From<TooLarge> for Unread {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl PathSet {
    /// Returns the value of each path as JSON text, in the order of the paths; `None` for a path that leads nowhere.
    ///
    /// A value is a slice of `json` wherever that holds it as it is. `null` counts as a value, and so do `0`,
    /// `false` and `""`. For a path with `[]` it is a list with one item for each element, `null` for an element that
    /// lacks the rest of the path. A value that isn't an array counts as a list of one, except for `null`, with which the
    /// path leads nowhere.
    ///
    /// # Errors
    /// Fails for what `JSON.parse` rejects, bytes that aren't UTF-8, and nesting deeper than
    /// [`MAX_DEPTH`](crate::limits::MAX_DEPTH); one BOM is skipped. The whole text is checked whatever the paths are. So are
    /// lists that have more than [`context_limit`] bytes together (`JSON_VALUES_TOO_LARGE`).
    pub fn extract<'a>(&self, json: &'a [u8]) -> Result<Vec<Option<Cow<'a, str>>>, ParseError> {
        let (found, text) = self.find(json).map_err(|unread| unread.into_error(json))?;
        Ok(found.take(self, text))
    }

    /// What [`extract`](Self::extract) takes the values of, and the text that it was found in.
    #[inline]
    pub(super) fn find<'a>(&self, json: &'a [u8]) -> Result<(Found, &'a str), Unread> {
        let text = ParseError::check_utf8(json).map_err(Unread::Malformed)?;
        let indexed = Indexed::new(json).map(|mut cursor| Walk::new(self, text, &mut cursor).run());
        match indexed {
            Some(Ok(found)) => return Ok((found, text)),
            Some(Err(Stopped::TooLarge)) => return Err(Unread::TooLarge),
            // The scanner decides the same, and knows why a text is rejected.
            Some(Err(Stopped::Rejected)) | None => {}
        }
        let mut scanner = Scanner::new(json);
        match Walk::new(self, text, &mut scanner).run() {
            Ok(found) => Ok((found, text)),
            Err(Stopped::TooLarge) => Err(Unread::TooLarge),
            Err(Stopped::Rejected) => Err(Unread::Malformed(scanner.fault().into_error(json))),
        }
    }
}

/// Returns the text without its BOM if `JSON.parse` accepts it within the limit of depth: [`PathSet::extract`] without paths.
///
/// # Errors
/// Those of [`PathSet::extract`].
pub fn check(json: &[u8]) -> Result<&str, ParseError> {
    let text = ParseError::check_utf8(json)?;
    let whole = |cursor: &mut dyn Cursor| {
        let kind = cursor.begin()?;
        cursor.skip(kind)?;
        cursor.finish()
    };
    // A short text costs more with an index than without.
    let indexed = if json.len() < 64 { None } else { Indexed::new(json) };
    if indexed.is_none_or(|mut cursor| whole(&mut cursor).is_err()) {
        let mut scanner = Scanner::new(json);
        whole(&mut scanner).map_err(|Rejected| scanner.fault().into_error(json))?;
    }
    Ok(text.strip_prefix(BOM).unwrap_or(text))
}
