//! One miner's part of a cycle: what its submissions earn, and what weight was sent for it.

use super::recovery::{self, DebtStory};
use crate::commands::stored::recorded::{RecordedCycle, SentWeights};
use serde::Serialize;
use tensorflix_domain::cycle::ReportedError;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::intent::IntentOutcome;
use tensorflix_domain::policy::{Aggregate, Policy};
use tensorflix_domain::verdict::Status;
use tensorflix_domain::weights::ScoreVector;

/// What a miner got, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MinerStory {
    /// Its UID at the cycle's block.
    pub uid: Uid,
    /// Its hotkey.
    pub hotkey: Hotkey,
    /// Its submissions that count.
    pub accepted: usize,
    /// Its submissions that are rejected.
    pub rejected: usize,
    /// Its submissions that are pending.
    pub pending: usize,
    /// What they earn, before smoothing and cuts.
    pub earned: f64,
    /// Its score; 0 if it has none.
    pub score: f64,
    /// Its score as a part of all, 0 to 1.
    pub share: f64,
    /// What it owes for earlier cycles, newest first.
    pub recovery: Vec<DebtStory>,
    /// How the score follows from what was earned, and what limits it.
    pub notes: Vec<String>,
    /// Problems with its commitment or gist.
    pub problems: Vec<ReportedError>,
    /// What was signed for it, oldest first.
    pub weights: Vec<SentWeight>,
}

/// A miner's entry in weights that were signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SentWeight {
    /// Its weight, 0 to 65535.
    pub weight: u16,
    /// First block of the window.
    pub window: Block,
    /// The block of signing.
    pub signed_block: Block,
    /// The block that holds the weights, if they are on chain.
    pub block: Option<Block>,
    /// The outcome; `None` while it is not known.
    pub outcome: Option<IntentOutcome>,
}

/// The story of the neuron with this UID; `None` if there is none at the cycle's block. `earned` is what all miners earned.
pub(crate) fn tell(recorded: &RecordedCycle, earned: &ScoreVector, uid: Uid) -> Option<MinerStory> {
    let decided = &recorded.decided;
    let hotkey = recorded.holder_of(uid)?;
    let count =
        |status| decided.submissions.iter().filter(|judged| judged.uid == uid && judged.status == status).count();
    let (earned, score) = (number(earned, &hotkey), number(&decided.scores, &hotkey));
    let total: f64 = decided.scores.values().sum();
    let mut story = MinerStory {
        uid,
        hotkey,
        accepted: count(Status::Accepted),
        rejected: count(Status::Rejected),
        pending: count(Status::Pending),
        earned,
        score,
        share: if total > 0.0 { score / total } else { 0.0 },
        recovery: recovery::tell(decided, &hotkey),
        notes: Vec::new(),
        problems: decided.errors.iter().filter(|error| error.uid == Some(uid)).cloned().collect(),
        weights: recorded.sent.iter().map(|sent| sent_weight(sent, uid)).collect(),
    };
    story.notes.extend(absence(recorded, &story));
    story.notes.extend(score_notes(recorded, &story));
    story.notes.extend(sending_notes(recorded));
    Some(story)
}

fn number(scores: &ScoreVector, hotkey: &Hotkey) -> f64 {
    scores.get(hotkey).copied().unwrap_or(0.0)
}

fn sent_weight(sent: &SentWeights, uid: Uid) -> SentWeight {
    SentWeight {
        weight: sent.weight_of(uid),
        window: sent.window,
        signed_block: sent.signed_at.block,
        block: sent.confirmed_in(),
        outcome: sent.outcome.clone(),
    }
}

/// Why the miner has no submissions in the cycle, if it has none.
fn absence(recorded: &RecordedCycle, story: &MinerStory) -> Option<String> {
    let is_miner = recorded.decided.evidence.miners.iter().any(|miner| miner.hotkey == story.hotkey);
    if is_miner {
        let count = story.accepted + story.rejected + story.pending;
        return (count == 0).then(|| "Its gist lists no submissions: add some.".to_owned());
    }
    let neuron = recorded.subnet.neuron(&story.hotkey)?;
    let words = match &neuron.commitment {
        None => {
            "It commits no gist on chain, so there is nothing to score: commit one with `tensorflix commit --commit \
             USER:GIST`."
        }
        Some(commitment) if commitment.pointer().is_none() => {
            "Its commitment on chain is not `username:gist_id`, so there is nothing to score: commit again."
        }
        Some(_) if story.problems.is_empty() => {
            "Its gist lists a validator's tasks and no submissions, or it is this validator's own hotkey, which is never \
             scored."
        }
        Some(_) => "Its gist could not be read in time for this cycle, so there is nothing to score.",
    };
    Some(words.to_owned())
}

/// How the score follows from what was earned.
fn score_notes(recorded: &RecordedCycle, story: &MinerStory) -> Vec<String> {
    let policy: &Policy = &recorded.decided.policy;
    let mut notes = Vec::new();
    if story.earned > 0.0 {
        let words = match policy.aggregate {
            Aggregate::Sum => {
                "It earned the sum of the normalised scores (each at most 1) of all submissions that count, up to {most} in \
                 each task"
            }
            Aggregate::Best => "It earned the best normalised score of its submissions in each task",
        };
        let is_weighted = recorded.decided.evidence.tasks.iter().any(|task| task.weight.to_bits() != 1.0_f64.to_bits());
        let words = words.replace("{most}", &policy.max_per_miner_and_task.to_string());
        notes.push(format!("{words}{}.", if is_weighted { ", times the weight of the task" } else { "" }));
    }
    if policy.ema_half_life_hours > 0.0 {
        notes.push(format!(
            "Scores are smoothed over time: an earlier score counts half after {} hours.",
            policy.ema_half_life_hours
        ));
    }
    let is_owner = recorded.decided.evidence.owner_hotkey == Some(story.hotkey);
    if policy.burn_share > 0.0 {
        notes.push(match is_owner {
            true => format!("It is the subnet owner's hotkey, which gets the burnt share of {}.", policy.burn_share),
            false => format!("A share of {} of all weight is burnt.", policy.burn_share),
        });
    }
    if story.earned > 0.0 && story.score == 0.0 && policy.top_n > 0 {
        notes.push(format!("Only the {} highest scores are paid, and this is not one of them.", policy.top_n));
    }
    notes
}

/// Notes on the weights of the whole cycle.
fn sending_notes(recorded: &RecordedCycle) -> Option<String> {
    if !recorded.sent.is_empty() {
        return None;
    }
    let words = if recorded.decided.scores.is_empty() {
        "Nothing qualified in this cycle: the weights of the newest cycle with a qualifying submission are sent again."
    } else {
        "No weights were signed for this cycle: it was a dry run, sending is still due, or sending failed; the log says \
         which."
    };
    Some(words.to_owned())
}
