//! What is believed later of views that a cycle counted.

use super::{audience, hour, point, series};
use tensorflix_domain::policy::ViewMetric;
use tensorflix_domain::recovery::Cause;
use tensorflix_domain::traffic::{Believed, Point, Series, Traits, believed, may_disbelieve};

fn look_back(points: &[Point], at: i64, is_gone: bool) -> Believed {
    let shown = points.iter().find(|point| point.at == hour(at)).and_then(|point| point.views).expect("views");
    believed(&series(points.to_vec()), ViewMetric::Views, hour(at), shown, is_gone)
}

/// Daily observations of these views, with no likes shown.
fn daily(views: &[u64]) -> Vec<Point> {
    (0..).zip(views).map(|(day, views)| point(day * 24, *views, None)).collect()
}

/// An audience of about 2,500 views a day; after day 2 this many views came at once without likes.
fn with_a_step(days: i64, bought: u64) -> Vec<Point> {
    let views = |day: i64| 2_500 * u64::try_from(day + 1).expect("small");
    let added = |day: i64| if day > 2 { bought } else { 0 };
    (0..days).map(|day| point(day * 24, views(day) + added(day), Some(views(day) / 30))).collect()
}

#[test]
fn an_audience_is_believed_at_every_time() {
    let points = audience(28, 10);
    for point in &points {
        let now = believed(&series(points.clone()), ViewMetric::Views, point.at, point.views.expect("views"), false);
        assert_eq!((now.views, now.cause, now.reaches_back), (point.views.expect("views"), None, true));
    }
}

#[test]
fn no_more_is_believed_than_a_later_count_that_is_confirmed() {
    let points = daily(&[400_000, 400_100, 30_000, 30_500, 31_000]);
    assert_eq!(look_back(&points, 0, false).views, 30_500);
    assert_eq!(look_back(&points, 24, false).cause, Some(Cause::ViewsFell { at: hour(72) }));
    assert_eq!(look_back(&points, 48, false).cause, None, "what it had then it has still");
}

#[test]
fn a_lower_count_that_nothing_confirms_lowers_nothing_unless_the_item_is_gone() {
    let once = daily(&[400_000, 30_000, 400_200, 400_300]);
    assert_eq!(look_back(&once, 0, false).cause, None);
    let last = daily(&[400_000, 400_100, 30_000]);
    assert_eq!(look_back(&last, 0, false).cause, None);
    assert_eq!(look_back(&last, 0, true).views, 30_000);
}

#[test]
fn small_corrections_lower_nothing() {
    for views in [[1_000, 985, 985], [100, 85, 85], [1_000_000, 985_000, 985_000]] {
        assert_eq!(look_back(&daily(&views), 0, false).cause, None, "{views:?}");
    }
}

#[test]
fn views_of_a_surge_are_taken_off_and_those_of_the_audience_stay() {
    let points = with_a_step(12, 300_000);
    let before = look_back(&points, 48, false);
    assert_eq!((before.views, before.cause), (7_500, None), "nothing was bought by then");
    for day in [3, 5, 11] {
        let organic = 2_500 * u64::try_from(day + 1).expect("small");
        let now = look_back(&points, day * 24, false);
        assert!(now.views.abs_diff(organic) <= 7_500, "day {day}: {now:?}");
        assert!(matches!(now.cause, Some(Cause::SurgeStoppedDead | Cause::ViewsWithoutLikes)), "{now:?}");
    }
}

/// Whatever a rival buys later, views or likes, changes nothing about what there was before.
#[test]
fn what_is_bought_later_changes_nothing_about_earlier_views() {
    let honest = audience(16, 10);
    let later = |views: u64, likes: u64| -> Vec<Point> {
        let more = |(place, point): (usize, &Point)| match place {
            0..=8 => *point,
            _ => Point {
                views: point.views.map(|count| count + views),
                likes: point.likes.map(|count| count + likes),
                ..*point
            },
        };
        honest.iter().enumerate().map(more).collect()
    };
    for points in [later(500_000, 0), later(0, 50_000), later(500_000, 50_000)] {
        for look in 0..=8 {
            assert_eq!(look_back(&points, look * 6, false), look_back(&honest, look * 6, false), "{look}");
        }
    }
}

#[test]
fn bought_views_that_were_removed_before_are_not_taken_off_again() {
    let mut points = with_a_step(5, 300_000);
    // They are removed after day 4, and then the audience grows beyond what was bought.
    points.extend((5..12).map(|day| {
        let views = 2_500 * u64::try_from(day + 1).expect("small") * 20;
        point(day * 24, views, Some(views / 30))
    }));
    points[5] = point(5 * 24, 15_000, Some(500));
    let now = look_back(&points, 11 * 24, false);
    // The surge holds two days of the audience, which were not removed.
    assert!(now.views + 5_000 >= points[11].views.expect("views"), "{now:?}");
}

#[test]
fn observations_that_begin_later_say_so() {
    let points = daily(&[400_000, 400_100, 30_000, 30_500]);
    let now = believed(&series(points[2..].to_vec()), ViewMetric::Views, hour(0), 400_000, false);
    assert!(!now.reaches_back);
    assert_eq!(now.views, 30_500, "later counts are still compared");
}

#[test]
fn only_what_may_lower_something_has_earlier_cycles_examined() {
    let may = |points: &[Point], is_gone: bool| {
        let all: Series = series(points.to_vec());
        may_disbelieve(&all, &Traits::of(&all, ViewMetric::Views), ViewMetric::Views, is_gone)
    };
    assert!(!may(&audience(28, 10), false) && !may(&audience(28, 10), true) && !may(&[], true));
    assert!(may(&daily(&[400_000, 30_000, 30_100]), false));
    assert!(!may(&daily(&[400_000, 30_000]), false) && may(&daily(&[400_000, 30_000]), true));
    assert!(may(&with_a_step(12, 300_000), false));
}

/// Bought from the first day on, so that no earlier likes tell what is usual: what comes after it stopped does.
#[test]
fn views_that_were_bought_from_the_beginning_are_found_by_what_comes_after() {
    let seen = [
        (4, 100_700, 32),
        (28, 203_900, 175),
        (52, 305_500, 250),
        (76, 306_400, 288),
        (100, 307_000, 315),
        (124, 307_300, 328),
    ];
    let points = seen.map(|(hours, views, likes)| point(hours, views, Some(likes)));
    let whole = Series { published_at: Some(hour(0)), ..series(points.to_vec()) };
    for look in &points[..3] {
        let now = believed(&whole, ViewMetric::Views, look.at, look.views.expect("views"), false);
        assert_eq!(now.cause, Some(Cause::SurgeStoppedDead), "{now:?}");
        assert!(now.views < 5_000, "{now:?}");
    }
}

/// A launch that is liked as usual is none, whatever likes are bought for the item later.
#[test]
fn a_launch_that_was_liked_is_believed_whatever_is_liked_later() {
    for later in [1, 30, 1_000] {
        let seen = [(4, 60_000, 600), (28, 60_900, 609), (52, 61_200, 612), (76, 61_400, 614 + later)];
        let points = seen.map(|(hours, views, likes)| point(hours, views, Some(likes)));
        let whole = Series { published_at: Some(hour(0)), ..series(points.to_vec()) };
        for look in &points[..3] {
            let now = believed(&whole, ViewMetric::Views, look.at, look.views.expect("views"), false);
            assert_eq!(now.cause, None, "{later}: {now:?}");
        }
    }
}
