//! Signatures that are checked with a public key, made by OpenSSL: `openssl dgst -sha256 -sign`.

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine;
use serde_json::json;
use webhook_core::auth::{verify, Diagnosis, RequestParts, Scheme, Secret};
use webhook_core::endpoint::Endpoint;
use webhook_core::reading::LazyBody;
use webhook_core::request::Headers;

const RSA: &str = include_str!("keys/rsa.pem");
const P256: &str = include_str!("keys/p256.pem");
/// The certificate of the RSA key.
const CERTIFICATE: &str = include_str!("keys/certificate.pem");
const RSA_1024: &str = include_str!("keys/rsa-1024.pem");

const BODY: &str = r#"{"a":1}"#;

/// What the time in the header and the body are signed as, together.
const SIGNATURES: [(&str, &str, &str); 3] = [
    ("rsa-sha256", RSA, "CvfCbMSRCauHnA/ar+uVAbsYnRe81wi0De/p0t1FQYTTaeSePZME3IGyYfIFr8mHpJKD/J+NSKXtjoLtGY8K5xLf6+rf7eDbOER1P4Re42SFumK+Z1WJE2TAdDrHmm08eWxOVAHunwXumamLccxmD3/Emg5jt7hxMRDnraSIBFiRVSFHCAKHUHWMlhxx8vn7h7UETGs/QyesaSP/1GRFswRcc68SdWPPCo9Py2zx1XbZct5WS8XXgk1qVgO2O0IDMVydn59F57GieuBCjHnqNkG7oYr4sx6TBZSXbCcEsaUCpqWmEGgqUhYnUT1H5B7u0SORppdrTYmogihQzfwOTg=="),
    ("rsa-sha1", RSA, "TsL8WIV49PXwbW/tcJfFtWTj9lSJinF4NMcw7ZC4gPGVYWftodHxduPPkIUikfkgUlZ8gOD+jwneT6cI6iax0oUHeXnMnIQDpqaIpw/oJjttZjBeeQ1ptia9uG9FKnznRtJJnQHjtvOixpIiNvvsi0E3kp8IaUTuYcOK/joy7LU6zOPZWts/KDh224BVp+xF66Ucw8RMieKZlh0H+2GEwzCcaHV0xkvHCFjbFJzvvIw1Lclmfv3l2WKitbcmADStyh2ap8B7CVkN2Pk/06u8ItUydeFNrQVkGPEu1CM8P5/hSiBS5MYOWUDa8v0kZCfXLmWaN3/lDHp1eM/2DZL8yg=="),
    ("ecdsa-p256-sha256", P256, "MEYCIQCxMfgYBC2fLsSqyiOIwDXLmNFCfI4nKLXSE5IE5f++1wIhAKXS4fpR43pLydfgES3sxDqN+vUzhPRxpR3LUlAlr2/e"),
];

fn scheme(algorithm: &str, encoding: &str) -> Scheme {
    let scheme = json!({
        "kind": "signature",
        "from": { "header": "x-signature" },
        "accept": [{ "algorithm": algorithm, "encoding": encoding, "key": { "form": "text" } }],
        "signed": "{timestamp}{body}",
        "timestamp": { "from": { "header": "x-timestamp" } },
    });
    Scheme::from_json(&scheme.to_string()).unwrap()
}

fn check(scheme: &Scheme, key: &str, signature: &str, body: &str) -> Result<usize, Diagnosis> {
    let headers = Headers::new([("x-signature", signature), ("x-timestamp", "1580306324")]);
    let request = RequestParts {
        method: "POST",
        url: "",
        query: "",
        headers: &headers,
        body: &LazyBody::new(None, &headers, body.as_bytes()),
    };
    verify(scheme, &[Secret::new(key).unwrap()], &request, 0).map(|verified| verified.secret)
}

fn one_line(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn accepts_what_was_signed_whatever_the_form_of_the_key() {
    for (algorithm, key, signature) in SIGNATURES {
        let forms = [
            key.to_owned(),
            one_line(key),
            key.replace('\n', "\r\n"),
            format!("\u{feff}# of the sender\n{key}"),
            format!("{}\n", key.replace('\n', " ")),
        ];
        for form in &forms {
            assert_eq!(
                check(&scheme(algorithm, "base64"), form, signature, BODY),
                Ok(0),
                "{algorithm}: {form}"
            );
        }
    }
    for form in [CERTIFICATE.to_owned(), one_line(CERTIFICATE)] {
        assert_eq!(
            check(&scheme("rsa-sha256", "base64"), &form, SIGNATURES[0].2, BODY),
            Ok(0)
        );
    }
}

#[test]
fn reads_a_signature_in_every_encoding() {
    for (algorithm, key, signature) in SIGNATURES {
        let bytes = STANDARD.decode(signature).unwrap();
        for (encoding, text) in [
            ("base64url", URL_SAFE_NO_PAD.encode(&bytes)),
            ("hex", hex::encode(&bytes)),
            ("hex", hex::encode_upper(&bytes)),
        ] {
            assert_eq!(
                check(&scheme(algorithm, encoding), key, &text, BODY),
                Ok(0),
                "{algorithm}: {encoding}"
            );
        }
    }
}

#[test]
fn rejects_another_body_and_any_changed_bit_of_a_signature() {
    for (algorithm, key, signature) in SIGNATURES {
        let scheme = scheme(algorithm, "base64");
        assert!(check(&scheme, key, signature, "{\"a\":2}").is_err(), "{algorithm}");
        let bytes = STANDARD.decode(signature).unwrap();
        for at in (0..bytes.len()).step_by(3) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(
                check(&scheme, key, &STANDARD.encode(&changed), BODY).is_err(),
                "{algorithm}: byte {at}"
            );
        }
        for changed in [&bytes[1..], &bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat()] {
            assert!(
                check(&scheme, key, &STANDARD.encode(changed), BODY).is_err(),
                "{algorithm}"
            );
        }
    }
    // Signed with SHA-1, and so by a weaker hash than is configured.
    assert!(check(&scheme("rsa-sha256", "base64"), RSA, SIGNATURES[1].2, BODY).is_err());
}

#[test]
fn finds_the_key_that_signed_among_several() {
    let (algorithm, key, signature) = SIGNATURES[2];
    let other = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA==";
    let secrets = [other, key].map(|key| Secret::new(key).unwrap());
    let headers = Headers::new([("x-signature", signature), ("x-timestamp", "1580306324")]);
    let request = RequestParts {
        method: "POST",
        url: "",
        query: "",
        headers: &headers,
        body: &LazyBody::new(None, &headers, BODY.as_bytes()),
    };
    for _ in 0..2 {
        let found = verify(&scheme(algorithm, "base64"), &secrets, &request, 0);
        assert_eq!(found.unwrap().secret, 1);
    }
}

#[test]
fn a_text_that_is_no_key_of_the_algorithm_closes_the_webhook() {
    let config = |algorithm: &str, key: &str| {
        let scheme = serde_json::to_value(scheme(algorithm, "base64")).unwrap();
        json!({ "authentication": [{ "scheme": scheme, "secrets": [key] }] })
    };
    for (algorithm, key, _) in SIGNATURES {
        assert!(Endpoint::new(&config(algorithm, key), 1 << 20).is_ok(), "{algorithm}");
    }
    for (algorithm, key) in [
        ("rsa-sha256", P256),
        ("rsa-sha1", RSA_1024),
        ("ecdsa-p256-sha256", RSA),
        ("ecdsa-p256-sha256", CERTIFICATE),
        ("rsa-sha256", "a shared secret"),
        ("rsa-sha256", "-----BEGIN PUBLIC KEY-----"),
        (
            "rsa-sha256",
            "-----BEGIN PUBLIC KEY-----\nTUlJQg==\n-----END PUBLIC KEY-----",
        ),
    ] {
        let issues = Endpoint::new(&config(algorithm, key), 1 << 20).unwrap_err();
        let [issue] = &issues[..] else { panic!("{issues:?}") };
        assert_eq!((&*issue.path, issue.code), ("authentication.0.secrets", "SECRETS"));
        assert!(issue.message.contains("in PEM or Base64"), "{}", issue.message);
        assert!(!issue.message.contains("shared"), "{}", issue.message);
    }
}

#[test]
fn prints_no_key() {
    let secret = Secret::new(RSA).unwrap();
    let headers = Headers::new([("x-signature", SIGNATURES[0].2), ("x-timestamp", "1580306324")]);
    let request = RequestParts {
        method: "POST",
        url: "",
        query: "",
        headers: &headers,
        body: &LazyBody::new(None, &headers, BODY.as_bytes()),
    };
    let secrets = [secret];
    verify(&scheme("rsa-sha256", "base64"), &secrets, &request, 0).unwrap();
    assert_eq!(format!("{secrets:?}"), "[[REDACTED]]");
}

#[test]
fn checks_md5_for_those_who_use_it() {
    let md5 = |algorithm: &str, signed: &str| {
        let scheme = json!({
            "kind": "signature",
            "from": { "header": "x-signature" },
            "accept": [{ "algorithm": algorithm, "encoding": "hex", "key": { "form": "text" } }],
            "signed": signed,
        });
        Scheme::from_json(&scheme.to_string())
    };
    // RFC 2202 section 2, the second case; RFC 1321 section A.5, the third.
    let keyed = md5("hmac-md5", "{body}").unwrap();
    let signature = "750c783e6ab0b503eaa86e310a5db738";
    assert_eq!(check(&keyed, "Jefe", signature, "what do ya want for nothing?"), Ok(0));
    assert!(check(&keyed, "jefe", signature, "what do ya want for nothing?").is_err());
    let plain = md5("md5", "{secret}{body}").unwrap();
    assert_eq!(check(&plain, "a", "900150983CD24FB0D6963F7D28E17F72", "bc"), Ok(0));
    assert!(md5("md5", "{body}").is_err());
}
