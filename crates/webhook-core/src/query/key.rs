//! Keys: how `a[b][]` falls apart, and which keys JavaScript takes for indices.

use std::num::NonZeroU32;

use crate::limits;

/// The place of a text among those that [`Names`](super::pairs::Names) holds. It isn't empty, so that a [`Key`] takes no more
/// memory than this.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) start: u32,
    pub(super) length: NonZeroU32,
}

/// A key of an object or an index of a list, as JavaScript tells them apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// A number from 0 to 2^32 - 2 in its canonical form; an object lists these first, ascending.
    Index(u32),
    /// Any other text.
    Name(Name),
}

impl Key {
    /// Where an object lists this key: below all names if it is an index, by its value.
    pub(super) fn rank(self) -> u64 {
        match self {
            Self::Index(index) => u64::from(index),
            Self::Name(_) => u64::MAX,
        }
    }
}

/// The index that a text is to JavaScript, if it is one.
pub(super) fn index(text: &str) -> Option<u32> {
    // Ten digits hold 2^32 - 2.
    let number = if text.len() <= 10 { number(text) } else { None };
    number.and_then(index_of)
}

/// The index that a whole number is to JavaScript, if it is one.
pub(super) fn index_of(number: f64) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number in range"
    )]
    (number < f64::from(u32::MAX)).then_some(number as u32)
}

// `String(parseInt(text, 10)) === text` of `qs`, for what isn't negative. Numbers that a double doesn't hold exactly
// are written otherwise than they were read, so they aren't numbers.
pub(super) fn number(text: &str) -> Option<f64> {
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
    Index(f64, &'a str),
    /// `[name]`, or what precedes the first bracket.
    Name(&'a str),
}

/// How far a key has been taken apart.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Progress {
    at: u32,
    groups: u32,
}

/// Takes the next part off a key: `a[b][]` gives `a`, `b` and a push.
///
/// A bracket that isn't closed makes one name of the rest, and so does what is deeper than the limit; what stands
/// behind a closing bracket without a new group is dropped.
pub(super) fn next_segment(key: &str, progress: Progress) -> Option<(Segment<'_>, Progress)> {
    let bytes = key.as_bytes();
    let open = progress.at as usize;
    if open == bytes.len() {
        return None;
    }
    let next = |from: usize, groups| {
        let at = memchr::memchr(b'[', &bytes[from..]).map_or(bytes.len(), |found| from + found);
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        Progress { at, groups }
    };
    if bytes[open] != b'[' {
        let next = next(open, 0);
        return Some((Segment::Name(&key[..next.at as usize]), next));
    }
    let closing = ((progress.groups as usize) < limits::MAX_QUERY_DEPTH).then(|| closing(bytes, open));
    let Some(close) = closing.flatten() else {
        return Some((Segment::Name(&key[open..]), next(bytes.len(), 0)));
    };
    let content = &key[open + 1..close];
    let segment = match number(content) {
        _ if content.is_empty() => Segment::Push,
        Some(index) => Segment::Index(index, content),
        None => Segment::Name(content),
    };
    Some((segment, next(close, progress.groups + 1)))
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
