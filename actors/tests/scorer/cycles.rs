//! One cycle a slot: when it opens, and that it is stored before anybody is informed.

use super::{CATS, DANCES, NOW, OPENING, Stage, busy_scene, judged, miner, scores};
use std::time::Duration;
use tensorflix_actors::chain_watcher::CommitmentsChanged;
use tensorflix_actors::gist_fetcher::SubmissionsRecorded;
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::Opening;
use tensorflix_testkit::gists::{reel, seen, video};
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{pass, settle, simulate};
use tensorflix_testkit::world::SLOT_BLOCKS;

#[test]
fn the_hints_of_a_round_lead_to_one_cycle_a_slot_with_the_right_scores() {
    simulate(async {
        let mut stage = Stage::start(&[
            (video(1), seen(1_000, NOW - 10.0)),
            (video(2), seen(800, NOW - 20.0)),
            (video(3), seen(0, NOW - 10.0)),
            (reel(4), seen(30, NOW - 3.0)),
        ]);
        let entries = [
            miner(1, &[(CATS, &video(1))]),
            miner(2, &[(CATS, &video(2)), (DANCES, &reel(4))]),
            miner(3, &[(CATS, &video(3))]),
        ];
        let decided = stage.decide(OPENING + 3, &entries).await;
        assert_eq!((decided.cycle, decided.evidence.at), (1, stamp(OPENING + 3)));
        // Views per hour to the block that they were observed at, 36 s after the slot's first.
        let raw = |views: f64, hours: f64| views / (hours + 0.01);
        for (uid, content, score, normalized) in [
            (1, video(1), raw(1_000.0, 10.0), 1.0),
            (2, video(2), raw(800.0, 20.0), raw(800.0, 20.0) / raw(1_000.0, 10.0)),
            (2, reel(4), raw(30.0, 3.0), 1.0),
            (3, video(3), 0.0, 0.0),
        ] {
            let judged = judged(&decided, uid, &content);
            assert_eq!((judged.score, judged.normalized_score), (Some(score), Some(normalized)), "{content}");
        }
        let second = 1.0 + raw(800.0, 20.0) / raw(1_000.0, 10.0);
        assert_eq!(scores(&decided), [(1, 1.0), (2, second)], "the sum over tasks; nothing for no views");

        for block in [OPENING + 25, OPENING + 50, OPENING + SLOT_BLOCKS - 1] {
            stage.round(block, &entries).await;
            pass(Duration::from_secs(3_600)).await;
        }
        assert_eq!(stage.decided.so_far().await, [], "the slot has its cycle");
        let decided = stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
        assert_eq!((decided.cycle, stage.stats.read().handled), (2, 2));
    });
}

#[test]
fn a_cycle_waits_for_the_round_of_its_block() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
        let (subnet, _) = stage.scene(OPENING, &[miner(1, &[(CATS, &video(1))])]);
        stage.record(OPENING - 25, &[]).await;
        stage.decide(OPENING - 25, &[]).await;
        stage.world.store.save_subnet(&subnet).await.expect("stored");
        stage.scorer.send(CommitmentsChanged { at: subnet.at }).await.expect("handled");
        pass(Duration::from_secs(600)).await;
        let opened: Vec<_> = stage.world.store.cycles().iter().map(|cycle| (cycle.cycle, cycle.decided)).collect();
        assert_eq!(opened, [(1, true), (2, false)]);
        assert!(stage.youtube.requests().is_empty(), "nothing is observed before it is known what");
        let decided = stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
        assert_eq!((decided.cycle, scores(&decided)), (2, vec![(1, 1.0)]));
    });
}

#[test]
fn a_decision_is_stored_before_it_is_told() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
        settle().await;
        stage.world.store.fail_next(Write::Decision);
        let round = stage.record(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
        stage.scorer.do_send(SubmissionsRecorded { round });
        assert_eq!(stage.decided.so_far().await, []);
        assert_eq!(stage.decision().await.cycle, 1, "its own tick tries again");
        assert_eq!(stage.world.store.cycles().len(), 1);
    });
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
        stage.record(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
        stage.world.store.delay_writes(Duration::from_millis(100));
        stage.scorer.do_send(SubmissionsRecorded { round: OPENING });
        let told = loop {
            let told = stage.decided.so_far().await;
            if !told.is_empty() {
                break told;
            }
        };
        assert_eq!((told.len(), stage.world.store.count(Write::Decision)), (1, 1));
    });
}

#[test]
fn once_opens_one_cycle_whatever_the_grid() {
    simulate(async {
        let (sightings, entries) = busy_scene();
        let mut stage = Stage::start_with(&sightings, Opening::Once);
        let decided = stage.decide(OPENING + 3_333, &entries).await;
        assert_eq!(decided.evidence.at, stamp(OPENING + 3_333));
        stage.round(OPENING + SLOT_BLOCKS, &entries).await;
        pass(Duration::from_secs(600)).await;
        assert_eq!(stage.decided.so_far().await, []);
    });
}
