//! Signatures and tokens: the worked examples of the senders' own documentation, and what a sender must not get away
//! with. The senders' own libraries sign in `__test__/signature.test.ts`.

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;
use webhook_core::auth::{
    diagnose, presets, verify, Diagnosis, Hint, HintWork, PublicKeyChecks, RequestParts, Scheme, Secret, Subject,
};
use webhook_core::reading::LazyBody;
use webhook_core::request::Headers;

/// A request that a test can change before it is looked at.
#[derive(Clone)]
struct Call {
    scheme: Scheme,
    secrets: Vec<String>,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    now: i64,
}

impl Call {
    fn new(preset: &str, secret: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self {
            scheme: presets::find(preset).unwrap(),
            secrets: vec![secret.to_owned()],
            url: String::new(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.to_owned(),
            now: 0,
        }
    }

    fn at(mut self, seconds: i64) -> Self {
        self.now = seconds * 1000;
        self
    }

    fn to(mut self, url: &str) -> Self {
        self.url = url.to_owned();
        self
    }

    fn check(
        &self,
        by: impl Fn(&Scheme, &[Secret], &RequestParts<'_>, i64) -> Result<usize, Diagnosis>,
    ) -> Result<usize, Diagnosis> {
        let secrets: Vec<_> = self.secrets.iter().map(|secret| Secret::new(secret).unwrap()).collect();
        let headers = Headers::new(self.headers.clone());
        let request = RequestParts {
            method: "POST",
            url: &self.url,
            query: self.url.split_once('?').map_or("", |(_, query)| query),
            headers: &headers,
            body: &LazyBody::new(None, &headers, self.body.as_bytes()),
        };
        by(&self.scheme, &secrets, &request, self.now)
    }

    fn verify(&self) -> Result<usize, Diagnosis> {
        self.check(|scheme, secrets, request, now| {
            verify(scheme, secrets, request, now).map(|verified| verified.secret)
        })
    }

    fn diagnose(&self) -> Result<usize, Diagnosis> {
        self.check(|scheme, secrets, request, now| {
            diagnose(
                scheme,
                secrets,
                request,
                now,
                &PublicKeyChecks::default(),
                &HintWork::default(),
            )
            .map(|verified| verified.secret)
        })
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut call = self.clone();
        change(&mut call);
        call
    }
}

// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
fn github() -> Call {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    Call::new(
        "github",
        "It's a Secret to Everybody",
        &[("X-Hub-Signature-256", signature)],
        "Hello, World!",
    )
}

// https://docs.slack.dev/authentication/verifying-requests-from-slack
fn slack() -> Call {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
        &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let headers = [
        (
            "X-Slack-Signature",
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        ),
        ("X-Slack-Request-Timestamp", "1531420618"),
    ];
    Call::new("slack", "8f742231b10e8888abcd99yyyzzz85a5", &headers, body).at(1_531_420_618)
}

// https://docs.svix.com/receiving/verifying-payloads/how-manual
fn svix() -> Call {
    let headers = [
        ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("svix-timestamp", "1614265330"),
        ("svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    Call::new(
        "svix",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        &headers,
        r#"{"test": 2432232314}"#,
    )
    .at(1_614_265_330)
}

// https://www.twilio.com/docs/usage/security#explore-the-algorithm-yourself
fn twilio() -> Call {
    let headers = [
        ("X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
    ];
    let body = "Digits=1234&CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller=%2B14158675309&From=%2B14158675309";
    Call::new("twilio", "12345", &headers, body).to("https://mycompany.com/myapp.php?foo=1&bar=2")
}

// https://developer.work.weixin.qq.com/document/path/90968 and the sample of its library
fn wecom() -> Call {
    let encrypted = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/\
        sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hg\
        f5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5w\
        LVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDB\
        S8R07+qN+E7Q==";
    let body = format!(
        "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n\
         <Encrypt><![CDATA[{encrypted}]]></Encrypt>\n<AgentID><![CDATA[218]]></AgentID>\n</xml>"
    );
    Call::new("wecom", "QDG6eK", &[], &body).to(
        "https://example.com/?msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149",
    )
}

fn documented() -> Vec<(&'static str, Call)> {
    vec![
        ("github", github()),
        ("slack", slack()),
        ("svix", svix()),
        ("twilio", twilio()),
        ("wecom", wecom()),
    ]
}

#[test]
fn accepts_the_documented_examples() {
    for (name, call) in documented() {
        assert_eq!(call.verify(), Ok(0), "{name}");
    }
}

#[test]
fn rejects_a_body_with_a_flipped_bit() {
    for (name, call) in documented() {
        let at = call.body.len() / 2;
        let changed = call.with(|call| {
            let flipped = char::from(call.body.as_bytes()[at] ^ 1).to_string();
            call.body.replace_range(at..=at, &flipped);
        });
        assert!(
            matches!(
                changed.verify(),
                Err(Diagnosis::NoMatch {
                    signatures: 1,
                    hint: None
                })
            ),
            "{name}"
        );
    }
}

#[test]
fn rejects_another_secret_and_accepts_any_configured_one() {
    for (name, call) in documented() {
        let other = "whsec_b3RoZXI=";
        let wrong = call.with(|call| call.secrets = vec![other.to_owned()]);
        assert!(matches!(wrong.verify(), Err(Diagnosis::NoMatch { .. })), "{name}");
        let rotated = call.with(|call| call.secrets.insert(0, other.to_owned()));
        assert_eq!(rotated.verify(), Ok(1), "{name}");
        let rotated = call.with(|call| call.secrets.push(other.to_owned()));
        assert_eq!(rotated.verify(), Ok(0), "{name}");
    }
}

#[test]
fn names_each_missing_or_repeated_header_or_parameter() {
    for (name, call) in documented() {
        for at in 0..call.headers.len() {
            let header = call.headers[at].0.to_ascii_lowercase();
            let missing = call.with(|call| drop(call.headers.remove(at))).verify().unwrap_err();
            if header == "content-type" {
                assert!(matches!(
                    missing,
                    Diagnosis::Malformed {
                        subject: Subject::Body,
                        ..
                    }
                ));
                continue;
            }
            assert!(
                matches!(&missing, Diagnosis::Missing { place, .. } if *place == format!("header {header}")),
                "{name}"
            );
            let twice = call
                .with(|call| call.headers.push(call.headers[at].clone()))
                .verify()
                .unwrap_err();
            assert!(
                matches!(&twice, Diagnosis::Repeated { place, .. } if *place == format!("header {header}")),
                "{name}"
            );
            let blank = call
                .with(|call| call.headers[at].1 = "  ".to_owned())
                .verify()
                .unwrap_err();
            assert!(matches!(blank, Diagnosis::Missing { .. }), "{name}");
        }
    }
    for parameter in ["msg_signature", "timestamp", "nonce"] {
        let missing = wecom()
            .with(|call| call.url = call.url.replace(parameter, "x"))
            .verify()
            .unwrap_err();
        assert!(
            matches!(&missing, Diagnosis::Missing { place, .. } if *place == format!("query parameter {parameter}"))
        );
        let twice = wecom()
            .with(|call| call.url += &format!("&{parameter}=1"))
            .verify()
            .unwrap_err();
        assert!(
            matches!(&twice, Diagnosis::Repeated { place, .. } if *place == format!("query parameter {parameter}"))
        );
    }
}

#[test]
fn names_the_expected_form_of_a_malformed_signature() {
    for (name, call, value, expected) in [
        (
            "no prefix",
            github(),
            "757107ea",
            "the configured prefix and 32 bytes in hexadecimal digits",
        ),
        (
            "sha1",
            github(),
            "sha1=757107ea",
            "the configured prefix and 32 bytes in hexadecimal digits",
        ),
        (
            "cut off",
            github(),
            "sha256=757107ea",
            "the configured prefix and 32 bytes in hexadecimal digits",
        ),
        (
            "no hex",
            github(),
            "sha256=zz",
            "the configured prefix and 32 bytes in hexadecimal digits",
        ),
        ("no Base64", twilio(), "!!!!", "20 bytes in Base64"),
        (
            "other versions",
            svix(),
            "v2,AA== v3,AA==",
            "the configured prefix and 32 bytes in Base64 or the configured prefix and 64 bytes in Base64",
        ),
    ] {
        let malformed = call.with(|call| {
            let signature = call
                .headers
                .iter_mut()
                .find(|(name, _)| name.to_ascii_lowercase().contains("signature"));
            signature.unwrap().1 = value.to_owned();
        });
        match malformed.verify() {
            Err(Diagnosis::Malformed {
                subject: Subject::Signature,
                expected: found,
                ..
            }) => assert_eq!(found, expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let many = svix().with(|call| call.headers[2].1 = vec![call.headers[2].1.as_str(); 17].join(" "));
    assert!(matches!(many.verify(), Err(Diagnosis::Malformed { expected, .. }) if expected == "at most 16 signatures"));
    let several = svix().with(|call| call.headers[2].1.insert_str(0, "v2,AA== v1,AA== nonsense "));
    assert_eq!(several.verify(), Ok(0));
}

#[test]
fn reads_a_date_and_time() {
    let mut call = slack();
    let scheme = serde_json::to_string(&call.scheme).unwrap();
    let scheme = scheme.replace(r#""seconds""#, r#""rfc3339""#);
    call.scheme = Scheme::from_json(&scheme).unwrap();
    let sent = |time: &str| {
        let body = format!("v0:{time}:{}", call.body);
        let mut mac = Hmac::<Sha256>::new_from_slice(call.secrets[0].as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        call.clone().with(|call| {
            call.headers[0].1 = signature;
            call.headers[1].1 = time.to_owned();
        })
    };
    for time in [
        "2018-07-13T01:16:58Z",
        "2018-07-13T01:16:58.123456789Z",
        "2018-07-13T03:16:58+02:00",
    ] {
        assert_eq!(sent(time).at(1_531_444_618 + 299).verify(), Ok(0), "{time}");
        assert!(
            matches!(
                sent(time).at(1_531_444_618 + 302).verify(),
                Err(Diagnosis::ClockOff { .. })
            ),
            "{time}"
        );
    }
    for hostile in [
        "2018-07-13",
        "2018-07-13T25:00:00Z",
        "1531444618",
        "yesterday",
        "2018-07-13T01:16:58",
        "+999999-01-01T00:00:00Z",
    ] {
        let rejected = sent(hostile).at(1_531_444_618).verify();
        assert!(
            matches!(&rejected, Err(Diagnosis::Malformed { subject: Subject::Timestamp, expected, .. }) if expected == "a date and time as in RFC 3339"),
            "{hostile}: {rejected:?}"
        );
    }
}

#[test]
fn rejects_a_time_that_is_off_by_more_than_the_tolerance() {
    let off = |seconds, tolerance| Err(Diagnosis::ClockOff { seconds, tolerance });
    for call in [slack(), svix()] {
        let sent = call.now / 1000;
        assert_eq!(call.clone().at(sent + 300).verify(), Ok(0));
        assert_eq!(call.clone().at(sent - 300).verify(), Ok(0));
        assert_eq!(call.clone().at(sent + 301).verify(), off(301, 300));
        assert_eq!(call.clone().at(sent - 301).verify(), off(-301, 300));
        assert_eq!(
            call.clone().at(i64::MAX / 1000).verify(),
            off(i64::MAX / 1000 - sent, 300)
        );
    }
    let no_time = slack()
        .with(|call| call.headers[1].1 = "soon".to_owned())
        .verify()
        .unwrap_err();
    assert_eq!(
        no_time.to_string(),
        "the time in header x-slack-request-timestamp is malformed: expected whole seconds since 1970"
    );
    for hostile in ["-1", "+1531420618", "1e9", "99999999999999999999", "1531420618.0"] {
        let call = slack().with(|call| call.headers[1].1 = hostile.to_owned());
        assert!(
            matches!(
                call.verify(),
                Err(Diagnosis::Malformed {
                    subject: Subject::Timestamp,
                    ..
                })
            ),
            "{hostile}"
        );
    }
}

#[test]
fn accepts_a_time_up_to_a_day_ahead_if_only_old_times_are_rejected() {
    let sent: i64 = 1_700_000_000;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"whsec_x").unwrap();
    mac.update(format!("{sent}.{{}}").as_bytes());
    let header = format!("t={sent},v1={}", hex::encode(mac.finalize().into_bytes()));
    let stripe = Call::new("stripe", "whsec_x", &[("Stripe-Signature", &header)], "{}");
    let off = |seconds, tolerance| Err(Diagnosis::ClockOff { seconds, tolerance });
    let day = 86_400;
    let year = 365 * day;
    for (now, expected) in [
        (sent + 300, Ok(0)),
        (sent + 301, off(301, 300)),
        (sent - 301, Ok(0)),
        (sent - day, Ok(0)),
        (sent - day - 1, off(-day - 1, 86_400)),
        (sent - year, off(-year, 86_400)),
        (0, off(-sent, 86_400)),
    ] {
        assert_eq!(stripe.clone().at(now).verify(), expected, "{now}");
    }
}

#[test]
fn accepts_urls_that_twilio_signs_with_or_without_their_port() {
    let call = twilio();
    for url in [
        "https://mycompany.com:443/myapp.php?foo=1&bar=2",
        "https://mycompany.com:8443/myapp.php?foo=1&bar=2",
    ] {
        assert_eq!(call.clone().to(url).verify(), Ok(0), "{url}");
    }
    for url in [
        "http://mycompany.com/myapp.php?foo=1&bar=2",
        "https://mycompany.com/myapp.php?foo=1&bar=2&a=1",
        "",
    ] {
        assert!(
            matches!(call.clone().to(url).verify(), Err(Diagnosis::NoMatch { .. })),
            "{url}"
        );
    }
}

#[test]
fn rejects_empty_requests_and_missing_secrets_with_every_preset() {
    for name in presets::NAMES {
        let call = Call::new(name, "whsec_c2VjcmV0", &[], "");
        assert!(
            matches!(
                call.verify(),
                Err(Diagnosis::Missing { .. } | Diagnosis::Malformed { .. })
            ),
            "{name}"
        );
        let none = call.with(|call| call.secrets.clear());
        assert_eq!(none.verify(), Err(Diagnosis::Secrets { count: 0 }), "{name}");
        let many = call.with(|call| call.secrets = vec!["a".to_owned(); 5]);
        assert_eq!(many.verify(), Err(Diagnosis::Secrets { count: 5 }), "{name}");
    }
}

#[test]
fn names_a_secret_that_cannot_be_a_key() {
    let call = svix().with(|call| call.secrets = vec!["whsec_!".to_owned()]);
    assert_eq!(
        call.verify().unwrap_err().to_string(),
        "secret 1 can't be a key: expected the configured prefix and Base64 or the configured prefix and Base64"
    );
}

#[test]
fn never_uses_a_public_key_as_the_secret_of_an_hmac() {
    // Signed with HMAC under the public key itself, which everyone may know.
    let public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let forged = svix().with(|call| {
        call.headers[2].1 = "v1,ov8VOluDXY2Wo3ZUbIxuUYntREBz2le8wFFDvkWpPIY=".to_owned();
        call.secrets = vec![format!("whpk_{public}")];
    });
    assert!(matches!(forged.verify(), Err(Diagnosis::NoMatch { .. })));
}

#[test]
fn compares_whole_tokens() {
    let gitlab = Call::new("gitlab-token", "s3cret", &[("X-Gitlab-Token", "s3cret")], "");
    assert_eq!(gitlab.verify(), Ok(0));
    assert_eq!(
        gitlab.with(|call| call.secrets.insert(0, "other".to_owned())).verify(),
        Ok(1)
    );
    for wrong in ["s3cre", "s3cret1", "S3CRET", "s3cret,s3cret"] {
        let call = gitlab.with(|call| call.headers[0].1 = wrong.to_owned());
        assert!(matches!(call.verify(), Err(Diagnosis::NoMatch { .. })), "{wrong}");
    }
    let twice = gitlab.with(|call| call.headers.push(call.headers[0].clone()));
    assert!(matches!(twice.verify(), Err(Diagnosis::Repeated { .. })));

    // As Node gives a header that was sent in UTF-8, and one sent in Latin-1.
    for sent in ["p\u{c3}\u{a4}ss", "p\u{e4}ss"] {
        let call = gitlab.with(|call| {
            call.secrets = vec!["p\u{e4}ss".to_owned()];
            call.headers[0].1 = sent.to_owned();
        });
        assert_eq!(call.verify(), Ok(0), "{sent}");
    }

    let scheme = |json: &str| Scheme::from_json(json).unwrap();
    let bearer = gitlab.with(|call| {
        call.scheme = scheme(r#"{"kind":"token","from":{"header":"Authorization"},"prefix":"Bearer "}"#);
        call.headers = vec![("authorization".to_owned(), "bearer s3cret".to_owned())];
    });
    assert_eq!(bearer.verify(), Ok(0));
    let basic = bearer.with(|call| call.headers[0].1 = "Basic s3cret".to_owned());
    assert!(matches!(
        basic.verify(),
        Err(Diagnosis::Malformed {
            subject: Subject::Token,
            ..
        })
    ));

    let query = gitlab.with(|call| call.scheme = scheme(r#"{"kind":"token","from":{"query":"key"}}"#));
    assert_eq!(query.clone().to("/?a=1&key=s3cret").verify(), Ok(0));
    assert_eq!(query.clone().to("/?key=%733cret").verify(), Ok(0));
    assert!(matches!(
        query.clone().to("/?key=s3cret&key=s3cret").verify(),
        Err(Diagnosis::Repeated { .. })
    ));
    assert!(matches!(query.to("/?key").verify(), Err(Diagnosis::Missing { .. })));
}

#[test]
fn requires_the_client_state_in_every_notification_of_microsoft_graph() {
    let graph = |body: &str| Call::new("microsoft-graph", "state", &[], body).verify();
    assert_eq!(
        graph(r#"{"value":[{"clientState":"state"},{"clientState":"state"}]}"#),
        Ok(0)
    );
    assert_eq!(graph(r#"{"value":{"clientState":"state"}}"#), Ok(0));
    for wrong in [
        r#"{"value":[{"clientState":"state"},{"clientState":"other"}]}"#,
        r#"{"value":[{"clientState":"state"},{}]}"#,
        r#"{"value":[]}"#,
        r#"{"value":[{"clientState":null}]}"#,
        r#"{"value":{"clientState":"other"}}"#,
        r#"{"value":null}"#,
        "{}",
        "state",
        "",
    ] {
        assert!(graph(wrong).is_err(), "{wrong}");
    }
    let feishu = |body: &str| Call::new("feishu-token", "state", &[], body).verify();
    assert_eq!(feishu(r#"{"schema":"2.0","header":{"token":"state"}}"#), Ok(0));
    assert!(feishu(r#"{"schema":"2.0","header":{"token":["state"]},"token":"state"}"#).is_err());
    assert!(feishu(r#"{"token":"state"}"#).is_err());
}

fn sign(key: &[u8], body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[test]
fn names_what_happened_to_a_body() {
    let python = r#"{"url": "https://example.com/\u00e9", "list": [1, 2.50, {}]}"#;
    let php = r#"{"url":"https:\/\/example.com\/\u00e9","list":[1,2.50,{}]}"#;
    let pretty = "{\n  \"url\": \"https://example.com/é\",\n  \"list\": [\n    1,\n    2.50,\n    {}\n  ]\n}";
    let plain = r#"{"url":"https://example.com/é","list":[1,2.50,{}]}"#;
    let whitespace = Some(Hint::BodyWhitespace);
    let escaping = Some(Hint::BodyEscaping);
    for (signed, received, hint) in [
        (plain, pretty, whitespace),
        (pretty, plain, whitespace),
        (plain, python, escaping),
        (python, plain, escaping),
        (php, plain, escaping),
        (plain, php, escaping),
        (
            plain,
            "{\"url\":\"https://example.com/é\",\"list\":[1,2.50,{}]}\n",
            whitespace,
        ),
        ("a\nb\n", "a\r\nb\r\n", Some(Hint::BodyLineBreaks)),
        ("a\r\nb", "a\nb", Some(Hint::BodyLineBreaks)),
        ("", plain, Some(Hint::BodyEmpty)),
        (plain, "", None),
        (plain, r#"{"url":"https://example.com/é","list":[1,2.5,{}]}"#, None),
        (plain, r#"{"list":[1,2.50,{}],"url":"https://example.com/é"}"#, None),
    ] {
        let call = Call::new(
            "github",
            "key",
            &[("x-hub-signature-256", &sign(b"key", signed))],
            received,
        );
        assert_eq!(
            call.verify(),
            Err(Diagnosis::NoMatch {
                signatures: 1,
                hint: None
            })
        );
        assert_eq!(
            call.diagnose(),
            Err(Diagnosis::NoMatch { signatures: 1, hint }),
            "{signed:?} as {received:?}"
        );
    }
}

#[test]
fn names_what_is_wrong_with_a_secret_or_a_url() {
    let key = b"12345678901234567890";
    let base64 = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=";
    for (preset_secret, signed_with, hint) in [
        (" key\n".to_owned(), &b"key"[..], Hint::SecretWhitespace),
        (base64.to_owned(), key, Hint::SecretForm),
        (format!("whsec_{base64}"), key, Hint::SecretForm),
        (format!("whsec_{base64}"), base64.as_bytes(), Hint::SecretForm),
        (hex::encode(key), key, Hint::SecretForm),
    ] {
        let call = Call::new(
            "github",
            &preset_secret,
            &[("x-hub-signature-256", &sign(signed_with, "body"))],
            "body",
        );
        assert_eq!(
            call.diagnose(),
            Err(Diagnosis::NoMatch {
                signatures: 1,
                hint: Some(hint)
            }),
            "{preset_secret:?}"
        );
    }
    let hint = Some(Hint::Url);
    for url in [
        "http://mycompany.com/myapp.php?foo=1&bar=2",
        "https://mycompany.com/myapp.php/?foo=1&bar=2",
    ] {
        assert_eq!(
            twilio().to(url).diagnose(),
            Err(Diagnosis::NoMatch { signatures: 1, hint })
        );
    }
}

#[test]
fn prints_neither_secrets_nor_the_expected_signature() {
    for (name, call) in documented() {
        let wrong = call.with(|call| call.secrets[0].insert(0, 'x'));
        let diagnosis = wrong.diagnose().unwrap_err();
        let right = match call
            .headers
            .iter()
            .find(|(name, _)| name.to_ascii_lowercase().contains("signature"))
        {
            Some((_, value)) => value.rsplit(['=', ',']).find(|part| !part.is_empty()).unwrap(),
            None => "477715d11cdb4164915debcba66cb864d751f3e6",
        };
        for text in [
            format!("{diagnosis:?}"),
            diagnosis.to_string(),
            serde_json::to_string(&diagnosis).unwrap(),
        ] {
            assert!(
                !text.contains(&call.secrets[0]) && !text.contains(right),
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn rejects_a_scheme_that_cannot_work_and_says_what_was_expected() {
    let scheme = |change: &str, to: &str| {
        let json = serde_json::to_string(&presets::find("slack").unwrap()).unwrap();
        assert!(json.contains(change), "{json}");
        Scheme::from_json(&json.replacen(change, to, 1)).unwrap_err()
    };
    for (change, to, message) in [
        (
            r#""v0:{timestamp}:{body}""#,
            r#""{id}""#,
            "expected id to say where {id} is, but found nothing",
        ),
        (
            r#""encoding":"hex""#,
            r#""encoding":"text""#,
            "expected the encoding of a signature to be hex, base64 or base64url, but found text",
        ),
        (
            r#"{"header":"x-slack-signature"}"#,
            r#"{"part":"a"}"#,
            "expected from to be a header, query, body, form or xml, but found part",
        ),
        (
            r#""x-slack-signature""#,
            r#""x slack""#,
            "expected the name of a header, but found characters it can't have",
        ),
        (
            r#""hmac-sha256""#,
            r#""sha256""#,
            "expected {secret} in what is signed, since anyone can make a hash without a key",
        ),
        (
            r#""v0:{timestamp}:{body}""#,
            r#""v0:{secret}""#,
            "expected something of the request in what is signed, such as {body}",
        ),
        (
            r#""hmac-sha256""#,
            r#""md4""#,
            "unknown variant: expected one of `hmac-sha256`",
        ),
        (r#""accept""#, r#""accepts""#, "unknown field: expected one of `from`"),
    ] {
        let found = scheme(change, to);
        assert!(found.starts_with(message), "{found}");
    }
    for kind in [
        r#""kind":"token","from":{"part":"t="}"#,
        r#""kind":"jwt","algorithms":["HS256"],"place":{"from":{"part":"t="}}"#,
    ] {
        let error = Scheme::from_json(&format!("{{{kind}}}")).unwrap_err();
        assert_eq!(
            error,
            "expected from to be a header, query, body, form or xml, but found part"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn rejects_any_unsigned_header_query_or_body_without_a_panic(
        preset in prop::sample::select(presets::NAMES.to_vec()),
        values in prop::collection::vec("[ -~]{0,40}|(v1,|v1=|t=|v0=|sha256=|[,= 0-9a-fA-F]|é){0,30}", 4),
        query in "[ -~é]{0,60}",
        body in "[ -~é\n]{0,60}|<xml>(<Encrypt>|</Encrypt>|<!\\[CDATA\\[|\\]\\]>|a|&lt;|&|<){0,10}",
        now in any::<i64>(),
    ) {
        let mut call = Call::new(preset, "whsec_c2VjcmV0", &[], &body);
        let names: Vec<String> = call.scheme.header_names().into_iter().map(str::to_owned).collect();
        call.headers = names.into_iter().zip(values).collect();
        call.url = format!("https://example.com/?msg_signature=00&timestamp=1&nonce=2&{query}");
        call.now = now;
        let diagnosis = call.diagnose().unwrap_err();
        let printed = format!("{diagnosis:?} {diagnosis}");
        prop_assert!(!printed.contains("c2VjcmV0"));
    }
}

#[test]
fn rejects_more_signatures_than_public_keys_may_check() {
    use base64::Engine;
    let public_key = |seed: u8| {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
        format!(
            "whpk_{}",
            base64::engine::general_purpose::STANDARD.encode(key.as_bytes())
        )
    };
    let signature = format!("v1a,{} ", base64::engine::general_purpose::STANDARD.encode([0; 64]));
    let verify = |keys: u8, signatures: usize| {
        let headers = [
            ("webhook-id", "1"),
            ("webhook-timestamp", "1"),
            ("webhook-signature", &*signature.repeat(signatures)),
        ];
        let mut call = Call::new("standard-webhooks", "key", &headers, "{}").at(1);
        call.secrets = (1..=keys).map(public_key).collect();
        call.verify()
    };
    for (keys, signatures) in [(1, 8), (2, 4), (4, 2)] {
        let no_match = Err(Diagnosis::NoMatch { signatures, hint: None });
        assert_eq!(verify(keys, signatures), no_match);
        let rejected = verify(keys, signatures + 1).unwrap_err().to_string();
        assert!(
            rejected.ends_with("expected at most 8 checks with public keys"),
            "{rejected}"
        );
    }
}

#[test]
fn rejects_a_form_with_more_parameters_than_are_sorted() {
    let body = |count: usize| "a=&".repeat(count);
    let verify = |count| {
        let mut call = twilio();
        call.body = body(count);
        call.verify().unwrap_err()
    };
    assert!(matches!(verify(10_000), Diagnosis::NoMatch { .. }));
    assert!(matches!(
        verify(10_001),
        Diagnosis::Malformed {
            subject: Subject::Body,
            ..
        }
    ));
}
