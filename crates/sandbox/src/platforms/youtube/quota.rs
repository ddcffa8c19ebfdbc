//! The quota of units: by key, bucket and day in Los Angeles, where Google's day begins.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate};
use chrono_tz::America::Los_Angeles;

/// How many allowances are remembered; the oldest days go first.
const REMEMBERED_ALLOWANCES: usize = 10_000;

/// Units used so far.
#[derive(Debug, Default)]
pub(super) struct Quota {
    used: Mutex<BTreeMap<(NaiveDate, String, &'static str), u64>>,
}

impl Quota {
    /// Takes one unit; false if the day's allowance is used up.
    pub(super) fn take(&self, key: &str, bucket: &'static str, unix_ms: u64, daily_units: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let count = used.entry((pacific_date(unix_ms), key.to_owned(), bucket)).or_default();
        let granted = *count < daily_units;
        if granted {
            *count += 1;
        }
        if used.len() > REMEMBERED_ALLOWANCES {
            used.pop_first();
        }
        granted
    }
}

/// The date in Los Angeles.
fn pacific_date(unix_ms: u64) -> NaiveDate {
    let time = DateTime::from_timestamp_millis(unix_ms as i64).unwrap_or_default();
    time.with_timezone(&Los_Angeles).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_los_angeles_in_summer_and_winter() {
        for (utc, date) in [
            ("2026-07-01T06:59:59Z", "2026-06-30"),
            ("2026-07-01T07:00:00Z", "2026-07-01"),
            ("2026-12-01T07:59:59Z", "2026-11-30"),
            ("2026-12-01T08:00:00Z", "2026-12-01"),
        ] {
            let unix_ms = DateTime::parse_from_rfc3339(utc).unwrap().timestamp_millis() as u64;
            assert_eq!(pacific_date(unix_ms).to_string(), date, "{utc}");
        }
    }
}
