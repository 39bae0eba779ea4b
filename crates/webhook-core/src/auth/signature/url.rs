use std::borrow::Cow;

/// A URL cut into scheme (with `://`), user information (with `@`), host, port (with `:`) and the rest.
struct Parts<'u> {
    scheme: &'u str,
    user: &'u str,
    host: &'u str,
    port: &'u str,
    rest: &'u str,
}

fn cut(url: &str) -> Option<Parts<'_>> {
    let scheme = url.find("://")? + 3;
    let end = url[scheme..].find(['/', '?', '#']).map_or(url.len(), |at| scheme + at);
    let authority = &url[scheme..end];
    let host = authority.rfind('@').map_or(0, |at| at + 1);
    // A colon only begins a port behind the bracket of an IPv6 address.
    let bracket = authority.rfind(']').unwrap_or(host).max(host);
    let port = authority[bracket..]
        .find(':')
        .map_or(authority.len(), |at| bracket + at);
    Some(Parts {
        scheme: &url[..scheme],
        user: &authority[..host],
        host: &authority[host..port],
        port: &authority[port..],
        rest: &url[end..],
    })
}

/// Returns the URL as it is, without its port, and with its scheme's default one: Twilio signs one or the other, whatever the
/// URL says.
pub(super) fn ports(url: &str) -> Vec<Cow<'_, str>> {
    let mut forms = vec![Cow::Borrowed(url)];
    if let Some(Parts {
        scheme,
        user,
        host,
        port,
        rest,
    }) = cut(url)
    {
        let default = if scheme.eq_ignore_ascii_case("https://") {
            ":443"
        } else {
            ":80"
        };
        let other = if port.is_empty() { default } else { "" };
        forms.push(Cow::Owned([scheme, user, host, other, rest].concat()));
    }
    forms
}

/// Returns the path of a URL, without its query.
pub(super) fn path(url: &str) -> &str {
    let rest = cut(url).map_or(url, |parts| parts.rest);
    &rest[..rest.find(['?', '#']).unwrap_or(rest.len())]
}

/// The URL in the other forms in which it may have been configured at the sender: over `https` or `http`, and with or
/// without a `/` at the end of its path.
pub(in crate::auth) fn variants(url: &str) -> Vec<String> {
    let Some(Parts {
        scheme,
        user,
        host,
        port,
        rest,
    }) = cut(url)
    else {
        return Vec::new();
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, tail) = rest.split_at(end);
    let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    let mut variants = Vec::new();
    for scheme in [scheme, "https://", "http://"] {
        for path in [path, &other] {
            variants.push([scheme, user, host, port, path, tail].concat());
        }
    }
    variants.retain(|variant| variant != url);
    variants
}

#[cfg(test)]
mod tests {
    use super::{path, ports, variants};

    #[test]
    fn adds_and_removes_the_port_in_its_place() {
        for (url, other) in [
            ("https://example.com/a?b=c:1", "https://example.com:443/a?b=c:1"),
            ("http://example.com", "http://example.com:80"),
            (
                "https://user:pass@example.com:8443/a",
                "https://user:pass@example.com/a",
            ),
            ("https://[::1]/a", "https://[::1]:443/a"),
            ("https://[::1]:8443/a", "https://[::1]/a"),
            ("https://example.com?a=@b:1", "https://example.com:443?a=@b:1"),
        ] {
            assert_eq!(ports(url), [url, other]);
        }
        assert_eq!(ports("/a"), ["/a"]);
    }

    #[test]
    fn takes_the_path_without_host_and_query() {
        for (url, expected) in [
            ("https://example.com/a/b?c=/d#e", "/a/b"),
            ("https://example.com", ""),
            ("/a?b", "/a"),
        ] {
            assert_eq!(path(url), expected);
        }
    }

    #[test]
    fn lists_urls_that_differ_in_scheme_and_last_slash() {
        let forms = variants("http://example.com/a?b");
        for expected in [
            "https://example.com/a?b",
            "https://example.com/a/?b",
            "http://example.com/a/?b",
        ] {
            assert!(forms.iter().any(|form| form == expected), "{expected}");
        }
        assert!(variants("http://example.com/a/?b").contains(&"http://example.com/a?b".to_owned()));
        assert!(variants("nothing").is_empty());
    }
}
