//! Every call is paid for on the day on which it is made, by the newest time of the chain.

use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::ports::{Method, Store};
use tensorflix_domain::ids::Block;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::video;
use tensorflix_testkit::observing::{Observing, Settings};
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::scripted_services::youtube::{PATH, TODAY, Videos, error, ids, item, videos};
use tensorflix_testkit::subnets::{head, stamp};
use tensorflix_testkit::time::{pass, simulate};

/// The first block of the next day in Los Angeles.
const MIDNIGHT: Block = 2_100;
const TOMORROW: &str = "2026-08-21";

/// Every call takes a minute.
fn slow(settings: &Settings) -> Observing<Videos> {
    let youtube = Observing::<Videos>::start(settings);
    youtube.world.http.on(Method::Get, PATH, |request| {
        let items: Vec<Value> = ids(request).iter().map(|id| item(id, &json!({ "viewCount": "7" }))).collect();
        Reply::json(&json!({ "items": items })).after(Duration::from_secs(10))
    });
    youtube
}

fn spent(youtube: &Observing<Videos>) -> [u64; 2] {
    [TODAY, TOMORROW].map(|date| youtube.world.store.units_spent("youtube/", date))
}

/// The chain reaches a block after a while.
fn reach(youtube: &Observing<Videos>, block: Block, after: Duration) {
    let store = Arc::clone(&youtube.world.store);
    tokio::task::spawn_local(async move {
        pass(after).await;
        store.save_head(&head(block)).await.expect("stored");
    });
}

#[test]
fn an_order_that_is_worked_off_over_midnight_spends_of_both_days() {
    simulate(async {
        let settings = Settings { batch_size: 1, batches_per_day: 2, max_in_flight: 1, ..Settings::default() };
        let youtube = slow(&settings);
        reach(&youtube, MIDNIGHT + 1, Duration::from_secs(15));
        let answer = youtube.observe_at(&videos(0..5), MIDNIGHT - 1, stamp(MIDNIGHT - 1)).await;
        assert_eq!(answer.observed_count, 4);
        assert_eq!(answer.shortfalls, [(video(4), Reason::QuotaExhausted)].into());
        assert_eq!(spent(&youtube), [2, 2]);
        let renewed = answer.budget_renewed_at.expect("a time");
        assert_eq!(renewed.to_string(), "2026-08-22T07:00:00.000Z", "of the day on which the budget ended");
    });
}

#[test]
fn a_quota_that_is_renewed_a_little_late_costs_fifteen_minutes_and_not_the_day() {
    simulate(async {
        let youtube = slow(&Settings::default());
        let used_up = error(403, "quotaExceeded");
        youtube.world.http.spoil_next(PATH, 1, used_up.clone());
        let answer = youtube.observe_at(&videos(0..2), MIDNIGHT + 5, stamp(MIDNIGHT + 5)).await;
        assert_eq!(answer.shortfalls[&video(0)], Reason::QuotaExhausted);
        assert_eq!(answer.budget_renewed_at, Some(stamp(MIDNIGHT + 80).time));
        assert_eq!(youtube.observe_at(&videos(0..2), MIDNIGHT + 6, stamp(MIDNIGHT + 6)).await.shortfalls.len(), 2);
        assert_eq!((youtube.asked(), spent(&youtube)), (1, [0, 1]));
        pass(Duration::from_secs(900)).await;
        assert_eq!(youtube.observe_at(&videos(0..2), MIDNIGHT + 81, stamp(MIDNIGHT + 81)).await.observed_count, 2);
        // Later on the day it is what it says.
        youtube.world.http.spoil_next(PATH, 1, used_up);
        youtube.observe_at(&videos(2..4), MIDNIGHT + 90, stamp(MIDNIGHT + 90)).await;
        assert_eq!(spent(&youtube), [0, 100]);
    });
}

#[test]
fn a_head_that_is_older_than_the_order_turns_no_day_back() {
    simulate(async {
        let youtube = slow(&Settings { batches_per_day: 1, ..Settings::default() });
        youtube.world.store.save_head(&head(MIDNIGHT - 50)).await.expect("stored");
        let answer = youtube.observe_at(&videos(0..2), MIDNIGHT + 5, stamp(MIDNIGHT + 5)).await;
        assert_eq!((answer.observed_count, spent(&youtube)), (2, [0, 1]));
    });
}

#[test]
fn where_a_budget_does_not_last_those_that_come_first_are_observed() {
    simulate(async {
        let settings = Settings { batch_size: 1, batches_per_day: 3, max_in_flight: 2, ..Settings::default() };
        let youtube = slow(&settings);
        let given = [5, 1, 4, 5, 0, 3, 2].map(video);
        let answer = youtube.observe_at(&given, 100, stamp(100)).await;
        let short: Vec<_> = answer.shortfalls.keys().cloned().collect();
        assert_eq!(short, [video(0), video(2), video(3)], "5, 1 and 4 were named first");
    });
}
