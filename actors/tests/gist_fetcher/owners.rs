//! Owners of gists: checked within the API's budget, each in its turn, and a missing answer proves nothing.

use super::api::api_gist;
use super::{Fetch, Setup, miners};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tensorflix_actors::gist_fetcher::owner_checks::{
    CHECKS_PER_ROUND, GOOD_FOR_BLOCKS, RESERVED_API_REQUESTS, UNANSWERED_PER_ROUND,
};
use tensorflix_actors::ports::{HttpError, Store};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{GistName, OwnerRecord, OwnerRefusal};
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_testkit::gists::pointer;
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::time::{pass, simulate};

pub fn api_path(pointer: &GistPointer) -> String {
    format!("/gists/{}", pointer.gist_id())
}

/// What the API says of a gist of `login`.
pub fn described(login: &str, id: u64, public: bool) -> Value {
    json!({ "owner": { "login": login, "id": id }, "public": public, "files": { "a": { "content": "one" } } })
}

fn checking() -> Fetch {
    Fetch::start(Setup { owner_checks: CHECKS_PER_ROUND, ..Setup::default() })
}

async fn record(fetch: &Fetch, pointer: &GistPointer) -> Option<OwnerRecord> {
    let records = fetch.world.store.gist_owners().await.expect("read");
    records.into_iter().find(|record| record.gist == GistName::from(pointer))
}

/// The API requests so far, without the host's other paths.
fn checks(fetch: &Fetch) -> Vec<String> {
    let requests = fetch.world.http.requests();
    requests.into_iter().filter(|request| request.host == "api.example").map(|request| request.path).collect()
}

#[test]
fn a_good_owner_is_confirmed_once_an_hour_and_a_bad_one_is_checked_in_every_round() {
    simulate(async {
        let mut fetch = checking();
        let (good, secret) = (pointer("alice", 1), pointer("mallory", 2));
        for gist in [&good, &secret] {
            fetch.serve(gist, [Reply::new(200, "one")]);
        }
        fetch.world.http.get(&api_path(&good), [Reply::json(&described("alice", 7, true))]);
        let shown = [described("mallory", 9, false), described("mallory", 9, false), described("mallory", 9, true)];
        fetch.world.http.get(&api_path(&secret), shown.iter().map(Reply::json));
        let mut refusals = Vec::new();
        for block in [100, 125, 150, 175] {
            fetch.round(block, miners(&[&good, &secret])).await;
            refusals.push(record(&fetch, &secret).await.and_then(|record| record.refusal));
        }
        let secret_then_public = [Some(OwnerRefusal::Secret), Some(OwnerRefusal::Secret), None, None];
        assert_eq!(refusals, secret_then_public, "making it public lifts the refusal");
        assert_eq!(checks(&fetch), [&good, &secret, &secret, &secret].map(api_path));
        let confirmed = record(&fetch, &good).await.expect("checked");
        assert_eq!((confirmed.owner_id, confirmed.is_confirmed()), (Some(7), true));

        fetch.round(100 + GOOD_FOR_BLOCKS - 25, miners(&[&good])).await;
        assert_eq!(checks(&fetch).len(), 4, "a good check remains valid for an hour");
        fetch.round(100 + GOOD_FOR_BLOCKS, miners(&[&good])).await;
        assert_eq!(checks(&fetch).last(), Some(&api_path(&good)));
    });
}

#[test]
fn an_account_that_takes_over_a_login_does_not_take_over_the_gist() {
    simulate(async {
        let mut fetch = checking();
        let gist = pointer("alice", 1);
        fetch.serve(&gist, [Reply::new(200, "one")]);
        let owners = [described("Alice", 7, true), described("alice", 9, true)];
        fetch.world.http.get(&api_path(&gist), owners.iter().map(Reply::json));
        fetch.round(100, miners(&[&gist])).await;
        fetch.round(100 + GOOD_FOR_BLOCKS, miners(&[&gist])).await;
        let refusal = record(&fetch, &gist).await.and_then(|record| record.refusal);
        assert_eq!(refusal, Some(OwnerRefusal::AnotherAccount { pinned: 7, found: 9 }));
    });
}

#[test]
fn half_of_the_anonymous_hour_is_left_to_disputes_and_everybody_has_a_turn() {
    simulate(async {
        let mut fetch = checking();
        let gists: Vec<GistPointer> = (0..100).map(|n| pointer("alice", n)).collect();
        let committed: Vec<&GistPointer> = gists.iter().collect();
        let mut left = 60_u32;
        fetch.world.http.on(tensorflix_actors::ports::Method::Get, "*", move |request| {
            if request.host == "raw.example" {
                return Reply::new(200, "one");
            }
            left = left.saturating_sub(1);
            Reply::json(&described("alice", 7, true)).header("x-ratelimit-remaining", &left.to_string())
        });
        let mut asked = Vec::new();
        for round in 0..4_u32 {
            fetch.round(100 + round * 25, miners(&committed)).await;
            asked.push(checks(&fetch).len());
        }
        let granted = usize::try_from(60 - RESERVED_API_REQUESTS).expect("small");
        assert_eq!(asked, [granted; 4], "what is left is not touched");
        // An hour later GitHub's count is reset, and what it said before is forgotten: one more request finds out.
        pass(Duration::from_secs(3_600)).await;
        fetch.round(400, miners(&committed)).await;
        assert_eq!(checks(&fetch).len(), granted + 1);
        let distinct: BTreeSet<String> = checks(&fetch).into_iter().collect();
        assert_eq!(distinct.len(), granted + 1, "nobody twice before everybody once");
    });
}

#[test]
fn gists_that_github_does_not_answer_for_starve_nobody_and_are_not_judged() {
    for silence in [Reply::hang(), Reply::new(500, "oops"), Reply::fail(HttpError::Connection("reset".to_owned()))] {
        simulate(async move {
            let mut fetch = checking();
            let silent: Vec<GistPointer> = (0..6).map(|n| pointer("alice", n)).collect();
            let answered = pointer("zoe", 99);
            silent.iter().for_each(|gist| fetch.world.http.get(&api_path(gist), [silence.clone()]));
            fetch.world.http.get(&api_path(&answered), [Reply::json(&described("zoe", 5, true))]);
            let committed: Vec<&GistPointer> = silent.iter().chain([&answered]).collect();
            committed.iter().for_each(|gist| fetch.serve(gist, [Reply::new(200, "one")]));
            let rounds = committed.len().div_ceil(UNANSWERED_PER_ROUND);
            for round in 0..u32::try_from(rounds).expect("few") {
                fetch.round(100 + round * 25, miners(&committed)).await;
                let asked: BTreeSet<String> = checks(&fetch).into_iter().collect();
                let most = UNANSWERED_PER_ROUND * (round as usize + 1);
                assert!(asked.len() <= most + 1, "an outage is not waited out gist by gist: {asked:?}");
            }
            assert!(record(&fetch, &answered).await.is_some_and(|record| record.is_confirmed()), "its turn came");
            for gist in &silent {
                let record = record(&fetch, gist).await.expect("asked for");
                assert_eq!((record.owner_id, record.refusal), (None, None), "a missing answer proves nothing");
            }
        });
    }
}

#[test]
fn a_limit_that_is_reached_ends_the_checks_of_the_round_and_counts_as_no_check() {
    simulate(async {
        let mut fetch = checking();
        let gists: Vec<GistPointer> = (0..5).map(|n| pointer("alice", n)).collect();
        for gist in &gists {
            fetch.serve(gist, [Reply::new(200, "one")]);
            fetch.world.http.get(
                &api_path(gist),
                [Reply::new(403, "").header("x-ratelimit-remaining", "0").header("retry-after", "600")],
            );
        }
        // The second round comes while GitHub still asks to wait: nothing is sent then.
        for block in [100, 125] {
            fetch.round(block, miners(&gists.iter().collect::<Vec<_>>())).await;
        }
        assert_eq!(checks(&fetch).len(), 1);
        assert_eq!(fetch.world.store.gist_owners().await, Ok(Vec::new()));
        assert_eq!(fetch.state(&gists[0]).await.error, None, "the contents stand");
    });
}

#[test]
fn a_gist_too_large_to_be_described_does_not_escape_its_check() {
    simulate(async {
        let mut fetch = checking();
        let gist = pointer("alice", 1);
        fetch.serve(&gist, [Reply::new(200, "one")]);
        fetch.world.http.get(&api_path(&gist), [Reply::new(200, vec![b' '; (8 << 20) + 1])]);
        fetch.round(100, miners(&[&gist])).await;
        let refusal = record(&fetch, &gist).await.and_then(|record| record.refusal);
        assert_eq!(refusal, Some(OwnerRefusal::TooLarge));
    });
}

#[test]
fn a_deleted_gist_is_gone_when_the_api_has_said_so_twice() {
    simulate(async {
        let mut fetch = checking();
        let gist = pointer("alice", 1);
        fetch.serve(&gist, [Reply::new(200, "one"), Reply::new(404, "")]);
        fetch.world.http.get(&api_path(&gist), [Reply::json(&described("alice", 7, true)), Reply::new(404, "{}")]);
        let mut refusals = Vec::new();
        for block in [100, 125, 150] {
            fetch.round(block, miners(&[&gist])).await;
            refusals.push(record(&fetch, &gist).await.and_then(|record| record.refusal));
        }
        assert_eq!(refusals, [None, None, Some(OwnerRefusal::Gone)], "a gist that fails is checked at once");
    });
}

#[test]
fn with_a_token_the_owner_comes_with_the_content() {
    simulate(async {
        let mut fetch = Fetch::start(Setup { token: true, owner_checks: CHECKS_PER_ROUND, ..Setup::default() });
        let gist = pointer("alice", 1);
        fetch.world.http.get(
            &api_path(&gist),
            [Reply::json(&described("alice", 7, true)), Reply::json(&described("alice", 9, true))],
        );
        for block in [100, 125] {
            fetch.round(block, miners(&[&gist])).await;
        }
        assert_eq!(checks(&fetch).len(), 2, "no request beyond those for the content");
        let refusal = record(&fetch, &gist).await.and_then(|record| record.refusal);
        assert_eq!(refusal, Some(OwnerRefusal::AnotherAccount { pinned: 7, found: 9 }));
    });
}

#[test]
fn a_round_is_finished_only_when_its_checks_are_stored() {
    simulate(async {
        let mut fetch = checking();
        let gist = pointer("alice", 1);
        fetch.serve(&gist, [Reply::new(200, "one")]);
        fetch.world.http.get(&api_path(&gist), [api_gist("alice", &json!({ "a": { "content": "one" } }))]);
        fetch.world.store.fail_next(Write::GistOwners);
        fetch.announce(100, miners(&[&gist])).await;
        assert_eq!(fetch.rounds.so_far().await, []);
        fetch.rounds.next().await;
        assert!(record(&fetch, &gist).await.is_some());
    });
}

#[test]
fn blocks_without_a_round_are_recorded_as_unwatched() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        for block in [100, 125, 210, 225] {
            fetch.round(block, []).await;
        }
        let unwatched = fetch.world.store.unwatched_blocks(10).await;
        let ranges = [(0, 100), (150, 200)].map(|(from, until)| UnwatchedBlocks { from, until });
        assert_eq!(unwatched, Ok(ranges.into()), "those before the first round too");
    });
}

#[test]
fn rounds_without_any_answer_of_github_form_one_unwatched_range_with_missed_ones() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let (gist, absent) = (pointer("alice", 1), pointer("bob", 2));
        let (down, here) = (|| Reply::new(502, ""), || Reply::new(200, "one"));
        let absent_here = || Reply::new(404, "");
        for (block, of_gist, of_absent) in [
            (100, here(), down()),
            (125, down(), down()),
            (150, down(), down()),
            (225, here(), down()),
            (250, down(), absent_here()),
            (300, down(), down()),
            (325, here(), down()),
        ] {
            // The last of a script is what is answered from then on.
            fetch.serve(&gist, [of_gist]);
            fetch.serve(&absent, [of_absent]);
            fetch.round(block, miners(&[&gist, &absent])).await;
        }
        let unwatched = fetch.world.store.unwatched_blocks(10).await;
        let ranges = [(0, 100), (125, 225), (275, 325)].map(|(from, until)| UnwatchedBlocks { from, until });
        assert_eq!(unwatched, Ok(ranges.into()), "an answer about one gist is enough, also that it is not there");
    });
}

#[test]
fn an_outage_right_after_the_start_is_no_part_of_what_nobody_expected_before_it() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let gist = pointer("alice", 1);
        for (block, status) in [(100, 502), (125, 502), (200, 200)] {
            fetch.serve(&gist, [Reply::new(status, "one")]);
            fetch.round(block, miners(&[&gist])).await;
        }
        let unwatched = fetch.world.store.unwatched_blocks(10).await;
        let ranges = [(0, 100), (100, 200)].map(|(from, until)| UnwatchedBlocks { from, until });
        assert_eq!(unwatched, Ok(ranges.into()));
    });
}
