//! Scores that are smoothed over time, through Scorer and a store: what is carried on from cycle to cycle, and what is not.

use super::{CATS, Entry, NOW, OPENING, Stage, miner, start_scorer_under};
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::decision::decide;
use tensorflix_domain::ids::Block;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::rules::UNNAMED;
use tensorflix_domain::weights::ScoreVector;
use tensorflix_testkit::fake_platform::FakePlatform;
use tensorflix_testkit::gists::{seen, task_line, video};
use tensorflix_testkit::subnets::{hotkey, stamp};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::{SLOT_BLOCKS, World};

/// The subnet owner of the tests, to whom burnt weight goes.
const OWNER: u8 = 255;

fn stage(policy: &Policy) -> Stage {
    let world = World::new();
    let sightings = (1..=3).map(|number| (video(number), seen(1_000 * u64::from(number), NOW - 100.0)));
    let youtube = FakePlatform::start(&world, sightings);
    let instagram = FakePlatform::start(&world, []);
    let (scorer, decided, stats) =
        start_scorer_under(&world, &youtube, &instagram, Opening::Grid, policy.clone(), None);
    let tasks = task_line(CATS, Platform::YOUTUBE, 0.0);
    Stage { world, youtube, instagram, scorer, decided, stats, tasks, tasks_are_readable: true }
}

/// Another process on the same store, under the same policy.
fn restart(stage: &mut Stage, policy: &Policy) {
    (stage.scorer, stage.decided, stage.stats) =
        start_scorer_under(&stage.world, &stage.youtube, &stage.instagram, Opening::Grid, policy.clone(), None);
}

fn listing(uids: &[u8]) -> Vec<Entry> {
    uids.iter().map(|uid| miner(*uid, &[(CATS, &video(u32::from(*uid)))])).collect()
}

fn opening(slot: Block) -> Block {
    OPENING + slot * SLOT_BLOCKS
}

fn share(decided: &DecidedCycle, key: u8) -> f64 {
    decided.scores.get(&hotkey(key)).copied().unwrap_or(0.0) / decided.scores.values().sum::<f64>()
}

fn smoothing(burn_share: f64, top_n: u32) -> Policy {
    Policy { ema_half_life_hours: 24.0, burn_share, top_n, ..Policy::default() }
}

#[test]
fn what_was_earned_is_carried_on_through_restarts_whatever_is_cut_and_burnt() {
    simulate(async {
        let policy = smoothing(0.5, 1);
        let mut stage = stage(&policy);
        let mut before: Option<ScoreVector> = None;
        for slot in 0..6 {
            let decided = stage.decide(opening(slot), &listing(&[1, 2, 3])).await;
            assert_eq!(decided.evidence.previous.as_ref().map(|previous| previous.scores.clone()), before, "{slot}");
            assert!((share(&decided, OWNER) - 0.5).abs() < 1e-12, "slot {slot}: {}", share(&decided, OWNER));
            assert!((share(&decided, 3) - 0.5).abs() < 1e-12, "slot {slot}: one of three is paid");
            let earned: Vec<u8> = decided.smoothed.keys().map(|hotkey| hotkey.public_key()[0]).collect();
            assert_eq!(earned, [1, 2, 3], "slot {slot}: all of them earn");
            let again = decide(&decided.evidence, &decided.policy);
            assert_eq!((&again.smoothed, &again.scores), (&decided.smoothed, &decided.scores), "slot {slot}");
            before = Some(decided.smoothed.clone());
            restart(&mut stage, &policy);
        }
    });
}

#[test]
fn a_hotkey_that_left_the_subnet_is_not_carried_on_and_one_whose_gist_is_gone_is() {
    simulate(async {
        let policy = smoothing(0.25, 1);
        let mut stage = stage(&policy);
        let decided = stage.decide(opening(0), &listing(&[1, 2, 3])).await;
        assert_eq!(decided.smoothed.len(), 3);
        // 3 is not registered any more, and 2 lists nothing.
        let mut entries = listing(&[1]);
        entries.push(miner(2, &[]));
        let decided = stage.decide(opening(1), &entries).await;
        let earned: Vec<u8> = decided.smoothed.keys().map(|hotkey| hotkey.public_key()[0]).collect();
        assert_eq!(earned, [1, 2]);
        // Nobody who is gone takes the only place that is paid, or a part of what is burnt.
        assert!((share(&decided, 1) - 0.75).abs() < 1e-12, "{:?}", decided.scores);
        assert!((share(&decided, OWNER) - 0.25).abs() < 1e-12, "{:?}", decided.scores);
    });
}

#[test]
fn nothing_is_smoothed_with_the_scores_of_a_development_build() {
    simulate(async {
        let policy = smoothing(0.0, 0);
        let mut stage = stage(&policy);
        let first = stage.decide(opening(0), &listing(&[1])).await;
        // The same store as a development build would have left it: a newer cycle with scores and no version.
        let opened = stage.world.store.open_cycle(stamp(opening(0) + 1), &stage.scene(opening(0) + 1, &[]).0).await;
        let of_development = DecidedCycle {
            cycle: opened.expect("opened").cycle,
            policy: Policy { rules: UNNAMED, ..policy.clone() },
            smoothed: ScoreVector::new(),
            scores: [(hotkey(2), 1_000.0)].into(),
            ..first.clone()
        };
        stage.world.store.save_decision(&of_development).await.expect("stored");
        let next = stage.decide(opening(1), &listing(&[1])).await;
        let previous = next.evidence.previous.as_ref().expect("the cycle before that one");
        assert_eq!((previous.at, &previous.scores), (first.evidence.at, &first.smoothed));
        assert!(!next.scores.contains_key(&hotkey(2)), "{:?}", next.scores);
    });
}
