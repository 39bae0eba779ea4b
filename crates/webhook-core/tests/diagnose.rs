//! Requests gone through every check, and that this and judging agree.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{json, Value};
use sha2::Sha256;
use webhook_core::diagnose::Diagnosed;
use webhook_core::endpoint::Endpoint;
use webhook_core::request::{Headers, Request};

const JSON: (&str, &str) = ("content-type", "application/json");

struct Case<'a> {
    config: Value,
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
    peer: &'a str,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            config: json!({}),
            method: "POST",
            path: "",
            headers: vec![JSON],
            body: b"{}",
            peer: "203.0.113.7",
        }
    }
}

impl Case<'_> {
    /// What the checks came to; judging has to come to the same.
    fn diagnose(&self) -> Diagnosed {
        let endpoint = Endpoint::new(&self.config, 1000).expect("a usable configuration");
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = Headers::new(self.headers.iter().map(own));
        let request = || Request {
            method: self.method,
            path: self.path,
            url: "",
            query: "",
            headers: &headers,
            body: self.body,
            peer: self.peer,
            now: 0,
        };
        let diagnosed = endpoint.diagnose(request(), None);
        if !self.peer.is_empty() {
            let judged = endpoint.judge(request()).map_err(|rejected| rejected.code());
            let first = self.list(&diagnosed).into_iter().find_map(|check| check.2);
            assert_eq!(judged.is_ok(), diagnosed.accepted);
            assert_eq!(judged.err().map(str::to_owned), first);
        }
        diagnosed
    }

    // Check, outcome and the code of its rejection.
    fn list(&self, diagnosed: &Diagnosed) -> Vec<(String, String, Option<String>)> {
        let checks = serde_json::to_value(&diagnosed.checks).unwrap();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let check = |check: &Value| {
            let name = match check["index"].as_u64() {
                Some(index) => format!("{}{index}", check["check"].as_str().unwrap()),
                None => text(&check["check"]).unwrap(),
            };
            (
                name,
                text(&check["outcome"]).unwrap(),
                text(&check["rejection"]["code"]),
            )
        };
        checks.as_array().unwrap().iter().map(check).collect()
    }

    /// Those that are configured, as `name:outcome`.
    fn outcomes(&self) -> String {
        let list = self.list(&self.diagnose());
        let configured = list.iter().filter(|(_, outcome, _)| outcome != "notConfigured");
        let short: Vec<_> = configured
            .map(|(name, outcome, _)| format!("{name}:{outcome}"))
            .collect();
        short.join(" ")
    }

    fn diagnosis_of(&self, name: &str) -> Value {
        let checks = serde_json::to_value(self.diagnose().checks).unwrap();
        let check = checks.as_array().unwrap().iter().find(|check| check["check"] == name);
        check.unwrap()["diagnosis"].clone()
    }
}

fn github(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[test]
fn reports_unconfigured_checks_and_passes_the_others() {
    let diagnosed = Case::default().diagnose();
    let list = Case::default().list(&diagnosed);
    let expected = [
        ("method", "passed"),
        ("size", "passed"),
        ("address", "notConfigured"),
        ("basic", "notConfigured"),
        ("authentication0", "notConfigured"),
        ("verification", "notConfigured"),
        ("envelope", "notConfigured"),
        ("body", "passed"),
    ];
    let found: Vec<_> = list
        .iter()
        .map(|(name, outcome, _)| (name.as_str(), outcome.as_str()))
        .collect();
    assert_eq!(found, expected);
    assert!(diagnosed.accepted);
}

#[test]
fn checks_every_method_and_reads_nothing_if_one_fails() {
    let config = json!({
        "addresses": { "allow": ["198.51.100.1"] },
        "basicAuthentication": { "username": "u", "password": "p" },
        "authentication": [
            { "preset": "github", "secrets": ["s"] },
            { "preset": "gitlab-token", "secrets": ["t"] },
            { "preset": "stripe", "secrets": ["x"] },
        ],
    });
    let case = Case {
        config,
        headers: vec![JSON, ("x-gitlab-token", "t")],
        body: b"{broken",
        ..Case::default()
    };
    assert_eq!(
        case.outcomes(),
        "method:passed size:passed address:failed basic:failed authentication0:failed authentication1:passed authentication2:failed body:notReached"
    );
    assert_eq!(
        case.diagnosis_of("authentication"),
        json!({
            "code": "MISSING",
            "subject": "signature",
            "place": "header x-hub-signature-256",
            "message": "the signature is missing: expected it in header x-hub-signature-256",
        })
    );
    assert_eq!(case.diagnosis_of("basic")["place"], "header authorization");
}

#[test]
fn names_a_signature_over_another_form_of_the_body_without_the_right_one() {
    let body = br#"{"a":1,"b":"x/y"}"#;
    let signature = github("s3cret", br#"{"a": 1, "b": "x/y"}"#);
    let case = Case {
        config: json!({ "authentication": [{ "preset": "github", "secrets": ["s3cret"] }] }),
        headers: vec![JSON, ("x-hub-signature-256", &signature)],
        body,
        ..Case::default()
    };
    assert_eq!(case.diagnosis_of("authentication")["hint"], "bodyWhitespace");
    let shown = format!(
        "{:?} {}",
        case.diagnose(),
        serde_json::to_string(&case.diagnose().checks).unwrap()
    );
    for secret in ["s3cret", &github("s3cret", body)[7..], &signature[7..]] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn stops_at_a_wrong_method_path_or_size() {
    for (method, path, body, expected) in [
        ("GET", "", &b""[..], "method:failed size:notReached body:notReached"),
        ("POST", "more", b"", "method:failed size:notReached body:notReached"),
        ("POST", "", &[b' '; 1001], "method:passed size:failed body:notReached"),
        ("POST", "", b"{", "method:passed size:passed body:failed"),
    ] {
        let case = Case {
            method,
            path,
            body,
            ..Case::default()
        };
        assert_eq!(case.outcomes(), expected, "{method} {path}");
    }
}

#[test]
fn does_not_reject_an_unknown_address() {
    let case = Case {
        config: json!({ "addresses": { "allow": ["198.51.100.1"] } }),
        peer: "",
        ..Case::default()
    };
    assert_eq!(
        case.outcomes(),
        "method:passed size:passed address:notReached body:passed"
    );
    assert!(case.diagnose().accepted);
}

#[test]
fn passes_a_url_verification_at_its_check_which_events_never_reach() {
    let config = json!({
        "handshake": { "kind": "feishu", "verificationTokens": ["t"], "encryptKey": "test key" },
        "authentication": [{ "preset": "gitlab-token", "secrets": ["t"] }],
    });
    let with = |headers: Vec<(&'static str, &'static str)>, body: &'static [u8]| Case {
        config: config.clone(),
        headers,
        body,
        ..Case::default()
    };
    let verification = br#"{"type":"url_verification","challenge":"c","token":"t"}"#;
    let asked =
        "method:passed size:passed authentication0:notReached verification:passed envelope:notReached body:notReached";
    assert_eq!(with(vec![JSON], verification).outcomes(), asked);
    let wrong = br#"{"type":"url_verification","challenge":"c","token":"x"}"#;
    assert_eq!(
        with(vec![JSON], wrong).outcomes(),
        asked.replace("verification:passed", "verification:failed")
    );
    let token = vec![JSON, ("x-gitlab-token", "t")];
    assert_eq!(
        with(token.clone(), b"{}").outcomes(),
        "method:passed size:passed authentication0:passed verification:notReached envelope:passed body:passed"
    );
    assert_eq!(
        with(token, br#"{"encrypt":"P37w"}"#).outcomes(),
        "method:passed size:passed authentication0:passed verification:notReached envelope:failed body:notReached"
    );
}

#[test]
fn accepts_the_method_of_a_url_verification_for_nothing_else() {
    let case = Case {
        config: json!({ "handshake": { "kind": "meta", "verifyTokens": ["t"] } }),
        method: "GET",
        body: b"",
        ..Case::default()
    };
    assert_eq!(
        case.outcomes(),
        "method:failed size:passed verification:notReached body:notReached"
    );
}

#[test]
fn responds_to_slack_without_a_configured_method() {
    let case = Case {
        config: json!({ "handshake": { "kind": "slack" } }),
        body: br#"{"type":"url_verification","challenge":"c"}"#,
        ..Case::default()
    };
    assert_eq!(
        case.outcomes(),
        "method:passed size:passed verification:passed body:notReached"
    );
}

#[test]
fn skips_what_needs_a_body_that_was_not_read() {
    let token = json!({ "scheme": { "kind": "token", "from": { "header": "x-token" } }, "secrets": ["s"] });
    let config = json!({ "authentication": [{ "preset": "github", "secrets": ["s"] }, token] });
    let endpoint = Endpoint::new(&config, 1000).unwrap();
    for (sent, token) in [("wrong", "failed"), ("s", "passed")] {
        let headers = Headers::new([("x-token".to_owned(), sent.to_owned())]);
        let request = Request {
            method: "POST",
            path: "",
            url: "",
            query: "",
            headers: &headers,
            body: b"",
            peer: "203.0.113.7",
            now: 0,
        };
        let diagnosed = endpoint.diagnose(request, Some(10));
        assert!(!diagnosed.accepted);
        let checks = serde_json::to_value(diagnosed.checks).unwrap();
        let outcomes: Vec<_> = checks
            .as_array()
            .unwrap()
            .iter()
            .map(|check| &check["outcome"])
            .collect();
        assert_eq!(outcomes[4..6], ["notReached", token]);
        assert_eq!(outcomes.last().unwrap(), &"notReached");
    }
}
