//! Orders that end before all is examined: nothing is paid for that is dropped, and no detector is blamed for it.

use super::{Bench, good, hooked};
use std::time::Duration;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verification::{Check, Provider};
use tensorflix_testkit::gists::video;
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::time::simulate;

fn videos(count: u32) -> Vec<ContentId> {
    (1..=count).map(video).collect()
}

#[test]
fn a_request_that_waits_until_its_order_ends_is_not_made_and_costs_nothing() {
    simulate(async {
        let rate = Rate { requests_per_second: 0.1, burst: 1 };
        let bench = Bench::start_at(rate, Provider::Webhook, 1_000).await;
        bench.answer([Reply::json(&hooked("pass", 0.9))]);
        let begin = tokio::time::Instant::now();
        let reached = bench.ask_within(&videos(10), &[Check::Ai], Duration::from_secs(25)).await;
        assert!(begin.elapsed() <= Duration::from_secs(25));
        assert_eq!((reached.reached_count, bench.requests(), bench.spent()), (3, 3, 3), "{reached:?}");
    });
}

#[test]
fn a_case_of_several_requests_is_not_begun_when_they_would_not_all_be_answered() {
    simulate(async {
        let bench = Bench::start(Provider::Sightengine, 1_000).await;
        bench.answer([good(Provider::Sightengine).after(Duration::from_secs(4))]);
        bench.ask(&videos(2), &[Check::Illicit]).await;
        let (pictures, before) = (bench.requests() / 2, bench.spent());
        assert!(pictures > 1);
        let order = Duration::from_secs(5);
        let reached = bench.ask_within(&[video(3)], &[Check::Illicit], order).await;
        assert_eq!((reached.reached_count, bench.requests() / pictures), (0, 2), "{reached:?}");
        assert_eq!(bench.spent(), before, "nothing is paid for that would be thrown away");
    });
}

#[test]
fn of_a_case_that_is_not_finished_only_the_requests_that_were_made_are_paid_for() {
    let slow = good(Provider::Sightengine).after(Duration::from_secs(8));
    for (reply, order_secs) in [(slow, 15), (Reply::new(503, ""), 1_800), (Reply::new(400, "{}"), 1_800)] {
        simulate(async move {
            let bench = Bench::start(Provider::Sightengine, 1_000).await;
            bench.answer([reply.clone()]);
            let reached = bench.ask_within(&[video(1)], &[Check::Illicit], Duration::from_secs(order_secs)).await;
            assert_eq!(reached.reached_count, 0, "{reached:?}");
            assert!(bench.requests() > 0);
            assert_eq!(bench.spent(), bench.requests() as u64, "{reached:?}");
        });
    }
}

#[test]
fn nobody_waits_for_an_attempt_that_would_come_after_the_end_of_its_order() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 1_000).await;
        bench.answer([Reply::new(503, "").header("retry-after", "40")]);
        let begin = tokio::time::Instant::now();
        let reached = bench.ask_within(&[video(1)], &[Check::Ai], Duration::from_secs(30)).await;
        assert_eq!((begin.elapsed(), bench.requests()), (Duration::ZERO, 1));
        assert!(reached.errors.join("\n").contains("503"), "{reached:?}");
    });
}

#[test]
fn an_answer_that_an_order_did_not_wait_for_is_no_failure_of_the_detector() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 1_000).await;
        bench.answer([Reply::json(&hooked("pass", 0.9)).after(Duration::from_secs(12))]);
        for order in 0..6 {
            let begin = tokio::time::Instant::now();
            bench.ask_within(&videos(2), &[Check::Ai], Duration::from_secs(8)).await;
            assert!(begin.elapsed() <= Duration::from_secs(8), "order {order}");
        }
        let begin = tokio::time::Instant::now();
        let reached = bench.ask(&videos(2), &[Check::Ai]).await;
        assert_eq!((reached.reached_count, begin.elapsed()), (2, Duration::from_secs(12)), "no breaker is open");
    });
}
