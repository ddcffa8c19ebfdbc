//! What is measured of one item's series, small enough to be kept for a hundred thousand items.

use super::engagement::{Unliked, elasticity, unliked, unsteadiness};
use super::series::Series;
use super::shape::{Fall, Surge, dead_surges, fall, waver};
use crate::platform::Platform;
use crate::policy::ViewMetric;

/// With fewer observations only a fall is reported.
pub const FEWEST_POINTS: usize = 4;

/// From this many observations on, signals have their full weight.
pub(super) const ENOUGH_POINTS: usize = 10;

/// Likes below which comments are not compared with them.
const FEWEST_LIKES: f64 = 20.0;

/// Views below which engagement is not compared with a cohort's.
const FEWEST_VIEWS: f64 = 200.0;

/// The traits of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Traits {
    pub(super) platform: Platform,
    /// Seconds; `None` if unknown.
    pub(super) duration_secs: Option<u32>,
    /// Hours from publication to the last observation.
    pub(super) age_hours: Option<f64>,
    /// Observations with views.
    pub(super) point_count: usize,
    /// The newest counts.
    pub(super) views: f64,
    pub(super) likes: Option<f64>,
    pub(super) comments: Option<f64>,
    /// The most comments that were ever seen: more than the newest count where the owner deleted some.
    pub(super) most_comments: Option<f64>,
    /// Boxed, since few items have any of the three.
    pub(super) fall: Option<Box<Fall>>,
    pub(super) unliked: Option<Box<Unliked>>,
    pub(super) surge: Option<Box<Surge>>,
    /// How much the rate of likes differs from time to time; see [`unsteadiness`].
    pub(super) unsteadiness: Option<f64>,
    /// By how much views follow likes; see [`elasticity`].
    pub(super) elasticity: Option<f64>,
    /// How much the rate of views wavers; see [`waver`].
    pub(super) waver: Option<f64>,
}

impl Traits {
    /// Measures a series by the count that is scored.
    pub fn of(series: &Series, metric: ViewMetric) -> Self {
        let looks = series.looks(metric);
        let last = looks.last();
        let whole = Some(looks.as_slice()).filter(|looks| looks.len() >= FEWEST_POINTS);
        Self {
            platform: series.platform,
            duration_secs: series.duration_secs,
            age_hours: last.and_then(|last| series.published_at.map(|published_at| last.at.hours_since(published_at))),
            point_count: looks.len(),
            views: last.map_or(0.0, |last| last.views),
            likes: last.and_then(|last| last.likes),
            comments: last.and_then(|last| last.comments),
            most_comments: looks.iter().filter_map(|look| look.comments).max_by(f64::total_cmp),
            fall: fall(&looks).map(Box::new),
            unliked: whole
                .and_then(|looks| unliked(looks, series.published_at))
                .filter(|unliked| unliked.share > 0.0)
                .map(Box::new),
            surge: whole.and_then(dead_surges).map(Box::new),
            unsteadiness: whole.and_then(|looks| unsteadiness(looks, series.published_at)),
            elasticity: whole.and_then(|looks| elasticity(looks, series.published_at)),
            waver: whole.and_then(waver),
        }
    }

    /// Whether the item is compared with others.
    pub(super) fn is_compared(&self) -> bool {
        self.point_count >= FEWEST_POINTS
    }

    /// `ln(likes ÷ views)`, if there are enough views.
    pub(super) fn like_rate(&self) -> Option<f64> {
        log_ratio(self.likes?, self.views, FEWEST_VIEWS)
    }

    /// `ln(comments ÷ views)`.
    pub(super) fn comment_rate(&self) -> Option<f64> {
        log_ratio(self.comments?, self.views, FEWEST_VIEWS)
    }

    /// The same with those that were deleted: an owner who removes comments did not have a silent audience.
    pub(super) fn comment_rate_with_deleted(&self) -> Option<f64> {
        log_ratio(self.most_comments?, self.views, FEWEST_VIEWS)
    }

    /// `ln(comments ÷ likes)`, if there are enough likes.
    pub(super) fn comments_to_likes(&self) -> Option<f64> {
        log_ratio(self.comments?, self.likes?, FEWEST_LIKES)
    }

    /// The same with those that were deleted.
    pub(super) fn comments_to_likes_with_deleted(&self) -> Option<f64> {
        log_ratio(self.most_comments?, self.likes?, FEWEST_LIKES)
    }

    /// `ln(waver)`, with a lower bound on the waver.
    pub(super) fn log_waver(&self) -> Option<f64> {
        const LEAST: f64 = 0.01;
        self.waver.map(|waver| libm::log(waver.max(LEAST)))
    }
}

/// The logarithm of a ratio; a half is added to the upper count so that a count of 0 has a logarithm too.
fn log_ratio(upper: f64, lower: f64, fewest: f64) -> Option<f64> {
    (lower >= fewest).then(|| libm::log((upper + 0.5) / lower))
}
