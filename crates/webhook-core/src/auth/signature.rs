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

mod algorithm;
mod public_key;
mod template;
mod url;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::format_description::well_known::Rfc3339;
use time::OffsetDateTime;

pub(super) use self::url::variants as url_variants;
use algorithm::VerificationKey;
pub use algorithm::{Algorithm, Encoding};
pub(super) use public_key::PublicKey;
pub use template::{Piece, Placeholder, Template};

use super::public_keys::TooMany;
use super::{Diagnosis, PublicKeyChecks, RequestParts, Scheme, Secret, Source, Subject};
use crate::limits::{MAX_AHEAD_SECONDS, MAX_QUERY_PARAMETERS, MAX_SIGNATURES};
use crate::query;

/// How a sender signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signature {
    /// Where the signature is: a header or a query parameter.
    pub from: Source,
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
    pub id: Option<Source>,
    /// Where the nonce for `{nonce}` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Source>,
    /// Where the text for `{encrypted}` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Source>,
    /// Where, for a body that is not signed itself, its SHA-256 in hexadecimal digits is, in something that is signed.
    /// Where it is there, `{form}` is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_hash: Option<Source>,
}

/// A kind of signature that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accept {
    /// What an element has to begin with, such as `sha256=` or `v1,`; the signature is what follows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// How it is made.
    pub algorithm: Algorithm,
    /// How it is written: in hexadecimal digits, Base64 or Base64 for URLs.
    pub encoding: Encoding,
    /// How a secret becomes its key.
    pub key: Key,
}

/// How a secret becomes a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    /// How the key is written. One for RSA or ECDSA is in PEM, or in Base64 without its lines, whatever this says.
    pub form: Encoding,
    /// A prefix of the secret that isn't part of the key, such as `whsec_`. A secret with the prefix of another kind
    /// of signature is not used for this one, and an Ed25519 key needs its prefix: otherwise a public key could be taken
    /// for the secret of an HMAC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Signed {
    /// A text with placeholders.
    Template(Template),
    /// Several, sorted by their bytes and put together with nothing in between (WeCom, DingTalk).
    Sorted {
        /// The texts.
        sorted: Vec<Template>,
    },
}

/// Where the time of a request is, and how far it may be off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timestamp {
    /// Where it is.
    pub from: Source,
    /// How it is written.
    #[serde(default)]
    pub unit: Unit,
    /// How many seconds it may be off; without it any time is taken, and an old request can be sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<u32>,
    /// Which way it may not be off.
    #[serde(default)]
    pub direction: Direction,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Whole seconds since 1970.
    #[default]
    Seconds,
    /// Whole milliseconds since 1970.
    Milliseconds,
    /// Date and time as text (RFC 3339), such as `2026-11-26T08:00:00.5Z`.
    Rfc3339,
}

/// Which times are rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Those older than the tolerance, and those more than [`MAX_AHEAD_SECONDS`] ahead.
    Past,
    /// Those that are off by more than the tolerance, either way.
    #[default]
    Both,
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

impl Signature {
    fn check(&self) -> Result<(), String> {
        if !matches!(self.from, Source::Header(_) | Source::Query(_)) {
            return Err("expected the signature to be in a header or a query parameter".to_owned());
        }
        if self.accept.is_empty() {
            return Err("expected at least one kind of signature in accept, but found none".to_owned());
        }
        if self.accept.iter().any(|accept| accept.encoding == Encoding::Text) {
            return Err(
                "expected the encoding of a signature to be hex, base64 or base64url, but found text".to_owned(),
            );
        }
        if self.accept.iter().any(|accept| accept.algorithm.is_keyless()) && !self.signs(Placeholder::Secret) {
            return Err("expected {secret} in what is signed, since anyone can make a hash without a key".to_owned());
        }
        let mut pieces = self.signed.templates().iter().flat_map(Template::pieces);
        if !pieces.any(|piece| matches!(piece, Piece::Placeholder(placeholder) if *placeholder != Placeholder::Secret))
        {
            return Err("expected something of the request in what is signed, such as {body}".to_owned());
        }
        let unfilled = [
            (Placeholder::Id, self.id.is_none(), "id"),
            (Placeholder::Timestamp, self.timestamp.is_none(), "timestamp"),
            (Placeholder::Nonce, self.nonce.is_none(), "nonce"),
            (Placeholder::Encrypted, self.encrypted.is_none(), "encrypted"),
        ];
        match unfilled
            .iter()
            .find(|(placeholder, missing, _)| *missing && self.signs(*placeholder))
        {
            Some((_, _, name)) => Err(format!("expected {name} to say where {{{name}}} is, but found nothing")),
            None => Ok(()),
        }
    }

    pub(super) fn signs(&self, placeholder: Placeholder) -> bool {
        let wanted = Piece::Placeholder(placeholder);
        self.signed
            .templates()
            .iter()
            .any(|template| template.pieces().contains(&wanted))
    }

    pub(super) fn needs_body(&self) -> bool {
        self.signs(Placeholder::Body)
            || self.signs(Placeholder::Form)
            || self.body_hash.is_some()
            || self.sources().any(Source::is_in_body)
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        let time = self.timestamp.as_ref().map(|timestamp| &timestamp.from);
        let sources = [
            Some(&self.from),
            time,
            self.id.as_ref(),
            self.nonce.as_ref(),
            self.encrypted.as_ref(),
        ];
        sources.into_iter().flatten()
    }

    pub(super) fn header_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.sources().filter_map(Source::header_name).collect();
        if self.signs(Placeholder::Form) {
            names.push("content-type");
        }
        names
    }

    /// Which secret the request was signed with.
    pub(super) fn verify(
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
        let values = sent.values;
        if let Some(hash) = &values.body_hash {
            let actual = hex::encode(Sha256::digest(request.body));
            if !bool::from(hash.to_ascii_lowercase().as_bytes().ct_eq(actual.as_bytes())) {
                return Err(Diagnosis::BodyHash);
            }
        }
        Ok(found)
    }

    /// Whether a secret matches, whatever the time.
    pub(super) fn is_signed(&self, secrets: &[Secret], request: &RequestParts<'_>, checks: &PublicKeyChecks) -> bool {
        let sent = self.read(request);
        sent.is_ok_and(|sent| self.find_secret(secrets, &sent, request, checks).is_ok())
    }

    /// Whether one of the texts that are signed for a request passes a test: one for each algorithm, key and form of the URL.
    pub(crate) fn signs_any(
        &self,
        secrets: &[Secret],
        request: &RequestParts<'_>,
        test: impl Fn(Algorithm, &[Cow<'_, [u8]>]) -> bool,
    ) -> bool {
        let Ok(Sent { values, .. }) = self.read(request) else {
            return false;
        };
        let urls = url::ports(request.url);
        let pairs = secrets
            .iter()
            .flat_map(|secret| self.accept.iter().map(move |accept| (accept, secret)));
        pairs
            .filter_map(|(accept, secret)| Some((accept.algorithm, self.key(accept, secret)?)))
            .any(|(algorithm, key)| {
                urls.iter().any(|url| {
                    let message = self.message(&Filling {
                        request,
                        values: &values,
                        url,
                        key: key.bytes(),
                    });
                    test(algorithm, &message)
                })
            })
    }

    fn read<'r>(&self, request: &RequestParts<'r>) -> Result<Sent<'r>, Diagnosis> {
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
        let mut count = 0;
        let mut all = Vec::with_capacity(self.accept.len());
        for accept in &self.accept {
            let sent = elements
                .iter()
                .filter_map(|element| element.strip_prefix(accept.prefix.as_str()));
            let decoded: Vec<_> = sent
                .filter_map(|text| accept.encoding.decode(text).map(Cow::into_owned))
                .filter(|signature| accept.algorithm.lengths().contains(&signature.len()))
                .take(MAX_SIGNATURES + 1)
                .collect();
            count += decoded.len();
            all.push(decoded);
        }
        match count {
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
        sent: &Sent<'_>,
        request: &RequestParts<'_>,
        checks: &PublicKeyChecks,
    ) -> Result<usize, Diagnosis> {
        let Sent { signatures, values } = sent;
        let (as_sent, with_ports);
        let urls = if self.signs(Placeholder::Url) {
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
                let Some(key) = self.key(accept, secret) else {
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
                    let message = self.message(&Filling {
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
        self.accept.iter().any(|accept| self.key(accept, secret).is_some())
    }

    /// Whether a key is needed that has a form of its own, which any other text doesn't have.
    pub(crate) fn has_compiled_keys(&self) -> bool {
        self.accept.iter().any(|accept| accept.algorithm.is_compiled())
    }

    /// What a secret has to be.
    pub(crate) fn key_forms(&self) -> String {
        self.accept
            .iter()
            .map(Accept::key_form)
            .collect::<Vec<_>>()
            .join(" or ")
    }

    /// The key that a secret is for a kind of signature, if it can be one.
    fn key<'s>(&self, accept: &Accept, secret: &'s Secret) -> Option<VerificationKey<'s>> {
        let text = self.key_text(accept, secret.expose())?;
        if accept.algorithm.is_compiled() {
            let key = secret.public_key(text)?;
            return accept
                .algorithm
                .takes_public(key)
                .then_some(VerificationKey::Public(key));
        }
        let key = accept.key.form.decode(text)?;
        accept.algorithm.takes(&key).then_some(VerificationKey::Bytes(key))
    }

    /// What of a secret is the key for a kind of signature, if it isn't one for another kind.
    fn key_text<'s>(&self, accept: &Accept, secret: &'s str) -> Option<&'s str> {
        let own = accept.key.prefix.as_deref();
        match own.and_then(|prefix| secret.strip_prefix(prefix)) {
            Some(text) => Some(text),
            None if own.is_some() && accept.algorithm.is_public_key() => None,
            None => {
                let mut others = self.accept.iter().filter_map(|other| other.key.prefix.as_deref());
                (!others.any(|prefix| secret.starts_with(prefix))).then_some(secret)
            }
        }
    }

    /// What fills the placeholders, as far as it can be had without parsing the body, unless the signature needs it.
    fn values<'r>(&self, elements: &[&str], request: &RequestParts<'r>) -> Result<Values<'r>, Diagnosis> {
        let read = |source: &Source, subject: Subject| -> Result<Option<Cow<'r, str>>, Diagnosis> {
            let value = match source {
                Source::Part(prefix) => source
                    .only(
                        subject,
                        elements
                            .iter()
                            .filter_map(|element| element.strip_prefix(prefix.as_str())),
                    )?
                    .filter(|value| !value.is_empty())
                    .map(|value| Cow::Owned(value.to_owned())),
                _ => source.find(subject, request)?,
            };
            value.map(Some).ok_or_else(|| Diagnosis::Missing {
                subject,
                place: source.to_string(),
            })
        };
        let signed = |placeholder: Placeholder, source: &Option<Source>, subject: Subject| match source {
            Some(source) if self.signs(placeholder) => read(source, subject),
            _ => Ok(None),
        };
        let timestamp = match &self.timestamp {
            Some(timestamp) if !timestamp.from.is_in_body() || self.signs(Placeholder::Timestamp) => {
                read(&timestamp.from, Subject::Timestamp)?
            }
            _ => None,
        };
        let body_hash = match &self.body_hash {
            Some(source) => source.find(Subject::Body, request)?,
            None => None,
        };
        let form = if self.signs(Placeholder::Form) && body_hash.is_none() {
            self.form(request)?
        } else {
            String::new()
        };
        Ok(Values {
            id: signed(Placeholder::Id, &self.id, Subject::Id)?,
            nonce: signed(Placeholder::Nonce, &self.nonce, Subject::Nonce)?,
            encrypted: signed(Placeholder::Encrypted, &self.encrypted, Subject::Encrypted)?,
            timestamp,
            body_hash,
            form,
        })
    }

    /// The parameters of a form as Twilio signs them: sorted by name, of a repeated one each value once, sorted.
    fn form(&self, request: &RequestParts<'_>) -> Result<String, Diagnosis> {
        if request.body.is_empty() {
            return Ok(String::new());
        }
        let media_type = request.headers.first("content-type").unwrap_or_default();
        let is_form = media_type
            .split(';')
            .next()
            .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        let text = std::str::from_utf8(request.body).ok().filter(|_| is_form);
        let text = text.ok_or_else(|| Diagnosis::Malformed {
            subject: Subject::Body,
            place: "the request".to_owned(),
            expected: match &self.body_hash {
                Some(_) => "a form, or the hash of the body where the scheme has it".to_owned(),
                None => "a form".to_owned(),
            },
        })?;
        let mut parameters: Vec<_> = query::parameters(text).take(MAX_QUERY_PARAMETERS + 1).collect();
        if parameters.len() > MAX_QUERY_PARAMETERS {
            return Err(Diagnosis::Malformed {
                subject: Subject::Body,
                place: "the request".to_owned(),
                expected: format!("at most {MAX_QUERY_PARAMETERS} parameters"),
            });
        }
        // JavaScript sorts by UTF-16 units.
        parameters.sort_by(|(name, value), (other_name, other_value)| {
            let by_name = name.encode_utf16().cmp(other_name.encode_utf16());
            by_name.then_with(|| value.encode_utf16().cmp(other_value.encode_utf16()))
        });
        parameters.dedup();
        Ok(parameters.into_iter().flat_map(|(name, value)| [name, value]).collect())
    }

    fn message<'m>(&'m self, filling: &Filling<'m, '_>) -> Vec<Cow<'m, [u8]>> {
        match &self.signed {
            Signed::Template(template) => fill(template, filling),
            Signed::Sorted { sorted } => {
                let mut pieces: Vec<_> = sorted
                    .iter()
                    .map(|template| Cow::Owned(fill(template, filling).concat()))
                    .collect();
                pieces.sort();
                pieces
            }
        }
    }
}

/// What was sent to authenticate with.
struct Sent<'r> {
    /// Of each kind that counts the signatures.
    signatures: Vec<Vec<Vec<u8>>>,
    values: Values<'r>,
}

/// What fills the placeholders of a template.
struct Values<'r> {
    id: Option<Cow<'r, str>>,
    timestamp: Option<Cow<'r, str>>,
    nonce: Option<Cow<'r, str>>,
    encrypted: Option<Cow<'r, str>>,
    body_hash: Option<Cow<'r, str>>,
    form: String,
}

struct Filling<'m, 'r> {
    request: &'m RequestParts<'r>,
    values: &'m Values<'r>,
    url: &'m str,
    key: &'m [u8],
}

fn fill<'m>(template: &'m Template, filling: &Filling<'m, '_>) -> Vec<Cow<'m, [u8]>> {
    let Filling {
        request,
        values,
        url,
        key,
    } = *filling;
    let text = |value: &'m Option<Cow<'_, str>>| Cow::Borrowed(value.as_deref().unwrap_or_default().as_bytes());
    template
        .pieces()
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => Cow::Borrowed(text.as_bytes()),
            Piece::Placeholder(Placeholder::Id) => text(&values.id),
            Piece::Placeholder(Placeholder::Timestamp) => text(&values.timestamp),
            Piece::Placeholder(Placeholder::Nonce) => text(&values.nonce),
            Piece::Placeholder(Placeholder::Encrypted) => text(&values.encrypted),
            Piece::Placeholder(Placeholder::Body) => Cow::Borrowed(request.body),
            Piece::Placeholder(Placeholder::Url) => Cow::Borrowed(url.as_bytes()),
            Piece::Placeholder(Placeholder::Query) => Cow::Borrowed(request.query.as_bytes()),
            Piece::Placeholder(Placeholder::Form) => Cow::Borrowed(values.form.as_bytes()),
            Piece::Placeholder(Placeholder::Secret) => Cow::Borrowed(key),
        })
        .collect()
}

impl Signed {
    fn templates(&self) -> &[Template] {
        match self {
            Self::Template(template) => std::slice::from_ref(template),
            Self::Sorted { sorted } => sorted,
        }
    }
}

impl Accept {
    fn key_form(&self) -> String {
        let form = match self.algorithm {
            Algorithm::RsaSha256 | Algorithm::RsaSha1 => {
                "an RSA key of 2048 to 4096 bits or a certificate with one, in PEM or Base64"
            }
            Algorithm::EcdsaP256Sha256 => "a key of the curve P-256 or a certificate with one, in PEM or Base64",
            _ => self.key.form.name(),
        };
        match &self.key.prefix {
            Some(_) => format!("the configured prefix and {form}"),
            None => form.to_owned(),
        }
    }

    fn form(&self) -> String {
        let (lengths, encoding) = (self.algorithm.lengths(), self.encoding.name());
        let bytes = match (lengths.start(), lengths.end()) {
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        match self.prefix.as_str() {
            "" => format!("{bytes} bytes in {encoding}"),
            _ => format!("the configured prefix and {bytes} bytes in {encoding}"),
        }
    }
}

impl Timestamp {
    /// Rejects a time that is too far off.
    fn check(&self, time: &str, now: i64) -> Result<(), Diagnosis> {
        let (expected, per_unit) = match self.unit {
            Unit::Seconds => ("whole seconds since 1970", 1000),
            Unit::Milliseconds => ("whole milliseconds since 1970", 1),
            Unit::Rfc3339 => ("a date and time as in RFC 3339", 1),
        };
        let sent = match self.unit {
            Unit::Rfc3339 => OffsetDateTime::parse(time, &Rfc3339)
                .ok()
                .and_then(|time| i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()),
            Unit::Seconds | Unit::Milliseconds => Some(time)
                .filter(|time| time.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|time| time.parse::<i64>().ok()),
        };
        let sent = sent.ok_or_else(|| self.from.malformed(Subject::Timestamp, expected.to_owned()))?;
        let Some(tolerance) = self.tolerance else {
            return Ok(());
        };
        // Compared in the sender's unit, as the senders' own libraries do.
        let age = now.div_euclid(per_unit).saturating_sub(sent).saturating_mul(per_unit);
        let ahead = match self.direction {
            Direction::Both => tolerance,
            Direction::Past => tolerance.max(MAX_AHEAD_SECONDS),
        };
        let off = if age < 0 { ahead } else { tolerance };
        if age.saturating_abs() > i64::from(off) * 1000 {
            let away_from_zero = if age < 0 { -999 } else { 999 };
            return Err(Diagnosis::ClockOff {
                seconds: age.saturating_add(away_from_zero) / 1000,
                tolerance: off,
            });
        }
        Ok(())
    }
}
