use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;

use super::template::{Piece, Placeholder, Template};
use crate::auth::Source;
use crate::json::PathSet;

/// What is signed: a text with placeholders, or several that are sorted by their bytes and put together with nothing in between
/// (WeCom, DingTalk). Stored as the text, or as `{ "sorted": [texts] }`.
#[derive(Debug, Clone)]
pub struct Signed {
    templates: Vec<Template>,
    is_sorted: bool,
    signs_whole_url: bool,
    has_others: bool,
    /// The paths of `{body:PATH}` and `{form:NAME}`, so that the body is walked once for them.
    body_paths: PathSet,
}

impl Signed {
    /// Returns one text to sign.
    pub fn text(template: Template) -> Self {
        Self::new(vec![template], false)
    }

    /// Returns several texts to sign, sorted.
    pub fn sorted(templates: Vec<Template>) -> Self {
        Self::new(templates, true)
    }

    fn new(templates: Vec<Template>, is_sorted: bool) -> Self {
        let signs_whole_url = placeholders(&templates).any(|placeholder| *placeholder == Placeholder::Url);
        let has_others = placeholders(&templates).any(Placeholder::is_looked_for);
        let sources = placeholders(&templates).filter_map(Placeholder::source);
        let body_paths = PathSet::new(sources.filter_map(Source::body_path));
        Self {
            templates,
            is_sorted,
            signs_whole_url,
            has_others,
            body_paths,
        }
    }

    pub(super) fn templates(&self) -> &[Template] {
        &self.templates
    }

    pub(super) fn is_sorted(&self) -> bool {
        self.is_sorted
    }

    /// Whether it has the URL as the sender called it, which may have been signed with or without its port.
    pub(super) fn signs_whole_url(&self) -> bool {
        self.signs_whole_url
    }

    /// Whether it has placeholders whose values have to be looked for or made.
    pub(super) fn has_others(&self) -> bool {
        self.has_others
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        placeholders(&self.templates)
    }

    /// The values of the request that are signed.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.placeholders().filter_map(Placeholder::source)
    }

    /// The placeholders with values of the body, in the order of [`body_paths`](Self::body_paths).
    pub(super) fn body_sources(&self) -> impl Iterator<Item = (&Placeholder, &Source)> {
        let sources = self
            .placeholders()
            .filter_map(|placeholder| Some((placeholder, placeholder.source()?)));
        sources.filter(|(_, source)| source.is_in_body())
    }

    pub(super) fn body_paths(&self) -> &PathSet {
        &self.body_paths
    }
}

fn placeholders(templates: &[Template]) -> impl Iterator<Item = &Placeholder> {
    let pieces = templates.iter().flat_map(Template::pieces);
    pieces.filter_map(|piece| match piece {
        Piece::Placeholder(placeholder) => Some(placeholder),
        Piece::Text(_) => None,
    })
}

impl PartialEq for Signed {
    fn eq(&self, other: &Self) -> bool {
        self.templates == other.templates && self.is_sorted == other.is_sorted
    }
}

impl Eq for Signed {}

/// How several texts are stored.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Sorted {
    sorted: Vec<Template>,
}

impl Serialize for Signed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.templates.as_slice() {
            [template] if !self.is_sorted => template.serialize(serializer),
            templates => Sorted {
                sorted: templates.to_vec(),
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Signed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrSorted;

        impl<'de> Visitor<'de> for TextOrSorted {
            type Value = Signed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or { sorted: [texts] }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Signed, E> {
                Template::deserialize(StrDeserializer::new(text)).map(Signed::text)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Signed, A::Error> {
                let stored = Sorted::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Signed::sorted(stored.sorted))
            }
        }

        deserializer.deserialize_any(TextOrSorted)
    }
}
