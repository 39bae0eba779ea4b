//! Encrypted bodies: Feishu's, and WeCom's, which DingTalk uses too.
//!
//! Both are AES-256-CBC, which doesn't authenticate: only what passed [`verify`](super::verify) may be opened,
//! and every way in which opening can fail looks the same from outside, so that nobody can ask whether a padding was right.

use aes::Aes256;
use base64::Engine;
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha2::{Digest, Sha256};

use super::base64::{BASE64, BASE64_ANY_TRAILING_BITS};
use super::{Diagnosis, Secret, Subject};

type Decryptor = cbc::Decryptor<Aes256>;
type Encryptor = cbc::Encryptor<Aes256>;

fn not_opened() -> Diagnosis {
    Diagnosis::Malformed {
        subject: Subject::Encrypted,
        place: "the envelope".to_owned(),
        expected: "a text encrypted with the key, for this receiver".to_owned(),
    }
}

/// The key of Feishu's envelopes: the SHA-256 of the encrypt key.
/// <https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/encrypt-key-encryption-configuration-case>
pub struct FeishuKey([u8; 32]);

impl FeishuKey {
    /// Returns the key for an encrypt key.
    pub fn new(encrypt_key: &Secret) -> Self {
        Self(Sha256::digest(encrypt_key.expose().as_bytes()).into())
    }

    /// Opens an envelope: Base64 of 16 bytes of initialization vector and the text.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] if it can't be opened.
    pub fn open(&self, encrypted: &str) -> Result<Vec<u8>, Diagnosis> {
        let bytes = BASE64.decode(encrypted).map_err(|_| not_opened())?;
        let (iv, text) = bytes.split_at_checked(16).ok_or_else(not_opened)?;
        Decryptor::new_from_slices(&self.0, iv)
            .map_err(|_| not_opened())?
            .decrypt_padded_vec::<Pkcs7>(text)
            .map_err(|_| not_opened())
    }
}

impl std::fmt::Debug for FeishuKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FeishuKey([REDACTED])")
    }
}

/// The key of WeCom's and DingTalk's envelopes.
/// <https://developer.work.weixin.qq.com/document/path/90968>
pub struct WecomKey([u8; 32]);

// WeCom pads to whole blocks of this length, as PKCS #7 would with blocks that long.
const WECOM_BLOCK: usize = 32;

impl WecomKey {
    /// Decodes an `EncodingAESKey`: Base64 without its padding.
    ///
    /// # Errors
    ///
    /// [`Diagnosis::SecretForm`] if it isn't 43 characters of Base64.
    pub fn new(encoding_aes_key: &Secret) -> Result<Self, Diagnosis> {
        let decoded = BASE64_ANY_TRAILING_BITS.decode(encoding_aes_key.expose()).ok();
        decoded
            .and_then(|key| key.try_into().ok())
            .map(Self)
            .ok_or_else(|| Diagnosis::SecretForm {
                index: 0,
                expected: "an EncodingAESKey, 43 characters of Base64".to_owned(),
            })
    }

    fn iv(&self) -> &[u8] {
        &self.0[..16]
    }

    /// Opens an envelope: Base64 of 16 random bytes, the length of the message in four bytes, the message, and the
    /// receiver's id, which has to be `receive_id` where that is given.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] if it can't be opened.
    pub fn open(&self, encrypted: &str, receive_id: Option<&str>) -> Result<Vec<u8>, Diagnosis> {
        self.try_open(encrypted, receive_id).ok_or_else(not_opened)
    }

    fn try_open(&self, encrypted: &str, receive_id: Option<&str>) -> Option<Vec<u8>> {
        let bytes = BASE64.decode(encrypted).ok()?;
        let mut text = Decryptor::new_from_slices(&self.0, self.iv())
            .ok()?
            .decrypt_padded_vec::<NoPadding>(&bytes)
            .ok()?;
        let padding = usize::from(*text.last()?);
        let end = text.len().checked_sub(padding)?;
        if !(1..=WECOM_BLOCK).contains(&padding) || text[end..].iter().any(|byte| usize::from(*byte) != padding) {
            return None;
        }
        text.truncate(end);
        let (length, rest) = text.get(16..)?.split_at_checked(4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let (message, id) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        receive_id
            .is_none_or(|wanted| wanted.as_bytes() == id)
            .then(|| message.to_vec())
    }

    /// Makes an envelope, for a response that has to be encrypted. `random` has to be new for each.
    pub fn seal(&self, message: &[u8], receive_id: &str, random: [u8; 16]) -> String {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut text = [&random[..], &length, message, receive_id.as_bytes()].concat();
        let padding = WECOM_BLOCK - text.len() % WECOM_BLOCK;
        text.resize(text.len() + padding, u8::try_from(padding).unwrap_or_default());
        let encryptor = Encryptor::new_from_slices(&self.0, self.iv()).expect("a key of 32 and a vector of 16 bytes");
        BASE64.encode(encryptor.encrypt_padded_vec::<NoPadding>(&text))
    }
}

impl std::fmt::Debug for WecomKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WecomKey([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FeishuKey, WecomKey};
    use crate::auth::Secret;

    fn wecom() -> WecomKey {
        WecomKey::new(&Secret::new("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()).unwrap()
    }

    #[test]
    fn opens_the_documented_envelopes() {
        let key = Secret::new("test key").unwrap();
        let opened = FeishuKey::new(&key)
            .open("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=")
            .unwrap();
        assert_eq!(opened, b"hello world");
        let echostr = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
        assert_eq!(
            wecom().open(echostr, Some("wx5823bf96d3bd56c7")).unwrap(),
            b"1616140317555161061"
        );
        assert!(wecom().open(echostr, Some("wx5823bf96d3bd56c8")).is_err());
    }

    #[test]
    fn seals_as_other_libraries_do() {
        // By @wecom/crypto 1.0.1.
        let sealed = "q0ysNi5GBe4lFFBIAtQxbMQiGNeAY3YrOmtHzP7pofCUz3o8NsXXvXquyoNTFFCgjozh0b2dR2wyv3pWCX/obg==";
        let message = "<xml>Zoë</xml>".as_bytes();
        assert_eq!(wecom().seal(message, "wx5823bf96d3bd56c7", [7; 16]), sealed);
        // By dingtalk-encrypt 1.2.3.
        let key = WecomKey::new(&Secret::new("4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij").unwrap()).unwrap();
        let sealed = "HcA0QDKRG/U9FnFvX30Rg2r+260hUAAe65UvzXNmXEmZdezYtWHqRvzeNPWlfrIRDnP88uGJtoYGmz01nTG+/A==";
        assert_eq!(
            key.seal(b"success", "suite4xxxxxxxxxxxxxxx", *b"0123456789abcdef"),
            sealed
        );
    }

    #[test]
    fn rejects_a_key_of_another_form() {
        for wrong in [
            "short",
            "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2",
            "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2!",
        ] {
            assert!(WecomKey::new(&Secret::new(wrong).unwrap()).is_err(), "{wrong}");
        }
        assert_eq!(format!("{:?}", wecom()), "WecomKey([REDACTED])");
    }

    proptest! {
        #[test]
        fn opens_what_it_sealed(message in prop::collection::vec(any::<u8>(), 0..200), id in "[a-z0-9]{0,20}") {
            let sealed = wecom().seal(&message, &id, [7; 16]);
            prop_assert_eq!(wecom().open(&sealed, Some(&id)).unwrap(), message);
        }

        #[test]
        fn opens_no_changed_or_forged_envelope_and_never_panics(
            mut bytes in prop::collection::vec(any::<u8>(), 0..10).prop_map(|blocks| blocks.repeat(16)),
            at in any::<prop::sample::Index>(),
        ) {
            use base64::Engine;
            let encoded = super::BASE64.encode(&bytes);
            let _ = (wecom().open(&encoded, None), FeishuKey::new(&Secret::new("k").unwrap()).open(&encoded));
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes.truncate(at);
                let encoded = super::BASE64.encode(&bytes);
                let _ = (wecom().open(&encoded, None), FeishuKey::new(&Secret::new("k").unwrap()).open(&encoded));
            }
        }
    }
}
