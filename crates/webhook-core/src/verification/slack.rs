use serde::Deserialize;

use super::{reply, Sender, Texts};
use crate::auth::{Diagnosis, RequestParts, Secret};
use crate::reply::{Reply, TEXT};

/// Slack's `url_verification`, signed like every event: the response is its challenge.
/// <https://docs.slack.dev/reference/events/url_verification>
#[derive(Debug, Deserialize)]
#[serde(from = "Stored")]
pub struct Slack {
    texts: Texts<2>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {}

impl From<Stored> for Slack {
    fn from(Stored {}: Stored) -> Self {
        Self {
            texts: Texts::new(["type", "challenge"]),
        }
    }
}

impl Sender for Slack {
    fn answer_authenticated(&self, request: &RequestParts<'_>, _: Option<&Secret>) -> Option<Result<Reply, Diagnosis>> {
        let [kind, challenge] = self.texts.of(request.body)?;
        (kind == "url_verification").then(|| Ok(reply(TEXT, challenge)))
    }
}
