use std::fmt;

use serde::Serialize;

/// The part of an authentication method that a diagnosis is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// The signature.
    Signature,
    /// The time of the request.
    Timestamp,
    /// The id of the request.
    Id,
    /// The nonce.
    Nonce,
    /// The encrypted text.
    Encrypted,
    /// The secret that is sent along.
    Token,
    /// A JSON Web Token.
    Jwt,
    /// The body.
    Body,
    /// A value in what is signed.
    Signed,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "the signature",
            Self::Timestamp => "the time",
            Self::Id => "the id",
            Self::Nonce => "the nonce",
            Self::Encrypted => "the encrypted text",
            Self::Token => "the token",
            Self::Jwt => "the JSON Web Token",
            Self::Body => "the body",
            Self::Signed => "a value in what is signed",
        })
    }
}

/// What would have made a signature match, which tells what happened to the request or is wrong in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Hint {
    /// A body with other white space between its JSON values, or at its end: a proxy or framework probably re-serialized it.
    BodyWhitespace,
    /// A body with `/` or letters beyond ASCII escaped otherwise: a proxy or framework probably re-serialized it.
    BodyEscaping,
    /// A body with other line breaks.
    BodyLineBreaks,
    /// An empty body: the sender did not sign this one, or it was lost where the request was copied.
    BodyEmpty,
    /// The body as it was before it was compressed: the sender signs that.
    BodyInflated,
    /// The secret without the white space around it.
    SecretWhitespace,
    /// The secret read in another form, such as text instead of Base64, or with or without its prefix.
    SecretForm,
    /// The URL with another scheme, or with or without a `/` at the end of its path.
    Url,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BodyWhitespace => {
                "with other white space in the body it matches: a proxy or framework probably re-serialized it"
            }
            Self::BodyEscaping => {
                "with other escapes in the body it matches: a proxy or framework probably re-serialized it"
            }
            Self::BodyLineBreaks => {
                "with other line breaks in the body it matches: a proxy or copying probably changed it"
            }
            Self::BodyEmpty => "with an empty body it matches",
            Self::BodyInflated => {
                "with the body as it was before compression it matches: sign {inflatedBody} instead of {body}"
            }
            Self::SecretWhitespace => "without the white space around the secret it matches",
            Self::SecretForm => "with the secret read in another form it matches",
            Self::Url => "with another form of the URL it matches",
        })
    }
}

/// Why a request isn't authenticated: the step that failed. It holds no secret, and nothing that only one who knows a secret
/// can compute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Diagnosis {
    /// It isn't there.
    Missing {
        /// What is missing.
        subject: Subject,
        /// Where it should be, such as `header x-hub-signature-256`.
        place: String,
    },
    /// It is there more than once.
    Repeated {
        /// What is repeated.
        subject: Subject,
        /// Where it is.
        place: String,
    },
    /// It is there, but not as it should be.
    Malformed {
        /// What is malformed.
        subject: Subject,
        /// Where it is.
        place: String,
        /// What it should be.
        expected: String,
    },
    /// The request is older than the tolerance, or comes from the future.
    ClockOff {
        /// How old the request is, in seconds; negative if its time is still to come.
        seconds: i64,
        /// How far off it may be in that direction, in seconds.
        tolerance: u32,
    },
    /// No signature matches.
    NoMatch {
        /// How many signatures were looked at.
        signatures: usize,
        /// What would have matched, where that was looked for and found.
        hint: Option<Hint>,
    },
    /// The body isn't the one of which a hash was signed.
    BodyHash,
    /// A secret can't be the key of the scheme.
    SecretForm {
        /// Which one, from 0.
        index: usize,
        /// What it should be.
        expected: String,
    },
    /// No secret, or too many.
    Secrets {
        /// How many there are.
        count: usize,
    },
    /// A claim of a JSON Web Token isn't as it should be.
    Claim {
        /// Which one, such as `iss`.
        name: String,
        /// What it should be.
        expected: String,
    },
}

impl Diagnosis {
    /// Shows the texts that were filled into the name of a place as the templates they came of. `filled` has each with its
    /// template, the longest first.
    pub(crate) fn redact(&mut self, filled: &[(String, String)]) {
        if let Self::Missing { place, .. } | Self::Repeated { place, .. } | Self::Malformed { place, .. } = self {
            *place = redacted(place, filled);
        }
    }

    /// Returns the diagnosis as JSON: its `code`, its fields, and its text as `message`.
    pub fn to_value(&self) -> serde_json::Value {
        // Texts, numbers and unit variants: nothing that JSON can't hold.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value["message"] = self.to_string().into();
        value
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { subject, place } => write!(f, "{subject} is missing: expected it in {place}"),
            Self::Repeated { subject, place } => write!(f, "{subject} is there more than once in {place}"),
            Self::Malformed {
                subject,
                place,
                expected,
            } => write!(f, "{subject} in {place} is malformed: expected {expected}"),
            Self::ClockOff { seconds, tolerance } if *seconds < 0 => write!(
                f,
                "the request comes from {} s ahead, but {tolerance} s are tolerated",
                seconds.unsigned_abs()
            ),
            Self::ClockOff { seconds, tolerance } => {
                write!(f, "the request is {seconds} s old, but {tolerance} s are tolerated")
            }
            Self::NoMatch { hint: Some(hint), .. } => write!(f, "no signature matches a secret, but {hint}"),
            Self::NoMatch { .. } => f.write_str("no signature matches a secret"),
            Self::BodyHash => f.write_str("the body isn't the one whose hash was signed"),
            Self::SecretForm { index, expected } => {
                write!(f, "secret {} can't be a key: expected {expected}", index + 1)
            }
            Self::Secrets { count } => write!(
                f,
                "expected 1 to {} secrets, but found {count}",
                crate::limits::MAX_SECRETS
            ),
            Self::Claim { name, expected } => write!(f, "the claim {name} isn't as it should be: expected {expected}"),
        }
    }
}

impl std::error::Error for Diagnosis {}

// What is filled in is never looked at again. The name of a header is in lower case by now.
fn redacted(text: &str, filled: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let is_next = |value: &str| {
            rest.get(..value.len())
                .is_some_and(|next| next.eq_ignore_ascii_case(value))
        };
        let length = match filled.iter().find(|(value, _)| is_next(value)) {
            Some((value, template)) => {
                out.push_str(template);
                value.len()
            }
            None => {
                out.push(character);
                character.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}
