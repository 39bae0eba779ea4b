//! What is wrong with a configuration, and where.

use serde_json::{json, Value};
use webhook_core::config::{check, check_answer};

fn found(config: &Value) -> Vec<(String, &'static str)> {
    check(config)
        .into_iter()
        .map(|issue| (issue.path, issue.code))
        .collect()
}

#[test]
fn good_configurations_have_no_issues() {
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
fn each_wrong_field_is_named() {
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
            basic(json!({ "username": "", "password": "p" })),
            "basicAuthentication.username",
            "REQUIRED",
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
            response(json!({ "headers": [{ "name": "x", "value": 1 }] })),
            "response.headers.0.value",
            "WRONG_TYPE",
        ),
    ] {
        assert_eq!(found(&config), vec![(path.to_owned(), code)], "{config}");
    }
}

#[test]
fn all_issues_are_listed_at_once() {
    let config = json!({ "basicAuthentication": {}, "response": { "statusCode": 1, "headers": [{}] } });
    assert_eq!(found(&config).len(), 4);
}

#[test]
fn messages_never_repeat_a_value() {
    let config = json!({ "basicAuthentication": "sesame", "request": { "headers": [{ "key": "sesame sesame" }] } });
    let issues = check(&config);
    assert_eq!(issues.len(), 2);
    assert!(
        issues.iter().all(|issue| !issue.message.contains("sesame")),
        "{issues:?}"
    );
}

#[test]
fn a_response_node_is_checked_by_the_same_rules() {
    assert_eq!(check_answer(&json!({ "statusCode": 200, "body": {} })), vec![]);
    assert_eq!(check_answer(&json!({ "statusCode": 700 }))[0].path, "statusCode");
}
