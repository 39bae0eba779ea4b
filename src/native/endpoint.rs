//! The compiled, enabled webhook, and the functions that judge its requests.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{sys, Env, JsValue};
use napi_derive::napi;
use serde_json::Value;
use webhook_core::config::Execution;
use webhook_core::rejection::Rejection;
use webhook_core::{endpoint, event};

use crate::arguments::bytes::{with_bytes, with_text};
use crate::arguments::headers::headers_in_turn;
use crate::arguments::{misuse, texts, Str};
use crate::body::Source;
use crate::config::{compile, filled_texts};
use crate::diagnosis::DiagnosedRequest;
use crate::function::{function, Text};
use crate::head::{now, Head};
use crate::response::{read_reply, text_or_rejection, Reply};
use crate::task::off_thread;
use crate::upload::Upload;

/// An accepted request.
#[napi(object, object_from_js = false)]
pub struct Event {
    #[napi(ts_type = "'event'")]
    pub kind: &'static str,
    /// The context of its execution as JSON text; see `Variables`. Empty if there is an `upload`, which returns it later.
    pub context: String,
    /// The sender's name for the event; absent if none is configured, or the request has none.
    pub idempotency_key: Option<String>,
    /// The files to save before the event is stored, if that is configured and there are some.
    pub upload: Option<Upload>,
    /// The index of the secret of the first authentication method that matched; absent without authentication.
    pub secret: Option<u32>,
    /// What of the request wasn't written as it should be but was accepted, for the owner's log; absent for most.
    pub leniency: Option<String>,
}

/// A URL verification with a response of its own.
#[napi(object, object_from_js = false)]
pub struct Verification {
    #[napi(ts_type = "'verification'")]
    pub kind: &'static str,
    pub reply: Reply,
}

/// A URL verification that gets the same response as every event: the one that `acknowledge` makes.
#[napi(object, object_from_js = false)]
pub struct Acknowledge {
    #[napi(ts_type = "'acknowledge'")]
    pub kind: &'static str,
    /// See `Event`.
    pub secret: Option<u32>,
}

/// The outcome of a request; see `header.d.ts`.
type Verdict = Either4<Event, Verification, Acknowledge, Reply>;

/// How many events a webhook accepts.
#[napi(object)]
pub struct RateLimit {
    /// The number of events, 1 to 1,000,000.
    pub requests: u32,
    /// The seconds from the first of them in which no more are accepted, 1 to 86,400.
    pub seconds: u32,
}

/// A compiled, enabled webhook.
///
/// ```js
/// const endpoint = new Endpoint('{"request":{"keep":"listed"}}', 10_485_760)
/// const judge = endpoint.judgeFunction()
/// const head = ['POST', '', '/hook', '192.0.2.7', 'content-type', 'application/json', '1'].join('\n')
/// judge(head, Buffer.from('{"a":1}')) // '{"headers":{},"query":{},"body":{"a":1}}'
/// ```
#[napi]
pub struct Endpoint {
    endpoint: Arc<endpoint::Endpoint>,
}

#[napi]
impl Endpoint {
    /// Compiles a configuration, given as JSON text with its `{{$env.NAME}}` filled. `limitBytes` bounds the body, as sent and as
    /// inflated.
    ///
    /// `filled` lists what was filled in, each text followed by its template: names of headers and parameters, which diagnoses
    /// hold, show the template instead.
    ///
    /// Throws an `Error` that lists what makes the configuration unusable.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "config: string, limitBytes: number, filled?: string[] | undefined | null"
    )]
    pub fn new(env: &Env, config: Str, limit_bytes: u32, filled: Unknown) -> Result<Self> {
        let filled = filled_texts(env, filled)?;
        let config: Value = serde_json::from_str(&config.0).map_err(|error| Error::from_reason(error.to_string()))?;
        Ok(Self {
            endpoint: Arc::new(compile(&config, limit_bytes as usize)?.redacting(filled)),
        })
    }

    /// Whether the workflow gets all headers, so that a head needs them.
    #[napi(getter, catch_unwind)]
    pub fn keeps_all(&self) -> bool {
        self.endpoint.keeps_all()
    }

    /// The headers that the endpoint reads, in lower case; others may be left out of a head unless it keeps all.
    #[napi(getter, catch_unwind)]
    pub fn header_names(&self) -> Vec<String> {
        self.endpoint.header_names().to_vec()
    }

    /// The most bytes of a body.
    #[napi(getter, catch_unwind)]
    pub fn limit_bytes(&self) -> f64 {
        self.endpoint.limit() as f64
    }

    /// Returns the function that rejects a request before its body is read: for the path, the method, a declared length over the
    /// limit, the address, and each authentication method that doesn't need the body. It returns `undefined` otherwise. Ask for
    /// it once. See `judgeFunction` for `head`.
    ///
    /// The function throws a `TypeError` for arguments of another type.
    ///
    /// ```js
    /// endpoint.checkHeadFunction()(head, 20_000_000)?.code // 'BODY_TOO_LARGE'
    /// ```
    #[napi(
        catch_unwind,
        ts_return_type = "(head: string, contentLength: number) => Rejection | undefined"
    )]
    pub fn check_head_function<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        let endpoint = Arc::clone(&self.endpoint);
        function(env, "checkHead", move |env, head, length| {
            let Ok(length) = f64::from_unknown(length) else {
                return misuse(env, "contentLength", "a number");
            };
            let checked = with_text(env, head.raw(), |head| {
                Some(endpoint.check_head(&Head::read(head)?.request(&[]), length as u64))
            })?;
            match checked.flatten() {
                Some(checked) => Ok(checked
                    .err()
                    .as_ref()
                    .map_or(Either::B(()), |rejection| Either::A(Reply::from(rejection)))),
                None => misuse(env, "head", Head::EXPECTED),
            }
        })
    }

    /// Returns the rejection of a body over the limit.
    #[napi(catch_unwind, ts_return_type = "Rejection")]
    pub fn too_large(&self) -> Reply {
        (&self.endpoint.too_large()).into()
    }

    /// How many executions of the webhook run side by side at most: 1 for those that run in sequence.
    #[napi(getter, catch_unwind)]
    pub fn parallel(&self) -> u32 {
        self.endpoint.execution().parallel()
    }

    /// Whether events with the same key are executed one after another, so that `keyLane` has to be asked.
    #[napi(getter, catch_unwind)]
    pub fn runs_by_key(&self) -> bool {
        matches!(self.endpoint.execution(), Execution::ByKey(_))
    }

    /// Returns which of the webhook's executions an event runs after, given its context: a number below `parallel`, the same for the
    /// same key.
    ///
    /// ```js
    /// new Endpoint('{"execution":{"order":{"by":"order.id"}}}', 1000).keyLane('{"body":{"order":{"id":7}}}') // 2
    /// ```
    #[napi(catch_unwind, ts_args_type = "context: string")]
    pub fn key_lane(&self, context: Str) -> u32 {
        self.endpoint.execution().lane(&context.0)
    }

    /// How many events the webhook accepts, for the server to count; `null` for any number.
    #[napi(getter, catch_unwind, ts_return_type = "RateLimit | null")]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.endpoint.rate_limit().map(|limit| RateLimit {
            requests: limit.requests,
            seconds: limit.seconds,
        })
    }

    /// Returns the rejection of an event beyond the rate limit, with the milliseconds until another one is accepted.
    #[napi(catch_unwind, ts_return_type = "Rejection")]
    pub fn rate_limited(&self, wait_ms: f64) -> Reply {
        let seconds = (wait_ms / 1000.0).ceil().max(1.0);
        (&Rejection::RateLimited {
            retry_after: seconds as u32,
        })
            .into()
    }

    /// Returns the rejection of a request from an address that has failed to authenticate too often, with the milliseconds until
    /// it may try again.
    #[napi(catch_unwind, ts_return_type = "Rejection")]
    pub fn too_many_failures(&self, wait_ms: f64) -> Reply {
        let seconds = (wait_ms / 1000.0).ceil().max(1.0);
        (&Rejection::TooManyFailures {
            retry_after: seconds as u32,
        })
            .into()
    }

    /// Returns the address that a request comes from, behind the trusted proxies; `null` if it isn't known. See `judgeFunction`
    /// for `head`.
    #[napi(catch_unwind, ts_args_type = "head: string")]
    pub fn client_address(&self, env: &Env, head: Str) -> Result<Option<String>> {
        let Some(head) = Head::read(&head.0) else {
            return misuse(env, "head", Head::EXPECTED);
        };
        let address = self.endpoint.client_address(&head.request(&[]));
        Ok(address.map(|address| address.to_string()))
    }

    /// Whether an authentication method covers the URL; if none does, a head may have path and query instead.
    #[napi(getter, catch_unwind)]
    pub fn signs_url(&self) -> bool {
        self.endpoint.signs_url()
    }

    /// Whether judging takes long whatever the body, because an authentication method checks with public keys of RSA or ECDSA. Such
    /// requests are best judged by `judgeOffThread`.
    #[napi(getter, catch_unwind)]
    pub fn checks_public_keys(&self) -> bool {
        self.endpoint.checks_public_keys()
    }

    /// Whether the sender expects its own response to every event, which `acknowledge` makes.
    #[napi(getter, catch_unwind)]
    pub fn acknowledges(&self) -> bool {
        self.endpoint.acknowledges()
    }

    /// Returns the response to an accepted event with the sender's acknowledgement as its body. A response that isn't 2xx stays as
    /// it is. `secret` is the event's; `random` holds 16 new random bytes.
    ///
    /// ```js
    /// endpoint.acknowledge(reply, event.secret, randomBytes(16))
    /// ```
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
            kind: if code.is_some() { "rejection" } else { "response" },
            code,
            reason,
            ..answer.into()
        })
    }

    /// Returns the function that judges a request. Ask for it once.
    ///
    /// For an event with nothing but a context, the function returns the context itself: a string costs less than an object.
    ///
    /// `head` is one string, which costs less than twenty. Its lines are the method; the path after the key; the URL as the
    /// sender called it (see `signsUrl`); the address of the other end of the connection; name and value of each header, repeated
    /// ones apart; and, as the last one, the number of headers. `body` holds the exact bytes. Use `judgeOffThread` for bodies
    /// from 64 KiB on.
    ///
    /// The function throws a `TypeError` for arguments of another type, and for a head with more or fewer lines than it says.
    #[napi(
        catch_unwind,
        ts_return_type = "(head: string, body: Uint8Array) => string | Verdict"
    )]
    pub fn judge_function<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        let endpoint = Arc::clone(&self.endpoint);
        function(env, "judge", move |env, head, body| {
            let judged = with_text(env, head.raw(), |head| {
                with_bytes(env, "body", body.raw(), |body| judge_head(&endpoint, head, body))
            })?;
            match judged.transpose()?.flatten() {
                Some(Ok(endpoint::Verdict::Event(event::Event {
                    content: event::Content::Context(context),
                    idempotency_key: None,
                    // Used for an acknowledgement only.
                    secret: _,
                    needed,
                }))) if needed.is_empty() && !endpoint.acknowledges() => Ok(Either::A(Text(context))),
                Some(judged) => Ok(Either::B(verdict(&endpoint, judged))),
                None => misuse(env, "head", Head::EXPECTED),
            }
        })
    }

    /// Judges a request on another thread. See `judgeFunction` for `head`; the promise is rejected for a head with more or fewer
    /// lines than it says. Bytes in an array are copied first, since JavaScript could change or free them; those of a `Body`
    /// aren't. The promise keeps no process alive: one that has nothing else to do ends.
    ///
    /// ```js
    /// const verdict = await endpoint.judgeOffThread(head, body)
    /// if (verdict.kind === 'event') store(verdict.context)
    /// ```
    #[napi(
        catch_unwind,
        ts_args_type = "head: string, body: Uint8Array | Body",
        ts_return_type = "Promise<Verdict>"
    )]
    pub fn judge_off_thread<'env>(&self, env: &'env Env, head: Str, body: Unknown) -> Result<PromiseRaw<'env, Judged>> {
        let endpoint = Arc::clone(&self.endpoint);
        let body = Source::new(env, "body", body)?;
        off_thread(env, move || match judge_head(&endpoint, &head.0, body.bytes()) {
            Some(judged) => Ok(Judged(verdict(&endpoint, judged), body)),
            None => Err(Error::from_reason(format!("expected head to be {}", Head::EXPECTED))),
        })
    }

    /// Diagnoses a request on another thread: it goes through all checks, and a failed authentication doesn't end it. Bytes in an
    /// array are copied first.
    ///
    /// The promise resolves to the JSON text of a `Diagnosed`.
    ///
    /// ```js
    /// JSON.parse(await endpoint.diagnose({ method: 'GET' })).accepted // false
    /// ```
    #[napi(
        catch_unwind,
        ts_args_type = "request: DiagnosedRequest",
        ts_return_type = "Promise<string>"
    )]
    pub fn diagnose<'env>(&self, env: &'env Env, request: Unknown) -> Result<PromiseRaw<'env, String>> {
        let endpoint = Arc::clone(&self.endpoint);
        let request = DiagnosedRequest::read(env, request)?;
        off_thread(env, move || Ok(request.diagnose(&endpoint).to_string()))
    }

    /// Returns the context of a manual execution as JSON text: the same variables as those of a request. `headers` are names and
    /// values in turn; `query` and `body` are JSON text, or left out. Returns a rejection where a request would get one, such as
    /// for variables that are too large.
    ///
    /// ```js
    /// endpoint.shape(['X-Id', '7'], undefined, '{"a":1}') // '{"headers":{"x-id":"7"},"query":{},"body":{"a":1}}'
    /// ```
    #[napi(
        catch_unwind,
        ts_args_type = "headers: string[], query?: string | undefined | null, body?: string | undefined | null",
        ts_return_type = "string | Rejection"
    )]
    pub fn shape(
        &self,
        env: &Env,
        headers: Unknown,
        query: Option<Str>,
        body: Option<Str>,
    ) -> Result<Either<String, Reply>> {
        let headers = headers_in_turn(texts(env, "headers", headers)?);
        Ok(text_or_rejection(self.endpoint.shape(
            &headers,
            query.as_ref().map(|query| query.0.as_str()),
            body.as_ref().map(|body| body.0.as_str()),
        )))
    }
}

/// Judges a request by its head as text; `None` if that has more or fewer lines than it says.
fn judge_head(
    endpoint: &endpoint::Endpoint,
    head: &str,
    body: &[u8],
) -> Option<std::result::Result<endpoint::Verdict, Rejection>> {
    Some(endpoint.judge(Head::read(head)?.request(body)))
}

/// The outcome of a request, with its body: that counts as being judged until JavaScript has the outcome.
pub struct Judged(Verdict, Source);

impl ToNapiValue for Judged {
    unsafe fn to_napi_value(env: sys::napi_env, Self(verdict, _body): Self) -> Result<sys::napi_value> {
        // SAFETY: as this function's.
        unsafe { ToNapiValue::to_napi_value(env, verdict) }
    }
}

fn verdict(endpoint: &Arc<endpoint::Endpoint>, judged: std::result::Result<endpoint::Verdict, Rejection>) -> Verdict {
    let index = |secret: Option<usize>| secret.and_then(|secret| u32::try_from(secret).ok());
    match judged {
        Ok(endpoint::Verdict::Event(event)) => {
            let (context, upload) = match event.content {
                event::Content::Context(context) => (context, None),
                event::Content::Upload(upload) => (String::new(), Some(Upload::new(Arc::clone(endpoint), upload))),
            };
            Either4::A(Event {
                kind: "event",
                context,
                idempotency_key: event.idempotency_key,
                upload,
                secret: index(event.secret),
                leniency: (!event.needed.is_empty()).then(|| event.needed.to_string()),
            })
        }
        Ok(endpoint::Verdict::Verification(reply)) => Either4::B(Verification {
            kind: "verification",
            reply: reply.into(),
        }),
        Ok(endpoint::Verdict::Acknowledge { secret }) => Either4::C(Acknowledge {
            kind: "acknowledge",
            secret: index(secret),
        }),
        Err(rejection) => Either4::D((&rejection).into()),
    }
}
