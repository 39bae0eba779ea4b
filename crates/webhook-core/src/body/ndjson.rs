//! Newline-delimited JSON.

use crate::error::ParseError;
use crate::json;

/// Reads the lines that aren't blank as the elements of a JSON list.
///
/// Each line is checked by itself: two halves of a list on two lines would be a list together.
///
/// # Errors
/// Those of [`json::check`], for the first line that isn't JSON.
pub(super) fn read(bytes: &[u8]) -> Result<String, ParseError> {
    let mut list = String::with_capacity(bytes.len() + 2);
    list.push('[');
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !line.iter().all(u8::is_ascii_whitespace) {
            let value = json::check(line.trim_ascii_end())
                .map_err(|error| ParseError::at(error.code, error.message, bytes, start + error.offset))?;
            if list.len() > 1 {
                list.push(',');
            }
            list.push_str(value.trim());
        }
        start += line.len();
    }
    list.push(']');
    Ok(list)
}
