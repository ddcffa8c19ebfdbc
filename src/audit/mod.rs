//! `audit`: what an operator should look at after a cycle, in words for people and as JSON for programs.

use crate::report::one_line;
use crate::story::wrapped;
use crate::telemetry::visible;
use serde::Serialize;
use tensorflix_domain::audit::{Audit, Hint, audit};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::record::DecidedCycle;
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

/// Looks through a decided cycle and its subnet; `before` are the scores of an earlier one.
pub fn audited(decided: &DecidedCycle, subnet: &Subnet, before: Option<&ScoreVector>) -> Audited {
    Audited { cycle: decided.cycle, at: decided.evidence.at, audit: audit(decided, subnet, before) }
}

/// One JSON object on one line.
pub fn to_json(audited: &Audited) -> String {
    one_line(audited)
}

/// Paragraphs of a terminal's width, with a line end after the last.
pub fn to_text(audited: &Audited) -> String {
    let Audited { cycle, at, audit } = audited;
    let mut text = match audit.hints.len() {
        0 => format!("Cycle {cycle} at block {}: nothing to look at.\n", at.block),
        1 => format!("Cycle {cycle} at block {}: 1 hint. Hints prove nothing and change no score.\n", at.block),
        count => {
            format!("Cycle {cycle} at block {}: {count} hints. Hints prove nothing and change no score.\n", at.block)
        }
    };
    for hint in &audit.hints {
        text.push('\n');
        text.push_str(&wrapped("", "- ", &visible(&words(hint))));
    }
    if audit.untold > 0 {
        text.push_str(&format!("\nand {} more of the same kinds, with less weight behind them.\n", audit.untold));
    }
    text
}

/// Writes the hints that are new or have changed since `before` into the log, one line each.
pub fn log(audited: &Audited, before: Option<&Audit>) {
    let (cycle, untold) = (audited.cycle, audited.audit.untold);
    for hint in news(&audited.audit, before) {
        tracing::warn!(cycle, "look at this: {}", visible(&words(hint)));
    }
    if untold > 0 && before.is_none_or(|before| before.untold < untold) {
        tracing::warn!(cycle, untold, "more of the same kinds: see `tensorflix audit`");
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

/// A hint in words: what was seen, and what to look at.
fn words(hint: &Hint) -> String {
    match hint {
        Hint::UntaggedWinner { uid, task_id, content_id, share } => format!(
            "{content_id} of UID {uid} has {} of what counts in task {task_id}, and its text names no hotkey: is it the \
             miner's own? `[rules] ownership_tag = \"required\"` asks for proof.",
            percent(*share)
        ),
        Hint::SharedGist { gist, uids } => {
            format!("UIDs {} commit the same gist {gist}: whose is it?", listed(uids))
        }
        Hint::Tie { uid, task_id, content_id, others, settled_by } => format!(
            "{content_id} of task {task_id} went to UID {uid}, {}. Also listed by {}: if they complain, look at the \
             video's own text and at the gists' history.",
            tie_words(*settled_by),
            if others.is_empty() { "nobody any more".to_owned() } else { format!("UIDs {}", listed(others)) }
        ),
        Hint::SuddenGain { uid, before, now } => format!(
            "UID {uid} went from {} to {} of all scores in one cycle: `tensorflix explain --uid {uid}` shows with what.",
            percent(*before),
            percent(*now)
        ),
        Hint::SharedChannel { uids, content_ids } => format!(
            "UIDs {} earn with contents of one channel ({}): one person with several hotkeys? Caps are in `[defences]`.",
            listed(uids),
            content_ids.join(", ")
        ),
        Hint::ConcentratedTask { uid, task_id, share } => format!(
            "UID {uid} has {} of what counts in task {task_id}: does only one miner know the task?",
            percent(*share)
        ),
        Hint::Reupload { uid, content_id, original_uid, original_content_id } => format!(
            "{content_id} of UID {uid} has title and length of {original_content_id} of UID {original_uid}, which another \
             channel published earlier: look at both."
        ),
    }
}

const fn tie_words(settled_by: SettledBy) -> &'static str {
    match settled_by {
        SettledBy::GistUpdate => "because its gist was changed earlier, as GitHub says",
        SettledBy::CommitmentBlock => "because its commitment is older, which proves nothing",
        _ => "because its UID is lower, which proves nothing",
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn listed(uids: &[Uid]) -> String {
    uids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
