//! Configurations: what is wrong with one, and the endpoint that a good one becomes.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::Value;
use webhook_core::{config, endpoint};

use crate::arguments::json::json_value;
use crate::arguments::{is_absent, misuse, texts};

/// A mistake in a configuration.
#[napi(object)]
pub struct ConfigIssue {
    /// Where, such as `request.body.0.key`; empty for the configuration itself.
    pub path: String,
    /// Stable code, upper-case with underscores, such as `REQUIRED`.
    pub code: String,
    /// "expected X, but found Y". Never holds the value, which may be a secret.
    pub message: String,
}

impl From<config::ConfigIssue> for ConfigIssue {
    fn from(issue: config::ConfigIssue) -> Self {
        Self {
            path: issue.path,
            code: issue.code.to_owned(),
            message: issue.message,
        }
    }
}

/// Lists everything that is wrong with a trigger's configuration (`workflow.config`); returns an empty list for a valid one.
///
/// Absent fields have their defaults, so `{}` is valid; unknown fields are ignored.
///
/// Throws a `TypeError` for a value that JSON can't hold.
///
/// ```js
/// checkConfig({ response: { statusCode: 99 } })
/// // [{ path: 'response.statusCode', code: 'STATUS_CODE', message: 'expected an integer from 200 to 599' }]
/// ```
#[napi(catch_unwind, ts_args_type = "config: unknown")]
pub fn check_config(env: Env, config: Unknown) -> Result<Vec<ConfigIssue>> {
    Ok(config::check(&json_value(&env, "config", config)?)
        .into_iter()
        .map(Into::into)
        .collect())
}

/// Lists everything that is wrong with a configured response: the trigger's `response`, or the `config` of a Response node.
///
/// ```js
/// checkAnswer({ statusCode: 200, headers: [{ name: 'X-Id', value: '7' }] }) // []
/// ```
#[napi(catch_unwind, ts_args_type = "response: unknown")]
pub fn check_answer(env: Env, answer: Unknown) -> Result<Vec<ConfigIssue>> {
    Ok(config::check_answer(&json_value(&env, "answer", answer)?)
        .into_iter()
        .map(Into::into)
        .collect())
}

/// Compiles a configuration. Fails with everything that makes it unusable.
pub fn compile(config: &Value, limit: usize) -> Result<endpoint::Endpoint> {
    endpoint::Endpoint::new(config, limit).map_err(|issues| {
        let listed: Vec<_> = issues
            .iter()
            .map(|issue| format!("{}: {}", issue.path, issue.message))
            .collect();
        Error::from_reason(listed.join("; "))
    })
}

/// The argument `filled`: texts that were filled into a configuration, each followed by its template; none if it is left out.
pub fn filled_texts(env: &Env, filled: Unknown) -> Result<Vec<(String, String)>> {
    if is_absent(&filled)? {
        return Ok(vec![]);
    }
    let mut filled = texts(env, "filled", filled)?.into_iter();
    let mut pairs = vec![];
    while let Some(text) = filled.next() {
        match filled.next() {
            Some(template) => pairs.push((text, template)),
            None => return misuse(env, "filled", "texts, each followed by its template"),
        }
    }
    Ok(pairs)
}
