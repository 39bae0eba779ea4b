//! A secret that the sender sends along: in a header, a query parameter, as a bearer token, or in the body.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::request::utf8_in;

use super::{Diagnosis, HeaderName, RequestParts, Secret, Source, Subject};

/// Where the shared token is. It authenticates the sender, but doesn't protect the request against changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Token {
    /// Where it is sent.
    pub from: Source,
    /// The prefix before it, such as `Bearer `, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

impl Token {
    /// Returns the token in the header `Authorization` after `Bearer ` (RFC 6750).
    pub fn bearer() -> Self {
        Self {
            from: Source::Header(HeaderName::authorization()),
            prefix: Some("Bearer ".to_owned()),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self.from {
            Source::Part(_) => Err("expected from to be a header, query, body, form or xml, but found part".to_owned()),
            _ => Ok(()),
        }
    }

    /// Which secret was sent.
    pub(super) fn verify(&self, secrets: &[Secret], request: &RequestParts<'_>) -> Result<usize, Diagnosis> {
        let sent = self.read(Subject::Token, request)?;
        let as_utf8 = match self.from {
            Source::Header(_) => utf8_in(&sent),
            _ => None,
        };
        // A plus in a query is a space to those who decode it, and itself to those who paste a token into a URL.
        let as_pluses = match self.from {
            Source::Query(_) if sent.contains(' ') => Some(sent.replace(' ', "+")),
            _ => None,
        };
        find_equal(&sent, secrets)
            .or_else(|| find_equal(&as_utf8?, secrets))
            .or_else(|| find_equal(&as_pluses?, secrets))
            .ok_or(Diagnosis::NoMatch {
                signatures: 1,
                hint: None,
            })
    }

    /// Returns what was sent, without its prefix.
    pub(super) fn read<'r>(&self, subject: Subject, request: &RequestParts<'r>) -> Result<Cow<'r, str>, Diagnosis> {
        let value = self.from.read(subject, request)?;
        let Some(prefix) = &self.prefix else {
            return Ok(value);
        };
        match value.get(..prefix.len()) {
            Some(start) if start.eq_ignore_ascii_case(prefix) => {
                Ok(Cow::Owned(value[prefix.len()..].trim_start_matches(' ').to_owned()))
            }
            _ => Err(self.from.malformed(subject, "it to begin with the configured prefix")),
        }
    }
}

/// Which secret a text is. Digests are compared, so that the time says nothing about the length either.
pub(crate) fn find_equal(text: &str, secrets: &[Secret]) -> Option<usize> {
    let sent = Sha256::digest(text.as_bytes());
    let mut found = u32::MAX;
    for (index, secret) in (0..).zip(secrets) {
        let equal: Choice = Sha256::digest(secret.expose().as_bytes())
            .as_slice()
            .ct_eq(sent.as_slice());
        found.conditional_assign(&index, equal);
    }
    (found != u32::MAX).then_some(found as usize)
}
