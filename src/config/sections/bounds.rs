//! Ranges that several settings have.

use crate::config::statement::{Terms, integer, number, text};

use super::forms;

/// From one request in a quarter of an hour to more than any platform grants.
pub(super) const RATE: Terms = number(0.001..=10_000.0).unit("requests per second");
pub(super) const BURST: Terms = integer(1..=10_000).unit("requests");
pub(super) const IN_FLIGHT: Terms = integer(1..=1000).unit("requests");
pub(super) const TIMEOUT: Terms = integer(1..=3600).unit("seconds");
/// From three blocks to a year.
pub(super) const HOURS: Terms = number(0.01..=8760.0).unit("hours");
pub(super) const HOURS_OR_NONE: Terms = number(0.0..=8760.0).unit("hours");
pub(super) const SHARE: Terms = number(0.0..=1.0);
/// The file format has no larger whole numbers.
pub(super) const LARGEST_INTEGER: i64 = i64::MAX;
pub(super) const BLOCKS_OF_A_DAY: i64 = 7200;
pub(super) const SECONDS_OF_A_YEAR: i64 = 365 * 86_400;

pub(super) const BASE_URL: Terms = text(forms::HTTP_URL);
pub(super) const SECRET_FILE: Terms = text(forms::SECRET_FILE);
