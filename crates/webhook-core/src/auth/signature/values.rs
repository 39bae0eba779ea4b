//! What fills the placeholders of what is signed.

use std::borrow::Cow;

use super::signed::Signed;
use super::template::{Piece, Placeholder, Template};
use super::{form, url, Signature};
use crate::auth::{Diagnosis, RequestParts, Source, Sources, Subject};

/// Placeholders with their values.
type Filled<'r, 's> = Vec<(&'s Placeholder, Cow<'r, [u8]>)>;

/// What was sent to fill the placeholders with.
pub(super) struct Values<'r, 's> {
    id: Option<Cow<'r, str>>,
    pub(super) timestamp: Option<Cow<'r, str>>,
    nonce: Option<Cow<'r, str>>,
    encrypted: Option<Cow<'r, str>>,
    pub(super) body_hash: Option<Cow<'r, str>>,
    /// Those that have to be looked for or made.
    others: Filled<'r, 's>,
}

/// What fills the placeholders of one text.
#[derive(Clone, Copy)]
pub(super) struct Filling<'m, 'r> {
    pub(super) request: &'m RequestParts<'r>,
    pub(super) values: &'m Values<'r, 'm>,
    pub(super) url: &'m str,
    pub(super) key: &'m [u8],
}

impl Signature {
    /// What fills the placeholders, as far as it can be had without parsing the body, unless the signature needs it. `elements` are those
    /// of the signature's list.
    pub(super) fn values<'r>(
        &self,
        elements: &[&str],
        request: &RequestParts<'r>,
    ) -> Result<Values<'r, '_>, Diagnosis> {
        let read = |places: &Sources, subject: Subject| -> Result<Option<Cow<'r, str>>, Diagnosis> {
            let value = places.find_by(|source| match source {
                Source::Part(prefix) => {
                    let parts = elements
                        .iter()
                        .filter_map(|element| element.strip_prefix(prefix.as_str()));
                    let part = source.only(subject, parts)?.filter(|part| !part.is_empty());
                    Ok(part.map(|part| Cow::Owned(part.to_owned())))
                }
                _ => source.find(subject, request),
            })?;
            match value {
                None if self.each.is_some() && places.is_in_body() => Ok(Some(Cow::Borrowed(""))),
                None => Err(places.missing(subject)),
                found => Ok(found),
            }
        };
        let signed = |placeholder: Placeholder, places: &Option<Sources>, subject: Subject| match places {
            Some(places) if self.signs(&placeholder) => read(places, subject),
            _ => Ok(None),
        };
        let timestamp = match &self.timestamp {
            Some(timestamp) if !timestamp.from.is_in_body() || self.signs(&Placeholder::Timestamp) => {
                read(&timestamp.from, Subject::Timestamp)?
            }
            _ => None,
        };
        let body_hash = match &self.body_hash {
            Some(places) => places.find(Subject::Body, request)?,
            None => None,
        };
        Ok(Values {
            id: signed(Placeholder::Id, &self.id, Subject::Id)?,
            nonce: signed(Placeholder::Nonce, &self.nonce, Subject::Nonce)?,
            encrypted: signed(Placeholder::Encrypted, &self.encrypted, Subject::Encrypted)?,
            others: self.others(body_hash.is_some(), request)?,
            timestamp,
            body_hash,
        })
    }

    fn others<'r>(&self, has_body_hash: bool, request: &RequestParts<'r>) -> Result<Filled<'r, '_>, Diagnosis> {
        if !self.signed.has_others() {
            return Ok(Vec::new());
        }
        let mut others = self.sent_in_body(request)?;
        for placeholder in self.signed.placeholders() {
            let value = match placeholder {
                Placeholder::Form if has_body_hash => continue,
                Placeholder::Form => {
                    let expected = match &self.body_hash {
                        Some(_) => "a form, or the hash of the body where the scheme has it",
                        None => "a form",
                    };
                    Cow::Owned(form::concatenated(request, expected)?.into_bytes())
                }
                Placeholder::SortedForm { without } => Cow::Owned(form::sorted(request, without)?),
                Placeholder::Crc32 => Cow::Owned(crc32fast::hash(request.body.bytes()).to_string().into_bytes()),
                Placeholder::InflatedBody => request.body.inflated(usize::MAX).ok_or_else(|| Diagnosis::Malformed {
                    subject: Subject::Body,
                    place: "the request".to_owned(),
                    expected: "a body that can be inflated".to_owned(),
                })?,
                Placeholder::Sent(source) if !source.is_in_body() => into_bytes(source.read(Subject::Signed, request)?),
                _ => continue,
            };
            others.push((placeholder, value));
        }
        Ok(others)
    }

    /// The values of `{body:PATH}` and `{form:NAME}`. In an element of a list one that is absent is empty.
    fn sent_in_body<'r>(&self, request: &RequestParts<'r>) -> Result<Filled<'r, '_>, Diagnosis> {
        let Some((_, first)) = self.signed.body_sources().next() else {
            return Ok(Vec::new());
        };
        let json = first.json(Subject::Signed, request)?;
        let found = self.signed.body_paths().extract(json);
        let found = found.map_err(|error| first.not_json(Subject::Signed, &error))?;
        let mut values = Vec::with_capacity(found.len());
        for ((placeholder, source), json) in self.signed.body_sources().zip(found) {
            let is_there = request.body.is_form() || !matches!(source, Source::Form(_));
            let text = match json.filter(|_| is_there) {
                Some(json) => source.text(Subject::Signed, json)?,
                None => None,
            };
            let text = text.filter(|text| !text.is_empty());
            match text {
                Some(text) => values.push((placeholder, into_bytes(text))),
                None if self.each.is_some() => {}
                None => return Err(source.missing(Subject::Signed)),
            }
        }
        Ok(values)
    }
}

fn into_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

impl Signed {
    /// The bytes that are signed, in pieces.
    pub(super) fn message<'m>(&'m self, filling: &Filling<'m, '_>) -> Vec<Cow<'m, [u8]>> {
        if !self.is_sorted() {
            return self
                .templates()
                .first()
                .map_or_else(Vec::new, |template| fill(template, filling));
        }
        let texts = self
            .templates()
            .iter()
            .map(|template| Cow::Owned(fill(template, filling).concat()));
        let mut pieces: Vec<_> = texts.collect();
        pieces.sort();
        pieces
    }
}

fn fill<'m>(template: &'m Template, filling: &Filling<'m, '_>) -> Vec<Cow<'m, [u8]>> {
    let pieces = template.pieces().iter();
    pieces
        .map(|piece| {
            Cow::Borrowed(match piece {
                Piece::Text(text) => text.as_bytes(),
                Piece::Placeholder(placeholder) => filling.value(placeholder),
            })
        })
        .collect()
}

impl<'m> Filling<'m, '_> {
    fn value(&self, placeholder: &Placeholder) -> &'m [u8] {
        let Filling { request, values, .. } = *self;
        let text = |value: &'m Option<Cow<'_, str>>| value.as_deref().unwrap_or_default().as_bytes();
        match placeholder {
            Placeholder::Id => text(&values.id),
            Placeholder::Timestamp => text(&values.timestamp),
            Placeholder::Nonce => text(&values.nonce),
            Placeholder::Encrypted => text(&values.encrypted),
            Placeholder::Body => request.body.bytes(),
            Placeholder::Method => request.method.as_bytes(),
            Placeholder::Url => self.url.as_bytes(),
            Placeholder::Path => url::path(self.url).as_bytes(),
            Placeholder::Query => request.query.as_bytes(),
            Placeholder::Secret => self.key,
            Placeholder::InflatedBody
            | Placeholder::Crc32
            | Placeholder::Form
            | Placeholder::SortedForm { .. }
            | Placeholder::Sent(_) => {
                let made = values.others.iter().find(|(known, _)| *known == placeholder);
                made.map_or(&[], |(_, value)| value)
            }
        }
    }
}
