use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use super::{reply, Incoming, Sender, Texts};
use crate::auth::{Diagnosis, Secret, Subject};
use crate::reply::{Reply, JSON};

/// Zoom's `endpoint.url_validation`, signed like every event: the response is a signature over its token.
///
/// So that nobody gets a signature over an event, a token with characters that Zoom's tokens don't have is rejected.
/// <https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint>
#[derive(Debug, Deserialize)]
#[serde(from = "Stored")]
pub struct Zoom {
    texts: Texts<2>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {}

impl From<Stored> for Zoom {
    fn from(Stored {}: Stored) -> Self {
        Self {
            texts: Texts::new(["event", "payload.plainToken"]),
        }
    }
}

impl Sender for Zoom {
    fn answer_authenticated(
        &self,
        request: &Incoming<'_, '_>,
        secret: Option<&Secret>,
    ) -> Option<Result<Reply, Diagnosis>> {
        let secret = secret?;
        let [event, plain] = self.texts.of(request.parts.body.bytes())?;
        if event != "endpoint.url_validation" {
            return None;
        }
        if !is_plain_token(&plain) {
            return Some(Err(Diagnosis::Malformed {
                subject: Subject::Token,
                place: "payload.plainToken".to_owned(),
                expected: "at most 128 characters of Base64".to_owned(),
            }));
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("a key of any length");
        mac.update(plain.as_bytes());
        let encrypted = hex::encode(mac.finalize().into_bytes());
        let body = serde_json::json!({ "plainToken": plain, "encryptedToken": encrypted });
        Some(Ok(reply(JSON, body.to_string())))
    }
}

/// Whether a text may be a `plainToken`. What is signed for a stranger must not look like the signed content of an event.
fn is_plain_token(text: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(is_base64)
}
