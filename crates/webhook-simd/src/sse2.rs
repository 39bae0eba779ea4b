//! What every x86-64 processor can do.

use std::arch::x86_64::{
    _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8, _mm_sub_epi8,
};

#[inline(always)]
pub(crate) fn digits(bytes: &[u8; 32]) -> u32 {
    let (low, high) = bytes.split_at(16);
    let mask = |half: &[u8]| {
        // SAFETY: each half has the 16 bytes that are loaded, at any alignment; SSE2 is part of x86-64.
        unsafe {
            let digits = _mm_sub_epi8(_mm_loadu_si128(half.as_ptr().cast()), _mm_set1_epi8(b'0' as i8));
            // What isn't changed by the lesser of it and nine is at most nine.
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits)) as u32
        }
    };
    mask(low) | mask(high) << 16
}
