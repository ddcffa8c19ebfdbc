//! Chain time: the only clock that scores, dates and orders anything.
//!
//! A [`BlockStamp`] pairs a finalized block with its own `Timestamp.Now`. There is no conversion from the machine's
//! clock in this crate, on purpose.

use crate::ids::Block;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// Blocks that the chain aims to make in an hour (12 s each).
pub const BLOCKS_PER_HOUR: u32 = 300;

/// A moment in UTC with millisecond precision. Written as RFC 3339 with milliseconds and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// A moment from Unix time in milliseconds.
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self(unix_ms)
    }

    /// Unix time in milliseconds.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any offset; precision below a millisecond is dropped.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|moment| Self(moment.timestamp_millis()))
    }

    /// The moment this many hours earlier.
    pub fn hours_before(self, hours: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "a float is clamped to an integer's range"
        )]
        let milliseconds = (hours * HOUR_MS as f64) as i64;
        Self(self.0.saturating_sub(milliseconds))
    }

    /// Hours from `earlier` to `self`, negative if `earlier` is later.
    pub fn hours_since(self, earlier: Self) -> f64 {
        // Both are within a few thousand years of 1970, far inside the integers that f64 holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of calendar dates are below 2^53")]
        let milliseconds = self.0.saturating_sub(earlier.0) as f64;
        #[expect(clippy::cast_precision_loss, reason = "a constant below 2^53")]
        let hour_ms = HOUR_MS as f64;
        milliseconds / hour_ms
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(moment) => formatter.write_str(&moment.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(formatter, "{} ms", self.0),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

/// A finalized block and the chain's own time of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockStamp {
    /// The block's number.
    pub block: Block,
    /// `Timestamp.Now` at that block.
    pub time: Moment,
}

/// The start of the grid cell of `step` blocks that holds `block`; a step of 0 counts as 1.
pub const fn grid_start(block: Block, step: u32) -> Block {
    let step = if step == 0 { 1 } else { step };
    block - block % step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_with_milliseconds_and_z() {
        for (text, written) in [
            ("2026-08-21T00:00:00Z", "2026-08-21T00:00:00.000Z"),
            ("2026-08-21T02:30:00+02:00", "2026-08-21T00:30:00.000Z"),
            ("2026-08-21T00:00:00.123456Z", "2026-08-21T00:00:00.123Z"),
        ] {
            assert_eq!(Moment::parse(text).map(|moment| moment.to_string()).as_deref(), Some(written));
        }
        for wrong in ["", "2026-08-21", "2026-08-21T00:00:00", "yesterday"] {
            assert_eq!(Moment::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn offsets_are_resolved_before_ages_are_taken() {
        let published = Moment::parse("2026-08-21T02:00:00+02:00").expect("a time");
        let observed = Moment::parse("2026-08-21T02:00:00Z").expect("a time");
        assert_eq!(observed.hours_since(published), 2.0);
        assert_eq!(published.hours_since(observed), -2.0);
    }

    #[test]
    fn grids_start_at_multiples_of_their_step() {
        assert_eq!([grid_start(99, 25), grid_start(100, 25), grid_start(7, 0)], [75, 100, 7]);
    }
}
