//! Passing over containers. That it decides as one who reads token by token is tested in `webhook-core`, where the grammar is;
//! here that it works at any place of a block, for Miri and the sanitizers too.

use webhook_simd::{Bracket, Implementation, Index, Reader};

struct Containers<'a> {
    text: &'a [u8],
    /// Of each open container, whether it is an array.
    open: Vec<bool>,
}

impl Reader for Containers<'_> {
    fn bracket(&mut self, at: usize) -> Bracket {
        match self.text[at] {
            b'[' => self.open.push(true),
            b'{' => self.open.push(false),
            byte => {
                if self.open.pop() != Some(byte == b']') {
                    return Bracket::Wrong;
                }
            }
        }
        match self.open.last() {
            Some(&array) => Bracket::Inside { array },
            None => Bracket::End,
        }
    }

    fn other(&self, at: usize) -> Option<usize> {
        let rest = std::str::from_utf8(&self.text[at..]).expect("UTF-8");
        let end = rest
            .find([',', ':', ' ', '\n', '{', '}', '[', ']'])
            .unwrap_or(rest.len());
        ["true", "null", "1e9", "-12.5E+30", "123456789012345678901234567890e-1"]
            .contains(&&rest[..end])
            .then_some(at + end)
    }
}

/// The place of the bracket that ends what begins at `at`, and the token that comes next: the same in every way that the
/// processor can do.
fn pass(text: &str, at: usize) -> Option<(usize, Option<u32>)> {
    let mut passed = Implementation::supported()
        .into_iter()
        .map(|implementation| pass_by(implementation, text, at));
    let first = passed.next().expect("one that every processor can do");
    passed.for_each(|other| assert_eq!(other, first, "{text}"));
    first
}

fn pass_by(implementation: Implementation, text: &str, at: usize) -> Option<(usize, Option<u32>)> {
    let mut index = Index::made_by(implementation, text.as_bytes()).expect("the text is small");
    let mut containers = Containers {
        text: text.as_bytes(),
        open: Vec::new(),
    };
    let end = index.pass(at, false, &mut containers)?;
    index.advance();
    index.is_sound().then(|| (end, index.tokens().first().copied()))
}

/// How far from the start of a block a text is put. Miri takes a thousand times as long.
fn offsets() -> impl Iterator<Item = usize> {
    (0..140).step_by(if cfg!(miri) { 63 } else { 1 })
}

#[test]
fn finds_the_end_of_a_container_wherever_it_is() {
    for text in [
        "{}",
        "[ ]",
        r#"{"a":[1,-2.50,{"b":"]}"},[[]],"\"}",null] , "é" : {} }"#,
        r#"[123456789012345678901234567890e-1,0,-0.5,-12.5E+30,true,{"a":1e9,"b":12345678901234567890123456789012345678.5}]"#,
    ] {
        for offset in offsets() {
            for begin in [
                format!("[{}", " ".repeat(offset)),
                format!("[\"{}\",", "x".repeat(offset)),
            ] {
                let whole = format!("{begin}{text} ,7]");
                let end = begin.len() + text.len() - 1;
                assert_eq!(pass(&whole, begin.len()), Some((end, Some(end as u32 + 2))), "{whole}");
                // What comes before it in the same container, too.
                let inside = format!("[{}{text}", "12,".repeat(offset));
                assert_eq!(pass(&format!("{inside}]"), 0), Some((inside.len(), None)), "{inside}");
            }
        }
    }
}

#[test]
fn rejects_malformed_text_wherever_it_is() {
    for text in [
        "[1 2]",
        "[1,]",
        "[,1]",
        "[1:2]",
        "[\"a\":1]",
        "[\"a\"\"b\"]",
        "[1\"a\"]",
        "[\"a\"1]",
        "[1}",
        "{1:2}",
        "{\"a\"}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1:2}",
        "{\"a\":\"b\":1}",
        "{\"a\",\"b\":1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,2}",
        "{,}",
        "{[]:1}",
        "[01]",
        "[-01]",
        "[00.1]",
        "[-]",
        "[1.]",
        "[.1]",
        "[-.1]",
        "[1.2.3]",
        "[1..2]",
        "[1-2]",
        "[--1]",
        "[1e]",
        "[+1]",
        "[tru]",
        "[x]",
        "[é]",
        "[\"\\x\"]",
        "[\"\n\"]",
        "[1",
        "[\"]",
        "{\"a\":[}]",
        "[1\\]",
    ] {
        for offset in offsets() {
            for begin in [
                "[".to_owned() + &" ".repeat(offset),
                "[".to_owned() + &"9,".repeat(offset),
            ] {
                let whole = format!("{begin}{text}]");
                assert_eq!(pass(&whole, 0), None, "{whole}");
            }
        }
    }
}
