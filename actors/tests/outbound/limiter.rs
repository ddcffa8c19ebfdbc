//! The limiter: spaces requests, lets waiters pass in their order, counts their waiting.

use futures::future::join_all;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::outbound::limiter::{Limiter, Rate};
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::world::World;

/// When each of `count` waiters that come at once passes, in milliseconds, and in which order.
async fn passes(rate: Rate, count: usize) -> (Vec<u128>, Vec<usize>, Arc<ActorStats>) {
    let world = World::new();
    let stats = ActorStats::new("limited");
    let limiter = Limiter::new(rate, world.clock(), Arc::clone(&stats));
    let passed = RefCell::new(Vec::new());
    let (limiter, clock, passed_by) = (&limiter, &world.clock, &passed);
    join_all((0..count).map(|waiter| async move {
        limiter.pass().await;
        passed_by.borrow_mut().push((clock.monotonic().as_millis(), waiter));
    }))
    .await;
    let (times, order) = passed.into_inner().into_iter().unzip();
    (times, order, stats)
}

#[test]
fn a_burst_passes_at_once_and_the_rest_at_the_rate() {
    for (requests_per_second, burst, times) in [
        (2.0, 3, vec![0, 0, 0, 500, 1_000, 1_500]),
        (1.0, 1, vec![0, 1_000, 2_000]),
        (0.5, 2, vec![0, 0, 2_000, 4_000]),
        // Configuration refuses these two; they are slow, never unlimited.
        (0.0, 1, vec![0, 3_600_000]),
        (1.0, 0, vec![0, 1_000]),
    ] {
        simulate(async move {
            let (passed, order, _) = passes(Rate { requests_per_second, burst }, times.len()).await;
            assert_eq!(passed, times, "{requests_per_second} a second, burst {burst}");
            assert!(order.is_sorted(), "waiters pass in the order in which they came: {order:?}");
        });
    }
}

#[test]
fn no_more_than_the_burst_is_ever_saved_up() {
    simulate(async {
        let world = World::new();
        let rate = Rate { requests_per_second: 1.0, burst: 2 };
        let limiter = Limiter::new(rate, world.clock(), ActorStats::new("limited"));
        pass(Duration::from_secs(86_400)).await;
        let begin = world.clock.monotonic();
        for _ in 0..4 {
            limiter.pass().await;
        }
        assert_eq!(world.clock.monotonic() - begin, Duration::from_secs(2));
    });
}

#[test]
fn the_time_spent_waiting_is_counted() {
    simulate(async {
        let (_, _, stats) = passes(Rate { requests_per_second: 1.0, burst: 1 }, 4).await;
        assert_eq!(stats.read().limiter_wait_ms, 1_000 + 2_000 + 3_000);
    });
}

#[test]
fn a_waiter_that_gives_up_costs_nobody_a_turn() {
    simulate(async {
        let world = World::new();
        let rate = Rate { requests_per_second: 1.0, burst: 1 };
        let limiter = Limiter::new(rate, world.clock(), ActorStats::new("limited"));
        limiter.pass().await;
        let impatient = tokio::time::timeout(Duration::from_millis(300), limiter.pass()).await;
        assert!(impatient.is_err());
        limiter.pass().await;
        assert_eq!(world.clock.monotonic(), Duration::from_secs(1));
    });
}

#[test]
fn nobody_overtakes_those_who_wait() {
    simulate(async {
        let world = World::new();
        let rate = Rate { requests_per_second: 1.0, burst: 1 };
        let limiter = Limiter::new(rate, world.clock(), ActorStats::new("limited"));
        limiter.pass().await;
        let order = RefCell::new(Vec::new());
        let come = |name, at_secs| {
            let (limiter, order) = (&limiter, &order);
            async move {
                pass(Duration::from_secs(at_secs)).await;
                limiter.pass().await;
                order.borrow_mut().push(name);
            }
        };
        // The last one comes at the very moment at which the second one's turn begins.
        futures::join!(come("late", 2), come("first", 0), come("second", 0));
        assert_eq!(*order.borrow(), ["first", "second", "late"]);
    });
}

#[test]
fn a_new_rate_holds_at_once_also_for_those_who_wait_and_saves_nothing_up() {
    simulate(async {
        let world = World::new();
        let slow = Rate { requests_per_second: 0.001, burst: 1 };
        let limiter = Limiter::new(slow, world.clock(), ActorStats::new("limited"));
        limiter.pass().await;
        let waiting = async {
            limiter.pass().await;
            world.clock.monotonic()
        };
        let fast = Rate { requests_per_second: 2.0, burst: 10 };
        let changing = async {
            pass(Duration::from_secs(5)).await;
            limiter.set_rate(fast);
        };
        let (passed_at, ()) = futures::join!(waiting, changing);
        assert_eq!(passed_at, Duration::from_millis(5_500), "not after 1,000 s, and not by the new burst");
        for _ in 0..3 {
            // The same rate again takes nothing away and gives nothing.
            limiter.set_rate(fast);
            limiter.pass().await;
        }
        assert_eq!(world.clock.monotonic(), Duration::from_secs(7));
        assert_eq!(limiter.rate(), fast);
    });
}
