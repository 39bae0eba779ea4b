//! JSON Web Tokens. What another library makes of the same tokens is compared in `__test__/jwt.test.ts`.

use jsonwebtoken::{encode, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{json, Value};
use webhook_core::auth::{verify, verify_within, Diagnosis, PublicKeyChecks, RequestParts, Scheme, Secret, Subject};
use webhook_core::reading::LazyBody;
use webhook_core::request::Headers;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn judge(scheme: &str, authorization: &str, seconds: i64) -> Result<Option<Value>, Diagnosis> {
    let headers = Headers::new([("Authorization".to_owned(), authorization.to_owned())]);
    let request = RequestParts {
        method: "POST",
        url: "",
        query: "",
        headers: &headers,
        body: &LazyBody::new(None, &headers, b""),
    };
    let scheme = Scheme::from_json(scheme).unwrap();
    verify(&scheme, &[Secret::new(KEY).unwrap()], &request, seconds * 1000).map(|verified| verified.claims)
}

fn token(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(KEY.as_bytes())).unwrap()
}

#[test]
fn accepts_a_token_with_its_claims_until_it_expires() {
    let scheme = r#"{"kind":"jwt","algorithms":["HS256"],"issuer":"me","leeway":5}"#;
    let claims = json!({ "iss": "me", "exp": 1000, "nested": { "a": [1, null] } });
    let authorization = format!("bearer {}", token(&claims));
    assert_eq!(judge(scheme, &authorization, 1004), Ok(Some(claims)));
    let expired = judge(scheme, &authorization, 1005).unwrap_err();
    assert_eq!(
        expired.to_string(),
        "the claim exp isn't as it should be: expected a time that is not past"
    );
}

#[test]
fn rejects_a_token_of_more_than_16_kib_before_decoding_it() {
    let scheme = r#"{"kind":"jwt","algorithms":["HS256"]}"#;
    let sent = |length: usize| {
        judge(
            scheme,
            &format!("Bearer {}", token(&json!({ "exp": 1, "a": "b".repeat(length) }))),
            0,
        )
    };
    assert!(sent(12_000).is_ok());
    let rejected = sent(13_000).unwrap_err().to_string();
    assert!(rejected.ends_with("expected at most 16384 bytes"), "{rejected}");
}

#[test]
fn never_takes_a_public_key_behind_something_else_for_a_shared_secret() {
    let scheme = Scheme::from_json(r#"{"kind":"jwt","algorithms":["HS256","RS256"]}"#).unwrap();
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
    for before in ["", "\u{feff}", "# the key of the sender\n"] {
        let key = format!("{before}{pem}");
        let signed = EncodingKey::from_secret(key.as_bytes());
        let token = encode(&Header::default(), &json!({ "exp": 1000 }), &signed).unwrap();
        let headers = Headers::new([("Authorization".to_owned(), format!("Bearer {token}"))]);
        let request = RequestParts {
            method: "POST",
            url: "",
            query: "",
            headers: &headers,
            body: &LazyBody::new(None, &headers, b""),
        };
        assert!(verify(&scheme, &[Secret::new(&key).unwrap()], &request, 0).is_err());
    }
}

#[test]
fn shares_the_checks_with_public_keys_between_the_methods_of_a_request() {
    // The public key of a pair that was generated for this and discarded.
    let key = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERWgXiV1GStiL40fT0GlyhKwe+843\n\
        r649bAIphvGK1ez6Sw3rydyYOKFUCo1EMidF9TT5J/XFYBrmJnOgePLK1A==\n\
        -----END PUBLIC KEY-----\n";
    let secrets = vec![Secret::new(key).unwrap(); 4];
    let scheme = Scheme::from_json(r#"{"kind":"jwt","algorithms":["ES256"]}"#).unwrap();
    let token = format!("Bearer eyJhbGciOiJFUzI1NiJ9.e30.{}", "A".repeat(86));
    let headers = Headers::new([("authorization", token)]);
    let request = RequestParts {
        method: "POST",
        url: "",
        query: "",
        headers: &headers,
        body: &LazyBody::new(None, &headers, b""),
    };
    let checks = PublicKeyChecks::default();
    let verify = |secrets: &[Secret]| verify_within(&scheme, secrets, &request, 0, &checks).unwrap_err();
    let no_match = Diagnosis::NoMatch {
        signatures: 1,
        hint: None,
    };
    assert_eq!([verify(&secrets), verify(&secrets)], [no_match.clone(), no_match]);
    let rejected = verify(&secrets[..1]).to_string();
    assert!(
        rejected.ends_with("expected at most 8 checks with public keys"),
        "{rejected}"
    );
}

#[test]
fn rejects_a_scheme_without_an_algorithm_or_with_an_unknown_one() {
    for (scheme, message) in [
        (
            r#"{"kind":"jwt","algorithms":[]}"#,
            "expected at least one algorithm, but found none",
        ),
        (
            r#"{"kind":"jwt","algorithms":["none"]}"#,
            "unknown variant: expected one of `HS256`",
        ),
        (r#"{"kind":"jwt"}"#, "missing field `algorithms`"),
        (
            r#"{"kind":"jwt","algorithms":["HS256"],"audiences":"a"}"#,
            "unknown field: expected one of `place`",
        ),
    ] {
        let error = Scheme::from_json(scheme).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
}

proptest! {
    #[test]
    fn rejects_any_other_text_as_a_token_without_a_panic(text in "(Bearer )?[!-~é]{0,40}(\\.[A-Za-z0-9_=-]{0,20}){0,4}") {
        let scheme = r#"{"kind":"jwt","algorithms":["HS256","RS256","ES256"]}"#;
        let rejected = judge(scheme, &text, 0).unwrap_err();
        let is_about_it = matches!(
            rejected,
            Diagnosis::Missing { subject: Subject::Jwt, .. } | Diagnosis::Malformed { subject: Subject::Jwt, .. }
        );
        prop_assert!(is_about_it, "{:?}", rejected);
    }

    #[test]
    fn reads_claims_of_any_form_without_a_panic(exp in any::<f64>(), nbf in any::<i64>(), now in any::<i32>()) {
        let scheme = r#"{"kind":"jwt","algorithms":["HS256"],"audience":"a"}"#;
        for claims in [json!({ "exp": exp, "nbf": nbf, "aud": [1, {}] }), json!([exp]), json!("exp"), json!({ "exp": "1" })] {
            let rejected = judge(scheme, &format!("Bearer {}", token(&claims)), i64::from(now));
            prop_assert!(rejected.is_err());
        }
    }
}
