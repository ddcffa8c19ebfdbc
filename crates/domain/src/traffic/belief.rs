//! How many of the views that were shown at an earlier time are still believed.

use super::assess::is_disbelieved;
use super::engagement::{silent_views, unliked, unliked_stretches};
use super::series::{Look, Series};
use super::shape::{dead_surges_until, ever_fell, later_fall, together};
use super::traits::{FEWEST_POINTS, Traits};
use crate::chain_time::Moment;
use crate::policy::ViewMetric;
use crate::recovery::Cause;

/// Items with a smaller part of views without likes are not examined for earlier cycles.
const LEAST_PART_UNLIKED: f64 = 0.02;

/// What is believed of views that were shown at an earlier time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Believed {
    /// The views.
    pub views: u64,
    /// Why not all of those shown; `None` if all are.
    pub cause: Option<Cause>,
    /// Whether the observations still reach back to that time. If not, only the later counts could be compared.
    pub reaches_back: bool,
}

/// The views that are believed of `shown`, which an observation at `at` gave.
///
/// Two things lower them: a later count that is lower (and confirmed, or the last one of an item that is gone), and the item's own
/// signals about the views up to that time (surges that stopped dead, views without likes). Never others' items, and never views
/// that came later. Of what is observed later only two things count: whether a surge stopped, and how views are liked after it, up
/// to a bound (`shape.rs`). So buying views for an item changes nothing about the views that it had before.
pub fn believed(series: &Series, metric: ViewMetric, at: Moment, shown: u64, is_gone: bool) -> Believed {
    let looks = series.looks(metric);
    let seen = looks.partition_point(|look| look.at <= at);
    let reaches_back = looks.first().is_some_and(|first| first.at <= at);
    let all = Believed { views: shown, cause: None, reaches_back };
    #[expect(clippy::cast_precision_loss, reason = "views are far below 2^53")]
    let shown_views = shown as f64;
    let fallen = later_fall(&looks[seen..], shown_views, is_gone).map(|(at, views)| Believed {
        views: count(views),
        cause: Some(Cause::ViewsFell { at }),
        ..all
    });
    let own = of_itself(series.published_at, &looks, seen).map(|(bought, is_surge)| {
        let cause = if is_surge { Cause::SurgeStoppedDead } else { Cause::ViewsWithoutLikes };
        Believed { views: count((shown_views - bought).max(0.0)), cause: Some(cause), ..all }
    });
    [fallen, own]
        .into_iter()
        .flatten()
        .min_by_key(|believed| believed.views)
        .filter(|least| least.views < shown)
        .unwrap_or(all)
}

/// How many of the views of the first `seen` observations the item's own signals do not believe, without those that the platform had
/// removed by then; and whether they came in a surge.
fn of_itself(published_at: Option<Moment>, looks: &[Look], seen: usize) -> Option<(f64, bool)> {
    let at = looks.get(seen.checked_sub(1)?)?.at;
    let earlier = &looks[..seen];
    // What was gained before the first observation is an interval too, if likes tell of what kind it was.
    let begun = published_at.filter(|begun| *begun < looks[0].at && looks[0].likes.is_some());
    let begun = begun.map(|at| Look { at, views: 0.0, likes: Some(0.0), comments: None });
    let whole: Vec<Look> = begun.into_iter().chain(looks.iter().copied()).collect();
    let surges = dead_surges_until(&whole, at);
    let silent = still_there(&silent_views(earlier), earlier);
    let unliked = unliked(earlier, published_at);
    let is_weighty = looks.len() >= FEWEST_POINTS
        && is_disbelieved(unliked.as_ref(), together(&surges, earlier).as_ref(), looks.len());
    if !is_weighty {
        return (silent > 0.0).then_some((silent, false));
    }
    let surged: Vec<_> = surges.iter().map(|surge| (surge.until, surge.views)).collect();
    let unliked = unliked_stretches(earlier, published_at).unwrap_or_default();
    let unliked: Vec<_> = unliked.iter().map(|(stretch, missing)| (stretch.until, *missing)).collect();
    // All tell of the same views.
    let (surged, unliked) = (still_there(&surged, earlier), still_there(&unliked, earlier).max(silent));
    Some((surged.max(unliked), surged > unliked))
}

/// How many of the views that were gained up to these times are still there: what a platform removes, it removes of them first.
fn still_there(gained: &[(Moment, f64)], looks: &[Look]) -> f64 {
    let (mut left, mut before, mut gained) = (0.0, 0.0, gained.iter().peekable());
    for look in looks {
        let removed: f64 = before - look.views;
        left = (left - removed.max(0.0)).max(0.0);
        while let Some((_, views)) = gained.next_if(|(until, _)| *until <= look.at) {
            left += views;
        }
        before = look.views;
    }
    left
}

/// Whether anything in a series may lower what is believed of any earlier time: a fall, or own signals. Most have none, and
/// then no earlier cycle is read.
pub fn may_disbelieve(series: &Series, traits: &Traits, metric: ViewMetric, is_gone: bool) -> bool {
    let is_unliked = traits.unliked.as_deref().is_some_and(|unliked| unliked.share >= LEAST_PART_UNLIKED);
    let looks = series.looks(metric);
    let has_own = || of_itself(series.published_at, &looks, looks.len()).is_some();
    is_unliked || traits.surge.is_some() || ever_fell(&looks, is_gone) || has_own()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never negative, and far below 2^53")]
const fn count(views: f64) -> u64 {
    views as u64
}
