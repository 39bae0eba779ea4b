//! Authentication methods, one a file.
//!
//! [`verify`] is the one entry for the schemes that are stored as data: a signature over the request, or a shared token.
//! Everything is an argument, time too, and a [`Diagnosis`] is a value that says which step failed, without the secret and
//! without the signature that would have been right.

pub mod address;
mod base64;
pub mod basic;
mod diagnosis;
pub mod envelope;
mod hints;
pub mod jwt;
pub mod presets;
mod public_keys;
mod scheme;
mod secret;
pub mod signature;
mod source;
mod sources;
pub(crate) mod template;
pub mod token;

pub(crate) use base64::BASE64;
pub use diagnosis::{Diagnosis, Hint, Subject};
pub use hints::HintWork;
pub use public_keys::PublicKeyChecks;
pub use scheme::Scheme;
pub use secret::{BlankSecret, Secret};
pub use source::{BodyPath, HeaderName, Source};
pub use sources::Sources;

use crate::limits;
use crate::reading::RequestBody;
use crate::request::Headers;

/// An authentication method: how the sender authenticates, and the secrets that count.
#[derive(Debug, Clone)]
pub struct AuthMethod {
    /// How the sender authenticates.
    pub scheme: Scheme,
    /// The secrets, of which any one is enough.
    pub secrets: Vec<Secret>,
}

/// What of a request a scheme may look at. Nothing of it is believed yet.
#[derive(Clone, Copy)]
pub struct RequestParts<'a> {
    /// The method as sent, upper case.
    pub method: &'a str,
    /// The URL that the sender called, whole, with its query, as the sender wrote it; behind a proxy it isn't the one
    /// that the server sees.
    pub url: &'a str,
    /// What follows the `?`, as sent; empty for none.
    pub query: &'a str,
    /// The headers, repeated ones kept apart.
    pub headers: &'a Headers<'a>,
    /// The body.
    pub body: &'a dyn RequestBody,
}

/// That a request came from someone who knows a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Which of the secrets it was, from 0.
    pub secret: usize,
    /// What a JSON Web Token says: an object.
    pub claims: Option<serde_json::Value>,
}

/// Checks that a request comes from someone who knows one of the secrets, by its one authentication method: [`verify_within`]
/// with all the checks with public keys that a request may cost.
///
/// `now` is the time as milliseconds since 1970. Comparisons take the same time wherever they differ, and every secret is
/// tried. A header or parameter of the method that is sent twice is rejected: a proxy in front of us may have looked at
/// the other one.
///
/// # Errors
///
/// A [`Diagnosis`] for a request that isn't authenticated, or a scheme or secrets that can't work.
///
/// ```
/// use webhook_core::auth::{presets, verify, RequestParts, Secret};
/// use webhook_core::reading::LazyBody;
/// use webhook_core::request::Headers;
///
/// let secret = Secret::new("It's a Secret to Everybody").unwrap();
/// let headers = Headers::new([(
///     "X-Hub-Signature-256".to_owned(),
///     "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17".to_owned(),
/// )]);
/// let body = LazyBody::new(None, &headers, b"Hello, World!");
/// let request = RequestParts { method: "POST", url: "", query: "", headers: &headers, body: &body };
/// let github = presets::find("github").unwrap();
/// assert_eq!(verify(&github, &[secret], &request, 0).unwrap().secret, 0);
/// ```
pub fn verify(
    scheme: &Scheme,
    secrets: &[Secret],
    request: &RequestParts<'_>,
    now: i64,
) -> Result<Verified, Diagnosis> {
    verify_within(scheme, secrets, request, now, &PublicKeyChecks::default())
}

/// As [`verify`], for a request that has to pass several authentication methods, which share the checks with public keys.
///
/// # Errors
///
/// Those of [`verify`].
pub fn verify_within(
    scheme: &Scheme,
    secrets: &[Secret],
    request: &RequestParts<'_>,
    now: i64,
    checks: &PublicKeyChecks,
) -> Result<Verified, Diagnosis> {
    if secrets.is_empty() || secrets.len() > limits::MAX_SECRETS {
        return Err(Diagnosis::Secrets { count: secrets.len() });
    }
    let (secret, claims) = match scheme {
        Scheme::Signature(signature) => (signature.verify(secrets, request, now, checks)?, None),
        Scheme::Token(token) => (token.verify(secrets, request)?, None),
        Scheme::Jwt(jwt) => {
            let (secret, claims) = jwt.verify(secrets, request, now, checks)?;
            (secret, Some(claims))
        }
    };
    Ok(Verified { secret, claims })
}

/// As [`verify_within`], and for a signature that no secret matches it also tries what commonly goes wrong, as long as there is
/// `work` left, which is meant for one request: for the debugger, not for every request.
///
/// # Errors
///
/// Those of [`verify`], with [`Diagnosis::NoMatch`] and [`Diagnosis::ClockOff`] more exact.
pub fn diagnose(
    scheme: &Scheme,
    secrets: &[Secret],
    request: &RequestParts<'_>,
    now: i64,
    checks: &PublicKeyChecks,
    work: &HintWork,
) -> Result<Verified, Diagnosis> {
    verify_within(scheme, secrets, request, now, checks).map_err(|diagnosis| match (diagnosis, scheme) {
        (Diagnosis::NoMatch { signatures, .. }, Scheme::Signature(signature)) => Diagnosis::NoMatch {
            signatures,
            hint: hints::find(signature, secrets, request, work),
        },
        (diagnosis, _) => diagnosis,
    })
}
