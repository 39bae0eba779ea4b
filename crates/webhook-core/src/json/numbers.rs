//! Numbers that JavaScript would round, as text.

use super::canonical;
use super::checked::string_end;
use super::extract::check;
use super::writer::grow;
use crate::error::ParseError;

/// Digits that any number may have without being rounded.
const EXACT_DIGITS: usize = 15;

/// Returns the text with each number that JavaScript can't hold as a string of its digits as sent; `None` if there is none.
///
/// These are the numbers whose double, written in its shortest form, is another decimal value: 1283746512837465128 and 1e400
/// are, 1.10 and 0.1 aren't.
///
/// # Errors
/// Those of [`check`], as far as there is such a number.
pub fn spell_out(json: &[u8]) -> Result<Option<String>, ParseError> {
    let mut text = "";
    let mut spelled = String::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => at = string_end(json, at),
            b'-' | b'0'..=b'9' => {
                let start = at;
                let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                at += json[start..].iter().take_while(|byte| is_number(byte)).count();
                let number = &json[start..at];
                if !is_rounded(number) {
                    continue;
                }
                if text.is_empty() {
                    // A number in the place of a key must not become one.
                    check(json)?;
                    text = ParseError::check_utf8(json)?;
                    spelled.reserve(json.len() + 64);
                }
                grow(&mut spelled, at - from + 2);
                spelled.push_str(&text[from..start]);
                spelled.push('"');
                spelled.push_str(&text[start..at]);
                spelled.push('"');
                from = at;
            }
            _ => at += 1,
        }
    }
    spelled.push_str(&text[from..]);
    Ok((!text.is_empty()).then_some(spelled))
}

fn is_rounded(number: &[u8]) -> bool {
    if number.len() <= EXACT_DIGITS && !number.iter().any(|byte| matches!(byte, b'e' | b'E')) {
        return false;
    }
    let Ok(number) = std::str::from_utf8(number) else {
        return false;
    };
    match number.parse::<f64>() {
        Ok(double) if double.is_finite() => canonical(&format!("{double:e}")) != canonical(number),
        // What isn't a number is rejected by the check.
        Ok(_) => true,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spelled(json: &str) -> String {
        spell_out(json.as_bytes()).unwrap().unwrap_or_else(|| json.to_owned())
    }

    #[test]
    fn writes_numbers_that_would_be_rounded_as_text() {
        for number in [
            "1283746512837465128",
            "-9007199254740993",
            "9007199254740993.0",
            "1e400",
            "-1e400",
            "1e-400",
            "0.10000000000000000001",
            "123456789012345678901234567890",
        ] {
            assert_eq!(spelled(number), format!("\"{number}\""));
            assert_eq!(
                spelled(&format!("{{\"a\": [{number} ,1]}}")),
                format!("{{\"a\": [\"{number}\" ,1]}}")
            );
        }
        for number in [
            "0",
            "-0",
            "1.10",
            "0.1",
            "9007199254740992",
            "1000000000000000000000",
            "1e21",
            "5e-324",
            "1.7976931348623157e308",
            "0.30000000000000004",
            "100000000000000000000000",
        ] {
            assert_eq!(spell_out(number.as_bytes()), Ok(None), "{number}");
        }
        assert_eq!(
            spelled(r#"{"1283746512837465128":"1283746512837465128\""}"#),
            r#"{"1283746512837465128":"1283746512837465128\""}"#
        );
        assert_eq!(spelled("\u{feff}[1e400]"), "\u{feff}[\"1e400\"]");
    }

    #[test]
    fn makes_nothing_json_that_was_not() {
        for json in [
            "{1283746512837465128:1}",
            "[1283746512837465128",
            "012837465128374651280",
        ] {
            assert!(spell_out(json.as_bytes()).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn keeps_the_value_of_every_number(number in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
            let double: f64 = number.parse().unwrap();
            let is_kept = double.is_finite() && canonical(&format!("{double:e}")) == canonical(&number);
            prop_assert_eq!(spelled(&number), if is_kept { number.clone() } else { format!("\"{number}\"") });
        }
    }
}
