//! `request`: which requests are accepted, and what a workflow gets of them.

use super::reader::Field;
use crate::body::content_type::Format;
use crate::body::Charset;
use crate::json::{Decoder, Decoding, Path, Target, Variables};
use crate::limits::{MAX_DECODED, MAX_NAMED_ROWS, MAX_ROWS};
use crate::request::is_token;

/// Which requests are accepted.
#[derive(Debug, Clone)]
pub struct AcceptedRequests {
    /// The methods, upper case, as the `Allow` header lists them. With HEAD among them a HEAD request is answered without an event.
    pub methods: Vec<String>,
    /// Most bytes of a body, where that is less than NocoBase's own limit.
    pub body_limit: Option<usize>,
    /// What bodies are read as, whatever their content type; `None` goes by the content type.
    pub read_as: Option<Format>,
    /// Whether numbers that JavaScript would round become text.
    pub spells_numbers: bool,
    /// Values that are JSON or base64 inside of a text.
    pub decode: Decode,
    /// The charset of bodies that don't name theirs; UTF-8 for `None`.
    pub charset: Option<Charset>,
    /// Whether the body's text is a variable, `$context.rawBody`.
    pub raw_body: bool,
    /// Where the files of a multipart body are kept; `None` keeps none.
    pub files: Option<Storage>,
}

/// Which values of a body are decoded.
#[derive(Debug, Clone)]
pub enum Decode {
    /// What the preset says: the field in which it sends JSON in a form.
    Preset,
    /// These, in order.
    Listed(Vec<Decoder>),
}

/// One of the storages of NocoBase's file manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Its name; `None` for the default one.
    pub name: Option<String>,
}

/// What a workflow gets of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// All of it, with the configured values laid over it, except for what is [left out](crate::left_out::LeftOut).
    All {
        /// Whether headers with names as those of credentials are left out too.
        but_secret_names: bool,
    },
    /// The configured values. Of a query and a body without any, the whole.
    Listed,
}

/// A configured header.
#[derive(Debug)]
pub struct HeaderItem {
    /// The name in lower case, to look it up.
    pub name: String,
    /// Where its value goes: the name as configured, which a template reads as a path.
    pub target: Target,
}

impl HeaderItem {
    /// Returns whether its value is found under a name as that of a header, in lower case.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        matches!(&self.target, Target::Path(path) if path.text() == name)
    }
}

/// The `request` section.
pub(super) struct RequestSection {
    pub(super) accepted: AcceptedRequests,
    pub(super) keep: Keep,
    pub(super) params: Vec<Target>,
    pub(super) headers: Vec<HeaderItem>,
    pub(super) query: Variables,
    pub(super) body: Variables,
    pub(super) has_body_items: bool,
}

/// Reads `request`: `{ keep, headers, query, body, params, methods, answerHead, bodyLimit, readAs, charset, bigNumbers, decode,
/// rawBody, files }`.
pub(super) fn read_request(request: &Field<'_>) -> RequestSection {
    request.object();
    let headers = read_items(&request.get("headers"), true, MAX_NAMED_ROWS);
    let query = read_items(&request.get("query"), false, MAX_ROWS);
    let body = read_items(&request.get("body"), false, MAX_ROWS);
    let params = read_items(&request.get("params"), false, MAX_NAMED_ROWS);
    let keep = read_keep(&request.get("keep"));
    RequestSection {
        accepted: read_accepted(request),
        keep,
        params: params
            .iter()
            .map(|item| match item.var {
                Some(var) => Target::Key(var.to_owned()),
                None => Target::Path(Path::parse(item.key)),
            })
            .collect(),
        headers: headers
            .iter()
            .map(|item| HeaderItem {
                name: item.key.to_ascii_lowercase(),
                target: Target::Path(Path::parse(item.key)),
            })
            .collect(),
        query: variables(&query, keep),
        has_body_items: !body.is_empty(),
        body: variables(&body, keep),
    }
}

/// A row that has a key.
struct Item<'a> {
    key: &'a str,
    /// Its `_var`, where there is one.
    var: Option<&'a str>,
}

fn variables(items: &[Item<'_>], keep: Keep) -> Variables {
    let items = items.iter().map(|item| (item.key, item.var));
    match keep {
        Keep::All { .. } => Variables::over_whole(items),
        Keep::Listed => Variables::new(items),
    }
}

fn read_keep(keep: &Field<'_>) -> Keep {
    // Workflows of the commercial plugin don't have it; a node of theirs may compare a token that came in a header.
    let default = Keep::All {
        but_secret_names: false,
    };
    match keep.value().as_str() {
        Some("all") => Keep::All { but_secret_names: true },
        Some("listed") => Keep::Listed,
        _ => {
            if !keep.is_absent() {
                keep.issue("KEEP", "expected all or listed");
            }
            default
        }
    }
}

fn read_items<'a>(items: &Field<'a>, are_headers: bool, most: usize) -> Vec<Item<'a>> {
    let rows = items.list().unwrap_or_default();
    if rows.len() > most {
        let found = rows.len();
        items.issue("TOO_MANY", format!("expected at most {most} rows, but found {found}"));
        return vec![];
    }
    rows.iter().filter_map(|row| read_item(row, are_headers)).collect()
}

fn read_item<'a>(row: &Field<'a>, is_header: bool) -> Option<Item<'a>> {
    row.required_object()?;
    row.get("alias").text();
    let var = row.get("_var").text();
    let field = row.get("key");
    let key = field.text().unwrap_or_default();
    if key.is_empty() {
        // Workflows made elsewhere hold such rows. They ask for nothing, so the others are read all the same.
        if field.is_absent() || field.value().is_string() {
            field.note("REQUIRED", field.not_empty());
        }
        return None;
    }
    if is_header && !is_token(key) {
        // No request has such a header, so the variable is absent, as that of any header that wasn't sent.
        let expected = "expected the name of an HTTP header, but found characters it cannot have";
        field.note("HEADER_NAME", expected);
    }
    Some(Item {
        key,
        var: var.filter(|var| !var.is_empty()),
    })
}

/// Methods an endpoint may take; the first is the default.
const METHODS: [&str; 6] = ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD"];

fn read_accepted(request: &Field<'_>) -> AcceptedRequests {
    AcceptedRequests {
        methods: read_methods(&request.get("methods"), &request.get("answerHead")),
        body_limit: read_body_limit(&request.get("bodyLimit")),
        read_as: read_format(&request.get("readAs")),
        spells_numbers: read_big_numbers(&request.get("bigNumbers")),
        decode: read_decode(&request.get("decode")),
        charset: read_charset(&request.get("charset")),
        raw_body: request.get("rawBody").boolean().unwrap_or_default(),
        files: read_files(&request.get("files")),
    }
}

fn read_methods(methods: &Field<'_>, answer_head: &Field<'_>) -> Vec<String> {
    let mut read: Vec<String> = vec![];
    for method in methods.list().unwrap_or_default() {
        match method.value().as_str().filter(|method| METHODS.contains(method)) {
            Some(known) if read.iter().any(|earlier| earlier == known) => {}
            Some(known) => read.push(known.to_owned()),
            None => method.issue("METHOD", format!("expected one of {}", METHODS.join(", "))),
        }
    }
    if read.is_empty() {
        read.push(METHODS[0].to_owned());
    }
    if answer_head.boolean() == Some(true) && !read.iter().any(|method| method == "HEAD") {
        read.push("HEAD".to_owned());
    }
    read
}

fn read_body_limit(limit: &Field<'_>) -> Option<usize> {
    if limit.is_absent() {
        return None;
    }
    let bytes = limit.value().as_u64().and_then(|bytes| usize::try_from(bytes).ok());
    let bytes = bytes.filter(|bytes| *bytes > 0);
    if bytes.is_none() {
        limit.issue("BODY_LIMIT", "expected a number of bytes from 1 on");
    }
    bytes
}

fn read_format(name: &Field<'_>) -> Option<Format> {
    if name.is_absent() {
        return None;
    }
    let found = Format::NAMES
        .iter()
        .find(|(known, _)| name.value().as_str() == Some(known));
    if found.is_none() {
        let known = Format::NAMES.map(|(name, _)| name).join(", ");
        name.issue("READ_AS", format!("expected one of {known}"));
    }
    found.map(|(_, format)| *format)
}

fn read_big_numbers(field: &Field<'_>) -> bool {
    match field.text() {
        Some("text") => true,
        None | Some("rounded") => false,
        Some(_) => {
            field.issue("BIG_NUMBERS", "expected text or rounded");
            false
        }
    }
}

fn read_decode(field: &Field<'_>) -> Decode {
    let Some(rows) = field.list() else {
        return Decode::Preset;
    };
    if rows.len() > MAX_DECODED {
        let found = rows.len();
        field.issue(
            "TOO_MANY",
            format!("expected at most {MAX_DECODED} rows, but found {found}"),
        );
        return Decode::Preset;
    }
    Decode::Listed(rows.iter().filter_map(read_decoder).collect())
}

fn read_decoder(row: &Field<'_>) -> Option<Decoder> {
    let row = row.required_object()?;
    let (path, name) = (row.get("path"), row.get("as"));
    let text = path.required_text();
    let known = Decoding::NAMES
        .iter()
        .find(|(known, _)| name.value().as_str() == Some(known));
    let Some((_, decoding)) = known else {
        let known = Decoding::NAMES.map(|(name, _)| name).join(", ");
        name.issue("DECODING", format!("expected one of {known}"));
        return None;
    };
    let decoder = Decoder::new(text?, *decoding);
    if decoder.is_none() {
        path.issue("PATH", "expected a path with at most one []");
    }
    decoder
}

fn read_charset(label: &Field<'_>) -> Option<Charset> {
    if label.is_absent() {
        return None;
    }
    let found = label.value().as_str().and_then(Charset::named);
    if found.is_none() {
        label.issue("CHARSET", "expected the name of a charset, such as windows-1252 or gbk");
    }
    found
}

fn read_files(files: &Field<'_>) -> Option<Storage> {
    if files.is_off() {
        return None;
    }
    if !files.value().is_object() {
        files.wrong_type("false or { storage }");
        return None;
    }
    let storage = files.get("storage");
    let name = storage.value().as_str().filter(|name| !name.is_empty());
    if name.is_none() && !storage.is_absent() {
        storage.wrong_type("the name of a storage");
    }
    Some(Storage {
        name: name.map(str::to_owned),
    })
}
