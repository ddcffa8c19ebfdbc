//! A rejected key is disabled and named in the log, the other keys are used, and it is tried again later.

use crate::quota::{by_key, key_of, of_keys};
use serde_json::{Value, json};
use std::time::Duration;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::video;
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::observing::Settings;
use tensorflix_testkit::scripted_services::http::{Recorded, Reply, SECRET};
use tensorflix_testkit::scripted_services::youtube::{
    PATH, STATS, error, ids, serve_both_methods, start_with_both_methods, videos,
};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{pass, simulate};

const HOUR: Duration = Duration::from_secs(3_600);

fn two_keys() -> Settings {
    Settings { key_count: 2, batch_size: 1, max_in_flight: 1, ..Settings::default() }
}

/// A refusal as Google writes it.
fn google(status: u16, message: &str, reason: &str, detail: &str) -> Reply {
    let details: Vec<Value> = (!detail.is_empty()).then(|| json!({ "reason": detail })).into_iter().collect();
    let errors = [json!({ "reason": reason, "domain": "global" })];
    let error = json!({ "code": status, "message": message, "errors": errors, "details": details });
    Reply::new(status, json!({ "error": error }).to_string())
}

/// Refusals that may concern the key alone, most of which no list can name.
fn refusals() -> Vec<(&'static str, Reply)> {
    let suspended = format!("Permission denied: Consumer 'api_key:{SECRET}' has been suspended.");
    vec![
        ("suspended", google(403, &suspended, "forbidden", "CONSUMER_INVALID")),
        ("invalid", google(400, "API key not valid. Please pass a valid API key.", "badRequest", "API_KEY_INVALID")),
        ("expired", google(400, "API key expired. Please renew the API key.", "keyExpired", "")),
        ("old form", error(400, "keyInvalid")),
        ("not switched on", error(403, "accessNotConfigured")),
        ("restricted", error(403, "ipRefererBlocked")),
        ("a reason of tomorrow", google(403, "Billing was disabled.", "someNewReason", "SOMETHING_NEW_2027")),
        ("unauthorized", Reply::new(401, "")),
        ("not found", Reply::new(404, "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>")),
        ("gone", Reply::new(410, "{}")),
        ("a page of a gateway", Reply::new(403, "<html>Forbidden</html>")),
        ("an empty refusal", Reply::new(400, "")),
        ("a list", Reply::new(403, "[1, 2]")),
        ("a teapot", Reply::new(418, "short and stout")),
    ]
}

#[test]
fn whatever_refuses_one_key_is_about_that_key_and_the_next_one_is_asked_at_once() {
    for (name, refusal) in refusals() {
        for dead in [SECRET.to_owned(), format!("{SECRET}-1")] {
            let refusal = refusal.clone();
            simulate(async move {
                let logs = Logs::capture();
                let youtube = start_with_both_methods(&two_keys());
                let refused = dead.clone();
                serve_both_methods(&youtube, move |request| (key_of(request) == refused).then(|| refusal.clone()));
                for round in 0..4 {
                    let answer = youtube.observe(&videos(round * 5..round * 5 + 5)).await;
                    assert_eq!((answer.observed_count, answer.errors), (5, vec![]), "{name}: round {round}");
                }
                let of_dead = youtube.world.http.requests().iter().filter(|request| key_of(request) == dead).count();
                assert_eq!(of_dead, 1, "{name}: it is disabled");
                let said = logs.lines(&["ERROR"]);
                assert_eq!(said.len(), 1, "{name}: {said:?}");
                assert!(!logs.text().contains(SECRET), "{name}");
            });
        }
    }
}

#[test]
fn a_refused_key_is_named_as_in_the_ledger_with_googles_words_and_never_shown() {
    simulate(async {
        let logs = Logs::capture();
        let youtube = start_with_both_methods(&two_keys());
        let message = format!("Permission denied: Consumer 'api_key:{SECRET}' has been suspended.\u{1b}[31m");
        serve_both_methods(&youtube, move |request| {
            (key_of(request) == SECRET).then(|| google(403, &message, "forbidden", "CONSUMER_INVALID"))
        });
        youtube.observe(&videos(0..4)).await;
        let buckets: Vec<String> =
            youtube.world.store.all_units_spent().into_keys().map(|(bucket, _)| bucket).collect();
        let said = logs.lines(&["ERROR"]).pop().expect("a line");
        let is_named = buckets.iter().filter_map(|bucket| bucket.rsplit('/').next()).any(|name| said.contains(name));
        assert!(is_named, "one of the ledger's names {buckets:?} in {said}");
        assert!(said.contains("has been suspended") && said.contains("CONSUMER_INVALID"), "{said}");
        assert!(!said.contains(SECRET) && !said.contains('\u{1b}'), "{said}");
    });
}

#[test]
fn a_key_that_rests_is_tried_again_later_and_used_again_once_it_is_accepted() {
    for refusal in [google(403, "suspended", "forbidden", "CONSUMER_INVALID"), error(400, "keyInvalid")] {
        simulate(async move {
            let youtube = start_with_both_methods(&two_keys());
            let refused = refusal.clone();
            serve_both_methods(&youtube, move |request| (key_of(request) == SECRET).then(|| refused.clone()));
            youtube.observe(&videos(0..4)).await;
            pass(HOUR).await;
            youtube.observe(&videos(4..8)).await;
            assert_eq!(by_key(&youtube), of_keys([("", 2), ("-1", 8)]), "one more try an hour later");
            pass(HOUR).await;
            serve_both_methods(&youtube, |_| None);
            youtube.observe(&videos(8..12)).await;
            assert_eq!(by_key(&youtube), of_keys([("", 4), ("-1", 10)]), "it is as good as the other again");
        });
    }
}

#[test]
fn a_refusal_that_every_key_gets_is_about_what_was_asked_and_no_key_rests() {
    simulate(async {
        let youtube = start_with_both_methods(&two_keys());
        let bad = video(2).as_str().to_owned();
        serve_both_methods(&youtube, move |request| ids(request).contains(&bad).then(|| error(400, "invalidFilters")));
        let answer = youtube.observe(&videos(0..12)).await;
        assert_eq!(answer.shortfalls, [(video(2), Reason::PlatformUnavailable)].into());
        assert_eq!(answer.observed_count, 11);
        let counts = by_key(&youtube);
        assert!(counts.values().all(|count| *count >= 6), "both go on: {counts:?}");
    });
}

#[test]
fn the_only_key_does_not_rest_for_one_batch_that_is_refused() {
    simulate(async {
        let youtube = start_with_both_methods(&Settings { batch_size: 1, max_in_flight: 1, ..Settings::default() });
        let bad = video(2).as_str().to_owned();
        serve_both_methods(&youtube, move |request| ids(request).contains(&bad).then(|| error(400, "invalidFilters")));
        let answer = youtube.observe(&videos(0..12)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (11, 1));
    });
}

#[test]
fn a_service_that_refuses_every_key_and_batch_costs_few_units_and_comes_back() {
    for key_count in [1, 2, 3] {
        simulate(async move {
            let youtube = start_with_both_methods(&Settings {
                key_count,
                batch_size: 1,
                max_in_flight: 1,
                ..Settings::default()
            });
            serve_both_methods(&youtube, |_| Some(Reply::new(403, "<html>Forbidden</html>")));
            let answer = youtube.observe(&videos(0..60)).await;
            assert_eq!(answer.shortfalls.len(), 60);
            assert!(answer.shortfalls.values().all(|reason| *reason == Reason::PlatformUnavailable));
            assert!(youtube.asked() <= 4 * key_count, "{} requests with {key_count} keys", youtube.asked());
            serve_both_methods(&youtube, |_| None);
            pass(HOUR).await;
            assert_eq!(youtube.observe(&videos(0..60)).await.observed_count, 60);
        });
    }
}

#[test]
fn the_statistics_method_is_withdrawn_for_the_refused_key_until_one_confirms_it() {
    let of_stats = |request: &Recorded, key: &str| request.path == STATS && key_of(request) == key;
    for (name, refusal) in refusals() {
        // One of two keys may not use the method: the other one still does.
        let one = refusal.clone();
        simulate(async move {
            let youtube = start_with_both_methods(&two_keys());
            youtube.observe_at(&videos(0..6), 100, stamp(100)).await;
            let lists = youtube.world.http.requests_for(PATH).len();
            serve_both_methods(&youtube, move |request| of_stats(request, SECRET).then(|| one.clone()));
            for block in [110, 120] {
                let answer = youtube.observe_at(&videos(0..6), block, stamp(block)).await;
                assert_eq!((answer.observed_count, answer.errors), (6, vec![]), "{name}");
            }
            let refused = youtube.world.http.requests().iter().filter(|request| of_stats(request, SECRET)).count();
            assert_eq!(refused, 1, "{name}");
            assert_eq!(youtube.world.http.requests_for(STATS).len(), 13, "{name}: the other key counts them all");
            assert_eq!(youtube.world.http.requests_for(PATH).len(), lists, "{name}: nothing is asked for whole");
        });
        // Both may not: the method is not used for hours.
        simulate(async move {
            let youtube = start_with_both_methods(&Settings { key_count: 3, ..two_keys() });
            youtube.observe_at(&videos(0..6), 100, stamp(100)).await;
            serve_both_methods(&youtube, move |request| (request.path == STATS).then(|| refusal.clone()));
            for block in [110, 120] {
                let answer = youtube.observe_at(&videos(0..6), block, stamp(block)).await;
                if !matches!(name, "suspended" | "invalid" | "expired" | "old form") {
                    assert_eq!((answer.observed_count, answer.errors.len()), (6, 0), "{name}");
                }
            }
            assert!(youtube.world.http.requests_for(STATS).len() <= 3, "{name}: two keys that agree are enough");
        });
    }
}

#[test]
fn a_key_that_may_not_count_still_lists() {
    simulate(async {
        let youtube = start_with_both_methods(&Settings { key_count: 1, ..two_keys() });
        youtube.observe_at(&videos(0..6), 100, stamp(100)).await;
        serve_both_methods(&youtube, |request| {
            (request.path == STATS).then(|| google(403, "no", "forbidden", "API_KEY_SERVICE_BLOCKED"))
        });
        let answer = youtube.observe_at(&videos(0..6), 110, stamp(110)).await;
        assert_eq!((answer.observed_count, answer.errors.len()), (6, 0));
    });
}

#[test]
fn a_rejected_key_is_known_to_the_actor_that_is_built_again_after_a_panic() {
    simulate(async {
        let youtube = start_with_both_methods(&two_keys());
        let refused = error(400, "keyInvalid");
        serve_both_methods(&youtube, move |request| (key_of(request) == SECRET).then(|| refused.clone()));
        youtube.observe(&videos(0..4)).await;
        let again = youtube.built_again();
        assert_eq!(again.observe(&videos(4..8)).await.observed_count, 4);
        assert_eq!(by_key(&youtube), of_keys([("", 1), ("-1", 8)]), "the rejected key is not asked again");
    });
}
