//! Properties of every evidence: order has no effect, more views never lower a score, scores are finite.

#![allow(clippy::expect_used, reason = "a test that cannot build its evidence must fail")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::{Dating, Undatable};
use tensorflix_domain::decision::decide;
use tensorflix_domain::evidence::{
    BoundClaim, ContentEvidence, Evidence, LatestSighting, Measurement, Miner, PreviousScores, SeenContent,
    WeightedTask,
};
use tensorflix_domain::ids::{ContentId, Hotkey, Uid};
use tensorflix_domain::observation::Broadcast;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::{Aggregate, ContentScope, GistOwnerRule, LiveRule, OwnershipRule, Policy, ViewMetric};
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::submission::Pair;
use tensorflix_domain::subnet::{Hyperparameters, Neuron, Subnet};
use tensorflix_domain::task::Task;
use tensorflix_domain::verdict::Reason;
use tensorflix_domain::weights::weight_vector;

const MINERS: u16 = 5;
const CONTENTS: u8 = 6;
const TASKS: [(&str, Platform); 3] = [("a", Platform::YOUTUBE), ("b", Platform::INSTAGRAM), ("c", Platform::YOUTUBE)];

fn hotkey(uid: Uid) -> Hotkey {
    Hotkey::new([u8::try_from(uid).expect("few"); 32])
}

fn stamp(hours: u32) -> BlockStamp {
    BlockStamp { block: hours * 300, time: Moment::from_unix_ms(1_787_000_000_000 + i64::from(hours) * 3_600_000) }
}

fn content_id(number: u8) -> String {
    format!("content-{number:03}")
}

fn pair() -> impl Strategy<Value = Pair> {
    let task = prop_oneof![8 => (0..TASKS.len()).prop_map(|task| TASKS[task].0.to_owned()), 1 => ".{0,5}"];
    let content = prop_oneof![8 => (0..CONTENTS).prop_map(content_id), 1 => ".{0,12}"];
    (task, content).prop_map(|(task_id, content_id)| Pair { task_id, content_id })
}

fn miners() -> impl Strategy<Value = Vec<Miner>> {
    let miner = |uid: Uid| {
        proptest::collection::vec(pair(), 0..8).prop_map(move |pairs| Miner {
            uid,
            hotkey: hotkey(uid),
            pairs,
            owner_confirmed: uid.is_multiple_of(2),
            person: None,
        })
    };
    (0..MINERS).map(miner).collect::<Vec<_>>()
}

fn dating() -> impl Strategy<Value = Dating> {
    prop_oneof![
        Just(Dating::NotAsked),
        (0..3_i64).prop_map(|updated| Dating::Dated(Moment::from_unix_ms(updated))),
        Just(Dating::Undatable(Undatable::Silent)),
    ]
}

fn claim() -> impl Strategy<Value = BoundClaim> {
    let numbers = (proptest::option::of(0..3_u32), 0..3_u32, dating(), 0..3_u32);
    (0..MINERS, pair(), numbers).prop_map(|(uid, pair, (pinned_at, round, dating, committed_at))| BoundClaim {
        uid,
        claim: Claim {
            task_id: pair.task_id,
            content_id: pair.content_id,
            hotkey: hotkey(uid),
            pinned_at,
            round,
            committed_at,
            gist: None,
        },
        dating,
    })
}

/// Claims as the store gives them: one of a hotkey on an item for a task.
fn claims() -> impl Strategy<Value = Vec<BoundClaim>> {
    proptest::collection::vec(claim(), 0..30).prop_map(|claims| {
        let key = |bound: &BoundClaim| (bound.claim.task_id.clone(), bound.claim.content_id.clone(), bound.uid);
        let unique: BTreeMap<_, _> = claims.into_iter().map(|bound| (key(&bound), bound)).collect();
        unique.into_values().collect()
    })
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..1_000_000_u64, Just(u64::MAX)]
}

fn measurement() -> impl Strategy<Value = Option<Measurement>> {
    proptest::option::of((0..200_u32, count()).prop_map(|(hours, count)| Measurement { at: stamp(hours), count }))
}

fn known() -> impl Strategy<Value = ContentEvidence> {
    let broadcast = prop_oneof![4 => Just(Broadcast::None), 1 => Just(Broadcast::Live), 1 => Just(Broadcast::Upcoming)];
    let seen = (proptest::option::of(0..200_u32), broadcast).prop_map(|(published, broadcast)| SeenContent {
        published_at: published.map(|hours| stamp(hours).time),
        broadcast,
    });
    let latest = (0..200_u32, proptest::option::weighted(0.8, seen))
        .prop_map(|(hours, presence)| LatestSighting { at: stamp(hours), presence });
    let shortfall = proptest::option::of(prop_oneof![Just(Reason::QuotaExhausted), Just(Reason::PlatformUnavailable)]);
    let rest = (any::<bool>(), measurement(), measurement(), proptest::option::of((0..MINERS).prop_map(hotkey)));
    (proptest::option::weighted(0.9, latest), rest, shortfall).prop_map(
        |(latest, (seen_before, views, plays, owner_tag), shortfall)| ContentEvidence {
            latest,
            seen_before,
            views,
            plays,
            owner_tag,
            named_hotkeys: 0,
            shortfall,
            verification: None,
            traffic: None,
            origin: None,
        },
    )
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let contents: Vec<_> =
        (0..CONTENTS).flat_map(|number| Platform::known().iter().map(move |platform| (*platform, number))).collect();
    let known = proptest::collection::vec(proptest::option::weighted(0.9, known()), contents.len());
    let previous = proptest::option::of(proptest::collection::btree_map((0..MINERS).prop_map(hotkey), 0.0..10.0, 0..3));
    (miners(), claims(), known, previous).prop_map(move |(miners, claims, known, previous)| Evidence {
        at: stamp(150),
        tasks: TASKS.map(|(id, platform)| task(id, platform)).into(),
        miners,
        claims,
        contents: contents
            .iter()
            .zip(known)
            .filter_map(|((platform, number), known)| {
                Some((ContentId::new(*platform, &content_id(*number)).expect("an id"), known?))
            })
            .collect(),
        previous: previous.map(|scores| PreviousScores { at: stamp(126), scores }),
        recovery: None,
        owner_hotkey: Some(hotkey(200)),
        unwatched: Vec::new(),
        rounds: Rounds { blocks: 1, ..Rounds::default() },
    })
}

fn task(id: &str, platform: Platform) -> WeightedTask {
    let (id, end_at) = (id.parse().expect("an id"), (id == "c").then(|| stamp(140).time));
    let task = Task { id, description: String::new(), platform, start_at: stamp(20).time, end_at };
    WeightedTask { task, weight: 0.5 }
}

fn policy() -> impl Strategy<Value = Policy> {
    let rules = (
        prop_oneof![Just(OwnershipRule::Off), Just(OwnershipRule::Prefer), Just(OwnershipRule::Required)],
        prop_oneof![Just(ContentScope::Task), Just(ContentScope::Subnet)],
        prop_oneof![Just(LiveRule::Reject), Just(LiveRule::Accept)],
        prop_oneof![Just(ViewMetric::Views), Just(ViewMetric::Plays)],
        prop_oneof![Just(GistOwnerRule::Prefer), Just(GistOwnerRule::Required)],
    );
    let weights = (
        prop_oneof![Just(Aggregate::Sum), Just(Aggregate::Best)],
        0..4_u32,
        prop_oneof![Just(0.0), 0.5..100.0],
        prop_oneof![Just(0.0), Just(1.0), 0.0..1.0],
        0.01..5.0,
    );
    (rules, weights, 1..6_u32).prop_map(
        |((tag, scope, live, metric, gist_owner), (aggregate, top_n, half_life, burn, age), most)| Policy {
            ownership_tag: tag,
            content_scope: scope,
            gist_owner,
            live,
            view_metric: metric,
            aggregate,
            top_n,
            ema_half_life_hours: half_life,
            burn_share: burn,
            min_age_hours: age,
            max_per_miner_and_task: most,
            ..Policy::default()
        },
    )
}

fn subnet() -> Subnet {
    let neuron = |uid: Uid| Neuron {
        uid,
        hotkey: hotkey(uid),
        coldkey: None,
        stake_rao: 0,
        validator_permit: false,
        active: true,
        last_update: 0,
        registered_at: 0,
        consensus: 0,
        validator_trust: 0,
        dividends: 0,
        commitment: None,
    };
    Subnet {
        at: stamp(150),
        block_hash: None,
        netuid: 89,
        neurons: (0..=200).map(neuron).collect(),
        hyperparameters: Hyperparameters {
            tempo: 360,
            weights_rate_limit: 100,
            min_allowed_weights: 1,
            weights_version_key: 0,
            stake_threshold_rao: 0,
            activity_cutoff: 5_000,
            commit_reveal: false,
        },
        owner_hotkey: Some(hotkey(200)),
    }
}

/// The bits of scores, since equal floats need not be the same.
fn bits(scores: &BTreeMap<Hotkey, f64>) -> Vec<(Hotkey, u64)> {
    scores.iter().map(|(hotkey, score)| (*hotkey, score.to_bits())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_claims_and_miners_changes_no_bit_of_any_score(
        evidence in evidence(), policy in policy(), turn in 0..30_usize
    ) {
        let decision = decide(&evidence, &policy);
        let mut turned = evidence.clone();
        turned.claims.reverse();
        let claims = turned.claims.len().max(1);
        turned.claims.rotate_left(turn % claims);
        turned.miners.reverse();
        let other = decide(&turned, &policy);
        prop_assert_eq!(bits(&decision.scores), bits(&other.scores));
        for judged in &decision.submissions {
            prop_assert!(other.submissions.contains(judged), "{:?}", judged);
        }
    }

    #[test]
    fn scores_are_finite_numbers_and_shares_are_between_0_and_1(evidence in evidence(), policy in policy()) {
        let decision = decide(&evidence, &policy);
        for judged in &decision.submissions {
            prop_assert!(judged.score.is_none_or(|score| score.is_finite() && score >= 0.0), "{:?}", judged);
            let share = judged.normalized_score;
            prop_assert!(share.is_none_or(|share| (0.0..=1.0).contains(&share)), "{:?}", judged);
        }
        prop_assert!(decision.scores.values().all(|score| score.is_finite() && *score > 0.0));
    }

    #[test]
    fn more_views_never_lower_a_submissions_score(
        evidence in evidence(), policy in policy(), which in 0..12_usize, more in 1..1_000_000_u64
    ) {
        let before = decide(&evidence, &policy);
        let mut grown = evidence.clone();
        if let Some((content, known)) = grown.contents.iter_mut().nth(which) {
            let content = content.clone();
            for measurement in [&mut known.views, &mut known.plays].into_iter().flatten() {
                measurement.count = measurement.count.saturating_add(more);
            }
            let after = decide(&grown, &policy);
            for (old, new) in before.submissions.iter().zip(&after.submissions) {
                if old.content_id == content.as_str() && old.platform == Some(content.platform()) {
                    prop_assert!(new.score >= old.score, "{:?} {:?}", old, new);
                    prop_assert!(new.normalized_score >= old.normalized_score, "{:?} {:?}", old, new);
                }
            }
        }
    }

    #[test]
    fn weights_keep_the_order_of_scores_and_the_highest_is_65535(evidence in evidence(), policy in policy()) {
        let scores = decide(&evidence, &policy).scores;
        let entries = weight_vector(&scores, &subnet());
        prop_assert_eq!(entries.is_empty(), scores.is_empty());
        prop_assert_eq!(entries.iter().map(|(_, weight)| *weight).max().unwrap_or(65_535), 65_535);
        prop_assert!(entries.iter().is_sorted_by_key(|(uid, _)| *uid));
        let score = |uid: Uid| scores[&hotkey(uid)];
        for (left, left_weight) in &entries {
            for (right, right_weight) in &entries {
                prop_assert!(score(*left) < score(*right) || left_weight >= right_weight);
            }
        }
    }

    #[test]
    fn a_content_counts_for_at_most_one_hotkey_in_its_scope(evidence in evidence(), policy in policy()) {
        let mut holders = BTreeMap::new();
        for judged in decide(&evidence, &policy).submissions {
            if judged.score.is_some() {
                let scope = (policy.content_scope == ContentScope::Task).then(|| judged.task_id.clone());
                let holder = *holders.entry((scope, judged.platform, judged.content_id.clone())).or_insert(judged.hotkey);
                prop_assert!(holder == judged.hotkey, "{:?}", judged);
                let is_claimed = evidence.claims.iter().any(|bound| {
                    let claim = &bound.claim;
                    (claim.hotkey, &claim.task_id, &claim.content_id)
                        == (judged.hotkey, &judged.task_id, &judged.content_id)
                });
                prop_assert!(is_claimed, "{:?}", judged);
            }
        }
    }

    #[test]
    fn evidence_survives_json_bit_for_bit(evidence in evidence(), policy in policy()) {
        let json = serde_json::to_string(&evidence).expect("JSON");
        let read: Evidence = serde_json::from_str(&json).expect("evidence");
        prop_assert_eq!(&read, &evidence);
        prop_assert_eq!(bits(&decide(&read, &policy).scores), bits(&decide(&evidence, &policy).scores));
    }
}
