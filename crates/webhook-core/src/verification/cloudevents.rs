use serde::Deserialize;

use super::{no_match, Sender};
use crate::auth::{Diagnosis, RequestParts, Secret};
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
    fn method(&self) -> Option<&'static str> {
        Some("OPTIONS")
    }

    fn probe_method(&self) -> Option<&'static str> {
        Some("OPTIONS")
    }

    fn header_names(&self) -> &'static [&'static str] {
        &[ORIGIN, RATE]
    }

    fn answer(&self, method: &str, request: &RequestParts<'_>, _: &[Secret]) -> Option<Result<Reply, Diagnosis>> {
        let origin = request.headers.first(ORIGIN).filter(|_| method == "OPTIONS")?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
        let is_allowed = self.origins.is_empty() || self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin));
        if !is_allowed || !(1..=MAX_ORIGIN).contains(&origin.len()) || !origin.bytes().all(is_name) {
            return Some(Err(no_match()));
        }
        let mut headers = vec![("webhook-allowed-origin".to_owned(), origin.to_owned())];
        if request.headers.first(RATE).is_some() {
            headers.push(("webhook-allowed-rate".to_owned(), "*".to_owned()));
        }
        Some(Ok(Reply {
            status: 200,
            headers,
            body: String::new(),
        }))
    }
}
