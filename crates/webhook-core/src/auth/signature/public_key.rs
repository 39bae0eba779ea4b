use std::fmt;

use base64::Engine;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::Pkcs1v15Sign;
use sha1::Sha1;
use sha2::Sha256;
use x509_cert::der::{Decode, Encode};
use x509_cert::Certificate;

use crate::auth::base64::BASE64;
use crate::limits::RSA_BITS;

/// A sender's public key, compiled once.
#[derive(Clone)]
pub(in crate::auth) enum PublicKey {
    Rsa(rsa::PublicKey),
    P256(p256::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// Reads a key as senders hand it out: in PEM or as base64 without its lines, either the key itself (SPKI, RFC 5280 section 4.1)
    /// or a certificate with it. Of a certificate nothing but its key counts.
    ///
    /// ```text
    /// -----BEGIN PUBLIC KEY-----
    /// MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE...
    /// -----END PUBLIC KEY-----
    /// ```
    pub(in crate::auth) fn read(text: &str) -> Option<Self> {
        let within = match text.split_once("-----BEGIN ") {
            Some((_, rest)) => rest.split_once("-----")?.1.split_once("-----END ")?.0,
            None => text,
        };
        let base64: String = within.split_ascii_whitespace().collect();
        let der = BASE64.decode(base64).ok()?;
        Self::from_spki(&der).or_else(|| {
            let certificate = Certificate::from_der(&der).ok()?;
            let key = certificate.tbs_certificate().subject_public_key_info();
            Self::from_spki(&key.to_der().ok()?)
        })
    }

    fn from_spki(der: &[u8]) -> Option<Self> {
        if let Ok(key) = rsa::PublicKey::from_public_key_der(der) {
            return RSA_BITS.contains(&(key.size() * 8)).then_some(Self::Rsa(key));
        }
        p256::ecdsa::VerifyingKey::from_public_key_der(der).ok().map(Self::P256)
    }

    /// How many checks it counts for: one with 4096 bits takes four times as long as one with 2048.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Rsa(key) if key.size() * 8 > *RSA_BITS.start() => 2,
            _ => 1,
        }
    }

    pub(super) fn is_rsa(&self) -> bool {
        matches!(self, Self::Rsa(_))
    }

    /// Whether a signature is that of a message with this SHA-256: of an RSA key by PKCS #1 v1.5 (RFC 8017 section 8.2), of one of P-256
    /// in DER (RFC 3279 section 2.2.3).
    pub(super) fn verifies_sha256(&self, hash: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => key.verify(Pkcs1v15Sign::new::<Sha256>(), hash, signature).is_ok(),
            Self::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(hash, &signature).is_ok()),
        }
    }

    /// Whether a signature of an RSA key is that of a message with this SHA-1.
    pub(super) fn verifies_sha1(&self, hash: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => key.verify(Pkcs1v15Sign::new::<Sha1>(), hash, signature).is_ok(),
            Self::P256(_) => false,
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_rsa() { "an RSA key" } else { "a key of P-256" })
    }
}
