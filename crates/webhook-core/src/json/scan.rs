use super::fault::{Fault, Wrong};
use crate::limits::MAX_DEPTH;

const VALUE: &str = "a JSON value";
const ELEMENT_OR_END: &str = "a JSON value or ']'";
const KEY: &str = "a key in double quotes";
const KEY_OR_END: &str = "a key in double quotes or '}'";
const COLON: &str = "':'";
const COMMA_OR_BRACE: &str = "',' or '}'";
const COMMA_OR_BRACKET: &str = "',' or ']'";
const END: &str = "the end of the text";
const CHARACTER: &str = "a character or '\"'";
const ESCAPE: &str = "one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u";
const HEX: &str = "a hexadecimal digit";
const DIGIT: &str = "a digit";
const SHALLOW: &str = "at most 2000 nested objects and arrays";

/// The type of a value, known from its first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    /// A number, `true`, `false` or `null`.
    Other,
}

/// A key between its quotes, as written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Key {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) escaped: bool,
}

impl Key {
    /// What is between the quotes, of the text that the key was read in.
    pub(crate) fn text<'a>(&self, json: &'a str) -> &'a str {
        &json[self.start..self.end]
    }
}

/// The text is rejected; the scanner knows why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rejected;

pub(crate) type Scan<T> = Result<T, Rejected>;

/// What a walk along paths takes of a reader of the text. The reader is between tokens; it rejects what `JSON.parse`
/// would reject, at the latest when it finishes.
pub(crate) trait Cursor {
    /// Goes to the value that comes next and tells its type.
    fn begin(&mut self) -> Scan<Kind>;
    /// Where the value begins that the last `begin` went to.
    fn start(&self) -> usize;
    /// Reads the value of type `kind` that begins here, whole.
    fn skip(&mut self, kind: Kind) -> Scan<()>;
    /// Where the value ends that was read last.
    fn end(&self) -> usize;
    /// Enters the object that begins here: whether it has a member, whose key is then read and whose value comes next.
    fn enter_object(&mut self) -> Scan<bool>;
    /// After a member's value: whether another one comes, whose key is then read; if not, the object is left.
    fn next_member(&mut self) -> Scan<bool>;
    /// The key that was read last.
    fn key(&self) -> Key;
    /// Enters the array that begins here: whether it has an element, which comes next.
    fn enter_array(&mut self) -> Scan<bool>;
    /// After an element: whether another one comes; if not, the array is left.
    fn next_element(&mut self) -> Scan<bool>;
    /// After an element: reads the rest of the array and leaves it.
    fn skip_elements(&mut self) -> Scan<()>;
    /// Goes back to the start of a value that was read in the innermost open container.
    fn rewind(&mut self, start: usize);
    /// After the whole value: nothing may follow but white space.
    fn finish(&mut self) -> Scan<()>;
}

/// Reads a text from left to right and rejects whatever `JSON.parse` would; `depth` counts what the caller has entered.
#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    open: Open,
    key: Key,
    fault: Option<Fault>,
}

impl<'a> Scanner<'a> {
    /// A scanner before the first value; the text must be valid UTF-8, one BOM is skipped.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 },
            depth: 0,
            open: Open::default(),
            key: Key::default(),
            fault: None,
        }
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Why the text was rejected.
    pub(crate) fn fault(&self) -> Fault {
        self.fault.expect("a text is rejected for a fault")
    }

    #[cold]
    fn reject(&mut self, wrong: Wrong, expected: &'static str) -> Rejected {
        let wrong = if self.at == self.text.len() { Wrong::End } else { wrong };
        self.fault = Some(Fault {
            wrong,
            at: self.at,
            expected,
        });
        Rejected
    }

    #[cold]
    fn expected(&mut self, expected: &'static str) -> Rejected {
        self.reject(Wrong::Character, expected)
    }

    #[inline(always)]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn kind(&mut self, expected: &'static str) -> Scan<Kind> {
        match self.peek() {
            Some(b'"') => Ok(Kind::String),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Ok(Kind::Other),
            _ => Err(self.expected(expected)),
        }
    }

    fn open(&mut self) -> Scan<()> {
        if self.depth >= MAX_DEPTH {
            return Err(self.reject(Wrong::Depth, SHALLOW));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// A key and the colon after it.
    #[inline]
    fn read_key(&mut self) -> Scan<bool> {
        if self.peek() != Some(b'"') {
            return Err(self.expected(KEY));
        }
        let start = self.at + 1;
        let escaped = self.string()?;
        self.key = Key {
            start,
            end: self.at - 1,
            escaped,
        };
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.expected(COLON));
        }
        self.at += 1;
        Ok(true)
    }

    /// Reads the string that begins here; whether it has an escape.
    #[inline]
    fn string(&mut self) -> Scan<bool> {
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at += plain_length(&self.text[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                None => return Err(self.expected(CHARACTER)),
                Some(_) => return Err(self.reject(Wrong::Control, CHARACTER)),
            }
        }
    }

    fn escape(&mut self) -> Scan<()> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.reject(Wrong::Escape, HEX));
                    }
                    self.at += 1;
                }
                Ok(())
            }
            _ => Err(self.reject(Wrong::Escape, ESCAPE)),
        }
    }

    #[inline(always)]
    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn some_digits(&mut self) -> Scan<()> {
        match self.peek() {
            Some(b'0'..=b'9') => {
                self.digits();
                Ok(())
            }
            _ => Err(self.expected(DIGIT)),
        }
    }

    /// Reads the number, `true`, `false` or `null` that begins here.
    #[inline]
    fn other(&mut self) -> Scan<()> {
        match self.peek() {
            Some(b't') => return self.literal("true", "'true'"),
            Some(b'f') => return self.literal("false", "'false'"),
            Some(b'n') => return self.literal("null", "'null'"),
            Some(b'-') => self.at += 1,
            _ => {}
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.expected(DIGIT)),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    #[inline]
    fn literal(&mut self, word: &str, expected: &'static str) -> Scan<()> {
        if self.text[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        // The place of the first character that differs is the place of the fault.
        self.at += word
            .bytes()
            .zip(&self.text[self.at..])
            .take_while(|(a, b)| a == *b)
            .count();
        Err(self.expected(expected))
    }

    fn containers(&mut self, kind: Kind, outside: usize) -> Scan<()> {
        let more = match kind {
            Kind::Array => self.enter_array()?,
            _ => self.enter_object()?,
        };
        if !more {
            return Ok(());
        }
        self.open.push(self.depth, kind == Kind::Array);
        self.values(outside)
    }

    /// Reads values until the container at depth `outside` + 1 is left; the scanner is before a value.
    fn values(&mut self, outside: usize) -> Scan<()> {
        loop {
            match self.begin()? {
                Kind::String => {
                    self.string()?;
                }
                Kind::Other => self.other()?,
                Kind::Object => {
                    if self.enter_object()? {
                        self.open.push(self.depth, false);
                        continue;
                    }
                }
                Kind::Array => {
                    if self.enter_array()? {
                        self.open.push(self.depth, true);
                        continue;
                    }
                }
            }
            loop {
                if self.depth == outside {
                    return Ok(());
                }
                let more = if self.open.is_array(self.depth) {
                    self.next_element()?
                } else {
                    self.next_member()?
                };
                if more {
                    break;
                }
            }
        }
    }
}

impl Cursor for Scanner<'_> {
    #[inline]
    fn begin(&mut self) -> Scan<Kind> {
        self.space();
        self.kind(VALUE)
    }

    fn start(&self) -> usize {
        self.at
    }

    #[inline]
    fn key(&self) -> Key {
        self.key
    }

    fn skip(&mut self, kind: Kind) -> Scan<()> {
        match kind {
            Kind::String => self.string().map(|_| ()),
            Kind::Other => self.other(),
            Kind::Object | Kind::Array => {
                let outside = self.depth;
                self.containers(kind, outside)
            }
        }
    }

    fn end(&self) -> usize {
        self.at
    }

    fn enter_object(&mut self) -> Scan<bool> {
        self.open()?;
        self.space();
        match self.peek() {
            Some(b'}') => {
                self.leave();
                Ok(false)
            }
            Some(b'"') => self.read_key(),
            _ => Err(self.expected(KEY_OR_END)),
        }
    }

    fn next_member(&mut self) -> Scan<bool> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                self.read_key()
            }
            Some(b'}') => {
                self.leave();
                Ok(false)
            }
            _ => Err(self.expected(COMMA_OR_BRACE)),
        }
    }

    fn enter_array(&mut self) -> Scan<bool> {
        self.open()?;
        self.space();
        if self.peek() == Some(b']') {
            self.leave();
            return Ok(false);
        }
        self.kind(ELEMENT_OR_END)?;
        Ok(true)
    }

    fn next_element(&mut self) -> Scan<bool> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            Some(b']') => {
                self.leave();
                Ok(false)
            }
            _ => Err(self.expected(COMMA_OR_BRACKET)),
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
        self.at = start;
    }

    fn finish(&mut self) -> Scan<()> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected(END)),
        }
    }
}

/// Which of the open containers are arrays, a bit for each depth: the stack of a walk that doesn't recurse.
#[derive(Debug, Clone)]
pub(crate) struct Open([u64; MAX_DEPTH / 64 + 1]);

impl Default for Open {
    fn default() -> Self {
        Self([0; MAX_DEPTH / 64 + 1])
    }
}

impl Open {
    #[inline(always)]
    pub(crate) fn push(&mut self, depth: usize, array: bool) {
        let bit = 1u64 << (depth % 64);
        let word = &mut self.0[depth / 64];
        *word = if array { *word | bit } else { *word & !bit };
    }

    #[inline(always)]
    pub(crate) fn is_array(&self, depth: usize) -> bool {
        self.0[depth / 64] >> (depth % 64) & 1 == 1
    }
}

/// The number of bytes before the first quote, backslash or control character.
#[inline(always)]
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    // A byte is zero in `x` where the lowest high bit of this is; bytes after that one may be reported wrongly.
    let zero = |x: u64| x.wrapping_sub(ONES) & !x;
    let mut length = 0;
    for block in text.chunks_exact(8) {
        let word = u64::from_le_bytes(block.try_into().expect("a block has eight bytes"));
        let quote = zero(word ^ ONES.wrapping_mul(u64::from(b'"')));
        let backslash = zero(word ^ ONES.wrapping_mul(u64::from(b'\\')));
        let control = word.wrapping_sub(ONES.wrapping_mul(0x20)) & !word;
        let found = (quote | backslash | control) & HIGHS;
        if found != 0 {
            return length + (found.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    length
        + text[length..]
            .iter()
            .take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
            .count()
}

/// The UTF-16 code units of a string, given what is between its quotes.
pub(crate) fn utf16_units(raw: &str) -> impl Iterator<Item = u16> + '_ {
    let mut chars = raw.chars();
    let mut low = None;
    std::iter::from_fn(move || {
        if let Some(unit) = low.take() {
            return Some(unit);
        }
        let c = match chars.next()? {
            '\\' => match chars.next()? {
                'b' => '\u{8}',
                'f' => '\u{C}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits = chars.as_str().get(..4)?;
                    chars = chars.as_str()[4..].chars();
                    return u16::from_str_radix(digits, 16).ok();
                }
                plain => plain,
            },
            plain => plain,
        };
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units);
        low = units.get(1).copied();
        Some(units[0])
    })
}

/// A key or string unescaped, given what is between its quotes; none if it has a lone surrogate.
pub(crate) fn unescaped(raw: &str) -> Option<String> {
    char::decode_utf16(utf16_units(raw)).collect::<Result<String, _>>().ok()
}
