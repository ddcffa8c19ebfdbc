//! A replay as one JSON object on one line.

use super::comparison::{Replay, WeightsReplay};
use super::payout::Payout;
use crate::commands::stored::recorded::policy_sha256;
use crate::text::json::one_line;
use serde::Serialize;
use std::collections::BTreeSet;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::policy::Policy;
use tensorflix_domain::profile::Profile;

#[derive(Serialize)]
struct Object<'a> {
    cycle: u32,
    release: &'a str,
    /// The profile that its policy names; null in cycles of releases without profiles.
    profile: Option<Profile>,
    /// Null if it was not replayed.
    identical: Option<bool>,
    not_replayed: Option<String>,
    submissions: usize,
    scores: usize,
    differences: &'a [String],
    weights: Option<Weights<'a>>,
    other_policy: Option<Other<'a>>,
}

#[derive(Serialize)]
struct Weights<'a> {
    signed_block: Block,
    left_out: &'a [Uid],
    resends_not_compared: usize,
}

#[derive(Serialize)]
struct Other<'a> {
    policy: &'a Policy,
    policy_sha256: String,
    miners: Vec<Miner>,
    judged_otherwise: Vec<Change<'a>>,
    caveats: &'a BTreeSet<&'static str>,
}

#[derive(Serialize)]
struct Miner {
    uid: Option<Uid>,
    hotkey: Hotkey,
    old_share: f64,
    new_share: f64,
}

#[derive(Serialize)]
struct Change<'a> {
    from: &'a str,
    to: &'a str,
    count: usize,
}

/// The object, on one line without a line break. `weights` is null if none were sent, `other_policy` if none was asked for.
pub fn to_json(replay: &Replay, other: Option<(&Policy, &Payout)>) -> String {
    let weights = match &replay.weights {
        WeightsReplay::NoneSent => None,
        WeightsReplay::Compared { signed_at, left_out, resends } => {
            Some(Weights { signed_block: *signed_at, left_out, resends_not_compared: *resends })
        }
    };
    one_line(&Object {
        cycle: replay.cycle,
        release: &replay.release,
        profile: replay.profile,
        identical: replay.refusal.is_none().then(|| replay.is_identical()),
        not_replayed: replay.refusal.map(|refusal| refusal.to_string()),
        submissions: replay.submission_count,
        scores: replay.score_count,
        differences: &replay.differences,
        weights,
        other_policy: other.map(|(policy, payout)| other_object(policy, payout)),
    })
}

fn other_object<'a>(policy: &'a Policy, payout: &'a Payout) -> Other<'a> {
    let miners = payout.miners.iter().map(|miner| Miner {
        uid: miner.uid,
        hotkey: miner.hotkey,
        old_share: miner.old_share,
        new_share: miner.new_share,
    });
    let changes = payout.judged_otherwise.iter().map(|((from, to), count)| Change { from, to, count: *count });
    Other {
        policy,
        policy_sha256: policy_sha256(policy),
        miners: miners.collect(),
        judged_otherwise: changes.collect(),
        caveats: &payout.caveats,
    }
}
