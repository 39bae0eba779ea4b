use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{reply, Sender, Texts};
use crate::auth::envelope::WecomKey;
use crate::auth::{presets, Diagnosis, RequestParts, Secret, Source, Subject};
use crate::reply::{Reply, JSON};

/// DingTalk, whose events come in WeCom's envelopes, `check_url` among them. The response to each is `success`, encrypted
/// and signed.
/// <https://open.dingtalk.com/document/orgapp/push-events>
#[derive(Debug, Deserialize)]
#[serde(from = "Stored")]
pub struct Dingtalk {
    key: Result<WecomKey, Diagnosis>,
    receive_id: String,
    /// Where the envelope of an event is.
    sealed: Source,
    texts: Texts<1>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    encoding_aes_key: Secret,
    /// The id that the envelope has to name and the response's will: the app key, or the corp id.
    receive_id: String,
}

impl From<Stored> for Dingtalk {
    fn from(stored: Stored) -> Self {
        Self {
            key: WecomKey::new(&stored.encoding_aes_key),
            receive_id: stored.receive_id,
            sealed: Source::Body("encrypt".into()),
            texts: Texts::new(["EventType"]),
        }
    }
}

impl Dingtalk {
    fn key(&self) -> Result<&WecomKey, Diagnosis> {
        self.key.as_ref().map_err(Clone::clone)
    }

    /// Makes the response; `nonce` has to be new for each, as `random` has.
    fn success(&self, token: &Secret, now: i64, random: [u8; 16], nonce: &str) -> Result<Reply, Diagnosis> {
        let encrypted = self.key()?.seal(b"success", &self.receive_id, random);
        let timestamp = now.to_string();
        let signature = presets::wecom_signature(token, &timestamp, nonce, &encrypted);
        let body = serde_json::json!({
            "msg_signature": signature,
            "timeStamp": timestamp,
            "nonce": nonce,
            "encrypt": encrypted,
        });
        Ok(reply(JSON, body.to_string()))
    }
}

impl Sender for Dingtalk {
    fn opens_envelopes(&self) -> bool {
        true
    }

    fn open(&self, request: &RequestParts<'_>) -> Result<Option<Vec<u8>>, Diagnosis> {
        let sealed = self.sealed.find(Subject::Encrypted, request)?;
        sealed
            .map(|text| self.key()?.open(&text, Some(&self.receive_id)))
            .transpose()
    }

    fn is_verification(&self, opened: &[u8]) -> bool {
        self.texts.of(opened).is_some_and(|[kind]| kind == "check_url")
    }

    fn acknowledges(&self) -> bool {
        true
    }

    fn acknowledge(&self, token: &Secret, now: i64, random: [u8; 16]) -> Result<Option<Reply>, Diagnosis> {
        // The random bytes are in the envelope, where nobody can read them; a hash of them makes a nonce.
        let nonce = hex::encode(&Sha256::digest(random)[..8]);
        self.success(token, now, random, &nonce).map(Some)
    }

    fn check_key(&self) -> Result<(), Diagnosis> {
        self.key().map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The signature as dingtalk-encrypt 1.2.3 makes it.
    #[test]
    fn signs_as_other_libraries_do() {
        let json =
            r#"{"encodingAesKey":"4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij","receiveId":"suite4xxxxxxxxxxxxxxx"}"#;
        let dingtalk: Dingtalk = serde_json::from_str(json).unwrap();
        let token = Secret::new("123456").unwrap();
        let reply = dingtalk.success(&token, 1_445_827_045_067, *b"0123456789abcdef", "nEXhMP4r");
        assert!(reply
            .unwrap()
            .body
            .contains(r#""msg_signature":"d4d71deb814062ccb0db86abe6b8f903be156e13""#));
    }
}
