//! What senders ask before they send events, answered at once and without running a workflow.
//!
//! Each function gives the reply, or `None` for a request that is no such question. A reply that repeats what was sent is
//! plain text that no browser takes for a page.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::auth::envelope::WecomKey;
use crate::auth::{presets, token, verify, Diagnosis, RequestParts, Secret, Source, Subject};
use crate::query;
use crate::reply::{Reply, JSON, TEXT};

fn reply(status: u16, content_type: &str, body: String) -> Reply {
    let headers = [("content-type", content_type), ("x-content-type-options", "nosniff")];
    Reply {
        status,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body,
    }
}

fn field<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn parameter(query: &str, name: &str) -> Option<String> {
    query::parameters(query)
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

/// Slack's `url_verification`, which is signed as every event is, and has to be verified before.
/// <https://docs.slack.dev/reference/events/url_verification>
pub fn slack(body: &[u8]) -> Option<Reply> {
    let event: Value = serde_json::from_slice(body).ok()?;
    (field(&event, "/type") == "url_verification").then(|| reply(200, TEXT, field(&event, "/challenge").to_owned()))
}

/// Meta's and WhatsApp's `hub.mode=subscribe`, a GET: the challenge for whoever knows the verify token, 403 for others.
/// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests>
pub fn meta(query: &str, verify_tokens: &[Secret]) -> Option<Reply> {
    if parameter(query, "hub.mode").as_deref() != Some("subscribe") {
        return None;
    }
    let sent = parameter(query, "hub.verify_token").unwrap_or_default();
    Some(match token::find_equal(&sent, verify_tokens) {
        Some(_) => reply(200, TEXT, parameter(query, "hub.challenge").unwrap_or_default()),
        None => reply(403, TEXT, String::new()),
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
pub fn zoom(body: &[u8], secret: &Secret) -> Option<Reply> {
    let event: Value = serde_json::from_slice(body).ok()?;
    if field(&event, "/event") != "endpoint.url_validation" {
        return None;
    }
    let plain = field(&event, "/payload/plainToken");
    if plain.is_empty()
        || plain.len() > 128
        || !plain
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte))
    {
        return Some(reply(400, TEXT, String::new()));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("a key of any length");
    mac.update(plain.as_bytes());
    let encrypted = hex::encode(mac.finalize().into_bytes());
    let body = serde_json::json!({ "plainToken": plain, "encryptedToken": encrypted });
    Some(reply(200, JSON, body.to_string()))
}

/// Feishu's and Lark's `url_verification`, opened where it was encrypted; it may be unsigned. Without verification tokens
/// anyone gets an answer.
/// <https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/request-url-configuration-case>
///
/// # Errors
///
/// [`Diagnosis::NoMatch`] if its verification token is none of those.
pub fn feishu(event: &[u8], verification_tokens: &[Secret]) -> Option<Result<Reply, Diagnosis>> {
    let event: Value = serde_json::from_slice(event).ok()?;
    if field(&event, "/type") != "url_verification" {
        return None;
    }
    let known =
        verification_tokens.is_empty() || token::find_equal(field(&event, "/token"), verification_tokens).is_some();
    Some(if known {
        let body = serde_json::json!({ "challenge": field(&event, "/challenge") });
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
    use super::*;
    use crate::request::Headers;

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn body(reply: Option<Reply>) -> Option<(u16, String)> {
        reply.map(|reply| (reply.status, reply.body))
    }

    #[test]
    fn slack_gets_its_challenge_back() {
        let event = br#"{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;
        let challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P";
        assert_eq!(body(slack(event)), Some((200, challenge.to_owned())));
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
            Some((200, "1158201444".to_owned()))
        );
        assert_eq!(
            body(meta(&format!("{query}mee%26t"), &tokens)),
            Some((200, "1158201444".to_owned()))
        );
        for wrong in ["", "meaty", "meatyhamhock2"] {
            assert_eq!(
                body(meta(&format!("{query}{wrong}"), &tokens)),
                Some((403, String::new()))
            );
        }
        assert_eq!(body(meta(query, &[])), Some((403, String::new())));
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
            asked.body,
            r#"{"encryptedToken":"f2b3627702c43576251dc6a643384a2eb050e6e1d078adecf3415e1416944a43","plainToken":"qgg8vlvZRS6UYooatFL8Aw"}"#
        );
        for forged in ["", "v0:1700000000:{}", "a b"] {
            assert_eq!(
                body(zoom(event(forged).as_bytes(), &secret("key"))),
                Some((400, String::new()))
            );
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
        let envelope = presets::envelope("dingtalk", Some("suite4xxxxxxxxxxxxxxx")).unwrap();
        assert_eq!(envelope.open(&encoding_key, &request), Ok(Some(b"success".to_vec())));
    }
}
