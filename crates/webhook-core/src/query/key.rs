//! Keys: how `a[b][]` falls apart, and which keys JavaScript takes for indices.

use std::borrow::Cow;

use crate::limits;

/// A key of an object or an index of a list, as JavaScript tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key<'a> {
    /// A number from 0 to 2^32 - 2 in its canonical form; an object lists these first, ascending.
    Index(u32),
    /// Any other text.
    Name(Cow<'a, str>),
}

impl<'a> Key<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        // Ten digits hold 2^32 - 2.
        let number = if text.len() <= 10 { number(text) } else { None };
        match number {
            Some(number) if number < f64::from(u32::MAX) => Self::from_number(number),
            _ => Self::Name(Cow::Borrowed(text)),
        }
    }

    /// The key that JavaScript makes of a whole number below 1e21, which is the largest it writes without an exponent.
    pub(super) fn from_number(number: f64) -> Self {
        if number < f64::from(u32::MAX) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number in range"
            )]
            Self::Index(number as u32)
        } else {
            Self::Name(Cow::Owned(number.to_string()))
        }
    }

    /// The number of which this key is the canonical form, if it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Index(index) => Some(f64::from(*index)),
            Self::Name(text) => number(text),
        }
    }

    /// Where an object lists this key: below all names if it is an index, by its value.
    pub(super) fn rank(&self) -> u64 {
        match self {
            Self::Index(index) => u64::from(*index),
            Self::Name(_) => u64::MAX,
        }
    }
}

// `String(parseInt(text, 10)) === text` of `qs`, for what isn't negative. Numbers that a double doesn't hold exactly
// are written otherwise than they were read, so they aren't numbers.
fn number(text: &str) -> Option<f64> {
    let digits = text.as_bytes();
    let canonical = match digits {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() <= 20 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    (digits.len() <= 15 || number.to_string() == text).then_some(number)
}

/// A part of a key.
#[derive(Debug, PartialEq)]
pub(super) enum Segment<'a> {
    /// `[]`
    Push,
    /// `[12]`, where it is the canonical form of a number.
    Index(f64),
    /// `[name]`, or what precedes the first bracket.
    Name(&'a str),
}

/// Takes a key apart, such as `a[b][]` into `a`, `b` and a push, and appends the parts to `segments`.
///
/// A bracket that isn't closed makes one name of the rest, and so does what is deeper than the limit; what stands
/// behind a closing bracket without a new group is dropped.
pub(super) fn split<'a>(key: &'a str, segments: &mut Vec<Segment<'a>>) {
    let bytes = key.as_bytes();
    let Some(mut open) = memchr::memchr(b'[', bytes) else {
        segments.push(Segment::Name(key));
        return;
    };
    if open > 0 {
        segments.push(Segment::Name(&key[..open]));
    }
    for _ in 0..limits::MAX_QUERY_DEPTH {
        let Some(close) = closing(bytes, open) else {
            break;
        };
        let content = &key[open + 1..close];
        segments.push(match number(content) {
            _ if content.is_empty() => Segment::Push,
            Some(index) => Segment::Index(index),
            None => Segment::Name(content),
        });
        match memchr::memchr(b'[', &bytes[close..]) {
            Some(next) => open = close + next,
            None => return,
        }
    }
    segments.push(Segment::Name(&key[open..]));
}

// The bracket that closes the one at `open`, brackets within it balanced.
fn closing(key: &[u8], open: usize) -> Option<usize> {
    let mut level = 0_usize;
    for at in memchr::memchr2_iter(b'[', b']', &key[open..]) {
        if key[open + at] == b'[' {
            level += 1;
        } else {
            level -= 1;
            if level == 0 {
                return Some(open + at);
            }
        }
    }
    None
}
