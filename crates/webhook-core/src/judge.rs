//! The decision on a request: refused, or let in with the variables its workflow gets.
//!
//! The checks run in the contract's order, each before any work for the next: method, size, credentials, parsing. (The
//! key was looked up before there was an endpoint to ask.)

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::Value;

use crate::auth::address::{client_address, parse_address};
use crate::auth::{self, Diagnosis, RequestParts, Subject};
use crate::config::{Addresses, Config, ConfigIssue, Idempotency, Proof, RateLimit, Storage};
use crate::diagnose::CheckName;
use crate::handshake::Handshake;
use crate::json::{self, Places, TooLarge, Unread, Writer};
use crate::multipart::{File, Form};
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::request::{Headers, Request};
use crate::{body, query};

/// Where proxies write whom they were called by.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// An enabled webhook, compiled once from its configuration.
#[derive(Debug)]
pub struct Endpoint {
    config: Config,
    limit: usize,
    header_names: Vec<String>,
    /// Where the configured headers go, and the segments of the path.
    header_places: Places,
    param_places: Places,
    // The authentication methods that can be checked before the body is there, by their index.
    bodyless: Vec<usize>,
}

impl Endpoint {
    /// Compiles a configuration whose `{{$env.NAME}}` are filled. `limit` bounds the body in bytes, as sent and as
    /// inflated.
    ///
    /// # Errors
    /// What makes the configuration unusable: credentials that cannot be checked.
    pub fn new(config: &Value, limit: usize) -> Result<Self, Vec<ConfigIssue>> {
        let config = Config::read(config)?;
        let mut header_names = vec!["content-type".to_owned(), "content-encoding".to_owned()];
        if config.basic.is_some() {
            header_names.push("authorization".to_owned());
        }
        if config.addresses.is_some() {
            header_names.push(FORWARDED_FOR.to_owned());
        }
        let proofs = config.proofs.iter().flat_map(|proof| proof.scheme.header_names());
        for name in proofs.chain(config.headers.iter().map(|header| header.name.as_str())) {
            if !header_names.iter().any(|known| known == name) {
                header_names.push(name.to_owned());
            }
        }
        if let Some(Idempotency::Header(name)) = &config.idempotency {
            if !header_names.contains(name) {
                header_names.push(name.clone());
            }
        }
        let limit = config.intake.body_limit.map_or(limit, |own| own.min(limit));
        let proofs = config.proofs.iter().enumerate();
        let bodyless = proofs.filter(|(_, proof)| !proof.scheme.needs_body());
        Ok(Self {
            header_places: Places::new(config.headers.iter().map(|header| &header.target)),
            param_places: Places::new(&config.params),
            bodyless: bodyless.map(|(index, _)| index).collect(),
            config,
            limit,
            header_names,
        })
    }

    /// The headers the endpoint looks at, in lower case; a caller of [`Endpoint::judge`] need not hand over others.
    pub fn header_names(&self) -> &[String] {
        &self.header_names
    }

    /// Whether a proof covers the URL; if none does, [`Request::url`] is not looked at.
    pub fn signs_url(&self) -> bool {
        self.config.proofs.iter().any(|proof| proof.scheme.signs_url())
    }

    /// What can be refused before the body is there: the path behind the key, the method, the length the client declared,
    /// the address, and each authentication method that doesn't need the body. The request's own body is not looked at.
    ///
    /// # Errors
    /// 404, 405, 413, 403 and 401.
    pub fn check_head(&self, request: &Request<'_>, content_length: u64) -> Result<(), Rejection> {
        self.check_method(request.path, request.method)?;
        self.check_size(content_length)?;
        self.check_address(request)?;
        self.check_basic(request)?;
        if self.bodyless.is_empty() {
            return Ok(());
        }
        let parts = parts(request);
        let handshake = self.config.handshake.as_ref();
        if handshake.is_some_and(|handshake| handshake.may_answer(request.method, &parts)) {
            return Ok(());
        }
        if !self.takes(request.method) {
            return Err(self.method_not_allowed());
        }
        for index in &self.bodyless {
            let Proof { scheme, secrets } = &self.config.proofs[*index];
            auth::verify(scheme, secrets, &parts, request.now)
                .map_err(|diagnosis| self.unauthorized(Some(diagnosis)))?;
        }
        Ok(())
    }

    fn check_method(&self, path: &str, method: &str) -> Result<(), Rejection> {
        if segments(path).count() != self.config.params.len() || self.params(path).is_none() {
            return Err(Rejection::NotFound);
        }
        let asks = self.config.handshake.as_ref().and_then(Handshake::method);
        if !self.takes(method) && asks != Some(method) {
            return Err(self.method_not_allowed());
        }
        Ok(())
    }

    fn check_size(&self, length: u64) -> Result<(), Rejection> {
        if length > self.limit as u64 {
            return Err(self.too_large());
        }
        Ok(())
    }

    /// A method that is taken, for a request of which the method isn't known.
    pub fn any_method(&self) -> &str {
        &self.config.intake.methods[0]
    }

    /// A path behind the key that is taken, for a request of which the path isn't known.
    pub fn any_path(&self) -> String {
        vec!["-"; self.config.params.len()].join("/")
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    fn takes(&self, method: &str) -> bool {
        self.config.intake.methods.iter().any(|known| known == method)
    }

    fn method_not_allowed(&self) -> Rejection {
        Rejection::MethodNotAllowed {
            allow: self.config.intake.methods.join(", "),
        }
    }

    // The address is looked at only where the configuration says which ones are let in.
    fn check_address(&self, request: &Request<'_>) -> Result<(), Rejection> {
        match &self.config.addresses {
            Some(Addresses { allow, .. }) => match self.client_address(request) {
                Some(client) if allow.contains(client) => Ok(()),
                _ => Err(Rejection::Forbidden),
            },
            None => Ok(()),
        }
    }

    fn check_basic(&self, request: &Request<'_>) -> Result<(), Rejection> {
        let Some(basic) = &self.config.basic else {
            return Ok(());
        };
        match request.headers.first("authorization") {
            sent @ Some(_) if basic.verify(sent) => Ok(()),
            Some(_) => Err(self.unauthorized(None)),
            None => Err(self.unauthorized(Some(Diagnosis::Missing {
                subject: Subject::Token,
                place: "header authorization".to_owned(),
            }))),
        }
    }

    fn unauthorized(&self, reason: Option<Diagnosis>) -> Rejection {
        Rejection::Unauthorized {
            basic: self.config.basic.is_some(),
            reason: reason.map(Box::new),
        }
    }

    /// Where a request comes from, as far as that can be told without believing the caller: behind the configured
    /// proxies, where there are any.
    pub fn client_address(&self, request: &Request<'_>) -> Option<IpAddr> {
        let peer = parse_address(request.peer)?;
        match &self.config.addresses {
            Some(Addresses { proxies, .. }) => {
                let forwarded: Vec<_> = request.headers.all(FORWARDED_FOR).collect();
                client_address(peer, &forwarded, proxies)
            }
            None => Some(peer),
        }
    }

    /// Most bytes of a body.
    pub fn limit(&self) -> usize {
        self.limit
    }

    // The values of the path's variables; `None` where one is empty or has escapes that can't be decoded.
    fn params<'r>(&self, path: &'r str) -> Option<Vec<Cow<'r, str>>> {
        let values = self.config.params.iter().zip(segments(path)).map(|(_, segment)| {
            if segment.is_empty() {
                return None;
            }
            percent_encoding::percent_decode_str(segment).decode_utf8().ok()
        });
        values.collect()
    }

    /// How many events are let in; the counting is up to the caller of [`Endpoint::judge`].
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.config.rate_limit
    }

    /// Whether the sender wants an answer of its own to every event.
    pub fn acknowledges(&self) -> bool {
        self.config.handshake.as_ref().is_some_and(Handshake::acknowledges)
    }

    /// The answer to an event that was taken over, as the sender wants it: its body is the acknowledgement, its other headers
    /// are those of the workflow's own answer. Any other answer, and one of a sender that takes any, stays as it is.
    ///
    /// `secret` is that of the [`Event`]; `now` is in milliseconds since 1970, `random` has to be new for each.
    pub fn acknowledge(&self, reply: Reply, secret: Option<usize>, now: i64, random: [u8; 16]) -> Reply {
        let token = self.config.proofs.first().zip(secret);
        let token = token.and_then(|(proof, secret)| proof.secrets.get(secret));
        let (Some(handshake), Some(token), 200..=299) = (&self.config.handshake, token, reply.status) else {
            return reply;
        };
        // The key was checked when the endpoint was compiled.
        let Ok(Some(own)) = handshake.acknowledge(token, now, random) else {
            return reply;
        };
        let is_overruled = |name: &str| own.headers.iter().any(|(known, _)| known == name);
        let kept = reply.headers.into_iter().filter(|(name, _)| !is_overruled(name));
        Reply {
            status: own.status,
            headers: kept.chain(own.headers.iter().cloned()).collect(),
            body: own.body,
        }
    }

    /// The refusal of a body over this endpoint's limit.
    pub fn too_large(&self) -> Rejection {
        Rejection::TooLarge {
            limit: self.limit,
            inflated: false,
        }
    }

    /// Checks method, size, address and credentials: all that stands before parsing. A sender's question is answered here,
    /// before or after the proof as the sender wants it.
    ///
    /// # Errors
    /// 404, 405, 413, 403 and 401.
    pub fn verify<'a>(&'a self, request: Request<'a>) -> Result<Admitted<'a>, Rejection> {
        self.walk(request, None, &mut Unwatched)
    }

    /// The checks of [`Endpoint::verify`], watched. `unread` is the length of a body that was not read: then what needs the
    /// body isn't reached, and the request isn't accepted.
    pub(crate) fn walk<'a>(
        &'a self,
        request: Request<'a>,
        unread: Option<u64>,
        watcher: &mut impl Watcher,
    ) -> Result<Admitted<'a>, Rejection> {
        let Config {
            basic,
            proofs,
            handshake,
            ..
        } = &self.config;
        watcher.saw(CheckName::Method, self.check_method(request.path, request.method))?;
        let length = unread.unwrap_or(request.body.len() as u64);
        watcher.saw(CheckName::Size, self.check_size(length))?;
        watcher.noted(CheckName::Address, self.check_address(&request))?;
        if basic.is_some() {
            watcher.noted(CheckName::Basic, self.check_basic(&request))?;
        }
        let parts = parts(&request);
        // A question without the proof that events bring is answered before that is looked at.
        if let Some(handshake) = handshake {
            let secrets = proofs.first().map_or(&[][..], |proof| &proof.secrets);
            if let Some(answer) = handshake.answer(request.method, &parts, secrets) {
                return answer_question(answer, watcher);
            }
        }
        if !self.takes(request.method) {
            watcher.saw(CheckName::Method, Err::<(), _>(self.method_not_allowed()))?;
        }
        let mut claims = None;
        let mut signed_with = None;
        for (index, proof) in proofs.iter().enumerate() {
            if unread.is_some() && !self.bodyless.contains(&index) {
                continue;
            }
            let proved = watcher.prove(proof, &parts, request.now);
            let proved = proved.map_err(|diagnosis| self.unauthorized(Some(diagnosis)));
            if let Some(verified) = watcher.noted(CheckName::Proof(index), proved)? {
                if index == 0 {
                    signed_with = Some(verified.secret);
                }
                claims = claims.or(verified.claims);
            }
        }
        watcher.decide()?;
        if unread.is_some() {
            return Err(Rejection::Incomplete);
        }
        let mut opened = None;
        if let Some(handshake) = handshake {
            let secret = proofs.first().zip(signed_with);
            let secret = secret.map(|(proof, index)| &proof.secrets[index]);
            if let Some(answer) = handshake.answer_verified(&parts, secret) {
                return answer_question(answer, watcher);
            }
            let result = handshake
                .open(&parts)
                .map_err(|diagnosis| self.unauthorized(Some(diagnosis)));
            opened = watcher.saw(CheckName::Envelope, result)?;
            if opened.as_deref().is_some_and(|opened| handshake.is_question(opened)) {
                watcher.saw(CheckName::Handshake, Ok(()))?;
                return Ok(Admitted::Asked { secret: signed_with });
            }
        }
        Ok(Admitted::Verified(Box::new(Verified {
            endpoint: self,
            request,
            secret: signed_with,
            claims,
            opened,
        })))
    }

    /// [`Endpoint::verify`] and [`Verified::event`] in one.
    ///
    /// # Errors
    /// Every refusal of the two.
    pub fn judge(&self, request: Request<'_>) -> Result<Judged, Rejection> {
        match self.verify(request)? {
            Admitted::Verified(verified) => verified.event().map(Judged::Event),
            Admitted::Answered(reply) => Ok(Judged::Answered(reply)),
            Admitted::Asked { secret } => Ok(Judged::Asked { secret }),
        }
    }

    // The key that the sender gave the event, in one spelling for each value. A body without one at its place, or with one
    // that isn't a single value, has none: it is taken for a new event, as it would be with idempotency off.
    fn idempotency_key(&self, headers: &Headers, body: Option<&[u8]>) -> Option<String> {
        match self.config.idempotency.as_ref()? {
            Idempotency::Header(name) => headers.first(name).filter(|key| !key.is_empty()).map(str::to_owned),
            Idempotency::Body(path) => {
                // The body has been read before; it can't be malformed.
                let found = path.extract(body?).ok()?.into_iter().next()??;
                let scalar = !found.starts_with(['{', '[']) && !matches!(&*found, "null" | "\"\"");
                scalar.then(|| json::canonical(&found))
            }
        }
    }

    /// The context of a run by hand: the same variables, out of values given as JSON text. `None` is "not given".
    ///
    /// # Errors
    /// A text that is no JSON, and variables over their limit.
    pub fn shape(&self, headers: &Headers, query: Option<&str>, body: Option<&str>) -> Result<String, Rejection> {
        let mut context = Writer::new(body.map_or(0, str::len));
        let limit = context.limit();
        self.write_head(&mut context, headers, query.unwrap_or("{}"))
            .map_err(|unread| refused("query", unread, limit))?;
        self.write_body(&mut context, body.map(str::as_bytes))
            .and_then(|()| Ok(context.push("}")?))
            .map_err(|unread| refused("JSON body", unread, limit))?;
        Ok(context.into_text())
    }

    /// The context of an event whose files are kept: with `records` for them, each the JSON text of what is known of the kept
    /// file, in the order of [`Upload::files`].
    ///
    /// # Errors
    /// A record that is no JSON, and variables over their limit, which the records raise.
    pub fn context(&self, upload: &Upload, records: &[String]) -> Result<String, Rejection> {
        let records_length: usize = records.iter().map(String::len).sum();
        let mut context = Writer::new(upload.size + records_length);
        let limit = context.limit();
        let body = upload.form.to_json_with(records);
        let mut write = || {
            context.push(&upload.head)?;
            self.write_body(&mut context, Some(body.as_bytes()))?;
            Ok(context.push(&upload.tail)?)
        };
        write().map_err(|unread| refused("multipart body", unread, limit))?;
        Ok(context.into_text())
    }

    // The start of a context: headers and query.
    fn write_head(&self, context: &mut Writer, headers: &Headers, query: &str) -> Result<(), Unread> {
        context.reserve(64 + query.len());
        context.push("{\"headers\":")?;
        let wanted = self.config.headers.iter();
        write_texts(
            context,
            &self.header_places,
            wanted.map(|header| headers.joined(&header.name)),
        )?;
        context.push(",\"query\":")?;
        self.config.query.write(query.as_bytes(), context)
    }

    fn write_body(&self, context: &mut Writer, body: Option<&[u8]>) -> Result<(), Unread> {
        match body {
            Some(body) => {
                context.push(",\"body\":")?;
                self.config.body.write(body, context)
            }
            // Configured variables that are absent one by one, rather than a missing object to look into.
            None if self.config.has_body_items => Ok(context.push(",\"body\":{}")?),
            None => Ok(()),
        }
    }

    // The end of a context: what is configured besides.
    fn write_tail(
        &self,
        context: &mut Writer,
        path: &str,
        raw_body: Option<&str>,
        claims: Option<&Value>,
    ) -> Result<(), TooLarge> {
        if let Some(params) = self.params(path).filter(|params| !params.is_empty()) {
            context.push(",\"params\":")?;
            write_texts(context, &self.param_places, params.into_iter().map(Some))?;
        }
        if let Some(raw_body) = raw_body {
            context.push(",\"rawBody\":")?;
            context.push_string(raw_body)?;
        }
        if let Some(claims) = claims {
            context.push(",\"auth\":")?;
            context.push(&claims.to_string())?;
        }
        context.push("}")
    }
}

// Writes an object of texts of which none is part of another.
fn write_texts<'t, T>(
    context: &mut Writer,
    places: &Places,
    texts: impl ExactSizeIterator<Item = Option<T>>,
) -> Result<(), TooLarge>
where
    T: Into<Cow<'t, str>>,
{
    if texts.len() == 0 {
        return context.push("{}");
    }
    let own = vec![true; texts.len()];
    let mut values = Vec::with_capacity(texts.len());
    let mut room = context.limit();
    for text in texts {
        let value = text.map(|text| json::quote(&text.into()));
        room = room
            .checked_sub(value.as_ref().map_or(0, String::len))
            .ok_or(TooLarge)?;
        values.push(value);
    }
    let values = values.iter().map(Option::as_deref).collect();
    places.write(values, own, context)
}

fn refused(what: &'static str, unread: Unread, limit: usize) -> Rejection {
    match unread {
        Unread::Malformed(error) => Rejection::Malformed { what, error },
        Unread::TooLarge => Rejection::ContextTooLarge { limit },
    }
}

fn parts<'a>(request: &Request<'a>) -> RequestParts<'a> {
    RequestParts {
        url: request.url,
        query: request.query,
        headers: request.headers,
        body: request.body,
    }
}

fn answer_question<'a>(
    answer: Result<Reply, Diagnosis>,
    watcher: &mut impl Watcher,
) -> Result<Admitted<'a>, Rejection> {
    let answer = answer.map_err(|reason| Rejection::QuestionRefused {
        reason: Box::new(reason),
    });
    let reply = watcher.saw(CheckName::Handshake, answer)?;
    watcher.decide()?;
    Ok(Admitted::Answered(reply))
}

/// Who watches a request go through the checks: nobody when it is judged, a list of them when it is diagnosed.
pub(crate) trait Watcher {
    /// Whether a request brings a proof.
    fn prove(&self, proof: &Proof, request: &RequestParts<'_>, now: i64) -> Result<auth::Verified, Diagnosis>;

    /// Takes the result of a check that nothing can follow where it failed.
    fn saw<T>(&mut self, check: CheckName, result: Result<T, Rejection>) -> Result<T, Rejection>;

    /// Takes the result of a check that others may follow where it failed: `None` goes on as if it hadn't been asked for.
    fn noted<T>(&mut self, check: CheckName, result: Result<T, Rejection>) -> Result<Option<T>, Rejection>;

    /// Refuses where one of the noted checks failed.
    fn decide(&self) -> Result<(), Rejection>;
}

struct Unwatched;

impl Watcher for Unwatched {
    fn prove(&self, proof: &Proof, request: &RequestParts<'_>, now: i64) -> Result<auth::Verified, Diagnosis> {
        auth::verify(&proof.scheme, &proof.secrets, request, now)
    }

    fn saw<T>(&mut self, _: CheckName, result: Result<T, Rejection>) -> Result<T, Rejection> {
        result
    }

    fn noted<T>(&mut self, _: CheckName, result: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
        result.map(Some)
    }

    fn decide(&self) -> Result<(), Rejection> {
        Ok(())
    }
}

// The segments of a path without a slash at its start; nothing has none.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(move |_| !path.is_empty())
}

/// What a request that was let in says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The context of its execution as JSON text: `{"headers","query","body"}`, `body` being absent where there is none,
    /// and with `params`, `rawBody` and `auth` (the claims of a JSON Web Token) where they are configured.
    pub context: String,
    /// What the sender names the event by: a header's value, or a value of the body as JSON text, spelled in one way for
    /// each value ([`json::canonical`]). `None` where that isn't configured, and where the request has none.
    pub idempotency_key: Option<String>,
    /// Which secret of the first proof it came with, from 0; `None` where no proof is asked for.
    pub secret: Option<usize>,
    /// The files that are to be kept before the event is stored, where that is configured and there are some. Then
    /// [`Endpoint::context`] gives the context instead; the one above has name, type and size of each file.
    pub upload: Option<Box<Upload>>,
}

/// The files of an event, and what its context is made of once they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Where they are to be kept.
    pub storage: Storage,
    form: Form<'static>,
    // What the context has before and behind the body, and how large the request's body is.
    head: String,
    tail: String,
    size: usize,
}

impl Upload {
    /// The files, in the order sent.
    pub fn files(&self) -> impl Iterator<Item = &File<'_>> {
        self.form.files()
    }
}

/// What a request comes to that is not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// An event for the workflow.
    Event(Event),
    /// A sender's question, with the answer it wants; no workflow runs.
    Answered(Reply),
    /// A sender's question whose answer is that to every event, without an event: [`Endpoint::acknowledge`] makes it.
    Asked {
        /// As that of an [`Event`].
        secret: Option<usize>,
    },
}

/// What [`Endpoint::verify`] lets in.
#[derive(Debug)]
pub enum Admitted<'a> {
    /// A request that may be parsed.
    Verified(Box<Verified<'a>>),
    /// A sender's question, with the answer it wants.
    Answered(Reply),
    /// A sender's question whose answer is that to every event.
    Asked {
        /// As that of an [`Event`].
        secret: Option<usize>,
    },
}

/// A request whose sender is known to be let in. There is no other way to get at what a request says.
#[derive(Debug)]
pub struct Verified<'a> {
    endpoint: &'a Endpoint,
    request: Request<'a>,
    // Which secret of the first proof was used.
    secret: Option<usize>,
    // What a JSON Web Token says of the sender.
    claims: Option<Value>,
    // The body where it came encrypted; what an envelope holds has the content type of the whole.
    opened: Option<Vec<u8>>,
}

impl Verified<'_> {
    /// Parses the request.
    ///
    /// # Errors
    /// 400, 413 (as inflated, or its variables) and 415.
    pub fn event(self) -> Result<Event, Rejection> {
        let Self {
            endpoint,
            secret,
            claims,
            opened,
            request:
                Request {
                    path,
                    query,
                    headers,
                    body,
                    ..
                },
        } = self;
        let content_type = headers.first("content-type");
        let encoding = headers.joined("content-encoding");
        let intake = &endpoint.config.intake;
        let reading = body::Reading {
            format: intake.read_as,
            raw: intake.raw_body,
            files: intake.files.is_some(),
            limit: endpoint.limit,
        };
        let body = body::read(
            opened.as_deref().unwrap_or(body),
            content_type,
            encoding.as_deref(),
            reading,
        )?;
        let query = query::read_query(query).map_err(|error| Rejection::Malformed { what: "query", error })?;
        let json = body.as_ref().map(|body| &*body.json);
        let raw_body = body.as_ref().and_then(|body| body.raw.as_deref());
        let size = body.as_ref().map_or(0, |body| body.size);
        let mut context = Writer::new(size);
        let limit = context.limit();
        let refused = |unread| refused("JSON body", unread, limit);
        endpoint.write_head(&mut context, headers, &query).map_err(refused)?;
        let head = context.text().len();
        context.reserve(json.map_or(0, <[u8]>::len) + 16);
        endpoint.write_body(&mut context, json).map_err(refused)?;
        let tail = context.text().len();
        endpoint
            .write_tail(&mut context, path, raw_body, claims.as_ref())
            .map_err(|too_large| refused(too_large.into()))?;
        let idempotency_key = endpoint.idempotency_key(headers, json);
        let context = context.into_text();
        let upload = match (body.and_then(|body| body.form), &intake.files) {
            (Some(form), Some(storage)) => Some(Box::new(Upload {
                storage: storage.clone(),
                form,
                head: context[..head].to_owned(),
                tail: context[tail..].to_owned(),
                size,
            })),
            _ => None,
        };
        Ok(Event {
            context,
            idempotency_key,
            upload,
            secret,
        })
    }
}
