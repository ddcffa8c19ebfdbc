//! Three validators in one sandbox with one task source: do they reach the same weights?
//!
//! They start at different times and read gists at different phases of a polling round; one is cut off from GitHub and
//! the platforms for six hours; one is restored from a backup that is hours old. Some miners copy what others publish,
//! and no video names its miner, so that claims alone decide which miner owns a video. The same story is played with pinned
//! and with unpinned gists. `cargo test --test agreement -- --nocapture` prints the tables.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its world must fail")]
#![cfg(feature = "sandbox")]

mod comparison;
mod late_starter;
mod miners;
mod story;
mod validator;

use crate::comparison::Row;
use crate::miners::Pinning;

/// Agreement that is promised with pinned gists.
const LEAST_COSINE: f64 = 0.999;

/// Compared cycles in which each of the three has seen everything.
const FEWEST_SETTLED: usize = 6;

fn told(pinning: Pinning) -> Vec<Row> {
    let rows = actix_rt::System::new().block_on(story::tell(pinning));
    comparison::print(&format!("{pinning:?}"), &rows);
    let settled = rows.iter().filter(|row| row.is_settled_for_all()).count();
    assert!(settled >= FEWEST_SETTLED, "{settled} cycles can be compared");
    let last = rows.last().expect("cycles");
    assert!(last.contested > 0 && last.is_settled_for_all(), "the copies are in dispute at the end: {last:?}");
    rows
}

#[test]
fn with_pinned_gists_validators_agree_once_each_has_seen_the_evidence() {
    for row in told(Pinning::WhenPublishing) {
        assert_eq!((row.disputes.pinned, row.disputes.unpinned), (0, 0), "{row:?}");
        assert!(row.lowest_settled().is_none_or(|cosine| cosine >= LEAST_COSINE), "{row:?}");
    }
}

/// Nothing is promised here but that the figures are true: a validator that was away cannot know who was first.
#[test]
fn with_unpinned_gists_validators_differ_only_on_unpinned_items_they_missed() {
    let rows = told(Pinning::Never);
    for row in &rows {
        assert_eq!(row.disputes.pinned, 0, "{row:?}");
        let is_agreed = row.lowest_settled().is_none_or(|cosine| cosine >= LEAST_COSINE);
        assert!(is_agreed || row.disputes.unpinned > 0, "they differ, and not about the owner of an item: {row:?}");
    }
}

/// What earlier cycles paid too much is taken by those that paid it. A validator that started later agrees once those cycles have
/// lapsed, and before that as far as it knows them.
#[test]
fn a_validator_that_starts_later_agrees_on_what_is_recovered_once_the_hours_have_passed() {
    let rounds = actix_rt::System::new().block_on(late_starter::tell());
    let rows: Vec<Row> = rounds.iter().map(|round| round.row.clone()).collect();
    comparison::print("recovery", &rows);
    let most = rounds.iter().map(|round| round.taken[0]).fold(0.0, f64::max);
    assert!(most > 0.05, "something is taken: {most}");
    for (row, number) in rows.iter().zip(1..) {
        let [both, ..] = row.pairs;
        assert!(both.expect("both run").cosine >= LEAST_COSINE, "the two that were there: {row:?}");
        if number > late_starter::STARTS_AFTER + late_starter::RECOVERED_CYCLES {
            assert!(row.lowest_settled().is_some_and(|cosine| cosine >= LEAST_COSINE), "{row:?}");
        }
    }
    let differ = rows.iter().any(|row| row.lowest_settled().is_some_and(|cosine| cosine < LEAST_COSINE));
    assert!(differ, "before that, what only two of them paid makes them differ");
    let late = rounds.iter().skip(late_starter::STARTS_AFTER + late_starter::RECOVERED_CYCLES);
    assert!(late.clone().any(|round| round.taken[0] > 0.0), "something is still taken when they agree again");
}
