//! The trigger's configuration as it stands in `workflow.config`: what is wrong with it, and what it asks for.

use serde::Deserialize;
use serde_json::Value;

use crate::auth::address::{Proxies, Ranges};
use crate::auth::basic::Basic;
use crate::auth::envelope::WecomKey;
use crate::auth::{presets, Scheme, Secret};
use crate::body::Format;
use crate::handshake::Handshake;
use crate::json::{Path, PathSet, Target, Variables};
use crate::limits::{MAX_PROOFS, MAX_RATE_REQUESTS, MAX_RATE_SECONDS, MAX_SECRETS};
use crate::reply::{self, is_header_name};
use crate::request::is_token;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigIssue {
    /// Where, such as `request.body.0.key`; empty for the configuration itself.
    pub path: String,
    /// Stable code, upper-case with underscores.
    pub code: &'static str,
    /// "expected X, but found Y", without the value itself, which may be a secret.
    pub message: String,
}

/// Lists everything that is wrong with a configuration; empty for a good one. Unknown fields are none of its business.
///
/// Absent fields have their defaults, so `{}` is a good configuration: an asynchronous webhook open to anyone.
pub fn check(config: &Value) -> Vec<ConfigIssue> {
    let mut issues = Issues::default();
    if issues.object("", config) {
        check_basic(&mut issues, &config["basicAuthentication"]);
        read_proofs(&mut issues, &config["authentication"]);
        read_handshake(&mut issues, &config["handshake"]);
        read_addresses(&mut issues, &config["addresses"]);
        let request = &config["request"];
        if issues.object("request", request) {
            for (field, is_header) in [("headers", true), ("query", false), ("body", false), ("params", false)] {
                check_items(&mut issues, field, &request[field], is_header);
            }
            read_intake(&mut issues, request);
        }
        read_idempotency(&mut issues, &config["idempotency"]);
        read_rate_limit(&mut issues, &config["rateLimit"]);
        check_response(&mut issues, "response", &config["response"]);
    }
    issues.0
}

/// Lists what is wrong with an answer's configuration, the trigger's `response` or a Response node's `config`.
pub fn check_answer(config: &Value) -> Vec<ConfigIssue> {
    let mut issues = Issues::default();
    check_response(&mut issues, "", config);
    issues.0
}

#[derive(Default)]
struct Issues(Vec<ConfigIssue>);

impl Issues {
    fn add(&mut self, path: impl Into<String>, code: &'static str, message: String) {
        self.0.push(ConfigIssue {
            path: path.into(),
            code,
            message,
        });
    }

    fn wrong_type(&mut self, path: &str, expected: &str, found: &Value) {
        self.add(
            path,
            "WRONG_TYPE",
            format!("expected {expected}, but found {}", kind(found)),
        );
    }

    // Whether there is an object to look into; absent and null count as left out.
    fn object(&mut self, path: &str, value: &Value) -> bool {
        if !value.is_object() && !value.is_null() {
            self.wrong_type(path, "an object", value);
        }
        value.is_object()
    }

    fn list<'a>(&mut self, path: &str, value: &'a Value) -> &'a [Value] {
        if !value.is_array() && !value.is_null() {
            self.wrong_type(path, "a list", value);
        }
        value.as_array().map_or(&[], Vec::as_slice)
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn check_basic(issues: &mut Issues, basic: &Value) {
    match basic {
        Value::Null | Value::Bool(false) => {}
        Value::Object(_) => {
            for field in ["username", "password"] {
                let value = &basic[field];
                if value.as_str().is_none_or(str::is_empty) {
                    issues.add(
                        format!("basicAuthentication.{field}"),
                        "REQUIRED",
                        format!("expected a text that is not empty, but found {}", kind(value)),
                    );
                }
            }
            // A template is filled later.
            if basic["username"]
                .as_str()
                .is_some_and(|name| name.contains(':') && !name.contains("{{"))
            {
                issues.add(
                    "basicAuthentication.username",
                    "COLON_IN_USERNAME",
                    "expected a user name without a colon, which HTTP Basic cannot send".to_owned(),
                );
            }
        }
        other => issues.wrong_type("basicAuthentication", "false or { username, password }", other),
    }
}

/// What may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// The methods, upper case, as the `Allow` header lists them.
    pub methods: Vec<String>,
    /// Most bytes of a body, where that is less than NocoBase's own limit.
    pub body_limit: Option<usize>,
    /// What bodies are read as, whatever their content type; `None` goes by the content type.
    pub read_as: Option<Format>,
    /// Whether the body's text is a variable, `$context.rawBody`.
    pub raw_body: bool,
    /// Where the files of a multipart body are kept; `None` keeps none.
    pub files: Option<Storage>,
}

/// One of the storages of NocoBase's file manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Its name; `None` for the default one.
    pub name: Option<String>,
}

/// Methods an endpoint may take; the first is the default.
const METHODS: [&str; 6] = ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD"];

/// Reads `request.methods`, `request.bodyLimit`, `request.readAs`, `request.rawBody` and `request.files`.
fn read_intake(issues: &mut Issues, request: &Value) -> Intake {
    let mut intake = Intake {
        methods: vec![],
        body_limit: None,
        read_as: None,
        raw_body: false,
        files: None,
    };
    for (index, method) in issues.list("request.methods", &request["methods"]).iter().enumerate() {
        match method.as_str().filter(|method| METHODS.contains(method)) {
            Some(method) if intake.methods.iter().any(|known| known == method) => {}
            Some(method) => intake.methods.push(method.to_owned()),
            None => issues.add(
                format!("request.methods.{index}"),
                "METHOD",
                format!("expected one of {}", METHODS.join(", ")),
            ),
        }
    }
    if intake.methods.is_empty() {
        intake.methods.push(METHODS[0].to_owned());
    }
    match &request["bodyLimit"] {
        Value::Null => {}
        limit => match limit.as_u64().and_then(|limit| usize::try_from(limit).ok()) {
            Some(limit) if limit > 0 => intake.body_limit = Some(limit),
            _ => issues.add(
                "request.bodyLimit",
                "BODY_LIMIT",
                "expected a number of bytes from 1 on".to_owned(),
            ),
        },
    }
    match &request["readAs"] {
        Value::Null => {}
        name => match Format::NAMES.iter().find(|(known, _)| name.as_str() == Some(known)) {
            Some((_, format)) => intake.read_as = Some(*format),
            None => {
                let known = Format::NAMES.map(|(name, _)| name).join(", ");
                issues.add("request.readAs", "READ_AS", format!("expected one of {known}"));
            }
        },
    }
    match &request["rawBody"] {
        Value::Null => {}
        Value::Bool(raw_body) => intake.raw_body = *raw_body,
        other => issues.wrong_type("request.rawBody", "true or false", other),
    }
    match &request["files"] {
        Value::Null | Value::Bool(false) => {}
        files @ Value::Object(_) => match &files["storage"] {
            Value::Null => intake.files = Some(Storage { name: None }),
            Value::String(name) if !name.is_empty() => {
                let name = Some(name.clone());
                intake.files = Some(Storage { name });
            }
            other => issues.wrong_type("request.files.storage", "the name of a storage", other),
        },
        other => issues.wrong_type("request.files", "false or { storage }", other),
    }
    intake
}

/// Where requests may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The addresses that are let in.
    pub allow: Ranges,
    /// The proxies in between, whose word on where a request comes from counts.
    pub proxies: Proxies,
}

/// Reads `addresses`: `{ allow: [address or range], proxies?: number or [address or range] }`.
fn read_addresses(issues: &mut Issues, addresses: &Value) -> Option<Addresses> {
    if !issues.object("addresses", addresses) {
        return None;
    }
    let allow = read_ranges(issues, "addresses.allow", &addresses["allow"]);
    let proxies = match &addresses["proxies"] {
        Value::Null => Some(Proxies::Count(0)),
        Value::Array(_) => read_ranges(issues, "addresses.proxies", &addresses["proxies"]).map(Proxies::Ranges),
        count => {
            let count = count.as_u64().and_then(|count| u8::try_from(count).ok());
            if count.is_none() {
                let expected = "expected the number of proxies, or a list of their addresses and ranges";
                issues.add("addresses.proxies", "PROXIES", expected.to_owned());
            }
            count.map(Proxies::Count)
        }
    };
    Some(Addresses {
        allow: allow?,
        proxies: proxies?,
    })
}

fn read_ranges(issues: &mut Issues, path: &str, ranges: &Value) -> Option<Ranges> {
    let texts: Vec<_> = ranges
        .as_array()
        .into_iter()
        .flatten()
        .map(|text| text.as_str().unwrap_or_default())
        .collect();
    if texts.is_empty() {
        issues.add(path, "REQUIRED", "expected a list of addresses and ranges".to_owned());
        return None;
    }
    Ranges::parse(texts)
        .map_err(|error| issues.add(format!("{path}.{}", error.index), "ADDRESS", error.to_string()))
        .ok()
}

/// Reads `handshake`: what the sender asks before it sends events.
fn read_handshake(issues: &mut Issues, handshake: &Value) -> Option<Handshake> {
    if handshake.is_null() {
        return None;
    }
    // What serde says of a value that doesn't fit may hold the value, which may be a secret.
    let read = Handshake::deserialize(handshake).ok();
    if read.is_none() {
        issues.add(
            "handshake",
            "HANDSHAKE",
            "expected { kind, ... } with the fields of that kind".to_owned(),
        );
    }
    // A template is filled later.
    let key = read.as_ref().and_then(Handshake::encoding_aes_key);
    if let Some(Err(diagnosis)) = key.filter(|key| !key.expose().contains("{{")).map(WecomKey::new) {
        issues.add("handshake.encodingAesKey", "AES_KEY", diagnosis.to_string());
    }
    read
}

/// A proof that a request has to bring: how, and the secrets that count.
#[derive(Debug, Clone)]
pub struct Proof {
    /// How the sender proves who it is.
    pub scheme: Scheme,
    /// The secrets, of which any one is enough.
    pub secrets: Vec<Secret>,
}

/// Reads `authentication`: `[{ preset | scheme, secrets }]`. Each has to hold.
fn read_proofs(issues: &mut Issues, proofs: &Value) -> Vec<Proof> {
    let list = issues.list("authentication", proofs);
    if list.len() > MAX_PROOFS {
        issues.add(
            "authentication",
            "TOO_MANY",
            format!("expected at most {MAX_PROOFS} proofs, but found {}", list.len()),
        );
        return vec![];
    }
    list.iter()
        .enumerate()
        .filter_map(|(index, proof)| read_proof(issues, &format!("authentication.{index}"), proof))
        .collect()
}

fn read_proof(issues: &mut Issues, path: &str, proof: &Value) -> Option<Proof> {
    if !proof.is_object() {
        issues.wrong_type(path, "an object", proof);
        return None;
    }
    let scheme = match (&proof["preset"], &proof["scheme"]) {
        (Value::String(name), Value::Null) => {
            let found = presets::find(name);
            if found.is_none() {
                let known = presets::NAMES.join(", ");
                issues.add(
                    format!("{path}.preset"),
                    "UNKNOWN_PRESET",
                    format!("expected one of {known}"),
                );
            }
            found
        }
        (Value::Null, scheme @ Value::Object(_)) => Scheme::from_json(&scheme.to_string())
            .map_err(|reason| issues.add(format!("{path}.scheme"), "SCHEME", reason))
            .ok(),
        _ => {
            issues.add(path, "SCHEME", "expected either a preset's name or a scheme".to_owned());
            None
        }
    };
    let at = format!("{path}.secrets");
    let listed = issues.list(&at, &proof["secrets"]);
    let secrets: Vec<_> = listed
        .iter()
        .filter_map(|secret| Secret::new(secret.as_str()?).ok())
        .collect();
    if secrets.len() != listed.len() || !(1..=MAX_SECRETS).contains(&secrets.len()) {
        issues.add(
            at,
            "SECRETS",
            format!("expected 1 to {MAX_SECRETS} texts that are not blank"),
        );
        return None;
    }
    Some(Proof {
        scheme: scheme?,
        secrets,
    })
}

/// How many events are let in within how much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many events.
    pub requests: u32,
    /// Within how many seconds, counted from the first of them.
    pub seconds: u32,
}

/// Reads `rateLimit`: `{ requests, seconds }`.
fn read_rate_limit(issues: &mut Issues, limit: &Value) -> Option<RateLimit> {
    // `false` is how forms write "off".
    if limit == &Value::Bool(false) || !issues.object("rateLimit", limit) {
        return None;
    }
    let mut number = |field: &str, most: u32| {
        let value = limit[field].as_u64().and_then(|value| u32::try_from(value).ok());
        let value = value.filter(|value| (1..=most).contains(value));
        if value.is_none() {
            let expected = format!("expected a whole number from 1 to {most}");
            issues.add(format!("rateLimit.{field}"), "RATE_LIMIT", expected);
        }
        value
    };
    let requests = number("requests", MAX_RATE_REQUESTS);
    let seconds = number("seconds", MAX_RATE_SECONDS);
    Some(RateLimit {
        requests: requests?,
        seconds: seconds?,
    })
}

fn read_idempotency(issues: &mut Issues, config: &Value) -> Option<Idempotency> {
    // `false` is how forms write "off".
    if config == &Value::Bool(false) || !issues.object("idempotency", config) {
        return None;
    }
    let key = config["key"].as_str().unwrap_or_default();
    match config["source"].as_str() {
        Some("header") if is_header_name(key) => Some(Idempotency::Header(key.to_ascii_lowercase())),
        Some("header") => {
            issues.add(
                "idempotency.key",
                "HEADER_NAME",
                "expected the name of a header".to_owned(),
            );
            None
        }
        Some("body") if !key.is_empty() => Some(Idempotency::Body(PathSet::new([key]))),
        Some("body") => {
            issues.add(
                "idempotency.key",
                "REQUIRED",
                "expected a path into the body".to_owned(),
            );
            None
        }
        _ => {
            issues.add(
                "idempotency.source",
                "SOURCE",
                "expected \"header\" or \"body\"".to_owned(),
            );
            None
        }
    }
}

fn check_items(issues: &mut Issues, field: &str, items: &Value, is_header: bool) {
    let list = format!("request.{field}");
    for (index, item) in issues.list(&list, items).iter().enumerate() {
        let path = format!("{list}.{index}");
        if !item.is_object() {
            issues.wrong_type(&path, "an object", item);
            continue;
        }
        match item["key"].as_str() {
            None | Some("") => issues.add(
                format!("{path}.key"),
                "REQUIRED",
                format!("expected a text that is not empty, but found {}", kind(&item["key"])),
            ),
            Some(key) if is_header && !is_token(key) => issues.add(
                format!("{path}.key"),
                "HEADER_NAME",
                "expected the name of an HTTP header, but found characters it cannot have".to_owned(),
            ),
            Some(_) => {}
        }
        for optional in ["alias", "_var"] {
            if !item[optional].is_null() && !item[optional].is_string() {
                issues.wrong_type(&format!("{path}.{optional}"), "a text", &item[optional]);
            }
        }
    }
}

fn check_response(issues: &mut Issues, at: &str, response: &Value) {
    let under = |field: &str| {
        if at.is_empty() {
            field.to_owned()
        } else {
            format!("{at}.{field}")
        }
    };
    if !issues.object(at, response) {
        return;
    }
    let status = &response["statusCode"];
    let range = f64::from(reply::STATUS_MIN)..=f64::from(reply::STATUS_MAX);
    if !status.is_null()
        && !status
            .as_f64()
            .is_some_and(|number| number.fract() == 0.0 && range.contains(&number))
    {
        issues.add(
            under("statusCode"),
            "STATUS_CODE",
            format!(
                "expected an integer from {} to {}",
                reply::STATUS_MIN,
                reply::STATUS_MAX
            ),
        );
    }
    let headers = under("headers");
    for (index, header) in issues.list(&headers, &response["headers"]).iter().enumerate() {
        let path = format!("{headers}.{index}");
        if !header.is_object() {
            issues.wrong_type(&path, "an object", header);
            continue;
        }
        if !header["name"].as_str().is_some_and(is_header_name) {
            issues.add(
                format!("{path}.name"),
                "HEADER_NAME",
                "expected a name that begins with a letter and goes on with letters, digits, \"-\" or \"_\"".to_owned(),
            );
        }
        if !header["value"].is_null() && !header["value"].is_string() {
            issues.wrong_type(&format!("{path}.value"), "a text", &header["value"]);
        }
    }
}

/// A configured header.
#[derive(Debug)]
pub struct HeaderItem {
    /// The name in lower case, to look it up.
    pub name: String,
    /// Where its value goes: the name as configured, which a template reads as a path.
    pub target: Target,
}

/// Where the sender says which event it is, so that its repetitions are told apart from new events.
#[derive(Debug)]
pub enum Idempotency {
    /// In a header; the name in lower case.
    Header(String),
    /// At a path of a JSON body.
    Body(PathSet),
}

/// A configuration, read once when its workflow is enabled.
#[derive(Debug)]
pub struct Config {
    /// The credentials to expect; `None` lets anyone in.
    pub basic: Option<Basic>,
    /// The proofs to expect besides, each of them.
    pub proofs: Vec<Proof>,
    /// What the sender asks before it sends events.
    pub handshake: Option<Handshake>,
    /// Where requests may come from; `None` for anywhere.
    pub addresses: Option<Addresses>,
    /// What may come in.
    pub intake: Intake,
    /// Where the segments of the path behind the key go, in order; there have to be as many.
    pub params: Vec<Target>,
    /// The headers a workflow gets.
    pub headers: Vec<HeaderItem>,
    /// What a workflow gets of the query: the configured items, or the whole of it.
    pub query: Variables,
    /// What a workflow gets of the body: the configured items, or the whole of it.
    pub body: Variables,
    /// Whether there are items for the body.
    pub has_body_items: bool,
    /// How many events are let in; `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// Where the idempotency key is; `None` takes every request for a new event.
    pub idempotency: Option<Idempotency>,
}

impl Config {
    /// Reads a configuration whose `{{$env.NAME}}` are filled.
    ///
    /// Rows that say nothing (no key) are passed over, as workflows made elsewhere may hold them.
    ///
    /// # Errors
    /// Credentials that cannot be checked, since the alternative would be to let anyone in, and rules for what may come in
    /// that cannot be followed.
    pub fn read(config: &Value) -> Result<Self, Vec<ConfigIssue>> {
        let mut issues = Issues::default();
        check_basic(&mut issues, &config["basicAuthentication"]);
        let proofs = read_proofs(&mut issues, &config["authentication"]);
        let handshake = read_handshake(&mut issues, &config["handshake"]);
        let addresses = read_addresses(&mut issues, &config["addresses"]);
        // One that can't be read would take the sender's repetitions for new events.
        let idempotency = read_idempotency(&mut issues, &config["idempotency"]);
        let rate_limit = read_rate_limit(&mut issues, &config["rateLimit"]);
        if !issues.0.is_empty() {
            return Err(issues.0);
        }
        let basic = config["basicAuthentication"].as_object().map(|basic| {
            let text = |field: &str| basic[field].as_str().unwrap_or_default();
            Basic::new(text("username"), text("password"))
        });
        let request = &config["request"];
        let intake = read_intake(&mut issues, request);
        if !issues.0.is_empty() {
            return Err(issues.0);
        }
        let params = keys(&request["params"])
            .map(|(key, var)| match var {
                Some(var) => Target::Key(var.to_owned()),
                None => Target::Path(Path::parse(key)),
            })
            .collect();
        let headers = keys(&request["headers"])
            .map(|(key, _)| HeaderItem {
                name: key.to_ascii_lowercase(),
                target: Target::Path(Path::parse(key)),
            })
            .collect();
        let variables = |rows| Variables::new(keys(rows));
        Ok(Self {
            basic,
            proofs,
            handshake,
            addresses,
            intake,
            params,
            headers,
            query: variables(&request["query"]),
            body: variables(&request["body"]),
            has_body_items: keys(&request["body"]).next().is_some(),
            rate_limit,
            idempotency,
        })
    }
}

// The rows that have a key, with their `_var` where there is one.
fn keys(rows: &Value) -> impl Iterator<Item = (&str, Option<&str>)> {
    rows.as_array().into_iter().flatten().filter_map(|row| {
        let key = row["key"].as_str().filter(|key| !key.is_empty())?;
        Some((key, row["_var"].as_str().filter(|var| !var.is_empty())))
    })
}
