//! Senders that sign nothing but the body and put the signature into one header.

use super::{accept, header, signature};
use crate::auth::signature::{Algorithm, Encoding, Signature};

/// A sender: its name, the header, the text before the signature there, how it is made, and how it is written.
type Row = (&'static str, &'static str, &'static str, Algorithm, Encoding);

const SENDERS: [Row; 21] = {
    use Algorithm::{HmacSha1, HmacSha256};
    use Encoding::{Base64, Hex};
    [
        // https://developers.asana.com/docs/webhooks-guide: the secret is that of the first request, in `X-Hook-Secret`.
        ("asana", "x-hook-signature", "", HmacSha256, Hex),
        // https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/#Secure-webhooks
        ("bitbucket", "x-hub-signature", "sha256=", HmacSha256, Hex),
        // https://www.docusign.com/blog/developers/connect-webhooks: of several keys the first one.
        ("docusign", "x-docusign-signature-1", "", HmacSha256, Base64),
        // https://www.dropbox.com/developers/reference/webhooks#notifications: the secret is the app's.
        ("dropbox", "x-dropbox-signature", "", HmacSha256, Hex),
        // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
        ("github", "x-hub-signature-256", "sha256=", HmacSha256, Hex),
        // https://developer.gocardless.com/api-reference/#webhooks-signing-webhooks
        ("gocardless", "webhook-signature", "", HmacSha256, Hex),
        // https://developers.intercom.com/docs/webhooks/webhook-models#signed-notifications: the secret is the app's client secret.
        ("intercom", "x-hub-signature", "sha1=", HmacSha1, Hex),
        // https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
        ("jira", "x-hub-signature", "sha256=", HmacSha256, Hex),
        // https://docs.lemonsqueezy.com/help/webhooks/signing-requests
        ("lemon-squeezy", "x-signature", "", HmacSha256, Hex),
        // https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/: the secret is the channel's.
        ("line", "x-line-signature", "", HmacSha256, Base64),
        // https://developers.facebook.com/docs/graph-api/webhooks/getting-started: as GitHub; the secret is the app's.
        ("meta", "x-hub-signature-256", "sha256=", HmacSha256, Hex),
        // https://developers.notion.com/reference/webhooks: the secret is the verification token of the first request.
        ("notion", "x-notion-signature", "sha256=", HmacSha256, Hex),
        // https://developer.nylas.com/docs/v3/notifications/#secure-a-webhook
        ("nylas", "x-nylas-signature", "", HmacSha256, Hex),
        // https://razorpay.com/docs/webhooks/validate-test/
        ("razorpay", "x-razorpay-signature", "", HmacSha256, Hex),
        // https://docs.sentry.io/organization/integrations/integration-platform/webhooks/: the secret is the integration's client secret.
        ("sentry", "sentry-hook-signature", "", HmacSha256, Hex),
        // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
        ("shopify", "x-shopify-hmac-sha256", "", HmacSha256, Base64),
        // https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-outgoing-webhook: the key is Base64.
        ("teams", "authorization", "HMAC ", HmacSha256, Base64),
        // https://www.typeform.com/developers/webhooks/secure-your-webhooks/
        ("typeform", "typeform-signature", "sha256=", HmacSha256, Base64),
        // https://vercel.com/docs/webhooks/webhooks-api#securing-webhooks
        ("vercel", "x-vercel-signature", "", HmacSha1, Hex),
        // https://woocommerce.com/document/webhooks/
        ("woocommerce", "x-wc-webhook-signature", "", HmacSha256, Base64),
        // https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/
        ("xero", "x-xero-signature", "", HmacSha256, Base64),
    ]
};

/// Returns the scheme of one of these senders.
pub(super) fn find(name: &str) -> Option<Signature> {
    let (_, from, prefix, algorithm, encoding) = SENDERS.into_iter().find(|(known, ..)| *known == name)?;
    let key = if name == "teams" {
        Encoding::Base64
    } else {
        Encoding::Text
    };
    Some(signature(
        header(from),
        accept(prefix, algorithm, encoding, key),
        "{body}",
    ))
}
