use serde::Deserialize;

use super::{no_match, parameter, reply, Incoming, Sender, Stage};
use crate::auth::{token, Diagnosis, Secret};
use crate::reply::{Reply, TEXT};

/// Meta's and WhatsApp's `hub.mode=subscribe`, a GET: the response is the challenge if the verify token is right.
/// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Meta {
    /// The verify tokens, of which any one is right.
    verify_tokens: Vec<Secret>,
}

impl Sender for Meta {
    fn last_stage(&self, method: &str) -> Option<Stage> {
        (method == "GET").then_some(Stage::Secret)
    }

    fn answer(&self, request: &Incoming<'_, '_>) -> Option<Result<Reply, Diagnosis>> {
        let query = request.parts.query;
        if request.parts.method != "GET" || parameter(query, "hub.mode").as_deref() != Some("subscribe") {
            return None;
        }
        let sent = parameter(query, "hub.verify_token").unwrap_or_default();
        Some(match token::find_equal(&sent, &self.verify_tokens) {
            Some(_) => Ok(reply(TEXT, parameter(query, "hub.challenge").unwrap_or_default())),
            None => Err(no_match()),
        })
    }
}
