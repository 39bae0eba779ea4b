//! What commonly goes wrong with a signature, tried one after another.

use std::borrow::Cow;
use std::cell::Cell;

use super::signature::{Encoding, Signature};
use super::{Hint, PublicKeyChecks, RequestParts, Secret};
use crate::json;
use crate::limits::{MAX_HINT_BYTES, MAX_HINT_WORK, PUBLIC_KEY_CHECK_WORK};
use crate::reading::RequestBody;

/// Work that trying a form takes besides its bytes: the signatures are read again.
const LEAST_WORK: usize = 256;

/// The work that is left for finding hints about one request.
#[derive(Debug)]
pub struct HintWork(Cell<usize>);

impl Default for HintWork {
    fn default() -> Self {
        Self(Cell::new(MAX_HINT_WORK))
    }
}

impl HintWork {
    // Takes work for these bytes if enough is left.
    fn takes(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// The first change to the request, a secret or the scheme with which the signature would match.
///
/// Only someone who could have sent a matching request learns anything from it: a change that matches is one for which the
/// sender knew the signature.
pub(super) fn find(
    scheme: &Signature,
    secrets: &[Secret],
    request: &RequestParts<'_>,
    work: &HintWork,
) -> Option<Hint> {
    let is_signed = |scheme: &Signature, secrets: &[Secret], request: &RequestParts<'_>| {
        let checks = PublicKeyChecks::default();
        let is_signed = work.takes((request.body.bytes().len() + LEAST_WORK) * secrets.len())
            && scheme.is_signed(secrets, request, &checks);
        work.takes(checks.taken() * PUBLIC_KEY_CHECK_WORK);
        is_signed
    };
    let trimmed: Vec<_> = secrets
        .iter()
        .filter_map(|secret| Secret::new(secret.expose().trim()).ok())
        .collect();
    if is_signed(scheme, &trimmed, request) {
        return Some(Hint::SecretWhitespace);
    }
    for form in [Encoding::Text, Encoding::Base64, Encoding::Hex] {
        for keep_prefix in [false, true] {
            let mut other = scheme.clone();
            for accept in &mut other.accept {
                accept.key.form = form;
                if keep_prefix {
                    accept.key.prefix = None;
                }
            }
            let without_prefix: Vec<_> = trimmed.iter().filter_map(strip_prefix).collect();
            if is_signed(&other, &trimmed, request) || is_signed(&other, &without_prefix, request) {
                return Some(Hint::SecretForm);
            }
        }
    }
    if scheme.signs_url() {
        let forms = super::signature::url_variants(request.url);
        if forms
            .iter()
            .any(|url| is_signed(scheme, secrets, &RequestParts { url, ..*request }))
        {
            return Some(Hint::Url);
        }
    }
    bodies(request.body, work)
        .find(|(_, bytes)| {
            let body = &Rewritten {
                bytes,
                sent: request.body,
            };
            is_signed(scheme, secrets, &RequestParts { body, ..*request })
        })
        .map(|(hint, _)| hint)
}

/// A body in another form. Its values are the same.
struct Rewritten<'a> {
    bytes: &'a [u8],
    sent: &'a dyn RequestBody,
}

impl RequestBody for Rewritten<'_> {
    fn bytes(&self) -> &[u8] {
        self.bytes
    }

    fn json(&self) -> Option<&[u8]> {
        self.sent.json()
    }

    fn is_form(&self) -> bool {
        self.sent.is_form()
    }

    fn inflated(&self, most: usize) -> Option<Cow<'_, [u8]>> {
        self.sent.inflated(most)
    }
}

// `whsec_`, `whpk_` and the like.
fn strip_prefix(secret: &Secret) -> Option<Secret> {
    let (prefix, rest) = secret.expose().split_once('_')?;
    let is_prefix = prefix.len() <= 8 && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
    Secret::new(rest).ok().filter(|_| is_prefix)
}

/// The forms that a body may have had when it was signed, each made when it is asked for and while there is work left.
fn bodies<'a>(sent: &'a dyn RequestBody, work: &'a HintWork) -> impl Iterator<Item = (Hint, Vec<u8>)> + 'a {
    let bytes = Some(sent.bytes()).filter(|bytes| bytes.len() <= MAX_HINT_BYTES);
    let inflated = bytes.and_then(|_| sent.inflated(MAX_HINT_WORK));
    let compressed = inflated.filter(|inflated| **inflated != *sent.bytes() && work.takes(inflated.len()));
    let inflated = compressed.map(|inflated| (Hint::BodyInflated, inflated.into_owned()));
    let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let written = text.into_iter().flat_map(|text| {
        let ends = ["\n", "\r\n"].map(|end| (Hint::BodyWhitespace, format!("{text}{end}").into_bytes()));
        let trimmed = (Hint::BodyWhitespace, text.trim().as_bytes().to_vec());
        let unix = text.replace("\r\n", "\n");
        let line_breaks = [unix.replace('\n', "\r\n"), unix].map(|text| (Hint::BodyLineBreaks, text.into_bytes()));
        ends.into_iter()
            .chain([trimmed])
            .chain(line_breaks)
            .chain([(Hint::BodyEmpty, Vec::new())])
            .chain(rewritten(text, work))
    });
    inflated.into_iter().chain(written)
}

/// A JSON text as other libraries write it; none for a text that is no JSON.
fn rewritten<'a>(text: &'a str, work: &'a HintWork) -> impl Iterator<Item = (Hint, Vec<u8>)> + 'a {
    let all_escapes = [
        Escapes::Kept,
        Escapes::None,
        Escapes::Slashes,
        Escapes::Ascii,
        Escapes::Both,
    ];
    let layouts = [
        Layout::Kept,
        Layout::Compact,
        Layout::Spaced,
        Layout::Indented(2),
        Layout::Indented(4),
    ];
    let text = json::check(text.as_bytes()).is_ok().then_some(text);
    text.into_iter().flat_map(move |text| {
        all_escapes.into_iter().flat_map(move |escapes| {
            let hint = if escapes == Escapes::Kept {
                Hint::BodyWhitespace
            } else {
                Hint::BodyEscaping
            };
            layouts.into_iter().flat_map(move |layout| {
                let rewritten = work.takes(text.len()).then(|| rewrite(text, layout, escapes)).flatten();
                let both = rewritten.map(|text| [format!("{text}\n"), text]);
                both.into_iter().flatten().map(move |text| (hint, text.into_bytes()))
            })
        })
    })
}

/// White space between JSON values.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    Kept,
    /// `{"a":[1,2]}`
    Compact,
    /// `{"a": [1, 2]}`, as Python writes it.
    Spaced,
    /// A line for each value, indented by this number of spaces a level.
    Indented(usize),
}

/// Escapes within JSON strings.
#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    Kept,
    /// Only what has to be.
    None,
    /// `\/`, as PHP writes it.
    Slashes,
    /// `\u00e9`, as Python writes it.
    Ascii,
    /// Both of these.
    Both,
}

/// Valid JSON text in another layout and with other escapes; its values stay. `None` where it becomes so much longer that
/// no sender wrote it so: many values on a deep level, each indented.
fn rewrite(text: &str, layout: Layout, escapes: Escapes) -> Option<String> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut level = 0;
    let mut rest = text;
    let mut opened = false;
    let line = |out: &mut String, level: usize| {
        if let Layout::Indented(width) = layout {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * level));
        }
    };
    while let Some(c) = rest.chars().next() {
        if out.len() > 2 * MAX_HINT_BYTES + text.len() {
            return None;
        }
        let closes = matches!(c, ']' | '}');
        let space = matches!(c, ' ' | '\t' | '\n' | '\r');
        if layout != Layout::Kept && !space {
            if closes {
                level -= 1;
            }
            // Nothing is between the brackets of an empty object or array.
            if opened != closes && (opened || closes) {
                line(&mut out, level);
            }
            opened = false;
        }
        let length = if c == '"' { string_length(rest) } else { c.len_utf8() };
        let token = &rest[..length];
        rest = &rest[length..];
        match c {
            '"' => push_string(&mut out, token, escapes),
            _ if layout == Layout::Kept => out.push(c),
            _ if space => {}
            '{' | '[' => {
                out.push(c);
                level += 1;
                opened = true;
            }
            ',' => {
                out.push(',');
                if layout == Layout::Spaced {
                    out.push(' ');
                }
                line(&mut out, level);
            }
            ':' => out.push_str(if layout == Layout::Compact { ":" } else { ": " }),
            _ => out.push(c),
        }
    }
    Some(out)
}

// The length of the JSON string that a text begins with, its quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

fn push_string(out: &mut String, token: &str, escapes: Escapes) {
    let value: Option<String> = serde_json::from_str(token).ok();
    // A lone surrogate can't be written otherwise.
    let (Some(value), false) = (value, escapes == Escapes::Kept) else {
        out.push_str(token);
        return;
    };
    let slashes = matches!(escapes, Escapes::Slashes | Escapes::Both);
    let ascii = matches!(escapes, Escapes::Ascii | Escapes::Both);
    let plain = serde_json::to_string(&value).unwrap_or_default();
    for c in plain.chars() {
        match c {
            '/' if slashes => out.push_str("\\/"),
            c if ascii && !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::{rewrite, Escapes, Hint, HintWork, Layout, RequestParts, Secret};
    use crate::auth::{presets, Scheme};
    use crate::reading::LazyBody;
    use crate::request::Headers;

    #[test]
    fn finds_the_last_form_of_a_body_of_16_kib_and_ends_early_for_more_work() {
        let github = presets::find("github").unwrap();
        let Scheme::Signature(scheme) = &github else { panic!() };
        let find = |elements: usize, secrets: usize| {
            let sent = format!("[{}1]", "\"/\u{e9}\",".repeat(elements));
            let signed = rewrite(&sent, Layout::Indented(4), Escapes::Both).unwrap() + "\n";
            let hmac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap().chain_update(signed);
            let signature = format!("sha256={}", hex::encode(hmac.finalize().into_bytes()));
            let headers = Headers::new([("x-hub-signature-256".to_owned(), signature)]);
            let request = RequestParts {
                method: "POST",
                url: "",
                query: "",
                headers: &headers,
                body: &LazyBody::new(None, &headers, sent.as_bytes()),
            };
            super::find(
                scheme,
                &vec![Secret::new("secret").unwrap(); secrets],
                &request,
                &HintWork::default(),
            )
        };
        assert_eq!(find(2000, 1), Some(Hint::BodyEscaping));
        assert_eq!(find(8000, 4), None);
    }

    #[test]
    fn gives_up_on_a_body_that_indentation_would_inflate() {
        let text = format!("{}1{}{}", "[".repeat(1000), ",1".repeat(50_000), "]".repeat(1000));
        assert_eq!(rewrite(&text, Layout::Indented(4), Escapes::Kept), None);
        assert_eq!(rewrite(&text, Layout::Compact, Escapes::Kept), Some(text));
    }

    #[test]
    fn rewrites_json_as_common_libraries_do() {
        let text = " {\"a\": [1,\n2.50, {}],\t\"b\\u00e9\": \"x\\/\\\"é😀\",\"c\":[] }\n";
        for (layout, escapes, expected) in [
            (Layout::Kept, Escapes::Kept, text),
            (
                Layout::Compact,
                Escapes::None,
                r#"{"a":[1,2.50,{}],"bé":"x/\"é😀","c":[]}"#,
            ),
            (
                Layout::Compact,
                Escapes::Kept,
                r#"{"a":[1,2.50,{}],"b\u00e9":"x\/\"é😀","c":[]}"#,
            ),
            (
                Layout::Spaced,
                Escapes::Ascii,
                r#"{"a": [1, 2.50, {}], "b\u00e9": "x/\"\u00e9\ud83d\ude00", "c": []}"#,
            ),
            (
                Layout::Compact,
                Escapes::Both,
                r#"{"a":[1,2.50,{}],"b\u00e9":"x\/\"\u00e9\ud83d\ude00","c":[]}"#,
            ),
            (
                Layout::Indented(2),
                Escapes::Slashes,
                "{\n  \"a\": [\n    1,\n    2.50,\n    {}\n  ],\n  \"bé\": \"x\\/\\\"é😀\",\n  \"c\": []\n}",
            ),
        ] {
            assert_eq!(rewrite(text, layout, escapes).as_deref(), Some(expected));
        }
    }
}
