//! From an authenticated request to an event: what it holds, and the variables its workflow gets.

use std::borrow::Cow;

use serde_json::Value;

use crate::body::multipart::{File, Form};
use crate::body::{Body, Leniencies, Leniency};
use crate::config::{Idempotency, Storage};
use crate::endpoint::Endpoint;
use crate::json::{self, spell_out, Places, TooLarge, Unread, Writer};
use crate::left_out::LeftOut;
use crate::query;
use crate::reading::{ReadBody, Reading};
use crate::rejection::Rejection;
use crate::request::{utf8_in, Headers, Request};

/// An accepted request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The context of its execution, or the files to store before there is one.
    pub content: Content,
    /// The idempotency key: a header's value, or a value of the body as JSON text, spelled in one way for each value
    /// ([`json::canonical`]). `None` if none is configured, or the request has none.
    pub idempotency_key: Option<String>,
    /// Which secret of the first authentication method it was sent with, from 0; `None` without a method.
    pub secret: Option<usize>,
    /// What wasn't written as it should be.
    pub needed: Leniencies,
}

/// What an event holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The context of its execution as JSON text: `{"headers","query","body"}`, without `body` if there is none, and with
    /// `params`, `rawBody` and `auth` (the claims of a JSON Web Token) if they are configured.
    Context(String),
    /// A form with files to store before the event, if that is configured. [`Endpoint::context`] returns the context once
    /// they are stored.
    Upload(Box<Upload>),
}

/// The files of an event, and what its context is built from once they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Where they are stored.
    pub storage: Storage,
    form: Form<'static>,
    // What the context has before and after the body, and the size of the request's body.
    head: String,
    tail: String,
    size: usize,
}

impl Upload {
    /// Lists the files, in the order sent.
    pub fn files(&self) -> impl Iterator<Item = &File<'_>> {
        self.form.files()
    }
}

/// An authenticated request. [`Endpoint::authenticate`] is the only way to one, so nothing is parsed before.
#[derive(Debug)]
pub struct Authenticated<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) request: Request<'a>,
    /// Which secret of the first authentication method was used.
    pub(crate) secret: Option<usize>,
    /// The claims of a JSON Web Token.
    pub(crate) claims: Option<Value>,
    /// The body if it came encrypted; what an envelope holds has the content type of the whole.
    pub(crate) opened: Option<Vec<u8>>,
    /// The body, if a URL verification had to look at it. It didn't come encrypted then.
    pub(crate) read: Option<Reading<'a>>,
}

impl Authenticated<'_> {
    /// Parses the request.
    ///
    /// # Errors
    /// 400, 413 (as inflated, or its variables) and 415.
    pub fn event(self) -> Result<Event, Rejection> {
        let Self {
            endpoint,
            secret,
            claims,
            opened,
            read,
            request:
                Request {
                    path,
                    query,
                    headers,
                    body,
                    ..
                },
        } = self;
        let read = match read {
            Some(read) => read,
            None => endpoint.read_body(headers, opened.as_deref().unwrap_or(body)),
        };
        let read = read?;
        let mut needed = read.as_ref().map_or_else(Leniencies::default, |read| read.needed);
        let query = match &endpoint.config.left_out {
            Some(left_out) => left_out.query(query),
            None => query.into(),
        };
        let query = query::read_query(&query).map_err(|error| Rejection::Malformed { what: "query", error })?;
        let json = read.as_ref().map(ReadBody::json);
        let body = read.as_ref().map(|read| &read.body);
        let decoded = read.as_ref().and_then(|read| read.decoded.as_ref());
        let raw_body = body.and_then(|body| body.raw.as_deref());
        let (size, held) = body.map_or((0, 0), |body| (body.size, body.held()));
        let storage = endpoint
            .config
            .accepted
            .files
            .as_ref()
            .filter(|_| body.is_some_and(|body| body.form.is_some()));
        let mut context = Writer::new(size);
        let limit = context.limit();
        let rejected = |unread| rejected("JSON body", unread, limit);
        context
            .hold(held + decoded.map_or(0, String::len))
            .map_err(|too_large| rejected(too_large.into()))?;
        endpoint
            .write_head(&mut context, headers, &query, utf8_in)
            .map_err(rejected)?;
        let head = context.text().len();
        // With files the body follows once they are stored.
        if storage.is_none() {
            context.reserve(json.map_or(0, <[u8]>::len) + 16);
            let is_found = endpoint.write_body(&mut context, json).map_err(rejected)?;
            if json.is_some() && !is_found {
                needed.add(Leniency::NothingFound);
            }
        }
        endpoint
            .write_tail(&mut context, path, raw_body, claims.as_ref())
            .map_err(|too_large| rejected(too_large.into()))?;
        let idempotency_key = endpoint.idempotency_key(headers, json);
        let context = context.into_text();
        let content = match (read.map(|read| read.body), storage) {
            (
                Some(Body {
                    form: Some(form), json, ..
                }),
                Some(storage),
            ) => {
                let upload = Upload {
                    storage: storage.clone(),
                    form,
                    head: context[..head].to_owned(),
                    tail: context[head..].to_owned(),
                    size,
                };
                // The limit holds for the form as it arrived too, so that nothing is stored for an event that is then rejected.
                endpoint.context_with(&upload, &json, 0)?;
                Content::Upload(Box::new(upload))
            }
            _ => Content::Context(context),
        };
        Ok(Event {
            content,
            idempotency_key,
            secret,
            needed,
        })
    }
}

impl Endpoint {
    // The idempotency key, in one spelling for each value. A body without one at its path, or with one that isn't a single value,
    // has none: the request is treated as a new event, as if idempotency were off.
    fn idempotency_key(&self, headers: &Headers, body: Option<&[u8]>) -> Option<String> {
        match self.config.idempotency.as_ref()? {
            Idempotency::Header(name) => headers.first(name).filter(|key| !key.is_empty()).map(str::to_owned),
            Idempotency::Body(path) => {
                // The body has been read before; it can't be malformed.
                let found = path.extract(body?).ok()?.into_iter().next()??;
                let scalar = !found.starts_with(['{', '[']) && !matches!(&*found, "null" | "\"\"");
                scalar.then(|| json::canonical(&found))
            }
        }
    }

    /// Returns the context of an execution started by hand: the same variables, from values given as JSON text. `None`
    /// means not given.
    ///
    /// # Errors
    /// For text that isn't JSON, and variables over their limit.
    pub fn shape(&self, headers: &Headers, query: Option<&str>, body: Option<&str>) -> Result<String, Rejection> {
        let mut context = Writer::new(body.map_or(0, str::len));
        let limit = context.limit();
        self.write_head(&mut context, headers, query.unwrap_or("{}"), |_| None)
            .map_err(|unread| rejected("query", unread, limit))?;
        self.write_body(&mut context, body.map(str::as_bytes))
            .and_then(|_| Ok(context.push("}")?))
            .map_err(|unread| rejected("JSON body", unread, limit))?;
        Ok(context.into_text())
    }

    /// Returns the context of an event whose files are stored. `records` has the JSON text of each file's record, in the
    /// order of [`Upload::files`].
    ///
    /// # Errors
    /// For a record that isn't JSON, and variables over their limit, which the records raise.
    pub fn context(&self, upload: &Upload, records: &[String]) -> Result<String, Rejection> {
        let records_length = records.iter().map(String::len).sum();
        self.context_with(upload, upload.form.to_json_with(records).as_bytes(), records_length)
    }

    /// Returns the context of an event as it is without stored files: with name, type and size of each.
    ///
    /// # Errors
    /// For variables over their limit.
    pub fn preview(&self, upload: &Upload) -> Result<String, Rejection> {
        self.context_with(upload, upload.form.to_json().as_bytes(), 0)
    }

    fn context_with(&self, upload: &Upload, body: &[u8], records_length: usize) -> Result<String, Rejection> {
        let mut context = Writer::new(upload.size + records_length);
        let limit = context.limit();
        let mut write = || {
            context.push(&upload.head)?;
            self.write_body(&mut context, Some(body))?;
            Ok(context.push(&upload.tail)?)
        };
        write().map_err(|unread| rejected("multipart body", unread, limit))?;
        Ok(context.into_text())
    }

    // The start of a context: headers and query.
    fn write_head(
        &self,
        context: &mut Writer,
        headers: &Headers,
        query: &str,
        decode: fn(&str) -> Option<String>,
    ) -> Result<(), Unread> {
        context.reserve(64 + query.len());
        context.push("{\"headers\":")?;
        let wanted = self.config.headers.iter().map(|header| {
            let value = headers.joined(&header.name)?;
            Some(decode(&value).unwrap_or(value))
        });
        match &self.config.left_out {
            None => write_texts(context, &self.header_places, wanted)?,
            Some(left_out) => {
                let mut listed = Writer::new(context.limit());
                if wanted.len() > 0 {
                    write_texts(&mut listed, &self.header_places, wanted)?;
                }
                self.write_headers(context, headers, left_out, listed.text(), decode)?;
            }
        }
        context.push(",\"query\":")?;
        self.config.query.write(query.as_bytes(), context)?;
        Ok(())
    }

    // All headers in lower case, and the listed ones, which are written already as an object, as they are configured.
    fn write_headers(
        &self,
        context: &mut Writer,
        headers: &Headers,
        left_out: &LeftOut,
        listed: &str,
        decode: fn(&str) -> Option<String>,
    ) -> Result<(), TooLarge> {
        let mut before = "{";
        for (name, value) in headers.joined_all() {
            let mut listed = self.config.headers.iter().filter(|header| header.name == name);
            let is_skipped = match listed.next() {
                // Under the same name it is written once.
                Some(header) => header.is_named(name) || listed.any(|header| header.is_named(name)),
                None => left_out.has_header(name),
            };
            if is_skipped {
                continue;
            }
            context.push(before)?;
            context.push_string(name)?;
            context.push(":")?;
            context.push_string(&decode(&value).map_or(value, Cow::Owned))?;
            before = ",";
        }
        match listed.strip_prefix('{') {
            Some(members) if members != "}" => {
                context.push(before)?;
                context.push(members)
            }
            _ => context.push(if before == "{" { "{}" } else { "}" }),
        }
    }

    // Returns whether one of the configured values was found, or there is none.
    fn write_body(&self, context: &mut Writer, body: Option<&[u8]>) -> Result<bool, Unread> {
        match body {
            Some(body) => {
                context.push(",\"body\":")?;
                let left = match &self.config.left_out {
                    Some(left_out) => left_out.body(body)?,
                    None => None,
                };
                context.hold(left.as_ref().map_or(0, String::len))?;
                let body = left.as_deref().map_or(body, str::as_bytes);
                let spelled = if self.config.accepted.spells_numbers {
                    spell_out(body)?
                } else {
                    None
                };
                context.hold(spelled.as_ref().map_or(0, String::len))?;
                self.config
                    .body
                    .write(spelled.as_deref().map_or(body, str::as_bytes), context)
            }
            // Configured variables that are absent one by one, rather than a missing object to look into.
            None if self.config.has_body_items => {
                context.push(",\"body\":{}")?;
                Ok(false)
            }
            None => Ok(true),
        }
    }

    // The end of a context: what is configured besides.
    fn write_tail(
        &self,
        context: &mut Writer,
        path: &str,
        raw_body: Option<&str>,
        claims: Option<&Value>,
    ) -> Result<(), TooLarge> {
        if let Some(params) = self.params(path).filter(|params| !params.is_empty()) {
            context.push(",\"params\":")?;
            write_texts(context, &self.param_places, params.into_iter().map(Some))?;
        }
        if let Some(raw_body) = raw_body {
            context.push(",\"rawBody\":")?;
            context.push_string(raw_body)?;
        }
        if let Some(claims) = claims {
            context.push(",\"auth\":")?;
            context.push(&claims.to_string())?;
        }
        context.push("}")
    }
}

// Writes an object of texts of which none is part of another.
fn write_texts<'t, T>(
    context: &mut Writer,
    places: &Places,
    texts: impl ExactSizeIterator<Item = Option<T>>,
) -> Result<(), TooLarge>
where
    T: Into<Cow<'t, str>>,
{
    if texts.len() == 0 {
        return context.push("{}");
    }
    let own = vec![true; texts.len()];
    let mut values = Vec::with_capacity(texts.len());
    let mut room = context.limit();
    for text in texts {
        let value = text.map(|text| json::quote(&text.into()));
        room = room
            .checked_sub(value.as_ref().map_or(0, String::len))
            .ok_or(TooLarge)?;
        values.push(value);
    }
    let values = values.iter().map(Option::as_deref).collect();
    places.write(values, own, context)
}

fn rejected(what: &'static str, unread: Unread, limit: usize) -> Rejection {
    match unread {
        Unread::Malformed(error) => Rejection::Malformed { what, error },
        Unread::TooLarge => Rejection::ContextTooLarge { limit },
    }
}
