//! Which statistics and times of an item are plausible. An implausible value is no evidence: it scores nothing and
//! rejects nothing.
//!
//! Bounds are far outside of what any item has and of what the rules decide, so that only a wrong answer is beyond
//! them.

use crate::chain_time::{HOUR_MS, Moment};
use crate::evidence::{ContentEvidence, Measurement};
use crate::observation::{Broadcast, Presence};
use crate::platform::Platform;
use crate::traffic::Series;
use std::fmt;

/// Most views, plays, likes or comments of one item: fifty times those of the most viewed video.
pub const MAX_COUNT: u64 = 1_000_000_000_000;

/// How much later than its observation's block an item may be published. Blocks come late, and clocks differ.
pub const MAX_AHEAD_HOURS: i64 = 24;

/// Longest duration: the longest videos that platforms ever accepted have about 600 hours.
pub const MAX_DURATION_SECS: u32 = 1_000 * 3_600;

/// An implausible value in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implausible {
    /// A count of views or plays.
    Views(u64),
    /// A publish time.
    PublishedAt(Moment),
}

impl fmt::Display for Implausible {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Views(count) => write!(formatter, "{count} views are not plausible"),
            Self::PublishedAt(at) => write!(formatter, "a publish time of {at} is not plausible"),
        }
    }
}

/// Whether an item can have this many views, plays, likes or comments.
pub const fn is_plausible_count(count: u64) -> bool {
    count <= MAX_COUNT
}

/// Whether an item that was observed at one time can have been published at the other.
pub const fn is_plausible_time(published_at: Moment, platform: Platform, observed_at: Moment) -> bool {
    let latest_ms = observed_at.unix_ms().saturating_add(MAX_AHEAD_HOURS * HOUR_MS);
    platform.rules().since_unix_ms <= published_at.unix_ms() && published_at.unix_ms() <= latest_ms
}

/// Checks the counts that scores are computed from.
///
/// # Errors
/// The first implausible count.
pub fn check_views(counts: [Option<u64>; 2]) -> Result<(), Implausible> {
    let absurd = counts.into_iter().flatten().find(|count| !is_plausible_count(*count));
    absurd.map_or(Ok(()), |count| Err(Implausible::Views(count)))
}

/// A count that no score is computed from: unknown if it is implausible.
pub fn plausible_count(count: Option<u64>) -> Option<u64> {
    count.filter(|count| is_plausible_count(*count))
}

/// What was seen of an item, without implausible values that no score is computed from. The time that a broadcast is
/// planned for is not a publish time.
///
/// # Errors
/// An implausible value that a score would be computed from.
pub fn check_presence(
    mut presence: Presence,
    platform: Platform,
    observed_at: Moment,
) -> Result<Presence, Implausible> {
    let (metrics, details) = (&mut presence.metrics, &mut presence.details);
    check_views([metrics.view_count, metrics.play_count])?;
    metrics.like_count = plausible_count(metrics.like_count);
    metrics.comment_count = plausible_count(metrics.comment_count);
    details.duration_secs = details.duration_secs.filter(|seconds| *seconds <= MAX_DURATION_SECS);
    if let Some(published_at) = details.published_at
        && !is_plausible_time(published_at, platform, observed_at)
    {
        if !is_broadcast(details.broadcast) {
            return Err(Implausible::PublishedAt(published_at));
        }
        details.published_at = None;
    }
    Ok(presence)
}

const fn is_broadcast(broadcast: Broadcast) -> bool {
    matches!(broadcast, Broadcast::Live | Broadcast::Upcoming)
}

/// Removes implausible values from what is known of an item: a release without these checks may have stored them.
pub fn clear(known: &mut ContentEvidence, platform: Platform) {
    if let Some(latest) = &mut known.latest
        && let Some(seen) = &mut latest.presence
        && seen.published_at.is_some_and(|published_at| !is_plausible_time(published_at, platform, latest.at.time))
    {
        if is_broadcast(seen.broadcast) {
            seen.published_at = None;
        } else {
            known.latest = None;
        }
    }
    let plausible = |views: Option<Measurement>| views.filter(|views| is_plausible_count(views.count));
    (known.views, known.plays) = (plausible(known.views), plausible(known.plays));
    if let Some(origin) = &mut known.origin {
        (origin.first_views, origin.first_plays) = (plausible(origin.first_views), plausible(origin.first_plays));
        origin.settled = origin.settled.filter(|settled| is_plausible_count(settled.count));
    }
}

/// The same for its history: an implausible count is neither a fall nor a surge.
pub fn clear_series(series: &mut Series) {
    for point in &mut series.points {
        for count in [&mut point.views, &mut point.plays, &mut point.likes, &mut point.comments] {
            *count = plausible_count(*count);
        }
    }
    let (platform, newest) = (series.platform, series.points.iter().map(|point| point.at).max());
    let is_plausible = |at: &Moment| newest.is_none_or(|newest| is_plausible_time(*at, platform, newest));
    series.published_at = series.published_at.filter(is_plausible);
    series.duration_secs = series.duration_secs.filter(|seconds| *seconds <= MAX_DURATION_SECS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_time::BlockStamp;
    use crate::evidence::{LatestSighting, Origin, SeenContent, SettledViews};
    use crate::observation::{Details, Metrics};
    use crate::traffic::Point;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect(text)
    }

    const NOW: &str = "2026-08-21T00:00:00Z";

    #[test]
    fn a_time_is_plausible_from_the_platforms_first_day_to_a_day_after_now() {
        for (published_at, youtube, instagram) in [
            ("0001-01-01T00:00:00Z", false, false),
            ("2005-02-13T23:59:59Z", false, false),
            ("2005-02-14T00:00:00Z", true, false),
            ("2010-07-16T00:00:00Z", true, true),
            (NOW, true, true),
            ("2026-08-22T00:00:00Z", true, true),
            ("2026-08-22T00:00:00.001Z", false, false),
            ("9999-12-31T23:59:59Z", false, false),
        ] {
            let plausible = |platform| is_plausible_time(at(published_at), platform, at(NOW));
            assert_eq!([Platform::YOUTUBE, Platform::INSTAGRAM].map(plausible), [youtube, instagram], "{published_at}");
        }
        for edge in [i64::MIN, i64::MAX] {
            let edge = Moment::from_unix_ms(edge);
            assert!(!is_plausible_time(edge, Platform::YOUTUBE, at(NOW)));
            is_plausible_time(at(NOW), Platform::YOUTUBE, edge);
        }
    }

    #[test]
    fn what_scores_are_made_of_has_to_be_plausible_and_the_rest_is_dropped() {
        let presence = |view_count, published_at: &str, broadcast| Presence {
            metrics: Metrics { view_count, like_count: Some(MAX_COUNT + 1), ..Metrics::default() },
            details: Details {
                published_at: Some(at(published_at)),
                duration_secs: Some(MAX_DURATION_SECS + 1),
                broadcast,
                ..Details::default()
            },
        };
        let check = |presence| check_presence(presence, Platform::YOUTUBE, at(NOW));
        let far = "2027-01-01T00:00:00Z";
        let good = check(presence(Some(MAX_COUNT), NOW, Broadcast::None)).expect("plausible");
        assert_eq!((good.metrics.like_count, good.details.duration_secs), (None, None));
        let absurd = check(presence(Some(MAX_COUNT + 1), NOW, Broadcast::None));
        assert_eq!(absurd, Err(Implausible::Views(MAX_COUNT + 1)));
        assert_eq!(check(presence(None, far, Broadcast::None)), Err(Implausible::PublishedAt(at(far))));
        assert_eq!(check(presence(None, far, Broadcast::Ended)), Err(Implausible::PublishedAt(at(far))));
        let planned = check(presence(None, far, Broadcast::Upcoming)).expect("a premiere");
        assert_eq!(planned.details.published_at, None);
    }

    #[test]
    fn what_an_earlier_release_stored_is_cleared_of_what_cannot_be_true() {
        let stamp = BlockStamp { block: 100, time: at(NOW) };
        let known = |published_at: &str, broadcast, count| ContentEvidence {
            latest: Some(LatestSighting {
                at: stamp,
                presence: Some(SeenContent { published_at: Some(at(published_at)), broadcast }),
            }),
            views: Some(Measurement { at: stamp, count }),
            plays: Some(Measurement { at: stamp, count }),
            origin: Some(Box::new(Origin {
                first_views: Some(Measurement { at: stamp, count }),
                settled: Some(SettledViews { time: at(NOW), count }),
                ..Origin::default()
            })),
            ..ContentEvidence::default()
        };
        let cleared = |mut known: ContentEvidence| {
            clear(&mut known, Platform::YOUTUBE);
            known
        };
        let good = known(NOW, Broadcast::None, MAX_COUNT);
        assert_eq!(cleared(good.clone()), good);
        let absurd = cleared(known(NOW, Broadcast::None, u64::MAX));
        assert_eq!((absurd.views, absurd.plays), (None, None));
        assert_eq!(absurd.origin, Some(Box::default()));
        assert_eq!(cleared(known("2027-01-01T00:00:00Z", Broadcast::None, 5)).latest, None);
        let planned = cleared(known("2027-01-01T00:00:00Z", Broadcast::Upcoming, 5)).latest.expect("a premiere");
        assert_eq!(planned.presence.expect("seen").published_at, None);
    }

    #[test]
    fn a_history_is_cleared_point_by_point() {
        let point = |views| Point { at: at(NOW), views: Some(views), plays: None, likes: Some(views), comments: None };
        let mut series = Series {
            platform: Platform::YOUTUBE,
            published_at: Some(at("2027-01-01T00:00:00Z")),
            duration_secs: Some(u32::MAX),
            points: vec![point(7), point(u64::MAX)],
        };
        clear_series(&mut series);
        assert_eq!((series.published_at, series.duration_secs), (None, None));
        let counts: Vec<_> = series.points.iter().map(|point| (point.views, point.likes)).collect();
        assert_eq!(counts, [(Some(7), Some(7)), (None, None)]);
    }
}
