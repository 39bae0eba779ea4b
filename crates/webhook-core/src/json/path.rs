use std::fmt;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A member of an object, an element of an array, a UTF-16 unit of a string, or the `length` of the two.
    Key(Box<str>),
    /// Every element of an array; a value that isn't one is a list of one.
    Each,
}

/// A path into a JSON value.
///
/// A text means what lodash's [`get`](https://lodash.com/docs/#get) makes of it: `a.b`, `a[0]`, `a["quoted.key"]`, a
/// leading or doubled dot is an empty key. In addition `[]` is "each element" (lodash takes it for an empty key), and
/// a dot right before a bracket is only a separator. Every text is a path; one without any segment (`[.[`) leads nowhere.
///
/// `Display` prints the segments in a normal form that parses back to the same segments.
///
/// ```
/// use webhook_core::json::{Path, Segment};
/// let path = Path::parse("items[].tags[0]");
/// assert_eq!(path.segments()[1], Segment::Each);
/// assert_eq!(Path::parse("a['b.c']").to_string(), r#"a["b.c"]"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    text: Box<str>,
    segments: Vec<Segment>,
}

impl Path {
    /// Parses a path.
    pub fn parse(text: &str) -> Self {
        let segments = if is_deep(text) {
            split(text)
        } else {
            vec![Segment::Key(text.into())]
        };
        Self {
            text: text.into(),
            segments,
        }
    }

    /// Returns the path of these segments; its text is their normal form.
    pub fn from_segments(segments: Vec<Segment>) -> Self {
        let mut path = Self {
            text: Box::default(),
            segments,
        };
        path.text = path.to_string().into();
        path
    }

    /// Returns the text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the steps of the path.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The own key that wins over the segments when the root object has it: the whole text.
    pub(crate) fn exact_key(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [Segment::Key(key)] if **key == *self.text => None,
            _ => Some(&self.text),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            return f.write_str(&self.text);
        }
        self.segments
            .iter()
            .enumerate()
            .try_for_each(|(at, segment)| write_segment(f, segment, at == 0))
    }
}

/// Writes one segment as [`Path`]'s `Display` does; `first` says that it is the first one.
pub(crate) fn write_segment(out: &mut impl fmt::Write, segment: &Segment, first: bool) -> fmt::Result {
    let key = match segment {
        Segment::Each => return out.write_str("[]"),
        Segment::Key(key) => key,
    };
    if as_index(key).is_some() {
        write!(out, "[{key}]")
    } else if !key.is_empty() && !key.contains(['.', '[', ']']) {
        out.write_str(if first { "" } else { "." })?;
        out.write_str(key)
    } else {
        out.write_str("[\"")?;
        for c in key.chars() {
            if matches!(c, '"' | '\\') {
                out.write_char('\\')?;
            }
            out.write_char(c)?;
        }
        out.write_str("\"]")
    }
}

/// The array index that a key is in JavaScript: digits without a leading zero, below 2^32 - 1.
pub(crate) fn as_index(key: &str) -> Option<u32> {
    let canonical = match key.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return None;
    }
    key.parse().ok().filter(|&index| index < u32::MAX)
}

/// Whether lodash splits the text (its `isKey` says no): it has a dot, or a complete pair of brackets.
fn is_deep(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.contains(&b'.')
        || (0..bytes.len()).filter(|&at| bytes[at] == b'[').any(|at| {
            bytes[at + 1..].iter().find(|byte| matches!(byte, b'[' | b']')) == Some(&b']')
                || quoted(&text[at + 1..]).is_some()
        })
}

/// The length of a quoted key and the bracket after it, at the start of `text`: `"..."]`.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return text[at + 1..].starts_with(']').then_some(at + 2);
        }
        if c == '\\' {
            // In lodash's expression `\\.` a dot matches anything but a line terminator.
            chars
                .next()
                .filter(|(_, escaped)| !matches!(escaped, '\n' | '\r' | '\u{2028}' | '\u{2029}'))?;
        }
    }
    None
}

/// The length of a number and the bracket after it, at the start of `text`: `-?\d+(\.\d+)?\]`.
fn number(text: &str) -> Option<usize> {
    let digits = |from: usize| {
        text.as_bytes()[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let start = usize::from(text.starts_with('-'));
    let mut end = start + digits(start);
    if end == start {
        return None;
    }
    if text[end..].starts_with('.') {
        let fraction = digits(end + 1);
        if fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    }
    text[end..].starts_with(']').then_some(end + 1)
}

/// Removes one backslash of each pair, and single ones.
fn unescape(text: &str) -> Box<str> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
        } else if chars.next_if_eq(&'\\').is_some() {
            plain.push('\\');
        }
    }
    plain.into()
}

/// What lodash's `stringToPath` does with its regular expression, position by position.
fn split(text: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    if text.starts_with('.') {
        // A bracket pair after it is "each", for which a leading dot is only a separator.
        if !text.starts_with(".[]") {
            segments.push(Segment::Key("".into()));
        }
    }
    let mut at = 0;
    while let Some(first) = text.as_bytes().get(at) {
        let rest = &text[at + usize::from(matches!(first, b'.' | b'[' | b']'))..];
        match first {
            b'[' => {
                if rest.starts_with(']') {
                    segments.push(Segment::Each);
                    at += 2;
                } else if let Some(length) = number(rest) {
                    segments.push(Segment::Key(rest[..length - 1].into()));
                    at += 1 + length;
                } else if let Some(length) = quoted(rest) {
                    segments.push(Segment::Key(unescape(&rest[1..length - 2])));
                    at += 1 + length;
                } else {
                    at += 1;
                }
            }
            b'.' => {
                if rest.is_empty() || rest.starts_with('.') {
                    segments.push(Segment::Key("".into()));
                }
                at += 1;
            }
            b']' => at += 1,
            _ => {
                let length = rest.find(['.', '[', ']']).unwrap_or(rest.len());
                segments.push(Segment::Key(rest[..length].into()));
                at += length;
            }
        }
    }
    segments
}
