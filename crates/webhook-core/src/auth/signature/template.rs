use std::fmt;

use serde::{Deserialize, Serialize};

use crate::auth::template::{parts, Part};
use crate::auth::Source;

/// What a placeholder of a template is replaced by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    /// `{id}`: the id of the request.
    Id,
    /// `{timestamp}`: the time, as the sender wrote it.
    Timestamp,
    /// `{nonce}`
    Nonce,
    /// `{body}`: the body's exact bytes.
    Body,
    /// `{inflatedBody}`: the body's bytes before the sender compressed them.
    InflatedBody,
    /// `{crc32}`: the CRC-32 of the body's exact bytes, in decimal digits (PayPal).
    Crc32,
    /// `{method}`: the method, in upper case.
    Method,
    /// `{url}`: the URL that the sender called.
    Url,
    /// `{path}`: its path.
    Path,
    /// `{query}`: what follows its `?`, as sent.
    Query,
    /// `{form}`: every parameter of a form, its name and its value, sorted by name, with nothing in between (Twilio).
    Form,
    /// `{sortedForm}`: every parameter of a form that has a name as `name=value`, sorted by name, with `&` in between (Alipay). Those in
    /// `{sortedForm:sign,sign_type}` are left out.
    SortedForm {
        /// Their names.
        without: Vec<String>,
    },
    /// `{secret}`: the secret itself, for a hash that has no key.
    Secret,
    /// `{encrypted}`: the encrypted text that an envelope holds.
    Encrypted,
    /// `{header:NAME}`, `{query:NAME}`, `{body:PATH}` or `{form:NAME}`: a value of the request.
    Sent(Source),
}

/// The placeholders that are a name.
static NAMES: [(&str, Placeholder); 14] = [
    ("id", Placeholder::Id),
    ("timestamp", Placeholder::Timestamp),
    ("nonce", Placeholder::Nonce),
    ("body", Placeholder::Body),
    ("inflatedBody", Placeholder::InflatedBody),
    ("crc32", Placeholder::Crc32),
    ("method", Placeholder::Method),
    ("url", Placeholder::Url),
    ("path", Placeholder::Path),
    ("query", Placeholder::Query),
    ("form", Placeholder::Form),
    ("sortedForm", Placeholder::SortedForm { without: Vec::new() }),
    ("secret", Placeholder::Secret),
    ("encrypted", Placeholder::Encrypted),
];

impl Placeholder {
    fn read(inside: &str) -> Option<Self> {
        if let Some(names) = inside.strip_prefix("sortedForm:") {
            let without: Vec<_> = names.split(',').map(str::to_owned).collect();
            return (!without.iter().any(String::is_empty)).then_some(Self::SortedForm { without });
        }
        let known = NAMES.iter().find(|(name, _)| *name == inside);
        known.map(|(_, placeholder)| placeholder.clone())
    }

    /// Whether it differs from request to request. A signature over nothing that does could be sent with any other request.
    pub(super) fn is_of_request(&self) -> bool {
        !matches!(self, Self::Secret | Self::Method | Self::Path)
    }

    /// Whether it means going through the whole body.
    pub(super) fn is_of_whole_body(&self) -> bool {
        matches!(
            self,
            Self::Body | Self::InflatedBody | Self::Crc32 | Self::Form | Self::SortedForm { .. }
        )
    }

    /// Whether its value has to be looked for in the request or made of it.
    pub(super) fn is_looked_for(&self) -> bool {
        matches!(
            self,
            Self::InflatedBody | Self::Crc32 | Self::Form | Self::SortedForm { .. } | Self::Sent(_)
        )
    }

    /// Whether it depends on how the body is to be read.
    pub(super) fn is_of_read_body(&self) -> bool {
        matches!(self, Self::InflatedBody | Self::Form | Self::SortedForm { .. })
    }

    /// Whether it depends on where the sender called.
    pub(super) fn is_of_url(&self) -> bool {
        matches!(self, Self::Url | Self::Path)
    }

    /// The value of the request that it is.
    pub(super) fn source(&self) -> Option<&Source> {
        match self {
            Self::Sent(source) => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(Source::Header(name)) => write!(f, "{{header:{}}}", name.as_str()),
            Self::Sent(Source::Query(name)) => write!(f, "{{query:{name}}}"),
            Self::Sent(Source::Body(path)) => write!(f, "{{body:{}}}", path.as_str()),
            Self::Sent(Source::Form(path)) => write!(f, "{{form:{}}}", path.as_str()),
            Self::SortedForm { without } if !without.is_empty() => write!(f, "{{sortedForm:{}}}", without.join(",")),
            _ => {
                let known = NAMES.iter().find(|(_, known)| known == self);
                write!(f, "{{{}}}", known.map_or("", |(name, _)| name))
            }
        }
    }
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// What is filled in.
    Placeholder(Placeholder),
}

/// A text with placeholders in braces, such as `{timestamp}.{body}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template(Vec<Piece>);

impl Template {
    /// Lists the pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let pieces: Result<Vec<_>, String> = parts(&text)?.into_iter().map(piece).collect();
        let pieces = pieces?;
        if pieces.is_empty() {
            return Err("expected what is signed, but found an empty text".to_owned());
        }
        Ok(Self(pieces))
    }
}

fn piece(part: Part<'_>) -> Result<Piece, String> {
    match part {
        Part::Text(text) => Ok(Piece::Text(text.to_owned())),
        Part::Sent(source) => Ok(Piece::Placeholder(Placeholder::Sent(source))),
        Part::Other(inside) => Placeholder::read(inside).map(Piece::Placeholder).ok_or_else(|| {
            let known = NAMES.each_ref().map(|(name, _)| *name).join(", ");
            format!(
                "expected one of {known}, sortedForm:NAMES, header:NAME, query:NAME, body:PATH and form:NAME in the braces, \
                 but found something else"
            )
        }),
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Placeholder(placeholder) => placeholder.fmt(f),
        })
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, Placeholder, Template, NAMES};

    #[test]
    fn splits_a_template_and_prints_it_unchanged() {
        let all: String = NAMES.iter().map(|(name, _)| format!("{{{name}}}")).collect();
        for text in [
            "{timestamp}.{body}",
            "v0:{timestamp}:{body}",
            "x",
            "{sortedForm:sign,sign_type}&{header:x-a}{query:b}{body:c[0].d}{form:e}",
            &all,
        ] {
            assert_eq!(Template::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        let pieces = Template::try_from("a{body}".to_owned()).unwrap().0;
        assert_eq!(
            pieces,
            [Piece::Text("a".to_owned()), Piece::Placeholder(Placeholder::Body)]
        );
    }

    #[test]
    fn rejects_what_is_not_a_template_and_says_what_was_expected() {
        assert_eq!(
            Template::try_from(String::new()).unwrap_err(),
            "expected what is signed, but found an empty text"
        );
        for text in ["{Body}", "{body:}", "{header:a b}", "{sortedForm:a,}", "{computed}"] {
            assert_eq!(
                Template::try_from(text.to_owned()).unwrap_err(),
                "expected one of id, timestamp, nonce, body, inflatedBody, crc32, method, url, path, query, form, sortedForm, \
                 secret, encrypted, sortedForm:NAMES, header:NAME, query:NAME, body:PATH and form:NAME in the braces, but found \
                 something else"
            );
        }
    }
}
