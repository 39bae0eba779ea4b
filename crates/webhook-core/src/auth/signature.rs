//! A signature over the exact bytes of a request, as one declarative scheme that covers nearly every sender.
//!
//! A scheme says where the signature is and how it is split, which text is signed, how, and where its time is. The
//! presets are filled-in schemes. Stripe's reads:
//!
//! ```
//! use webhook_core::auth::{presets, Scheme};
//! let stripe = r#"{
//!     "kind": "signature",
//!     "from": { "header": "stripe-signature" },
//!     "separator": ",",
//!     "accept": [{ "prefix": "v1=", "algorithm": "hmac-sha256", "encoding": "hex", "key": { "form": "text" } }],
//!     "signed": "{timestamp}.{body}",
//!     "timestamp": { "from": { "part": "t=" }, "unit": "seconds", "tolerance": 300, "direction": "past" }
//! }"#;
//! assert_eq!(Scheme::from_json(stripe).unwrap(), presets::find("stripe").unwrap());
//! ```

mod accept;
mod algorithm;
mod check;
mod elements;
mod form;
mod public_key;
mod signed;
mod template;
mod timestamp;
mod url;
mod values;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub(super) use self::url::variants as url_variants;
pub use accept::{Accept, Key};
pub use algorithm::{Algorithm, Encoding};
pub(super) use public_key::PublicKey;
pub use signed::Signed;
pub use template::{Piece, Placeholder, Template};
pub use timestamp::{Direction, Timestamp, Unit};

use super::public_keys::TooMany;
use super::{BodyPath, Diagnosis, PublicKeyChecks, RequestParts, Secret, Source, Sources, Subject};
use crate::limits::MAX_SIGNATURES;
use crate::reading::BODY_HEADERS;
use values::{Filling, Values};

/// How a sender signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signature {
    /// Where the signature is.
    pub from: Sources,
    /// What separates the elements of a list there; without it there is one element, the whole value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// The signatures that count; any match is enough.
    pub accept: Vec<Accept>,
    /// What is signed.
    pub signed: Signed,
    /// Where the time is, for `{timestamp}` and to reject old requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// Where the id for `{id}` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Sources>,
    /// Where the nonce for `{nonce}` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Sources>,
    /// Where the text for `{encrypted}` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Sources>,
    /// Where, for a body that is not signed itself, its SHA-256 in hexadecimal digits is, in something that is signed.
    /// Where it is there, `{form}` is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_hash: Option<Sources>,
    /// The list in the body whose elements are signed one by one. Paths into the body are then relative to the element, an absent value
    /// is empty, and every element has to be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<BodyPath>,
}

impl Signature {
    pub(super) fn signs(&self, placeholder: &Placeholder) -> bool {
        self.signed.placeholders().any(|found| found == placeholder)
    }

    pub(super) fn signs_url(&self) -> bool {
        self.signed.placeholders().any(Placeholder::is_of_url)
    }

    pub(super) fn needs_body(&self) -> bool {
        self.signed.placeholders().any(Placeholder::is_of_whole_body)
            || self.body_hash.is_some()
            || self.each.is_some()
            || self.sources().any(Source::is_in_body)
    }

    /// The places of each value besides those in what is signed.
    fn places(&self) -> impl Iterator<Item = &Sources> {
        let places = [
            Some(&self.from),
            self.timestamp.as_ref().map(|timestamp| &timestamp.from),
            self.id.as_ref(),
            self.nonce.as_ref(),
            self.encrypted.as_ref(),
            self.body_hash.as_ref(),
        ];
        places.into_iter().flatten()
    }

    /// All that is read of a request besides the whole of its body or URL.
    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.places().flat_map(Sources::iter).chain(self.signed.sources())
    }

    pub(super) fn header_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.sources().filter_map(Source::header_name).collect();
        let reads_body = self.each.is_some() || self.sources().any(Source::is_in_body);
        if reads_body || self.signed.placeholders().any(Placeholder::is_of_read_body) {
            names.extend(BODY_HEADERS);
        }
        names
    }

    /// Which secret the request was signed with; of several elements the first one.
    pub(super) fn verify(
        &self,
        secrets: &[Secret],
        request: &RequestParts<'_>,
        now: i64,
        checks: &PublicKeyChecks,
    ) -> Result<usize, Diagnosis> {
        let mut found = None;
        self.check_signed_parts(request, |request| {
            let secret = self.verify_one(secrets, request, now, checks)?;
            found.get_or_insert(secret);
            Ok(())
        })?;
        // There is at least one.
        Ok(found.unwrap_or_default())
    }

    /// Checks what is signed by itself: the request, or with each element of a list in place of its body.
    fn check_signed_parts(
        &self,
        request: &RequestParts<'_>,
        mut check: impl FnMut(&RequestParts<'_>) -> Result<(), Diagnosis>,
    ) -> Result<(), Diagnosis> {
        match &self.each {
            Some(path) => elements::check_each(path, request, check),
            None => check(request),
        }
    }

    fn verify_one(
        &self,
        secrets: &[Secret],
        request: &RequestParts<'_>,
        now: i64,
        checks: &PublicKeyChecks,
    ) -> Result<usize, Diagnosis> {
        let sent = self.read(request)?;
        if let (Some(timestamp), Some(time)) = (&self.timestamp, &sent.values.timestamp) {
            timestamp.check(time, now)?;
        }
        let found = self.find_secret(secrets, &sent, request, checks)?;
        // Nothing is parsed before the signature holds, so a time in the body is looked at only now.
        if let (Some(timestamp), None) = (&self.timestamp, &sent.values.timestamp) {
            timestamp.check(&timestamp.from.read(Subject::Timestamp, request)?, now)?;
        }
        if let Some(hash) = &sent.values.body_hash {
            let actual = hex::encode(Sha256::digest(request.body.bytes()));
            if !bool::from(hash.to_ascii_lowercase().as_bytes().ct_eq(actual.as_bytes())) {
                return Err(Diagnosis::BodyHash);
            }
        }
        Ok(found)
    }

    /// Whether a secret matches, whatever the time.
    pub(super) fn is_signed(&self, secrets: &[Secret], request: &RequestParts<'_>, checks: &PublicKeyChecks) -> bool {
        let checked = self.check_signed_parts(request, |request| {
            let sent = self.read(request)?;
            self.find_secret(secrets, &sent, request, checks).map(|_| ())
        });
        checked.is_ok()
    }

    /// Whether one of the texts that are signed for a request passes a test: one for each algorithm, key and form of the URL.
    pub(crate) fn signs_any(
        &self,
        secrets: &[Secret],
        request: &RequestParts<'_>,
        test: impl Fn(Algorithm, &[Cow<'_, [u8]>]) -> bool,
    ) -> bool {
        let mut passes = false;
        // What can't be read has been rejected.
        let _ = self.check_signed_parts(request, |request| {
            let Sent { values, .. } = self.read(request)?;
            let urls = url::ports(request.url);
            for (accept, secret) in secrets
                .iter()
                .flat_map(|secret| self.accept.iter().map(move |accept| (accept, secret)))
            {
                let Some(key) = accept.key(&self.accept, secret) else {
                    continue;
                };
                passes |= urls.iter().any(|url| {
                    let message = self.signed.message(&Filling {
                        request,
                        values: &values,
                        url,
                        key: key.bytes(),
                    });
                    test(accept.algorithm, &message)
                });
            }
            Ok(())
        });
        passes
    }

    fn read<'r>(&self, request: &RequestParts<'r>) -> Result<Sent<'r, '_>, Diagnosis> {
        let value = self.from.read(Subject::Signature, request)?;
        let (parts, whole): (Vec<&str>, [&str; 1]);
        let elements = if let Some(separator) = self.separator {
            parts = value.split(separator).map(str::trim).collect();
            &parts[..]
        } else {
            whole = [&value];
            &whole[..]
        };
        Ok(Sent {
            signatures: self.signatures(elements)?,
            values: self.values(elements, request)?,
        })
    }

    /// Of each kind that counts the signatures that were sent.
    fn signatures(&self, elements: &[&str]) -> Result<Vec<Vec<Vec<u8>>>, Diagnosis> {
        let kinds = self.accept.iter();
        let all: Vec<_> = kinds
            .map(|accept| accept.signatures(elements, MAX_SIGNATURES + 1))
            .collect();
        match all.iter().map(Vec::len).sum() {
            0 => {
                let kinds: Vec<_> = self.accept.iter().map(Accept::form).collect();
                Err(self.from.malformed(Subject::Signature, kinds.join(" or ")))
            }
            1..=MAX_SIGNATURES => Ok(all),
            _ => Err(self
                .from
                .malformed(Subject::Signature, format!("at most {MAX_SIGNATURES} signatures"))),
        }
    }

    fn find_secret(
        &self,
        secrets: &[Secret],
        sent: &Sent<'_, '_>,
        request: &RequestParts<'_>,
        checks: &PublicKeyChecks,
    ) -> Result<usize, Diagnosis> {
        let Sent { signatures, values } = sent;
        let (as_sent, with_ports);
        let urls = if self.signed.signs_whole_url() {
            with_ports = url::ports(request.url);
            &with_ports[..]
        } else {
            as_sent = [Cow::Borrowed(request.url)];
            &as_sent[..]
        };
        let mut found = None;
        let mut unfit = None;
        for (index, secret) in secrets.iter().enumerate() {
            let mut fits = false;
            for (accept, signatures) in self.accept.iter().zip(signatures) {
                let Some(key) = accept.key(&self.accept, secret) else {
                    continue;
                };
                fits = true;
                if signatures.is_empty() {
                    continue;
                }
                if accept.algorithm.is_public_key() {
                    checks
                        .take(signatures.len() * urls.len() * key.weight())
                        .map_err(|TooMany| self.from.malformed(Subject::Signature, TooMany::expected()))?;
                }
                for url in urls {
                    let message = self.signed.message(&Filling {
                        request,
                        values,
                        url,
                        key: key.bytes(),
                    });
                    if accept.algorithm.matches(&key, &message, signatures) {
                        found.get_or_insert(index);
                    }
                }
            }
            if !fits {
                unfit.get_or_insert(index);
            }
        }
        found.ok_or_else(|| match unfit {
            Some(index) => Diagnosis::SecretForm {
                index,
                expected: self.key_forms(),
            },
            None => Diagnosis::NoMatch {
                signatures: signatures.iter().map(Vec::len).sum(),
                hint: None,
            },
        })
    }

    /// Whether a secret can be a key of a kind of signature that counts.
    pub(crate) fn takes(&self, secret: &Secret) -> bool {
        self.accept
            .iter()
            .any(|accept| accept.key(&self.accept, secret).is_some())
    }

    /// Whether a key is needed that has a form of its own, which any other text doesn't have.
    pub(crate) fn has_compiled_keys(&self) -> bool {
        self.accept.iter().any(|accept| accept.algorithm.is_compiled())
    }

    /// What a secret has to be.
    pub(crate) fn key_forms(&self) -> String {
        let forms: Vec<_> = self.accept.iter().map(Accept::key_form).collect();
        forms.join(" or ")
    }
}

/// What was sent to authenticate with.
struct Sent<'r, 's> {
    /// Of each kind that counts the signatures.
    signatures: Vec<Vec<Vec<u8>>>,
    values: Values<'r, 's>,
}
