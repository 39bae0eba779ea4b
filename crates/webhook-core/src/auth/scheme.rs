use serde::{Deserialize, Serialize};

use super::jwt::Jwt;
use super::signature::Signature;
use super::token::Token;
use super::{BodyPath, Source};
use crate::reading::BODY_HEADERS;

/// How a sender authenticates, as it is stored: JSON with a `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[allow(
    clippy::large_enum_variant,
    reason = "an endpoint has a few, most of them signatures"
)]
pub enum Scheme {
    /// A signature over the request.
    Signature(Signature),
    /// The secret itself.
    Token(Token),
    /// A JSON Web Token.
    Jwt(Jwt),
}

impl Scheme {
    /// Reads a scheme as it is stored and checks that it can work.
    ///
    /// # Errors
    ///
    /// Fails with a sentence for the scheme's author if a field is invalid, a placeholder has no location, or no form of
    /// signature is accepted. The sentence never repeats a value of the scheme, which may come from a secret variable.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let scheme: Self = serde_json::from_str(json).map_err(|error| without_values(&error))?;
        match &scheme {
            Self::Signature(signature) => signature.check()?,
            Self::Jwt(jwt) => jwt.check()?,
            Self::Token(token) => token.check()?,
        }
        Ok(scheme)
    }

    /// Returns whether the scheme looks at the request's URL.
    pub fn signs_url(&self) -> bool {
        match self {
            Self::Signature(signature) => signature.signs_url(),
            Self::Token(_) | Self::Jwt(_) => false,
        }
    }

    /// Lists the places of what shows who sent a request: the signature, the token or the JWT. Paths into the body are relative to the
    /// elements of a list, if there is one.
    pub fn places(&self) -> Vec<(Option<&BodyPath>, &Source)> {
        match self {
            Self::Signature(Signature { from, each, .. }) => from.iter().map(|from| (each.as_ref(), from)).collect(),
            Self::Token(token) | Self::Jwt(Jwt { place: token, .. }) => vec![(None, &token.from)],
        }
    }

    /// Returns whether authenticating takes much longer than reading a small body: it checks with public keys of RSA or ECDSA.
    pub fn checks_public_keys(&self) -> bool {
        match self {
            Self::Signature(signature) => signature.has_compiled_keys(),
            Self::Jwt(jwt) => jwt.has_public_keys(),
            Self::Token(_) => false,
        }
    }

    /// Returns whether a request can't be authenticated before its body is read.
    pub fn needs_body(&self) -> bool {
        match self {
            Self::Signature(signature) => signature.needs_body(),
            Self::Token(token) | Self::Jwt(Jwt { place: token, .. }) => token.from.is_in_body(),
        }
    }

    /// Returns the headers that the scheme reads, in lower case; no others are needed.
    pub fn header_names(&self) -> Vec<&str> {
        match self {
            Self::Signature(signature) => signature.header_names(),
            Self::Token(Token { from, .. })
            | Self::Jwt(Jwt {
                place: Token { from, .. },
                ..
            }) if from.is_in_body() => BODY_HEADERS.into(),
            Self::Token(Token { from, .. })
            | Self::Jwt(Jwt {
                place: Token { from, .. },
                ..
            }) => from.header_name().into_iter().collect(),
        }
    }
}

/// What serde says of a value that doesn't fit, without the value.
///
/// serde puts a value before ", expected", and the names it knows after it. A message without that part is one of our
/// own conversions', which hold no value, or names a missing field.
fn without_values(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let (line, column) = (error.line(), error.column());
    let place = format!(" at line {line} column {column}");
    let message = message.strip_suffix(&place).unwrap_or(&message);
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let kinds = [
        "unknown field",
        "unknown variant",
        "invalid type",
        "invalid value",
        "invalid length",
    ];
    let kind = kinds.into_iter().find(|kind| found.starts_with(kind));
    kind.map_or_else(
        || format!("expected {expected}"),
        |kind| format!("{kind}: expected {expected}"),
    )
}
