//! The parts of a JSON text that was checked before: taking it apart costs no more than finding where they end.

use memchr::memchr2;

/// The elements of an array's text, in order.
pub(super) struct Elements<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Elements<'a> {
    /// Those of `text`; none if it isn't an array.
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('[') { 1 } else { text.len() };
        Self { text, at }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        self.at = next_token(self.text.as_bytes(), self.at)?;
        let start = self.at;
        self.at = value_end(self.text.as_bytes(), start);
        Some(&self.text[start..self.at])
    }
}

/// The members of an object's text, in order: what is between the quotes of each key, and its value.
pub(super) struct Members<'a>(Elements<'a>);

impl<'a> Members<'a> {
    /// Those of `text`, which is an object's.
    pub(super) fn new(text: &'a str) -> Self {
        Self(Elements { text, at: 1 })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.0.next()?;
        Some((&key[1..key.len() - 1], self.0.next()?))
    }
}

/// Where the next value begins in a container of which one has been read; none at the container's end.
#[inline]
fn next_token(text: &[u8], mut at: usize) -> Option<usize> {
    while matches!(text.get(at)?, b' ' | b'\n' | b'\r' | b'\t' | b',' | b':') {
        at += 1;
    }
    (!matches!(text[at], b']' | b'}')).then_some(at)
}

/// Where the value ends that begins at `at`.
fn value_end(text: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    loop {
        match text[at] {
            b'"' => at = string_end(text, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            _ if depth == 0 => {
                let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
                return text[at..]
                    .iter()
                    .position(ends)
                    .map_or(text.len(), |length| at + length);
            }
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
}

/// Where the string ends that begins at `at`; the end of a text in which it doesn't.
pub(super) fn string_end(text: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(length) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += length;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Elements, Members};

    #[test]
    fn splits_containers_one_level() {
        let array = r#"[ 1 ,"a,]\"\\", [2,"]"],{"b":[{}]} ,null]"#;
        let elements: Vec<_> = Elements::new(array).collect();
        assert_eq!(elements, ["1", r#""a,]\"\\""#, r#"[2,"]"]"#, r#"{"b":[{}]}"#, "null"]);
        let object = r#"{ "a" : 1,"\"}" :{"a":2}, "":"" }"#;
        let members: Vec<_> = Members::new(object).collect();
        assert_eq!(members, [("a", "1"), (r#"\"}"#, r#"{"a":2}"#), ("", r#""""#)]);
        assert_eq!(Elements::new("[]").chain(Elements::new(" 7")).count(), 0);
        assert_eq!(Members::new("{}").count(), 0);
    }
}
