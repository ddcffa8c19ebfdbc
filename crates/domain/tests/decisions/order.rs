//! The contract's order: which reason a submission gets that breaks several rules, and which criterion settles a dispute.

use super::{VIDEO, claim, evidence, hotkey, hour, list, presence, seen, stamp, video};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::{Dating, Undatable};
use tensorflix_domain::decision::decide;
use tensorflix_domain::dispute::{Claimant, SettledBy, holder};
use tensorflix_domain::evidence::{ContentEvidence, Evidence, LatestSighting, Origin, Person};
use tensorflix_domain::ids::{Block, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::observation::Broadcast;
use tensorflix_domain::policy::{GistOwnerRule, OwnershipRule, Policy, TrafficRule};
use tensorflix_domain::rivals::disputes;
use tensorflix_domain::rounds::{Rounds, Timeline};
use tensorflix_domain::traffic::TrafficFinding;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_domain::verification::{CERTAIN, Check, CheckMode, Provider};

/// The miner with the submission in question, and one that was there before it.
const MINER: Uid = 9;
const EARLIER: Uid = 20;

/// The reason codes of the contract, in the order in which the rules are checked; then what makes a submission wait.
const CONTRACT: [&str; 22] = [
    "unknown_task",
    "invalid_content_id",
    "too_many_submissions",
    "duplicate_submission",
    "no_video_data",
    "content_removed",
    "live_or_premiere",
    "published_before_task_start",
    "published_after_task_end",
    "missing_ownership_tag",
    "not_ai_generated",
    "illicit_content",
    "inauthentic_traffic",
    "off_topic",
    "owner_limit",
    "awaiting_claim",
    "awaiting_metrics",
    "awaiting_settlement",
    "awaiting_owner_check",
    "awaiting_verdict",
    "quota_exhausted",
    "platform_unavailable",
];

#[test]
fn the_reason_codes_are_the_contracts_and_stand_in_its_order() {
    let codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes, CONTRACT);
}

/// Everything that one submission is judged by. As it begins, it is accepted.
struct Case {
    evidence: Evidence,
    policy: Policy,
    /// As the miner lists it.
    content_id: String,
    known: ContentEvidence,
    /// What is known of the first item of the same gist: nothing, so that it does not count.
    other: ContentEvidence,
    /// Whether the miner's own pair is claimed.
    is_claimed: bool,
    /// Whether what is broken so far can only be known of an item that was requested.
    relies_on_sight: bool,
}

impl Case {
    fn new() -> Self {
        let policy = Policy { ownership_tag: OwnershipRule::Off, ..Policy::default() };
        Self {
            evidence: evidence(),
            policy,
            content_id: VIDEO.to_owned(),
            known: seen(500),
            other: ContentEvidence::default(),
            is_claimed: true,
            relies_on_sight: false,
        }
    }

    fn judged(mut self) -> Judged {
        // The first of its gist is another one, so that a limit of one is passed by the second.
        list(&mut self.evidence, MINER, &[("yt", "otherotherx"), ("yt", &self.content_id)]);
        video(&mut self.evidence, "otherotherx", self.other);
        for miner in self.evidence.miners.iter_mut().filter(|_| self.policy.defences.max_per_coldkey_and_task > 0) {
            miner.person = Some(Box::new(Person { coldkey: Some(hotkey(1)), github_id: None }));
        }
        if !self.is_claimed {
            self.evidence.claims.retain(|bound| bound.uid != MINER || bound.claim.content_id != VIDEO);
        }
        video(&mut self.evidence, VIDEO, self.known);
        let mut of_miner =
            decide(&self.evidence, &self.policy).submissions.into_iter().filter(|judged| judged.uid == MINER);
        of_miner.next_back().expect("its second")
    }

    /// Breaks one rule, or withholds what it needs. False if nothing can break it as well as what is broken already.
    fn break_rule(&mut self, reason: Reason) -> bool {
        let is_seen = self.known.latest.as_ref().is_some_and(|latest| latest.presence.is_some());
        match reason {
            Reason::UnknownTask => self.evidence.tasks.clear(),
            Reason::InvalidContentId => self.content_id = "no id".to_owned(),
            Reason::TooManySubmissions => self.policy.max_per_miner_and_task = 1,
            Reason::DuplicateSubmission => {
                list(&mut self.evidence, EARLIER, &[("yt", VIDEO)]);
                self.evidence.claims = vec![claim(EARLIER, ("yt", VIDEO), 0)];
            }
            Reason::NoVideoData | Reason::ContentRemoved if is_seen => {
                let was_seen = reason == Reason::ContentRemoved;
                let known = &mut self.known;
                known.latest = Some(LatestSighting { at: stamp(99.0), presence: None });
                known.seen_before = was_seen;
            }
            Reason::LiveOrPremiere if is_seen => presence(&mut self.known).broadcast = Broadcast::Live,
            Reason::PublishedBeforeTaskStart if is_seen => presence(&mut self.known).published_at = Some(hour(-1.0)),
            // Where it is published before the start as well, the end is before the start.
            Reason::PublishedAfterTaskEnd if is_seen => {
                let published_at = presence(&mut self.known).published_at;
                for weighted in &mut self.evidence.tasks {
                    weighted.task.end_at = published_at;
                }
            }
            Reason::MissingOwnershipTag => self.policy.ownership_tag = OwnershipRule::Required,
            Reason::NotAiGenerated if is_seen => self.answer(Check::Ai, Some(CERTAIN)),
            Reason::IllicitContent if is_seen => self.answer(Check::Illicit, Some(CERTAIN)),
            Reason::OffTopic if is_seen => self.answer(Check::Topic, Some(CERTAIN)),
            Reason::InauthenticTraffic if is_seen => {
                self.policy.traffic = TrafficRule::Reject;
                self.known.traffic = Some(TrafficFinding { authenticity: 0.0, signals: Vec::new() });
            }
            // The first item of the gist counts, and takes the only place of its owner.
            Reason::OwnerLimit if is_seen => {
                self.policy.defences.max_per_coldkey_and_task = 1;
                self.other = seen(500);
            }
            Reason::AwaitingClaim => self.is_claimed = false,
            Reason::AwaitingMetrics if is_seen => self.known.views = None,
            // Large at first sight, and not observed since.
            Reason::AwaitingSettlement if is_seen => {
                self.policy.defences.first_sight_views = 1;
                let origin = Origin { first_views: seen(500).views, ..Origin::default() };
                self.known.origin = Some(Box::new(origin));
            }
            Reason::AwaitingOwnerCheck if is_seen => self.policy.gist_owner = GistOwnerRule::Required,
            // A check that nothing has broken yet: the verdict on one that is broken is there.
            Reason::AwaitingVerdict if is_seen => {
                let is_free = |check: &Check| self.policy.verification.mode(*check) == CheckMode::Off;
                let Some(check) = Check::ALL.into_iter().find(is_free) else { return false };
                self.answer(check, None);
            }
            Reason::QuotaExhausted | Reason::PlatformUnavailable => {
                let relies_on_sight = self.relies_on_sight;
                let known = &mut self.known;
                if known.shortfall.is_some() {
                    return false;
                }
                known.shortfall = Some(reason);
                // With an observation that breaks no rule there would be no need to wait.
                if !relies_on_sight {
                    known.latest = None;
                }
            }
            _ => return false,
        }
        self.relies_on_sight |= reason >= Reason::NoVideoData;
        true
    }

    /// Enforces a check, with a verdict of a webhook that is so certain of the breach; or with none yet.
    fn answer(&mut self, check: Check, breach_permille: Option<u16>) {
        let verification = &mut self.policy.verification;
        match check {
            Check::Ai => verification.ai = CheckMode::Enforce,
            Check::Illicit => verification.illicit = CheckMode::Enforce,
            Check::Topic => verification.topic = CheckMode::Enforce,
        }
        verification.asked.insert(check, [Provider::Webhook].into());
        let verdict =
            breach_permille.map(|breach| super::verification::verdict(check, Provider::Webhook, breach, 99.0));
        let known = self.known.verification.get_or_insert_default();
        known.sampled = true;
        known.verdicts.extend(verdict);
    }
}

/// Pairs of which the second cannot be true beside the first: nothing is known of an absent item, an absent item was
/// seen before or was not, and an item has one shortfall.
fn exclude_each_other(earlier: Reason, later: Reason) -> bool {
    use Reason::*;
    let needs_sight = [
        LiveOrPremiere,
        PublishedBeforeTaskStart,
        PublishedAfterTaskEnd,
        NotAiGenerated,
        IllicitContent,
        InauthenticTraffic,
        OffTopic,
        OwnerLimit,
        AwaitingMetrics,
        AwaitingSettlement,
        AwaitingOwnerCheck,
        AwaitingVerdict,
    ];
    match (earlier, later) {
        (NoVideoData, ContentRemoved) | (QuotaExhausted, PlatformUnavailable) => true,
        (NoVideoData | ContentRemoved, later) => needs_sight.contains(&later),
        _ => false,
    }
}

#[test]
fn of_two_broken_rules_the_earlier_of_the_contract_is_the_reason() {
    let all = || Reason::ALL.iter().copied();
    for reason in all() {
        let mut case = Case::new();
        assert!(case.break_rule(reason), "{reason}");
        let judged = case.judged();
        assert_eq!((judged.status, judged.reason), (reason.status(), Some(reason)), "alone");
    }
    assert_eq!(Case::new().judged().reason, None);
    let mut pairs = 0;
    for earlier in all() {
        for later in all().filter(|later| *later > earlier) {
            let mut case = Case::new();
            assert!(case.break_rule(earlier), "{earlier}");
            assert_eq!(case.break_rule(later), !exclude_each_other(earlier, later), "{earlier} and {later}");
            let judged = case.judged();
            // A cap of an owner counts only what else would count: what is pending takes none of its places.
            let is_pending = earlier == Reason::OwnerLimit && later.status() == Status::Pending;
            let first = if is_pending && judged.status == Status::Pending { later } else { earlier };
            assert_eq!(judged.reason, Some(first), "{earlier} before {later}");
            assert!(judged.score.is_none());
            pairs += 1;
        }
    }
    assert_eq!(pairs, 22 * 21 / 2);
}

/// A claim that is better or worse than another in each criterion.
fn contender(uid: Uid, is_better: impl Fn(SettledBy) -> bool) -> (Claim, Dating) {
    let block = |criterion| if is_better(criterion) { 10 } else { 100 };
    let round = block(SettledBy::PollingRound);
    let updated_ms = if is_better(SettledBy::GistUpdate) { 1 } else { 2 };
    let claim = Claim { round, committed_at: block(SettledBy::CommitmentBlock), ..claim(uid, ("yt", VIDEO), 0).claim };
    (claim, Dating::Dated(Moment::from_unix_ms(updated_ms)))
}

#[test]
fn a_criterion_settles_a_dispute_against_all_that_come_after_it() {
    use SettledBy::*;
    let order = [OwnershipTag, PollingRound, GistUpdate, CommitmentBlock, Uid];
    let rounds = Rounds::default();
    let timeline = Timeline { rounds: &rounds, at: stamp(100.0) };
    for (place, decisive) in order.into_iter().enumerate() {
        // Equal before, better in this one, and worse in all that follow.
        let wins = |criterion: SettledBy| order.iter().position(|other| *other == criterion) <= Some(place);
        let loses = |criterion: SettledBy| order.iter().position(|other| *other == criterion) != Some(place);
        let (winner, loser) = if decisive == Uid { (3, 4) } else { (4, 3) };
        let (best, rest) = (contender(winner, wins), contender(loser, loses));
        let claimants = [
            Claimant { claim: &rest.0, uid: loser, dating: rest.1 },
            Claimant { claim: &best.0, uid: winner, dating: best.1 },
        ];
        let named = (decisive == OwnershipTag).then(|| hotkey(winner));
        for claimants in [claimants, [claimants[1], claimants[0]]] {
            let held = holder(&claimants, named.as_ref(), timeline).expect("a holder");
            assert_eq!((held.claim.hotkey, held.settled_by), (hotkey(winner), decisive));
        }
    }
}

/// Decides one video that miners 5, 6, … claim in these rounds, pinned and dated so; their commitments are older and
/// older.
fn dispute(claims: &[(Option<Block>, Block, Dating)]) -> Vec<Judged> {
    let mut evidence = evidence();
    video(&mut evidence, VIDEO, seen(500));
    for (uid, (pinned_at, round, dating)) in (5..).zip(claims) {
        list(&mut evidence, uid, &[("yt", VIDEO)]);
        let bound = evidence.claims.last_mut().expect("just claimed");
        bound.claim =
            Claim { pinned_at: *pinned_at, round: *round, committed_at: 50 - u32::from(uid), ..bound.claim.clone() };
        bound.dating = *dating;
    }
    decide(&evidence, &Policy::default()).submissions
}

#[test]
fn a_pin_that_comes_months_after_a_sighting_takes_nothing() {
    let submissions = dispute(&[(None, 100, Dating::NotAsked), (Some(900_000), 900_000, Dating::NotAsked)]);
    assert_eq!(submissions[0].settled_by, Some(SettledBy::PollingRound));
    assert_eq!(submissions[1].reason, Some(Reason::DuplicateSubmission));
    assert!(!submissions[1].is_provisional);
}

#[test]
fn a_gist_that_cannot_be_dated_takes_nothing_and_one_not_yet_dated_only_for_now() {
    let dated = Dating::Dated(Moment::from_unix_ms(5));
    let too_large = Dating::Undatable(Undatable::TooLarge);
    for (rivals, winner, is_provisional) in [
        ([dated, too_large, too_large], 5, false),
        ([too_large, dated, too_large], 6, false),
        ([dated, too_large, Dating::NotAsked], 7, true),
        ([Dating::NotAsked, too_large, Dating::NotAsked], 7, true),
        ([Dating::NotAsked, too_large, dated], 7, true),
        ([too_large, too_large, too_large], 7, false),
    ] {
        let submissions = dispute(&rivals.map(|dating| (None, 100, dating)));
        let holders: Vec<Uid> =
            submissions.iter().filter(|judged| judged.status == Status::Accepted).map(|judged| judged.uid).collect();
        assert_eq!(holders, [winner], "{rivals:?}");
        assert!(submissions.iter().all(|judged| judged.is_provisional == is_provisional), "{rivals:?}");
    }
}

#[test]
fn who_is_in_dispute_is_found_by_what_is_known_of_the_content() {
    let mut evidence = evidence();
    for uid in [5, 6, 7] {
        list(&mut evidence, uid, &[("yt", VIDEO)]);
    }
    let found =
        |evidence: &Evidence| -> Vec<usize> { disputes(evidence, &Policy::default()).iter().map(Vec::len).collect() };
    assert_eq!(found(&evidence), [3]);
    let mut tagged = seen(500);
    tagged.owner_tag = Some(hotkey(6));
    video(&mut evidence, VIDEO, tagged);
    assert!(found(&evidence).is_empty(), "the tag settles it, and nobody is asked");
}
