//! The paths of a sample.

use proptest::prelude::*;
use webhook_core::json::{infer_json, infer_value_paths, PathSet, Rows};
use webhook_core::limits::{MAX_INFERRED_BYTES, MAX_INFERRED_PATHS, MAX_INFERRED_VALUES};

#[test]
fn infers_a_path_for_every_key_in_order_of_appearance() {
    let table: &[(&str, &[&str])] = &[
        (r#"{"a":1,"b":{"c":2}}"#, &["a", "b", "b.c"]),
        (r#"{"b":{"c":2},"a":1}"#, &["b", "b.c", "a"]),
        ("{}", &[]),
        ("[]", &[]),
        ("1", &[]),
        ("\u{feff} null ", &[]),
        (r#"{"a":[]}"#, &["a"]),
        (r#"{"t":["x","y"]}"#, &["t", "t[0]"]),
        (r#"{"i":[{"id":1},{"id":2}]}"#, &["i", "i[0]", "i[0].id"]),
        (
            r#"{"i":[{"id":1},{"id":2,"sku":3}],"z":1}"#,
            &["i", "i[0]", "i[0].id", "i[1].sku", "z"],
        ),
        (
            r#"{"i":[{},{"t":[{"a":1}]},{"t":[{"a":1},{"b":1}]}]}"#,
            &["i", "i[0]", "i[1].t", "i[1].t[0]", "i[1].t[0].a", "i[2].t[1].b"],
        ),
        (r#"[{"a":1}]"#, &["[0]", "[0].a"]),
        (r#"[[1]]"#, &["[0]", "[0][0]"]),
        // Keys that would be split are quoted.
        (r#"{"a.b":{"c":1}}"#, &[r#"["a.b"]"#, r#"["a.b"].c"#]),
        (
            r#"{"a":{"":1,"[]":2,"\"]\\":3}}"#,
            &["a", r#"a[""]"#, r#"a["[]"]"#, r#"a["\"]\\"]"#],
        ),
        (r#"{"a":{"0":1}}"#, &["a", "a[0]"]),
        (r#"{"__proto__":{"x":1}}"#, &["__proto__", "__proto__.x"]),
        (r#"{"x y":{"é":1}}"#, &["x y", "x y.é"]),
        // The last of repeated keys counts, at the place of the first.
        (r#"{"a":{"b":1},"z":0,"a":2}"#, &["a", "z"]),
        (r#"{"a":1,"z":0,"\u0061":{"c":2}}"#, &["a", "a.c", "z"]),
        // Half a surrogate pair can't be said in a path.
        (r#"{"\ud800":{"a":1},"b":2}"#, &["b"]),
    ];
    for (sample, expected) in table {
        assert_eq!(infer_json(sample.as_bytes()).unwrap(), *expected, "{sample}");
    }
}

#[test]
fn infers_the_paths_of_every_element_on_request() {
    let paths = infer_value_paths(br#"{"q":["a",{"b":"c"},"d"]}"#, Rows::Every).unwrap();
    assert_eq!(paths, ["q", "q[0]", "q[1]", "q[1].b", "q[2]"]);
}

#[test]
fn rejects_a_malformed_sample_with_its_place() {
    let error = infer_json(b"{\"a\": 1,\n \"b\": }").unwrap_err();
    assert_eq!(
        (error.code, error.line, error.column),
        ("JSON_UNEXPECTED_CHARACTER", 2, 7)
    );
    for sample in ["", "{", "[1", "{\"a\":1}x", "[1,2,]", "{\"a\":[{}}"] {
        assert!(infer_json(sample.as_bytes()).is_err(), "{sample}");
    }
}

#[test]
fn bounds_the_number_and_length_of_paths() {
    let object = |keys: usize| {
        let members: Vec<_> = (0..keys).map(|key| format!("\"k{key}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(
        infer_json(object(MAX_INFERRED_PATHS).as_bytes()).unwrap().len(),
        MAX_INFERRED_PATHS
    );
    let too_many = object(MAX_INFERRED_PATHS + 1);
    let error = infer_json(too_many.as_bytes()).unwrap_err();
    assert_eq!(error.code, "JSON_TOO_MANY_PATHS");
    assert_eq!(
        error.message,
        "expected at most 2000 paths with 1 MiB of text, but found more"
    );
    assert_eq!(error.offset, too_many.len() - 2);
    let key = "k".repeat(MAX_INFERRED_BYTES / 8);
    let nested = format!("{}1{}", format!("{{\"{key}\":").repeat(5), "}".repeat(5));
    assert_eq!(infer_json(nested.as_bytes()).unwrap_err().code, "JSON_TOO_MANY_PATHS");
    let alike = |elements: usize| format!("[{}0]", "{\"a\":1},".repeat(elements));
    let most = (MAX_INFERRED_VALUES - 2) / 2;
    assert_eq!(infer_json(alike(most).as_bytes()).unwrap(), ["[0]", "[0].a"]);
    let error = infer_json(alike(most + 1).as_bytes()).unwrap_err();
    assert_eq!(error.message, "expected at most 50000 values, but found more");
}

fn sample() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::json!(1)),
        Just(serde_json::json!("x")),
        Just(serde_json::Value::Null)
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[ab.\\[\\]\"]{0,2}", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn infers_paths_that_find_something_in_the_sample(sample in sample(), every in any::<bool>()) {
        let json = sample.to_string();
        let rows = if every { Rows::Every } else { Rows::Shapes };
        let paths = infer_value_paths(json.as_bytes(), rows).unwrap();
        let values = PathSet::new(paths.iter().map(String::as_str)).extract(json.as_bytes()).unwrap();
        for (path, value) in paths.iter().zip(values) {
            prop_assert!(value.is_some(), "{} of {}", path, json);
        }
    }
}
