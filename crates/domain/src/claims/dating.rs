//! Dates of gists in dispute: what GitHub reports about a gist's last change.
//!
//! - A gist is dated only while claims by it are in dispute, since each date costs a request to GitHub's API.
//! - A gist with an answer of its own that prevents dating is [`Dating::Undatable`] for good: silence must not help a
//!   miner. One that could not be requested yet is [`Dating::NotAsked`] until it is.
//! - Dates are kept for a hotkey, the round in which it was first seen with an item, and the gist that listed the item:
//!   a gist that changes later gets another date for what it lists then.

use crate::chain_time::Moment;
use crate::gist_owner::GistName;
use crate::ids::{Block, Hotkey};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Rounds in which a gist must be missing before that prevents its dating.
pub const ABSENCES_TO_BE_GONE: u32 = 2;

/// Rounds in which a gist must be silent, while GitHub answers others, before that prevents its dating.
pub const SILENT_ROUNDS: u32 = 3;

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

    /// Merges another record of the same date: an answer is better than none, a date is better than an answer that
    /// prevents dating, and the earlier date is kept. The result does not depend on the order of merges.
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

/// What one request about a gist says about its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateAnswer {
    /// GitHub's `updated_at`.
    Dated(Moment),
    /// Something that no further request would change.
    Undatable(Undatable),
    /// It is not there.
    Absent,
    /// GitHub gave no answer about it, and answered others.
    Silent,
}

/// A gist that is queued for dating, or was: its record for one hotkey and the round in which that hotkey was first
/// seen with an item by this gist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GistDate {
    /// The hotkey with the claims that it dates.
    pub hotkey: Hotkey,
    /// The round of those claims.
    pub round: Block,
    /// The gist; `None` for dates of which an earlier release kept no more.
    pub gist: Option<GistName>,
    /// The round since which it waits.
    pub waiting_since: Block,
    /// The last round in which GitHub was asked and answered, or was silent about this gist while it answered others.
    pub asked_round: Option<Block>,
    /// Rounds in which GitHub was silent about it.
    pub silent_rounds: u32,
    /// Rounds in which it was not there.
    pub absences: u32,
    /// What is known.
    pub dating: Dating,
}

impl GistDate {
    /// One that was never requested.
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

    /// Records the answer to a request made in round `asked_round`. Another answer of the same or an earlier round
    /// changes nothing.
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
