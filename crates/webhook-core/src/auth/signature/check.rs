//! Whether a scheme can work, and costs no more than a request may.

use super::{Encoding, Placeholder, Signature};
use crate::auth::{Source, Sources};
use crate::limits::{MAX_SIGNATURE_FORMS, MAX_SIGNED_PLACEHOLDERS, MAX_SOURCES};

impl Signature {
    /// Fails with what was expected, which holds no value of the scheme.
    pub(in crate::auth) fn check(&self) -> Result<(), String> {
        self.check_places()?;
        self.check_accept()?;
        self.check_signed()?;
        if self.each.is_some() {
            self.check_each()?;
        }
        Ok(())
    }

    fn check_places(&self) -> Result<(), String> {
        if self.from.iter().any(|source| matches!(source, Source::Part(_))) {
            return Err("expected from to be a header, query, body, form or xml, but found part".to_owned());
        }
        if self.places().any(|places| !(1..=MAX_SOURCES).contains(&places.len())) {
            return Err(format!("expected 1 to {MAX_SOURCES} places for each value"));
        }
        Ok(())
    }

    fn check_accept(&self) -> Result<(), String> {
        if self.accept.is_empty() {
            return Err("expected at least one kind of signature in accept, but found none".to_owned());
        }
        if self.accept.len() > MAX_SIGNATURE_FORMS {
            return Err(format!(
                "expected at most {MAX_SIGNATURE_FORMS} kinds of signature in accept"
            ));
        }
        if self.accept.iter().any(|accept| accept.encoding == Encoding::Text) {
            return Err(
                "expected the encoding of a signature to be hex, base64 or base64url, but found text".to_owned(),
            );
        }
        if self.accept.iter().any(|accept| accept.algorithm.is_keyless()) && !self.signs(&Placeholder::Secret) {
            return Err("expected {secret} in what is signed, since anyone can make a hash without a key".to_owned());
        }
        Ok(())
    }

    fn check_signed(&self) -> Result<(), String> {
        if self.signed.placeholders().count() > MAX_SIGNED_PLACEHOLDERS {
            return Err(format!(
                "expected at most {MAX_SIGNED_PLACEHOLDERS} placeholders in what is signed"
            ));
        }
        let whole = self
            .signed
            .placeholders()
            .filter(|placeholder| placeholder.is_of_whole_body());
        if whole.count() > 1 {
            return Err("expected the whole body at most once in what is signed".to_owned());
        }
        if !self.signed.placeholders().any(Placeholder::is_of_request) {
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
            .find(|(placeholder, missing, _)| *missing && self.signs(placeholder))
        {
            Some((_, _, name)) => Err(format!("expected {name} to say where {{{name}}} is, but found nothing")),
            None => Ok(()),
        }
    }

    /// Each element has to be signed by itself: a signature over what all of them share could be copied from one to another.
    fn check_each(&self) -> Result<(), String> {
        let is_of_element = |placeholder: &Placeholder| matches!(placeholder, Placeholder::Sent(Source::Body(_)));
        if !self.signed.placeholders().any(is_of_element) {
            return Err("expected {body:PATH} in what is signed with each".to_owned());
        }
        let is_of_body = self.signed.placeholders().any(Placeholder::is_of_whole_body) || self.body_hash.is_some();
        let sources = self.places().flat_map(Sources::iter).chain(self.signed.sources());
        let mut others = sources.filter(|source| matches!(source, Source::Form(_) | Source::Xml(_)));
        if is_of_body || others.next().is_some() {
            return Err("expected nothing of the body but paths into its elements with each".to_owned());
        }
        Ok(())
    }
}
