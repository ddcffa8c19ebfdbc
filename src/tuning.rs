//! What can be changed while the process runs: how hard each service outside may be asked, and what may be spent a day.
//!
//! Whoever makes a limiter or a budget registers it here with the setting that it follows. A new configuration is applied
//! as a whole or not at all: it was checked when it was read. Settings that are read once, at the start, are named, so that
//! an operator knows what a restart would change.

use crate::config::{Config, reloads};
use crate::connections;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tensorflix_actors::limiter::{Limiter, Rate};
use tensorflix_actors::platform::DailyBudget;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use toml::{Table, Value};

/// The rate that a limiter follows.
pub type RateOf = fn(&Config) -> Rate;
/// The budget, in units of the ledger, that a platform follows.
pub type UnitsOf = fn(&Config) -> u64;

/// Everything of a process that follows the configuration.
#[derive(Default)]
pub struct Tuning {
    limiters: Mutex<Vec<(RateOf, Arc<Limiter>)>>,
    budgets: Mutex<Vec<(UnitsOf, DailyBudget)>>,
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
        let limiter = connections::limiter(rate_of(config), clock, stats);
        self.limiters.lock().unwrap_or_else(PoisonError::into_inner).push((rate_of, Arc::clone(&limiter)));
        limiter
    }

    /// Has a budget follow the configuration.
    pub fn budget(&self, units_of: UnitsOf, budget: &DailyBudget) {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner).push((units_of, budget.clone()));
    }

    /// Applies the rates and budgets of a configuration.
    pub fn apply(&self, config: &Config) {
        for (rate_of, limiter) in self.limiters.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            limiter.set_rate(rate_of(config));
        }
        for (units_of, budget) in self.budgets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            budget.set(units_of(config));
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
    let sections = Table::try_from(config).unwrap_or_default();
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
        new.youtube.daily_quota = 1;
        new.youtube.batch_size = 7;
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
        let youtube = tuning.limiter(&old, connections::youtube_rate, &clock, &ActorStats::new("youtube"));
        let github = tuning.limiter(&old, connections::github_rate, &clock, &ActorStats::new("gist_fetcher"));
        let budgets = [connections::youtube(&old).daily_quota, connections::youtube(&old).daily_quota];
        budgets.iter().for_each(|budget| tuning.budget(|config| config.youtube.daily_quota, budget));
        let mut new = old.clone();
        (new.youtube.requests_per_second, new.youtube.burst, new.youtube.daily_quota) = (0.5, 3, 77);
        tuning.apply(&new);
        assert_eq!(youtube.rate(), Rate { requests_per_second: 0.5, burst: 3 });
        assert_eq!(github.rate(), connections::github_rate(&old));
        assert_eq!(budgets.map(|budget| budget.units()), [77, 77]);
    }
}
