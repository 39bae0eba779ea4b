//! The index against one that looks at each byte in turn.

use proptest::prelude::*;
use webhook_simd::{digits, Implementation, Index};

/// Positions of the tokens, and whether the strings are well formed.
fn naive(text: &[u8]) -> (Vec<u32>, bool) {
    let (mut tokens, mut sound, mut at, mut in_run) = (Vec::new(), true, 0, false);
    while at < text.len() {
        match text[at] {
            b'"' => {
                // A quote right after a run begins a string, but no token.
                if !in_run {
                    tokens.push(at as u32);
                }
                in_run = false;
                at += 1;
                loop {
                    match text.get(at) {
                        None => return (tokens, false),
                        Some(b'"') => break,
                        Some(b'\\') => {
                            at += 1;
                            sound &= match text.get(at) {
                                Some(b'u') => text
                                    .get(at + 1..at + 5)
                                    .is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)),
                                Some(byte) => b"\"\\/bfnrt".contains(byte),
                                None => false,
                            };
                            // What is escaped may be a control character, which is wrong in any case.
                            if at < text.len() {
                                at += 1;
                            }
                        }
                        Some(byte) => {
                            sound &= *byte >= 0x20;
                            at += 1;
                        }
                    }
                }
            }
            b'{' | b'}' | b'[' | b']' | b':' | b',' => {
                tokens.push(at as u32);
                in_run = false;
            }
            b' ' | b'\t' | b'\n' | b'\r' => in_run = false,
            _ => {
                if !in_run {
                    tokens.push(at as u32);
                }
                in_run = true;
            }
        }
        at += 1;
    }
    (tokens, sound)
}

/// Compares the index made in every way that the processor can do with the naive one.
fn assert_indexed(text: &[u8]) {
    for implementation in Implementation::supported() {
        assert_eq!(
            indexed(implementation, text),
            naive(text),
            "{implementation:?}: {}",
            String::from_utf8_lossy(text)
        );
    }
}

fn indexed(implementation: Implementation, text: &[u8]) -> (Vec<u32>, bool) {
    let mut index = Index::made_by(implementation, text).expect("the text is small");
    let mut tokens = Vec::new();
    loop {
        index.advance();
        if index.tokens().is_empty() {
            return (tokens, index.is_sound());
        }
        tokens.extend_from_slice(index.tokens());
    }
}

#[test]
fn offers_the_fastest_implementation_and_plain_rust() {
    let supported = Implementation::supported();
    println!("Tested: {supported:?}");
    assert_eq!(supported.first(), Some(&Implementation::fastest()));
    assert_eq!(supported.last(), Some(&Implementation::Portable));
}

#[test]
fn follows_strings_over_the_ends_of_blocks() {
    // Miri takes a thousand times as long.
    for before in (0..140).step_by(if cfg!(miri) { 63 } else { 1 }) {
        for string in [
            r#""""#,
            r#""a\\\"b""#,
            r#""\\""#,
            r#""\u00e9,[]{}:""#,
            "\"\n\"",
            r#""\x""#,
            r#""\"#,
            r#""a"#,
            r#""\u12""#,
            r#""\\\\\\\\""#,
        ] {
            let text = format!("{}{string}, 12 {}", " ".repeat(before), "[1]".repeat(before));
            assert_indexed(text.as_bytes());
        }
    }
}

#[test]
fn fills_several_batches_with_a_text_of_tokens() {
    for length in [63, 64, 65, 2047, 2048, 2049, 5000] {
        assert_indexed("[".repeat(length).as_bytes());
    }
}

#[test]
fn restarts_an_index_at_a_given_place() {
    let text = format!("[{}]", r#"{"a":"x,y"},"#.repeat(500));
    let at = 1 + 12 * 77;
    let rest: Vec<_> = naive(&text.as_bytes()[at..])
        .0
        .iter()
        .map(|token| token + at as u32)
        .collect();
    for implementation in Implementation::supported() {
        let mut index = Index::made_by(implementation, text.as_bytes()).unwrap();
        index.advance();
        index.restart(at);
        index.advance();
        assert_eq!(index.tokens()[0] as usize, at);
        assert_eq!(index.tokens(), &rest[..index.tokens().len()], "{implementation:?}");
    }
}

#[test]
fn distinguishes_digits_from_every_other_byte() {
    for byte in 0..=255u8 {
        for at in 0..32 {
            let mut bytes = [b'/'; 32];
            bytes[at] = byte;
            assert_eq!(digits(&bytes), u32::from(byte.is_ascii_digit()) << at, "{byte} at {at}");
        }
    }
    assert_eq!(digits(b"01234567890123456789012345678901"), u32::MAX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 1000 }))]

    #[test]
    fn matches_an_index_made_byte_by_byte(
        // Backslashes stand in strings only: outside of them, where no JSON has one, the index takes them for escapes too.
        text in r#"([\[\]{}:,]|[a1é \n\t]|"([a-z,:{é]|\\["\\/bnux]|\\u00e9|\n){0,70}"|[ ]{0,70}){0,40}("[a-z,]{0,5}(\\)?)?"#
    ) {
        assert_indexed(text.as_bytes());
    }
}
