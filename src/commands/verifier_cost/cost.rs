//! What detectors cost for a number of videos: an upper bound.

use crate::config::Config;
use crate::wiring::connections;
use serde::Serialize;
use std::collections::BTreeMap;
use tensorflix_actors::platforms::spec_of;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verification::{Check, Provider};

/// The total cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Cost {
    /// Videos and reels that would be asked about.
    pub(super) videos: u64,
    /// Checks that are on but have no detector.
    pub(super) unchecked: Vec<Check>,
    pub(super) providers: Vec<ProviderCost>,
    pub(super) first_day_usd: f64,
    pub(super) later_day_usd: f64,
}

/// What one detector costs. Requests are never more than `daily_requests`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ProviderCost {
    pub(super) provider: Provider,
    pub(super) checks: Vec<Check>,
    pub(super) usd_per_request: f64,
    pub(super) daily_requests: u64,
    /// Requests for one verdict on everything.
    pub(super) requests_for_all: u64,
    pub(super) first_day_requests: u64,
    pub(super) first_day_usd: f64,
    pub(super) later_day_requests: u64,
    pub(super) later_day_usd: f64,
}

/// What the configured checks cost for these numbers of videos.
pub(super) fn cost(config: &Config, videos: &BTreeMap<Platform, u64>) -> Cost {
    let policy = config.policy().verification;
    let cycles_a_day = 24.0 / config.validator.update_interval_hours;
    let asked_share = (policy.sample_share * cycles_a_day).min(1.0);
    let renewed_share = (24.0 / policy.verdict_hours).min(asked_share);
    let prices = [
        (Provider::Sightengine, config.sightengine.usd_per_request, config.sightengine.daily_requests),
        (Provider::Openai, config.openai.usd_per_request, config.openai.daily_requests),
        (Provider::Webhook, config.webhook.usd_per_request, config.webhook.daily_requests),
    ];
    let providers: Vec<ProviderCost> = prices
        .into_iter()
        .filter_map(|(provider, usd_per_request, daily_requests)| {
            let checks: Vec<Check> =
                policy.checks().filter(|check| policy.providers(*check).contains(&provider)).collect();
            let requests_for_all = videos
                .iter()
                .map(|(platform, count)| count.saturating_mul(requests_each(provider, *platform, checks.len())))
                .fold(0_u64, u64::saturating_add);
            let first_day_requests = share_of(requests_for_all, asked_share).min(daily_requests);
            let later_day_requests = share_of(requests_for_all, renewed_share).min(daily_requests);
            (!checks.is_empty()).then(|| ProviderCost {
                provider,
                checks,
                usd_per_request,
                daily_requests,
                requests_for_all,
                first_day_requests,
                first_day_usd: usd(first_day_requests, usd_per_request),
                later_day_requests,
                later_day_usd: usd(later_day_requests, usd_per_request),
            })
        })
        .collect();
    Cost {
        videos: videos.values().sum(),
        unchecked: connections::unchecked(config),
        first_day_usd: providers.iter().map(|cost| cost.first_day_usd).sum(),
        later_day_usd: providers.iter().map(|cost| cost.later_day_usd).sum(),
        providers,
    }
}

/// Requests for one verdict on each of these items. An item that is listed for several tasks takes more requests to the webhook.
fn requests_each(provider: Provider, platform: Platform, checks: usize) -> u64 {
    match (provider, platform) {
        (Provider::Webhook, _) => checks as u64,
        (_, platform) => spec_of(platform).map_or(0, |spec| spec.most_frames),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate; the share is from 0 to 1"
)]
fn share_of(requests: u64, share: f64) -> u64 {
    (requests as f64 * share).ceil() as u64
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn usd(requests: u64, usd_per_request: f64) -> f64 {
    requests as f64 * usd_per_request
}

#[cfg(test)]
mod tests {
    use super::super::text::text;
    use super::*;
    use tensorflix_domain::verification::CheckMode;

    #[test]
    fn costs_follow_from_frames_sample_renewal_and_budget() {
        let mut config = Config::default();
        config.verifier.illicit = CheckMode::Off;
        config.verifier.topic = CheckMode::Observe;
        config.secrets.sightengine_api_user = Some("u".to_owned().into());
        config.secrets.sightengine_api_secret = Some("s".to_owned().into());
        config.sightengine.usd_per_request = 0.5;
        let videos = BTreeMap::from([(Platform::YOUTUBE, 100), (Platform::INSTAGRAM, 60)]);
        let told = cost(&config, &videos);
        let [sightengine] = &told.providers[..] else { panic!("one detector: {told:?}") };
        assert_eq!((sightengine.first_day_requests, sightengine.later_day_requests), (360, 12), "30 days a verdict");
        assert!((told.first_day_usd - 180.0).abs() < 1e-9 && (told.later_day_usd - 6.0).abs() < 1e-9);
        assert_eq!(told.unchecked, [Check::Topic]);
        config.verifier.sample_share = 0.1;
        assert_eq!(cost(&config, &videos).providers[0].first_day_requests, 36);
        config.verifier.sample_share = 1.0;
        config.sightengine.daily_requests = 50;
        assert_eq!(cost(&config, &videos).providers[0].first_day_requests, 50);
        assert!(text(&cost(&config, &videos)).contains("360 requests, more than the daily limit"));
        let lines = text(&cost(&config, &videos));
        assert!(lines.contains("the first 8 days cost"), "50 a day: {lines}");
        assert!(lines.contains("`topic`:\n  the check is not made"), "{lines}");
        assert!(lines.lines().all(|line| line.chars().count() <= 80), "{lines}");
        config.verifier.ai = CheckMode::Off;
        assert!(cost(&config, &videos).providers.is_empty());
    }
}
