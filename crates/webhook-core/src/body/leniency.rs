//! What is taken for what its sender meant, though it isn't written so.

use std::fmt;

/// A way in which a request isn't written as it should be, and is accepted all the same, since it has one meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leniency {
    /// A form or a text that is one JSON object or array, and is read as that.
    MislabelledJson,
    /// No `Content-Type`: the body is read as what it looks like.
    NoContentType,
    /// A `Content-Type` that is written wrongly, such as `json`, or twice.
    ContentType,
    /// A charset in the `Content-Type` that the body doesn't have: JSON is UTF-8 whatever it says.
    Charset,
    /// Bytes for which their charset has no character; each is `U+FFFD`.
    Replaced,
    /// A `Content-Encoding` that is none, such as a charset.
    ContentEncoding,
    /// A `Content-Encoding` that has been undone already.
    NotEncoded,
    /// A multipart body with lines that end in LF alone, or without the `--` at its end.
    Multipart,
    /// A part that says it is JSON or XML, and isn't.
    UnreadPart,
    /// A value that isn't what it is to be decoded as.
    NotDecoded,
    /// A body in which none of the configured values was found.
    NothingFound,
}

/// Each leniency with its text in the log, which follows "accepted with".
const TEXTS: [(Leniency, &str); 11] = [
    (Leniency::MislabelledJson, "JSON that is labelled as a form or a text"),
    (Leniency::NoContentType, "a body without a Content-Type"),
    (Leniency::ContentType, "a malformed Content-Type"),
    (
        Leniency::Charset,
        "a charset in the Content-Type that the body doesn't have",
    ),
    (Leniency::Replaced, "bytes that aren't in the charset, now U+FFFD"),
    (Leniency::ContentEncoding, "a Content-Encoding that isn't one"),
    (Leniency::NotEncoded, "a Content-Encoding that the body doesn't have"),
    (Leniency::Multipart, "a multipart body that bends the rules"),
    (Leniency::UnreadPart, "a part that isn't the JSON or XML it says it is"),
    (Leniency::NotDecoded, "a value that can't be decoded as configured"),
    (Leniency::NothingFound, "none of the configured values in its body"),
];

/// The leniencies that a request needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leniencies(u16);

impl Leniencies {
    /// Adds one.
    pub fn add(&mut self, leniency: Leniency) {
        self.0 |= 1 << leniency as u16;
    }

    /// Returns whether there is none, as for most requests.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether one is among them.
    pub fn has(self, leniency: Leniency) -> bool {
        self.0 >> leniency as u16 & 1 == 1
    }
}

impl fmt::Display for Leniencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed = TEXTS.iter().filter(|(leniency, _)| self.has(*leniency));
        for (index, (_, text)) in needed.enumerate() {
            write!(f, "{}{text}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_each_leniency_once() {
        let mut needed = Leniencies::default();
        assert!(needed.is_empty());
        for (leniency, text) in TEXTS {
            needed.add(leniency);
            needed.add(leniency);
            assert!(needed.has(leniency));
            assert_eq!(needed.to_string().matches(text).count(), 1);
        }
        let mut two = Leniencies::default();
        two.add(Leniency::NoContentType);
        two.add(Leniency::ContentEncoding);
        assert_eq!(
            two.to_string(),
            "a body without a Content-Type; a Content-Encoding that isn't one"
        );
    }
}
