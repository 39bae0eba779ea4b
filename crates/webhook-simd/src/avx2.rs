//! The masks of a block by AVX2 and the carry-less product, on processors that have them.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_max_epu8, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_setr_epi8, _mm256_shuffle_epi8, _mm256_sub_epi8, _mm_clmulepi64_si128,
    _mm_cvtsi128_si64, _mm_set1_epi8, _mm_set_epi64x,
};

use crate::pass::{Kinds, Passing, Reader};
use crate::{Index, Masks, BLOCK};

#[inline]
pub(crate) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt")
}

/// Takes in blocks until the batch is full or the text has ended.
pub(crate) fn fill(index: &mut Index<'_>) {
    // SAFETY: `Implementation::fastest` gives this one only where `is_supported` found all that the function is compiled for.
    unsafe { fill_blocks(index) }
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,popcnt")]
fn fill_blocks(index: &mut Index<'_>) {
    index.fill_by(|block| masks(block), |bits| prefix_xor(bits));
}

/// Passes over blocks up to the last bracket and returns where it is, if the text isn't rejected.
pub(crate) fn pass(index: &mut Index<'_>, passing: Passing, reader: &mut impl Reader) -> Option<usize> {
    // SAFETY: as of `fill`.
    unsafe { pass_blocks(index, passing, reader) }
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,popcnt")]
fn pass_blocks(index: &mut Index<'_>, passing: Passing, reader: &mut impl Reader) -> Option<usize> {
    index.pass_by(|block| kinds(block), |bits| prefix_xor(bits), passing, reader)
}

#[inline]
#[target_feature(enable = "avx2")]
fn masks(block: &[u8; BLOCK]) -> Masks {
    let bytes = load(block);
    #[rustfmt::skip]
    let operators = twice([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b':' as i8, b'{' as i8, b',' as i8, b'}' as i8, 0, 0]);
    let [low, high] = bytes;
    let operators = [
        _mm256_shuffle_epi8(operators, low),
        _mm256_shuffle_epi8(operators, high),
    ];
    Masks {
        quote: is(bytes, b'"'),
        backslash: is(bytes, b'\\'),
        operator: same(operators, braced(bytes)),
        space: space(bytes),
        control: control(bytes),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn kinds(block: &[u8; BLOCK]) -> Kinds {
    let bytes = load(block);
    let braced = braced(bytes);
    Kinds {
        quote: is(bytes, b'"'),
        backslash: is(bytes, b'\\'),
        control: control(bytes),
        space: space(bytes),
        comma: is(bytes, b','),
        colon: is(bytes, b':'),
        opening: is(braced, b'{'),
        closing: is(braced, b'}'),
        digit: digit(bytes),
        zero: is(bytes, b'0'),
        point: is(bytes, b'.'),
        minus: is(bytes, b'-'),
    }
}

/// A block as its two halves.
type Halves = [__m256i; 2];

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &[u8; BLOCK]) -> Halves {
    let (low, high) = block.split_at(BLOCK / 2);
    // SAFETY: each half has the 32 bytes that are loaded, at any alignment.
    unsafe {
        [
            _mm256_loadu_si256(low.as_ptr().cast()),
            _mm256_loadu_si256(high.as_ptr().cast()),
        ]
    }
}

/// Where both blocks have the same bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn same(a: Halves, b: Halves) -> u64 {
    let mask = |found: __m256i| _mm256_movemask_epi8(found) as u32;
    let (low, high) = (_mm256_cmpeq_epi8(a[0], b[0]), _mm256_cmpeq_epi8(a[1], b[1]));
    u64::from(mask(low)) | u64::from(mask(high)) << 32
}

#[inline]
#[target_feature(enable = "avx2")]
fn is(bytes: Halves, byte: u8) -> u64 {
    same(bytes, [_mm256_set1_epi8(byte as i8); 2])
}

/// Brackets as braces, from which they differ in one bit; of the other bytes, none becomes a brace.
#[inline]
#[target_feature(enable = "avx2")]
fn braced([low, high]: Halves) -> Halves {
    let bit = _mm256_set1_epi8(0x20);
    [_mm256_or_si256(low, bit), _mm256_or_si256(high, bit)]
}

/// White space.
#[inline]
#[target_feature(enable = "avx2")]
fn space(bytes: Halves) -> u64 {
    // The table is looked up by the low half of each byte and has the one byte that is meant there, or one that never is;
    // bytes from 0x80 on give 0.
    #[rustfmt::skip]
    let spaces = twice([b' ' as i8, 100, 100, 100, 17, 100, 113, 2, 100, b'\t' as i8, b'\n' as i8, 112, 100, b'\r' as i8, 100, 100]);
    let [low, high] = bytes;
    same(
        [_mm256_shuffle_epi8(spaces, low), _mm256_shuffle_epi8(spaces, high)],
        bytes,
    )
}

/// Control characters.
#[inline]
#[target_feature(enable = "avx2")]
fn control([low, high]: Halves) -> u64 {
    let highest = _mm256_set1_epi8(0x1F);
    same(
        [_mm256_max_epu8(low, highest), _mm256_max_epu8(high, highest)],
        [highest; 2],
    )
}

/// Digits.
#[inline]
#[target_feature(enable = "avx2")]
fn digit([low, high]: Halves) -> u64 {
    let zero = _mm256_set1_epi8(b'0' as i8);
    let digits = [_mm256_sub_epi8(low, zero), _mm256_sub_epi8(high, zero)];
    // What isn't changed by the lesser of it and nine is at most nine.
    let nine = _mm256_set1_epi8(9);
    same(
        digits,
        [_mm256_min_epu8(digits[0], nine), _mm256_min_epu8(digits[1], nine)],
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn twice(t: [i8; 16]) -> __m256i {
    _mm256_setr_epi8(
        t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], t[12], t[13], t[14], t[15], t[0],
        t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], t[12], t[13], t[14], t[15],
    )
}

/// Each bit the exclusive or of itself and all below it: the carry-less product with all ones.
#[inline]
#[target_feature(enable = "pclmulqdq")]
fn prefix_xor(bits: u64) -> u64 {
    let product = _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, bits as i64), _mm_set1_epi8(-1));
    _mm_cvtsi128_si64(product) as u64
}
