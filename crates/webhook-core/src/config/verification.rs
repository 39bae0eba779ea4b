//! `handshake`: how the sender verifies the URL before it sends events.

mod rules;

use serde::Deserialize;

use super::reader::Field;
use crate::auth::AuthMethod;
use crate::limits::MAX_VERIFICATION_RULES;
use crate::verification::{presets, Rules, UrlVerification};
use rules::Keys;

/// Reads `handshake`: `{ kind, ... }`. `methods` are the authentication methods, of whose keys a rule may use the first.
pub(super) fn read_verification(handshake: &Field<'_>, methods: &[AuthMethod]) -> Option<UrlVerification> {
    // Serde takes a list for an object, its elements in order.
    let handshake = handshake.object()?;
    let kind = handshake.get("kind").value().as_str().unwrap_or_default();
    if kind == "custom" {
        handshake.known(&["kind", "rules"]);
        let rules = rules::read_rules(&handshake.get("rules"), &Keys::of(methods))?;
        return Some(UrlVerification::Rules(rules));
    }
    if let Some((_, fields)) = presets::KINDS.iter().find(|(known, _)| *known == kind) {
        return read_preset(handshake, kind, fields).map(UrlVerification::Rules);
    }
    // What serde says of a value that doesn't fit may hold the value, which may be a secret.
    let Ok(read) = UrlVerification::deserialize(handshake.value()) else {
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

fn read_preset(handshake: &Field<'_>, kind: &str, fields: &[&str]) -> Option<Rules> {
    let known: Vec<_> = std::iter::once("kind").chain(fields.iter().copied()).collect();
    handshake.known(&known);
    let app_id = match fields.contains(&"appId") {
        true => handshake.get("appId").required_text()?,
        false => "",
    };
    let listed = handshake.get("topics").list().unwrap_or_default();
    if listed.len() > MAX_VERIFICATION_RULES {
        let message = format!("expected at most {MAX_VERIFICATION_RULES} topics");
        handshake.get("topics").issue("TOO_MANY", message);
        return None;
    }
    let topics: Option<Vec<_>> = listed.iter().map(Field::required_text).collect();
    let stored = presets::rules(kind, app_id, &topics?)?;
    // A test reads the rules of every kind.
    rules::read_rules(&handshake.with(&stored), &Keys::default())
}
