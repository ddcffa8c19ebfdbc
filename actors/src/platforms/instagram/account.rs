//! The settings of Instagram, and money in units of the ledger.

use super::settings::InstagramSettings;
use crate::platforms::{Connection, DailyBudget};
use crate::ports::Clock;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Units of the ledger in a US dollar: it counts millionths.
pub const UNITS_PER_USD: f64 = 1_000_000.0;

/// The platform's settings.
pub struct Instagram {
    /// `instagram.api_url`.
    pub api_url: Url,
    /// `APIFY_API_KEY`.
    pub api_key: Option<SecretString>,
    /// The Apify actor, such as `apify~instagram-reel-scraper`.
    pub actor: String,
    /// Reels in one run.
    pub batch_size: usize,
    /// Runs in progress at one time.
    pub max_in_flight: usize,
    /// Largest charge of one run, in US dollars.
    pub max_charge_usd: f64,
    /// Largest charge of one day, in units of the ledger: see [`charge_units`].
    pub daily_charge: DailyBudget,
    /// For one run, from its start to its data.
    pub deadline: Duration,
    /// For pauses and deadlines.
    pub clock: Arc<dyn Clock>,
}

impl Instagram {
    /// With checked settings.
    pub fn connected(connection: Connection<'_>) -> Self {
        let settings: InstagramSettings = connection.settings();
        Self {
            api_url: settings.api_url,
            api_key: connection.keys.into_iter().next(),
            actor: settings.actor,
            batch_size: settings.batch_size,
            max_in_flight: settings.max_in_flight,
            max_charge_usd: settings.max_charge_usd,
            daily_charge: DailyBudget::new(charge_units(settings.daily_charge_usd)),
            deadline: Duration::from_secs(settings.timeout_secs),
            clock: connection.clock,
        }
    }
}

/// US dollars in units of the ledger, rounded up.
pub fn charge_units(usd: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "configuration bounds charges")]
    let units = (usd * UNITS_PER_USD).ceil().max(0.0) as u64;
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_rounded_up_to_millionths() {
        assert_eq!(
            [charge_units(1.0), charge_units(0.000_000_1), charge_units(0.0), charge_units(-1.0)],
            [1_000_000, 1, 0, 0]
        );
    }
}
