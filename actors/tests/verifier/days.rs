//! Requests to detectors are paid for on the day on which they are made, by the newest time of the chain.

use super::{BLOCK, Bench, TODAY, hooked};
use tensorflix_actors::ports::Store;
use tensorflix_domain::verification::{Check, Provider};
use tensorflix_testkit::gists::video;
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::subnets::head;
use tensorflix_testkit::time::simulate;

/// Blocks of a day.
const DAY: u32 = 7_200;

#[test]
fn an_order_of_yesterday_spends_what_is_there_today() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 1).await;
        bench.answer([Reply::json(&hooked("pass", 0.9))]);
        assert_eq!(bench.ask(&[video(1)], &[Check::Ai]).await.reached_count, 1);
        assert_eq!(bench.ask(&[video(2)], &[Check::Ai]).await.reached_count, 0, "today's request is made");
        bench.world.store.save_head(&head(BLOCK + DAY)).await.expect("stored");
        assert_eq!(bench.ask(&[video(2)], &[Check::Ai]).await.reached_count, 1);
        let spent = [TODAY, "2026-09-01"].map(|date| bench.world.store.units_spent("verifier/", date));
        assert_eq!((spent, bench.requests()), ([1, 1], 2));
    });
}
