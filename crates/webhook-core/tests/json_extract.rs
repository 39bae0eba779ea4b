//! What is accepted, and which values are found: tables, and properties against serde_json.

use proptest::prelude::*;
use serde::de::IgnoredAny;
use webhook_core::json::{check, PathSet};
use webhook_core::limits::MAX_DEPTH;

mod reference;

use reference::reference;

fn extract(json: &str, paths: &[&str]) -> Vec<Option<String>> {
    let values = PathSet::new(paths.iter().copied()).extract(json.as_bytes());
    let values = values.unwrap_or_else(|error| panic!("{json} is rejected: {error}"));
    values
        .into_iter()
        .map(|value| value.map(|value| value.into_owned()))
        .collect()
}

fn one(json: &str, path: &str) -> Option<String> {
    extract(json, &[path]).remove(0)
}

#[test]
fn finds_values_along_their_paths() {
    let table: &[(&str, &str, Option<&str>)] = &[
        (r#"{"a":1}"#, "a", Some("1")),
        (r#"{"a":1}"#, "b", None),
        (r#" { "a" : { "b" : [ 1 , 2 ] } } "#, "a.b", Some("[ 1 , 2 ]")),
        (r#"{"a":{"b":[1,2]}}"#, "a.b[1]", Some("2")),
        (r#"{"a":{"b":[1,2]}}"#, "a.b[2]", None),
        (r#"{"a":{"b":[1,2]}}"#, "a.b.1", Some("2")),
        (r#"{"a":[1]}"#, "a[00]", None),
        (r#"[{"x":1},{"x":2}]"#, "[1].x", Some("2")),
        // Falsy values are values.
        (r#"{"a":0}"#, "a", Some("0")),
        (r#"{"a":false}"#, "a", Some("false")),
        (r#"{"a":""}"#, "a", Some(r#""""#)),
        (r#"{"a":null}"#, "a", Some("null")),
        (r#"{"a":null}"#, "a.b", None),
        (r#"{"a":-0}"#, "a", Some("-0")),
        (r#"{"":{"":1}}"#, ".", Some("1")),
        // The root's own key wins over the path, wherever it stands.
        (r#"{"a.b":1,"a":{"b":2}}"#, "a.b", Some("1")),
        (r#"{"a":{"b":2},"a.b":1}"#, "a.b", Some("1")),
        (r#"{"x":{"a.b":1,"a":{"b":2}}}"#, "x.a.b", Some("2")),
        (r#"{"a[]":1,"a":[2]}"#, "a[]", Some("1")),
        // The last of repeated keys counts.
        (r#"{"a":1,"a":2}"#, "a", Some("2")),
        (r#"{"a":{"b":1},"a":2}"#, "a.b", None),
        (r#"{"a":{"b":1},"a":{}}"#, "a.b", None),
        (r#"{"a":{"b":1},"a":{"c":1,"b":3}}"#, "a.b", Some("3")),
        (r#"{"a":[1],"a":[2,3]}"#, "a[].x", Some("[null,null]")),
        (r#"{"a":[{"x":1}],"a":5}"#, "a[].x", Some("[null]")),
        (
            r#"[{"x":1,"x":{}},{"x":{"y":2},"x":{"y":3}}]"#,
            "[].x.y",
            Some("[null,3]"),
        ),
        (r#"[{"x":[1,2],"x":[{"y":3}]}]"#, "[].x[].y", Some("[3]")),
        (r#"{"x":"abc","x":5}"#, "x.length", None),
        // Keys are compared as what they mean.
        (r#"{"\u0061\n":1}"#, "a\n", Some("1")),
        (r#"{"\ud83d\ude00":1}"#, "😀", Some("1")),
        (r#"{"\ud83d":1}"#, "\u{fffd}", None),
        (r#"{"__proto__":{"x":1}}"#, "__proto__.x", Some("1")),
        (r#"{"a":{}}"#, "__proto__", None),
        (r#"{"a":{}}"#, "constructor.name", None),
        (r#"{"a":[]}"#, "a.map", None),
        // Each element.
        (r#"{"a":[{"b":1},{},{"b":3},4]}"#, "a[].b", Some("[1,null,3,null]")),
        (r#"{"a":[1,[2],{}]}"#, "a[]", Some("[1,[2],{}]")),
        (r#"{"a":[]}"#, "a[].b", Some("[]")),
        (r#"{"a":[]}"#, "a[]", Some("[]")),
        (r#"{"a":{}}"#, "a[]", Some("[{}]")),
        (r#"{"a":"xy"}"#, "a[]", Some(r#"["xy"]"#)),
        (r#"{"a":null}"#, "a[]", None),
        (r#"{"a":{"b":{"c":1}}}"#, "a[].b[].c", Some("[1]")),
        (r#"{"a":{"b":7}}"#, "[].a[].b[]", Some("[7]")),
        (r#"{"a":{"b":7}}"#, "a[].c", Some("[null]")),
        (r#"{"a":{"b":1},"a":[{"b":2},{"b":3}]}"#, "a[].b", Some("[2,3]")),
        (r#"{"a":null}"#, "a[].b", None),
        (r#"{}"#, "a[].b", None),
        (
            r#"{"a":[{"b":[1,2]},{"b":[]},{"b":3},{"b":[4]}]}"#,
            "a[].b[]",
            Some("[1,2,3,4]"),
        ),
        (r#"{"a":[{"b":[{"c":1},{}]},{}]}"#, "a[].b[].c", Some("[1,null,null]")),
        (r#"[[1,2],[3],4]"#, "[][]", Some("[1,2,3,4]")),
        (r#"[[[1]],[[]]]"#, "[][0].length", Some("[1,0]")),
        // What JavaScript's arrays and strings have of their own.
        (r#"{"a":[1,2,3]}"#, "a.length", Some("3")),
        (r#"{"a":[]}"#, "a.length", Some("0")),
        (r#"{"a":{"length":9}}"#, "a.length", Some("9")),
        (r#"{"a":"xyz"}"#, "a[1]", Some(r#""y""#)),
        (r#"{"a":"xyz"}"#, "a.length", Some("3")),
        (r#"{"a":"xyz"}"#, "a[1][0][0]", Some(r#""y""#)),
        (r#"{"a":"xyz"}"#, "a[1].length", Some("1")),
        (r#"{"a":"xyz"}"#, "a[3]", None),
        (r#"{"a":"x\n\"\u00e9"}"#, "a[2]", Some(r#""\"""#)),
        (r#"{"a":"x\n\"\u00e9"}"#, "a[3]", Some(r#""é""#)),
        (r#"{"a":"😀"}"#, "a.length", Some("2")),
        (r#"{"a":"😀"}"#, "a[0]", Some(r#""\ud83d""#)),
        (r#"{"a":"😀"}"#, "a[1]", Some(r#""\ude00""#)),
        (r#"{"a":12}"#, "a.length", None),
        (r#""abc""#, "length", Some("3")),
        (r#"[1,2]"#, "length", Some("2")),
        (r#"{"a":1}"#, "[.[", None),
    ];
    for (json, path, expected) in table {
        assert_eq!(one(json, path).as_deref(), *expected, "{path} of {json}");
    }
}

#[test]
fn finds_paths_that_share_steps() {
    let json = r#"{"i":[{"a":1,"t":[1,2]},{"a":2,"t":[3]}],"s":"hey"}"#;
    let paths = [
        "i", "i[]", "i[].a", "i[0].a", "i[1]", "i[1].t[]", "i[].t[]", "i[].t[0]", "i.length", "s", "s[0]", "i[].a",
    ];
    let expected = [
        Some(r#"[{"a":1,"t":[1,2]},{"a":2,"t":[3]}]"#),
        Some(r#"[{"a":1,"t":[1,2]},{"a":2,"t":[3]}]"#),
        Some("[1,2]"),
        Some("1"),
        Some(r#"{"a":2,"t":[3]}"#),
        Some("[3]"),
        Some("[1,2,3]"),
        Some("[1,3]"),
        Some("2"),
        Some(r#""hey""#),
        Some(r#""h""#),
        Some("[1,2]"),
    ];
    assert_eq!(extract(json, &paths), expected.map(|value| value.map(str::to_owned)));
}

#[test]
fn borrows_values_from_the_body() {
    let json = br#"{"a":{"b":[1,2]},"c":"x"}"#;
    for value in PathSet::new(["a.b", "a", "c", "a.b[]", "a.b[1]"])
        .extract(json)
        .unwrap()
    {
        assert!(matches!(value, Some(std::borrow::Cow::Borrowed(_))), "{value:?}");
    }
}

#[test]
fn reports_what_is_wrong_with_its_place() {
    type Place = (u32, u32, usize);
    let table: &[(&str, &str, &str, Place)] = &[
        (
            "",
            "JSON_UNEXPECTED_END",
            "expected a JSON value, but found the end of the text",
            (1, 1, 0),
        ),
        (
            " \n ",
            "JSON_UNEXPECTED_END",
            "expected a JSON value, but found the end of the text",
            (2, 2, 3),
        ),
        (
            "{",
            "JSON_UNEXPECTED_END",
            "expected a key in double quotes or '}', but found the end of the text",
            (1, 2, 1),
        ),
        (
            "{a:1}",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a key in double quotes or '}', but found 'a'",
            (1, 2, 1),
        ),
        (
            "{'a':1}",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a key in double quotes or '}', but found an apostrophe",
            (1, 2, 1),
        ),
        (
            "{\"é\":1,\n \"b\" 2}",
            "JSON_UNEXPECTED_CHARACTER",
            "expected ':', but found '2'",
            (2, 6, 14),
        ),
        (
            "{\"a\":1,}",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a key in double quotes, but found '}'",
            (1, 8, 7),
        ),
        (
            "{\"a\":1 \"b\":2}",
            "JSON_UNEXPECTED_CHARACTER",
            "expected ',' or '}', but found '\"'",
            (1, 8, 7),
        ),
        (
            "{\"a\"",
            "JSON_UNEXPECTED_END",
            "expected ':', but found the end of the text",
            (1, 5, 4),
        ),
        (
            "[1,]",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a JSON value, but found ']'",
            (1, 4, 3),
        ),
        (
            "[,]",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a JSON value or ']', but found ','",
            (1, 2, 1),
        ),
        (
            "[1 2]",
            "JSON_UNEXPECTED_CHARACTER",
            "expected ',' or ']', but found '2'",
            (1, 4, 3),
        ),
        (
            "[1}",
            "JSON_UNEXPECTED_CHARACTER",
            "expected ',' or ']', but found '}'",
            (1, 3, 2),
        ),
        (
            "1 x",
            "JSON_UNEXPECTED_CHARACTER",
            "expected the end of the text, but found 'x'",
            (1, 3, 2),
        ),
        (
            "01",
            "JSON_UNEXPECTED_CHARACTER",
            "expected the end of the text, but found '1'",
            (1, 2, 1),
        ),
        (
            "-",
            "JSON_UNEXPECTED_END",
            "expected a digit, but found the end of the text",
            (1, 2, 1),
        ),
        (
            "1.",
            "JSON_UNEXPECTED_END",
            "expected a digit, but found the end of the text",
            (1, 3, 2),
        ),
        (
            "[1.e5]",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a digit, but found 'e'",
            (1, 4, 3),
        ),
        (
            "[1e+]",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a digit, but found ']'",
            (1, 5, 4),
        ),
        (
            "+1",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a JSON value, but found '+'",
            (1, 1, 0),
        ),
        (
            "NaN",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a JSON value, but found 'N'",
            (1, 1, 0),
        ),
        (
            "trve",
            "JSON_UNEXPECTED_CHARACTER",
            "expected 'true', but found 'v'",
            (1, 3, 2),
        ),
        (
            "nul",
            "JSON_UNEXPECTED_END",
            "expected 'null', but found the end of the text",
            (1, 4, 3),
        ),
        (
            "\"a\nb\"",
            "JSON_CONTROL_CHARACTER",
            "expected a character or '\"', but found the character U+000A",
            (1, 3, 2),
        ),
        (
            "{\"a\u{1}\":1}",
            "JSON_CONTROL_CHARACTER",
            "expected a character or '\"', but found the character U+0001",
            (1, 4, 3),
        ),
        (
            "\"abc",
            "JSON_UNEXPECTED_END",
            "expected a character or '\"', but found the end of the text",
            (1, 5, 4),
        ),
        (
            r#""\x""#,
            "JSON_INVALID_ESCAPE",
            r#"expected one of the escapes \" \\ \/ \b \f \n \r \t \u, but found 'x'"#,
            (1, 3, 2),
        ),
        (
            r#""\u12g4""#,
            "JSON_INVALID_ESCAPE",
            "expected a hexadecimal digit, but found 'g'",
            (1, 6, 5),
        ),
        (
            r#""\"#,
            "JSON_UNEXPECTED_END",
            r#"expected one of the escapes \" \\ \/ \b \f \n \r \t \u, but found the end of the text"#,
            (1, 3, 2),
        ),
        (
            "\u{a0}1",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a JSON value, but found the character U+00A0",
            (1, 1, 0),
        ),
        (
            "\u{feff}\u{feff}1",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a JSON value, but found the character U+FEFF",
            (1, 2, 3),
        ),
        (
            "[😀]",
            "JSON_UNEXPECTED_CHARACTER",
            "expected a JSON value or ']', but found '😀'",
            (1, 2, 1),
        ),
    ];
    for (json, code, message, place) in table {
        let errors = [
            check(json.as_bytes()).expect_err(json),
            PathSet::new(["a", "a.b", "[0]", "[].x", "a[1]"])
                .extract(json.as_bytes())
                .expect_err(json),
        ];
        for error in errors {
            assert_eq!((error.code, &*error.message), (*code, *message), "{json}");
            assert_eq!((error.line, error.column, error.offset), *place, "{json}");
        }
    }
}

#[test]
fn rejects_bytes_that_are_not_utf8_with_their_place() {
    for (json, offset) in [
        (&b"{\"a\":\"\xFF\"}"[..], 6),
        (b"\"\xED\xA0\x80\"", 1),
        (b"\"\xC3", 1),
        (b"\"\xC0\x80\"", 1),
        (b"1\x80", 1),
    ] {
        let error = check(json).unwrap_err();
        assert_eq!((error.code, error.offset), ("UTF8_INVALID", offset), "{json:?}");
    }
}

#[test]
fn skips_one_bom() {
    assert_eq!(one("\u{feff}{\"a\":1}", "a").as_deref(), Some("1"));
    assert_eq!(check("\u{feff}1 ".as_bytes()), Ok("1 "));
}

#[test]
fn accepts_nesting_up_to_the_limit_and_rejects_more() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let paths = ["a", "[0]", "[0][0][0]", "a.a.a.a", "[].x", "[][0][].y"];
        let deep = nested(MAX_DEPTH);
        assert!(check(deep.as_bytes()).is_ok());
        assert!(PathSet::new(paths).extract(deep.as_bytes()).is_ok());
        let whole_way = open
            .chars()
            .next()
            .map_or(String::new(), |c| if c == '[' { "[0]" } else { ".a" }.repeat(MAX_DEPTH));
        assert_eq!(one(&deep, whole_way.trim_start_matches('.')).as_deref(), Some("1"));
        let deeper = nested(MAX_DEPTH + 1);
        for error in [
            check(deeper.as_bytes()).unwrap_err(),
            PathSet::new(paths).extract(deeper.as_bytes()).unwrap_err(),
        ] {
            assert_eq!(error.code, "JSON_TOO_DEEP");
            assert_eq!(
                error.message,
                "expected at most 2000 nested objects and arrays, but found more"
            );
            assert_eq!(error.offset, open.len() * MAX_DEPTH);
        }
    }
    let unclosed = "[".repeat(1_000_000);
    assert_eq!(check(unclosed.as_bytes()).unwrap_err().code, "JSON_TOO_DEEP");
}

fn json_text() -> impl Strategy<Value = String> {
    // No character outside the BMP: half of one is what serde_json cannot say. The table and JavaScript have them.
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        r#""([a-c é]|\\n|\\"|\\\\|\\u00e9|\\u0061)*""#,
    ];
    let space = "[ \n\t]{0,2}";
    let key = prop_oneof![
        4 => "[abc]".prop_map(|key| format!("\"{key}\"")),
        1 => Just("\"\"".to_owned()),
        1 => Just("\"\\u0061\"".to_owned()),
        1 => Just("\"a.b\"".to_owned()),
        1 => Just("\"length\"".to_owned()),
        1 => Just("\"0\"".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 5, move |inner| {
        let member =
            (key.clone(), inner.clone(), space).prop_map(|(key, value, space)| format!("{space}{key}:{space}{value}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..5), space)
                .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(&format!(",{space}")))),
            prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(" ,"))),
        ]
    })
}

fn path_text() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        6 => "[abc]".prop_map(|key| format!(".{key}")),
        3 => Just("[]".to_owned()),
        3 => "[012]".prop_map(|index| format!("[{index}]")),
        1 => Just(".length".to_owned()),
        1 => Just("[\"\"]".to_owned()),
    ];
    prop::collection::vec(step, 1..5).prop_map(|steps| steps.concat().trim_start_matches('.').to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn finds_the_values_of_the_reference(json in json_text(), paths in prop::collection::vec(path_text(), 1..8)) {
        let values = PathSet::new(paths.iter().map(String::as_str)).extract(json.as_bytes()).unwrap();
        for (path, value) in paths.iter().zip(values) {
            let expected = reference(&json, path).unwrap();
            // A list is put together without white space; so is the whole of one that is in the body.
            let plain = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            prop_assert_eq!(value.as_deref().map(plain), expected.as_deref().map(plain), "{} of {}", path, json);
        }
    }

    #[test]
    fn rejects_a_changed_text_exactly_if_the_reference_does(
        json in json_text(),
        at in any::<prop::sample::Index>(),
        change in prop_oneof![Just(""), Just(","), Just("\""), Just("}"), Just("]"), Just("0"), Just("-"), Just("."), Just("e"), Just("\\"), Just("\\u"), Just(" "), Just(":"), Just("\n"), Just("{"), Just("[")],
        remove in 0usize..3,
        path in path_text(),
    ) {
        let mut chars: Vec<char> = json.chars().collect();
        let at = at.index(chars.len());
        let end = (at + remove).min(chars.len());
        chars.splice(at..end, change.chars());
        let json: String = chars.into_iter().collect();
        let expected = serde_json::from_str::<IgnoredAny>(&json);
        prop_assert_eq!(check(json.as_bytes()).is_ok(), expected.is_ok(), "{}", json);
        prop_assert_eq!(PathSet::new([&*path]).extract(json.as_bytes()).is_ok(), expected.is_ok(), "{} of {}", path, json);
    }
}
