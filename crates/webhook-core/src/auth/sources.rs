use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::{Diagnosis, RequestParts, Source, Subject};

/// Where in a request a value may be: one place, or several, of which the first that has a value counts. Stored as the place, or as a
/// list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Returns several places, tried in order.
    pub fn first_of(sources: impl Into<Vec<Source>>) -> Self {
        Self(sources.into())
    }

    /// Lists the places.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether reading it may mean parsing the body.
    pub(super) fn is_in_body(&self) -> bool {
        self.iter().any(Source::is_in_body)
    }

    /// The value, which has to be there.
    pub(super) fn read<'r>(&self, subject: Subject, request: &RequestParts<'r>) -> Result<Cow<'r, str>, Diagnosis> {
        self.find(subject, request)?.ok_or_else(|| self.missing(subject))
    }

    /// The first value that is there. Where one place can't be read, such as a path into a body that isn't JSON, the others still
    /// count; a value that is there twice doesn't.
    pub(super) fn find<'r>(
        &self,
        subject: Subject,
        request: &RequestParts<'r>,
    ) -> Result<Option<Cow<'r, str>>, Diagnosis> {
        self.find_by(|source| source.find(subject, request))
    }

    /// As [`find`](Self::find), given how a value is found in one place.
    pub(super) fn find_by<'r>(
        &self,
        find: impl Fn(&Source) -> Result<Option<Cow<'r, str>>, Diagnosis>,
    ) -> Result<Option<Cow<'r, str>>, Diagnosis> {
        // Nearly always there is one.
        if let [source] = self.0.as_slice() {
            return find(source);
        }
        let mut unread = None;
        for source in &self.0 {
            match find(source) {
                Ok(Some(value)) => return Ok(Some(value)),
                Ok(None) => {}
                Err(malformed @ Diagnosis::Malformed { .. }) => unread = unread.or(Some(malformed)),
                Err(other) => return Err(other),
            }
        }
        unread.map_or(Ok(None), Err)
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
}

impl From<Source> for Sources {
    fn from(source: Source) -> Self {
        Self(vec![source])
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, source) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " or " })?;
            source.fmt(f)?;
        }
        Ok(())
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [source] => source.serialize(serializer),
            sources => sources.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Sources;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place such as { header: name }, or a list of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Sources, A::Error> {
                Source::deserialize(MapAccessDeserializer::new(map)).map(Sources::from)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Sources, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Sources)
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}
