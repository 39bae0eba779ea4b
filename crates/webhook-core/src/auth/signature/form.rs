//! What is signed of a form.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::auth::{Diagnosis, RequestParts, Subject};
use crate::limits::MAX_QUERY_PARAMETERS;
use crate::query;

/// Returns each parameter's name and value as Twilio signs them: sorted by name, of a repeated one each value once, sorted. `expected`
/// says what the body has to be.
pub(super) fn concatenated(request: &RequestParts<'_>, expected: &str) -> Result<String, Diagnosis> {
    let form = read(request, expected)?;
    let text = std::str::from_utf8(form).map_err(|_| malformed(expected))?;
    let mut parameters: Vec<_> = query::parameters(text).take(MAX_QUERY_PARAMETERS + 1).collect();
    if parameters.len() > MAX_QUERY_PARAMETERS {
        return Err(too_many());
    }
    // JavaScript sorts by UTF-16 units.
    parameters.sort_by(|(name, value), (other_name, other_value)| {
        let by_name = name.encode_utf16().cmp(other_name.encode_utf16());
        by_name.then_with(|| value.encode_utf16().cmp(other_value.encode_utf16()))
    });
    parameters.dedup();
    Ok(parameters.into_iter().flat_map(|(name, value)| [name, value]).collect())
}

/// Returns each parameter that has a name as `name=value`, sorted by its bytes, with `&` in between, except those named in `without`. The
/// bytes are those that the sender escaped, whatever their charset: Alipay signs before it escapes.
pub(super) fn sorted(request: &RequestParts<'_>, without: &[String]) -> Result<Vec<u8>, Diagnosis> {
    let form = read(request, "a form")?;
    let mut parameters = Vec::new();
    for part in form.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        let equals = part.iter().position(|byte| *byte == b'=');
        let (name, value) = part.split_at(equals.unwrap_or(part.len()));
        let (name, value) = (decoded(name), decoded(value.get(1..).unwrap_or_default()));
        if !name.is_empty() && !without.iter().any(|left_out| left_out.as_bytes() == &*name) {
            parameters.push((name, value));
        }
        if parameters.len() > MAX_QUERY_PARAMETERS {
            return Err(too_many());
        }
    }
    parameters.sort();
    let parameters: Vec<_> = parameters
        .iter()
        .map(|(name, value)| [&**name, value].join(&b'='))
        .collect();
    Ok(parameters.join(&b'&'))
}

fn decoded(escaped: &[u8]) -> Cow<'_, [u8]> {
    if !escaped.contains(&b'+') {
        return percent_decode(escaped).into();
    }
    let spaced: Vec<_> = escaped
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

fn read<'r>(request: &RequestParts<'r>, expected: &str) -> Result<&'r [u8], Diagnosis> {
    let body = request.body.bytes();
    let media_type = request.headers.first("content-type").unwrap_or_default();
    let is_form = media_type
        .split(';')
        .next()
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if is_form || body.is_empty() {
        Ok(body)
    } else {
        Err(malformed(expected))
    }
}

fn malformed(expected: impl Into<String>) -> Diagnosis {
    Diagnosis::Malformed {
        subject: Subject::Body,
        place: "the request".to_owned(),
        expected: expected.into(),
    }
}

fn too_many() -> Diagnosis {
    malformed(format!("at most {MAX_QUERY_PARAMETERS} parameters"))
}
