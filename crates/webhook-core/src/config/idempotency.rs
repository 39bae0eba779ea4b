//! `idempotency`: where the sender says which event a request is.

use super::reader::Field;
use crate::json::PathSet;
use crate::reply::is_header_name;

/// Where the sender says which event it is, so that duplicates are distinguished from new events.
#[derive(Debug)]
pub enum Idempotency {
    /// In a header; the name in lower case.
    Header(String),
    /// At a path of a JSON body.
    Body(PathSet),
}

/// Reads `idempotency`: `false` or `{ source: "header" | "body", key }`.
///
/// One that can't be read makes the webhook unusable: it would take the sender's duplicates for new events.
pub(super) fn read_idempotency(idempotency: &Field<'_>) -> Option<Idempotency> {
    if idempotency.is_off() {
        return None;
    }
    let idempotency = idempotency.object()?;
    let (source, key) = (idempotency.get("source"), idempotency.get("key"));
    let name = key.value().as_str().unwrap_or_default();
    match source.value().as_str() {
        Some("header") if is_header_name(name) => return Some(Idempotency::Header(name.to_ascii_lowercase())),
        Some("header") => key.issue("HEADER_NAME", "expected the name of a header"),
        Some("body") if !name.is_empty() => return Some(Idempotency::Body(PathSet::new([name]))),
        Some("body") => key.issue("REQUIRED", "expected a path into the body"),
        _ => source.issue("SOURCE", "expected \"header\" or \"body\""),
    }
    None
}
