//! `judge`: an endpoint compiled for a single request.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::event::Content;
use webhook_core::request::{Headers, Request};
use webhook_core::{endpoint, reply};

use crate::arguments::bytes::Bytes;
use crate::arguments::headers::header_pairs;
use crate::arguments::json::json_value;
use crate::arguments::{object, optional_text};
use crate::config::compile;
use crate::head::{now, query_of};
use crate::outcome::parse_json;

/// Most bytes of a body that `judge` takes, as sent and as inflated: NocoBase's default for `REQUEST_BODY_LIMIT`, 10 MiB.
const JUDGE_LIMIT: usize = 10 * 1024 * 1024;

/// Judges a request by a trigger's configuration, as the server does with an enabled webhook, but for the workflow's key.
///
/// Gives the decision as a value: the variables the workflow would get (`$context`), or the refusal with status, code,
/// headers and body. Bodies may have 10 MiB, as sent and as inflated. `{{$env.NAME}}` is not filled. `url` is the whole
/// URL, which some senders sign; `path` is what stands behind the workflow's key in it; `query` is what stands behind its
/// `?`, and is taken from `url` where it is left out; `address` is the other end of the connection. A sender's question (a
/// handshake) is no event: it is not accepted either, has the code `HANDSHAKE`, and its answer stands where that of a refusal
/// does.
///
/// Throws a TypeError for arguments of another type, and an Error where the configuration can't be used.
///
/// ```js
/// judge({ request: { body: [{ key: 'order.id' }] } }, {
///   headers: { 'content-type': 'application/json' },
///   body: '{"order":{"id":7}}',
/// });
/// // { accepted: true, variables: { headers: {}, query: {}, body: { order: { id: 7 } } } }
/// ```
#[napi(
    catch_unwind,
    js_name = "judge",
    ts_args_type = "config: unknown, request: { method?: string; path?: string; url?: string; address?: string; query?: string; headers?: Record<string, string | string[] | undefined>; body?: string | Uint8Array }",
    ts_return_type = "{ accepted: true; variables: { headers: Record<string, unknown>; query: Record<string, unknown>; body?: unknown; params?: Record<string, unknown>; rawBody?: string; auth?: Record<string, unknown> } } | { accepted: false; status: number; code: string; headers: Record<string, string>; body: string }"
)]
pub fn judge_once<'env>(env: &'env Env, config: Unknown<'env>, request: Unknown<'env>) -> Result<Object<'env>> {
    let endpoint = compile(&json_value(env, "config", config)?, JUDGE_LIMIT)?;
    let request = object(env, "request", request)?;
    let method = optional_text(env, "request.method", request.get_named_property("method")?)?;
    let path = optional_text(env, "request.path", request.get_named_property("path")?)?.unwrap_or_default();
    let url = optional_text(env, "request.url", request.get_named_property("url")?)?.unwrap_or_default();
    let peer = optional_text(env, "request.address", request.get_named_property("address")?)?.unwrap_or_default();
    let query = optional_text(env, "request.query", request.get_named_property("query")?)?;
    let headers = Headers::new(header_pairs(env, request.get_named_property("headers")?)?);
    let body = Bytes::optional(env, "request.body", request.get_named_property("body")?)?;
    let judged = body.with(|body| {
        endpoint.judge(Request {
            method: method.as_deref().unwrap_or("POST"),
            path: &path,
            url: &url,
            query: query.as_deref().unwrap_or_else(|| query_of(&url)),
            headers: &headers,
            body,
            peer: &peer,
            now: now(),
        })
    })?;
    let mut decision = Object::new(env)?;
    decision.set("accepted", matches!(judged, Ok(endpoint::Verdict::Event(_))))?;
    let (code, reply) = match judged {
        Ok(endpoint::Verdict::Event(event)) => {
            let context = match event.content {
                Content::Context(context) => context,
                Content::Upload(upload) => endpoint
                    .preview(&upload)
                    .map_err(|rejection| Error::from_reason(rejection.message()))?,
            };
            decision.set("variables", parse_json(env, context)?)?;
            if let Some(key) = event.idempotency_key {
                decision.set("idempotencyKey", key)?;
            }
            return Ok(decision);
        }
        Ok(endpoint::Verdict::Verification(reply)) => ("HANDSHAKE", reply),
        // The acknowledgement needs random bytes, which a function of its arguments hasn't.
        Ok(endpoint::Verdict::Acknowledge { .. }) => (
            "HANDSHAKE",
            reply::Reply {
                status: 200,
                headers: vec![],
                body: String::new(),
            },
        ),
        Err(rejection) => (rejection.code(), rejection.to_reply()),
    };
    decision.set("status", reply.status)?;
    decision.set("code", code)?;
    let mut headers = Object::new(env)?;
    for (name, value) in reply.headers {
        headers.set(name, value)?;
    }
    decision.set("headers", headers)?;
    decision.set("body", reply.body)?;
    Ok(decision)
}
