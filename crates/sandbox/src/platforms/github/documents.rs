//! The JSON documents of GitHub's API for gists.

use serde_json::{Map, Value, json};

use crate::clock::block_unix_ms;
use crate::world::{Gist, GistFile, Revision, seconds};

/// The most of a file's content that the API includes.
pub(super) const CONTENT_LIMIT_BYTES: usize = 1_000_000;
/// The most files that the API lists.
pub(super) const FILE_LIMIT: usize = 300;
/// The most entries of the history in a gist's own document.
const HISTORY_LIMIT: usize = 30;

/// The host in the documents' links: the real one, so that an answer's bytes do not depend on the sandbox's port.
const API_URL: &str = "https://api.github.com";

/// A gist as of one of its revisions. `history` is every revision up to the newest, oldest first.
pub(super) fn gist(gist: &Gist, shown: &Revision, history: &[Revision]) -> Value {
    let created = history.first().unwrap_or(shown);
    let newest = history.last().unwrap_or(shown);
    let url = format!("{}/gists/{}", API_URL, gist.id);
    let html_url = format!("https://gist.github.com/{}/{}", gist.owner, gist.id);
    let entries: Vec<Value> = commits(gist, history).into_iter().take(HISTORY_LIMIT).collect();
    json!({
        "url": url,
        "forks_url": format!("{url}/forks"),
        "commits_url": format!("{url}/commits"),
        "id": gist.id,
        "node_id": format!("G_{}", gist.id),
        "git_pull_url": format!("https://gist.github.com/{}.git", gist.id),
        "git_push_url": format!("https://gist.github.com/{}.git", gist.id),
        "html_url": html_url,
        "files": files(gist, shown),
        "public": gist.public,
        "created_at": at(created.block),
        "updated_at": at(newest.block),
        "description": gist.description,
        "comments": 0,
        "comments_enabled": true,
        "user": null,
        "comments_url": format!("{url}/comments"),
        "owner": user(gist),
        "forks": [],
        "history": entries,
        "truncated": shown.files.len() > FILE_LIMIT,
    })
}

/// The revisions, newest first.
pub(super) fn commits(gist: &Gist, history: &[Revision]) -> Vec<Value> {
    let earlier = std::iter::once(None).chain(history.iter().map(Some));
    let mut commits: Vec<Value> = history
        .iter()
        .zip(earlier)
        .map(|(revision, before)| {
            let additions = lines(revision);
            let deletions = before.map_or(0, lines);
            json!({
                "url": format!("{}/gists/{}/{}", API_URL, gist.id, revision.sha),
                "version": revision.sha,
                "user": user(gist),
                "change_status": {"total": additions + deletions, "additions": additions, "deletions": deletions},
                "committed_at": at(revision.block),
            })
        })
        .collect();
    commits.reverse();
    commits
}

fn files(gist: &Gist, revision: &Revision) -> Value {
    let mut files = Map::new();
    for file in revision.files.iter().take(FILE_LIMIT) {
        files.insert(file.name.clone(), described(gist, revision, file));
    }
    Value::Object(files)
}

fn described(gist: &Gist, revision: &Revision, file: &GistFile) -> Value {
    let raw_url =
        format!("https://gist.githubusercontent.com/{}/{}/raw/{}/{}", gist.owner, gist.id, revision.sha, file.name);
    let included = &file.bytes[..file.bytes.len().min(CONTENT_LIMIT_BYTES)];
    json!({
        "filename": file.name,
        "type": "application/json",
        "language": "JSON",
        "raw_url": raw_url,
        "size": file.bytes.len(),
        "truncated": file.bytes.len() > CONTENT_LIMIT_BYTES,
        "content": String::from_utf8_lossy(included),
        "encoding": "utf-8",
    })
}

fn user(gist: &Gist) -> Value {
    let url = format!("{}/users/{}", API_URL, gist.owner);
    json!({
        "login": gist.owner,
        "id": gist.owner_id,
        "node_id": format!("U_{}", gist.owner_id),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", gist.owner_id),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("https://github.com/{}", gist.owner),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": "User",
        "user_view_type": "public",
        "site_admin": false,
    })
}

fn lines(revision: &Revision) -> usize {
    revision.files.iter().map(|file| file.bytes.split(|&byte| byte == b'\n').count()).sum()
}

fn at(block: u32) -> String {
    seconds(block_unix_ms(block))
}
