//! The URL verifications of known senders, as rules: those that a configuration could have itself.

use base64::Engine;
use serde_json::{json, Value};

use crate::auth::BASE64;

/// The kinds of `handshake` that are rules, in alphabetical order, each with the fields it may have besides `kind`.
pub const KINDS: [(&str, &[&str]); 16] = [
    ("bitbucket", &[]),
    ("discord", &[]),
    ("discord-events", &[]),
    ("dropbox", &[]),
    ("event-grid", &[]),
    ("mandrill", &[]),
    ("microsoft-graph", &[]),
    ("monday", &[]),
    ("nylas", &[]),
    ("shopline", &["appId"]),
    ("slack", &[]),
    ("trello", &[]),
    ("twitch", &[]),
    ("websub", &["topics"]),
    ("wechat", &[]),
    ("woocommerce", &[]),
];

/// Returns the rules of a kind. `app_id` is Shopline's; `topics` are those of WebSub, any for none.
///
/// ```
/// use serde_json::json;
/// use webhook_core::verification::presets;
/// let rule = json!({ "when": [{ "query": "validationToken" }], "authentication": "none", "reply": { "text": "{query:validationToken}" } });
/// assert_eq!(presets::rules("microsoft-graph", "", &[]), Some(json!([rule])));
/// ```
pub fn rules(kind: &str, app_id: &str, topics: &[&str]) -> Option<Value> {
    Some(match kind {
        // Bitbucket Data Center's "Test connection", which isn't signed.
        // https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
        "bitbucket" => json!([{
            "when": [{ "method": "POST" }, { "header": "x-event-key", "equals": "diagnostics:ping" }],
            "authentication": "none",
            "reply": {},
        }]),
        // Discord's interactions, signed as each of them.
        // https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint-acknowledging-ping-requests
        "discord" => json!([{ "when": [{ "body": "type", "equals": 1 }], "reply": { "json": { "type": 1 } } }]),
        // Discord's webhook events, in which the same type is an event.
        // https://docs.discord.com/developers/events/webhook-events#preparing-for-events
        "discord-events" => json!([{ "when": [{ "body": "type", "equals": 0 }], "reply": { "status": 204 } }]),
        // https://www.dropbox.com/developers/reference/webhooks#documentation
        // https://developer.nylas.com/docs/v3/notifications/#respond-to-webhook-verification-request
        "dropbox" | "nylas" => json!([{
            "when": [{ "method": "GET" }, { "query": "challenge" }],
            "authentication": "none",
            "reply": { "text": "{query:challenge}" },
        }]),
        // Its own schema; `cloudevents` is for the other. The validation has the secret of the webhook's URL.
        // https://learn.microsoft.com/en-us/azure/event-grid/end-point-validation-event-grid-events-schema
        "event-grid" => json!([{
            "when": [{ "method": "POST" }, { "header": "aeg-event-type", "equals": "SubscriptionValidation" }],
            "reply": { "json": { "validationResponse": "{body:[0].data.validationCode}" } },
        }]),
        // https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/#creating-a-webhook
        // https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/
        "mandrill" | "trello" => json!([{ "when": [{ "method": "HEAD" }], "authentication": "none", "reply": {} }]),
        // https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks#notificationurl-validation
        "microsoft-graph" => json!([{
            "when": [{ "query": "validationToken" }],
            "authentication": "none",
            "reply": { "text": "{query:validationToken}" },
        }]),
        // A board's webhooks have no token, so neither has their verification.
        // https://developer.monday.com/api-reference/reference/webhooks#url-verification
        "monday" => json!([{
            "when": [{ "method": "POST" }, { "body": "challenge" }],
            "authentication": "none",
            "reply": { "json": { "challenge": "{body:challenge}" } },
        }]),
        // https://open-api.docs.shoplineapp.com/docs/webhook-verification
        "shopline" => json!([{
            "when": [{ "body": "topic", "equals": "webhook/verification" }],
            "authentication": "none",
            "reply": { "text": BASE64.encode(app_id) },
        }]),
        // https://docs.slack.dev/reference/events/url_verification, signed like every event, and the test of the certificate:
        // https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling
        "slack" => json!([
            { "when": [{ "body": "type", "equals": "url_verification" }], "reply": { "text": "{body:challenge}" } },
            {
                "when": [{ "method": "POST" }, { "form": "ssl_check", "equals": "1" }],
                "authentication": "none",
                "reply": {},
            },
            {
                "when": [{ "method": "GET" }, { "query": "ssl_check", "equals": "1" }],
                "authentication": "none",
                "reply": {},
            },
        ]),
        // https://dev.twitch.tv/docs/eventsub/handling-webhook-events/#responding-to-a-challenge-request
        "twitch" => json!([{
            "when": [{ "header": "twitch-eventsub-message-type", "equals": "webhook_callback_verification" }],
            "reply": { "text": "{body:challenge}" },
        }]),
        // https://www.w3.org/TR/websub/#hub-verifies-intent: whether to subscribe or to unsubscribe.
        "websub" => {
            let rule = |topic: Value| {
                json!({
                    "when": [{ "method": "GET" }, { "query": "hub.mode" }, topic, { "query": "hub.challenge" }],
                    "authentication": "none",
                    "reply": { "text": "{query:hub.challenge}" },
                })
            };
            if topics.is_empty() {
                json!([rule(json!({ "query": "hub.topic" }))])
            } else {
                let topics = topics
                    .iter()
                    .map(|topic| json!({ "query": "hub.topic", "equals": topic }));
                topics.map(rule).collect()
            }
        }
        // An official account, in the clear: signed as its events.
        // https://developers.weixin.qq.com/doc/offiaccount/en/Basic_Information/Access_Overview.html
        "wechat" => json!([{
            "when": [{ "method": "GET" }, { "query": "echostr" }],
            "reply": { "text": "{query:echostr}" },
        }]),
        // The ping of a new webhook, a form with nothing but its number.
        // https://woocommerce.com/document/webhooks/
        "woocommerce" => json!([{
            "when": [{ "method": "POST" }, { "form": "webhook_id" }],
            "authentication": "none",
            "reply": {},
        }]),
        _ => return None,
    })
}
