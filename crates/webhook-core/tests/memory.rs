//! The memory that judging a request takes: at most six times its body, besides what no size of a body changes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use serde_json::{json, Value};
use webhook_core::endpoint::{Endpoint, Verdict};
use webhook_core::limits::{MAX_QUERY_DEPTH, MAX_QUERY_PARAMETERS};
use webhook_core::rejection::Rejection;
use webhook_core::request::{Headers, Request};

const RATIO: usize = 6;
/// What a small body may take whatever its size: a mebibyte of context, growing by a quarter.
const SLACK: usize = 5 << 18;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b";
const XML: &str = "application/xml";

/// The system's allocator, which knows the most bytes that were in use at once.
struct Counting;

static CURRENT: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn add(bytes: usize) {
    let current = CURRENT.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(current, Relaxed);
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CURRENT.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CURRENT.fetch_sub(layout.size(), Relaxed);
        add(size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Texts for the numbers from 0 on, up to a size.
fn fill(size: usize, mut text: impl FnMut(usize) -> String) -> String {
    let mut filled = String::new();
    for number in 0.. {
        let next = text(number);
        if filled.len() + next.len() > size {
            break;
        }
        filled.push_str(&next);
    }
    filled
}

/// A form with as many parameters as are allowed, up to a size.
fn form(size: usize, parameter: impl Fn(usize) -> String) -> String {
    fill(size, |number| match number {
        ..MAX_QUERY_PARAMETERS => parameter(number) + "&",
        _ => "&".repeat(size),
    })
}

/// Brackets around twenty parts, the last one of which is a number.
fn nested(number: usize, part: &str) -> String {
    format!("{}[{number:x}]", format!("[{part}]").repeat(MAX_QUERY_DEPTH - 1))
}

fn bodies(size: usize) -> Vec<(&'static str, &'static str, String)> {
    let xml = |element: &dyn Fn(usize) -> String| format!("<r>{}</r>", fill(size, element));
    let deep = |number: usize| {
        let names: Vec<String> = (0..97).map(|level| format!("e{:x}", (number + level) % 4096)).collect();
        let mut text = String::new();
        names.iter().for_each(|name| write!(text, "<{name}>").unwrap());
        names.iter().rev().for_each(|name| write!(text, "</{name}>").unwrap());
        text
    };
    let part = |number: usize| {
        let name = format!("n{number:x}{}", nested(number, "a"));
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n1\r\n")
    };
    let parts: String = (0..1000).map(part).collect();
    vec![
        ("flat names", FORM, form(size, |n| format!("name{n}=value{n}"))),
        ("short flat names", FORM, form(size, |n| format!("{n:x}"))),
        (
            "escaped names and values",
            FORM,
            form(size, |n| format!("%61{n}=%62+{n}")),
        ),
        (
            "nested names",
            FORM,
            form(size, |n| format!("n{n:x}{}=1", nested(n, "a"))),
        ),
        (
            "nested indices",
            FORM,
            form(size, |n| format!("n{n:x}{}=1", nested(n, "0"))),
        ),
        (
            "two names in each innermost object",
            FORM,
            form(size, |n| format!("{:x}{}", n / 2, nested(n, "a"))),
        ),
        (
            "two names in each innermost list",
            FORM,
            form(size, |n| format!("{:x}{}", n / 2, nested(n, "0"))),
        ),
        (
            "two names in each object past the limit",
            FORM,
            form(size, |n| format!("{:x}{}", n / 2, nested(n, "1000"))),
        ),
        (
            "one object in the other",
            FORM,
            form(size, |n| format!("{:x}{}", n % 100, nested(n, "a"))),
        ),
        (
            "texts that meet objects",
            FORM,
            form(size, |n| format!("{:x}[a]{}=1", n / 2, ["", "[b]"][n % 2])),
        ),
        ("nested names of parts", MULTIPART, parts + "--b--\r\n"),
        (
            "typical",
            XML,
            xml(&|n| format!("<item><id>{n}</id><name>Name {n}</name><price currency=\"EUR\">9.99</price></item>\n")),
        ),
        ("the shortest elements", XML, xml(&|_| "<a/>".to_owned())),
        ("distinct names", XML, xml(&|n| format!("<n{n:x}/>"))),
        ("distinct names in elements", XML, xml(&|n| format!("<a><n{n:x}/></a>"))),
        ("attributes", XML, xml(&|n| format!("<a b=\"{n}\" c='' d='1'/>"))),
        ("the shortest attributes", XML, xml(&|_| "<a b=''/>".to_owned())),
        (
            "distinct attributes",
            XML,
            format!("<r {}/>", fill(size, |n| format!(" n{n:x}='1'"))),
        ),
        ("text between elements", XML, xml(&|_| "x<a/>".to_owned())),
        ("references", XML, xml(&|_| "<a>&lt;</a>".to_owned())),
        ("elements 98 levels deep", XML, xml(&deep)),
    ]
}

/// Bodies that take much memory with a certain configuration.
fn configured(size: usize) -> Vec<(&'static str, &'static str, Value, String)> {
    let rows = |rows: &[(&str, Option<&str>)]| {
        let row = |(key, name): &(&str, Option<&str>)| match name {
            Some(name) => json!({ "key": key, "_var": name }),
            None => json!({ "key": key }),
        };
        json!({ "request": { "body": rows.iter().map(row).collect::<Vec<_>>() } })
    };
    let raw = json!({ "request": { "rawBody": true } });
    let list = |element: &str| {
        format!(
            "[{}{element}]",
            format!("{element},").repeat(size / (element.len() + 1) - 1)
        )
    };
    let part = |value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{value}\r\n--b--\r\n");
    let mixed = "\u{1}aaaaa".repeat(size / 6);
    let euros = String::from_utf8(vec![b' '; size]).unwrap();
    vec![
        ("a list's elements", JSON, rows(&[("[]", Some("a"))]), list("1")),
        ("elements along a path", JSON, rows(&[("[]", None)]), list("1")),
        (
            "elements that lack the path",
            JSON,
            rows(&[("[].a", Some("a"))]),
            list("1"),
        ),
        (
            "three lists of what is missing",
            JSON,
            rows(&[("[].a", Some("a")), ("[].b", Some("b")), ("[].c", None)]),
            list("1"),
        ),
        (
            "members along a path",
            JSON,
            rows(&[("[].a", None), ("[].b", None)]),
            list(r#"{"a":1,"b":2}"#),
        ),
        (
            "nested lists",
            JSON,
            rows(&[("[][]", None), ("[].length", Some("n"))]),
            list("[1,2]"),
        ),
        ("lists of one", JSON, rows(&[("[].a[]", Some("a"))]), list(r#"{"a":1}"#)),
        (
            "the same element thrice",
            JSON,
            rows(&[("[]", Some("a")), ("[]", Some("b")), ("[]", Some("c"))]),
            list("[1]"),
        ),
        ("the whole text besides", JSON, raw.clone(), list("\"\"")),
        (
            "large numbers",
            JSON,
            json!({ "request": { "bigNumbers": "text" } }),
            list("1e400"),
        ),
        (
            "large numbers in a list",
            JSON,
            json!({ "request": { "bigNumbers": "text", "body": [{ "key": "[]", "_var": "a" }] } }),
            list("1e400"),
        ),
        (
            "JSON inside of a text",
            JSON,
            json!({ "request": { "decode": [{ "path": "a", "as": "json" }] } }),
            json!({ "a": list("1") }).to_string(),
        ),
        (
            "text in base64",
            JSON,
            json!({ "request": { "decode": [{ "path": "a", "as": "base64" }] } }),
            json!({ "a": STANDARD.encode(&mixed) }).to_string(),
        ),
        (
            "a key in a list",
            JSON,
            json!({ "idempotency": { "source": "body", "key": "[].a" } }),
            list("1"),
        ),
        (
            "a key as long as the body",
            JSON,
            json!({ "idempotency": { "source": "body", "key": "a" } }),
            json!({ "a": "\n".repeat(size / 2) }).to_string(),
        ),
        ("a text", TEXT, raw.clone(), mixed.clone()),
        ("a text of line breaks", TEXT, raw.clone(), "\n".repeat(size)),
        ("a text of quotes", TEXT, json!({}), "\"".repeat(size)),
        (
            "a text in another charset",
            "text/plain; charset=utf-16le",
            raw.clone(),
            "a\0".repeat(size / 2),
        ),
        (
            "a text that grows with its charset",
            "text/plain; charset=koi8-r",
            raw.clone(),
            euros,
        ),
        ("a field", MULTIPART, json!({}), part(&mixed)),
        ("a form's value", FORM, raw.clone(), format!("a={mixed}")),
        (
            "a form's escaped value",
            FORM,
            raw,
            format!("a={}", "%01".repeat(size / 3)),
        ),
    ]
}

/// The peak of the memory in use while a request is judged, above what was in use before.
fn peak(endpoint: &Endpoint, content_type: &str, body: &str) -> (usize, bool) {
    let headers = Headers::new([("content-type", content_type)]);
    let request = Request {
        method: "POST",
        path: "",
        url: "",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
        peer: "192.0.2.1",
        now: 0,
    };
    let before = CURRENT.load(Relaxed);
    PEAK.store(before, Relaxed);
    let verdict = endpoint.judge(request);
    let peak = PEAK.load(Relaxed) - before;
    assert!(
        matches!(verdict, Ok(Verdict::Event(_)) | Err(Rejection::ContextTooLarge { .. })),
        "{content_type}: {verdict:?}"
    );
    (peak, verdict.is_ok())
}

#[test]
fn takes_at_most_six_times_the_memory_of_a_body() {
    // What is made once, such as tables, is made before.
    let endpoint = Endpoint::new(&json!({}), 100 << 20).unwrap();
    peak(&endpoint, XML, "<a/>");
    let mut over = Vec::new();
    for size in [64 << 10, 1 << 20] {
        let plain = bodies(size)
            .into_iter()
            .map(|(name, content_type, body)| (name, content_type, json!({}), body));
        for (name, content_type, config, body) in plain.chain(configured(size)) {
            let endpoint = Endpoint::new(&config, 100 << 20).unwrap();
            let (peak, accepted) = peak(&endpoint, content_type, &body);
            let line = format!(
                "{name}: {peak} bytes for a body of {}{}",
                body.len(),
                if accepted { "" } else { ", rejected" }
            );
            println!(
                "{line} ({:.2} times, {:.2} above the slack)",
                peak as f64 / body.len() as f64,
                peak.saturating_sub(SLACK) as f64 / body.len() as f64
            );
            if peak > RATIO * body.len() + SLACK {
                over.push(line);
            }
        }
    }
    assert_eq!(over, Vec::<String>::new());
}
