//! Defences against attacks that the rules of the subnet leave open: the settings `[defences]`. All are off by default;
//! what each is worth against which attack is measured by the attack lab (`tests/attacks`).
//!
//! - Each only takes from whoever it is aimed at, and no raw score of anybody else depends on it.
//! - What is not known (no coldkey, no channel, no first sight) is never held against anybody.
//! - Arithmetic is + − × ÷ and libm: every machine gets the same bits.

use crate::claim::Claim;
use crate::evidence::Evidence;
use crate::ids::{ContentId, Hotkey};
use crate::judge::Judged;
use crate::verdict::{Reason, Status};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// `[defences]`. Cycles of releases that had none are read as with all of them off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Defences {
    /// Accepted submissions that count in one task for all hotkeys of one coldkey; 0: any number.
    pub max_per_coldkey_and_task: u32,
    /// The same for all gists of one GitHub account, where GitHub confirmed it.
    pub max_per_github_owner_and_task: u32,
    /// The same for all contents of one channel, those first that name their miner, then by their claims.
    pub max_per_channel_and_task: u32,
    /// What becomes of a content that names another registered hotkey than the one that lists it.
    pub foreign_tag: ForeignTag,
    /// A score is the lower of that of now and that of so many hours ago or longer, and waits for it; 0: that of now.
    pub settling_hours: f64,
    /// Of a content that had at least so many views when it was first seen, only those count that came since; 0: all count.
    pub first_sight_views: u64,
    /// The share that counts of a score whose likes are hidden, once its traffic is judged and discounted: 0 to 1.
    pub hidden_engagement_share: f64,
    /// The power that normalised scores are raised to, above 0: below 1 it brings them nearer to each other.
    pub score_exponent: f64,
    /// A task's best counts 1 only if it reaches this share of the other tasks' level; 0: it always does.
    pub task_floor_share: f64,
}

impl Default for Defences {
    fn default() -> Self {
        Self {
            max_per_coldkey_and_task: 0,
            max_per_github_owner_and_task: 0,
            max_per_channel_and_task: 0,
            foreign_tag: ForeignTag::Accept,
            settling_hours: 0.0,
            first_sight_views: 0,
            hidden_engagement_share: 1.0,
            score_exponent: 1.0,
            task_floor_share: 0.0,
        }
    }
}

impl Defences {
    /// Whether all of them are off.
    pub fn are_off(&self) -> bool {
        *self == Self::default()
    }
}

/// `defences.foreign_tag`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForeignTag {
    /// It counts unless the hotkey that it names claims it too.
    #[default]
    Accept,
    /// It is rejected: the hotkey that it names is the one it belongs to, claimed or not.
    Reject,
}

/// Hours of the older views that every cycle records: a replay can ask for so many or fewer.
pub const RECORDED_SETTLING_HOURS: f64 = 72.0;

/// Who stands behind a content: what a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Coldkey(Hotkey),
    GithubAccount(u64),
    Channel(u64),
}

/// Rejects accepted submissions beyond the caps, with [`Reason::OwnerLimit`]. Only what is accepted is counted, so
/// nobody can use up another's places with copies of what is the other's. However videos are split over hotkeys, no more of
/// them count than with one hotkey.
pub(crate) fn cap(submissions: &mut [Judged], evidence: &Evidence, defences: &Defences) {
    if defences.max_per_coldkey_and_task > 0 {
        let coldkeys = coldkeys(evidence);
        let owner = |judged: &Judged| coldkeys.get(&judged.hotkey).copied().map(Owner::Coldkey);
        cap_by(submissions, defences.max_per_coldkey_and_task, owner, |_| 0);
    }
    if defences.max_per_github_owner_and_task > 0 {
        let accounts = github_accounts(evidence);
        let owner = |judged: &Judged| accounts.get(&judged.hotkey).copied().map(Owner::GithubAccount);
        cap_by(submissions, defences.max_per_github_owner_and_task, owner, |_| 0);
    }
    if defences.max_per_channel_and_task > 0 {
        let claims: HashMap<(&Hotkey, &str, &str), &Claim> = evidence
            .claims
            .iter()
            .map(|bound| {
                let Claim { hotkey, task_id, content_id, .. } = &bound.claim;
                ((hotkey, task_id.as_str(), content_id.as_str()), &bound.claim)
            })
            .collect();
        let owner = |judged: &Judged| channel_of(evidence, judged).map(Owner::Channel);
        let rank = |judged: &Judged| {
            let claim = claims.get(&(&judged.hotkey, judged.task_id.as_str(), judged.content_id.as_str()));
            let since = claim.map_or(u32::MAX, |claim| claim.pinned_at.unwrap_or(claim.round).min(claim.round));
            let is_tagged = known_of(evidence, judged).is_some_and(|known| known.owner_tag == Some(judged.hotkey));
            (!is_tagged, since)
        };
        cap_by(submissions, defences.max_per_channel_and_task, owner, rank);
    }
}

/// Keeps the `most` best-ranked accepted submissions of each owner in each task; of equal rank the earlier ones.
fn cap_by<R: Ord>(
    submissions: &mut [Judged],
    most: u32,
    owner: impl Fn(&Judged) -> Option<Owner>,
    rank: impl Fn(&Judged) -> R,
) {
    let mut owned: BTreeMap<(String, Owner), Vec<(R, usize)>> = BTreeMap::new();
    for (place, judged) in submissions.iter().enumerate().filter(|(_, judged)| judged.status == Status::Accepted) {
        if let Some(owner) = owner(judged) {
            owned.entry((judged.task_id.clone(), owner)).or_default().push((rank(judged), place));
        }
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    for mut places in owned.into_values() {
        places.sort();
        for (_, place) in places.into_iter().skip(most) {
            let judged = &mut submissions[place];
            judged.status = Status::Rejected;
            judged.reason = Some(Reason::OwnerLimit);
            judged.score = None;
            judged.counted_share = None;
        }
    }
}

/// The coldkey of each hotkey that the chain told one of.
fn coldkeys(evidence: &Evidence) -> HashMap<Hotkey, Hotkey> {
    let of = |miner: &crate::evidence::Miner| Some((miner.hotkey, miner.person.as_ref()?.coldkey?));
    evidence.miners.iter().filter_map(of).collect()
}

/// The GitHub account of each hotkey whose gist's owner is confirmed: a stranger who merely names a login joins nobody.
fn github_accounts(evidence: &Evidence) -> HashMap<Hotkey, u64> {
    let confirmed = evidence.miners.iter().filter(|miner| miner.owner_confirmed);
    confirmed.filter_map(|miner| Some((miner.hotkey, miner.person.as_ref()?.github_id?))).collect()
}

fn known_of<'a>(evidence: &'a Evidence, judged: &Judged) -> Option<&'a crate::evidence::ContentEvidence> {
    let content = ContentId::new(judged.platform?, &judged.content_id).ok()?;
    evidence.contents.get(&content)
}

fn channel_of(evidence: &Evidence, judged: &Judged) -> Option<u64> {
    known_of(evidence, judged)?.origin.as_ref()?.channel
}

/// Miners whose runner-up tells a level, over all other tasks of the platform: fewer tell nothing.
const FEWEST_COMPETITORS: usize = 4;

/// What the best of each task is compared with beside itself: `share` of the other tasks' level.
///
/// The level of a task is the best counted score of its second miner: one miner alone makes none, however viral. The level
/// of a task's others is the median of their levels on the same platform, each task counted as often as it has miners, so
/// that it takes as many registered hotkeys as the honest have to move it. Without [`FEWEST_COMPETITORS`] there is no floor.
pub(crate) fn task_floors(submissions: &[Judged], share: f64) -> HashMap<String, f64> {
    let mut bests: BTreeMap<(&str, Hotkey), (crate::ids::Platform, f64)> = BTreeMap::new();
    for judged in submissions {
        if let (Some(score), Some(platform)) = (judged.counted_score(), judged.platform) {
            let best = bests.entry((&judged.task_id, judged.hotkey)).or_insert((platform, score));
            best.1 = best.1.max(score);
        }
    }
    let mut tasks: BTreeMap<&str, (crate::ids::Platform, Vec<f64>)> = BTreeMap::new();
    for ((task_id, _), (platform, best)) in bests {
        tasks.entry(task_id).or_insert((platform, Vec::new())).1.push(best);
    }
    for (_, bests) in tasks.values_mut() {
        bests.sort_by(|left, right| right.total_cmp(left));
    }
    let floor_of = |task_id: &str, platform| {
        let others =
            tasks.iter().filter(|(other, (its, bests))| **other != task_id && *its == platform && bests.len() > 1);
        let mut levels: Vec<(f64, usize)> = others.map(|(_, (_, bests))| (bests[1], bests.len())).collect();
        levels.sort_by(|left, right| left.0.total_cmp(&right.0));
        let competitors: usize = levels.iter().map(|(_, miners)| miners).sum();
        let mut before = 0;
        let median = levels.iter().find(|(_, miners)| {
            before += miners;
            2 * before >= competitors
        });
        median.filter(|_| competitors >= FEWEST_COMPETITORS).map(|(level, _)| level * share)
    };
    tasks.iter().filter_map(|(id, (platform, _))| Some(((*id).to_owned(), floor_of(id, *platform)?))).collect()
}
