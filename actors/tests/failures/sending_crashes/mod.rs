//! The sending path under crashes: however often and wherever the process dies, each window has exactly one submission
//! on chain as long as the process comes back within it. Plain weights, timelocked and hashed commits alike.

mod absences;
mod foreign;

use actix::{Actor, Addr};
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::sync::Arc;
use tensorflix_actors::chain_watcher::HeadFinalized;
use tensorflix_actors::ports::{Chain, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::weight_setter::{
    HeldAtStart, OnForeignUpdate, SendingSettings, WeightSetter, WeightSetterParts,
};
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::evidence::Evidence;
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::RevealOutcome;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::weights::ScoreVector;
use tensorflix_testkit::crashing::{Mortal, Tripwire};
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::memory_store::MemoryStore;
use tensorflix_testkit::model_chain::ModelChain;
use tensorflix_testkit::subnets::{head, hotkey, neuron, subnet, validator};
use tensorflix_testkit::time::{settle, simulate};
use tensorflix_testkit::world::SLOT_BLOCKS;

/// The window of the subnet's rules: its tempo.
const WINDOW_BLOCKS: u32 = 360;

/// The first block of the tests: the beginning of a slot and of a window.
const BEGIN: Block = SLOT_BLOCKS * 100;

/// Windows that a test lasts.
const WINDOWS: u32 = 4;

/// Blocks from one head that the validator sees to the next.
const HEAD_STEP: u32 = 6;

/// In what form the chain takes weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Timelocked,
    Hashed,
}

const FORMS: [Form; 3] = [Form::Plain, Form::Timelocked, Form::Hashed];

/// What outlives a process.
struct Remains {
    store: Arc<MemoryStore>,
    chain: Arc<ModelChain>,
    on_foreign_update: OnForeignUpdate,
}

impl Remains {
    /// A chain that takes plain weights, and a store in which a cycle of the present slot is decided.
    async fn new() -> Self {
        Self::on_chain(Form::Plain).await
    }

    /// The same on a chain that takes weights in this form only.
    async fn on_chain(form: Form) -> Self {
        let subnet = subnet(BEGIN, [validator(0, 1), neuron(1, 2), neuron(2, 3)]);
        let store = MemoryStore::default();
        store.save_head(&head(BEGIN)).await.expect("stored");
        store.save_subnet(&subnet).await.expect("stored");
        let cycle = store.open_cycle(subnet.at, &subnet).await.expect("opened");
        let decided = DecidedCycle {
            cycle: cycle.cycle,
            release: String::new(),
            evidence: Evidence {
                at: subnet.at,
                tasks: Vec::new(),
                miners: Vec::new(),
                claims: Vec::new(),
                contents: BTreeMap::new(),
                previous: None,
                recovery: None,
                owner_hotkey: None,
                unwatched: Vec::new(),
                rounds: tensorflix_domain::rounds::Rounds::default(),
            },
            policy: Policy::default(),
            submissions: Vec::new(),
            smoothed: ScoreVector::new(),
            scores: ScoreVector::from([(hotkey(2), 1.0), (hotkey(3), 0.5)]),
            errors: Vec::new(),
        };
        store.save_decision(&decided).await.expect("decided");
        let chain = ModelChain::new(subnet, hotkey(1));
        chain.set_commit_reveal(form != Form::Plain);
        if form == Form::Hashed {
            chain.hash_commits();
        }
        Self { store: Arc::new(store), chain: Arc::new(chain), on_foreign_update: OnForeignUpdate::Continue }
    }

    /// Starts a process that ends at a step.
    fn start(&self, ends_at: Option<usize>) -> (Addr<WeightSetter>, Arc<Tripwire>) {
        let tripwire = Tripwire::new(ends_at);
        let chain = Mortal { port: Arc::clone(&self.chain), tripwire: Arc::clone(&tripwire) };
        let store = Mortal { port: Arc::clone(&self.store), tripwire: Arc::clone(&tripwire) };
        let setter = weight_setter(Arc::new(chain), Arc::new(store), self.on_foreign_update);
        (setter.start(), tripwire)
    }

    /// Submissions in each window, failed ones included.
    fn submissions(&self) -> BTreeMap<Block, usize> {
        let mut counts = BTreeMap::new();
        for record in self.chain.records() {
            *counts.entry((record.block - BEGIN) / WINDOW_BLOCKS).or_default() += 1;
        }
        counts
    }
}

fn weight_setter(chain: Arc<dyn Chain>, store: Arc<dyn Store>, on_foreign_update: OnForeignUpdate) -> WeightSetter {
    let settings = SendingSettings {
        resend_blocks: 0,
        slot_blocks: SLOT_BLOCKS,
        version_key: 0,
        on_foreign_update,
        dry_run: false,
    };
    WeightSetter::new(WeightSetterParts {
        settings,
        only_decisions: false,
        chain,
        store,
        stats: ActorStats::new("weight_setter"),
        confirmed_listeners: Vec::new(),
        withheld_listeners: Vec::new(),
        at_start: HeldAtStart::default(),
    })
}

/// Runs all windows. `crashes` are the steps at which the processes end, one after another; each is followed at once by
/// the next, and the last one lives. Gives the steps that the last process took.
async fn live_through(remains: &Remains, crashes: &[usize]) -> usize {
    let mut crashes = crashes.iter().copied();
    let (mut setter, mut tripwire) = remains.start(crashes.next());
    for block in (BEGIN..BEGIN + WINDOWS * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
        let head = if block == BEGIN { head(BEGIN) } else { remains.chain.advance_to(block) };
        setter.do_send(HeadFinalized(head));
        settle().await;
        while tripwire.has_ended() {
            (setter, tripwire) = remains.start(crashes.next());
            setter.do_send(HeadFinalized(head));
            settle().await;
        }
    }
    tripwire.steps()
}

#[track_caller]
fn check_one_per_window(remains: &Remains, crashes: &[usize]) {
    let expected: BTreeMap<Block, usize> = (0..WINDOWS).map(|window| (window, 1)).collect();
    assert_eq!(remains.submissions(), expected, "crashes at steps {crashes:?}");
    let failed: Vec<_> = remains.chain.records().into_iter().filter(|record| record.failure.is_some()).collect();
    assert_eq!(failed, [], "crashes at steps {crashes:?}");
    let lost: Vec<_> = remains.chain.reveals().into_iter().filter(|reveal| reveal.failure.is_some()).collect();
    assert_eq!(lost, [], "crashes at steps {crashes:?}");
    let is_missing = |reveal: &RevealOutcome| matches!(reveal, RevealOutcome::Missing { .. });
    assert!(!remains.store.reveals().iter().any(is_missing), "crashes at steps {crashes:?}");
}

#[test]
fn a_crash_before_or_after_any_step_leaves_exactly_one_submission_in_each_window() {
    for form in FORMS {
        simulate(async move {
            let faultless = Remains::on_chain(form).await;
            let steps = live_through(&faultless, &[]).await;
            check_one_per_window(&faultless, &[]);
            assert_eq!(faultless.chain.commit_count(), if form == Form::Plain { 0 } else { WINDOWS as usize });
            assert_eq!(faultless.store.reveals().len(), faultless.chain.commit_count());
            // The chain reveals timelocked commits by itself, and what it holds already needs no reveal.
            assert_eq!(faultless.chain.reveals().len(), usize::from(form == Form::Hashed));
            assert!(steps > 100, "{steps} steps are too few to be the whole path");
            for crash in 0..steps {
                let remains = Remains::on_chain(form).await;
                live_through(&remains, &[crash]).await;
                check_one_per_window(&remains, &[crash]);
                assert_eq!(remains.store.reveals().len(), faultless.store.reveals().len(), "a crash at {crash}");
            }
        });
    }
}

#[test]
fn three_hundred_random_series_of_crashes_leave_one_submission_in_each_window() {
    let crashes = proptest::collection::vec(any::<u16>().prop_map(|step| usize::from(step % 60)), 1..12);
    let series = (crashes, select(&FORMS[..]));
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&series, |(crashes, form)| {
            simulate(async move {
                let remains = Remains::on_chain(form).await;
                live_through(&remains, &crashes).await;
                check_one_per_window(&remains, &crashes);
            });
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn of_a_hundred_concurrent_attempts_to_send_for_one_window_one_succeeds() {
    simulate(async {
        let remains = Remains::new().await;
        let setters: Vec<Addr<WeightSetter>> = (0..100).map(|_| remains.start(None).0).collect();
        for block in (BEGIN..BEGIN + WINDOW_BLOCKS / 2).step_by(HEAD_STEP as usize) {
            let head = if block == BEGIN { head(BEGIN) } else { remains.chain.advance_to(block) };
            for setter in &setters {
                setter.do_send(HeadFinalized(head));
            }
            settle().await;
        }
        assert_eq!(remains.submissions(), BTreeMap::from([(0, 1)]));
    });
}

#[test]
fn the_same_bytes_are_sent_after_a_crash_and_no_second_signature_within_their_era() {
    simulate(async {
        let steps = live_through(&Remains::new().await, &[]).await / usize::try_from(WINDOWS).expect("few");
        for crash in 0..steps {
            let remains = Remains::new().await;
            live_through(&remains, &[crash]).await;
            let records = remains.chain.records();
            // A crash before the intent is stored costs a signature that nobody saw; one after it costs none.
            let spare = remains.chain.signature_count() - records.len();
            assert!(spare <= 1, "a crash at step {crash} led to {spare} spare signatures");
        }
    });
}

#[test]
fn a_submission_included_in_the_next_window_is_that_windows_submission() {
    simulate(async {
        let faultless = Remains::new().await;
        let (setter, tripwire) = faultless.start(None);
        let late = BEGIN + WINDOW_BLOCKS - 20;
        setter.do_send(HeadFinalized(faultless.chain.advance_to(late)));
        settle().await;
        faultless.chain.advance_to(late + 1);
        settle().await;
        let mut came_late = 0;
        for crash in 0..tripwire.steps() {
            let remains = Remains::new().await;
            let (setter, _) = remains.start(Some(crash));
            setter.do_send(HeadFinalized(remains.chain.advance_to(late)));
            settle().await;
            // The process comes back in the next window, within the era of what it may have signed.
            let (setter, _) = remains.start(None);
            for block in (BEGIN + WINDOW_BLOCKS + 6..BEGIN + 2 * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
                setter.do_send(HeadFinalized(remains.chain.advance_to(block)));
                settle().await;
            }
            let submissions = remains.submissions();
            assert!(submissions.values().all(|count| *count == 1), "a crash at step {crash}: {submissions:?}");
            assert!(submissions.contains_key(&1), "a crash at step {crash}");
            let intents = remains.store.intents();
            came_late += usize::from(intents.len() == 1 && intents[0].window < BEGIN + WINDOW_BLOCKS);
        }
        assert!(came_late > 0, "some crash leaves signed bytes that come late");
    });
}

#[test]
fn an_outage_of_the_chain_is_made_up_for_as_soon_as_it_ends() {
    simulate(async {
        let remains = Remains::new().await;
        let (setter, _) = remains.start(None);
        let outage = WINDOW_BLOCKS / 2..2 * WINDOW_BLOCKS + 90;
        for passed in (0..3 * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
            let head = if passed == 0 { head(BEGIN) } else { remains.chain.advance_to(BEGIN + passed) };
            remains.chain.set_down(outage.contains(&passed));
            setter.do_send(HeadFinalized(head));
            settle().await;
        }
        let windows: Vec<Block> = remains.submissions().into_keys().collect();
        assert_eq!(windows, [0, 2], "the window in which the chain was gone is lost, the next is not");
        let late = remains.chain.last_update() - BEGIN - outage.end;
        assert!(late <= 2 * HEAD_STEP, "sent {late} blocks after the outage");
    });
}

/// One live process through all windows; `at` is called before each head is sent.
async fn live_with(remains: &Remains, windows: u32, at: impl Fn(&ModelChain, Block)) {
    let (setter, _) = remains.start(None);
    for passed in (0..windows * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
        let head = if passed == 0 { head(BEGIN) } else { remains.chain.advance_to(BEGIN + passed) };
        at(&remains.chain, passed);
        setter.do_send(HeadFinalized(head));
        settle().await;
    }
}

#[test]
fn each_window_keeps_its_one_submission_while_commits_are_switched_on_and_off() {
    simulate(async {
        let remains = Remains::new().await;
        live_with(&remains, 6, |chain, passed| {
            chain.set_commit_reveal((WINDOW_BLOCKS / 2..3 * WINDOW_BLOCKS + 90).contains(&passed));
        })
        .await;
        let counts: Vec<usize> = remains.submissions().into_values().collect();
        assert_eq!(counts, [1; 6]);
        assert!(remains.chain.records().iter().all(|record| record.failure.is_none()));
        assert_eq!(remains.chain.commit_count(), 3);
        let missing =
            remains.store.reveals().into_iter().filter(|reveal| !matches!(reveal, RevealOutcome::Revealed { .. }));
        assert_eq!(missing.count(), 0);
    });
}

#[test]
fn a_switch_between_signing_and_inclusion_costs_its_window_and_not_the_next() {
    for commit_reveal in [false, true] {
        simulate(async move {
            let remains = Remains::on_chain(if commit_reveal { Form::Timelocked } else { Form::Plain }).await;
            let (setter, _) = remains.start(None);
            setter.do_send(HeadFinalized(head(BEGIN)));
            settle().await;
            remains.chain.set_commit_reveal(!commit_reveal);
            for passed in (HEAD_STEP..2 * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
                setter.do_send(HeadFinalized(remains.chain.advance_to(BEGIN + passed)));
                settle().await;
            }
            let failures: Vec<Option<String>> =
                remains.chain.records().into_iter().map(|record| record.failure).collect();
            let refused = if commit_reveal { "CommitRevealDisabled" } else { "CommitRevealEnabled" };
            assert_eq!(failures, [Some(refused.to_owned()), None]);
            assert_eq!(remains.submissions(), BTreeMap::from([(0, 1), (1, 1)]));
        });
    }
}

#[test]
fn a_reveal_that_fails_silently_is_reported_once_and_sending_goes_on() {
    simulate(async {
        let logs = Logs::capture();
        let remains = Remains::on_chain(Form::Timelocked).await;
        remains.chain.set_reveals_fail(true);
        live_with(&remains, 1, |_, _| ()).await;
        let told = |logs: &Logs| logs.lines(&["ERROR", "did not reveal committed weights"]).len();
        assert_eq!(told(&logs), 1);
        // Another process does not tell of the first again, and goes on watching.
        let (setter, _) = remains.start(None);
        for passed in (WINDOW_BLOCKS..4 * WINDOW_BLOCKS).step_by(HEAD_STEP as usize) {
            remains.chain.set_reveals_fail(passed < 2 * WINDOW_BLOCKS + 60);
            setter.do_send(HeadFinalized(remains.chain.advance_to(BEGIN + passed)));
            settle().await;
        }
        assert_eq!(told(&logs), 2);
        let missing =
            remains.store.reveals().into_iter().filter(|reveal| matches!(reveal, RevealOutcome::Missing { .. }));
        assert_eq!(missing.count(), 2);
        assert!(!remains.chain.weights().is_empty(), "the third window's commit was revealed");
        assert_eq!(remains.submissions().into_values().collect::<Vec<_>>(), [1; 4]);
    });
}
