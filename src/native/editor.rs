//! What the editor's forms ask, off the main thread: a form may send as much as NocoBase takes.

use std::panic::{catch_unwind, AssertUnwindSafe};

use napi::bindgen_prelude::*;
use napi::Task;
use napi_derive::napi;
use serde_json::{json, Value};
use webhook_core::{config, error, json as core_json, judge, query};

use crate::judge::{diagnose_with, DiagnosedRequest};

/// Takes a request through all checks of a configuration that no webhook has yet, on a thread of libuv's pool. `config` is
/// JSON text with its `{{$env.NAME}}` filled; `limit` bounds the body in bytes. Bytes in an array are copied first.
///
/// The promise gives the JSON text of `{ accepted, checks, issues }`: the first two are those of a `Diagnosed`, the last what
/// `checkConfig` gives. A configuration that can't be used accepts nothing and has no checks.
#[napi(
    catch_unwind,
    ts_args_type = "config: string, limit: number, request: DiagnosedRequest",
    ts_return_type = "Promise<string>"
)]
pub fn diagnose(env: &Env, config: String, limit: u32, request: Unknown) -> Result<AsyncTask<Question>> {
    Ok(AsyncTask::new(Question::Diagnose {
        config,
        limit: limit as usize,
        request: DiagnosedRequest::read(env, request)?,
    }))
}

/// `inferPaths` on a thread of libuv's pool. The promise gives the JSON text of what that returns.
#[napi(
    catch_unwind,
    ts_args_type = "sample: string, kind: 'json' | 'query'",
    ts_return_type = "Promise<string>"
)]
pub fn infer_paths_off_thread(sample: String, kind: String) -> AsyncTask<Question> {
    AsyncTask::new(Question::Infer { sample, kind })
}

/// What is asked; its answer is JSON text.
pub enum Question {
    Diagnose {
        config: String,
        limit: usize,
        request: DiagnosedRequest,
    },
    Infer {
        sample: String,
        kind: String,
    },
}

impl Question {
    fn answer(&mut self) -> Option<String> {
        match self {
            Self::Diagnose { config, limit, request } => diagnosed(config, *limit, request),
            Self::Infer { sample, kind } => Some(inferred(match kind.as_str() {
                "json" => core_json::infer_json(sample.as_bytes()),
                "query" => query::infer_query(sample),
                _ => return None,
            })),
        }
    }
}

impl Task for Question {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<Self::Output> {
        // A panic on a thread of the pool would end the process; here it fails the one request.
        let answer = catch_unwind(AssertUnwindSafe(|| self.answer())).ok().flatten();
        answer.ok_or_else(|| Error::from_reason("answering the editor failed"))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}

fn diagnosed(config: &str, limit: usize, request: &DiagnosedRequest) -> Option<String> {
    let config: Value = serde_json::from_str(config).ok()?;
    let issues = config::check(&config);
    let (accepted, checks) = match judge::Endpoint::new(&config, limit) {
        Ok(endpoint) => {
            let mut diagnosed = diagnose_with(&endpoint, request);
            (diagnosed["accepted"].take(), diagnosed["checks"].take())
        }
        Err(_) => (json!(false), json!([])),
    };
    let issues: Value = issues
        .into_iter()
        .map(|issue| json!({ "path": issue.path, "code": issue.code, "message": issue.message }))
        .collect();
    Some(json!({ "accepted": accepted, "checks": checks, "issues": issues }).to_string())
}

fn inferred(paths: std::result::Result<Vec<String>, error::ParseError>) -> String {
    match paths {
        Ok(paths) => json!({ "ok": true, "paths": paths }),
        Err(error) => json!({
            "ok": false,
            "error": {
                "code": error.code,
                "message": error.message,
                "line": error.line,
                "column": error.column,
                "offset": error.offset,
            },
        }),
    }
    .to_string()
}
