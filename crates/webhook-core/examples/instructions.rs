//! Does pieces of work, for `bench/lib/callgrind.mjs` to count what they take.
//!
//! The first argument is a JSON file: a list of `{ paths, body }` for an extraction and of `{ config, path, query, headers, body,
//! rejected, diagnose }` for a request to an endpoint, which is judged or diagnosed; `rejected` may be `"any"`. Callgrind counts
//! the function `measured`, in the order of the list. With `--time` as the second argument nothing is counted: a line for each
//! piece says how many nanoseconds it takes, for the search of `bench/worst.mjs`.

use std::hint::black_box;
use std::time::Instant;

use serde_json::Value;
use webhook_core::endpoint::Endpoint;
use webhook_core::json::PathSet;
use webhook_core::request::{Headers, Request};

enum Work {
    Extract {
        paths: PathSet,
        body: Vec<u8>,
    },
    Judge {
        endpoint: Box<Endpoint>,
        diagnose: bool,
        path: String,
        query: String,
        headers: Headers<'static>,
        body: Vec<u8>,
    },
}

impl Work {
    fn read(case: &Value) -> Self {
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let texts = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).expect("a list of texts") };
        let body = text("body").into_bytes();
        if case["paths"].is_array() {
            let paths = texts(&case["paths"]);
            return Self::Extract {
                paths: PathSet::new(paths.iter().map(String::as_str)),
                body,
            };
        }
        let headers = texts(&case["headers"]);
        Self::Judge {
            endpoint: Box::new(Endpoint::new(&case["config"], 10 << 20).expect("a configuration that can be used")),
            diagnose: case["diagnose"] == true,
            path: text("path"),
            query: text("query"),
            headers: Headers::new(headers.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()))),
            body,
        }
    }

    #[inline(never)]
    fn is_rejected(&self) -> bool {
        match self {
            Self::Extract { paths, body } => black_box(paths.extract(body)).is_err(),
            Self::Judge {
                endpoint,
                diagnose,
                path,
                query,
                headers,
                body,
            } => {
                let request = Request {
                    method: "POST",
                    path,
                    url: "https://example.com/api/webhook:trigger/1hfmkioou0d",
                    query,
                    headers,
                    body,
                    peer: "192.0.2.7",
                    now: 1_740_787_200_000,
                };
                if *diagnose {
                    return !black_box(endpoint.diagnose(request, None)).accepted;
                }
                match black_box(endpoint.judge(request)) {
                    Ok(_) => false,
                    Err(rejection) => {
                        black_box(rejection.to_reply());
                        true
                    }
                }
            }
        }
    }
}

/// Returns whether the request was rejected.
#[inline(never)]
fn measured(work: &Work) -> bool {
    work.is_rejected()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("a file with the work to do");
    let timed = arguments.next().is_some_and(|argument| argument == "--time");
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(file).expect("a file that can be read"))
        .expect("a list of pieces of work");
    for case in &cases {
        let work = Work::read(case);
        // The first time pays for what is found out once, such as what the processor can do.
        black_box(work.is_rejected());
        if timed {
            let start = Instant::now();
            black_box(work.is_rejected());
            println!("{}", start.elapsed().as_nanos());
            continue;
        }
        let rejected = measured(black_box(&work));
        assert!(
            case["rejected"] == "any" || rejected == (case["rejected"] == true),
            "{}",
            case["name"]
        );
    }
}
