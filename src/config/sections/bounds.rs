//! Ranges that several settings have.

use tensorflix_settings::{Terms, number};

/// From three blocks to a year.
pub(super) const HOURS: Terms = number(0.01..=8760.0).unit("hours");
pub(super) const HOURS_OR_NONE: Terms = number(0.0..=8760.0).unit("hours");
pub(super) const SHARE: Terms = number(0.0..=1.0);
/// The file format has no larger whole numbers.
pub(super) const LARGEST_INTEGER: i64 = i64::MAX;
pub(super) const BLOCKS_OF_A_DAY: i64 = 7200;
pub(super) const SECONDS_OF_A_YEAR: i64 = 365 * 86_400;
