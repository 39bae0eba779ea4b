//! Requests and what becomes of them: the contract's tables, row by row.

use serde_json::{json, Value};
use webhook_core::auth::envelope::WecomKey;
use webhook_core::auth::Secret;
use webhook_core::endpoint::{Endpoint, Verdict};
use webhook_core::event::{Content, Event};
use webhook_core::limits::{context_limit, quoted_limit};
use webhook_core::rejection::Rejection;
use webhook_core::reply::Reply;
use webhook_core::request::{Headers, Request};

const LIMIT: usize = 1000;
const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

struct Case<'a> {
    config: Value,
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            config: json!({}),
            method: "POST",
            path: "",
            query: "",
            headers: vec![JSON],
            body: b"",
        }
    }
}

/// A configuration that keeps only what is listed; `keep.rs` is about the others.
fn listed(config: &Value) -> Value {
    let mut config = config.clone();
    if matches!(config.get("request"), None | Some(Value::Null)) {
        config["request"] = json!({});
    }
    config["request"]["keep"] = "listed".into();
    config
}

/// The context of an event without files to store.
fn context_of(event: Event) -> String {
    match event.content {
        Content::Context(context) => context,
        Content::Upload(_) => panic!("expected no files to store"),
    }
}

impl Case<'_> {
    /// The context as text, or status, code and message.
    fn text(&self) -> Result<String, (u16, &'static str, String)> {
        self.event().map(context_of)
    }

    /// What the request comes to, or status, code and message.
    fn judged(&self) -> Result<Verdict, (u16, &'static str, String)> {
        let endpoint = Endpoint::new(&listed(&self.config), LIMIT).expect("a usable configuration");
        let headers = Headers::new(
            self.headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let request = Request {
            method: self.method,
            query: self.query,
            headers: &headers,
            body: self.body,
            url: "",
            path: self.path,
            peer: "203.0.113.7",
            now: 0,
        };
        endpoint
            .judge(request)
            .map_err(|rejected| (rejected.status(), rejected.code(), rejected.message()))
    }

    /// The event, or status, code and message.
    fn event(&self) -> Result<Event, (u16, &'static str, String)> {
        match self.judged()? {
            Verdict::Event(event) => Ok(event),
            other => panic!("expected an event, but found {other:?}"),
        }
    }

    /// The context, or status and code.
    fn judge(&self) -> Result<Value, (u16, &'static str)> {
        match self.text() {
            Ok(context) => Ok(serde_json::from_str(&context).expect("the context is JSON")),
            Err((status, code, _)) => Err((status, code)),
        }
    }
}

#[test]
fn passes_the_whole_query_and_body_but_no_header_without_a_configuration() {
    let case = Case {
        query: "a=1&b[]=2&b[]=3",
        headers: vec![JSON, ("Authorization", "Basic YTpi"), ("X-Token", "secret")],
        body: br#"{"x":{"y":null}}"#,
        ..Case::default()
    };
    let context = json!({ "headers": {}, "query": { "a": "1", "b": ["2", "3"] }, "body": { "x": { "y": null } } });
    assert_eq!(case.judge(), Ok(context));
}

#[test]
fn treats_an_empty_body_as_absent_whatever_its_type() {
    for headers in [vec![], vec![JSON], vec![("content-type", "image/png")]] {
        assert_eq!(
            Case {
                headers,
                ..Case::default()
            }
            .judge(),
            Ok(json!({ "headers": {}, "query": {} }))
        );
    }
}

#[test]
fn matches_headers_in_any_case_and_stores_them_under_the_configured_key() {
    let keys = json!([{ "key": "X-Request-Id" }, { "key": "x-absent" }, { "key": "accept" }]);
    let case = Case {
        config: json!({ "request": { "headers": keys } }),
        headers: vec![("x-request-ID", "r1"), ("Accept", "a"), ("ACCEPT", "b")],
        ..Case::default()
    };
    let headers = json!({ "X-Request-Id": "r1", "accept": "a, b" });
    assert_eq!(case.judge(), Ok(json!({ "headers": headers, "query": {} })));
}

#[test]
fn stores_items_under_their_var_or_path_and_leaves_out_absent_ones() {
    let case = Case {
        config: json!({ "request": {
            "query": [{ "key": "query[0].a", "_var": "v_q" }, { "key": "order.id", "alias": "Order" }, { "key": "none" }],
            "body": [
                { "key": "data.id" },
                { "key": "data.zero", "_var": "v_z" },
                { "key": "items[].id" },
                { "key": "data.nil" },
                { "key": "no.such" },
            ],
        }}),
        query: "query[0][a]=1&order[id]=7",
        body: br#"{"data":{"id":5,"zero":0,"nil":null},"items":[{"id":1},{"id":2}]}"#,
        ..Case::default()
    };
    let context = json!({
        "headers": {},
        "query": { "v_q": "1", "order": { "id": "7" } },
        "body": { "data": { "id": 5, "nil": null }, "v_z": 0, "items": [{ "id": 1 }, { "id": 2 }] },
    });
    assert_eq!(case.judge(), Ok(context));
}

#[test]
fn ignores_rows_without_a_key_and_null_fields() {
    let config = json!({
        "basicAuthentication": null,
        "request": { "headers": null, "query": [{}], "body": [{ "key": "" }] },
        "response": null,
    });
    let context = json!({ "headers": {}, "query": {}, "body": [1] });
    assert_eq!(
        Case {
            config,
            body: b"[1]",
            ..Case::default()
        }
        .judge(),
        Ok(context)
    );
}

#[test]
fn leaves_out_each_body_item_of_a_request_without_a_body() {
    let config = json!({ "request": { "body": [{ "key": "a" }] } });
    assert_eq!(
        Case {
            config,
            ..Case::default()
        }
        .judge(),
        Ok(json!({ "headers": {}, "query": {}, "body": {} }))
    );
}

#[test]
fn rejects_other_methods_with_405() {
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "post"] {
        assert_eq!(
            Case {
                method,
                ..Case::default()
            }
            .judge(),
            Err((405, "METHOD_NOT_ALLOWED")),
            "{method}"
        );
    }
}

#[test]
fn rejects_missing_or_wrong_credentials_with_401_before_parsing() {
    let config = json!({ "basicAuthentication": { "username": "u", "password": "p:ä" } });
    for authorization in [None, Some("Basic dTpw"), Some("Bearer x")] {
        let mut headers = vec![JSON];
        headers.extend(authorization.map(|value| ("Authorization", value)));
        let case = Case {
            config: config.clone(),
            headers,
            body: b"{broken",
            ..Case::default()
        };
        assert_eq!(case.judge(), Err((401, "UNAUTHORIZED")), "{authorization:?}");
    }
    let headers = vec![JSON, ("Authorization", "Basic dTpwOsOk")];
    assert!(Case {
        config,
        headers,
        ..Case::default()
    }
    .judge()
    .is_ok());
}

#[test]
fn rejects_a_body_over_the_limit_before_checking_credentials() {
    let config = json!({ "basicAuthentication": { "username": "u", "password": "p" } });
    let body = vec![b' '; LIMIT + 1];
    assert_eq!(
        Case {
            config,
            body: &body,
            ..Case::default()
        }
        .judge(),
        Err((413, "BODY_TOO_LARGE"))
    );
}

#[test]
fn rejects_malformed_bodies_with_400_and_the_place() {
    for (header, body, place) in [
        (JSON, &b"{\"a\":1,\n}"[..], "line 2, column 1"),
        (JSON, b"\xef\xbb\xbf{\"a\" 1}", "line 1"),
        (JSON, b"{\"a\":\"\xff\"}", "line 1, column 7"),
        (JSON, b" x", "line 1"),
        (FORM, b"a=%zz", "line 1, column 3"),
        (FORM, b"a=%ff", "line 1"),
    ] {
        let (status, _, message) = Case {
            headers: vec![header],
            body,
            ..Case::default()
        }
        .text()
        .unwrap_err();
        assert_eq!(status, 400, "{message}");
        assert!(message.contains(place), "{message}");
    }
}

#[test]
fn rejects_variables_over_their_limit_with_413_whatever_their_source() {
    let rows = |key: &str, count: usize| -> Vec<Value> {
        let row = |index| json!({ "key": key, "_var": format!("v{index}") });
        (0..count).map(row).collect()
    };
    let long = "x".repeat(64 * 1024);
    let control = "\u{1}".repeat(512 * 1024);
    let quotes = "\"".repeat(512 * 1024);
    let spellings: Vec<_> = (0..32_u32)
        .map(|bits| {
            let letter = |at: u32| if bits >> at & 1 == 1 { 'A' } else { 'a' };
            json!({ "key": (0..5).map(letter).collect::<String>() })
        })
        .collect();
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(2 << 20));
    let query = format!("a={long}");
    let path = format!("x/{}", "%01".repeat(256 * 1024));
    let text = ("Content-Type", "text/plain");
    let form_data = ("Content-Type", "multipart/form-data; boundary=b");
    let with_file = format!(
        "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n{long}\r\n\
         --b\r\nContent-Disposition: form-data; name=scan; filename=a.pdf\r\n\r\n%PDF\r\n--b--",
    );
    for (what, request, headers, query, path, body) in [
        (
            "headers",
            json!({ "headers": spellings }),
            vec![JSON, ("aaaaa", &long)],
            "",
            "",
            "{}",
        ),
        ("query", json!({ "query": rows("a", 32) }), vec![JSON], &query, "", "{}"),
        ("body", json!({ "body": rows("a", 32) }), vec![JSON], "", "", &body),
        ("text", json!({}), vec![text], "", "", &control),
        (
            "form with files to store",
            json!({ "files": {}, "body": rows("a", 32) }),
            vec![form_data],
            "",
            "",
            &with_file,
        ),
        ("raw body", json!({ "rawBody": true }), vec![text], "", "", &quotes),
        (
            "params",
            json!({ "params": [{ "key": "p" }, { "key": "q" }] }),
            vec![JSON],
            "",
            &path,
            "{}",
        ),
    ] {
        let config = json!({ "request": request });
        let headers = Headers::new(headers);
        let request = Request {
            method: "POST",
            query,
            headers: &headers,
            body: body.as_bytes(),
            url: "",
            path,
            peer: "203.0.113.7",
            now: 0,
        };
        let endpoint = Endpoint::new(&config, 10 << 20).unwrap();
        let rejected = endpoint.judge(request).unwrap_err();
        let limit = match what {
            "text" => quoted_limit(body.len()),
            _ => context_limit(body.len()),
        };
        assert_eq!(rejected, Rejection::ContextTooLarge { limit }, "{what}");
        assert_eq!((rejected.status(), rejected.code()), (413, "CONTEXT_TOO_LARGE"));
        assert!(rejected.message().contains(&limit.to_string()), "{rejected}");
    }
    let by_hand = Endpoint::new(&json!({ "request": { "body": rows("a", 32) } }), 10 << 20).unwrap();
    let rejected = by_hand.shape(&Headers::default(), None, Some(&body)).unwrap_err();
    assert_eq!(rejected.code(), "CONTEXT_TOO_LARGE");
    let rejected = by_hand.shape(&Headers::default(), None, Some("{")).unwrap_err();
    assert_eq!((rejected.status(), rejected.code()), (400, "JSON_UNEXPECTED_END"));
}

#[test]
fn never_rejects_a_request_for_its_query() {
    for query in [
        "a=%zz",
        "%",
        "[[[",
        "a[__proto__]=1",
        "&&&===",
        "a=%ff",
        &"a[".repeat(500),
    ] {
        assert!(
            Case {
                query,
                ..Case::default()
            }
            .judge()
            .is_ok(),
            "{query}"
        );
    }
}

#[test]
fn reads_forms_and_text_by_their_content_type() {
    let form = json!({ "order": { "id": "7" }, "tag": ["a", "b"] });
    for (content_type, body, read) in [
        (
            "application/x-www-form-urlencoded",
            &b"order[id]=7&tag=a&tag=b"[..],
            form,
        ),
        ("text/plain", b"hello", json!("hello")),
        ("application/cloudevents+json", b"0", json!(0)),
    ] {
        let case = Case {
            headers: vec![("content-type", content_type)],
            body,
            ..Case::default()
        };
        assert_eq!(
            case.judge(),
            Ok(json!({ "headers": {}, "query": {}, "body": read })),
            "{content_type}"
        );
    }
}

#[test]
fn treats_names_of_prototypes_as_plain_data() {
    let items = json!([{ "key": "__proto__.polluted" }, { "key": "constructor", "_var": "toString" }]);
    let case = Case {
        config: json!({ "request": { "body": items } }),
        body: br#"{"__proto__":{"polluted":1},"constructor":2}"#,
        ..Case::default()
    };
    assert!(case
        .text()
        .unwrap()
        .ends_with(r#""body":{"__proto__":{"polluted":1},"toString":2}}"#));
}

#[test]
fn rejects_a_configuration_whose_credentials_cannot_be_checked() {
    for basic in [
        json!(true),
        json!("u:p"),
        json!({ "username": "u" }),
        json!({ "username": "", "password": "" }),
    ] {
        let config = json!({ "basicAuthentication": basic });
        assert!(Endpoint::new(&config, LIMIT).is_err(), "{config}");
    }
}

mod authentication {
    use super::*;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    const BODY: &[u8] = br#"{"a":1}"#;

    fn github(secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(BODY);
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    fn judge(config: Value, headers: Vec<(&str, &str)>, body: &[u8]) -> Result<Value, (u16, &'static str)> {
        Case {
            config,
            headers,
            body,
            ..Case::default()
        }
        .judge()
    }

    #[test]
    fn checks_a_signature_over_the_exact_bytes_before_parsing() {
        let config = json!({ "authentication": [{ "preset": "github", "secrets": ["old", "new"] }] });
        let rejected = Err((401, "UNAUTHORIZED"));
        for secret in ["old", "new"] {
            let signature = github(secret);
            let headers = vec![JSON, ("X-Hub-Signature-256", signature.as_str())];
            assert!(judge(config.clone(), headers.clone(), BODY).is_ok());
            assert_eq!(judge(config.clone(), headers.clone(), br#"{"a": 1}"#), rejected);
            assert_eq!(judge(config.clone(), headers, b"{broken"), rejected);
        }
        let other = github("other");
        assert_eq!(
            judge(
                config.clone(),
                vec![JSON, ("X-Hub-Signature-256", other.as_str())],
                BODY
            ),
            rejected
        );
        assert_eq!(judge(config, vec![JSON], BODY), rejected);
    }

    #[test]
    fn needs_the_url_only_if_a_method_covers_it() {
        for (preset, signs_url) in [("github", false), ("twilio", true)] {
            let config = json!({ "authentication": [{ "preset": preset, "secrets": ["0123456789abcdef"] }] });
            let endpoint = Endpoint::new(&config, LIMIT).expect("a usable configuration");
            assert_eq!(endpoint.signs_url(), signs_url, "{preset}");
        }
    }

    #[test]
    fn requires_every_configured_method() {
        let config = json!({
            "basicAuthentication": { "username": "u", "password": "p" },
            "authentication": [
                { "preset": "github", "secrets": ["s"] },
                { "scheme": { "kind": "token", "from": { "header": "X-Token" } }, "secrets": ["t"] },
            ],
        });
        let signature = github("s");
        let all = [
            JSON,
            ("Authorization", "Basic dTpw"),
            ("X-Hub-Signature-256", signature.as_str()),
            ("X-Token", "t"),
        ];
        assert!(judge(config.clone(), all.to_vec(), BODY).is_ok());
        for left_out in 1..all.len() {
            let mut headers = all.to_vec();
            headers.remove(left_out);
            assert_eq!(
                judge(config.clone(), headers, BODY),
                Err((401, "UNAUTHORIZED")),
                "{left_out}"
            );
        }
    }

    /// What the head of a request without its body comes to.
    fn head(config: &Value, method: &str, query: &str, headers: &[(&str, &str)]) -> Result<(), &'static str> {
        let headers = Headers::new(
            headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let request = Request {
            method,
            path: "",
            url: "",
            query,
            headers: &headers,
            body: b"",
            peer: "203.0.113.7",
            now: 0,
        };
        let endpoint = Endpoint::new(config, LIMIT).expect("a usable configuration");
        endpoint.check_head(&request, 10).map_err(|rejected| rejected.code())
    }

    #[test]
    fn checks_before_the_body_whatever_does_not_need_it() {
        let github = json!({ "preset": "github", "secrets": ["s"] });
        let token = |from: Value| json!({ "scheme": { "kind": "token", "from": from }, "secrets": ["s"] });
        let jwt = json!({ "scheme": { "kind": "jwt", "algorithms": ["HS256"] }, "secrets": ["s".repeat(32)] });
        let with = |methods: &[&Value]| json!({ "authentication": methods });
        let in_header = token(json!({ "header": "x-token" }));
        let in_query = token(json!({ "query": "token" }));
        let in_body = token(json!({ "body": "token" }));
        let basic = json!({
            "basicAuthentication": { "username": "u", "password": "p" },
            "authentication": [github],
        });
        let elsewhere = json!({ "addresses": { "allow": ["192.0.2.1"] }, "authentication": [github] });
        let (unauthorized, taken) = (Err("UNAUTHORIZED"), Ok(()));
        let x = |value: &'static str| vec![("x-token", value)];
        for (config, query, headers, expected) in [
            (with(&[&github]), "", vec![], taken),
            (with(&[&in_body]), "", vec![], taken),
            (with(&[&in_header]), "", vec![], unauthorized),
            (with(&[&in_header]), "", x("S"), unauthorized),
            (with(&[&in_header]), "", x("s"), taken),
            (with(&[&in_query]), "", vec![], unauthorized),
            (with(&[&in_query]), "token=s", vec![], taken),
            (with(&[&github, &in_header]), "", vec![], unauthorized),
            (with(&[&github, &in_header]), "", x("s"), taken),
            (with(&[&jwt]), "", vec![("authorization", "Bearer x")], unauthorized),
            (basic.clone(), "", vec![], unauthorized),
            (basic, "", vec![("authorization", "Basic dTpw")], taken),
            (elsewhere, "", vec![], Err("FORBIDDEN")),
        ] {
            assert_eq!(
                head(&config, "POST", query, &headers),
                expected,
                "{config} {query} {headers:?}"
            );
        }
    }

    #[test]
    fn does_not_reject_an_unauthenticated_url_verification_by_its_head() {
        let with = |handshake: Value| {
            let token = json!({ "scheme": { "kind": "token", "from": { "header": "x-token" } }, "secrets": ["s"] });
            json!({ "handshake": handshake, "authentication": [token] })
        };
        let graph = with(json!({ "kind": "microsoft-graph" }));
        let meta = with(json!({ "kind": "meta", "verifyTokens": ["v"] }));
        let feishu = with(json!({ "kind": "feishu" }));
        let subscribe = "hub.mode=subscribe&hub.verify_token=v&hub.challenge=1";
        for (config, method, query, expected) in [
            (&graph, "POST", "validationToken=t", Ok(())),
            (&graph, "POST", "", Err("UNAUTHORIZED")),
            (&meta, "GET", subscribe, Ok(())),
            (&meta, "GET", "", Err("METHOD_NOT_ALLOWED")),
            (&meta, "POST", "", Err("UNAUTHORIZED")),
            // The verification is in the body.
            (&feishu, "POST", "", Ok(())),
        ] {
            assert_eq!(head(config, method, query, &[]), expected, "{config} {method} {query}");
        }
    }

    #[test]
    fn rejects_a_configuration_whose_methods_cannot_be_checked() {
        for method in [
            json!({}),
            json!("github"),
            json!({ "preset": "nosuch", "secrets": ["s"] }),
            json!({ "preset": "github" }),
            json!({ "preset": "github", "secrets": [] }),
            json!({ "preset": "github", "secrets": ["s", " "] }),
            json!({ "preset": "github", "secrets": [null] }),
            json!({ "preset": "github", "scheme": {}, "secrets": ["s"] }),
            json!({ "scheme": { "kind": "nosuch" }, "secrets": ["s"] }),
        ] {
            assert!(
                Endpoint::new(&json!({ "authentication": [method] }), LIMIT).is_err(),
                "{method}"
            );
        }
        assert!(Endpoint::new(&json!({ "authentication": {} }), LIMIT).is_err());
    }
}

#[test]
fn reads_the_idempotency_key_from_a_header_or_the_body() {
    let header = json!({ "idempotency": { "source": "header", "key": "X-Event-Id" } });
    let body = json!({ "idempotency": { "source": "body", "key": "event.id" } });
    for (config, headers, sent, expected) in [
        (&header, vec![JSON, ("x-event-id", "e1")], "{}", Some("e1")),
        (&header, vec![JSON, ("x-event-id", "")], "{}", None),
        (&header, vec![JSON], r#"{"event":{"id":"e1"}}"#, None),
        (&body, vec![JSON], r#"{"event":{"id":"e1"}}"#, Some("\"e1\"")),
        (&body, vec![JSON], r#"{"event":{"id":1}}"#, Some("1")),
        (&body, vec![JSON], r#"{"event":{"id":1.0}}"#, Some("1")),
        (&body, vec![JSON], r#"{"event":{"id":"\u0065\u0031"}}"#, Some("\"e1\"")),
        (
            &body,
            vec![JSON],
            r#"{"event":{"id":9007199254740993}}"#,
            Some("9007199254740993"),
        ),
        (&body, vec![JSON], r#"{"event":{"id":""}}"#, None),
        (&body, vec![JSON], r#"{"event":{"id":null}}"#, None),
        (&body, vec![JSON], r#"{"event":{"id":{"a":1}}}"#, None),
        (&body, vec![JSON, ("x-event-id", "e1")], "{}", None),
        (&body, vec![("content-type", "text/plain")], "event.id", None),
        (
            &body,
            vec![("content-type", "application/x-www-form-urlencoded")],
            "event[id]=e1",
            Some("\"e1\""),
        ),
        (
            &json!({}),
            vec![JSON, ("x-event-id", "e1")],
            r#"{"event":{"id":"e1"}}"#,
            None,
        ),
        (
            &json!({ "idempotency": false }),
            vec![JSON, ("x-event-id", "e1")],
            "{}",
            None,
        ),
    ] {
        let case = Case {
            config: config.clone(),
            headers,
            body: sent.as_bytes(),
            ..Case::default()
        };
        let key = case.event().expect("accepted").idempotency_key;
        assert_eq!(key.as_deref(), expected, "{config} {sent}");
    }
}

#[test]
fn reports_an_invalid_idempotency_and_closes_the_webhook() {
    for (idempotency, path) in [
        (json!({ "source": "query", "key": "id" }), "idempotency.source"),
        (json!({ "source": "header", "key": "x y" }), "idempotency.key"),
        (json!({ "source": "header" }), "idempotency.key"),
        (json!({ "source": "body", "key": "" }), "idempotency.key"),
        (json!("header"), "idempotency"),
    ] {
        let config = json!({ "idempotency": idempotency });
        let found: Vec<_> = webhook_core::config::check(&config)
            .into_iter()
            .map(|issue| issue.path)
            .collect();
        assert_eq!(found, [path], "{config}");
        assert!(Endpoint::new(&config, LIMIT).is_err(), "{config}");
    }
}

mod intake {
    use super::*;

    #[test]
    fn accepts_exactly_the_configured_methods() {
        let config = json!({ "request": { "methods": ["GET", "POST", "GET"] } });
        for (method, status) in [("GET", 200), ("POST", 200), ("PUT", 405), ("HEAD", 405)] {
            let judged = Case {
                config: config.clone(),
                method,
                ..Case::default()
            }
            .judge();
            assert_eq!(judged.map_or_else(|(status, _)| status, |_| 200), status, "{method}");
        }
    }

    #[test]
    fn passes_path_parameters_and_requires_as_many_as_configured() {
        let config = json!({ "request": { "params": [{ "key": "shop" }, { "key": "order.id", "_var": "v" }] } });
        let judge = |path| {
            Case {
                config: config.clone(),
                path,
                ..Case::default()
            }
            .judge()
        };
        let context = json!({ "headers": {}, "query": {}, "params": { "shop": "a b", "v": "7" } });
        assert_eq!(judge("a%20b/7"), Ok(context));
        for path in ["", "a", "a/b/c", "a/%ff", "/"] {
            assert_eq!(judge(path), Err((404, "NOT_FOUND")), "{path}");
        }
        assert_eq!(
            Case {
                path: "a",
                ..Case::default()
            }
            .judge(),
            Err((404, "NOT_FOUND"))
        );
    }

    #[test]
    fn applies_a_body_limit_below_that_of_the_app_but_never_raises_it() {
        for (limit, size, ok) in [(10, 10, true), (10, 11, false), (5000, LIMIT + 1, false)] {
            let config = json!({ "request": { "bodyLimit": limit } });
            let body = [&b"\""[..], &vec![b'x'; size - 2], b"\""].concat();
            assert_eq!(
                Case {
                    config,
                    body: &body,
                    ..Case::default()
                }
                .judge()
                .is_ok(),
                ok,
                "{limit} {size}"
            );
        }
    }

    #[test]
    fn reads_a_mislabelled_body_as_configured_and_passes_its_text_on_request() {
        let config = json!({ "request": { "readAs": "json", "rawBody": true, "body": [{ "key": "a" }] } });
        let case = Case {
            config,
            headers: vec![("content-type", "text/plain")],
            body: br#"{"a": 1}"#,
            ..Case::default()
        };
        let context = json!({ "headers": {}, "query": {}, "body": { "a": 1 }, "rawBody": "{\"a\": 1}" });
        assert_eq!(case.judge(), Ok(context));
    }

    const FORM_DATA: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=b");
    const PARTS: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"order[id]\"\r\n\r\n7\r\n\
        --b\r\nContent-Disposition: form-data; name=\"order[scan]\"; filename=\"a.pdf\"\r\n\
        Content-Type: application/pdf\r\n\r\n%PDF\xff\r\n--b--\r\n";

    #[test]
    fn passes_fields_and_files_of_a_multipart_body_by_their_paths() {
        let request = json!({
            "body": [{ "key": "order.id" }, { "key": "order.scan.size", "_var": "size" }],
            "headers": [{ "key": "Content-Type" }],
            "rawBody": true
        });
        let case = |request: &Value, body| {
            Case {
                config: json!({ "request": request, "idempotency": { "source": "body", "key": "order.id" } }),
                headers: vec![FORM_DATA],
                body,
                ..Case::default()
            }
            .event()
        };
        let event = case(&request, PARTS).unwrap();
        let context = json!({
            "headers": { "Content-Type": FORM_DATA.1 },
            "query": {},
            // A body with files isn't text, so `rawBody` is absent.
            "body": { "order": { "id": "7" }, "size": 5 }
        });
        assert_eq!(event.idempotency_key.as_deref(), Some("\"7\""));
        assert_eq!(serde_json::from_str::<Value>(&context_of(event)).unwrap(), context);
        let (status, code, message) = case(&request, &PARTS[..40]).unwrap_err();
        assert_eq!((status, code), (400, "MULTIPART_SYNTAX"));
        assert!(
            message.starts_with("The multipart body is malformed: expected"),
            "{message}"
        );
    }

    #[test]
    fn builds_the_context_with_the_records_of_stored_files() {
        let request =
            json!({ "files": { "storage": "s3" }, "body": [{ "key": "order.scan.id" }], "params": [{ "key": "p" }] });
        let config = json!({ "request": request });
        let event = |body| {
            Case {
                config: config.clone(),
                path: "x",
                headers: vec![FORM_DATA],
                body,
                ..Case::default()
            }
            .event()
            .unwrap()
        };
        let Content::Upload(upload) = event(PARTS).content else {
            panic!("expected files");
        };
        assert_eq!(upload.storage.name.as_deref(), Some("s3"));
        let files: Vec<_> = upload
            .files()
            .map(|file| (&*file.filename, &*file.mimetype, &*file.content))
            .collect();
        assert_eq!(files, [("a.pdf", "application/pdf", &b"%PDF\xff"[..])]);
        let endpoint = Endpoint::new(&listed(&config), LIMIT).unwrap();
        let context = endpoint.context(&upload, &["{\"id\":9}".to_owned()]).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&context).unwrap(),
            json!({ "headers": {}, "query": {}, "body": { "order": { "scan": { "id": 9 } } }, "params": { "p": "x" } })
        );
        assert!(endpoint.context(&upload, &["{".to_owned()]).is_err());
        let row = |index| json!({ "key": "order.scan", "_var": format!("v{index}") });
        let rows = json!({ "request": { "body": (0..32).map(row).collect::<Vec<_>>() } });
        let record = format!("\"{}\"", "x".repeat(1 << 20));
        let rejected = Endpoint::new(&rows, LIMIT)
            .unwrap()
            .context(&upload, &[record])
            .unwrap_err();
        assert_eq!(rejected.code(), "CONTEXT_TOO_LARGE");
        let fields = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n7\r\n--b--";
        assert!(matches!(event(fields).content, Content::Context(_)));
    }

    #[test]
    fn rejects_a_configuration_of_requests_that_cannot_be_followed() {
        for request in [
            json!({ "files": true }),
            json!({ "files": { "storage": "" } }),
            json!({ "files": { "storage": 1 } }),
            json!({ "methods": ["TRACE"] }),
            json!({ "methods": "GET" }),
            json!({ "bodyLimit": 0 }),
            json!({ "bodyLimit": "1mb" }),
            json!({ "readAs": "yaml" }),
            json!({ "rawBody": 1 }),
        ] {
            assert!(
                Endpoint::new(&json!({ "request": request }), LIMIT).is_err(),
                "{request}"
            );
        }
    }
}

mod senders {
    use super::*;

    #[test]
    fn accepts_only_allowed_addresses_and_no_forged_ones() {
        for (addresses, forwarded, ok) in [
            (json!({ "allow": ["203.0.113.0/24"] }), None, true),
            (json!({ "allow": ["::ffff:203.0.113.7"] }), None, true),
            (json!({ "allow": ["198.51.100.9"] }), None, false),
            (json!({ "allow": ["198.51.100.9"] }), Some("198.51.100.9"), false),
            (
                json!({ "allow": ["198.51.100.9"], "proxies": 1 }),
                Some("192.0.2.1, 198.51.100.9"),
                true,
            ),
            (
                json!({ "allow": ["198.51.100.9"], "proxies": 1 }),
                Some("198.51.100.9, 192.0.2.1"),
                false,
            ),
            (
                json!({ "allow": ["198.51.100.9"], "proxies": ["203.0.113.7"] }),
                Some("198.51.100.9"),
                true,
            ),
            (json!({ "allow": ["203.0.113.7"], "proxies": 1 }), None, false),
        ] {
            let config = json!({ "addresses": addresses, "basicAuthentication": { "username": "u", "password": "p" } });
            let mut headers = vec![JSON, ("Authorization", "Basic dTpw")];
            headers.extend(forwarded.map(|value| ("X-Forwarded-For", value)));
            let judged = Case {
                config,
                headers,
                ..Case::default()
            }
            .judge();
            let expected = if ok { Ok(()) } else { Err((403, "FORBIDDEN")) };
            assert_eq!(judged.map(|_| ()), expected, "{addresses} {forwarded:?}");
        }
    }

    #[test]
    fn responds_to_a_url_verification_without_an_event_and_accepts_its_method_for_nothing_else() {
        let handshake = json!({ "kind": "meta", "verifyTokens": ["t"] });
        let config = json!({ "handshake": handshake, "authentication": [{ "preset": "meta", "secrets": ["s"] }] });
        let judged = |query| {
            Case {
                config: config.clone(),
                method: "GET",
                query,
                ..Case::default()
            }
            .judged()
        };
        let asked = judged("hub.mode=subscribe&hub.verify_token=t&hub.challenge=42").unwrap();
        assert!(matches!(asked, Verdict::Verification(reply) if (reply.status, reply.body.as_str()) == (200, "42")));
        let rejected = judged("hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=42").unwrap_err();
        assert_eq!((rejected.0, rejected.1), (403, "VERIFICATION_REJECTED"));
        assert_eq!(judged("a=1").unwrap_err().0, 405);
    }

    #[test]
    fn responds_to_a_signed_url_verification_only_after_checking_the_signature() {
        let body = br#"{"type":"url_verification","challenge":"c"}"#;
        let token = json!({ "scheme": { "kind": "token", "from": { "header": "X-Token" } }, "secrets": ["t"] });
        let config = json!({ "handshake": { "kind": "slack" }, "authentication": [token] });
        let judged = |token| {
            let headers = vec![JSON, ("X-Token", token)];
            Case {
                config: config.clone(),
                headers,
                body,
                ..Case::default()
            }
            .judged()
        };
        assert!(matches!(judged("t").unwrap(), Verdict::Verification(reply) if reply.body == "c"));
        assert_eq!(judged("wrong").unwrap_err().0, 401);
    }

    #[test]
    fn responds_to_dingtalk_with_the_acknowledgement_as_the_body() {
        let aes_key = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";
        let key = WecomKey::new(&Secret::new(aes_key).unwrap()).unwrap();
        let config = json!({
            "handshake": { "kind": "dingtalk", "encodingAesKey": aes_key, "receiveId": "id" },
            "authentication": [{ "scheme": { "kind": "token", "from": { "header": "X-Token" } }, "secrets": ["old", "new"] }],
        });
        let endpoint = Endpoint::new(&config, LIMIT).unwrap();
        assert!(endpoint.acknowledges());
        let judged = |message: &str| {
            let body = json!({ "encrypt": key.seal(message.as_bytes(), "id", [1; 16]) }).to_string();
            Case {
                config: config.clone(),
                headers: vec![JSON, ("X-Token", "new")],
                body: body.as_bytes(),
                ..Case::default()
            }
            .judged()
            .unwrap()
        };
        assert_eq!(
            judged(r#"{"EventType":"check_url"}"#),
            Verdict::Acknowledge { secret: Some(1) }
        );
        let Verdict::Event(event) = judged(r#"{"EventType":"bpms_task_change"}"#) else {
            panic!()
        };
        assert_eq!(event.secret, Some(1));
        let answer = |status| Reply {
            status,
            headers: vec![
                ("x-own".to_owned(), "1".to_owned()),
                ("content-type".to_owned(), "text/html".to_owned()),
            ],
            body: "configured".to_owned(),
        };
        let acknowledged = endpoint.acknowledge(answer(204), event.secret, 0, [2; 16]);
        assert_eq!(acknowledged.status, 200);
        assert_eq!(acknowledged.headers[0], ("x-own".to_owned(), "1".to_owned()));
        let types = acknowledged.headers.iter().filter(|(name, _)| name == "content-type");
        assert_eq!(
            types.map(|(_, value)| value.as_str()).collect::<Vec<_>>(),
            ["application/json; charset=utf-8"]
        );
        let body: Value = serde_json::from_str(&acknowledged.body).unwrap();
        assert_eq!(
            key.open(body["encrypt"].as_str().unwrap(), Some("id")).unwrap(),
            b"success"
        );
        assert_eq!(endpoint.acknowledge(answer(503), event.secret, 0, [2; 16]), answer(503));
        assert_eq!(endpoint.acknowledge(answer(200), None, 0, [2; 16]), answer(200));
    }

    #[test]
    fn rejects_a_configuration_of_senders_that_cannot_be_followed() {
        for config in [
            json!({ "addresses": {} }),
            json!({ "addresses": { "allow": [] } }),
            json!({ "addresses": { "allow": ["nonsense"] } }),
            json!({ "addresses": { "allow": ["192.0.2.1"], "proxies": -1 } }),
            json!({ "addresses": ["192.0.2.1"] }),
            json!({ "handshake": { "kind": "nosuch" } }),
            json!({ "handshake": { "kind": "meta" } }),
            json!({ "handshake": "slack" }),
            json!({ "handshake": { "kind": "wecom", "encodingAesKey": "short" } }),
        ] {
            assert!(Endpoint::new(&config, LIMIT).is_err(), "{config}");
        }
    }
}
