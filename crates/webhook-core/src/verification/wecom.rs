use serde::Deserialize;

use super::{parameter, reply, Incoming, Sender, Stage};
use crate::auth::envelope::WecomKey;
use crate::auth::{presets, verify, Diagnosis, RequestParts, Scheme, Secret, Source, Subject};
use crate::reply::{Reply, TEXT};

/// WeCom's `echostr`, a GET signed with a token of the authentication method: the response is the text in it, opened.
/// Events come encrypted.
/// <https://developer.work.weixin.qq.com/document/path/90930>
#[derive(Debug, Deserialize)]
#[serde(from = "Stored")]
pub struct Wecom {
    key: Result<WecomKey, Diagnosis>,
    receive_id: Option<String>,
    /// How the verification is signed.
    scheme: Scheme,
    /// Where the envelope of an event is.
    sealed: Source,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    encoding_aes_key: Secret,
    /// The id that the envelope has to name: the corp id.
    #[serde(default)]
    receive_id: Option<String>,
}

impl From<Stored> for Wecom {
    fn from(stored: Stored) -> Self {
        Self {
            key: WecomKey::new(&stored.encoding_aes_key),
            receive_id: stored.receive_id,
            scheme: presets::wecom_with(Source::Query("echostr".to_owned())),
            sealed: Source::Xml("Encrypt".to_owned()),
        }
    }
}

impl Wecom {
    fn open_text(&self, text: &str) -> Result<Vec<u8>, Diagnosis> {
        self.key
            .as_ref()
            .map_err(Clone::clone)?
            .open(text, self.receive_id.as_deref())
    }

    fn echo(&self, echo: &str, request: &RequestParts<'_>, tokens: &[Secret]) -> Result<Reply, Diagnosis> {
        // The scheme doesn't check the time, so any will do.
        verify(&self.scheme, tokens, request, 0)?;
        let text = String::from_utf8(self.open_text(echo)?).map_err(|_| Diagnosis::Malformed {
            subject: Subject::Encrypted,
            place: "query parameter echostr".to_owned(),
            expected: "UTF-8".to_owned(),
        })?;
        Ok(reply(TEXT, text))
    }
}

impl Sender for Wecom {
    fn last_stage(&self, method: &str) -> Option<Stage> {
        (method == "GET").then_some(Stage::Secret)
    }

    fn answer(&self, request: &Incoming<'_, '_>) -> Option<Result<Reply, Diagnosis>> {
        if request.parts.method != "GET" {
            return None;
        }
        if let Err(diagnosis) = &self.key {
            return Some(Err(diagnosis.clone()));
        }
        let echo = parameter(request.parts.query, "echostr")?;
        Some(self.echo(&echo, &request.parts, request.secrets))
    }

    fn opens_envelopes(&self) -> bool {
        true
    }

    fn open(&self, request: &RequestParts<'_>) -> Result<Option<Vec<u8>>, Diagnosis> {
        let sealed = self.sealed.find(Subject::Encrypted, request)?;
        sealed.map(|text| self.open_text(&text)).transpose()
    }

    fn check_key(&self) -> Result<(), Diagnosis> {
        self.key.as_ref().map(|_| ()).map_err(Clone::clone)
    }
}
