//! Which gists a round requests, and in what order.
//!
//! - Gists that the last request could read go first: no number of new, bad or silent gists delays them.
//!   The others follow, longest waiting first: a gist that fails goes to the end of the queue.
//! - A gist that GitHub reports as missing is requested less and less often: after one, two, four rounds, up to
//!   [`LONGEST_WAIT_BLOCKS`], a pinned revision up to [`PIN_LONGEST_WAIT_BLOCKS`]. Temporary failures are retried in
//!   the next round.
//! - Without a token at most [`PINS_PER_ROUND`] pinned revisions: each costs one of few API requests.
//!
//! The configured task gist is requested in every round.

use std::collections::BTreeMap;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::GistState;
use tensorflix_domain::ids::Block;

/// Longest time between requests for a missing gist: an hour.
pub const LONGEST_WAIT_BLOCKS: u32 = 300;

/// Longest time between requests for a missing pinned revision: a day.
pub const PIN_LONGEST_WAIT_BLOCKS: u32 = 7_200;

/// Most pinned revisions that one round requests without a token, when GitHub grants 60 API requests an hour.
pub const PINS_PER_ROUND: usize = 4;

/// Why a gist is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The earliest commitment that points to it.
    pub committed_at: Block,
    /// Whether it is the configured task gist.
    pub is_task_gist: bool,
}

/// Whether a pinned revision was read: it never changes, and is not requested again.
pub(super) fn is_settled(pointer: &GistPointer, state: Option<&GistState>) -> bool {
    pointer.revision().is_some() && state.is_some_and(|state| state.digest.is_some())
}

/// The gists to request in `round`, in order.
pub(super) fn due(
    round: Block,
    round_blocks: u32,
    wanted: &BTreeMap<GistPointer, Wanted>,
    states: &BTreeMap<GistPointer, GistState>,
    most_pins: usize,
) -> Vec<GistPointer> {
    let mut line: Vec<_> = wanted
        .iter()
        .filter_map(|(pointer, wanted)| {
            let state = states.get(pointer);
            let is_due = wanted.is_task_gist || state.is_none_or(|state| next_round(state, round_blocks) <= round);
            let was_read = state.is_some_and(|state| state.digest.is_some() && state.failures == 0);
            let waits_since = state.map(|state| state.asked_round).filter(|asked| *asked > 0);
            let is_later = !(was_read || wanted.is_task_gist);
            is_due.then_some((is_later, waits_since.unwrap_or(wanted.committed_at), pointer))
        })
        .collect();
    line.sort_unstable();
    let mut pins = 0;
    line.retain(|(_, _, pointer)| {
        let costs = pointer.revision().is_some() && !is_settled(pointer, states.get(*pointer));
        pins += usize::from(costs);
        !costs || pins <= most_pins
    });
    line.into_iter().map(|(_, _, pointer)| pointer.clone()).collect()
}

/// The first round in which a gist is requested again.
fn next_round(state: &GistState, round_blocks: u32) -> Block {
    let Some(further) = state.refusals.checked_sub(1) else { return 0 };
    let longest = if state.pointer.revision().is_some() { PIN_LONGEST_WAIT_BLOCKS } else { LONGEST_WAIT_BLOCKS };
    let wait = round_blocks.saturating_mul(1 << further.min(16)).min(longest.max(round_blocks));
    state.asked_round.saturating_add(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::gist_record::ContentDigest;

    const ROUND_BLOCKS: u32 = 25;

    fn state(pointer: &str, asked_round: Block, refusals: u32, was_read: bool) -> (GistPointer, GistState) {
        let pointer: GistPointer = pointer.parse().expect("a pointer");
        let state = GistState {
            pointer: pointer.clone(),
            etag: None,
            digest: was_read.then_some(ContentDigest([1; 32])),
            fetched_round: was_read.then_some(asked_round),
            asked_round,
            failures: u32::from(!was_read),
            refusals,
            error: (!was_read).then(|| "not found".to_owned()),
        };
        (pointer, state)
    }

    fn wanted(pointer: &str, committed_at: Block) -> (GistPointer, Wanted) {
        (pointer.parse().expect("a pointer"), Wanted { committed_at, is_task_gist: false })
    }

    fn pin(number: u32) -> String {
        format!("mallory:{number:020x}@{number:040x}")
    }

    #[test]
    fn a_missing_gist_is_asked_for_more_and_more_rarely_a_pin_once_a_day() {
        for (pointer, longest) in [("mallory:0a".to_owned(), LONGEST_WAIT_BLOCKS), (pin(1), PIN_LONGEST_WAIT_BLOCKS)] {
            let (mut asked, mut refusals, mut last) = (Vec::new(), 0, 0);
            for round in (100..40_000).step_by(ROUND_BLOCKS as usize) {
                let states = (refusals > 0).then(|| state(&pointer, last, refusals, false)).into_iter().collect();
                let wanted = [wanted(&pointer, 90)].into();
                if !due(round, ROUND_BLOCKS, &wanted, &states, 9).is_empty() {
                    asked.push(round - last);
                    (refusals, last) = (refusals + 1, round);
                }
            }
            assert_eq!(asked[1..4], [25, 50, 100]);
            assert!(asked[1..].is_sorted() && asked.last() == Some(&longest), "{asked:?}");
        }
    }

    #[test]
    fn what_was_read_goes_first_and_of_the_others_the_one_that_waits_longest() {
        let states = BTreeMap::from([
            state("a:0a", 75, 0, false),
            state("b:0b", 50, 0, false),
            state("z:0d", 75, 0, true),
            state("t:0e", 75, 0, false),
        ]);
        let mut wanted: BTreeMap<_, _> = [("a:0a", 10), ("b:0b", 10), ("n:0c", 60), ("z:0d", 10), ("t:0e", 0)]
            .map(|(at, block)| wanted(at, block))
            .into();
        wanted.values_mut().for_each(|wanted| wanted.is_task_gist = wanted.committed_at == 0);
        let line = due(100, ROUND_BLOCKS, &wanted, &states, 9);
        let names: Vec<&str> = line.iter().map(GistPointer::username).collect();
        assert_eq!(names, ["t", "z", "b", "n", "a"]);
    }

    #[test]
    fn bogus_pins_delay_another_pin_by_its_place_in_the_line_and_no_more() {
        let honest: GistPointer = pin(u32::MAX).parse().expect("a pointer");
        let mut line: BTreeMap<GistPointer, Wanted> = (0..250).map(|number| wanted(&pin(number), 1)).collect();
        line.insert(honest.clone(), Wanted { committed_at: 2, is_task_gist: false });
        for round in 1_u32.. {
            let asked = due(round * ROUND_BLOCKS, ROUND_BLOCKS, &line, &BTreeMap::new(), PINS_PER_ROUND);
            assert_eq!(asked.len(), PINS_PER_ROUND);
            if asked.contains(&honest) {
                assert_eq!(round as usize, 250 / PINS_PER_ROUND + 1);
                break;
            }
            // A miner with a missing revision commits another one that is missing too.
            for (place, pointer) in (0..).zip(asked) {
                line.remove(&pointer);
                line.extend([wanted(&pin(1_000 * round + place), round * ROUND_BLOCKS + 1)]);
            }
        }
    }
}
