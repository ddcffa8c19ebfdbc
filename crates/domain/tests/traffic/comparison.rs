//! An item beside others, many or few, and beside what is published.

use super::*;

/// The finding on an item with so many likes and comments in 1,000 views, beside others with so many.
pub(super) fn beside(
    others: usize,
    [likes, comments]: [u64; 2],
    [their_likes, their_comments]: [u64; 2],
) -> TrafficFinding {
    let engaged = |likes: u64, comments: u64| {
        let engage = |point: Point| Point {
            likes: point.views.map(|views| views * likes / 1_000),
            comments: point.views.map(|views| views * comments / 1_000),
            ..point
        };
        series(audience(28, 9).into_iter().map(engage).collect())
    };
    let mut all: Vec<Series> = (0..others).map(|_| engaged(their_likes, their_comments)).collect();
    all.push(engaged(likes, comments));
    findings(&all).pop().flatten().expect("known")
}

#[test]
fn a_content_that_nobody_likes_is_found_with_any_number_of_comparable_ones() {
    for others in [0, 2, 9, FEWEST_IN_COHORT - 2, FEWEST_IN_COHORT, 100] {
        let finding = beside(others, [0, 0], [33, 3]);
        assert!(finding.authenticity < DISCOUNT_BELOW, "{others}: {finding:?}");
        assert!(kinds(&finding).contains(&"few_likes"), "{others}: {finding:?}");
    }
}

#[test]
fn no_finding_jumps_when_a_cohort_becomes_large_enough() {
    for rates in [[0, 0], [1, 0], [4, 1], [300, 1], [33, 60], [33, 3]] {
        let found: Vec<f64> = (0..60).map(|others| beside(others, rates, [33, 3]).authenticity).collect();
        let step = found.windows(2).map(|pair| (pair[0] - pair[1]).abs()).fold(0.0, f64::max);
        assert!(step < 0.03, "{rates:?}: {step}: {found:?}");
    }
}

#[test]
fn where_nothing_is_published_a_few_comparable_contents_show_nothing() {
    static RULES: PlatformRules = PlatformRules {
        name: "elsewhere",
        title: "Elsewhere",
        content: "clip",
        place: 9,
        id_lengths: 1..=9,
        since_unix_ms: 0,
        counts_plays: false,
    };
    let of = |likes: u64| {
        let like = |point: Point| Point { likes: point.views.map(|views| views * likes / 1_000), ..point };
        Series { platform: Platform::new(&RULES), ..series(audience(28, 9).into_iter().map(like).collect()) }
    };
    let found = |others: usize| {
        let mut all: Vec<Series> = (0..others).map(|_| of(33)).collect();
        all.push(of(1));
        findings(&all).pop().flatten().expect("known").authenticity
    };
    assert_eq!([0, 1].map(found), [1.0, 1.0]);
    assert!(found(3) > DISCOUNT_BELOW && found(3) > found(10) && found(10) > found(19), "{:?}", [3, 10, 19].map(found));
    assert!(found(FEWEST_IN_COHORT) < DISCOUNT_BELOW);
}

#[test]
fn a_crowd_of_bots_cannot_make_an_ordinary_audience_suspicious() {
    let bots = |likes_one_in: u64| {
        move |size| {
            let like = |point: Point| Point { likes: point.views.map(|views| views / likes_one_in), ..point };
            series(audience(28, size).into_iter().map(like).collect())
        }
    };
    for crowd in [bots(2), bots(100_000)] {
        let mut all: Vec<Series> = (0..200).map(|_| crowd(9)).collect();
        all.extend((0..20).map(|_| series(audience(28, 9))));
        for finding in findings(&all).split_off(200) {
            assert!(finding.expect("known").authenticity > DISCOUNT_BELOW);
        }
    }
}

#[test]
fn no_crowd_demands_more_likes_than_the_bound() {
    let finding = beside(2_000, [20, 2], [1_000, 100]);
    assert!(finding.authenticity > DISCOUNT_BELOW, "{finding:?}");
}
