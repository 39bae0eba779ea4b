use std::fmt;
use std::sync::OnceLock;

use serde::Deserialize;

use super::signature::PublicKey;

/// A secret shared with a sender, as text. It prints as `[REDACTED]` and can't be blank, since a blank one would accept
/// everyone who knows the algorithm.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret {
    text: Box<str>,
    /// The public key that it is, once it was asked for.
    public_key: OnceLock<Option<PublicKey>>,
}

impl TryFrom<String> for Secret {
    type Error = BlankSecret;

    fn try_from(text: String) -> Result<Self, BlankSecret> {
        Self::new(&text)
    }
}

/// There is nothing in the secret but white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlankSecret;

impl fmt::Display for BlankSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a secret, but found a blank one")
    }
}

impl std::error::Error for BlankSecret {}

impl Secret {
    /// Takes the text as it is; white space around it counts, since some senders let users choose any text.
    ///
    /// # Errors
    ///
    /// [`BlankSecret`] if there is nothing but white space.
    pub fn new(text: &str) -> Result<Self, BlankSecret> {
        if text.trim().is_empty() {
            return Err(BlankSecret);
        }
        Ok(Self {
            text: text.into(),
            public_key: OnceLock::new(),
        })
    }

    pub(crate) fn expose(&self) -> &str {
        &self.text
    }

    /// The public key that it is, given the part of it that is the key. Reading one costs much more than checking with it, so it is
    /// done once.
    pub(super) fn public_key(&self, text: &str) -> Option<&PublicKey> {
        self.public_key.get_or_init(|| PublicKey::read(text)).as_ref()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

#[cfg(test)]
mod tests {
    use super::{BlankSecret, Secret};

    #[test]
    fn rejects_a_blank_secret() {
        for blank in ["", " ", "\t\n"] {
            assert_eq!(Secret::new(blank).unwrap_err(), BlankSecret);
        }
    }

    #[test]
    fn prints_a_secret_as_redacted() {
        assert_eq!(format!("{:?}", [Secret::new("hunter2").unwrap()]), "[[REDACTED]]");
    }
}
