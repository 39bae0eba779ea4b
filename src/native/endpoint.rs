//! The compiled, enabled webhook, and the functions that judge its requests.

use std::ffi::CStr;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{sys, Env};
use napi_derive::napi;
use serde_json::Value;
use webhook_core::rejection::Rejection;
use webhook_core::{endpoint, event};

use crate::arguments::bytes::{with_bytes, with_text};
use crate::arguments::headers::headers_in_turn;
use crate::arguments::{misuse, texts};
use crate::body::Source;
use crate::config::compile;
use crate::diagnosis::DiagnosedRequest;
use crate::function::{function, string, Bare};
use crate::head::{now, Head};
use crate::response::{read_reply, text_or_rejection, Reply};
use crate::task::off_thread;
use crate::upload::Upload;

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

/// An enabled webhook, compiled once from its configuration.
#[napi]
pub struct Endpoint {
    endpoint: Arc<endpoint::Endpoint>,
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
        let Some(head) = Head::read(&head) else {
            return misuse(env, "head", Head::EXPECTED);
        };
        let address = self.endpoint.client_address(&head.request(&[]));
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

    /// Judges a request on another thread. `head` is what `judgeFunction` says; the promise is rejected where it has more lines or
    /// fewer than it says. Bytes in an array are copied first, since JavaScript goes on and could change or free them; those of a
    /// `Body` are not. The promise keeps no process alive: a process that has nothing else to do ends.
    #[napi(
        catch_unwind,
        ts_args_type = "head: string, body: Uint8Array | Body",
        ts_return_type = "Promise<Event | Reply>"
    )]
    pub fn judge_off_thread<'env>(
        &self,
        env: &'env Env,
        head: String,
        body: Unknown,
    ) -> Result<PromiseRaw<'env, Decision>> {
        let endpoint = Arc::clone(&self.endpoint);
        let body = Source::new(env, "body", body)?;
        off_thread(env, move || match judge_head(&endpoint, &head, body.bytes()) {
            Some(judged) => Ok(Decision(decided(&endpoint, judged), body)),
            None => Err(Error::from_reason(format!("expected head to be {}", Head::EXPECTED))),
        })
    }

    /// Takes a request through all checks, on another thread as `judgeOffThread` does, and tells what each came to; no proof ends
    /// it. Bytes in an array are copied first.
    ///
    /// The promise gives the JSON text of a `Diagnosed`.
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
        let headers = headers_in_turn(texts(env, "headers", headers)?);
        Ok(text_or_rejection(self.endpoint.shape(
            &headers,
            query.as_deref(),
            body.as_deref(),
        )))
    }
}

impl Bare for Arc<endpoint::Endpoint> {
    const NAME: &'static CStr = c"judge";

    fn call(&self, env: &Env, [head, body]: [sys::napi_value; 2]) -> Result<sys::napi_value> {
        let judged = with_text(env, head, |head| {
            with_bytes(env, "body", body, |body| judge_head(self, head, body))
        })?;
        match judged.transpose()?.flatten() {
            Some(Ok(endpoint::Verdict::Event(event::Event {
                content: event::Content::Context(context),
                idempotency_key: None,
                // Looked at for an acknowledgement only.
                secret: _,
            }))) if !self.acknowledges() => string(env, context.as_bytes(), context.is_ascii()),
            // SAFETY: `env` is the one of this call.
            Some(judged) => unsafe { ToNapiValue::to_napi_value(env.raw(), decided(self, judged)) },
            None => misuse(env, "head", Head::EXPECTED),
        }
    }
}

/// Refuses by the head alone.
struct CheckHead(Arc<endpoint::Endpoint>);

impl Bare for CheckHead {
    const NAME: &'static CStr = c"checkHead";

    fn call(&self, env: &Env, [head, length]: [sys::napi_value; 2]) -> Result<sys::napi_value> {
        // SAFETY: `length` is a value of this call.
        let Ok(length) = (unsafe { f64::from_napi_value(env.raw(), length) }) else {
            return misuse(env, "contentLength", "a number");
        };
        let checked = with_text(env, head, |head| {
            Some(self.0.check_head(&Head::read(head)?.request(&[]), length as u64))
        })?;
        match checked.flatten() {
            // SAFETY: `env` is the one of this call.
            Some(Ok(())) => unsafe { ToNapiValue::to_napi_value(env.raw(), ()) },
            // SAFETY: as above.
            Some(Err(rejection)) => unsafe { ToNapiValue::to_napi_value(env.raw(), Reply::from(&rejection)) },
            None => misuse(env, "head", Head::EXPECTED),
        }
    }
}

/// Judges a request by its head as text; `None` where that has more lines or fewer than it says.
fn judge_head(
    endpoint: &endpoint::Endpoint,
    head: &str,
    body: &[u8],
) -> Option<std::result::Result<endpoint::Verdict, Rejection>> {
    Some(endpoint.judge(Head::read(head)?.request(body)))
}

/// What a request came to, with its body: that counts as being judged until JavaScript is told.
pub struct Decision(Either<Event, Reply>, Source);

impl ToNapiValue for Decision {
    unsafe fn to_napi_value(env: sys::napi_env, Self(decided, _body): Self) -> Result<sys::napi_value> {
        // SAFETY: as this function's.
        unsafe { ToNapiValue::to_napi_value(env, decided) }
    }
}

fn decided(
    endpoint: &Arc<endpoint::Endpoint>,
    judged: std::result::Result<endpoint::Verdict, Rejection>,
) -> Either<Event, Reply> {
    match judged {
        Ok(endpoint::Verdict::Event(event)) => {
            let (context, upload) = match event.content {
                event::Content::Context(context) => (context, None),
                event::Content::Upload(upload) => (String::new(), Some(Upload::new(Arc::clone(endpoint), upload))),
            };
            Either::A(Event {
                context,
                idempotency_key: event.idempotency_key,
                upload,
                secret: event.secret.and_then(|secret| u32::try_from(secret).ok()),
                question: false,
            })
        }
        Ok(endpoint::Verdict::Verification(reply)) => Either::B(reply.into()),
        Ok(endpoint::Verdict::Acknowledge { secret }) => Either::A(Event {
            context: String::new(),
            idempotency_key: None,
            upload: None,
            secret: secret.and_then(|secret| u32::try_from(secret).ok()),
            question: true,
        }),
        Err(rejection) => Either::B((&rejection).into()),
    }
}
