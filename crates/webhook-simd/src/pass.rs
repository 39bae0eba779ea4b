//! Passing over what a text has between two of its brackets, a block at a time and without a step for each token.
//!
//! JSON's grammar is checked by the same bit arithmetic as makes the index. Most of it is about what may stand next to what:
//! in each mask, a bit is moved on over white space (or a string) by adding it to a mask of those, whose ones carry it to the
//! first place behind them. Only brackets need a stack, and only numbers with an exponent and words are looked at one by
//! one: both by the [`Reader`].
//!
//! It knows that a text is rejected, not why or where.

use crate::{block, Index, BLOCK};

/// What passing over containers takes of the one who reads the text.
pub trait Reader {
    /// Enters or leaves the container whose bracket is at `at`.
    fn bracket(&mut self, at: usize) -> Bracket;
    /// Where the number or word ends that begins at `at`, if it is one and nothing but a delimiter follows.
    fn other(&self, at: usize) -> Option<usize>;
}

/// What a bracket leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bracket {
    /// To what is in an array, or in an object.
    Inside {
        /// Whether it is an array.
        array: bool,
    },
    /// To the end of what is to be passed over.
    End,
    /// The text is rejected: it is the wrong bracket, or one too many.
    Wrong,
}

/// What a block is made of, a bit for each byte, the lowest for the first. Bytes may be in a string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds {
    pub(crate) quote: u64,
    pub(crate) backslash: u64,
    pub(crate) control: u64,
    pub(crate) space: u64,
    pub(crate) comma: u64,
    pub(crate) colon: u64,
    /// `{` and `[`.
    pub(crate) opening: u64,
    /// `}` and `]`.
    pub(crate) closing: u64,
    pub(crate) digit: u64,
    pub(crate) zero: u64,
    pub(crate) point: u64,
    pub(crate) minus: u64,
}

/// What one block tells the next, besides [`Carry`]: each is 0 or 1, and 1 says that the first character of the next block
/// comes after (or, after white space or the rest of a string, goes on after) what the name says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Behind {
    value: u64,
    comma: u64,
    colon: u64,
    opening: u64,
    key: u64,
    minus: u64,
    point: u64,
    digit: u64,
    first_zero: u64,
    fraction: u64,
}

/// The state of passing.
#[derive(Debug)]
pub(crate) struct Passing {
    behind: Behind,
    /// Whether what comes next is in an array.
    array: bool,
    /// Where the number or word began that was met last.
    run: usize,
    /// Up to where numbers and words were looked at one by one.
    checked: usize,
}

/// How far it got with a block.
pub(crate) enum Passed {
    /// Through it.
    Block,
    /// To this bracket, which is the last.
    End(usize),
    /// The text is rejected.
    Rejected,
}

impl Passing {
    /// Before a value in an array or object.
    pub(crate) fn before_value(array: bool) -> Self {
        Self {
            behind: Behind {
                colon: 1,
                ..Behind::default()
            },
            array,
            run: 0,
            checked: 0,
        }
    }
}

/// The bits of the first `count` characters of a block.
#[inline(always)]
fn below(count: usize) -> u64 {
    if count < BLOCK {
        (1 << count) - 1
    } else {
        u64::MAX
    }
}

/// For each of the places the first one, from there on, that is none of `through`; and 1 if one of those lies in the next block,
/// otherwise 0.
#[inline(always)]
fn past(places: u64, through: u64) -> (u64, u64) {
    let (sum, further) = places.overflowing_add(through);
    (sum & !through, u64::from(further))
}

/// The first place behind each of `what` that is none of `through`. `carry` says whether there was one of `what` before the
/// block, of which that place is looked for here, and then says it to the next block.
#[inline(always)]
fn behind(what: u64, through: u64, carry: &mut u64) -> u64 {
    let (places, further) = past(what << 1 | *carry, through);
    *carry = what >> 63 | further;
    places
}

impl Index<'_> {
    /// Passes over the block at `self.next`.
    #[inline(always)]
    pub(crate) fn pass_block(
        &mut self,
        kinds: Kinds,
        prefix_xor: impl Fn(u64) -> u64,
        passing: &mut Passing,
        reader: &mut impl Reader,
    ) -> Passed {
        let base = self.next;
        let Passing {
            behind: before,
            array,
            run: last_run,
            checked: checked_to,
        } = passing;

        // Strings, and what is outside of them.
        let (quote, in_string) = self.strings(kinds.quote, kinds.backslash, kinds.control, prefix_xor);
        let strings = in_string | quote;
        let [space, comma, colon, opening, closing] =
            [kinds.space, kinds.comma, kinds.colon, kinds.opening, kinds.closing].map(|kind| kind & !strings);
        let runs = !(strings | space | comma | colon | opening | closing);
        let behind_runs = runs << 1 | self.carry.in_run;
        self.carry.in_run = runs >> 63;
        let begins = runs & !behind_runs;
        let string_begins = quote & in_string;
        let values = string_begins | begins | opening;

        // What comes after what.
        // A run ends where another character comes, a string and a container with their last one.
        let ends = closing | (quote & !in_string);
        let after_run = behind_runs & !runs;
        let (after_value, further) = past(ends << 1 | after_run | before.value, space);
        before.value = ends >> 63 | further;
        let after_comma = behind(comma, space, &mut before.comma);
        let after_colon = behind(colon, space, &mut before.colon);
        let after_opening = behind(opening, space, &mut before.opening);
        let first = after_comma | after_opening;
        let mut wrong =
            comma & !after_value | closing & !(after_value | after_opening) | values & !(first | after_colon);

        // Numbers: most are digits, with a minus before and a point between. All others are looked at one by one.
        let mut checked = below(checked_to.saturating_sub(base));
        let mut others = runs & !(kinds.digit | kinds.point | kinds.minus | checked);
        while others != 0 {
            let place = others.trailing_zeros();
            let begun = begins & (u64::MAX >> (63 - place));
            let begin = if begun == 0 {
                *last_run
            } else {
                base + (63 - begun.leading_zeros()) as usize
            };
            let Some(end) = reader.other(begin) else {
                return Passed::Rejected;
            };
            let from = u64::MAX << begin.saturating_sub(base);
            checked |= from & below(end - base);
            *checked_to = end;
            others &= !checked;
        }
        if begins != 0 {
            *last_run = base + (63 - begins.leading_zeros()) as usize;
        }
        let number = runs & !checked;
        let digit = kinds.digit & number;
        let point = kinds.point & number;
        let minus = kinds.minus & number;
        let begins = begins & number;
        let after_minus = minus << 1 | before.minus;
        let after_point = point << 1 | before.point;
        let after_digit = digit << 1 | before.digit;
        before.minus = minus >> 63;
        before.point = point >> 63;
        before.digit = digit >> 63;
        wrong |= minus & !begins | (after_minus | after_point) & !(digit | checked) | point & !after_digit;
        // A zero that comes first is the only digit before the point.
        let first_zero = (begins | after_minus) & digit & kinds.zero;
        wrong |= (first_zero << 1 | before.first_zero) & digit;
        before.first_zero = first_zero >> 63;
        // After the digits of a fraction comes no second point.
        wrong |= behind(point, digit, &mut before.fraction) & point;

        // The brackets tell which tokens are in arrays and where it ends: nothing counts after `live`.
        let mut arrays = if *array { u64::MAX } else { 0 };
        let mut live = u64::MAX;
        let mut end = None;
        let mut left = opening | closing;
        while left != 0 {
            let place = left.trailing_zeros();
            left &= left - 1;
            match reader.bracket(base + place as usize) {
                Bracket::Inside { array: now } => {
                    if now != *array {
                        arrays ^= u64::MAX << place << 1;
                        *array = now;
                    }
                }
                Bracket::End => {
                    live = !(u64::MAX << place << 1);
                    end = Some(base + place as usize);
                    break;
                }
                Bracket::Wrong => return Passed::Rejected,
            }
        }

        // A key is a string in an object that comes first or after a comma, and nothing else comes there; nothing but a colon
        // comes after it, and colons come only there.
        let first = first & !arrays;
        let after_key;
        (after_key, before.key) = past(string_begins & first | before.key, strings | space);
        wrong |= values & first & !string_begins | (colon ^ after_key);

        if wrong & live != 0 {
            return Passed::Rejected;
        }
        match end {
            Some(at) => Passed::End(at),
            None => {
                self.next += BLOCK;
                Passed::Block
            }
        }
    }

    /// Passes over blocks up to the last bracket and returns where it is, if the text isn't rejected.
    #[inline(always)]
    pub(crate) fn pass_by(
        &mut self,
        kinds: impl Fn(&[u8; BLOCK]) -> Kinds,
        prefix_xor: impl Fn(u64) -> u64,
        mut passing: Passing,
        reader: &mut impl Reader,
    ) -> Option<usize> {
        let (text, mut last) = (self.text, [0; BLOCK]);
        loop {
            let block = block(text, self.next, &mut last)?;
            match self.pass_block(kinds(block), &prefix_xor, &mut passing, reader) {
                Passed::Block => {}
                Passed::End(at) => return Some(at),
                Passed::Rejected => return None,
            }
        }
    }
}
