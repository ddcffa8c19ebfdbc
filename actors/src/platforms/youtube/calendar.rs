//! The days of YouTube's quota: they begin at midnight in Los Angeles and last 23, 24 or 25 hours.

use chrono::{DateTime, Days, NaiveTime};
use chrono_tz::America::Los_Angeles;
use chrono_tz::Tz;
use tensorflix_domain::chain_time::Moment;

fn pacific(at: Moment) -> DateTime<Tz> {
    DateTime::from_timestamp_millis(at.unix_ms()).unwrap_or_default().with_timezone(&Los_Angeles)
}

/// The date in America/Los_Angeles.
pub fn pacific_date(at: Moment) -> String {
    pacific(at).format("%Y-%m-%d").to_string()
}

/// The next midnight in America/Los_Angeles: the moment at which [`pacific_date`] changes.
pub fn next_pacific_midnight(at: Moment) -> Moment {
    let tomorrow = pacific(at).date_naive().checked_add_days(Days::new(1));
    // Clocks change at two in the morning there, so every midnight exists once; the rest is for dates beyond calendars.
    let midnight = tomorrow.and_then(|date| date.and_time(NaiveTime::MIN).and_local_timezone(Los_Angeles).earliest());
    midnight.map_or(at, |midnight| Moment::from_unix_ms(midnight.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect("a time")
    }

    #[test]
    fn the_quota_day_changes_at_midnight_in_los_angeles_also_when_clocks_change() {
        for (time, date) in [
            ("2026-07-01T06:59:59Z", "2026-06-30"),
            ("2026-07-01T07:00:00Z", "2026-07-01"),
            ("2026-01-01T07:59:59Z", "2025-12-31"),
            ("2026-01-01T08:00:00Z", "2026-01-01"),
            // 2026-03-08 has 23 hours there, 2026-11-01 has 25.
            ("2026-03-09T06:59:59Z", "2026-03-08"),
            ("2026-03-09T07:00:00Z", "2026-03-09"),
            ("2026-11-02T07:59:59Z", "2026-11-01"),
        ] {
            assert_eq!(pacific_date(moment(time)), date, "{time}");
        }
    }

    #[test]
    fn the_quota_begins_anew_at_the_end_of_days_of_23_24_and_25_hours() {
        for (time, midnight) in [
            ("2026-07-01T06:59:59.999Z", "2026-07-01T07:00:00Z"),
            ("2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z"),
            ("2026-01-01T20:00:00Z", "2026-01-02T08:00:00Z"),
            // The 8th of March begins at 08:00 and ends at 07:00; the 1st of November begins at 07:00 and ends at 08:00.
            ("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"),
            ("2026-03-08T07:59:59Z", "2026-03-08T08:00:00Z"),
            ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"),
            ("2026-12-31T23:00:00Z", "2027-01-01T08:00:00Z"),
        ] {
            assert_eq!(next_pacific_midnight(moment(time)), moment(midnight), "{time}");
        }
    }

    #[test]
    fn the_date_changes_at_the_reset_and_at_no_other_millisecond() {
        // Every hour of two years, both changes of the clocks in each.
        let begin = moment("2026-01-01T00:30:00Z").unix_ms();
        for hour in 0..2 * 366 * 24 {
            let at = Moment::from_unix_ms(begin + hour * 3_600_000);
            let reset = next_pacific_midnight(at);
            let before = Moment::from_unix_ms(reset.unix_ms() - 1);
            assert!(reset > at, "{at}");
            assert_eq!(pacific_date(before), pacific_date(at), "{at}");
            assert_ne!(pacific_date(reset), pacific_date(at), "{at}");
        }
    }
}
