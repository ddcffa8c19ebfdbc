//! The observations of one item, in order of time.

use crate::chain_time::Moment;
use crate::platform::Platform;
use crate::policy::ViewMetric;

/// The counts of one observation. `None` is unknown: hidden, or not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The block time of the observation.
    pub at: Moment,
    /// Views.
    pub views: Option<u64>,
    /// Plays; Instagram only.
    pub plays: Option<u64>,
    /// Likes.
    pub likes: Option<u64>,
    /// Comments.
    pub comments: Option<u64>,
}

/// The newest observations of one item, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Its platform.
    pub platform: Platform,
    /// When the platform published it.
    pub published_at: Option<Moment>,
    /// Its length in seconds.
    pub duration_secs: Option<u32>,
    /// The observations.
    pub points: Vec<Point>,
}

/// A point that gives views, with counts as floating-point numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    pub at: Moment,
    pub views: f64,
    pub likes: Option<f64>,
    pub comments: Option<f64>,
}

impl Point {
    /// The count that is scored.
    const fn counted(&self, platform: Platform, metric: ViewMetric) -> Option<u64> {
        if metric.is_plays_on(platform) { self.plays } else { self.views }
    }
}

impl Series {
    /// The newest count of views among the old observations, with its time; of several at one time, the largest.
    pub fn settled(&self, is_old: impl Fn(Moment) -> bool, metric: ViewMetric) -> Option<(Moment, u64)> {
        let counted = self.points.iter().filter(|point| is_old(point.at));
        counted.filter_map(|point| Some((point.at, point.counted(self.platform, metric)?))).max()
    }

    /// Whether the newest observation that gave views hid likes.
    pub fn hides_engagement(&self, metric: ViewMetric) -> bool {
        let counted = self.points.iter().filter(|point| point.counted(self.platform, metric).is_some());
        counted.max_by_key(|point| point.at).is_some_and(|newest| newest.likes.is_none())
    }

    /// The observations that gave views, one for each time, in order of time. Of several at one time the largest is
    /// used: they come from servers that lag behind each other.
    pub(super) fn looks(&self, metric: ViewMetric) -> Vec<Look> {
        let counted =
            |point: &Point| Some((point.at, point.counted(self.platform, metric)?, point.likes, point.comments));
        let mut looks: Vec<_> = self.points.iter().filter_map(counted).collect();
        looks.sort_unstable_by(|left, right| right.cmp(left));
        looks.dedup_by_key(|(at, ..)| *at);
        looks.reverse();
        let look = |(at, views, likes, comments): (Moment, u64, Option<u64>, Option<u64>)| Look {
            at,
            views: number(views),
            likes: likes.map(number),
            comments: comments.map(number),
        };
        looks.into_iter().map(look).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are compared by their ratios, for which 53 bits are plenty")]
const fn number(count: u64) -> f64 {
    count as f64
}
