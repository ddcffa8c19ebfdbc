//! Absence: believed when two answers leave an item out, from two requests some time apart.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tensorflix_actors::ports::Method;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::{reel, video};
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::observing::{Observing, Settings};
use tensorflix_testkit::scripted_services::http::{Recorded, Reply};
use tensorflix_testkit::scripted_services::instagram::{Apify, Reels};
use tensorflix_testkit::scripted_services::youtube::{PATH, STATS, TODAY, Videos, error, ids, item, videos};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::simulate_to_the_end;

const APART: Duration = Duration::from_secs(2);

/// Serves `videos.list`, in which `is_left_out` tells which video the n-th answer about it leaves out.
fn serve(youtube: &Observing<Videos>, is_left_out: impl Fn(&str, u32) -> bool + Send + 'static) {
    let mut looks: BTreeMap<String, u32> = BTreeMap::new();
    youtube.world.http.on(Method::Get, PATH, move |request| {
        let mut items: Vec<Value> = Vec::new();
        for id in ids(request) {
            let look = looks.entry(id.clone()).or_default();
            *look += 1;
            if !is_left_out(&id, *look) {
                items.push(item(&id, &json!({ "viewCount": "7" })));
            }
        }
        Reply::json(&json!({ "items": items }))
    });
}

fn is(number: u32, id: &str) -> bool {
    video(number).as_str() == id
}

fn sightings(youtube: &Observing<Videos>, number: u32) -> Vec<Sighting> {
    youtube.observations(&[video(number)]).into_iter().map(|seen| seen.sighting).collect()
}

fn spent(youtube: &Observing<Videos>) -> u64 {
    youtube.world.store.units_spent("youtube/", TODAY)
}

#[test]
fn one_answer_that_leaves_a_video_out_rejects_nobody() {
    simulate_to_the_end(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        serve(&youtube, |id, look| is(2, id) && look == 1);
        let answer = youtube.observe(&videos(0..5)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len(), answer.errors.len()), (5, 0, 0));
        assert!(matches!(sightings(&youtube, 2)[..], [Sighting::Present(_)]), "the second look found it");
        let lists = youtube.world.http.requests_for(PATH);
        assert_eq!(lists.iter().map(ids).map(|ids| ids.len()).collect::<Vec<_>>(), [5, 1], "only who was left out");
        assert!(lists[1].asked_at - lists[0].asked_at >= APART);
    });
}

#[test]
fn what_is_deleted_is_found_in_one_go_for_a_unit_per_fifty() {
    simulate_to_the_end(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        serve(&youtube, |id, _| ids_below(id, 60));
        let answer = youtube.observe(&videos(0..120)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (120, 0));
        assert!((0..60).all(|number| sightings(&youtube, number) == [Sighting::Absent]));
        assert!((60..120).all(|number| matches!(sightings(&youtube, number)[..], [Sighting::Present(_)])));
        assert_eq!(spent(&youtube), 3 + 2, "three batches, and two for the sixty that were left out");
    });
}

fn ids_below(id: &str, end: u32) -> bool {
    (0..end).any(|number| is(number, id))
}

#[test]
fn a_second_look_that_fails_leaves_the_content_unknown_until_two_answers_agree() {
    for failure in [
        Reply::new(500, ""),
        Reply::hang(),
        Reply::new(200, "{}"),
        Reply::new(200, r#"{"items": [{"id": 7}]}"#),
        error(403, "forbidden"),
        error(403, "quotaExceeded"),
    ] {
        simulate_to_the_end(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            let empty = Reply::json(&json!({ "items": [] }));
            youtube.world.http.get(PATH, [empty, failure.clone()]);
            let answer = youtube.observe(&[video(1)]).await;
            assert_eq!(answer.shortfalls, [(video(1), Reason::PlatformUnavailable)].into(), "{failure:?}");
            assert_eq!((answer.observed_count, answer.errors.len()), (0, 1), "{failure:?}: {:?}", answer.errors);
            assert_eq!(sightings(&youtube, 1), [], "{failure:?}: one answer is not enough");
            // Nor is it later: the next cycle takes two again.
            let before = youtube.asked();
            serve(&youtube, |_, _| true);
            youtube.observe_at(&[video(1)], 7_300, stamp(7_300)).await;
            assert_eq!(sightings(&youtube, 1), [Sighting::Absent], "{failure:?}");
            assert_eq!(youtube.asked() - before, 2, "{failure:?}");
        });
    }
}

#[test]
fn a_process_that_dies_between_the_two_looks_has_believed_nothing() {
    simulate_to_the_end(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        youtube.world.http.get(PATH, [Reply::json(&json!({ "items": [] })), Reply::panic()]);
        let answer = youtube.observe(&[video(1)]).await;
        assert_eq!((answer.shortfalls.len(), sightings(&youtube, 1)), (1, vec![]));
        let youtube = Observing::<Videos>::start_in(youtube.world.clone(), &Settings::default());
        serve(&youtube, |_, look| look == 1);
        youtube.observe(&[video(1)]).await;
        assert!(
            matches!(sightings(&youtube, 1)[..], [Sighting::Present(_)]),
            "one omission before, one after: unknown"
        );
    });
}

#[test]
fn budgets_hold_for_the_second_look_too() {
    simulate_to_the_end(async {
        let youtube = Observing::<Videos>::start(&Settings { batches_per_day: 1, ..Settings::default() });
        serve(&youtube, |id, _| is(1, id));
        let answer = youtube.observe(&videos(0..3)).await;
        assert_eq!(answer.shortfalls, [(video(1), Reason::PlatformUnavailable)].into());
        assert_eq!(answer.budget_renewed_at, None, "no cycle waits for it");
        assert_eq!((answer.observed_count, youtube.asked(), spent(&youtube)), (2, 1, 1));
        assert_eq!(sightings(&youtube, 1), []);
    });
}

#[test]
fn what_the_numbers_leave_out_counts_for_neither_of_the_two_answers() {
    simulate_to_the_end(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        serve(&youtube, |id, look| is(1, id) && look == 2);
        youtube.observe(&videos(0..3)).await;
        youtube.world.http.get(STATS, [Reply::json(&json!({ "items": [] }))]);
        youtube.observe_at(&videos(0..3), 110, stamp(110)).await;
        assert!(sightings(&youtube, 1).iter().all(Sighting::is_present), "left out by the numbers and by one list");
    });
}

#[test]
fn what_could_not_be_stored_at_the_second_look_is_not_known() {
    simulate_to_the_end(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        serve(&youtube, |_, _| true);
        youtube.world.store.fail_next(Write::Observations);
        let answer = youtube.observe(&[video(1)]).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (0, 1));
    });
}

/// Runs with data sets that hold what `show` gives for a reel at the n-th request for it.
fn serve_runs(instagram: &Observing<Reels>, show: impl Fn(&str, u32) -> Option<Value> + Send + 'static) {
    let looks: Mutex<BTreeMap<String, u32>> = Mutex::default();
    Apify::default().serve(&instagram.world.http, move |code| {
        let mut looks = looks.lock().expect("no panic");
        let look = looks.entry(code.to_owned()).or_default();
        *look += 1;
        show(code, *look)
    });
}

fn not_found(code: &str) -> Value {
    json!({ "error": "not_found", "inputUrl": format!("https://www.instagram.com/reel/{code}/") })
}

#[test]
fn a_reel_that_one_run_does_not_find_is_looked_for_in_a_second_one() {
    for is_gone in [false, true] {
        simulate_to_the_end(async move {
            let instagram = Observing::<Reels>::start(&Settings { batches_per_day: 5, ..Settings::default() });
            serve_runs(&instagram, move |code, look| match (code == reel(1).as_str(), is_gone || look == 1) {
                (true, true) => Some(not_found(code)),
                _ => Some(json!({ "shortCode": code, "videoViewCount": 5 })),
            });
            let reels: Vec<ContentId> = (0..4).map(reel).collect();
            let answer = instagram.observe(&reels).await;
            assert_eq!((answer.observed_count, answer.shortfalls.len()), (4, 0));
            let seen = instagram.observations(&[reel(1)]);
            assert_eq!(seen.len(), 1);
            assert_eq!(seen[0].sighting == Sighting::Absent, is_gone);
            let started: Vec<Recorded> =
                instagram.world.http.requests().into_iter().filter(|request| request.method == Method::Post).collect();
            assert_eq!(started.len(), 2);
            let second = started[1].body.as_ref().expect("a body")["username"].as_array().expect("a list").len();
            assert_eq!(second, 1, "only who was not found");
            assert!(started[1].asked_at - started[0].asked_at >= APART);
        });
    }
}

#[test]
fn deleted_content_that_was_there_is_found_removed_within_one_cycle() {
    simulate_to_the_end(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        serve(&youtube, |_, _| false);
        youtube.observe(&videos(0..3)).await;
        serve(&youtube, |id, _| is(1, id));
        youtube.world.http.get(STATS, [Reply::json(&json!({ "items": [] }))]);
        youtube.observe_at(&videos(0..3), 7_300, stamp(7_300)).await;
        assert_eq!(sightings(&youtube, 1).last(), Some(&Sighting::Absent));
    });
}

#[test]
fn what_was_found_gone_before_needs_no_second_look_to_be_gone_still() {
    simulate_to_the_end(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        serve(&youtube, |id, look| is(1, id) && look < 4);
        youtube.observe(&videos(0..3)).await;
        assert_eq!(spent(&youtube), 2, "two answers make it absent");
        youtube.observe_at(&[video(1)], 500, stamp(500)).await;
        assert_eq!(spent(&youtube), 3, "and a third one leaves it so");
        youtube.observe_at(&[video(1)], 900, stamp(900)).await;
        let seen = sightings(&youtube, 1);
        assert!(matches!(seen[..], [Sighting::Absent, Sighting::Absent, Sighting::Present(_)]), "{seen:?}");
    });
}
