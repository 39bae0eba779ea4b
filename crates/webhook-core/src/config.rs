//! The trigger's configuration, as stored in `workflow.config`.
//!
//! One pass reads and checks it, each section in a file of its own. Every issue is collected; a [`Config`] comes of it
//! only if none of them makes it unusable, so that a webhook whose configuration can't be read accepts nothing.

mod addresses;
mod authentication;
mod execution;
mod idempotency;
mod public_url;
mod rate_limit;
mod reader;
mod request;
mod response;
mod verification;

use serde_json::Value;

pub use addresses::Addresses;
pub use execution::Execution;
pub use idempotency::Idempotency;
pub use rate_limit::RateLimit;
pub use request::{AcceptedRequests, Decode, HeaderItem, Storage};

use crate::auth::address::Proxies;
use crate::auth::basic::Basic;
use crate::auth::AuthMethod;
use crate::json::{Decoder, Target, Variables};
use crate::left_out::LeftOut;
use crate::verification::UrlVerification;
use reader::{Field, Issues};
use request::{Keep, RequestSection};

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

/// Lists everything that is wrong with a configuration; empty for a good one. Unknown fields are passed over.
///
/// Absent fields have their defaults, so `{}` is a good configuration: an asynchronous webhook open to anyone.
pub fn check(config: &Value) -> Vec<ConfigIssue> {
    read(config).1
}

/// Lists what is wrong with a response's configuration, the trigger's `response` or a Response node's `config`.
pub fn check_answer(config: &Value) -> Vec<ConfigIssue> {
    let issues = Issues::default();
    response::check_response(&Field::root(config, &issues));
    issues.into_parts().0
}

/// A configuration, read once when its workflow is enabled.
#[derive(Debug)]
pub struct Config {
    /// The credentials to expect; `None` accepts anyone.
    pub basic: Option<Basic>,
    /// The authentication methods to pass besides, each of them.
    pub methods: Vec<AuthMethod>,
    /// How the sender verifies the URL before it sends events.
    pub verification: Option<UrlVerification>,
    /// Where requests may come from; `None` for anywhere.
    pub addresses: Option<Addresses>,
    /// The trusted proxies between the senders and the server: those of `addresses`, else of `trustedProxies`.
    pub proxies: Proxies,
    /// Where senders reach NocoBase, without a slash at its end; `None` for where requests say they were sent.
    pub public_url: Option<String>,
    /// Which requests are accepted.
    pub accepted: AcceptedRequests,
    /// What a workflow doesn't get of a request, the rest of which it gets whole; `None` where it gets only what is listed.
    pub left_out: Option<LeftOut>,
    /// Where the segments of the path behind the key go, in order; there have to be as many.
    pub params: Vec<Target>,
    /// The headers a workflow gets.
    pub headers: Vec<HeaderItem>,
    /// What is decoded in a form of the preset's sender.
    pub form_payload: Option<Decoder>,
    /// What a workflow gets of the query: the configured items, or the whole of it.
    pub query: Variables,
    /// What a workflow gets of the body: the configured items, or the whole of it.
    pub body: Variables,
    /// Whether there are items for the body.
    pub has_body_items: bool,
    /// How many events are accepted; `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// In which order events are executed.
    pub execution: Execution,
    /// Where the idempotency key is; `None` takes every request for a new event.
    pub idempotency: Option<Idempotency>,
}

impl Config {
    /// Reads a configuration whose `{{$env.NAME}}` are filled.
    ///
    /// Rows that say nothing (no key) are passed over, as workflows made elsewhere may hold them.
    ///
    /// # Errors
    /// The issues, where one of them makes the configuration unusable: a value of a wrong type anywhere, above all one
    /// that would otherwise accept more than the owner meant.
    pub fn read(config: &Value) -> Result<Self, Vec<ConfigIssue>> {
        match read(config) {
            (Some(config), _) => Ok(config),
            (None, issues) => Err(issues),
        }
    }
}

fn read(config: &Value) -> (Option<Config>, Vec<ConfigIssue>) {
    let issues = Issues::default();
    let root = Field::root(config, &issues);
    root.required_object();
    authentication::check_public(&root.get("public"));
    let basic = authentication::read_basic(&root.get("basicAuthentication"));
    let methods = authentication::read_methods(&root.get("authentication"));
    let form_payload = authentication::form_payload(&root.get("authentication"));
    let verification = verification::read_verification(&root.get("handshake"), &methods);
    let addresses = addresses::read_addresses(&root.get("addresses"));
    let proxies = addresses::read_proxies(&root.get("trustedProxies"));
    let own_proxies = addresses.as_ref().and_then(|addresses| addresses.proxies.clone());
    let public_url = public_url::read_public_url(&root.get("publicUrl"));
    let RequestSection {
        accepted,
        keep,
        params,
        mut headers,
        query,
        body,
        has_body_items,
    } = request::read_request(&root.get("request"));
    let idempotency = idempotency::read_idempotency(&root.get("idempotency"));
    let execution = execution::read_execution(&root.get("execution"));
    let rate_limit = rate_limit::read_rate_limit(&root.get("rateLimit"));
    response::check_response(&root.get("response"));
    let left_out = match keep {
        Keep::All { but_secret_names } => Some(LeftOut::of(basic.as_ref(), &methods, but_secret_names)),
        Keep::Listed => None,
    };
    if let Some(left_out) = &left_out {
        headers.retain(|header| !left_out.is_read(&header.name));
    }
    let (issues, unusable) = issues.into_parts();
    let config = Config {
        basic,
        methods,
        verification,
        addresses,
        proxies: own_proxies.or(proxies).unwrap_or(Proxies::Count(0)),
        public_url,
        accepted,
        left_out,
        params,
        headers,
        form_payload,
        query,
        body,
        has_body_items,
        rate_limit,
        execution,
        idempotency,
    };
    ((!unusable).then_some(config), issues)
}
