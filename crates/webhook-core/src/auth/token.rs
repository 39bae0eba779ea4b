//! A secret that the sender sends along: in a header, a query parameter, as a bearer token, or in the body.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{Diagnosis, RequestParts, Secret, Source, Subject};

/// Where the secret stands. It proves who knows it, not that the request is as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Token {
    /// Where it is sent.
    pub from: Source,
    /// What stands before it, such as `Bearer `, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

impl Token {
    /// Which secret was sent.
    pub(super) fn verify(&self, secrets: &[Secret], request: &RequestParts<'_>) -> Result<usize, Diagnosis> {
        let value = self.from.read(Subject::Token, request)?;
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let token = match value.get(..prefix.len()) {
            Some(start) if start.eq_ignore_ascii_case(prefix) => value[prefix.len()..].trim_start_matches(' '),
            _ => {
                return Err(Diagnosis::Malformed {
                    subject: Subject::Token,
                    place: self.from.to_string(),
                    expected: format!("{prefix:?} and the token"),
                })
            }
        };
        find_equal(token, secrets).ok_or(Diagnosis::NoMatch {
            signatures: 1,
            hint: None,
        })
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
