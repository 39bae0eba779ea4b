//! What is wrong with a configuration, and where.

use serde_json::{json, Value};
use webhook_core::config::{check, check_answer, Config, ConfigIssue};
use webhook_core::limits::{MAX_NAMED_ROWS, MAX_ROWS};

fn found(config: &Value) -> Vec<(String, &'static str)> {
    check(config)
        .into_iter()
        .map(|issue| (issue.path, issue.code))
        .collect()
}

#[test]
fn finds_no_issues_in_good_configurations() {
    for config in [
        json!({}),
        json!({ "basicAuthentication": false }),
        json!({ "basicAuthentication": { "username": "{{$env.USER}}", "password": "{{$env.PASSWORD}}" } }),
        json!({
            "basicAuthentication": { "username": "u1", "password": "p1" },
            "request": {
                "headers": [{ "key": "X-Request-Id" }],
                "query": [{ "_var": "v_1", "key": "token", "alias": "Token alias" }],
                "body": [{ "key": "order.id", "_var": "v_2" }, { "key": "query[0].a" }],
            },
            "response": { "statusCode": 200, "headers": [{ "name": "X-Test" }], "body": { "ok": true, "id": "" } },
            "unknown": { "kept": true },
        }),
        json!({ "rateLimit": false }),
        json!({ "rateLimit": { "requests": 1, "seconds": 86_400 } }),
        json!({ "handshake": { "kind": "wecom", "encodingAesKey": "{{$env.KEY}}" } }),
        json!({ "request": null, "response": { "statusCode": null, "headers": null, "body": null } }),
    ] {
        assert_eq!(found(&config), vec![], "{config}");
    }
}

#[test]
fn names_each_wrong_field() {
    let basic = |basic: Value| json!({ "basicAuthentication": basic });
    let request = |request: Value| json!({ "request": request });
    let response = |response: Value| json!({ "response": response });
    for (config, path, code) in [
        (json!([]), "", "WRONG_TYPE"),
        (json!("x"), "", "WRONG_TYPE"),
        (basic(json!(true)), "basicAuthentication", "WRONG_TYPE"),
        (
            basic(json!({ "username": "u" })),
            "basicAuthentication.password",
            "REQUIRED",
        ),
        (
            basic(json!({ "username": "" })),
            "basicAuthentication.password",
            "REQUIRED",
        ),
        (request(json!({ "charset": "utf-7" })), "request.charset", "CHARSET"),
        (request(json!({ "charset": 1 })), "request.charset", "CHARSET"),
        (
            request(json!({ "bigNumbers": "no" })),
            "request.bigNumbers",
            "BIG_NUMBERS",
        ),
        (request(json!({ "answerHead": 1 })), "request.answerHead", "WRONG_TYPE"),
        (
            request(json!({ "decode": [{ "path": "a", "as": "xml" }] })),
            "request.decode.0.as",
            "DECODING",
        ),
        (
            request(json!({ "decode": [{ "as": "json" }] })),
            "request.decode.0.path",
            "REQUIRED",
        ),
        (
            request(json!({ "decode": [{ "path": "a[].b[]", "as": "json" }] })),
            "request.decode.0.path",
            "PATH",
        ),
        (
            request(json!({ "decode": vec![json!({ "path": "a", "as": "json" }); 9] })),
            "request.decode",
            "TOO_MANY",
        ),
        (json!({ "trustedProxies": -1 }), "trustedProxies", "PROXIES"),
        (json!({ "trustedProxies": ["x"] }), "trustedProxies.0", "ADDRESS"),
        (json!({ "publicUrl": "example.com" }), "publicUrl", "PUBLIC_URL"),
        (json!({ "publicUrl": "ftp://example.com" }), "publicUrl", "PUBLIC_URL"),
        (
            json!({ "publicUrl": "https://u:p@example.com" }),
            "publicUrl",
            "PUBLIC_URL",
        ),
        (
            json!({ "publicUrl": "https://example.com/?a" }),
            "publicUrl",
            "PUBLIC_URL",
        ),
        (
            basic(json!({ "username": "a:b", "password": "p" })),
            "basicAuthentication.username",
            "COLON_IN_USERNAME",
        ),
        (json!({ "rateLimit": true }), "rateLimit", "WRONG_TYPE"),
        (
            json!({ "rateLimit": { "requests": 1 } }),
            "rateLimit.seconds",
            "RATE_LIMIT",
        ),
        (
            json!({ "rateLimit": { "requests": 0, "seconds": 1 } }),
            "rateLimit.requests",
            "RATE_LIMIT",
        ),
        (
            json!({ "rateLimit": { "requests": 1.5, "seconds": 1 } }),
            "rateLimit.requests",
            "RATE_LIMIT",
        ),
        (
            json!({ "rateLimit": { "requests": 1_000_001, "seconds": 1 } }),
            "rateLimit.requests",
            "RATE_LIMIT",
        ),
        (
            json!({ "rateLimit": { "requests": 1, "seconds": 86_401 } }),
            "rateLimit.seconds",
            "RATE_LIMIT",
        ),
        (
            json!({ "handshake": { "kind": "wecom", "encodingAesKey": "k" } }),
            "handshake.encodingAesKey",
            "AES_KEY",
        ),
        (request(json!([])), "request", "WRONG_TYPE"),
        (request(json!({ "body": {} })), "request.body", "WRONG_TYPE"),
        (request(json!({ "body": [1] })), "request.body.0", "WRONG_TYPE"),
        (
            request(json!({ "body": [{ "key": "a" }, {}] })),
            "request.body.1.key",
            "REQUIRED",
        ),
        (
            request(json!({ "query": [{ "key": "" }] })),
            "request.query.0.key",
            "REQUIRED",
        ),
        (
            request(json!({ "query": [{ "key": "a", "_var": 1 }] })),
            "request.query.0._var",
            "WRONG_TYPE",
        ),
        (
            request(json!({ "headers": [{ "key": "a b" }] })),
            "request.headers.0.key",
            "HEADER_NAME",
        ),
        (response(json!("ok")), "response", "WRONG_TYPE"),
        (
            response(json!({ "statusCode": 199 })),
            "response.statusCode",
            "STATUS_CODE",
        ),
        (
            response(json!({ "statusCode": 600 })),
            "response.statusCode",
            "STATUS_CODE",
        ),
        (
            response(json!({ "statusCode": 200.5 })),
            "response.statusCode",
            "STATUS_CODE",
        ),
        (
            response(json!({ "statusCode": "200" })),
            "response.statusCode",
            "STATUS_CODE",
        ),
        (
            response(json!({ "headers": [{ "name": "1x", "value": "" }] })),
            "response.headers.0.name",
            "HEADER_NAME",
        ),
        (
            response(json!({ "headers": [{ "name": "x", "value": "a\nb" }] })),
            "response.headers.0.value",
            "HEADER_VALUE",
        ),
        (
            response(json!({ "headers": [{ "name": "x", "value": 1 }] })),
            "response.headers.0.value",
            "WRONG_TYPE",
        ),
    ] {
        assert_eq!(found(&config), vec![(path.to_owned(), code)], "{config}");
    }
}

#[test]
fn lists_all_issues_at_once() {
    let config = json!({ "basicAuthentication": {}, "response": { "statusCode": 1, "headers": [{}] } });
    assert_eq!(found(&config).len(), 4);
}

#[test]
fn never_repeats_a_value_in_a_message() {
    let config = json!({ "basicAuthentication": "sesame", "request": { "headers": [{ "key": "sesame sesame" }] } });
    let issues = check(&config);
    assert_eq!(issues.len(), 2);
    assert!(
        issues.iter().all(|issue| !issue.message.contains("sesame")),
        "{issues:?}"
    );
}

#[test]
fn checks_a_response_node_by_the_same_rules() {
    assert_eq!(check_answer(&json!({ "statusCode": 200, "body": {} })), vec![]);
    assert_eq!(check_answer(&json!({ "statusCode": 700 }))[0].path, "statusCode");
}

/// A configuration in which every known key has a value.
fn complete() -> Value {
    json!({
        "public": true,
        "basicAuthentication": { "username": "u", "password": "p" },
        "authentication": [{ "scheme": { "kind": "token", "from": { "header": "x-token" } }, "secrets": ["s"] }],
        "handshake": { "kind": "meta", "verifyTokens": ["v"] },
        "addresses": { "allow": ["192.0.2.0/24"], "proxies": ["10.0.0.0/8"] },
        "request": {
            "headers": [{ "key": "X-A" }],
            "query": [{ "key": "a.b", "alias": "A", "_var": "v1" }],
            "body": [{ "key": "a", "alias": "A", "_var": "v2" }],
            "params": [{ "key": "p", "_var": "v3" }],
            "methods": ["POST"],
            "bodyLimit": 100,
            "readAs": "json",
            "rawBody": true,
            "files": { "storage": "local" },
        },
        "idempotency": { "source": "body", "key": "id" },
        "rateLimit": { "requests": 1, "seconds": 1 },
        "response": { "statusCode": 200, "headers": [{ "name": "X-A", "value": "a" }], "body": "ok" },
    })
}

/// The JSON pointers of a value and of everything in it.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| pointers(member, &format!("{at}/{name}"), found)),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .for_each(|(index, element)| pointers(element, &format!("{at}/{index}"), found)),
        _ => {}
    }
}

#[test]
fn reports_a_value_of_a_wrong_type_anywhere_and_closes_the_webhook() {
    assert_eq!(found(&complete()), vec![]);
    assert!(Config::read(&complete()).is_ok());
    let mut all = vec![];
    pointers(&complete(), "", &mut all);
    // What may have any type.
    all.retain(|pointer| pointer != "/response/body");
    let others = [
        json!(true),
        json!(1.5),
        json!("\u{0}"),
        json!([]),
        json!([[]]),
        json!({ "x": 1 }),
    ];
    for pointer in all {
        let original = complete().pointer(&pointer).cloned().unwrap();
        for other in others
            .iter()
            .filter(|other| std::mem::discriminant(*other) != std::mem::discriminant(&original))
        {
            let mut config = complete();
            *config.pointer_mut(&pointer).unwrap() = other.clone();
            let at = format!("{pointer} = {other}");
            assert!(!check(&config).is_empty(), "{at}");
            assert!(Config::read(&config).is_err(), "{at}");
        }
    }
}

#[test]
fn closes_a_webhook_with_an_empty_list_of_methods_but_not_one_without_a_list() {
    for closed in [
        json!({ "authentication": [] }),
        json!({ "authentication": {} }),
        json!({ "authentication": "github" }),
        json!({ "authentication": false }),
        json!({ "authentication": [null] }),
        json!({ "authentication": [], "public": true }),
        json!({ "authentication": [], "basicAuthentication": { "username": "u", "password": "p" } }),
        json!({ "public": "yes" }),
        json!({ "public": 1 }),
        json!(null),
        json!([]),
        json!("x"),
        json!(true),
    ] {
        assert!(!check(&closed).is_empty(), "{closed}");
        assert!(Config::read(&closed).is_err(), "{closed}");
    }
    for open in [
        json!({}),
        json!({ "public": true }),
        json!({ "public": false }),
        json!({ "public": null, "authentication": null, "basicAuthentication": false }),
    ] {
        assert_eq!(found(&open), vec![], "{open}");
        let config = Config::read(&open).unwrap();
        assert!(config.basic.is_none() && config.methods.is_empty(), "{open}");
    }
    // `public` confirms that a webhook without methods accepts anyone; configured methods still count.
    let both = json!({ "public": true, "basicAuthentication": { "username": "u", "password": "p" } });
    assert!(Config::read(&both).unwrap().basic.is_some());
}

#[test]
fn reports_rows_without_a_key_and_keeps_the_webhook_open() {
    for request in [
        json!({ "body": [{}] }),
        json!({ "query": [{ "key": "" }] }),
        json!({ "params": [{ "key": null }] }),
        json!({ "headers": [{ "key": "a b" }] }),
    ] {
        let config = json!({ "request": request });
        assert_eq!(check(&config).len(), 1, "{config}");
        assert!(Config::read(&config).is_ok(), "{config}");
    }
}

#[test]
fn rejects_response_headers_that_http_reserves() {
    for name in [
        "Trailer",
        "keep-alive",
        "TE",
        "Upgrade",
        "connection",
        "Content-Length",
        "Transfer-Encoding",
    ] {
        let response = json!({ "headers": [{ "name": name, "value": "x" }] });
        let code = |issues: Vec<ConfigIssue>| issues.into_iter().map(|issue| issue.code).collect::<Vec<_>>();
        assert_eq!(code(check_answer(&response)), ["HEADER_RESERVED"], "{name}");
        let config = json!({ "response": response });
        assert_eq!(code(Config::read(&config).unwrap_err()), ["HEADER_RESERVED"], "{name}");
    }
}

#[test]
fn rejects_more_rows_than_the_limit() {
    for (field, most) in [
        ("headers", MAX_NAMED_ROWS),
        ("params", MAX_NAMED_ROWS),
        ("query", MAX_ROWS),
        ("body", MAX_ROWS),
    ] {
        let config = |rows: usize| json!({ "request": { field: vec![json!({ "key": "a" }); rows] } });
        assert_eq!(found(&config(most)), vec![], "{field}");
        assert_eq!(found(&config(most + 1)), [(format!("request.{field}"), "TOO_MANY")]);
        assert!(Config::read(&config(most + 1)).is_err(), "{field}");
    }
}
