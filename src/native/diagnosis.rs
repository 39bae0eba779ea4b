//! Diagnoses: a request goes through all checks, whatever the first rejection.
//!
//! They run off the main thread: the editor may send as much as NocoBase takes.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::{json, Value};
use webhook_core::request::{Headers, Request};
use webhook_core::{config, endpoint};

use crate::arguments::headers::headers_in_turn;
use crate::arguments::{object, optional_number, optional_text, text, texts};
use crate::body::Source;
use crate::head::{now, query_of};
use crate::task::off_thread;

/// A request to be diagnosed; see `header.d.ts`.
pub struct DiagnosedRequest {
    method: Option<String>,
    path: Option<String>,
    url: String,
    peer: Option<String>,
    headers: Headers<'static>,
    length: Option<f64>,
    at: Option<f64>,
    body: Option<Source>,
}

impl DiagnosedRequest {
    /// Reads the argument `request`.
    pub fn read(env: &Env, request: Unknown) -> Result<Self> {
        let request = object(env, "request", request)?;
        let optional = |argument, name| optional_text(env, argument, request.get_named_property(name)?);
        Ok(Self {
            method: optional("request.method", "method")?,
            path: optional("request.path", "path")?,
            url: text(env, "request.url", request.get_named_property("url")?)?,
            peer: optional("request.peer", "peer")?,
            headers: headers_in_turn(texts(env, "request.headers", request.get_named_property("headers")?)?),
            length: optional_number(env, "request.length", request.get_named_property("length")?)?,
            at: optional_number(env, "request.at", request.get_named_property("at")?)?,
            body: Source::optional(env, "request.body", request.get_named_property("body")?)?,
        })
    }

    /// What a request comes to, as a `Diagnosed`.
    pub fn diagnose(&self, endpoint: &endpoint::Endpoint) -> Value {
        let body = self.body.as_ref().map_or(&[][..], Source::bytes);
        let any_path;
        let request = Request {
            method: self.method.as_deref().unwrap_or(endpoint.any_method()),
            path: match &self.path {
                Some(path) => path,
                None => {
                    any_path = endpoint.any_path();
                    &any_path
                }
            },
            url: &self.url,
            query: query_of(&self.url),
            headers: &self.headers,
            body,
            peer: self.peer.as_deref().unwrap_or_default(),
            now: self.at.map_or_else(now, |at| at as i64),
        };
        let address = endpoint.client_address(&request).map(|address| address.to_string());
        let unread = self.length.filter(|_| self.body.is_none());
        let diagnosed = endpoint.diagnose(request, unread.map(|length| length as u64));
        json!({ "accepted": diagnosed.accepted, "address": address, "checks": diagnosed.checks })
    }
}

/// Takes a request through all checks of a configuration that no webhook has yet, on another thread as `judgeOffThread` does.
/// `config` is JSON text with its `{{$env.NAME}}` filled; `limit` bounds the body in bytes. Bytes in an array are copied first.
///
/// The promise gives the JSON text of `{ accepted, checks, issues }`: the first two are those of a `Diagnosed`, the last what
/// `checkConfig` gives. A configuration that can't be used accepts nothing and has no checks.
#[napi(
    catch_unwind,
    ts_args_type = "config: string, limit: number, request: DiagnosedRequest",
    ts_return_type = "Promise<string>"
)]
pub fn diagnose<'env>(
    env: &'env Env,
    config: String,
    limit: u32,
    request: Unknown,
) -> Result<PromiseRaw<'env, String>> {
    let request = DiagnosedRequest::read(env, request)?;
    off_thread(env, move || diagnosed(&config, limit as usize, &request))
}

fn diagnosed(config: &str, limit: usize, request: &DiagnosedRequest) -> Result<String> {
    let config: Value = serde_json::from_str(config).map_err(|error| Error::from_reason(error.to_string()))?;
    let issues = config::check(&config);
    let (accepted, checks) = match endpoint::Endpoint::new(&config, limit) {
        Ok(endpoint) => {
            let mut diagnosed = request.diagnose(&endpoint);
            (diagnosed["accepted"].take(), diagnosed["checks"].take())
        }
        Err(_) => (json!(false), json!([])),
    };
    let issues: Value = issues
        .into_iter()
        .map(|issue| json!({ "path": issue.path, "code": issue.code, "message": issue.message }))
        .collect();
    Ok(json!({ "accepted": accepted, "checks": checks, "issues": issues }).to_string())
}
