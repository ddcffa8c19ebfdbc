//! Cycles in which nothing qualifies: the last vector is sent again, and the owner is paid only where there never was one.

use super::{ENTRIES, OPENING, SCORES, Setting, usual_neurons, usual_subnet, waiting};
use tensorflix_actors::ports::Store;
use tensorflix_actors::weight_setter::DECISION_PATIENCE_BLOCKS;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_testkit::subnets::{neuron, stamp, subnet};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::SLOT_BLOCKS;

#[test]
fn if_nothing_qualifies_the_last_vector_is_kept_and_without_one_the_owner_gets_all() {
    let with_owner = || subnet(0, usual_neurons().into_iter().chain([neuron(9, 255)]));
    simulate(async {
        let mut setting = Setting::start();
        setting.world.chain.set_subnet(with_owner());
        setting.finalize(OPENING).await;
        setting.decide(OPENING, &[]).await;
        assert_eq!(setting.confirmed.next().await.entries, [(9, 65_535)], "burnt");

        setting.finalize(OPENING + SLOT_BLOCKS).await;
        setting.decide(OPENING + SLOT_BLOCKS, &SCORES).await;
        assert_eq!(setting.confirmed.next().await.entries, ENTRIES);
        setting.finalize(OPENING + 2 * SLOT_BLOCKS).await;
        setting.decide(OPENING + 2 * SLOT_BLOCKS, &[]).await;
        assert_eq!(setting.confirmed.next().await.entries, ENTRIES, "the last vector, not the owner");
    });
}

#[test]
fn what_could_not_be_read_burns_nothing() {
    // The first cycle of a new store, in an outage of GitHub, then of a platform; only then is it known that nobody
    // qualifies.
    simulate(async {
        let mut setting = Setting::start();
        setting.world.chain.set_subnet(subnet(0, usual_neurons().into_iter().chain([neuron(9, 255)])));
        let without_tasks = |decided: &mut DecidedCycle| decided.evidence.tasks.clear();
        let pending = |decided: &mut DecidedCycle| decided.submissions.push(waiting());
        let outages: [&dyn Fn(&mut DecidedCycle); 2] = [&without_tasks, &pending];
        for (slot, outage) in (0..).zip(outages) {
            let block = OPENING + slot * SLOT_BLOCKS;
            setting.finalize(block).await;
            setting.record_changed(block, &[], outage).await;
            setting.finalize(block + DECISION_PATIENCE_BLOCKS).await;
            assert_eq!(setting.submitted().len(), 0, "slot {slot}");
        }
        setting.finalize(OPENING + 2 * SLOT_BLOCKS).await;
        setting.decide(OPENING + 2 * SLOT_BLOCKS, &[]).await;
        assert_eq!(setting.confirmed.next().await.entries, [(9, 65_535)], "burnt");
    });
}

#[test]
fn before_anything_was_decided_nothing_is_sent() {
    // Pitfall: weights were set before any data existed.
    simulate(async {
        let mut setting = Setting::start();
        for block in (OPENING..OPENING + 2 * SLOT_BLOCKS).step_by(100) {
            setting.finalize(block).await;
        }
        setting.world.store.open_cycle(stamp(OPENING), &usual_subnet()).await.expect("stored");
        setting.finalize(OPENING + 2 * SLOT_BLOCKS + 100).await;
        assert_eq!(setting.submitted().len(), 0);
        assert_eq!(setting.confirmed.so_far().await, []);
    });
}
