//! HTTP Basic authentication (RFC 7617).

use base64::Engine;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::base64::BASE64;

/// The credentials an endpoint expects, kept only as a digest. Other secrets are kept as text: an HMAC needs them.
///
/// A digest of fixed length makes the comparison take the same time whatever the caller sent, the length of user name
/// and password included, and leaves nothing in memory or in `Debug` that could be read back.
#[derive(Clone, PartialEq, Eq)]
pub struct Basic {
    digest: [u8; 32],
}

impl std::fmt::Debug for Basic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Basic([REDACTED])")
    }
}

impl Basic {
    /// Keeps the digest of the expected credentials. The password may hold colons; a user name with one can't be sent (RFC 7617
    /// section 2), which `config::check` reports.
    pub fn new(username: &str, password: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(username.as_bytes());
        hasher.update(b":");
        hasher.update(password.as_bytes());
        Self {
            digest: hasher.finalize().into(),
        }
    }

    /// Returns whether an `Authorization` header holds these credentials, in UTF-8. A missing or malformed header is `false`.
    pub fn verify(&self, authorization: Option<&str>) -> bool {
        // Hashing an empty text for a malformed header would change nothing: what a client sent isn't a secret.
        let Some(sent) = authorization.and_then(decode) else {
            return false;
        };
        let digest: [u8; 32] = Sha256::digest(&sent).into();
        digest.ct_eq(&self.digest).into()
    }
}

// `Basic <base64>`, the scheme in any case (RFC 9110 section 11.1), to the bytes `user:password`.
fn decode(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    BASE64.decode(token.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(credentials: &str) -> String {
        format!("Basic {}", BASE64.encode(credentials))
    }

    #[test]
    fn accepts_the_right_credentials_and_no_others() {
        let basic = Basic::new("user", "pa:ss:wörd");
        assert!(basic.verify(Some(&header("user:pa:ss:wörd"))));
        for wrong in [
            "user:pa:ss:word",
            "user:",
            "user",
            ":pa:ss:wörd",
            "",
            "USER:pa:ss:wörd",
            "user:pa:ss:wörd ",
        ] {
            assert!(!basic.verify(Some(&header(wrong))), "{wrong}");
        }
    }

    #[test]
    fn ignores_the_case_of_the_scheme_padding_and_spaces() {
        let basic = Basic::new("a", "b");
        for right in ["Basic YTpi", "basic YTpi", "BASIC   YTpi  ", " Basic YTpi"] {
            assert!(basic.verify(Some(right)), "{right}");
        }
        assert!(Basic::new("ab", "c").verify(Some("Basic YWI6Yw==")));
        assert!(Basic::new("ab", "c").verify(Some("Basic YWI6Yw")));
    }

    #[test]
    fn rejects_malformed_headers() {
        let basic = Basic::new("a", "b");
        for wrong in [
            "",
            "Basic",
            "Basic ",
            "Bearer YTpi",
            "Basic !!!!",
            "YTpi",
            "Basic YTpi, Basic YTpi",
        ] {
            assert!(!basic.verify(Some(wrong)), "{wrong}");
        }
        assert!(!basic.verify(None));
    }

    #[test]
    fn prints_no_secret() {
        assert_eq!(format!("{:?}", Basic::new("user", "secret")), "Basic([REDACTED])");
    }
}
