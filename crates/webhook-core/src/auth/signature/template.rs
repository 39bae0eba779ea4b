use std::fmt;

use serde::{Deserialize, Serialize};

/// What a placeholder of a template is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `{id}`: the id of the request.
    Id,
    /// `{timestamp}`: the time, as the sender wrote it.
    Timestamp,
    /// `{nonce}`
    Nonce,
    /// `{body}`: the body's exact bytes.
    Body,
    /// `{url}`: the URL that the sender called.
    Url,
    /// `{query}`: what follows its `?`, as sent.
    Query,
    /// `{form}`: every parameter of a form, its name and its value, sorted by name, with nothing in between (Twilio).
    Form,
    /// `{secret}`: the secret itself, for a hash that has no key.
    Secret,
    /// `{encrypted}`: the encrypted text that an envelope holds.
    Encrypted,
}

const NAMES: [(&str, Placeholder); 9] = [
    ("id", Placeholder::Id),
    ("timestamp", Placeholder::Timestamp),
    ("nonce", Placeholder::Nonce),
    ("body", Placeholder::Body),
    ("url", Placeholder::Url),
    ("query", Placeholder::Query),
    ("form", Placeholder::Form),
    ("secret", Placeholder::Secret),
    ("encrypted", Placeholder::Encrypted),
];

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// What is filled in.
    Placeholder(Placeholder),
}

/// A text with placeholders in braces, such as `{timestamp}.{body}`. A brace can't be escaped; no sender signs one.
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
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (before, after) = rest.split_once('{').unwrap_or((rest, ""));
            if before.contains('}') {
                return Err("expected a { before each }, but found a } without one".to_owned());
            }
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            if before.len() == rest.len() {
                break;
            }
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| "expected a } after each {, but found a { without one".to_owned())?;
            let (_, placeholder) = NAMES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
                let known = NAMES.map(|(name, _)| name).join(", ");
                format!("expected one of {known} in the braces, but found another name")
            })?;
            pieces.push(Piece::Placeholder(*placeholder));
            rest = after;
        }
        if pieces.is_empty() {
            return Err("expected what is signed, but found an empty text".to_owned());
        }
        Ok(Self(pieces))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Placeholder(placeholder) => {
                    let name = NAMES
                        .iter()
                        .find(|(_, known)| known == placeholder)
                        .map_or("", |(name, _)| name);
                    write!(f, "{{{name}}}")?;
                }
            }
        }
        Ok(())
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, Placeholder, Template};

    #[test]
    fn splits_a_template_and_prints_it_unchanged() {
        for text in [
            "{timestamp}.{body}",
            "v0:{timestamp}:{body}",
            "x",
            "{id}{url}{query}{form}{nonce}{secret}{encrypted}",
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
        for (text, message) in [
            ("", "expected what is signed, but found an empty text"),
            ("{body", "expected a } after each {, but found a { without one"),
            ("body}", "expected a { before each }, but found a } without one"),
            ("{Body}", "expected one of id, timestamp, nonce, body, url, query, form, secret, encrypted in the braces, but found another name"),
        ] {
            assert_eq!(Template::try_from(text.to_owned()).unwrap_err(), message);
        }
    }
}
