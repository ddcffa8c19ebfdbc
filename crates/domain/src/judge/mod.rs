//! Judging submissions: each gets a status and a reason by the rules, in the contract's order.
//!
//! A submission is judged by its own evidence and by claims on its item, and by nothing else: what another miner lists,
//! or how broken it is, changes no raw score. Only claims of pairs that hold a place (`places.rs`) take part; a pair
//! without a claim of its own waits for one, so that nothing is paid before it is clear which hotkey holds the item.

pub mod again;
mod caps;
pub mod decision;
mod floors;
mod owners;
mod untagged;
pub mod verdict;
pub mod views;

use self::untagged::NamingChannels;
use crate::chain_time::Moment;
use crate::claim::Claim;
use crate::defences::ForeignTag;
use crate::dispute::SettledBy;
use crate::evidence::{ContentEvidence, Evidence, LatestSighting, Miner, SeenContent};
use crate::ids::{ContentId, Hotkey, Uid};
use crate::observation::Broadcast;
use crate::places::{PairPlace, PlaceRule};
use crate::platform::Platform;
use crate::policy::{GistOwnerRule, LiveRule, OwnershipRule, Policy, TrafficRule};
use crate::rivals::{Rivals, named_owner};
use crate::submission::Pair;
use crate::task::Task;
use crate::traffic::{DISCOUNT_BELOW, REJECT_BELOW};
use crate::verdict::{Reason, Status};
use crate::verification::{self, Check, CheckMode, OnUnknown};
use crate::views::{Arithmetic, counted_views, shown_views};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// A submission and its verdict.
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
    /// Its status.
    pub status: Status,
    /// Why; an accepted one may carry a pending reason when it is based on older evidence.
    pub reason: Option<Reason>,
    /// The views it is scored by.
    pub view_count: Option<u64>,
    /// The block time of the observation that decided it: hours run to it. `None` if it was decided without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Moment>,
    /// When the platform published it.
    pub published_at: Option<Moment>,
    /// Views per hour; `None` unless accepted.
    pub score: Option<f64>,
    /// The part of the score that counts, below 1; `None` where all of it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_share: Option<f64>,
    /// What counts of the score, divided by the most that counts in its task; `None` unless accepted.
    pub normalized_score: Option<f64>,
    /// How the scores were computed; `None` unless accepted, and in cycles of development builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arithmetic: Option<Box<Arithmetic>>,
    /// How a dispute over it was settled; `None` where no other hotkey claims it.
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
    /// The item, if the task is known and its platform accepts the id.
    pub fn content(&self) -> Option<ContentId> {
        ContentId::new(self.platform?, &self.content_id).ok()
    }
}

/// Judges every pair of every miner, by UID and then in the order of the gists. Scores are views per hour; they are
/// not normalised yet.
pub fn judge_all(evidence: &Evidence, policy: &Policy) -> Vec<Judged> {
    let rule = PlaceRule::new(&evidence.tasks, policy.max_per_miner_and_task);
    let standings: Vec<Vec<PairPlace>> = evidence.miners.iter().map(|miner| rule.standings(&miner.pairs)).collect();
    let bench = Bench::new(evidence, policy, &standings);
    evidence.miners.iter().zip(&standings).flat_map(|(miner, standings)| bench.judge_miner(miner, standings)).collect()
}

/// The result of judging a submission, before it is scored.
struct Judgement {
    status: Status,
    reason: Option<Reason>,
    view_count: Option<u64>,
    observed_at: Option<Moment>,
    published_at: Option<Moment>,
    /// How it is scored, if it is accepted.
    arithmetic: Option<Arithmetic>,
    counted_share: Option<f64>,
}

impl Judgement {
    fn of(reason: Reason) -> Self {
        Self {
            status: reason.status(),
            reason: Some(reason),
            view_count: None,
            observed_at: None,
            published_at: None,
            arithmetic: None,
            counted_share: None,
        }
    }
}

/// The part of a score that counts, and why not all of it does.
#[derive(Clone, Copy)]
struct CountedShare {
    share: f64,
    is_of_hidden_engagement: bool,
}

/// How a dispute over an item was settled, if there is one.
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
    naming: NamingChannels,
}

impl<'a> Bench<'a> {
    fn new(evidence: &'a Evidence, policy: &'a Policy, standings: &[Vec<PairPlace>]) -> Self {
        let tasks: HashMap<&str, &Task> =
            evidence.tasks.iter().map(|weighted| (weighted.task.id.as_str(), &weighted.task)).collect();
        let miners = evidence.miners.iter().map(|miner| miner.hotkey).collect();
        let (rivals, naming) = (Rivals::new(evidence, policy, standings), NamingChannels::new(evidence, policy));
        Self { evidence, policy, tasks, rivals, miners, naming }
    }

    fn judge_miner(&self, miner: &'a Miner, standings: &[PairPlace]) -> Vec<Judged> {
        miner.pairs.iter().zip(standings).map(|(pair, standing)| self.judge(miner, pair, standing)).collect()
    }

    fn judge(&self, miner: &Miner, pair: &Pair, standing: &PairPlace) -> Judged {
        let Pair { task_id, content_id } = pair;
        let task = self.tasks.get(task_id.as_str()).copied();
        let mut settlement = Settlement::default();
        let finding = match (task, standing) {
            (None, _) => Judgement::of(Reason::UnknownTask),
            (Some(_), PairPlace::Malformed) => Judgement::of(Reason::InvalidContentId),
            (Some(_), PairPlace::Surplus | PairPlace::PlacedUnknown) => Judgement::of(Reason::TooManySubmissions),
            (Some(task), PairPlace::Placed(content)) => self.judge_content(miner, task, content, &mut settlement),
        };
        Judged {
            uid: miner.uid,
            hotkey: miner.hotkey,
            task_id: task_id.clone(),
            content_id: content_id.clone(),
            platform: task.map(|task| task.platform),
            status: finding.status,
            reason: finding.reason,
            view_count: finding.view_count,
            observed_at: finding.observed_at,
            published_at: finding.published_at,
            score: finding.arithmetic.map(|arithmetic| arithmetic.views_per_hour()),
            counted_share: finding.counted_share,
            normalized_score: None,
            arithmetic: finding.arithmetic.map(Box::new),
            settled_by: settlement.by,
            is_provisional: settlement.is_provisional,
        }
    }

    fn judge_content(&self, miner: &Miner, task: &Task, content: &ContentId, settlement: &mut Settlement) -> Judgement {
        let unknown = ContentEvidence::default();
        let known = self.evidence.contents.get(content).unwrap_or(&unknown);
        match self.objection(miner, task, content, known, settlement) {
            None => self.judge_known(miner, task, known),
            Some(Reason::AwaitingClaim) => {
                let finding = self.judge_known(miner, task, known);
                if finding.status == Status::Rejected { finding } else { Judgement::of(Reason::AwaitingClaim) }
            }
            Some(reason) => Judgement::of(reason),
        }
    }

    /// Judges a submission by what is known of its item, whichever other miners list it too.
    fn judge_known(&self, miner: &Miner, task: &Task, known: &ContentEvidence) -> Judgement {
        // The platform has not answered about it recently enough: unknown, which is neither good nor bad.
        let Some(latest) = known.latest.as_ref().filter(|latest| self.is_recent(latest.at.time)) else {
            return Judgement::of(known.shortfall.unwrap_or(Reason::PlatformUnavailable));
        };
        let Some(seen) = &latest.presence else {
            let gone = if known.seen_before { Reason::ContentRemoved } else { Reason::NoVideoData };
            return Judgement { observed_at: Some(latest.at.time), ..Judgement::of(gone) };
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
    ) -> Judgement {
        let views = shown_views(known, task.platform, self.policy).filter(|views| self.is_recent(views.at.time));
        let rejected = self.broken_rule(miner, task, known, seen).or_else(|| self.broken_check(task, known));
        let unverified = self.unverified(task, known);
        let counted = views.zip(seen.published_at).and_then(|(views, published_at)| {
            counted_views(views, published_at, task.platform, known, self.policy, self.evidence.at.time)
        });
        let (status, reason) = match (rejected, seen.published_at, views) {
            (Some(reason), _, _) => (Status::Rejected, Some(reason)),
            (None, None, _) | (None, _, None) => (Status::Pending, Some(Reason::AwaitingMetrics)),
            (None, Some(_), Some(_)) if counted.is_none() => (Status::Pending, Some(Reason::AwaitingSettlement)),
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
        let share = self.discount(known).filter(|_| status == Status::Accepted);
        let reason = share.map_or(reason, |_| Some(Reason::InauthenticTraffic));
        let scored = counted.zip(seen.published_at).filter(|_| status == Status::Accepted);
        Judgement {
            status,
            reason,
            view_count: counted.map(|counted| counted.count).or(views.map(|views| views.count)),
            observed_at: counted
                .map(|counted| counted.at)
                .or(views.map(|views| views.at.time))
                .or(Some(latest.at.time)),
            published_at: seen.published_at,
            arithmetic: scored.map(|(counted, published_at)| Arithmetic {
                is_share_of_hidden_engagement: share.is_some_and(|share| share.is_of_hidden_engagement),
                untagged_limit: self.naming.mark(known, miner.hotkey),
                ..Arithmetic::of(&counted, published_at, self.policy.min_age_hours)
            }),
            counted_share: share.map(|share| share.share),
        }
    }

    /// The part of a score that counts where the policy discounts, and the views are not believed to be authentic.
    fn discount(&self, known: &ContentEvidence) -> Option<CountedShare> {
        let judged = authenticity(known).filter(|_| self.policy.traffic == TrafficRule::Discount)?;
        let believed = if judged < DISCOUNT_BELOW { judged } else { 1.0 };
        let hides = known.origin.as_ref().is_some_and(|origin| origin.hides_engagement);
        let shown = if hides { self.policy.defences.hidden_engagement_share } else { 1.0 };
        let share = CountedShare { share: believed.min(shown), is_of_hidden_engagement: shown < believed };
        Some(share).filter(|share| share.share < 1.0)
    }

    /// Whether an item names another hotkey than its miner's, one that lists items too.
    fn names_another(&self, miner: &Miner, known: &ContentEvidence) -> bool {
        let rejects = self.policy.defences.foreign_tag == ForeignTag::Reject;
        let named = named_owner(known, self.policy).filter(|_| rejects);
        named.is_some_and(|named| *named != miner.hotkey && self.miners.contains(named))
    }

    /// Whether a submission waits because its views are not believed to be authentic.
    fn is_held(&self, known: &ContentEvidence) -> bool {
        self.policy.traffic == TrafficRule::Hold && is_disbelieved(known)
    }

    /// Whether a submission is rejected because its views are not believed to be authentic.
    fn is_inauthentic(&self, known: &ContentEvidence) -> bool {
        self.policy.traffic == TrafficRule::Reject && is_disbelieved(known)
    }

    const fn awaits_owner_check(&self, miner: &Miner) -> bool {
        matches!(self.policy.gist_owner, GistOwnerRule::Required) && !miner.owner_confirmed
    }

    /// The first rule that an existing item breaks.
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
            self.enforces(check) && matches!(self.finding(check, task, known), verification::CheckOutcome::Broken(_))
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

    /// Whether an enforced check has no verdict, and the effect of that: until the patience ends, it always holds the
    /// submission.
    fn unverified(&self, task: &Task, known: &ContentEvidence) -> Option<OnUnknown> {
        let findings = Check::ALL.into_iter().filter(|check| self.enforces(*check));
        let missing = findings.filter_map(|check| match self.finding(check, task, known) {
            verification::CheckOutcome::Awaited => Some(OnUnknown::Hold),
            verification::CheckOutcome::Unknown => Some(self.policy.verification.on_unknown),
            _ => None,
        });
        missing.reduce(|one, other| if one == OnUnknown::Hold { one } else { other })
    }

    fn enforces(&self, check: Check) -> bool {
        self.policy.verification.mode(check) == CheckMode::Enforce
    }

    fn finding<'k>(&self, check: Check, task: &Task, known: &'k ContentEvidence) -> verification::CheckOutcome<'k> {
        let (policy, verified) = (&self.policy.verification, known.verification.as_deref());
        verification::finding(policy, verified, check, task.id.as_str(), self.evidence.at.time)
    }

    /// What prevents this miner from holding the item: another's claim, or no claim of its own.
    fn objection(
        &self,
        miner: &Miner,
        task: &Task,
        content: &ContentId,
        known: &ContentEvidence,
        settlement: &mut Settlement,
    ) -> Option<Reason> {
        let named = named_owner(known, self.policy);
        let claimants = self.rivals.claimants(task, content);
        let Some(holder) = self.rivals.holder(claimants, named) else { return Some(Reason::AwaitingClaim) };
        let is_own = |claim: &Claim| claim.hotkey == miner.hotkey && claim.task_id == task.id.as_str();
        if !claimants.iter().any(|claimant| is_own(claimant.claim)) {
            // Another's claim binds meanwhile, unless the text will settle it for this one as soon as it has a claim too.
            let may_hold = named == Some(&miner.hotkey);
            return Some(if may_hold { Reason::AwaitingClaim } else { Reason::DuplicateSubmission });
        }
        if holder.settled_by != SettledBy::NoDispute {
            *settlement = Settlement { by: Some(holder.settled_by), is_provisional: holder.is_provisional };
        }
        (!is_own(holder.claim)).then_some(Reason::DuplicateSubmission)
    }

    /// Whether an observation is young enough to decide anything.
    fn is_recent(&self, observed_at: Moment) -> bool {
        self.evidence.at.time.hours_since(observed_at) <= self.policy.max_evidence_age_hours
    }
}

/// The part of an item's views that is believed to be authentic, if it is known.
fn authenticity(known: &ContentEvidence) -> Option<f64> {
    known.traffic.as_ref().map(|finding| finding.authenticity)
}

fn is_disbelieved(known: &ContentEvidence) -> bool {
    authenticity(known).is_some_and(|authenticity| authenticity < REJECT_BELOW)
}
