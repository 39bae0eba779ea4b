//! Does pieces of work once each, for `bench/instructions.mjs` to count what they take under callgrind.
//!
//! The one argument is a JSON file: a list of `{ paths, body }` for an extraction and `{ config, query, headers, body, refused }`
//! for a request to an endpoint. What is counted is the function `measured`, in the order of the list.

use std::hint::black_box;

use serde_json::Value;
use webhook_core::json::PathSet;
use webhook_core::judge::Endpoint;
use webhook_core::request::{Headers, Request};

enum Work {
    Extract {
        paths: PathSet,
        body: Vec<u8>,
    },
    Judge {
        endpoint: Box<Endpoint>,
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
            query: text("query"),
            headers: Headers::new(headers.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()))),
            body,
        }
    }

    #[inline(never)]
    fn is_refused(&self) -> bool {
        match self {
            Self::Extract { paths, body } => black_box(paths.extract(body)).is_err(),
            Self::Judge {
                endpoint,
                query,
                headers,
                body,
            } => {
                let judged = endpoint.judge(Request {
                    method: "POST",
                    path: "",
                    url: "https://example.com/api/webhook:trigger/1hfmkioou0d",
                    query,
                    headers,
                    body,
                    peer: "192.0.2.7",
                    now: 1_740_787_200_000,
                });
                match black_box(judged) {
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

/// Gives whether the request was refused.
#[inline(never)]
fn measured(work: &Work) -> bool {
    work.is_refused()
}

fn main() {
    let file = std::env::args().nth(1).expect("a file with the work to do");
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(file).expect("a file that can be read"))
        .expect("a list of pieces of work");
    for case in &cases {
        let work = Work::read(case);
        // The first time pays for what is found out once, such as what the processor can do.
        black_box(work.is_refused());
        let refused = measured(black_box(&work));
        assert_eq!(refused, case["refused"] == true, "{}", case["name"]);
    }
}
