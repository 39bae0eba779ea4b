//! `publicUrl`: where senders reach NocoBase.

use url::Url;

use super::reader::Field;

/// Reads `publicUrl`: the part of a webhook's URL in front of the API base path, as senders call it. It is kept without a slash at
/// its end.
pub(super) fn read_public_url(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if url.is_none() {
        let expected = "expected a URL such as https://example.com, without user, query and fragment";
        field.issue("PUBLIC_URL", expected);
    }
    url.map(|url| url.as_str().trim_end_matches('/').to_owned())
}
