//! The schemes of known senders, filled in from the senders' own documentation and libraries. A preset is a scheme like
//! any other: it can be opened and changed.

mod body;

use sha1::{Digest, Sha1};

use super::signature::{Accept, Algorithm, Direction, Encoding, Key, Signature, Signed, Template, Timestamp, Unit};
use super::token::Token;
use super::{HeaderName, Scheme, Secret, Source, Sources};

/// The names of all presets, as [`find`] takes them, in alphabetical order.
pub const NAMES: [&str; 51] = [
    "alipay",
    "asana",
    "bitbucket",
    "calendly",
    "circleci",
    "dingtalk",
    "discord",
    "docusign",
    "dropbox",
    "feishu",
    "feishu-token",
    "gitea",
    "github",
    "gitlab",
    "gitlab-token",
    "gocardless",
    "hubspot",
    "intercom",
    "jira",
    "lemon-squeezy",
    "line",
    "linear",
    "mailgun",
    "mandrill",
    "meta",
    "microsoft-graph",
    "notion",
    "nylas",
    "paddle",
    "pagerduty",
    "razorpay",
    "sendgrid",
    "sentry",
    "shopify",
    "slack",
    "square",
    "standard-webhooks",
    "stripe",
    "svix",
    "teams",
    "telegram",
    "trello",
    "twilio",
    "twitch",
    "typeform",
    "vercel",
    "wechat",
    "wecom",
    "woocommerce",
    "xero",
    "zoom",
];

/// Returns the scheme of a sender.
pub fn find(name: &str) -> Option<Scheme> {
    Some(match name {
        // https://opendocs.alipay.com/open/270/105902: the secret is Alipay's public key, of RSA2.
        "alipay" => Scheme::Signature(signature(
            Source::Form("sign".into()),
            accept("", Algorithm::RsaSha256, Encoding::Base64, Encoding::Text),
            "{sortedForm:sign,sign_type}",
        )),
        // https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures
        "calendly" => Scheme::Signature(Signature {
            timestamp: Some(part_time("t=", 180)),
            separator: Some(','),
            ..signature(header("calendly-webhook-signature"), hex("v1="), "{timestamp}.{body}")
        }),
        // https://circleci.com/docs/guides/integration/outbound-webhooks/#validate-webhooks
        "circleci" => Scheme::Signature(Signature {
            separator: Some(','),
            ..signature(header("circleci-signature"), hex("v1="), "{body}")
        }),
        // https://open.dingtalk.com/document/orgapp/push-events: as WeCom, in JSON. The secret is the token.
        "dingtalk" => wecom_with(Source::Body("encrypt".into())),
        // https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint-validating-security-request-headers: the secret
        // is the app's public key. No age is stated.
        "discord" => Scheme::Signature(Signature {
            timestamp: Some(untimed(header("x-signature-timestamp"))),
            ..signature(
                header("x-signature-ed25519"),
                accept("", Algorithm::Ed25519, Encoding::Hex, Encoding::Hex),
                "{timestamp}{body}",
            )
        }),
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
        // https://docs.gitea.com/usage/webhooks; Forgejo and Gogs have a header of their own besides.
        "gitea" => Scheme::Signature(Signature {
            from: Sources::first_of(["x-gitea-signature", "x-forgejo-signature", "x-gogs-signature"].map(header)),
            ..signature(header("x-gitea-signature"), hex(""), "{body}")
        }),
        // https://docs.gitlab.com/user/project/integrations/webhooks/: the signing token is that of Standard Webhooks.
        "gitlab" | "standard-webhooks" => Scheme::Signature(standard_webhooks("webhook")),
        // The same page: the secret token.
        "gitlab-token" => token(header("x-gitlab-token")),
        // https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests: version 3; the secret is the app's.
        "hubspot" => Scheme::Signature(Signature {
            timestamp: Some(Timestamp {
                unit: Unit::Milliseconds,
                direction: Direction::Past,
                ..five_minutes(header("x-hubspot-request-timestamp"))
            }),
            ..signature(
                header("x-hubspot-signature-v3"),
                accept("", Algorithm::HmacSha256, Encoding::Base64, Encoding::Text),
                "{method}{url}{body}{timestamp}",
            )
        }),
        // https://linear.app/developers/webhooks#securing-webhooks
        "linear" => Scheme::Signature(Signature {
            timestamp: Some(Timestamp {
                from: Source::Body("webhookTimestamp".into()).into(),
                unit: Unit::Milliseconds,
                tolerance: Some(60),
                direction: Direction::Both,
            }),
            ..signature(header("linear-signature"), hex(""), "{body}")
        }),
        // https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks: in JSON, or in the fields of a form. The
        // body isn't signed.
        "mailgun" => Scheme::Signature(Signature {
            from: json_or_form("signature.signature", "signature"),
            timestamp: Some(untimed(json_or_form("signature.timestamp", "timestamp"))),
            id: Some(json_or_form("signature.token", "token")),
            ..signature(Source::Form("signature".into()), hex(""), "{timestamp}{id}")
        }),
        // https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/#authenticating-webhook-requests
        "mandrill" => Scheme::Signature(signature(
            header("x-mandrill-signature"),
            accept("", Algorithm::HmacSha1, Encoding::Base64, Encoding::Text),
            "{url}{form}",
        )),
        // https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks: every notification of a batch
        // has to have the client state.
        "microsoft-graph" => token(Source::Body("value[].clientState".into())),
        // https://developer.paddle.com/webhooks/signature-verification: Paddle's libraries allow five seconds.
        "paddle" => Scheme::Signature(Signature {
            timestamp: Some(part_time("ts=", 5)),
            separator: Some(';'),
            ..signature(header("paddle-signature"), hex("h1="), "{timestamp}:{body}")
        }),
        // https://developer.pagerduty.com/docs/verifying-webhook-signatures
        "pagerduty" => Scheme::Signature(Signature {
            separator: Some(','),
            ..signature(header("x-pagerduty-signature"), hex("v1="), "{body}")
        }),
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
        // https://docs.slack.dev/authentication/verifying-requests-from-slack
        "slack" => Scheme::Signature(v0(header("x-slack-signature"), header("x-slack-request-timestamp"))),
        // https://developer.squareup.com/docs/webhooks/step3validate
        "square" => Scheme::Signature(signature(
            header("x-square-hmacsha256-signature"),
            accept("", Algorithm::HmacSha256, Encoding::Base64, Encoding::Text),
            "{url}{body}",
        )),
        // https://docs.stripe.com/webhooks/signature: the key is the whole text `whsec_...`.
        "stripe" => Scheme::Signature(Signature {
            separator: Some(','),
            timestamp: Some(part_time("t=", 300)),
            ..signature(header("stripe-signature"), hex("v1="), "{timestamp}.{body}")
        }),
        // https://docs.svix.com/receiving/verifying-payloads/how-manual
        "svix" => Scheme::Signature(standard_webhooks("svix")),
        // https://core.telegram.org/bots/api#setwebhook
        "telegram" => token(header("x-telegram-bot-api-secret-token")),
        // https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/#webhook-signatures: the secret is the app's.
        "trello" => Scheme::Signature(signature(
            header("x-trello-webhook"),
            accept("", Algorithm::HmacSha1, Encoding::Base64, Encoding::Text),
            "{body}{url}",
        )),
        // https://www.twilio.com/docs/usage/webhooks/webhooks-security
        "twilio" => Scheme::Signature(Signature {
            body_hash: Some(Source::Query("bodySHA256".to_owned()).into()),
            ..signature(
                header("x-twilio-signature"),
                accept("", Algorithm::HmacSha1, Encoding::Base64, Encoding::Text),
                "{url}{form}",
            )
        }),
        // https://dev.twitch.tv/docs/eventsub/handling-webhook-events/#verifying-the-event-message
        "twitch" => Scheme::Signature(Signature {
            id: Some(header("twitch-eventsub-message-id").into()),
            timestamp: Some(Timestamp {
                unit: Unit::Rfc3339,
                tolerance: Some(600),
                direction: Direction::Past,
                ..untimed(header("twitch-eventsub-message-timestamp"))
            }),
            ..signature(
                header("twitch-eventsub-message-signature"),
                hex("sha256="),
                "{id}{timestamp}{body}",
            )
        }),
        // https://developers.weixin.qq.com/doc/offiaccount/en/Basic_Information/Access_Overview.html: the secret is the token. The body
        // isn't signed, no age is stated.
        "wechat" => Scheme::Signature(Signature {
            signed: Signed::sorted(["{secret}", "{timestamp}", "{nonce}"].map(template).into()),
            timestamp: Some(untimed(query("timestamp"))),
            nonce: Some(query("nonce").into()),
            ..signature(
                query("signature"),
                accept("", Algorithm::Sha1, Encoding::Hex, Encoding::Text),
                "{secret}",
            )
        }),
        // https://developer.work.weixin.qq.com/document/path/90968: the secret is the token.
        "wecom" => wecom_with(Source::Xml("Encrypt".to_owned())),
        // https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header
        "zoom" => Scheme::Signature(v0(header("x-zm-signature"), header("x-zm-request-timestamp"))),
        _ => return body::find(name).map(Scheme::Signature),
    })
}

fn header(name: &str) -> Source {
    // The names are those above, which a test reads all of.
    Source::Header(HeaderName::try_from(name.to_owned()).expect("the name of a header"))
}

fn query(name: &str) -> Source {
    Source::Query(name.to_owned())
}

/// A value at a path of a JSON body, or in a field of a form.
fn json_or_form(path: &str, field: &str) -> Sources {
    Sources::first_of([Source::Body(path.into()), Source::Form(field.into())])
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

/// An HMAC with SHA-256 in hexadecimal digits, as most senders sign.
fn hex(prefix: &str) -> Accept {
    accept(prefix, Algorithm::HmacSha256, Encoding::Hex, Encoding::Text)
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

fn untimed(from: impl Into<Sources>) -> Timestamp {
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

/// A time in the list of signatures, of which only an old one is rejected.
fn part_time(prefix: &str, tolerance: u32) -> Timestamp {
    Timestamp {
        tolerance: Some(tolerance),
        direction: Direction::Past,
        ..untimed(Source::Part(prefix.to_owned()))
    }
}

// Slack's, which Zoom uses too.
fn v0(from: Source, timestamp: Source) -> Signature {
    Signature {
        timestamp: Some(five_minutes(timestamp)),
        ..signature(from, hex("v0="), "v0:{timestamp}:{body}")
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
    ::hex::encode(Sha1::digest(pieces.concat().as_bytes()))
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
