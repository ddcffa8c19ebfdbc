//! Dating gists in dispute: within the API's budget, each answer about its own gist alone.

use super::{Fetch, Setup, miners};
use serde_json::{Value, json};
use tensorflix_actors::gist_fetcher::owner_checks::CHECKS_PER_ROUND;
use tensorflix_actors::gist_fetcher::{DateGists, GistsDated, WaitingGist};
use tensorflix_actors::ports::{HttpError, Store};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::dating::{DateAnswer, GistDate, Undatable};
use tensorflix_domain::gist_owner::GistName;
use tensorflix_testkit::gists::pointer;
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::subnets::{hotkey, moment};
use tensorflix_testkit::time::simulate;

const ROUND: u32 = 100;

fn api_path(pointer: &GistPointer) -> String {
    format!("/gists/{}", pointer.gist_id())
}

fn described(login: &str, hours: f64) -> Value {
    json!({ "owner": { "login": login, "id": 7 }, "public": true, "updated_at": moment(hours).to_string(), "files": {} })
}

fn waiting(pointer: &GistPointer, may_use_reserve: bool) -> WaitingGist {
    WaitingGist { gist: GistName::from(pointer), may_use_reserve }
}

impl Fetch {
    async fn date(&self, line: Vec<WaitingGist>) -> GistsDated {
        self.address.send(DateGists { round: ROUND, line }).await.expect("answered")
    }

    /// What it says of these gists, in their order.
    async fn dates(&self, pointers: &[&GistPointer]) -> Vec<Option<DateAnswer>> {
        let dated = self.date(pointers.iter().map(|pointer| waiting(pointer, true)).collect()).await;
        pointers.iter().map(|pointer| dated.answers.get(&GistName::from(*pointer)).copied()).collect()
    }
}

fn good() -> (GistPointer, DateAnswer) {
    (pointer("alice", 1), DateAnswer::Dated(moment(3.0)))
}

fn serve_good(fetch: &Fetch) {
    fetch.world.http.get(&api_path(&good().0), [Reply::json(&described("alice", 3.0))]);
}

#[test]
fn each_answer_is_about_its_own_gist_and_holds_up_no_other() {
    let said = |text: &str| json!({ "owner": { "login": "bob", "id": 7 }, "public": true, "updated_at": text });
    for (reply, expected) in [
        (Reply::json(&described("bob", 2.0)), Some(DateAnswer::Dated(moment(2.0)))),
        (Reply::fail(HttpError::TooLarge(9)), Some(DateAnswer::Undatable(Undatable::TooLarge))),
        (Reply::new(200, "not JSON"), Some(DateAnswer::Undatable(Undatable::Malformed))),
        (Reply::json(&said("yesterday")), Some(DateAnswer::Undatable(Undatable::Malformed))),
        (
            Reply::json(&json!({ "owner": { "login": "bob", "id": 7 } })),
            Some(DateAnswer::Undatable(Undatable::Malformed)),
        ),
        (Reply::json(&described("mallory", 2.0)), Some(DateAnswer::Undatable(Undatable::Refused))),
        (Reply::new(404, "{}"), Some(DateAnswer::Absent)),
        (
            Reply::new(403, r#"{"message":"Gist access blocked","block":{"reason":"tos"}}"#),
            Some(DateAnswer::Undatable(Undatable::Blocked)),
        ),
        (Reply::new(451, "{}"), Some(DateAnswer::Undatable(Undatable::Blocked))),
        (Reply::new(500, "{}"), Some(DateAnswer::Silent)),
        (Reply::new(502, "{}"), Some(DateAnswer::Silent)),
        (Reply::hang(), Some(DateAnswer::Silent)),
        (Reply::stall(), Some(DateAnswer::Silent)),
        (Reply::fail(HttpError::Connection("reset".to_owned())), Some(DateAnswer::Silent)),
    ] {
        simulate(async {
            let fetch = Fetch::start(Setup::default());
            serve_good(&fetch);
            let bob = pointer("bob", 2);
            fetch.world.http.get(&api_path(&bob), [reply.clone()]);
            assert_eq!(fetch.dates(&[&bob, &good().0]).await, [expected, Some(good().1)], "{reply:?}");
        });
    }
}

#[test]
fn a_limit_speaks_against_nobody_and_ends_the_asking() {
    for status in [403, 429] {
        simulate(async {
            let fetch = Fetch::start(Setup::default());
            let gists: Vec<GistPointer> = (1..=30).map(|number| pointer("alice", number)).collect();
            for gist in &gists {
                let limited = Reply::new(status, "{}").header("x-ratelimit-remaining", "0");
                fetch.world.http.get(&api_path(gist), [limited]);
            }
            let all: Vec<&GistPointer> = gists.iter().collect();
            assert_eq!(fetch.dates(&all).await, vec![None; 30]);
            assert!(fetch.asked() <= super::MAX_IN_FLIGHT, "{}", fetch.asked());
        });
    }
}

#[test]
fn silence_speaks_against_a_gist_only_where_github_answers_others() {
    for control_answers in [true, false] {
        for reply in [Reply::new(500, "{}"), Reply::new(200, "<html>")] {
            simulate(async {
                let mut fetch = Fetch::start(Setup { owner_checks: CHECKS_PER_ROUND, ..Setup::default() });
                let (silent, control) = (pointer("bob", 2), pointer("carol", 3));
                fetch.world.http.get(&api_path(&silent), [reply.clone()]);
                let answer = Reply::json(&described("carol", 1.0));
                let replies = if control_answers { vec![answer] } else { vec![answer, reply.clone()] };
                fetch.world.http.get(&api_path(&control), replies);
                fetch.serve(&control, [Reply::new(200, "one")]);
                // Its owner is checked, which is how it is known to be a gist that GitHub answers about.
                fetch.round(ROUND, miners(&[&control])).await;
                let answers = fetch.dates(&[&silent]).await;
                assert_eq!(answers[0].is_some(), control_answers, "{reply:?}");
            });
        }
    }
}

#[test]
fn who_was_dated_within_the_hour_leaves_the_reserve_to_others() {
    simulate(async {
        let fetch = Fetch::start(Setup::default());
        let (first, again) = (pointer("alice", 1), pointer("alice", 2));
        for gist in [&first, &again] {
            let few_left = Reply::json(&described("alice", 1.0)).header("x-ratelimit-remaining", "20");
            fetch.world.http.get(&api_path(gist), [few_left]);
        }
        fetch.dates(&[&first]).await;
        let dated = fetch.date(vec![waiting(&again, false), waiting(&first, true)]).await;
        assert_eq!(dated.answers.into_keys().collect::<Vec<_>>(), [GistName::from(&first)]);
    });
}

#[test]
fn checks_of_owners_leave_a_request_to_each_gist_in_dispute() {
    simulate(async {
        let mut fetch = Fetch::start(Setup { owner_checks: CHECKS_PER_ROUND, ..Setup::default() });
        let gists: Vec<GistPointer> = (1..=12).map(|number| pointer("alice", number)).collect();
        for gist in &gists {
            fetch.serve(gist, [Reply::new(200, "one")]);
            let left = Reply::json(&described("alice", 1.0)).header("x-ratelimit-remaining", "40");
            fetch.world.http.get(&api_path(gist), [left]);
        }
        let in_line: Vec<GistDate> = (1..=10)
            .map(|key| GistDate::waiting(hotkey(key), 75, GistName::from(&pointer("bob", u32::from(key))), 75))
            .collect();
        fetch.world.store.record_gist_dates(&in_line).await.expect("stored");
        fetch.round(ROUND, miners(&gists.iter().collect::<Vec<_>>())).await;
        let checks =
            |fetch: &Fetch| fetch.world.http.requests().iter().filter(|request| request.host == "api.example").count();
        assert_eq!(checks(&fetch), 1, "one learns what is left: 40, of which 30 are reserved and 10 are in line");
    });
}

#[test]
fn disputes_of_those_who_were_dated_lately_do_not_keep_owners_from_being_checked() {
    simulate(async {
        let mut fetch = Fetch::start(Setup { owner_checks: CHECKS_PER_ROUND, ..Setup::default() });
        let gists: Vec<GistPointer> = (1..=12).map(|number| pointer("alice", number)).collect();
        for gist in &gists {
            fetch.serve(gist, [Reply::new(200, "one")]);
            let left = Reply::json(&described("alice", 1.0)).header("x-ratelimit-remaining", "40");
            fetch.world.http.get(&api_path(gist), [left]);
        }
        // Ten that dispute one video, of which nine were dated in the round before.
        let seen = |key: u8, round| {
            let gist = GistName::from(&pointer("bob", u32::from(key)));
            let claim = Claim {
                task_id: "t".to_owned(),
                content_id: "aaaaaaaaaaa".to_owned(),
                hotkey: hotkey(key),
                pinned_at: None,
                round,
                committed_at: 1,
                gist: Some(gist.clone()),
            };
            (claim, GistDate::waiting(hotkey(key), round, gist, round))
        };
        let (claims, mut in_line): (Vec<Claim>, Vec<GistDate>) = (1..=10).map(|key| seen(key, 75)).unzip();
        for key in 1..=9 {
            let (_, mut known) = seen(key, 50);
            known.answered(50, DateAnswer::Dated(Moment::from_unix_ms(1)));
            in_line.push(known);
        }
        fetch.world.store.record_claims(&claims, &[]).await.expect("stored");
        fetch.world.store.record_gist_dates(&in_line).await.expect("stored");
        fetch.round(ROUND, miners(&gists.iter().collect::<Vec<_>>())).await;
        let requests = fetch.world.http.requests();
        let checks = requests.iter().filter(|request| request.host == "api.example").count();
        assert_eq!(checks, gists.len(), "of the 40 that are left 30 are reserved, and one is for the tenth");
    });
}

#[test]
fn what_dating_tells_of_owners_is_not_asked_for_again() {
    simulate(async {
        let mut fetch = Fetch::start(Setup { owner_checks: CHECKS_PER_ROUND, ..Setup::default() });
        serve_good(&fetch);
        let gist = good().0;
        fetch.serve(&gist, [Reply::new(200, "one")]);
        fetch.dates(&[&gist]).await;
        fetch.round(ROUND + 25, miners(&[&gist])).await;
        assert_eq!(fetch.world.http.requests_for(&api_path(&gist)).len(), 1);
        let owners = fetch.world.store.gist_owners().await.expect("read");
        assert!(owners[0].is_confirmed(), "{owners:?}");
    });
}
