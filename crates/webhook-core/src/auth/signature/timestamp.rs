use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::OffsetDateTime;

use crate::auth::{Diagnosis, Sources, Subject};
use crate::limits::MAX_AHEAD_SECONDS;

/// Where the time of a request is, and how far it may be off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timestamp {
    /// Where it is.
    pub from: Sources,
    /// How it is written.
    #[serde(default)]
    pub unit: Unit,
    /// How many seconds it may be off; without it any time is taken, and an old request can be sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<u32>,
    /// Which way it may not be off.
    #[serde(default)]
    pub direction: Direction,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Whole seconds since 1970.
    #[default]
    Seconds,
    /// Whole milliseconds since 1970.
    Milliseconds,
    /// Date and time as text (RFC 3339), such as `2026-11-26T08:00:00.5Z`.
    Rfc3339,
}

/// Which times are rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Those older than the tolerance, and those more than [`MAX_AHEAD_SECONDS`] ahead.
    Past,
    /// Those that are off by more than the tolerance, either way.
    #[default]
    Both,
}

impl Timestamp {
    /// Rejects a time that is too far off.
    pub(super) fn check(&self, time: &str, now: i64) -> Result<(), Diagnosis> {
        let (expected, per_unit) = match self.unit {
            Unit::Seconds => ("whole seconds since 1970", 1000),
            Unit::Milliseconds => ("whole milliseconds since 1970", 1),
            Unit::Rfc3339 => ("a date and time as in RFC 3339", 1),
        };
        let sent = match self.unit {
            Unit::Rfc3339 => OffsetDateTime::parse(time, &Rfc3339)
                .ok()
                .and_then(|time| i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()),
            Unit::Seconds | Unit::Milliseconds => Some(time)
                .filter(|time| time.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|time| time.parse::<i64>().ok()),
        };
        let sent = sent.ok_or_else(|| self.from.malformed(Subject::Timestamp, expected.to_owned()))?;
        let Some(tolerance) = self.tolerance else {
            return Ok(());
        };
        // Compared in the sender's unit, as the senders' own libraries do.
        let age = now.div_euclid(per_unit).saturating_sub(sent).saturating_mul(per_unit);
        let ahead = match self.direction {
            Direction::Both => tolerance,
            Direction::Past => tolerance.max(MAX_AHEAD_SECONDS),
        };
        let off = if age < 0 { ahead } else { tolerance };
        if age.saturating_abs() > i64::from(off) * 1000 {
            let away_from_zero = if age < 0 { -999 } else { 999 };
            return Err(Diagnosis::ClockOff {
                seconds: age.saturating_add(away_from_zero) / 1000,
                tolerance: off,
            });
        }
        Ok(())
    }
}
