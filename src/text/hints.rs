//! Hints for the operator, in words.

use tensorflix_domain::audit::Hint;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::ids::Uid;

/// A hint in words: what was seen, and what to look at.
pub(crate) fn hint_words(hint: &Hint) -> String {
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
