//! Builders of gists, contents and platforms' answers about them.

use crate::subnets::moment;
use serde_json::json;
use sha2::{Digest, Sha256};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::{ContentDigest, FailureScope, GistAnswer, GistOutcome};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Details, Metrics, Presence, Sighting};
use tensorflix_domain::platform::Platform;

/// A gist of a user; the number is its id.
pub fn pointer(username: &str, number: u32) -> GistPointer {
    format!("{username}:{number:032x}").parse().expect("a pointer")
}

/// A pinned revision of such a gist.
pub fn pinned(username: &str, number: u32, revision: u32) -> GistPointer {
    format!("{username}:{number:032x}@{revision:040x}").parse().expect("a pointer")
}

/// A video of YouTube.
pub fn video(number: u32) -> ContentId {
    ContentId::new(Platform::YOUTUBE, &format!("video{number:06}")).expect("an id")
}

/// A reel of Instagram.
pub fn reel(number: u32) -> ContentId {
    ContentId::new(Platform::INSTAGRAM, &format!("reel{number:06}")).expect("an id")
}

/// A line of a task gist, with a line end; the task starts hours after block 0.
pub fn task_line(id: &str, platform: Platform, start_hours: f64) -> String {
    let task =
        json!({ "description": "a cat", "platform": platform.name(), "start_at": moment(start_hours).to_string() });
    format!("{}\n", json!({ id: task }))
}

/// A submission gist.
pub fn submissions(pairs: &[(&str, &ContentId)]) -> Vec<u8> {
    let pairs: Vec<[&str; 2]> = pairs.iter().map(|(task, content)| [*task, content.as_str()]).collect();
    json!({ "submissions": pairs }).to_string().into_bytes()
}

/// SHA-256 of a document, as the store names it.
pub fn digest_of(document: &[u8]) -> ContentDigest {
    ContentDigest(Sha256::digest(document).into())
}

/// An answer with new content.
pub fn fetched(pointer: &GistPointer, document: &[u8]) -> GistAnswer {
    let outcome = GistOutcome::Fetched { etag: None, digest: digest_of(document), document: document.to_vec() };
    GistAnswer { pointer: pointer.clone(), outcome }
}

/// No answer.
pub fn failed(pointer: &GistPointer) -> GistAnswer {
    let outcome = GistOutcome::Failed { error: "no answer".to_owned(), scope: FailureScope::Elsewhere };
    GistAnswer { pointer: pointer.clone(), outcome }
}

/// A video or reel that is present, with views, published hours after block 0.
pub fn seen(view_count: u64, published_hours: f64) -> Sighting {
    Sighting::Present(Box::new(Presence {
        metrics: Metrics { view_count: Some(view_count), ..Metrics::default() },
        details: Details { published_at: Some(moment(published_hours)), ..Details::default() },
    }))
}
