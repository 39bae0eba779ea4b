use std::borrow::Cow;

use base64::Engine;
use ed25519_dalek::VerifyingKey;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::auth::base64::BASE64;

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 2104).
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// HMAC with SHA-1.
    #[serde(rename = "hmac-sha1")]
    HmacSha1,
    /// HMAC with SHA-512.
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
    /// A plain SHA-256; the secret is part of what is hashed.
    #[serde(rename = "sha256")]
    Sha256,
    /// A plain SHA-1; the secret is part of what is hashed.
    #[serde(rename = "sha1")]
    Sha1,
    /// Ed25519 (RFC 8032); the secret is the sender's public key.
    #[serde(rename = "ed25519")]
    Ed25519,
}

/// How a signature or a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal digits in any case.
    Hex,
    /// Base64 of the standard alphabet, padded or not.
    Base64,
    /// The text as it is; not for signatures.
    Text,
}

impl Encoding {
    pub(super) fn decode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        let bytes = match self {
            Self::Hex => {
                // Half as much to do as `hex::decode`, which collects the bytes one by one.
                let mut bytes = vec![0; text.len() / 2];
                hex::decode_to_slice(text, &mut bytes).ok()?;
                bytes
            }
            Self::Base64 => BASE64.decode(text).ok()?,
            Self::Text => return Some(Cow::Borrowed(text.as_bytes())),
        };
        Some(Cow::Owned(bytes))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hex => "hexadecimal digits",
            Self::Base64 => "Base64",
            Self::Text => "text",
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], message: &[Cow<'_, [u8]>]) -> impl AsRef<[u8]> {
    // HMAC takes keys of any length.
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length");
    for piece in message {
        mac.update(piece);
    }
    mac.finalize().into_bytes()
}

fn hash<D: Digest>(message: &[Cow<'_, [u8]>]) -> impl AsRef<[u8]> {
    let mut hash = D::new();
    for piece in message {
        hash.update(piece);
    }
    hash.finalize()
}

impl Algorithm {
    /// The bytes of a signature.
    pub(super) fn length(self) -> usize {
        match self {
            Self::HmacSha256 | Self::Sha256 => 32,
            Self::HmacSha1 | Self::Sha1 => 20,
            Self::HmacSha512 | Self::Ed25519 => 64,
        }
    }

    /// Whether bytes can be a key.
    pub(super) fn takes(self, key: &[u8]) -> bool {
        match self {
            Self::Ed25519 => key.try_into().is_ok_and(|key| VerifyingKey::from_bytes(key).is_ok()),
            _ => !key.is_empty(),
        }
    }

    /// Whether one of the signatures is that of the message; each is looked at, in the same time whatever it is.
    pub(super) fn matches(self, key: &[u8], message: &[Cow<'_, [u8]>], signatures: &[Vec<u8>]) -> bool {
        let is_one = |expected: &[u8]| {
            let equal = signatures.iter().fold(subtle::Choice::from(0), |equal, signature| {
                equal | subtle::ConstantTimeEq::ct_eq(signature.as_slice(), expected)
            });
            equal.into()
        };
        match self {
            Self::HmacSha256 => is_one(mac::<Hmac<Sha256>>(key, message).as_ref()),
            Self::HmacSha1 => is_one(mac::<Hmac<Sha1>>(key, message).as_ref()),
            Self::HmacSha512 => is_one(mac::<Hmac<Sha512>>(key, message).as_ref()),
            Self::Sha256 => is_one(hash::<Sha256>(message).as_ref()),
            Self::Sha1 => is_one(hash::<Sha1>(message).as_ref()),
            Self::Ed25519 => ed25519_matches(key, message, signatures),
        }
    }
}

fn ed25519_matches(key: &[u8], message: &[Cow<'_, [u8]>], signatures: &[Vec<u8>]) -> bool {
    let Some(key) = key.try_into().ok().and_then(|key| VerifyingKey::from_bytes(key).ok()) else {
        return false;
    };
    let message = message.concat();
    signatures.iter().any(|signature| {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify_strict(&message, &signature).is_ok())
    })
}
