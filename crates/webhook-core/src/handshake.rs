//! What senders ask before they send events, answered at once and without running a workflow.
//!
//! A [`Handshake`] is what an endpoint stores. Some senders ask without a proof: [`Handshake::answer`] comes before the
//! proof is looked at. The questions of others are signed as every event is: [`Handshake::answer_verified`] comes after it,
//! and so do [`Handshake::open`], for bodies that come encrypted, and [`Handshake::acknowledge`], for a sender that wants a
//! certain answer to every event.
//!
//! A reply that repeats what was sent is plain text that no browser takes for a page.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::auth::envelope::{open_feishu, WecomKey};
use crate::auth::{presets, token, verify, Diagnosis, RequestParts, Secret, Source, Subject};
use crate::json::PathSet;
use crate::query;
use crate::reply::{Reply, JSON, TEXT};

/// What a sender asks for and how it encrypts, as it is stored: JSON with a `kind`.
///
/// ```
/// use webhook_core::handshake::Handshake;
/// let meta: Handshake = serde_json::from_str(r#"{"kind":"meta","verifyTokens":["meatyhamhock"]}"#).unwrap();
/// assert_eq!(meta.method(), Some("GET"));
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Handshake {
    /// Slack's [`slack`].
    Slack {},
    /// Meta's and WhatsApp's [`meta`].
    Meta {
        /// The verify tokens that count.
        verify_tokens: Vec<Secret>,
    },
    /// Microsoft Graph's [`microsoft_graph`].
    MicrosoftGraph {},
    /// Zoom's [`zoom`].
    Zoom {},
    /// Feishu's and Lark's [`feishu`].
    Feishu {
        /// The verification tokens that count; without any, anyone gets the challenge back.
        #[serde(default)]
        verification_tokens: Vec<Secret>,
        /// The encrypt key, if events come encrypted.
        #[serde(default)]
        encrypt_key: Option<Secret>,
    },
    /// WeCom's [`wecom`].
    Wecom {
        /// The `EncodingAESKey`.
        encoding_aes_key: Secret,
        /// The id that has to stand in the envelope: the corp id.
        #[serde(default)]
        receive_id: Option<String>,
    },
    /// DingTalk's [`dingtalk`].
    Dingtalk {
        /// The `EncodingAESKey`.
        encoding_aes_key: Secret,
        /// The id that has to stand in the envelope and goes into the answer's: the app key, or the corp id.
        receive_id: String,
    },
}

impl Handshake {
    /// The method that the question comes with, where it isn't that of events.
    pub fn method(&self) -> Option<&'static str> {
        match self {
            Self::Meta { .. } | Self::Wecom { .. } => Some("GET"),
            _ => None,
        }
    }

    /// The reply to a question that comes without the proof that events bring, or `None` if the request is no such
    /// question and its proof is to be looked at. `secrets` are those of the proof, which sign WeCom's question.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] for a question of someone who doesn't know the secret of the question.
    pub fn answer(
        &self,
        method: &str,
        request: &RequestParts<'_>,
        secrets: &[Secret],
    ) -> Option<Result<Reply, Diagnosis>> {
        match self {
            Self::Meta { verify_tokens } if method == "GET" => meta(request.query, verify_tokens),
            Self::MicrosoftGraph {} => microsoft_graph(request.query).map(Ok),
            Self::Feishu {
                verification_tokens, ..
            } => {
                // What can't be opened is no question; that it can't is said nowhere before the proof holds.
                let opened = self.open(request).ok()?;
                feishu(opened.as_deref().unwrap_or(request.body), verification_tokens)
            }
            Self::Wecom {
                encoding_aes_key,
                receive_id,
            } if method == "GET" => {
                let key = match WecomKey::new(encoding_aes_key) {
                    Ok(key) => key,
                    Err(diagnosis) => return Some(Err(diagnosis)),
                };
                wecom(request, secrets, &key, receive_id.as_deref())
            }
            _ => None,
        }
    }

    /// Whether a request may be a question that [`Handshake::answer`] answers, as far as can be told without the body.
    pub fn may_answer(&self, method: &str, request: &RequestParts<'_>) -> bool {
        match self {
            // Its question is in the body.
            Self::Feishu { .. } => true,
            _ => self.answer(method, request, &[]).is_some(),
        }
    }

    /// The reply to a question whose proofs held, or `None` for an event. `secret` is the one it was signed with; without
    /// one Zoom's question can't be answered and is taken for an event.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] for a question that isn't one that the sender asks.
    pub fn answer_verified(
        &self,
        request: &RequestParts<'_>,
        secret: Option<&Secret>,
    ) -> Option<Result<Reply, Diagnosis>> {
        match self {
            Self::Slack {} => slack(request.body).map(Ok),
            Self::Zoom {} => zoom(request.body, secret?),
            _ => None,
        }
    }

    /// Whether an event is a question that is answered as every event is, with [`Handshake::acknowledge`]: DingTalk's
    /// `check_url`. `opened` is what was in its envelope.
    pub fn is_question(&self, opened: &[u8]) -> bool {
        self.acknowledges() && texts(opened, ["EventType"]).is_some_and(|[kind]| kind == "check_url")
    }

    /// The key of WeCom's and DingTalk's envelopes, where it is one of these.
    pub fn encoding_aes_key(&self) -> Option<&Secret> {
        match self {
            Self::Wecom { encoding_aes_key, .. } | Self::Dingtalk { encoding_aes_key, .. } => Some(encoding_aes_key),
            _ => None,
        }
    }

    /// Whether the sender wants an answer of its own to every event, which [`Handshake::acknowledge`] makes.
    pub fn acknowledges(&self) -> bool {
        matches!(self, Self::Dingtalk { .. })
    }

    /// Whether events come in an envelope that [`Handshake::open`] opens.
    pub fn opens_envelopes(&self) -> bool {
        matches!(
            self,
            Self::Feishu {
                encrypt_key: Some(_),
                ..
            } | Self::Wecom { .. }
                | Self::Dingtalk { .. }
        )
    }

    /// The body of a request whose proof held, if it came encrypted; `None` if it didn't.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] if it can't be opened.
    pub fn open(&self, request: &RequestParts<'_>) -> Result<Option<Vec<u8>>, Diagnosis> {
        let sealed = |source: Source| source.find(Subject::Encrypted, request);
        let in_json = || Source::Body("encrypt".to_owned());
        let (text, key, receive_id) = match self {
            Self::Feishu {
                encrypt_key: Some(key), ..
            } => return sealed(in_json())?.map(|text| open_feishu(key, &text)).transpose(),
            Self::Wecom {
                encoding_aes_key,
                receive_id,
            } => (
                sealed(Source::Xml("Encrypt".to_owned()))?,
                encoding_aes_key,
                receive_id.as_deref(),
            ),
            Self::Dingtalk {
                encoding_aes_key,
                receive_id,
            } => (sealed(in_json())?, encoding_aes_key, Some(receive_id.as_str())),
            _ => return Ok(None),
        };
        text.map(|text| WecomKey::new(key)?.open(&text, receive_id)).transpose()
    }

    /// The answer that the sender wants to every event, once it is stored; `None` where any 2xx will do. `token` is the
    /// secret the event was signed with; `now` is in milliseconds, `random` has to be new for each answer.
    ///
    /// # Errors
    ///
    /// [`Diagnosis::SecretForm`] if the key can't be one.
    pub fn acknowledge(&self, token: &Secret, now: i64, random: [u8; 16]) -> Result<Option<Reply>, Diagnosis> {
        let Self::Dingtalk {
            encoding_aes_key,
            receive_id,
        } = self
        else {
            return Ok(None);
        };
        let key = WecomKey::new(encoding_aes_key)?;
        // The random bytes are in the envelope, where nobody can read them; a hash of them makes a nonce.
        let nonce = hex::encode(&Sha256::digest(random)[..8]);
        Ok(Some(dingtalk(token, &key, receive_id, now, random, &nonce)))
    }
}

fn reply(status: u16, content_type: &str, body: String) -> Reply {
    let headers = [("content-type", content_type), ("x-content-type-options", "nosniff")];
    Reply {
        status,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body,
    }
}

/// The texts at these paths of a JSON body, an empty one for what isn't there or isn't a text; `None` for a body that isn't JSON.
fn texts<const N: usize>(body: &[u8], paths: [&str; N]) -> Option<[String; N]> {
    let mut values = PathSet::new(paths).extract(body).ok()?.into_iter();
    let text = |value: Option<Cow<'_, str>>| value.and_then(|value| serde_json::from_str(&value).ok());
    Some(paths.map(|_| values.next().and_then(text).unwrap_or_default()))
}

fn parameter(query: &str, name: &str) -> Option<String> {
    query::parameters(query)
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

/// Slack's `url_verification`, which is signed as every event is, and has to be verified before.
/// <https://docs.slack.dev/reference/events/url_verification>
pub fn slack(body: &[u8]) -> Option<Reply> {
    let [kind, challenge] = texts(body, ["type", "challenge"])?;
    (kind == "url_verification").then(|| reply(200, TEXT, challenge))
}

/// Meta's and WhatsApp's `hub.mode=subscribe`, a GET: the challenge for whoever knows the verify token.
/// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests>
///
/// # Errors
///
/// [`Diagnosis::NoMatch`] if its verify token is none of those.
pub fn meta(query: &str, verify_tokens: &[Secret]) -> Option<Result<Reply, Diagnosis>> {
    if parameter(query, "hub.mode").as_deref() != Some("subscribe") {
        return None;
    }
    let sent = parameter(query, "hub.verify_token").unwrap_or_default();
    Some(match token::find_equal(&sent, verify_tokens) {
        Some(_) => Ok(reply(200, TEXT, parameter(query, "hub.challenge").unwrap_or_default())),
        None => Err(Diagnosis::NoMatch {
            signatures: 1,
            hint: None,
        }),
    })
}

/// Microsoft Graph's `validationToken`, a POST without a proof of who asks.
/// <https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks#notificationurl-validation>
pub fn microsoft_graph(query: &str) -> Option<Reply> {
    parameter(query, "validationToken").map(|token| reply(200, TEXT, token))
}

/// Zoom's `endpoint.url_validation`, which is signed as every event is, and has to be verified before: the answer is a
/// signature. So that nobody gets one over an event, a token with other characters than Zoom's tokens have gets none.
/// <https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint>
///
/// # Errors
///
/// [`Diagnosis::Malformed`] for such a token.
pub fn zoom(body: &[u8], secret: &Secret) -> Option<Result<Reply, Diagnosis>> {
    let [event, plain] = texts(body, ["event", "payload.plainToken"])?;
    if event != "endpoint.url_validation" {
        return None;
    }
    if plain.is_empty()
        || plain.len() > 128
        || !plain
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte))
    {
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
    Some(Ok(reply(200, JSON, body.to_string())))
}

/// Feishu's and Lark's `url_verification`, opened where it was encrypted; it may be unsigned. Without verification tokens
/// anyone gets an answer.
/// <https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/request-url-configuration-case>
///
/// # Errors
///
/// [`Diagnosis::NoMatch`] if its verification token is none of those.
pub fn feishu(event: &[u8], verification_tokens: &[Secret]) -> Option<Result<Reply, Diagnosis>> {
    let [kind, sent, challenge] = texts(event, ["type", "token", "challenge"])?;
    if kind != "url_verification" {
        return None;
    }
    let known = verification_tokens.is_empty() || token::find_equal(&sent, verification_tokens).is_some();
    Some(if known {
        let body = serde_json::json!({ "challenge": challenge });
        Ok(reply(200, JSON, body.to_string()))
    } else {
        Err(Diagnosis::NoMatch {
            signatures: 1,
            hint: None,
        })
    })
}

/// WeCom's `echostr`, a GET: the text in it, opened.
/// <https://developer.work.weixin.qq.com/document/path/90930>
///
/// # Errors
///
/// A [`Diagnosis`] if it isn't signed with one of the tokens, or can't be opened.
pub fn wecom(
    request: &RequestParts<'_>,
    tokens: &[Secret],
    key: &WecomKey,
    receive_id: Option<&str>,
) -> Option<Result<Reply, Diagnosis>> {
    let echo = parameter(request.query, "echostr")?;
    Some(wecom_echo(&echo, request, tokens, key, receive_id))
}

fn wecom_echo(
    echo: &str,
    request: &RequestParts<'_>,
    tokens: &[Secret],
    key: &WecomKey,
    receive_id: Option<&str>,
) -> Result<Reply, Diagnosis> {
    let scheme = presets::wecom_with(Source::Query("echostr".to_owned()));
    // Its time isn't checked, so now doesn't matter.
    verify(&scheme, tokens, request, 0)?;
    let text = String::from_utf8(key.open(echo, receive_id)?).map_err(|_| Diagnosis::Malformed {
        subject: Subject::Encrypted,
        place: "query parameter echostr".to_owned(),
        expected: "UTF-8".to_owned(),
    })?;
    Ok(reply(200, TEXT, text))
}

/// The answer that DingTalk wants for `check_url` and for every other event: `success`, encrypted and signed. `now` is in
/// milliseconds, `random` and `nonce` have to be new for each.
/// <https://open.dingtalk.com/document/orgapp/push-events>
pub fn dingtalk(token: &Secret, key: &WecomKey, receive_id: &str, now: i64, random: [u8; 16], nonce: &str) -> Reply {
    let encrypted = key.seal(b"success", receive_id, random);
    let timestamp = now.to_string();
    let signature = presets::wecom_signature(token, &timestamp, nonce, &encrypted);
    let body = serde_json::json!({
        "msg_signature": signature,
        "timeStamp": timestamp,
        "nonce": nonce,
        "encrypt": encrypted,
    });
    reply(200, JSON, body.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::request::Headers;

    fn field<'a>(event: &'a Value, pointer: &str) -> &'a str {
        event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn body(answer: Option<Result<Reply, Diagnosis>>) -> Option<Result<String, Diagnosis>> {
        answer.map(|answer| answer.map(|reply| reply.body))
    }

    #[test]
    fn slack_gets_its_challenge_back() {
        let event = br#"{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;
        let challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P";
        assert_eq!(slack(event).unwrap().body, challenge);
        for other in [
            &br#"{"type":"event_callback","challenge":"x"}"#[..],
            b"[]",
            b"",
            b"payload=%7B%7D",
        ] {
            assert_eq!(slack(other), None);
        }
    }

    #[test]
    fn meta_gets_its_challenge_back_if_it_knows_the_token() {
        let tokens = [secret("meatyhamhock"), secret("mee&t")];
        let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=";
        assert_eq!(
            body(meta(&format!("{query}meatyhamhock"), &tokens)),
            Some(Ok("1158201444".to_owned()))
        );
        assert_eq!(
            body(meta(&format!("{query}mee%26t"), &tokens)),
            Some(Ok("1158201444".to_owned()))
        );
        let refused = Some(Err(Diagnosis::NoMatch {
            signatures: 1,
            hint: None,
        }));
        for wrong in ["", "meaty", "meatyhamhock2"] {
            assert_eq!(body(meta(&format!("{query}{wrong}"), &tokens)), refused);
        }
        assert_eq!(body(meta(query, &[])), refused);
        assert_eq!(meta("hub.mode=unsubscribe", &tokens), None);
        assert_eq!(meta("", &tokens), None);
    }

    #[test]
    fn microsoft_graph_gets_its_token_back_as_plain_text_that_no_browser_runs() {
        let asked = microsoft_graph("validationToken=Validation%3A+Testing%3Cscript%3E").unwrap();
        assert_eq!(asked.body, "Validation: Testing<script>");
        assert!(asked
            .headers
            .contains(&("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())));
        assert!(asked
            .headers
            .contains(&("x-content-type-options".to_owned(), "nosniff".to_owned())));
        assert_eq!(microsoft_graph("a=1"), None);
    }

    #[test]
    fn zoom_gets_its_token_signed_and_no_signature_over_an_event() {
        let event = |token: &str| {
            format!(r#"{{"payload":{{"plainToken":"{token}"}},"event_ts":1,"event":"endpoint.url_validation"}}"#)
        };
        let asked = zoom(event("qgg8vlvZRS6UYooatFL8Aw").as_bytes(), &secret("key")).unwrap();
        assert_eq!(
            asked.unwrap().body,
            r#"{"encryptedToken":"f2b3627702c43576251dc6a643384a2eb050e6e1d078adecf3415e1416944a43","plainToken":"qgg8vlvZRS6UYooatFL8Aw"}"#
        );
        for forged in ["", "v0:1700000000:{}", "a b"] {
            assert!(matches!(
                zoom(event(forged).as_bytes(), &secret("key")),
                Some(Err(Diagnosis::Malformed { .. }))
            ));
        }
        assert_eq!(zoom(br#"{"event":"meeting.started"}"#, &secret("key")), None);
    }

    #[test]
    fn feishu_gets_its_challenge_back_if_it_knows_the_token() {
        let event = br#"{"challenge":"ajls384kdjx98XX","token":"xxxxxx","type":"url_verification"}"#;
        let answer = r#"{"challenge":"ajls384kdjx98XX"}"#;
        for tokens in [&[][..], &[secret("xxxxxx")]] {
            assert_eq!(feishu(event, tokens).unwrap().unwrap().body, answer);
        }
        let refused = feishu(event, &[secret("other")]).unwrap();
        assert_eq!(
            refused,
            Err(Diagnosis::NoMatch {
                signatures: 1,
                hint: None
            })
        );
        assert_eq!(feishu(br#"{"schema":"2.0"}"#, &[]), None);
    }

    // The sample of WeCom's own library.
    #[test]
    fn wecom_gets_its_text_back_opened() {
        let tokens = [secret("QDG6eK")];
        let key = WecomKey::new(&secret("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")).unwrap();
        let headers = Headers::default();
        let query =
            "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr=\
            P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
        let ask = |query: &str, tokens: &[Secret], id: &str| {
            let request = RequestParts {
                url: "",
                query,
                headers: &headers,
                body: b"",
            };
            wecom(&request, tokens, &key, Some(id)).map(|answer| answer.map(|reply| reply.body))
        };
        assert_eq!(
            ask(query, &tokens, "wx5823bf96d3bd56c7"),
            Some(Ok("1616140317555161061".to_owned()))
        );
        assert!(matches!(
            ask(query, &[secret("other")], "wx5823bf96d3bd56c7"),
            Some(Err(Diagnosis::NoMatch { .. }))
        ));
        assert!(matches!(
            ask(query, &tokens, "wx"),
            Some(Err(Diagnosis::Malformed { .. }))
        ));
        assert_eq!(ask("timestamp=1", &tokens, "wx"), None);
    }

    #[test]
    fn dingtalk_gets_success_encrypted_and_signed() {
        let encoding_key = secret("4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij");
        let key = WecomKey::new(&encoding_key).unwrap();
        // Its signature as dingtalk-encrypt 1.2.3 makes it.
        let random = *b"0123456789abcdef";
        let known = dingtalk(
            &secret("123456"),
            &key,
            "suite4xxxxxxxxxxxxxxx",
            1_445_827_045_067,
            random,
            "nEXhMP4r",
        );
        assert!(known
            .body
            .contains(r#""msg_signature":"d4d71deb814062ccb0db86abe6b8f903be156e13""#));
        let answer = dingtalk(
            &secret("123456"),
            &key,
            "suite4xxxxxxxxxxxxxxx",
            1_445_827_045_067,
            [1; 16],
            "nEXhMP4r",
        );
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        let headers = Headers::default();
        let query = format!(
            "msg_signature={}&timestamp={}&nonce={}",
            field(&answer, "/msg_signature"),
            field(&answer, "/timeStamp"),
            field(&answer, "/nonce"),
        );
        let sent = answer.to_string();
        let request = RequestParts {
            url: "",
            query: &query,
            headers: &headers,
            body: sent.as_bytes(),
        };
        let scheme = presets::find("dingtalk").unwrap();
        assert!(verify(&scheme, &[secret("123456")], &request, 0).is_ok());
        let opened = key.open(field(&answer, "/encrypt"), Some("suite4xxxxxxxxxxxxxxx"));
        assert_eq!(opened, Ok(b"success".to_vec()));
    }

    fn handshake(json: &str) -> Handshake {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn only_what_is_asked_without_a_proof_is_answered_before_it() {
        let headers = Headers::default();
        let ask = |handshake: &Handshake, method: &str, query: &str, body: &[u8]| {
            let request = RequestParts {
                url: "",
                query,
                headers: &headers,
                body,
            };
            handshake
                .answer(method, &request, &[secret("QDG6eK")])
                .map(|answer| answer.map(|reply| reply.status))
        };
        let slack = handshake(r#"{"kind":"slack"}"#);
        let zoom = handshake(r#"{"kind":"zoom"}"#);
        let meta = handshake(r#"{"kind":"meta","verifyTokens":["a","b"]}"#);
        let graph = handshake(r#"{"kind":"microsoft-graph"}"#);
        let feishu = handshake(r#"{"kind":"feishu","verificationTokens":["t"],"encryptKey":"test key"}"#);
        assert_eq!(
            ask(&slack, "POST", "", br#"{"type":"url_verification","challenge":"c"}"#),
            None
        );
        assert_eq!(
            ask(
                &zoom,
                "POST",
                "",
                br#"{"event":"endpoint.url_validation","payload":{"plainToken":"a"}}"#
            ),
            None
        );
        let subscribe = "hub.mode=subscribe&hub.verify_token=b&hub.challenge=1";
        assert_eq!(ask(&meta, "GET", subscribe, b""), Some(Ok(200)));
        assert_eq!(ask(&meta, "POST", subscribe, b"{}"), None);
        assert_eq!(ask(&graph, "POST", "validationToken=x", b""), Some(Ok(200)));
        assert_eq!(ask(&graph, "POST", "", br#"{"value":[]}"#), None);
        let question = br#"{"type":"url_verification","challenge":"c","token":"t"}"#;
        assert_eq!(ask(&feishu, "POST", "", question), Some(Ok(200)));
        assert!(matches!(
            ask(
                &feishu,
                "POST",
                "",
                br#"{"type":"url_verification","challenge":"c","token":"x"}"#
            ),
            Some(Err(Diagnosis::NoMatch { .. }))
        ));
        // Opens to "hello world", and not at all: both are left to the proof.
        let hello: &[u8] = br#"{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}"#;
        for event in [hello, br#"{"encrypt":"P37w"}"#, b"", b"x"] {
            assert_eq!(ask(&feishu, "POST", "", event), None);
        }
        let wecom = handshake(r#"{"kind":"wecom","encodingAesKey":"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"}"#);
        assert!(matches!(
            ask(&wecom, "GET", "echostr=x&msg_signature=00&timestamp=1&nonce=2", b""),
            Some(Err(Diagnosis::Malformed { .. }))
        ));
        assert_eq!(ask(&wecom, "POST", "echostr=x", b""), None);
    }

    #[test]
    fn encrypted_bodies_are_opened_and_others_are_left_alone() {
        let headers = Headers::default();
        let open = |handshake: &Handshake, body: &[u8]| {
            let request = RequestParts {
                url: "",
                query: "",
                headers: &headers,
                body,
            };
            handshake.open(&request)
        };
        let feishu = handshake(r#"{"kind":"feishu","encryptKey":"test key"}"#);
        let sealed = br#"{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}"#;
        assert_eq!(open(&feishu, sealed), Ok(Some(b"hello world".to_vec())));
        assert_eq!(open(&feishu, br#"{"schema":"2.0"}"#), Ok(None));
        assert_eq!(open(&handshake(r#"{"kind":"feishu"}"#), sealed), Ok(None));
        let aes_key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
        let message = WecomKey::new(&secret(aes_key)).unwrap().seal(b"<xml/>", "id", [3; 16]);
        let wecom = |id: &str| {
            handshake(&format!(
                r#"{{"kind":"wecom","encodingAesKey":"{aes_key}","receiveId":"{id}"}}"#
            ))
        };
        let body = format!("<xml><Encrypt><![CDATA[{message}]]></Encrypt></xml>");
        assert_eq!(open(&wecom("id"), body.as_bytes()), Ok(Some(b"<xml/>".to_vec())));
        assert!(open(&wecom("other"), body.as_bytes()).is_err());
    }

    #[test]
    fn only_dingtalk_wants_an_answer_of_its_own_to_every_event() {
        let aes_key = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";
        let dingtalk = handshake(&format!(
            r#"{{"kind":"dingtalk","encodingAesKey":"{aes_key}","receiveId":"id"}}"#
        ));
        let answer = |random| dingtalk.acknowledge(&secret("token"), 1, random).unwrap().unwrap().body;
        assert_eq!(answer([1; 16]), answer([1; 16]));
        let parsed: Value = serde_json::from_str(&answer([1; 16])).unwrap();
        assert_ne!(answer([1; 16]), answer([2; 16]));
        let opened = WecomKey::new(&secret(aes_key))
            .unwrap()
            .open(field(&parsed, "/encrypt"), Some("id"));
        assert_eq!(opened, Ok(b"success".to_vec()));
        assert_eq!(
            handshake(r#"{"kind":"slack"}"#).acknowledge(&secret("token"), 1, [1; 16]),
            Ok(None)
        );
    }

    #[test]
    fn a_handshake_that_is_incomplete_or_has_a_blank_secret_is_refused() {
        for (json, message) in [
            (r#"{"kind":"meta"}"#, "missing field `verifyTokens`"),
            (
                r#"{"kind":"meta","verifyTokens":[" "]}"#,
                "expected a secret, but found a blank one",
            ),
            (
                r#"{"kind":"dingtalk","encodingAesKey":"x"}"#,
                "missing field `receiveId`",
            ),
            (r#"{"kind":"slack","verifyTokens":[]}"#, "unknown field `verifyTokens`"),
            (r#"{"kind":"discord"}"#, "unknown variant `discord`"),
        ] {
            let error = serde_json::from_str::<Handshake>(json).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        assert!(!format!("{:?}", handshake(r#"{"kind":"meta","verifyTokens":["hunter2"]}"#)).contains("hunter2"));
    }
}
