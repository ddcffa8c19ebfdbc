//! Judging submissions: each gets a status and a reason by the rules, in the contract's order.
//!
//! A submission is judged by its own evidence and by claims on its content, and by nothing else: what another miner
//! lists, or how broken it is, changes no raw score.

use crate::chain_time::{BlockStamp, Moment};
use crate::defence::ForeignTag;
use crate::dispute::SettledBy;
use crate::evidence::{ContentEvidence, Evidence, LatestSighting, Measurement, Miner, SeenContent};
use crate::ids::{ContentId, Hotkey, Platform, Uid};
use crate::observation::Broadcast;
use crate::policy::{GistOwnerRule, LiveRule, OwnershipRule, Policy, TrafficRule, ViewMetric};
use crate::rivals::Rivals;
use crate::task::Task;
use crate::traffic::{DISCOUNT_BELOW, REJECT_BELOW};
use crate::verdict::{Reason, Status};
use crate::verification::{self, Check, CheckMode, OnUnknown};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A submission and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
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
    /// What became of it.
    pub status: Status,
    /// Why; an accepted one may carry a pending reason when it rests on older evidence.
    pub reason: Option<Reason>,
    /// The views it is scored by.
    pub view_count: Option<u64>,
    /// When the platform published it.
    pub published_at: Option<Moment>,
    /// Views per hour; `None` unless accepted.
    pub score: Option<f64>,
    /// The part of the score that counts, below 1; `None` where all of it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_share: Option<f64>,
    /// What counts of the score, divided by the most that counts in its task; `None` unless accepted.
    pub normalized_score: Option<f64>,
    /// How a dispute over it was settled; `None` where nobody else claims it.
    pub settled_by: Option<SettledBy>,
    /// Whether the date of a gist that GitHub could not be asked for yet may still settle that otherwise.
    #[serde(rename = "provisional", default, skip_serializing_if = "is_settled_for_good")]
    pub is_provisional: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_settled_for_good(is_provisional: &bool) -> bool {
    !*is_provisional
}

impl Judged {
    /// What counts of the score: all of it, or the discounted part. The score itself depends on nothing but the content's
    /// own evidence, while a discount comes of a comparison with others.
    pub fn counted_score(&self) -> Option<f64> {
        self.score.map(|score| self.counted_share.map_or(score, |share| score * share))
    }
}

/// Judges every pair of every miner, by UID and then in the order of the gists. Scores are views per hour; they are
/// not normalised yet.
pub fn judge_all(evidence: &Evidence, policy: &Policy) -> Vec<Judged> {
    let bench = Bench::new(evidence, policy);
    evidence.miners.iter().flat_map(|miner| bench.judge_miner(miner)).collect()
}

/// What a submission comes to before it is scored.
struct Finding {
    status: Status,
    reason: Option<Reason>,
    views: Option<Measurement>,
    published_at: Option<Moment>,
    counted_share: Option<f64>,
}

impl Finding {
    fn of(reason: Reason) -> Self {
        Self { status: reason.status(), reason: Some(reason), views: None, published_at: None, counted_share: None }
    }
}

/// How a dispute over a content was settled, if there is one.
#[derive(Default)]
struct Settlement {
    by: Option<SettledBy>,
    is_provisional: bool,
}

/// Evidence indexed for judging. Hash maps are only looked up, never walked, so their order reaches no result.
struct Bench<'a> {
    evidence: &'a Evidence,
    policy: &'a Policy,
    tasks: HashMap<&'a str, &'a Task>,
    rivals: Rivals<'a>,
    miners: HashSet<Hotkey>,
}

impl<'a> Bench<'a> {
    fn new(evidence: &'a Evidence, policy: &'a Policy) -> Self {
        let tasks: HashMap<&str, &Task> =
            evidence.tasks.iter().map(|weighted| (weighted.task.id.as_str(), &weighted.task)).collect();
        let miners = evidence.miners.iter().map(|miner| miner.hotkey).collect();
        Self { evidence, policy, tasks, rivals: Rivals::new(evidence, policy), miners }
    }

    fn judge_miner(&self, miner: &'a Miner) -> Vec<Judged> {
        let mut counted: BTreeMap<&str, u32> = BTreeMap::new();
        miner.pairs.iter().map(|pair| self.judge(miner, &pair.task_id, &pair.content_id, &mut counted)).collect()
    }

    fn judge<'p>(
        &self,
        miner: &Miner,
        task_id: &'p str,
        content_id: &str,
        counted: &mut BTreeMap<&'p str, u32>,
    ) -> Judged {
        let task = self.tasks.get(task_id).copied();
        let mut settlement = Settlement::default();
        let finding = match task {
            None => Finding::of(Reason::UnknownTask),
            Some(task) => match ContentId::new(task.platform, content_id) {
                Err(_) => Finding::of(Reason::InvalidContentId),
                Ok(content) => {
                    let count = counted.entry(task_id).or_default();
                    *count += 1;
                    if *count > self.policy.max_per_miner_and_task {
                        Finding::of(Reason::TooManySubmissions)
                    } else {
                        self.judge_content(miner, task, &content, &mut settlement)
                    }
                }
            },
        };
        let score = match (finding.status, finding.views, finding.published_at) {
            (Status::Accepted, Some(views), Some(published_at)) => {
                Some(views_per_hour(views, published_at, self.policy.min_age_hours))
            }
            _ => None,
        };
        Judged {
            uid: miner.uid,
            hotkey: miner.hotkey,
            task_id: task_id.to_owned(),
            content_id: content_id.to_owned(),
            platform: task.map(|task| task.platform),
            status: finding.status,
            reason: finding.reason,
            view_count: finding.views.map(|views| views.count),
            published_at: finding.published_at,
            score,
            counted_share: finding.counted_share,
            normalized_score: None,
            settled_by: settlement.by,
            is_provisional: settlement.is_provisional,
        }
    }

    fn judge_content(&self, miner: &Miner, task: &Task, content: &ContentId, settlement: &mut Settlement) -> Finding {
        let unknown = ContentEvidence::default();
        let known = self.evidence.contents.get(content).unwrap_or(&unknown);
        if !self.holds(miner, task, content, known, settlement) {
            return Finding::of(Reason::DuplicateSubmission);
        }
        // The platform has not told us of it lately enough: unknown, which is neither good nor bad.
        let Some(latest) = known.latest.as_ref().filter(|latest| self.is_recent(latest.at.time)) else {
            return Finding::of(known.shortfall.unwrap_or(Reason::PlatformUnavailable));
        };
        let Some(seen) = &latest.presence else {
            let gone = if known.seen_before { Reason::ContentRemoved } else { Reason::NoVideoData };
            return Finding::of(gone);
        };
        self.judge_seen(miner, task, known, seen, latest)
    }

    fn judge_seen(
        &self,
        miner: &Miner,
        task: &Task,
        known: &ContentEvidence,
        seen: &SeenContent,
        latest: &LatestSighting,
    ) -> Finding {
        let views = counted_views(known, task.platform, self.policy).filter(|views| self.is_recent(views.at.time));
        let rejected = self.broken_rule(miner, task, known, seen).or_else(|| self.broken_check(task, known));
        let unverified = self.unverified(task, known);
        let settled =
            views.zip(seen.published_at).and_then(|(views, at)| self.settled_views(views, at, task.platform, known));
        let (status, reason) = match (rejected, seen.published_at, views) {
            (Some(reason), _, _) => (Status::Rejected, Some(reason)),
            (None, None, _) | (None, _, None) => (Status::Pending, Some(Reason::AwaitingMetrics)),
            (None, Some(_), Some(_)) if settled.is_none() => (Status::Pending, Some(Reason::AwaitingSettlement)),
            (None, Some(_), Some(_)) if self.awaits_owner_check(miner) => {
                (Status::Pending, Some(Reason::AwaitingOwnerCheck))
            }
            (None, Some(_), Some(_)) if unverified == Some(OnUnknown::Hold) => {
                (Status::Pending, Some(Reason::AwaitingVerdict))
            }
            (None, Some(_), Some(_)) if self.is_held(known) => (Status::Pending, Some(Reason::AwaitingVerdict)),
            (None, Some(_), Some(views)) if views.at < latest.at => (Status::Accepted, Some(Reason::AwaitingMetrics)),
            (None, Some(_), Some(_)) => {
                (Status::Accepted, known.shortfall.or(unverified.map(|_| Reason::AwaitingVerdict)))
            }
        };
        let counted_share = self.discount(known).filter(|_| status == Status::Accepted);
        let reason = counted_share.map_or(reason, |_| Some(Reason::InauthenticTraffic));
        Finding { status, reason, views: settled.or(views), published_at: seen.published_at, counted_share }
    }

    /// The part of a score that counts where the policy discounts, and the views are not believed.
    fn discount(&self, known: &ContentEvidence) -> Option<f64> {
        let judged = authenticity(known).filter(|_| self.policy.traffic == TrafficRule::Discount)?;
        let believed = if judged < DISCOUNT_BELOW { judged } else { 1.0 };
        let hides = known.origin.as_ref().is_some_and(|origin| origin.hides_engagement);
        let shown = if hides { self.policy.defences.hidden_engagement_share } else { 1.0 };
        Some(believed.min(shown)).filter(|share| *share < 1.0)
    }

    /// The views that came since the first sight of a content that was large then; else all of them. `None` if these are
    /// no later than that sight: nothing is known of what came since.
    fn since_first_sight(
        &self,
        views: Measurement,
        platform: Platform,
        known: &ContentEvidence,
    ) -> Option<Measurement> {
        let large = self.policy.defences.first_sight_views;
        match first_counted(known, platform, self.policy) {
            Some(first) if large > 0 && first.count >= large => (views.at.time > first.at.time)
                .then(|| Measurement { count: views.count.saturating_sub(first.count), ..views }),
            _ => Some(views),
        }
    }

    /// The views that count by their age: those of an observation that is old enough or those of now, whichever are fewer
    /// an hour. `None` if nothing that old is known, unless all views count at once.
    fn settled_views(
        &self,
        views: Measurement,
        published_at: Moment,
        platform: Platform,
        known: &ContentEvidence,
    ) -> Option<Measurement> {
        let now = self.since_first_sight(views, platform, known)?;
        let hours = self.policy.defences.settling_hours;
        if hours <= 0.0 {
            return Some(now);
        }
        let settled = known.origin.as_ref()?.settled?;
        if self.evidence.at.time.hours_since(settled.time) < hours {
            return None;
        }
        let then = Measurement { at: BlockStamp { time: settled.time, ..views.at }, count: settled.count };
        let then = self.since_first_sight(then, platform, known)?;
        let rate = |views| views_per_hour(views, published_at, self.policy.min_age_hours);
        Some(if rate(then) < rate(now) { then } else { now })
    }

    /// Whether a content names another hotkey than its miner's, one that lists contents too.
    fn names_another(&self, miner: &Miner, known: &ContentEvidence) -> bool {
        let rejects = self.policy.defences.foreign_tag == ForeignTag::Reject;
        let named = named_owner(known, self.policy).filter(|_| rejects);
        named.is_some_and(|named| *named != miner.hotkey && self.miners.contains(named))
    }

    /// Whether a submission waits because its views are not believed.
    fn is_held(&self, known: &ContentEvidence) -> bool {
        self.policy.traffic == TrafficRule::Hold && is_disbelieved(known)
    }

    /// Whether a submission is rejected because its views are not believed.
    fn is_inauthentic(&self, known: &ContentEvidence) -> bool {
        self.policy.traffic == TrafficRule::Reject && is_disbelieved(known)
    }

    const fn awaits_owner_check(&self, miner: &Miner) -> bool {
        matches!(self.policy.gist_owner, GistOwnerRule::Required) && !miner.owner_confirmed
    }

    /// The first rule that a content which is there breaks.
    fn broken_rule(&self, miner: &Miner, task: &Task, known: &ContentEvidence, seen: &SeenContent) -> Option<Reason> {
        let is_live = matches!(seen.broadcast, Broadcast::Live | Broadcast::Upcoming);
        if is_live && self.policy.live == LiveRule::Reject {
            return Some(Reason::LiveOrPremiere);
        }
        let published_at = seen.published_at?;
        if published_at < task.start_at {
            return Some(Reason::PublishedBeforeTaskStart);
        }
        if task.end_at.is_some_and(|end_at| published_at >= end_at) {
            return Some(Reason::PublishedAfterTaskEnd);
        }
        if self.names_another(miner, known) {
            return Some(Reason::MissingOwnershipTag);
        }
        if self.policy.ownership_tag == OwnershipRule::Required && known.owner_tag != Some(miner.hotkey) {
            return Some(Reason::MissingOwnershipTag);
        }
        None
    }

    /// The first check that is enforced and found broken, by detectors or by the traffic.
    fn broken_check(&self, task: &Task, known: &ContentEvidence) -> Option<Reason> {
        let is_broken = |check| {
            self.enforces(check) && matches!(self.finding(check, task, known), verification::Finding::Broken(_))
        };
        if is_broken(Check::Ai) {
            return Some(Reason::NotAiGenerated);
        }
        if is_broken(Check::Illicit) {
            return Some(Reason::IllicitContent);
        }
        if self.is_inauthentic(known) {
            return Some(Reason::InauthenticTraffic);
        }
        is_broken(Check::Topic).then_some(Reason::OffTopic)
    }

    /// Whether an enforced check has no verdict, and what that does: within the time to wait it always holds.
    fn unverified(&self, task: &Task, known: &ContentEvidence) -> Option<OnUnknown> {
        let findings = Check::ALL.into_iter().filter(|check| self.enforces(*check));
        let missing = findings.filter_map(|check| match self.finding(check, task, known) {
            verification::Finding::Awaited => Some(OnUnknown::Hold),
            verification::Finding::Unknown => Some(self.policy.verification.on_unknown),
            _ => None,
        });
        missing.reduce(|one, other| if one == OnUnknown::Hold { one } else { other })
    }

    fn enforces(&self, check: Check) -> bool {
        self.policy.verification.mode(check) == CheckMode::Enforce
    }

    fn finding<'k>(&self, check: Check, task: &Task, known: &'k ContentEvidence) -> verification::Finding<'k> {
        let (policy, verified) = (&self.policy.verification, known.verification.as_deref());
        verification::finding(policy, verified, check, task.id.as_str(), self.evidence.at.time)
    }

    /// Whether this miner's claim is the one that holds the content.
    fn holds(
        &self,
        miner: &Miner,
        task: &Task,
        content: &ContentId,
        known: &ContentEvidence,
        settlement: &mut Settlement,
    ) -> bool {
        let named = named_owner(known, self.policy);
        // Without any claim there is no dispute.
        let Some(holder) = self.rivals.holder(task, content, named) else { return true };
        if holder.settled_by != SettledBy::NoDispute {
            *settlement = Settlement { by: Some(holder.settled_by), is_provisional: holder.is_provisional };
        }
        holder.claim.hotkey == miner.hotkey && holder.claim.task_id == task.id.as_str()
    }

    /// Whether an observation is young enough to decide anything.
    fn is_recent(&self, observed_at: Moment) -> bool {
        self.evidence.at.time.hours_since(observed_at) <= self.policy.max_evidence_age_hours
    }
}

/// The part of a content's views that is believed, if anything is known of it.
fn authenticity(known: &ContentEvidence) -> Option<f64> {
    known.traffic.as_ref().map(|finding| finding.authenticity)
}

fn is_disbelieved(known: &ContentEvidence) -> bool {
    authenticity(known).is_some_and(|authenticity| authenticity < REJECT_BELOW)
}

/// The number of a content that counts as its views.
pub const fn counted_views(known: &ContentEvidence, platform: Platform, policy: &Policy) -> Option<Measurement> {
    match (platform, policy.view_metric) {
        (Platform::Instagram, ViewMetric::Plays) => known.plays,
        (Platform::YouTube | Platform::Instagram, _) => known.views,
    }
}

/// The same number when this validator saw it first, if that is known.
fn first_counted(known: &ContentEvidence, platform: Platform, policy: &Policy) -> Option<Measurement> {
    let origin = known.origin.as_ref()?;
    match (platform, policy.view_metric) {
        (Platform::Instagram, ViewMetric::Plays) => origin.first_plays,
        (Platform::YouTube | Platform::Instagram, _) => origin.first_views,
    }
}

/// The hours that views are divided by: from publication to the observation, never fewer than `min_age_hours`.
pub fn counted_hours(views: Measurement, published_at: Moment, min_age_hours: f64) -> f64 {
    views.at.time.hours_since(published_at).max(min_age_hours)
}

/// The hotkey that a content's text names, where the rules ask for it.
pub fn named_owner<'a>(known: &'a ContentEvidence, policy: &Policy) -> Option<&'a Hotkey> {
    match policy.ownership_tag {
        OwnershipRule::Off => None,
        OwnershipRule::Prefer | OwnershipRule::Required => known.owner_tag.as_ref(),
    }
}

/// Views divided by the hours from publication to the observation, never fewer than `min_age_hours`. Old evidence
/// does not decay: the hours end at the observation's own block.
pub fn views_per_hour(views: Measurement, published_at: Moment, min_age_hours: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "views are far below 2^53")]
    let count = views.count as f64;
    count / counted_hours(views, published_at, min_age_hours)
}
