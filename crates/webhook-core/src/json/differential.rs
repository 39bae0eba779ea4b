//! The cursors against each other: the same decisions and the same values, byte for byte. The index is made in every way that
//! the processor can do, and read in both of its ways, token by token as it is in small texts, and by blocks wherever it can.

use proptest::prelude::*;
use webhook_simd::{Implementation, Index};

use super::indexed::Indexed;
use super::scan::Scanner;
use super::trie::PathSet;
use super::walk::{Found, Walk};

fn compare(text: &str, paths: &[&str]) {
    let set = PathSet::new(paths.iter().copied());
    let values = |found: Found| found.take(&set, text);
    let mut scanner = Scanner::new(text.as_bytes());
    let by_scanner = Walk::new(&set, text, &mut scanner).run().map(values).ok();
    for implementation in Implementation::supported() {
        for indexed in [Indexed::of, Indexed::passing] {
            let index = Index::made_by(implementation, text.as_bytes()).expect("the text is small");
            let mut indexed = indexed(text.as_bytes(), index);
            let by_index = Walk::new(&set, text, &mut indexed).run().map(values).ok();
            assert_eq!(by_index, by_scanner, "{implementation:?}: {paths:?} of {text}");
        }
    }
}

const PATHS: [&[&str]; 6] = [
    &[],
    &["a", "a.b", "[0]", "[1].a", "b.length", "a[0]"],
    &["[].a", "a[].b", "a[]", "[][]", "[].length"],
    &["a[].b", "a[0].b", "a[1]", "a[].a[].a", "a[0].a[].b"],
    &["[0][1]", "[].a", "[1].b", "b.a.b[2]", "[2]"],
    &["a.b.a.b", "b[][0].a", "", "é", "a.length"],
];

#[test]
fn rejects_malformed_texts_with_both() {
    for text in [
        "",
        " ",
        "\"",
        "\"a",
        "{\"a",
        "{\"a\":\"",
        "[\"",
        "[1\"a\"]",
        "[\"a\"1]",
        "[\"a\"\"b\"]",
        "{\"a\"\"b\":1}",
        "[1:2]",
        "{1:2}",
        "[true\"x\"]",
        "[-]",
        "[1.]",
        "[1e]",
        "[01]",
        "[00]",
        "[-01]",
        "[1.2.3]",
        "[1e5e5]",
        "[+1]",
        "[.5]",
        "[tru]",
        "[truex]",
        "\\\"\"",
        "[\\\"]",
        "[\u{c}]",
        "[1\u{c}]",
        "[1\u{1a}2]",
        "\u{1a}",
        "{\"a\"\u{1a}1}",
        "[1\u{c}2]",
        "]",
        "}",
        "[}",
        "{]",
        "[1]]",
        "{}}",
        "[],",
        "[1,]",
        "{,}",
        "{\"a\":1,}",
        "{\"a\":}",
        "{\"a\"}",
        "nullnull",
        "null null",
        "\u{feff}",
        "\u{feff}\u{feff}1",
        "\"\\u12\"",
        "\"\\",
        "[12345678",
        "[123456789]",
        "12345678",
        "1234567812345678",
        "12345678.12345678e12345678",
        "[1234567\u{7f}]",
        "1\u{ff}",
    ] {
        for before in [0, 1, 55, 62, 63, 64] {
            for paths in PATHS {
                // With enough behind it for what looks at many bytes at a time, and without.
                compare(&format!("{}{text}", " ".repeat(before)), paths);
                compare(&format!("{}{text}{}", " ".repeat(before), " ".repeat(40)), paths);
            }
        }
    }
}

#[test]
fn reads_a_value_again_after_its_batch_is_gone() {
    let item = r#"{"a":{"b":[1,"x",{"c":[]}]},"b":2},"#;
    let large = format!(
        r#"{{"a":[{{"a":[{0}1],"b":7}},{0}null,{{"b":[{0}2]}}],"b":"x"}}"#,
        item.repeat(1000)
    );
    for paths in PATHS {
        compare(&large, paths);
    }
    compare(
        &large,
        &[
            "a[].a[].a.b[]",
            "a[0].a[].b",
            "a[0].a[0].a",
            "a[].a[1].b",
            "b",
            "a[500].b",
            "a[].b[].b",
            "a[1002].b[3].a.b[1]",
        ],
    );
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "{\"a\":", "\"b\":", ",\"a\":", "[[", "]]", "},{"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["1", "-0", "12.5", "1e9", "true", "false", "null", "0", "123456789012345"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["\"a\"", "\"b\"", "\"\"", "\"\\n\"", "\"\\\"]\"", "\"é\"", "\"a,b:c\"", "\"\\u0061\""]).prop_map(str::to_owned),
        1 => " {0,70}",
        1 => prop::sample::select(vec!["\"", "\\", "\n", "\t", "x", "-", ".", "e", "\u{1}", "\u{c}", "é", "\"\\x\""]).prop_map(str::to_owned),
    ]
}

fn number() -> impl Strategy<Value = String> {
    // Mostly what a number is made of in its order; sometimes anything.
    prop_oneof![
        3 => "-?(0|[1-9][0-9]{0,34})(\\.[0-9]{1,34})?([eE][+-]?[0-9]{1,3})?",
        1 => "[-+.0-9eE\"x]{1,12}",
    ]
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "-2.50",
        "1e-7",
        "true",
        "false",
        "null",
        "\"\"",
        "\"xyz\"",
        "\"a\\\"b\\\\\"",
        "\"😀\\ud83d\"",
        "\"0123456789012345678901234567890123456789\"",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 60, 6, |inner| {
        let member = (prop::sample::select(vec!["a", "b", "\\u0061", "é", ""]), inner.clone())
            .prop_map(|(key, value)| format!("\"{key}\": {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(" ,\n "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn numbers(
        numbers in prop::collection::vec(number(), 1..6),
        separator in prop::sample::select(vec![",", ", ", "\n,", ",\"a\",", ",{\"a\":1},", ":"]),
        spaces in 0usize..40,
        paths in prop::sample::select(PATHS.to_vec()),
    ) {
        compare(&format!("[{}{}]", numbers.join(separator), " ".repeat(spaces)), paths);
        compare(&format!("{{\"a\":{}}}{}", numbers.join(",\"b\":"), " ".repeat(spaces)), paths);
    }

    #[test]
    fn tokens_in_any_order(tokens in prop::collection::vec(token(), 0..40), paths in prop::sample::select(PATHS.to_vec())) {
        compare(&tokens.concat(), paths);
    }

    #[test]
    fn values_and_values_with_one_change(
        json in json(),
        at in any::<prop::sample::Index>(),
        put in token(),
        remove in 0usize..3,
        paths in prop::sample::select(PATHS.to_vec()),
    ) {
        compare(&json, paths);
        let mut chars: Vec<char> = json.chars().collect();
        let at = at.index(chars.len() + 1);
        let end = (at + remove).min(chars.len());
        chars.splice(at..end, put.chars());
        compare(&chars.into_iter().collect::<String>(), paths);
    }
}
