//! A JSON Web Token (RFC 7519), signed with a shared secret (HS) or with a private key whose public one we know (RS, ES).

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{decode, decode_header, Algorithm, AlgorithmFamily, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::public_keys::TooMany;
use super::token::Token;
use super::{Diagnosis, PublicKeyChecks, RequestParts, Secret, Subject};
use crate::limits::MAX_JWT_BYTES;

/// Which tokens count. Each secret is one key: a text of at least 32 bytes for HS, or a public key in PEM
/// (`-----BEGIN PUBLIC KEY-----`) for RS and ES. A public key is never taken for a shared secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jwt {
    /// Where it is; by default in the header `Authorization` after `Bearer `.
    #[serde(default = "Token::bearer")]
    pub place: Token,
    /// The algorithms that count, at least one. `none` never does.
    pub algorithms: Vec<JwtAlgorithm>,
    /// Who has to have issued it (`iss`); without it anyone who has a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Whom it has to be meant for (`aud`); without it a token for anyone counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// By how many seconds the clocks may differ when `exp` and `nbf` are looked at; 60 if not said.
    #[serde(default = "default_leeway")]
    pub leeway: u32,
}

fn default_leeway() -> u32 {
    60
}

/// An algorithm of JSON Web Signature (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the RFC")]
pub enum JwtAlgorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    ES256,
    ES384,
}

impl Jwt {
    pub(super) fn has_public_keys(&self) -> bool {
        let family = |algorithm: &JwtAlgorithm| algorithm.to_library().family();
        self.algorithms
            .iter()
            .any(|algorithm| family(algorithm) != AlgorithmFamily::Hmac)
    }
}

impl JwtAlgorithm {
    fn to_library(self) -> Algorithm {
        match self {
            Self::HS256 => Algorithm::HS256,
            Self::HS384 => Algorithm::HS384,
            Self::HS512 => Algorithm::HS512,
            Self::RS256 => Algorithm::RS256,
            Self::RS384 => Algorithm::RS384,
            Self::RS512 => Algorithm::RS512,
            Self::ES256 => Algorithm::ES256,
            Self::ES384 => Algorithm::ES384,
        }
    }
}

/// Shorter secrets can be found by trying (RFC 7518 section 3.2).
const MIN_SECRET_BYTES: usize = 32;

impl Jwt {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.algorithms.is_empty() {
            return Err("expected at least one algorithm, but found none".to_owned());
        }
        self.place.check()
    }

    /// Which secret the token was signed with, and its claims.
    pub(super) fn verify(
        &self,
        secrets: &[Secret],
        request: &RequestParts<'_>,
        now: i64,
        checks: &PublicKeyChecks,
    ) -> Result<(usize, Value), Diagnosis> {
        let token = self.place.read(Subject::Jwt, request)?;
        let malformed = |expected: &str| Diagnosis::Malformed {
            subject: Subject::Jwt,
            place: self.place.from.to_string(),
            expected: expected.to_owned(),
        };
        if token.len() > MAX_JWT_BYTES {
            return Err(malformed(&format!("at most {MAX_JWT_BYTES} bytes")));
        }
        let header = decode_header(token.as_bytes()).map_err(|_| malformed("a JSON Web Token of three parts"))?;
        // No extension that would have to be understood is (RFC 7515 section 4.1.11).
        if header.crit.is_some() {
            return Err(malformed("a JSON Web Token without critical extensions"));
        }
        if !self
            .algorithms
            .iter()
            .any(|algorithm| algorithm.to_library() == header.alg)
        {
            return Err(malformed("an algorithm that counts"));
        }
        let mut unfit = None;
        for (index, secret) in secrets.iter().enumerate() {
            let Some((key, families)) = key(secret.expose()) else {
                unfit.get_or_insert(index);
                continue;
            };
            if !families.contains(&header.alg.family()) {
                continue;
            }
            let Some(key) = key.for_family(header.alg.family()) else {
                unfit.get_or_insert(index);
                continue;
            };
            if header.alg.family() != AlgorithmFamily::Hmac {
                checks.take(1).map_err(|TooMany| malformed(&TooMany::expected()))?;
            }
            // The claims are checked below, with the time that was given.
            let mut validation = Validation::new(header.alg);
            validation.required_spec_claims.clear();
            validation.validate_exp = false;
            validation.validate_aud = false;
            match decode::<Value>(token.as_bytes(), &key, &validation) {
                Ok(data) => {
                    self.check_claims(&data.claims, now.div_euclid(1000))?;
                    return Ok((index, data.claims));
                }
                Err(error) if *error.kind() == ErrorKind::InvalidSignature => {}
                Err(_) => return Err(malformed("a JSON Web Token with claims in JSON")),
            }
        }
        Err(match unfit {
            Some(index) => Diagnosis::SecretForm {
                index,
                expected: format!("a text of at least {MIN_SECRET_BYTES} bytes, or a public key in PEM"),
            },
            None => Diagnosis::NoMatch {
                signatures: 1,
                hint: None,
            },
        })
    }

    fn check_claims(&self, claims: &Value, now: i64) -> Result<(), Diagnosis> {
        let wrong = |name: &str, expected: &str| Diagnosis::Claim {
            name: name.to_owned(),
            expected: expected.to_owned(),
        };
        #[expect(clippy::cast_precision_loss, reason = "times of this age are far below 2^53")]
        let (now, leeway) = (now as f64, f64::from(self.leeway));
        match claims.get("exp").map(Value::as_f64) {
            Some(Some(expiry)) if now < expiry + leeway => {}
            Some(Some(_)) => return Err(wrong("exp", "a time that is not past")),
            _ => return Err(wrong("exp", "a number of seconds since 1970")),
        }
        match claims.get("nbf").map(Value::as_f64) {
            None => {}
            Some(Some(start)) if start <= now + leeway => {}
            Some(Some(_)) => return Err(wrong("nbf", "a time that has come")),
            Some(None) => return Err(wrong("nbf", "a number of seconds since 1970")),
        }
        if let Some(issuer) = &self.issuer
            && claims.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err(wrong("iss", "the issuer of the scheme"));
        }
        if let Some(audience) = &self.audience {
            let meant = match claims.get("aud") {
                Some(Value::String(one)) => one == audience,
                Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
                _ => false,
            };
            if !meant {
                return Err(wrong("aud", "the audience of the scheme"));
            }
        }
        Ok(())
    }
}

/// What a secret can be.
enum KeyText<'a> {
    Shared(&'a [u8]),
    Pem(&'a [u8]),
}

fn key(secret: &str) -> Option<(KeyText<'_>, &'static [AlgorithmFamily])> {
    let trimmed = secret.trim();
    // Wherever it begins: a byte order mark or a comment before it doesn't make it a secret.
    if trimmed.contains("-----BEGIN ") {
        let public = !trimmed.contains("PRIVATE KEY");
        return public.then_some((
            KeyText::Pem(trimmed.as_bytes()),
            &[AlgorithmFamily::Rsa, AlgorithmFamily::Ec],
        ));
    }
    (secret.len() >= MIN_SECRET_BYTES).then_some((KeyText::Shared(secret.as_bytes()), &[AlgorithmFamily::Hmac]))
}

impl KeyText<'_> {
    fn for_family(&self, family: AlgorithmFamily) -> Option<DecodingKey> {
        match (self, family) {
            (Self::Shared(secret), _) => Some(DecodingKey::from_secret(secret)),
            (Self::Pem(pem), AlgorithmFamily::Rsa) => DecodingKey::from_rsa_pem(pem).ok(),
            (Self::Pem(pem), _) => DecodingKey::from_ec_pem(pem).ok(),
        }
    }
}
