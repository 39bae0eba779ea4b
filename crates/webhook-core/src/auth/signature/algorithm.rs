use std::borrow::Cow;
use std::ops::RangeInclusive;

use base64::Engine;
use ed25519_dalek::VerifyingKey;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::public_key::PublicKey;
use crate::auth::base64::{BASE64, BASE64_URL};
use crate::limits::RSA_BITS;

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
    /// HMAC with MD5, for senders that know nothing better.
    #[serde(rename = "hmac-md5")]
    HmacMd5,
    /// A plain MD5; the secret is part of what is hashed. Anyone can make two texts with one hash.
    #[serde(rename = "md5")]
    Md5,
    /// Ed25519 (RFC 8032); the secret is the sender's public key.
    #[serde(rename = "ed25519")]
    Ed25519,
    /// RSA with SHA-256 by PKCS #1 v1.5 (RFC 8017); the secret is the sender's public key or certificate.
    #[serde(rename = "rsa-sha256")]
    RsaSha256,
    /// RSA with SHA-1 by PKCS #1 v1.5; the secret is the sender's public key or certificate.
    #[serde(rename = "rsa-sha1")]
    RsaSha1,
    /// ECDSA on the curve P-256 with SHA-256, in DER; the secret is the sender's public key or certificate.
    #[serde(rename = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
}

/// What a signature is checked with.
pub(super) enum VerificationKey<'k> {
    /// A shared key, or the bytes of an Ed25519 key.
    Bytes(Cow<'k, [u8]>),
    /// A public key that was compiled.
    Public(&'k PublicKey),
}

impl VerificationKey<'_> {
    /// How many checks with public keys one with this key counts for.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Bytes(_) => 1,
            Self::Public(key) => key.weight(),
        }
    }

    /// The bytes of a shared key; none of a public one.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Public(_) => &[],
        }
    }
}

/// How a signature or a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal digits in any case.
    Hex,
    /// Base64 of the standard alphabet, padded or not.
    Base64,
    /// Base64 of the alphabet for URLs, padded or not.
    Base64Url,
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
            Self::Base64Url => BASE64_URL.decode(text).ok()?,
            Self::Text => return Some(Cow::Borrowed(text.as_bytes())),
        };
        Some(Cow::Owned(bytes))
    }

    /// Writes bytes; for text, which not all bytes are, as hexadecimal digits.
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex | Self::Text => hex::encode(bytes),
            Self::Base64 => BASE64.encode(bytes),
            Self::Base64Url => BASE64_URL.encode(bytes).trim_end_matches('=').to_owned(),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hex => "hexadecimal digits",
            Self::Base64 => "Base64",
            Self::Base64Url => "Base64 for URLs",
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
    /// How many bytes a signature has.
    pub(super) fn lengths(self) -> RangeInclusive<usize> {
        match self {
            Self::HmacSha256 | Self::Sha256 => 32..=32,
            Self::HmacSha1 | Self::Sha1 => 20..=20,
            Self::HmacSha512 | Self::Ed25519 => 64..=64,
            Self::HmacMd5 | Self::Md5 => 16..=16,
            Self::RsaSha256 | Self::RsaSha1 => RSA_BITS.start() / 8..=RSA_BITS.end() / 8,
            // Two numbers of up to 33 bytes, each and both with a tag and a length.
            Self::EcdsaP256Sha256 => 8..=72,
        }
    }

    /// Whether anyone who has read a signature's key can't make one.
    pub(crate) fn is_public_key(self) -> bool {
        self == Self::Ed25519 || self.is_compiled()
    }

    /// Whether its keys are compiled from PEM or DER.
    pub(super) fn is_compiled(self) -> bool {
        matches!(self, Self::RsaSha256 | Self::RsaSha1 | Self::EcdsaP256Sha256)
    }

    /// Whether it has no key, so that the secret has to be in what is hashed.
    pub(crate) fn is_keyless(self) -> bool {
        matches!(self, Self::Sha1 | Self::Sha256 | Self::Md5)
    }

    /// Whether bytes can be a key.
    pub(super) fn takes(self, key: &[u8]) -> bool {
        match self {
            Self::Ed25519 => key.try_into().is_ok_and(|key| VerifyingKey::from_bytes(key).is_ok()),
            _ => !key.is_empty(),
        }
    }

    /// Whether a public key is one of this algorithm's.
    pub(super) fn takes_public(self, key: &PublicKey) -> bool {
        self.is_compiled() && key.is_rsa() == (self != Self::EcdsaP256Sha256)
    }

    /// Whether one of the signatures is that of the message; each is looked at, in the same time whatever it is.
    pub(super) fn matches(self, key: &VerificationKey<'_>, message: &[Cow<'_, [u8]>], signatures: &[Vec<u8>]) -> bool {
        let key = match key {
            VerificationKey::Bytes(bytes) => &**bytes,
            VerificationKey::Public(key) => return self.public_matches(key, message, signatures),
        };
        let is_one = |expected: &[u8]| -> bool {
            let equal = signatures.iter().fold(subtle::Choice::from(0), |equal, signature| {
                equal | subtle::ConstantTimeEq::ct_eq(signature.as_slice(), expected)
            });
            equal.into()
        };
        self.with_signature(key, message, is_one)
            .unwrap_or_else(|| self == Self::Ed25519 && ed25519_matches(key, message, signatures))
    }

    /// Makes the signature of a message with a shared key, or the hash that needs none; `None` for public keys.
    pub(crate) fn sign(self, key: &[u8], message: &[Cow<'_, [u8]>]) -> Option<Vec<u8>> {
        self.with_signature(key, message, <[u8]>::to_vec)
    }

    fn with_signature<T>(self, key: &[u8], message: &[Cow<'_, [u8]>], then: impl FnOnce(&[u8]) -> T) -> Option<T> {
        Some(match self {
            Self::HmacSha256 => then(mac::<Hmac<Sha256>>(key, message).as_ref()),
            Self::HmacSha1 => then(mac::<Hmac<Sha1>>(key, message).as_ref()),
            Self::HmacSha512 => then(mac::<Hmac<Sha512>>(key, message).as_ref()),
            Self::Sha256 => then(hash::<Sha256>(message).as_ref()),
            Self::Sha1 => then(hash::<Sha1>(message).as_ref()),
            Self::HmacMd5 => then(mac::<Hmac<Md5>>(key, message).as_ref()),
            Self::Md5 => then(hash::<Md5>(message).as_ref()),
            Self::Ed25519 | Self::RsaSha256 | Self::RsaSha1 | Self::EcdsaP256Sha256 => return None,
        })
    }

    fn public_matches(self, key: &PublicKey, message: &[Cow<'_, [u8]>], signatures: &[Vec<u8>]) -> bool {
        match self {
            Self::RsaSha256 | Self::EcdsaP256Sha256 => {
                let hash = hash::<Sha256>(message);
                signatures
                    .iter()
                    .any(|signature| key.verifies_sha256(hash.as_ref(), signature))
            }
            Self::RsaSha1 => {
                let hash = hash::<Sha1>(message);
                signatures
                    .iter()
                    .any(|signature| key.verifies_sha1(hash.as_ref(), signature))
            }
            _ => false,
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
