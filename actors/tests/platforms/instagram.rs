//! InstagramActor: one run for many reels, paid for once, its items joined by short code.

use serde_json::json;
use std::time::Duration;
use tensorflix_actors::ports::{Clock, HttpError};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::observation::{Metrics, Sighting};
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::reel;
use tensorflix_testkit::observing::{Observing, Settings, Subject};
use tensorflix_testkit::scripted_services::http::{Reply, SECRET};
use tensorflix_testkit::scripted_services::instagram::{Apify, DEADLINE, RUNS, Reels, TODAY, USD, codes, reels};
use tensorflix_testkit::subnets::{moment, stamp};
use tensorflix_testkit::time::simulate;

pub fn start() -> Observing<Reels> {
    Observing::start(&Settings { batches_per_day: 5, ..Settings::default() })
}

pub fn spent(instagram: &Observing<Reels>) -> u64 {
    instagram.world.store.units_spent("apify", TODAY)
}

pub fn runs_started(instagram: &Observing<Reels>) -> usize {
    instagram.world.http.requests_for(RUNS).len()
}

#[test]
fn one_run_observes_many_reels_and_is_asked_for_until_it_has_ended() {
    simulate(async {
        let instagram = start();
        Reels::serve(&instagram.world.http);
        let answer = instagram.observe(&reels(0..40)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len(), answer.errors.len()), (40, 0, 0));
        let requests = instagram.world.http.requests();
        let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
        assert_eq!(paths, [RUNS, "/v2/actor-runs/run0", "/v2/actor-runs/run0", "/v2/datasets/set0/items"]);
        assert!(requests.iter().all(|request| request.bearer.as_deref() == Some(SECRET)));
        assert_eq!(codes(&requests[0]).len(), 40);
        assert_eq!(requests[0].query["maxTotalChargeUsd"], "1", "Apify keeps the limit too");
        assert_eq!(requests[0].query["maxItems"], "40");
    });
}

#[test]
fn views_and_plays_are_kept_apart_and_what_is_not_given_is_unknown() {
    // Pitfall: every reel scored 0 because another field was read.
    let metrics = |view_count, play_count, like_count, comment_count| Metrics {
        view_count,
        play_count,
        like_count,
        comment_count,
    };
    for (fields, expected) in [
        (
            json!({ "videoViewCount": 7, "videoPlayCount": 90, "likesCount": 3, "commentsCount": 0 }),
            metrics(Some(7), Some(90), Some(3), Some(0)),
        ),
        (json!({ "videoViewCount": null, "videoPlayCount": 90 }), metrics(None, Some(90), None, None)),
        (json!({ "videoViewCount": 7, "likesCount": -1 }), metrics(Some(7), None, None, None)),
        (json!({ "view_count": 7, "viewCount": 7, "video_view_count": 7 }), metrics(None, None, None, None)),
    ] {
        simulate(async move {
            let instagram = start();
            let shown = fields.clone();
            Apify::default().serve(&instagram.world.http, move |code| {
                let mut item = shown.clone();
                item["shortCode"] = json!(code);
                item["timestamp"] = json!(moment(-5.0).to_string());
                Some(item)
            });
            instagram.observe(&[reel(1)]).await;
            let seen = instagram.observations(&[reel(1)]);
            let Sighting::Present(presence) = &seen[0].sighting else { panic!("present") };
            assert_eq!(presence.metrics, expected, "{fields}");
            assert_eq!((presence.details.published_at, seen[0].at), (Some(moment(-5.0)), stamp(100)));
        });
    }
}

#[test]
fn items_are_joined_by_short_code_and_only_not_found_is_absence() {
    simulate(async {
        let instagram = start();
        let url = |number| format!("https://www.instagram.com/reel/{}/", reel(number).as_str());
        Apify::default().serve(&instagram.world.http, move |code| match code {
            code if code == reel(1).as_str() => Some(json!({ "error": "not_found", "inputUrl": url(1) })),
            code if code == reel(2).as_str() => Some(json!({ "error": "no_items", "inputUrl": url(2) })),
            code if code == reel(3).as_str() => None,
            code if code == reel(4).as_str() => Some(json!({ "shortCode": "someoneElses", "videoViewCount": 9 })),
            code => Some(json!({ "shortCode": code, "videoViewCount": code[4..].parse::<u64>().expect("a number") })),
        });
        let answer = instagram.observe(&reels(0..20)).await;
        let unknown = [2, 3, 4].map(|number| (reel(number), Reason::PlatformUnavailable));
        assert_eq!(answer.shortfalls, unknown.into());
        assert_eq!(answer.observed_count, 17);
        for number in 5..20 {
            let Sighting::Present(presence) = &instagram.observations(&[reel(number)])[0].sighting else {
                panic!("present")
            };
            assert_eq!(presence.metrics.view_count, Some(number.into()), "whatever the order of the items");
        }
        assert_eq!(instagram.observations(&[reel(1)])[0].sighting, Sighting::Absent);
        assert_eq!(instagram.observations(&reels(2..5)), [], "unknown is neither zero nor absence");
    });
}

#[test]
fn a_run_that_never_ends_is_given_up_at_its_deadline() {
    simulate(async {
        let instagram = start();
        let apify = Apify { statuses: vec!["RUNNING"], ..Apify::default() };
        apify.serve(&instagram.world.http, |_| None);
        let begin = instagram.world.clock.monotonic();
        let answer = instagram.observe(&reels(0..3)).await;
        assert!(instagram.world.clock.monotonic() - begin <= DEADLINE);
        assert_eq!((answer.shortfalls.len(), spent(&instagram)), (3, USD), "what is lost to a deadline stays debited");
    });
}

#[test]
fn a_run_whose_start_is_uncertain_is_not_started_again() {
    for lost in [
        Reply::hang(),
        Reply::fail(HttpError::Connection("reset".to_owned())),
        Reply::new(502, ""),
        Reply::new(201, "<html>"),
    ] {
        simulate(async move {
            let instagram = start();
            instagram.world.http.post(RUNS, [lost.clone()]);
            let answer = instagram.observe(&reels(0..3)).await;
            assert_eq!(runs_started(&instagram), 1, "{lost:?}");
            assert_eq!(answer.shortfalls.len(), 3, "{lost:?}");
            assert_eq!(spent(&instagram), USD, "{lost:?}: it may have been started");
        });
    }
}

#[test]
fn a_run_that_is_paid_for_is_not_lost_to_bad_answers_while_it_is_read() {
    for (bad, least_secs) in [
        (Reply::new(502, "<html>"), 1),
        (Reply::new(429, "").header("retry-after", "40"), 40),
        (Reply::fail(HttpError::Connection("reset".to_owned())), 1),
        (Reply::hang(), 75),
        (Reply::new(200, "<html>"), 1),
        (Reply::new(200, "[{\"shortCode\": \"cut"), 1),
    ] {
        for path in ["/v2/actor-runs/run0", "/v2/datasets/set0/items"] {
            let bad = bad.clone();
            simulate(async move {
                let instagram = start();
                Reels::serve(&instagram.world.http);
                instagram.world.http.spoil_next(path, 2, bad.clone());
                let begin = instagram.world.clock.monotonic();
                let answer = instagram.observe(&reels(0..3)).await;
                if least_secs < 75 {
                    assert_eq!((answer.observed_count, answer.errors.len()), (3, 0), "{path} {bad:?}");
                }
                assert_eq!(runs_started(&instagram), 1, "{path} {bad:?}: what was paid for is not ordered again");
                assert!(instagram.world.clock.monotonic() - begin >= Duration::from_secs(least_secs));
                assert!(instagram.world.clock.monotonic() - begin <= DEADLINE, "{path} {bad:?}");
            });
        }
    }
}

#[test]
fn reading_a_run_is_given_up_after_a_bounded_number_of_attempts() {
    simulate(async {
        let instagram = start();
        Reels::serve(&instagram.world.http);
        instagram.world.http.get("/v2/actor-runs/run0", [Reply::new(500, "")]);
        let answer = instagram.observe(&reels(0..3)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (3, 0), "what it has is read all the same");
        assert_eq!(instagram.world.http.requests_for("/v2/actor-runs/run0").len(), 6);
        assert_eq!((runs_started(&instagram), spent(&instagram)), (1, USD), "it stays paid for");
    });
}

#[test]
fn a_run_is_paid_for_before_it_starts_and_what_it_did_not_spend_is_given_back() {
    for (cost_usd, left) in [
        (json!(0.25), USD / 4),
        (json!(0.0), 0),
        (json!(1.0), USD),
        (json!(7.0), USD),
        (json!(-3.0), 0),
        (json!(null), USD),
        (json!("free"), USD),
    ] {
        simulate(async move {
            let instagram = start();
            let apify = Apify { cost_usd: cost_usd.clone(), ..Apify::default() };
            apify.serve(&instagram.world.http, |code| Some(json!({ "shortCode": code, "videoViewCount": 5 })));
            instagram.observe(&reels(0..3)).await;
            assert_eq!(spent(&instagram), left, "{cost_usd}");
        });
    }
}

#[test]
fn no_run_starts_beyond_the_charge_of_a_day_of_utc() {
    simulate(async {
        let instagram =
            Observing::<Reels>::start(&Settings { batch_size: 1, batches_per_day: 5, ..Settings::default() });
        Reels::serve(&instagram.world.http);
        let answer = instagram.observe(&reels(0..8)).await;
        assert_eq!((runs_started(&instagram), spent(&instagram)), (5, 5 * USD));
        assert_eq!(answer.observed_count, 5);
        let reasons: Vec<Reason> = answer.shortfalls.values().copied().collect();
        assert_eq!(reasons, [Reason::QuotaExhausted; 3]);

        let next_day = BlockStamp { block: 7_200, time: moment(24.0) };
        let answer = instagram.observe_at(&reels(0..2), 7_200, next_day).await;
        assert_eq!(answer.observed_count, 2, "a new day has a new budget");
    });
}

#[test]
fn an_account_without_money_is_quota_and_a_refused_token_is_not() {
    for (status, reason) in [
        (402, Reason::QuotaExhausted),
        (401, Reason::PlatformUnavailable),
        (403, Reason::PlatformUnavailable),
        (400, Reason::PlatformUnavailable),
    ] {
        simulate(async move {
            let instagram = start();
            instagram.world.http.post(RUNS, [Reply::new(status, "")]);
            let answer = instagram.observe(&[reel(1)]).await;
            assert_eq!((answer.shortfalls, runs_started(&instagram)), ([(reel(1), reason)].into(), 1), "{status}");
        });
    }
}
