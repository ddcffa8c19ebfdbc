//! Runs that were refused, ended badly, or had not written everything yet: nothing is paid for twice or thrown away.

use crate::instagram::{runs_started, spent, start};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tensorflix_actors::ports::{Clock, HttpError, Method};
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::reel;
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::observing::{Observing, Subject};
use tensorflix_testkit::scripted_services::http::{Recorded, Reply, SECRET};
use tensorflix_testkit::scripted_services::instagram::{Apify, DEADLINE, RUNS, Reels, TODAY, USD, reels};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{pass, simulate};

fn refusal(status: u16, kind: &str, message: &str) -> Reply {
    Reply::new(status, json!({ "error": { "type": kind, "message": message } }).to_string())
}

fn shown(code: &str) -> Option<Value> {
    Some(json!({ "shortCode": code, "videoViewCount": 5 }))
}

/// Refusals of a start that pass by themselves.
fn passing() -> Vec<Reply> {
    let memory = "By launching this job you will exceed the memory limit of 8192MB for all your Actor runs and builds";
    vec![
        refusal(402, "actor-memory-limit-exceeded", memory),
        refusal(403, "actor-memory-limit-exceeded", memory),
        refusal(402, "concurrent-runs-limit-exceeded", "You have too many Actor runs at the same time"),
        refusal(429, "rate-limit-exceeded", "You have exceeded the rate limit of 60 requests per second"),
        Reply::new(429, ""),
    ]
}

#[test]
fn a_start_that_is_refused_costs_nothing_whatever_the_refusal() {
    let lasting = [
        refusal(401, "user-or-token-not-found", "User was not found or authentication token is not valid"),
        Reply::new(401, ""),
        refusal(402, "not-enough-usage-to-run-paid-actor", "You have no usage left"),
        Reply::new(402, ""),
        refusal(403, "platform-feature-disabled", "Monthly usage hard limit exceeded"),
        refusal(403, "insufficient-permissions", "no"),
        refusal(404, "record-not-found", "Actor was not found"),
        refusal(400, "invalid-input", "Field input.username is required"),
        Reply::new(410, "<html>"),
    ];
    for reply in lasting.into_iter().chain(passing()) {
        simulate(async move {
            let instagram = start();
            instagram.world.http.post(RUNS, [reply.clone()]);
            for round in 0..6 {
                let block = 100 + round;
                instagram.observe_at(&reels(0..3), block, stamp(block)).await;
                pass(Duration::from_secs(7_200)).await;
            }
            assert_eq!(spent(&instagram), 0, "{reply:?}: no run was ever started");
            Reels::serve(&instagram.world.http);
            let answer = instagram.observe_at(&reels(0..3), 200, stamp(200)).await;
            assert_eq!((answer.observed_count, answer.errors), (3, vec![]), "{reply:?}: accepted again");
        });
    }
}

#[test]
fn what_a_refused_start_gives_back_is_in_the_store_also_for_the_next_process() {
    simulate(async {
        let instagram = start();
        instagram.world.http.post(RUNS, [refusal(404, "record-not-found", "Actor was not found")]);
        instagram.observe(&reels(0..3)).await;
        assert_eq!((instagram.world.store.count(Write::Debit), instagram.world.store.count(Write::Credit)), (1, 1));
        let again = Observing::<Reels>::start_in(instagram.world.clone(), &Default::default());
        assert_eq!(spent(&again), 0);
    });
}

#[test]
fn a_start_that_is_refused_in_passing_is_tried_again_and_told_as_that() {
    for reply in passing() {
        simulate(async move {
            let instagram = start();
            Reels::serve(&instagram.world.http);
            instagram.world.http.spoil_next(RUNS, 2, reply.clone());
            let answer = instagram.observe(&reels(0..3)).await;
            assert_eq!((answer.observed_count, answer.errors), (3, vec![]), "{reply:?}");
            assert_eq!((runs_started(&instagram), spent(&instagram)), (3, USD), "{reply:?}: one of three was paid for");

            let instagram = start();
            instagram.world.http.post(RUNS, [reply.clone()]);
            let answer = instagram.observe(&reels(0..3)).await;
            assert_eq!(answer.shortfalls.values().next(), Some(&Reason::PlatformUnavailable), "{reply:?}");
            let said = answer.errors.join("\n").to_lowercase();
            assert!(!said.contains("money") && !said.contains("usage") && !said.contains("credit"), "{said}");
        });
    }
}

#[test]
fn only_a_refusal_that_speaks_of_usage_is_told_as_such_and_in_apifys_words() {
    for (reply, reason, words) in [
        (
            refusal(402, "monthly-usage-limit-exceeded", "Monthly usage hard limit exceeded"),
            Reason::QuotaExhausted,
            "Monthly",
        ),
        (
            refusal(403, "platform-feature-disabled", "Monthly usage hard limit exceeded"),
            Reason::QuotaExhausted,
            "Monthly",
        ),
        (refusal(402, "not-enough-usage-to-run-paid-actor", "Top up"), Reason::QuotaExhausted, "Top up"),
        (
            refusal(402, "something-of-tomorrow", "Try the new plan"),
            Reason::PlatformUnavailable,
            "something-of-tomorrow",
        ),
        (refusal(403, "actor-is-not-rented", "You must rent a paid Actor"), Reason::PlatformUnavailable, "rent"),
        (refusal(400, "invalid-input", "no field"), Reason::PlatformUnavailable, "no field"),
    ] {
        simulate(async move {
            let logs = Logs::capture();
            let instagram = start();
            instagram.world.http.post(RUNS, [reply.clone()]);
            let answer = instagram.observe(&reels(0..3)).await;
            assert_eq!(answer.shortfalls.values().next(), Some(&reason), "{reply:?}");
            assert!(answer.errors.join("\n").contains(words), "{:?}", answer.errors);
            assert!(!logs.text().contains(SECRET));
        });
    }
}

#[test]
fn a_start_of_which_nobody_knows_stays_paid_for_and_is_not_repeated() {
    for lost in [
        Reply::hang(),
        Reply::fail(HttpError::Connection("reset".to_owned())),
        Reply::new(500, ""),
        Reply::new(408, ""),
        Reply::new(201, "<html>"),
    ] {
        simulate(async move {
            let instagram = start();
            instagram.world.http.post(RUNS, [lost.clone()]);
            instagram.observe(&reels(0..3)).await;
            assert_eq!((runs_started(&instagram), spent(&instagram)), (1, USD), "{lost:?}");
        });
    }
}

#[test]
fn a_run_that_did_not_succeed_gives_what_it_has_and_what_it_did_not_spend() {
    for status in ["TIMED-OUT", "ABORTED", "FAILED", "A-NEW-WORD"] {
        simulate(async move {
            let instagram = start();
            let apify = Apify { statuses: vec!["READY", "RUNNING", status], cost_usd: json!(0.02) };
            apify.serve(&instagram.world.http, |code| if code == reel(2).as_str() { None } else { shown(code) });
            let answer = instagram.observe(&reels(0..4)).await;
            assert_eq!(answer.observed_count, 3, "{status}");
            assert_eq!(answer.shortfalls, [(reel(2), Reason::PlatformUnavailable)].into(), "{status}");
            assert!(answer.errors.join("\n").contains(status), "{status}: {:?}", answer.errors);
            assert_eq!((runs_started(&instagram), spent(&instagram)), (1, USD / 50), "{status}");
            assert!(matches!(instagram.observations(&[reel(0)])[0].sighting, Sighting::Present(_)), "{status}");
        });
    }
}

#[test]
fn a_run_that_failed_with_nothing_still_gives_back_what_it_did_not_spend() {
    for items in [Reply::json(&json!([])), Reply::new(404, "{}")] {
        simulate(async move {
            let instagram = start();
            let apify = Apify { statuses: vec!["RUNNING", "FAILED"], cost_usd: json!(0.02) };
            apify.serve(&instagram.world.http, |_| None);
            instagram.world.http.get("/v2/datasets/set0/items", [items.clone()]);
            let answer = instagram.observe(&reels(0..3)).await;
            assert_eq!((answer.observed_count, answer.shortfalls.len()), (0, 3), "{items:?}");
            assert!(answer.errors.join("\n").contains("FAILED"), "{:?}", answer.errors);
            assert_eq!(spent(&instagram), USD / 50, "{items:?}");
        });
    }
}

#[test]
fn a_run_that_outlasts_the_deadline_is_stopped_and_what_it_has_is_read() {
    simulate(async {
        let instagram = start();
        let apify = Apify { statuses: vec!["RUNNING"], cost_usd: json!(0.5) };
        apify.serve(&instagram.world.http, |code| if code == reel(2).as_str() { None } else { shown(code) });
        let aborted = json!({ "data": { "id": "run0", "status": "ABORTED", "defaultDatasetId": "set0",
            "usageTotalUsd": 0.25 } });
        instagram.world.http.post("/v2/actor-runs/run0/abort", [Reply::json(&aborted)]);
        let begin = instagram.world.clock.monotonic();
        let answer = instagram.observe(&reels(0..3)).await;
        assert!(instagram.world.clock.monotonic() - begin <= DEADLINE);
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (2, 1));
        assert_eq!(spent(&instagram), USD / 4);
    });
}

/// Runs that succeed at once, with a data set that holds what `items` gives at the n-th reading.
fn serve_late(instagram: &Observing<Reels>, items: impl Fn(usize) -> Value + Send + 'static) {
    let run =
        json!({ "data": { "id": "run0", "status": "SUCCEEDED", "defaultDatasetId": "set0", "usageTotalUsd": 0.1 } });
    instagram.world.http.post(RUNS, [Reply::new(201, run.to_string())]);
    let looks = AtomicUsize::new(0);
    instagram.world.http.on(Method::Get, "/v2/datasets/set0/items", move |_: &Recorded| {
        Reply::json(&items(looks.fetch_add(1, Ordering::Relaxed)))
    });
}

#[test]
fn a_data_set_that_is_empty_or_short_right_after_its_run_is_looked_at_again() {
    let all = || (0..4).map(|number| shown(reel(number).as_str())).collect::<Option<Vec<Value>>>().expect("items");
    for first in 0..4 {
        simulate(async move {
            let instagram = start();
            serve_late(&instagram, move |look| Value::from(if look == 0 { all()[..first].to_vec() } else { all() }));
            let answer = instagram.observe(&reels(0..4)).await;
            assert_eq!((answer.observed_count, answer.errors.len()), (4, 0), "{first} items at first");
            assert_eq!((runs_started(&instagram), spent(&instagram)), (1, USD / 10), "looking again is free");
        });
    }
    // A data set that shrinks, or fails, at a later look takes nothing back.
    simulate(async move {
        let instagram = start();
        serve_late(&instagram, move |look| if look == 0 { json!(all()[..3].to_vec()) } else { json!([]) });
        let answer = instagram.observe(&reels(0..4)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (3, 1));
    });
}

#[test]
fn looking_again_ends_and_what_every_item_speaks_of_is_not_looked_at_again() {
    simulate(async {
        let instagram = start();
        serve_late(&instagram, |_| json!([]));
        let begin = instagram.world.clock.monotonic();
        let answer = instagram.observe(&reels(0..2)).await;
        assert_eq!(answer.shortfalls.len(), 2);
        assert!(instagram.world.clock.monotonic() - begin <= Duration::from_secs(60));
        assert!(instagram.world.http.requests_for("/v2/datasets/set0/items").len() <= 5);
        assert_eq!(instagram.world.store.units_spent("apify", TODAY), USD / 10);
    });
    simulate(async {
        let instagram = start();
        let url = format!("https://www.instagram.com/reel/{}/", reel(1).as_str());
        let blocked = json!({ "error": "no_items", "inputUrl": url });
        serve_late(&instagram, move |_| json!([shown(reel(0).as_str()), blocked]));
        instagram.observe(&reels(0..2)).await;
        assert_eq!(instagram.world.http.requests_for("/v2/datasets/set0/items").len(), 1);
    });
}

#[test]
fn what_the_scraper_says_of_a_reel_instead_of_its_numbers_is_in_the_reason() {
    for (word, description) in [
        ("restricted_page", "Restricted access only partial data available"),
        ("no_items", "Empty or private data for provided input"),
        ("a_word_of_tomorrow", ""),
    ] {
        simulate(async move {
            let instagram = start();
            let url = format!("https://www.instagram.com/reel/{}/", reel(1).as_str());
            let item = json!({ "error": word, "errorDescription": description, "inputUrl": url, "shortCode": reel(1).as_str() });
            serve_late(&instagram, move |_| json!([shown(reel(0).as_str()), item]));
            let answer = instagram.observe(&reels(0..2)).await;
            assert_eq!(answer.shortfalls, [(reel(1), Reason::PlatformUnavailable)].into());
            let said = answer.errors.join("\n");
            assert!(said.contains(word) && said.contains(description) && said.contains(reel(1).as_str()), "{said}");
        });
    }
}
