use std::borrow::Cow;

use super::{Paths, Place};
use crate::auth::HeaderName;

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Piece {
    /// Text as it is.
    Text(String),
    /// `{secret}`: the first secret of the first authentication method.
    Secret,
    /// `{url}`: the URL that the sender called, without its query.
    Url,
    /// `{computed}`: what the rule computes.
    Computed,
    /// A value that the sender chooses.
    Sent(Place),
}

/// Where a template is, which decides what its placeholders may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// In what is signed: any but `{computed}`.
    Signed,
    /// In the response: any but `{secret}`, and `{computed}` if the rule computes something.
    Reply {
        /// Whether it does.
        computes: bool,
    },
}

/// A text with placeholders in braces, such as `{query:challenge}`. A brace can't be escaped.
#[derive(Debug)]
pub(crate) struct Template {
    pub(super) pieces: Vec<Piece>,
}

impl Template {
    /// Compiles a text. The paths of `{body:PATH}` and `{form:NAME}` are added to `paths`. `{{...}}`, which is filled with a
    /// variable later, is text.
    ///
    /// # Errors
    /// What is expected, without the text itself, which may come of a secret variable.
    pub(crate) fn parse(text: &str, position: Position, paths: &mut Paths) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let brace = rest.find('{').unwrap_or(rest.len());
            let (before, braced) = rest.split_at(brace);
            if before.contains('}') {
                return Err("expected a { before each }, but found a } without one".to_owned());
            }
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let (open, close) = if braced.starts_with("{{") {
                ("{{", "}}")
            } else {
                ("{", "}")
            };
            let Some(inside) = braced.strip_prefix(open) else {
                break;
            };
            let (name, after) = inside
                .split_once(close)
                .ok_or_else(|| "expected a } after each {, but found a { without one".to_owned())?;
            pieces.push(if open == "{{" {
                Piece::Text(format!("{{{{{name}}}}}"))
            } else {
                placeholder(name, position, paths)?
            });
            rest = after;
        }
        Ok(Self { pieces })
    }

    /// Bytes of its text without the placeholders.
    pub(crate) fn text_length(&self) -> usize {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            _ => 0,
        });
        lengths.sum()
    }

    /// How many placeholders it has.
    pub(crate) fn placeholders(&self) -> usize {
        self.pieces
            .iter()
            .filter(|piece| !matches!(piece, Piece::Text(_)))
            .count()
    }

    pub(super) fn fill<'t, E>(
        &'t self,
        mut fill: impl FnMut(&'t Piece) -> Result<Cow<'t, str>, E>,
    ) -> Result<String, E> {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                other => filled.push_str(&fill(other)?),
            }
        }
        Ok(filled)
    }
}

fn placeholder(name: &str, position: Position, paths: &mut Paths) -> Result<Piece, String> {
    let piece = match name.split_once(':') {
        Some(("header", name)) => HeaderName::try_from(name.to_owned()).ok().map(Place::header),
        Some((_, "")) => None,
        Some(("query", name)) => Some(Place::query(name)),
        Some(("body", path)) => Some(Place::body(path, paths)),
        Some(("form", name)) => Some(Place::form(name, paths)),
        _ => None,
    };
    let is_reply = matches!(position, Position::Reply { .. });
    match (name, piece) {
        (_, Some(place)) => Ok(Piece::Sent(place)),
        ("url", _) => Ok(Piece::Url),
        ("secret", _) if !is_reply => Ok(Piece::Secret),
        ("computed", _) if position == (Position::Reply { computes: true }) => Ok(Piece::Computed),
        ("secret", _) => Err("expected no {secret} in the response, but found one".to_owned()),
        ("computed", _) if is_reply => Err("expected compute for {computed}, but found none".to_owned()),
        _ => {
            let own = if is_reply { "computed" } else { "secret" };
            Err(format!(
                "expected header:NAME, query:NAME, body:PATH, form:NAME, url or {own} in the braces, but found something else"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Paths, Position, Template};

    #[test]
    fn rejects_what_is_not_a_template_and_says_what_was_expected() {
        let reply = Position::Reply { computes: false };
        let names = |own: &str| {
            format!("expected header:NAME, query:NAME, body:PATH, form:NAME, url or {own} in the braces, but found something else")
        };
        for (text, position, message) in [
            (
                "{body",
                reply,
                "expected a } after each {, but found a { without one".to_owned(),
            ),
            (
                "{{body}",
                reply,
                "expected a } after each {, but found a { without one".to_owned(),
            ),
            (
                "body}",
                reply,
                "expected a { before each }, but found a } without one".to_owned(),
            ),
            ("{body}", reply, names("computed")),
            ("{body:}", reply, names("computed")),
            ("{header:a b}", reply, names("computed")),
            ("{cookie:a}", Position::Signed, names("secret")),
            ("{computed}", Position::Signed, names("secret")),
            (
                "{secret}",
                reply,
                "expected no {secret} in the response, but found one".to_owned(),
            ),
            (
                "{computed}",
                reply,
                "expected compute for {computed}, but found none".to_owned(),
            ),
        ] {
            let error = Template::parse(text, position, &mut Paths::default()).unwrap_err();
            assert_eq!(error, message, "{text}");
        }
    }

    #[test]
    fn takes_any_other_text_and_leaves_variables_for_later() {
        for (text, length, placeholders) in [
            ("", 0, 0),
            ("ok", 2, 0),
            ("a{query:b[c]}d{header:X-E}{body:f[].g}{form:h.i}{url}", 2, 5),
            ("{{$env.NAME}}{computed}", 13, 1),
        ] {
            let position = Position::Reply { computes: true };
            let template = Template::parse(text, position, &mut Paths::default()).unwrap();
            assert_eq!(
                (template.text_length(), template.placeholders()),
                (length, placeholders),
                "{text}"
            );
        }
    }
}
