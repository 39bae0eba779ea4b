//! The body of a request, read at most once: URL verification looks at the same values as the event.

use std::cell::OnceCell;

use crate::body::content_type::Format;
use crate::body::{self, Body, Leniencies, Leniency};
use crate::config::Decode;
use crate::endpoint::Endpoint;
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

/// A body that is read when it is first asked for.
pub(crate) struct LazyBody<'a> {
    endpoint: &'a Endpoint,
    headers: &'a Headers<'a>,
    bytes: &'a [u8],
    read: OnceCell<Reading<'a>>,
}

impl<'a> LazyBody<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint, headers: &'a Headers<'a>, bytes: &'a [u8]) -> Self {
        Self {
            endpoint,
            headers,
            bytes,
            read: OnceCell::new(),
        }
    }

    /// The exact bytes, as sent.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The body; `None` if it is empty or can't be read.
    pub(crate) fn get(&self) -> Option<&ReadBody<'a>> {
        let read = self
            .read
            .get_or_init(|| self.endpoint.read_body(self.headers, self.bytes));
        read.as_ref().ok()?.as_ref()
    }

    /// What reading it came to, if it was read.
    pub(crate) fn into_reading(self) -> Option<Reading<'a>> {
        self.read.into_inner()
    }
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
