//! Responses to accepted and rejected requests.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::rejection::Rejection;
use webhook_core::reply;

use crate::arguments::{elements, misuse, number, object, optional_text, text, texts, Str};

/// A response ready to send.
#[napi(object, object_from_js = false)]
pub struct Reply {
    /// Whether it is a response to an accepted request or a rejection.
    #[napi(ts_type = "'response' | 'rejection'")]
    pub kind: &'static str,
    /// HTTP status, 200 to 599.
    pub status: u16,
    /// Names in lower case, and values; a name may appear more than once (`set-cookie`).
    #[napi(ts_type = "Array<[string, string]>")]
    pub headers: Vec<Vec<String>>,
    /// The body; empty for none.
    pub body: String,
    /// Code of a rejection, such as `NOT_FOUND`; absent for a response.
    pub code: Option<String>,
    /// Why the request was rejected, or what was left out of the response; for the owner's log, never for the caller.
    /// Holds no secret.
    pub reason: Option<String>,
}

impl From<reply::Reply> for Reply {
    fn from(reply: reply::Reply) -> Self {
        let headers = reply
            .headers
            .into_iter()
            .map(|(name, value)| vec![name, value])
            .collect();
        Self {
            kind: "response",
            status: reply.status,
            headers,
            body: reply.body,
            code: None,
            reason: None,
        }
    }
}

impl From<&Rejection> for Reply {
    fn from(rejection: &Rejection) -> Self {
        Self {
            kind: "rejection",
            code: Some(rejection.code().to_owned()),
            reason: rejection.reason().map(ToString::to_string),
            ..rejection.to_reply().into()
        }
    }
}

/// Makes a configured response ready to send; `filled` is the JSON text of `{ statusCode, headers: [{ name, value }], body }`.
///
/// Throws an `Error` for a status out of range, and for a header whose name or value HTTP can't transport.
///
/// ```js
/// buildReply('{"statusCode":202,"body":{"ok":true}}')
/// // { kind: 'response', status: 202, headers: [['content-type', 'application/json; charset=utf-8']], body: '{"ok":true}' }
/// ```
#[napi(catch_unwind, ts_args_type = "filled: string")]
pub fn build_reply(filled: Str) -> Result<Reply> {
    reply::Reply::build(&filled.0)
        .map(Into::into)
        .map_err(|error| Error::from_reason(error.to_string()))
}

/// Makes the response to an event ready to send, before a workflow has looked at it. Like `buildReply`, but leaves out a header
/// whose value can't be sent, and says so in `reason`: the value may be the caller's, who must not be able to have the event
/// rejected with it.
///
/// ```js
/// buildEventReply('{"headers":[{"name":"x-a","value":"1\\n2"}]}').reason // which header was left out, and why
/// ```
#[napi(catch_unwind, ts_args_type = "filled: string")]
pub fn build_event_reply(filled: Str) -> Result<Reply> {
    let (reply, left_out) =
        reply::Reply::build_for_event(&filled.0).map_err(|error| Error::from_reason(error.to_string()))?;
    Ok(Reply {
        reason: left_out.map(|error| error.to_string()),
        ..reply.into()
    })
}

/// Returns the response to a request that is rejected for a reason only the server knows.
///
/// ```js
/// refuse('busy').code // 'BUSY'
/// ```
#[napi(catch_unwind, ts_args_type = "reason: RejectionReason", ts_return_type = "Rejection")]
pub fn refuse(env: Env, reason: Str) -> Result<Reply> {
    let rejection = match reason.0.as_str() {
        "notFound" => Rejection::NotFound,
        "incomplete" => Rejection::Incomplete,
        "misconfigured" => Rejection::Misconfigured,
        "busy" => Rejection::Busy,
        "notStored" => Rejection::NotStored,
        "unstorable" => Rejection::Unstorable,
        "stopping" => Rejection::Stopping,
        "timedOut" => Rejection::TimedOut,
        "workflowFailed" => Rejection::WorkflowFailed,
        _ => return misuse(&env, "reason", "a known reason"),
    };
    Ok((&rejection).into())
}

/// Returns the text, or the rejection as a `Reply`.
pub fn text_or_rejection(text: std::result::Result<String, Rejection>) -> Either<String, Reply> {
    match text {
        Ok(text) => Either::A(text),
        Err(rejection) => Either::B((&rejection).into()),
    }
}

/// Reads a `Reply`: the response, its code and its reason.
pub fn read_reply(env: &Env, reply: Unknown) -> Result<(reply::Reply, Option<String>, Option<String>)> {
    const HEADERS: &str = "an array of names and values";
    let reply = object(env, "reply", reply)?;
    let status = number(env, "reply.status", reply.get_named_property("status")?)?;
    let given: Unknown = reply.get_named_property("headers")?;
    let mut headers = Vec::new();
    for pair in elements(env, "reply.headers", HEADERS, given)? {
        let Ok([name, value]) = <[String; 2]>::try_from(texts(env, "reply.headers", pair?)?) else {
            return misuse(env, "reply.headers", HEADERS);
        };
        headers.push((name, value));
    }
    let body = text(env, "reply.body", reply.get_named_property("body")?)?;
    let code = optional_text(env, "reply.code", reply.get_named_property("code")?)?;
    let reason = optional_text(env, "reply.reason", reply.get_named_property("reason")?)?;
    let reply = reply::Reply {
        status: status as u16,
        headers,
        body,
    };
    Ok((reply, code, reason))
}
