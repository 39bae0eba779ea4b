//! `public`, `basicAuthentication` and `authentication`: how senders authenticate.

use serde_json::Value;

use super::reader::Field;
use crate::auth::basic::Basic;
use crate::auth::{presets, AuthMethod, Scheme, Secret};
use crate::json::{Decoder, Decoding};
use crate::limits::{MAX_METHODS, MAX_SECRETS};

/// Checks `public`, with which the owner confirms that anyone may send requests. Methods that are configured as well
/// count all the same.
pub(super) fn check_public(public: &Field<'_>) {
    public.boolean();
}

/// Reads `basicAuthentication`: `false` or `{ username, password }`.
pub(super) fn read_basic(basic: &Field<'_>) -> Option<Basic> {
    if basic.is_off() {
        return None;
    }
    if !basic.value().is_object() {
        basic.wrong_type("false or { username, password }");
        return None;
    }
    let username = basic.get("username");
    let password = basic.get("password");
    let (name, password) = (either(&username, &password), either(&password, &username));
    let name = name?;
    // A template is filled later.
    if name.contains(':') && !name.contains("{{") {
        username.issue(
            "COLON_IN_USERNAME",
            "expected a user name without a colon, which HTTP Basic cannot send",
        );
    }
    Some(Basic::new(name, password?))
}

// Some senders leave one of the two empty (Azure DevOps the user name), but both together protect nothing.
fn either<'a>(field: &Field<'a>, other: &Field<'_>) -> Option<&'a str> {
    let is_empty = |field: &Field<'_>| field.value().as_str() == Some("");
    if is_empty(field) && !is_empty(other) {
        Some("")
    } else {
        field.required_text()
    }
}

/// Reads `authentication`: `[{ preset | scheme, secrets }]`. A request has to pass each method.
///
/// An empty list is an issue: it looks like protection but isn't. To configure none, leave the key out.
pub(super) fn read_methods(methods: &Field<'_>) -> Vec<AuthMethod> {
    let Some(list) = methods.list() else {
        return vec![];
    };
    if list.is_empty() {
        methods.issue(
            "REQUIRED",
            "expected at least one authentication method, but found an empty list; leave the key out for none",
        );
    }
    if list.len() > MAX_METHODS {
        methods.issue(
            "TOO_MANY",
            format!(
                "expected at most {MAX_METHODS} authentication methods, but found {}",
                list.len()
            ),
        );
        return vec![];
    }
    list.iter().filter_map(read_method).collect()
}

fn read_method(method: &Field<'_>) -> Option<AuthMethod> {
    let method = method.required_object()?;
    let scheme = read_scheme(method);
    let secrets = read_secrets(&method.get("secrets"));
    let (scheme, secrets) = (scheme?, secrets?);
    if let Scheme::Signature(signature) = &scheme
        && signature.has_compiled_keys()
        // A template is filled later.
        && !secrets.iter().all(|secret| signature.takes(secret) || secret.expose().contains("{{"))
    {
        method
            .get("secrets")
            .issue("SECRETS", format!("expected {}", signature.key_forms()));
    }
    Some(AuthMethod { scheme, secrets })
}

/// Returns the field in which the sender of a preset puts JSON into a form, if one of the methods is such a preset.
pub(super) fn form_payload(methods: &Field<'_>) -> Option<Decoder> {
    let list = methods.value().as_array()?;
    let sends_payload = |method: &Value| matches!(method["preset"].as_str(), Some("github" | "slack"));
    list.iter()
        .any(sends_payload)
        .then(|| Decoder::new("payload", Decoding::Json))?
}

fn read_scheme(method: &Field<'_>) -> Option<Scheme> {
    let (preset, scheme) = (method.get("preset"), method.get("scheme"));
    if preset.is_absent() == scheme.is_absent() {
        method.issue("SCHEME", "expected either a preset's name or a scheme");
        return None;
    }
    if let Some(name) = preset.text() {
        let found = presets::find(name);
        if found.is_none() {
            let known = presets::NAMES.join(", ");
            preset.issue("UNKNOWN_PRESET", format!("expected one of {known}"));
        }
        return found;
    }
    let stored = scheme.object()?.value().to_string();
    Scheme::from_json(&stored)
        .map_err(|reason| scheme.issue("SCHEME", reason))
        .ok()
}

fn read_secrets(secrets: &Field<'_>) -> Option<Vec<Secret>> {
    let listed = secrets.list().unwrap_or_default();
    let read: Vec<_> = listed
        .iter()
        .filter_map(|secret| Secret::new(secret.value().as_str()?).ok())
        .collect();
    if read.len() != listed.len() || !(1..=MAX_SECRETS).contains(&read.len()) {
        secrets.issue(
            "SECRETS",
            format!("expected 1 to {MAX_SECRETS} texts that are not blank"),
        );
        return None;
    }
    Some(read)
}
