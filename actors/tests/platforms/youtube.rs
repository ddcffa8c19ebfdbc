//! YouTubeActor: fifty ids a call, quota first, what is not known is never a number.

use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tensorflix_actors::outbound::LONGEST_PAUSE;
use tensorflix_actors::ports::{Clock, HttpError, Method};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::observation::{Broadcast, Metrics, Observation, Sighting};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::video;
use tensorflix_testkit::observing::{Observing, Settings, Subject};
use tensorflix_testkit::scripted_services::http::{Reply, SECRET};
use tensorflix_testkit::scripted_services::youtube::{PATH, TODAY, Videos, error, ids, item, serve_videos, videos};
use tensorflix_testkit::subnets::{moment, stamp};
use tensorflix_testkit::time::simulate;

#[test]
fn a_hundred_and_twenty_videos_take_three_calls_of_at_most_fifty() {
    // Pitfall: one call a video cost fifty times the quota.
    simulate(async {
        // More than YouTube takes is cut to what it takes.
        for batch_size in [50, 1_000] {
            let youtube = Observing::<Videos>::start(&Settings { batch_size, ..Settings::default() });
            Videos::serve(&youtube.world.http);
            let answer = youtube.observe(&videos(0..120)).await;
            assert_eq!((answer.observed_count, answer.shortfalls.len(), answer.errors.len()), (120, 0, 0));
            let calls: Vec<Vec<String>> = youtube.world.http.requests().iter().map(ids).collect();
            assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
            assert_eq!(calls.concat().into_iter().collect::<BTreeSet<_>>().len(), 120, "each once");
            assert_eq!(youtube.world.store.units_spent("youtube/", TODAY), 3);
        }
    });
}

#[test]
fn the_key_travels_as_a_credential_in_a_call_of_videos_list() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        Videos::serve(&youtube.world.http);
        youtube.observe(&[video(1)]).await;
        let requests = youtube.world.http.requests_for(PATH);
        let [request] = &requests[..] else { panic!("one request: {requests:?}") };
        assert_eq!(request.query_credential, Some(("key".to_owned(), SECRET.to_owned())));
        assert_eq!(request.host, "youtube.example");
        assert!(!request.query.contains_key("key"));
        let parts: BTreeSet<&str> = request.query["part"].split(',').collect();
        assert_eq!(parts, BTreeSet::from(["snippet", "statistics", "contentDetails", "status"]));
    });
}

#[test]
fn what_youtube_says_is_stored_and_what_it_hides_stays_unknown() {
    let metrics =
        |view_count, like_count, comment_count| Metrics { view_count, play_count: None, like_count, comment_count };
    for (statistics, expected) in [
        (json!({ "viewCount": "7", "likeCount": "3", "commentCount": "0" }), metrics(Some(7), Some(3), Some(0))),
        (json!({ "viewCount": "7" }), metrics(Some(7), None, None)),
        (json!({ "viewCount": null, "likeCount": "-1" }), metrics(None, None, None)),
        (json!({}), metrics(None, None, None)),
        (json!("hidden"), metrics(None, None, None)),
    ] {
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            let shown = statistics.clone();
            serve_videos(&youtube.world.http, move |id| (id == video(1).as_str()).then(|| item(id, &shown)));
            let answer = youtube.observe(&[video(1), video(2)]).await;
            assert_eq!((answer.observed_count, answer.shortfalls.len()), (2, 0), "absence is an observation too");
            let seen = youtube.observations(&[video(1)]);
            let [Observation { at, sighting: Sighting::Present(presence), .. }] = &seen[..] else {
                panic!("present: {seen:?}")
            };
            assert_eq!((*at, presence.metrics), (stamp(100), expected), "{statistics}");
            assert_eq!(presence.details.published_at, Some(moment(-5.0)));
            let absent = Observation { content: video(2), at: stamp(100), sighting: Sighting::Absent };
            assert_eq!(youtube.observations(&[video(2)]), [absent]);
        });
    }
}

#[test]
fn live_broadcasts_are_known_as_such() {
    for (word, broadcast) in [("live", Broadcast::Live), ("upcoming", Broadcast::Upcoming), ("none", Broadcast::None)] {
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            serve_videos(&youtube.world.http, move |id| {
                Some(json!({ "id": id, "snippet": { "liveBroadcastContent": word } }))
            });
            youtube.observe(&[video(1)]).await;
            let Sighting::Present(presence) = &youtube.observations(&[video(1)])[0].sighting else { panic!("present") };
            assert_eq!(presence.details.broadcast, broadcast);
        });
    }
}

#[test]
fn a_refusal_ends_the_work_at_once_or_is_tried_again_by_what_it_says() {
    use Reason::{PlatformUnavailable, QuotaExhausted};
    for (reply, reason, calls) in [
        (error(403, "quotaExceeded"), QuotaExhausted, 1),
        (error(403, "dailyLimitExceeded"), QuotaExhausted, 1),
        (error(400, "keyInvalid"), PlatformUnavailable, 1),
        (error(403, "accessNotConfigured"), PlatformUnavailable, 1),
        (error(403, "rateLimitExceeded"), PlatformUnavailable, 3),
        (Reply::new(429, ""), PlatformUnavailable, 3),
        (Reply::new(500, "oops"), PlatformUnavailable, 3),
        (Reply::new(200, "<html>"), PlatformUnavailable, 3),
        (Reply::new(503, "").header("retry-after", "86400"), PlatformUnavailable, 1),
        (Reply::fail(HttpError::Connection("reset".to_owned())), PlatformUnavailable, 3),
        (Reply::hang(), PlatformUnavailable, 3),
    ] {
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            youtube.world.http.get(PATH, [reply.clone()]);
            let answer = youtube.observe(&[video(1)]).await;
            assert!(youtube.world.clock.monotonic() < LONGEST_PAUSE, "{reply:?}: a day's pause is not waited for");
            assert_eq!(answer.shortfalls, [(video(1), reason)].into(), "{reply:?}");
            assert_eq!(answer.errors.len(), 1, "{reply:?}");
            assert_eq!(youtube.asked(), calls, "{reply:?}");
            let spent = youtube.world.store.units_spent("youtube/", TODAY);
            // What YouTube calls used up counts as spent until the reset.
            let expected = if reason == QuotaExhausted { 100 } else { u64::try_from(calls).expect("few") };
            assert_eq!(spent, expected, "{reply:?}: retries are paid for too");
            assert_eq!(youtube.observations(&[video(1)]), [], "{reply:?}: unknown is never zero");
        });
    }
}

#[test]
fn an_absent_answer_of_one_batch_leaves_the_others() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        youtube.world.http.on(Method::Get, PATH, |request| {
            let ids = ids(request);
            if ids.contains(&video(60).as_str().to_owned()) {
                return Reply::new(500, "");
            }
            Reply::json(&json!({ "items": ids.iter().map(|id| item(id, &json!({}))).collect::<Vec<_>>() }))
        });
        let answer = youtube.observe(&videos(0..120)).await;
        assert_eq!(answer.observed_count, 70);
        assert_eq!(answer.shortfalls.keys().cloned().collect::<Vec<_>>(), videos(50..100));
        assert_eq!(youtube.observations(&videos(0..120)).len(), 70);
    });
}

#[test]
fn what_failed_in_passing_is_observed_after_the_pause_that_youtube_asks_for() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        let good = Reply::json(&json!({ "items": [item(video(1).as_str(), &json!({ "viewCount": "5" }))] }));
        youtube.world.http.get(PATH, [Reply::new(503, "").header("retry-after", "60"), good]);
        let begin = youtube.world.clock.monotonic();
        let answer = youtube.observe(&[video(1)]).await;
        assert_eq!((answer.observed_count, answer.errors.len()), (1, 0));
        assert_eq!(youtube.world.clock.monotonic() - begin, Duration::from_secs(60));
    });
}

#[test]
fn the_quota_is_never_exceeded_also_by_retries() {
    for quota in [0, 1, 2, 4] {
        simulate(async move {
            let settings = Settings { batches_per_day: quota, max_in_flight: 1, ..Settings::default() };
            let youtube = Observing::<Videos>::start(&settings);
            youtube.world.http.get(PATH, [Reply::new(500, "")]);
            let answer = youtube.observe(&videos(0..150)).await;
            assert_eq!(youtube.asked(), usize::try_from(quota).expect("few"), "{quota}");
            let last = answer.shortfalls.get(&video(149));
            assert_eq!(last, Some(&Reason::QuotaExhausted), "{quota}: the last batch was never asked for");
        });
    }
}

#[test]
fn the_quota_begins_anew_at_midnight_in_los_angeles_by_chain_time() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings { batches_per_day: 1, ..Settings::default() });
        Videos::serve(&youtube.world.http);
        let mut spent_well = Vec::new();
        for (number, hours) in [(1, 6.9), (2, 6.99), (3, 7.0), (4, 20.0)] {
            let as_of = BlockStamp { block: 100 + number, time: moment(hours) };
            let answer = youtube.observe_at(&[video(number)], as_of.block, as_of).await;
            spent_well.push(answer.observed_count == 1);
        }
        assert_eq!(spent_well, [true, false, true, false]);
        let spent = ["2026-08-20", "2026-08-21"].map(|date| youtube.world.store.units_spent("youtube/", date));
        assert_eq!(spent, [1, 1]);
    });
}

#[test]
fn an_item_of_a_video_that_nobody_asked_for_says_nothing() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        let stranger = item(video(9).as_str(), &json!({ "viewCount": "1000000" }));
        youtube.world.http.get(PATH, [Reply::json(&json!({ "items": [stranger] }))]);
        youtube.observe(&[video(1)]).await;
        assert_eq!(youtube.observations(&[video(9)]), []);
        assert_eq!(youtube.observations(&[video(1)])[0].sighting, Sighting::Absent);
        assert_eq!(video(1).platform(), Platform::YOUTUBE);
    });
}

#[test]
fn an_item_that_may_be_anybodys_makes_nobody_absent() {
    simulate(async {
        for stray in [json!({}), json!(7), json!(null), json!({ "id": "../x" }), json!({ "id": 11 })] {
            let youtube = Observing::<Videos>::start(&Settings::default());
            let known = item(video(2).as_str(), &json!({ "viewCount": "5" }));
            youtube.world.http.get(PATH, [Reply::json(&json!({ "items": [known, stray] }))]);
            let answer = youtube.observe(&[video(1), video(2)]).await;
            assert_eq!(answer.shortfalls, [(video(1), Reason::PlatformUnavailable)].into(), "{stray}");
            assert_eq!((answer.observed_count, youtube.observations(&[video(1)])), (1, vec![]), "{stray}");
        }
    });
}
