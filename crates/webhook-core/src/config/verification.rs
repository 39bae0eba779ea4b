//! `handshake`: how the sender verifies the URL before it sends events.

use serde::Deserialize;

use super::reader::Field;
use crate::verification::UrlVerification;

/// Reads `handshake`: `{ kind, ... }`.
pub(super) fn read_verification(handshake: &Field<'_>) -> Option<UrlVerification> {
    // Serde takes a list for an object, its elements in order.
    let stored = handshake.object()?.value();
    // What serde says of a value that doesn't fit may hold the value, which may be a secret.
    let Ok(read) = UrlVerification::deserialize(stored) else {
        handshake.issue("HANDSHAKE", "expected { kind, ... } with the fields of that kind");
        return None;
    };
    if let Err(diagnosis) = read.sender().check_key() {
        let key = handshake.get("encodingAesKey");
        // A template is filled later.
        if !key.value().as_str().is_some_and(|text| text.contains("{{")) {
            key.issue("AES_KEY", diagnosis.to_string());
        }
    }
    Some(read)
}
