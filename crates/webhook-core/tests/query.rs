//! Queries and forms: tables of input and exact outcome, then properties. What `qs` itself makes of a query is compared
//! in `__test__/query.properties.test.ts`.

use std::collections::HashSet;
use std::fmt;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use webhook_core::query::{infer_query, query_part, read_form, read_query};
use webhook_core::{json, limits};

#[track_caller]
fn reads(table: &[(&str, &str)]) {
    for (query, expected) in table {
        assert_eq!(read_query(query).as_deref(), Ok(*expected), "{query}");
    }
}

#[test]
fn reads_brackets_as_objects_and_lists() {
    reads(&[
        ("", "{}"),
        ("?", "{}"),
        ("a", r#"{"a":""}"#),
        ("?a=1", r#"{"a":"1"}"#),
        ("??a=1", r#"{"?a":"1"}"#),
        ("a=1&b=2", r#"{"a":"1","b":"2"}"#),
        ("a=1&a=2&a", r#"{"a":["1","2",""]}"#),
        ("a[b][c]=1&a[b][d]=2", r#"{"a":{"b":{"c":"1","d":"2"}}}"#),
        ("a[]=1", r#"{"a":["1"]}"#),
        ("a[]=1&a[]=2&a=3", r#"{"a":["1","2","3"]}"#),
        ("a[2]=c&a[0]=a", r#"{"a":["a","c"]}"#),
        ("a[2]=c&a[x]=a", r#"{"a":{"2":"c","x":"a"}}"#),
        ("a[][b]=1&a[][c]=2", r#"{"a":[{"b":"1","c":"2"}]}"#),
        ("a[0][b]=1&a[1][b]=2", r#"{"a":[{"b":"1"},{"b":"2"}]}"#),
        ("a[][]=1", r#"{"a":["1"]}"#),
        ("[a]=1&[]=2&[0]=3", r#"{"0":["2","3"],"a":"1"}"#),
        ("a%5Bb%5d=1", r#"{"a":{"b":"1"}}"#),
        ("a[b=c]=1", r#"{"a":{"b=c":"1"}}"#),
        ("a=b]=c", r#"{"a=b]":"c"}"#),
        ("a[b]c=1&a[b]d[e]=2", r#"{"a":{"b":["1",{"e":"2"}]}}"#),
        ("a[b=1", r#"{"a":{"[b":"1"}}"#),
        ("a[[b]]=1", r#"{"a":{"[b]":"1"}}"#),
        ("a.b=1", r#"{"a.b":"1"}"#),
        ("=1&&=", "{}"),
    ]);
}

#[test]
fn merges_conflicting_values_as_qs_does() {
    reads(&[
        ("a=1&a[b]=2", r#"{"a":["1",{"b":"2"}]}"#),
        ("a[b]=1&a=2", r#"{"a":[{"b":"1"},"2"]}"#),
        ("a[b]=1&a=2&a=3", r#"{"a":{"0":"2","1":"3","b":"1"}}"#),
        ("a[b]=1&a=2&a[c]=3", r#"{"a":{"0":{"b":"1"},"1":"2","c":"3"}}"#),
        ("a[b]=1&a=", r#"{"a":{"b":"1"}}"#),
        ("a=&a[b]=1", r#"{"a":["",{"b":"1"}]}"#),
        ("a[]=1&a[b]=2", r#"{"a":{"0":"1","b":"2"}}"#),
    ]);
}

#[test]
fn orders_keys_that_are_indices_first() {
    reads(&[
        ("b=1&10=2&a=3&9=4", r#"{"9":"4","10":"2","b":"1","a":"3"}"#),
        ("01=a&1=b", r#"{"1":"b","01":"a"}"#),
        ("4294967295=a&4294967294=b", r#"{"4294967294":"b","4294967295":"a"}"#),
        ("12[a]=1&12=x", r#"{"12":["x",{"a":"1"}]}"#),
    ]);
}

#[test]
fn decodes_escapes_if_the_whole_name_or_value_can_be() {
    reads(&[
        ("a+b=c+d", r#"{"a b":"c d"}"#),
        ("a%20b=%2B%26%3D", r#"{"a b":"+&="}"#),
        ("a=%E2%82%AC%f0%9f%98%80", r#"{"a":"€😀"}"#),
        ("a=%", r#"{"a":"%"}"#),
        ("a=%41%4", r#"{"a":"%41%4"}"#),
        ("a=%41+%zz", r#"{"a":"%41 %zz"}"#),
        ("a=%E2%82", r#"{"a":"%E2%82"}"#),
        ("a=%ED%A0%80", r#"{"a":"%ED%A0%80"}"#),
        ("a=%C0%80", r#"{"a":"%C0%80"}"#),
        ("%zz=1&%7a=2", r#"{"%zz":"1","z":"2"}"#),
        ("a=%00%22%5C%0A%1f", r#"{"a":"\u0000\"\\\n\u001f"}"#),
        ("a%255Bb%255D=1", r#"{"a%5Bb%5D":"1"}"#),
        ("%%5B=1", r#"{"%":{"[":"1"}}"#),
    ]);
}

#[test]
fn treats_names_of_javascript_as_plain_data_and_drops_proto() {
    reads(&[
        ("constructor=1&toString=2", r#"{"constructor":"1","toString":"2"}"#),
        ("a[hasOwnProperty]=1", r#"{"a":{"hasOwnProperty":"1"}}"#),
        ("__proto__=1&b=2", r#"{"b":"2"}"#),
        ("__proto__[a]=1", "{}"),
        ("a[__proto__][b]=1", r#"{"a":{}}"#),
        ("a[]=1&a[__proto__]=2", r#"{"a":{"0":"1"}}"#),
    ]);
}

#[test]
fn turns_a_list_past_its_limit_into_an_object() {
    assert_eq!(read_query("a[999]=1").unwrap(), r#"{"a":["1"]}"#);
    assert_eq!(read_query("a[1000]=1").unwrap(), r#"{"a":{"1000":"1"}}"#);
    assert_eq!(read_query("a[1000]=1&a=2").unwrap(), r#"{"a":{"1000":"1","1001":"2"}}"#);
    let full = "a=x&".repeat(1000);
    assert!(read_query(&full).unwrap().starts_with(r#"{"a":["x","x","#));
    let past = read_query(&(full + "a=y")).unwrap();
    assert!(past.starts_with(r#"{"a":{"0":"x","1":"x","#) && past.ends_with(r#""999":"x","1000":"y"}}"#));
}

#[test]
fn keeps_nesting_past_the_limit_as_one_key() {
    let deepest = format!("a{}=1", "[b]".repeat(limits::MAX_QUERY_DEPTH));
    let deeper = format!("a{}[c][d]=1", "[b]".repeat(limits::MAX_QUERY_DEPTH));
    assert_eq!(
        read_query(&deepest).unwrap().matches('{').count(),
        limits::MAX_QUERY_DEPTH + 1
    );
    assert!(read_query(&deeper).unwrap().contains(r#"{"b":{"[c][d]":"1"}}"#));
}

#[test]
fn rejects_parameters_past_the_limit_with_their_place() {
    let full = vec!["a=1"; limits::MAX_QUERY_PARAMETERS].join("&");
    assert!(read_query(&full).is_ok());
    assert!(read_query(&format!("&&{full}&&")).is_ok(), "empty ones do not count");
    let past = format!("{full}&b");
    for error in [read_query(&past).unwrap_err(), read_form(past.as_bytes()).unwrap_err()] {
        assert_eq!(
            (error.code, error.offset, error.column),
            ("TOO_MANY_PARAMETERS", 40_000, 40_001)
        );
    }
}

#[test]
fn rejects_a_form_that_cannot_be_decoded_with_the_place() {
    for (form, code, offset, message) in [
        (
            &b"a=%"[..],
            "MALFORMED_PERCENT_ENCODING",
            2,
            "expected two hexadecimal digits after %, but found the end",
        ),
        (
            b"a=%4",
            "MALFORMED_PERCENT_ENCODING",
            2,
            r#"expected two hexadecimal digits after %, but found "4""#,
        ),
        (
            b"a=%41%zz",
            "MALFORMED_PERCENT_ENCODING",
            5,
            r#"expected two hexadecimal digits after %, but found "zz""#,
        ),
        (
            b"%g1=a",
            "MALFORMED_PERCENT_ENCODING",
            0,
            r#"expected two hexadecimal digits after %, but found "g1""#,
        ),
        (b"a=%E2%82", "UTF8_INVALID", 2, "expected UTF-8, but found %E2"),
        (b"a=%41%C3&b=%A9", "UTF8_INVALID", 5, "expected UTF-8, but found %C3"),
        (b"a=x%ED%A0%80", "UTF8_INVALID", 3, "expected UTF-8, but found %ED"),
        (b"a=\xe9", "UTF8_INVALID", 2, "expected UTF-8, but found the byte 0xE9"),
        (
            "é=%é".as_bytes(),
            "MALFORMED_PERCENT_ENCODING",
            3,
            r#"expected two hexadecimal digits after %, but found "é""#,
        ),
    ] {
        let error = read_form(form).unwrap_err();
        assert_eq!(
            (error.code, error.offset, error.message.as_str()),
            (code, offset, message)
        );
    }
    let second_line = read_form("a=€\nb=%x".as_bytes()).unwrap_err();
    assert_eq!((second_line.line, second_line.column), (2, 3));
}

#[test]
fn reads_a_form_as_a_query_without_a_question_mark() {
    assert_eq!(read_form(b"?a=1&b[]=%C3%A9").unwrap(), r#"{"?a":"1","b":["é"]}"#);
    assert_eq!(read_form(b"").unwrap(), "{}");
}

#[test]
fn finds_the_query_of_a_sample_in_urls_paths_and_queries() {
    for (sample, query) in [
        (
            "http://localhost:13000/api/webhook:trigger/1hfmkioou0d?query=1",
            "query=1",
        ),
        ("https://{host}/hook?a=1&b=2#part?c=3", "a=1&b=2"),
        ("/api/webhook:trigger/key?a=1", "a=1"),
        ("localhost:13000/hook?a=1?2", "a=1?2"),
        ("\n ?a=1\t", "a=1"),
        ("a=1", "a=1"),
        ("a:b=1", "a:b=1"),
        ("url=https://example.com/?x=1", "url=https://example.com/?x=1"),
        ("https://example.com/hook", ""),
        ("https://example.com", ""),
        ("", ""),
    ] {
        assert_eq!(query_part(sample), query, "{sample}");
    }
}

#[test]
fn infers_a_path_for_every_level() {
    for (sample, paths) in [
        ("query[0][a]=1", &["query", "query[0]", "query[0].a"][..]),
        (
            "https://example.com/?a=1&b[c]=2&d[]=3&d[]=4",
            &["a", "b", "b.c", "d", "d[0]", "d[1]"],
        ),
        ("a.b=1", &[r#"["a.b"]"#]),
        ("", &[]),
    ] {
        assert_eq!(infer_query(sample).unwrap(), paths, "{sample}");
    }
    let many = format!("/hook?{}", vec!["a[]=1"; 2500].join("&"));
    let error = infer_query(&many).unwrap_err();
    assert_eq!((error.code, error.offset), ("JSON_TOO_MANY_PATHS", 6));
}

#[test]
fn reads_hostile_input_in_linear_time() {
    // The slowest takes a fraction of a second without optimisation; anything quadratic would take minutes.
    let started = Instant::now();
    let mib = 1 << 20;
    for hostile in [
        "[".repeat(mib),
        "a[".repeat(mib / 2),
        format!("a{}=1", "[]".repeat(mib / 2)),
        format!("a{}=1", "[b]".repeat(mib / 3)),
        "]=".repeat(mib / 2),
        "=".repeat(mib),
        "&".repeat(mib),
        "%5B".repeat(mib / 3),
        "%41".repeat(mib / 3),
        format!("a={}%", "%E2%82%AC".repeat(mib / 9)),
        "a[]=&".repeat(9_999),
        "a=x&".repeat(9_999),
        "a[b]=1&a=x&".repeat(4_999),
        (0..9_999).map(|index| format!("a[{}]=x&", index % 999)).collect(),
        (0..9_999).map(|index| format!("a[999]{index}=x&")).collect(),
        (0..4_999)
            .map(|index| format!("a[{}]=x&a[b{index}]=y&", 10_000_000 - index))
            .collect(),
        (0..9_999)
            .map(|index| format!("a{index}{}=x&", "[9]".repeat(20)))
            .collect(),
    ] {
        read_query(&hostile).unwrap();
        let _ = read_form(hostile.as_bytes());
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

/// Any JSON value, rejected if an object has a key twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Unique;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a list or an object")
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Unique, E> {
                Ok(Unique)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unique, A::Error> {
                while list.next_element::<Unique>()?.is_some() {}
                Ok(Unique)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
                let mut keys = HashSet::new();
                while let Some((key, Unique)) = map.next_entry::<String, Unique>()? {
                    if !keys.insert(key) {
                        return Err(Error::custom("a key twice"));
                    }
                }
                Ok(Unique)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

// `decodeURIComponent` of each part, done the slow way.
fn decodes(form: &[u8]) -> bool {
    std::str::from_utf8(form).is_ok()
        && form.split(|byte| b"&=".contains(byte)).all(|part| {
            let mut decoded = Vec::new();
            let mut rest = part;
            while let [first, after @ ..] = rest {
                rest = after;
                if *first != b'%' {
                    decoded.push(*first);
                    continue;
                }
                let Some(digits) = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)) else {
                    return false;
                };
                decoded.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
                rest = &rest[2..];
            }
            std::str::from_utf8(&decoded).is_ok()
        })
}

fn query() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "0",
        "1",
        "999",
        "1000",
        "[",
        "]",
        "[]",
        "[a]",
        "[0]",
        "=",
        "&",
        "%",
        "%5B",
        "%5D",
        "%41",
        "%E2%82%AC",
        "%C3",
        "é",
        "+",
        "__proto__",
        "\"",
        "\n",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn writes_json_without_repeated_keys(query in query()) {
        let text = read_query(&query).unwrap();
        prop_assert!(json::check(text.as_bytes()).is_ok());
        prop_assert!(serde_json::from_str::<Unique>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn rejects_a_form_exactly_if_a_part_of_it_cannot_be_decoded(form in query()) {
        match read_form(form.as_bytes()) {
            Ok(text) => {
                prop_assert!(decodes(form.as_bytes()));
                prop_assert_eq!(text, read_query(&format!("?{form}")).unwrap());
            }
            Err(error) => {
                prop_assert!(!decodes(form.as_bytes()));
                prop_assert!(error.offset < form.len());
            }
        }
    }

    #[test]
    fn returns_a_result_or_an_error_within_the_text_for_any_bytes(form in prop::collection::vec(any::<u8>(), 0..60)) {
        prop_assert_eq!(read_form(&form).is_ok(), decodes(&form));
        let _ = infer_query(&String::from_utf8_lossy(&form));
    }
}
