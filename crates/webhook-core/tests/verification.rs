//! URL verification by rules: those of a configuration, and those of the presets.

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::{json, Value};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use webhook_core::config::check;
use webhook_core::endpoint::{Endpoint, Verdict};
use webhook_core::limits::MAX_VERIFICATION_REPLY;
use webhook_core::reply::Reply;
use webhook_core::request::{Headers, Request};
use webhook_core::verification::presets;

const LIMIT: usize = 100_000;
const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const URL: &str = "https://example.com/api/webhook:trigger/k";

#[derive(Clone)]
struct Sent<'a> {
    method: &'a str,
    query: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
}

impl Default for Sent<'_> {
    fn default() -> Self {
        Self {
            method: "POST",
            query: "",
            headers: vec![],
            body: b"",
        }
    }
}

/// What a request comes to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Event,
    Verification(Reply),
    Rejected(u16),
}

impl Sent<'_> {
    fn post<'a>(headers: &[(&'a str, &'a str)], body: &'a str) -> Sent<'a> {
        Sent {
            headers: headers.to_vec(),
            body: body.as_bytes(),
            ..Sent::default()
        }
    }

    fn get(query: &str) -> Sent<'_> {
        Sent {
            method: "GET",
            query,
            ..Sent::default()
        }
    }

    fn to(&self, config: &Value) -> Outcome {
        let endpoint = Endpoint::new(config, LIMIT).unwrap_or_else(|issues| panic!("{config}: {issues:?}"));
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let headers = Headers::new(headers);
        let url = format!("{URL}?{}", self.query);
        let request = || Request {
            method: self.method,
            path: "",
            url: &url,
            query: self.query,
            headers: &headers,
            body: self.body,
            peer: "203.0.113.7",
            now: 0,
        };
        // What is accepted with its body isn't rejected before it has arrived.
        let early = endpoint.check_head(&request(), self.body.len() as u64);
        let judged = endpoint.judge(request());
        assert!(early.is_ok() || judged.is_err(), "{config}");
        match judged {
            Ok(Verdict::Event(_)) => Outcome::Event,
            Ok(Verdict::Verification(reply)) => Outcome::Verification(reply),
            Ok(other) => panic!("expected no {other:?}"),
            Err(rejection) => Outcome::Rejected(rejection.status()),
        }
    }

    /// The body of the response to a verification.
    fn body(&self, config: &Value) -> String {
        match self.to(config) {
            Outcome::Verification(reply) => reply.body,
            other => panic!("expected a verification, but found {other:?}"),
        }
    }
}

/// A webhook with a token, and one rule.
fn with_token(rule: Value) -> Value {
    json!({
        "authentication": [{ "scheme": { "kind": "token", "from": { "header": "x-token" } }, "secrets": ["s3cret"] }],
        "handshake": { "kind": "custom", "rules": [rule] },
    })
}

fn echo(when: Value) -> Value {
    json!({ "when": when, "authentication": "none", "reply": { "text": "hello" } })
}

fn hmac(key: &str, message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn answers_a_request_for_which_all_conditions_hold_and_no_other() {
    let gzip = [("content-type", "application/json"), ("content-encoding", "gzip")];
    for (when, holds, fails) in [
        (
            json!([{ "method": "GET" }]),
            vec![Sent::get(""), Sent::get("a=1")],
            vec![Sent::post(&[], "")],
        ),
        (
            json!([{ "method": "GET" }, { "query": "a.b" }]),
            vec![Sent::get("a.b=1"), Sent::get("x&a.b=%31")],
            vec![Sent::get("a.b="), Sent::get("a.b=1&a.b=1"), Sent::get("a[b]=1")],
        ),
        (
            json!([{ "method": "GET" }, { "query": "a", "equals": "x y" }]),
            vec![Sent::get("a=x+y"), Sent::get("a=x%20y")],
            vec![Sent::get("a=x"), Sent::get("a=X+y"), Sent::get("b=x+y")],
        ),
        (
            json!([{ "header": "X-Kind" }]),
            vec![Sent::post(&[("X-KIND", "a")], "")],
            vec![
                Sent::post(&[("x-kind", " ")], ""),
                Sent::post(&[("x-kind", "a"), ("x-kind", "a")], ""),
                Sent::post(&[], "x-kind"),
            ],
        ),
        (
            json!([{ "header": "x-kind", "equals": "Grüße" }]),
            // Node gives each byte of a header as a character.
            vec![Sent::post(&[("x-kind", "Gr\u{c3}\u{bc}\u{c3}\u{9f}e")], "")],
            vec![Sent::post(&[("x-kind", "Gruesse")], "")],
        ),
        (
            json!([{ "body": "a[0].b" }]),
            vec![
                Sent::post(&[JSON], r#"{"a":[{"b":{}}]}"#),
                Sent::post(&[JSON], r#"{"a":[{"b":false}]}"#),
                // One reading: JSON that is labelled as a form is JSON, and a form has paths too.
                Sent::post(&[FORM], r#"{"a":[{"b":1}]}"#),
                Sent::post(&[FORM], "a[0][b]=1"),
                Sent::post(&gzip, r#"{"a":[{"b":1}]}"#),
            ],
            vec![
                Sent::post(&[JSON], r#"{"a":[{"b":null}]}"#),
                Sent::post(&[JSON], r#"{"a":[{"b":""}]}"#),
                Sent::post(&[JSON], r#"{"a":[{"b":1}]"#),
                Sent::post(&[JSON], ""),
                Sent::post(&[("content-type", "image/png")], r#"{"a":[{"b":1}]}"#),
            ],
        ),
        (
            json!([{ "body": "a", "equals": "1" }]),
            vec![
                Sent::post(&[JSON], r#"{"a":"2","a":"1"}"#),
                Sent::post(&[JSON], r#"{"a":1.0}"#),
                Sent::post(&[JSON], r#"{"a":"\u0031"}"#),
            ],
            vec![
                Sent::post(&[JSON], r#"{"a":"1","a":"2"}"#),
                Sent::post(&[JSON], r#"{"a":[1]}"#),
                Sent::post(&[JSON], r#"{"a":true}"#),
            ],
        ),
        (
            json!([{ "body": "a", "equals": 1e1 }, { "body": "b", "equals": true }]),
            vec![Sent::post(&[JSON], r#"{"b":true,"a":10}"#)],
            vec![
                Sent::post(&[JSON], r#"{"b":false,"a":10}"#),
                Sent::post(&[JSON], r#"{"a":10}"#),
            ],
        ),
        (
            json!([{ "form": "a", "equals": "ü" }]),
            vec![
                Sent::post(&[FORM], "a=%C3%BC"),
                Sent::post(
                    &[("content-type", "application/x-www-form-urlencoded;charset=iso-8859-1")],
                    "a=%FC",
                ),
                Sent::post(
                    &[("content-type", "multipart/form-data; boundary=b")],
                    "--b\r\ncontent-disposition: form-data; name=a\r\n\r\nü\r\n--b--\r\n",
                ),
            ],
            vec![
                Sent::post(&[FORM], "a=%C3%BC&a=%C3%BC"),
                Sent::post(&[JSON], r#"{"a":"ü"}"#),
                Sent::get("a=%C3%BC"),
            ],
        ),
        (
            json!([{ "rawBody": "diagnostics:ping" }]),
            vec![
                Sent::post(&[], "diagnostics:ping"),
                Sent::post(&[JSON], "diagnostics:ping"),
            ],
            vec![Sent::post(&[], "diagnostics:ping\n"), Sent::post(&[], "")],
        ),
    ] {
        let config = with_token(echo(when.clone()));
        for sent in holds {
            assert_eq!(
                sent.body(&config),
                "hello",
                "{when} {:?}",
                String::from_utf8_lossy(sent.body)
            );
        }
        for sent in fails {
            // GET isn't a method of events, everything else lacks the token.
            let expected = if sent.method == "GET" { [401, 405] } else { [401, 401] };
            let Outcome::Rejected(status) = sent.to(&config) else {
                panic!("{when} {:?}", String::from_utf8_lossy(sent.body));
            };
            assert!(expected.contains(&status), "{when}: {status}");
        }
    }
}

#[test]
fn answers_before_any_authentication_or_after_all_of_it() {
    let of = |authentication: Option<&str>| {
        let mut config = with_token(json!({ "when": [{ "query": "a" }], "reply": { "text": "hello" } }));
        if let Some(authentication) = authentication {
            config["handshake"]["rules"][0]["authentication"] = authentication.into();
        }
        config["basicAuthentication"] = json!({ "username": "u", "password": "p" });
        config
    };
    let anyone = Sent {
        query: "a=1",
        ..Sent::default()
    };
    let known = Sent {
        headers: vec![("x-token", "s3cret"), ("authorization", "Basic dTpw")],
        ..anyone.clone()
    };
    let half = Sent {
        headers: vec![("x-token", "s3cret")],
        ..anyone.clone()
    };
    assert_eq!(anyone.body(&of(Some("none"))), "hello");
    for required in [of(None), of(Some("required"))] {
        assert_eq!(anyone.to(&required), Outcome::Rejected(401));
        assert_eq!(half.to(&required), Outcome::Rejected(401));
        assert_eq!(known.body(&required), "hello");
        let event = Sent {
            query: "",
            ..known.clone()
        };
        assert_eq!(event.to(&required), Outcome::Event);
    }
    let mut elsewhere = of(Some("none"));
    elsewhere["addresses"] = json!({ "allow": ["192.0.2.1"] });
    assert_eq!(anyone.to(&elsewhere), Outcome::Rejected(403));
}

#[test]
fn takes_a_method_for_verifications_alone() {
    let rule = |method: &str, authentication: &str| {
        json!({
            "when": [{ "method": method }, { "query": "a" }],
            "authentication": authentication,
            "reply": { "text": "hello" },
        })
    };
    for method in ["GET", "HEAD", "OPTIONS", "DELETE"] {
        let asks = |query, headers| Sent {
            method,
            query,
            headers,
            ..Sent::default()
        };
        let token = || vec![("x-token", "s3cret")];
        let open = with_token(rule(method, "none"));
        assert_eq!(asks("a=1", vec![]).body(&open), "hello", "{method}");
        assert_eq!(asks("", token()).to(&open), Outcome::Rejected(405), "{method}");
        let required = with_token(rule(method, "required"));
        assert_eq!(asks("a=1", token()).body(&required), "hello", "{method}");
        assert_eq!(asks("a=1", vec![]).to(&required), Outcome::Rejected(401), "{method}");
        // Nobody learns what it takes without the token.
        assert_eq!(asks("", vec![]).to(&required), Outcome::Rejected(401), "{method}");
        assert_eq!(asks("", token()).to(&required), Outcome::Rejected(405), "{method}");
    }
    let mut config = with_token(rule("HEAD", "none"));
    config["request"] = json!({ "answerHead": true });
    let head = |query| Sent {
        method: "HEAD",
        query,
        ..Sent::default()
    };
    assert_eq!(head("a=1").body(&config), "hello");
    assert_eq!(head("").body(&config), "");
}

#[test]
fn lets_the_first_rule_decide_whose_conditions_hold() {
    let rule = |name: &str, text: &str| json!({ "when": [{ "query": name }], "authentication": "none", "reply": { "text": text } });
    let mut config = with_token(rule("a", "first"));
    config["handshake"]["rules"] = json!([
        { "when": [{ "query": "a" }], "reply": { "text": "authenticated" } },
        rule("a", "first"),
        rule("a", "second"),
        rule("b", "third"),
    ]);
    let asks = |query| Sent {
        query,
        ..Sent::default()
    };
    assert_eq!(asks("a=1&b=1").body(&config), "first");
    assert_eq!(asks("b=1").body(&config), "third");
}

#[test]
fn fills_the_response_with_values_of_the_request_and_keeps_it_inert() {
    let config = with_token(json!({
        "when": [{ "body": "a" }],
        "authentication": "none",
        "reply": {
            "status": 201,
            "headers": [{ "name": "X-Echo", "value": "<{header:x-id}>" }],
            "json": { "n": 1, "list": ["{body:a} {body:b}", null], "url": "{url}", "q": "{query:q}" },
        },
    }));
    let sent = Sent {
        query: "q=%22%7D",
        headers: vec![JSON, ("x-id", "Gr\u{c3}\u{bc}\u{c3}\u{9f}e")],
        body: r#"{"a":"\"x\"","b":1.50}"#.as_bytes(),
        ..Sent::default()
    };
    let Outcome::Verification(reply) = sent.to(&config) else {
        panic!("expected a verification");
    };
    assert_eq!(reply.status, 201);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        reply.headers,
        [
            header("x-echo", "<Grüße>"),
            header("content-type", "application/json; charset=utf-8"),
        ]
    );
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(
        body,
        json!({ "n": 1, "list": ["\"x\" 1.50", null], "url": URL, "q": "\"}" })
    );
    let text = with_token(json!({
        "when": [{ "query": "q" }],
        "authentication": "none",
        "reply": { "text": "<b>{query:q}</b>" },
    }));
    let Outcome::Verification(reply) = sent.to(&text) else {
        panic!("expected a verification");
    };
    assert_eq!(reply.headers, [header("content-type", "text/plain; charset=utf-8")]);
    assert_eq!(reply.body, "<b>\"}</b>");
    for status in [204, 304] {
        let rule =
            json!({ "when": [{ "query": "q" }], "authentication": "none", "reply": { "status": status, "text": "x" } });
        let Outcome::Verification(reply) = sent.to(&with_token(rule)) else {
            panic!("expected a verification");
        };
        assert_eq!(
            (reply.status, reply.headers.len(), reply.body.as_str()),
            (status, 0, "")
        );
    }
}

#[test]
fn rejects_a_verification_that_cannot_be_answered_and_never_takes_it_for_an_event() {
    let asks = |reply: Value| {
        json!({
            "handshake": { "kind": "custom", "rules": [{ "when": [{ "body": "a" }], "authentication": "none", "reply": reply }] },
        })
    };
    let long = "x".repeat(MAX_VERIFICATION_REPLY);
    let longest = format!(r#"{{"a":"{long}"}}"#);
    let fits = Sent::post(&[JSON], &longest);
    assert_eq!(fits.body(&asks(json!({ "text": "{body:a}" }))), long);
    for (reply, body) in [
        (json!({ "text": "{body:b}" }), r#"{"a":1}"#),
        (json!({ "text": "{body:a}" }), r#"{"a":{}}"#),
        (json!({ "text": "{body:a}" }), r#"{"a":"\ud800"}"#),
        (json!({ "text": "{query:q}" }), r#"{"a":1}"#),
        (json!({ "text": "{form:a}" }), r#"{"a":1}"#),
        (
            json!({ "headers": [{ "name": "x-a", "value": "{body:a}" }] }),
            r#"{"a":"b\r\nset-cookie: c"}"#,
        ),
        (json!({ "text": "{body:a}!" }), &longest),
        (json!({ "json": "{body:a}" }), &longest),
        (json!({ "headers": [{ "name": "x-a", "value": "{body:a}" }] }), &longest),
    ] {
        // Without authentication, so that an event would be accepted.
        let config = asks(reply);
        assert_eq!(Sent::post(&[JSON], "{}").to(&config), Outcome::Event);
        assert_eq!(
            Sent::post(&[JSON], body).to(&config),
            Outcome::Rejected(401),
            "{config}"
        );
    }
}

#[test]
fn computes_with_the_first_secret() {
    let config = |compute: Value| {
        json!({
            "authentication": [{ "preset": "github", "secrets": ["s3cret", "other"] }],
            "handshake": {
                "kind": "custom",
                "rules": [{
                    "when": [{ "method": "GET" }, { "query": "crc_token" }],
                    "authentication": "none",
                    "compute": compute,
                    "reply": { "json": { "response_token": "sha256={computed}" } },
                }],
            },
        })
    };
    let asks = |compute: Value| {
        let body = Sent::get("crc_token=Abc_1.2-3&t=b&n=a").body(&config(compute));
        let body: Value = serde_json::from_str(&body).unwrap();
        body["response_token"]
            .as_str()
            .unwrap()
            .strip_prefix("sha256=")
            .unwrap()
            .to_owned()
    };
    let hex = hex::encode(hmac("s3cret", "Abc_1.2-3"));
    let signed = "{query:crc_token}";
    assert_eq!(
        asks(json!({ "algorithm": "hmac-sha256", "encoding": "hex", "signed": signed })),
        hex
    );
    // eBay: https://developer.ebay.com/marketplace-account-deletion
    let hash = hex::encode(Sha256::digest(format!("Abc_1.2-3s3cret{URL}")));
    let signed = "{query:crc_token}{secret}{url}";
    assert_eq!(
        asks(json!({ "algorithm": "sha256", "encoding": "hex", "signed": signed })),
        hash
    );
    let hash = hex::encode(Sha1::digest("abs3cret"));
    let signed = json!({ "sorted": ["{secret}", "{query:t}", "{query:n}"] });
    assert_eq!(
        asks(json!({ "algorithm": "sha1", "encoding": "hex", "signed": signed })),
        hash
    );
    // 32 bytes that have all of the characters in which the two alphabets and the padding differ.
    let signed = "{query:crc_token}";
    let base64 = asks(json!({ "algorithm": "hmac-sha256", "encoding": "base64", "signed": signed }));
    let url = asks(json!({ "algorithm": "hmac-sha256", "encoding": "base64url", "signed": signed }));
    assert!(base64.ends_with('='));
    assert_eq!(url, base64.replace('+', "-").replace('/', "_").trim_end_matches('='));
}

#[test]
fn signs_no_value_of_a_stranger_that_could_be_part_of_a_request() {
    let config = json!({
        "authentication": [{ "preset": "github", "secrets": ["s3cret"] }],
        "handshake": {
            "kind": "custom",
            "rules": [{
                "when": [{ "method": "GET" }],
                "authentication": "none",
                "compute": { "algorithm": "hmac-sha256", "encoding": "hex", "signed": "{query:q}" },
                "reply": { "text": "{computed}" },
            }],
        },
    });
    let longest = format!("q={}", "a".repeat(128));
    for accepted in ["q=A-Za-z0-9_.%2B/=-", "q=0", &longest] {
        let status = Sent::get(accepted).to(&config);
        assert!(matches!(status, Outcome::Verification(_)), "{accepted}: {status:?}");
    }
    let longer = format!("q={}", "a".repeat(129));
    for rejected in [
        "", "q=", "q={}", "q=a+b", "q=a:b", "q=%22", "q=%C3%BC", "q=a%00", &longer,
    ] {
        assert_eq!(Sent::get(rejected).to(&config), Outcome::Rejected(401), "{rejected}");
    }
}

#[test]
fn names_what_is_wrong_with_a_rule() {
    let keyed = |rule: Value| {
        json!({
            "authentication": [{ "preset": "github", "secrets": ["s"] }],
            "handshake": { "kind": "custom", "rules": [rule] },
        })
    };
    let compute = json!({ "algorithm": "hmac-sha256", "encoding": "hex", "signed": "{query:q}" });
    let rule = || {
        json!({
            "when": [{ "query": "q", "equals": "{{$env.TOKEN}}" }],
            "authentication": "none",
            "compute": compute,
            "reply": { "status": 200, "headers": [{ "name": "x-a", "value": "{query:q}" }], "text": "{{$env.TEXT}}{computed}" },
        })
    };
    assert_eq!(check(&keyed(rule())), vec![]);
    assert_eq!(
        check(&keyed(json!({ "when": [{ "method": "GET" }], "reply": {} }))),
        vec![]
    );
    let set = |pointer: &str, value: Value| {
        let mut rule = rule();
        *rule.pointer_mut(pointer).unwrap() = value;
        rule
    };
    let add = |pointer: &str, name: &str, value: Value| {
        let mut rule = rule();
        rule.pointer_mut(pointer).unwrap()[name] = value;
        rule
    };
    let long = "x".repeat(MAX_VERIFICATION_REPLY + 1);
    for (rule, path, code) in [
        (json!("x"), "", "WRONG_TYPE"),
        (json!({}), ".when", "REQUIRED"),
        (add("", "auth", json!("none")), "", "UNKNOWN_FIELD"),
        (set("/when", json!([])), ".when", "REQUIRED"),
        (
            set(
                "/when",
                json!([{ "query": "a" }, { "query": "b" }, { "query": "c" }, { "query": "d" }, { "query": "e" }]),
            ),
            ".when",
            "TOO_MANY",
        ),
        (set("/when", json!({ "query": "q" })), ".when", "WRONG_TYPE"),
        (set("/when/0", json!({})), ".when.0", "CONDITION"),
        (set("/when/0", json!({ "equals": "x" })), ".when.0", "CONDITION"),
        (
            set("/when/0", json!({ "query": "a", "header": "b" })),
            ".when.0",
            "CONDITION",
        ),
        (set("/when/0", json!({ "query": "" })), ".when.0.query", "REQUIRED"),
        (
            set("/when/0", json!({ "query": "a", "equal": "b" })),
            ".when.0",
            "UNKNOWN_FIELD",
        ),
        (
            set("/when/0", json!({ "method": "GET", "equals": "b" })),
            ".when.0",
            "UNKNOWN_FIELD",
        ),
        (set("/when/0", json!({ "method": "get" })), ".when.0.method", "METHOD"),
        (
            set("/when/0", json!({ "header": "a b" })),
            ".when.0.header",
            "HEADER_NAME",
        ),
        (set("/when/0/equals", json!(" ")), ".when.0.equals", "REQUIRED"),
        (set("/when/0/equals", json!([])), ".when.0.equals", "WRONG_TYPE"),
        (set("/authentication", json!("no")), ".authentication", "AUTHENTICATION"),
        (set("/authentication", json!(false)), ".authentication", "WRONG_TYPE"),
        (set("/compute", json!(true)), ".compute", "WRONG_TYPE"),
        (
            set("/compute/algorithm", json!("ed25519")),
            ".compute.algorithm",
            "ALGORITHM",
        ),
        (set("/compute/algorithm", json!(1)), ".compute.algorithm", "ALGORITHM"),
        (set("/compute/encoding", json!("text")), ".compute.encoding", "ENCODING"),
        (set("/compute/signed", json!("")), ".compute.signed", "REQUIRED"),
        (set("/compute/signed", json!("{body}")), ".compute.signed", "TEMPLATE"),
        (
            set("/compute/signed", json!({ "sorted": [] })),
            ".compute.signed.sorted",
            "REQUIRED",
        ),
        (
            set("/compute/signed", json!({ "sorted": ["a", "b", "c", "d", "e"] })),
            ".compute.signed.sorted",
            "TOO_MANY",
        ),
        (
            set("/compute/signed", json!("{url}".repeat(9))),
            ".compute.signed",
            "TOO_LARGE",
        ),
        (add("/compute", "key", json!("k")), ".compute", "UNKNOWN_FIELD"),
        (set("/reply", json!("ok")), ".reply", "WRONG_TYPE"),
        (set("/reply/status", json!(199)), ".reply.status", "STATUS_CODE"),
        (set("/reply/text", json!(1)), ".reply.text", "WRONG_TYPE"),
        (set("/reply/text", json!("{secret}")), ".reply.text", "TEMPLATE"),
        (set("/reply/text", json!(long)), ".reply", "TOO_LARGE"),
        (add("/reply", "json", json!({})), ".reply", "REPLY"),
        (
            set("/reply", json!({ "json": [{ "a": "{secret}" }] })),
            ".reply.json",
            "TEMPLATE",
        ),
        (set("/reply", json!({ "json": [long] })), ".reply", "TOO_LARGE"),
        (
            set("/reply/headers/0/name", json!("a b")),
            ".reply.headers.0.name",
            "HEADER_NAME",
        ),
        (
            set("/reply/headers/0/name", json!("Content-Type")),
            ".reply.headers.0.name",
            "HEADER_RESERVED",
        ),
        (
            set("/reply/headers/0/name", json!("Set-Cookie")),
            ".reply.headers.0.name",
            "HEADER_RESERVED",
        ),
        (
            set("/reply/headers/0/name", json!("LOCATION")),
            ".reply.headers.0.name",
            "HEADER_RESERVED",
        ),
        (
            set("/reply/headers/0/name", json!("refresh")),
            ".reply.headers.0.name",
            "HEADER_RESERVED",
        ),
        (
            set("/reply/headers/0/name", json!("content-length")),
            ".reply.headers.0.name",
            "HEADER_RESERVED",
        ),
        (
            set("/reply/headers/0/value", json!("{secret}")),
            ".reply.headers.0.value",
            "TEMPLATE",
        ),
        (
            set("/reply/headers/0/value", json!("")),
            ".reply.headers.0.value",
            "REQUIRED",
        ),
    ] {
        let found = check(&keyed(rule.clone()));
        let found: Vec<_> = found.iter().map(|issue| (issue.path.as_str(), issue.code)).collect();
        let path = format!("handshake.rules.0{path}");
        assert!(found.contains(&(&path, code)), "{rule}: {found:?}");
        assert!(Endpoint::new(&keyed(rule), LIMIT).is_err());
    }
    for (config, path, code) in [
        (
            json!({ "handshake": { "kind": "custom" } }),
            "handshake.rules",
            "REQUIRED",
        ),
        (
            json!({ "handshake": { "kind": "custom", "rules": [] } }),
            "handshake.rules",
            "REQUIRED",
        ),
        (
            json!({ "handshake": { "kind": "custom", "rules": {} } }),
            "handshake.rules",
            "WRONG_TYPE",
        ),
        (
            json!({ "handshake": { "kind": "custom", "rules": [rule()], "verifyTokens": [] } }),
            "handshake",
            "UNKNOWN_FIELD",
        ),
        (
            json!({ "handshake": { "kind": "custom", "rules": [rule()] } }),
            "handshake.rules.0.compute",
            "SECRETS",
        ),
        (
            json!({
                "authentication": [{ "scheme": { "kind": "jwt", "algorithms": ["HS256"] }, "secrets": ["k".repeat(32)] }],
                "handshake": { "kind": "custom", "rules": [rule()] },
            }),
            "handshake.rules.0.compute",
            "COMPUTE",
        ),
        (
            json!({ "handshake": { "kind": "slack", "verifyTokens": [] } }),
            "handshake",
            "UNKNOWN_FIELD",
        ),
        (
            json!({ "handshake": { "kind": "shopline" } }),
            "handshake.appId",
            "REQUIRED",
        ),
        (
            json!({ "handshake": { "kind": "websub", "topics": [""] } }),
            "handshake.topics.0",
            "REQUIRED",
        ),
        (
            json!({ "handshake": { "kind": "websub", "topics": ["a", "b", "c", "d", "e"] } }),
            "handshake.topics",
            "TOO_MANY",
        ),
    ] {
        let found = check(&config);
        let found: Vec<_> = found.iter().map(|issue| (issue.path.as_str(), issue.code)).collect();
        assert!(found.contains(&(path, code)), "{config}: {found:?}");
        assert!(Endpoint::new(&config, LIMIT).is_err());
    }
    let five = vec![json!({ "when": [{ "method": "GET" }], "reply": {} }); 5];
    let config = json!({ "handshake": { "kind": "custom", "rules": five } });
    assert_eq!(check(&config)[0].code, "TOO_MANY");
}

#[test]
fn answers_the_verifications_of_the_presets() {
    let json_body = |body| Sent::post(&[JSON], body);
    let json_type = Some("application/json; charset=utf-8");
    let text = Some("text/plain; charset=utf-8");
    let event_grid =
        r#"[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"5A-b"}}]"#;
    let head = Sent {
        method: "HEAD",
        ..Sent::default()
    };
    for (handshake, is_open, sent, status, content_type, body) in [
        (
            json!({ "kind": "slack" }),
            false,
            json_body(r#"{"token":"Jhj5","challenge":"3eZbrw1a","type":"url_verification"}"#),
            200,
            text,
            "3eZbrw1a",
        ),
        (
            json!({ "kind": "slack" }),
            true,
            Sent::post(&[FORM], "ssl_check=1&token=x"),
            200,
            None,
            "",
        ),
        (
            json!({ "kind": "slack" }),
            true,
            Sent::get("ssl_check=1&token=x"),
            200,
            None,
            "",
        ),
        (
            json!({ "kind": "microsoft-graph" }),
            true,
            Sent {
                query: "validationToken=Validation%3A+Testing%3Cscript%3E",
                ..Sent::default()
            },
            200,
            text,
            "Validation: Testing<script>",
        ),
        (
            json!({ "kind": "discord" }),
            false,
            json_body(r#"{"type":1,"id":"1"}"#),
            200,
            json_type,
            r#"{"type":1}"#,
        ),
        (
            json!({ "kind": "discord-events" }),
            false,
            json_body(r#"{"version":1,"type":0}"#),
            204,
            None,
            "",
        ),
        (
            json!({ "kind": "twitch" }),
            false,
            Sent::post(
                &[JSON, ("Twitch-Eventsub-Message-Type", "webhook_callback_verification")],
                r#"{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{}}"#,
            ),
            200,
            text,
            "pogchamp-kappa-360noscope-vohiyo",
        ),
        (
            json!({ "kind": "monday" }),
            true,
            json_body(r#"{"challenge":"3eZbrw1aBm2r"}"#),
            200,
            json_type,
            r#"{"challenge":"3eZbrw1aBm2r"}"#,
        ),
        (
            json!({ "kind": "dropbox" }),
            true,
            Sent::get("challenge=a%2Bb"),
            200,
            text,
            "a+b",
        ),
        (
            json!({ "kind": "nylas" }),
            true,
            Sent::get("challenge=a"),
            200,
            text,
            "a",
        ),
        (
            json!({ "kind": "websub" }),
            true,
            Sent::get("hub.mode=unsubscribe&hub.topic=https%3A%2F%2Fexample.com%2F&hub.challenge=12"),
            200,
            text,
            "12",
        ),
        (
            json!({ "kind": "websub", "topics": ["https://example.org/", "https://example.com/"] }),
            true,
            Sent::get("hub.mode=subscribe&hub.topic=https%3A%2F%2Fexample.com%2F&hub.challenge=12&hub.lease_seconds=1"),
            200,
            text,
            "12",
        ),
        (json!({ "kind": "trello" }), true, head.clone(), 200, None, ""),
        (json!({ "kind": "mandrill" }), true, head, 200, None, ""),
        (
            json!({ "kind": "woocommerce" }),
            true,
            Sent::post(&[FORM], "webhook_id=11"),
            200,
            None,
            "",
        ),
        (
            json!({ "kind": "bitbucket" }),
            true,
            Sent::post(&[JSON, ("X-Event-Key", "diagnostics:ping")], r#"{"test": true}"#),
            200,
            None,
            "",
        ),
        (
            json!({ "kind": "event-grid" }),
            false,
            Sent::post(&[JSON, ("aeg-event-type", "SubscriptionValidation")], event_grid),
            200,
            json_type,
            r#"{"validationResponse":"5A-b"}"#,
        ),
        (
            json!({ "kind": "shopline", "appId": "app-1" }),
            true,
            json_body(r#"{"topic":"webhook/verification"}"#),
            200,
            text,
            "YXBwLTE=",
        ),
    ] {
        let config = json!({
            "authentication": [{ "scheme": { "kind": "token", "from": { "header": "x-token" } }, "secrets": ["s"] }],
            "handshake": handshake,
        });
        let mut known = sent.clone();
        known.headers.push(("x-token", "s"));
        let Outcome::Verification(reply) = known.to(&config) else {
            panic!("{handshake}: expected a verification");
        };
        let found = reply.headers.iter().find(|(name, _)| name == "content-type");
        let found = (
            reply.status,
            found.map(|(_, value)| value.as_str()),
            reply.body.as_str(),
        );
        assert_eq!(found, (status, content_type, body), "{handshake}");
        let expected = if is_open {
            Outcome::Verification(reply)
        } else {
            Outcome::Rejected(401)
        };
        assert_eq!(sent.to(&config), expected, "{handshake}");
        let event = Sent::post(&[JSON, ("x-token", "s")], r#"{"type":2,"event":{}}"#);
        assert_eq!(event.to(&config), Outcome::Event, "{handshake}");
        let stranger = Sent::post(&[JSON], r#"{"type":2,"event":{}}"#);
        assert_eq!(stranger.to(&config), Outcome::Rejected(401), "{handshake}");
    }
}

#[test]
fn answers_websub_only_for_its_topics_and_the_verification_of_wechat_only_if_signed() {
    let websub = json!({ "handshake": { "kind": "websub", "topics": ["https://example.com/"] } });
    let asks = "hub.mode=subscribe&hub.topic=https%3A%2F%2Fexample.org%2F&hub.challenge=12";
    assert_eq!(Sent::get(asks).to(&websub), Outcome::Rejected(405));
    let wechat = json!({
        "authentication": [{
            "scheme": {
                "kind": "signature",
                "from": { "query": "signature" },
                "accept": [{ "algorithm": "sha1", "encoding": "hex", "key": { "form": "text" } }],
                "signed": { "sorted": ["{secret}", "{timestamp}", "{nonce}"] },
                "timestamp": { "from": { "query": "timestamp" } },
                "nonce": { "query": "nonce" },
            },
            "secrets": ["mytoken"],
        }],
        "handshake": { "kind": "wechat" },
    });
    let signed = "signature=48062c83b0a00f9fdf280a85313c7376cf2b0f1b&timestamp=1409304348&nonce=xxxxxx&echostr=4375";
    assert_eq!(Sent::get(signed).body(&wechat), "4375");
    assert_eq!(
        Sent::get(&signed.replace("480", "580")).to(&wechat),
        Outcome::Rejected(401)
    );
    assert_eq!(
        Sent::get(signed.trim_end_matches("&echostr=4375")).to(&wechat),
        Outcome::Rejected(405)
    );
}

#[test]
fn has_usable_rules_for_every_preset() {
    assert!(presets::KINDS.is_sorted());
    for (kind, _) in presets::KINDS {
        let config = json!({ "handshake": { "kind": kind, "appId": "a" } });
        let mut issues = check(&config);
        issues.retain(|issue| issue.code != "UNKNOWN_FIELD");
        assert_eq!(issues, vec![], "{kind}");
        let rules = presets::rules(kind, "a", &[]).unwrap();
        assert_eq!(
            check(&json!({ "handshake": { "kind": "custom", "rules": rules } })),
            vec![],
            "{kind}"
        );
    }
    assert_eq!(presets::rules("nobody", "", &[]), None);
}

/// What a webhook's events may be signed over, and where its time and nonce are.
const SIGNED: [&str; 8] = [
    "{body}",
    "{timestamp}{body}",
    "{timestamp}.{body}",
    "v0:{timestamp}:{body}",
    "{url}{body}",
    "{url}{form}",
    "{secret}{body}",
    "{timestamp}{nonce}{secret}{body}",
];

/// What a rule may compute over two values of a stranger.
const COMPUTED: [&str; 12] = [
    "{query:a}",
    "{query:a}{query:b}",
    "{query:a}.{query:b}",
    "v0:{query:a}:{query:b}",
    "[{query:a}]",
    "\"{query:a}\"",
    "a={query:a}",
    "{url}",
    "{url}{query:a}",
    "{secret}{query:a}",
    "{query:a}{secret}{query:b}",
    "{query:a}{secret}{url}",
];

const KEY: &str = "s3cret";

/// A webhook whose events are signed as its verification is computed, whatever that means.
fn computing(algorithm: &str, signed: &str, computed: &str) -> Option<Value> {
    let config = json!({
        "authentication": [{
            "scheme": {
                "kind": "signature",
                "from": { "header": "x-signature" },
                "accept": [{ "algorithm": algorithm, "encoding": "hex", "key": { "form": "text" } }],
                "signed": signed,
                "timestamp": { "from": { "header": "x-time" } },
                "nonce": { "header": "x-nonce" },
            },
            "secrets": [KEY],
        }],
        "handshake": {
            "kind": "custom",
            "rules": [{
                "when": [{ "method": "GET" }],
                "authentication": "none",
                "compute": { "algorithm": algorithm, "encoding": "hex", "signed": computed },
                "reply": { "text": "{computed}" },
            }],
        },
    });
    // A hash without a key has to have the secret.
    check(&config).is_empty().then_some(config)
}

/// All ways to read a message as what an event is signed over: time, nonce and body.
fn readings(signed: &str, message: &[u8]) -> Vec<(String, String, Vec<u8>)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let mut found = vec![];
    let mut rests = vec![(String::new(), String::new(), message.to_vec())];
    let mut pieces = signed;
    while !pieces.is_empty() {
        let (literal, rest) = pieces.split_at(pieces.find('{').unwrap_or(pieces.len()));
        rests.retain_mut(|(_, _, bytes)| match bytes.strip_prefix(literal.as_bytes()) {
            Some(rest) => {
                *bytes = rest.to_vec();
                true
            }
            None => false,
        });
        let Some((placeholder, rest)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            break;
        };
        pieces = rest;
        let mut next = vec![];
        for (time, nonce, bytes) in rests {
            for at in 0..=bytes.len() {
                let (value, rest) = bytes.split_at(at);
                match placeholder {
                    "timestamp" => next.extend(text(value).map(|time| (time, nonce.clone(), rest.to_vec()))),
                    "nonce" => next.extend(text(value).map(|nonce| (time.clone(), nonce, rest.to_vec()))),
                    "secret" if value == KEY.as_bytes() => next.push((time.clone(), nonce.clone(), rest.to_vec())),
                    "url" if value == URL.as_bytes() => next.push((time.clone(), nonce.clone(), rest.to_vec())),
                    "body" if rest.is_empty() => found.push((time.clone(), nonce.clone(), value.to_vec())),
                    "form" if bytes.is_empty() => found.push((time.clone(), nonce.clone(), vec![])),
                    _ => {}
                }
            }
        }
        rests = next;
    }
    found
}

/// What a verification computes for a stranger, with what it computed it over.
fn asked(config: &Value, computed: &str, a: &str, b: &str) -> Option<(String, Vec<u8>)> {
    let encoded = |text: &str| text.replace('+', "%2B");
    let query = format!("a={}&b={}", encoded(a), encoded(b));
    match Sent::get(&query).to(config) {
        Outcome::Verification(reply) => {
            let message = computed.replace("{query:a}", a).replace("{query:b}", b);
            let message = message.replace("{url}", URL).replace("{secret}", KEY);
            Some((reply.body, message.into_bytes()))
        }
        Outcome::Rejected(401) => None,
        other => panic!("{other:?}"),
    }
}

/// Whether a signature gets any event accepted that could be signed over this message.
fn gets_an_event(config: &Value, signed: &str, signature: &str, message: &[u8]) -> Option<Vec<u8>> {
    let endpoint = Endpoint::new(config, LIMIT).unwrap();
    let types = [
        "application/json",
        "text/plain",
        "text/plain; charset=windows-1252",
        "application/x-www-form-urlencoded",
        "application/xml",
        "",
    ];
    for (time, nonce, body) in readings(signed, message) {
        for content_type in types {
            let headers = Headers::new(
                [
                    ("x-signature", signature),
                    ("x-time", &time),
                    ("x-nonce", &nonce),
                    ("content-type", content_type),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
            );
            let request = Request {
                method: "POST",
                path: "",
                url: URL,
                query: "",
                headers: &headers,
                body: &body,
                peer: "203.0.113.7",
                now: 0,
            };
            if endpoint.judge(request).is_ok() {
                return Some(body);
            }
        }
    }
    None
}

/// The message that anyone can have the SHA-256 of who has that of this one: its padding and more.
fn extended(message: &[u8]) -> (String, Vec<u8>) {
    let mut longer = message.to_vec();
    longer.push(0x80);
    while longer.len() % 64 != 56 {
        longer.push(0);
    }
    longer.extend((message.len() as u64 * 8).to_be_bytes());
    longer.extend(b"&more");
    (hex::encode(Sha256::digest(&longer)), longer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn never_responds_with_a_signature_of_an_event_that_is_accepted(
        a in "[A-Za-z0-9_.+/=-]{1,12}|[0-9]{1,10}|a=b|\\PC{0,6}",
        b in "[A-Za-z0-9_.+/=-]{1,12}|[0-9]{1,4}|\\PC{0,6}",
    ) {
        for algorithm in ["hmac-sha256", "hmac-md5", "sha256"] {
            for signed in SIGNED {
                for computed in COMPUTED {
                    let Some(config) = computing(algorithm, signed, computed) else {
                        continue;
                    };
                    let Some((signature, message)) = asked(&config, computed, &a, &b) else {
                        continue;
                    };
                    let event = gets_an_event(&config, signed, &signature, &message);
                    prop_assert_eq!(event, None, "{} {} {}", algorithm, signed, computed);
                    if algorithm == "sha256" {
                        let (signature, message) = extended(&message);
                        let event = gets_an_event(&config, signed, &signature, &message);
                        prop_assert_eq!(event, None, "{} {} {}, extended", algorithm, signed, computed);
                    }
                }
            }
        }
    }

    #[test]
    fn accepts_the_events_of_a_sender_whose_verification_is_computed(value in "[A-Za-z0-9_.+/=-]{1,40}") {
        let body = json!({ "crc_token": value }).to_string();
        for computed in COMPUTED {
            let Some(config) = computing("hmac-sha256", "{timestamp}.{body}", computed) else {
                continue;
            };
            let signature = hex::encode(hmac(KEY, &format!("1700000000.{body}")));
            let event = Sent::post(&[JSON, ("x-signature", &signature), ("x-time", "1700000000"), ("x-nonce", "n")], &body);
            prop_assert_eq!(event.to(&config), Outcome::Event, "{}", computed);
        }
    }
}
