use webhook_simd::{Bracket, Index, Reader};

use super::scalar::{byte, is_plain_number, other};
use super::scan::{Cursor, Key, Kind, Open, Rejected, Scan};
use crate::limits::MAX_DEPTH;

/// Reads a text by the index of its tokens: what [`Scanner`](super::scan::Scanner) does, several times as fast.
///
/// It decides the same and can't say why: who wants to know asks the scanner. Whether strings are well formed is known from
/// the index when the text has been read; until then a string is whatever is between two tokens.
pub(crate) struct Indexed<'a> {
    text: &'a [u8],
    index: Index<'a>,
    /// The token of the batch that comes next.
    next: usize,
    /// With this token of the batch and those after it, what a container has further is passed over by blocks.
    pass_from: usize,
    depth: usize,
    open: Open,
    key: Key,
    start: usize,
    end: usize,
}

impl<'a> Indexed<'a> {
    /// A cursor before the first value of valid UTF-8, one BOM skipped; none where the processor can't.
    #[inline(always)]
    pub(crate) fn new(text: &'a [u8]) -> Option<Self> {
        Some(Self::of(text, Index::new(text)?))
    }

    /// A cursor before the first value, with an index that is at its start.
    #[inline(always)]
    pub(crate) fn of(text: &'a [u8], mut index: Index<'a>) -> Self {
        if text.starts_with(b"\xEF\xBB\xBF") {
            index.restart(3);
        }
        let mut indexed = Self {
            text,
            index,
            next: 0,
            pass_from: usize::MAX,
            depth: 0,
            open: Open::default(),
            key: Key::default(),
            start: 0,
            end: 0,
        };
        indexed.advance();
        indexed
    }

    /// One that passes over containers by blocks wherever it can.
    #[cfg(test)]
    pub(crate) fn passing(text: &'a [u8], index: Index<'a>) -> Self {
        let mut indexed = Self::of(text, index);
        indexed.pass_from = 0;
        indexed
    }

    /// Goes on to the next batch.
    #[inline]
    fn advance(&mut self) {
        self.index.advance();
        self.next = 0;
        #[cfg(test)]
        if self.pass_from == 0 {
            return;
        }
        self.pass_from = if self.index.is_dense() {
            // A value, and what is looked at together after it.
            self.index.tokens().len().saturating_sub(4).max(1)
        } else {
            usize::MAX
        };
    }

    /// Where the next token begins; the length of the text if there is none.
    #[inline(always)]
    fn peek(&mut self) -> usize {
        match self.index.tokens().get(self.next) {
            Some(&at) => at as usize,
            None => self.peek_further(),
        }
    }

    #[cold]
    #[inline(never)]
    fn peek_further(&mut self) -> usize {
        self.advance();
        self.index.tokens().first().map_or(self.text.len(), |&at| at as usize)
    }

    #[inline(always)]
    fn take(&mut self) -> usize {
        let at = self.peek();
        self.next += 1;
        at
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        byte(self.text, at)
    }

    /// Takes the token that comes next; it must be `wanted`.
    #[inline(always)]
    fn expect(&mut self, wanted: u8) -> Scan<usize> {
        let at = self.take();
        if self.byte(at) == wanted {
            Ok(at)
        } else {
            Err(Rejected)
        }
    }

    /// The end of a string of which it is known where the next token begins.
    #[inline(always)]
    fn string_end(&self, mut next: usize) -> usize {
        while next > 0 && self.text[next - 1] != b'"' {
            next -= 1;
        }
        next
    }

    #[inline(always)]
    fn read_key(&mut self) -> Scan<bool> {
        let start = self.expect(b'"')? + 1;
        let colon = self.expect(b':')?;
        let end = self.string_end(colon) - 1;
        let escaped = self.index.has_backslashes() && self.text[start..end].contains(&b'\\');
        self.key = Key { start, end, escaped };
        Ok(true)
    }

    #[inline(always)]
    fn open(&mut self) -> Scan<()> {
        if self.depth >= MAX_DEPTH {
            return Err(Rejected);
        }
        self.depth += 1;
        self.take();
        Ok(())
    }

    #[inline(always)]
    fn leave(&mut self, at: usize) {
        self.depth -= 1;
        self.end = at + 1;
    }

    /// Reads values until the container at depth `outside` + 1 is left; a value comes next.
    #[inline(never)]
    fn values(&mut self, outside: usize) -> Scan<()> {
        // What changes with each token is kept in local variables: through memory, each token would wait for the one before.
        let (mut next, mut depth) = (self.next, self.depth);
        let mut array = self.open.is_array(depth);
        macro_rules! peek {
            () => {
                match self.index.tokens().get(next) {
                    Some(&at) => at as usize,
                    None => {
                        next = 0;
                        self.peek_further()
                    }
                }
            };
        }
        macro_rules! take {
            () => {{
                let at = peek!();
                next += 1;
                at
            }};
        }
        macro_rules! expect {
            ($wanted:expr) => {{
                let at = take!();
                if self.byte(at) != $wanted {
                    return Err(Rejected);
                }
            }};
        }
        'value: loop {
            let at = take!();
            if next > self.pass_from {
                return self.pass(at, depth, outside);
            }
            match self.byte(at) {
                b'"' => {}
                b'{' => {
                    if depth >= MAX_DEPTH {
                        return Err(Rejected);
                    }
                    let first = take!();
                    if self.byte(first) == b'"' {
                        expect!(b':');
                        depth += 1;
                        array = false;
                        self.open.push(depth, array);
                        continue;
                    }
                    if self.byte(first) != b'}' {
                        return Err(Rejected);
                    }
                    self.end = first + 1;
                }
                b'[' => {
                    if depth >= MAX_DEPTH {
                        return Err(Rejected);
                    }
                    let first = peek!();
                    if self.byte(first) != b']' {
                        depth += 1;
                        array = true;
                        self.open.push(depth, array);
                        continue;
                    }
                    next += 1;
                    self.end = first + 1;
                }
                _ => {
                    let after = peek!();
                    if !is_plain_number(self.text, at, after) {
                        other(self.text, at)?;
                    }
                }
            }
            while depth > outside {
                if !array {
                    // Mostly another member comes: three tokens that are looked at together.
                    if let Some(&[comma, quote, colon]) = self.index.tokens().get(next..).and_then(<[u32]>::first_chunk)
                    {
                        let is = |at: u32, byte: u8| self.byte(at as usize) == byte;
                        if is(comma, b',') & is(quote, b'"') & is(colon, b':') {
                            next += 3;
                            continue 'value;
                        }
                    }
                }
                let at = take!();
                match self.byte(at) {
                    b',' => {
                        if !array {
                            expect!(b'"');
                            expect!(b':');
                        }
                        continue 'value;
                    }
                    b']' if array => {}
                    b'}' if !array => {}
                    _ => return Err(Rejected),
                }
                self.end = at + 1;
                depth -= 1;
                array = self.open.is_array(depth);
            }
            (self.next, self.depth) = (next, depth);
            return Ok(());
        }
    }

    /// As `values`, by blocks; the next value is at `at`, in the container at `depth`.
    #[inline(never)]
    fn pass(&mut self, at: usize, depth: usize, outside: usize) -> Scan<()> {
        let array = self.open.is_array(depth);
        let mut containers = Containers {
            text: self.text,
            open: &mut self.open,
            depth,
            outside,
        };
        let end = self.index.pass(at, array, &mut containers).ok_or(Rejected)?;
        self.depth = outside;
        self.end = end + 1;
        self.advance();
        Ok(())
    }
}

/// Follows the containers while they are passed over.
struct Containers<'a, 'o> {
    text: &'a [u8],
    open: &'o mut Open,
    depth: usize,
    /// The depth where it ends.
    outside: usize,
}

impl Reader for Containers<'_, '_> {
    #[inline(always)]
    fn bracket(&mut self, at: usize) -> Bracket {
        let bracket = self.text[at];
        let array = matches!(bracket, b'[' | b']');
        if matches!(bracket, b'[' | b'{') {
            if self.depth >= MAX_DEPTH {
                return Bracket::Wrong;
            }
            self.depth += 1;
            self.open.push(self.depth, array);
            return Bracket::Inside { array };
        }
        if array != self.open.is_array(self.depth) {
            return Bracket::Wrong;
        }
        self.depth -= 1;
        if self.depth == self.outside {
            return Bracket::End;
        }
        Bracket::Inside {
            array: self.open.is_array(self.depth),
        }
    }

    fn other(&self, at: usize) -> Option<usize> {
        other(self.text, at).ok()
    }
}

impl Cursor for Indexed<'_> {
    #[inline(always)]
    fn begin(&mut self) -> Scan<Kind> {
        self.start = self.peek();
        match self.byte(self.start) {
            b'"' => Ok(Kind::String),
            b'{' => Ok(Kind::Object),
            b'[' => Ok(Kind::Array),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Ok(Kind::Other),
            _ => Err(Rejected),
        }
    }

    #[inline]
    fn start(&self) -> usize {
        self.start
    }

    #[inline(always)]
    fn skip(&mut self, kind: Kind) -> Scan<()> {
        match kind {
            Kind::String => {
                self.next += 1;
                let next = self.peek();
                self.end = self.string_end(next);
                if self.end < self.start + 2 {
                    // It isn't closed.
                    return Err(Rejected);
                }
            }
            Kind::Other => {
                let at = self.take();
                let next = self.peek();
                self.end = if is_plain_number(self.text, at, next) {
                    next
                } else {
                    other(self.text, at)?
                };
            }
            Kind::Object | Kind::Array => {
                let outside = self.depth;
                self.values(outside)?;
            }
        }
        Ok(())
    }

    #[inline]
    fn key(&self) -> Key {
        self.key
    }

    #[inline]
    fn end(&self) -> usize {
        self.end
    }

    fn enter_object(&mut self) -> Scan<bool> {
        self.open()?;
        let first = self.peek();
        if self.byte(first) == b'}' {
            self.next += 1;
            self.leave(first);
            return Ok(false);
        }
        self.read_key()
    }

    #[inline(always)]
    fn next_member(&mut self) -> Scan<bool> {
        let at = self.take();
        match self.byte(at) {
            b',' => self.read_key(),
            b'}' => {
                self.leave(at);
                Ok(false)
            }
            _ => Err(Rejected),
        }
    }

    fn enter_array(&mut self) -> Scan<bool> {
        self.open()?;
        let first = self.peek();
        if self.byte(first) == b']' {
            self.next += 1;
            self.leave(first);
            return Ok(false);
        }
        Ok(true)
    }

    #[inline]
    fn next_element(&mut self) -> Scan<bool> {
        let at = self.take();
        match self.byte(at) {
            b',' => Ok(true),
            b']' => {
                self.leave(at);
                Ok(false)
            }
            _ => Err(Rejected),
        }
    }

    fn skip_elements(&mut self) -> Scan<()> {
        if self.next_element()? {
            self.open.push(self.depth, true);
            return self.values(self.depth - 1);
        }
        Ok(())
    }

    fn rewind(&mut self, start: usize) {
        // Mostly the value is still in this batch.
        match self.index.tokens().binary_search_by_key(&start, |&at| at as usize) {
            Ok(next) => self.next = next,
            Err(_) => {
                self.index.restart(start);
                self.next = 0;
            }
        }
    }

    fn finish(&mut self) -> Scan<()> {
        if self.peek() == self.text.len() && self.index.is_sound() {
            Ok(())
        } else {
            Err(Rejected)
        }
    }
}
