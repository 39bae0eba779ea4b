//! The checks of a request, in their order, and who observes them.
//!
//! Each check runs before any work for the next: method, size, address, credentials, URL verification. (The key was looked
//! up before an endpoint was known.) Two walks share them: [`Endpoint::check_head`] before the body is read, and
//! [`Endpoint::authenticate`] with it.

use crate::auth::{self, AuthMethod, Diagnosis, PublicKeyChecks, RequestParts, Subject};
use crate::config::{Addresses, Config};
use crate::endpoint::Endpoint;
use crate::event::Authenticated;
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::request::Request;

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
        if self.is_probe(request.method) {
            return self.check_address(request);
        }
        self.check_sender(request, &mut Unobserved)?;
        if self.bodyless.is_empty() {
            return Ok(());
        }
        let url = self.called_url(request);
        let parts = parts(request, &url);
        let verification = self.config.verification.as_ref();
        if verification.is_some_and(|verification| verification.sender().may_answer(request.method, &parts)) {
            return Ok(());
        }
        if !self.accepts_method(request.method) {
            return Err(self.method_not_allowed());
        }
        let checks = PublicKeyChecks::default();
        for index in &self.bodyless {
            let AuthMethod { scheme, secrets } = &self.config.methods[*index];
            auth::verify_within(scheme, secrets, &parts, request.now, &checks)
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
        let Config {
            methods, verification, ..
        } = &self.config;
        let length = unread.unwrap_or(request.body.len() as u64);
        self.check_line(&request, length, observer)?;
        if self.is_probe(request.method) {
            return self.answer_probe(&request, observer);
        }
        self.check_sender(&request, observer)?;
        let url = self.called_url(&request);
        let parts = parts(&request, &url);
        let verification = verification.as_ref().map(|verification| verification.sender());
        // A verification without the authentication of events is answered before that is looked at.
        if let Some(sender) = verification {
            let secrets = methods.first().map_or(&[][..], |method| &method.secrets);
            if let Some(response) = sender.answer(request.method, &parts, secrets) {
                return self.respond(response, observer);
            }
        }
        if !self.accepts_method(request.method) {
            observer.required(CheckName::Method, Err::<(), _>(self.method_not_allowed()))?;
        }
        let mut claims = None;
        let mut secret = None;
        let checks = PublicKeyChecks::default();
        for (index, method) in methods.iter().enumerate() {
            if unread.is_some() && !self.bodyless.contains(&index) {
                continue;
            }
            let outcome = observer
                .authenticate(method, &parts, request.now, &checks)
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
            if let Some(response) = sender.answer_authenticated(&parts, used) {
                return self.respond(response, observer);
            }
            let result = sender
                .open(&parts)
                .map_err(|diagnosis| self.unauthorized(Some(diagnosis)));
            opened = observer.required(CheckName::Envelope, result)?;
            if opened.as_deref().is_some_and(|opened| sender.is_verification(opened)) {
                observer.required(CheckName::Verification, Ok(()))?;
                return Ok(Admitted::Acknowledge { secret });
            }
        }
        Ok(Admitted::Request(Box::new(Authenticated {
            endpoint: self,
            request,
            secret,
            claims,
            opened,
        })))
    }

    fn respond<'a>(
        &self,
        response: Result<Reply, Diagnosis>,
        observer: &mut impl Observer,
    ) -> Result<Admitted<'a>, Rejection> {
        let response = response.map_err(|reason| Rejection::VerificationRejected {
            reason: self.said(reason),
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

    /// Whether a request of a method that is accepted only asks if there is something at the URL. HEAD is never an event: it has no
    /// body to be one.
    fn is_probe(&self, method: &str) -> bool {
        let verification = self.config.verification.as_ref();
        method == "HEAD" || verification.and_then(|verification| verification.sender().probe_method()) == Some(method)
    }

    /// Responds to a probe, which only asks whether the URL exists. That isn't an event, so it needs no authentication.
    fn answer_probe<'a>(&self, request: &Request<'_>, observer: &mut impl Observer) -> Result<Admitted<'a>, Rejection> {
        observer.optional(CheckName::Address, self.check_address(request))?;
        if request.method == "HEAD" {
            return self.respond(Ok(Reply::empty()), observer);
        }
        let verification = self.config.verification.as_ref();
        let answer = verification.and_then(|verification| {
            let parts = parts(request, request.url);
            verification.sender().answer(request.method, &parts, &[])
        });
        match answer {
            Some(response) => self.respond(response, observer),
            None => observer.required(CheckName::Method, Err(self.method_not_allowed())),
        }
    }

    /// Checks address and credentials, the same way before and after the body is read.
    fn check_sender(&self, request: &Request<'_>, observer: &mut impl Observer) -> Result<(), Rejection> {
        observer.optional(CheckName::Address, self.check_address(request))?;
        if self.config.basic.is_some() {
            observer.optional(CheckName::Basic, self.check_basic(request))?;
        }
        Ok(())
    }

    fn check_method(&self, path: &str, method: &str) -> Result<(), Rejection> {
        if segments(path).count() != self.config.params.len() || self.params(path).is_none() {
            return Err(Rejection::NotFound);
        }
        let verification = self.config.verification.as_ref();
        let verifies = verification.and_then(|verification| verification.sender().method());
        if !self.accepts_method(method) && verifies != Some(method) {
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

/// Splits the path behind the key into its segments; an empty path has none.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(move |_| !path.is_empty())
}

fn parts<'a>(request: &Request<'a>, url: &'a str) -> RequestParts<'a> {
    RequestParts {
        url,
        query: request.query,
        headers: request.headers,
        body: request.body,
    }
}
