//! The schemes of known senders, filled in from the senders' own documentation and libraries. A preset is a scheme like
//! any other: it can be opened and changed.

use sha1::{Digest, Sha1};

use super::signature::{Accept, Algorithm, Direction, Encoding, Key, Signature, Signed, Template, Timestamp, Unit};
use super::token::Token;
use super::{HeaderName, Scheme, Secret, Source};

/// The names of all presets, as [`find`] takes them, in alphabetical order.
pub const NAMES: [&str; 18] = [
    "dingtalk",
    "feishu",
    "feishu-token",
    "github",
    "gitlab",
    "gitlab-token",
    "linear",
    "meta",
    "microsoft-graph",
    "sendgrid",
    "shopify",
    "slack",
    "standard-webhooks",
    "stripe",
    "svix",
    "twilio",
    "wecom",
    "zoom",
];

/// Returns the scheme of a sender.
pub fn find(name: &str) -> Option<Scheme> {
    Some(match name {
        // https://open.dingtalk.com/document/orgapp/push-events: as WeCom, in JSON. The secret is the token.
        "dingtalk" => wecom_with(Source::Body("encrypt".into())),
        // https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/encrypt-key-encryption-configuration-case:
        // the secret is the encrypt key. No age is stated, and duplicates come for hours, so none is rejected.
        "feishu" => Scheme::Signature(Signature {
            timestamp: Some(untimed(header("x-lark-request-timestamp"))),
            nonce: Some(header("x-lark-request-nonce").into()),
            ..signature(
                header("x-lark-signature"),
                accept("", Algorithm::Sha256, Encoding::Hex, Encoding::Text),
                "{timestamp}{nonce}{secret}{body}",
            )
        }),
        // The same page: the verification token, in events of version 2.0.
        "feishu-token" => token(Source::Body("header.token".into())),
        // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
        "github" | "meta" => {
            // https://developers.facebook.com/docs/graph-api/webhooks/getting-started: the same; the secret is the app's.
            Scheme::Signature(signature(
                header("x-hub-signature-256"),
                accept("sha256=", Algorithm::HmacSha256, Encoding::Hex, Encoding::Text),
                "{body}",
            ))
        }
        // https://docs.gitlab.com/user/project/integrations/webhooks/: the signing token is that of Standard Webhooks.
        "gitlab" | "standard-webhooks" => Scheme::Signature(standard_webhooks("webhook")),
        // The same page: the secret token.
        "gitlab-token" => token(header("x-gitlab-token")),
        // https://linear.app/developers/webhooks#securing-webhooks
        "linear" => Scheme::Signature(Signature {
            timestamp: Some(Timestamp {
                from: Source::Body("webhookTimestamp".into()).into(),
                unit: Unit::Milliseconds,
                tolerance: Some(60),
                direction: Direction::Both,
            }),
            ..signature(
                header("linear-signature"),
                accept("", Algorithm::HmacSha256, Encoding::Hex, Encoding::Text),
                "{body}",
            )
        }),
        // https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks: every notification of a batch
        // has to have the client state.
        "microsoft-graph" => token(Source::Body("value[].clientState".into())),
        // https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features: the
        // secret is the verification key. No age is stated, and events are sent again for a day.
        "sendgrid" => Scheme::Signature(Signature {
            timestamp: Some(untimed(header("x-twilio-email-event-webhook-timestamp"))),
            ..signature(
                header("x-twilio-email-event-webhook-signature"),
                accept("", Algorithm::EcdsaP256Sha256, Encoding::Base64, Encoding::Text),
                "{timestamp}{body}",
            )
        }),
        // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
        "shopify" => Scheme::Signature(signature(
            header("x-shopify-hmac-sha256"),
            accept("", Algorithm::HmacSha256, Encoding::Base64, Encoding::Text),
            "{body}",
        )),
        // https://docs.slack.dev/authentication/verifying-requests-from-slack
        "slack" => Scheme::Signature(v0(header("x-slack-signature"), header("x-slack-request-timestamp"))),
        // https://docs.stripe.com/webhooks/signature: the key is the whole text `whsec_...`.
        "stripe" => Scheme::Signature(Signature {
            separator: Some(','),
            timestamp: Some(Timestamp {
                from: Source::Part("t=".to_owned()).into(),
                unit: Unit::Seconds,
                tolerance: Some(300),
                direction: Direction::Past,
            }),
            ..signature(
                header("stripe-signature"),
                accept("v1=", Algorithm::HmacSha256, Encoding::Hex, Encoding::Text),
                "{timestamp}.{body}",
            )
        }),
        // https://docs.svix.com/receiving/verifying-payloads/how-manual
        "svix" => Scheme::Signature(standard_webhooks("svix")),
        // https://www.twilio.com/docs/usage/webhooks/webhooks-security
        "twilio" => Scheme::Signature(Signature {
            body_hash: Some(Source::Query("bodySHA256".to_owned()).into()),
            ..signature(
                header("x-twilio-signature"),
                accept("", Algorithm::HmacSha1, Encoding::Base64, Encoding::Text),
                "{url}{form}",
            )
        }),
        // https://developer.work.weixin.qq.com/document/path/90968: the secret is the token.
        "wecom" => wecom_with(Source::Xml("Encrypt".to_owned())),
        // https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header
        "zoom" => Scheme::Signature(v0(header("x-zm-signature"), header("x-zm-request-timestamp"))),
        _ => return None,
    })
}

fn header(name: &str) -> Source {
    // The names are those above, which a test reads all of.
    Source::Header(HeaderName::try_from(name.to_owned()).expect("the name of a header"))
}

fn template(text: &str) -> Template {
    Template::try_from(text.to_owned()).expect("a template")
}

fn accept(prefix: &str, algorithm: Algorithm, encoding: Encoding, key: Encoding) -> Accept {
    Accept {
        prefix: prefix.to_owned(),
        algorithm,
        encoding,
        key: Key {
            form: key,
            prefix: None,
        },
    }
}

fn signature(from: Source, accept: Accept, signed: &str) -> Signature {
    Signature {
        from: from.into(),
        separator: None,
        accept: vec![accept],
        signed: Signed::text(template(signed)),
        timestamp: None,
        id: None,
        nonce: None,
        encrypted: None,
        body_hash: None,
        each: None,
    }
}

fn token(from: Source) -> Scheme {
    Scheme::Token(Token { from, prefix: None })
}

fn untimed(from: Source) -> Timestamp {
    Timestamp {
        from: from.into(),
        unit: Unit::Seconds,
        tolerance: None,
        direction: Direction::Both,
    }
}

fn five_minutes(from: Source) -> Timestamp {
    Timestamp {
        tolerance: Some(300),
        ..untimed(from)
    }
}

// Slack's, which Zoom uses too.
fn v0(from: Source, timestamp: Source) -> Signature {
    Signature {
        timestamp: Some(five_minutes(timestamp)),
        ..signature(
            from,
            accept("v0=", Algorithm::HmacSha256, Encoding::Hex, Encoding::Text),
            "v0:{timestamp}:{body}",
        )
    }
}

// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
fn standard_webhooks(prefix: &str) -> Signature {
    let key = |prefix: &str| Key {
        form: Encoding::Base64,
        prefix: Some(prefix.to_owned()),
    };
    let v1 = Accept {
        key: key("whsec_"),
        ..accept("v1,", Algorithm::HmacSha256, Encoding::Base64, Encoding::Base64)
    };
    let v1a = Accept {
        key: key("whpk_"),
        ..accept("v1a,", Algorithm::Ed25519, Encoding::Base64, Encoding::Base64)
    };
    Signature {
        separator: Some(' '),
        accept: vec![v1.clone(), v1a],
        id: Some(header(&format!("{prefix}-id")).into()),
        timestamp: Some(five_minutes(header(&format!("{prefix}-timestamp")))),
        ..signature(header(&format!("{prefix}-signature")), v1, "{id}.{timestamp}.{body}")
    }
}

// WeCom and DingTalk state no age, and duplicates come later, so none is rejected.
pub(crate) fn wecom_with(encrypted: Source) -> Scheme {
    let query = |name: &str| Source::Query(name.to_owned());
    Scheme::Signature(Signature {
        signed: Signed::sorted(
            ["{secret}", "{timestamp}", "{nonce}", "{encrypted}"]
                .map(template)
                .into(),
        ),
        timestamp: Some(untimed(query("timestamp"))),
        nonce: Some(query("nonce").into()),
        encrypted: Some(encrypted.into()),
        ..signature(
            query("msg_signature"),
            accept("", Algorithm::Sha1, Encoding::Hex, Encoding::Text),
            "{secret}",
        )
    })
}

/// The signature of an answer to WeCom or DingTalk, which is made as theirs.
pub(crate) fn wecom_signature(token: &Secret, timestamp: &str, nonce: &str, encrypted: &str) -> String {
    let mut pieces = [token.expose(), timestamp, nonce, encrypted];
    pieces.sort_unstable();
    hex::encode(Sha1::digest(pieces.concat().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{find, NAMES};
    use crate::auth::Scheme;

    #[test]
    fn finds_every_preset_and_reads_it_back_as_stored() {
        assert!(NAMES.is_sorted());
        for name in NAMES {
            let scheme = find(name).unwrap();
            let json = serde_json::to_string(&scheme).unwrap();
            assert_eq!(Scheme::from_json(&json).unwrap(), scheme, "{json}");
        }
        assert!(find("nobody").is_none());
    }
}
