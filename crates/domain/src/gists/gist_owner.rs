//! Who owns a gist: what GitHub's API reports beside the content, and what follows from it.
//!
//! - The owner's login must be the commitment's user name, the gist must be public, and the numeric id of the account
//!   that was seen first must not change: a login can be renamed, sold or registered by somebody else, the number
//!   cannot.
//! - Only an answer of GitHub itself causes a refusal, and the next good answer lifts it. A check that failed has no
//!   effect.
//! - A gist that the API does not find, or that GitHub has blocked, counts as gone after [`CHECKS_TO_BE_GONE`] such
//!   answers in a row.

use crate::commitment::GistPointer;
use crate::ids::Block;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Checks in a row that must find nothing before a gist counts as gone.
pub const CHECKS_TO_BE_GONE: u32 = 2;

/// A gist of one user, whatever the revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GistName {
    /// The GitHub login that the commitment names.
    pub username: String,
    /// The gist's id.
    pub gist_id: String,
}

impl From<&GistPointer> for GistName {
    fn from(pointer: &GistPointer) -> Self {
        Self { username: pointer.username().to_owned(), gist_id: pointer.gist_id().to_owned() }
    }
}

impl fmt::Display for GistName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.username, self.gist_id)
    }
}

/// GitHub's answer about a gist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerAnswer {
    /// It is there.
    Described {
        /// The owner's login; `None` if it belongs to no account.
        login: Option<String>,
        /// The owner's numeric id.
        owner_id: Option<u64>,
        /// Whether it is public, if GitHub says.
        public: Option<bool>,
    },
    /// GitHub reports that there is no such gist.
    NotFound,
    /// GitHub has blocked access to it.
    Blocked,
    /// GitHub answered without a description of the gist.
    Undescribed,
    /// Its description is larger than is read: too many or too large files.
    TooLarge,
    /// No answer: a time-out, or an error on GitHub's side.
    Unanswered,
}

/// Why a gist's content is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OwnerRefusal {
    /// GitHub reports repeatedly that there is no such gist.
    Gone,
    /// GitHub reports repeatedly that access to the gist is blocked.
    Blocked,
    /// It belongs to another login than the commitment names.
    AnotherLogin {
        /// The login; `None` if it belongs to no account.
        login: Option<String>,
    },
    /// The login belongs to another account than when the gist was first seen.
    AnotherAccount {
        /// The numeric id that was seen first.
        pinned: u64,
        /// The numeric id now.
        found: u64,
    },
    /// It is not public.
    Secret,
    /// It holds so much that GitHub's description of it is too large to be read.
    TooLarge,
}

impl fmt::Display for OwnerRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => formatter.write_str("GitHub reports that there is no such gist: commit an existing one"),
            Self::Blocked => formatter.write_str("GitHub has blocked access to the gist: commit another one"),
            Self::AnotherLogin { login: Some(login) } => {
                write!(formatter, "the gist belongs to {login} and not to the user of the commitment")
            }
            Self::AnotherLogin { login: None } => formatter.write_str("the gist belongs to no account"),
            Self::AnotherAccount { pinned, found } => write!(
                formatter,
                "the gist's owner is account {found} now, and was account {pinned}: commit a new gist"
            ),
            Self::TooLarge => formatter.write_str("the gist is too large to check: keep one small file in it"),
            Self::Secret => formatter.write_str("the gist is secret: make it public"),
        }
    }
}

/// The result of the checks of a gist's owner so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerRecord {
    /// Which gist.
    pub gist: GistName,
    /// The polling round of the last check, answered or not.
    pub asked_round: Block,
    /// The owner's numeric id when it was first seen.
    pub owner_id: Option<u64>,
    /// Checks in a row that found no such gist, or a blocked one.
    pub absences: u32,
    /// Why its content is refused, if it is.
    pub refusal: Option<OwnerRefusal>,
}

impl OwnerRecord {
    /// What is known after one more answer.
    pub fn after(previous: Option<&Self>, gist: GistName, round: Block, answer: &OwnerAnswer) -> Self {
        let pinned = previous.and_then(|record| record.owner_id);
        let before = || {
            let unknown = Self { gist: gist.clone(), asked_round: round, owner_id: None, absences: 0, refusal: None };
            previous.cloned().unwrap_or(unknown)
        };
        match answer {
            OwnerAnswer::Unanswered | OwnerAnswer::Undescribed => Self { asked_round: round, ..before() },
            OwnerAnswer::TooLarge => {
                Self { asked_round: round, absences: 0, refusal: Some(OwnerRefusal::TooLarge), ..before() }
            }
            OwnerAnswer::NotFound | OwnerAnswer::Blocked => {
                let before = before();
                let absences = before.absences.saturating_add(1);
                let absent = if *answer == OwnerAnswer::Blocked { OwnerRefusal::Blocked } else { OwnerRefusal::Gone };
                let refusal = if absences >= CHECKS_TO_BE_GONE { Some(absent) } else { before.refusal };
                Self { asked_round: round, absences, refusal, ..before }
            }
            OwnerAnswer::Described { login, owner_id, public } => {
                let refusal = refusal(&gist, pinned, login.as_deref(), *owner_id, *public);
                // A third party's account must not be pinned by a hotkey that points to its gist.
                let is_theirs = !matches!(refusal, Some(OwnerRefusal::AnotherLogin { .. }));
                let owner_id = pinned.or(owner_id.filter(|_| is_theirs));
                Self { gist, asked_round: round, owner_id, absences: 0, refusal }
            }
        }
    }

    /// Whether GitHub confirmed the owner once and refuses nothing since.
    pub const fn is_confirmed(&self) -> bool {
        self.owner_id.is_some() && self.refusal.is_none()
    }

    /// Whether it should be checked again soon: not confirmed, or not found the last time.
    pub const fn is_in_doubt(&self) -> bool {
        !self.is_confirmed() || self.absences > 0
    }
}

fn refusal(
    gist: &GistName,
    pinned: Option<u64>,
    login: Option<&str>,
    owner_id: Option<u64>,
    public: Option<bool>,
) -> Option<OwnerRefusal> {
    // GitHub's logins are not case-sensitive.
    if !login.is_some_and(|login| login.eq_ignore_ascii_case(&gist.username)) {
        return Some(OwnerRefusal::AnotherLogin { login: login.map(str::to_owned) });
    }
    if let (Some(pinned), Some(found)) = (pinned, owner_id)
        && pinned != found
    {
        return Some(OwnerRefusal::AnotherAccount { pinned, found });
    }
    (public == Some(false)).then_some(OwnerRefusal::Secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(login: &str, owner_id: u64, public: bool) -> OwnerAnswer {
        OwnerAnswer::Described { login: Some(login.to_owned()), owner_id: Some(owner_id), public: Some(public) }
    }

    /// The record of `alice`'s gist after these answers, one a round.
    fn record(answers: &[OwnerAnswer]) -> OwnerRecord {
        let gist = GistName { username: "alice".to_owned(), gist_id: "0a".to_owned() };
        let rounds = (0..).step_by(25).zip(answers);
        rounds
            .fold(None, |record, (round, answer)| {
                Some(OwnerRecord::after(record.as_ref(), gist.clone(), round, answer))
            })
            .expect("an answer")
    }

    #[test]
    fn only_the_account_that_was_seen_first_owns_a_gist() {
        use OwnerRefusal::*;
        let mine = || described("Alice", 7, true);
        let login = |login: &str| Some(AnotherLogin { login: Some(login.to_owned()) });
        for (answers, owner_id, refusal) in [
            (vec![mine()], Some(7), None),
            (vec![described("mallory", 9, true)], None, login("mallory")),
            (vec![described("mallory", 9, true), mine()], Some(7), None),
            (vec![mine(), described("renamed", 7, true)], Some(7), login("renamed")),
            (vec![mine(), described("alice", 9, true)], Some(7), Some(AnotherAccount { pinned: 7, found: 9 })),
            (vec![mine(), described("alice", 9, true), mine()], Some(7), None),
            (vec![described("alice", 7, false)], Some(7), Some(Secret)),
            (vec![described("alice", 7, false), mine()], Some(7), None),
            (
                vec![OwnerAnswer::Described { login: None, owner_id: None, public: Some(true) }],
                None,
                Some(AnotherLogin { login: None }),
            ),
        ] {
            let record = record(&answers);
            assert_eq!((record.owner_id, &record.refusal), (owner_id, &refusal), "{answers:?}");
            assert_eq!(record.is_confirmed(), refusal.is_none());
        }
    }

    #[test]
    fn silence_of_github_changes_nothing_and_a_gist_too_large_does_not_count() {
        let mine = || described("alice", 7, true);
        for answers in [vec![mine()], vec![described("alice", 7, false)], vec![mine(), OwnerAnswer::NotFound]] {
            let before = record(&answers);
            for silence in [OwnerAnswer::Unanswered, OwnerAnswer::Undescribed] {
                let after = record(&[answers.clone(), vec![silence]].concat());
                let expected = OwnerRecord { asked_round: before.asked_round + 25, ..before.clone() };
                assert_eq!(after, expected, "{answers:?}");
            }
        }
        assert!(!record(&[OwnerAnswer::Unanswered]).is_confirmed());
        assert_eq!(record(&[mine(), OwnerAnswer::TooLarge]).refusal, Some(OwnerRefusal::TooLarge));
        assert!(record(&[OwnerAnswer::TooLarge, mine()]).is_confirmed());
    }

    #[test]
    fn a_gist_is_gone_only_when_it_is_not_found_twice_in_a_row() {
        let (mine, none) = (|| described("alice", 7, true), || OwnerAnswer::NotFound);
        for (answers, refusal) in [
            (vec![mine(), none()], None),
            (vec![mine(), none(), mine(), none()], None),
            (vec![mine(), none(), none()], Some(OwnerRefusal::Gone)),
            (vec![none(), none(), mine()], None),
            (vec![described("alice", 7, false), none()], Some(OwnerRefusal::Secret)),
            (vec![mine(), OwnerAnswer::Blocked], None),
            (vec![mine(), none(), OwnerAnswer::Blocked], Some(OwnerRefusal::Blocked)),
            (vec![mine(), OwnerAnswer::Blocked, OwnerAnswer::Blocked, mine()], None),
        ] {
            let record = record(&answers);
            assert_eq!((record.owner_id.is_some(), record.refusal), (true, refusal), "{answers:?}");
        }
        assert!(!record(&[none()]).is_confirmed());
        let missed = record(&[mine(), none()]);
        assert!(missed.is_confirmed() && missed.is_in_doubt(), "one miss has no effect, and is checked again");
    }
}
