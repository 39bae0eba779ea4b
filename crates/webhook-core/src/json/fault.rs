use crate::error::ParseError;

/// What is wrong with a text; [`code`](Self::code) is how callers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The text ends in the middle of a value, or there is none.
    End,
    /// Another character is needed here.
    Character,
    /// A character below U+0020 is unescaped in a string or key.
    Control,
    /// A backslash is followed by something that isn't an escape.
    Escape,
    /// Objects and arrays are nested too deep.
    Depth,
    /// A sample has too many paths.
    Paths,
}

impl Wrong {
    fn code(self) -> &'static str {
        match self {
            Self::End => "JSON_UNEXPECTED_END",
            Self::Character => "JSON_UNEXPECTED_CHARACTER",
            Self::Control => "JSON_CONTROL_CHARACTER",
            Self::Escape => "JSON_INVALID_ESCAPE",
            Self::Depth => "JSON_TOO_DEEP",
            Self::Paths => "JSON_TOO_MANY_PATHS",
        }
    }
}

/// A fault as the scanner notes it; made readable once it is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) wrong: Wrong,
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

impl Fault {
    /// The error to report. Its message quotes at most one character of the text, so it may be logged.
    #[cold]
    pub(crate) fn into_error(self, text: &[u8]) -> ParseError {
        let found = match self.wrong {
            Wrong::Depth | Wrong::Paths => "more".to_owned(),
            _ => describe(&text[self.at..]),
        };
        ParseError::at(
            self.wrong.code(),
            format!("expected {}, but found {found}", self.expected),
            text,
            self.at,
        )
    }
}

/// The first character of `rest` in words.
fn describe(rest: &[u8]) -> String {
    // Four bytes hold any character; what is cut off after it doesn't matter.
    let head = &rest[..rest.len().min(4)];
    let first = match std::str::from_utf8(head) {
        Ok(text) => text.chars().next(),
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()])
            .ok()
            .and_then(|text| text.chars().next()),
    };
    match first {
        None => "the end of the text".to_owned(),
        Some('\'') => "an apostrophe".to_owned(),
        Some(c) if c.is_control() || (c.is_whitespace() && c != ' ') || c == '\u{FEFF}' => {
            format!("the character U+{:04X}", c as u32)
        }
        Some(c) => format!("'{c}'"),
    }
}
