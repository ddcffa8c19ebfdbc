//! Scorer among failures: platforms that are out of order, and crashes of its own.

use super::{CATS, DANCES, NOW, OPENING, Stage, accepted, bits, busy_scene, judged, miner, pending, scores, verdict};
use tensorflix_actors::ports::Store;
use tensorflix_domain::claim::{Claim, MAX_CLAIMS};
use tensorflix_domain::ids::Block;
use tensorflix_domain::observation::Observation;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_testkit::fake_platform::Conduct;
use tensorflix_testkit::gists::{reel, seen, video};
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{settle, simulate};
use tensorflix_testkit::world::SLOT_BLOCKS;

#[test]
fn without_the_platform_a_submission_is_pending_or_rests_on_its_last_good_evidence() {
    let unavailable = Reason::PlatformUnavailable;
    // How many hours before the cycle the content was last observed, if ever.
    for (observed, reason, expected) in [
        (None, unavailable, pending(unavailable)),
        (None, Reason::QuotaExhausted, pending(Reason::QuotaExhausted)),
        (Some(1.0), unavailable, (Status::Accepted, Some(unavailable))),
        (Some(48.0), Reason::QuotaExhausted, (Status::Accepted, Some(Reason::QuotaExhausted))),
        (Some(48.01), unavailable, pending(unavailable)),
        (Some(200.0), unavailable, pending(unavailable)),
    ] {
        simulate(async move {
            let mut stage = Stage::start(&[]);
            stage.youtube.conduct(Conduct::FallShort(reason));
            if let Some(hours) = observed {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few days of blocks")]
                let at = stamp(OPENING - (hours * 300.0) as Block);
                let sighting = seen(1_000, 0.0);
                let observation = Observation { content: video(1), at, sighting };
                stage.world.store.record_observations(&[observation]).await.expect("stored");
            }
            let decided = stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
            assert_eq!(verdict(&decided, 1, &video(1)), expected, "{observed:?}");
            let is_accepted = expected.0 == Status::Accepted;
            assert_eq!(scores(&decided).len(), usize::from(is_accepted), "{observed:?}");
            if is_accepted {
                // Old evidence does not decay: hours end at its own block.
                let age = NOW - observed.expect("observed");
                assert_eq!(judged(&decided, 1, &video(1)).score, Some(1_000.0 / age));
            }
            assert!(decided.errors.iter().any(|error| error.source == "youtube"), "{:?}", decided.errors);
        });
    }
}

#[test]
fn a_platform_actor_that_fails_or_is_silent_costs_only_its_own_contents() {
    for conduct in [Conduct::Panic, Conduct::Hang] {
        simulate(async move {
            let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (reel(2), seen(50, NOW - 10.0))]);
            stage.youtube.conduct(conduct);
            let entries = [miner(1, &[(CATS, &video(1))]), miner(2, &[(DANCES, &reel(2))])];
            let decided = stage.decide(OPENING, &entries).await;
            assert_eq!(verdict(&decided, 1, &video(1)), pending(Reason::PlatformUnavailable), "{conduct:?}");
            assert_eq!(verdict(&decided, 2, &reel(2)), accepted(), "{conduct:?}");
            assert_eq!(stage.stats.read().restarts, 0, "{conduct:?}");

            stage.youtube.conduct(Conduct::Observe);
            let decided = stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
            assert_eq!(verdict(&decided, 1, &video(1)), accepted(), "{conduct:?}: back in order");
        });
    }
}

#[test]
fn a_scorer_that_crashes_in_a_cycle_takes_up_the_same_cycle() {
    let mut decisions = Vec::new();
    for crash in [None, Some(Write::Claims), Some(Write::Cycle), Some(Write::Decision)] {
        simulate(async {
            let (sightings, entries) = busy_scene();
            let mut stage = Stage::start(&sightings);
            settle().await;
            if let Some(write) = crash {
                stage.world.store.panic_at_next(write);
            }
            let decided = stage.decide(OPENING, &entries).await;
            assert_eq!(stage.stats.read().restarts, u64::from(crash.is_some()), "{crash:?}");
            assert_eq!(stage.world.store.cycles().len(), 1, "{crash:?}: no cycle is opened twice");
            assert_eq!(decided.cycle, 1);
            decisions.push(bits(&decided));
            let decided = stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
            assert_eq!(decided.cycle, 2, "{crash:?}: and it goes on");
        });
    }
    assert!(decisions.iter().all(|decided| *decided == decisions[0]));
}

#[test]
fn a_new_process_takes_up_the_cycle_that_the_old_one_left_open() {
    simulate(async {
        let (sightings, entries) = busy_scene();
        let mut stage = Stage::start(&sightings);
        stage.youtube.conduct(Conduct::Hang);
        stage.round(OPENING, &entries).await;
        settle().await;
        assert!(!stage.world.store.cycles()[0].decided);
        stage.youtube.conduct(Conduct::Observe);
        stage.restart();
        // Later in the slot the observations are made at a later block, and dated by it.
        stage.round(OPENING + 600, &entries).await;
        let decided = stage.decision().await;
        assert_eq!((decided.cycle, decided.evidence.at), (1, stamp(OPENING)));
        let asked = stage.youtube.requests();
        let [before, after] = &asked[..] else { panic!("two requests: {asked:?}") };
        assert_eq!((before.since, before.as_of), (OPENING, stamp(OPENING)));
        assert_eq!((after.since, after.as_of), (OPENING, stamp(OPENING + 600)), "what is seen now is not dated back");
        assert_eq!(stage.world.store.cycles().len(), 1);
    });
}

#[test]
fn a_cycle_whose_slot_has_passed_is_left_as_it_is() {
    simulate(async {
        let (sightings, entries) = busy_scene();
        let mut stage = Stage::start(&sightings);
        stage.youtube.conduct(Conduct::Hang);
        stage.round(OPENING, &entries).await;
        settle().await;
        stage.youtube.conduct(Conduct::Observe);
        stage.restart();
        let decided = stage.decide(OPENING + SLOT_BLOCKS + 5, &entries).await;
        assert_eq!(decided.cycle, 2);
        let cycles: Vec<_> = stage.world.store.cycles().iter().map(|cycle| (cycle.at.block, cycle.decided)).collect();
        assert_eq!(cycles, [(OPENING, false), (OPENING + SLOT_BLOCKS + 5, true)]);
    });
}

#[test]
fn a_cycle_waits_for_a_readable_task_until_its_slot_ends_and_rejects_nobody() {
    for back_after in [25, 275, 300, 2_400, SLOT_BLOCKS - 25] {
        simulate(async move {
            let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
            let entries = [miner(1, &[(CATS, &video(1))])];
            stage.set_tasks_readable(false);
            for passed in (0..back_after).step_by(25) {
                stage.round(OPENING + passed, &entries).await;
                settle().await;
                assert!(!stage.world.store.cycles()[0].decided, "after {passed} blocks");
            }
            stage.set_tasks_readable(true);
            stage.round(OPENING + back_after, &entries).await;
            let decided = stage.decision().await;
            assert_eq!((decided.cycle, decided.evidence.at), (1, stamp(OPENING)));
            assert_eq!(verdict(&decided, 1, &video(1)), accepted(), "{back_after:?}");
        });
    }
}

#[test]
fn a_cycle_without_readable_tasks_in_its_slot_is_left_and_the_next_one_opens() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
        let entries = [miner(1, &[(CATS, &video(1))])];
        stage.set_tasks_readable(false);
        stage.round(OPENING, &entries).await;
        settle().await;
        stage.set_tasks_readable(true);
        let decided = stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
        assert_eq!((decided.cycle, verdict(&decided, 1, &video(1))), (2, accepted()));
        assert!(!stage.world.store.cycles()[0].decided);
    });
}

#[test]
fn what_a_hotkey_lists_beyond_its_claims_waits_and_nobody_else_is_touched() {
    simulate(async {
        let sightings: Vec<_> = [1, 2, 3].map(|number| (video(number), seen(1_000, NOW - 10.0))).into();
        let mut stage = Stage::start(&sightings);
        let entries = [miner(1, &[(CATS, &video(1)), (CATS, &video(2))]), miner(2, &[(CATS, &video(3))])];
        let claims: Vec<Claim> = (0..MAX_CLAIMS - 1)
            .map(|number| Claim {
                task_id: "old".to_owned(),
                content_id: format!("o{number:010}"),
                hotkey: entries[0].neuron.hotkey,
                pinned_at: None,
                round: 25,
                committed_at: 20,
                gist: None,
            })
            .collect();
        stage.world.store.record_claims(&claims, &[]).await.expect("stored");
        let decided = stage.decide(OPENING, &entries).await;
        assert_eq!(verdict(&decided, 1, &video(1)), accepted(), "the first of its gist fills it up");
        assert_eq!(verdict(&decided, 2, &video(3)), accepted());
        assert_eq!(verdict(&decided, 1, &video(2)), pending(Reason::AwaitingClaim));
        let held = stage.world.store.claims();
        assert_eq!(held.iter().filter(|claim| claim.hotkey == entries[0].neuron.hotkey).count(), MAX_CLAIMS);
    });
}
