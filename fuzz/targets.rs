//! The fuzz targets: each function accepts any bytes and panics if an invariant is broken. `fuzz_targets` exposes them to
//! libFuzzer; `crates/webhook-core/tests/corpus.rs` runs each with its seeds in `corpus`.
//!
//! If an input has several parts, each part except the last is a separate line.

#[path = "../crates/webhook-core/tests/reference/mod.rs"]
mod reference;

use serde::de::IgnoredAny;
use serde_json::{json, Value};
use webhook_core::auth::address::{client_address, parse_address, Proxies, Ranges};
use webhook_core::auth::basic::Basic;
use webhook_core::auth::envelope::{FeishuKey, WecomKey};
use webhook_core::auth::{diagnose, presets, verify, HintWork, PublicKeyChecks, RequestParts, Scheme, Secret};
use webhook_core::body::{self, multipart as form_data, xml as xml_text, Reading};
use webhook_core::endpoint::{Endpoint, Verdict};
use webhook_core::event::Content;
use webhook_core::head::read_head;
use webhook_core::json::{check, infer_json, spell_out, Decoder, Decoding, PathSet, Variables};
use webhook_core::limits::{MAX_DEPTH, MAX_PARTS, MAX_PART_NAME, MAX_VERIFICATION_REPLY};
use webhook_core::query as url_query;
use webhook_core::reading::LazyBody;
use webhook_core::reply::unsendable_at;
use webhook_core::request::{Headers, Request};
use webhook_core::verification::{Incoming, UrlVerification};

const KEY: &str = "0123456789abcdef0123456789abcdef";
// 43 characters of Base64, as WeCom and DingTalk require.
const AES_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
/// The public key of a pair that was generated for the seed and discarded.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEw7s8lcZ8dPyo4oDA065YO3xxsRZ/\n\
    gLFQT3K7gRYSHP9/p3vo262avdPbtyjG0XCGVcJuryW/PalRZgSIc1tK4A==\n\
    -----END PUBLIC KEY-----\n";
const LIMIT: usize = 1 << 16;
/// The time of every request, in milliseconds since 1970: that of the seeds' signatures.
const NOW: i64 = 1_700_000_000_000;

fn secret(text: &str) -> Secret {
    Secret::new(text).expect("it is not blank")
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// Splits the input into its first `N` lines and the rest.
fn lines<const N: usize>(data: &[u8]) -> ([String; N], &[u8]) {
    let mut rest = data;
    let lines = std::array::from_fn(|_| {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = text(&rest[..end]);
        rest = rest.get(end + 1..).unwrap_or_default();
        line
    });
    (lines, rest)
}

fn assert_json(json: &str) {
    assert!(check(json.as_bytes()).is_ok(), "expected JSON, but found: {json}");
}

/// `X-Forwarded-For` over two lines, and addresses.
pub fn addresses(data: &[u8]) {
    let ([peer, first, second, range], _) = lines(data);
    let ranges = Ranges::parse([&*range]);
    for proxies in [
        Proxies::Count(0),
        Proxies::Count(2),
        Proxies::Ranges(Ranges::parse(["192.0.2.0/24", "2001:db8::/32"]).expect("ranges")),
    ] {
        if let Some(client) = parse_address(&peer).and_then(|peer| client_address(peer, &[&first, &second], &proxies)) {
            // An address that was found survives formatting and parsing.
            assert_eq!(parse_address(&client.to_string()), Some(client));
            let _ = ranges.as_ref().map(|ranges| ranges.contains(client));
        }
    }
}

/// Encrypted bodies of Feishu, WeCom and DingTalk.
pub fn envelopes(data: &[u8]) {
    let encrypted = text(data);
    let _ = FeishuKey::new(&secret(KEY)).open(&encrypted);
    let wecom = WecomKey::new(&secret(AES_KEY)).expect("a key");
    let _ = wecom.open(&encrypted, None);
    let _ = wecom.open(&encrypted, Some("id"));
    let sealed = wecom.seal(data, "id", [7; 16]);
    assert_eq!(wecom.open(&sealed, Some("id")).as_deref(), Ok(data));
    assert!(wecom.open(&sealed, Some("other")).is_err());
    let headers = Headers::default();
    let query = text(data);
    let json = json!({ "encrypt": encrypted }).to_string();
    let xml = format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>");
    for body in [data, json.as_bytes(), xml.as_bytes()] {
        let request = RequestParts {
            method: "POST",
            url: "",
            query: &query,
            headers: &headers,
            body: &LazyBody::new(None, &headers, body),
        };
        for kind in [
            json!({ "kind": "feishu", "encryptKey": KEY }),
            json!({ "kind": "wecom", "encodingAesKey": AES_KEY }),
            json!({ "kind": "dingtalk", "encodingAesKey": AES_KEY, "receiveId": "id" }),
        ] {
            let verification: UrlVerification = serde_json::from_value(kind).expect("a sender");
            let sender = verification.sender();
            for method in ["GET", "POST"] {
                let request = RequestParts { method, ..request };
                let _ = sender.answer(&Incoming::new(request, &[secret(KEY)]));
            }
            let _ = sender.open(&request);
        }
    }
}

/// The value of a header and a body, for every preset, for Basic authentication and as content type and encoding; and the
/// whole input as a copied request head.
pub fn headers(data: &[u8]) {
    let _ = read_head(&text(data));
    let ([value, time], body) = lines(data);
    let _ = Basic::new("user", "password").verify(Some(&value));
    let reading = Reading {
        format: None,
        charset: body::Charset::named(&time),
        raw: true,
        files: true,
        limit: LIMIT,
    };
    for (content_type, encoding) in [(&value, &time), (&time, &value)] {
        if let Ok(Some(read)) = body::read(body, Some(content_type), Some(encoding), reading) {
            assert!(read.raw.is_none_or(|raw| raw.len() <= LIMIT));
        }
    }
    for name in presets::NAMES {
        let scheme = presets::find(name).expect("a preset");
        let names = scheme.header_names();
        // The signature and the headers that belong to it.
        let headers = Headers::new(names.iter().enumerate().map(|(index, name)| {
            let value = if index == 0 { &value } else { &time };
            ((*name).to_owned(), value.clone())
        }));
        let request = RequestParts {
            method: "POST",
            url: &time,
            query: &time,
            headers: &headers,
            body: &LazyBody::new(None, &headers, body),
        };
        // The slow path returns the same as the fast one.
        let fast = verify(&scheme, &[secret(KEY)], &request, NOW);
        let slow = diagnose(
            &scheme,
            &[secret(KEY)],
            &request,
            NOW,
            &PublicKeyChecks::default(),
            &HintWork::default(),
        );
        assert_eq!(fast.is_ok(), slow.is_ok(), "{name}");
    }
}

const PATHS: [&[&str]; 5] = [
    &[],
    &["a", "a.b", "[0]", "[1].a", "b.length", "a[0]"],
    &["[].a", "a[].b", "a[]", "[][]", "[].length"],
    &["a[0].b", "a[1]", "a[].a[].a", "a[0].a[].b"],
    &["a.b.a.b", "b[][0].a", "", "\u{e9}", "a.length"],
];

/// JSON compared with serde_json: both accept the same texts and find the same values.
pub fn json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(check(data).is_err());
        return;
    };
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut deserializer = serde_json::Deserializer::from_str(bare);
    deserializer.disable_recursion_limit();
    let taken = serde::Deserialize::deserialize(&mut deserializer)
        .and_then(|IgnoredAny| deserializer.end())
        .is_ok()
        && depth(bare) <= MAX_DEPTH;
    assert_eq!(check(data).is_ok(), taken, "{text:?}");
    let _ = infer_json(data);
    if let Ok(Some(spelled)) = spell_out(data) {
        assert!(taken, "{text:?}");
        assert_json(&spelled);
    }
    for path in ["a", "a[].b", "[]"] {
        for (_, decoding) in Decoding::NAMES {
            let decoder = Decoder::new(path, decoding).expect("a path with one []");
            let (decoded, _) = decoder.decode(text);
            if let Some(decoded) = decoded.filter(|decoded| depth(decoded) <= MAX_DEPTH) {
                assert_json(&decoded);
            }
        }
    }
    for paths in PATHS {
        let variables = Variables::new(paths.iter().map(|path| (*path, None))).read(data);
        assert_eq!(variables.is_ok(), taken, "{text:?}");
        if let Ok(variables) = variables {
            assert_json(&variables);
        }
        let values = PathSet::new(paths.iter().copied()).extract(data);
        assert_eq!(values.is_ok(), taken, "{text:?}");
        // serde_json can't represent half of a surrogate pair or a number outside the range of doubles.
        let sayable = !text.contains("\\u") && text.chars().all(|c| c <= '\u{ffff}');
        for (path, value) in paths.iter().zip(values.unwrap_or_default()) {
            let plain = |text: &str| serde_json::from_str::<Value>(text);
            let (Ok(expected), true) = (reference::reference(bare, path), sayable) else {
                continue;
            };
            match (value.as_deref().map(plain), expected.as_deref().map(plain)) {
                (Some(Ok(value)), Some(Ok(expected))) => assert_eq!(value, expected, "{path} of {text:?}"),
                (value, expected) => assert_eq!(value.is_some(), expected.is_some(), "{path} of {text:?}"),
            }
        }
    }
}

/// Returns the nesting depth of a JSON text.
fn depth(json: &str) -> usize {
    let (mut open, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' if !in_string => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A token as in `Authorization`.
pub fn jwt(data: &[u8]) {
    let headers = Headers::new([("authorization".to_owned(), format!("Bearer {}", text(data)))]);
    let request = RequestParts {
        method: "POST",
        url: "",
        query: "",
        headers: &headers,
        body: &LazyBody::new(None, &headers, b""),
    };
    for (algorithm, key) in [("HS256", KEY), ("ES256", PUBLIC_KEY)] {
        let scheme = json!({ "kind": "jwt", "algorithms": [algorithm], "issuer": "me", "audience": "us" });
        let scheme = Scheme::from_json(&scheme.to_string()).expect("a scheme");
        if let Ok(verified) = verify(&scheme, &[secret(key)], &request, NOW) {
            assert!(verified.claims.is_some_and(|claims| claims["iss"] == "me"));
        }
    }
}

/// A content type and a body of that type.
pub fn multipart(data: &[u8]) {
    let ([content_type], body) = lines(data);
    let Ok(boundary) = form_data::boundary(&content_type, body) else {
        return;
    };
    let Ok(form) = form_data::read(body, boundary) else {
        return;
    };
    assert_json(&form.to_json());
    assert!(form.files().count() <= MAX_PARTS);
    for file in form.files() {
        assert!(file.filename.len() <= MAX_PART_NAME && !file.filename.contains(['/', '\\', '\0']));
        let delimiter = format!("\r\n--{boundary}");
        let content = &file.content;
        assert!(!content
            .windows(delimiter.len())
            .any(|window| window == delimiter.as_bytes()));
        let outer = body.as_ptr_range();
        let inner = content.as_ptr_range();
        assert!(content.is_empty() || outer.start <= inner.start && inner.end <= outer.end);
    }
    let records = vec!["{\"id\":1}".to_owned(); form.files().count()];
    assert_eq!(form.clone().into_owned(), form);
    assert_json(&form.into_owned().to_json_with(&records));
}

/// A query and a form.
pub fn query(data: &[u8]) {
    if let Ok(json) = url_query::read_form(data) {
        assert_json(&json);
    }
    let text = text(data);
    let _ = url_query::infer_query(&text);
    let _ = url_query::parameters(&text).count();
    if let Ok(json) = url_query::read_query(&text) {
        assert_json(&json);
    }
}

/// A whole request: content type, content encoding, path, query and body, for an endpoint that uses all of them.
pub fn request(data: &[u8]) {
    let ([content_type, encoding, path, url], body) = lines(data);
    let config = json!({
        "request": {
            "methods": ["POST"],
            "files": {},
            "rawBody": true,
            "params": [{ "key": "a" }],
            "headers": [{ "key": "Content-Type" }],
            "query": [{ "key": "a.b" }, { "key": "c[]" , "_var": "c" }],
            "body": [{ "key": "a" }, { "key": "a.b" }, { "key": "c[].d" }, { "key": "e", "_var": "f" }]
        },
        "idempotency": { "source": "body", "key": "a.b" }
    });
    let endpoint = Endpoint::new(&config, LIMIT).expect("a usable configuration");
    let headers = Headers::new([
        ("content-type".to_owned(), content_type),
        ("content-encoding".to_owned(), encoding),
    ]);
    let request = || Request {
        method: "POST",
        path: &path,
        url: &url,
        query: url.split_once('?').map_or("", |(_, query)| query),
        headers: &headers,
        body,
        peer: "192.0.2.1",
        now: NOW,
    };
    let diagnosed = endpoint.diagnose(request(), None);
    match endpoint.judge(request()) {
        Ok(Verdict::Event(event)) => {
            assert!(diagnosed.accepted);
            match event.content {
                Content::Context(context) => assert_json(&context),
                Content::Upload(upload) => {
                    assert_json(&endpoint.preview(&upload).expect("a small form"));
                    let records: Vec<_> = upload.files().map(|_| "{\"id\":1}".to_owned()).collect();
                    assert_json(&endpoint.context(&upload, &records).expect("the records are JSON"));
                }
            }
        }
        Ok(Verdict::Verification(_) | Verdict::Acknowledge { .. }) => assert!(diagnosed.accepted),
        Err(rejection) => {
            assert!(!diagnosed.accepted);
            assert_json(&rejection.to_reply().body);
        }
    }
}

/// A rule of a URL verification and a request to it: what is signed, the response, the query, a content type and a body.
pub fn verification(data: &[u8]) {
    let ([signed, reply, query, content_type], body) = lines(data);
    let rule = |authentication: &str, name: &str| {
        json!({
            "when": [{ name: "a" }],
            "authentication": authentication,
            "compute": { "algorithm": "hmac-sha256", "encoding": "hex", "signed": signed },
            "reply": { "headers": [{ "name": "x-a", "value": reply }], "json": [reply] },
        })
    };
    let config = json!({
        "authentication": [{ "preset": "github", "secrets": [KEY] }],
        "handshake": { "kind": "custom", "rules": [rule("none", "body"), rule("required", "form"), rule("none", "query")] },
    });
    let Ok(endpoint) = Endpoint::new(&config, LIMIT) else {
        return;
    };
    let headers = Headers::new([
        ("content-type".to_owned(), content_type),
        ("x-hub-signature-256".to_owned(), format!("sha256={}", "0".repeat(64))),
    ]);
    let request = || Request {
        method: "POST",
        path: "",
        url: "https://example.com/",
        query: &query,
        headers: &headers,
        body,
        peer: "192.0.2.1",
        now: NOW,
    };
    let is_early = endpoint.check_head(&request(), body.len() as u64).is_err();
    let diagnosed = endpoint.diagnose(request(), None);
    match endpoint.judge(request()) {
        Ok(Verdict::Verification(sent)) => {
            assert!(diagnosed.accepted && !is_early);
            let headers: usize = sent.headers.iter().map(|(_, value)| value.len()).sum();
            let slack = "application/json; charset=utf-8".len();
            assert!(sent.body.len() + headers <= MAX_VERIFICATION_REPLY + slack);
            assert!(sent.headers.iter().all(|(_, value)| unsendable_at(value).is_none()));
            assert_json(&sent.body);
        }
        Ok(other) => panic!("expected no {other:?}: the signature is wrong"),
        Err(rejection) => {
            assert!(!diagnosed.accepted);
            assert_eq!(rejection.status(), 401);
        }
    }
}

/// An XML body.
pub fn xml(data: &[u8]) {
    if let Ok(json) = xml_text::read(data) {
        assert_json(&json);
    }
}
