//! One submission's story: where it was listed, who owns it, what the platform said, and how the score follows.

use crate::commands::stored::recorded::RecordedCycle;
use crate::text::reasons::{FEW_OWNERS, UNTAGGED, outcome_words, settled_words};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::Dating;
use tensorflix_domain::dispute::{Claimant, SettledBy, holder};
use tensorflix_domain::evidence::{BoundClaim, ContentEvidence, WeightedTask};
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::rivals::named_owner;
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_domain::scope::competing_claims;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_domain::views::Arithmetic;
use tensorflix_store::{Store, StoreError};

/// All that is known of one submission.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Story {
    /// The miner's UID at the cycle's block.
    pub uid: Uid,
    /// The miner's hotkey.
    pub hotkey: Hotkey,
    /// The task id as listed.
    pub task_id: String,
    /// The content id as listed.
    pub content_id: String,
    /// The task's platform; `None` if the task is unknown.
    pub platform: Option<Platform>,
    /// Its status.
    pub status: Status,
    /// The code of the rule that decided.
    pub reason: Option<Reason>,
    /// What that means.
    pub meaning: &'static str,
    /// What the miner can do.
    pub advice: &'static str,
    /// The task, if it is known.
    pub task: Option<WeightedTask>,
    /// Where it was listed and first seen.
    pub listed: Listed,
    /// All claims that compete for the item, this one included, in the order in which claims are ranked.
    pub claims: Vec<Rival>,
    /// How the dispute was settled; `None` where nobody else claims it.
    pub settled: Option<Settled>,
    /// What the platform said; `None` if it was not asked about the item.
    pub observed: Option<ContentEvidence>,
    /// Observations older than this many hours are not used.
    pub max_evidence_age_hours: f64,
    /// The views that it is scored by.
    pub view_count: Option<u64>,
    /// The time of the observation that decided it: hours are counted up to it.
    pub observed_at: Option<Moment>,
    /// When the platform published it.
    pub published_at: Option<Moment>,
    /// How the scores were computed, as the cycle recorded it; `None` if it is not scored, and in cycles of development builds.
    pub arithmetic: Option<Arithmetic>,
    /// Views divided by hours; `None` unless accepted.
    pub score: Option<f64>,
    /// The part of the score that counts; `None` where all of it does.
    pub counted_share: Option<f64>,
    /// The signals against the views, in words, the strongest first.
    pub traffic: Vec<String>,
    /// The submission with the highest counted score in the task.
    pub best: Option<Best>,
    /// The counted score as a share of the task's best: see `arithmetic`.
    pub normalized_score: Option<f64>,
}

/// Where a submission was listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The gist in which this validator first saw it: the one that its claim names, else one of the claim's round, as committed
    /// where that is still known; else the one of the cycle's block.
    pub gist: Option<String>,
    /// The gist of the commitment on chain at the cycle's block, if there is one.
    pub gist_of_cycle: Option<String>,
    /// Its place in the miner's gist, from 1, repeated pairs left out.
    pub position: usize,
    /// Pairs in the gist.
    pub pair_count: usize,
    /// Its place among the miner's pairs for this task, from 1.
    pub position_in_task: usize,
    /// Pairs that count for one miner in one task.
    pub most_in_task: u32,
    /// The polling round in which it was first seen; `None` where no claim was made of it.
    pub first_seen_round: Option<Block>,
    /// Blocks before that round in which no gist was read, if it is the first round after such blocks.
    pub unwatched_before: Option<UnwatchedBlocks>,
}

/// A claim on the item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rival {
    /// The claimant's UID.
    pub uid: Uid,
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// What is known of the date of its gist.
    pub dating: Dating,
    /// Whether this claim owns the item.
    pub holds: bool,
}

/// How a dispute was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// By which criterion.
    pub by: SettledBy,
    /// What that means.
    pub meaning: &'static str,
    /// Whether a later cycle may settle it differently, because GitHub has not dated every gist yet.
    pub provisional: bool,
}

/// The best submission of a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Its miner.
    pub uid: Uid,
    /// Its content.
    pub content_id: String,
    /// What counts of its score.
    pub score: f64,
}

/// Builds the stories of one cycle.
pub(crate) struct Teller<'a> {
    store: &'a Store,
    recorded: &'a RecordedCycle,
    /// The claims on the items in the answer, by content id.
    claims: BTreeMap<&'a str, Vec<&'a BoundClaim>>,
    /// The first of the best of each task.
    best: HashMap<&'a str, Best>,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(
        store: &'a Store,
        recorded: &'a RecordedCycle,
        claims: BTreeMap<&'a str, Vec<&'a BoundClaim>>,
    ) -> Self {
        let mut best: HashMap<&str, Best> = HashMap::new();
        for judged in &recorded.decided.submissions {
            if let Some(score) = judged.counted_score()
                && best.get(judged.task_id.as_str()).is_none_or(|best| score > best.score)
            {
                best.insert(&judged.task_id, Best { uid: judged.uid, content_id: judged.content_id.clone(), score });
            }
        }
        Self { store, recorded, claims, best }
    }

    pub(crate) async fn tell(&self, judged: &Judged) -> Result<Story, StoreError> {
        let decided = &self.recorded.decided;
        let task = decided.evidence.tasks.iter().find(|weighted| weighted.task.id.as_str() == judged.task_id);
        let content = judged.content();
        let observed = content.and_then(|content| decided.evidence.contents.get(&content));
        let words = match judged.reason {
            _ if judged.lacks_owners() => FEW_OWNERS,
            None if judged.is_limited() => UNTAGGED,
            _ => outcome_words(judged.status, judged.reason, judged.view_count),
        };
        Ok(Story {
            uid: judged.uid,
            hotkey: judged.hotkey,
            task_id: judged.task_id.clone(),
            content_id: judged.content_id.clone(),
            platform: judged.platform,
            status: judged.status,
            reason: judged.reason,
            meaning: words.meaning,
            advice: words.advice,
            task: task.cloned(),
            listed: self.listed(judged).await?,
            claims: task.map(|task| self.rivals(judged, task, observed)).unwrap_or_default(),
            settled: judged.settled_by.map(|by| Settled {
                by,
                meaning: settled_words(by),
                provisional: judged.is_provisional,
            }),
            observed: observed.cloned(),
            max_evidence_age_hours: decided.policy.max_evidence_age_hours,
            view_count: judged.view_count,
            observed_at: judged.observed_at,
            published_at: judged.published_at,
            arithmetic: judged.arithmetic.as_deref().copied(),
            score: judged.score,
            counted_share: judged.counted_share,
            traffic: observed.map(traffic_words).unwrap_or_default(),
            best: judged.score.and_then(|_| self.best.get(judged.task_id.as_str())).cloned(),
            normalized_score: judged.normalized_score,
        })
    }

    async fn listed(&self, judged: &Judged) -> Result<Listed, StoreError> {
        let decided = &self.recorded.decided;
        let miner = decided.evidence.miners.iter().find(|miner| miner.hotkey == judged.hotkey);
        let pairs = miner.map(|miner| miner.pairs.as_slice()).unwrap_or_default();
        let place = pairs
            .iter()
            .position(|pair| pair.task_id == judged.task_id && pair.content_id == judged.content_id)
            .unwrap_or_default();
        let before = pairs.iter().take(place).filter(|pair| pair.task_id == judged.task_id).count();
        let on_content = self.claims.get(judged.content_id.as_str());
        let own = on_content
            .into_iter()
            .flatten()
            .map(|bound| &bound.claim)
            .find(|claim| claim.hotkey == judged.hotkey && claim.task_id == judged.task_id);
        let commitment = self.recorded.subnet.neuron(&judged.hotkey).and_then(|neuron| neuron.commitment.as_ref());
        let gist_of_cycle = commitment.and_then(|commitment| commitment.pointer()).map(|gist| gist.to_string());
        let holdings = match own {
            Some(claim) => self.store.holdings_of(&judged.hotkey, claim.round).await?,
            None => Vec::new(),
        };
        let seen_by = own.and_then(|claim| claim.gist.as_ref());
        let mut pointers = holdings.iter().map(|holding| &holding.pointer);
        let pointer = pointers.find(|pointer| seen_by.is_none_or(|gist| GistName::from(*pointer) == *gist));
        let gist = pointer.map(ToString::to_string).or_else(|| seen_by.map(ToString::to_string));
        Ok(Listed {
            gist: gist.or_else(|| gist_of_cycle.clone()),
            gist_of_cycle,
            position: place + 1,
            pair_count: pairs.len(),
            position_in_task: before + 1,
            most_in_task: decided.policy.max_per_miner_and_task,
            first_seen_round: own.map(|claim| claim.round),
            unwatched_before: own
                .and_then(|claim| decided.evidence.unwatched.iter().find(|range| range.until == claim.round).copied()),
        })
    }

    fn rivals(&self, judged: &Judged, task: &WeightedTask, observed: Option<&ContentEvidence>) -> Vec<Rival> {
        let decided = &self.recorded.decided;
        let on_content = self.claims.get(judged.content_id.as_str()).into_iter().flatten().copied();
        let competing =
            competing_claims(on_content, &decided.evidence, &decided.policy, &task.task, &judged.content_id);
        let claimants: Vec<Claimant<'_>> = competing
            .iter()
            .map(|bound| Claimant { claim: &bound.claim, uid: bound.uid, dating: bound.dating })
            .collect();
        let named = observed.and_then(|known| named_owner(known, &decided.policy));
        let held = holder(&claimants, named, decided.evidence.timeline());
        let rival = |bound: &&BoundClaim| Rival {
            uid: bound.uid,
            claim: bound.claim.clone(),
            dating: bound.dating,
            holds: held.is_some_and(|held| *held.claim == bound.claim),
        };
        competing.iter().map(rival).collect()
    }
}

/// The signals against an item's views.
fn traffic_words(known: &ContentEvidence) -> Vec<String> {
    let signals = known.traffic.iter().flat_map(|finding| &finding.signals);
    signals.map(|signal| format!("{} (weight {:.2})", signal.kind, signal.weight)).collect()
}
