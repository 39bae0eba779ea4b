//! The variables object of one part of the context.

use proptest::prelude::*;
use serde_json::Value;
use webhook_core::json::{Path, PathSet, Variables};
use webhook_core::limits::{context_limit, MAX_PATH_SEGMENTS};

fn read(json: &str, items: &[(&str, Option<&str>)]) -> String {
    Variables::new(items.iter().copied()).read(json.as_bytes()).unwrap()
}

#[test]
fn places_values_where_their_paths_find_them() {
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
            r#"{"i":[{"id":1,"n":"a"},{"id":2}]}"#,
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
        (
            r#"{"i":[{"t":[{"x":1,"y":2}],"z":0},{"z":1}]}"#,
            &["i[].t[].x", "i[].z", "i[0].t[0].y", "i.length"],
            r#"{"i":{"0":{"t":[{"x":1,"y":2}],"z":0},"1":{"z":1},"length":2}}"#,
        ),
        (
            r#"{"i":[{"b":{"c":1,"d":2}},{"b":7}]}"#,
            &["i[].b.c", "i[].b"],
            r#"{"i":[{"b":{"c":1,"d":2}},{"b":7}]}"#,
        ),
        (
            r#"{"i":[{"t":[1,2,3]},{"t":[4]}]}"#,
            &["i[].t[2]", "i[].t[0]"],
            r#"{"i":[{"t":[1,null,3]},{"t":[4,null,null]}]}"#,
        ),
        (r#"[{"id":1},{"id":2}]"#, &["[].id"], r#"{"0":{"id":1},"1":{"id":2}}"#),
        (
            r#"{"a":[{"b":1,"c":2},3],"a[0].b":{"d":4},"a[].e":[5]}"#,
            &["a", "a[0].b", "a[].e"],
            r#"{"a":[{"b":{"d":4},"c":2,"e":5},3]}"#,
        ),
        // Every key is a plain key.
        (r#"{"__proto__":{"x":1}}"#, &["__proto__.x"], r#"{"__proto__":{"x":1}}"#),
        (r#"{"a\"\n":{"b":1}}"#, &["a\"\n.b"], r#"{"a\"\n":{"b":1}}"#),
        (
            r#"{"a":{"\ud800":1,"\ud800":2},"a.b":3}"#,
            &["a", "a.b"],
            r#"{"a":{"\ud800":1,"\ud800":2,"b":3}}"#,
        ),
    ];
    for (json, paths, expected) in table {
        let items: Vec<_> = paths.iter().map(|path| (*path, None)).collect();
        assert_eq!(read(json, &items), *expected, "{paths:?} of {json}");
    }
}

#[test]
fn prefers_a_key_equal_to_the_path_and_keeps_its_flat_list() {
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
fn keeps_the_whole_value_without_items() {
    assert_eq!(read("\u{feff} [1, 2] ", &[]), " [1, 2] ");
    assert_eq!(Variables::new([]).read(b"[1,").unwrap_err().code, "JSON_UNEXPECTED_END");
}

#[test]
fn assembles_deeply_nested_values_without_a_stack_overflow() {
    let path = |indexes: usize| format!("a{}", "[0]".repeat(indexes));
    let longest = MAX_PATH_SEGMENTS - 1;
    assert_eq!(
        read(r#"{"a":"x"}"#, &[(&path(longest), None)]).len(),
        2 * longest + r#"{"a":"x"}"#.len()
    );
    let longer = path(longest + 1);
    assert_eq!(
        read(r#"{"a":"x"}"#, &[(&longer, None)]),
        format!(r#"{{"{longer}":"x"}}"#)
    );
    assert_eq!(read(r#"{"a":"x"}"#, &[(&path(100_000), None)]), "{}");
}

fn rejected(json: &str, items: &[(&str, Option<&str>)]) -> &'static str {
    let variables = Variables::new(items.iter().copied());
    variables.read(json.as_bytes()).unwrap_err().code
}

/// The number of a row, in its name.
fn rows(form: &str, count: usize) -> Vec<String> {
    (0..count).map(|row| form.replace('#', &row.to_string())).collect()
}

#[test]
fn assembles_lists_of_any_size() {
    let element = r#"{"f0":"a value","f1":1,"f2":[1,2],"g":{"f3":null}}"#;
    let json = format!(r#"{{"items":[{}]}}"#, [element; 50_000].join(","));
    let items = ["items[].f0", "items[].f1", "items[].f2[]", "items[].g.f3", "items[0].x"];
    let variables = read(&json, &items.map(|path| (path, None)));
    assert_eq!(variables, json);
}

#[test]
fn rejects_rows_that_multiply_the_body() {
    // Each element lacks all of them, which makes `null` of it.
    let json = format!(r#"{{"items":[{}]}}"#, ["1"; 300_000].join(","));
    for form in ["items[].f#", "items[].f#[].x", "items[][0].f#"] {
        let paths = rows(form, 20);
        let nested: Vec<_> = paths.iter().map(|path| (&**path, None)).collect();
        assert_eq!(rejected(&json, &nested), "JSON_VALUES_TOO_LARGE", "{form}");
        let flat: Vec<_> = paths.iter().map(|path| (&**path, Some(&**path))).collect();
        assert_eq!(rejected(&json, &flat), "JSON_VALUES_TOO_LARGE", "{form}");
    }
    // The same part over and over.
    let json = format!(r#"{{"a":"{}"}}"#, "x".repeat(1 << 20));
    let names = rows("body_$#", 32);
    let same: Vec<_> = names.iter().map(|name| ("a", Some(&**name))).collect();
    assert_eq!(rejected(&json, &same), "JSON_VALUES_TOO_LARGE");
    assert!(read(&json, &same[..3]).len() < context_limit(json.len()));
}

#[test]
fn rejects_rows_that_cause_work_without_output() {
    let bytes = 1 << 20;
    let repeated = |unit: &str| unit.repeat(bytes / unit.len());
    // Lists that have no element, members that are repeated, and elements that are read again for each of many indexes.
    let empty = format!(r#"{{"a":[{}[]]}}"#, repeated("[],"));
    let again = format!(r#"{{"a":{{{}"r":1}}}}"#, repeated(r#""r":1,"#));
    let deep = format!("{}\"{}\"{}", "[".repeat(7), repeated("x"), "]".repeat(7));
    let indexes: Vec<_> = (0..128_u32)
        .map(|bits| {
            let steps = (0..7).map(|bit| if bits >> bit & 1 == 1 { "[0]" } else { "[]" });
            format!("{}.length", steps.collect::<String>())
        })
        .collect();
    for (json, paths) in [
        (empty, rows("a[][].x#", 200)),
        (again, rows("a.r.x#", 200)),
        (deep, indexes),
    ] {
        let flat: Vec<_> = paths.iter().map(|path| (&**path, Some(&**path))).collect();
        assert_eq!(rejected(&json, &flat), "JSON_VALUES_TOO_LARGE", "{}", paths[0]);
    }
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

/// An object that may have a value `v`, an object like itself `o` and a list of such `l`. No `null` of an element that lacks
/// something is in the way of what another path finds in these.
fn regular() -> impl Strategy<Value = Value> {
    let leaf = Just(serde_json::json!({ "v": 1 }));
    leaf.prop_recursive(4, 30, 3, |inner| {
        let parts = (
            any::<Option<u8>>(),
            prop::option::of(inner.clone()),
            prop::option::of(prop::collection::vec(inner, 0..3)),
        );
        parts.prop_map(|(value, object, list)| {
            let parts = [
                ("v", value.map(Value::from)),
                ("o", object),
                ("l", list.map(Value::from)),
            ];
            let present = parts
                .into_iter()
                .filter_map(|(key, part)| Some((key.to_owned(), part?)));
            Value::Object(present.collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Arrays at the root aside, whose own keys become an object's.
    #[test]
    fn finds_in_the_variables_what_a_path_finds_in_the_body(
        members in prop::collection::btree_map("[abc]", sample(), 1..4),
        paths in prop::collection::vec("[abc](\\.[abc]|\\[[01]\\]){0,3}", 1..6),
    ) {
        let json = Value::Object(members.into_iter().collect()).to_string();
        found_again(&json, &paths, None)?;
    }

    #[test]
    fn finds_in_the_variables_what_a_path_finds_in_each_element_of_the_body(
        json in regular(),
        paths in prop::collection::vec("(o\\.|l\\[[01]\\]\\.){0,3}(o\\.|l\\[\\]\\.){0,3}(v|o|l|l\\[\\])", 1..6),
    ) {
        // An element that lacks something has `null` for it.
        found_again(&json.to_string(), &paths, Some("null"))?;
    }
}

fn found_again(json: &str, paths: &[String], absent: Option<&str>) -> Result<(), TestCaseError> {
    let variables = read(json, &paths.iter().map(|path| (&**path, None)).collect::<Vec<_>>());
    let parsed: Value = serde_json::from_str(&variables).unwrap();
    prop_assert!(parsed.is_object());
    let set = PathSet::new(paths.iter().map(String::as_str));
    let (before, after) = (
        set.extract(json.as_bytes()).unwrap(),
        set.extract(variables.as_bytes()).unwrap(),
    );
    for ((path, before), after) in paths.iter().zip(before).zip(after) {
        // A row below this one fills in `null`s where an element lacks the value of both: `l[].o.v` beside `l[0].o`.
        let filled_in = absent.is_some() && before.is_none() && after.as_deref().is_some_and(holds_only_nulls);
        if !filled_in {
            let (before, after) = (before.as_deref().or(absent), after.as_deref().or(absent));
            prop_assert_eq!(before, after, "{} of {} in {}", path, json, variables);
        }
        prop_assert_eq!(Path::parse(path).to_string(), path.as_str());
    }
    Ok(())
}

fn holds_only_nulls(json: &str) -> bool {
    fn only_nulls(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(list) => list.iter().all(only_nulls),
            Value::Object(members) => members.values().all(only_nulls),
            _ => false,
        }
    }
    only_nulls(&serde_json::from_str(json).unwrap())
}

#[test]
fn fills_in_null_for_what_an_element_lacks_though_another_row_asks_for_its_parent() {
    let rows = [("l[0].o", None), ("l[].o.v", None)];
    assert_eq!(read(r#"{"l":[{"v":1}]}"#, &rows), r#"{"l":[{"o":{"v":null}}]}"#);
    assert_eq!(
        read(r#"{"l":[{"o":{"v":1,"w":2}}]}"#, &rows),
        r#"{"l":[{"o":{"v":1,"w":2}}]}"#
    );
}
