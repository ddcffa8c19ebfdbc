//! From views to scores, and from scores to what a miner earns.

use super::{VIDEO, evidence, hotkey, list, seen, stamp, task, video};
use std::collections::BTreeMap;
use tensorflix_domain::decision::decide;
use tensorflix_domain::evidence::{Evidence, PreviousScores, WeightedTask};
use tensorflix_domain::ids::{Hotkey, Platform, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::policy::{Aggregate, Policy};

/// Two miners, each with two videos in one task: UID 3 with 100 and 50, UID 9 with 80 and 80 views.
fn contest() -> Evidence {
    let mut evidence = evidence();
    list(&mut evidence, 3, &[("yt", "aaaaaaaaaa1"), ("yt", "aaaaaaaaaa2")]);
    list(&mut evidence, 9, &[("yt", "aaaaaaaaaa3"), ("yt", "aaaaaaaaaa4")]);
    for (id, views) in [("aaaaaaaaaa1", 100), ("aaaaaaaaaa2", 50), ("aaaaaaaaaa3", 80), ("aaaaaaaaaa4", 80)] {
        video(&mut evidence, id, seen(views));
    }
    evidence
}

#[track_caller]
fn check_scores(policy: &Policy, evidence: &Evidence, expected: &[(Uid, f64)]) {
    let expected: BTreeMap<Hotkey, f64> = expected.iter().map(|(uid, score)| (hotkey(*uid), *score)).collect();
    let scores = decide(evidence, policy).scores;
    assert_eq!(scores.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (hotkey, score) in &scores {
        assert!((score - expected[hotkey]).abs() < 1e-12, "{hotkey}: {score} and not {}", expected[hotkey]);
    }
}

#[test]
fn scores_are_divided_by_the_tasks_highest_and_summed() {
    check_scores(&Policy::default(), &contest(), &[(3, 1.5), (9, 1.6)]);
}

#[test]
fn policies_change_how_scores_become_weights() {
    let default = Policy::default();
    check_scores(&Policy { aggregate: Aggregate::Best, ..default.clone() }, &contest(), &[(3, 1.0), (9, 0.8)]);
    check_scores(&Policy { top_n: 1, ..default.clone() }, &contest(), &[(9, 1.6)]);
    check_scores(&Policy { burn_share: 0.5, ..default.clone() }, &contest(), &[(0, 3.1), (3, 1.5), (9, 1.6)]);
    check_scores(&Policy { burn_share: 1.0, ..default.clone() }, &contest(), &[(0, 1.0)]);
    let mut weighted = contest();
    weighted.tasks[0].weight = 0.25;
    check_scores(&default, &weighted, &[(3, 0.375), (9, 0.4)]);
}

#[test]
fn what_a_miner_earned_is_summed_in_the_order_of_the_tasks_whatever_the_order_of_a_map() {
    let mut evidence = evidence();
    let numbers = 1..=40_u32;
    // Sums of tenths and thirds depend on the order in which they are taken.
    let weight = |number: &u32| f64::from(*number) / 10.0 + 1.0 / 3.0;
    let ids: Vec<(String, String)> =
        numbers.clone().map(|number| (format!("task {number}"), format!("aaaaaaaaa{number:02}"))).collect();
    evidence.tasks = numbers
        .clone()
        .zip(&ids)
        .map(|(number, (id, _))| WeightedTask { weight: weight(&number), ..task(id, Platform::YouTube) })
        .collect();
    let pairs: Vec<(&str, &str)> = ids.iter().map(|(task, video)| (task.as_str(), video.as_str())).collect();
    list(&mut evidence, 3, &pairs);
    for (_, id) in &ids {
        video(&mut evidence, id, seen(100));
    }
    let (in_order, reversed): (f64, f64) =
        (numbers.clone().map(|number| weight(&number)).sum(), numbers.rev().map(|number| weight(&number)).sum());
    assert_ne!(in_order.to_bits(), reversed.to_bits(), "the order shows");
    let scores = decide(&evidence, &Policy::default()).scores;
    assert_eq!(scores[&hotkey(3)].to_bits(), in_order.to_bits());
}

#[test]
fn of_equal_scores_the_lower_uid_is_kept_whatever_the_order_of_hotkeys() {
    for (first, second) in [(3, 9), (9, 3)] {
        let mut evidence = evidence();
        list(&mut evidence, 3, &[("yt", "aaaaaaaaaa1")]);
        list(&mut evidence, 9, &[("yt", "aaaaaaaaaa3")]);
        // The same hotkeys, with their UIDs as they are and exchanged.
        for miner in &mut evidence.miners {
            miner.uid = if miner.hotkey == hotkey(3) { first } else { second };
        }
        evidence.miners.sort_by_key(|miner| miner.uid);
        for id in ["aaaaaaaaaa1", "aaaaaaaaaa3"] {
            video(&mut evidence, id, seen(100));
        }
        let scores = decide(&evidence, &Policy { top_n: 1, ..Policy::default() }).scores;
        let kept = if first < second { hotkey(3) } else { hotkey(9) };
        assert_eq!(scores.into_keys().collect::<Vec<_>>(), [kept], "UIDs {first} and {second}");
    }
}

#[test]
fn smoothing_goes_by_time_and_not_by_the_number_of_cycles() {
    let policy = Policy { ema_half_life_hours: 24.0, ..Policy::default() };
    let mut evidence = contest();
    evidence.previous =
        Some(PreviousScores { at: stamp(76.0), scores: BTreeMap::from([(hotkey(3), 0.5), (hotkey(4), 1.0)]) });
    check_scores(&policy, &evidence, &[(3, 1.0), (4, 0.5), (9, 0.8)]);
}

#[test]
fn a_task_in_which_nobody_has_views_gives_nobody_anything() {
    let mut evidence = evidence();
    list(&mut evidence, 3, &[("yt", VIDEO)]);
    video(&mut evidence, VIDEO, seen(0));
    let decision = decide(&evidence, &Policy::default());
    assert_eq!(decision.submissions[0].normalized_score, Some(0.0));
    assert!(decision.scores.is_empty());
}

#[test]
fn one_miners_bad_data_changes_no_other_miners_raw_score() {
    let clean = decide(&contest(), &Policy::default()).submissions;
    let mut spoilt = contest();
    let nonsense: Vec<String> = (0..5_000).map(|n| format!("../{n}\u{1b}")).collect();
    let pairs: Vec<(&str, &str)> = nonsense.iter().map(|id| ("yt", id.as_str())).collect();
    list(&mut spoilt, 200, &pairs);
    list(&mut spoilt, 201, &[("yt", "zzzzzzzzzzz"), ("", ""), ("ig", "../..")]);
    let raw = |submissions: &[Judged]| -> Vec<(String, Option<u64>)> {
        submissions
            .iter()
            .filter(|judged| judged.uid < 200)
            .map(|judged| (judged.content_id.clone(), judged.score.map(f64::to_bits)))
            .collect()
    };
    assert_eq!(raw(&decide(&spoilt, &Policy::default()).submissions), raw(&clean));
}
