//! The masks of a block by AVX2 and the carry-less product, on processors that have them.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_max_epu8, _mm256_movemask_epi8, _mm256_or_si256,
    _mm256_set1_epi8, _mm256_setr_epi8, _mm256_shuffle_epi8, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set1_epi8,
    _mm_set_epi64x,
};

use crate::{Index, Masks, BATCH, BLOCK};

#[inline]
pub(crate) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt")
}

/// Takes in blocks until the batch is full or the text has ended.
pub(crate) fn fill(index: &mut Index<'_>) {
    // SAFETY: there is no index unless `is_supported` found all that the function is compiled for.
    unsafe { fill_blocks(index) }
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,popcnt")]
fn fill_blocks(index: &mut Index<'_>) {
    let text = index.text;
    while index.count + BLOCK <= index.tokens.len() && index.count < BATCH {
        let rest = &text[index.next.min(text.len())..];
        if let Some(block) = rest.first_chunk() {
            let masks = masks(block);
            index.take(masks, |bits| prefix_xor(bits));
        } else {
            if rest.is_empty() {
                return;
            }
            // The text ends in this block: white space is no token.
            let mut block = [b' '; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            let masks = masks(&block);
            index.take(masks, |bits| prefix_xor(bits));
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn masks(block: &[u8; BLOCK]) -> Masks {
    let (low, high) = block.split_at(BLOCK / 2);
    // SAFETY: each half has the 32 bytes that are loaded, at any alignment.
    let halves = unsafe {
        [
            _mm256_loadu_si256(low.as_ptr().cast()),
            _mm256_loadu_si256(high.as_ptr().cast()),
        ]
    };
    let [low, high] = halves.map(|bytes| half(bytes));
    let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    Masks {
        quote: join(low[0], high[0]),
        backslash: join(low[1], high[1]),
        operator: join(low[2], high[2]),
        space: join(low[3], high[3]),
        control: join(low[4], high[4]),
    }
}

/// Quotes, backslashes, operators, white space and control characters of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn half(bytes: __m256i) -> [u32; 5] {
    let mask = |found: __m256i| _mm256_movemask_epi8(found) as u32;
    let is = |byte: u8| mask(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte as i8)));
    // The table is looked up by the low half of each byte and has the one byte that is meant there, or one that never is;
    // bytes from 0x80 on give 0. Brackets and braces differ in the bit that is set before comparing.
    #[rustfmt::skip]
    let spaces = twice([b' ' as i8, 100, 100, 100, 17, 100, 113, 2, 100, b'\t' as i8, b'\n' as i8, 112, 100, b'\r' as i8, 100, 100]);
    #[rustfmt::skip]
    let operators = twice([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b':' as i8, b'{' as i8, b',' as i8, b'}' as i8, 0, 0]);
    let braces = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    [
        is(b'"'),
        is(b'\\'),
        mask(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(operators, bytes), braces)),
        mask(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(spaces, bytes), bytes)),
        mask(_mm256_cmpeq_epi8(
            _mm256_max_epu8(bytes, _mm256_set1_epi8(0x1F)),
            _mm256_set1_epi8(0x1F),
        )),
    ]
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
