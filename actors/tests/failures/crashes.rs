//! Every actor of a validator, crashed in every place that a message can reach: it is back within two seconds, and nobody
//! else notices. (`started` and `restarting`, which no message reaches: `supervision/`.)

use actix::{Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use std::time::Duration;
use tensorflix_actors::chain_watcher::ChainWatcher;
use tensorflix_actors::gist_fetcher::GistFetcher;
use tensorflix_actors::platforms::PlatformActor;
use tensorflix_actors::scorer::Scorer;
use tensorflix_actors::supervision::Heartbeat;
use tensorflix_actors::verifier::Verifier;
use tensorflix_actors::weight_setter::{WeightSetter, WeightsConfirmed};
use tensorflix_domain::ids::Block;
use tensorflix_testkit::time::{pass, settle, simulate};
use tensorflix_testkit::validator::{BEGIN, Running, Validator};
use tensorflix_testkit::world::SLOT_BLOCKS;

/// Longest that an actor may be away.
const LONGEST_ABSENCE: Duration = Duration::from_secs(2);

/// Where an actor crashes.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
enum Crash {
    Handler,
    SpawnedFuture,
    Wait,
    Interval,
    Delayed,
    Stop,
}

const CRASHES: [Crash; 6] =
    [Crash::Handler, Crash::SpawnedFuture, Crash::Wait, Crash::Interval, Crash::Delayed, Crash::Stop];

const ACTORS: [&str; 7] =
    ["chain_watcher", "gist_fetcher", "youtube", "instagram", "verifier", "scorer", "weight_setter"];

/// The real actors take a message that crashes them.
macro_rules! can_crash {
    ($($actor:ty),*) => {$(
        impl Handler<Crash> for $actor {
            type Result = ();

            fn handle(&mut self, crash: Crash, context: &mut Context<Self>) {
                let panicking = async { panic!("made to panic: a future") }.into_actor(self).map(|(), _, _| ());
                match crash {
                    Crash::Handler => panic!("made to panic: the handler"),
                    Crash::SpawnedFuture => _ = context.spawn(panicking),
                    Crash::Wait => context.wait(panicking),
                    Crash::Interval => {
                        context.run_interval(Duration::from_millis(1), |_, _| panic!("made to panic: an interval"));
                    }
                    Crash::Delayed => {
                        context.run_later(Duration::from_millis(1), |_, _| panic!("made to panic: what was put off"));
                    }
                    Crash::Stop => context.stop(),
                }
            }
        }
    )*};
}

can_crash!(ChainWatcher, GistFetcher, PlatformActor, Verifier, Scorer, WeightSetter);

/// Crashes one and waits until it takes messages again.
async fn crash<A>(address: &Addr<A>, crash: Crash)
where
    A: Actor<Context = Context<A>> + Handler<Crash> + Handler<Heartbeat>,
{
    address.do_send(crash);
    settle().await;
    settle().await;
    tokio::time::timeout(LONGEST_ABSENCE, address.send(Heartbeat)).await.expect("back in time").expect("alive");
}

async fn crash_by_name(running: &Running, name: &str, place: Crash) {
    match name {
        "chain_watcher" => crash(&running.watcher, place).await,
        "gist_fetcher" => crash(&running.fetcher, place).await,
        "youtube" => crash(&running.youtube, place).await,
        "instagram" => crash(&running.instagram, place).await,
        "verifier" => crash(&running.verifier, place).await,
        "scorer" => crash(&running.scorer, place).await,
        "weight_setter" => crash(&running.setter, place).await,
        name => panic!("no actor {name}"),
    }
}

#[test]
fn a_crash_anywhere_in_an_actor_is_over_in_two_seconds_and_no_other_actor_notices() {
    for name in ACTORS {
        for place in CRASHES {
            simulate(async move {
                let validator = Validator::new();
                let running = validator.start();
                let handled = || ACTORS.map(|name| running.stats[name].read().handled);
                let work = async |block: Block| {
                    for head in [block, block + 5] {
                        validator.chain.advance_to(head);
                        pass(Duration::from_secs(60)).await;
                    }
                };
                work(BEGIN + 1).await;
                let (before, sent_before) = (handled(), validator.chain.records().len());
                assert!(before.iter().all(|count| *count > 0), "{name}, {place:?}: all at work: {before:?}");

                crash_by_name(&running, name, place).await;
                let restarts = ACTORS.map(|name| running.stats[name].read().restarts);
                let expected = ACTORS.map(|other| u64::from(other == name));
                assert_eq!(restarts, expected, "{name}, {place:?}: it alone was restarted");

                // The next cycle needs all of them.
                work(BEGIN + SLOT_BLOCKS).await;
                let after = handled();
                let worked: Vec<bool> = before.iter().zip(after).map(|(before, after)| after > *before).collect();
                assert_eq!(worked, [true; ACTORS.len()], "{name}, {place:?}: {before:?} and then {after:?}");
                let sent = validator.chain.records().len() - sent_before;
                assert_eq!((sent_before, sent), (1, 1), "{name}, {place:?}: one submission a window");
            });
        }
    }
}

/// An actor that listens to events and crashes at the first one.
struct Onlooker;

impl Actor for Onlooker {
    type Context = Context<Self>;
}

impl Handler<WeightsConfirmed> for Onlooker {
    type Result = ();

    fn handle(&mut self, _: WeightsConfirmed, _: &mut Self::Context) {
        panic!("made to panic: the onlooker");
    }
}

#[test]
fn pitfall_13_an_onlooker_that_crashes_or_never_reads_stops_no_weight() {
    simulate(async {
        let mut validator = Validator::new();
        validator.listeners = vec![Onlooker.start().recipient()];
        // Its mailbox fills up: it hangs from its start.
        let stuck = Onlooker::create(|context| {
            context.wait(std::future::pending::<()>().into_actor(&Onlooker));
            Onlooker
        });
        validator.listeners.push(stuck.recipient());
        let running = validator.start();
        for window in 0..u32::from(ONLOOKER_WINDOWS) {
            for head in [1, 5] {
                validator.chain.advance_to(BEGIN + window * 360 + head);
                pass(Duration::from_secs(60)).await;
            }
        }
        assert_eq!(validator.chain.records().len(), usize::from(ONLOOKER_WINDOWS));
        assert!(running.stats.values().all(|stats| stats.read().restarts == 0));
    });
}

/// More than a mailbox holds.
const ONLOOKER_WINDOWS: u16 = 40;

#[test]
fn a_store_that_cannot_be_written_for_hours_stops_nothing_for_good() {
    simulate(async {
        let validator = Validator::new();
        let running = validator.start();
        let mut block = BEGIN;
        let mut pass_window = async || {
            for _ in 0..36 {
                block += 10;
                validator.chain.advance_to(block);
                pass(Duration::from_secs(120)).await;
            }
            validator.chain.records().len()
        };
        assert_eq!(pass_window().await, 1);
        validator.store.set_full(true);
        // What was recorded and broadcast before may still be included.
        let sent = pass_window().await;
        for _ in 0..10 {
            assert_eq!(pass_window().await, sent, "nothing is sent that could not be recorded first");
        }
        validator.store.set_full(false);
        assert!(pass_window().await > sent, "it goes on by itself");
        let sent = validator.chain.records().len();
        assert_eq!(pass_window().await, sent + 1, "and sends once a window again");
        assert!(running.stats.values().all(|stats| stats.read().restarts == 0), "no actor went down");
    });
}
