//! Takes a request through all checks of an endpoint, so that its owner sees which ones pass.
//!
//! The checks are those that [`Endpoint::judge`] makes, in their order and by the same code, under an observer. But an authentication
//! method that fails doesn't end the walk: every one is checked, and common mistakes with a signature are tried, which takes
//! some dozens of times as long.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::auth::{self, AuthMethod, Diagnosis, HintWork, PublicKeyChecks, RequestParts};
use crate::checks::{Admitted, CheckName, Observer};
use crate::endpoint::Endpoint;
use crate::event::Content;
use crate::rejection::Rejection;
use crate::request::Request;

impl CheckName {
    fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Size => "size",
            Self::Address => "address",
            Self::Basic => "basic",
            Self::Authentication(_) => "authentication",
            Self::Verification => "verification",
            Self::Envelope => "envelope",
            Self::Body => "body",
        }
    }
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It passed. For a URL verification: the request is one and was answered.
    Passed,
    /// It failed, and this is the rejection of the request.
    Failed(Rejection),
    /// An earlier check decided, or the request has nothing to check: an event isn't a URL verification.
    NotReached,
    /// It isn't configured.
    NotConfigured,
}

/// A check and what it came to; as JSON `{ check, index?, outcome, diagnosis?, rejection? }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which one.
    pub name: CheckName,
    /// What it came to.
    pub outcome: Outcome,
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("check", self.name.name())?;
        if let CheckName::Authentication(index) = self.name {
            map.serialize_entry("index", &index)?;
        }
        let outcome = match self.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "failed",
            Outcome::NotReached => "notReached",
            Outcome::NotConfigured => "notConfigured",
        };
        map.serialize_entry("outcome", outcome)?;
        if let Outcome::Failed(rejection) = &self.outcome {
            if let Some(diagnosis) = rejection.reason() {
                map.serialize_entry("diagnosis", &diagnosis.to_value())?;
            }
            let rejected = serde_json::json!({
                "status": rejection.status(),
                "code": rejection.code(),
                "message": rejection.message(),
            });
            map.serialize_entry("rejection", &rejected)?;
        }
        map.end()
    }
}

/// What a request comes to, check by check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosed {
    /// Whether it is accepted as an event, or answered as a URL verification.
    pub accepted: bool,
    /// Every check, in order.
    pub checks: Vec<Check>,
}

impl Endpoint {
    /// Takes a request through all checks. `unread` is the length of a body that was not read; then nothing that needs the
    /// body is reached.
    ///
    /// A request from an unknown address (an empty `peer`) isn't rejected for that.
    ///
    /// ```
    /// use serde_json::json;
    /// use webhook_core::checks::CheckName;
    /// use webhook_core::diagnose::Outcome;
    /// use webhook_core::endpoint::Endpoint;
    /// use webhook_core::request::{Headers, Request};
    ///
    /// let config = json!({ "authentication": [{ "preset": "github", "secrets": ["s"] }] });
    /// let endpoint = Endpoint::new(&config, 1000).unwrap();
    /// let headers = Headers::default();
    /// let request = Request { method: "POST", path: "", url: "", query: "", headers: &headers, body: b"", peer: "", now: 0 };
    /// let diagnosed = endpoint.diagnose(request, None);
    /// let method = diagnosed.checks.iter().find(|check| check.name == CheckName::Authentication(0)).unwrap();
    /// let Outcome::Failed(rejection) = &method.outcome else { panic!() };
    /// let reason = rejection.reason().unwrap().to_string();
    /// assert_eq!(reason, "the signature is missing: expected it in header x-hub-signature-256");
    /// ```
    pub fn diagnose(&self, request: Request<'_>, unread: Option<u64>) -> Diagnosed {
        let mut record = Record::new(self, !request.peer.is_empty());
        let accepted = match self.walk(request, unread, &mut record) {
            Ok(Admitted::Request(authenticated)) => {
                let event = authenticated.event().and_then(|event| match event.content {
                    Content::Context(_) => Ok(()),
                    Content::Upload(upload) => self.preview(&upload).map(|_| ()),
                });
                record.required(CheckName::Body, event).is_ok()
            }
            Ok(Admitted::Verification(_) | Admitted::Acknowledge { .. }) => true,
            Err(_) => false,
        };
        Diagnosed {
            accepted,
            checks: record.checks,
        }
    }
}

struct Record {
    checks: Vec<Check>,
    work: HintWork,
    knows_peer: bool,
}

impl Record {
    fn new(endpoint: &Endpoint, knows_peer: bool) -> Self {
        let config = &endpoint.config;
        let verification = config.verification.as_ref();
        let methods = match config.methods.len() {
            // So that the owner sees that nothing is asked for.
            0 => vec![(CheckName::Authentication(0), false)],
            count => (0..count)
                .map(|index| (CheckName::Authentication(index), true))
                .collect(),
        };
        let before = [
            (CheckName::Method, true),
            (CheckName::Size, true),
            (CheckName::Address, config.addresses.is_some()),
            (CheckName::Basic, config.basic.is_some()),
        ];
        let after = [
            (CheckName::Verification, verification.is_some()),
            (
                CheckName::Envelope,
                verification.is_some_and(|verification| verification.sender().opens_envelopes()),
            ),
            (CheckName::Body, true),
        ];
        let checks = before
            .into_iter()
            .chain(methods)
            .chain(after)
            .map(|(name, configured)| Check {
                name,
                outcome: if configured {
                    Outcome::NotReached
                } else {
                    Outcome::NotConfigured
                },
            })
            .collect();
        Self {
            checks,
            work: HintWork::default(),
            knows_peer,
        }
    }

    fn keep(&mut self, name: CheckName, outcome: Outcome) {
        let check = self.checks.iter_mut().find(|check| check.name == name);
        if let Some(check) = check.filter(|check| check.outcome != Outcome::NotConfigured) {
            check.outcome = outcome;
        }
    }
}

impl Observer for Record {
    fn authenticate(
        &self,
        method: &AuthMethod,
        request: &RequestParts<'_>,
        now: i64,
        checks: &PublicKeyChecks,
    ) -> Result<auth::Verified, Diagnosis> {
        auth::diagnose(&method.scheme, &method.secrets, request, now, checks, &self.work)
    }

    fn required<T>(&mut self, check: CheckName, result: Result<T, Rejection>) -> Result<T, Rejection> {
        let outcome = match &result {
            Ok(_) => Outcome::Passed,
            Err(rejection) => Outcome::Failed(rejection.clone()),
        };
        self.keep(check, outcome);
        result
    }

    fn optional<T>(&mut self, check: CheckName, result: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
        if check == CheckName::Address && !self.knows_peer {
            return Ok(None);
        }
        Ok(self.required(check, result).ok())
    }

    fn decide(&self) -> Result<(), Rejection> {
        let failed = self.checks.iter().find_map(|check| match &check.outcome {
            Outcome::Failed(rejection) => Some(rejection.clone()),
            _ => None,
        });
        failed.map_or(Ok(()), Err)
    }
}
