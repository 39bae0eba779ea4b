use serde::Deserialize;

use super::{no_match, Incoming, Sender, Stage};
use crate::auth::Diagnosis;
use crate::reply::Reply;

/// The abuse protection of CloudEvents and Azure Event Grid, an OPTIONS: the response allows the origin that asks.
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloudEvents {
    /// The origins that are allowed, such as `eventgrid.azure.net`; any for none.
    #[serde(default)]
    origins: Vec<String>,
}

const ORIGIN: &str = "webhook-request-origin";
const RATE: &str = "webhook-request-rate";

/// Characters of a DNS name.
const MAX_ORIGIN: usize = 253;

impl Sender for CloudEvents {
    fn last_stage(&self, method: &str) -> Option<Stage> {
        (method == "OPTIONS").then_some(Stage::Anyone)
    }

    fn header_names(&self) -> Vec<&str> {
        vec![ORIGIN, RATE]
    }

    fn answer_anyone(&self, request: &Incoming<'_, '_>) -> Option<Result<Reply, Diagnosis>> {
        let sent = request.parts.headers;
        let origin = sent.first(ORIGIN).filter(|_| request.parts.method == "OPTIONS")?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
        let is_allowed = self.origins.is_empty() || self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin));
        if !is_allowed || !(1..=MAX_ORIGIN).contains(&origin.len()) || !origin.bytes().all(is_name) {
            return Some(Err(no_match()));
        }
        let mut headers = vec![("webhook-allowed-origin".to_owned(), origin.to_owned())];
        if sent.first(RATE).is_some() {
            headers.push(("webhook-allowed-rate".to_owned(), "*".to_owned()));
        }
        Some(Ok(Reply {
            status: 200,
            headers,
            body: String::new(),
        }))
    }
}
