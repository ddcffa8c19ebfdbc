//! What every platform promises. A new platform is covered by a line in [`covered!`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tensorflix_actors::platforms::ContentsObserved;
use tensorflix_actors::ports::{HttpError, Method};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::observing::{Observing, Settings, Subject};
use tensorflix_testkit::scripted_services::http::{Reply, SECRET};
use tensorflix_testkit::scripted_services::instagram::Reels;
use tensorflix_testkit::scripted_services::youtube::Videos;
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{pass, simulate_to_the_end};

macro_rules! covered {
    ($($name:ident: $subject:ty,)*) => { $(mod $name {
        use super::*;

        #[test]
        fn observations_are_stored_with_the_stamp_that_was_asked_for() {
            simulate_to_the_end(super::observations_are_stored_with_the_stamp_that_was_asked_for::<$subject>());
        }

        #[test]
        fn only_what_is_new_and_of_this_platform_is_asked_for() {
            simulate_to_the_end(super::only_what_is_new_and_of_this_platform_is_asked_for::<$subject>());
        }

        #[test]
        fn without_a_key_nothing_is_asked() {
            simulate_to_the_end(super::without_a_key_nothing_is_asked::<$subject>());
        }

        #[test]
        fn a_service_out_of_order_makes_nothing_known_and_is_asked_again_later() {
            for (name, reply) in super::disorders() {
                simulate_to_the_end(super::a_service_out_of_order_makes_nothing_known::<$subject>(name, reply));
            }
        }

        #[test]
        fn the_budget_is_never_exceeded_not_even_by_a_restart() {
            simulate_to_the_end(super::the_budget_is_never_exceeded_not_even_by_a_restart::<$subject>());
        }

        #[test]
        fn a_budget_that_does_not_last_is_spent_in_the_order_asked() {
            simulate_to_the_end(super::a_budget_that_does_not_last_is_spent_in_the_order_asked::<$subject>());
        }

        #[test]
        fn nothing_is_asked_that_could_not_be_debited() {
            simulate_to_the_end(super::nothing_is_asked_that_could_not_be_debited::<$subject>());
        }

        #[test]
        fn what_could_not_be_stored_was_not_observed() {
            simulate_to_the_end(super::what_could_not_be_stored_was_not_observed::<$subject>());
        }

        #[test]
        fn batches_in_flight_are_bounded_over_all_requests() {
            simulate_to_the_end(super::batches_in_flight_are_bounded_over_all_requests::<$subject>());
        }

        #[test]
        fn a_panic_costs_only_the_request_that_met_it() {
            simulate_to_the_end(super::a_panic_costs_only_the_request_that_met_it::<$subject>());
        }
    })* };
}

covered! {
    youtube: Videos,
    instagram: Reels,
}

/// Contents of a platform by their numbers.
fn contents<S: Subject>(numbers: std::ops::Range<u32>) -> Vec<ContentId> {
    numbers.map(S::content).collect()
}

/// All of them short for one reason.
fn all(contents: &[ContentId], reason: Reason) -> BTreeMap<ContentId, Reason> {
    contents.iter().map(|content| (content.clone(), reason)).collect()
}

fn check_shows_no_secret(answer: &ContentsObserved) {
    assert!(!format!("{answer:?}").contains(SECRET), "{answer:?}");
}

async fn observations_are_stored_with_the_stamp_that_was_asked_for<S: Subject>() {
    let observing = Observing::<S>::start(&Settings::default());
    S::serve(&observing.world.http);
    let asked = contents::<S>(0..7);
    let answer = observing.observe_at(&asked, 90, stamp(123)).await;
    assert_eq!(answer, ContentsObserved { observed_count: 7, ..ContentsObserved::default() });
    let stored = observing.observations(&asked);
    assert_eq!(
        stored.iter().map(|observation| &observation.content).collect::<Vec<_>>(),
        asked.iter().collect::<Vec<_>>()
    );
    assert!(stored.iter().all(|observation| observation.at == stamp(123)), "dated by the chain, not by any clock");
    let stats = observing.stats.read();
    assert_eq!((stats.handled, stats.failed, stats.in_flight), (1, 0, 0));
}

async fn only_what_is_new_and_of_this_platform_is_asked_for<S: Subject>() {
    let observing = Observing::<S>::start(&Settings { batch_size: 3, ..Settings::default() });
    S::serve(&observing.world.http);
    observing.observe_at(&contents::<S>(0..3), 100, stamp(100)).await;
    assert_eq!(observing.asked(), S::REQUESTS_PER_BATCH);

    // Twice each, those of before, and those of every other platform.
    let mut wanted = [contents::<S>(0..6), contents::<S>(0..6)].concat();
    for platform in Platform::known().iter().copied().filter(|platform| *platform != S::content(0).platform()) {
        wanted.push(ContentId::new(platform, "other-place").expect("an id of any platform"));
    }
    let answer = observing.observe_at(&wanted, 100, stamp(110)).await;
    assert_eq!(answer, ContentsObserved { observed_count: 3, ..ContentsObserved::default() });
    assert_eq!(observing.asked(), 2 * S::REQUESTS_PER_BATCH, "one batch of three");

    let again = observing.observe_at(&contents::<S>(0..6), 100, stamp(120)).await;
    assert_eq!((again, observing.asked()), (ContentsObserved::default(), 2 * S::REQUESTS_PER_BATCH));
    let newer = observing.observe_at(&contents::<S>(0..6), 101, stamp(120)).await;
    assert_eq!(newer.observed_count, 3, "those of block 100 are too old for this one");
    let nothing = observing.observe(&[]).await;
    assert_eq!(nothing, ContentsObserved::default());
}

async fn without_a_key_nothing_is_asked<S: Subject>() {
    let observing = Observing::<S>::start(&Settings { has_key: false, ..Settings::default() });
    S::serve(&observing.world.http);
    let asked = contents::<S>(0..7);
    let answer = observing.observe(&asked).await;
    assert_eq!((answer.observed_count, &answer.shortfalls), (0, &all(&asked, Reason::PlatformUnavailable)));
    assert_eq!((answer.errors.len(), observing.asked()), (1, 0));
    assert_eq!(observing.world.store.count(Write::Debit), 0, "what is not asked costs nothing");
}

/// What can go wrong with any service.
fn disorders() -> Vec<(&'static str, Reply)> {
    vec![
        ("500", Reply::new(500, "oops")),
        ("503", Reply::new(503, "")),
        ("404", Reply::new(404, "{}")),
        ("a web page", Reply::new(200, "<html>")),
        ("nothing", Reply::new(200, "")),
        ("a list", Reply::new(200, "[[1]]")),
        ("half an answer", Reply::new(200, r#"{"items": [{"id": "#)),
        ("429", Reply::new(429, "").header("retry-after", "3600")),
        ("a body without end", Reply::fail(HttpError::TooLarge(1))),
        ("a redirect", Reply::fail(HttpError::Redirected)),
        ("no connection", Reply::fail(HttpError::Connection("refused".to_owned()))),
        ("silence", Reply::hang()),
        ("silence beyond every deadline", Reply::stall()),
        ("an echo of the key", Reply::new(400, format!(r#"{{"error": {{"message": "bad key {SECRET}"}}}}"#))),
    ]
}

async fn a_service_out_of_order_makes_nothing_known<S: Subject>(name: &str, reply: Reply) {
    let observing = Observing::<S>::start(&Settings::default());
    observing.world.http.get("*", [reply.clone()]);
    observing.world.http.post("*", [reply]);
    let asked = contents::<S>(0..7);
    let answer = observing.observe(&asked).await;
    assert_eq!(answer.observed_count, 0, "{name}");
    assert_eq!(answer.shortfalls, all(&asked, Reason::PlatformUnavailable), "{name}");
    assert_eq!(answer.errors.len(), 1, "{name}: said once, {:?}", answer.errors);
    assert_eq!(observing.observations(&asked), [], "{name}: unknown is neither zero nor absence");
    assert!(observing.stats.read().failed > 0, "{name}");
    assert_eq!(observing.stats.read().in_flight, 0, "{name}");
    check_shows_no_secret(&answer);

    S::serve(&observing.world.http);
    // One of them asked for an hour without questions.
    pass(Duration::from_secs(3_600)).await;
    let answer = observing.observe(&asked).await;
    assert_eq!((answer.observed_count, answer.shortfalls.len()), (7, 0), "{name}: back in order");
}

async fn the_budget_is_never_exceeded_not_even_by_a_restart<S: Subject>() {
    let settings = Settings { batch_size: 2, batches_per_day: 3, ..Settings::default() };
    let observing = Observing::<S>::start(&settings);
    S::serve(&observing.world.http);
    let first = observing.observe(&contents::<S>(0..4)).await;
    assert_eq!(first.observed_count, 4);

    let observing = Observing::<S>::start_in(observing.world.clone(), &settings);
    let answer = observing.observe(&contents::<S>(4..10)).await;
    assert_eq!(answer.observed_count, 2, "the budget pays for three batches of two");
    assert_eq!(answer.shortfalls.values().copied().collect::<BTreeSet<_>>(), [Reason::QuotaExhausted].into());
    assert_eq!((answer.shortfalls.len(), answer.errors.len()), (4, 1));
    assert_eq!(observing.asked(), 3 * S::REQUESTS_PER_BATCH);
}

async fn a_budget_that_does_not_last_is_spent_in_the_order_asked<S: Subject>() {
    let settings = Settings { batch_size: 2, batches_per_day: 3, max_in_flight: 3, ..Settings::default() };
    let observing = Observing::<S>::start(&settings);
    S::serve(&observing.world.http);
    let asked: Vec<ContentId> = [9, 3, 8, 1, 7, 2, 6, 4, 9].map(S::content).into();
    let answer = observing.observe(&asked).await;
    assert_eq!(answer.observed_count, 6);
    assert_eq!(answer.shortfalls, all(&[6, 4].map(S::content), Reason::QuotaExhausted), "the last ones fall short");
}

async fn nothing_is_asked_that_could_not_be_debited<S: Subject>() {
    let observing = Observing::<S>::start(&Settings::default());
    S::serve(&observing.world.http);
    let asked = contents::<S>(0..2);
    // Every attempt that a platform may make.
    observing.world.store.fail_next_writes(10);
    let answer = observing.observe(&asked).await;
    assert_eq!(answer.shortfalls, all(&asked, Reason::PlatformUnavailable));
    assert_eq!(observing.asked(), 0);
}

async fn what_could_not_be_stored_was_not_observed<S: Subject>() {
    let observing = Observing::<S>::start(&Settings { batch_size: 2, max_in_flight: 1, ..Settings::default() });
    S::serve(&observing.world.http);
    observing.world.store.fail_next(Write::Observations);
    let answer = observing.observe(&contents::<S>(0..4)).await;
    assert_eq!(answer.observed_count, 2);
    assert_eq!(answer.shortfalls, all(&contents::<S>(0..2), Reason::PlatformUnavailable));
    assert_eq!(observing.observations(&contents::<S>(0..4)).len(), 2);
}

async fn batches_in_flight_are_bounded_over_all_requests<S: Subject>() {
    let observing = Observing::<S>::start(&Settings { batch_size: 1, max_in_flight: 3, ..Settings::default() });
    S::serve(&observing.world.http);
    let batches: Vec<Vec<ContentId>> = (0..4).map(|request| contents::<S>(request * 10..request * 10 + 10)).collect();
    let answers = futures::future::join_all(batches.iter().map(|batch| observing.observe(batch))).await;
    assert!(answers.iter().all(|answer| answer.observed_count == 10));
    assert_eq!(observing.world.http.peak_in_flight(), 3);
}

async fn a_panic_costs_only_the_request_that_met_it<S: Subject>() {
    let observing = Observing::<S>::start(&Settings::default());
    for method in [Method::Get, Method::Post] {
        observing.world.http.on(method, "*", |_| Reply::panic());
    }
    let asked = contents::<S>(0..2);
    let answer = observing.observe_at(&asked, 100, stamp(100)).await;
    assert_eq!(answer.shortfalls, all(&asked, Reason::PlatformUnavailable), "its requester gets an answer");
    assert!(answer.errors.iter().all(|error| error.contains("panicked")), "{:?}", answer.errors);
    check_shows_no_secret(&answer);
    S::serve(&observing.world.http);
    assert_eq!(observing.observe(&asked).await.observed_count, 2);
    assert_eq!(observing.stats.read().in_flight, 0);
}
