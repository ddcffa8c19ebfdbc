//! Dates of gists in dispute: what GitHub says of a gist's last change, and when the blocks were that it is compared with.
//!
//! - A gist is dated only while claims of it are in dispute, since each date costs a request of GitHub's API.
//! - A gist whose own answer prevents dating is [`Dating::Undatable`] for good: silence must help nobody. One that could not
//!   be asked yet is [`Dating::NotAsked`] until it is.
//! - Dates are kept for a hotkey, the round in which it was first seen with a content, and the gist by which it was: a gist that
//!   changes later gets another date for what it lists then.

use crate::chain_time::{BlockStamp, Moment};
use crate::evidence::UnwatchedBlocks;
use crate::gist_owner::GistName;
use crate::ids::{Block, Hotkey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Rounds in which a gist must be missing before that prevents its dating.
pub const ABSENCES_TO_BE_GONE: u32 = 2;

/// Rounds in which a gist must be silent, while GitHub answers others, before that prevents its dating.
pub const SILENT_ROUNDS: u32 = 3;

/// Milliseconds that the chain aims at for a block.
const BLOCK_MS: i64 = 12_000;

/// What is known of the date of a gist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dating {
    /// GitHub was not asked yet, or could not be: it is asked later.
    #[default]
    NotAsked,
    /// GitHub's own `updated_at` of the gist.
    Dated(Moment),
    /// The gist's own answer prevents dating.
    Undatable(Undatable),
}

impl Dating {
    /// Whether GitHub is still to be asked.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::NotAsked)
    }

    /// Adds what another record of the same date knows: an answer is better than none, a date better than an answer that
    /// prevents it, and the earlier date is kept. In whatever order records are joined, the result is the same.
    pub fn join(&mut self, other: Self) {
        *self = match (*self, other) {
            (Self::Dated(known), Self::Dated(new)) => Self::Dated(known.min(new)),
            (dated @ Self::Dated(_), _) | (_, dated @ Self::Dated(_)) => dated,
            (Self::Undatable(known), Self::Undatable(new)) => Self::Undatable(known.min(new)),
            (undatable @ Self::Undatable(_), _) | (_, undatable @ Self::Undatable(_)) => undatable,
            (Self::NotAsked, Self::NotAsked) => Self::NotAsked,
        };
    }
}

/// What prevents dating a gist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undatable {
    /// Its description is larger than is read.
    TooLarge,
    /// Its description is not one of a gist, or has no date.
    Malformed,
    /// GitHub blocked it.
    Blocked,
    /// It is not public, or not of the user that the commitment names.
    Refused,
    /// It was not there in [`ABSENCES_TO_BE_GONE`] rounds.
    Gone,
    /// GitHub gave no answer about it in [`SILENT_ROUNDS`] rounds in which it answered others.
    Silent,
}

impl Undatable {
    /// Every kind, for tables of words and codes.
    pub const ALL: [Self; 6] =
        [Self::TooLarge, Self::Malformed, Self::Blocked, Self::Refused, Self::Gone, Self::Silent];

    /// Its code in records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Blocked => "blocked",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Silent => "silent",
        }
    }
}

impl fmt::Display for Undatable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "too large",
            Self::Malformed => "not a readable gist",
            Self::Blocked => "blocked by GitHub",
            Self::Refused => "not public, or not this user's",
            Self::Gone => "deleted",
            Self::Silent => "GitHub could not read it",
        })
    }
}

/// What one look at a gist says about its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateAnswer {
    /// GitHub's `updated_at`.
    Dated(Moment),
    /// Something that no further look would change.
    Undatable(Undatable),
    /// It is not there.
    Absent,
    /// GitHub gave no answer about it, and answered others.
    Silent,
}

/// A gist that is in line to be dated, or was: its record for one hotkey and the round in which that was first seen with
/// a content by this gist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GistDate {
    /// Whose claims it dates.
    pub hotkey: Hotkey,
    /// The round of those claims.
    pub round: Block,
    /// The gist; `None` for dates of which an earlier release kept no more.
    pub gist: Option<GistName>,
    /// The round since which it waits.
    pub waiting_since: Block,
    /// The round in which GitHub was last asked and said something, or was silent while it answered others.
    pub asked_round: Option<Block>,
    /// Rounds in which GitHub was silent about it.
    pub silent_rounds: u32,
    /// Rounds in which it was not there.
    pub absences: u32,
    /// What is known.
    pub dating: Dating,
}

impl GistDate {
    /// One that was never asked about.
    #[must_use]
    pub const fn waiting(hotkey: Hotkey, round: Block, gist: GistName, since: Block) -> Self {
        Self {
            hotkey,
            round,
            gist: Some(gist),
            waiting_since: since,
            asked_round: None,
            silent_rounds: 0,
            absences: 0,
            dating: Dating::NotAsked,
        }
    }

    /// Takes in what a look of round `asked_round` said. Another look of the same or an earlier round changes nothing.
    pub fn answered(&mut self, asked_round: Block, answer: DateAnswer) {
        if self.asked_round.is_some_and(|known| known >= asked_round) {
            return;
        }
        self.asked_round = Some(asked_round);
        let found = match answer {
            DateAnswer::Dated(updated_at) => Dating::Dated(updated_at),
            DateAnswer::Undatable(why) => Dating::Undatable(why),
            DateAnswer::Absent => {
                self.absences += 1;
                if self.absences < ABSENCES_TO_BE_GONE { Dating::NotAsked } else { Dating::Undatable(Undatable::Gone) }
            }
            DateAnswer::Silent => {
                self.silent_rounds += 1;
                if self.silent_rounds < SILENT_ROUNDS { Dating::NotAsked } else { Dating::Undatable(Undatable::Silent) }
            }
        };
        self.dating.join(found);
    }
}

/// The grid of polling rounds, and when those of its blocks were that date claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds {
    /// Blocks in a round.
    pub blocks: u32,
    /// The times of blocks, as far as they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub times: BTreeMap<Block, Moment>,
    /// Ranges of blocks in which no round was held, as far as they date a claim, in the order of their beginnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<UnwatchedBlocks>,
}

impl Default for Rounds {
    /// The default of `validator.gist_poll_blocks`, which records that name no grid were made with.
    fn default() -> Self {
        Self { blocks: 25, times: BTreeMap::new(), missed: Vec::new() }
    }
}

impl Rounds {
    /// The first round that was held at or after a block.
    #[must_use]
    pub fn first_at(&self, block: Block) -> Block {
        self.held_from(self.grid_at(block))
    }

    /// The first round that was held from this round of the grid on.
    #[must_use]
    pub fn held_from(&self, round: Block) -> Block {
        let is_in = |range: &UnwatchedBlocks, round| range.from <= round && round < range.until;
        self.missed.iter().fold(round, |round, range| if is_in(range, round) { range.until } else { round })
    }

    /// Leaves of the ranges without a round those by which a pin at one of these blocks counts later.
    pub fn keep_missed_of(&mut self, pinned_at: &BTreeSet<Block>) {
        let waits: Vec<(Block, Block)> =
            pinned_at.iter().map(|block| (self.grid_at(*block), self.first_at(*block))).collect();
        self.missed.retain(|range| waits.iter().any(|(from, until)| range.from < *until && *from < range.until));
    }

    /// The first round of the grid at or after a block, whether it was held or not.
    #[must_use]
    pub const fn grid_at(&self, block: Block) -> Block {
        let step = if self.blocks == 0 { 1 } else { self.blocks };
        match block % step {
            0 => block,
            past => block.saturating_add(step - past),
        }
    }

    /// When a block was: as recorded, else counted from the nearest block whose time is known, `at` among them, with the
    /// time that the chain aims at for a block.
    #[must_use]
    pub fn time_of(&self, block: Block, at: BlockStamp) -> Moment {
        let before = self.times.range(..=block).next_back();
        let after = self.times.range(block..).next();
        let recorded = before.into_iter().chain(after).map(|(block, time)| BlockStamp { block: *block, time: *time });
        let nearest = recorded.chain([at]).min_by_key(|anchor| (anchor.block.abs_diff(block), anchor.block));
        let anchor = nearest.unwrap_or(at);
        let distance_ms = (i64::from(block) - i64::from(anchor.block)).saturating_mul(BLOCK_MS);
        Moment::from_unix_ms(anchor.time.unix_ms().saturating_add(distance_ms))
    }
}

/// What turns the blocks of claims into times: the grid, and the block that is judged at.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    /// The grid.
    pub rounds: &'a Rounds,
    /// The block that is judged at.
    pub at: BlockStamp,
}

impl Timeline<'_> {
    /// When a block was.
    #[must_use]
    pub fn time_of(&self, block: Block) -> Moment {
        self.rounds.time_of(block, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(ms: i64) -> Moment {
        Moment::from_unix_ms(ms)
    }

    fn waiting() -> GistDate {
        let gist = GistName { username: "someone".to_owned(), gist_id: "ab".to_owned() };
        GistDate::waiting(Hotkey::new([1; 32]), 100, gist, 100)
    }

    #[test]
    fn rounds_open_on_the_grid_at_or_after_a_block() {
        let rounds = Rounds { blocks: 25, ..Rounds::default() };
        assert_eq!([0, 1, 24, 25, 26].map(|block| rounds.first_at(block)), [0, 25, 25, 25, 50]);
        assert_eq!(Rounds { blocks: 0, ..Rounds::default() }.first_at(7), 7);
        assert_eq!(rounds.first_at(Block::MAX), Block::MAX);
    }

    #[test]
    fn a_round_that_was_not_held_counts_for_nothing() {
        let missed =
            [(0, 100), (150, 200), (200, 225), (400, 475)].map(|(from, until)| UnwatchedBlocks { from, until });
        let rounds = Rounds { blocks: 25, missed: missed.into(), ..Rounds::default() };
        for (block, held) in [
            (0, 100),
            (75, 100),
            (76, 100),
            (101, 125),
            (125, 125),
            // The first range that is missed, and the next one right after it.
            (126, 225),
            (150, 225),
            (199, 225),
            (226, 250),
            (375, 375),
            (376, 475),
            (475, 475),
            (476, 500),
        ] {
            assert_eq!(rounds.first_at(block), held, "{block}");
        }
    }

    #[test]
    fn a_block_whose_time_is_not_recorded_is_dated_from_the_nearest_that_is() {
        let at = BlockStamp { block: 1_000, time: moment(12_000_000) };
        let rounds =
            Rounds { blocks: 25, times: [(100, moment(5_000)), (200, moment(1_300_000))].into(), ..Rounds::default() };
        for (block, expected) in [
            (100, 5_000),
            (200, 1_300_000),
            (101, 17_000),
            (150, 605_000),
            (199, 1_288_000),
            (990, 11_880_000),
            (1_001, 12_012_000),
            (99, -7_000),
        ] {
            assert_eq!(rounds.time_of(block, at), moment(expected), "{block}");
        }
        assert_eq!(Rounds::default().time_of(0, at), moment(0));
    }

    #[test]
    fn what_prevents_dating_does_so_once_it_is_certain() {
        use DateAnswer::*;
        for (answers, expected) in [
            (vec![Dated(moment(7))], Dating::Dated(moment(7))),
            (vec![Undatable(super::Undatable::TooLarge)], Dating::Undatable(super::Undatable::TooLarge)),
            (vec![Absent], Dating::NotAsked),
            (vec![Absent, Absent], Dating::Undatable(super::Undatable::Gone)),
            (vec![Absent, Dated(moment(7))], Dating::Dated(moment(7))),
            (vec![Silent, Silent], Dating::NotAsked),
            (vec![Silent, Silent, Silent], Dating::Undatable(super::Undatable::Silent)),
            (vec![Silent, Silent, Dated(moment(7))], Dating::Dated(moment(7))),
            (vec![Silent, Absent, Silent], Dating::NotAsked),
            (vec![Silent, Absent, Silent, Silent], Dating::Undatable(super::Undatable::Silent)),
            (vec![Absent, Silent, Absent], Dating::Undatable(super::Undatable::Gone)),
        ] {
            let mut date = waiting();
            for (round, answer) in (100..).step_by(25).zip(answers.clone()) {
                date.answered(round, answer);
                date.answered(round, Silent);
                date.answered(round - 25, Absent);
            }
            assert_eq!(date.dating, expected, "{answers:?}");
        }
    }

    #[test]
    fn records_of_one_date_join_alike_in_any_order() {
        let all = [
            Dating::NotAsked,
            Dating::Dated(moment(5)),
            Dating::Dated(moment(9)),
            Dating::Undatable(Undatable::TooLarge),
            Dating::Undatable(Undatable::Silent),
        ];
        for one in all {
            for other in all {
                for third in all {
                    let joined = |order: [Dating; 3]| {
                        let mut joined = order[0];
                        joined.join(order[1]);
                        joined.join(order[2]);
                        joined
                    };
                    let expected = joined([one, other, third]);
                    assert_eq!(joined([third, one, other]), expected);
                    assert_eq!(joined([other, third, one]), expected);
                    assert_eq!(joined([other, one, third]), expected);
                }
            }
        }
    }
}
