//! What can be changed while the process runs: request rates of external services, and daily budgets.
//!
//! Code that makes a limiter or a budget registers it here with the setting that it follows. A new configuration is applied
//! as a whole or not at all: it was checked when it was read. Settings that are read only at the start are named, so that
//! the operator knows what a restart would change.

use super::connections;
use crate::config::{Config, PlatformSettings, reloads};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tensorflix_actors::outbound::limiter::{Limiter, Rate};
use tensorflix_actors::platforms::DailyBudget;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::platform::Platform;
use toml::{Table, Value};

/// The rate of what no configuration knows.
pub(super) const SLOWEST: Rate = Rate { requests_per_second: 0.001, burst: 1 };

/// The rate that a limiter follows.
#[derive(Clone, Copy, Debug)]
pub enum RateOf {
    /// That of a service which every process has.
    Service(fn(&Config) -> Rate),
    /// That of a platform.
    Platform(Platform),
}

impl RateOf {
    /// The rate in a configuration; `None` if it has no such platform.
    fn read(self, config: &Config) -> Option<Rate> {
        match self {
            Self::Service(rate) => Some(rate(config)),
            Self::Platform(platform) => config.platforms.of(platform).map(PlatformSettings::rate),
        }
    }
}

/// Everything of a process that follows the configuration.
#[derive(Default)]
pub struct Tuning {
    limiters: Mutex<Vec<(RateOf, Arc<Limiter>)>>,
    budgets: Mutex<Vec<(Platform, DailyBudget)>>,
}

/// What differs between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Settings that apply at once.
    pub live: BTreeSet<String>,
    /// Settings that apply after a restart.
    pub after_restart: BTreeSet<String>,
}

impl Tuning {
    /// A limiter that follows a rate of the configuration.
    pub fn limiter(
        &self,
        config: &Config,
        rate_of: RateOf,
        clock: &Arc<dyn Clock>,
        stats: &Arc<ActorStats>,
    ) -> Arc<Limiter> {
        let rate = rate_of.read(config).unwrap_or(SLOWEST);
        let limiter = connections::limiter(rate, clock, stats);
        self.limiters.lock().unwrap_or_else(PoisonError::into_inner).push((rate_of, Arc::clone(&limiter)));
        limiter
    }

    /// How many limiters follow the configuration.
    #[cfg(test)]
    pub(super) fn followers(&self) -> usize {
        self.limiters.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Makes a platform's budget follow the configuration.
    pub fn budget(&self, platform: Platform, budget: &DailyBudget) {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner).push((platform, budget.clone()));
    }

    /// Applies the rates and budgets of a configuration.
    pub fn apply(&self, config: &Config) {
        for (rate_of, limiter) in self.limiters.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(rate) = rate_of.read(config) {
                limiter.set_rate(rate);
            }
        }
        for (platform, budget) in self.budgets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(settings) = config.platforms.of(*platform) {
                budget.set(settings.daily_units());
            }
        }
    }
}

/// The settings in which two configurations differ. Secrets are compared, and named only as such.
pub fn changes(old: &Config, new: &Config) -> Changes {
    let mut changes = Changes::default();
    let (before, after) = (settings(old), settings(new));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names.into_iter().filter(|name| before.get(*name) != after.get(*name)) {
        let place = if reloads(name) { &mut changes.live } else { &mut changes.after_restart };
        place.insert(name.clone());
    }
    if old.secrets != new.secrets {
        changes.after_restart.insert("keys and tokens".to_owned());
    }
    changes
}

/// All settings by `section.key`.
fn settings(config: &Config) -> Table {
    let mut settings = Table::new();
    let sections = config.to_table();
    for (section, values) in sections {
        match values {
            Value::Table(values) => {
                settings.extend(values.into_iter().map(|(key, value)| (format!("{section}.{key}"), value)));
            }
            value => _ = settings.insert(section, value),
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::clock::SystemClock;

    #[test]
    fn every_live_setting_exists_and_only_those_are_live() {
        let all = settings(&Config::default());
        let live: Vec<_> = all.keys().map(String::as_str).filter(|name| reloads(name)).collect();
        assert_eq!(
            live,
            [
                "github.burst",
                "github.requests_per_second",
                "instagram.burst",
                "instagram.daily_charge_usd",
                "instagram.requests_per_second",
                "log.level",
                "network.burst",
                "network.requests_per_second",
                "youtube.burst",
                "youtube.daily_quota",
                "youtube.requests_per_second",
            ]
        );
        let mut new = Config::default();
        assert_eq!(changes(&Config::default(), &new), Changes::default());
        new.platforms.set("youtube", "daily_quota", 1);
        new.platforms.set("youtube", "batch_size", 7);
        new.secrets.github_token = Some("secret".to_owned().into());
        let changes = changes(&Config::default(), &new);
        assert_eq!(changes.live, BTreeSet::from(["youtube.daily_quota".to_owned()]));
        let later = ["keys and tokens", "youtube.batch_size"].map(str::to_owned);
        assert_eq!(changes.after_restart, BTreeSet::from(later));
    }

    #[test]
    fn a_new_configuration_reaches_every_limiter_and_budget() {
        let (tuning, clock) = (Tuning::default(), Arc::new(SystemClock::new()) as Arc<dyn Clock>);
        let old = Config::default();
        let rate = RateOf::Platform(Platform::YOUTUBE);
        let youtube = tuning.limiter(&old, rate, &clock, &ActorStats::new("youtube"));
        let rate = RateOf::Service(connections::github_rate);
        let github = tuning.limiter(&old, rate, &clock, &ActorStats::new("gist_fetcher"));
        let budgets = [DailyBudget::new(1), DailyBudget::new(2)];
        budgets.iter().for_each(|budget| tuning.budget(Platform::YOUTUBE, budget));
        let mut new = old.clone();
        new.platforms.set("youtube", "requests_per_second", 0.5);
        new.platforms.set("youtube", "burst", 3);
        new.platforms.set("youtube", "daily_quota", 77);
        tuning.apply(&new);
        assert_eq!(youtube.rate(), Rate { requests_per_second: 0.5, burst: 3 });
        assert_eq!(github.rate(), connections::github_rate(&old));
        assert_eq!(budgets.map(|budget| budget.units()), [77, 77]);
    }
}
