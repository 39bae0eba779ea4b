use std::borrow::Cow;

use super::{Paths, Place};
use crate::auth::template::{parts, Part};

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

/// A text with placeholders in braces, such as `{query:challenge}`.
#[derive(Debug)]
pub(crate) struct Template {
    pub(super) pieces: Vec<Piece>,
}

impl Template {
    /// Compiles a text. The paths of `{body:PATH}` and `{form:NAME}` are added to `paths`.
    ///
    /// # Errors
    /// What is expected, without the text itself, which may come of a secret variable.
    pub(crate) fn parse(text: &str, position: Position, paths: &mut Paths) -> Result<Self, String> {
        let pieces = parts(text)?.into_iter().map(|part| match part {
            Part::Text(text) => Ok(Piece::Text(text.to_owned())),
            Part::Sent(source) => Ok(Piece::Sent(Place::of(source, paths))),
            Part::Other(name) => placeholder(name, position),
        });
        Ok(Self {
            pieces: pieces.collect::<Result<_, String>>()?,
        })
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

fn placeholder(name: &str, position: Position) -> Result<Piece, String> {
    let is_reply = matches!(position, Position::Reply { .. });
    match name {
        "url" => Ok(Piece::Url),
        "secret" if !is_reply => Ok(Piece::Secret),
        "computed" if position == (Position::Reply { computes: true }) => Ok(Piece::Computed),
        "secret" => Err("expected no {secret} in the response, but found one".to_owned()),
        "computed" if is_reply => Err("expected compute for {computed}, but found none".to_owned()),
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
