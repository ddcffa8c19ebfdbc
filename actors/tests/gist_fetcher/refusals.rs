//! What GitHub refuses, and to whom: an answer about one gist costs that gist alone, one about us is heeded, and what is
//! not there is asked for ever more rarely.

use super::owners::{api_path, described};
use super::{Fetch, MAX_IN_FLIGHT, Setup, miners, raw_path};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix_actors::gist_fetcher::github::{RESERVED_FOR_DATING, TOKEN_PAUSE};
use tensorflix_actors::gist_fetcher::owner_checks::CHECKS_PER_ROUND;
use tensorflix_actors::ports::{Method, Store};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::Block;
use tensorflix_domain::subnet::Neuron;
use tensorflix_testkit::gists::{digest_of, pinned, pointer};
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::scripted_services::http::{Recorded, Reply, SECRET};
use tensorflix_testkit::time::{pass, simulate};

const SECONDARY: &str =
    r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#;

/// Ways in which GitHub refuses one gist.
fn refusals_of_one_gist() -> Vec<Reply> {
    let blocked =
        json!({ "message": "Gist access blocked", "block": { "reason": "tos", "created_at": "2026-08-21T00:00:00Z" } });
    let dmca = json!({ "message": "Unavailable due to DMCA takedown.", "block": { "reason": "dmca" } });
    vec![
        Reply::new(403, blocked.to_string()).header("x-ratelimit-remaining", "55"),
        Reply::new(403, blocked.to_string()),
        Reply::new(451, dmca.to_string()),
        Reply::new(403, "{}").header("x-ratelimit-remaining", "55"),
        Reply::new(404, "{}"),
        Reply::new(422, r#"{"message":"Validation Failed"}"#),
        Reply::new(200, r#"{"owner": 7}"#),
        Reply::new(200, vec![b' '; (8 << 20) + 1]),
    ]
}

fn check_confirmed(records: &[tensorflix_domain::gist_owner::OwnerRecord], least: usize, what: &str) {
    let confirmed = records.iter().filter(|record| record.is_confirmed()).count();
    assert!(confirmed >= least, "{what}: {confirmed} of {}", records.len());
}

#[test]
fn a_gist_that_github_refuses_ends_no_owner_check_of_another() {
    for refusal in refusals_of_one_gist() {
        simulate(async move {
            let mut fetch = Fetch::start(Setup { owner_checks: CHECKS_PER_ROUND, ..Setup::default() });
            let gists: Vec<GistPointer> = (0..14).map(|number| pointer("alice", number)).collect();
            for gist in &gists {
                fetch.serve(gist, [Reply::new(200, "one")]);
                fetch.world.http.get(&api_path(gist), [Reply::json(&described("alice", 7, true))]);
            }
            // Several of them, and the first ones in line.
            for gist in &gists[..2] {
                fetch.world.http.get(&api_path(gist), [refusal.clone()]);
            }
            for round in 0..3 {
                fetch.round(100 + round * 25, miners(&gists.iter().collect::<Vec<_>>())).await;
                let records = fetch.world.store.gist_owners().await.expect("read");
                check_confirmed(&records, 12, &format!("{refusal:?} in round {round}"));
            }
        });
    }
}

#[test]
fn a_gist_that_github_refuses_ends_no_reading_of_another_with_a_token_or_without() {
    for token in [false, true] {
        for refusal in refusals_of_one_gist().into_iter().filter(|reply| !format!("{reply:?}").contains("status: 200"))
        {
            simulate(async move {
                let mut fetch = Fetch::start(Setup { token, ..Setup::default() });
                let gists: Vec<GistPointer> = (0..40).map(|number| pointer("alice", number)).collect();
                let path = |gist: &GistPointer| if token { api_path(gist) } else { raw_path(gist) };
                let good = json!({ "owner": { "login": "alice" }, "files": { "a": { "content": "one" } } }).to_string();
                for gist in &gists {
                    fetch.world.http.get(&path(gist), [Reply::new(200, good.clone())]);
                }
                fetch.world.http.get(&path(&gists[0]), [refusal.clone()]);
                for round in 0..3 {
                    fetch.round(100 + round * 25, miners(&gists.iter().collect::<Vec<_>>())).await;
                    for gist in &gists[1..] {
                        assert_eq!(fetch.state(gist).await.fetched_round, Some(100 + round * 25), "{refusal:?}");
                    }
                }
            });
        }
    }
}

#[test]
fn a_limit_without_a_header_is_waited_out_longer_each_time_and_read_on_after_it() {
    let limits = [
        Reply::new(429, "429: Too Many Requests"),
        Reply::new(429, ""),
        Reply::new(403, SECONDARY),
        Reply::new(403, "<html>You have exceeded a secondary rate limit.</html>").header("content-type", "text/html"),
        Reply::new(403, "<html>Forbidden</html>").header("content-type", "text/html"),
        Reply::new(403, "Forbidden"),
    ];
    for limit in limits {
        simulate(async move {
            let mut fetch = Fetch::start(Setup::default());
            let gists: Vec<GistPointer> = (0..100).map(|number| pointer("alice", number)).collect();
            let is_limited = Arc::new(AtomicBool::new(false));
            let (limited, refusal) = (Arc::clone(&is_limited), limit.clone());
            fetch.world.http.on(Method::Get, "*", move |_| {
                if limited.load(Ordering::SeqCst) { refusal.clone() } else { Reply::new(200, "one") }
            });
            let all: Vec<&GistPointer> = gists.iter().collect();
            fetch.round(100, miners(&all)).await;
            is_limited.store(true, Ordering::SeqCst);
            let mut asked = Vec::new();
            for round in 1..=12 {
                let before = fetch.asked();
                fetch.round(100 + round * 25, miners(&all)).await;
                pass(Duration::from_secs(300)).await;
                asked.push(fetch.asked() - before);
            }
            assert!(asked[0] <= MAX_IN_FLIGHT + 2, "{limit:?}: what was under way, and no more: {asked:?}");
            assert!(asked[1..].iter().sum::<usize>() <= 3 * 12, "{limit:?}: {asked:?}");
            assert!(fetch.state(all[99]).await.digest.is_some());
            is_limited.store(false, Ordering::SeqCst);
            pass(Duration::from_secs(3_600)).await;
            fetch.round(1_000, miners(&all)).await;
            for gist in &gists {
                let state = fetch.state(gist).await;
                assert_eq!((state.fetched_round, state.refusals), (Some(1_000), 0), "{limit:?}: none is blamed for it");
            }
        });
    }
}

#[test]
fn a_token_that_is_refused_is_left_out_loudly_once_and_tried_again_later() {
    let refusals = [
        Reply::new(401, r#"{"message":"Bad credentials"}"#).header("x-ratelimit-remaining", "50"),
        Reply::new(401, ""),
        Reply::new(403, r#"{"message":"Resource not accessible by personal access token"}"#),
    ];
    for refusal in refusals {
        simulate(async move {
            let logs = Logs::capture();
            let setup = Setup { token: true, owner_checks: CHECKS_PER_ROUND, ..Setup::default() };
            let mut fetch = Fetch::start(setup);
            let gists: Vec<GistPointer> = (0..40).map(|number| pointer("alice", number)).collect();
            let is_expired = Arc::new(AtomicBool::new(true));
            let expired = Arc::clone(&is_expired);
            fetch.world.http.on(Method::Get, "*", move |request: &Recorded| {
                match (request.host.as_str(), request.bearer.is_some()) {
                    ("raw.example", has_token) => {
                        assert!(!has_token, "the raw address needs no token");
                        Reply::new(200, "one")
                    }
                    (_, true) if expired.load(Ordering::SeqCst) => refusal.clone(),
                    _ => Reply::json(&described("alice", 7, true)).header("x-ratelimit-remaining", "59"),
                }
            });
            let all: Vec<&GistPointer> = gists.iter().collect();
            let with_token = |fetch: &Fetch| {
                let requests = fetch.world.http.requests();
                requests.iter().filter(|request| request.bearer.as_deref() == Some(SECRET)).count()
            };
            for block in [100, 125] {
                fetch.round(block, miners(&all)).await;
                for gist in &gists {
                    assert_eq!(fetch.state(gist).await.fetched_round, Some(block), "all can be read without it");
                }
            }
            let tried = with_token(&fetch);
            assert!(tried <= MAX_IN_FLIGHT, "{tried} requests with a token that is refused");
            check_confirmed(
                &fetch.world.store.gist_owners().await.expect("read"),
                30,
                "owners are asked for without it",
            );
            assert_eq!(logs.lines(&["ERROR", "GITHUB_TOKEN"]).len(), 1, "{}", logs.text());

            pass(TOKEN_PAUSE).await;
            is_expired.store(false, Ordering::SeqCst);
            fetch.round(500, miners(&all)).await;
            assert!(with_token(&fetch) > tried + MAX_IN_FLIGHT, "it is used again");
            assert_eq!(logs.lines(&["GitHub accepted GITHUB_TOKEN again"]).len(), 1);
        });
    }
}

#[test]
fn where_the_api_serves_a_token_no_more_gists_are_read_at_the_raw_address() {
    for limit in
        [Reply::new(403, SECONDARY), Reply::new(429, ""), Reply::new(403, "{}").header("x-ratelimit-remaining", "0")]
    {
        simulate(async move {
            let mut fetch = Fetch::start(Setup { token: true, ..Setup::default() });
            let gists: Vec<GistPointer> = (0..20).map(|number| pointer("alice", number)).collect();
            for gist in &gists {
                fetch.serve(gist, [Reply::new(200, "one")]);
                fetch.world.http.get(&api_path(gist), [limit.clone()]);
            }
            fetch.round(100, miners(&gists.iter().collect::<Vec<_>>())).await;
            for gist in &gists {
                assert_eq!(fetch.state(gist).await.digest, Some(digest_of(b"one")), "{limit:?}");
            }
        });
    }
}

/// A GitHub that grants 60 API requests an hour; what is pinned is never there.
fn scarce(fetch: &Fetch) -> Arc<Mutex<u32>> {
    let left = Arc::new(Mutex::new(60_u32));
    let granted = Arc::clone(&left);
    fetch.world.http.on(Method::Get, "*", move |request| {
        if request.host == "raw.example" {
            return Reply::new(200, "one");
        }
        let mut left = granted.lock().expect("no panic while locked");
        *left = left.saturating_sub(1);
        let is_pinned = request.path.matches('/').count() > 2;
        let body = described("alice", 7, true).to_string();
        let reply = if is_pinned { Reply::new(404, "{}") } else { Reply::new(200, body) };
        reply.header("x-ratelimit-remaining", &left.to_string())
    });
    left
}

/// A revision that is not there, by round and number.
type Bogus = fn(Block, u32) -> GistPointer;

#[test]
fn bogus_pins_leave_requests_to_disputes_and_owner_checks_and_are_asked_rarely() {
    // A revision that never exists; another one in every round; a flood of them.
    let bogus: [(&str, Bogus, u32); 3] = [
        ("few that stay", |_, number| pinned("mallory", number, 1), 8),
        ("others in every round", |round, number| pinned("mallory", number, round), 8),
        ("250", |_, number| pinned("mallory", number, 1), 230),
    ];
    for (what, bogus, count) in bogus {
        simulate(async move {
            let mut fetch = Fetch::start(Setup { owner_checks: CHECKS_PER_ROUND, ..Setup::default() });
            let honest: Vec<GistPointer> = (0..14).map(|number| pointer("alice", number)).collect();
            let left = scarce(&fetch);
            for hour in 0..2_u32 {
                *left.lock().expect("no panic while locked") = 60;
                for round in 0..12_u32 {
                    let block = 300 + hour * 300 + round * 25;
                    let pins: Vec<GistPointer> = (1..=count).map(|number| bogus(block, 100 + number)).collect();
                    let neurons: Vec<Neuron> = miners(&honest.iter().chain(&pins).collect::<Vec<_>>());
                    fetch.round(block, neurons).await;
                    pass(Duration::from_secs(300)).await;
                }
                let left = *left.lock().expect("no panic while locked");
                assert!(left >= RESERVED_FOR_DATING, "{what}: {left} requests are left to disputes in hour {hour}");
                check_confirmed(&fetch.world.store.gist_owners().await.expect("read"), 14, what);
            }
            let pins: Vec<String> = fetch.world.http.requests().into_iter().map(|request| request.path).collect();
            let first = pins.iter().filter(|path| path.contains(&format!("{:032x}", 101))).count();
            let distinct: BTreeSet<&String> = pins.iter().collect();
            assert!(first <= 6 || distinct.len() > 30, "{what}: the first was asked for {first} times in 24 rounds");
        });
    }
}

#[test]
fn a_gist_that_does_not_exist_is_asked_for_more_rarely_and_read_when_it_appears() {
    simulate(async {
        let mut fetch = Fetch::start(Setup { owner_checks: CHECKS_PER_ROUND, ..Setup::default() });
        let (missing, good) = (pointer("mallory", 1), pointer("alice", 2));
        let exists = Arc::new(AtomicBool::new(false));
        let there = Arc::clone(&exists);
        fetch.serve(&good, [Reply::new(200, "one")]);
        fetch.world.http.on(Method::Get, &raw_path(&missing), move |_| {
            if there.load(Ordering::SeqCst) { Reply::new(200, "two") } else { Reply::new(404, "404: Not Found") }
        });
        fetch.world.http.get(&api_path(&good), [Reply::json(&described("alice", 7, true))]);
        let mut round = 100;
        for _ in 0..48 {
            fetch.round(round, miners(&[&missing, &good])).await;
            round += 25;
        }
        let asked = fetch.world.http.requests_for(&raw_path(&missing)).len();
        assert!((4..=9).contains(&asked), "{asked} times in 48 rounds");
        assert_eq!(fetch.world.http.requests_for(&raw_path(&good)).len(), 48);
        assert_eq!(
            fetch.world.http.requests_for(&api_path(&missing)).len(),
            0,
            "nothing of it counts: its owner is not checked"
        );
        exists.store(true, Ordering::SeqCst);
        for _ in 0..13 {
            fetch.round(round, miners(&[&missing, &good])).await;
            round += 25;
        }
        assert_eq!(fetch.state(&missing).await.digest, Some(digest_of(b"two")));
    });
}

#[test]
fn an_unreadable_task_gist_is_named_in_the_log_and_asked_for_in_every_round() {
    for (earlier, told) in [(false, "there is no earlier copy"), (true, "using its last good copy")] {
        simulate(async move {
            let logs = Logs::capture();
            let tasks = pointer("owner", 9);
            let mut fetch = Fetch::start(Setup { task_gist: Some(tasks.clone()), ..Setup::default() });
            let first = earlier.then(|| Reply::new(200, "one"));
            fetch.serve(&tasks, first.into_iter().chain([Reply::new(404, "404: Not Found")]));
            for block in (100..400).step_by(25) {
                fetch.round(block, []).await;
            }
            assert_eq!(fetch.asked(), 12);
            assert!(
                !logs.lines(&["cannot read the task gist", &tasks.to_string(), told]).is_empty(),
                "{}",
                logs.text()
            );
            let other = if earlier { "there is no earlier copy" } else { "last good copy" };
            assert_eq!(logs.lines(&[other]), [""; 0]);
        });
    }
}
