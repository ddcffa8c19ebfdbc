//! WeightSetter in unusual windows: short slots, a slot that ends meanwhile, nobody left to pay, another wallet.

use super::{ENTRIES, Mode, OPENING, OWN, SCORES, Setting, WINDOW, usual_neurons, waiting};
use tensorflix_actors::ports::Store;
use tensorflix_actors::weight_setter::DECISION_PATIENCE_BLOCKS;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::intent::IntentOutcome;
use tensorflix_testkit::scripted_chain::Submission;
use tensorflix_testkit::subnets::{hotkey, neuron, subnet, validator};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::SLOT_BLOCKS;

#[test]
fn decisions_of_slots_shorter_than_the_patience_are_sent_and_resent() {
    for slot_blocks in [1, 2, 3, 10, DECISION_PATIENCE_BLOCKS, DECISION_PATIENCE_BLOCKS + 1] {
        simulate(async move {
            let mut setting = Setting::start_as(Mode { slot_blocks, ..Mode::default() });
            setting.finalize(OPENING).await;
            // Decided in its slot, as the chain has gone on to the next ones.
            setting.record_decision(OPENING, &SCORES).await;
            for window in 0..2 {
                for passed in slot_blocks..slot_blocks + 2 * DECISION_PATIENCE_BLOCKS {
                    setting.finalize(OPENING + window * WINDOW + passed).await;
                }
                assert_eq!(setting.submitted().len(), 1 + window as usize, "slots of {slot_blocks} blocks");
                assert_eq!(setting.confirmed.next().await.entries, ENTRIES);
            }
        });
    }
}

#[test]
fn the_one_cycle_of_a_process_is_sent_also_when_the_next_slot_has_begun_meanwhile() {
    simulate(async {
        let mut setting = Setting::start_as(Mode { only_decisions: true, ..Mode::default() });
        setting.finalize(OPENING + SLOT_BLOCKS).await;
        setting.decide(OPENING + SLOT_BLOCKS - 1, &SCORES).await;
        assert_eq!(setting.confirmed.next().await.entries, ENTRIES);
    });
}

#[test]
fn a_decision_that_comes_after_its_slot_is_told_of_once_it_is_sent() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING + SLOT_BLOCKS).await;
        setting.decide(OPENING + SLOT_BLOCKS - 1, &SCORES).await;
        assert_eq!(setting.withheld.so_far().await, []);
        setting.finalize(OPENING + SLOT_BLOCKS + DECISION_PATIENCE_BLOCKS).await;
        assert_eq!(setting.confirmed.next().await.entries, ENTRIES);
    });
}

#[test]
fn when_nobody_in_force_is_registered_any_more_all_is_burnt_to_the_owner() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        setting.decide(OPENING, &SCORES).await;
        assert_eq!(setting.confirmed.next().await.entries, ENTRIES);
        // One of them is left: the other's share is his.
        let of_window = |window: u32| OPENING + window * WINDOW;
        let own = || std::iter::once(validator(OWN.into(), OWN));
        setting.world.chain.set_subnet(subnet(of_window(1), own().chain([neuron(2, 2), neuron(9, 255)])));
        setting.finalize(of_window(1)).await;
        assert_eq!(setting.confirmed.next().await.entries, [(2, 65_535)]);
        setting.world.chain.set_subnet(subnet(of_window(2), own().chain([neuron(1, 77), neuron(9, 255)])));
        setting.finalize(of_window(2)).await;
        assert_eq!(setting.confirmed.next().await.entries, [(9, 65_535)], "burnt");
        // No hotkey is paid for a UID that it no longer has; one that returns is paid again.
        setting.world.chain.set_subnet(subnet(of_window(3), own().chain([neuron(4, 1), neuron(9, 255)])));
        setting.finalize(of_window(3)).await;
        assert_eq!(setting.confirmed.next().await.entries, [(4, 65_535)]);
    });
}

#[test]
fn another_wallet_on_the_same_store_has_windows_of_its_own() {
    // What became of the first one's submission: confirmed, or open for ever.
    for submission in [Submission::Included, Submission::Lost] {
        simulate(async move {
            let setting = Setting::start();
            setting.world.chain.set_subnet(subnet(0, usual_neurons().into_iter().chain([validator(8, 8)])));
            setting.world.chain.answer_submissions([submission.clone()]);
            setting.finalize(OPENING).await;
            setting.decide(OPENING, &SCORES).await;
            assert_eq!(setting.submitted().len(), 1);

            setting.world.chain.sign_as(hotkey(8));
            let mut other = Setting::start_in(setting.world.clone(), Mode::default());
            // Within the window, and beyond the rate limit, which the scripted chain counts for all keys together.
            for passed in 110..120 {
                other.finalize(OPENING + passed).await;
            }
            assert_eq!(other.confirmed.next().await.entries, ENTRIES, "{submission:?}");
            assert_eq!(other.submitted().len(), 2, "{submission:?}: once, and nothing of the first wallet's");
            let store = &other.world.store;
            let outcome_of = async |key| store.latest_intent(&hotkey(key)).await.expect("read").expect("one").outcome;
            let is_open = submission == Submission::Lost;
            assert_eq!(outcome_of(OWN).await.is_none(), is_open, "{submission:?}: the first one's is left as it is");
            assert!(matches!(outcome_of(8).await, Some(IntentOutcome::Confirmed { .. })), "{submission:?}");
        });
    }
}

#[test]
fn a_cycle_is_unpacked_once_however_many_heads_ask_whether_it_is_empty() {
    simulate(async {
        let setting = Setting::start();
        setting.finalize(OPENING).await;
        let pending = |decided: &mut DecidedCycle| decided.submissions.push(waiting());
        setting.record_changed(OPENING, &[], pending).await;
        for passed in 1..60 {
            setting.finalize(OPENING + passed).await;
        }
        assert_eq!((setting.submitted().len(), setting.world.store.cycles_read()), (0, 1));
        // Another cycle is another question.
        setting.record_changed(OPENING + SLOT_BLOCKS, &[], pending).await;
        for passed in 1..60 {
            setting.finalize(OPENING + SLOT_BLOCKS + passed).await;
        }
        assert_eq!(setting.world.store.cycles_read(), 2);
    });
}
