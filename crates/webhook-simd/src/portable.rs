//! The masks of a block in plain Rust, for tests on processors without AVX2.
//!
//! Each byte is looked up in a table that has a bit for each kind of byte. What is found for eight bytes is a square of 8 × 8
//! bits; turned over its diagonal, its rows are the kinds.

use crate::pass::{Kinds, Passing, Reader};
use crate::{Index, Masks, BLOCK};

/// Takes in blocks until the batch is full or the text has ended.
pub(crate) fn fill(index: &mut Index<'_>) {
    index.fill_by(masks, prefix_xor);
}

/// Passes over blocks up to the last bracket and returns where it is, if the text isn't rejected.
pub(crate) fn pass(index: &mut Index<'_>, passing: Passing, reader: &mut impl Reader) -> Option<usize> {
    index.pass_by(kinds, prefix_xor, passing, reader)
}

/// Which of 32 bytes are digits, a bit for each, the lowest for the first.
#[cfg(any(not(target_arch = "x86_64"), webhook_portable))]
#[inline(always)]
pub(crate) fn digits(bytes: &[u8; 32]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |mask, byte| mask << 1 | u32::from(byte.is_ascii_digit()))
}

/// For each byte, a bit for each kind that it is of.
type Table = [u8; 256];

/// A table of the kinds of bytes, the lowest bit for the first.
macro_rules! table {
    ($($kind:pat),+) => {{
        let mut table: Table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut bit = 1;
            $(
                if matches!(byte as u8, $kind) {
                    table[byte] |= bit;
                }
                bit <<= 1;
            )+
            let _ = bit;
            byte += 1;
        }
        table
    }};
}

static TOKENS: Table = table!(
    b'"',
    b'\\',
    0..=0x1F,
    b' ' | b'\t' | b'\n' | b'\r',
    b',',
    b':',
    b'{' | b'[',
    b'}' | b']'
);
static NUMBERS: Table = table!(b'0'..=b'9', b'0', b'.', b'-');

#[inline(always)]
fn masks(block: &[u8; BLOCK]) -> Masks {
    let [quote, backslash, control, space, comma, colon, opening, closing] = look_up(block, &TOKENS);
    Masks {
        quote,
        backslash,
        operator: comma | colon | opening | closing,
        space,
        control,
    }
}

#[inline(always)]
fn kinds(block: &[u8; BLOCK]) -> Kinds {
    let [quote, backslash, control, space, comma, colon, opening, closing] = look_up(block, &TOKENS);
    let [digit, zero, point, minus, ..] = look_up(block, &NUMBERS);
    Kinds {
        quote,
        backslash,
        control,
        space,
        comma,
        colon,
        opening,
        closing,
        digit,
        zero,
        point,
        minus,
    }
}

/// A mask of the block for each bit of the table.
#[inline(always)]
fn look_up(block: &[u8; BLOCK], table: &Table) -> [u64; 8] {
    let mut masks = [0; 8];
    for (at, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
        let rows = turned(u64::from_le_bytes(bytes.map(|byte| table[usize::from(byte)])));
        for (mask, row) in masks.iter_mut().zip(rows.to_le_bytes()) {
            *mask |= u64::from(row) << (8 * at);
        }
    }
    masks
}

/// Eight rows of eight bits with rows and columns exchanged: bits, then pairs, then squares of four.
#[inline(always)]
fn turned(mut bits: u64) -> u64 {
    for (distance, upper) in [
        (7, 0x00AA_00AA_00AA_00AA),
        (14, 0x0000_CCCC_0000_CCCC),
        (28, 0xF0F0_F0F0),
    ] {
        let changed = (bits ^ bits >> distance) & upper;
        bits ^= changed ^ changed << distance;
    }
    bits
}

/// Each bit the exclusive or of itself and all below it.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}
