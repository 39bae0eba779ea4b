//! The checks of a request, in their order, and who observes them.
//!
//! Each check runs before any work for the next: method, size, address, credentials, URL verification. (The key was looked
//! up before an endpoint was known.) Two walks share them: [`Endpoint::check_head`] before the body is read, and
//! [`Endpoint::authenticate`] with it.

use crate::auth::{self, AuthMethod, Diagnosis, PublicKeyChecks, RequestParts, Scheme, Subject};
use crate::config::Addresses;
use crate::endpoint::Endpoint;
use crate::event::Authenticated;
use crate::reading::{LazyBody, RequestBody};
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::request::Request;
use crate::verification::{Arrival, Incoming, Sender, Stage, UrlVerification};

/// A check, as it is named to the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckName {
    /// The method, and the number of segments in the path behind the key.
    Method,
    /// The body's length as sent.
    Size,
    /// The address the request comes from.
    Address,
    /// User name and password.
    Basic,
    /// A method of `authentication`, by its index there.
    Authentication(usize),
    /// The sender's verification of the URL.
    Verification,
    /// The envelope that an encrypted body comes in.
    Envelope,
    /// Content type, encoding, body and query.
    Body,
}

/// An authenticated request, or a URL verification with its response.
#[derive(Debug)]
pub enum Admitted<'a> {
    /// A request that may be parsed.
    Request(Box<Authenticated<'a>>),
    /// A URL verification, with the response the sender expects.
    Verification(Reply),
    /// A URL verification whose response is the acknowledgement that every event gets.
    Acknowledge {
        /// Which secret of the first authentication method it was sent with.
        secret: Option<usize>,
    },
}

/// Observes a request on its walk through the checks. Judging needs no observer ([`Unobserved`]); diagnosing records every
/// outcome and goes on where judging would stop.
pub(crate) trait Observer {
    /// Decides whether a request passes an authentication method.
    fn authenticate(
        &self,
        method: &AuthMethod,
        request: &RequestParts<'_>,
        now: i64,
        checks: &PublicKeyChecks,
    ) -> Result<auth::Verified, Diagnosis>;

    /// Takes the outcome of a check that ends the walk if it failed.
    fn required<T>(&mut self, check: CheckName, result: Result<T, Rejection>) -> Result<T, Rejection>;

    /// Takes the outcome of a check after which the walk may go on even if it failed; then it gives `None`.
    fn optional<T>(&mut self, check: CheckName, result: Result<T, Rejection>) -> Result<Option<T>, Rejection>;

    /// Rejects the request if one of the optional checks failed.
    fn decide(&self) -> Result<(), Rejection>;
}

struct Unobserved;

impl Observer for Unobserved {
    fn authenticate(
        &self,
        method: &AuthMethod,
        request: &RequestParts<'_>,
        now: i64,
        checks: &PublicKeyChecks,
    ) -> Result<auth::Verified, Diagnosis> {
        auth::verify_within(&method.scheme, &method.secrets, request, now, checks)
    }

    fn required<T>(&mut self, _: CheckName, result: Result<T, Rejection>) -> Result<T, Rejection> {
        result
    }

    fn optional<T>(&mut self, _: CheckName, result: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
        result.map(Some)
    }

    fn decide(&self) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Endpoint {
    /// Rejects what can be rejected before the body is read: by the path behind the key, the method, the declared length,
    /// the address, and each authentication method that doesn't need the body. Doesn't look at [`Request::body`].
    ///
    /// # Errors
    /// 404, 405, 413, 403 and 401.
    pub fn check_head(&self, request: &Request<'_>, content_length: u64) -> Result<(), Rejection> {
        self.check_line(request, content_length, &mut Unobserved)?;
        self.check_address(request)?;
        let url = self.called_url(request);
        let body = LazyBody::new(Some(self), request.headers, b"");
        let incoming = Incoming {
            parts: parts(request, &url, &body),
            secrets: &[],
            body: Arrival::Coming,
        };
        let verification = self.config.verification.as_ref().map(UrlVerification::sender);
        if self.is_probe(request.method) || verification.is_some_and(|sender| sender.may_answer_anyone(&incoming)) {
            return Ok(());
        }
        self.check_stage(request.method, Stage::Anyone)?;
        self.check_basic(request)?;
        if self.bodyless.is_empty() || verification.is_some_and(|sender| sender.may_answer(&incoming)) {
            return Ok(());
        }
        self.check_stage(request.method, Stage::Secret)?;
        let checks = PublicKeyChecks::default();
        for index in &self.bodyless {
            let AuthMethod { scheme, secrets } = &self.config.methods[*index];
            auth::verify_within(scheme, secrets, &incoming.parts, request.now, &checks)
                .map_err(|diagnosis| self.unauthorized(Some(diagnosis)))?;
        }
        Ok(())
    }

    /// Runs every check that comes before parsing. A URL verification is answered here, before or after authentication,
    /// depending on the sender.
    ///
    /// # Errors
    /// 404, 405, 413, 403 and 401.
    pub fn authenticate<'a>(&'a self, request: Request<'a>) -> Result<Admitted<'a>, Rejection> {
        self.walk(request, None, &mut Unobserved)
    }

    /// Runs the checks of [`Endpoint::authenticate`] under an observer. `unread` is the length of a body that was not read;
    /// then nothing that needs the body is reached, and the request isn't accepted.
    pub(crate) fn walk<'a>(
        &'a self,
        request: Request<'a>,
        unread: Option<u64>,
        observer: &mut impl Observer,
    ) -> Result<Admitted<'a>, Rejection> {
        let methods = &self.config.methods;
        let length = unread.unwrap_or(request.body.len() as u64);
        self.check_line(&request, length, observer)?;
        observer.optional(CheckName::Address, self.check_address(&request))?;
        let url = self.called_url(&request);
        let body = LazyBody::new(Some(self), request.headers, request.body);
        let incoming = Incoming {
            parts: parts(&request, &url, &body),
            secrets: methods.first().map_or(&[], |method| &method.secrets),
            body: match unread {
                Some(_) => Arrival::Left,
                None => Arrival::Arrived(&body),
            },
        };
        let verification = self.config.verification.as_ref().map(UrlVerification::sender);
        if let Some(sender) = verification
            && let Some(response) = sender.answer_anyone(&incoming)
        {
            return self.respond(sender, response, observer);
        }
        if self.is_probe(request.method) {
            observer.required(CheckName::Verification, Ok(()))?;
            observer.decide()?;
            return Ok(Admitted::Verification(Reply::empty()));
        }
        self.reach(request.method, Stage::Anyone, observer)?;
        if self.config.basic.is_some() {
            observer.optional(CheckName::Basic, self.check_basic(&request))?;
        }
        // A verification without the authentication of events is answered before that is looked at.
        if let Some(sender) = verification
            && let Some(response) = sender.answer(&incoming)
        {
            return self.respond(sender, response, observer);
        }
        self.reach(request.method, Stage::Secret, observer)?;
        let mut claims = None;
        let mut secret = None;
        let checks = PublicKeyChecks::default();
        for (index, method) in methods.iter().enumerate() {
            if unread.is_some() && !self.bodyless.contains(&index) {
                continue;
            }
            let outcome = observer
                .authenticate(method, &incoming.parts, request.now, &checks)
                .and_then(|verified| not_computed(method, &incoming.parts, verification).map(|()| verified))
                .map_err(|diagnosis| self.unauthorized(Some(diagnosis)));
            if let Some(verified) = observer.optional(CheckName::Authentication(index), outcome)? {
                if index == 0 {
                    secret = Some(verified.secret);
                }
                claims = claims.or(verified.claims);
            }
        }
        observer.decide()?;
        if unread.is_some() {
            return Err(Rejection::Incomplete);
        }
        let mut opened = None;
        if let Some(sender) = verification {
            let used = methods.first().zip(secret);
            let used = used.map(|(method, index)| &method.secrets[index]);
            if let Some(response) = sender.answer_authenticated(&incoming, used) {
                return self.respond(sender, response, observer);
            }
            let result = sender
                .open(&incoming.parts)
                .map_err(|diagnosis| self.unauthorized(Some(diagnosis)));
            opened = observer.required(CheckName::Envelope, result)?;
            if opened.as_deref().is_some_and(|opened| sender.is_verification(opened)) {
                observer.required(CheckName::Verification, Ok(()))?;
                return Ok(Admitted::Acknowledge { secret });
            }
        }
        self.reach(request.method, Stage::Authenticated, observer)?;
        let read = body.into_reading().filter(|_| opened.is_none());
        Ok(Admitted::Request(Box::new(Authenticated {
            endpoint: self,
            request,
            secret,
            claims,
            opened,
            read,
        })))
    }

    fn respond<'a>(
        &self,
        sender: &dyn Sender,
        response: Result<Reply, Diagnosis>,
        observer: &mut impl Observer,
    ) -> Result<Admitted<'a>, Rejection> {
        let response = response.map_err(|reason| match sender.fails_authentication() {
            true => self.unauthorized(Some(reason)),
            false => Rejection::VerificationRejected {
                reason: self.said(reason),
            },
        });
        let reply = observer.required(CheckName::Verification, response)?;
        observer.decide()?;
        Ok(Admitted::Verification(reply))
    }

    /// Checks path, method and length, the same way before and after the body is read.
    fn check_line(&self, request: &Request<'_>, length: u64, observer: &mut impl Observer) -> Result<(), Rejection> {
        observer.required(CheckName::Method, self.check_method(request.path, request.method))?;
        observer.required(CheckName::Size, self.check_size(length))
    }

    /// Whether a request only asks if there is something at the URL. HEAD is never an event: it has no body to be one.
    fn is_probe(&self, method: &str) -> bool {
        method == "HEAD" && self.accepts_method(method)
    }

    /// Rejects a method that neither events have nor a verification that is answered after a stage.
    fn check_stage(&self, method: &str, passed: Stage) -> Result<(), Rejection> {
        if self.accepts_method(method) || self.last_stage(method).is_some_and(|last| last > passed) {
            return Ok(());
        }
        Err(self.method_not_allowed())
    }

    fn reach(&self, method: &str, passed: Stage, observer: &mut impl Observer) -> Result<(), Rejection> {
        match self.check_stage(method, passed) {
            Ok(()) => Ok(()),
            rejected => observer.required(CheckName::Method, rejected),
        }
    }

    fn last_stage(&self, method: &str) -> Option<Stage> {
        self.config.verification.as_ref()?.sender().last_stage(method)
    }

    fn check_method(&self, path: &str, method: &str) -> Result<(), Rejection> {
        if segments(path).count() != self.config.params.len() || self.params(path).is_none() {
            return Err(Rejection::NotFound);
        }
        if !self.accepts_method(method) && self.last_stage(method).is_none() {
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

    // The address counts only if the configuration has an allowlist.
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

    fn accepts_method(&self, method: &str) -> bool {
        self.config.accepted.methods.iter().any(|known| known == method)
    }

    fn method_not_allowed(&self) -> Rejection {
        Rejection::MethodNotAllowed {
            allow: self.config.accepted.methods.join(", "),
        }
    }

    fn unauthorized(&self, reason: Option<Diagnosis>) -> Rejection {
        Rejection::Unauthorized {
            basic: self.config.basic.is_some(),
            reason: reason.map(|reason| self.said(reason)),
        }
    }
}

/// Rejects an event that is signed as the response to a verification may be: a stranger could have had it signed.
fn not_computed(
    method: &AuthMethod,
    request: &RequestParts<'_>,
    verification: Option<&dyn Sender>,
) -> Result<(), Diagnosis> {
    let (Scheme::Signature(signature), Some(sender)) = (&method.scheme, verification) else {
        return Ok(());
    };
    if sender.computes()
        && signature.signs_any(&method.secrets, request, |algorithm, message| {
            sender.may_have_signed(algorithm, message)
        })
    {
        return Err(Diagnosis::Malformed {
            subject: Subject::Signature,
            place: "the request".to_owned(),
            expected: "a signed text that no URL verification has".to_owned(),
        });
    }
    Ok(())
}

/// Splits the path behind the key into its segments; an empty path has none.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(move |_| !path.is_empty())
}

fn parts<'a>(request: &Request<'a>, url: &'a str, body: &'a dyn RequestBody) -> RequestParts<'a> {
    RequestParts {
        method: request.method,
        url,
        query: request.query,
        headers: request.headers,
        body,
    }
}
