//! Base64 as senders write it.

use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;

// Some senders leave the padding out.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The standard alphabet, padded or not.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);

/// The alphabet for URLs (RFC 4648 section 5), padded or not.
pub(crate) const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// The standard alphabet for text whose last character may have any unused bits, as WeCom's and DingTalk's keys may.
pub(super) const BASE64_ANY_TRAILING_BITS: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, CONFIG.with_decode_allow_trailing_bits(true));
