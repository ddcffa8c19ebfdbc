//! What is ordinary: medians and spreads of comparable items, and of published data while these are few.

use super::prior::{Prior, Priors};
use super::statistics::median_and_spread;
use super::traits::Traits;
use crate::platform::Platform;
use std::collections::BTreeMap;

/// Items that a cohort needs before it is preferred to a wider one.
pub const FEWEST_IN_COHORT: usize = 20;

/// What is published about a platform counts like so many items of a cohort.
const PRIOR_ITEMS: f64 = 20.0;

/// Values from which a cohort has a middle: one alone cannot move it.
const FEWEST_VALUES: f64 = 3.0;

/// Smaller spreads are raised to these: where all items look alike by chance, a small difference has no meaning.
const LEAST_SPREAD: f64 = 0.5;
const LEAST_SPREAD_OF_WAVER: f64 = 0.35;

/// Limits on what a cohort can make ordinary: an item with 1 like in 12 views never has too few likes, and one with
/// 1 comment in 1,000 views never has too many comments, whatever its cohort has.
const LIKES_EXPECTED_AT_MOST: f64 = 1.0 / 12.0;
const LIKES_ORDINARY_AT_LEAST: f64 = 1.0 / 100.0;
const COMMENTS_EXPECTED_AT_MOST: f64 = 1.0 / 100.0;
const COMMENTS_ORDINARY_AT_LEAST: f64 = 1.0 / 1_000.0;
const COMMENTS_TO_LIKES_AT_MOST: f64 = 1.0 / 5.0;
const COMMENTS_TO_LIKES_AT_LEAST: f64 = 1.0 / 20.0;
/// The highest waver that is expected: that of shallow nights.
const WAVER_EXPECTED_AT_MOST: f64 = 0.35;

/// Which items are comparable, from the narrowest cohort on; `None` in a place includes all. Bands: a format is a short
/// (three minutes or less) or not; ages are divided at 2 and 14 days; sizes at 1,000, 10,000 and 100,000 views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CohortKey {
    platform: Platform,
    format: Option<Option<bool>>,
    age: Option<Option<u8>>,
    size: Option<u8>,
}

impl CohortKey {
    /// The cohorts of an item, the narrowest first: without size, without age, the whole platform.
    fn all_of(traits: &Traits) -> [Self; 4] {
        const LONGEST_SHORT_SECS: u32 = 180;
        let format = traits.duration_secs.map(|seconds| seconds <= LONGEST_SHORT_SECS);
        let age = traits.age_hours.map(|hours| band(hours, &[48.0, 336.0]));
        let size = band(traits.views, &[1_000.0, 10_000.0, 100_000.0]);
        let narrowest = Self { platform: traits.platform, format: Some(format), age: Some(age), size: Some(size) };
        let any_size = Self { size: None, ..narrowest };
        let any_age = Self { age: None, ..any_size };
        [narrowest, any_size, any_age, Self { format: None, ..any_age }]
    }

    /// Whether it is a whole platform.
    const fn is_widest(&self) -> bool {
        self.format.is_none()
    }
}

/// How many of the bounds a value has reached.
fn band(value: f64, bounds: &[f64]) -> u8 {
    bounds.iter().map(|bound| u8::from(value >= *bound)).sum()
}

/// The middle of a trait and its spreads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ordinary {
    middle: f64,
    below: f64,
    above: f64,
}

impl Ordinary {
    /// Of a cohort's values, and of what is published if anything is.
    fn of(values: impl Iterator<Item = f64>, least_spread: f64, prior: Option<Prior>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand at most")]
        let count = values.len() as f64;
        let cohort = median_and_spread(&mut values).filter(|_| count >= FEWEST_VALUES);
        let cohort = cohort.map(|(middle, spread)| (middle, spread.max(least_spread)));
        match (cohort, prior) {
            (None, prior) => prior.map(Self::published),
            (Some(cohort), Some(prior)) => Some(Self::beside_published(cohort, count, prior)),
            (Some((middle, spread)), None) => {
                // Half as many items show half as much.
                let spread = spread / (count / PRIOR_ITEMS).min(1.0);
                Some(Self { middle, below: spread, above: spread })
            }
        }
    }

    fn published(prior: Prior) -> Self {
        Self { middle: libm::log(prior.middle), below: prior.below, above: prior.above }
    }

    /// The mixture of a cohort of `count` values and a prior that counts like [`PRIOR_ITEMS`] more: its mean, and the standard
    /// deviation that such a mixture has. It is wider than its parts where these disagree, and never narrower than what is
    /// published.
    fn beside_published((middle, spread): (f64, f64), count: f64, prior: Prior) -> Self {
        let expected = libm::log(prior.middle);
        let known = count / (count + PRIOR_ITEMS);
        let apart = known * (1.0 - known) * (middle - expected) * (middle - expected);
        let side = |published: f64| {
            let cohort = spread.max(published);
            libm::sqrt(known * cohort * cohort + (1.0 - known) * published * published + apart)
        };
        Self { middle: known * middle + (1.0 - known) * expected, below: side(prior.below), above: side(prior.above) }
    }

    /// How many spreads a value is below what may be expected: the cohort's middle, but never more than `at_most`.
    /// `chance` is the variance that the value has by chance.
    pub(super) fn below(&self, value: f64, at_most: f64, chance: f64) -> f64 {
        (self.middle.min(libm::log(at_most)) - value) / libm::sqrt(self.below * self.below + chance)
    }

    /// How many spreads a value is above what is ordinary: the cohort's middle, but never less than `at_least`.
    pub(super) fn above(&self, value: f64, at_least: f64, chance: f64) -> f64 {
        (value - self.middle.max(libm::log(at_least))) / libm::sqrt(self.above * self.above + chance)
    }

    /// The middle as a ratio.
    pub(super) fn ratio(&self) -> f64 {
        libm::exp(self.middle)
    }
}

/// What is ordinary in one cohort; `None` where too few items show it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Baseline {
    pub like_rate: Option<Ordinary>,
    pub comment_rate: Option<Ordinary>,
    pub comments_to_likes: Option<Ordinary>,
    pub waver: Option<Ordinary>,
}

impl Baseline {
    fn of(members: &[&Traits], priors: Priors) -> Self {
        let ordinary = |of: fn(&Traits) -> Option<f64>, least, prior| {
            Ordinary::of(members.iter().filter_map(|traits| of(traits)), least, prior)
        };
        Self {
            like_rate: ordinary(Traits::like_rate, LEAST_SPREAD, priors.like_rate),
            comment_rate: ordinary(Traits::comment_rate, LEAST_SPREAD, priors.comment_rate),
            comments_to_likes: ordinary(Traits::comments_to_likes, LEAST_SPREAD, priors.comments_to_likes),
            waver: ordinary(Traits::log_waver, LEAST_SPREAD_OF_WAVER, None),
        }
    }

    /// Deviations of likes below, and above, what is ordinary.
    pub(super) fn likes(&self, traits: &Traits) -> Option<Deviation> {
        let (ordinary, value) = (self.like_rate?, traits.like_rate()?);
        let expected = traits.views * ordinary.ratio().min(LIKES_EXPECTED_AT_MOST);
        let (less, more) = (by_chance(expected), by_chance(traits.likes?));
        Some(Deviation {
            below: ordinary.below(value, LIKES_EXPECTED_AT_MOST, less),
            above: ordinary.above(value, LIKES_ORDINARY_AT_LEAST, more),
            ordinary: ordinary.ratio(),
        })
    }

    /// The same of comments.
    pub(super) fn comments(&self, traits: &Traits) -> Option<Deviation> {
        let (ordinary, value, most) = (self.comment_rate?, traits.comment_rate()?, traits.comment_rate_with_deleted()?);
        let expected = traits.views * ordinary.ratio().min(COMMENTS_EXPECTED_AT_MOST);
        let (less, more) = (by_chance(expected), by_chance(traits.comments?));
        Some(Deviation {
            below: ordinary.below(most, COMMENTS_EXPECTED_AT_MOST, less),
            above: ordinary.above(value, COMMENTS_ORDINARY_AT_LEAST, more),
            ordinary: ordinary.ratio(),
        })
    }

    /// The same of comments against likes.
    pub(super) fn comments_to_likes(&self, traits: &Traits) -> Option<Deviation> {
        let (ordinary, value) = (self.comments_to_likes?, traits.comments_to_likes()?);
        let most = traits.comments_to_likes_with_deleted()?;
        let expected = traits.likes? * ordinary.ratio().min(COMMENTS_TO_LIKES_AT_LEAST);
        let (less, more) = (by_chance(expected), by_chance(traits.comments?));
        Some(Deviation {
            below: ordinary.below(most, COMMENTS_TO_LIKES_AT_LEAST, less),
            above: ordinary.above(value, COMMENTS_TO_LIKES_AT_MOST, more),
            ordinary: ordinary.ratio(),
        })
    }

    /// How far the waver of views is below the ordinary.
    pub(super) fn evenness(&self, traits: &Traits) -> Option<f64> {
        Some(self.waver?.below(traits.log_waver()?, WAVER_EXPECTED_AT_MOST, 0.0))
    }
}

/// The variance that the logarithm of a count has by chance.
fn by_chance(count: f64) -> f64 {
    1.0 / (count + 1.0)
}

/// How far an item is from what is ordinary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Deviation {
    pub below: f64,
    pub above: f64,
    /// The ratio that is ordinary.
    pub ordinary: f64,
}

/// The baselines of all cohorts.
///
/// An item is compared with the narrowest cohort that has at least [`FEWEST_IN_COHORT`] items, else with its whole platform, however
/// few these are. What is published about the platform ([`Priors`]) counts beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baselines {
    by_cohort: BTreeMap<CohortKey, Baseline>,
}

impl Baselines {
    /// Of these items. Their order has no effect.
    pub fn of<'a>(all: impl IntoIterator<Item = &'a Traits>) -> Self {
        let mut members: BTreeMap<CohortKey, Vec<&Traits>> = BTreeMap::new();
        for traits in all.into_iter().filter(|traits| traits.is_compared()) {
            for key in CohortKey::all_of(traits) {
                members.entry(key).or_default().push(traits);
            }
        }
        members.retain(|key, members| key.is_widest() || members.len() >= FEWEST_IN_COHORT);
        let baseline = |(key, members): (CohortKey, Vec<&Traits>)| {
            let baseline = Baseline::of(&members, Priors::of(key.platform));
            (key, baseline)
        };
        Self { by_cohort: members.into_iter().map(baseline).collect() }
    }

    /// The narrowest cohort of an item that is large enough, or its whole platform.
    pub(super) fn of_cohort(&self, traits: &Traits) -> Baseline {
        let known = CohortKey::all_of(traits).iter().find_map(|key| self.by_cohort.get(key)).copied();
        known.unwrap_or_else(|| Baseline::of(&[], Priors::of(traits.platform)))
    }
}
