//! Diagnoses: a request goes through all checks, whatever the first rejection.
//!
//! They run off the main thread: the editor may send as much as NocoBase takes.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::{json, Value};
use webhook_core::{config, endpoint};

use crate::arguments::request::KnownRequest;
use crate::arguments::{object, optional_number, Str};
use crate::body::Source;
use crate::config::filled_texts;
use crate::head::now;
use crate::task::off_thread;

/// A request to diagnose; see `header.d.ts`.
pub struct DiagnosedRequest {
    known: KnownRequest,
    unread_bytes: Option<f64>,
    received_at_ms: Option<f64>,
    body: Option<Source>,
}

impl DiagnosedRequest {
    /// Reads the argument `request`. Fails with a `TypeError` for a field of another type.
    pub fn read(env: &Env, request: Unknown) -> Result<Self> {
        let request = object(env, "request", request)?;
        let number = |argument, name| optional_number(env, argument, request.get_named_property(name)?);
        Ok(Self {
            known: KnownRequest::read(env, &request)?,
            unread_bytes: number("request.unreadBytes", "unreadBytes")?,
            received_at_ms: number("request.receivedAtMs", "receivedAtMs")?,
            body: Source::optional(env, "request.body", request.get_named_property("body")?)?,
        })
    }

    /// Returns what the request comes to, as a `Diagnosed`.
    pub fn diagnose(&self, endpoint: &endpoint::Endpoint) -> Value {
        let body = self.body.as_ref().map_or(&[][..], Source::bytes);
        let now = self.received_at_ms.map_or_else(now, |at| at as i64);
        let any_path = endpoint.any_path();
        let request = self.known.with(endpoint.any_method(), &any_path, body, now);
        let address = endpoint.client_address(&request).map(|address| address.to_string());
        let unread = self.unread_bytes.filter(|_| self.body.is_none());
        let diagnosed = endpoint.diagnose(request, unread.map(|bytes| bytes as u64));
        json!({ "accepted": diagnosed.accepted, "address": address, "checks": diagnosed.checks })
    }
}

/// Diagnoses a request by a configuration that isn't enabled yet, on another thread. `config` is JSON text with its
/// `{{$env.NAME}}` filled; see `Endpoint` for `filled`. Bytes in an array are copied first.
///
/// The promise resolves to the JSON text of `{ accepted, checks, issues }`: the first two are those of a `Diagnosed`, the last is
/// the list that `checkConfig` returns. A configuration that can't be used accepts nothing and has no checks.
///
/// ```js
/// await diagnose('{}', 10_485_760, { method: 'POST', headers: {} })
/// // '{"accepted":true,"checks":[{"check":"method","outcome":"passed"},…],"issues":[]}'
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "config: string, limitBytes: number, request: DiagnosedRequest, filled?: string[] | undefined | null",
    ts_return_type = "Promise<string>"
)]
pub fn diagnose<'env>(
    env: &'env Env,
    config: Str,
    limit_bytes: u32,
    request: Unknown,
    filled: Unknown,
) -> Result<PromiseRaw<'env, String>> {
    let request = DiagnosedRequest::read(env, request)?;
    let filled = filled_texts(env, filled)?;
    off_thread(env, move || {
        diagnosed(&config.0, limit_bytes as usize, &request, filled)
    })
}

fn diagnosed(config: &str, limit: usize, request: &DiagnosedRequest, filled: Vec<(String, String)>) -> Result<String> {
    let config: Value = serde_json::from_str(config).map_err(|error| Error::from_reason(error.to_string()))?;
    let issues = config::check(&config);
    let (accepted, checks) = match endpoint::Endpoint::new(&config, limit) {
        Ok(endpoint) => {
            let mut diagnosed = request.diagnose(&endpoint.redacting(filled));
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
