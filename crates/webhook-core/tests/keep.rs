//! What a workflow gets of a request that is kept whole.

use serde_json::{json, Value};
use webhook_core::endpoint::{Endpoint, Verdict};
use webhook_core::event::Content;
use webhook_core::request::{Headers, Request};

struct Sent<'a> {
    query: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

const SENT: Sent<'_> = Sent {
    query: "",
    headers: &[("Content-Type", "application/json")],
    body: "{}",
};

fn context(config: &Value, sent: &Sent<'_>) -> String {
    let endpoint = Endpoint::new(config, 1_000_000).unwrap();
    let headers = Headers::new(sent.headers.iter().copied());
    let request = Request {
        method: "POST",
        path: "",
        url: "",
        query: sent.query,
        headers: &headers,
        body: sent.body.as_bytes(),
        peer: "",
        now: 0,
    };
    match endpoint.judge(request).unwrap() {
        Verdict::Event(event) => match event.content {
            Content::Context(context) => context,
            Content::Upload(_) => panic!("no files are stored"),
        },
        _ => panic!("no verification"),
    }
}

fn all(request: Value) -> Value {
    let mut request = request;
    request["keep"] = "all".into();
    json!({ "request": request })
}

fn body(items: Value, body: &str) -> String {
    let context = context(&all(json!({ "body": items })), &Sent { body, ..SENT });
    let (_, body) = context.split_once(r#""body":"#).unwrap();
    body.strip_suffix('}').unwrap().to_owned()
}

#[test]
fn lays_mapped_values_over_the_whole_body() {
    let items =
        json!([{ "key": "order.id", "_var": "id" }, { "key": "order.total" }, { "key": "none", "_var": "none" }]);
    for (sent, kept) in [
        (
            r#"{"order":{"id":7,"total":1.50},"more":true}"#,
            r#"{"order":{"id":7,"total":1.50},"more":true,"id":7}"#,
        ),
        // A mapped name wins.
        (r#"{"id":1,"order":{"id":7}}"#, r#"{"id":1,"order":{"id":7},"id":7}"#),
        (
            r#"{"order.id":3,"order":{"id":7}}"#,
            r#"{"order.id":3,"order":{"id":7},"id":3}"#,
        ),
        (" {\n} ", "{\n}"),
        (r#"{"a":1}"#, r#"{"a":1}"#),
        // Only an object has keys beside which others can be laid.
        (r#"[{"order":{"id":7}}]"#, "{}"),
        ("7", "{}"),
    ] {
        assert_eq!(body(items.clone(), sent), kept, "{sent}");
    }
    assert_eq!(
        body(
            json!([{ "key": "a", "_var": "x" }, { "key": "b", "_var": "y" }]),
            r#"{"a":1,"b":2}"#
        ),
        r#"{"a":1,"b":2,"x":1,"y":2}"#
    );
    assert_eq!(
        body(json!([{ "key": "[0].a", "_var": "first" }]), r#"[{"a":1}]"#),
        r#"{"first":1}"#
    );
    assert_eq!(body(json!([{ "key": "[0].a" }]), r#"[{"a":1}]"#), r#"{"0":{"a":1}}"#);
    assert_eq!(body(json!([]), "[1]"), "[1]");
    assert_eq!(
        body(
            json!([{ "key": "__proto__.a", "_var": "__proto__" }]),
            r#"{"__proto__":{"a":1}}"#
        ),
        r#"{"__proto__":{"a":1},"__proto__":1}"#
    );
}

#[test]
fn keeps_the_whole_query_too() {
    let config = all(json!({ "query": [{ "key": "order.id", "_var": "id" }] }));
    let sent = Sent {
        query: "order[id]=7&page=2",
        ..SENT
    };
    let kept =
        r#"{"headers":{"content-type":"application/json"},"query":{"order":{"id":"7"},"page":"2","id":"7"},"body":{}}"#;
    assert_eq!(context(&config, &sent), kept);
}

#[test]
fn keeps_headers_in_lower_case_and_the_listed_ones_as_they_are_listed() {
    let sent = Sent {
        headers: &[
            ("Host", "example.com"),
            ("X-Event", "push"),
            ("X-Many", "1"),
            ("X-Many", "2"),
            ("x-name", "J\u{c3}\u{bc}rgen"),
            ("Authorization", "Bearer s3cret"),
            ("Cookie", "a=b"),
            ("X-Api-Key", "k3y"),
            ("X-Session", "s"),
        ],
        body: "",
        ..SENT
    };
    let headers = |listed: Value| {
        let context: Value = serde_json::from_str(&context(&all(json!({ "headers": listed })), &sent)).unwrap();
        context["headers"].clone()
    };
    let plain = json!({ "host": "example.com", "x-event": "push", "x-many": "1, 2", "x-name": "Jürgen" });
    assert_eq!(headers(json!([])), plain);
    let mut listed = plain.clone();
    listed["X-Event"] = "push".into();
    listed["X-API-Key"] = "k3y".into();
    listed["x-api-key"] = "k3y".into();
    assert_eq!(headers(json!([{ "key": "X-Event" }, { "key": "X-API-Key" }])), listed);
    assert_eq!(headers(json!([{ "key": "x-event" }, { "key": "x-absent" }])), plain);
}

#[test]
fn keeps_many_headers() {
    let names: Vec<_> = (0..40).map(|number| format!("x-{}", number % 39)).collect();
    let pairs: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let kept: Value = serde_json::from_str(&context(
        &all(json!({})),
        &Sent {
            headers: &pairs,
            body: "",
            ..SENT
        },
    ))
    .unwrap();
    assert_eq!(kept["headers"].as_object().unwrap().len(), 39);
    assert_eq!(kept["headers"]["x-0"], "v, v");
}

#[test]
fn leaves_out_what_authentication_reads_everywhere() {
    let with = |from: Value, request: Value| {
        let mut config = all(request);
        config["authentication"] = json!([{ "scheme": { "kind": "token", "from": from }, "secrets": ["s3cret"] }]);
        config
    };
    let every = json!({
        "headers": [{ "key": "X-Token" }],
        "query": [{ "key": "token", "_var": "q" }],
        "body": [{ "key": "auth.token", "_var": "b" }, { "key": "auth", "_var": "c" }],
    });
    let sent = Sent {
        query: "a=1",
        headers: &[("content-type", "application/json"), ("x-token", "s3cret")],
        body: r#"{"a":1}"#,
    };
    let of = |from: Value, sent: &Sent<'_>| context(&with(from, every.clone()), sent);
    assert!(!of(json!({ "header": "X-Token" }), &sent).contains("s3cret"));
    let by_query = of(
        json!({ "query": "token" }),
        &Sent {
            query: "a=1&token=s3cret",
            ..SENT
        },
    );
    assert_eq!(
        by_query,
        r#"{"headers":{"content-type":"application/json"},"query":{"a":"1"},"body":{}}"#
    );
    let sent = Sent {
        body: r#"{"auth":{"token":"s3cret","by":"y"},"auth":{"token":"s3cret"}}"#,
        ..SENT
    };
    let by_body = of(json!({ "body": "auth.token" }), &sent);
    assert_eq!(
        by_body,
        r#"{"headers":{"content-type":"application/json"},"query":{},"body":{"auth":{"by":"y"},"auth":{},"c":{}}}"#
    );
    let form = Sent {
        headers: &[("content-type", "application/x-www-form-urlencoded")],
        body: "token=s3cret&a=1",
        ..SENT
    };
    assert!(!of(json!({ "form": "token" }), &form).contains("s3cret"));
    let xml = Sent {
        headers: &[("content-type", "text/xml")],
        body: "<xml><sign>s3cret</sign><id>7</id></xml>",
        ..SENT
    };
    assert!(!of(json!({ "xml": "sign" }), &xml).contains("s3cret"));

    let mut basic = all(json!({ "headers": [{ "key": "Authorization" }] }));
    basic["basicAuthentication"] = json!({ "username": "u", "password": "p" });
    let sent = Sent {
        headers: &[("authorization", "Basic dTpw")],
        body: "",
        ..SENT
    };
    assert_eq!(context(&basic, &sent), r#"{"headers":{},"query":{}}"#);
}

#[test]
fn spells_numbers_of_the_whole_body() {
    let config = all(json!({ "bigNumbers": "text", "body": [{ "key": "id", "_var": "own" }] }));
    let kept = context(
        &config,
        &Sent {
            body: r#"{"id":1283746512837465128}"#,
            ..SENT
        },
    );
    assert!(kept.ends_with(r#""body":{"id":"1283746512837465128","own":"1283746512837465128"}}"#));
}

#[test]
fn keeps_listed_values_alone_if_that_is_configured() {
    let config = json!({ "request": { "keep": "listed", "body": [{ "key": "a" }] } });
    let sent = Sent {
        body: r#"{"a":1,"b":2}"#,
        ..SENT
    };
    assert_eq!(context(&config, &sent), r#"{"headers":{},"query":{},"body":{"a":1}}"#);
    let issues = webhook_core::config::check(&json!({ "request": { "keep": "some" } }));
    assert_eq!((issues[0].path.as_str(), issues[0].code), ("request.keep", "KEEP"));
}
