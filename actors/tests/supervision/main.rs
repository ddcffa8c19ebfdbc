//! Supervision: whatever ends an actor, it is back at its address with its queue, within limits, and alone in it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod limits;
mod signs_of_life;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, Recipient, WrapFuture,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::{Importance, Jitter, RestartLimits, Supervision, supervise};
use tensorflix_testkit::listener::{Events, listen};
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::world::World;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How an actor ends.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
enum End {
    PanicInHandler,
    PanicInSpawnedFuture,
    PanicInWait,
    PanicInInterval,
    Stop,
}

const ENDS: [End; 5] =
    [End::PanicInHandler, End::PanicInSpawnedFuture, End::PanicInWait, End::PanicInInterval, End::Stop];

/// The actor hangs: it takes no messages any more.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
struct Hang;

impl Handler<Hang> for Fragile {
    type Result = ();

    fn handle(&mut self, _: Hang, context: &mut Self::Context) {
        context.wait(std::future::pending::<()>().into_actor(self));
    }
}

/// A message that the actor passes on.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
struct Say(u32);

/// A moment in an actor's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Made,
    Started,
}

/// Ends as a message says, and panics in the stages that are planned.
struct Fragile {
    plan: Plan,
    half_done: bool,
}

/// What outlives each of its lives.
#[derive(Clone)]
struct Plan {
    heard: Recipient<Say>,
    planned: Arc<Mutex<VecDeque<Stage>>>,
    stages: Arc<Mutex<Vec<Stage>>>,
}

impl Fragile {
    fn new(plan: Plan) -> Self {
        plan.reach(Stage::Made);
        Self { plan, half_done: false }
    }
}

impl Plan {
    fn reach(&self, stage: Stage) {
        self.stages.lock().expect("no panic while locked").push(stage);
        let is_planned = {
            let mut planned = self.planned.lock().expect("no panic while locked");
            let is_planned = planned.front() == Some(&stage);
            if is_planned {
                planned.pop_front();
            }
            is_planned
        };
        assert!(!is_planned, "made to panic: {stage:?}");
    }
}

impl Actor for Fragile {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.plan.reach(Stage::Started);
    }
}

tensorflix_actors::supervised!(Fragile);

impl Handler<End> for Fragile {
    type Result = ();

    fn handle(&mut self, end: End, context: &mut Self::Context) {
        let panicking = || async { panic!("made to panic: a future") }.into_actor(self).map(|(), _, _| ());
        match end {
            End::PanicInHandler => panic!("made to panic: the handler"),
            End::PanicInSpawnedFuture => {
                context.spawn(panicking());
            }
            End::PanicInWait => context.wait(panicking()),
            End::PanicInInterval => {
                context.run_interval(Duration::ZERO, |_, _| panic!("made to panic: an interval"));
            }
            End::Stop => context.stop(),
        }
    }
}

impl Handler<Say> for Fragile {
    type Result = ();

    fn handle(&mut self, said: Say, _: &mut Self::Context) {
        self.plan.heard.do_send(said);
    }
}

/// Changes half of its state, and panics before the other half.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
struct BreakOff;

impl Handler<BreakOff> for Fragile {
    type Result = ();

    fn handle(&mut self, _: BreakOff, _: &mut Self::Context) {
        self.half_done = true;
        panic!("made to panic: half done");
    }
}

/// Whether its state is whole.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "bool")]
struct IsWhole;

impl Handler<IsWhole> for Fragile {
    type Result = bool;

    fn handle(&mut self, _: IsWhole, _: &mut Self::Context) -> bool {
        !self.half_done
    }
}

/// A fragile actor under supervision.
struct Patient {
    world: World,
    address: Addr<Fragile>,
    heard: Events<Say>,
    stats: Arc<ActorStats>,
    stages: Arc<Mutex<Vec<Stage>>>,
}

const LIMITS: RestartLimits = RestartLimits {
    max_restarts: 3,
    within: Duration::from_secs(3_600),
    backoff_min: Duration::from_millis(100),
    backoff_max: Duration::from_secs(60),
};

impl Patient {
    fn new(importance: Importance, planned: impl IntoIterator<Item = Stage>) -> Self {
        let world = World::new();
        let stats = ActorStats::new("fragile");
        let (recipient, heard) = listen();
        let stages = Arc::default();
        let plan = Plan {
            heard: recipient,
            planned: Arc::new(Mutex::new(planned.into_iter().collect())),
            stages: Arc::clone(&stages),
        };
        let jitter = Jitter::NONE;
        let supervision =
            Supervision { limits: LIMITS, jitter, importance, clock: world.clock(), stats: Arc::clone(&stats) };
        let address = supervise(supervision, move || Fragile::new(plan.clone()));
        Self { world, address, heard, stats, stages }
    }

    fn optional() -> Self {
        Self::new(Importance::Optional, [])
    }

    fn core() -> (Self, UnboundedReceiver<&'static str>) {
        let (sender, escalations) = unbounded_channel();
        (Self::new(Importance::Core(sender), []), escalations)
    }

    /// Ends it and waits for it to be back. How long it was away, in milliseconds.
    async fn end(&mut self, end: End) -> u128 {
        let begin = self.world.clock.monotonic();
        // Whether its sender is answered is another test's matter; a future that it spawned has panicked by then.
        let _ = self.address.send(end).await;
        self.address.do_send(Say(0));
        self.heard.next().await;
        (self.world.clock.monotonic() - begin).as_millis()
    }

    fn stages(&self) -> Vec<Stage> {
        self.stages.lock().expect("no panic while locked").clone()
    }
}

#[test]
fn whatever_ends_an_actor_it_is_back_at_its_address_with_its_queue() {
    for end in ENDS {
        simulate(async move {
            let mut patient = Patient::optional();
            patient.address.do_send(Say(1));
            patient.address.do_send(end);
            (2..=40).for_each(|number| patient.address.do_send(Say(number)));
            let heard = patient.heard.so_far().await;
            assert!(heard.starts_with(&[Say(1)]), "{end:?}");
            pass(Duration::from_secs(1)).await;
            let heard: Vec<Say> = heard.into_iter().chain(patient.heard.so_far().await).collect();
            assert_eq!(heard, (1..=40).map(Say).collect::<Vec<_>>(), "{end:?}: each once, in order");
            assert_eq!(patient.stats.read().restarts, 1, "{end:?}");
            assert_eq!(patient.stages(), [Stage::Made, Stage::Started, Stage::Made, Stage::Started], "{end:?}");
            assert!(patient.address.connected());
        });
    }
}

#[test]
fn a_panic_leaves_nothing_behind_and_the_queue_meets_a_new_actor() {
    simulate(async {
        let patient = Patient::optional();
        let (broken, whole) = futures::join!(patient.address.send(BreakOff), patient.address.send(IsWhole));
        assert!(broken.is_err());
        assert_eq!(whole, Ok(true), "the message that waited is handled by a new actor");
        assert_eq!(patient.stats.read().restarts, 1);
    });
}

#[test]
fn only_the_sender_of_the_message_that_panicked_is_told_so() {
    simulate(async {
        let patient = Patient::optional();
        let (poisonous, sound) =
            futures::join!(patient.address.send(End::PanicInHandler), patient.address.send(Say(1)));
        assert!(poisonous.is_err());
        assert_eq!(sound, Ok(()));
    });
}

#[test]
fn a_panic_while_it_is_made_again_or_starts_is_a_restart_like_any_other() {
    use Stage::{Made, Started};
    for (planned, restarts, stages) in [
        (vec![Started], 1, vec![Made, Started, Made, Started]),
        (vec![Started, Made], 2, vec![Made, Started, Made, Made, Started]),
        (vec![Started, Made, Made], 3, vec![Made, Started, Made, Made, Made, Started]),
        (vec![Started, Made, Started], 3, vec![Made, Started, Made, Made, Started, Made, Started]),
    ] {
        simulate(async move {
            let mut patient = Patient::new(Importance::Optional, planned.clone());
            patient.address.do_send(Say(7));
            assert_eq!(patient.heard.next().await, Say(7));
            assert_eq!(patient.stages(), stages, "{planned:?}");
            assert_eq!(patient.stats.read().restarts, restarts, "{planned:?}");
            let paused: u128 = [0, 100, 300, 700][usize::try_from(restarts).expect("few")];
            assert_eq!(patient.world.clock.monotonic().as_millis(), paused, "each restart has its pause: {planned:?}");
        });
    }
}

#[test]
fn siblings_notice_nothing() {
    simulate(async {
        let (mut patient, mut sibling) = (Patient::optional(), Patient::optional());
        for (number, end) in (0..).zip(ENDS) {
            patient.address.do_send(end);
            sibling.address.do_send(Say(number));
            assert_eq!(sibling.heard.so_far().await, [Say(number)], "at once, while the other one is away");
        }
        patient.address.do_send(Say(1));
        patient.heard.next().await;
        assert_eq!(sibling.stats.read().restarts, 0);
        assert_eq!(sibling.stages(), [Stage::Made, Stage::Started]);
    });
}

#[test]
fn an_actor_that_nobody_can_reach_ends_for_good() {
    simulate(async {
        let Patient { world: _world, address, stats, stages, .. } = Patient::optional();
        address.do_send(Say(1));
        drop(address);
        pass(Duration::from_secs(86_400)).await;
        assert_eq!(*stages.lock().expect("no panic while locked"), [Stage::Made, Stage::Started]);
        assert_eq!(Arc::strong_count(&stats), 1, "its supervisor is gone too");
    });
}
