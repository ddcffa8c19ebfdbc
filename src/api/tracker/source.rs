//! A platform as used by a service: whether it can be asked at all, the remaining budget, the time of the quota reset, and whether
//! the platform answered the last request.

use super::asked::Asked;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tensorflix_actors::outbound::retry::GrowingPause;
use tensorflix_actors::platforms::{PlatformApi, PlatformSpec, Scope, Terms, spec_of};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::platform::Platform;

/// Pause after a failed batch. Each attempt uses quota, even if the platform does not answer.
const PAUSE: GrowingPause = GrowingPause { first: Duration::from_secs(5), longest: Duration::from_secs(300) };

/// A platform that does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Batches in a row that failed.
    pub failures: u32,
    /// When the last one did, by the monotonic clock.
    pub since: Duration,
    /// Why, in words without secrets.
    pub why: String,
    /// Whether the platform or the ledger says that the quota is used up.
    pub is_quota: bool,
}

impl Trouble {
    /// Time from `now` on until the platform may be asked again.
    pub fn pause_left(&self, now: Duration) -> Option<Duration> {
        let until = self.since + PAUSE.after(self.failures.saturating_sub(1));
        until.checked_sub(now).filter(|left| !left.is_zero())
    }
}

/// A daily budget and what is spent of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Units of the day.
    pub units: u64,
    /// Units spent.
    pub spent: u64,
    /// Units that one more batch needs.
    pub batch: u64,
}

impl Budget {
    /// Whether one more batch fits into a share of the budget.
    pub const fn has_room(&self, one_of: u64) -> bool {
        self.spent + self.batch <= self.units / one_of
    }

    /// Units that are left.
    pub const fn left(&self) -> u64 {
        self.units.saturating_sub(self.spent)
    }
}

/// A platform, shared by the code that asks it and the code that reports on it.
pub struct Source {
    /// The platform's terms and calendar; it is never asked from here.
    platform: Arc<dyn PlatformApi>,
    /// Clients may use one part in this many of the daily budget.
    pub clients_share: u64,
    trouble: Mutex<Option<Trouble>>,
    asked: Mutex<Asked>,
}

impl Source {
    /// A platform that has not been asked yet; clients may use one part in `clients_share` of its budget.
    pub fn new(platform: Arc<dyn PlatformApi>, clients_share: u64) -> Arc<Self> {
        Arc::new(Self {
            platform,
            clients_share: clients_share.max(1),
            trouble: Mutex::new(None),
            asked: Mutex::default(),
        })
    }

    /// Which platform.
    pub fn id(&self) -> Platform {
        self.platform.id()
    }

    /// Its bounds and prices.
    pub fn terms(&self) -> Terms {
        self.platform.terms()
    }

    /// Whether there is a key for it.
    pub fn has_key(&self) -> bool {
        !self.platform.routes(Scope::Everything).is_empty()
    }

    /// The variable that holds its key.
    pub fn key_variable(&self) -> &'static str {
        spec_of(self.id()).map(PlatformSpec::key_variable).unwrap_or_default()
    }

    /// The ledger's date at a moment.
    pub fn ledger_date(&self, at: Moment) -> String {
        self.platform.ledger_date(at)
    }

    /// When the ledger's date changes next.
    pub fn next_reset(&self, now: Moment) -> Moment {
        self.platform.ledger_reset(now)
    }

    /// The ledger's buckets that pay for this much of an observation, one for each key.
    pub fn buckets(&self, scope: Scope) -> Vec<String> {
        self.platform.routes(scope).into_iter().map(|route| route.bucket).collect()
    }

    /// What was requested from it for clients.
    pub fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The platform's current trouble.
    pub fn trouble(&self) -> Option<Trouble> {
        self.lock().clone()
    }

    /// Notes that a batch was answered.
    pub fn answered(&self) {
        *self.lock() = None;
    }

    /// Notes that a batch failed as a whole.
    pub fn failed(&self, now: Duration, why: &str, is_quota: bool) {
        let mut trouble = self.lock();
        let failures = trouble.as_ref().map_or(1, |before| before.failures.saturating_add(1));
        *trouble = Some(Trouble { failures, since: now, why: why.to_owned(), is_quota });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::clock::SystemClock;
    use crate::config::Config;
    use crate::wiring::connections;
    use tensorflix_actors::ports::Clock;

    #[test]
    fn quota_begins_anew_at_the_platforms_own_midnight_also_when_clocks_change() {
        let (config, clock) = (Config::default(), Arc::new(SystemClock::new()) as Arc<dyn Clock>);
        let settings = config.platforms.of(Platform::YOUTUBE).expect("a platform of the release");
        let source = Source::new(connections::platform(&config, settings, &clock), 1);
        for (now, reset) in [
            ("2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z"),
            ("2026-07-01T06:59:59.500Z", "2026-07-01T07:00:00Z"),
            ("2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z"),
            // 2026-03-08 has 23 hours in Los Angeles, 2026-11-01 has 25.
            ("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"),
            ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"),
        ] {
            let moment = |text| Moment::parse(text).expect("a time");
            assert_eq!(source.next_reset(moment(now)), moment(reset), "{now}");
        }
    }

    #[test]
    fn a_platform_in_trouble_is_left_alone_for_longer_and_longer() {
        let seconds = Duration::from_secs;
        let trouble = |failures| Trouble { failures, since: seconds(100), why: String::new(), is_quota: false };
        for (failures, now, left) in
            [(1, 100, Some(5)), (1, 104, Some(1)), (1, 105, None), (2, 100, Some(10)), (40, 100, Some(300))]
        {
            assert_eq!(trouble(failures).pause_left(seconds(now)), left.map(seconds), "{failures} {now}");
        }
    }

    #[test]
    fn clients_get_their_share_of_a_budget() {
        let budget = |spent| Budget { units: 10, spent, batch: 1 };
        assert!(budget(9).has_room(1) && !budget(10).has_room(1));
        assert!(budget(4).has_room(2) && !budget(5).has_room(2), "the other half is the validator's");
        assert_eq!(budget(12).left(), 0);
    }
}
