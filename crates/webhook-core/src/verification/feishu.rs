use serde::Deserialize;

use super::{no_match, reply, Incoming, Sender, Texts};
use crate::auth::envelope::FeishuKey;
use crate::auth::{token, Diagnosis, RequestParts, Secret, Source, Subject};
use crate::reply::{Reply, JSON};

/// Feishu's and Lark's `url_verification`, which may come encrypted and unsigned: the response is its challenge. Without
/// verification tokens anyone gets it.
/// <https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/request-url-configuration-case>
#[derive(Debug, Deserialize)]
#[serde(from = "Stored")]
pub struct Feishu {
    verification_tokens: Vec<Secret>,
    /// The key of the envelopes, and where they are in the body; `None` if events don't come encrypted.
    envelope: Option<(FeishuKey, Source)>,
    texts: Texts<3>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    #[serde(default)]
    verification_tokens: Vec<Secret>,
    #[serde(default)]
    encrypt_key: Option<Secret>,
}

impl From<Stored> for Feishu {
    fn from(stored: Stored) -> Self {
        let key = stored.encrypt_key.as_ref().map(FeishuKey::new);
        Self {
            verification_tokens: stored.verification_tokens,
            envelope: key.map(|key| (key, Source::Body("encrypt".into()))),
            texts: Texts::new(["type", "token", "challenge"]),
        }
    }
}

impl Sender for Feishu {
    fn answer(&self, request: &Incoming<'_, '_>) -> Option<Result<Reply, Diagnosis>> {
        let request = &request.parts;
        // What can't be opened isn't a verification; nothing says that it can't before it is authenticated.
        let opened = self.open(request).ok()?;
        let [kind, sent, challenge] = self.texts.of(opened.as_deref().unwrap_or(request.body.bytes()))?;
        if kind != "url_verification" {
            return None;
        }
        let tokens = &self.verification_tokens;
        Some(if tokens.is_empty() || token::find_equal(&sent, tokens).is_some() {
            let body = serde_json::json!({ "challenge": challenge });
            Ok(reply(JSON, body.to_string()))
        } else {
            Err(no_match())
        })
    }

    // Its verification is in the body.
    fn may_answer(&self, _: &Incoming<'_, '_>) -> bool {
        true
    }

    fn opens_envelopes(&self) -> bool {
        self.envelope.is_some()
    }

    fn open(&self, request: &RequestParts<'_>) -> Result<Option<Vec<u8>>, Diagnosis> {
        let Some((key, source)) = &self.envelope else {
            return Ok(None);
        };
        let sealed = source.find(Subject::Encrypted, request)?;
        sealed.map(|text| key.open(&text)).transpose()
    }
}
