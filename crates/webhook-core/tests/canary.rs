//! No value of a configuration, which may have been filled from a secret variable, gets into a message.

use std::fmt::Debug;

use base64::prelude::{Engine as _, BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use webhook_core::auth::presets;
use webhook_core::config::{check, ConfigIssue};
use webhook_core::endpoint::Endpoint;
use webhook_core::request::{Headers, Request};

const LIMIT: usize = 1000;

/// Configurations that have every field with a value of the owner's.
fn configurations() -> Vec<Value> {
    let preset =
        |name: &&str| json!({ "authentication": [{ "preset": name, "secrets": ["one secret", "another secret"] }] });
    let scheme = |name: &&str| {
        let scheme = serde_json::to_value(presets::find(name)).unwrap();
        json!({ "authentication": [{ "scheme": scheme, "secrets": ["one secret"] }] })
    };
    let scheme_alone = |scheme: Value| json!({ "authentication": [{ "scheme": scheme, "secrets": ["one secret"] }] });
    let handshake = |handshake: Value| json!({ "handshake": handshake });
    let key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
    let others = [
        json!({ "basicAuthentication": { "username": "user", "password": "password" } }),
        scheme_alone(json!({ "kind": "token", "from": { "header": "authorization" }, "prefix": "Bearer " })),
        scheme_alone(json!({ "kind": "token", "from": { "query": "token" } })),
        scheme_alone(json!({ "kind": "token", "from": { "body": "token" }, "prefix": "x" })),
        scheme_alone(json!({ "kind": "jwt", "algorithms": ["HS256"], "issuer": "issuer", "audience": "audience" })),
        handshake(json!({ "kind": "meta", "verifyTokens": ["token"] })),
        handshake(json!({ "kind": "feishu", "verificationTokens": ["token"], "encryptKey": "key" })),
        handshake(json!({ "kind": "wecom", "encodingAesKey": key, "receiveId": "id" })),
        handshake(json!({ "kind": "dingtalk", "encodingAesKey": key, "receiveId": "id" })),
        handshake(json!({ "kind": "websub", "topics": ["topic"] })),
        handshake(json!({ "kind": "shopline", "appId": "id" })),
        json!({
            "authentication": [{ "preset": "github", "secrets": ["one secret"] }],
            "handshake": { "kind": "custom", "rules": [{
                "when": [{ "query": "signature", "equals": "x" }, { "body": "token", "equals": "x" }],
                "authentication": "none",
                "compute": { "algorithm": "hmac-sha256", "encoding": "hex", "signed": { "sorted": ["{query:nonce}", "{header:x-id}"] } },
                "reply": { "status": 200, "headers": [{ "name": "x-a", "value": "{computed}" }], "json": { "a": ["{form:b}"] } },
            }] },
        }),
        json!({ "addresses": { "allow": ["192.0.2.0/24"], "proxies": ["10.0.0.1"] } }),
        json!({ "addresses": { "allow": ["192.0.2.0/24"], "proxies": 1 } }),
        json!({ "rateLimit": { "requests": 1, "seconds": 1 }, "idempotency": { "source": "header", "key": "x-id" } }),
        json!({ "request": { "methods": ["POST"], "bodyLimit": 10, "readAs": "json", "rawBody": true } }),
        json!({ "request": { "keep": "all", "headers": [{ "key": "x-a" }], "query": [{ "key": "a" }] } }),
        json!({ "request": { "files": { "storage": "local" }, "body": [{ "key": "a", "_var": "b", "alias": "c" }] } }),
        json!({ "response": { "statusCode": 200, "headers": [{ "name": "x-a", "value": "b" }], "body": "c" } }),
    ];
    let all = presets::NAMES.iter();
    all.clone().map(preset).chain(all.map(scheme)).chain(others).collect()
}

/// The place of every value in a configuration, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| places(value, &format!("{at}/{name}"), found)),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .for_each(|(index, value)| places(value, &format!("{at}/{index}"), found)),
        _ => {}
    }
    if !at.is_empty() {
        found.push(at.to_owned());
    }
}

/// The canary as it could get out.
fn forms(canary: &str) -> Vec<String> {
    vec![
        canary.to_owned(),
        BASE64_STANDARD.encode(canary),
        hex::encode(Sha256::digest(canary)),
    ]
}

/// What is said about requests to a configuration with the canary in it, which came of a template.
fn texts(config: &Value, issues: &[ConfigIssue], canary: &str) -> Vec<String> {
    let mut texts: Vec<_> = issues.iter().map(|issue| format!("{issue:?}")).collect();
    let Ok(endpoint) = Endpoint::new(config, LIMIT) else {
        return texts;
    };
    let endpoint = endpoint.redacting([(canary.to_owned(), "{{$env.CANARY}}".to_owned())]);
    let names: Vec<_> = endpoint.header_names().to_vec();
    let sent = |value: &str| {
        Headers::new(
            names
                .iter()
                .map(|name| (name.clone(), value.to_owned()))
                .collect::<Vec<_>>(),
        )
    };
    for headers in [
        Headers::default(),
        sent("x"),
        sent("sha256=00"),
        sent("Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA"),
    ] {
        for (method, url, body) in [
            (
                "POST",
                "https://example.com/",
                &b"{\"token\":\"x\",\"type\":\"url_verification\"}"[..],
            ),
            (
                "GET",
                "https://example.com/?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1&echostr=x",
                b"",
            ),
            (
                "POST",
                "https://example.com/?token=x&signature=x&timestamp=1&nonce=1",
                b"<xml/>",
            ),
        ] {
            let request = || Request {
                method,
                path: "",
                url,
                query: url.split_once('?').map_or("", |(_, query)| query),
                headers: &headers,
                body,
                peer: "203.0.113.7",
                now: 1_700_000_000_000,
            };
            let diagnosed = endpoint.diagnose(request(), None);
            texts.push(format!(
                "{diagnosed:?} {}",
                serde_json::to_string(&diagnosed.checks).unwrap()
            ));
            let rejection = endpoint.judge(request()).err();
            texts.extend(rejection.map(|rejection| format!("{rejection} {rejection:?} {:?}", rejection.to_reply())));
        }
    }
    texts
}

fn assert_silent(canary: &str, texts: &[impl Debug], about: &Value) {
    for form in forms(canary) {
        for text in texts {
            let text = format!("{text:?}");
            // Names of headers are in lower case.
            assert!(
                !text.to_lowercase().contains(&form.to_lowercase()),
                "{about} gives {text}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn repeats_no_value_of_the_configuration_in_a_message(
        canary in "[A-Za-z][A-Za-z0-9]{11,30}",
        around in prop_oneof![Just(("", "")), Just(("", ", expected nothing")), Just(("{", "")), Just(("/", "`\"")), Just((" ", ":"))],
    ) {
        let value = format!("{}{canary}{}", around.0, around.1);
        for config in configurations() {
            let mut pointers = vec![];
            places(&config, "", &mut pointers);
            for pointer in pointers {
                for wrong in [json!(value), json!([value]), json!({ value.as_str(): value })] {
                    let mut config = config.clone();
                    *config.pointer_mut(&pointer).unwrap() = wrong;
                    let texts = texts(&config, &check(&config), &canary);
                    assert_silent(&canary, &texts, &config);
                }
            }
        }
    }
}

#[test]
fn prints_no_secret_in_debug_output() {
    let canary = "canary0123456789canary0123456789canary01234";
    let secrets = json!([canary]);
    for config in [
        json!({ "basicAuthentication": { "username": canary, "password": canary } }),
        json!({ "authentication": [{ "preset": "github", "secrets": secrets }] }),
        json!({ "authentication": [{ "scheme": { "kind": "jwt", "algorithms": ["HS256"] }, "secrets": secrets }] }),
        json!({ "handshake": { "kind": "meta", "verifyTokens": secrets } }),
        json!({ "handshake": { "kind": "feishu", "verificationTokens": secrets, "encryptKey": canary } }),
        json!({ "handshake": { "kind": "wecom", "encodingAesKey": canary } }),
        json!({
            "authentication": [{ "preset": "github", "secrets": [canary] }],
            "handshake": { "kind": "custom", "rules": [{
                "when": [{ "query": "a", "equals": canary }],
                "compute": { "algorithm": "hmac-sha256", "encoding": "hex", "signed": "{query:a}" },
                "reply": { "text": canary },
            }] },
        }),
        json!({ "handshake": { "kind": "dingtalk", "encodingAesKey": canary, "receiveId": "id" } }),
    ] {
        assert_silent(canary, &[Endpoint::new(&config, LIMIT).unwrap()], &config);
    }
}
