//! An item with an answer that crashes a platform's actor costs only itself, and no more quota than it takes to find it.

use serde_json::json;
use tensorflix_actors::platforms::MOST_SPLITS;
use tensorflix_actors::ports::{Method, Store};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::quarantine::MOST_CRASHES;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::observing::{Observing, Settings};
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::scripted_services::youtube::{PATH, Videos, ids, item, serve_videos, videos};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::simulate;

/// Serves videos; a request for a poisonous one panics.
fn serve_poison(videos: &Observing<Videos>, poisonous: &[ContentId]) {
    let poisonous: Vec<String> = poisonous.iter().map(|content| content.as_str().to_owned()).collect();
    videos.world.http.on(Method::Get, PATH, move |request| {
        let asked = ids(request);
        if asked.iter().any(|id| poisonous.contains(id)) {
            return Reply::panic();
        }
        let items: Vec<_> = asked.iter().map(|id| item(id, &json!({ "viewCount": "1000" }))).collect();
        Reply::json(&json!({ "items": items }))
    });
}

fn roomy() -> Settings {
    Settings { batches_per_day: 10_000, ..Settings::default() }
}

#[test]
fn an_item_that_crashes_reading_costs_itself_alone_and_is_quarantined_for_the_day() {
    simulate(async {
        let observing = Observing::<Videos>::start(&roomy());
        let (all, poisonous) = (videos(0..100), videos(17..18));
        serve_poison(&observing, &poisonous);
        for pass in 1..=MOST_CRASHES + 2 {
            let asked_before = observing.asked();
            let answer = observing.observe_at(&all, 100 + pass, stamp(100 + pass)).await;
            assert_eq!(answer.observed_count, 99, "pass {pass}: everybody else");
            assert_eq!(answer.shortfalls, [(poisonous[0].clone(), Reason::PlatformUnavailable)].into(), "pass {pass}");
            assert!(answer.errors.iter().any(|error| error.contains(poisonous[0].as_str())), "{:?}", answer.errors);
            if pass > MOST_CRASHES {
                assert_eq!(observing.asked() - asked_before, 2, "pass {pass}: nothing is spent on it any more");
            }
        }
        assert_eq!(observing.stats.read().restarts, 0);
        assert_eq!(observing.world.store.count(Write::Crash), MOST_CRASHES as usize);
        // Nobody knows its content without asking: another day is another attempt.
        let next_day = stamp(100 + 2 * 7_200);
        observing.observe_at(&poisonous, next_day.block, next_day).await;
        assert_eq!(observing.world.store.count(Write::Crash), MOST_CRASHES as usize + 1);
    });
}

#[test]
fn if_every_answer_crashes_only_so_much_is_spent_to_find_that_out() {
    simulate(async {
        let observing = Observing::<Videos>::start(&roomy());
        let all = videos(0..1_000);
        serve_poison(&observing, &all);
        let answer = observing.observe_at(&all, 100, stamp(100)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (0, 1_000));
        assert!(observing.asked() <= 20 + 2 * MOST_SPLITS as usize, "{} requests", observing.asked());
        serve_videos(&observing.world.http, |id| Some(item(id, &json!({ "viewCount": "1000" }))));
        let answer = observing.observe_at(&all, 101, stamp(101)).await;
        assert!(
            answer.observed_count >= 1_000 - 2 * MOST_SPLITS as usize,
            "and it comes back: {}",
            answer.observed_count
        );
    });
}

#[test]
fn a_crash_that_cannot_be_counted_is_reported_all_the_same() {
    simulate(async {
        let observing = Observing::<Videos>::start(&roomy());
        let poisonous = videos(3..4);
        serve_poison(&observing, &poisonous);
        observing.world.store.fail_next(Write::Crash);
        let answer = observing.observe_at(&poisonous, 100, stamp(100)).await;
        assert_eq!(answer.shortfalls.len(), 1);
        assert!(observing.world.store.crashes().await.expect("read").is_empty());
    });
}
