//! From views to scores, and from scores to what a miner earns.

use super::{VIDEO, content, evidence, hotkey, list, seen, stamp, task, video};
use std::collections::BTreeMap;
use tensorflix_domain::decision::{Decision, decide};
use tensorflix_domain::evidence::{Evidence, PreviousScores, WeightedTask};
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
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
fn a_miners_earnings_are_summed_in_the_order_of_tasks_whatever_the_order_of_a_map() {
    let mut evidence = evidence();
    let numbers = 1..=40_u32;
    // Sums of tenths and thirds depend on the order in which they are taken.
    let weight = |number: &u32| f64::from(*number) / 10.0 + 1.0 / 3.0;
    let ids: Vec<(String, String)> =
        numbers.clone().map(|number| (format!("task {number}"), format!("aaaaaaaaa{number:02}"))).collect();
    evidence.tasks = numbers
        .clone()
        .zip(&ids)
        .map(|(number, (id, _))| WeightedTask { weight: weight(&number), ..task(id, Platform::YOUTUBE) })
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

/// A run of cycles of a day each under one policy: each is smoothed with what the one before left, as the Scorer does it.
fn cycles(policy: &Policy, count: u32, mut change: impl FnMut(u32, &mut Evidence)) -> Vec<Decision> {
    let mut decisions: Vec<Decision> = Vec::new();
    for cycle in 0..count {
        let mut evidence = contest();
        evidence.at = stamp(100.0 + f64::from(cycle) * 24.0);
        for known in evidence.contents.values_mut() {
            known.views.as_mut().expect("views").at = evidence.at;
            known.latest.as_mut().expect("seen").at = evidence.at;
        }
        evidence.previous = decisions.last().map(|before| PreviousScores {
            at: stamp(76.0 + f64::from(cycle) * 24.0),
            scores: before.smoothed.clone(),
        });
        change(cycle, &mut evidence);
        decisions.push(decide(&evidence, policy));
    }
    decisions
}

fn share(decision: &Decision, uid: Uid) -> f64 {
    decision.scores.get(&hotkey(uid)).copied().unwrap_or(0.0) / decision.scores.values().sum::<f64>()
}

#[test]
fn the_burnt_share_stays_what_it_is_however_many_cycles_are_smoothed() {
    for burn_share in [0.1, 0.5, 0.9] {
        let policy = Policy { ema_half_life_hours: 24.0, burn_share, ..Policy::default() };
        for (cycle, decision) in cycles(&policy, 30, |_, _| {}).iter().enumerate() {
            assert!((share(decision, 0) - burn_share).abs() < 1e-12, "cycle {cycle}: {}", share(decision, 0));
        }
    }
    let all = Policy { ema_half_life_hours: 24.0, burn_share: 1.0, ..Policy::default() };
    let policy = Policy { burn_share: 0.0, ..all.clone() };
    let (burnt, paid) = (cycles(&all, 5, |_, _| {}), cycles(&policy, 5, |_, _| {}));
    assert_eq!(burnt[4].smoothed, paid[4].smoothed, "what was earned is kept while all is burnt");
}

#[test]
fn whoever_is_cut_by_top_n_keeps_what_was_earned() {
    let best_only = Policy { ema_half_life_hours: 24.0, top_n: 1, ..Policy::default() };
    let everybody = Policy { top_n: 0, ..best_only.clone() };
    // UID 9 leads for a while, then UID 3 has more.
    let overtake = |cycle: u32, evidence: &mut Evidence| {
        if cycle >= 3 {
            for id in ["aaaaaaaaaa1", "aaaaaaaaaa2"] {
                evidence
                    .contents
                    .get_mut(&content(Platform::YOUTUBE, id))
                    .expect("known")
                    .views
                    .as_mut()
                    .expect("views")
                    .count = 200;
            }
        }
    };
    let (cut, whole) = (cycles(&best_only, 8, overtake), cycles(&everybody, 8, overtake));
    for (cycle, (cut, whole)) in cut.iter().zip(&whole).enumerate() {
        assert_eq!(cut.smoothed, whole.smoothed, "cycle {cycle}");
        let best = whole.scores.iter().max_by(|left, right| left.1.total_cmp(right.1)).expect("scores");
        assert_eq!(cut.scores, BTreeMap::from([(*best.0, *best.1)]), "cycle {cycle}: the best of all that was earned");
    }
    assert_ne!(cut[0].scores.keys().next(), cut[7].scores.keys().next(), "somebody overtakes");
}

#[test]
fn who_left_is_forgotten_with_time_and_lifts_no_burnt_share() {
    let policy = Policy { ema_half_life_hours: 24.0, burn_share: 0.5, ..Policy::default() };
    let decisions = cycles(&policy, 12, |cycle, evidence| {
        if cycle >= 2 {
            evidence.miners.retain(|miner| miner.uid != 9);
        }
    });
    for (cycle, decision) in decisions.iter().enumerate() {
        assert!((share(decision, 0) - 0.5).abs() < 1e-12, "cycle {cycle}");
    }
    assert!(share(&decisions[11], 9) < 1e-3, "{}", share(&decisions[11], 9));
}
