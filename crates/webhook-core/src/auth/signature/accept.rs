use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::algorithm::VerificationKey;
use super::{Algorithm, Encoding};
use crate::auth::Secret;

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

impl Accept {
    /// The signatures of this kind among the elements of a list, decoded: at most `most`.
    pub(super) fn signatures(&self, elements: &[&str], most: usize) -> Vec<Vec<u8>> {
        let sent = elements
            .iter()
            .filter_map(|element| element.strip_prefix(self.prefix.as_str()));
        sent.filter_map(|text| self.encoding.decode(text).map(Cow::into_owned))
            .filter(|signature| self.algorithm.lengths().contains(&signature.len()))
            .take(most)
            .collect()
    }

    /// The key that a secret is for this kind of signature, if it can be one; `all` are the kinds that count.
    pub(super) fn key<'s>(&self, all: &[Self], secret: &'s Secret) -> Option<VerificationKey<'s>> {
        let text = self.key_text(all, secret.expose())?;
        if self.algorithm.is_compiled() {
            let key = secret.public_key(text)?;
            return self.algorithm.takes_public(key).then_some(VerificationKey::Public(key));
        }
        let key = self.key.form.decode(text)?;
        self.algorithm.takes(&key).then_some(VerificationKey::Bytes(key))
    }

    /// What of a secret is the key for this kind of signature, if it isn't one for another kind.
    fn key_text<'s>(&self, all: &[Self], secret: &'s str) -> Option<&'s str> {
        let own = self.key.prefix.as_deref();
        match own.and_then(|prefix| secret.strip_prefix(prefix)) {
            Some(text) => Some(text),
            None if own.is_some() && self.algorithm.is_public_key() => None,
            None => {
                let mut others = all.iter().filter_map(|other| other.key.prefix.as_deref());
                (!others.any(|prefix| secret.starts_with(prefix))).then_some(secret)
            }
        }
    }

    /// What a secret has to be.
    pub(super) fn key_form(&self) -> String {
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

    /// What a signature has to be.
    pub(super) fn form(&self) -> String {
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
