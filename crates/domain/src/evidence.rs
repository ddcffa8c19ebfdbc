//! All that a cycle decides from, gathered before it decides.
//!
//! Evidence and [`Policy`](crate::policy::Policy) are the only inputs of a decision. Only what a rule reads is held, so
//! that a hundred thousand items fit in memory; texts stay in the store.

use crate::chain_time::{BlockStamp, Moment};
use crate::claim::Claim;
use crate::dating::Dating;
use crate::gist_owner::GistName;
use crate::ids::{Block, ContentId, Hotkey, Uid};
use crate::observation::Broadcast;
use crate::recovery::Recovery;
use crate::rounds::{Rounds, Timeline, UnwatchedBlocks};
use crate::submission::Pair;
use crate::task::Task;
use crate::traffic::TrafficFinding;
use crate::verdict::Reason;
use crate::verification::VerificationEvidence;
use crate::weights::ScoreVector;
use blake2::{Blake2b512, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The evidence of one cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The block that the cycle opened at.
    pub at: BlockStamp,
    /// The tasks that count, in the order of reports.
    pub tasks: Vec<WeightedTask>,
    /// Miners in the order of their UIDs, our own hotkey left out.
    pub miners: Vec<Miner>,
    /// Claims of registered hotkeys on pairs that hold a place in a known task.
    pub claims: Vec<BoundClaim>,
    /// What is known of each item. An item that is missing here was never observed.
    #[serde(with = "contents_as_list")]
    pub contents: BTreeMap<ContentId, ContentEvidence>,
    /// What had been earned up to the cycle before, for smoothing.
    pub previous: Option<PreviousScores>,
    /// What earlier cycles paid too much; `None` where nothing is known of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Box<Recovery>>,
    /// The hotkey to which burnt weight goes.
    pub owner_hotkey: Option<Hotkey>,
    /// Blocks in which no gist was read, oldest first: what was listed in them is dated by the round after.
    #[serde(default)]
    pub unwatched: Vec<UnwatchedBlocks>,
    /// The grid of polling rounds, with the times of those blocks that date claims in dispute.
    #[serde(default)]
    pub rounds: Rounds,
}

impl Evidence {
    /// What turns the blocks of claims into times.
    #[must_use]
    pub const fn timeline(&self) -> Timeline<'_> {
        Timeline { rounds: &self.rounds, at: self.at }
    }
}

/// A task and its weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedTask {
    /// The task.
    pub task: Task,
    /// 1 for the tasks of a configured gist; for tasks of the network see [`crate::task_source::network_tasks`].
    pub weight: f64,
}

/// A registered hotkey with a readable submission gist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miner {
    /// Its UID at the cycle's block.
    pub uid: Uid,
    /// Its hotkey.
    pub hotkey: Hotkey,
    /// Its pairs in the order of its gist.
    pub pairs: Vec<Pair>,
    /// Whether GitHub confirmed that the gist belongs to the committed user. `false` also where it was not checked yet.
    #[serde(default)]
    pub owner_confirmed: bool,
    /// The owner of the hotkey, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Box<Person>>,
}

/// The owner of a hotkey. An unknown part is `None`, and equal to no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The coldkey that owns the hotkey, as the chain reports it.
    pub coldkey: Option<Hotkey>,
    /// GitHub's number of the account that owns the gist, as it was first seen.
    pub github_id: Option<u64>,
}

/// A claim that binds: its hotkey is registered at the cycle's block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "RecordedClaim")]
pub struct BoundClaim {
    /// The UID of the hotkey at that block.
    pub uid: Uid,
    /// The claim.
    pub claim: Claim,
    /// What is known of the date of its gist; nothing is requested unless the claim is in dispute.
    #[serde(skip_serializing_if = "Dating::is_open")]
    pub dating: Dating,
}

/// A claim as cycles of any release record it: early ones have the date of the gist within the claim.
#[derive(Deserialize)]
struct RecordedClaim {
    uid: Uid,
    claim: RecordedFields,
    #[serde(default)]
    dating: Dating,
}

#[derive(Deserialize)]
struct RecordedFields {
    task_id: String,
    content_id: String,
    hotkey: Hotkey,
    pinned_at: Option<Block>,
    round: Block,
    #[serde(default)]
    gist_updated_at: Option<Moment>,
    committed_at: Block,
    #[serde(default)]
    gist: Option<GistName>,
}

impl From<RecordedClaim> for BoundClaim {
    fn from(recorded: RecordedClaim) -> Self {
        let RecordedFields { task_id, content_id, hotkey, pinned_at, round, gist_updated_at, committed_at, gist } =
            recorded.claim;
        let dating = gist_updated_at.filter(|_| recorded.dating.is_open()).map_or(recorded.dating, Dating::Dated);
        let claim = Claim { task_id, content_id, hotkey, pinned_at, round, committed_at, gist };
        Self { uid: recorded.uid, claim, dating }
    }
}

/// What is known of one item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContentEvidence {
    /// The newest observation.
    pub latest: Option<LatestSighting>,
    /// Whether the platform ever reported it as existing.
    pub seen_before: bool,
    /// The newest count of views, with the block of the observation.
    pub views: Option<Measurement>,
    /// The newest count of plays.
    pub plays: Option<Measurement>,
    /// The hotkey that its text names: the newest text that was seen, also of an item that is gone since.
    pub owner_tag: Option<Hotkey>,
    /// How many different hotkeys that text names; the first one counts.
    #[serde(default)]
    pub named_hotkeys: u32,
    /// Why there is no newer observation, if the platform was asked for this cycle without success.
    pub shortfall: Option<Reason>,
    /// The verdicts of detectors; `None` where no check is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Box<VerificationEvidence>>,
    /// Whether its views are those of an audience; `None` if that is unknown, or was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<TrafficFinding>,
    /// Where it comes from, and since when it is known; `None` in cycles of releases that did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Box<Origin>>,
}

/// Where an item comes from, and since when it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Digest of the channel's id or the owner's user name ([`digest`]).
    pub channel: Option<u64>,
    /// Digest of its title's letters and its length ([`fingerprint`]); `None` if either is unknown.
    pub fingerprint: Option<u64>,
    /// Views when this validator first saw a count.
    pub first_views: Option<Measurement>,
    /// Plays when this validator first saw a count.
    pub first_plays: Option<Measurement>,
    /// The newest count used as views among the observations that are old enough to be settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<SettledViews>,
    /// Whether its newest statistics had views and hid likes.
    #[serde(default)]
    pub hides_engagement: bool,
}

/// A count of views or plays at an earlier time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledViews {
    /// The block time of the observation.
    pub time: Moment,
    /// The count.
    pub count: u64,
}

impl Origin {
    /// What follows from the details alone; empty texts give nothing.
    pub fn of(author: &str, title: &str, duration_secs: Option<u32>) -> Self {
        Self {
            channel: (!author.is_empty()).then(|| digest(author)),
            fingerprint: duration_secs.and_then(|seconds| fingerprint(title, seconds)),
            ..Self::default()
        }
    }
}

/// The first eight bytes of a text's BLAKE2b-512, as a number: texts are only compared.
pub fn digest(text: &str) -> u64 {
    let mut first = [0_u8; 8];
    first.copy_from_slice(&Blake2b512::digest(text.as_bytes())[..8]);
    u64::from_be_bytes(first)
}

/// A digest of a title's letters and digits in lower case, and of the length in seconds. `None` if the title has none.
pub fn fingerprint(title: &str, duration_secs: u32) -> Option<u64> {
    let letters: String =
        title.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    (!letters.is_empty()).then(|| digest(&format!("{duration_secs} {letters}")))
}

/// The newest observation of an item, without its statistics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatestSighting {
    /// Its block.
    pub at: BlockStamp,
    /// What was seen; `None` if the platform answered that there is no such item.
    pub presence: Option<SeenContent>,
}

/// What the rules read of an item that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenContent {
    /// When the platform published it.
    pub published_at: Option<Moment>,
    /// Whether it is a live broadcast.
    pub broadcast: Broadcast,
}

/// A count and the block it was observed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// The block; ages are counted to it.
    pub at: BlockStamp,
    /// The count.
    pub count: u64,
}

/// What registered hotkeys had earned up to an earlier cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviousScores {
    /// When they were decided.
    pub at: BlockStamp,
    /// The [smoothed](crate::decision::Decision::smoothed) scores, from which nothing was cut or burnt.
    pub scores: ScoreVector,
}

/// JSON has no maps with objects as keys, so items are written as a list of pairs, in the map's order.
mod contents_as_list {
    use super::{BTreeMap, ContentEvidence, ContentId};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        contents: &BTreeMap<ContentId, ContentEvidence>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(contents)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<ContentId, ContentEvidence>, D::Error> {
        Ok(Vec::<(ContentId, ContentEvidence)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dating::Undatable;

    #[test]
    fn claims_of_every_release_are_read_with_the_dates_of_their_gists() {
        let early = |date: &str| {
            let hotkey = serde_json::to_string(&Hotkey::new([1; 32])).expect("JSON");
            format!(
                r#"{{"uid":3,"claim":{{"task_id":"t","content_id":"c","hotkey":{hotkey},"pinned_at":null,"round":25,
                   "gist_updated_at":{date},"committed_at":9}}}}"#
            )
        };
        let updated_at = Moment::from_unix_ms(1_000);
        for (date, dating) in
            [("null".to_owned(), Dating::NotAsked), (format!("\"{updated_at}\""), Dating::Dated(updated_at))]
        {
            let bound: BoundClaim = serde_json::from_str(&early(&date)).expect("read");
            assert_eq!((bound.dating, bound.claim.round), (dating, 25));
            for dating in [dating, Dating::Undatable(Undatable::TooLarge)] {
                let bound = BoundClaim { dating, ..bound.clone() };
                let json = serde_json::to_string(&bound).expect("JSON");
                assert_eq!(serde_json::from_str::<BoundClaim>(&json).expect("read"), bound, "{json}");
            }
        }
    }
}
