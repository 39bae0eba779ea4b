//! Schemes of one's own: where a signature may be, and what may be signed.

use std::io::Write;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{json, Value};
use sha2::Sha256;
use webhook_core::auth::{
    diagnose, verify, Diagnosis, Hint, HintWork, PublicKeyChecks, RequestParts, Scheme, Secret, Subject,
};
use webhook_core::endpoint::Endpoint;
use webhook_core::reading::LazyBody;
use webhook_core::request::{Headers, Request};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn hmac(message: impl AsRef<[u8]>) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(b"key").unwrap();
    hex::encode(mac.chain_update(message).finalize().into_bytes())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A scheme with an HMAC in a header, changed.
fn scheme(change: Value) -> Value {
    let mut scheme = json!({
        "kind": "signature",
        "from": { "header": "x-signature" },
        "accept": [{ "algorithm": "hmac-sha256", "encoding": "hex", "key": { "form": "text" } }],
        "signed": "{body}",
    });
    let changed = change.as_object().unwrap().clone();
    scheme.as_object_mut().unwrap().extend(changed);
    scheme
}

/// A request to `https://example.com/a%20b/c?d=e&f=`.
struct Sent<'a> {
    method: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
}

impl<'a> Sent<'a> {
    fn post(headers: &[(&'a str, &'a str)], body: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self {
            method: "POST",
            headers: headers.to_vec(),
            body: body.as_ref(),
        }
    }

    fn with<T>(&self, scheme: &Value, by: impl Fn(&Scheme, &[Secret], &RequestParts<'_>) -> T) -> T {
        let headers = Headers::new(self.headers.iter().copied());
        let request = RequestParts {
            method: self.method,
            url: "https://example.com/a%20b/c?d=e&f=",
            query: "d=e&f=",
            headers: &headers,
            body: &LazyBody::new(None, &headers, self.body),
        };
        let scheme = Scheme::from_json(&scheme.to_string()).unwrap();
        by(&scheme, &[Secret::new("key").unwrap()], &request)
    }

    fn verify(&self, scheme: &Value) -> Result<usize, Diagnosis> {
        self.with(scheme, |scheme, secrets, request| {
            verify(scheme, secrets, request, 0).map(|verified| verified.secret)
        })
    }

    fn hint(&self, scheme: &Value) -> Option<Hint> {
        let checked = self.with(scheme, |scheme, secrets, request| {
            let (checks, work) = (PublicKeyChecks::default(), HintWork::default());
            diagnose(scheme, secrets, request, 0, &checks, &work)
        });
        match checked {
            Err(Diagnosis::NoMatch { hint, .. }) => hint,
            other => panic!("{other:?}"),
        }
    }
}

fn no_match() -> Result<usize, Diagnosis> {
    Err(Diagnosis::NoMatch {
        signatures: 1,
        hint: None,
    })
}

fn missing(subject: Subject, place: &str) -> Result<usize, Diagnosis> {
    Err(Diagnosis::Missing {
        subject,
        place: place.to_owned(),
    })
}

#[test]
fn takes_the_signature_from_the_first_place_that_has_one() {
    let places = scheme(json!({
        "from": [{ "header": "x-signature" }, { "query": "s" }, { "form": "sig" }, { "body": "a.sig" }],
        "signed": "{method}{query}",
    }));
    let right = hmac("POSTd=e&f=");
    let form = format!("sig={right}");
    let other_form = format!("sig={}", hmac("x"));
    let json = json!({ "a": { "sig": right } }).to_string();
    assert_eq!(Sent::post(&[("X-Signature", &right)], "").verify(&places), Ok(0));
    assert_eq!(Sent::post(&[FORM], &form).verify(&places), Ok(0));
    assert_eq!(Sent::post(&[JSON], &json).verify(&places), Ok(0));
    assert_eq!(
        Sent::post(&[FORM, ("X-Signature", &right)], &other_form).verify(&places),
        Ok(0)
    );
    assert_eq!(Sent::post(&[FORM], &other_form).verify(&places), no_match());
    assert_eq!(
        Sent::post(&[JSON], "{}").verify(&places),
        missing(
            Subject::Signature,
            "header x-signature or query parameter s or form field sig or body at a.sig"
        )
    );
    // What was signed twice may have been looked at by a proxy elsewhere.
    let twice = format!("sig={right}&sig={right}");
    assert!(Sent::post(&[FORM], &twice).verify(&places).is_err());
    // A field of a JSON body isn't one of a form.
    let json = json!({ "sig": right }).to_string();
    assert!(matches!(
        Sent::post(&[JSON], &json).verify(&places),
        Err(Diagnosis::Missing { .. })
    ));
}

#[test]
fn takes_the_signature_from_a_field_of_a_multipart_body() {
    let places = scheme(json!({ "from": { "form": "sig" }, "signed": "{form:id}" }));
    let part =
        |name: &str, value: &str| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = format!("{}{}--b--\r\n", part("id", "7"), part("sig", &hmac("7")));
    let multipart = [("content-type", "multipart/form-data; boundary=b")];
    assert_eq!(Sent::post(&multipart, &body).verify(&places), Ok(0));
    assert_eq!(
        Sent::post(&multipart, &body.replace("\r\n7\r\n", "\r\n8\r\n")).verify(&places),
        no_match()
    );
}

#[test]
fn fills_each_placeholder_with_what_was_sent() {
    let json = r#"{"a":{"b":"c","n":1.50,"t":true},"list":[1]}"#;
    let form = "b=2&a=%C4%E3+%26&empty=&sign=x&b=1&sign_type=RSA2&c";
    for (signed, kind, body, message) in [
        ("{method} {path}\n{query}", JSON, json, &b"POST /a%20b/c\nd=e&f="[..]),
        ("{header:X-Id}.{query:d}", JSON, json, b"7.e"),
        (
            "{body:a.b}{body:a.n}{body:a.t}{body:list[0]}",
            JSON,
            json,
            b"c1.50true1",
        ),
        ("{crc32}", JSON, r#"{"id":"WH-1"}"#, b"838965618"),
        ("{form:c[d]}{header:x-id}", FORM, "c[d]=1%2B", b"1+7"),
        (
            "{sortedForm:sign,sign_type}",
            FORM,
            form,
            b"a=\xc4\xe3 &&b=1&b=2&c=&empty=",
        ),
        ("{sortedForm}&key={secret}", FORM, "b=1&a=&=c", b"a=&b=1&key=key"),
        ("{inflatedBody}", JSON, json, json.as_bytes()),
    ] {
        let scheme = scheme(json!({ "signed": signed }));
        let signature = hmac(message).to_uppercase();
        let sent = |id, signature| Sent::post(&[kind, ("x-id", id), ("x-signature", signature)], body);
        assert_eq!(sent("7", &signature).verify(&scheme), Ok(0), "{signed}");
        assert_eq!(sent("7", &hmac("other")).verify(&scheme), no_match(), "{signed}");
    }
}

#[test]
fn rejects_a_request_that_lacks_a_value_that_is_signed() {
    for (signed, place) in [
        ("{header:x-id}", "header x-id"),
        ("{query:f}", "query parameter f"),
        ("{body:a.c}", "body at a.c"),
        ("{body:n}", "body at n"),
        ("{form:a}", "form field a"),
    ] {
        let scheme = scheme(json!({ "signed": signed }));
        let signature = hmac("");
        let sent = Sent::post(&[JSON, ("x-signature", &signature)], r#"{"a":{},"n":null}"#);
        assert_eq!(sent.verify(&scheme), missing(Subject::Signed, place), "{signed}");
    }
    let signature = hmac("");
    let malformed = |signed: &str, body: &str| {
        let sent = Sent::post(&[JSON, ("x-signature", &signature)], body);
        sent.verify(&scheme(json!({ "signed": signed })))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        malformed("{body:a}", r#"{"a":{}}"#),
        "a value in what is signed in body at a is malformed: expected a text or a number"
    );
    assert_eq!(
        malformed("{body:a}", ""),
        "a value in what is signed in body at a is malformed: expected a body that can be read"
    );
    assert_eq!(
        malformed("{sortedForm}", "{}"),
        "the body in the request is malformed: expected a form"
    );
}

#[test]
fn checks_a_signature_that_was_made_before_compression_where_the_scheme_says_so() {
    let before = scheme(json!({ "signed": "{inflatedBody}" }));
    let after = scheme(json!({}));
    let body = br#"{"a":1}"#;
    let compressed = gzip(body);
    let headers = |signature| [JSON, ("content-encoding", "gzip"), ("x-signature", signature)];
    let (of_text, of_gzip) = (hmac(body), hmac(&compressed));
    assert_eq!(Sent::post(&headers(&of_text), &compressed).verify(&before), Ok(0));
    assert_eq!(Sent::post(&headers(&of_gzip), &compressed).verify(&before), no_match());
    assert_eq!(Sent::post(&headers(&of_gzip), &compressed).verify(&after), Ok(0));
    assert_eq!(
        Sent::post(&headers(&of_text), &compressed).hint(&after),
        Some(Hint::BodyInflated)
    );
    let cut = &compressed[..compressed.len() - 9];
    assert!(matches!(
        Sent::post(&headers(&of_text), cut).verify(&before),
        Err(Diagnosis::Malformed { .. })
    ));
}

#[test]
fn reads_values_of_a_compressed_body_as_those_of_any_other() {
    let places = scheme(json!({ "from": { "body": "sig" }, "signed": "{body:id}" }));
    let body = gzip(json!({ "id": "7", "sig": hmac("7") }).to_string().as_bytes());
    assert_eq!(
        Sent::post(&[JSON, ("content-encoding", "gzip")], &body).verify(&places),
        Ok(0)
    );
}

/// Elements with an id, an optional amount and a signature over both.
fn elements(list: &[(&str, Option<u32>)]) -> Value {
    let elements = list.iter().map(|(id, amount)| {
        let text = amount.map(|amount| amount.to_string()).unwrap_or_default();
        json!({ "item": { "id": id, "amount": amount, "sig": hmac(format!("{id}:{text}")) } })
    });
    elements.collect()
}

#[test]
fn checks_the_signature_of_each_element_of_a_list() {
    let each = scheme(json!({
        "from": { "body": "sig" },
        "each": "items[].item",
        "signed": "{body:id}:{body:amount}",
    }));
    let send = |items: Value| Sent::post(&[JSON], &json!({ "items": items }).to_string()).verify(&each);
    assert_eq!(send(elements(&[("a", Some(1))])), Ok(0));
    // A value that isn't there is empty.
    assert_eq!(send(elements(&[("a", Some(1)), ("b", None)])), Ok(0));
    let mut changed = elements(&[("a", Some(1)), ("b", Some(2))]);
    changed[1]["item"]["amount"] = 3.into();
    assert_eq!(send(changed), no_match());
    let mut unsigned = elements(&[("a", Some(1)), ("b", Some(2))]);
    unsigned[1]["item"]["sig"].take();
    assert_eq!(send(unsigned), missing(Subject::Signature, "body at sig"));
    let mut other = elements(&[("a", Some(1))]);
    other.as_array_mut().unwrap().push(json!({ "other": {} }));
    assert_eq!(send(other), missing(Subject::Signature, "body at sig"));
    assert_eq!(send(elements(&vec![("a", None); 32])), Ok(0));
    for items in [json!([]), elements(&vec![("a", None); 33]), Value::Null] {
        assert_eq!(
            send(items).unwrap_err().to_string(),
            "the body in body at items[].item is malformed: expected a list of 1 to 32 elements"
        );
    }
    assert_eq!(
        Sent::post(&[JSON], "").verify(&each).unwrap_err().to_string(),
        "the body in body at items[].item is malformed: expected a list of 1 to 32 elements"
    );
}

#[test]
fn checks_the_age_of_each_element_of_a_list() {
    let each = scheme(json!({
        "from": { "body": "sig" },
        "each": "items",
        "signed": "{body:id}",
        "timestamp": { "from": { "body": "at" }, "tolerance": 60 },
    }));
    let send = |times: [u32; 2]| {
        let items: Value = times
            .map(|at| json!({ "id": "a", "sig": hmac("a"), "at": at }))
            .into_iter()
            .collect();
        Sent::post(&[JSON], &json!({ "items": items }).to_string()).verify(&each)
    };
    assert_eq!(send([0, 60]), Ok(0));
    assert!(matches!(send([0, 61]), Err(Diagnosis::ClockOff { .. })));
}

#[test]
fn rejects_a_scheme_that_could_never_work_or_protects_nothing() {
    for (change, message) in [
        (json!({ "from": [] }), "expected 1 to 4 places for each value"),
        (
            json!({ "from": vec![json!({ "query": "a" }); 5] }),
            "expected 1 to 4 places for each value",
        ),
        (
            json!({ "from": "x" }),
            "invalid type: expected a place such as { header: name }, or a list of them",
        ),
        (json!({ "from": { "cookie": "x" } }), "unknown variant: expected one of"),
        (
            json!({ "accept": vec![scheme(json!({}))["accept"][0].clone(); 5] }),
            "expected at most 4 kinds of signature in accept",
        ),
        (
            json!({ "signed": 7 }),
            "invalid type: expected a text or { sorted: [texts] }",
        ),
        (
            json!({ "signed": "{method}{path}{secret}" }),
            "expected something of the request in what is signed, such as {body}",
        ),
        (
            json!({ "signed": "{body}{crc32}" }),
            "expected the whole body at most once in what is signed",
        ),
        (
            json!({ "signed": "{url}".repeat(17) }),
            "expected at most 16 placeholders in what is signed",
        ),
        (
            json!({ "each": "items", "signed": "{url}" }),
            "expected {body:PATH} in what is signed with each",
        ),
        (
            json!({ "each": "items", "signed": "{body}{body:id}" }),
            "expected nothing of the body but paths into its elements with each",
        ),
        (
            json!({ "each": "items", "signed": "{body:id}{form:a}" }),
            "expected nothing of the body but paths into its elements with each",
        ),
    ] {
        let error = Scheme::from_json(&scheme(change).to_string()).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn reads_the_body_before_the_decision_only_if_the_scheme_looks_at_it() {
    for (change, needs_body, headers) in [
        (
            json!({ "signed": "{url}{method}{header:X-Id}{query:a}" }),
            false,
            &["x-signature", "x-id"][..],
        ),
        (json!({ "signed": "{body}" }), true, &["x-signature"]),
        (json!({ "signed": "{crc32}" }), true, &["x-signature"]),
        (
            json!({ "signed": "{inflatedBody}" }),
            true,
            &["x-signature", "content-type", "content-encoding"],
        ),
        (
            json!({ "signed": "{sortedForm}" }),
            true,
            &["x-signature", "content-type", "content-encoding"],
        ),
        (
            json!({ "signed": "{form:a}" }),
            true,
            &["x-signature", "content-type", "content-encoding"],
        ),
        (
            json!({ "signed": "{url}", "from": [{ "header": "a" }, { "body": "b" }, { "header": "c" }] }),
            true,
            &["a", "c", "content-type", "content-encoding"],
        ),
    ] {
        let scheme = Scheme::from_json(&scheme(change).to_string()).unwrap();
        assert_eq!((scheme.needs_body(), &scheme.header_names()[..]), (needs_body, headers));
    }
    let token = Scheme::from_json(r#"{"kind":"token","from":{"form":"token"}}"#).unwrap();
    assert!(token.needs_body());
    assert_eq!(token.header_names(), ["content-type", "content-encoding"]);
}

#[test]
fn accepts_a_token_in_a_form_as_in_json() {
    for (from, kind, body) in [
        (json!({ "form": "token" }), FORM, "text=hi&token=key"),
        (json!({ "body": "token" }), FORM, "text=hi&token=key"),
        (json!({ "body": "token" }), JSON, r#"{"token":"key"}"#),
    ] {
        let token = json!({ "kind": "token", "from": from });
        assert_eq!(Sent::post(&[kind], body).verify(&token), Ok(0));
        assert_eq!(
            Sent::post(&[kind], &body.replace("key", "kex")).verify(&token),
            no_match()
        );
    }
}

#[test]
fn checks_values_of_the_body_as_the_endpoint_reads_it() {
    let config = json!({
        "authentication": [{
            "scheme": scheme(json!({ "from": { "form": "sig" }, "signed": "{method}{form:name}" })),
            "secrets": ["key"],
        }],
        "request": { "charset": "gbk", "body": [{ "key": "name" }] },
    });
    let endpoint = Endpoint::new(&config, 1000).unwrap();
    let headers = Headers::new([FORM]);
    let body = format!("name=%C4%E3&sig={}", hmac("POST\u{4f60}"));
    let judge = |body: &str| {
        let request = Request {
            method: "POST",
            path: "",
            url: "",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
            peer: "",
            now: 0,
        };
        endpoint
            .judge(request)
            .map(|_| ())
            .map_err(|rejection| rejection.status())
    };
    assert_eq!(judge(&body), Ok(()));
    assert_eq!(judge(&body.replace("%C4", "%C5")), Err(401));
}
