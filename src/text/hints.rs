//! Hints for the operator, in words.

use tensorflix_domain::audit::Hint;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::ids::Uid;

/// A hint in words: what was found, and what to check.
pub(crate) fn hint_words(hint: &Hint) -> String {
    match hint {
        Hint::UntaggedWinner { uid, task_id, content_id, share } => format!(
            "{content_id} of UID {uid} earns {} of task {task_id}, and its text names no hotkey: check that it is the \
             miner's own. `[rules] ownership_tag = \"required\"` demands proof.",
            percent(*share)
        ),
        Hint::SharedGist { gist, uids } => {
            format!("UIDs {} commit the same gist {gist}: check which of them owns it.", listed(uids))
        }
        Hint::Tie { uid, task_id, content_id, others, settled_by } => format!(
            "{content_id} of task {task_id} went to UID {uid}, {}. Also listed by {}: if they complain, check the \
             video's text and the history of the gists.",
            tie_words(*settled_by),
            if others.is_empty() { "no other miner now".to_owned() } else { named(others) }
        ),
        Hint::SuddenGain { uid, before, now } => format!(
            "UID {uid} went from {} to {} of all scores in one cycle: run `tensorflix explain --uid {uid}` to see why.",
            percent(*before),
            percent(*now)
        ),
        Hint::SharedChannel { uids, content_ids } => format!(
            "UIDs {} earn with items of one channel ({}): possibly one person with several hotkeys. Limits are in \
            `[defences]`.",
            listed(uids),
            content_ids.join(", ")
        ),
        Hint::ConcentratedTask { uid, task_id, share } => {
            format!("UID {uid} earns {} of task {task_id}: possibly only one miner knows the task.", percent(*share))
        }
        Hint::Reupload { uid, content_id, original_uid, original_content_id } => format!(
            "{content_id} of UID {uid} has the same title and length as {original_content_id} of UID {original_uid}, which \
             another channel published earlier: compare the two."
        ),
    }
}

const fn tie_words(settled_by: SettledBy) -> &'static str {
    match settled_by {
        SettledBy::GistUpdate => "because GitHub dates its gist earlier",
        SettledBy::CommitmentBlock => "because its commitment is older, which is no proof",
        _ => "because its UID is lower, which is no proof",
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn named(uids: &[Uid]) -> String {
    format!("{} {}", if uids.len() == 1 { "UID" } else { "UIDs" }, listed(uids))
}

fn listed(uids: &[Uid]) -> String {
    uids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
