//! The head of a request as people copy it: out of a browser, a proxy's log, or what `curl -v` prints.

use crate::error::ParseError;
use crate::limits::MAX_HEAD_HEADERS;
use crate::request::{is_token, Headers};

/// What a copied head says.
#[derive(Debug, Default)]
pub struct Head {
    /// The method, where there is a request line or the pseudo-header of HTTP/2 for it.
    pub method: Option<String>,
    /// The path and query, or the whole URL, as written.
    pub target: Option<String>,
    /// The headers.
    pub headers: Headers<'static>,
}

/// Reads a head: one `Name: value` a line. A request line, empty lines and the `> ` of `curl -v` are skipped; the
/// headers of HTTP/2 that begin with a colon give the request line and `Host`.
///
/// # Errors
///
/// `HEADER_LINE` for a line that is none of these, `TOO_MANY_HEADERS` beyond [`MAX_HEAD_HEADERS`]. The message doesn't
/// hold the line, which may be a secret.
///
/// ```
/// use webhook_core::head::read_head;
/// let head = read_head("POST /hook?a=1 HTTP/1.1\r\nHost: example.com\r\nX-Id: 7\r\n").unwrap();
/// assert_eq!(head.method.as_deref(), Some("POST"));
/// assert_eq!(head.target.as_deref(), Some("/hook?a=1"));
/// assert_eq!(head.headers.first("x-id"), Some("7"));
/// assert_eq!(read_head("Host: a\nnonsense").unwrap_err().line, 2);
/// ```
pub fn read_head(text: &str) -> Result<Head, ParseError> {
    let mut head = Head::default();
    let mut pairs = Vec::new();
    let mut offset = 0;
    for whole in text.split_inclusive('\n') {
        let start = offset;
        offset += whole.len();
        let line = whole.trim();
        let line = line.strip_prefix("> ").unwrap_or(line);
        if line.is_empty() || line == ">" {
            continue;
        }
        if pairs.is_empty()
            && head.method.is_none()
            && let Some((method, target)) = request_line(line)
        {
            head.method = Some(method.to_owned());
            head.target = Some(target.to_owned());
            continue;
        }
        let (pseudo, rest) = line.strip_prefix(':').map_or(("", line), |rest| (":", rest));
        let (name, value) = match rest.split_once(':') {
            Some((name, value)) if is_token(name) => (name, value.trim()),
            _ => {
                let message = "expected a name, a colon and a value";
                return Err(ParseError::at("HEADER_LINE", message, text.as_bytes(), start));
            }
        };
        if pairs.len() == MAX_HEAD_HEADERS {
            let message = format!("expected at most {MAX_HEAD_HEADERS} headers, but found more");
            return Err(ParseError::at("TOO_MANY_HEADERS", message, text.as_bytes(), start));
        }
        match (pseudo, name) {
            (":", "method") => head.method = Some(value.to_owned()),
            (":", "path") => head.target = Some(value.to_owned()),
            (":", "authority") => pairs.push(("host".to_owned(), value.to_owned())),
            (":", _) => {}
            _ => pairs.push((name.to_owned(), value.to_owned())),
        }
    }
    head.headers = Headers::new(pairs);
    Ok(head)
}

// `POST /path HTTP/1.1`
fn request_line(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_ascii_whitespace();
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_method = method.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_method && version.starts_with("HTTP/") && words.next().is_none()).then_some((method, target))
}

#[cfg(test)]
mod tests {
    use super::{read_head, MAX_HEAD_HEADERS};

    #[test]
    fn reads_a_head_as_browsers_proxies_and_curl_show_it() {
        for (text, method, target, host) in [
            (
                "POST /a?b=1 HTTP/1.1\nHost: example.com\nX-A: 1",
                Some("POST"),
                Some("/a?b=1"),
                Some("example.com"),
            ),
            (
                "> POST /a HTTP/2\r\n> Host: example.com\r\n> x-a:1\r\n>\r\n",
                Some("POST"),
                Some("/a"),
                Some("example.com"),
            ),
            (
                ":authority: example.com\n:method: PUT\n:path: /a\n:scheme: https\nx-a:  1 ",
                Some("PUT"),
                Some("/a"),
                Some("example.com"),
            ),
            ("\n\nx-a: 1\n\n", None, None, None),
        ] {
            let head = read_head(text).unwrap();
            assert_eq!(
                (
                    head.method.as_deref(),
                    head.target.as_deref(),
                    head.headers.first("host")
                ),
                (method, target, host),
                "{text}"
            );
            assert_eq!(head.headers.first("x-a"), Some("1"), "{text}");
        }
        let head = read_head("X-A: 1\nx-a: 2\nAuthorization: Basic a:b").unwrap();
        assert_eq!(head.headers.joined("x-a").as_deref(), Some("1, 2"));
        assert_eq!(head.headers.first("authorization"), Some("Basic a:b"));
    }

    #[test]
    fn rejects_more_headers_than_a_request_has() {
        let text = |count| "a: 1\n".repeat(count);
        assert!(read_head(&text(MAX_HEAD_HEADERS)).is_ok());
        let error = read_head(&text(MAX_HEAD_HEADERS + 1)).unwrap_err();
        assert_eq!((error.code, error.line), ("TOO_MANY_HEADERS", 201));
    }

    #[test]
    fn rejects_a_line_that_is_not_a_header_by_its_place_without_repeating_it() {
        for (text, line) in [
            ("hunter2", 1),
            ("a: 1\nhunter2", 2),
            ("a: 1\n\nb c: hunter2", 3),
            ("a: 1\nPOST /hunter2 HTTP/1.1", 2),
            (":hunter2", 1),
            ("\u{feff}a: hunter2", 1),
        ] {
            let error = read_head(text).unwrap_err();
            assert_eq!(
                (error.code, error.line, error.column),
                ("HEADER_LINE", line, 1),
                "{text}"
            );
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
