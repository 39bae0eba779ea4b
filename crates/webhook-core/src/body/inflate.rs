//! Undoes a `Content-Encoding`, within bounds that keep a small body from costing the work of a large one.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};

use super::charset::Charset;
use super::leniency::{Leniencies, Leniency};
use crate::limits::{INFLATION_SLACK, INFLATION_WASTE, MAX_INFLATION};
use crate::rejection::Rejection;

/// Undoes the encoding that a `Content-Encoding` header names (RFC 9110 section 8.4). It may list several, each costing the
/// work of the ones inside it once more; nobody sends more than one, so that no more is undone.
///
/// A charset in its place, or `none`, says nothing. Bytes that are text, though the header names an encoding, have been inflated by
/// a proxy that left the header as it was.
pub(crate) fn inflate<'a>(
    bytes: &'a [u8],
    encodings: &str,
    limit: usize,
    needed: &mut Leniencies,
) -> Result<Cow<'a, [u8]>, Rejection> {
    if encodings.is_empty() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut undone = None;
    for listed in encodings.split(',') {
        let encoding = listed.trim().to_ascii_lowercase();
        if matches!(encoding.as_str(), "" | "identity") {
            continue;
        }
        if encoding == "none" || Charset::named(&encoding).is_some() {
            needed.add(Leniency::ContentEncoding);
            continue;
        }
        if undone.replace(encoding).is_some() {
            return Err(Rejection::StackedEncodings);
        }
    }
    let Some(encoding) = undone else {
        return Ok(Cow::Borrowed(bytes));
    };
    let limit = limit.min(bytes.len().saturating_mul(MAX_INFLATION) + INFLATION_SLACK);
    let made = Cell::new(0);
    let input = Input {
        bytes,
        taken: 0,
        made: &made,
    };
    let inflated = match encoding.as_str() {
        "gzip" | "x-gzip" => bounded("gzip", flate2::bufread::MultiGzDecoder::new(input), &made, limit),
        // "deflate" names the zlib format, but some senders leave its wrapper away, as they always have.
        "deflate" if is_zlib(bytes) => bounded("deflate", flate2::bufread::ZlibDecoder::new(input), &made, limit),
        "deflate" => bounded("deflate", flate2::bufread::DeflateDecoder::new(input), &made, limit),
        "br" => bounded("br", brotli::Decompressor::new(input, 4096), &made, limit),
        _ => Err(Rejection::UnsupportedEncoding),
    };
    match inflated {
        Err(Rejection::BadEncoding { .. }) if is_text(bytes) => {
            needed.add(Leniency::NotEncoded);
            Ok(Cow::Borrowed(bytes))
        }
        inflated => inflated.map(Cow::Owned),
    }
}

// What is compressed isn't text: it has control characters, and bytes that aren't UTF-8.
fn is_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < b' ' && !byte.is_ascii_whitespace();
    simdutf8::basic::from_utf8(bytes).is_ok() && !bytes.iter().any(is_control)
}

// RFC 1950 section 2.2: method 8, and a check that makes the first two bytes a multiple of 31.
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31))
}

/// Compressed bytes, given to a decoder as long as enough comes of them: members, blocks and tables of codes cost work
/// without giving a byte, and any number of them may be in a body.
struct Input<'a> {
    bytes: &'a [u8],
    taken: usize,
    /// Bytes that have come of it so far.
    made: &'a Cell<usize>,
}

/// What [`Input`] ends with where too little comes of it.
#[derive(Debug)]
struct Wasteful;

impl fmt::Display for Wasteful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more goes in than comes out")
    }
}

impl std::error::Error for Wasteful {}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let end = self.bytes.len().min(self.made.get() + INFLATION_WASTE);
        if self.taken >= end && end < self.bytes.len() {
            return Err(io::Error::other(Wasteful));
        }
        Ok(&self.bytes[self.taken..end])
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

// Stops once there is more than the limit, so that a bomb costs no more than the limit.
fn bounded(
    encoding: &'static str,
    mut decoder: impl Read,
    made: &Cell<usize>,
    limit: usize,
) -> Result<Vec<u8>, Rejection> {
    let mut inflated = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let count = match decoder.read(&mut chunk) {
            Ok(0) => return Ok(inflated),
            Ok(count) => count,
            Err(error) if error.get_ref().is_some_and(|inner| inner.is::<Wasteful>()) => {
                return Err(Rejection::WastefulEncoding { encoding })
            }
            Err(_) => return Err(Rejection::BadEncoding { encoding }),
        };
        if inflated.len() + count > limit {
            return Err(Rejection::TooLarge { limit, inflated: true });
        }
        if inflated.capacity() - inflated.len() < count {
            // Twice its size, as is usual, is too much memory for a large one.
            inflated.reserve_exact(count.max(inflated.len() / 4));
        }
        inflated.extend_from_slice(&chunk[..count]);
        made.set(inflated.len());
    }
}
