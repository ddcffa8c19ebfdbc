//! `audit`: what an operator should check after a cycle, as text for people and as JSON for programs.

use crate::text::hints::hint_words;
use crate::text::visible::visible;
use serde::Serialize;
use tensorflix_domain::audit::{Audit, Hint, audit};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::ScoreVector;

/// The hints of one cycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audited {
    /// The cycle.
    pub cycle: u32,
    /// The block it opened at.
    pub at: BlockStamp,
    /// What was found.
    #[serde(flatten)]
    pub audit: Audit,
}

/// Searches a decided cycle and its subnet for hints; `before` holds the scores of an earlier cycle.
pub fn audited(decided: &DecidedCycle, subnet: &Subnet, before: Option<&ScoreVector>) -> Audited {
    Audited { cycle: decided.cycle, at: decided.evidence.at, audit: audit(decided, subnet, before) }
}

/// Writes the hints that are new or have changed since `before` into the log, one line each.
pub fn log(audited: &Audited, before: Option<&Audit>) {
    let (cycle, untold) = (audited.cycle, audited.audit.untold);
    for hint in news(&audited.audit, before) {
        tracing::warn!(cycle, "audit hint: {}", visible(&hint_words(hint)));
    }
    if untold > 0 && before.is_none_or(|before| before.untold < untold) {
        tracing::warn!(cycle, untold, "more audit hints of the same kinds: run `tensorflix audit`");
    }
}

/// The hints of a cycle that the one before did not have.
fn news<'a>(audit: &'a Audit, before: Option<&Audit>) -> Vec<&'a Hint> {
    let known = before.map_or(&[][..], |before| &before.hints);
    audit.hints.iter().filter(|hint| !known.iter().any(|known| is_same(hint, known))).collect()
}

/// Whether two hints say the same. A share moves a little with every cycle; a sudden gain is an event each time.
fn is_same(hint: &Hint, known: &Hint) -> bool {
    const CHANGED_BY: f64 = 0.1;
    let is_close = |left: f64, right: f64| (left - right).abs() < CHANGED_BY;
    match (hint, known) {
        (
            Hint::UntaggedWinner { uid, task_id, content_id, share },
            Hint::UntaggedWinner { uid: known_uid, task_id: known_task, content_id: known_content, share: before },
        ) => (uid, task_id, content_id) == (known_uid, known_task, known_content) && is_close(*share, *before),
        (
            Hint::ConcentratedTask { uid, task_id, share },
            Hint::ConcentratedTask { uid: known_uid, task_id: known_task, share: before },
        ) => (uid, task_id) == (known_uid, known_task) && is_close(*share, *before),
        (Hint::SuddenGain { .. }, _) => false,
        _ => hint == known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::ids::Uid;

    fn gist(uids: &[Uid]) -> Hint {
        Hint::SharedGist { gist: "alice:0a".to_owned(), uids: uids.to_vec() }
    }

    fn winner(uid: Uid, share: f64) -> Hint {
        Hint::UntaggedWinner { uid, task_id: "t".to_owned(), content_id: "c".to_owned(), share }
    }

    #[test]
    fn only_what_is_new_or_has_changed_is_told_again() {
        let of = |hints: &[Hint]| Audit { hints: hints.to_vec(), untold: 0 };
        let gain = Hint::SuddenGain { uid: 3, before: 0.1, now: 0.4 };
        let before = of(&[gist(&[1, 2]), winner(5, 0.4), gain.clone()]);
        for (hint, is_news) in [
            (gist(&[1, 2]), false),
            (gist(&[1, 2, 7]), true),
            (winner(5, 0.43), false),
            (winner(5, 0.6), true),
            (winner(6, 0.4), true),
            (gain, true),
        ] {
            let audit = of(std::slice::from_ref(&hint));
            assert_eq!(!news(&audit, Some(&before)).is_empty(), is_news, "{hint:?}");
            assert_eq!(news(&audit, None), [&hint], "at first everything is news");
        }
    }
}
