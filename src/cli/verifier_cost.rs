//! `verifier-cost`: what the configured checks will cost in a day, before it is spent.
//!
//! An upper bound. The first day asks about everything that has no verdict yet, as far as the sample and the daily budgets
//! go; later days about what is due to be renewed. New videos and changed texts add to that. Nothing is asked of anybody.

use super::{ConfigArgument, Output, prepare, stored};
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, say};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use tensorflix_actors::verifier::MAX_FRAMES;
use tensorflix_domain::ids::{ContentId, Platform};
use tensorflix_domain::verdict::Status;
use tensorflix_domain::verification::{Check, Provider};

/// What the configured checks will cost in a day.
#[derive(clap::Args)]
#[command(after_help = "\
Reads the configuration, and the number of videos from the validator's newest
cycle. Prices are those of `usd_per_request`: look them up in your plan.

Examples:
  tensorflix verifier-cost
  # before there is any cycle: so many YouTube videos
  tensorflix verifier-cost --videos 5000 --output json
  # what a sample of a tenth would cost
  TENSORFLIX__VERIFIER__SAMPLE_SHARE=0.1 tensorflix verifier-cost

Exit codes: 0 told, 1 there is no cycle to count videos of, 2 wrong usage or
  configuration")]
pub(super) struct VerifierCostArguments {
    /// So many videos, in place of those of the newest cycle
    #[arg(long, value_name = "N")]
    videos: Option<u64>,
    #[command(flatten)]
    config: ConfigArgument,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What all of it costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Cost {
    /// Videos and reels that would be asked about.
    videos: u64,
    /// Checks that are on, and that nobody is set up for.
    unchecked: Vec<Check>,
    providers: Vec<ProviderCost>,
    first_day_usd: f64,
    later_day_usd: f64,
}

/// What one detector costs. Requests are never more than `daily_requests`.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ProviderCost {
    provider: Provider,
    checks: Vec<Check>,
    usd_per_request: f64,
    daily_requests: u64,
    /// Requests for one verdict on everything.
    requests_for_all: u64,
    first_day_requests: u64,
    first_day_usd: f64,
    later_day_requests: u64,
    later_day_usd: f64,
}

pub(super) fn run(arguments: VerifierCostArguments) -> Exit {
    let (config, _telemetry) = match prepare(&arguments.config, Overrides::default(), ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let videos = match arguments.videos {
        Some(count) => BTreeMap::from([(Platform::YouTube, count)]),
        None => match actix_rt::System::new().block_on(present_videos(&config)) {
            Ok(videos) => videos,
            Err(exit) => {
                say("without a decided cycle, say how many videos there are: --videos N");
                return exit;
            }
        },
    };
    let cost = cost(&config, &videos);
    let printed = print(&match arguments.output {
        Output::Text => text(&cost),
        Output::Json => serde_json::to_string(&cost).unwrap_or_default() + "\n",
    });
    ended(printed, Exit::Done)
}

/// The contents of the newest cycle that were not rejected for another reason than a verdict, by platform.
async fn present_videos(config: &Config) -> Result<BTreeMap<Platform, u64>, Exit> {
    let store = stored::open(config).await?;
    let recorded = stored::load(&store, stored::newest_or(&store, None).await?).await?;
    let decided = &recorded.decided;
    let counting: BTreeSet<ContentId> = decided
        .submissions
        .iter()
        .filter(|judged| judged.status != Status::Rejected || judged.reason.is_some_and(is_of_verdict))
        .filter_map(|judged| ContentId::new(judged.platform?, &judged.content_id).ok())
        .collect();
    let mut videos = BTreeMap::new();
    for content in counting {
        *videos.entry(content.platform()).or_insert(0) += 1;
    }
    Ok(videos)
}

const fn is_of_verdict(reason: tensorflix_domain::verdict::Reason) -> bool {
    use tensorflix_domain::verdict::Reason::{IllicitContent, NotAiGenerated, OffTopic};
    matches!(reason, NotAiGenerated | IllicitContent | OffTopic)
}

fn cost(config: &Config, videos: &BTreeMap<Platform, u64>) -> Cost {
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
        unchecked: crate::wiring::connections::unchecked(config),
        first_day_usd: providers.iter().map(|cost| cost.first_day_usd).sum(),
        later_day_usd: providers.iter().map(|cost| cost.later_day_usd).sum(),
        providers,
    }
}

/// Requests for one verdict on one content; a content that is listed for several tasks takes more of the webhook.
fn requests_each(provider: Provider, platform: Platform, checks: usize) -> u64 {
    match (provider, platform) {
        (Provider::Webhook, _) => checks as u64,
        (_, Platform::YouTube) => MAX_FRAMES,
        (_, Platform::Instagram) => 1,
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

fn text(cost: &Cost) -> String {
    let mut text = format!("{} videos and reels would be asked about.\n", cost.videos);
    // Writing to a text does not fail.
    for one in &cost.providers {
        let checks: Vec<&str> = one.checks.iter().map(|check| check.word()).collect();
        let _ = write!(
            text,
            "\n{} ({}), {} USD a request, at most {} requests a day\n  first day  {:>9} requests  {:>10.2} USD\n  later days \
             {:>9} requests  {:>10.2} USD\n",
            one.provider,
            checks.join(", "),
            one.usd_per_request,
            one.daily_requests,
            one.first_day_requests,
            one.first_day_usd,
            one.later_day_requests,
            one.later_day_usd
        );
        if one.requests_for_all > one.daily_requests {
            let days = one.requests_for_all.div_ceil(one.first_day_requests.max(1));
            let _ = writeln!(
                text,
                "  One verdict on everything takes {} requests, more than a day's:\n  until all have one, {days} days cost as much as \
                 the first.",
                one.requests_for_all
            );
        }
    }
    let _ = writeln!(
        text,
        "\nTogether at most {:.2} USD on the first day, {:.2} USD a day later on.",
        cost.first_day_usd, cost.later_day_usd
    );
    for check in &cost.unchecked {
        let _ = writeln!(text, "{}", nobody(*check));
    }
    if cost.providers.is_empty() && cost.unchecked.is_empty() {
        text.push_str("No check is on: see [verifier] in config.toml.\n");
    }
    text
}

/// What it means that a check is on and no detector with a key makes it.
fn nobody(check: Check) -> String {
    let remains = match check {
        Check::Ai | Check::Illicit => "only what the platform says by itself counts",
        Check::Topic => "it is not made at all; a webhook can make it",
    };
    format!("No detector is set up for the check `{check}`:\n  {remains}.")
}

#[cfg(test)]
mod tests {
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
        let videos = BTreeMap::from([(Platform::YouTube, 100), (Platform::Instagram, 60)]);
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
        assert!(text(&cost(&config, &videos)).contains("360 requests, more than a day's"));
        let lines = text(&cost(&config, &videos));
        assert!(lines.contains("until all have one, 8 days cost"), "50 a day: {lines}");
        assert!(lines.contains("`topic`:\n  it is not made at all"), "{lines}");
        assert!(lines.lines().all(|line| line.chars().count() <= 80), "{lines}");
        config.verifier.ai = CheckMode::Off;
        assert!(cost(&config, &videos).providers.is_empty());
    }
}
