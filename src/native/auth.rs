//! Authentication.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::auth::address::{parse_address, Ranges};
use webhook_core::auth::basic::Basic;
use webhook_core::auth::{self, presets, HintWork, PublicKeyChecks, RequestParts, Scheme, Secret};
use webhook_core::limits::MAX_SECRETS;
use webhook_core::reading::LazyBody;

use crate::arguments::bytes::Bytes;
use crate::arguments::json::json_value;
use crate::arguments::request::KnownRequest;
use crate::arguments::{misuse, number_as, object, optional_text, text, texts, texts_as};
use crate::outcome::parse_json;

/// Checks that an `Authorization` header holds a user name and password as HTTP Basic (RFC 7617) sends them, in UTF-8.
///
/// Takes the same time whatever was sent. Returns `false` for a missing (`null`, `undefined`) or malformed header, and wherever
/// the expected user name or password is empty: a blank secret protects nothing.
///
/// Throws a `TypeError` for arguments of another type.
///
/// ```js
/// verifyBasicAuth('Basic dXNlcjpwYXNz', 'user', 'pass') // true
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "authorization: string | null | undefined, username: string, password: string"
)]
pub fn verify_basic_auth(env: Env, authorization: Unknown, username: Unknown, password: Unknown) -> Result<bool> {
    let authorization = optional_text(&env, "authorization", authorization)?;
    let username = text(&env, "username", username)?;
    let password = text(&env, "password", password)?;
    let blank = username.is_empty() || password.is_empty();
    Ok(!blank && Basic::new(&username, &password).verify(authorization.as_deref()))
}

/// Returns the schemes of known senders by name, to use as they are or to change.
///
/// ```js
/// signaturePresets().github
/// // { kind: 'signature', from: { header: 'x-hub-signature-256' }, accept: [...], signed: '{body}' }
/// ```
#[napi(catch_unwind, ts_return_type = "Record<PresetName, Scheme>")]
pub fn signature_presets(env: &Env) -> Result<Unknown<'_>> {
    let all: serde_json::Map<_, _> = presets::NAMES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), serde_json::to_value(presets::find(name)?).ok()?)))
        .collect();
    parse_json(env, serde_json::Value::Object(all).to_string())
}

/// Checks that a request comes from a sender that knows one of the secrets, by a scheme or the name of a preset.
///
/// Any of the 1 to 4 `secrets` is enough, so that one can be replaced by another; none may be blank. `nowMs` is what
/// `Date.now()` returns. Comparisons take the same time wherever the texts differ.
///
/// A header or parameter of the scheme that is there twice is rejected. For a signature that doesn't match, common mistakes are
/// tried (`hint`), which makes a rejection some dozens of times as slow as an acceptance.
///
/// Throws a `TypeError` for arguments of another type and for a scheme that can't work, saying why.
///
/// ```js
/// verifySignature('github', ["It's a Secret to Everybody"], {
///   headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
///   body: 'Hello, World!',
/// }, Date.now())
/// // { ok: true, secret: 0 }: it was signed with the first secret
/// ```
#[napi(
    catch_unwind,
    ts_args_type = "scheme: PresetName | Scheme, secrets: ReadonlyArray<string>, request: WebhookRequest, nowMs: number",
    ts_return_type = "SignatureResult"
)]
pub fn verify_signature<'env>(
    env: &'env Env,
    scheme: Unknown<'env>,
    secrets: Unknown<'env>,
    request: Unknown<'env>,
    now: Unknown<'env>,
) -> Result<Object<'env>> {
    let scheme = read_scheme(env, scheme)?;
    let secrets = read_secrets(env, secrets)?;
    let now = read_time(env, now)?;
    let request = object(env, "request", request)?;
    let known = KnownRequest::read(env, &request)?;
    let body = Bytes::optional(env, "request.body", request.get_named_property("body")?)?;
    let verified = body.with(|body| {
        let body = LazyBody::new(None, &known.headers, body);
        let parts = RequestParts {
            method: known.method.as_deref().unwrap_or("POST"),
            url: &known.url,
            query: known.query(),
            headers: &known.headers,
            body: &body,
        };
        let checks = PublicKeyChecks::default();
        auth::diagnose(&scheme, &secrets, &parts, now, &checks, &HintWork::default())
    })?;
    let mut outcome = Object::new(env)?;
    match verified {
        Ok(verified) => {
            outcome.set("ok", true)?;
            outcome.set("secret", verified.secret as u32)?;
            if let Some(claims) = verified.claims {
                outcome.set("claims", parse_json(env, claims.to_string())?)?;
            }
        }
        Err(diagnosis) => {
            outcome.set("ok", false)?;
            outcome.set("diagnosis", parse_json(env, diagnosis.to_value().to_string())?)?;
        }
    }
    Ok(outcome)
}

/// Checks that an address is in a list of addresses and CIDR ranges, v4 and v6.
///
/// A v4 address written as v6 (`::ffff:192.0.2.1`) is the v4 address, in the list too. `address` may have a port or a zone, as
/// in Node's `socket.remoteAddress` and the headers of proxies; anything else is `false`.
///
/// Throws a `TypeError` for arguments of another type, and for an entry that is neither an address nor a range.
///
/// ```js
/// matchAddress(['192.0.2.0/24', '2001:db8::/32'], '::ffff:192.0.2.1') // true
/// ```
#[napi(catch_unwind, ts_args_type = "ranges: ReadonlyArray<string>, address: string")]
pub fn match_address(env: &Env, ranges: Unknown, address: Unknown) -> Result<bool> {
    let entries = texts(env, "ranges", ranges)?;
    let ranges = Ranges::parse(entries.iter().map(String::as_str))
        .or_else(|error| misuse(env, "ranges", &format!("addresses and ranges: {error}")))?;
    Ok(parse_address(&text(env, "address", address)?).is_some_and(|address| ranges.contains(address)))
}

fn read_scheme(env: &Env, scheme: Unknown) -> Result<Scheme> {
    let expected = "the name of a preset or a scheme";
    let value = json_value(env, "scheme", scheme)?;
    let read = match value.as_str() {
        Some(name) => presets::find(name).ok_or_else(|| format!("no preset is called {name:?}")),
        None => Scheme::from_json(&value.to_string()),
    };
    read.or_else(|why| misuse(env, "scheme", &format!("{expected}: {why}")))
}

fn read_secrets(env: &Env, secrets: Unknown) -> Result<Vec<Secret>> {
    let expected = format!("an array of 1 to {MAX_SECRETS} strings, none of them blank");
    let given = texts_as(env, "secrets", &expected, secrets)?;
    let secrets: Vec<_> = given.iter().map_while(|text| Secret::new(text).ok()).collect();
    if secrets.len() != given.len() || !(1..=MAX_SECRETS).contains(&secrets.len()) {
        return misuse(env, "secrets", &expected);
    }
    Ok(secrets)
}

fn read_time(env: &Env, now: Unknown) -> Result<i64> {
    let expected = "a number of milliseconds since 1970";
    Ok(number_as(env, "nowMs", expected, now)?.floor() as i64)
}
