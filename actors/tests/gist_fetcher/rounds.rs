//! A round: it ends in time, is stored before anybody is informed, and is found again after a failure.

use super::{Fetch, MAX_IN_FLIGHT, Setup, miners};
use std::time::Duration;
use tensorflix_actors::gist_fetcher::{ROUND_DEADLINE, SubmissionsRecorded};
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::ports::{Clock, Store};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_testkit::gists::pointer;
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::subnets::subnet;
use tensorflix_testkit::time::{pass, settle, simulate};

#[test]
fn a_round_ends_within_its_deadline_when_github_hangs() {
    for silence in [Reply::hang(), Reply::stall()] {
        simulate(async move {
            let mut fetch = Fetch::start(Setup::default());
            let (gists, last): (Vec<_>, _) = ((0..255).map(|n| pointer("alice", n)).collect(), pointer("zoe", 999));
            let replies = [silence.clone()];
            gists.iter().for_each(|gist| fetch.serve(gist, replies.clone()));
            fetch.serve(&last, [Reply::new(200, "one")]);
            let committed: Vec<&GistPointer> = gists.iter().chain([&last]).collect();
            let begin = fetch.world.clock.monotonic();
            fetch.round(100, miners(&committed)).await;
            let took = fetch.world.clock.monotonic() - begin;
            assert!(took <= ROUND_DEADLINE, "{silence:?} took {took:?}");
            assert!(gists.len() > MAX_IN_FLIGHT * 16, "more than can hang one after the other within a round");
            let ended = fetch.asked();
            pass(Duration::from_secs(600)).await;
            assert_eq!(fetch.asked(), ended, "nothing is asked after the end");
            assert!(
                fetch.world.http.requests().iter().all(|request| request.asked_at.elapsed() > Duration::from_secs(600)),
                "nothing is asked at the end of time only to be given up"
            );
            assert!(fetch.state(&gists[0]).await.error.is_some());
        });
    }
}

#[test]
fn a_round_is_stored_before_it_is_told() {
    for write in [Write::Gists, Write::GistRound] {
        simulate(async move {
            let mut fetch = Fetch::start(Setup::default());
            let gist = pointer("alice", 1);
            fetch.serve(&gist, [Reply::new(200, "one")]);
            fetch.world.store.fail_next(write);
            fetch.announce(100, miners(&[&gist])).await;
            assert_eq!(fetch.rounds.so_far().await, [], "{write:?}");
            assert_eq!(fetch.rounds.next().await, SubmissionsRecorded { round: 100 }, "its own tick finds the round");
            assert_eq!(fetch.world.store.latest_gist_round().await, Ok(Some(100)));
            assert_eq!(fetch.world.store.holdings().len(), 1);
        });
    }
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        fetch.announce(100, []).await;
        fetch.rounds.next().await;
        fetch.world.store.delay_writes(Duration::from_secs(1));
        fetch.announce(125, []).await;
        assert_eq!(fetch.rounds.so_far().await, []);
        assert_eq!(fetch.world.store.latest_gist_round().await, Ok(Some(100)));
        assert_eq!(fetch.rounds.next().await.round, 125);
        assert_eq!(fetch.world.store.latest_gist_round().await, Ok(Some(125)));
    });
}

#[test]
fn a_second_hint_in_the_same_round_asks_nothing() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let gist = pointer("alice", 1);
        fetch.serve(&gist, [Reply::new(200, "one").after(Duration::from_secs(3))]);
        fetch.announce(100, miners(&[&gist])).await;
        for block in [100, 101, 110, 124] {
            fetch.announce(block, miners(&[&gist])).await;
        }
        fetch.rounds.next().await;
        fetch.announce(124, miners(&[&gist])).await;
        pass(Duration::from_secs(3_600)).await;
        assert_eq!(fetch.rounds.so_far().await, []);
        assert_eq!(fetch.asked(), 1);
    });
}

#[test]
fn a_round_that_nobody_told_of_is_found_by_its_own_tick() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let gist = pointer("alice", 1);
        fetch.serve(&gist, [Reply::new(200, "one")]);
        settle().await;
        fetch.world.store.save_subnet(&subnet(100, miners(&[&gist]))).await.expect("stored");
        assert_eq!(fetch.rounds.next().await, SubmissionsRecorded { round: 100 });
    });
}

#[test]
fn a_fetcher_that_panicked_finishes_its_round() {
    for write in [Write::Gists, Write::GistRound] {
        simulate(async move {
            let mut fetch = Fetch::start(Setup::default());
            let gist = pointer("alice", 1);
            fetch.serve(&gist, [Reply::new(200, "one")]);
            fetch.world.store.panic_at_next(write);
            fetch.round(100, miners(&[&gist])).await;
            assert_eq!(fetch.stats.read().restarts, 1);
            assert_eq!(fetch.world.store.holdings().len(), 1, "{write:?}: seen once, however often recorded");
            fetch.round(125, miners(&[&gist])).await;
        });
    }
}

#[test]
fn requests_respect_the_limiter_and_the_bound_of_what_is_in_flight() {
    simulate(async {
        let rate = Rate { requests_per_second: 2.0, burst: 3 };
        let mut fetch = Fetch::start(Setup { rate, ..Setup::default() });
        let gists: Vec<GistPointer> = (0..40).map(|number| pointer("alice", number)).collect();
        for gist in &gists {
            fetch.serve(gist, [Reply::new(200, "one").after(Duration::from_secs(10))]);
        }
        fetch.round(100, miners(&gists.iter().collect::<Vec<_>>())).await;
        assert_eq!(fetch.world.http.peak_in_flight(), MAX_IN_FLIGHT);
        let times: Vec<Duration> =
            fetch.world.http.requests().iter().map(|request| request.asked_at.elapsed()).rev().collect();
        for (earlier, later) in (0..).map(|first| (first, first + 3)).take_while(|(_, last)| *last < times.len()) {
            let apart = times[later] - times[earlier];
            assert!(apart >= Duration::from_millis(499), "more than a burst of 3 within half a second: {apart:?}");
        }
        assert!(fetch.stats.read().limiter_wait_ms > 0);
    });
}
