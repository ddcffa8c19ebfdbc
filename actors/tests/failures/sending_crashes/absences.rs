//! A process that is away for longer than a node keeps the state of blocks, and answers of a node that can never be read: an
//! open intent is settled all the same, and no window has two submissions.

use super::{BEGIN, FORMS, Form, HEAD_STEP, Remains, WINDOW_BLOCKS};
use tensorflix_actors::chain_watcher::HeadFinalized;
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome};
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::subnets::head;
use tensorflix_testkit::time::{settle, simulate};

/// A process that ends at a step of its first two heads; gives the number of steps that they take.
async fn begin(remains: &Remains, crash: Option<usize>) -> usize {
    let (setter, tripwire) = remains.start(crash);
    for block in [BEGIN, BEGIN + HEAD_STEP, BEGIN + 2 * HEAD_STEP] {
        let head = if block == BEGIN { head(BEGIN) } else { remains.chain.advance_to(block) };
        setter.do_send(HeadFinalized(head));
        settle().await;
    }
    tripwire.end();
    tripwire.steps()
}

/// The next process, which sees the blocks from one to another.
async fn come_back(remains: &Remains, blocks: std::ops::Range<Block>) {
    let (setter, _) = remains.start(None);
    for block in blocks.step_by(HEAD_STEP as usize) {
        setter.do_send(HeadFinalized(remains.chain.advance_to(block)));
        settle().await;
    }
}

#[test]
fn an_intent_the_node_has_no_state_for_is_settled_and_windows_keep_one_submission() {
    for form in FORMS {
        simulate(async move {
            let steps = begin(&Remains::on_chain(form).await, None).await;
            // Away within the window, into the next one, and for two days.
            for away in [350, WINDOW_BLOCKS + 30, 15_000] {
                let window = away / WINDOW_BLOCKS;
                for crash in 0..steps {
                    let remains = Remains::on_chain(form).await;
                    begin(&remains, Some(crash)).await;
                    let until = (window + 2) * WINDOW_BLOCKS;
                    come_back(&remains, BEGIN + away..BEGIN + until).await;
                    let submissions = remains.submissions();
                    let told = format!("{form:?}, a crash at {crash}, away for {away} blocks: {submissions:?}");
                    assert!(submissions.values().all(|count| *count == 1), "{told}");
                    assert!(submissions.contains_key(&window), "{told}");
                    assert!(submissions.contains_key(&(window + 1)), "{told}");
                    assert!(remains.store.intents().iter().all(|intent| intent.outcome.is_some()), "{told}");
                }
            }
        });
    }
}

#[test]
fn a_search_that_always_fails_delays_sending_by_an_era_and_the_patience_at_most() {
    for form in [Form::Plain, Form::Timelocked] {
        simulate(async move {
            let steps = begin(&Remains::on_chain(form).await, None).await;
            let mut unheard = None;
            for crash in 0..steps {
                let remains = Remains::on_chain(form).await;
                begin(&remains, Some(crash)).await;
                let is_open = remains.store.intents().iter().any(|intent| intent.outcome.is_none());
                unheard = unheard.or((is_open && !remains.chain.records().is_empty()).then_some(remains));
            }
            let remains = unheard.expect("some crash leaves an intent open that is on chain");
            let logs = Logs::capture();
            remains.chain.set_finds_fail(true);
            come_back(&remains, BEGIN + 3 * HEAD_STEP..BEGIN + 2 * WINDOW_BLOCKS).await;
            assert_eq!(remains.submissions().into_values().collect::<Vec<_>>(), [1, 1], "{form:?}");
            let outcomes: Vec<_> = remains.store.intents().into_iter().map(|intent| intent.outcome).collect();
            assert!(matches!(outcomes[0], Some(IntentOutcome::Confirmed { .. })), "{form:?}: {outcomes:?}");
            assert!(logs.lines(&["ERROR"]).len() <= 1, "told once");
        });
    }
}

#[test]
fn a_row_that_can_never_be_read_leaves_the_block_of_the_last_update_to_decide() {
    simulate(async {
        let remains = Remains::new().await;
        remains.chain.set_rows_fail(true);
        let (setter, _) = remains.start(None);
        for passed in (0..3 * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
            let head = if passed == 0 { head(BEGIN) } else { remains.chain.advance_to(BEGIN + passed) };
            setter.do_send(HeadFinalized(head));
            settle().await;
        }
        assert_eq!(remains.submissions().into_values().collect::<Vec<_>>(), [1, 1, 1]);
    });
}

#[test]
fn reveals_that_can_never_be_looked_at_are_given_up_and_later_ones_are_watched() {
    simulate(async {
        let remains = Remains::on_chain(Form::Timelocked).await;
        let (setter, _) = remains.start(None);
        for passed in (0..6 * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
            let head = if passed == 0 { head(BEGIN) } else { remains.chain.advance_to(BEGIN + passed) };
            remains.chain.set_rows_fail(passed < 3 * WINDOW_BLOCKS + 300);
            setter.do_send(HeadFinalized(head));
            settle().await;
        }
        assert_eq!(remains.submissions().into_values().collect::<Vec<_>>(), [1; 6]);
        let reveals = remains.store.reveals();
        let of = |is_it: fn(&RevealOutcome) -> bool| reveals.iter().filter(|reveal| is_it(reveal)).count();
        assert!(of(|reveal| matches!(reveal, RevealOutcome::Overtaken { .. })) > 0, "{reveals:?}");
        assert!(of(|reveal| matches!(reveal, RevealOutcome::Revealed { .. })) > 0, "{reveals:?}");
        assert_eq!(of(|reveal| matches!(reveal, RevealOutcome::Missing { .. })), 0, "{reveals:?}");
    });
}

#[test]
fn weights_that_somebody_else_set_within_the_era_are_not_taken_for_what_was_sent() {
    simulate(async {
        let steps = begin(&Remains::new().await, None).await;
        for crash in 0..steps {
            let remains = Remains::new().await;
            begin(&remains, Some(crash)).await;
            let is_open = remains.store.intents().iter().any(|intent| intent.outcome.is_none());
            if is_open && remains.chain.records().is_empty() {
                remains.chain.set_weights_from_elsewhere();
                remains.chain.spend_nonce();
                come_back(&remains, BEGIN + 5_000..BEGIN + 5_000 + WINDOW_BLOCKS).await;
                assert_eq!(remains.store.intents()[0].outcome, Some(IntentOutcome::Expired), "a crash at {crash}");
                assert!(!remains.chain.records().is_empty(), "a crash at {crash}");
                return;
            }
        }
        panic!("some crash leaves an intent that was never sent");
    });
}
