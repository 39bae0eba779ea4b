//! `judge`: an endpoint compiled for a single request.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::event::Content;
use webhook_core::{endpoint, reply};

use crate::arguments::bytes::Bytes;
use crate::arguments::json::json_value;
use crate::arguments::object;
use crate::arguments::request::KnownRequest;
use crate::config::compile;
use crate::head::now;
use crate::outcome::parse_json;

/// Most bytes of a body that `judge` takes, as sent and as inflated: NocoBase's default for `REQUEST_BODY_LIMIT`, 10 MiB.
const JUDGE_LIMIT: usize = 10 * 1024 * 1024;

/// Judges a request by a trigger's configuration, as the server does for an enabled webhook.
///
/// Returns the variables that the workflow would get, or the response to the rejected request. Bodies may have 10 MiB, as sent
/// and as inflated. `{{$env.NAME}}` is not filled.
///
/// Throws a `TypeError` for arguments of another type, and an `Error` if the configuration can't be used.
///
/// ```js
/// judge({ request: { keep: 'listed', body: [{ key: 'order.id' }] } }, {
///   headers: { 'content-type': 'application/json' },
///   body: '{"order":{"id":7}}',
/// })
/// // { accepted: true, variables: { headers: {}, query: {}, body: { order: { id: 7 } } } }
/// ```
#[napi(
    catch_unwind,
    js_name = "judge",
    ts_args_type = "config: unknown, request: WebhookRequest",
    ts_return_type = "Judgement"
)]
pub fn judge_once<'env>(env: &'env Env, config: Unknown<'env>, request: Unknown<'env>) -> Result<Object<'env>> {
    let endpoint = compile(&json_value(env, "config", config)?, JUDGE_LIMIT)?;
    let request = object(env, "request", request)?;
    let known = KnownRequest::read(env, &request)?;
    let body = Bytes::optional(env, "request.body", request.get_named_property("body")?)?;
    let judged = body.with(|body| endpoint.judge(known.with("POST", "", body, now())))?;
    let mut decision = Object::new(env)?;
    let (code, reply) = match judged {
        Ok(endpoint::Verdict::Event(event)) => {
            let context = match event.content {
                Content::Context(context) => Ok(context),
                Content::Upload(upload) => endpoint.preview(&upload),
            };
            match context {
                Ok(context) => {
                    decision.set("accepted", true)?;
                    decision.set("variables", parse_json(env, context)?)?;
                    if let Some(key) = event.idempotency_key {
                        decision.set("idempotencyKey", key)?;
                    }
                    return Ok(decision);
                }
                Err(rejection) => (rejection.code(), rejection.to_reply()),
            }
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
    decision.set("accepted", false)?;
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
