//! URL verification: what senders ask before they send events, answered at once and without running a workflow.
//!
//! An endpoint stores a [`UrlVerification`]. Most senders are [`Rules`], their own or those of a preset; what rules can't express
//! has a file of its own. Each implements [`Sender`]. Some senders verify without any authentication: [`Sender::answer_anyone`]
//! comes before it. Others have a secret for the verification alone ([`Sender::answer`]), or sign a verification as they sign every
//! event: [`Sender::answer_authenticated`] comes after authentication, and so do [`Sender::open`], for bodies that come encrypted,
//! and [`Sender::acknowledge`], for a sender that expects a certain response to every event.
//!
//! A response that repeats what was sent is plain text or JSON, so no browser renders it as a page.

mod cloudevents;
mod dingtalk;
mod feishu;
mod meta;
pub mod presets;
pub(crate) mod rules;
mod wecom;
mod zoom;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::auth::signature::Algorithm;
use crate::auth::{Diagnosis, RequestParts, Secret};
use crate::json::PathSet;
use crate::query;
use crate::reading::LazyBody;
use crate::reply::Reply;

pub use cloudevents::CloudEvents;
pub use dingtalk::Dingtalk;
pub use feishu::Feishu;
pub use meta::Meta;
pub use rules::Rules;
pub use wecom::Wecom;
pub use zoom::Zoom;

/// How a sender verifies the URL and encrypts its events, as it is stored: JSON with a `kind`. [`Rules`] are compiled with the rest
/// of the configuration.
///
/// ```
/// use webhook_core::verification::{Stage, UrlVerification};
/// let meta: UrlVerification = serde_json::from_str(r#"{"kind":"meta","verifyTokens":["meatyhamhock"]}"#).unwrap();
/// assert_eq!(meta.sender().last_stage("GET"), Some(Stage::Secret));
/// ```
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant, reason = "an endpoint has at most one")]
pub enum UrlVerification {
    /// Rules of the configuration, or of a preset.
    #[serde(skip)]
    Rules(Rules),
    /// Meta and WhatsApp.
    Meta(Meta),
    /// Zoom.
    Zoom(Zoom),
    /// Feishu and Lark.
    Feishu(Feishu),
    /// WeCom.
    Wecom(Wecom),
    /// DingTalk.
    Dingtalk(Dingtalk),
    /// CloudEvents and Azure Event Grid.
    #[serde(rename = "cloudevents")]
    CloudEvents(CloudEvents),
}

impl UrlVerification {
    /// Returns what the configured sender does.
    pub fn sender(&self) -> &dyn Sender {
        match self {
            Self::Rules(sender) => sender,
            Self::Meta(sender) => sender,
            Self::Zoom(sender) => sender,
            Self::Feishu(sender) => sender,
            Self::Wecom(sender) => sender,
            Self::Dingtalk(sender) => sender,
            Self::CloudEvents(sender) => sender,
        }
    }
}

/// A request that may be a URL verification.
pub struct Incoming<'r, 'a> {
    /// What authentication looks at.
    pub parts: RequestParts<'r>,
    /// The secrets of the first authentication method, which sign WeCom's verification.
    pub secrets: &'r [Secret],
    pub(crate) body: Arrival<'r, 'a>,
}

impl<'r> Incoming<'r, '_> {
    /// A request for a sender that reads the body of `parts` itself: [`Rules`] don't look at it.
    pub fn new(parts: RequestParts<'r>, secrets: &'r [Secret]) -> Self {
        Self {
            parts,
            secrets,
            body: Arrival::Left,
        }
    }
}

/// What is known of a body.
#[derive(Clone, Copy)]
pub(crate) enum Arrival<'r, 'a> {
    /// It is still arriving: anything may be in it.
    Coming,
    /// It arrived, or will, but nobody has it.
    Left,
    /// It can be read.
    Arrived(&'r LazyBody<'a>),
}

/// When a verification is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before any authentication.
    Anyone,
    /// After Basic authentication, by a secret of its own.
    Secret,
    /// After every authentication method.
    Authenticated,
}

/// What a sender does besides sending signed events. The defaults are those of a sender that does nothing of the kind.
pub trait Sender: fmt::Debug + Send + Sync {
    /// Returns when, at the latest, a verification with a method is answered that isn't that of events; `None` if none has it.
    fn last_stage(&self, _method: &str) -> Option<Stage> {
        None
    }

    /// Lists the headers of the verification, in lower case.
    fn header_names(&self) -> Vec<&str> {
        vec![]
    }

    /// Returns whether the verification looks at the URL.
    fn reads_url(&self) -> bool {
        false
    }

    /// Responds to a verification that comes without any authentication; `None` for any other request.
    ///
    /// # Errors
    /// A [`Diagnosis`] for a verification that can't be answered.
    fn answer_anyone(&self, _request: &Incoming<'_, '_>) -> Option<Result<Reply, Diagnosis>> {
        None
    }

    /// Returns whether a request may be a verification that [`Sender::answer_anyone`] answers, as far as its head shows.
    fn may_answer_anyone(&self, request: &Incoming<'_, '_>) -> bool {
        self.answer_anyone(request).is_some()
    }

    /// Responds to a verification that comes without the authentication of events, except for Basic; `None` for any other request.
    ///
    /// # Errors
    /// A [`Diagnosis`] if it doesn't come from someone who knows the secret of the verification.
    fn answer(&self, _request: &Incoming<'_, '_>) -> Option<Result<Reply, Diagnosis>> {
        None
    }

    /// Returns whether a request may be a verification that [`Sender::answer`] answers, as far as its head shows.
    fn may_answer(&self, request: &Incoming<'_, '_>) -> bool {
        self.answer(request).is_some()
    }

    /// Responds to a verification that passed authentication; `None` for an event. `secret` is the one it was signed with;
    /// without one, Zoom's verification can't be answered and is treated as an event.
    ///
    /// # Errors
    /// A [`Diagnosis`] for a verification that the sender wouldn't send.
    fn answer_authenticated(
        &self,
        _request: &Incoming<'_, '_>,
        _secret: Option<&Secret>,
    ) -> Option<Result<Reply, Diagnosis>> {
        None
    }

    /// Returns whether a verification that is rejected counts as failed authentication (401) instead of as one with a wrong token
    /// of its own (403).
    fn fails_authentication(&self) -> bool {
        false
    }

    /// Returns whether a response may hold a signature.
    fn computes(&self) -> bool {
        false
    }

    /// Returns whether a response may hold the signature of this text, which strangers could then have got.
    fn may_have_signed(&self, _algorithm: Algorithm, _message: &[Cow<'_, [u8]>]) -> bool {
        false
    }

    /// Returns whether events come in an envelope that [`Sender::open`] opens.
    fn opens_envelopes(&self) -> bool {
        false
    }

    /// Opens the body of an authenticated request; `None` if it didn't come encrypted.
    ///
    /// # Errors
    /// A [`Diagnosis`] if it can't be opened.
    fn open(&self, _request: &RequestParts<'_>) -> Result<Option<Vec<u8>>, Diagnosis> {
        Ok(None)
    }

    /// Returns whether an opened event is a verification, which gets [`Sender::acknowledge`] as its response like every
    /// event.
    fn is_verification(&self, _opened: &[u8]) -> bool {
        false
    }

    /// Returns whether the sender expects the response that [`Sender::acknowledge`] makes for every event.
    fn acknowledges(&self) -> bool {
        false
    }

    /// Makes the response that the sender expects once an event is stored; `None` if any 2xx will do. `token` is the
    /// secret the event was signed with; `now` is in milliseconds, `random` has to be new for each response.
    ///
    /// # Errors
    /// [`Diagnosis::SecretForm`] if the key isn't one.
    fn acknowledge(&self, _token: &Secret, _now: i64, _random: [u8; 16]) -> Result<Option<Reply>, Diagnosis> {
        Ok(None)
    }

    /// Fails if the key of the envelopes has the wrong form.
    ///
    /// # Errors
    /// [`Diagnosis::SecretForm`].
    fn check_key(&self) -> Result<(), Diagnosis> {
        Ok(())
    }
}

fn reply(content_type: &str, body: String) -> Reply {
    let headers = [("content-type", content_type), ("x-content-type-options", "nosniff")];
    Reply {
        status: 200,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body,
    }
}

/// Texts at fixed paths of a JSON body, the paths compiled once.
#[derive(Debug)]
struct Texts<const N: usize>(PathSet);

impl<const N: usize> Texts<N> {
    fn new(paths: [&str; N]) -> Self {
        Self(PathSet::new(paths))
    }

    /// Returns the texts, an empty one for what isn't there or isn't a text; `None` if the body isn't JSON.
    fn of(&self, body: &[u8]) -> Option<[String; N]> {
        let mut values = self.0.extract(body).ok()?.into_iter();
        let text = |value: Option<Cow<'_, str>>| value.and_then(|value| serde_json::from_str(&value).ok());
        Some(std::array::from_fn(|_| {
            values.next().and_then(text).unwrap_or_default()
        }))
    }
}

fn parameter(query: &str, name: &str) -> Option<String> {
    query::parameters(query)
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

fn no_match() -> Diagnosis {
    Diagnosis::NoMatch {
        signatures: 1,
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::auth::envelope::WecomKey;
    use crate::auth::{presets, verify};
    use crate::request::Headers;

    fn verification(json: &str) -> UrlVerification {
        serde_json::from_str(json).unwrap()
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn with_parts<T>(method: &str, query: &str, body: &[u8], with: impl FnOnce(&RequestParts<'_>) -> T) -> T {
        let headers = Headers::default();
        with(&RequestParts {
            method,
            url: "",
            query,
            headers: &headers,
            body: &LazyBody::new(None, &headers, body),
        })
    }

    type Response = Option<Result<Reply, Diagnosis>>;

    fn answer(sender: &UrlVerification, method: &str, query: &str, body: &[u8], secrets: &[Secret]) -> Response {
        with_parts(method, query, body, |parts| {
            sender.sender().answer(&Incoming::new(*parts, secrets))
        })
    }

    fn answer_authenticated(sender: &UrlVerification, body: &[u8], secret: &Secret) -> Response {
        with_parts("POST", "", body, |parts| {
            let request = Incoming::new(*parts, &[]);
            sender.sender().answer_authenticated(&request, Some(secret))
        })
    }

    fn open(sender: &UrlVerification, body: &[u8]) -> Result<Option<Vec<u8>>, Diagnosis> {
        with_parts("POST", "", body, |parts| sender.sender().open(parts))
    }

    fn body(response: Response) -> Option<Result<String, Diagnosis>> {
        response.map(|response| response.map(|reply| reply.body))
    }

    fn field<'a>(event: &'a Value, pointer: &str) -> &'a str {
        event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    #[test]
    fn responds_to_meta_with_its_challenge_if_the_verify_token_is_right() {
        let meta =
            |tokens: &[&str]| verification(&serde_json::json!({ "kind": "meta", "verifyTokens": tokens }).to_string());
        let ask = |meta: &UrlVerification, query: &str| body(answer(meta, "GET", query, b"", &[]));
        let known = meta(&["meatyhamhock", "mee&t"]);
        let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=";
        for token in ["meatyhamhock", "mee%26t"] {
            assert_eq!(
                ask(&known, &format!("{query}{token}")),
                Some(Ok("1158201444".to_owned()))
            );
        }
        for wrong in ["", "meaty", "meatyhamhock2"] {
            assert_eq!(ask(&known, &format!("{query}{wrong}")), Some(Err(no_match())));
        }
        assert_eq!(ask(&meta(&[]), query), Some(Err(no_match())));
        assert_eq!(ask(&known, "hub.mode=unsubscribe"), None);
        assert_eq!(ask(&known, ""), None);
    }

    #[test]
    fn responds_to_zoom_with_its_token_signed_and_never_with_a_signature_over_an_event() {
        let zoom = verification(r#"{"kind":"zoom"}"#);
        let event = |token: &str| {
            format!(r#"{{"payload":{{"plainToken":"{token}"}},"event_ts":1,"event":"endpoint.url_validation"}}"#)
        };
        let ask = |body: &str| answer_authenticated(&zoom, body.as_bytes(), &secret("key"));
        assert_eq!(
            body(ask(&event("qgg8vlvZRS6UYooatFL8Aw"))),
            Some(Ok(r#"{"encryptedToken":"f2b3627702c43576251dc6a643384a2eb050e6e1d078adecf3415e1416944a43","plainToken":"qgg8vlvZRS6UYooatFL8Aw"}"#.to_owned()))
        );
        for forged in ["", "v0:1700000000:{}", "a b"] {
            assert!(matches!(ask(&event(forged)), Some(Err(Diagnosis::Malformed { .. }))));
        }
        assert_eq!(ask(r#"{"event":"meeting.started"}"#), None);
    }

    #[test]
    fn responds_to_feishu_with_its_challenge_if_the_verification_token_is_right() {
        let event = br#"{"challenge":"ajls384kdjx98XX","token":"xxxxxx","type":"url_verification"}"#;
        let ask = |tokens: &[&str], event: &[u8]| {
            let json = serde_json::json!({ "kind": "feishu", "verificationTokens": tokens });
            body(answer(&verification(&json.to_string()), "POST", "", event, &[]))
        };
        for tokens in [&[][..], &["xxxxxx"]] {
            assert_eq!(
                ask(tokens, event),
                Some(Ok(r#"{"challenge":"ajls384kdjx98XX"}"#.to_owned()))
            );
        }
        assert_eq!(ask(&["other"], event), Some(Err(no_match())));
        assert_eq!(ask(&[], br#"{"schema":"2.0"}"#), None);
    }

    #[test]
    fn allows_the_origins_of_cloudevents() {
        let ask = |sender: &UrlVerification, method: &str, headers: &[(&'static str, &'static str)]| {
            let headers = Headers::new(headers.iter().copied());
            let parts = RequestParts {
                method,
                url: "",
                query: "",
                headers: &headers,
                body: &LazyBody::new(None, &headers, b""),
            };
            sender.sender().answer_anyone(&Incoming::new(parts, &[]))
        };
        let any = verification(r#"{"kind":"cloudevents"}"#);
        let azure = verification(r#"{"kind":"cloudevents","origins":["eventgrid.azure.net"]}"#);
        let origin = ("WebHook-Request-Origin", "eventgrid.azure.net");
        let allowed = ("webhook-allowed-origin".to_owned(), "eventgrid.azure.net".to_owned());
        for sender in [&any, &azure] {
            let reply = ask(sender, "OPTIONS", &[origin]).unwrap().unwrap();
            assert_eq!((reply.status, reply.headers), (200, vec![allowed.clone()]));
            assert_eq!(ask(sender, "OPTIONS", &[]), None);
            assert_eq!(ask(sender, "POST", &[origin]), None);
        }
        let rate = ("webhook-allowed-rate".to_owned(), "*".to_owned());
        let reply = ask(&any, "OPTIONS", &[origin, ("WebHook-Request-Rate", "120")]);
        assert_eq!(reply.unwrap().unwrap().headers, [allowed, rate]);
        for wrong in ["", "a b", "a\u{fc}", "<script>"] {
            assert_eq!(ask(&any, "OPTIONS", &[(origin.0, wrong)]), Some(Err(no_match())));
        }
        assert_eq!(
            ask(&azure, "OPTIONS", &[(origin.0, "example.com")]),
            Some(Err(no_match()))
        );
    }

    // The sample of WeCom's own library.
    #[test]
    fn responds_to_wecom_with_its_text_opened() {
        let tokens = [secret("QDG6eK")];
        let query =
            "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr=\
            P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
        let ask = |query: &str, tokens: &[Secret], id: &str| {
            let wecom = verification(&format!(
                r#"{{"kind":"wecom","encodingAesKey":"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C","receiveId":"{id}"}}"#
            ));
            body(answer(&wecom, "GET", query, b"", tokens))
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
    fn acknowledges_events_of_dingtalk_encrypted_and_signed() {
        let encoding_key = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";
        let json =
            format!(r#"{{"kind":"dingtalk","encodingAesKey":"{encoding_key}","receiveId":"suite4xxxxxxxxxxxxxxx"}}"#);
        let dingtalk = verification(&json);
        let reply = |random| {
            let reply = dingtalk
                .sender()
                .acknowledge(&secret("123456"), 1_445_827_045_067, random);
            reply.unwrap().unwrap().body
        };
        assert_eq!(reply([1; 16]), reply([1; 16]));
        assert_ne!(reply([1; 16]), reply([2; 16]));
        let sent = reply([1; 16]);
        let parsed: Value = serde_json::from_str(&sent).unwrap();
        let query = format!(
            "msg_signature={}&timestamp={}&nonce={}",
            field(&parsed, "/msg_signature"),
            field(&parsed, "/timeStamp"),
            field(&parsed, "/nonce"),
        );
        let scheme = presets::find("dingtalk").unwrap();
        let verified = with_parts("POST", &query, sent.as_bytes(), |parts| {
            verify(&scheme, &[secret("123456")], parts, 0)
        });
        assert!(verified.is_ok());
        let key = WecomKey::new(&secret(encoding_key)).unwrap();
        let opened = key.open(field(&parsed, "/encrypt"), Some("suite4xxxxxxxxxxxxxxx"));
        assert_eq!(opened, Ok(b"success".to_vec()));
        let zoom = verification(r#"{"kind":"zoom"}"#);
        assert_eq!(zoom.sender().acknowledge(&secret("token"), 1, [1; 16]), Ok(None));
    }

    #[test]
    fn answers_only_unauthenticated_verifications_before_authentication() {
        let ask = |json: &str, method: &str, query: &str, body: &[u8]| {
            let response = answer(&verification(json), method, query, body, &[secret("QDG6eK")]);
            response.map(|response| response.map(|reply| reply.status))
        };
        let meta = r#"{"kind":"meta","verifyTokens":["a","b"]}"#;
        let feishu = r#"{"kind":"feishu","verificationTokens":["t"],"encryptKey":"test key"}"#;
        let zoom_body = br#"{"event":"endpoint.url_validation","payload":{"plainToken":"a"}}"#;
        assert_eq!(ask(r#"{"kind":"zoom"}"#, "POST", "", zoom_body), None);
        let subscribe = "hub.mode=subscribe&hub.verify_token=b&hub.challenge=1";
        assert_eq!(ask(meta, "GET", subscribe, b""), Some(Ok(200)));
        assert_eq!(ask(meta, "POST", subscribe, b"{}"), None);
        let with_token = |token: &str| format!(r#"{{"type":"url_verification","challenge":"c","token":"{token}"}}"#);
        assert_eq!(ask(feishu, "POST", "", with_token("t").as_bytes()), Some(Ok(200)));
        assert!(matches!(
            ask(feishu, "POST", "", with_token("x").as_bytes()),
            Some(Err(Diagnosis::NoMatch { .. }))
        ));
        // Opens to "hello world", and not at all: both are left to authentication.
        let hello: &[u8] = br#"{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}"#;
        for event in [hello, br#"{"encrypt":"P37w"}"#, b"", b"x"] {
            assert_eq!(ask(feishu, "POST", "", event), None);
        }
        let wecom = r#"{"kind":"wecom","encodingAesKey":"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"}"#;
        assert!(matches!(
            ask(wecom, "GET", "echostr=x&msg_signature=00&timestamp=1&nonce=2", b""),
            Some(Err(Diagnosis::Malformed { .. }))
        ));
        assert_eq!(ask(wecom, "POST", "echostr=x", b""), None);
    }

    #[test]
    fn opens_encrypted_bodies_and_leaves_others_alone() {
        let feishu = verification(r#"{"kind":"feishu","encryptKey":"test key"}"#);
        let sealed = br#"{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}"#;
        assert_eq!(open(&feishu, sealed), Ok(Some(b"hello world".to_vec())));
        assert_eq!(open(&feishu, br#"{"schema":"2.0"}"#), Ok(None));
        assert_eq!(open(&verification(r#"{"kind":"feishu"}"#), sealed), Ok(None));
        let aes_key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
        let message = WecomKey::new(&secret(aes_key)).unwrap().seal(b"<xml/>", "id", [3; 16]);
        let wecom = |id: &str| {
            verification(&format!(
                r#"{{"kind":"wecom","encodingAesKey":"{aes_key}","receiveId":"{id}"}}"#
            ))
        };
        let body = format!("<xml><Encrypt><![CDATA[{message}]]></Encrypt></xml>");
        assert_eq!(open(&wecom("id"), body.as_bytes()), Ok(Some(b"<xml/>".to_vec())));
        assert!(open(&wecom("other"), body.as_bytes()).is_err());
    }

    #[test]
    fn rejects_an_incomplete_configuration_and_blank_secrets() {
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
            (r#"{"kind":"zoom","verifyTokens":[]}"#, "unknown field `verifyTokens`"),
            (r#"{"kind":"discord"}"#, "unknown variant `discord`"),
        ] {
            let error = serde_json::from_str::<UrlVerification>(json).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        for json in [
            r#"{"kind":"meta","verifyTokens":["hunter2"]}"#,
            r#"{"kind":"feishu","encryptKey":"hunter2"}"#,
        ] {
            assert!(!format!("{:?}", verification(json)).contains("hunter2"));
        }
    }
}
