//! `handshake.rules`: `[{ when, authentication, compute, reply }]`.

use serde::Deserialize;
use serde_json::Value;

use crate::auth::jwt::JwtAlgorithm;
use crate::auth::signature::{Algorithm, Encoding};
use crate::auth::{AuthMethod, HeaderName, Scheme, Secret, Source};
use crate::config::reader::Field;
use crate::json::canonical;
use crate::limits::{
    MAX_COMPUTED_PARTS, MAX_COMPUTED_PLACEHOLDERS, MAX_COMPUTED_TEXT, MAX_VERIFICATION_CONDITIONS,
    MAX_VERIFICATION_REPLY, MAX_VERIFICATION_RULES,
};
use crate::reply::{is_header_name, is_reserved, STATUS_MAX, STATUS_MIN};
use crate::verification::rules::{
    Compute, Condition, Content, JsonTemplate, Paths, Place, Position, Rule, RuleReply, Rules, Signed, Template,
};

/// What of the authentication methods a rule uses.
#[derive(Default)]
pub(super) struct Keys<'a> {
    /// The first secret of the first method.
    first: Option<&'a Secret>,
    /// Whether a method is a JSON Web Token that is signed with a shared secret.
    sign_jwt: bool,
}

impl<'a> Keys<'a> {
    pub(super) fn of(methods: &'a [AuthMethod]) -> Self {
        let is_shared = |algorithm: &JwtAlgorithm| {
            matches!(
                algorithm,
                JwtAlgorithm::HS256 | JwtAlgorithm::HS384 | JwtAlgorithm::HS512
            )
        };
        Self {
            first: methods.first().and_then(|method| method.secrets.first()),
            sign_jwt: methods
                .iter()
                .any(|method| matches!(&method.scheme, Scheme::Jwt(jwt) if jwt.algorithms.iter().any(is_shared))),
        }
    }
}

/// Reads a list of rules.
pub(super) fn read_rules(rules: &Field<'_>, keys: &Keys<'_>) -> Option<Rules> {
    let listed = between(rules, MAX_VERIFICATION_RULES, "rules")?;
    let mut paths = Paths::default();
    let read: Vec<_> = listed.iter().map(|rule| read_rule(rule, keys, &mut paths)).collect();
    let read: Option<Vec<_>> = read.into_iter().collect();
    Some(Rules::new(read?, &paths))
}

fn between<'a>(list: &Field<'a>, most: usize, what: &str) -> Option<Vec<Field<'a>>> {
    let listed = list.list().unwrap_or_default();
    if (1..=most).contains(&listed.len()) {
        return Some(listed);
    }
    let code = if listed.is_empty() { "REQUIRED" } else { "TOO_MANY" };
    list.issue(code, format!("expected 1 to {most} {what}"));
    None
}

fn read_rule(rule: &Field<'_>, keys: &Keys<'_>, paths: &mut Paths) -> Option<Rule> {
    let rule = rule.required_object()?;
    rule.known(&["when", "authentication", "compute", "reply"]);
    let conditions = between(&rule.get("when"), MAX_VERIFICATION_CONDITIONS, "conditions");
    let when = conditions.map(|conditions| {
        let read = conditions.iter().map(|condition| read_condition(condition, paths));
        read.collect::<Vec<_>>()
    });
    let authentication = rule.get("authentication");
    let is_open = match (authentication.text(), authentication.is_absent()) {
        (Some("required"), _) | (None, true) => Some(false),
        (Some("none"), _) => Some(true),
        (Some(_), _) => {
            authentication.issue("AUTHENTICATION", "expected \"required\" or \"none\"");
            None
        }
        (None, false) => None,
    };
    let compute = rule.get("compute");
    let computes = !compute.is_absent();
    let compute = if computes {
        read_compute(&compute, keys, paths).map(Some)
    } else {
        Some(None)
    };
    let reply = read_reply(&rule.get("reply"), computes, paths);
    Some(Rule {
        when: when?.into_iter().collect::<Option<_>>()?,
        is_open: is_open?,
        compute: compute?,
        reply: reply?,
    })
}

/// Methods that a verification may have.
const METHODS: [&str; 7] = ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

fn read_condition(condition: &Field<'_>, paths: &mut Paths) -> Option<Condition> {
    let condition = condition.required_object()?;
    let places = ["method", "rawBody", "header", "query", "body", "form"];
    let given: Vec<_> = places
        .into_iter()
        .filter(|place| !condition.get(place).is_absent())
        .collect();
    let &[what] = given.as_slice() else {
        condition.issue(
            "CONDITION",
            "expected exactly one of method, header, query, body, form and rawBody",
        );
        return None;
    };
    let field = condition.get(what);
    let text = field.required_text()?;
    let source = match what {
        "method" | "rawBody" => {
            condition.known(&[what]);
            if what == "rawBody" {
                return Some(Condition::RawBody(text.to_owned()));
            }
            if !METHODS.contains(&text) {
                field.issue("METHOD", format!("expected one of {}", METHODS.join(", ")));
                return None;
            }
            return Some(Condition::Method(text.to_owned()));
        }
        "header" => match HeaderName::try_from(text.to_owned()) {
            Ok(name) => Source::Header(name),
            Err(message) => {
                field.issue("HEADER_NAME", message);
                return None;
            }
        },
        "query" => Source::Query(text.to_owned()),
        "body" => Source::Body(text.into()),
        _ => Source::Form(text.into()),
    };
    let place = Place::of(source, paths);
    condition.known(&[what, "equals"]);
    let equals = condition.get("equals");
    let equals = if equals.is_absent() {
        None
    } else {
        Some(read_equals(&equals)?)
    };
    Some(Condition::Value { place, equals })
}

fn read_equals(equals: &Field<'_>) -> Option<Secret> {
    let text = match equals.value() {
        Value::String(text) => text.clone(),
        Value::Bool(is_so) => is_so.to_string(),
        Value::Number(number) => canonical(&number.to_string()),
        _ => {
            equals.wrong_type("a text, a number, or true or false");
            return None;
        }
    };
    let read = Secret::new(&text).ok();
    if read.is_none() {
        equals.issue("REQUIRED", "expected a text that is not blank");
    }
    read
}

fn read_compute(compute: &Field<'_>, keys: &Keys<'_>, paths: &mut Paths) -> Option<Compute> {
    let compute = compute.object()?;
    compute.known(&["algorithm", "encoding", "signed"]);
    let algorithm = compute.get("algorithm");
    let read_algorithm = Algorithm::deserialize(algorithm.value()).ok();
    let read_algorithm = read_algorithm.filter(|algorithm| !algorithm.is_public_key());
    if read_algorithm.is_none() {
        algorithm.issue(
            "ALGORITHM",
            "expected hmac-sha256, hmac-sha1, hmac-sha512, hmac-md5, sha256, sha1 or md5",
        );
    }
    let encoding = compute.get("encoding");
    let read_encoding = Encoding::deserialize(encoding.value()).ok();
    let read_encoding = read_encoding.filter(|encoding| *encoding != Encoding::Text);
    if read_encoding.is_none() {
        encoding.issue("ENCODING", "expected hex, base64 or base64url");
    }
    let signed = read_signed(&compute.get("signed"), paths);
    if keys.sign_jwt {
        compute.issue(
            "COMPUTE",
            "expected no compute together with a JSON Web Token of a shared secret: what is computed could be its signature",
        );
    }
    let read = Compute::new(read_algorithm?, read_encoding?, signed?, keys.first);
    if read.is_none() {
        compute.issue(
            "SECRETS",
            "expected an authentication method, whose first secret is the key, but found none",
        );
    }
    read
}

fn read_signed(signed: &Field<'_>, paths: &mut Paths) -> Option<Signed> {
    let sorted = signed.get("sorted");
    let fields = if signed.value().is_object() {
        signed.known(&["sorted"]);
        between(&sorted, MAX_COMPUTED_PARTS, "texts")?
    } else {
        vec![signed.with(signed.value())]
    };
    let read: Vec<_> = fields
        .iter()
        .map(|field| read_template(field, field.required_text()?, Position::Signed, paths))
        .collect();
    let templates = read.into_iter().collect::<Option<Vec<_>>>()?;
    let length: usize = templates.iter().map(Template::text_length).sum();
    let placeholders: usize = templates.iter().map(Template::placeholders).sum();
    if length > MAX_COMPUTED_TEXT || placeholders > MAX_COMPUTED_PLACEHOLDERS {
        let message =
            format!("expected at most {MAX_COMPUTED_TEXT} bytes of text and {MAX_COMPUTED_PLACEHOLDERS} placeholders");
        signed.issue("TOO_LARGE", message);
        return None;
    }
    Some(if signed.value().is_object() {
        Signed::Sorted(templates)
    } else {
        Signed::Template(templates.into_iter().next()?)
    })
}

fn read_template(field: &Field<'_>, text: &str, position: Position, paths: &mut Paths) -> Option<Template> {
    Template::parse(text, position, paths)
        .map_err(|message| field.issue("TEMPLATE", message))
        .ok()
}

fn read_reply(reply: &Field<'_>, computes: bool, paths: &mut Paths) -> Option<RuleReply> {
    let reply = reply.required_object()?;
    reply.known(&["status", "headers", "text", "json"]);
    let position = Position::Reply { computes };
    let status = read_status(&reply.get("status"));
    let listed = reply.get("headers").list().unwrap_or_default();
    let headers: Vec<_> = listed
        .iter()
        .map(|header| read_header(header, position, paths))
        .collect();
    let (text, json) = (reply.get("text"), reply.get("json"));
    let content = match (text.is_absent(), json.is_absent()) {
        (true, true) => Some(Content::None),
        (false, true) => text
            .text()
            .and_then(|content| read_template(&text, content, position, paths))
            .map(Content::Text),
        (true, false) => read_json(&json, json.value(), position, paths).map(Content::Json),
        (false, false) => {
            reply.issue("REPLY", "expected either text or json, but found both");
            None
        }
    };
    let read = RuleReply {
        status: status?,
        headers: headers.into_iter().collect::<Option<_>>()?,
        content: content?,
    };
    let headers = read
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.text_length());
    let json_length = if json.is_absent() {
        0
    } else {
        json.value().to_string().len()
    };
    if headers.sum::<usize>() + read.content.text_length().max(json_length) > MAX_VERIFICATION_REPLY {
        reply.issue("TOO_LARGE", format!("expected at most {MAX_VERIFICATION_REPLY} bytes"));
        return None;
    }
    Some(read)
}

fn read_status(status: &Field<'_>) -> Option<u16> {
    if status.is_absent() {
        return Some(200);
    }
    let read = status.value().as_u64().and_then(|number| u16::try_from(number).ok());
    let read = read.filter(|number| (STATUS_MIN..=STATUS_MAX).contains(number));
    if read.is_none() {
        let message = format!("expected an integer from {STATUS_MIN} to {STATUS_MAX}");
        status.issue("STATUS_CODE", message);
    }
    read
}

/// Headers that a rule can't set: they would make a page of a response that repeats what a stranger sent, send a browser elsewhere, or
/// change what it is logged in as.
const FIXED: [&str; 6] = [
    "content-encoding",
    "content-type",
    "location",
    "refresh",
    "set-cookie",
    "x-content-type-options",
];

fn read_header(header: &Field<'_>, position: Position, paths: &mut Paths) -> Option<(String, Template)> {
    let header = header.required_object()?;
    header.known(&["name", "value"]);
    let name = header.get("name");
    let read = name.text().unwrap_or_default().to_ascii_lowercase();
    if !is_header_name(&read) {
        name.issue(
            "HEADER_NAME",
            "expected a name that begins with a letter and goes on with letters, digits, \"-\" or \"_\"",
        );
        return None;
    }
    if is_reserved(&read) || FIXED.contains(&read.as_str()) {
        name.issue(
            "HEADER_RESERVED",
            format!(
                "expected a header other than {} and those that HTTP reserves",
                FIXED.join(", ")
            ),
        );
        return None;
    }
    let value = header.get("value");
    let text = value.required_text()?;
    Some((read, read_template(&value, text, position, paths)?))
}

fn read_json(field: &Field<'_>, value: &Value, position: Position, paths: &mut Paths) -> Option<JsonTemplate> {
    Some(match value {
        Value::String(text) => JsonTemplate::Text(read_template(field, text, position, paths)?),
        Value::Array(elements) => {
            let read = elements
                .iter()
                .map(|element| read_json(field, element, position, paths));
            JsonTemplate::List(read.collect::<Option<_>>()?)
        }
        Value::Object(members) => {
            let read = members
                .iter()
                .map(|(name, member)| Some((name.clone(), read_json(field, member, position, paths)?)));
            JsonTemplate::Object(read.collect::<Option<_>>()?)
        }
        other => JsonTemplate::Other(other.clone()),
    })
}
