//! A port that panics (a bug in a library, or an answer that nobody thought of) is a crash of the actor that called it: that
//! one is restarted, the others do not notice, and not even a core actor ends the process for it.

use std::ops::Range;
use std::time::Duration;
use tensorflix_actors::ports::Store;
use tensorflix_actors::supervision::Importance;
use tensorflix_domain::weights::ScoreVector;
use tensorflix_testkit::crashing::Tripwire;
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::validator::{BEGIN, Validator};
use tokio::sync::mpsc::unbounded_channel;

/// Those without which no weights are set, and then the others.
const ACTORS: [&str; 7] =
    ["chain_watcher", "gist_fetcher", "scorer", "weight_setter", "youtube", "instagram", "verifier"];
const CORE_ACTORS: usize = 4;

/// Blocks of a run: enough for a cycle, and within one window, in which weights are sent once.
const BLOCKS: u32 = 120;

/// Blocks between the heads that are shown, and the time that they take.
const HEAD_STEP: u32 = 10;
const HEAD_PAUSE: Duration = Duration::from_secs(120);

/// What came of a cycle in which ports failed an actor.
struct Outcome {
    /// Steps that its ports were asked for.
    steps: usize,
    /// How often it was restarted, and how often all others were.
    restarts: (u64, u64),
    /// The scores of the last decision.
    scores: ScoreVector,
}

/// Runs a cycle in which the ports of one actor panic at some steps. All actors are core ones, and none may end the
/// process; the window gets its submission.
async fn run(actor: &'static str, panics: Range<usize>) -> Outcome {
    let case = format!("{actor}, {panics:?}");
    let (escalations, mut escalated) = unbounded_channel();
    let tripwire = Tripwire::panicking(panics);
    let mut validator = Validator::new();
    validator.importance = Importance::Core(escalations);
    validator.failing = Some((actor, tripwire.clone()));
    let running = validator.start();
    for block in (BEGIN + 1..BEGIN + BLOCKS).step_by(HEAD_STEP as usize) {
        validator.chain.advance_to(block);
        pass(HEAD_PAUSE).await;
    }
    assert!(escalated.try_recv().is_err(), "{case}: the process was to end");
    assert_eq!(validator.chain.records().len(), 1, "{case}: one submission in the window");
    let of = |name| running.stats[name].read().restarts;
    let others = ACTORS.into_iter().filter(|name| *name != actor).map(of).sum();
    let force = validator.store.scores_in_force().await.expect("read").expect("decided");
    Outcome { steps: tripwire.steps(), restarts: (of(actor), others), scores: force.scores }
}

/// Steps of the first rounds and the first cycle; what comes later repeats them.
const MOST_STEPS: usize = 30;

#[test]
fn a_port_that_panics_at_any_call_costs_its_caller_one_restart_and_no_weight() {
    for actor in ACTORS {
        simulate(async move {
            let faultless = run(actor, 0..0).await;
            assert_eq!((faultless.restarts, faultless.scores.len()), ((0, 0), 2), "{actor}");
            assert!(faultless.steps >= 4, "{actor} uses its ports: {}", faultless.steps);
            for step in 0..faultless.steps.min(MOST_STEPS) {
                let Outcome { restarts, scores, .. } = run(actor, step..step + 1).await;
                assert!(restarts.0 <= 1 && restarts.1 == 0, "{actor}, step {step}: {restarts:?}");
                // What a platform was not asked for waits, and what another one says of it counts.
                let is_core = ACTORS[..CORE_ACTORS].contains(&actor);
                assert!(if is_core { scores == faultless.scores } else { !scores.is_empty() }, "{actor}, step {step}");
            }
        });
    }
}

#[test]
fn a_core_actor_that_crashes_at_once_in_three_lives_does_its_work_in_the_fourth() {
    for actor in &ACTORS[..CORE_ACTORS] {
        simulate(async move {
            let outcome = run(actor, 0..3).await;
            assert_eq!(outcome.restarts, (3, 0), "{actor}: it alone is restarted, once for each crash");
            assert_eq!(outcome.scores.len(), 2, "{actor}: both miners are scored");
        });
    }
}
