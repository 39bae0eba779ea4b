//! The grammar of texts with placeholders, which signature schemes and the rules of URL verifications share.

use super::{HeaderName, Source};

/// A part of a text with placeholders.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// Text as it is.
    Text(&'t str),
    /// `{header:NAME}`, `{query:NAME}`, `{body:PATH}` or `{form:NAME}`: a value of the request.
    Sent(Source),
    /// What else is in braces.
    Other(&'t str),
}

/// Splits a text at its placeholders, such as `{timestamp}.{body}`. A brace can't be escaped. `{{...}}`, which is filled with a
/// variable before anything is compiled, is text.
///
/// # Errors
/// What is expected, without the text itself, which may come from a secret variable.
pub(crate) fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (before, braced) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
        if before.contains('}') {
            return Err("expected a { before each }, but found a } without one".to_owned());
        }
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        if braced.is_empty() {
            break;
        }
        let (open, close) = if braced.starts_with("{{") {
            ("{{", "}}")
        } else {
            ("{", "}")
        };
        let end = braced
            .find(close)
            .ok_or_else(|| "expected a } after each {, but found a { without one".to_owned())?;
        let (whole, after) = braced.split_at(end + close.len());
        parts.push(if open == "{{" {
            Part::Text(whole)
        } else {
            placeholder(&braced[open.len()..end])
        });
        rest = after;
    }
    Ok(parts)
}

fn placeholder(inside: &str) -> Part<'_> {
    let source = match inside.split_once(':') {
        Some(("header", name)) => HeaderName::try_from(name.to_owned()).ok().map(Source::Header),
        Some((_, "")) | None => None,
        Some(("query", name)) => Some(Source::Query(name.to_owned())),
        Some(("body", path)) => Some(Source::Body(path.into())),
        Some(("form", name)) => Some(Source::Form(name.into())),
        Some(_) => None,
    };
    source.map_or(Part::Other(inside), Part::Sent)
}

#[cfg(test)]
mod tests {
    use super::{parts, Part};
    use crate::auth::Source;

    #[test]
    fn splits_a_text_at_its_placeholders_and_leaves_variables_for_later() {
        assert_eq!(parts(""), Ok(vec![]));
        let split = parts("a{b}c{{$env.D}}{query:e[f]}{body:}{header:g h}");
        let expected = [
            Part::Text("a"),
            Part::Other("b"),
            Part::Text("c"),
            Part::Text("{{$env.D}}"),
            Part::Sent(Source::Query("e[f]".to_owned())),
            Part::Other("body:"),
            Part::Other("header:g h"),
        ];
        assert_eq!(split.as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn rejects_braces_that_do_not_match() {
        let unclosed = Err("expected a } after each {, but found a { without one".to_owned());
        let unopened = Err("expected a { before each }, but found a } without one".to_owned());
        assert_eq!(parts("{body"), unclosed);
        assert_eq!(parts("{{body}"), unclosed);
        assert_eq!(parts("body}"), unopened);
    }
}
