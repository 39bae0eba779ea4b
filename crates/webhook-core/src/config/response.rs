//! `response`: what the caller gets. A Response node's configuration has the same form.

use super::reader::Field;
use crate::reply::{is_header_name, is_reserved, unsendable_at, STATUS_MAX, STATUS_MIN};

/// Checks `{ statusCode, headers: [{ name, value }], body }`. The values may hold templates, so
/// [`Reply::build`](crate::reply::Reply::build) reads them once they are filled.
pub(super) fn check_response(response: &Field<'_>) {
    response.object();
    let status = response.get("statusCode");
    let range = f64::from(STATUS_MIN)..=f64::from(STATUS_MAX);
    let is_status = |number: f64| number.fract() == 0.0 && range.contains(&number);
    if !status.is_absent() && !status.value().as_f64().is_some_and(is_status) {
        status.issue(
            "STATUS_CODE",
            format!("expected an integer from {STATUS_MIN} to {STATUS_MAX}"),
        );
    }
    for header in response.get("headers").list().unwrap_or_default() {
        check_header(&header);
    }
}

fn check_header(header: &Field<'_>) {
    let Some(header) = header.required_object() else {
        return;
    };
    let name = header.get("name");
    match name.value().as_str().filter(|text| is_header_name(text)) {
        Some(text) if is_reserved(text) => name.issue(
            "HEADER_RESERVED",
            "expected a header of the response, but found one that HTTP reserves for framing and the connection",
        ),
        Some(_) => {}
        None => name.issue(
            "HEADER_NAME",
            "expected a name that begins with a letter and goes on with letters, digits, \"-\" or \"_\"",
        ),
    }
    let value = header.get("value");
    if let Some(at) = value.text().and_then(unsendable_at) {
        value.issue(
            "HEADER_VALUE",
            format!("expected a value without control characters, but found one (a line break, for example) at position {at}"),
        );
    }
}
