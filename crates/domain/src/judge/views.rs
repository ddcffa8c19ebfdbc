//! Which views of an item count, and how a score is computed from them.
//!
//! What is computed here is recorded with the score ([`Arithmetic`]), so that reports and services do not derive it
//! again.

use crate::chain_time::Moment;
use crate::evidence::{ContentEvidence, Measurement};
use crate::platform::Platform;
use crate::policy::Policy;
use serde::{Deserialize, Serialize};

/// How a score was computed, with the figures that it was computed from:
///
/// ```text
/// score            = (shown_views − first_sight_views) / hours
/// counted          = score × counted_share, at most untagged_limit
/// normalized_score = (counted / divisor) ^ exponent, or 0 in a task with too few owners
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arithmetic {
    /// The number that the platform showed when the hours ended.
    pub shown_views: u64,
    /// How many of them do not count, because the item had them when it was first seen (`defences.first_sight_views`).
    #[serde(default)]
    pub first_sight_views: u64,
    /// Whether the views are those of an earlier observation with a lower rate than the present one
    /// (`defences.settling_hours`).
    #[serde(default)]
    pub is_settled: bool,
    /// Hours from publication to the observation.
    pub passed_hours: f64,
    /// The hours that views are divided by: `passed_hours`, but never fewer than `validator.min_age_hours`.
    pub hours: f64,
    /// Whether the share that counts is the one of hidden likes (`defences.hidden_engagement_share`); otherwise it is
    /// the part of the views that is believed to be authentic.
    #[serde(default)]
    pub is_share_of_hidden_engagement: bool,
    /// The most that counts of the score, because the video does not name its miner where most others do
    /// (`rules.untagged_share`). Present on every untagged submission of a task with that limit, also on those below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untagged_limit: Option<f64>,
    /// How many owners have an accepted submission in the task, if that is fewer than `defences.fewest_owners_per_task`: the
    /// normalised score is then 0. Present on every accepted submission of such a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_few_owners: Option<u32>,
    /// What the counted score is divided by: the most that counts in the task, or the task's floor if that is higher. If it is
    /// 0, the normalised score is 0.
    #[serde(default)]
    pub divisor: f64,
    /// Whether the divisor is the floor, the level of the other tasks (`defences.task_floor_share`).
    #[serde(default)]
    pub is_floor: bool,
    /// The exponent on the quotient (`defences.score_exponent`).
    #[serde(default = "one")]
    pub exponent: f64,
}

const fn one() -> f64 {
    1.0
}

impl Arithmetic {
    /// How views become a score. The divisor that makes it a share is set when all scores of the task are known.
    pub(crate) fn of(views: &CountedViews, published_at: Moment, min_age_hours: f64) -> Self {
        let passed_hours = views.at.hours_since(published_at);
        Self {
            shown_views: views.shown,
            first_sight_views: views.shown - views.count,
            is_settled: views.is_settled,
            passed_hours,
            hours: passed_hours.max(min_age_hours),
            is_share_of_hidden_engagement: false,
            untagged_limit: None,
            too_few_owners: None,
            divisor: 0.0,
            is_floor: false,
            exponent: one(),
        }
    }

    /// The views that count.
    pub const fn counted_views(&self) -> u64 {
        self.shown_views.saturating_sub(self.first_sight_views)
    }

    /// The score: views that count, per hour.
    pub fn views_per_hour(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "views are far below 2^53")]
        let count = self.counted_views() as f64;
        count / self.hours
    }
}

/// Views that count, with the moment that hours run to: that of their observation, so that old evidence does not decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CountedViews {
    /// The platform's number.
    pub shown: u64,
    /// The part of it that counts.
    pub count: u64,
    pub at: Moment,
    pub is_settled: bool,
}

/// The count of an item that is used as its views.
pub const fn shown_views(known: &ContentEvidence, platform: Platform, policy: &Policy) -> Option<Measurement> {
    if policy.view_metric.is_plays_on(platform) { known.plays } else { known.views }
}

/// The same count when this validator first saw it, if that is known.
fn first_shown(known: &ContentEvidence, platform: Platform, policy: &Policy) -> Option<Measurement> {
    let origin = known.origin.as_ref()?;
    if policy.view_metric.is_plays_on(platform) { origin.first_plays } else { origin.first_views }
}

/// What counts of an item's views at `now`, the time of the cycle. With `settling_hours`, the views of an observation
/// that is old enough or those shown last, whichever are fewer per hour. `None` if that is not known yet: there is no
/// observation that old, or no views were added since a first sight that was large.
pub(crate) fn counted_views(
    shown: Measurement,
    published_at: Moment,
    platform: Platform,
    known: &ContentEvidence,
    policy: &Policy,
    now: Moment,
) -> Option<CountedViews> {
    let first = first_shown(known, platform, policy);
    let large = first.filter(|first| {
        let least = policy.defences.first_sight_views;
        least > 0 && first.count >= least
    });
    let since_first_sight = |views: CountedViews| match large {
        Some(first) => {
            (views.at > first.at.time).then(|| CountedViews { count: views.shown.saturating_sub(first.count), ..views })
        }
        None => Some(views),
    };
    let all = |shown, at, is_settled| CountedViews { shown, count: shown, at, is_settled };
    let latest = since_first_sight(all(shown.count, shown.at.time, false))?;
    let settling_hours = policy.defences.settling_hours;
    if settling_hours <= 0.0 {
        return Some(latest);
    }
    let settled = known.origin.as_ref()?.settled.filter(|settled| now.hours_since(settled.time) >= settling_hours)?;
    let settled = since_first_sight(all(settled.count, settled.time, true))?;
    let rate = |views: &CountedViews| Arithmetic::of(views, published_at, policy.min_age_hours).views_per_hour();
    Some(if rate(&settled) < rate(&latest) { settled } else { latest })
}
