//! From text to names and values: splitting, decoding, and gathering the values of one name.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;

use hashbrown::hash_table::{Entry, HashTable};

use super::key::{index, Name};
use super::strict::escape;
use crate::error::ParseError;
use crate::json::write_string;
use crate::limits;

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

/// A value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaf<'a> {
    /// A text as it was sent, decoded only as it is written.
    Escaped(&'a str),
    /// A text.
    Text(&'a str),
    /// Any value, as JSON text.
    Json(&'a str),
}

impl<'a> Leaf<'a> {
    fn as_sent(self) -> &'a str {
        let (Self::Escaped(text) | Self::Text(text) | Self::Json(text)) = self;
        text
    }

    pub(super) fn is_empty(self) -> bool {
        self.as_sent().is_empty()
    }

    /// Appends it as JSON.
    pub(super) fn write(self, out: &mut String) {
        match self {
            Self::Escaped(text) => write_string(out, &decode(text)),
            Self::Text(text) => write_string(out, text),
            Self::Json(json) => out.push_str(json),
        }
    }
}

/// The texts of names: of the input where they are in it as they are, of a buffer where they aren't.
#[derive(Default)]
pub(super) struct Names<'a> {
    input: &'a str,
    made: String,
}

impl Names<'_> {
    pub(super) fn get(&self, Name { start, length }: Name) -> &str {
        let (start, length) = (start as usize, length.get() as usize);
        match start.checked_sub(self.input.len()) {
            None => &self.input[start..][..length],
            Some(start) => &self.made[start..][..length],
        }
    }

    /// Adds a text that isn't in the input.
    pub(super) fn make(&mut self, text: &str) -> Option<Name> {
        let start = self.input.len() + self.made.len();
        self.made.push_str(text);
        name(start, text.len())
    }
}

// Names are bytes of a body, whose length fits into 32 bits.
fn name(start: usize, length: usize) -> Option<Name> {
    let length = u32::try_from(length).ok().and_then(NonZeroU32::new)?;
    let start = u32::try_from(start).ok()?;
    Some(Name { start, length })
}

/// A name and where its values are: a chain through [`Pairs::following`].
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(super) name: Name,
    pub(super) first: u32,
    last: u32,
    /// How many values there are, at least one.
    pub(super) count: u32,
}

/// Every name with its values, in the order in which each was first seen.
#[derive(Default)]
pub(super) struct Pairs<'a> {
    pub(super) names: Names<'a>,
    pub(super) groups: Vec<Group>,
    by_name: HashTable<u32>,
    hasher: RandomState,
    pub(super) values: Vec<Leaf<'a>>,
    /// For each value the place of the name's next one.
    following: Vec<u32>,
}

impl<'a> Pairs<'a> {
    /// Splits and decodes a text whose brackets are no longer escaped.
    pub(super) fn read(text: &'a str) -> Self {
        let mut pairs = Self::default();
        pairs.names.input = text;
        let count = memchr::memchr_iter(b'&', text.as_bytes()).count() + 1;
        pairs.reserve(count.min(limits::MAX_QUERY_PARAMETERS));
        let mut offset = 0;
        for part in text.split('&') {
            // A `=` inside of brackets belongs to the key, if there is one behind them.
            let split = match memchr::memmem::find(part.as_bytes(), b"]=") {
                Some(bracket) => Some(bracket + 1),
                None => memchr::memchr(b'=', part.as_bytes()),
            };
            let (key, value) = split.map_or((part, ""), |at| (&part[..at], &part[at + 1..]));
            let name = match decode(key) {
                Cow::Borrowed(key) => name(offset, key.len()),
                Cow::Owned(key) => pairs.names.make(&key),
            };
            if let Some(name) = name {
                pairs.push(name, Leaf::Escaped(value));
            }
            offset += part.len() + 1;
        }
        pairs
    }

    /// Takes names and values that are decoded already. Empty names say nothing and are left out.
    pub(super) fn of(leaves: impl Iterator<Item = (&'a str, Leaf<'a>)>) -> Self {
        let mut pairs = Self::default();
        for (name, leaf) in leaves {
            if let Some(name) = pairs.names.make(name) {
                pairs.push(name, leaf);
            }
        }
        pairs
    }

    fn reserve(&mut self, count: usize) {
        self.groups.reserve_exact(count);
        self.values.reserve_exact(count);
        self.following.reserve_exact(count);
    }

    fn push(&mut self, name: Name, value: Leaf<'a>) {
        let Self {
            names, groups, hasher, ..
        } = self;
        let place = position(self.values.len());
        self.values.push(value);
        self.following.push(place);
        let text = names.get(name);
        let entry = self.by_name.entry(
            hasher.hash_one(text),
            |group| names.get(groups[*group as usize].name) == text,
            |group| hasher.hash_one(names.get(groups[*group as usize].name)),
        );
        match entry {
            Entry::Occupied(group) => {
                let group = &mut groups[*group.get() as usize];
                self.following[group.last as usize] = place;
                group.last = place;
                group.count += 1;
            }
            Entry::Vacant(entry) => {
                entry.insert(position(groups.len()));
                groups.push(Group {
                    name,
                    first: place,
                    last: place,
                    count: 1,
                });
            }
        }
    }

    /// The places of a name's values in the order sent.
    pub(super) fn places(&self, group: u32) -> impl Iterator<Item = u32> {
        let Group { first, count, .. } = self.groups[group as usize];
        std::iter::successors(Some(first), |place| Some(self.following[*place as usize])).take(count as usize)
    }

    /// Every name in the order in which JavaScript lists an object's keys, which is the order in which `qs` goes through
    /// them: indices first, ascending.
    pub(super) fn in_order(&self) -> Vec<u32> {
        let rank = |group: &u32| match index(self.names.get(self.groups[*group as usize].name)) {
            Some(index) => u64::from(index),
            None => u64::MAX,
        };
        let mut groups: Vec<u32> = (0..position(self.groups.len())).collect();
        groups.sort_by_key(rank);
        groups
    }

    /// The bytes of the names and values, about as many as their JSON text has.
    pub(super) fn size(&self) -> usize {
        let names = self.groups.iter().map(|group| group.name.length.get() as usize);
        let values = self.values.iter().map(|value| value.as_sent().len());
        names.chain(values).sum()
    }
}

/// A place in a list that is shorter than the input, whose length fits into 32 bits.
pub(super) fn position(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
