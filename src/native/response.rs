//! Responses: those of workflows, and those to rejected requests.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::rejection::Rejection;
use webhook_core::reply;

use crate::arguments::{elements, misuse, number, object, optional_text, text, texts};

/// An answer ready to be sent.
#[napi(object, object_from_js = false)]
pub struct Reply {
    /// HTTP status, 200 to 599.
    pub status: u16,
    /// Names, in lower case, and values; a name may stand more than once (`set-cookie`).
    #[napi(ts_type = "Array<[string, string]>")]
    pub headers: Vec<Vec<String>>,
    /// The body; empty for none.
    pub body: String,
    /// Code of a refusal, such as `NOT_FOUND`; absent for a workflow's own answer.
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
            code: Some(rejection.code().to_owned()),
            reason: rejection.reason().map(ToString::to_string),
            ..rejection.to_reply().into()
        }
    }
}

/// Makes a filled answer ready to be sent; `filled` is the JSON text of `{ statusCode, headers: [{ name, value }], body }`.
///
/// Throws an Error saying what is wrong: a status out of range, a header's name or value that HTTP has no room for.
#[napi(catch_unwind)]
pub fn build_reply(filled: String) -> Result<Reply> {
    reply::Reply::build(&filled)
        .map(Into::into)
        .map_err(|error| Error::from_reason(error.to_string()))
}

/// As `buildReply`, for the answer to an event that no workflow has looked at yet: a header whose value can't be sent is left
/// out, and `reason` says so. The value may be the caller's, who must not be able to have the event rejected by it.
#[napi(catch_unwind)]
pub fn build_event_reply(filled: String) -> Result<Reply> {
    let (reply, left_out) =
        reply::Reply::build_for_event(&filled).map_err(|error| Error::from_reason(error.to_string()))?;
    Ok(Reply {
        reason: left_out.map(|error| error.to_string()),
        ..reply.into()
    })
}

/// The reply to a request that is refused for a reason only the server knows.
#[napi(
    catch_unwind,
    ts_args_type = "reason: 'notFound' | 'incomplete' | 'misconfigured' | 'busy' | 'notStored' | 'unstorable' | 'stopping' | 'timedOut' | 'workflowFailed'"
)]
pub fn refuse(env: Env, reason: String) -> Result<Reply> {
    let rejection = match reason.as_str() {
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

/// The text, or the rejection as a `Reply`.
pub fn text_or_rejection(text: std::result::Result<String, Rejection>) -> Either<String, Reply> {
    match text {
        Ok(text) => Either::A(text),
        Err(rejection) => Either::B((&rejection).into()),
    }
}

/// Reads a `Reply`: what is sent, its code and its reason.
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
