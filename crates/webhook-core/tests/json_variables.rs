//! The variables object of one part of the context.

use proptest::prelude::*;
use serde_json::Value;
use webhook_core::json::{Path, PathSet, Variables};

fn read(json: &str, items: &[(&str, Option<&str>)]) -> String {
    Variables::new(items.iter().copied())
        .read(json.as_bytes())
        .unwrap()
        .into_owned()
}

#[test]
fn values_stand_where_their_paths_find_them() {
    let table: &[(&str, &[&str], &str)] = &[
        (r#"{"data":{"id":7,"x":1}}"#, &["data.id"], r#"{"data":{"id":7}}"#),
        (r#"{"a":1}"#, &["b"], "{}"),
        (r#"{"a":{}}"#, &["a.b.c"], "{}"),
        (
            r#"{"a":0,"b":false,"c":"","d":null}"#,
            &["a", "b", "c", "d"],
            r#"{"a":0,"b":false,"c":"","d":null}"#,
        ),
        (r#"{"a":{"b":1,"c":2}}"#, &["a.c", "a.b"], r#"{"a":{"c":2,"b":1}}"#),
        // What is in a value already stays there.
        (r#"{"a":{"b":1,"c":2}}"#, &["a", "a.b"], r#"{"a":{"b":1,"c":2}}"#),
        (r#"{"a":{"b":1,"c":2}}"#, &["a.b", "a"], r#"{"a":{"b":1,"c":2}}"#),
        (r#"{"a":"xyz"}"#, &["a", "a[1]", "a.length"], r#"{"a":"xyz"}"#),
        (r#"{"a":[1,2]}"#, &["a", "a.length", "a[0]"], r#"{"a":[1,2]}"#),
        (r#"{"a":[{"b":1},{}]}"#, &["a", "a[].b"], r#"{"a":[{"b":1},{}]}"#),
        (
            r#"{"a":{"i":[{"b":1},{}]}}"#,
            &["a", "a.i[].b", "a.i.length"],
            r#"{"a":{"i":[{"b":1},{}]}}"#,
        ),
        // The root's own key has another value than the path of the same text.
        (
            r#"{"a":{"b":1,"c":2},"a.b":3}"#,
            &["a", "a.b"],
            r#"{"a":{"b":3,"c":2}}"#,
        ),
        (r#"{"a":[5,6],"a.x":3}"#, &["a", "a.x"], r#"{"a":{"0":5,"1":6,"x":3}}"#),
        (r#"{"a":1,"a.b":3}"#, &["a", "a.b"], r#"{"a":{"b":3}}"#),
        (r#"{"a[]":7}"#, &["a[]"], r#"{"a[]":7}"#),
        (r#"{"[.[":7}"#, &["[.["], r#"{"[.[":7}"#),
        // Indexes make arrays, up to a bound.
        (r#"{"a":[1,2,3]}"#, &["a[2]", "a[0]"], r#"{"a":[1,null,3]}"#),
        (r#"{"a":{"1500":1}}"#, &["a[1500]"], r#"{"a":{"1500":1}}"#),
        (r#"{"a":{"0":1,"x":2}}"#, &["a[0]", "a.x"], r#"{"a":{"0":1,"x":2}}"#),
        (
            r#"{"a":[{"b":1}]}"#,
            &["a.length", "a[0].b"],
            r#"{"a":{"length":1,"0":{"b":1}}}"#,
        ),
        (r#"[{"a":1}]"#, &["[0].a"], r#"{"0":{"a":1}}"#),
        // Each element.
        (
            r#"{"i":[{"id":1,"x":0},{},{"id":3}]}"#,
            &["i[].id"],
            r#"{"i":[{"id":1},{"id":null},{"id":3}]}"#,
        ),
        (
            r#"{"i":[{"id":1,"n":"a"},{"id":2}]}"#,
            &["i[].id", "i[].n"],
            r#"{"i":[{"id":1,"n":"a"},{"id":2,"n":null}]}"#,
        ),
        (
            r#"{"i":[{"id":1,"n":"a"},{"id":2}]}"#,
            &["i[0].n", "i[].id"],
            r#"{"i":[{"n":"a","id":1},{"id":2}]}"#,
        ),
        (
            r#"{"i":[{"t":[{"x":1},{}]},{"t":[]},{}]}"#,
            &["i[].t[].x"],
            r#"{"i":[{"t":[{"x":1},{"x":null}]},{"t":[]},null]}"#,
        ),
        (
            r#"{"i":[{"t":[1,2]},{"t":[3]}]}"#,
            &["i[].t[]"],
            r#"{"i":[{"t":[1,2]},{"t":[3]}]}"#,
        ),
        (r#"{"i":[]}"#, &["i[].id"], r#"{"i":[]}"#),
        (r#"{"i":[1,2]}"#, &["i[]"], r#"{"i":[1,2]}"#),
        // Every key is a plain key.
        (r#"{"__proto__":{"x":1}}"#, &["__proto__.x"], r#"{"__proto__":{"x":1}}"#),
        (r#"{"a\"\n":{"b":1}}"#, &["a\"\n.b"], r#"{"a\"\u000a":{"b":1}}"#),
        (
            r#"{"a":{"\ud800":1,"\ud800":2},"a.b":3}"#,
            &["a", "a.b"],
            r#"{"a":{"\ud800":2,"b":3}}"#,
        ),
    ];
    for (json, paths, expected) in table {
        let items: Vec<_> = paths.iter().map(|path| (*path, None)).collect();
        assert_eq!(read(json, &items), *expected, "{paths:?} of {json}");
    }
}

#[test]
fn an_own_key_is_taken_as_it_is_and_has_the_flat_list() {
    let json = r#"{"i":[{"t":[1,2]},{"t":[3]},{}]}"#;
    assert_eq!(
        read(json, &[("i[].t[]", Some("body_$0")), ("i[0]", Some("a.b"))]),
        r#"{"body_$0":[1,2,3,null],"a.b":{"t":[1,2]}}"#
    );
    assert_eq!(
        read(json, &[("i.length", Some("k")), ("i[0].t", Some("k"))]),
        r#"{"k":[1,2]}"#
    );
}

#[test]
fn without_items_the_whole_value_stands_as_it_was() {
    assert_eq!(read("\u{feff} [1, 2] ", &[]), " [1, 2] ");
    assert_eq!(Variables::new([]).read(b"[1,").unwrap_err().code, "JSON_UNEXPECTED_END");
}

#[test]
fn a_value_very_deep_in_strings_and_arrays_is_put_together_without_recursing_out_of_the_stack() {
    let path = format!("a{}", "[0]".repeat(1990));
    assert_eq!(
        read(r#"{"a":"x"}"#, &[(&path, None)]).len(),
        2 * 1990 + r#"{"a":"x"}"#.len()
    );
    let longer = format!("a{}", "[0]".repeat(100_000));
    assert_eq!(read(r#"{"a":"x"}"#, &[(&longer, None)]), "{}");
}

fn sample() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(serde_json::json!(1)),
        Just(serde_json::json!("xy")),
        Just(Value::Null),
        Just(serde_json::json!(false))
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Arrays at the root aside, whose own keys become an object's.
    #[test]
    fn what_a_path_finds_in_the_body_it_finds_in_the_variables(
        members in prop::collection::btree_map("[abc]", sample(), 1..4),
        paths in prop::collection::vec("[abc](\\.[abc]|\\[[01]\\]){0,3}", 1..6),
    ) {
        let json = Value::Object(members.into_iter().collect()).to_string();
        let variables = read(&json, &paths.iter().map(|path| (&**path, None)).collect::<Vec<_>>());
        let parsed: Value = serde_json::from_str(&variables).unwrap();
        prop_assert!(parsed.is_object());
        let set = PathSet::new(paths.iter().map(String::as_str));
        let (before, after) = (set.extract(json.as_bytes()).unwrap(), set.extract(variables.as_bytes()).unwrap());
        for ((path, before), after) in paths.iter().zip(before).zip(after) {
            prop_assert_eq!(&before, &after, "{} of {} in {}", path, json, variables);
            prop_assert_eq!(Path::parse(path).to_string(), path.as_str());
        }
    }
}
