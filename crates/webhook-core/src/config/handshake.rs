//! `handshake`: how the sender verifies the URL before it sends events.

use serde::Deserialize;

use super::reader::Field;
use crate::auth::envelope::WecomKey;
use crate::handshake::Handshake;

/// Reads `handshake`: `{ kind, ... }`.
pub(super) fn read_handshake(handshake: &Field<'_>) -> Option<Handshake> {
    // Serde takes a list for an object, its elements in order.
    let stored = handshake.object()?.value();
    // What serde says of a value that doesn't fit may hold the value, which may be a secret.
    let Ok(read) = Handshake::deserialize(stored) else {
        handshake.issue("HANDSHAKE", "expected { kind, ... } with the fields of that kind");
        return None;
    };
    // A template is filled later.
    let key = read.encoding_aes_key().filter(|key| !key.expose().contains("{{"));
    if let Some(Err(diagnosis)) = key.map(WecomKey::new) {
        let key = handshake.get("encodingAesKey");
        key.issue("AES_KEY", diagnosis.to_string());
    }
    Some(read)
}
