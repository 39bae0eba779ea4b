//! URL verification by rules: which requests are verifications, and what the response to each is.
//!
//! A rule without authentication comes before any authentication method, one that requires it comes after all of them. The
//! first rule whose conditions hold decides, and its request is never an event, even if it can't be answered.

mod compute;
mod template;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde_json::Value;

use super::{no_match, Arrival, Incoming, Sender, Stage};
use crate::auth::signature::Algorithm;
use crate::auth::token::find_equal;
use crate::auth::{Diagnosis, Secret, Source, Subject};
use crate::json::{canonical, PathSet};
use crate::limits::MAX_VERIFICATION_REPLY;
use crate::reading::RequestBody;
use crate::reply::{unsendable_at, Reply, JSON, TEXT};
use crate::request::utf8_in;

pub(crate) use compute::{Compute, Signed};
use template::Piece;
pub(crate) use template::{Position, Template};

/// The paths of all rules into the body, which is walked once for them.
#[derive(Debug, Default)]
pub(crate) struct Paths(Vec<String>);

impl Paths {
    fn add(&mut self, path: &str) -> usize {
        self.0.push(path.to_owned());
        self.0.len() - 1
    }
}

/// Where a request has a value that its sender chooses.
#[derive(Debug)]
pub(crate) enum Place {
    /// A header or a parameter of the query.
    Head(Source),
    /// A path into the body.
    Body {
        /// As it is named to the owner.
        name: String,
        /// Its number in [`Paths`].
        index: usize,
        /// Whether only the fields of a form count.
        of_form: bool,
    },
}

impl Place {
    pub(crate) fn of(source: Source, paths: &mut Paths) -> Self {
        let index = match &source {
            Source::Body(path) | Source::Form(path) => paths.add(path.as_str()),
            _ => return Self::Head(source),
        };
        Self::Body {
            name: source.to_string(),
            index,
            of_form: matches!(source, Source::Form(_)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(source) => source.fmt(f),
            Self::Body { name, .. } => f.write_str(name),
        }
    }
}

/// What has to be true of a request.
#[derive(Debug)]
pub(crate) enum Condition {
    /// It has this method.
    Method(String),
    /// It has a value there, which is this one if one is given. A value may be secret, such as a verify token.
    Value {
        /// Where it is.
        place: Place,
        /// What it is.
        equals: Option<Secret>,
    },
    /// The body is exactly this text, as it was sent.
    RawBody(String),
}

/// What is sent as the body of a response.
#[derive(Debug)]
pub(crate) enum Content {
    /// Nothing.
    None,
    /// Plain text.
    Text(Template),
    /// JSON.
    Json(JsonTemplate),
}

/// JSON whose texts have placeholders.
#[derive(Debug)]
pub(crate) enum JsonTemplate {
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object.
    Object(Vec<(String, JsonTemplate)>),
    /// A number, `true`, `false` or `null`.
    Other(Value),
}

/// The response of a rule.
#[derive(Debug)]
pub(crate) struct RuleReply {
    pub(crate) status: u16,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) content: Content,
}

/// A kind of verification and its response.
#[derive(Debug)]
pub(crate) struct Rule {
    /// All of them have to hold.
    pub(crate) when: Vec<Condition>,
    /// Whether it comes without authentication.
    pub(crate) is_open: bool,
    pub(crate) compute: Option<Compute>,
    pub(crate) reply: RuleReply,
}

/// The rules of a URL verification, compiled.
pub struct Rules {
    rules: Vec<Rule>,
    paths: PathSet,
}

// Texts may have come of secret variables.
impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

impl Rules {
    /// Compiles rules and the paths that they were read with.
    pub(crate) fn new(mut rules: Vec<Rule>, paths: &Paths) -> Self {
        for rule in &mut rules {
            // The body comes last, so that it isn't read for a request that can't be a verification.
            rule.when.sort_by_key(Condition::is_of_body);
        }
        Self {
            rules,
            paths: PathSet::new(paths.0.iter().map(String::as_str)),
        }
    }

    fn answer(&self, request: &Incoming<'_, '_>, is_open: bool) -> Option<Result<Reply, Diagnosis>> {
        let values = Values::new(self, request);
        let mut rules = self.rules.iter().filter(|rule| rule.is_open == is_open);
        let rule = rules.find(|rule| rule.applies(&values))?;
        Some(rule.answer(&values))
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        self.rules.iter().flat_map(|rule| {
            let headers = rule.reply.headers.iter().map(|(_, value)| value);
            let computed = rule.compute.iter().flat_map(Compute::templates);
            headers.chain(rule.reply.content.templates()).chain(computed)
        })
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.templates().flat_map(|template| &template.pieces)
    }
}

impl Sender for Rules {
    fn last_stage(&self, method: &str) -> Option<Stage> {
        let of_method = |rule: &&Rule| {
            let mut conditions = rule.when.iter();
            conditions.any(|condition| matches!(condition, Condition::Method(known) if known == method))
        };
        let stage = |rule: &Rule| {
            if rule.is_open {
                Stage::Anyone
            } else {
                Stage::Authenticated
            }
        };
        self.rules.iter().filter(of_method).map(stage).max()
    }

    fn header_names(&self) -> Vec<&str> {
        let conditions = self.rules.iter().flat_map(|rule| &rule.when);
        let conditions = conditions.filter_map(|condition| match condition {
            Condition::Value { place, .. } => Some(place),
            _ => None,
        });
        let sent = self.pieces().filter_map(|piece| match piece {
            Piece::Sent(place) => Some(place),
            _ => None,
        });
        let headers = conditions.chain(sent).filter_map(|place| match place {
            Place::Head(source) => source.header_name(),
            Place::Body { .. } => None,
        });
        headers.collect()
    }

    fn reads_url(&self) -> bool {
        self.pieces().any(|piece| matches!(piece, Piece::Url))
    }

    fn answer_anyone(&self, request: &Incoming<'_, '_>) -> Option<Result<Reply, Diagnosis>> {
        self.answer(request, true)
    }

    fn may_answer_anyone(&self, request: &Incoming<'_, '_>) -> bool {
        let values = Values::new(self, request);
        self.rules.iter().any(|rule| rule.is_open && rule.applies(&values))
    }

    fn answer_authenticated(&self, request: &Incoming<'_, '_>, _: Option<&Secret>) -> Option<Result<Reply, Diagnosis>> {
        self.answer(request, false)
    }

    fn fails_authentication(&self) -> bool {
        true
    }

    fn computes(&self) -> bool {
        self.rules.iter().any(|rule| rule.compute.is_some())
    }

    fn may_have_signed(&self, algorithm: Algorithm, message: &[Cow<'_, [u8]>]) -> bool {
        let mut computed = self.rules.iter().filter_map(|rule| rule.compute.as_ref());
        computed.any(|compute| compute.may_have_signed(algorithm, message))
    }
}

impl Rule {
    fn applies(&self, values: &Values<'_, '_, '_>) -> bool {
        self.when.iter().all(|condition| condition.holds(values))
    }

    fn answer(&self, values: &Values<'_, '_, '_>) -> Result<Reply, Diagnosis> {
        let computed = self.compute.as_ref().map(|compute| compute.sign(values)).transpose()?;
        let fill = |template: &Template| {
            template.fill(|piece| match piece {
                Piece::Sent(place) => values.text(place).map(|text| Cow::Owned(text.into_owned())),
                Piece::Url => Ok(Cow::Owned(values.url().to_owned())),
                Piece::Computed => Ok(Cow::Owned(computed.clone().unwrap_or_default())),
                Piece::Text(_) | Piece::Secret => Ok(Cow::Borrowed("")),
            })
        };
        let RuleReply {
            status,
            headers,
            content,
        } = &self.reply;
        let mut filled = Vec::with_capacity(headers.len() + 1);
        for (name, value) in headers {
            let value = fill(value)?;
            if unsendable_at(&value).is_some() {
                return Err(malformed("a header of the response", "text without control characters"));
            }
            filled.push((name.clone(), value));
        }
        let (body, content_type) = match content {
            Content::None => (String::new(), None),
            Content::Text(text) => (fill(text)?, Some(TEXT)),
            Content::Json(json) => (json.fill(&fill)?.to_string(), Some(JSON)),
        };
        let length: usize = filled.iter().map(|(name, value)| name.len() + value.len()).sum();
        if length + body.len() > MAX_VERIFICATION_REPLY {
            return Err(malformed(
                "the response",
                format!("at most {MAX_VERIFICATION_REPLY} bytes"),
            ));
        }
        if matches!(status, 204 | 304) {
            return Ok(Reply {
                status: *status,
                headers: filled,
                body: String::new(),
            });
        }
        filled.extend(content_type.map(|value| ("content-type".to_owned(), value.to_owned())));
        Ok(Reply {
            status: *status,
            headers: filled,
            body,
        })
    }
}

impl Condition {
    fn is_of_body(&self) -> bool {
        matches!(
            self,
            Self::Value {
                place: Place::Body { .. },
                ..
            }
        )
    }

    fn holds(&self, values: &Values<'_, '_, '_>) -> bool {
        match self {
            Self::Method(method) => values.request.parts.method == method,
            Self::RawBody(text) => match values.request.body {
                Arrival::Coming => true,
                Arrival::Left => false,
                Arrival::Arrived(body) => body.bytes() == text.as_bytes(),
            },
            Self::Value { place, equals } => match (values.find(place), equals) {
                (Found::Coming, _) => true,
                (Found::Nothing, _) => false,
                (_, None) => true,
                (Found::Text(text), Some(equals)) => is_equal(&text, equals),
                (Found::Number(number), Some(equals)) => {
                    is_equal(number, equals) || is_equal(&canonical(number), equals)
                }
                (Found::Other, Some(_)) => false,
            },
        }
    }
}

impl Content {
    fn templates(&self) -> Vec<&Template> {
        let mut found = vec![];
        match self {
            Self::None => {}
            Self::Text(text) => found.push(text),
            Self::Json(json) => json.templates(&mut found),
        }
        found
    }

    /// Bytes of its texts without the placeholders.
    pub(crate) fn text_length(&self) -> usize {
        self.templates().into_iter().map(Template::text_length).sum()
    }
}

impl JsonTemplate {
    fn templates<'t>(&'t self, found: &mut Vec<&'t Template>) {
        match self {
            Self::Text(text) => found.push(text),
            Self::List(elements) => elements.iter().for_each(|element| element.templates(found)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.templates(found)),
            Self::Other(_) => {}
        }
    }

    fn fill(&self, fill: &impl Fn(&Template) -> Result<String, Diagnosis>) -> Result<Value, Diagnosis> {
        Ok(match self {
            Self::Text(text) => fill(text)?.into(),
            Self::List(elements) => {
                let filled: Result<Vec<_>, _> = elements.iter().map(|element| element.fill(fill)).collect();
                filled?.into()
            }
            Self::Object(members) => {
                let filled = members
                    .iter()
                    .map(|(name, member)| Ok((name.clone(), member.fill(fill)?)));
                Value::Object(filled.collect::<Result<_, Diagnosis>>()?)
            }
            Self::Other(value) => value.clone(),
        })
    }
}

/// What a request has at a place.
enum Found<'v> {
    /// Nothing, `null`, an empty text, or more than one value.
    Nothing,
    /// A text, or a boolean as text.
    Text(Cow<'v, str>),
    /// A number, as it was sent.
    Number(&'v str),
    /// A list, an object, or a text that is too long to be repeated.
    Other,
    /// The body hasn't arrived yet.
    Coming,
}

/// The values of a body along all paths of the rules, as JSON.
struct BodyValues<'v> {
    found: Vec<Option<Cow<'v, str>>>,
    is_form: bool,
}

/// The values of a request. Those of the body are looked for once.
struct Values<'v, 'r, 'a> {
    rules: &'v Rules,
    request: &'v Incoming<'r, 'a>,
    body: OnceCell<Option<BodyValues<'v>>>,
}

impl<'v, 'r, 'a> Values<'v, 'r, 'a> {
    fn new(rules: &'v Rules, request: &'v Incoming<'r, 'a>) -> Self {
        Self {
            rules,
            request,
            body: OnceCell::new(),
        }
    }

    fn url(&self) -> &'v str {
        let url = self.request.parts.url;
        url.split_once('?').map_or(url, |(url, _)| url)
    }

    fn find(&self, place: &Place) -> Found<'_> {
        let (index, of_form) = match place {
            Place::Head(source) => {
                let Some(text) = source.find(Subject::Token, &self.request.parts).ok().flatten() else {
                    return Found::Nothing;
                };
                let utf8 = source.header_name().and_then(|_| utf8_in(&text));
                return Found::Text(utf8.map_or(text, Cow::Owned));
            }
            Place::Body { index, of_form, .. } => (*index, *of_form),
        };
        let body = match self.request.body {
            Arrival::Coming => return Found::Coming,
            Arrival::Left => return Found::Nothing,
            Arrival::Arrived(body) => body,
        };
        let found = self.body.get_or_init(|| {
            let read = body.get()?;
            Some(BodyValues {
                found: self.rules.paths.extract(read.json()).ok()?,
                is_form: read.is_form(),
            })
        });
        let Some(BodyValues { found, is_form }) = found else {
            return Found::Nothing;
        };
        match &found[index] {
            Some(json) if *is_form || !of_form => found_in(json),
            _ => Found::Nothing,
        }
    }

    /// A value that the response repeats, or that is signed for it.
    fn text(&self, place: &Place) -> Result<Cow<'_, str>, Diagnosis> {
        match self.find(place) {
            Found::Text(text) => Ok(text),
            Found::Number(number) => Ok(Cow::Borrowed(number)),
            Found::Other => Err(malformed(place, "a text, a number or a boolean of at most 4096 bytes")),
            Found::Nothing | Found::Coming => Err(Diagnosis::Missing {
                subject: Subject::Token,
                place: place.to_string(),
            }),
        }
    }
}

/// The longest that a text of [`MAX_VERIFICATION_REPLY`] bytes can be in JSON, each byte as an escape of six.
const LONGEST_TEXT: usize = 6 * MAX_VERIFICATION_REPLY + 2;

fn found_in(json: &str) -> Found<'_> {
    match json.as_bytes().first() {
        None | Some(b'n') => Found::Nothing,
        Some(b'{' | b'[') => Found::Other,
        _ if json.len() > LONGEST_TEXT => Found::Other,
        Some(b'"') => match serde_json::from_str::<String>(json) {
            Ok(text) if text.is_empty() => Found::Nothing,
            Ok(text) => Found::Text(Cow::Owned(text)),
            // Half of a surrogate pair.
            Err(_) => Found::Other,
        },
        Some(b't' | b'f') => Found::Text(Cow::Borrowed(json)),
        Some(_) => Found::Number(json),
    }
}

/// Compares in constant time.
fn is_equal(text: &str, secret: &Secret) -> bool {
    find_equal(text, std::slice::from_ref(secret)).is_some()
}

fn malformed(place: impl fmt::Display, expected: impl Into<String>) -> Diagnosis {
    Diagnosis::Malformed {
        subject: Subject::Token,
        place: place.to_string(),
        expected: expected.into(),
    }
}
