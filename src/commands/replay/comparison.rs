//! Recomputing a recorded cycle from its own evidence.
//!
//! Under its own policy the results must be the same, bit for bit: submissions, scores, and the weights that were sent for them.
//! A cycle with an unknown version of the rules is not replayed. Under another policy the replay shows what that would have paid
//! ([`Payout`]). Nothing is read from outside the record, and nothing is changed.

use crate::commands::stored::recorded::{RecordedCycle, SentWeights};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::again::decide_again;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::profile::Profile;
use tensorflix_domain::rules::UnknownRules;
use tensorflix_domain::weights::{ScoreVector, WeightEntry, weight_vector};

/// Most differences of one cycle that are listed; the first ones show what went wrong.
const MOST_DIFFERENCES: usize = 10;

/// The result of recomputing a cycle under its own policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The cycle.
    pub cycle: u32,
    /// The release that decided it.
    pub release: String,
    /// The profile that its policy names.
    pub profile: Option<Profile>,
    /// Why it was not recomputed, if it was not: then there is nothing to compare.
    pub refusal: Option<UnknownRules>,
    /// Submissions that were judged again.
    pub submission_count: usize,
    /// Hotkeys that have a score.
    pub score_count: usize,
    /// The first differences, in words; none if all is identical.
    pub differences: Vec<String>,
    /// How the weights that were sent compare.
    pub weights: WeightsReplay,
}

impl Replay {
    /// Whether all that was compared is identical.
    pub const fn is_identical(&self) -> bool {
        self.refusal.is_none() && self.differences.is_empty()
    }
}

/// How the weights that were sent compare with those of the scores. Only the first ones of a cycle are compared: they were
/// sent for its decision, and all others map its hotkeys to the UIDs of a later block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightsReplay {
    /// None were signed for this cycle, or the cycle was not replayed.
    NoneSent,
    /// They are compared; differences are among those of the [`Replay`].
    Compared {
        /// The block that they were signed at.
        signed_at: Block,
        /// UIDs that got no weight although they have a score: they changed hands between the cycle's block and the
        /// block of signing.
        left_out: Vec<Uid>,
        /// Weights that were sent again later and are not compared.
        resends: usize,
    },
}

/// Recomputes a cycle and compares all bits.
pub fn replay(recorded: &RecordedCycle) -> Replay {
    let stored = &recorded.decided;
    let decision = match decide_again(&stored.evidence, &stored.policy) {
        Ok(decision) => decision,
        Err(refusal) => return refused(recorded, refusal),
    };
    let mut differences = Differences::default();
    differences.of_submissions(&stored.submissions, &decision.submissions);
    differences.of_scores("smoothed score", &stored.smoothed, &decision.smoothed);
    differences.of_scores("score", &stored.scores, &decision.scores);
    let weights = match recorded.sent.split_first() {
        None => WeightsReplay::NoneSent,
        Some((first, later)) => WeightsReplay::Compared {
            signed_at: first.signed_at.block,
            left_out: differences.of_weights(first, &decision.scores, recorded),
            resends: later.len(),
        },
    };
    Replay {
        cycle: stored.cycle,
        release: stored.release.clone(),
        profile: stored.policy.profile,
        refusal: None,
        submission_count: stored.submissions.len(),
        score_count: stored.scores.len(),
        differences: differences.told(),
        weights,
    }
}

fn refused(recorded: &RecordedCycle, refusal: UnknownRules) -> Replay {
    Replay {
        cycle: recorded.decided.cycle,
        release: recorded.decided.release.clone(),
        profile: recorded.decided.policy.profile,
        refusal: Some(refusal),
        submission_count: 0,
        score_count: 0,
        differences: Vec::new(),
        weights: WeightsReplay::NoneSent,
    }
}

/// Whether two numbers have the same bits: 0 is not −0, and NaN would be NaN.
fn same_bits(left: Option<f64>, right: Option<f64>) -> bool {
    left.map(f64::to_bits) == right.map(f64::to_bits)
}

/// Whether two submissions are the same in every part, numbers bit for bit.
fn is_same(left: &Judged, right: &Judged) -> bool {
    // Comparing whole records keeps what a later release adds from being forgotten here.
    let without_numbers =
        |judged: &Judged| Judged { score: None, counted_share: None, normalized_score: None, ..judged.clone() };
    same_bits(left.score, right.score)
        && same_bits(left.counted_share, right.counted_share)
        && same_bits(left.normalized_score, right.normalized_score)
        && without_numbers(left) == without_numbers(right)
}

/// Differences in the order in which they were found; those beyond [`MOST_DIFFERENCES`] are counted.
#[derive(Default)]
struct Differences {
    words: Vec<String>,
    untold: usize,
}

impl Differences {
    fn add(&mut self, words: impl FnOnce() -> String) {
        if self.words.len() < MOST_DIFFERENCES {
            self.words.push(words());
        } else {
            self.untold += 1;
        }
    }

    fn told(mut self) -> Vec<String> {
        if self.untold > 0 {
            self.words.push(format!("and {} more", self.untold));
        }
        self.words
    }

    fn of_submissions(&mut self, stored: &[Judged], again: &[Judged]) {
        if stored.len() != again.len() {
            self.add(|| format!("{} submissions are stored, and {} are recomputed", stored.len(), again.len()));
        }
        for (stored, again) in stored.iter().zip(again).filter(|(stored, again)| !is_same(stored, again)) {
            self.add(|| {
                format!(
                    "submission {} for task {} of UID {}: stored {}, recomputed {}",
                    stored.content_id,
                    stored.task_id,
                    stored.uid,
                    outcome_words(stored),
                    outcome_words(again)
                )
            });
        }
    }

    fn of_scores(&mut self, what: &str, stored: &ScoreVector, again: &ScoreVector) {
        let hotkeys: BTreeSet<&Hotkey> = stored.keys().chain(again.keys()).collect();
        for hotkey in hotkeys {
            let (before, now) = (stored.get(hotkey).copied(), again.get(hotkey).copied());
            if !same_bits(before, now) {
                self.add(|| {
                    format!("{what} of {hotkey}: stored {}, recomputed {}", number_words(before), number_words(now))
                });
            }
        }
    }

    /// Compares what was sent with what the scores give, and says which UIDs were left out because they changed hands.
    fn of_weights(&mut self, sent: &SentWeights, scores: &ScoreVector, recorded: &RecordedCycle) -> Vec<Uid> {
        let scores = match recorded.subnet.owner_hotkey {
            // If nothing ever qualified, all weight is burnt.
            Some(owner) if scores.is_empty() => ScoreVector::from([(owner, 1.0)]),
            _ => scores.clone(),
        };
        let expected = weight_vector(&scores, &recorded.subnet);
        if expected == sent.entries {
            return Vec::new();
        }
        let signed_later = sent.signed_at.block > recorded.subnet.at.block;
        let left_out = if signed_later { left_out(&expected, &sent.entries) } else { Vec::new() };
        if !left_out.is_empty() {
            let gone: BTreeSet<Hotkey> = left_out.iter().filter_map(|uid| recorded.holder_of(*uid)).collect();
            let rest = scores.into_iter().filter(|(hotkey, _)| !gone.contains(hotkey)).collect();
            if positive(&weight_vector(&rest, &recorded.subnet)) == positive(&sent.entries) {
                return left_out;
            }
        }
        let (expected, actual) = (positive(&expected), positive(&sent.entries));
        let uids: BTreeSet<Uid> = expected.keys().chain(actual.keys()).copied().collect();
        let weight = |entries: &BTreeMap<Uid, u16>, uid| entries.get(uid).copied().unwrap_or(0);
        for uid in uids.iter().filter(|uid| weight(&expected, uid) != weight(&actual, uid)) {
            self.add(|| {
                let (sent, again) = (weight(&actual, uid), weight(&expected, uid));
                format!("weight of UID {uid}: sent {sent}, recomputed {again}")
            });
        }
        if expected == actual && !signed_later {
            self.add(|| "the zero weights that fill up to the chain's minimum number".to_owned());
        }
        Vec::new()
    }
}

/// UIDs that should have a weight and got none.
fn left_out(expected: &[WeightEntry], sent: &[WeightEntry]) -> Vec<Uid> {
    let sent = positive(sent);
    positive(expected).into_keys().filter(|uid| !sent.contains_key(uid)).collect()
}

fn positive(entries: &[WeightEntry]) -> BTreeMap<Uid, u16> {
    entries.iter().copied().filter(|(_, weight)| *weight > 0).collect()
}

fn outcome_words(judged: &Judged) -> String {
    let reason = judged.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let (score, share) = (number_words(judged.score), number_words(judged.normalized_score));
    let views = judged.view_count.map_or("no views".to_owned(), |views| format!("{views} views"));
    format!("{}{reason}, {views}, score {score}, normalised {share}", judged.status)
}

fn number_words(number: Option<f64>) -> String {
    number.map_or("none".to_owned(), |number| format!("{number:?}"))
}
