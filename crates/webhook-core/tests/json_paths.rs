//! What a path means: lodash's `stringToPath`, and `[]`. Expectations of the first table were printed by lodash 4.

use proptest::prelude::*;
use webhook_core::json::{Path, Segment};

fn keys(path: &Path) -> Vec<&str> {
    path.segments()
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => &**key,
            Segment::Each => "<each>",
        })
        .collect()
}

#[test]
fn splits_a_path_into_the_segments_of_lodash() {
    let table: &[(&str, &[&str])] = &[
        ("", &[""]),
        ("a", &["a"]),
        ("a.b.c", &["a", "b", "c"]),
        ("a[0].b", &["a", "0", "b"]),
        ("a[01]", &["a", "01"]),
        ("a[-1]", &["a", "-1"]),
        ("a[1.5]", &["a", "1.5"]),
        ("a[1.]", &["a", "1"]),
        (".a", &["", "a"]),
        (".", &["", ""]),
        ("..", &["", "", ""]),
        ("a.", &["a", ""]),
        ("a..b", &["a", "", "b"]),
        ("a.[0]", &["a", "0"]),
        ("a[b]", &["a", "b"]),
        ("a[b.c]", &["a", "b", "c"]),
        ("a[", &["a["]),
        ("a]", &["a]"]),
        ("a[b", &["a[b"]),
        ("a[.", &["a", ""]),
        ("[.[", &[]),
        ("x y.ü", &["x y", "ü"]),
        (r#"a["b.c"]"#, &["a", "b.c"]),
        (r#"a['b"c']"#, &["a", "b\"c"]),
        (r#"a["b\"c"]"#, &["a", "b\"c"]),
        (r#"a["b\\c\d"]"#, &["a", r"b\cd"]),
        (r#"a["b]"#, &["a", "\"b"]),
        (r#"a[""]"#, &["a", ""]),
        (r#"["a"]x"#, &["a", "x"]),
        ("a[\"b\\\nc\"]", &["a", "\"b\\\nc\""]),
        ("__proto__.x", &["__proto__", "x"]),
    ];
    for (text, expected) in table {
        assert_eq!(keys(&Path::parse(text)), *expected, "{text}");
    }
}

#[test]
fn reads_empty_brackets_as_each_element() {
    let table: &[(&str, &[&str])] = &[
        ("[]", &["<each>"]),
        ("a[]", &["a", "<each>"]),
        ("a[].b", &["a", "<each>", "b"]),
        ("a[][0]", &["a", "<each>", "0"]),
        ("a[][]", &["a", "<each>", "<each>"]),
        ("a.[].b", &["a", "<each>", "b"]),
        (".[].b", &["<each>", "b"]),
        ("a[]b", &["a", "<each>", "b"]),
        ("a[].", &["a", "<each>", ""]),
        (r#"a["[]"]"#, &["a", "[]"]),
    ];
    for (text, expected) in table {
        assert_eq!(keys(&Path::parse(text)), *expected, "{text}");
    }
}

proptest! {
    #[test]
    fn prints_a_path_that_parses_back_to_its_segments(text in r#"([a-c.\[\]"'\\0-2 é\n-]|\[\]|\[[0-9]\]|\["a\\"\])*"#) {
        let path = Path::parse(&text);
        let again = Path::parse(&path.to_string());
        prop_assert_eq!(again.segments(), path.segments());
        prop_assert_eq!(path.text(), text);
    }

    #[test]
    fn writes_any_keys_as_a_path(keys in prop::collection::vec(any::<String>(), 1..4)) {
        let segments: Vec<_> = keys.into_iter().map(|key| Segment::Key(key.into())).collect();
        let path = Path::from_segments(segments.clone());
        let path = Path::parse(path.text());
        prop_assert_eq!(path.segments(), segments);
    }
}
