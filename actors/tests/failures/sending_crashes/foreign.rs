//! Weights that somebody else sets with the validator's hotkey, and weights of its own that its store does not know of.

use super::{BEGIN, HEAD_STEP, Remains, WINDOW_BLOCKS};
use actix::Addr;
use tensorflix_actors::chain_watcher::HeadFinalized;
use tensorflix_actors::ports::Store;
use tensorflix_actors::weight_setter::OnForeignUpdate;
use tensorflix_actors::weight_setter::WeightSetter;
use tensorflix_domain::ids::Block;
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::subnets::head;
use tensorflix_testkit::time::{settle, simulate};

#[test]
fn a_foreign_update_is_waited_out_for_one_rate_limit_and_then_sending_goes_on() {
    simulate(async {
        let remains = Remains::new().await;
        let (setter, _) = remains.start(None);
        let foreign = BEGIN + WINDOW_BLOCKS - 10;
        for block in (BEGIN..BEGIN + 2 * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
            let head = if block == BEGIN { head(BEGIN) } else { remains.chain.advance_to(block) };
            if (foreign..foreign + HEAD_STEP).contains(&block) {
                remains.chain.set_weights_from_elsewhere();
            }
            setter.do_send(HeadFinalized(head));
            settle().await;
        }
        let blocks: Vec<Block> = remains.chain.records().iter().map(|record| record.block - BEGIN).collect();
        assert_eq!(blocks.len(), 2, "{blocks:?}");
        let waited = blocks[1] + BEGIN - foreign;
        assert!((100..120).contains(&waited), "sent {waited} blocks after the foreign update");
        assert!(remains.chain.records().iter().all(|record| record.failure.is_none()));
    });
}

/// What a process sees from one block to another; nothing else happens meanwhile.
async fn live(remains: &Remains, setter: &Addr<WeightSetter>, blocks: std::ops::Range<Block>) {
    for block in blocks.step_by(HEAD_STEP as usize) {
        let head = if block == BEGIN { head(BEGIN) } else { remains.chain.advance_to(block) };
        setter.do_send(HeadFinalized(head));
        settle().await;
    }
}

async fn stopping() -> Remains {
    Remains { on_foreign_update: OnForeignUpdate::Stop, ..Remains::new().await }
}

/// The blocks of a window, counted from the first one of the test.
fn window(number: u32) -> std::ops::Range<Block> {
    BEGIN + number * WINDOW_BLOCKS..BEGIN + (number + 1) * WINDOW_BLOCKS
}

#[test]
fn sending_stopped_by_a_foreign_update_resumes_at_a_restart_until_the_next_one() {
    simulate(async {
        let logs = Logs::capture();
        let remains = stopping().await;
        let submissions = || remains.chain.records().len();
        let alerts = || logs.lines(&["ERROR", "stop the other instance, then restart"]).len();
        let (first, _) = remains.start(None);
        live(&remains, &first, window(0)).await;
        remains.chain.set_weights_from_elsewhere();
        live(&remains, &first, window(1)).await;
        assert_eq!((submissions(), alerts()), (1, 1), "stopped");

        let (second, _) = remains.start(None);
        live(&remains, &second, window(2)).await;
        assert_eq!((submissions(), alerts()), (2, 1), "a restart recovers");
        remains.chain.set_weights_from_elsewhere();
        live(&remains, &second, window(3)).await;
        assert_eq!((submissions(), alerts()), (2, 2), "stopped again");

        let (third, _) = remains.start(None);
        live(&remains, &third, window(4)).await;
        assert_eq!((submissions(), alerts()), (3, 2), "and recovered again");
    });
}

#[test]
fn a_restored_backup_stops_nothing_and_a_second_instance_is_still_noticed() {
    simulate(async {
        let remains = stopping().await;
        let (setter, _) = remains.start(None);
        live(&remains, &setter, window(0)).await;
        let backup = remains.store.intents();
        live(&remains, &setter, window(1)).await;
        assert_eq!(remains.chain.records().len(), 2);

        // The store of a window ago: what was sent since is on chain, and not in it.
        let restored = Remains { chain: remains.chain, ..stopping().await };
        for intent in backup {
            assert!(restored.store.save_intent(&intent).await.expect("stored"));
        }
        let (setter, _) = restored.start(None);
        live(&restored, &setter, window(2)).await;
        live(&restored, &setter, window(3)).await;
        assert_eq!(restored.chain.records().len(), 4, "one more in each window");
        restored.chain.set_weights_from_elsewhere();
        live(&restored, &setter, window(4)).await;
        assert_eq!(restored.chain.records().len(), 4, "stopped");
    });
}
