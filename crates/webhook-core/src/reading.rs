//! The body of a request, read at most once: authentication and URL verification look at the same values as the event.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::body::content_type::Format;
use crate::body::{self, Body, Leniencies, Leniency};
use crate::config::Decode;
use crate::endpoint::Endpoint;
use crate::limits::MAX_CONTEXT;
use crate::rejection::Rejection;
use crate::request::Headers;

/// A body that was read, with what is JSON inside of a text taken out of it.
#[derive(Debug)]
pub(crate) struct ReadBody<'a> {
    pub(crate) body: Body<'a>,
    /// The body's JSON after decoding; `None` if there is nothing to decode.
    pub(crate) decoded: Option<String>,
    /// What wasn't written as it should be.
    pub(crate) needed: Leniencies,
}

impl ReadBody<'_> {
    /// JSON text; not checked yet where the body is JSON.
    pub(crate) fn json(&self) -> &[u8] {
        self.decoded.as_deref().map_or(&*self.body.json, str::as_bytes)
    }

    /// Whether it has the fields of a form.
    pub(crate) fn is_form(&self) -> bool {
        matches!(self.body.format, Format::Form | Format::Multipart)
    }
}

/// What reading a body comes to: `None` for an empty one.
pub(crate) type Reading<'a> = Result<Option<ReadBody<'a>>, Rejection>;

/// The headers that say how a body is to be read, in lower case.
pub(crate) const BODY_HEADERS: [&str; 2] = ["content-type", "content-encoding"];

/// The body of a request that isn't authenticated yet.
pub trait RequestBody {
    /// Returns the exact bytes, as sent.
    fn bytes(&self) -> &[u8];

    /// Returns the body as JSON, which isn't checked yet; `None` if it is empty or can't be read.
    fn json(&self) -> Option<&[u8]>;

    /// Returns whether its JSON has the fields of a form.
    fn is_form(&self) -> bool;

    /// Returns the bytes as they were before they were compressed; `None` if they can't be had, or are more than `most`.
    fn inflated(&self, most: usize) -> Option<Cow<'_, [u8]>>;
}

/// A body that is read when it is first asked for.
///
/// ```
/// use webhook_core::reading::{LazyBody, RequestBody};
/// use webhook_core::request::Headers;
/// let headers = Headers::new([("Content-Type", "application/x-www-form-urlencoded")]);
/// let body = LazyBody::new(None, &headers, b"a=1");
/// assert_eq!(body.json(), Some(&br#"{"a":"1"}"#[..]));
/// assert!(body.is_form());
/// ```
pub struct LazyBody<'a> {
    endpoint: Option<&'a Endpoint>,
    headers: &'a Headers<'a>,
    bytes: &'a [u8],
    read: OnceCell<Reading<'a>>,
}

impl<'a> LazyBody<'a> {
    /// Returns a body that is read as an endpoint is configured to; without one, by its headers alone.
    pub fn new(endpoint: Option<&'a Endpoint>, headers: &'a Headers<'a>, bytes: &'a [u8]) -> Self {
        Self {
            endpoint,
            headers,
            bytes,
            read: OnceCell::new(),
        }
    }

    /// The body; `None` if it is empty or can't be read.
    pub(crate) fn get(&self) -> Option<&ReadBody<'a>> {
        let read = self.read.get_or_init(|| match self.endpoint {
            Some(endpoint) => endpoint.read_body(self.headers, self.bytes),
            None => read_alone(self.headers, self.bytes),
        });
        read.as_ref().ok()?.as_ref()
    }

    /// What reading it came to, if it was read.
    pub(crate) fn into_reading(self) -> Option<Reading<'a>> {
        self.read.into_inner()
    }
}

impl RequestBody for LazyBody<'_> {
    fn bytes(&self) -> &[u8] {
        self.bytes
    }

    fn json(&self) -> Option<&[u8]> {
        self.get().map(ReadBody::json)
    }

    fn is_form(&self) -> bool {
        self.get().is_some_and(ReadBody::is_form)
    }

    fn inflated(&self, most: usize) -> Option<Cow<'_, [u8]>> {
        let limit = self.endpoint.map_or(MAX_CONTEXT, Endpoint::limit).min(most);
        let encoding = self.headers.joined("content-encoding");
        body::inflate(
            self.bytes,
            &encoding.unwrap_or_default(),
            limit,
            &mut Leniencies::default(),
        )
        .ok()
    }
}

/// Reads a body as its headers say.
fn read_alone<'a>(headers: &Headers<'_>, bytes: &'a [u8]) -> Reading<'a> {
    let encoding = headers.joined("content-encoding");
    let reading = body::Reading {
        format: None,
        charset: None,
        raw: false,
        files: false,
        limit: MAX_CONTEXT,
    };
    let read = body::read(bytes, headers.first("content-type"), encoding.as_deref(), reading)?;
    Ok(read.map(|body| ReadBody {
        needed: body.needed,
        decoded: None,
        body,
    }))
}

impl Endpoint {
    /// Reads a body as its headers and the configuration say.
    ///
    /// # Errors
    /// 400, 413 (as inflated) and 415.
    pub(crate) fn read_body<'a>(&self, headers: &Headers<'_>, bytes: &'a [u8]) -> Reading<'a> {
        let encoding = headers.joined("content-encoding");
        let accepted = &self.config.accepted;
        let reading = body::Reading {
            format: accepted.read_as,
            charset: accepted.charset,
            raw: accepted.raw_body,
            files: accepted.files.is_some(),
            limit: self.limit,
        };
        let Some(body) = body::read(bytes, headers.first("content-type"), encoding.as_deref(), reading)? else {
            return Ok(None);
        };
        let mut needed = body.needed;
        let decoded = self.decoded(&body, &mut needed);
        Ok(Some(ReadBody { body, decoded, needed }))
    }

    // The body with what is JSON inside of a text taken out of it; `None` if nothing is.
    fn decoded(&self, body: &Body<'_>, needed: &mut Leniencies) -> Option<String> {
        let decoders = match &self.config.accepted.decode {
            Decode::Listed(listed) => listed.as_slice(),
            Decode::Preset if body.format == Format::Form => self.config.form_payload.as_slice(),
            Decode::Preset => &[],
        };
        let mut decoded: Option<String> = None;
        for decoder in decoders {
            // What isn't JSON is rejected where it is walked.
            let text = decoded.as_deref().or(std::str::from_utf8(&body.json).ok())?;
            let (value, failed) = decoder.decode(text);
            if failed {
                needed.add(Leniency::NotDecoded);
            }
            decoded = value.or(decoded);
        }
        decoded
    }
}
