//! Endpoints, and the one-off forms of what they do for plugin authors.

use std::ffi::CStr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use napi::bindgen_prelude::*;
use napi::{sys, Env, Task};
use napi_derive::napi;
use serde_json::Value;
use webhook_core::auth::basic::Basic;
use webhook_core::files::{media_type, Rules};
use webhook_core::rejection::Rejection;
use webhook_core::request::{Headers, Request};
use webhook_core::{config, judge, pasted, reply};

use crate::bare::{function, string, Bare};
use crate::body::Source;
use crate::convert::{
    elements, header_pairs, json_value, misuse, number, object, optional_number, optional_text, text, texts,
    with_bytes, with_text, Bytes,
};
use crate::types::{accepted, parse_json, refused};

/// One thing that is wrong with a configuration.
#[napi(object)]
pub struct ConfigIssue {
    /// Where, such as `request.body.0.key`; empty for the configuration itself.
    pub path: String,
    /// Stable code, upper-case with underscores, such as `REQUIRED`.
    pub code: String,
    /// "expected X, but found Y". Never holds the value, which may be a secret.
    pub message: String,
}

impl From<config::ConfigIssue> for ConfigIssue {
    fn from(issue: config::ConfigIssue) -> Self {
        Self {
            path: issue.path,
            code: issue.code.to_owned(),
            message: issue.message,
        }
    }
}

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

/// An event that is let in.
#[napi(object, object_from_js = false)]
pub struct Event {
    /// The context of its execution as JSON text: `{ headers, query, body }`, without `body` where there is none.
    pub context: String,
    /// What the sender names the event by; absent where that isn't configured, or the request has none.
    pub idempotency_key: Option<String>,
    /// The files that are to be kept before the event is stored, where that is configured and there are some.
    pub upload: Option<Upload>,
    /// Which secret of the first proof it came with, from 0; absent where no proof is asked for.
    pub secret: Option<u32>,
    /// Whether it is a sender's question instead, whose answer is that to every event (`acknowledge`); then there is no
    /// context.
    pub question: bool,
}

/// How many events a webhook lets in.
#[napi(object)]
pub struct RateLimit {
    /// How many events, 1 to 1,000,000.
    pub requests: u32,
    /// Within how many seconds, 1 to 86,400, counted from the first of them.
    pub seconds: u32,
}

/// A file of a multipart body.
#[napi(object, object_from_js = false)]
pub struct UploadedFile {
    /// Its name, without a path and without control characters; at most 1,024 bytes, empty where it has none.
    pub filename: String,
    /// The media type that the sender named, in lower case and without parameters; `application/octet-stream` for none.
    pub mimetype: String,
    /// The media type by what is in it, else by its name; absent where neither tells.
    pub detected: Option<String>,
    /// What is in it.
    pub content: Buffer,
}

/// The files of an event that are to be kept, and the context once they are.
#[napi]
pub struct Upload {
    endpoint: Arc<judge::Endpoint>,
    upload: Box<judge::Upload>,
}

#[napi]
impl Upload {
    /// Name of the storage that they go to; `null` for the default one.
    #[napi(getter, catch_unwind)]
    pub fn storage(&self) -> Option<String> {
        self.upload.storage.name.clone()
    }

    /// The refusal of a file that is larger than `size` in bytes, or of a media type that is not in `types` (with commas in
    /// between, `*` for anything on its side of the slash); `null` for none.
    #[napi(catch_unwind)]
    pub fn refuse(&self, size: Option<f64>, types: Option<String>) -> Option<Reply> {
        let rules = Rules {
            size: size.map(|bytes| bytes as u64),
            types: types.as_deref(),
        };
        let refused = self.upload.files().find_map(|file| rules.check(file).err());
        refused.as_ref().map(Into::into)
    }

    /// The files, in the order sent. Each call copies them.
    #[napi(catch_unwind)]
    pub fn files(&self) -> Vec<UploadedFile> {
        self.upload
            .files()
            .map(|file| UploadedFile {
                filename: file.filename.clone(),
                mimetype: file.mimetype.clone(),
                detected: media_type(file).map(str::to_owned),
                content: file.content.to_vec().into(),
            })
            .collect()
    }

    /// The context of the event as JSON text, with what is known of the kept files, as JSON texts in the order of the files; or
    /// the refusal of an event whose variables are too large.
    #[napi(catch_unwind, ts_args_type = "records: Array<string>")]
    pub fn context(&self, env: &Env, records: Unknown) -> Result<Either<String, Reply>> {
        let records = texts(env, "records", records)?;
        Ok(text_or_refusal(self.endpoint.context(&self.upload, &records)))
    }
}

/// Lists what is wrong with a trigger's configuration (`workflow.config`); an empty list for a good one.
///
/// Absent fields have their defaults, so `{}` is good; unknown fields are passed over.
///
/// ```js
/// checkConfig({ response: { statusCode: 99 } });
/// // [{ path: 'response.statusCode', code: 'STATUS_CODE', message: 'expected an integer from 200 to 599' }]
/// ```
#[napi(catch_unwind, ts_args_type = "config: unknown")]
pub fn check_config(env: Env, config: Unknown) -> Result<Vec<ConfigIssue>> {
    Ok(config::check(&json_value(&env, "config", config)?)
        .into_iter()
        .map(Into::into)
        .collect())
}

/// Lists what is wrong with an answer's configuration: the trigger's `response`, or the `config` of a Response node.
#[napi(catch_unwind, ts_args_type = "answer: unknown")]
pub fn check_answer(env: Env, answer: Unknown) -> Result<Vec<ConfigIssue>> {
    Ok(config::check_answer(&json_value(&env, "answer", answer)?)
        .into_iter()
        .map(Into::into)
        .collect())
}

/// Whether an `Authorization` header holds a user name and password as HTTP Basic (RFC 7617) sends them, in UTF-8.
///
/// Takes the same time whatever was sent. A missing (`null`, `undefined`) or malformed header is `false`, and so is
/// everything where the expected user name or password is empty: a blank secret protects nothing.
///
/// ```js
/// verifyBasicAuth('Basic dXNlcjpwYXNz', 'user', 'pass'); // true
/// ```
///
/// Throws a `TypeError` if an argument has another type.
#[napi(
    catch_unwind,
    ts_args_type = "authorization: string | null | undefined, username: string, password: string"
)]
pub fn verify_basic_auth(env: Env, authorization: Unknown, username: Unknown, password: Unknown) -> Result<bool> {
    let authorization = optional_text(&env, "authorization", authorization)?;
    let username = text(&env, "username", username)?;
    let password = text(&env, "password", password)?;
    let blank = username.is_empty() || password.is_empty();
    Ok(!blank && Basic::new(&username, &password).verify(authorization.as_deref()))
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
/// out, and `reason` says so. The value may be the caller's, who must not be able to have the event refused by it.
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

/// An enabled webhook, compiled once from its configuration.
#[napi]
pub struct Endpoint {
    endpoint: Arc<judge::Endpoint>,
}

#[napi]
impl Endpoint {
    /// Compiles a configuration, given as JSON text with its `{{$env.NAME}}` filled. `limit` bounds the body in bytes,
    /// as sent and as inflated.
    ///
    /// Throws an Error listing what makes the configuration unusable: credentials that can't be checked.
    #[napi(constructor, catch_unwind)]
    pub fn new(config: String, limit: u32) -> Result<Self> {
        let config: Value = serde_json::from_str(&config).map_err(|error| Error::from_reason(error.to_string()))?;
        Ok(Self {
            endpoint: Arc::new(compile(&config, limit as usize)?),
        })
    }

    /// The headers the endpoint looks at, in lower case; others need not be handed over.
    #[napi(getter, catch_unwind)]
    pub fn header_names(&self) -> Vec<String> {
        self.endpoint.header_names().to_vec()
    }

    /// Most bytes of a body.
    #[napi(getter, catch_unwind)]
    pub fn limit(&self) -> f64 {
        self.endpoint.limit() as f64
    }

    /// Makes the function that refuses what needs no body to be refused: the path behind the key, the method, or a declared
    /// length over the limit, the address, and each authentication method that doesn't need the body. `head` is what
    /// `judgeFunction` says, `contentLength` is in bytes; `undefined` for no refusal. Ask for the function once.
    ///
    /// The function throws a TypeError for arguments of another type, and for more lines or fewer than the last one says.
    #[napi(
        catch_unwind,
        ts_return_type = "(head: string, contentLength: number) => Reply | undefined"
    )]
    pub fn check_head_function<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        function(env, CheckHead(Arc::clone(&self.endpoint)))
    }

    /// The refusal of a body over the limit.
    #[napi(catch_unwind)]
    pub fn too_large(&self) -> Reply {
        (&self.endpoint.too_large()).into()
    }

    /// How many events are let in, which `judge` doesn't count; `null` for any number.
    #[napi(getter, catch_unwind, ts_return_type = "RateLimit | null")]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.endpoint.rate_limit().map(|limit| RateLimit {
            requests: limit.requests,
            seconds: limit.seconds,
        })
    }

    /// The refusal of an event beyond the rate limit, with the milliseconds until another one is let in.
    #[napi(catch_unwind)]
    pub fn rate_limited(&self, wait: f64) -> Reply {
        let seconds = (wait / 1000.0).ceil().max(1.0);
        (&Rejection::RateLimited {
            retry_after: seconds as u32,
        })
            .into()
    }

    /// The rejection of a request from an address that has failed to authenticate too often, with the milliseconds until it
    /// may try again.
    #[napi(catch_unwind)]
    pub fn too_many_failures(&self, wait: f64) -> Reply {
        let seconds = (wait / 1000.0).ceil().max(1.0);
        (&Rejection::TooManyFailures {
            retry_after: seconds as u32,
        })
            .into()
    }

    /// The address that a request comes from, behind the trusted proxies where there are any; `null` where it can't be told.
    /// `head` is what `judgeFunction` says.
    #[napi(catch_unwind)]
    pub fn client_address(&self, env: &Env, head: String) -> Result<Option<String>> {
        let Some((texts, headers)) = lines_of(&head) else {
            return misuse(env, "head", HEAD);
        };
        let address = self.endpoint.client_address(&request(texts, &headers, &[]));
        Ok(address.map(|address| address.to_string()))
    }

    /// Whether a proof covers the URL; if none does, a head may have path and query in its place.
    #[napi(getter, catch_unwind)]
    pub fn signs_url(&self) -> bool {
        self.endpoint.signs_url()
    }

    /// Whether the sender wants an answer of its own to every event, which `acknowledge` makes.
    #[napi(getter, catch_unwind)]
    pub fn acknowledges(&self) -> bool {
        self.endpoint.acknowledges()
    }

    /// The answer to an event that was taken over, with the sender's acknowledgement as its body; `secret` is the event's,
    /// `random` holds 16 new random bytes. An answer that isn't 2xx stays as it is.
    #[napi(
        catch_unwind,
        ts_args_type = "reply: Reply, secret: number | undefined | null, random: Uint8Array"
    )]
    pub fn acknowledge(&self, env: &Env, reply: Unknown, secret: Option<u32>, random: Unknown) -> Result<Reply> {
        let (reply, code, reason) = read_reply(env, reply)?;
        let random = with_bytes(env, "random", random.raw(), |bytes| <[u8; 16]>::try_from(bytes))?;
        let Ok(random) = random else {
            return misuse(env, "random", "16 bytes");
        };
        let secret = secret.map(|secret| secret as usize);
        let answer = self.endpoint.acknowledge(reply, secret, now(), random);
        Ok(Reply {
            code,
            reason,
            ..answer.into()
        })
    }

    /// Makes the function that judges a request: it gives the event it brings, the answer to a sender's question, or a refusal;
    /// an event with nothing but a context as that context's text, since a string costs less than an object; which secret it
    /// came with is left out there, as nothing but `acknowledge` asks. Ask for the function once.
    ///
    /// `head` is one string, which costs less than twenty. It has on lines of their own the method; what stands behind the
    /// key; the whole URL as the sender called it (see `signsUrl`); the other end of the connection; name and value of each
    /// header, repeated ones kept apart; and, on the last one, the number of headers. `body` holds the exact bytes. Bodies
    /// from 64 KiB on belong into `judgeOffThread`.
    ///
    /// The function throws a TypeError for arguments of another type, and for more lines or fewer than the last one says.
    #[napi(
        catch_unwind,
        ts_return_type = "(head: string, body: Uint8Array) => string | Event | Reply"
    )]
    pub fn judge_function<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        function(env, Arc::clone(&self.endpoint))
    }

    /// Judges a request on a thread of libuv's pool. `head` is what `judgeFunction` says; the promise is rejected where it has
    /// more lines or fewer than it says. Bytes in an array are copied first, since JavaScript goes on and could change or free
    /// them; those of a `Body` are not.
    #[napi(
        catch_unwind,
        ts_args_type = "head: string, body: Uint8Array | Body",
        ts_return_type = "Promise<Event | Reply>"
    )]
    pub fn judge_off_thread(&self, env: &Env, head: String, body: Unknown) -> Result<AsyncTask<JudgeTask>> {
        Ok(AsyncTask::new(JudgeTask {
            endpoint: Arc::clone(&self.endpoint),
            head,
            body: Source::new(env, "body", body)?,
        }))
    }

    /// Takes a request through all checks, on a thread of libuv's pool, and tells what each came to; no proof ends it. Bytes in
    /// an array are copied first.
    ///
    /// The promise gives the JSON text of a `Diagnosed`.
    #[napi(
        catch_unwind,
        ts_args_type = "request: DiagnosedRequest",
        ts_return_type = "Promise<string>"
    )]
    pub fn diagnose(&self, env: &Env, request: Unknown) -> Result<AsyncTask<DiagnoseTask>> {
        Ok(AsyncTask::new(DiagnoseTask {
            endpoint: Arc::clone(&self.endpoint),
            request: DiagnosedRequest::read(env, request)?,
        }))
    }

    /// The context of a run by hand as JSON text: the same variables as a call gives. `query` and `body` are JSON text;
    /// `undefined` is "not given". What a call would be refused for, such as variables that are too large, gives the refusal.
    #[napi(
        catch_unwind,
        ts_args_type = "headers: Array<string>, query?: string | undefined | null, body?: string | undefined | null"
    )]
    pub fn shape(
        &self,
        env: &Env,
        headers: Unknown,
        query: Option<String>,
        body: Option<String>,
    ) -> Result<Either<String, Reply>> {
        let headers = pairs(texts(env, "headers", headers)?);
        Ok(text_or_refusal(self.endpoint.shape(
            &headers,
            query.as_deref(),
            body.as_deref(),
        )))
    }
}

fn text_or_refusal(text: std::result::Result<String, Rejection>) -> Either<String, Reply> {
    match text {
        Ok(text) => Either::A(text),
        Err(rejection) => Either::B((&rejection).into()),
    }
}

/// Reads a `Reply`: what is sent, its code and its reason.
fn read_reply(env: &Env, reply: Unknown) -> Result<(reply::Reply, Option<String>, Option<String>)> {
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
            headers: pairs(texts(env, "request.headers", request.get_named_property("headers")?)?),
            length: optional_number(env, "request.length", request.get_named_property("length")?)?,
            at: optional_number(env, "request.at", request.get_named_property("at")?)?,
            body: Source::optional(env, "request.body", request.get_named_property("body")?)?,
        })
    }
}

/// A request diagnosed on a thread of libuv's pool.
pub struct DiagnoseTask {
    endpoint: Arc<judge::Endpoint>,
    request: DiagnosedRequest,
}

impl Task for DiagnoseTask {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<Self::Output> {
        let Self { endpoint, request } = self;
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            diagnose_with(endpoint, request).to_string()
        }))
        .map_err(|_| Error::from_reason("diagnosing the request failed"))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}

/// What a request comes to, as a `Diagnosed`.
pub fn diagnose_with(endpoint: &judge::Endpoint, known: &DiagnosedRequest) -> Value {
    let body = known.body.as_ref().map_or(&[][..], Source::bytes);
    let any_path;
    let request = Request {
        method: known.method.as_deref().unwrap_or(endpoint.any_method()),
        path: match &known.path {
            Some(path) => path,
            None => {
                any_path = endpoint.any_path();
                &any_path
            }
        },
        url: &known.url,
        query: query_of(&known.url),
        headers: &known.headers,
        body,
        peer: known.peer.as_deref().unwrap_or_default(),
        now: known.at.map_or_else(now, |at| at as i64),
    };
    let address = endpoint.client_address(&request).map(|address| address.to_string());
    let unread = known.length.filter(|_| known.body.is_none());
    let diagnosed = endpoint.diagnose(request, unread.map(|length| length as u64));
    serde_json::json!({ "accepted": diagnosed.accepted, "address": address, "checks": diagnosed.checks })
}

/// Reads the head of a request as people copy it: out of a browser, a proxy's log, or what `curl -v` prints. A request line
/// gives `method` and `target`; `headers` holds names and values in turn.
#[napi(
    catch_unwind,
    ts_return_type = "{ ok: true; method: string | null; target: string | null; headers: string[] } | { ok: false; error: ParseError }"
)]
pub fn read_head(env: &Env, text: String) -> Result<Object<'_>> {
    match pasted::read_head(&text) {
        Ok(head) => {
            let mut outcome = accepted(env, "method", head.method)?;
            outcome.set("target", head.target)?;
            let headers: Vec<_> = head.headers.iter().flat_map(|(name, value)| [name, value]).collect();
            outcome.set("headers", headers)?;
            Ok(outcome)
        }
        Err(error) => refused(env, error),
    }
}

impl Bare for Arc<judge::Endpoint> {
    const NAME: &'static CStr = c"judge";

    fn call(&self, env: &Env, [head, body]: [sys::napi_value; 2]) -> Result<sys::napi_value> {
        let judged = with_text(env, head, |head| {
            with_bytes(env, "body", body, |body| judge_head(self, head, body))
        })?;
        match judged.transpose()?.flatten() {
            Some(Ok(judge::Judged::Event(judge::Event {
                context,
                idempotency_key: None,
                upload: None,
                // Looked at for an acknowledgement only.
                secret: _,
            }))) if !self.acknowledges() => string(env, context.as_bytes(), context.is_ascii()),
            // SAFETY: `env` is the one of this call.
            Some(judged) => unsafe { ToNapiValue::to_napi_value(env.raw(), decided(self, judged)) },
            None => misuse(env, "head", HEAD),
        }
    }
}

const HEAD: &str = "a string that ends with the number of headers and has as many lines as that says";

/// Refuses by the head alone.
struct CheckHead(Arc<judge::Endpoint>);

impl Bare for CheckHead {
    const NAME: &'static CStr = c"checkHead";

    fn call(&self, env: &Env, [head, length]: [sys::napi_value; 2]) -> Result<sys::napi_value> {
        // SAFETY: `length` is a value of this call.
        let Ok(length) = (unsafe { f64::from_napi_value(env.raw(), length) }) else {
            return misuse(env, "contentLength", "a number");
        };
        let checked = with_text(env, head, |head| {
            let (texts, headers) = lines_of(head)?;
            Some(self.0.check_head(&request(texts, &headers, &[]), length as u64))
        })?;
        match checked.flatten() {
            // SAFETY: `env` is the one of this call.
            Some(Ok(())) => unsafe { ToNapiValue::to_napi_value(env.raw(), ()) },
            // SAFETY: as above.
            Some(Err(rejection)) => unsafe { ToNapiValue::to_napi_value(env.raw(), Reply::from(&rejection)) },
            None => misuse(env, "head", HEAD),
        }
    }
}

/// Judges a request by its head as text; `None` where that has more lines or fewer than it says.
fn judge_head(
    endpoint: &judge::Endpoint,
    head: &str,
    body: &[u8],
) -> Option<std::result::Result<judge::Judged, Rejection>> {
    let (texts, headers) = lines_of(head)?;
    Some(endpoint.judge(request(texts, &headers, body)))
}

/// Method, path, URL and peer, and the headers, of a head as text.
fn lines_of(head: &str) -> Option<([&str; 4], Headers<'_>)> {
    let mut start = 0;
    let breaks = memchr::memchr_iter(b'\n', head.as_bytes());
    // What stands behind the last line break is the number.
    let mut lines = breaks.map(|at| &head[std::mem::replace(&mut start, at + 1)..at]);
    let texts = [lines.next()?, lines.next()?, lines.next()?, lines.next()?];
    let mut headers = Vec::new();
    while let Some(name) = lines.next() {
        headers.push((name, lines.next()?));
    }
    if head[start..].parse() != Ok(headers.len()) {
        return None;
    }
    Some((texts, Headers::new(headers)))
}

/// A request judged on a thread of libuv's pool.
pub struct JudgeTask {
    endpoint: Arc<judge::Endpoint>,
    head: String,
    body: Source,
}

impl Task for JudgeTask {
    type Output = std::result::Result<judge::Judged, Rejection>;
    type JsValue = Either<Event, Reply>;

    fn compute(&mut self) -> Result<Self::Output> {
        let Self { endpoint, head, body } = self;
        // A panic on a thread of the pool would end the process; here it fails the one request.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            judge_head(endpoint, head, body.bytes())
        }))
        .map_err(|_| Error::from_reason("judging the request panicked"))?
        .ok_or_else(|| Error::from_reason(format!("expected head to be {HEAD}")))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(decided(&self.endpoint, output))
    }
}

fn request<'a>([method, path, url, peer]: [&'a str; 4], headers: &'a Headers<'a>, body: &'a [u8]) -> Request<'a> {
    Request {
        method,
        path,
        url,
        query: query_of(url),
        headers,
        body,
        peer,
        now: now(),
    }
}

// What stands behind the `?`; a server is sent no fragment.
fn query_of(url: &str) -> &str {
    url.split_once('?').map_or("", |(_, query)| query)
}

// The core is given the time and never asks for it. Before 1970 is as good as 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn decided(
    endpoint: &Arc<judge::Endpoint>,
    judged: std::result::Result<judge::Judged, Rejection>,
) -> Either<Event, Reply> {
    match judged {
        Ok(judge::Judged::Event(event)) => Either::A(Event {
            context: event.context,
            idempotency_key: event.idempotency_key,
            upload: event.upload.map(|upload| Upload {
                endpoint: Arc::clone(endpoint),
                upload,
            }),
            secret: event.secret.and_then(|secret| u32::try_from(secret).ok()),
            question: false,
        }),
        Ok(judge::Judged::Answered(reply)) => Either::B(reply.into()),
        Ok(judge::Judged::Asked { secret }) => Either::A(Event {
            context: String::new(),
            idempotency_key: None,
            upload: None,
            secret: secret.and_then(|secret| u32::try_from(secret).ok()),
            question: true,
        }),
        Err(rejection) => Either::B((&rejection).into()),
    }
}

fn pairs(flat: Vec<String>) -> Headers<'static> {
    let mut flat = flat.into_iter();
    Headers::new(std::iter::from_fn(|| Some((flat.next()?, flat.next()?))))
}

fn compile(config: &Value, limit: usize) -> Result<judge::Endpoint> {
    judge::Endpoint::new(config, limit).map_err(|issues| {
        let listed: Vec<_> = issues
            .iter()
            .map(|issue| format!("{}: {}", issue.path, issue.message))
            .collect();
        Error::from_reason(listed.join("; "))
    })
}

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
    decision.set("accepted", matches!(judged, Ok(judge::Judged::Event(_))))?;
    let (code, reply) = match judged {
        Ok(judge::Judged::Event(event)) => {
            decision.set("variables", parse_json(env, event.context)?)?;
            if let Some(key) = event.idempotency_key {
                decision.set("idempotencyKey", key)?;
            }
            return Ok(decision);
        }
        Ok(judge::Judged::Answered(reply)) => ("HANDSHAKE", reply),
        // The acknowledgement needs random bytes, which a function of its arguments hasn't.
        Ok(judge::Judged::Asked { .. }) => (
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
