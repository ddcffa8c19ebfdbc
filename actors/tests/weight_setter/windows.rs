//! Windows: one submission in each, whatever is decided and whenever it is known.

use super::{ENTRIES, Mode, OPENING, SCORES, Setting, WINDOW};
use tensorflix_actors::chain_watcher::HeadFinalized;
use tensorflix_actors::weight_setter::DECISION_PATIENCE_BLOCKS;
use tensorflix_domain::ids::Block;
use tensorflix_testkit::subnets::head;
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::SLOT_BLOCKS;

#[test]
fn each_window_has_one_submission_whether_or_not_anything_changed() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        setting.decide(OPENING, &SCORES).await;
        for block in (OPENING..OPENING + 10 * WINDOW).step_by(7) {
            setting.finalize(block).await;
            setting.finalize(block).await;
        }
        let windows: Vec<Block> = setting.world.store.intents().iter().map(|intent| intent.window).collect();
        assert_eq!(windows, (0..10).map(|number| OPENING + number * WINDOW).collect::<Vec<_>>());
        assert_eq!((setting.submitted().len(), setting.confirmed.so_far().await.len()), (10, 10));
        assert!(setting.signed_entries().iter().all(|entries| entries[..] == ENTRIES));
    });
}

#[test]
fn a_second_decision_in_a_window_waits_for_the_next() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        setting.decide(OPENING, &SCORES).await;
        setting.confirmed.next().await;
        for _ in 0..3 {
            setting.decide(OPENING + 3, &[(3, 1.0)]).await;
            let withheld = setting.withheld.next().await;
            assert!(!withheld.is_failure, "it is as it should be: {}", withheld.reason);
        }
        assert_eq!(setting.submitted().len(), 1);
        setting.finalize(OPENING + WINDOW).await;
        assert_eq!(setting.confirmed.next().await.entries, [(3, 65_535)], "the newest decision");
    });
}

#[test]
fn a_resend_waits_for_the_decision_of_its_slot_but_not_for_ever() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        setting.decide(OPENING, &SCORES).await;
        setting.confirmed.next().await;
        let next_slot = OPENING + SLOT_BLOCKS;
        for block in [next_slot, next_slot + DECISION_PATIENCE_BLOCKS - 1] {
            setting.finalize(block).await;
            assert_eq!(setting.confirmed.so_far().await, [], "{block}");
        }
        setting.finalize(next_slot + DECISION_PATIENCE_BLOCKS).await;
        assert_eq!(setting.confirmed.next().await.entries, ENTRIES, "platforms may be down; the old scores stand");

        let slot_after = next_slot + SLOT_BLOCKS;
        setting.finalize(slot_after).await;
        setting.decide(slot_after, &[(3, 1.0)]).await;
        assert_eq!(setting.confirmed.next().await.entries, [(3, 65_535)], "once decided, at once");
    });
}

#[test]
fn the_setter_of_one_cycle_sends_only_for_a_decision() {
    simulate(async {
        let mut setting = Setting::start_as(Mode { only_decisions: true, ..Mode::default() });
        setting.record_decision(OPENING, &SCORES).await;
        setting.finalize(OPENING).await;
        setting.finalize(OPENING + WINDOW).await;
        assert_eq!(setting.submitted().len(), 0, "heads alone send nothing");
        setting.decide(OPENING + WINDOW, &[(3, 1.0)]).await;
        assert_eq!(setting.confirmed.next().await.entries, [(3, 65_535)]);
    });
}

#[test]
fn a_decision_that_nobody_told_of_is_found_at_the_next_head() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        setting.record_decision(OPENING, &SCORES).await;
        setting.finalize(OPENING + 1).await;
        assert_eq!(setting.confirmed.next().await.entries, ENTRIES);
    });
}

#[test]
fn an_old_head_moves_nothing_back() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING + WINDOW).await;
        setting.decide(OPENING, &SCORES).await;
        setting.confirmed.next().await;
        for block in [OPENING, OPENING + 5, 0] {
            setting.address.send(HeadFinalized(head(block))).await.expect("handled");
        }
        assert_eq!((setting.confirmed.so_far().await, setting.submitted().len()), (vec![], 1));
    });
}
