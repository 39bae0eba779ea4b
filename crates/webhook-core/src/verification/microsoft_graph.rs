use serde::Deserialize;

use super::{parameter, reply, Sender};
use crate::auth::{Diagnosis, RequestParts, Secret};
use crate::reply::{Reply, TEXT};

/// Microsoft Graph's `validationToken`, which comes unsigned: the response is the token.
/// <https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks#notificationurl-validation>
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MicrosoftGraph {}

impl Sender for MicrosoftGraph {
    fn answer(&self, _: &str, request: &RequestParts<'_>, _: &[Secret]) -> Option<Result<Reply, Diagnosis>> {
        parameter(request.query, "validationToken").map(|token| Ok(reply(TEXT, token)))
    }
}
