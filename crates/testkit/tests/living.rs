//! An actor that outlives its test fails it.

use actix::{Actor, Addr, Context};
use std::time::Duration;
use tensorflix_actors::stats::ActorStats;
use tensorflix_testkit::time::simulate_to_the_end;
use tensorflix_testkit::world::World;

/// Ends once nobody can reach it, unless it waits for ever.
struct Waiting {
    is_without_end: bool,
}

impl Actor for Waiting {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        use actix::AsyncContext;
        if self.is_without_end {
            context.run_interval(Duration::from_secs(1), |_, _| {});
        }
    }
}

tensorflix_actors::supervised!(Waiting);

fn start(is_without_end: bool) -> Addr<Waiting> {
    World::new().start(&ActorStats::new("waiting"), move || Waiting { is_without_end })
}

#[test]
fn an_actor_that_nobody_can_reach_any_more_ends_with_its_test() {
    simulate_to_the_end(async {
        let address = start(false);
        assert!(address.connected());
    });
}

#[test]
#[should_panic(expected = "actors outlive their test: [\"waiting\"]")]
fn an_actor_that_is_left_over_fails_its_test() {
    simulate_to_the_end(async {
        start(true);
    });
}
