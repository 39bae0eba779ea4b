//! For processors that have no index.

use crate::pass::{Passing, Reader};
use crate::Index;

pub(crate) fn is_supported() -> bool {
    false
}

pub(crate) fn fill(_: &mut Index<'_>) {}

pub(crate) fn pass(_: &mut Index<'_>, _: Passing, _: &mut impl Reader) -> Option<usize> {
    None
}

pub(crate) fn digits(bytes: &[u8; 32]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |mask, byte| mask << 1 | u32::from(byte.is_ascii_digit()))
}
