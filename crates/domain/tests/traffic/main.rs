//! The analysis of traffic: what it guarantees for any answer of platforms, and single cases. How well it tells honest
//! videos from bought ones is measured in the root's `tests/hostile/traffic.rs`.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that has no value to check must fail")]

mod belief;
mod comparison;

use proptest::prelude::*;
use tensorflix_domain::chain_time::{HOUR_MS, Moment};
use tensorflix_domain::platform::{Platform, PlatformRules};
use tensorflix_domain::policy::ViewMetric;
use tensorflix_domain::traffic::{
    Baselines, DISCOUNT_BELOW, FEWEST_IN_COHORT, FEWEST_POINTS, Point, Series, SignalKind, TrafficFinding, Traits,
    assess,
};

const START_MS: i64 = 1_790_000_000_000;

fn hour(hours: i64) -> Moment {
    Moment::from_unix_ms(START_MS + hours * HOUR_MS)
}

fn point(hours: i64, views: u64, likes: Option<u64>) -> Point {
    Point { at: hour(hours), views: Some(views), plays: None, likes, comments: likes.map(|likes| likes / 10) }
}

fn series(points: Vec<Point>) -> Series {
    Series { platform: Platform::YOUTUBE, published_at: Some(hour(-10)), duration_secs: Some(30), points }
}

fn findings(all: &[Series]) -> Vec<Option<TrafficFinding>> {
    let traits: Vec<Traits> = all.iter().map(|series| Traits::of(series, ViewMetric::Views)).collect();
    let baselines = Baselines::of(&traits);
    traits.iter().map(|traits| assess(traits, &baselines)).collect()
}

fn alone(points: Vec<Point>) -> Option<TrafficFinding> {
    findings(&[series(points)]).remove(0)
}

/// A level of views with nights, of which one in thirty likes; `size` times as large.
fn audience(looks: i64, size: u64) -> Vec<Point> {
    let mut views = 0;
    let look = |look: i64| {
        views += size * [50, 100, 160, 110][usize::try_from(look % 4).expect("small")];
        point(look * 6, views, Some(views / 30))
    };
    (0..looks).map(look).collect()
}

fn kinds(finding: &TrafficFinding) -> Vec<&'static str> {
    finding.signals.iter().map(|signal| signal.kind.code()).collect()
}

#[test]
fn an_audience_is_believed_whatever_its_size() {
    let sizes: Vec<Series> = (1..=40).map(|size| series(audience(28, size * size))).collect();
    for finding in findings(&sizes) {
        assert!(finding.expect("known").authenticity > 0.99);
    }
}

#[test]
fn a_fall_is_told_with_its_figures_already_after_two_looks() {
    let finding = alone(vec![point(0, 12_000, None), point(24, 7_500, None)]).expect("a finding");
    assert!(finding.authenticity < 0.2, "{finding:?}");
    let kind = finding.signals[0].kind;
    let SignalKind::ViewsFell { from, views_before, until, views_after, .. } = kind else { panic!("{kind:?}") };
    assert_eq!((from, views_before, until, views_after), (hour(0), 12_000, hour(24), 7_500));
}

/// The authenticity of a series of hourly counts of views alone, 1 without a finding.
fn of_views(views: &[u64]) -> f64 {
    let points = (0..).zip(views).map(|(hours, views)| point(hours, *views, None)).collect();
    alone(points).map_or(1.0, |finding| finding.authenticity)
}

#[test]
fn a_count_that_wavers_or_is_corrected_by_a_handful_costs_nothing() {
    for views in [
        &[21, 20][..],
        &[3, 1],
        &[100, 101, 99, 100, 101, 99, 100, 99, 101, 100, 99],
        &[100, 99, 100, 99, 100, 99, 100, 99, 100],
        &[1_000, 1_005, 995, 1_004, 996, 1_003, 995],
        &[100_000, 100_900, 99_100, 100_800, 99_050],
        &[10, 30, 15, 31, 16, 32, 17],
        // What fell came back.
        &[12_000, 7_500, 9_000, 12_000, 12_500],
        &[12_000, 7_500, 12_000],
    ] {
        assert_eq!(of_views(views), 1.0, "{views:?}");
    }
}

#[test]
fn views_taken_back_in_one_step_or_many_are_found_until_the_count_recovers() {
    for views in [
        &[12_000, 7_500][..],
        &[200, 120],
        &[12_000, 11_400, 11_450, 10_300, 10_350, 9_200, 9_250],
        &[12_000, 7_500, 7_600, 7_900, 8_400, 9_000],
        // Wavering before it hides nothing.
        &[11_990, 12_000, 11_995, 12_001, 7_500, 7_501],
    ] {
        let authenticity = of_views(views);
        assert!(authenticity < 0.3, "{views:?}: {authenticity}");
    }
    let regained = &[12_000, 7_500, 9_000, 11_999, 12_001];
    assert_eq!(of_views(regained), 1.0);
}

#[test]
fn a_correction_of_a_percent_is_no_offence() {
    let mut points = audience(28, 10);
    let last = points.len() - 1;
    points[last].views = points[last - 1].views.map(|views| views - views / 100);
    assert!(alone(points).expect("known").authenticity > DISCOUNT_BELOW);
}

#[test]
fn views_that_nobody_likes_are_told_from_those_of_the_same_contents_audience() {
    let mut points = audience(28, 10);
    for point in &mut points[14..] {
        point.views = point.views.map(|views| views + 40_000);
    }
    let finding = alone(points).expect("known");
    assert!(finding.authenticity < 0.3, "{finding:?}");
    assert!(kinds(&finding).contains(&"views_without_likes"), "{finding:?}");
    assert!(kinds(&finding).contains(&"surge_stopped_dead"), "{finding:?}");
}

/// Daily counts of an audience in which subscribers come first: likes for each view decline to an eighth within a week, as those of
/// one real trending video in fifty do. `comments` are of the last day.
fn declining(comments: u64) -> Vec<Point> {
    let (mut views, mut likes) = (0, 0);
    let days = [(90_000, 10), (70_000, 16), (40_000, 28), (22_000, 36), (24_000, 45), (26_000, 60), (20_000, 80)];
    let day = |(day, (watched, views_of_a_like)): (i64, (u64, u64))| {
        views += watched;
        likes += watched / views_of_a_like;
        let comments = if day == 6 { comments } else { likes / 10 };
        Point { comments: Some(comments), ..point(day * 24, views, Some(likes)) }
    };
    (0..).zip(days).map(day).collect()
}

#[test]
fn an_audience_that_likes_less_after_its_first_rush_keeps_what_it_has() {
    let finding = alone(declining(1_500)).expect("known");
    assert!(finding.authenticity > DISCOUNT_BELOW, "{finding:?}");
    assert!(!kinds(&finding).contains(&"views_without_likes"), "{finding:?}");
}

#[test]
fn unliked_views_between_liked_ones_are_found_although_the_first_rush_liked_more() {
    let mut points = declining(1_500);
    for point in &mut points[4..] {
        point.views = point.views.map(|views| views + 200_000);
    }
    let finding = alone(points).expect("known");
    assert!(finding.authenticity < 0.8 && kinds(&finding).contains(&"views_without_likes"), "{finding:?}");
}

#[test]
fn comments_that_the_owner_deletes_do_not_make_an_audience_silent() {
    let others: Vec<Series> = (0..40).map(|_| series(declining(1_500))).collect();
    let with = |comments: u64| {
        let mut all = others.clone();
        all.push(series(declining(comments)));
        findings(&all).remove(40).expect("known").authenticity
    };
    assert!(with(3) > DISCOUNT_BELOW, "{}", with(3));
    // What is too many is judged by what is shown.
    assert!(with(290_000) < 0.7, "{}", with(290_000));
}

#[test]
fn a_surge_that_is_liked_like_the_rest_is_not_punished() {
    let mut points = audience(28, 10);
    for point in &mut points[14..] {
        *point = Point {
            views: point.views.map(|views| views + 40_000),
            likes: point.likes.map(|likes| likes + 1_200),
            ..*point
        };
    }
    assert!(alone(points).expect("known").authenticity > 0.99);
}

#[test]
fn views_that_do_not_follow_their_likes_are_a_doubt_and_no_more() {
    // An audience that comes by day, and as many views of somebody who sleeps at no time.
    let looks = |bought: u64| -> Vec<Point> {
        let (mut views, mut likes) = (0, 0);
        let look = |quarter: i64| {
            let watched = if quarter % 2 == 0 { 400 } else { 2_000 };
            (views, likes) = (views + watched + bought, likes + watched / 25);
            point(quarter * 6, views, Some(likes))
        };
        (1..=28).map(look).collect()
    };
    let follows = |points: Vec<Point>| {
        let finding = alone(points).expect("enough observations");
        let told = finding.signals.iter().find_map(|signal| match signal.kind {
            SignalKind::FaintSigns { elasticity, .. } => elasticity,
            _ => None,
        });
        (told, finding.authenticity)
    };
    let (told, authenticity) = follows(looks(0));
    assert!(told.is_none() && authenticity > 0.999, "{authenticity}");
    let (told, authenticity) = follows(looks(1_500));
    assert!(told.is_some_and(|part| (0.2..0.6).contains(&part)), "{told:?}");
    assert!((0.9..0.96).contains(&authenticity), "{authenticity}");
}

#[test]
fn who_hides_likes_is_neither_punished_for_it_nor_thought_better_of_than_shown() {
    let hide = |points: Vec<Point>| -> Vec<Point> {
        points.into_iter().map(|point| Point { likes: None, comments: None, ..point }).collect()
    };
    assert!(alone(hide(audience(28, 10))).expect("known").authenticity > 0.99);
    let mut bought = audience(28, 10);
    for point in &mut bought[14..] {
        point.views = point.views.map(|views| views + 40_000);
    }
    assert!(
        alone(hide(bought)).expect("known").authenticity < DISCOUNT_BELOW,
        "a dead surge is seen without likes too"
    );
}

#[test]
fn reels_are_judged_by_the_number_that_is_scored() {
    let fallen = |hours, plays| Point { plays: Some(plays), ..point(hours, 100 + hours.unsigned_abs(), None) };
    let reel = Series { platform: Platform::INSTAGRAM, ..series(vec![fallen(0, 900), fallen(24, 300)]) };
    let authenticity = |series: &Series, metric| {
        assess(&Traits::of(series, metric), &Baselines::default()).map(|finding| finding.authenticity < DISCOUNT_BELOW)
    };
    assert_eq!(authenticity(&reel, ViewMetric::Plays), Some(true));
    assert_eq!(authenticity(&reel, ViewMetric::Views), None);
    let video = Series { platform: Platform::YOUTUBE, ..reel };
    assert_eq!(authenticity(&video, ViewMetric::Plays), None);
}

fn count() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), (0..50_000_u64).prop_map(Some), any::<u64>().prop_map(Some), Just(Some(0))]
}

fn any_point() -> impl Strategy<Value = Point> {
    let at = prop_oneof![
        (0..400_i64).prop_map(hour),
        (-60_000_000_000_000..250_000_000_000_000_i64).prop_map(Moment::from_unix_ms)
    ];
    (at, count(), count(), count(), count()).prop_map(|(at, views, plays, likes, comments)| Point {
        at,
        views,
        plays,
        likes,
        comments,
    })
}

fn any_series(points: std::ops::Range<usize>) -> impl Strategy<Value = Series> {
    let published = proptest::option::of((-500..500_i64).prop_map(hour));
    let platform = prop_oneof![4 => Just(Platform::YOUTUBE), 1 => Just(Platform::INSTAGRAM)];
    let points = proptest::collection::vec(any_point(), points);
    (platform, published, proptest::option::of(0..2_000_u32), points).prop_map(
        |(platform, published_at, duration_secs, points)| Series { platform, published_at, duration_secs, points },
    )
}

/// Everything that a finding says, bit for bit.
fn bits(finding: &Option<TrafficFinding>) -> String {
    let words = serde_json::to_string(finding).expect("JSON");
    format!("{:?} {words}", finding.as_ref().map(|finding| finding.authenticity.to_bits()))
}

proptest! {
    #[test]
    fn whatever_a_crowd_shows_engagement_within_the_bounds_costs_nothing(
        others in 0..120_usize,
        crowd in [0..1_000_u64, 0..1_000_u64],
        likes in 20..84_u64,
        comments_for_100_likes in 5..21_u64,
    ) {
        let comments = (likes * comments_for_100_likes).div_ceil(100);
        let finding = comparison::beside(others, [likes, comments], crowd);
        prop_assert!(finding.authenticity > DISCOUNT_BELOW, "{:?} in {:?}", finding, crowd);
    }

    #[test]
    fn an_authenticity_is_between_0_and_1_and_every_figure_survives_json(
        all in proptest::collection::vec(any_series(0..20), 0..40)
    ) {
        for finding in findings(&all).into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&finding.authenticity), "{finding:?}");
            prop_assert!(finding.signals.iter().all(|signal| (0.0..=1.0).contains(&signal.weight)), "{finding:?}");
            let json = serde_json::to_string(&finding).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<TrafficFinding>(&json).expect("no number is lost"), finding);
        }
    }

    #[test]
    fn the_order_of_points_and_contents_changes_no_bit(
        all in proptest::collection::vec(any_series(0..20), 1..40), turn in any::<prop::sample::Index>()
    ) {
        let mut turned = all.clone();
        let by = turn.index(all.len());
        turned.rotate_left(by);
        for series in &mut turned {
            series.points.reverse();
            let half = series.points.len() / 2;
            series.points.rotate_left(half);
        }
        let mut other = findings(&turned);
        other.rotate_right(by);
        for (left, right) in findings(&all).iter().zip(&other) {
            prop_assert_eq!(bits(left), bits(right));
        }
    }

    #[test]
    fn too_few_points_without_a_fall_say_nothing_and_influence_nobody(
        few in proptest::collection::vec(any_series(0..FEWEST_POINTS), 1..30)
    ) {
        let mut few = few;
        for series in &mut few {
            // Counts that only grow.
            series.points.sort_unstable();
            let mut views: Vec<_> = series.points.iter().map(|point| point.views).collect();
            views.sort_unstable();
            for (point, views) in series.points.iter_mut().zip(views) {
                *point = Point { views, plays: views, ..*point };
            }
            series.points.dedup_by_key(|point| point.at);
        }
        prop_assert!(findings(&few).iter().all(Option::is_none));
        let many: Vec<Series> = (1..30).map(|size| series(audience(12, size))).collect();
        let together: Vec<Series> = many.iter().chain(&few).cloned().collect();
        prop_assert_eq!(&findings(&together)[..many.len()], &findings(&many)[..]);
    }

    #[test]
    fn a_fall_weighs_the_same_at_every_scale(
        before in 100..1_000_000_u64, lost_percent in 0..100_u64, scale in 1..1_000_u64
    ) {
        let fallen = |scale: u64| {
            let views = before * 100 * scale;
            alone(vec![point(0, views, None), point(5, views - before * lost_percent * scale, None)])
        };
        let authenticity = |finding: Option<TrafficFinding>| finding.map_or(1.0, |finding| finding.authenticity);
        prop_assert!((authenticity(fallen(1)) - authenticity(fallen(scale))).abs() < 1e-9);
    }
}
