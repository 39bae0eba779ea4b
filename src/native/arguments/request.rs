//! A request, in the one form that all exports accept.

use napi::bindgen_prelude::*;
use webhook_core::request::{Headers, Request};

use super::headers::header_pairs;
use super::optional_text;

/// What is known of a request except its body.
pub struct KnownRequest {
    pub method: Option<String>,
    pub path: Option<String>,
    pub url: String,
    pub query: Option<String>,
    pub address: Option<String>,
    pub headers: Headers<'static>,
}

impl KnownRequest {
    /// Reads the argument `request`. Fails with a `TypeError` for a field of another type.
    pub fn read(env: &Env, request: &Object) -> Result<Self> {
        let optional = |argument, name| optional_text(env, argument, request.get_named_property(name)?);
        Ok(Self {
            method: optional("request.method", "method")?,
            path: optional("request.path", "path")?,
            url: optional("request.url", "url")?.unwrap_or_default(),
            query: optional("request.query", "query")?,
            address: optional("request.address", "address")?,
            headers: Headers::new(header_pairs(env, request.get_named_property("headers")?)?),
        })
    }

    /// Returns the query, by default the one of the URL.
    pub fn query(&self) -> &str {
        self.query.as_deref().unwrap_or_else(|| {
            let url = self.url.split_once('#').map_or(&*self.url, |(url, _fragment)| url);
            url.split_once('?').map_or("", |(_, query)| query)
        })
    }

    /// Returns the request with a body, received at `now`; `method` and `path` are the defaults.
    pub fn with<'a>(&'a self, method: &'a str, path: &'a str, body: &'a [u8], now: i64) -> Request<'a> {
        Request {
            method: self.method.as_deref().unwrap_or(method),
            path: self.path.as_deref().unwrap_or(path),
            url: &self.url,
            query: self.query(),
            headers: &self.headers,
            body,
            peer: self.address.as_deref().unwrap_or_default(),
            now,
        }
    }
}
