//! Where the tokens of a JSON text begin, and where a container ends: the first stage of reading the text, done on 64 bytes at
//! a time, with AVX2 where the processor has it.
//!
//! The method is that of Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (<https://arxiv.org/abs/1902.08318>):
//! each block becomes bit masks of quotes, backslashes, operators and white space; bit arithmetic tells what is inside of
//! strings; the rest gives the positions. What it is used for is in `webhook-core`, which has no unsafe code: all of it is
//! here, in `avx2` and `sse2`.
//!
//! A token is one of `{ } [ ] : ,`, a whole string, or a run of any other characters (a number or a word). The index
//! doesn't know the grammar: it says where tokens begin, and whether all strings are well formed. White space is space,
//! tab, line feed and carriage return. Of other characters, U+000C and U+001A may be taken for operators; the reader of a
//! token checks its first character anyway.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

// `--cfg webhook_portable` compiles for any processor as for one without vector instructions, so that tests reach what runs
// there.
#[cfg(all(target_arch = "x86_64", not(webhook_portable)))]
mod avx2;
mod pass;
mod portable;
#[cfg(all(target_arch = "x86_64", not(webhook_portable)))]
mod sse2;

#[cfg(any(not(target_arch = "x86_64"), webhook_portable))]
use portable as sse2;

use std::cell::Cell;

use pass::Passing;
pub use pass::{Bracket, Reader};

/// Positions that are found at a time: few enough to stay in the first-level cache, many enough to be worth it.
const BATCH: usize = 512;
/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// With fewer bytes for a token than this, a container is passed over by blocks faster than by tokens.
const DENSE: usize = 5;

/// A way to find out what a block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// By AVX2 and the carry-less product.
    #[cfg(all(target_arch = "x86_64", not(webhook_portable)))]
    Avx2,
    /// In plain Rust, for tests: what is common to all ways then is tested on every processor.
    Portable,
}

impl Implementation {
    /// Returns the fastest one that the processor supports.
    #[inline]
    pub fn fastest() -> Self {
        #[cfg(all(target_arch = "x86_64", not(webhook_portable)))]
        if avx2::is_supported() {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// Lists all that the processor supports.
    pub fn supported() -> Vec<Self> {
        match Self::fastest() {
            Self::Portable => vec![Self::Portable],
            #[cfg(all(target_arch = "x86_64", not(webhook_portable)))]
            fastest => vec![fastest, Self::Portable],
        }
    }
}

/// The index of a text, made in batches as it is read.
#[derive(Debug)]
pub struct Index<'a> {
    implementation: Implementation,
    text: &'a [u8],
    /// Start of the first block of this batch.
    from: usize,
    /// Start of the block that comes next.
    next: usize,
    carry: Carry,
    tokens: Vec<u32>,
    count: usize,
    sound: bool,
    backslashes: bool,
}

thread_local! {
    /// Where the last index of this thread had its positions: making room for them took a tenth of reading a small text.
    static SPARE: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
}

impl Drop for Index<'_> {
    fn drop(&mut self) {
        // A thread that ends has no use for it.
        let _ = SPARE.try_with(|spare| spare.set(std::mem::take(&mut self.tokens)));
    }
}

/// What one block tells the next: bits are all ones or all zeros, or only the lowest may be set.
#[derive(Debug, Clone, Copy, Default)]
struct Carry {
    /// The first character of the next block is escaped.
    escaped: u64,
    /// The next block begins in a string.
    in_string: u64,
    /// The last character belonged to a run.
    in_run: u64,
}

/// What a block is made of, a bit for each byte, the lowest for the first.
#[derive(Debug, Clone, Copy)]
struct Masks {
    quote: u64,
    backslash: u64,
    operator: u64,
    space: u64,
    control: u64,
}

impl<'a> Index<'a> {
    /// Returns an index of `text`, or none if the processor lacks AVX2, without which looking at each byte in turn takes a half to a
    /// quarter of the time, or the text is larger than positions can say.
    #[inline]
    pub fn new(text: &'a [u8]) -> Option<Self> {
        let fastest = Implementation::fastest();
        if fastest == Implementation::Portable {
            return None;
        }
        Self::made_by(fastest, text)
    }

    /// Returns an index made in one of the [`supported`](Implementation::supported) ways, for tests on any processor; none if the text is
    /// larger than positions can say.
    #[inline]
    pub fn made_by(implementation: Implementation, text: &'a [u8]) -> Option<Self> {
        if text.len() >= u32::MAX as usize {
            return None;
        }
        let mut tokens = SPARE.try_with(Cell::take).unwrap_or_default();
        // A whole block is written at a time.
        tokens.resize(BATCH + BLOCK, 0);
        Some(Self {
            implementation,
            text,
            from: 0,
            next: 0,
            carry: Carry::default(),
            tokens,
            count: 0,
            sound: true,
            backslashes: false,
        })
    }

    /// Positions of the tokens of this batch, in order.
    #[inline(always)]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens[..self.count]
    }

    /// Continues with the next batch; it is empty when the text has ended, and only then.
    pub fn advance(&mut self) {
        self.count = 0;
        self.from = self.next;
        while self.next < self.text.len() && self.count == 0 {
            match self.implementation {
                #[cfg(all(target_arch = "x86_64", not(webhook_portable)))]
                Implementation::Avx2 => avx2::fill(self),
                Implementation::Portable => portable::fill(self),
            }
        }
    }

    /// Returns whether another batch comes and the tokens of this one are close together: then what is in a container that goes on is passed
    /// over ([`pass`](Self::pass)) faster than it is gone through token by token.
    pub fn is_dense(&self) -> bool {
        self.next < self.text.len() && self.next - self.from < DENSE * self.count
    }

    /// Continues at `at`, which must be where a token begins or white space outside of strings.
    pub fn restart(&mut self, at: usize) {
        self.next = at;
        self.carry = Carry::default();
        self.count = 0;
    }

    /// Returns whether all strings up to the end of this batch are well formed: no control characters, only the escapes that there
    /// are, and the last one closed when the text has ended.
    #[inline]
    pub fn is_sound(&self) -> bool {
        self.sound && (self.next < self.text.len() || self.carry.in_string == 0)
    }

    /// Returns whether there may be a backslash before the end of this batch.
    #[inline(always)]
    pub fn has_backslashes(&self) -> bool {
        self.backslashes
    }

    /// Passes over all up to the last bracket that `reader` gets, from where a value begins; `array` tells what it is
    /// in. Returns where that bracket is, after which the index goes on; none if the text is rejected.
    pub fn pass(&mut self, at: usize, array: bool, reader: &mut impl Reader) -> Option<usize> {
        self.next = at;
        self.carry = Carry::default();
        let passing = Passing::before_value(array);
        let end = match self.implementation {
            #[cfg(all(target_arch = "x86_64", not(webhook_portable)))]
            Implementation::Avx2 => avx2::pass(self, passing, reader),
            Implementation::Portable => portable::pass(self, passing, reader),
        }?;
        self.restart(end + 1);
        Some(end)
    }

    /// Takes in blocks until the batch is full or the text has ended.
    #[inline(always)]
    fn fill_by(&mut self, masks: impl Fn(&[u8; BLOCK]) -> Masks, prefix_xor: impl Fn(u64) -> u64) {
        let (text, mut last) = (self.text, [0; BLOCK]);
        while self.count + BLOCK <= self.tokens.len() && self.count < BATCH {
            let Some(block) = block(text, self.next, &mut last) else {
                return;
            };
            self.take(masks(block), &prefix_xor);
        }
    }

    /// Takes in the block at `self.next`.
    #[inline(always)]
    fn take(&mut self, masks: Masks, prefix_xor: impl Fn(u64) -> u64) {
        let Masks {
            quote,
            backslash,
            operator,
            space,
            control,
        } = masks;
        let (quote, in_string) = self.strings(quote, backslash, control, prefix_xor);
        let other = !(operator | space);
        let run = other & !quote;
        // A run begins where none goes on; a closing quote belongs to its string.
        let begins = other & !(run << 1 | self.carry.in_run);
        self.carry.in_run = run >> 63;
        // Only the opening quote of a string is a token, not what is in it nor its closing quote.
        self.write((operator | begins) & !(in_string ^ quote));
        self.next += BLOCK;
    }

    /// The quotes around strings, and what is in strings: from each opening quote on, without the closing one. Checks that the
    /// strings are well formed.
    #[inline(always)]
    fn strings(&mut self, quote: u64, backslash: u64, control: u64, prefix_xor: impl Fn(u64) -> u64) -> (u64, u64) {
        let escaped = if backslash | self.carry.escaped == 0 {
            0
        } else {
            self.escapes(backslash)
        };
        let quote = quote & !escaped;
        let in_string = prefix_xor(quote) ^ self.carry.in_string;
        self.carry.in_string = ((in_string as i64) >> 63) as u64;
        self.sound &= control & in_string == 0;
        (quote, in_string)
    }

    /// The characters that are escaped by a backslash; checks that they are escapes.
    #[cold]
    fn escapes(&mut self, backslash: u64) -> u64 {
        const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        self.backslashes = true;
        // Of a sequence of backslashes every other one escapes what follows, counted from its start, which is at an even
        // or odd position: subtracting carries through the sequence and tells the two apart.
        let starts = backslash & !self.carry.escaped;
        let escape_or_end = (starts << 1 | ODD).wrapping_sub(starts) ^ ODD;
        let escaped = escape_or_end ^ (backslash | self.carry.escaped);
        let escape = escape_or_end & backslash;
        self.carry.escaped = escape >> 63;
        let mut left = escape;
        while left != 0 {
            self.sound &= is_escape(&self.text[self.next + left.trailing_zeros() as usize + 1..]);
            left &= left - 1;
        }
        escaped
    }

    #[inline(always)]
    fn write(&mut self, tokens: u64) {
        let base = self.next as u32;
        let room: &mut [u32; BLOCK] = (&mut self.tokens[self.count..self.count + BLOCK])
            .try_into()
            .expect("a block's worth of room");
        let count = tokens.count_ones() as usize;
        let mut left = tokens;
        // A fixed number of steps is faster than as many as there are tokens: what is written too much is overwritten.
        for place in &mut room[..8] {
            *place = base + left.trailing_zeros();
            left &= left.wrapping_sub(1);
        }
        if count > 8 {
            for place in &mut room[8..16] {
                *place = base + left.trailing_zeros();
                left &= left.wrapping_sub(1);
            }
        }
        if count > 16 {
            for place in &mut room[16..count] {
                *place = base + left.trailing_zeros();
                left &= left - 1;
            }
        }
        self.count += count;
    }
}

/// The block at `at`, none if the text has ended. The last one is made in `last`.
#[inline(always)]
fn block<'b>(text: &'b [u8], at: usize, last: &'b mut [u8; BLOCK]) -> Option<&'b [u8; BLOCK]> {
    let rest = &text[at.min(text.len())..];
    if let Some(block) = rest.first_chunk() {
        return Some(block);
    }
    if rest.is_empty() {
        return None;
    }
    // White space isn't a token.
    last.fill(b' ');
    last[..rest.len()].copy_from_slice(rest);
    Some(last)
}

/// Returns which of 32 bytes are digits, a bit for each, the lowest for the first.
#[inline(always)]
pub fn digits(bytes: &[u8; 32]) -> u32 {
    sse2::digits(bytes)
}

/// Returns whether what follows a backslash is one of JSON's escapes.
fn is_escape(rest: &[u8]) -> bool {
    match rest {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => true,
        [b'u', digits @ ..] => digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}
