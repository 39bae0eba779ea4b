use webhook_simd::{digits, Index};

use super::scan::{Cursor, Key, Kind, Open, Refused, Scan};
use crate::limits::MAX_DEPTH;

/// Reads a text by the index of its tokens: what [`Scanner`](super::scan::Scanner) does, several times as fast.
///
/// It decides the same and can't say why: who wants to know asks the scanner. Whether strings are well formed is known from
/// the index when the text has been read; until then a string is whatever stands between two tokens.
pub(crate) struct Indexed<'a> {
    text: &'a [u8],
    index: Index<'a>,
    /// The token of the batch that comes next.
    next: usize,
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
        let mut index = Index::new(text)?;
        if text.starts_with(b"\xEF\xBB\xBF") {
            index.restart(3);
        }
        index.advance();
        Some(Self {
            text,
            index,
            next: 0,
            depth: 0,
            open: Open::default(),
            key: Key::default(),
            start: 0,
            end: 0,
        })
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
        self.index.advance();
        self.next = 0;
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
        // No token begins with a zero byte.
        self.text.get(at).copied().unwrap_or(0)
    }

    /// Takes the token that comes next; it must be `wanted`.
    #[inline(always)]
    fn expect(&mut self, wanted: u8) -> Scan<usize> {
        let at = self.take();
        if self.byte(at) == wanted {
            Ok(at)
        } else {
            Err(Refused)
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
            return Err(Refused);
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

    /// Reads the number or word at `at`: where it ends.
    #[inline(always)]
    fn other(&self, at: usize) -> Scan<usize> {
        let end = match self.byte(at) {
            b't' => self.word(at, b"true")?,
            b'f' => self.word(at, b"false")?,
            b'n' => self.word(at, b"null")?,
            _ => self.number(at)?,
        };
        // A token goes on until white space or an operator; a quote in it is no token of its own.
        match self.text.get(end) {
            None | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'{' | b'[') => Ok(end),
            Some(_) => Err(Refused),
        }
    }

    /// Whether the number at `at` is known to be well formed and to end where the token after it begins: one without
    /// exponent, of at most 32 characters, with nothing behind it. Most are, and this is told without following digits, whose
    /// number can't be predicted.
    #[inline(always)]
    fn is_plain_number(&self, at: usize, next: usize) -> bool {
        let length = next - at;
        let Some(bytes) = self.text[at..].first_chunk::<32>() else {
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
        // One character that is no digit, and it is a point between digits.
        let point = others.trailing_zeros() as usize;
        others & (others - 1) == 0
            && bytes[point] == b'.'
            && point > minus
            && point + 1 < length
            && (!zero_first || point == minus + 1)
    }

    #[inline(always)]
    fn word(&self, at: usize, word: &[u8]) -> Scan<usize> {
        if self.text[at..].starts_with(word) {
            Ok(at + word.len())
        } else {
            Err(Refused)
        }
    }

    #[inline(always)]
    fn number(&self, mut at: usize) -> Scan<usize> {
        if self.byte(at) == b'-' {
            at += 1;
        }
        at = match self.byte(at) {
            b'0' => at + 1,
            _ => self.digits(at)?,
        };
        if self.byte(at) == b'.' {
            at = self.digits(at + 1)?;
        }
        if let b'e' | b'E' = self.byte(at) {
            at += 1;
            if let b'+' | b'-' = self.byte(at) {
                at += 1;
            }
            at = self.digits(at)?;
        }
        Ok(at)
    }

    /// Where the digits from `at` on end; there must be one.
    #[inline(always)]
    fn digits(&self, at: usize) -> Scan<usize> {
        let mut end = at;
        while let Some(bytes) = self.text[end.min(self.text.len())..].first_chunk::<8>() {
            let word = u64::from_le_bytes(*bytes);
            // A byte is zero here if its upper half is 3, and stays so when 6 is added to the lower one.
            let upper = |word: u64| word & 0xF0F0_F0F0_F0F0_F0F0 ^ 0x3030_3030_3030_3030;
            let others = upper(word) | upper(word.wrapping_add(0x0606_0606_0606_0606));
            if others != 0 {
                end += (others.trailing_zeros() / 8) as usize;
                return if end > at { Ok(end) } else { Err(Refused) };
            }
            end += 8;
        }
        while self.byte(end).is_ascii_digit() {
            end += 1;
        }
        if end > at {
            Ok(end)
        } else {
            Err(Refused)
        }
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
                    return Err(Refused);
                }
            }};
        }
        'value: loop {
            let at = take!();
            match self.byte(at) {
                b'"' => {}
                b'{' => {
                    if depth >= MAX_DEPTH {
                        return Err(Refused);
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
                        return Err(Refused);
                    }
                    self.end = first + 1;
                }
                b'[' => {
                    if depth >= MAX_DEPTH {
                        return Err(Refused);
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
                    if !self.is_plain_number(at, after) {
                        self.other(at)?;
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
                    _ => return Err(Refused),
                }
                self.end = at + 1;
                depth -= 1;
                array = self.open.is_array(depth);
            }
            (self.next, self.depth) = (next, depth);
            return Ok(());
        }
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
            _ => Err(Refused),
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
                    return Err(Refused);
                }
            }
            Kind::Other => {
                let at = self.take();
                let next = self.peek();
                self.end = if self.is_plain_number(at, next) {
                    next
                } else {
                    self.other(at)?
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
            _ => Err(Refused),
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
            _ => Err(Refused),
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
        // Mostly the value stands in this batch still.
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
            Err(Refused)
        }
    }
}
