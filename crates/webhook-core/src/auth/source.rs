use std::borrow::Cow;
use std::fmt;

use quick_xml::events::Event;
use quick_xml::Reader;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{Diagnosis, RequestParts, Subject};
use crate::error::ParseError;
use crate::json::PathSet;
use crate::query;
use crate::request::is_token;

/// The name of a header (RFC 9110 section 5.1), kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderName(String);

impl HeaderName {
    pub(super) fn authorization() -> Self {
        Self("authorization".to_owned())
    }

    /// Returns the name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HeaderName {
    type Error = &'static str;

    fn try_from(mut name: String) -> Result<Self, &'static str> {
        if !is_token(&name) {
            return Err("expected the name of a header, but found characters it can't have");
        }
        name.make_ascii_lowercase();
        Ok(Self(name))
    }
}

impl From<HeaderName> for String {
    fn from(name: HeaderName) -> Self {
        name.0
    }
}

/// A path into a JSON body, compiled once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct BodyPath {
    text: String,
    compiled: Box<PathSet>,
}

impl BodyPath {
    /// Returns the path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the value that it leads to, as JSON text.
    pub(super) fn find<'j>(&self, json: &'j [u8]) -> Result<Option<Cow<'j, str>>, ParseError> {
        let values = self.compiled.extract(json)?;
        Ok(values.into_iter().next().flatten())
    }
}

impl PartialEq for BodyPath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for BodyPath {}

impl From<&str> for BodyPath {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for BodyPath {
    fn from(text: String) -> Self {
        let compiled = Box::new(PathSet::new([text.as_str()]));
        Self { text, compiled }
    }
}

impl From<BodyPath> for String {
    fn from(path: BodyPath) -> Self {
        path.text
    }
}

/// Where in a request a value is, as an object with one key: `{ "header": "x-signature" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// A header, whatever its case.
    Header(HeaderName),
    /// A parameter of the query.
    Query(String),
    /// A path into the body, as everywhere else; of several elements (`value[].clientState`) all have to be equal.
    Body(BodyPath),
    /// A field of a form, or a path into it.
    Form(BodyPath),
    /// The text of the first element of that name in an XML body.
    Xml(String),
    /// What follows this text in an element of the signature's list, such as `t=`; only within a signature scheme.
    Part(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header {}", name.0),
            Self::Query(name) => write!(f, "query parameter {name}"),
            Self::Body(path) => write!(f, "body at {}", path.text),
            Self::Form(path) => write!(f, "form field {}", path.text),
            Self::Xml(name) => write!(f, "body in <{name}>"),
            Self::Part(prefix) => write!(f, "signature after {prefix}"),
        }
    }
}

impl Source {
    /// Returns the header that is read, in lower case.
    pub fn header_name(&self) -> Option<&str> {
        match self {
            Self::Header(name) => Some(name.as_str()),
            _ => None,
        }
    }

    /// Whether reading it means parsing the body.
    pub(super) fn is_in_body(&self) -> bool {
        matches!(self, Self::Body(_) | Self::Form(_) | Self::Xml(_))
    }

    /// The path into the body as it is read, whatever its format.
    pub(super) fn body_path(&self) -> Option<&str> {
        match self {
            Self::Body(path) | Self::Form(path) => Some(path.as_str()),
            _ => None,
        }
    }

    /// The value, which has to be there.
    pub(super) fn read<'r>(&self, subject: Subject, request: &RequestParts<'r>) -> Result<Cow<'r, str>, Diagnosis> {
        self.find(subject, request)?.ok_or_else(|| self.missing(subject))
    }

    /// The value, if it is there; an error if it is there twice. An empty one counts as missing.
    pub(crate) fn find<'r>(
        &self,
        subject: Subject,
        request: &RequestParts<'r>,
    ) -> Result<Option<Cow<'r, str>>, Diagnosis> {
        let value = match self {
            Self::Header(name) => self.only(subject, request.headers.all(name.as_str()))?.map(|value| {
                // Optional white space around a value isn't part of it (RFC 9110 section 5.5).
                Cow::Borrowed(value.trim_matches([' ', '\t']))
            }),
            Self::Query(name) => self.only(
                subject,
                query::parameters(request.query)
                    .filter(|(found, _)| found == name)
                    .map(|(_, value)| value),
            )?,
            Self::Body(path) | Self::Form(path) => {
                let found = path.find(self.json(subject, request)?);
                let found = found.map_err(|error| self.not_json(subject, &error))?;
                found
                    .and_then(|json| self.text(subject, json).transpose())
                    .transpose()?
            }
            Self::Xml(name) => self.find_in_xml(subject, name, request.body.bytes())?.map(Cow::Owned),
            Self::Part(_) => None,
        };
        Ok(value.filter(|value| !value.is_empty()))
    }

    pub(super) fn only<T>(
        &self,
        subject: Subject,
        mut values: impl Iterator<Item = T>,
    ) -> Result<Option<T>, Diagnosis> {
        let value = values.next();
        if values.next().is_some() {
            return Err(Diagnosis::Repeated {
                subject,
                place: self.to_string(),
            });
        }
        Ok(value)
    }

    pub(super) fn missing(&self, subject: Subject) -> Diagnosis {
        Diagnosis::Missing {
            subject,
            place: self.to_string(),
        }
    }

    pub(super) fn malformed(&self, subject: Subject, expected: impl Into<String>) -> Diagnosis {
        Diagnosis::Malformed {
            subject,
            place: self.to_string(),
            expected: expected.into(),
        }
    }

    /// The body as JSON. For a field of a form, a body that is none has no fields.
    pub(super) fn json<'r>(&self, subject: Subject, request: &RequestParts<'r>) -> Result<&'r [u8], Diagnosis> {
        match self {
            Self::Form(_) if !request.body.is_form() => Ok(b"{}"),
            _ => {
                let json = request.body.json();
                json.ok_or_else(|| self.malformed(subject, "a body that can be read"))
            }
        }
    }

    pub(super) fn not_json(&self, subject: Subject, error: &ParseError) -> Diagnosis {
        self.malformed(subject, format!("a JSON body ({error})"))
    }

    /// A value of the body as text; `None` for `null`.
    pub(super) fn text<'j>(&self, subject: Subject, json: Cow<'j, str>) -> Result<Option<Cow<'j, str>>, Diagnosis> {
        let is_each = self.body_path().is_some_and(|path| path.contains("[]"));
        scalar(json, is_each).ok_or_else(|| self.malformed(subject, "a text or a number"))
    }

    fn find_in_xml(&self, subject: Subject, name: &str, body: &[u8]) -> Result<Option<String>, Diagnosis> {
        let malformed = || self.malformed(subject, "an XML body in which it is a text");
        let text = std::str::from_utf8(body).map_err(|_| malformed())?;
        let mut reader = Reader::from_str(text);
        loop {
            match reader.read_event().map_err(|_| malformed())? {
                Event::Start(start) if start.name().as_ref() == name => break,
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
        let mut value = String::new();
        loop {
            match reader.read_event().map_err(|_| malformed())? {
                Event::Text(text) => value.push_str(text.trim()),
                Event::CData(text) => value.push_str(&text),
                Event::End(_) => return Ok(Some(value)),
                _ => return Err(malformed()),
            }
        }
    }
}

/// A JSON text without its quotes, a number or boolean as it was sent, or what all elements of an array are; `Some(None)` for `null`,
/// `None` for anything else.
fn scalar(json: Cow<'_, str>, is_each: bool) -> Option<Option<Cow<'_, str>>> {
    match json.as_bytes().first()? {
        b'[' if is_each => {
            let mut elements = serde_json::Deserializer::from_str(&json);
            let same = elements.deserialize_seq(SameText).ok()??;
            Some(Some(Cow::Owned(same)))
        }
        // Whatever is in them, they are no text.
        b'[' | b'{' => None,
        b'n' => Some(None),
        b'"' => serde_json::from_str(&json).ok().map(|text| Some(Cow::Owned(text))),
        _ => Some(Some(json)),
    }
}

/// The text that all elements of an array are, read without keeping them.
struct SameText;

impl<'de> Visitor<'de> for SameText {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of equal texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Option<String>, A::Error> {
        let first: Option<String> = elements.next_element()?;
        while let Some(next) = elements.next_element::<String>()? {
            if first.as_ref() != Some(&next) {
                return Err(Error::custom("another text"));
            }
        }
        Ok(first)
    }
}
