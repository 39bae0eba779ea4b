//! Bodies with several signed elements.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::auth::{BodyPath, Diagnosis, RequestParts, Subject};
use crate::limits::MAX_SIGNED_ELEMENTS;
use crate::reading::RequestBody;

/// An element as a body of its own, so that paths are relative to it.
struct Element<'e>(&'e str);

impl RequestBody for Element<'_> {
    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn json(&self) -> Option<&[u8]> {
        Some(self.0.as_bytes())
    }

    fn is_form(&self) -> bool {
        false
    }

    fn inflated(&self, _most: usize) -> Option<Cow<'_, [u8]>> {
        None
    }
}

/// Checks the request with each element of the list at a path in place of its body, until one fails.
///
/// # Errors
/// What a check fails with, and a [`Diagnosis`] if the list isn't there, is empty, or has more than [`MAX_SIGNED_ELEMENTS`].
pub(super) fn check_each(
    path: &BodyPath,
    request: &RequestParts<'_>,
    mut check: impl FnMut(&RequestParts<'_>) -> Result<(), Diagnosis>,
) -> Result<(), Diagnosis> {
    let malformed = || Diagnosis::Malformed {
        subject: Subject::Body,
        place: format!("body at {}", path.as_str()),
        expected: format!("a list of 1 to {MAX_SIGNED_ELEMENTS} elements"),
    };
    let json = request.body.json().ok_or_else(malformed)?;
    let list = path.find(json).map_err(|_| malformed())?.ok_or_else(malformed)?;
    let elements = serde_json::Deserializer::from_str(&list)
        .deserialize_seq(Elements)
        .map_err(|_| malformed())?;
    for element in elements {
        check(&RequestParts {
            body: &Element(element.get()),
            ..*request
        })?;
    }
    Ok(())
}

/// Reads the elements of a list as they are, and no more than may be checked.
struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of a few elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            if elements.len() == MAX_SIGNED_ELEMENTS {
                return Err(Error::custom("more elements"));
            }
            elements.push(element);
        }
        if elements.is_empty() {
            return Err(Error::custom("no elements"));
        }
        Ok(elements)
    }
}
