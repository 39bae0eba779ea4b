use std::borrow::Cow;

use super::template::Piece;
use super::{malformed, no_match, Template, Values};
use crate::auth::signature::{Algorithm, Encoding};
use crate::auth::{Diagnosis, Secret};
use crate::limits::MAX_COMPUTED_VALUE;

/// What a rule signs or hashes for its response.
#[derive(Debug)]
pub(crate) struct Compute {
    algorithm: Algorithm,
    encoding: Encoding,
    signed: Signed,
    key: Option<Secret>,
}

/// The text that is signed.
#[derive(Debug)]
pub(crate) enum Signed {
    /// One text.
    Template(Template),
    /// Several, sorted by their bytes and put together with nothing in between.
    Sorted(Vec<Template>),
}

impl Signed {
    pub(crate) fn templates(&self) -> &[Template] {
        match self {
            Self::Template(template) => std::slice::from_ref(template),
            Self::Sorted(templates) => templates,
        }
    }

    /// Whether the key is part of the text.
    pub(crate) fn has_secret(&self) -> bool {
        let mut pieces = self.templates().iter().flat_map(|template| &template.pieces);
        pieces.any(|piece| matches!(piece, Piece::Secret))
    }
}

impl Compute {
    /// Returns what is computed; `None` if it needs a key and there is none.
    pub(crate) fn new(algorithm: Algorithm, encoding: Encoding, signed: Signed, key: Option<&Secret>) -> Option<Self> {
        let needs_key = !algorithm.is_keyless() || signed.has_secret();
        (!needs_key || key.is_some()).then(|| Self {
            algorithm,
            encoding,
            signed,
            key: key.cloned(),
        })
    }

    pub(super) fn templates(&self) -> &[Template] {
        self.signed.templates()
    }

    fn key(&self) -> &str {
        self.key.as_ref().map_or("", Secret::expose)
    }

    /// Signs the values of a request.
    ///
    /// # Errors
    /// A [`Diagnosis`] for a value that isn't there, or that could make the text look like a request: strangers choose it.
    pub(super) fn sign(&self, values: &Values<'_, '_, '_>) -> Result<String, Diagnosis> {
        let fill = |template: &Template| {
            template.fill(|piece| match piece {
                Piece::Sent(place) => {
                    let text = values.text(place)?;
                    if !is_plain(&text) {
                        let expected = format!("1 to {MAX_COMPUTED_VALUE} letters, digits and _ . + / = -");
                        return Err(malformed(place, expected));
                    }
                    Ok(Cow::Owned(text.into_owned()))
                }
                Piece::Url if values.url().starts_with(SCHEME) => Ok(Cow::Borrowed(values.url())),
                Piece::Url => Err(malformed("the URL", "a URL of http or https")),
                Piece::Secret => Ok(Cow::Borrowed(self.key())),
                Piece::Text(_) | Piece::Computed => Ok(Cow::Borrowed("")),
            })
        };
        let parts: Result<Vec<_>, _> = self.templates().iter().map(fill).collect();
        let mut parts: Vec<_> = parts?.into_iter().map(|part| Cow::Owned(part.into_bytes())).collect();
        if let Signed::Sorted(_) = self.signed {
            parts.sort();
        }
        let signature = self.algorithm.sign(self.key().as_bytes(), &parts);
        // The configuration has no algorithm with public keys here.
        signature.map(|bytes| self.encoding.encode(&bytes)).ok_or_else(no_match)
    }

    /// Whether a message that an event is signed for by an algorithm could be the text that is signed for some request.
    ///
    /// From a hash without a key that of a longer text follows, so there a message that begins with such a text counts too. A hash
    /// of nothing secret says nothing.
    pub(super) fn may_have_signed(&self, algorithm: Algorithm, message: &[Cow<'_, [u8]>]) -> bool {
        if algorithm != self.algorithm || (algorithm.is_keyless() && !self.signed.has_secret()) {
            return false;
        }
        let templates: Vec<_> = self
            .templates()
            .iter()
            .map(|template| template.pieces.as_slice())
            .collect();
        let most: usize = templates
            .iter()
            .flat_map(|pieces| pieces.iter())
            .map(|piece| self.longest(piece))
            .sum();
        let continues = self.algorithm.is_keyless();
        if !continues && message.iter().map(|part| part.len()).sum::<usize>() > most {
            return false;
        }
        let bytes: Vec<u8> = message
            .iter()
            .flat_map(|part| part.iter().copied())
            .take(most)
            .collect();
        match self.signed {
            Signed::Template(_) => self.accepts(&templates, &bytes, continues),
            Signed::Sorted(_) => permutations(&templates)
                .iter()
                .any(|order| self.accepts(order, &bytes, continues)),
        }
    }

    fn longest(&self, piece: &Piece) -> usize {
        match piece {
            Piece::Text(text) => text.len(),
            Piece::Secret => self.key().len(),
            Piece::Sent(_) => MAX_COMPUTED_VALUE,
            Piece::Url => LONGEST_URL,
            Piece::Computed => 0,
        }
    }

    fn accepts(&self, templates: &[&[Piece]], bytes: &[u8], continues: bool) -> bool {
        let mut ends = vec![false; bytes.len() + 1];
        ends[0] = true;
        for piece in templates.iter().copied().flatten() {
            ends = self.ends_of(piece, bytes, &ends);
            if !ends.contains(&true) {
                return false;
            }
        }
        continues || ends[bytes.len()]
    }

    /// Where a piece may end in a text, by where it may begin.
    fn ends_of(&self, piece: &Piece, bytes: &[u8], starts: &[bool]) -> Vec<bool> {
        let mut ends = vec![false; starts.len()];
        let begins = || {
            starts
                .iter()
                .enumerate()
                .filter_map(|(at, is_one)| is_one.then_some(at))
        };
        match piece {
            Piece::Text(text) => begins()
                .filter(|at| bytes[*at..].starts_with(text.as_bytes()))
                .for_each(|at| ends[at + text.len()] = true),
            Piece::Secret => begins()
                .filter(|at| bytes[*at..].starts_with(self.key().as_bytes()))
                .for_each(|at| ends[at + self.key().len()] = true),
            Piece::Sent(_) => {
                // The nearest start is the only one that counts: what is plain from an earlier one is from it too.
                let mut start = None;
                for at in 0..bytes.len() {
                    if starts[at] {
                        start = Some(at);
                    }
                    if !is_plain_byte(bytes[at]) {
                        start = None;
                    }
                    ends[at + 1] = start.is_some_and(|start| at + 1 - start <= MAX_COMPUTED_VALUE);
                }
            }
            Piece::Url => {
                let is_url = |at: &usize| bytes[*at..].starts_with(SCHEME.as_bytes());
                if let Some(first) = begins().find(is_url) {
                    ends[first + 1..].fill(true);
                }
            }
            Piece::Computed => ends.copy_from_slice(starts),
        }
        ends
    }
}

/// What a URL begins with.
const SCHEME: &str = "http";

/// Bytes of a URL: twice what Node takes in a request's head by default.
const LONGEST_URL: usize = 32 * 1024;

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.+/=-".contains(&byte)
}

/// Whether a value can't make the text that it is part of look like a request.
fn is_plain(text: &str) -> bool {
    (1..=MAX_COMPUTED_VALUE).contains(&text.len()) && text.bytes().all(is_plain_byte)
}

/// A list in all orders.
fn permutations<T: Copy>(list: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = list.split_first() else {
        return vec![vec![]];
    };
    let mut all = vec![];
    for order in permutations(rest) {
        for at in 0..=order.len() {
            let mut with = order.clone();
            with.insert(at, *first);
            all.push(with);
        }
    }
    all
}
