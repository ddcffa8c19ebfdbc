//! WeightSetter among refusals, lost answers and crashes.

use super::{ENTRIES, Mode, OPENING, OWN, SCORES, Setting, WINDOW, usual_neurons, usual_subnet};
use std::time::Duration;
use tensorflix_actors::ports::ChainError;
use tensorflix_actors::weight_setter::WEIGHTS;
use tensorflix_domain::extrinsic::Remedy;
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::IntentOutcome;
use tensorflix_domain::subnet::Neuron;
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::scripted_chain::{ERA_BLOCKS, Submission, failure_of};
use tensorflix_testkit::subnets::{hotkey, subnet, validator};
use tensorflix_testkit::time::{pass, simulate};

#[test]
fn what_the_chain_or_a_node_refuses_is_told_as_withheld_and_never_as_confirmed() {
    // Pitfall: a failure looked like success.
    let failed = |error: &str| IntentOutcome::Failed { block: OPENING + 1, error: error.to_owned() };
    let refused = |error: &str| IntentOutcome::Refused { error: error.to_owned() };
    for (submission, error, outcome) in [
        (
            Submission::Failed("IncorrectWeightVersionKey", Remedy::AlertOperator),
            "IncorrectWeightVersionKey",
            failed("IncorrectWeightVersionKey"),
        ),
        (Submission::Failed("UidVecContainInvalidOne", Remedy::OurBug), "UidVec", failed("UidVecContainInvalidOne")),
        (
            Submission::Refused("Inability to pay some fees", Remedy::AlertOperator),
            "Inability to pay",
            refused("Inability to pay some fees"),
        ),
    ] {
        simulate(async move {
            let mut setting = Setting::start();
            setting.world.chain.answer_submissions([submission.clone()]);
            setting.finalize(OPENING).await;
            let cycle = setting.decide(OPENING, &SCORES).await;
            let withheld = setting.withheld.next().await;
            assert_eq!((withheld.cycle, withheld.is_failure), (cycle, true), "{submission:?}");
            assert!(withheld.reason.contains(error), "{submission:?}: {}", withheld.reason);
            assert_eq!(setting.confirmed.so_far().await, [], "{submission:?}");
            assert_eq!(setting.outcomes()[0], (OPENING, Some(outcome)), "{submission:?}");
            assert!(setting.stats.read().failed > 0);

            setting.finalize(OPENING + WINDOW).await;
            let confirmed = setting.confirmed.next().await;
            assert_eq!(confirmed.entries, ENTRIES, "{submission:?}: the next window sends again");
            assert!(!confirmed.settles_earlier);
        });
    }
}

#[test]
fn after_a_lost_answer_the_chain_is_asked_and_the_same_bytes_are_sent_again() {
    for (lost, submissions) in [(Submission::Lost, 2), (Submission::IncludedUnheard, 1)] {
        for process_dies in [false, true] {
            simulate(async {
                let mut setting = Setting::start();
                setting.world.chain.answer_submissions([lost.clone()]);
                setting.finalize(OPENING).await;
                setting.decide(OPENING, &SCORES).await;
                assert_eq!(setting.confirmed.so_far().await, [], "{lost:?}: not known yet");
                assert_eq!(setting.outcomes(), [(OPENING, None)]);
                if process_dies {
                    setting = Setting::start_in(setting.world.clone(), Mode::default());
                }
                setting.finalize(OPENING + 2).await;
                let confirmed = setting.confirmed.next().await;
                assert_eq!((confirmed.entries.as_slice(), confirmed.settles_earlier), (&ENTRIES[..], true), "{lost:?}");
                let submitted = setting.submitted();
                assert_eq!((submitted.len(), setting.world.chain.signed().len()), (submissions, 1), "{lost:?}");
                assert!(submitted.iter().all(|bytes| *bytes == submitted[0]), "{lost:?}: one signature");
            });
        }
    }
}

#[test]
fn a_submission_that_can_no_longer_be_included_is_given_up_and_built_anew() {
    for nonce_is_spent in [false, true] {
        simulate(async move {
            let mut setting = Setting::start();
            setting.world.chain.answer_submissions([Submission::Lost]);
            setting.finalize(OPENING).await;
            setting.decide(OPENING, &SCORES).await;
            let mut lost_until = OPENING + 1;
            if nonce_is_spent {
                setting.world.chain.spend_nonce();
            } else {
                // While the era lasts, the chain is asked and the same bytes are sent, however often that fails.
                let heads: Vec<Block> = (OPENING + 1..=OPENING + ERA_BLOCKS).step_by(9).collect();
                setting.world.chain.answer_submissions(std::iter::repeat_n(Submission::Lost, heads.len()));
                for block in heads {
                    setting.finalize(block).await;
                }
                assert_eq!(setting.world.chain.signed().len(), 1, "no second signature within the era");
                lost_until = OPENING + ERA_BLOCKS;
            }
            assert_eq!(setting.confirmed.so_far().await, []);
            setting.finalize(lost_until + 1).await;
            setting.finalize(lost_until + 3).await;
            assert_eq!(setting.confirmed.next().await.entries, ENTRIES, "spent: {nonce_is_spent}");
            assert_eq!(setting.world.chain.signed().len(), 2, "spent: {nonce_is_spent}");
            assert_eq!(setting.outcomes()[0].1, Some(IntentOutcome::Expired), "spent: {nonce_is_spent}");
        });
    }
}

#[test]
fn without_the_chains_answer_nothing_is_sent_again() {
    simulate(async {
        let mut setting = Setting::start();
        setting.world.chain.answer_submissions([Submission::Lost]);
        setting.finalize(OPENING).await;
        setting.decide(OPENING, &SCORES).await;
        setting.world.chain.fail_next_finds([ChainError::Unreachable("no connection".to_owned())]);
        setting.finalize(OPENING + 1).await;
        assert_eq!(setting.submitted().len(), 1);
        setting.finalize(OPENING + 2).await;
        setting.confirmed.next().await;
        assert_eq!(setting.submitted().len(), 2);
    });
}

#[test]
fn what_the_chain_would_refuse_is_not_even_signed() {
    let with = |change: fn(&mut Neuron)| {
        let mut neurons = usual_neurons();
        change(&mut neurons[0]);
        subnet(0, neurons)
    };
    for (name, subnet, is_failure) in [
        ("no permit", with(|own| own.validator_permit = false), true),
        ("not registered", with(|own| own.hotkey = hotkey(200)), true),
        ("too little stake", with(|own| own.stake_rao = 999), true),
        ("rate limit", with(|own| own.last_update = OPENING - 50), false),
        ("nobody of them left", self::subnet(0, [validator(OWN.into(), OWN)]), true),
    ] {
        simulate(async move {
            let mut setting = Setting::start();
            setting.world.chain.set_subnet(subnet);
            setting.finalize(OPENING).await;
            setting.decide(OPENING, &SCORES).await;
            let withheld = setting.withheld.next().await;
            assert_eq!(withheld.is_failure, is_failure, "{name}: {}", withheld.reason);
            assert!(!withheld.reason.is_empty(), "{name}");
            assert_eq!((setting.world.chain.signed().len(), setting.submitted().len()), (0, 0), "{name}");
            assert_eq!(setting.world.store.intents(), [], "{name}: the window is not used up");

            setting.world.chain.set_subnet(usual_subnet());
            setting.finalize(OPENING + 55).await;
            setting.confirmed.next().await;
        });
    }
}

#[test]
fn what_the_node_would_refuse_is_not_sent_and_uses_up_no_window() {
    simulate(async {
        let mut setting = Setting::start();
        setting.world.chain.refuse_next_validations([failure_of("Inability to pay some fees", Remedy::AlertOperator)]);
        setting.finalize(OPENING).await;
        setting.decide(OPENING, &SCORES).await;
        let withheld = setting.withheld.next().await;
        assert!(withheld.is_failure && withheld.reason.contains("Inability to pay"), "{}", withheld.reason);
        assert_eq!((setting.world.chain.validated().len(), setting.submitted().len()), (1, 0));
        assert_eq!(setting.world.store.intents(), []);
        setting.finalize(OPENING + 1).await;
        assert_eq!(setting.confirmed.next().await.entries, ENTRIES);
    });
}

#[test]
fn an_unreachable_chain_is_told_and_the_next_head_sends() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        setting.world.chain.fail_next_subnets([ChainError::Unreachable("no connection".to_owned())]);
        setting.decide(OPENING, &SCORES).await;
        let withheld = setting.withheld.next().await;
        assert!(withheld.is_failure && withheld.reason.contains("no connection"), "{}", withheld.reason);
        let outcome = || setting.stats.outcomes().read().remove(WEIGHTS).expect("an attempt");
        assert_eq!((outcome().failed, outcome().failures_in_a_row), (1, 1));
        assert!(outcome().error.is_some_and(|error| error.contains("no connection")));
        setting.finalize(OPENING + 1).await;
        setting.confirmed.next().await;
        assert_eq!((outcome().succeeded, outcome().failures_in_a_row, outcome().error), (1, 0, None));
    });
}

#[test]
fn a_setter_that_crashes_at_any_write_sends_no_second_signature() {
    for write in [Write::Intent, Write::Outcome] {
        simulate(async move {
            let mut setting = Setting::start();
            setting.finalize(OPENING).await;
            setting.world.store.panic_at_next(write);
            setting.decide(OPENING, &SCORES).await;
            pass(Duration::from_secs(2)).await;
            assert_eq!(setting.stats.read().restarts, 1, "{write:?}");
            for block in OPENING + 1..OPENING + 20 {
                setting.finalize(block).await;
            }
            assert_eq!(setting.confirmed.next().await.entries, ENTRIES, "{write:?}");
            assert_eq!(setting.confirmed.so_far().await, [], "{write:?}: told once");
            assert_eq!(setting.submitted().len(), 1, "{write:?}");
        });
    }
}
