//! The way out: a platform that asks to wait is obeyed to the second, by whom it asked, and nobody waits for ever.

use std::time::Duration;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::outbound::{LONGEST_PAUSE, Outbound, Timing};
use tensorflix_actors::ports::{Clock, Credential, HttpError, HttpRequest, HttpResponse};
use tensorflix_actors::stats::ActorStats;
use tensorflix_testkit::scripted_services::http::{Reply, ScriptedHttp};
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::world::{UNLIMITED, World};
use tokio::time::Instant;

const PLACE: &str = "https://platform.example/things";

fn request(place: &str, key: &str) -> HttpRequest {
    let mut request = HttpRequest::get(place.parse().expect("a URL"), Duration::from_secs(15), 1_000);
    request.credential = (!key.is_empty()).then(|| Credential::Query("key", key.to_owned().into()));
    request
}

fn start(rate: Rate) -> (World, Outbound) {
    let world = World::new();
    let outbound = world.outbound(rate, &ActorStats::new("outbound"));
    (world, outbound)
}

/// The seconds after `begin` at which requests were sent.
fn sent(http: &ScriptedHttp, begin: Instant) -> Vec<f64> {
    http.requests().iter().map(|request| (request.asked_at - begin).as_secs_f64()).collect()
}

async fn ask(outbound: &Outbound, key: &str) -> Result<HttpResponse, HttpError> {
    outbound.send(request(PLACE, key)).await
}

#[test]
fn a_platform_that_asks_to_wait_is_not_asked_again_before_and_then_at_once() {
    // The machine's clock of the tests begins at 1970-01-01T00:00:00Z.
    for (status, headers, seconds) in [
        (429, vec![("retry-after", "60")], 60.0),
        (503, vec![("retry-after", "Thu, 01 Jan 1970 00:00:45 GMT")], 45.0),
        (503, vec![("date", "Fri, 21 Aug 2026 00:00:00 GMT"), ("retry-after", "Fri, 21 Aug 2026 00:01:05 GMT")], 65.0),
        (403, vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "31")], 31.0),
        (200, vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "31")], 31.0),
        (200, vec![("x-ratelimit-remaining", "17"), ("x-ratelimit-reset", "31")], 0.0),
        (503, vec![], 0.0),
    ] {
        simulate(async move {
            let (world, outbound) = start(UNLIMITED);
            let asking = headers.iter().fold(Reply::new(status, ""), |reply, (name, text)| reply.header(name, text));
            world.http.get("/things", [asking, Reply::new(200, "")]);
            let begin = Instant::now();
            ask(&outbound, "a").await.expect("an answer");
            assert_eq!(ask(&outbound, "a").await.expect("an answer").status, 200, "{headers:?}");
            assert_eq!(sent(&world.http, begin), [0.0, seconds], "{status} {headers:?}");
        });
    }
}

#[test]
fn what_one_key_or_host_was_told_holds_for_no_other() {
    simulate(async {
        let (world, outbound) = start(UNLIMITED);
        world.http.get("/things", [Reply::new(429, "").header("retry-after", "100"), Reply::new(200, "")]);
        world.http.get("/elsewhere", [Reply::new(200, "")]);
        let begin = Instant::now();
        ask(&outbound, "a").await.expect("an answer");
        for (place, key) in [(PLACE, "b"), (PLACE, ""), ("https://other.example/things", "a")] {
            outbound.send(request(place, key)).await.expect("an answer");
        }
        outbound.send(request("https://platform.example/elsewhere", "a")).await.expect("an answer");
        assert_eq!(sent(&world.http, begin), [0.0, 0.0, 0.0, 0.0, 100.0], "another path is the same host");
    });
}

#[test]
fn a_pause_longer_than_anybody_waits_is_an_error_with_its_end_and_nothing_is_sent() {
    simulate(async {
        let (world, outbound) = start(UNLIMITED);
        world.http.get("/things", [Reply::new(429, "").header("retry-after", "3600"), Reply::new(200, "")]);
        let begin = Instant::now();
        ask(&outbound, "a").await.expect("an answer");
        let refused = ask(&outbound, "a").await.expect_err("not sent");
        assert_eq!(begin.elapsed(), Duration::ZERO, "nobody waits for it");
        assert!(refused.to_string().contains("1970-01-01T01:00:00.000Z"), "{refused}");
        pass(Duration::from_secs(3_600) - LONGEST_PAUSE).await;
        ask(&outbound, "a").await.expect("an answer");
        assert_eq!(sent(&world.http, begin), [0.0, 3_600.0]);
    });
}

#[test]
fn those_who_wait_for_their_turn_when_the_pause_begins_wait_for_its_end_as_well() {
    simulate(async {
        let (world, outbound) = start(Rate { requests_per_second: 1.0, burst: 1 });
        // The others are in the queue already when the first one is asked to wait.
        let asking = Reply::new(429, "").header("retry-after", "50").after(Duration::from_millis(200));
        world.http.get("/things", [asking, Reply::new(200, "")]);
        let begin = Instant::now();
        futures::future::join_all((0..3).map(|_| ask(&outbound, "a"))).await;
        let sent = sent(&world.http, begin);
        assert_eq!((sent[0], sent.len()), (0.0, 3));
        assert!(sent[1] >= 50.2 && sent[2] >= sent[1] + 1.0, "after the pause, and still at the rate: {sent:?}");
    });
}

#[test]
fn pauses_asked_for_again_and_again_are_waited_for_no_longer_than_the_longest() {
    simulate(async {
        let (world, outbound) = start(Rate { requests_per_second: 0.02, burst: 1 });
        world.http.get("/things", [Reply::new(429, "").header("retry-after", "100")]);
        let (first, second) = (outbound.clone(), outbound.clone());
        let begin = world.clock.monotonic();
        let _ = futures::join!(ask(&first, "a"), ask(&second, "a"));
        // Each of the three was held up by those before, and each of their answers began another pause.
        let third = ask(&outbound, "a").await;
        assert!(world.clock.monotonic() - begin < 4 * LONGEST_PAUSE, "{third:?}");
    });
}

#[test]
fn a_request_whose_turn_comes_too_late_is_not_sent_and_nobody_waits_for_it_in_vain() {
    let until = |seconds| Timing::until(Duration::from_secs(seconds));
    simulate(async {
        let (world, outbound) = start(Rate { requests_per_second: 0.1, burst: 1 });
        world.http.get("/things", [Reply::new(200, "")]);
        ask(&outbound, "a").await.expect("an answer");
        let late = outbound.send_within(request(PLACE, "a"), until(9)).await;
        assert_eq!((late, world.clock.monotonic()), (Err(HttpError::NoTimeLeft), Duration::from_secs(9)));
        outbound.send_within(request(PLACE, "a"), until(11)).await.expect("an answer, at its turn");
        let late = outbound.send_within(request(PLACE, "b"), until(10)).await;
        assert_eq!((late, world.http.requests().len()), (Err(HttpError::NoTimeLeft), 2), "it is over already");
    });
    simulate(async {
        let (world, outbound) = start(UNLIMITED);
        world.http.get("/things", [Reply::new(429, "").header("retry-after", "100"), Reply::new(200, "")]);
        ask(&outbound, "a").await.expect("an answer");
        let late = outbound.send_within(request(PLACE, "a"), until(99)).await;
        assert_eq!((late, world.clock.monotonic()), (Err(HttpError::NoTimeLeft), Duration::ZERO), "the end is known");
        outbound.send_within(request(PLACE, "a"), until(101)).await.expect("an answer, after the pause");
    });
}

#[test]
fn a_request_ends_with_the_time_left_and_that_is_not_the_platforms_fault() {
    for (seconds, error) in [
        (5, HttpError::OutOfTime(Duration::from_secs(5))),
        (15, HttpError::TimedOut(Duration::from_secs(15))),
        (60, HttpError::TimedOut(Duration::from_secs(15))),
    ] {
        simulate(async move {
            let (world, outbound) = start(UNLIMITED);
            world.http.get("/things", [Reply::hang()]);
            let timing = Timing::until(Duration::from_secs(seconds));
            assert_eq!(outbound.send_within(request(PLACE, "a"), timing).await, Err(error));
        });
    }
}
