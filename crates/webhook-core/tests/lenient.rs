//! Requests as real senders send them: what an event has of them, and what is told to the owner.

use serde_json::{json, Value};
use webhook_core::body::Leniency;
use webhook_core::endpoint::{Endpoint, Verdict};
use webhook_core::event::{Content, Event};
use webhook_core::rejection::Rejection;
use webhook_core::reply::Reply;
use webhook_core::request::{Headers, Request};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

struct Sent<'a> {
    method: &'a str,
    url: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
}

impl Default for Sent<'_> {
    fn default() -> Self {
        Self {
            method: "POST",
            url: "http://here/api/webhook:trigger/k",
            headers: vec![],
            body: b"",
        }
    }
}

fn judge(config: &Value, sent: Sent<'_>) -> Result<Verdict, Rejection> {
    let endpoint = Endpoint::new(config, 100_000).expect("a usable configuration");
    let headers = Headers::new(sent.headers);
    let request = Request {
        method: sent.method,
        path: "",
        url: sent.url,
        query: sent.url.split_once('?').map_or("", |(_, query)| query),
        headers: &headers,
        body: sent.body,
        peer: "10.0.0.1",
        now: 0,
    };
    endpoint.check_head(&request, sent.body.len() as u64)?;
    endpoint.judge(request)
}

fn event(config: Value, headers: Vec<(&str, &str)>, body: &[u8]) -> Event {
    let sent = Sent {
        headers,
        body,
        ..Sent::default()
    };
    match judge(&config, sent) {
        Ok(Verdict::Event(event)) => event,
        other => panic!("expected an event, but found {other:?}"),
    }
}

fn context(event: &Event) -> Value {
    match &event.content {
        Content::Context(context) => serde_json::from_str(context).unwrap(),
        Content::Upload(_) => panic!("expected no files"),
    }
}

#[test]
fn decodes_texts_as_configured_one_after_the_other() {
    let decode = json!([
        { "path": "payload", "as": "json" },
        { "path": "payload.data", "as": "base64json" },
        { "path": "payload.list[].text", "as": "base64" },
    ]);
    let config =
        json!({ "request": { "decode": decode, "body": [{ "key": "payload.data.a" }, { "key": "payload.list" }] } });
    let body = br#"{"payload":"{\"data\":\"eyJhIjoxfQ==\",\"list\":[{\"text\":\"w7w=\"}]}"}"#;
    let event = event(config, vec![JSON], body);
    assert!(event.needed.is_empty());
    let expected = json!({ "payload": { "data": { "a": 1 }, "list": [{ "text": "ü" }] } });
    assert_eq!(context(&event)["body"], expected);
}

#[test]
fn keeps_a_text_that_cannot_be_decoded_and_says_so() {
    let config = json!({ "request": { "decode": [{ "path": "a", "as": "json" }] } });
    let event = event(config, vec![JSON], br#"{"a":"{"}"#);
    assert!(event.needed.has(Leniency::NotDecoded));
    assert_eq!(context(&event)["body"], json!({ "a": "{" }));
}

#[test]
fn rejects_json_that_decoding_would_nest_too_deeply() {
    let config = json!({ "request": { "decode": [{ "path": "a", "as": "json" }] } });
    let deep = format!(r#"{{"a":"{}{}"}}"#, "[".repeat(2000), "]".repeat(2000));
    let sent = Sent {
        headers: vec![JSON],
        body: deep.as_bytes(),
        ..Sent::default()
    };
    assert_eq!(judge(&config, sent).unwrap_err().status(), 400);
}

#[test]
fn writes_numbers_that_would_be_rounded_as_text_in_values_and_in_the_whole_body() {
    let body = br#"{"id":1283746512837465128,"price":1.10,"huge":[1e400]}"#;
    let with = |request: Value| event(json!({ "request": request }), vec![JSON], body);
    let text_of = |event: &Event| match &event.content {
        Content::Context(context) => context.clone(),
        Content::Upload(_) => String::new(),
    };
    let whole = text_of(&with(json!({ "bigNumbers": "text" })));
    assert!(
        whole.contains(r#"{"id":"1283746512837465128","price":1.10,"huge":["1e400"]}"#),
        "{whole}"
    );
    let items = json!({ "bigNumbers": "text", "body": [{ "key": "id" }, { "key": "huge[0]" }, { "key": "price" }] });
    let items = text_of(&with(items));
    assert!(
        items.contains(r#""id":"1283746512837465128""#) && items.contains(r#"["1e400"]"#),
        "{items}"
    );
    assert!(text_of(&with(json!({}))).contains("1283746512837465128,"));
}

#[test]
fn says_that_none_of_the_configured_values_was_found() {
    let config = json!({ "request": { "body": [{ "key": "order.id" }] } });
    let found = |body: &[u8]| {
        event(config.clone(), vec![JSON], body)
            .needed
            .has(Leniency::NothingFound)
    };
    assert!(found(br#"{"payload":1}"#));
    assert!(!found(br#"{"order":{"id":1}}"#));
    assert!(!found(b""));
}

#[test]
fn reads_a_list_of_one_where_xml_has_a_single_element() {
    let config = json!({ "request": { "body": [{ "key": "n.Notification[].Id", "_var": "ids" }] } });
    let ids =
        |xml: &[u8]| context(&event(config.clone(), vec![("content-type", "text/xml")], xml))["body"]["ids"].clone();
    let one = b"<n><Notification><Id>1</Id></Notification></n>";
    let two = b"<n><Notification><Id>1</Id></Notification><Notification><Id>2</Id></Notification></n>";
    assert_eq!((ids(one), ids(two)), (json!(["1"]), json!(["1", "2"])));
}

#[test]
fn reads_header_values_whose_bytes_are_utf8() {
    let config = json!({ "request": { "headers": [{ "key": "X-User" }] } });
    // As Node gives them: a character for each byte.
    let latin1 = |text: &str| text.bytes().map(char::from).collect::<String>();
    for (sent, read) in [
        (latin1("Jürgen 你好"), "Jürgen 你好"),
        ("J\u{fc}rgen".to_owned(), "Jürgen"),
        ("plain".to_owned(), "plain"),
        ("你".to_owned(), "你"),
    ] {
        let event = event(config.clone(), vec![("x-user", sent.as_str())], b"");
        assert_eq!(context(&event)["headers"]["X-User"], read);
    }
}

#[test]
fn answers_head_without_authentication_and_event_if_configured() {
    let basic = json!({ "username": "u", "password": "p" });
    let head = |request: Value| {
        let config = json!({ "basicAuthentication": basic, "request": request });
        let sent = Sent {
            method: "HEAD",
            ..Sent::default()
        };
        judge(&config, sent)
    };
    for request in [json!({ "answerHead": true }), json!({ "methods": ["HEAD"] })] {
        assert_eq!(head(request), Ok(Verdict::Verification(Reply::empty())));
    }
    let allow = "POST".to_owned();
    assert_eq!(head(json!({})), Err(Rejection::MethodNotAllowed { allow }));
}

#[test]
fn answers_the_options_of_cloudevents_without_authentication() {
    let basic = json!({ "username": "u", "password": "p" });
    let config = json!({ "basicAuthentication": basic, "handshake": { "kind": "cloudevents" } });
    let options = |headers| {
        let sent = Sent {
            method: "OPTIONS",
            headers,
            ..Sent::default()
        };
        judge(&config, sent)
    };
    let allowed = options(vec![("webhook-request-origin", "eventgrid.azure.net")]);
    assert!(matches!(allowed, Ok(Verdict::Verification(Reply { status: 200, .. }))));
    assert_eq!(options(vec![]).unwrap_err().status(), 405);
}

#[test]
fn answers_head_only_to_allowed_addresses() {
    let config = json!({ "request": { "answerHead": true }, "addresses": { "allow": ["192.0.2.7"] } });
    let sent = Sent {
        method: "HEAD",
        ..Sent::default()
    };
    assert_eq!(judge(&config, sent), Err(Rejection::Forbidden));
}

/// The URL that a signature has to cover, found with the one that Twilio would make for each candidate.
fn is_signed(config: Value, headers: &[(&str, &str)], called: &str, signed: &str) -> bool {
    use base64::Engine;
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(b"token").unwrap();
    mac.update(signed.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let mut config = config;
    config["authentication"] = json!([{ "preset": "twilio", "secrets": ["token"] }]);
    let mut headers = headers.to_vec();
    headers.extend([FORM, ("x-twilio-signature", &signature)]);
    let sent = Sent {
        url: called,
        headers,
        ..Sent::default()
    };
    judge(&config, sent).is_ok()
}

#[test]
fn signs_the_url_as_the_sender_called_it() {
    let called = "http://10.0.0.2:13000/api/__app/a/webhook:trigger/k?x=1";
    let path = "/api/__app/a/webhook:trigger/k?x=1";
    let forwarded = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "example.com, inner"),
    ];
    for (config, headers, base) in [
        (json!({}), &[][..], "http://10.0.0.2:13000"),
        (json!({}), &forwarded, "http://10.0.0.2:13000"),
        (json!({ "trustedProxies": 1 }), &[], "http://10.0.0.2:13000"),
        (
            json!({ "trustedProxies": ["10.0.0.0/8"] }),
            &forwarded,
            "https://example.com",
        ),
        (
            json!({ "trustedProxies": ["192.0.2.0/24"] }),
            &forwarded,
            "http://10.0.0.2:13000",
        ),
        (
            json!({ "publicUrl": "https://Example.COM:443/noco/" }),
            &forwarded,
            "https://example.com/noco",
        ),
        (
            json!({ "publicUrl": "https://public.test", "trustedProxies": ["10.0.0.0/8"] }),
            &forwarded,
            "https://public.test",
        ),
    ] {
        for other in [
            "http://10.0.0.2:13000",
            "https://example.com",
            "https://example.com/noco",
            "https://public.test",
        ] {
            let signed = is_signed(config.clone(), headers, called, &format!("{other}{path}"));
            assert_eq!(signed, other == base, "{config} {headers:?} {other}");
        }
    }
}

#[test]
fn counts_forwarded_headers_of_the_webhooks_own_proxies_before_those_of_the_server() {
    let endpoint = |config: Value| Endpoint::new(&config, 1000).unwrap();
    let headers = Headers::new([("x-forwarded-for", "198.51.100.1, 203.0.113.7")]);
    let client = |config: Value| {
        let request = Request {
            method: "POST",
            path: "",
            url: "",
            query: "",
            headers: &headers,
            body: b"",
            peer: "10.0.0.1",
            now: 0,
        };
        endpoint(config)
            .client_address(&request)
            .map(|address| address.to_string())
    };
    let allow = json!(["0.0.0.0/0"]);
    for (config, address) in [
        (json!({}), "10.0.0.1"),
        (json!({ "trustedProxies": 1 }), "203.0.113.7"),
        (
            json!({ "trustedProxies": 1, "addresses": { "allow": allow } }),
            "203.0.113.7",
        ),
        (
            json!({ "trustedProxies": 1, "addresses": { "allow": allow, "proxies": 2 } }),
            "198.51.100.1",
        ),
        (
            json!({ "trustedProxies": 1, "addresses": { "allow": allow, "proxies": 0 } }),
            "10.0.0.1",
        ),
    ] {
        assert_eq!(client(config.clone()).as_deref(), Some(address), "{config}");
    }
}

#[test]
fn reads_json_in_a_form_of_the_presets_that_send_it() {
    use hmac::{Hmac, KeyInit, Mac};
    let body = b"payload=%7B%22a%22%3A1%7D";
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"s").unwrap();
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let headers = vec![FORM, ("x-hub-signature-256", signature.as_str())];
    let authentication = json!([{ "preset": "github", "secrets": ["s"] }]);
    let read = |request: Value| {
        let config = json!({ "authentication": authentication, "request": request });
        context(&event(config, headers.clone(), body))["body"].clone()
    };
    assert_eq!(read(json!({})), json!({ "payload": { "a": 1 } }));
    assert_eq!(read(json!({ "decode": [] })), json!({ "payload": "{\"a\":1}" }));
}

#[test]
fn accepts_a_token_in_the_query_whose_plus_was_decoded() {
    let scheme = json!({ "kind": "token", "from": { "query": "secret" } });
    let config = json!({ "authentication": [{ "scheme": scheme, "secrets": ["a+b", "c d"] }] });
    for (query, accepted) in [
        ("a+b", true),
        ("a%2Bb", true),
        ("a%20b", true),
        ("c+d", true),
        ("ab", false),
        ("c%2Bd", false),
    ] {
        let url = format!("http://here/k?secret={query}");
        let sent = Sent {
            url: &url,
            ..Sent::default()
        };
        assert_eq!(judge(&config, sent).is_ok(), accepted, "{query}");
    }
}
