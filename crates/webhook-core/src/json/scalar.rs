//! Numbers and words, given where they begin.

use webhook_simd::digits;

use super::scan::{Rejected, Scan};

/// The byte at `at`; zero, with which no token begins, after the end of the text.
#[inline(always)]
pub(crate) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// Reads the number or word at `at`: where it ends.
#[inline(always)]
pub(crate) fn other(text: &[u8], at: usize) -> Scan<usize> {
    let end = match byte(text, at) {
        b't' => word(text, at, b"true")?,
        b'f' => word(text, at, b"false")?,
        b'n' => word(text, at, b"null")?,
        _ => number(text, at)?,
    };
    // A token goes on until white space or an operator; a quote in it isn't a token of its own.
    match text.get(end) {
        None | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'{' | b'[') => Ok(end),
        Some(_) => Err(Rejected),
    }
}

/// Whether the number at `at` is known to be well formed and to end where the token after it begins: one without
/// exponent, of at most 32 characters, with nothing behind it. Most are, and this is known without following digits, whose
/// number can't be predicted.
#[inline(always)]
pub(crate) fn is_plain_number(text: &[u8], at: usize, next: usize) -> bool {
    let length = next - at;
    let Some(bytes) = text[at..].first_chunk::<32>() else {
        return false;
    };
    if length > 32 {
        return false;
    }
    let minus = usize::from(bytes[0] == b'-');
    let inside = u32::MAX >> (32 - length) & !(minus as u32);
    let others = !digits(bytes) & inside;
    let zero_first = bytes[minus] == b'0';
    if others == 0 {
        return length > minus && (!zero_first || length == minus + 1);
    }
    // One character isn't a digit, and it is a point between digits.
    let point = others.trailing_zeros() as usize;
    others & (others - 1) == 0
        && bytes[point] == b'.'
        && point > minus
        && point + 1 < length
        && (!zero_first || point == minus + 1)
}

#[inline(always)]
fn word(text: &[u8], at: usize, word: &[u8]) -> Scan<usize> {
    if text[at..].starts_with(word) {
        Ok(at + word.len())
    } else {
        Err(Rejected)
    }
}

#[inline(always)]
fn number(text: &[u8], mut at: usize) -> Scan<usize> {
    if byte(text, at) == b'-' {
        at += 1;
    }
    at = match byte(text, at) {
        b'0' => at + 1,
        _ => some_digits(text, at)?,
    };
    if byte(text, at) == b'.' {
        at = some_digits(text, at + 1)?;
    }
    if let b'e' | b'E' = byte(text, at) {
        at += 1;
        if let b'+' | b'-' = byte(text, at) {
            at += 1;
        }
        at = some_digits(text, at)?;
    }
    Ok(at)
}

/// Where the digits from `at` on end; there must be one.
#[inline(always)]
fn some_digits(text: &[u8], at: usize) -> Scan<usize> {
    let mut end = at;
    while let Some(bytes) = text[end.min(text.len())..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*bytes);
        // A byte is zero here if its upper half is 3, and stays so when 6 is added to the lower one.
        let upper = |word: u64| word & 0xF0F0_F0F0_F0F0_F0F0 ^ 0x3030_3030_3030_3030;
        let others = upper(word) | upper(word.wrapping_add(0x0606_0606_0606_0606));
        if others != 0 {
            end += (others.trailing_zeros() / 8) as usize;
            return if end > at { Ok(end) } else { Err(Rejected) };
        }
        end += 8;
    }
    while byte(text, end).is_ascii_digit() {
        end += 1;
    }
    if end > at {
        Ok(end)
    } else {
        Err(Rejected)
    }
}
