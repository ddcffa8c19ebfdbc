//! GitHub: entity tags, limits, revisions, owners, pages.

use serde_json::json;
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::platforms::github::{ANONYMOUS_REQUESTS_PER_HOUR, TOKEN_REQUESTS_PER_HOUR};
use tensorflix_sandbox::world::{Conduct, GistFile, SUBMISSION_FILE};

use crate::harness::{Received, received, start, start_cast};

/// Blocks of an hour.
const HOUR_BLOCKS: u32 = 300;

fn remaining(answer: &Received) -> u64 {
    answer.header("x-ratelimit-remaining").parse().unwrap()
}

#[tokio::test]
async fn an_unchanged_gist_is_304_and_free_only_with_a_token() {
    let harness = start(1).await;
    let path = format!("/gists/{}", harness.member_who(Conduct::Honest).gist_id);
    for (token, limit, after) in [
        (Some("t"), TOKEN_REQUESTS_PER_HOUR, TOKEN_REQUESTS_PER_HOUR - 1),
        (None, ANONYMOUS_REQUESTS_PER_HOUR, ANONYMOUS_REQUESTS_PER_HOUR - 2),
    ] {
        let request = || match token {
            Some(token) => harness.api(&path).bearer_auth(token),
            None => harness.api(&path),
        };
        let first = received(request()).await;
        assert_eq!((first.status, remaining(&first)), (200, limit - 1));
        let second = received(request().header("If-None-Match", first.header("etag"))).await;
        assert_eq!((second.status, second.body.len(), remaining(&second)), (304, 0, after), "{token:?}");
    }
}

#[tokio::test]
async fn an_edit_changes_etag_revision_and_updated_at_and_the_old_revision_stays() {
    let harness = start(1).await;
    let miner = harness.member_who(Conduct::Honest);
    let path = format!("/gists/{}", miner.gist_id);
    let before = received(harness.api(&path)).await;
    harness.world.advance_to(START_BLOCK + 5);
    harness.world.edit_gist(&miner.gist_id, SUBMISSION_FILE, r#"{"submissions": []}"#).unwrap();
    let after = received(harness.api(&path).header("If-None-Match", before.header("etag"))).await;
    assert_eq!(after.status, 200);
    let (before, after) = (before.json(), after.json());
    assert!(before["updated_at"].as_str() < after["updated_at"].as_str());
    assert_eq!(before["created_at"], after["created_at"]);
    assert_eq!(after["files"][SUBMISSION_FILE]["content"], json!(r#"{"submissions": []}"#));
    let old = before["history"][0]["version"].as_str().unwrap();
    assert_ne!(old, after["history"][0]["version"]);
    let pinned = format!("/{}/{}/raw/{old}/{SUBMISSION_FILE}", miner.username, miner.gist_id);
    assert_eq!(received(harness.raw(&pinned)).await.text(), before["files"][SUBMISSION_FILE]["content"]);
}

#[tokio::test]
async fn the_anonymous_allowance_ends_with_403_and_returns_at_the_chains_next_hour() {
    let harness = start(1).await;
    for _ in 0..ANONYMOUS_REQUESTS_PER_HOUR {
        assert_eq!(received(harness.api("/gists/absent")).await.status, 404);
    }
    let refused = received(harness.api("/gists/absent")).await;
    assert_eq!((refused.status, remaining(&refused)), (403, 0));
    assert!(refused.text().contains("rate limit exceeded"));
    let reset: u64 = refused.header("x-ratelimit-reset").parse().unwrap();
    assert!(reset * 1_000 > harness.world.clock().unix_ms());
    assert_eq!(received(harness.api("/gists/absent").bearer_auth("t")).await.status, 404, "tokens have their own");
    assert_eq!(received(harness.api("/rate_limit")).await.json()["rate"]["remaining"], 0);
    harness.world.advance_to(START_BLOCK + HOUR_BLOCKS);
    assert_eq!(received(harness.api("/gists/absent")).await.status, 404);
}

#[tokio::test]
async fn raw_files_need_the_right_owner_and_cost_no_api_request() {
    let harness = start_cast(&[Conduct::SecretGist, Conduct::MissingGist]).await;
    let (honest, secret) = (harness.member_who(Conduct::Honest), harness.member_who(Conduct::SecretGist));
    let missing = harness.member_who(Conduct::MissingGist);
    for (path, status) in [
        (format!("/{}/{}/raw", honest.username, honest.gist_id), 200),
        (format!("/{}/{}/raw/{SUBMISSION_FILE}", honest.username, honest.gist_id), 200),
        (format!("/{}/{}/raw/other.json", honest.username, honest.gist_id), 404),
        (format!("/{}/{}/raw", secret.username, honest.gist_id), 404),
        (format!("/{}/{}/raw", secret.username, secret.gist_id), 200),
        (format!("/{}/{}/raw", missing.username, missing.gist_id), 404),
        (format!("/{}/{}", honest.username, honest.gist_id), 404),
    ] {
        assert_eq!(received(harness.raw(&path)).await.status, status, "{path}");
    }
    let answer = received(harness.raw(&format!("/{}/{}/raw", honest.username, honest.gist_id))).await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let again = harness.raw(&format!("/{}/{}/raw", honest.username, honest.gist_id));
    assert_eq!(received(again.header("If-None-Match", answer.header("etag"))).await.status, 304);
    assert_eq!(harness.platforms.counters().github_api.requests, 0);
    let api = received(harness.api(&format!("/gists/{}", secret.gist_id))).await.json();
    assert_eq!(api["public"], false);
}

#[tokio::test]
async fn a_cached_raw_file_is_as_old_as_its_grid_and_a_pinned_one_is_not() {
    let harness = start(1).await;
    harness.platforms.github().set_raw_cache_blocks(25);
    let miner = harness.member_who(Conduct::Honest);
    let path = format!("/{}/{}/raw", miner.username, miner.gist_id);
    let old = received(harness.raw(&path)).await.text();
    harness.world.advance_to(START_BLOCK + 3);
    let sha = harness.world.edit_gist(&miner.gist_id, SUBMISSION_FILE, "new").unwrap();
    assert_eq!(received(harness.raw(&path)).await.text(), old);
    assert_eq!(received(harness.raw(&format!("{path}/{sha}"))).await.text(), "new");
    harness.world.advance_to(START_BLOCK + 25);
    assert_eq!(received(harness.raw(&path)).await.text(), "new");
}

#[tokio::test]
async fn the_first_file_by_name_is_the_raw_one_and_large_files_are_truncated_in_the_api() {
    let harness = start(1).await;
    let miner = harness.member_who(Conduct::Honest);
    let files = vec![GistFile::new("b.json", "second"), GistFile::new("a.json", vec![b'x'; 1_500_000])];
    harness.world.edit_gist_files(&miner.gist_id, files).unwrap();
    let raw = received(harness.raw(&format!("/{}/{}/raw", miner.username, miner.gist_id))).await;
    assert_eq!(raw.body.len(), 1_500_000);
    let gist = received(harness.api(&format!("/gists/{}", miner.gist_id))).await.json();
    assert_eq!(
        (&gist["files"]["a.json"]["truncated"], &gist["files"]["b.json"]["truncated"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(gist["files"]["a.json"]["size"], 1_500_000);
    assert_eq!(gist["files"]["a.json"]["content"].as_str().unwrap().len(), 1_000_000);
}

#[tokio::test]
async fn commits_come_in_pages_newest_first() {
    let harness = start(1).await;
    let miner = harness.member_who(Conduct::Honest);
    for number in 0..5 {
        harness.world.edit_gist(&miner.gist_id, SUBMISSION_FILE, format!("{number}")).unwrap();
    }
    let path = format!("/gists/{}/commits", miner.gist_id);
    let all = received(harness.api(&path)).await;
    assert_eq!(all.header("link"), "");
    let all = all.json().as_array().unwrap().clone();
    let mut paged = Vec::new();
    for page in 1..=all.len().div_ceil(3) {
        let answer = received(harness.api(&format!("{path}?per_page=3&page={page}"))).await;
        assert_eq!(answer.header("link").contains("rel=\"next\""), page < all.len().div_ceil(3));
        paged.extend(answer.json().as_array().unwrap().clone());
    }
    assert_eq!(paged, all);
}

#[tokio::test]
async fn a_renamed_user_keeps_its_number_and_loses_its_old_address() {
    let harness = start(1).await;
    let miner = harness.member_who(Conduct::Honest);
    harness.world.rename_user(&miner.username, "somebody-new").unwrap();
    let gist = received(harness.api(&format!("/gists/{}", miner.gist_id))).await.json();
    assert_eq!((&gist["owner"]["login"], &gist["owner"]["id"]), (&json!("somebody-new"), &json!(miner.github_id)));
    let old = received(harness.raw(&format!("/{}/{}/raw", miner.username, miner.gist_id))).await;
    assert_eq!(old.status, 404);
}

#[tokio::test]
async fn a_blocked_gist_is_refused_with_its_block_and_counts_as_a_request_like_any_other() {
    let harness = start(1).await;
    let (first, second) = (harness.member_who(Conduct::Honest).gist_id, "f".repeat(32));
    for (gist_id, reason, status) in [(&first, "tos", 403), (&second, "dmca", 451)] {
        harness.platforms.github().block_gist(gist_id, reason);
        let answer = received(harness.api(&format!("/gists/{gist_id}"))).await;
        assert_eq!((answer.status, &answer.json()["block"]["reason"]), (status, &json!(reason)));
        assert!(answer.json()["message"].is_string() && remaining(&answer) > 50, "no rate limit");
    }
}

#[tokio::test]
async fn an_expired_token_is_refused_and_requests_without_one_are_not() {
    let harness = start(1).await;
    let path = format!("/gists/{}", harness.member_who(Conduct::Honest).gist_id);
    assert_eq!(received(harness.api(&path).bearer_auth("t")).await.status, 200);
    harness.platforms.github().expire_token("t");
    let refused = received(harness.api(&path).bearer_auth("t")).await;
    assert_eq!((refused.status, &refused.json()["message"]), (401, &json!("Bad credentials")));
    assert_eq!(received(harness.api(&path).bearer_auth("u")).await.status, 200);
    assert_eq!(received(harness.api(&path)).await.status, 200);
}
