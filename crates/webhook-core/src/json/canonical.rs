//! One spelling for each single value, so that equal values have equal texts.

use super::quote;
use super::scan::utf16_units;

/// Spells a JSON string, number or boolean in the one way its value has: numbers go by their exact decimal value,
/// strings by their characters, and neither is rounded. `json` has to be valid.
///
/// ```
/// use webhook_core::json::canonical;
/// assert_eq!(canonical("1.0"), canonical("10e-1"));
/// assert_eq!(canonical(r#""\u0061""#), r#""a""#);
/// assert_ne!(canonical("9007199254740993"), canonical("9007199254740992"));
/// ```
pub fn canonical(json: &str) -> String {
    match json.as_bytes().first() {
        Some(b'"') => string(json),
        Some(b'-' | b'0'..=b'9') => number(json).unwrap_or_else(|| json.to_owned()),
        _ => json.to_owned(),
    }
}

/// Zeros at the end of an integer that are written out rather than as an exponent.
const MAX_ZEROS: usize = 20;

/// `None` if the exponent has too many digits (38 or more) to be added to. Two spellings of such a number
/// are taken for two.
fn number(json: &str) -> Option<String> {
    let (sign, unsigned) = json.strip_prefix('-').map_or(("", json), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    let moved = i128::try_from(digits.len() - significant.len()).ok()? - i128::try_from(fraction.len()).ok()?;
    let exponent = exponent.parse::<i128>().ok()?.checked_add(moved)?;
    match usize::try_from(exponent) {
        Ok(zeros) if zeros <= MAX_ZEROS => Some(format!("{sign}{significant}{}", "0".repeat(zeros))),
        _ => Some(format!("{sign}{significant}e{exponent}")),
    }
}

/// Characters that are escaped at a time: a value may be as long as a body.
const PIECE: usize = 4096;

fn string(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    out.push('"');
    let mut text = String::new();
    for unit in char::decode_utf16(utf16_units(inside(json))) {
        match unit {
            Ok(c) => text.push(c),
            // Half a pair, which no text can hold.
            Err(lone) => {
                out.push_str(inside(&quote(&std::mem::take(&mut text))));
                out.push_str(&format!("\\u{:04x}", lone.unpaired_surrogate()));
            }
        }
        if text.len() >= PIECE {
            out.push_str(inside(&quote(&text)));
            text.clear();
        }
    }
    out.push_str(inside(&quote(&text)));
    out.push('"');
    out
}

fn inside(quoted: &str) -> &str {
    &quoted[1..quoted.len() - 1]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::canonical;

    #[test]
    fn spells_numbers_of_the_same_value_the_same() {
        for (spelling, spellings) in [
            ("0", &["0", "-0", "0.0", "0e9", "-0.000e-5"][..]),
            ("1", &["1", "1.0", "1e0", "10e-1", "0.1E+1", "100e-02"]),
            ("-12e-1", &["-1.2", "-12e-1", "-0.12e1", "-1.200"]),
            ("100", &["100", "1e2", "1.00e2"]),
            ("1e400", &["1e400", "10e399", "0.1E401"]),
            ("9007199254740993", &["9007199254740993", "9007199254740993.0"]),
        ] {
            for other in spellings {
                assert_eq!(canonical(other), spelling, "{other}");
            }
        }
        for (one, other) in [
            ("9007199254740993", "9007199254740992"),
            ("0.1", "0.10000000000000001"),
            ("1", "-1"),
            ("1", "\"1\""),
            ("1e400", "1e401"),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
    }

    #[test]
    fn spells_strings_of_the_same_characters_the_same() {
        for (spelling, spellings) in [
            (r#""a""#, &[r#""a""#, r#""\u0061""#][..]),
            (r#""/""#, &[r#""/""#, r#""\/""#, r#""\u002F""#]),
            (
                "\"\u{1f600}\"",
                &["\"\u{1f600}\"", r#""\ud83d\ude00""#, r#""\uD83D\uDE00""#],
            ),
            (r#""\n""#, &[r#""\u000a""#, r#""\u000A""#]),
            (r#""x\ud83dy""#, &[r#""x\ud83dy""#, r#""\u0078\uD83D\u0079""#]),
        ] {
            for other in spellings {
                assert_eq!(canonical(other), spelling, "{other}");
            }
        }
        assert_ne!(canonical(r#""\ud83d""#), canonical(r#""\ud83e""#));
        assert_ne!(canonical(r#""\ud83d""#), canonical("\"\u{fffd}\""));
        assert_ne!(canonical(r#""\\ud83d""#), canonical(r#""\ud83d""#));
    }

    proptest! {
        #[test]
        fn spells_every_escaping_of_a_text_the_same(text in any::<String>(), escaped in any::<Vec<bool>>()) {
            let mut json = String::from("\"");
            for (index, c) in text.chars().enumerate() {
                if escaped.get(index) == Some(&false) && !matches!(c, '"' | '\\' | '\0'..='\u{1f}') {
                    json.push(c);
                } else {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        json.push_str(&format!("\\u{unit:04X}"));
                    }
                }
            }
            json.push('"');
            prop_assert_eq!(canonical(&json), super::quote(&text));
        }

        #[test]
        fn spells_a_number_the_same_wherever_its_point_is(digits in "[1-9][0-9]{0,40}", places in 0_usize..60, zeros in 0_usize..5) {
            let padding = "0".repeat(places);
            let moved = format!("0.{padding}{digits}{}e{}", "0".repeat(zeros), places + digits.len());
            prop_assert_eq!(canonical(&moved), canonical(&digits));
        }
    }
}
