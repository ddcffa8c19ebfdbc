//! Decisions by tables: what evidence leads to which status, reason, score and weight.

#![allow(clippy::expect_used, reason = "a test that cannot build its evidence must fail")]

mod arithmetic;
mod defences;
mod duplicates;
mod earlier_failures;
mod order;
mod owners;
mod places;
mod recovery;
mod scores;
mod traffic;
mod untagged;
mod verification;

use std::collections::BTreeMap;
use tensorflix_domain::chain_time::{BlockStamp, HOUR_MS, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::Dating;
use tensorflix_domain::decision::{Decision, decide};
use tensorflix_domain::evidence::{
    BoundClaim, ContentEvidence, Evidence, LatestSighting, Measurement, Miner, SeenContent, WeightedTask,
};
use tensorflix_domain::ids::{ContentId, Hotkey, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::observation::Broadcast;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::{GistOwnerRule, LiveRule, OwnershipRule, Policy, ViewMetric};
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::submission::Pair;
use tensorflix_domain::task::Task;
use tensorflix_domain::verdict::{Reason, Status};

const VIDEO: &str = "aaaaaaaaaaa";

/// A moment so many hours after an arbitrary start.
fn hour(hours: f64) -> Moment {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers of a test")]
    let offset_ms = (hours * HOUR_MS as f64) as i64;
    Moment::from_unix_ms(1_787_000_000_000 + offset_ms)
}

fn stamp(hours: f64) -> BlockStamp {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]
    let block = (hours * 300.0) as u32 + 1_000_000;
    BlockStamp { block, time: hour(hours) }
}

fn hotkey(uid: Uid) -> Hotkey {
    let mut key = [7_u8; 32];
    key[..2].copy_from_slice(&uid.to_be_bytes());
    Hotkey::new(key)
}

fn content(platform: Platform, id: &str) -> ContentId {
    ContentId::new(platform, id).expect("an id")
}

/// A task that begins at hour 0.
fn task(id: &str, platform: Platform) -> WeightedTask {
    let task = Task {
        id: id.parse().expect("a task id"),
        description: String::new(),
        platform,
        start_at: hour(0.0),
        end_at: None,
    };
    WeightedTask { task, weight: 1.0 }
}

/// Evidence of a cycle at hour 100 with the tasks `yt` and `ig`.
fn evidence() -> Evidence {
    Evidence {
        at: stamp(100.0),
        tasks: vec![task("yt", Platform::YOUTUBE), task("ig", Platform::INSTAGRAM)],
        miners: Vec::new(),
        claims: Vec::new(),
        contents: BTreeMap::new(),
        previous: None,
        recovery: None,
        owner_hotkey: Some(hotkey(0)),
        unwatched: Vec::new(),
        rounds: Rounds::default(),
    }
}

/// An item that was seen at hour 100, published at hour 50.
fn seen(views: u64) -> ContentEvidence {
    ContentEvidence {
        latest: Some(LatestSighting {
            at: stamp(100.0),
            presence: Some(SeenContent { published_at: Some(hour(50.0)), ..SeenContent::default() }),
        }),
        seen_before: true,
        views: Some(Measurement { at: stamp(100.0), count: views }),
        plays: None,
        owner_tag: None,
        named_hotkeys: 0,
        shortfall: None,
        verification: None,
        traffic: None,
        origin: None,
    }
}

fn presence(content: &mut ContentEvidence) -> &mut SeenContent {
    content.latest.as_mut().and_then(|latest| latest.presence.as_mut()).expect("present")
}

/// Lists pairs for a miner and claims them in the polling round of block 100.
fn list(evidence: &mut Evidence, uid: Uid, pairs: &[(&str, &str)]) {
    let pair = |(task_id, content_id): &(&str, &str)| Pair {
        task_id: (*task_id).to_owned(),
        content_id: (*content_id).to_owned(),
    };
    evidence.miners.push(Miner {
        uid,
        hotkey: hotkey(uid),
        pairs: pairs.iter().map(pair).collect(),
        owner_confirmed: false,
        person: None,
    });
    evidence.claims.extend(pairs.iter().map(|pair| claim(uid, *pair, 100)));
}

fn claim(uid: Uid, (task_id, content_id): (&str, &str), round: u32) -> BoundClaim {
    let claim = Claim {
        task_id: task_id.to_owned(),
        content_id: content_id.to_owned(),
        hotkey: hotkey(uid),
        pinned_at: None,
        round,
        committed_at: 1,
        gist: None,
    };
    BoundClaim { uid, claim, dating: Dating::NotAsked }
}

fn video(evidence: &mut Evidence, id: &str, known: ContentEvidence) {
    evidence.contents.insert(content(Platform::YOUTUBE, id), known);
}

fn outcome(judged: &Judged) -> (Status, Option<Reason>) {
    (judged.status, judged.reason)
}

/// Judges one video of one miner and checks what becomes of it.
#[track_caller]
fn check(policy: &Policy, known: Option<ContentEvidence>, status: Status, reason: Option<Reason>) -> Judged {
    let mut evidence = evidence();
    list(&mut evidence, 5, &[("yt", VIDEO)]);
    if let Some(known) = known {
        video(&mut evidence, VIDEO, known);
    }
    let Decision { submissions, .. } = decide(&evidence, policy);
    assert_eq!(outcome(&submissions[0]), (status, reason));
    submissions[0].clone()
}

fn with(change: impl FnOnce(&mut ContentEvidence)) -> Option<ContentEvidence> {
    let mut known = seen(500);
    change(&mut known);
    Some(known)
}

#[test]
fn each_rule_of_a_content_has_its_reason() {
    use Reason::*;
    use Status::*;
    let policy = Policy::default();
    let reject = |known, reason| check(&policy, known, Rejected, Some(reason));
    let wait = |known, reason| check(&policy, known, Pending, Some(reason));

    let accepted = check(&policy, with(|_| ()), Accepted, None);
    assert_eq!((accepted.score, accepted.normalized_score), (Some(10.0), Some(1.0)));

    let absent = |known: &mut ContentEvidence| known.latest = Some(LatestSighting { at: stamp(99.0), presence: None });
    reject(with(absent), ContentRemoved);
    reject(
        with(|known| {
            absent(known);
            known.seen_before = false
        }),
        NoVideoData,
    );
    reject(with(|known| presence(known).broadcast = Broadcast::Live), LiveOrPremiere);
    reject(with(|known| presence(known).broadcast = Broadcast::Upcoming), LiveOrPremiere);
    reject(with(|known| presence(known).published_at = Some(hour(-0.001))), PublishedBeforeTaskStart);
    check(&policy, with(|known| presence(known).published_at = Some(hour(0.0))), Accepted, None);
    check(&policy, with(|known| presence(known).broadcast = Broadcast::Ended), Accepted, None);

    wait(None, PlatformUnavailable);
    wait(Some(ContentEvidence { shortfall: Some(QuotaExhausted), ..ContentEvidence::default() }), QuotaExhausted);
    wait(with(|known| known.views = None), AwaitingMetrics);
    wait(with(|known| presence(known).published_at = None), AwaitingMetrics);
}

#[test]
fn rules_are_checked_in_the_contracts_order() {
    let policy = Policy { ownership_tag: OwnershipRule::Required, ..Policy::default() };
    let mut known = seen(5);
    presence(&mut known).broadcast = Broadcast::Live;
    presence(&mut known).published_at = Some(hour(-1.0));
    check(&policy, Some(known.clone()), Status::Rejected, Some(Reason::LiveOrPremiere));
    presence(&mut known).broadcast = Broadcast::None;
    check(&policy, Some(known.clone()), Status::Rejected, Some(Reason::PublishedBeforeTaskStart));
    presence(&mut known).published_at = Some(hour(1.0));
    check(&policy, Some(known.clone()), Status::Rejected, Some(Reason::MissingOwnershipTag));
    known.owner_tag = Some(hotkey(5));
    check(&policy, Some(known.clone()), Status::Accepted, None);
    known.views = None;
    check(&policy, Some(known), Status::Pending, Some(Reason::AwaitingMetrics));
}

#[test]
fn where_the_gists_owner_must_be_confirmed_a_submission_waits_for_it() {
    use Reason::{AwaitingMetrics, AwaitingOwnerCheck, LiveOrPremiere};
    use Status::{Accepted, Pending, Rejected};
    let policy = Policy { gist_owner: GistOwnerRule::Required, ..Policy::default() };
    check(&policy, with(|_| ()), Pending, Some(AwaitingOwnerCheck));
    check(&policy, with(|known| presence(known).broadcast = Broadcast::Live), Rejected, Some(LiveOrPremiere));
    check(&policy, with(|known| known.views = None), Pending, Some(AwaitingMetrics));
    for (rule, owner_confirmed, status) in [
        (GistOwnerRule::Required, true, Accepted),
        (GistOwnerRule::Required, false, Pending),
        (GistOwnerRule::Prefer, false, Accepted),
    ] {
        let mut evidence = evidence();
        list(&mut evidence, 5, &[("yt", VIDEO)]);
        evidence.miners[0].owner_confirmed = owner_confirmed;
        video(&mut evidence, VIDEO, seen(5));
        let policy = Policy { gist_owner: rule, ..Policy::default() };
        assert_eq!(decide(&evidence, &policy).submissions[0].status, status, "{rule:?} {owner_confirmed}");
    }
}

#[test]
fn a_broken_rule_rejects_also_while_counts_are_missing() {
    let known = with(|known| {
        presence(known).published_at = Some(hour(-1.0));
        known.views = None;
    });
    check(&Policy::default(), known, Status::Rejected, Some(Reason::PublishedBeforeTaskStart));
}

#[test]
fn a_task_may_end() {
    for (published_at, expected) in [(49.9, Status::Accepted), (50.0, Status::Rejected)] {
        let mut evidence = evidence();
        evidence.tasks[0].task.end_at = Some(hour(50.0));
        list(&mut evidence, 5, &[("yt", VIDEO)]);
        video(
            &mut evidence,
            VIDEO,
            with(|known| presence(known).published_at = Some(hour(published_at))).expect("seen"),
        );
        assert_eq!(decide(&evidence, &Policy::default()).submissions[0].status, expected);
    }
}

#[test]
fn old_evidence_stands_for_a_while_and_then_decides_nothing() {
    let policy = Policy::default();
    let observed_at = |hours: f64| {
        let mut known = seen(500);
        known.latest.as_mut().expect("latest").at = stamp(hours);
        known.views = Some(Measurement { at: stamp(hours), count: 500 });
        known.shortfall = Some(Reason::QuotaExhausted);
        Some(known)
    };
    let accepted = check(&policy, observed_at(52.0), Status::Accepted, Some(Reason::QuotaExhausted));
    assert_eq!(accepted.score, Some(250.0), "hours end at the observation's own block, so old evidence does not decay");
    check(&policy, observed_at(51.9), Status::Pending, Some(Reason::QuotaExhausted));
}

#[test]
fn a_count_that_is_missing_now_leaves_the_last_one_in_force() {
    let known = with(|known| known.views = Some(Measurement { at: stamp(90.0), count: 400 }));
    let accepted = check(&Policy::default(), known, Status::Accepted, Some(Reason::AwaitingMetrics));
    assert_eq!((accepted.view_count, accepted.score), (Some(400), Some(10.0)));
}

#[test]
fn a_fresh_video_counts_as_an_hour_old_and_zero_views_score_zero() {
    // Pitfall: views divided by almost no hours exploded.
    for (published_at, views, score) in [(99.99, 60, 60.0), (100.5, 60, 60.0), (98.0, 60, 30.0), (50.0, 0, 0.0)] {
        let known = with(|known| {
            presence(known).published_at = Some(hour(published_at));
            known.views.as_mut().expect("views").count = views;
        });
        let judged = check(&Policy::default(), known, Status::Accepted, None);
        assert_eq!(judged.score, Some(score), "published at hour {published_at}");
    }
}

#[test]
fn submissions_are_judged_one_by_one_and_not_by_miner() {
    // Pitfall: the last entry of a gist once decided all of them.
    let mut evidence = evidence();
    list(&mut evidence, 5, &[("yt", VIDEO), ("nobody's", VIDEO), ("yt", "bbbbbbbbbbb"), ("yt", "short")]);
    video(&mut evidence, VIDEO, seen(500));
    video(&mut evidence, "bbbbbbbbbbb", with(|known| presence(known).published_at = Some(hour(-9.0))).expect("seen"));
    let found: Vec<_> = decide(&evidence, &Policy::default()).submissions.iter().map(outcome).collect();
    assert_eq!(
        found,
        [
            (Status::Accepted, None),
            (Status::Rejected, Some(Reason::UnknownTask)),
            (Status::Rejected, Some(Reason::PublishedBeforeTaskStart)),
            (Status::Rejected, Some(Reason::InvalidContentId)),
        ]
    );
}

#[test]
fn only_the_first_few_of_a_task_count_and_unknown_tasks_and_ids_take_no_place() {
    let policy = Policy { max_per_miner_and_task: 2, ..Policy::default() };
    let mut evidence = evidence();
    let ids = ["aaaaaaaaaa1", "aaaaaaaaaa2", "aaaaaaaaaa3"];
    list(
        &mut evidence,
        5,
        &[("else", ids[0]), ("yt", "no"), ("yt", ids[0]), ("ig", "CCCCC"), ("yt", ids[1]), ("yt", ids[2])],
    );
    for id in ids {
        video(&mut evidence, id, seen(500));
    }
    let found: Vec<_> = decide(&evidence, &policy).submissions.iter().map(|judged| judged.reason).collect();
    let expected = [
        Some(Reason::UnknownTask),
        Some(Reason::InvalidContentId),
        None,
        Some(Reason::PlatformUnavailable),
        None,
        Some(Reason::TooManySubmissions),
    ];
    assert_eq!(found, expected);
}

#[test]
fn views_and_plays_of_a_reel_are_never_mixed() {
    for (metric, views) in [(ViewMetric::Views, 40), (ViewMetric::Plays, 900)] {
        let mut evidence = evidence();
        list(&mut evidence, 3, &[("ig", "CCCCC")]);
        let mut known = seen(40);
        known.plays = Some(Measurement { at: stamp(100.0), count: 900 });
        evidence.contents.insert(content(Platform::INSTAGRAM, "CCCCC"), known);
        let policy = Policy { view_metric: metric, ..Policy::default() };
        assert_eq!(decide(&evidence, &policy).submissions[0].view_count, Some(views));
    }
}

#[test]
fn live_broadcasts_may_be_accepted_by_policy() {
    let policy = Policy { live: LiveRule::Accept, ..Policy::default() };
    check(&policy, with(|known| presence(known).broadcast = Broadcast::Live), Status::Accepted, None);
}
