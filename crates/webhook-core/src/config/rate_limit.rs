//! `rateLimit`: how many events are accepted within how much time.

use super::reader::Field;
use crate::limits::{MAX_RATE_REQUESTS, MAX_RATE_SECONDS};

/// How many events are accepted within how much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many events.
    pub requests: u32,
    /// Within how many seconds, counted from the first of them.
    pub seconds: u32,
}

/// Reads `rateLimit`: `false` or `{ requests, seconds }`.
pub(super) fn read_rate_limit(limit: &Field<'_>) -> Option<RateLimit> {
    if limit.is_off() {
        return None;
    }
    let limit = limit.object()?;
    let requests = read_number(&limit.get("requests"), MAX_RATE_REQUESTS);
    let seconds = read_number(&limit.get("seconds"), MAX_RATE_SECONDS);
    Some(RateLimit {
        requests: requests?,
        seconds: seconds?,
    })
}

fn read_number(field: &Field<'_>, most: u32) -> Option<u32> {
    let number = field.value().as_u64().and_then(|number| u32::try_from(number).ok());
    let number = number.filter(|number| (1..=most).contains(number));
    if number.is_none() {
        field.issue("RATE_LIMIT", format!("expected a whole number from 1 to {most}"));
    }
    number
}
