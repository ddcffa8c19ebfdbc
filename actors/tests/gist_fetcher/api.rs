//! Gists that are read from the API: with a token, and pinned revisions.

use super::{Fetch, MAX_GIST_BYTES, Setup, miners};
use serde_json::{Value, json};
use tensorflix_testkit::gists::{digest_of, pinned, pointer};
use tensorflix_testkit::scripted_services::http::{Reply, SECRET};
use tensorflix_testkit::time::simulate;

/// A gist as the API shows it.
pub fn api_gist(owner: &str, files: &Value) -> Reply {
    Reply::json(&json!({ "owner": { "login": owner }, "files": files })).header("etag", "\"v1\"")
}

#[test]
fn with_a_token_the_api_answers_and_the_token_travels_as_a_bearer_only() {
    simulate(async {
        let mut fetch = Fetch::start(Setup { token: true, ..Setup::default() });
        let gist = pointer("Alice", 1);
        let path = format!("/gists/{}", gist.gist_id());
        let files = json!({ "b.json": { "content": "second" }, "a.json": { "content": "first" } });
        fetch.world.http.get(&path, [api_gist("alice", &files), Reply::new(304, "")]);
        fetch.round(100, miners(&[&gist])).await;
        fetch.round(125, miners(&[&gist])).await;
        let requests = fetch.world.http.requests();
        for request in &requests {
            assert_eq!((request.host.as_str(), &request.path), ("api.example", &path));
            assert_eq!(request.bearer.as_deref(), Some(SECRET));
        }
        let etags: Vec<_> = requests.iter().map(|request| request.headers.get("if-none-match").cloned()).collect();
        assert_eq!(etags, [None, Some("\"v1\"".to_owned())]);
        let state = fetch.state(&gist).await;
        assert_eq!(state.digest, Some(digest_of(b"first")), "of several files the first by name");
        assert_eq!((state.fetched_round, state.error), (Some(125), None));
    });
}

#[test]
fn an_answer_of_the_api_that_is_not_the_users_gist_is_a_failure() {
    let content = "x".repeat(MAX_GIST_BYTES + 1);
    for (name, reply) in [
        ("another owner", api_gist("mallory", &json!({ "a": { "content": "one" } }))),
        ("no owner", Reply::json(&json!({ "files": { "a": { "content": "one" } } }))),
        ("no file", api_gist("alice", &json!({}))),
        ("a deleted file", api_gist("alice", &json!({ "a": null }))),
        ("truncated", api_gist("alice", &json!({ "a": { "content": "one", "truncated": true } }))),
        ("too large", api_gist("alice", &json!({ "a": { "content": content } }))),
        ("no gist", Reply::new(200, "<html>")),
        ("refused token", Reply::new(401, "{}")),
    ] {
        simulate(async move {
            let mut fetch = Fetch::start(Setup { token: true, ..Setup::default() });
            let gist = pointer("alice", 1);
            fetch.world.http.get(&format!("/gists/{}", gist.gist_id()), [reply]);
            fetch.round(100, miners(&[&gist])).await;
            let state = fetch.state(&gist).await;
            assert_eq!((state.digest, state.failures), (None, 1), "{name}");
            let error = state.error.expect("an error");
            assert!(!error.contains(SECRET), "{name}: {error}");
        });
    }
}

#[test]
fn a_pinned_revision_is_asked_for_once_for_ever() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let gist = pinned("alice", 1, 5);
        let path = format!("/gists/{}/{}", gist.gist_id(), gist.revision().expect("a revision"));
        let good = api_gist("alice", &json!({ "a": { "content": "one" } }));
        fetch.world.http.get(&path, [Reply::new(404, ""), good]);
        for block in [100, 125, 150, 175] {
            fetch.round(block, miners(&[&gist])).await;
        }
        assert_eq!(fetch.asked(), 2, "until it was read once");
        assert_eq!(fetch.world.http.requests()[0].bearer, None, "also without a token");
        let state = fetch.state(&gist).await;
        assert_eq!((state.digest, state.fetched_round), (Some(digest_of(b"one")), Some(175)));
        // Who points to it later holds it from then on.
        fetch.round(200, miners(&[&gist, &gist])).await;
        let rounds: Vec<_> = fetch.world.store.holdings().iter().map(|held| held.round).collect();
        assert_eq!(rounds, [125, 200]);
    });
}
