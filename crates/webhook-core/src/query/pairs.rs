//! From text to names and values: splitting, decoding, and gathering the values of one name.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::key::Key;
use super::strict::escape;
use crate::error::ParseError;
use crate::json::write_string;

/// Rejects a text with more than `limit` parameters; empty ones (`&&`) say nothing and are not counted.
pub(super) fn check_count(text: &str, limit: usize) -> Result<(), ParseError> {
    // A shorter text can't have as many: each needs a character and a separator.
    if text.len() < 2 * limit {
        return Ok(());
    }
    let mut offset = 0;
    let mut count = 0;
    for part in text.split('&') {
        if !part.is_empty() {
            count += 1;
            if count > limit {
                let message = format!("expected at most {limit} parameters, but found more");
                return Err(ParseError::at("TOO_MANY_PARAMETERS", message, text.as_bytes(), offset));
            }
        }
        offset += part.len() + 1;
    }
    Ok(())
}

/// `qs` unescapes brackets before anything else, so that they count as brackets wherever a client escaped them.
pub(super) fn unescape_brackets(text: &str) -> Cow<'_, str> {
    let mut found = memchr::memmem::find_iter(text.as_bytes(), b"%5").peekable();
    if found.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut unescaped = String::with_capacity(text.len());
    let mut from = 0;
    for at in found {
        let bracket = match text.as_bytes().get(at + 2) {
            Some(b'B' | b'b') => '[',
            Some(b'D' | b'd') => ']',
            _ => continue,
        };
        unescaped.push_str(&text[from..at]);
        unescaped.push(bracket);
        from = at + 3;
    }
    unescaped.push_str(&text[from..]);
    Cow::Owned(unescaped)
}

/// A name or value decoded as `decodeURIComponent` does, `+` standing for a space; where that can't be done, the
/// escapes stay, all of them.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = memchr::memchr2(b'%', b'+', bytes) else {
        return Cow::Borrowed(text);
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    decoded.extend_from_slice(&bytes[..first]);
    let mut at = first;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => match escape(&bytes[at..]) {
                Some(byte) => {
                    decoded.push(byte);
                    at += 2;
                }
                None => return Cow::Owned(text.replace('+', " ")),
            },
            _ => decoded.push(byte),
        }
        at += 1;
    }
    Cow::Owned(String::from_utf8(decoded).unwrap_or_else(|_| text.replace('+', " ")))
}

/// A value: a text, or something else that is there as JSON text already.
#[derive(Debug)]
pub(crate) struct Leaf<'a> {
    text: Cow<'a, str>,
    json: bool,
}

/// What stands where there is nothing to say, in the nodes of containers.
pub(super) static EMPTY: Leaf<'static> = Leaf {
    text: Cow::Borrowed(""),
    json: false,
};

impl<'a> Leaf<'a> {
    /// A text.
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            text: text.into(),
            json: false,
        }
    }

    /// Any value, as JSON text.
    pub(crate) fn json(json: impl Into<Cow<'a, str>>) -> Self {
        Self {
            text: json.into(),
            json: true,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Appends it as JSON.
    pub(super) fn write(&self, out: &mut String) {
        if self.json {
            out.push_str(&self.text);
        } else {
            write_string(out, &self.text);
        }
    }
}

/// Where the values of one name stand: a chain through [`Pairs::values`].
struct Group {
    first: usize,
    last: usize,
    count: u32,
}

/// Every name with its values, in the order in which each was first seen.
#[derive(Default)]
pub(super) struct Pairs<'a> {
    groups: IndexMap<Cow<'a, str>, Group>,
    // Each value with the place of the name's next one.
    values: Vec<(Leaf<'a>, usize)>,
}

/// The values of one name.
#[derive(Clone, Copy)]
pub(super) struct Values<'p> {
    all: &'p [(Leaf<'p>, usize)],
    first: usize,
    /// How many there are, at least one.
    pub(super) count: u32,
}

impl<'p> Values<'p> {
    pub(super) fn first(self) -> &'p Leaf<'p> {
        &self.all[self.first].0
    }

    /// The values in the order sent.
    pub(super) fn iter(self) -> impl Iterator<Item = &'p Leaf<'p>> {
        let mut next = self.first;
        (0..self.count).map(move |_| {
            let (value, following) = &self.all[next];
            next = *following;
            value
        })
    }
}

impl<'a> Pairs<'a> {
    /// Splits and decodes a text whose brackets are no longer escaped.
    pub(super) fn read(text: &'a str) -> Self {
        let mut pairs = Self::default();
        for part in text.split('&') {
            // A `=` inside of brackets belongs to the key, if there is one behind them.
            let split = match memchr::memmem::find(part.as_bytes(), b"]=") {
                Some(bracket) => Some(bracket + 1),
                None => memchr::memchr(b'=', part.as_bytes()),
            };
            let (key, value) = split.map_or((part, ""), |at| (&part[..at], &part[at + 1..]));
            if !key.is_empty() {
                pairs.push(decode(key), Leaf::text(decode(value)));
            }
        }
        pairs
    }

    /// Adds a name, which isn't empty, with a value.
    pub(super) fn push(&mut self, key: Cow<'a, str>, value: Leaf<'a>) {
        let place = self.values.len();
        self.values.push((value, place));
        self.groups
            .entry(key)
            .and_modify(|group| {
                self.values[group.last].1 = place;
                group.last = place;
                group.count += 1;
            })
            .or_insert(Group {
                first: place,
                last: place,
                count: 1,
            });
    }

    /// The names with their values in the order in which JavaScript lists an object's keys, which is the order in which
    /// `qs` goes through them: indices first, ascending.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&str, Values<'_>)> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(key, _)| Key::of(key).rank());
        groups.into_iter().map(|(key, group)| {
            let values = Values {
                all: &self.values,
                first: group.first,
                count: group.count,
            };
            (key.as_ref(), values)
        })
    }
}
