//! An endpoint: an enabled webhook, compiled once from its configuration.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::Value;

use crate::auth::address::{client_address, parse_address, Proxies};
use crate::auth::Diagnosis;
use crate::checks::{segments, Admitted};
use crate::config::{Config, ConfigIssue, Execution, Idempotency, RateLimit};
use crate::event::Event;
use crate::json::Places;
use crate::reading::BODY_HEADERS;
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::request::Request;
use crate::verification::UrlVerification;

/// The header in which proxies record the address of the client.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The headers in which proxies record the scheme and the host that the client called.
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";

/// An enabled webhook, compiled once from its configuration.
///
/// ```
/// use webhook_core::endpoint::{Endpoint, Verdict};
/// use webhook_core::event::Content;
/// use webhook_core::request::{Headers, Request};
///
/// let config = serde_json::json!({ "request": { "keep": "listed", "body": [{ "key": "order.id" }] } });
/// let endpoint = Endpoint::new(&config, 1_000_000).unwrap();
/// let headers = Headers::new([("Content-Type", "application/json")]);
/// let body = br#"{"order":{"id":7}}"#;
/// let request = Request { method: "POST", path: "", url: "", query: "", headers: &headers, body, peer: "", now: 0 };
/// let Ok(Verdict::Event(event)) = endpoint.judge(request) else { panic!() };
/// let context = r#"{"headers":{},"query":{},"body":{"order":{"id":7}}}"#;
/// assert_eq!(event.content, Content::Context(context.to_owned()));
/// ```
pub struct Endpoint {
    pub(crate) config: Config,
    pub(crate) limit: usize,
    header_names: Vec<String>,
    /// Where the configured headers go, and the segments of the path.
    pub(crate) header_places: Places,
    pub(crate) param_places: Places,
    signs_url: bool,
    /// The authentication methods that can be checked before the body is read, by their index.
    pub(crate) bodyless: Vec<usize>,
    /// Texts that were filled into the configuration, each with its template, the longest first.
    filled: Vec<(String, String)>,
}

/// What is decided about a request that isn't rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An event for the workflow.
    Event(Event),
    /// A URL verification, with the response the sender expects; no workflow runs.
    Verification(Reply),
    /// A URL verification whose response is the acknowledgement that every event gets; [`Endpoint::acknowledge`] makes it.
    /// No workflow runs.
    Acknowledge {
        /// As that of an [`Event`].
        secret: Option<usize>,
    },
}

// What was filled in may be secret.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("config", &self.config)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Compiles a configuration whose `{{$env.NAME}}` are filled. `limit` bounds the body in bytes, as sent and as
    /// inflated.
    ///
    /// # Errors
    /// The issues that make the configuration unusable.
    pub fn new(config: &Value, limit: usize) -> Result<Self, Vec<ConfigIssue>> {
        let config = Config::read(config)?;
        let verification = config.verification.as_ref().map(UrlVerification::sender);
        let signs_url = config.methods.iter().any(|method| method.scheme.signs_url())
            || verification.is_some_and(|sender| sender.reads_url());
        let mut header_names = BODY_HEADERS.map(str::to_owned).to_vec();
        if config.basic.is_some() {
            header_names.push("authorization".to_owned());
        }
        if config.proxies != Proxies::Count(0) {
            header_names.push(FORWARDED_FOR.to_owned());
            if signs_url {
                header_names.extend([FORWARDED_PROTO, FORWARDED_HOST].map(str::to_owned));
            }
        }
        let verified = verification.map_or(vec![], |sender| sender.header_names());
        let methods = config.methods.iter().flat_map(|method| method.scheme.header_names());
        let methods = methods.chain(verified);
        for name in methods.chain(config.headers.iter().map(|header| header.name.as_str())) {
            if !header_names.iter().any(|known| known == name) {
                header_names.push(name.to_owned());
            }
        }
        if let Some(Idempotency::Header(name)) = &config.idempotency
            && !header_names.contains(name)
        {
            header_names.push(name.clone());
        }
        let limit = config.accepted.body_limit.map_or(limit, |own| own.min(limit));
        let methods = config.methods.iter().enumerate();
        let bodyless = methods.filter(|(_, method)| !method.scheme.needs_body());
        Ok(Self {
            signs_url,
            bodyless: bodyless.map(|(index, _)| index).collect(),
            header_places: Places::new(config.headers.iter().map(|header| &header.target)),
            param_places: Places::new(&config.params),
            config,
            limit,
            header_names,
            filled: Vec::new(),
        })
    }

    /// Keeps texts that were filled into the configuration out of what is said about a request: a diagnosis names places, such as
    /// a header, and a name may come from a secret variable. Each text is given with its template, which is shown instead.
    #[must_use]
    pub fn redacting(mut self, filled: impl IntoIterator<Item = (String, String)>) -> Self {
        self.filled = filled.into_iter().filter(|(text, _)| !text.is_empty()).collect();
        self.filled.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        self
    }

    /// A diagnosis as it may be said.
    pub(crate) fn said(&self, mut diagnosis: Diagnosis) -> Box<Diagnosis> {
        if !self.filled.is_empty() {
            diagnosis.redact(&self.filled);
        }
        Box::new(diagnosis)
    }

    /// Decides about a request: [`Endpoint::authenticate`], then
    /// [`Authenticated::event`](crate::event::Authenticated::event).
    ///
    /// # Errors
    /// Every rejection of the two.
    pub fn judge(&self, request: Request<'_>) -> Result<Verdict, Rejection> {
        match self.authenticate(request)? {
            Admitted::Request(authenticated) => authenticated.event().map(Verdict::Event),
            Admitted::Verification(reply) => Ok(Verdict::Verification(reply)),
            Admitted::Acknowledge { secret } => Ok(Verdict::Acknowledge { secret }),
        }
    }

    /// Lists the headers the endpoint looks at, in lower case; [`Endpoint::judge`] needs no others.
    pub fn header_names(&self) -> &[String] {
        &self.header_names
    }

    /// Returns whether the workflow gets all headers; [`Endpoint::judge`] then needs them, and otherwise those that
    /// [`Endpoint::header_names`] lists.
    pub fn keeps_all(&self) -> bool {
        self.config.left_out.is_some()
    }

    /// Returns whether an authentication method or the URL verification covers the URL; if none does, [`Request::url`] isn't looked
    /// at.
    pub fn signs_url(&self) -> bool {
        self.signs_url
    }

    /// Returns whether judging takes long whatever the body: an authentication method checks with public keys of RSA or ECDSA.
    pub fn checks_public_keys(&self) -> bool {
        self.config
            .methods
            .iter()
            .any(|method| method.scheme.checks_public_keys())
    }

    /// Returns a method that is accepted, for a request whose method isn't known.
    pub fn any_method(&self) -> &str {
        &self.config.accepted.methods[0]
    }

    /// Returns a path behind the key that is accepted, for a request whose path isn't known.
    pub fn any_path(&self) -> String {
        vec!["-"; self.config.params.len()].join("/")
    }

    /// Returns the address a request comes from, as far as it can be determined without trusting the client: behind the
    /// trusted proxies, if there are some.
    pub fn client_address(&self, request: &Request<'_>) -> Option<IpAddr> {
        let peer = parse_address(request.peer)?;
        let forwarded: Vec<_> = request.headers.all(FORWARDED_FOR).collect();
        client_address(peer, &forwarded, &self.config.proxies)
    }

    /// Returns the URL that the sender called, which its signature may cover: at the public base URL, if one is configured; else
    /// where trusted proxies say; else [`Request::url`], which is where this server was called.
    pub(crate) fn called_url<'r>(&self, request: &Request<'r>) -> Cow<'r, str> {
        if !self.signs_url {
            return Cow::Borrowed(request.url);
        }
        let Some((scheme, rest)) = request.url.split_once("://") else {
            return Cow::Borrowed(request.url);
        };
        let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if let Some(base) = &self.config.public_url {
            return Cow::Owned(format!("{base}{target}"));
        }
        let is_trusted = match &self.config.proxies {
            Proxies::Count(count) => *count > 0,
            Proxies::Ranges(ranges) => parse_address(request.peer).is_some_and(|peer| ranges.contains(peer)),
        };
        if !is_trusted {
            return Cow::Borrowed(request.url);
        }
        let forwarded = |name| {
            let first = request.headers.first(name)?.split(',').next()?.trim();
            (!first.is_empty()).then_some(first)
        };
        let scheme = forwarded(FORWARDED_PROTO).unwrap_or(scheme);
        let host = forwarded(FORWARDED_HOST).unwrap_or(host);
        Cow::Owned(format!("{scheme}://{host}{target}"))
    }

    /// Returns the most bytes a body may have.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Returns the rejection of a body over the limit.
    pub fn too_large(&self) -> Rejection {
        Rejection::TooLarge {
            limit: self.limit,
            inflated: false,
        }
    }

    /// Returns in which order events are executed; the caller of [`Endpoint::judge`] sees to it.
    pub fn execution(&self) -> &Execution {
        &self.config.execution
    }

    /// Returns how many events are accepted; the caller of [`Endpoint::judge`] counts them.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.config.rate_limit
    }

    /// Returns whether the sender expects an acknowledgement of its own for every event.
    pub fn acknowledges(&self) -> bool {
        let verification = self.config.verification.as_ref();
        verification.is_some_and(|verification| verification.sender().acknowledges())
    }

    /// Turns the response to an accepted event into the one the sender expects: its body becomes the acknowledgement, its
    /// other headers stay. A response that isn't 2xx stays as it is, and so does any response if the sender accepts every
    /// 2xx.
    ///
    /// `secret` is that of the [`Event`]; `now` is in milliseconds since 1970, `random` has to be new for each response.
    pub fn acknowledge(&self, reply: Reply, secret: Option<usize>, now: i64, random: [u8; 16]) -> Reply {
        let token = self.config.methods.first().zip(secret);
        let token = token.and_then(|(method, secret)| method.secrets.get(secret));
        let (Some(verification), Some(token), 200..=299) = (&self.config.verification, token, reply.status) else {
            return reply;
        };
        // The key was checked when the endpoint was compiled.
        let Ok(Some(own)) = verification.sender().acknowledge(token, now, random) else {
            return reply;
        };
        let is_replaced = |name: &str| own.headers.iter().any(|(known, _)| known == name);
        let kept = reply.headers.into_iter().filter(|(name, _)| !is_replaced(name));
        Reply {
            status: own.status,
            headers: kept.chain(own.headers.iter().cloned()).collect(),
            body: own.body,
        }
    }

    // The values of the path parameters; `None` if one is empty or has escapes that can't be decoded.
    pub(crate) fn params<'r>(&self, path: &'r str) -> Option<Vec<Cow<'r, str>>> {
        let values = self.config.params.iter().zip(segments(path)).map(|(_, segment)| {
            if segment.is_empty() {
                return None;
            }
            percent_encoding::percent_decode_str(segment).decode_utf8().ok()
        });
        values.collect()
    }
}
