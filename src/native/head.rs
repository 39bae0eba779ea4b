//! The head of a request: as one string from the server, and as people copy it.

use std::time::{SystemTime, UNIX_EPOCH};

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::head;
use webhook_core::request::{Headers, Request};

use crate::arguments::Str;
use crate::outcome::{accepted, rejected};

/// The head of a request as the server passes it: one string, which costs less than twenty.
///
/// Its lines are the method, the path after the key, the URL, the address of the peer, and name and value of each header; the
/// last line is the number of headers.
pub struct Head<'a> {
    method: &'a str,
    path: &'a str,
    url: &'a str,
    peer: &'a str,
    headers: Headers<'a>,
}

impl<'a> Head<'a> {
    /// What is expected of a head.
    pub const EXPECTED: &'static str =
        "a string that ends with the number of headers and has as many lines as that says";

    /// Parses a head; returns `None` if it has more lines or fewer than it says.
    pub fn read(head: &'a str) -> Option<Self> {
        let mut start = 0;
        let breaks = memchr::memchr_iter(b'\n', head.as_bytes());
        // After the last line break comes the number.
        let mut lines = breaks.map(|at| &head[std::mem::replace(&mut start, at + 1)..at]);
        let [method, path, url, peer] = [lines.next()?, lines.next()?, lines.next()?, lines.next()?];
        let mut headers = Vec::new();
        while let Some(name) = lines.next() {
            headers.push((name, lines.next()?));
        }
        if head[start..].parse() != Ok(headers.len()) {
            return None;
        }
        let headers = Headers::new(headers);
        Some(Self {
            method,
            path,
            url,
            peer,
            headers,
        })
    }

    /// Returns the request with this head.
    pub fn request(&'a self, body: &'a [u8]) -> Request<'a> {
        Request {
            method: self.method,
            path: self.path,
            url: self.url,
            query: query_of(self.url),
            headers: &self.headers,
            body,
            peer: self.peer,
            now: now(),
        }
    }
}

/// Returns the query of a URL as a server gets it, which has no fragment.
pub fn query_of(url: &str) -> &str {
    url.split_once('?').map_or("", |(_, query)| query)
}

/// Returns the time in milliseconds since 1970, which the core is given and never asks for.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Parses the head of a request as people copy it: from a browser, a proxy's log, or the output of `curl -v`.
///
/// A request line gives `method` and `target`.
///
/// ```js
/// readHead('POST /hook HTTP/1.1\nX-Id: 7')
/// // { ok: true, method: 'POST', target: '/hook', headers: ['x-id', '7'] }
/// ```
#[napi(catch_unwind, ts_args_type = "text: string", ts_return_type = "RequestHead")]
pub fn read_head(env: &Env, text: Str) -> Result<Object<'_>> {
    match head::read_head(&text.0) {
        Ok(head) => {
            let mut outcome = accepted(env, "method", head.method)?;
            outcome.set("target", head.target)?;
            let headers: Vec<_> = head.headers.iter().flat_map(|(name, value)| [name, value]).collect();
            outcome.set("headers", headers)?;
            Ok(outcome)
        }
        Err(error) => rejected(env, error),
    }
}
