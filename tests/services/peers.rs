//! The peers' metadata from what is stored, whatever miners wrote.

use sha2::{Digest, Sha256};
use tensorflix::api::syncer::peers;
use tensorflix::api::syncer::peers::{MAX_SUBMISSIONS, PeerGist, PeersMetadata};
use tensorflix_domain::gist_record::{ContentDigest, FailureScope, GistAnswer, GistOutcome};
use tensorflix_domain::subnet::{Neuron, Subnet};
use tensorflix_store::Store;
use tensorflix_testkit::subnets;

fn neuron(uid: u16, commitment: Option<&str>) -> Neuron {
    let neuron = subnets::neuron(uid, u8::try_from(uid).expect("small"));
    match commitment {
        Some(text) => subnets::committed_text(neuron, text, 5),
        None => neuron,
    }
}

fn subnet(neurons: Vec<Neuron>) -> Subnet {
    subnets::subnet(100, neurons)
}

fn pointer(number: u32) -> String {
    format!("alice:{number:032x}")
}

fn answer(number: u32, document: &str) -> GistAnswer {
    let digest = ContentDigest(Sha256::digest(document).into());
    let outcome = GistOutcome::Fetched { etag: None, digest, document: document.as_bytes().to_vec() };
    GistAnswer { pointer: pointer(number).parse().expect("a pointer"), outcome }
}

async fn metadata(store: &Store) -> PeersMetadata {
    let json = peers::read(store).await.expect("read").expect("a subnet");
    assert!(!json.contains('\u{1b}'), "control characters are escaped");
    serde_json::from_str(&json).expect("the published form")
}

#[tokio::test]
async fn each_peer_has_its_own_entry_and_one_peers_nonsense_costs_no_other() {
    let store = Store::open("sqlite::memory:").await.expect("a store");
    assert_eq!(peers::read(&store).await.expect("read"), None, "nothing was read from the chain yet");
    let commitments = [
        Some(pointer(1)),
        None,
        Some("\u{1b}[31m<script>".to_owned()),
        Some(pointer(3)),
        Some(pointer(4)),
        Some(pointer(5)),
        Some(pointer(6)),
    ];
    let neurons = (0..).zip(&commitments).map(|(uid, text)| neuron(uid, text.as_deref())).collect();
    store.save_subnet(&subnet(neurons)).await.expect("saved");
    let pairs: Vec<String> = (0..4_000).map(|number| format!("[\"t\",\"v{number}\"]")).collect();
    let flood = format!("{{\"submissions\": [{}]}}", pairs.join(","));
    let answers = [
        answer(1, r#"{"submissions": [["t", "a"], ["t", "a"], 7, ["u", "\u001b[2J"]]}"#),
        answer(3, &flood),
        answer(4, r#"{"task": {"description": "d", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z"}}"#),
        answer(5, "<html>"),
    ];
    store.record_gists(75, &answers, &[]).await.expect("saved");
    let failed = GistOutcome::Failed { error: "GitHub answered 500".to_owned(), scope: FailureScope::Elsewhere };
    let failed = GistAnswer { pointer: pointer(1).parse().expect("a pointer"), outcome: failed };
    store.record_gists(100, &[failed], &[]).await.expect("saved");
    store.finish_gist_round(100).await.expect("saved");

    let peers = metadata(&store).await;
    assert_eq!((peers.success, peers.count, peers.block, peers.gist_round), (true, 6, 100, Some(100)));
    let uids: Vec<&str> = peers.data.iter().map(|peer| peer.uid.as_str()).collect();
    assert_eq!(uids, ["0", "2", "3", "4", "5", "6"], "who committed nothing is no peer");
    let [first, no_pointer, flooding, tasks, unreadable, unread] = &peers.data[..] else { panic!("six") };
    let listed: Vec<(&str, &str)> =
        first.submissions.iter().map(|pair| (pair.video_id.as_str(), pair.task_id.as_str())).collect();
    assert_eq!(listed, [("a", "t"), ("\u{1b}[2J", "u")]);
    assert_eq!(
        (first.fetched_block, first.error.as_deref()),
        (Some(75), Some("GitHub answered 500")),
        "last good content"
    );
    assert_eq!(first.commit, pointer(1));
    assert!(no_pointer.error.as_deref().is_some_and(|error| error.contains("username:gist_id")), "{no_pointer:?}");
    assert_eq!((flooding.submissions.len(), flooding.gist), (MAX_SUBMISSIONS, Some(PeerGist::Submissions)));
    assert_eq!(flooding.error.as_deref(), Some("3000 more submissions are not shown"));
    assert_eq!((tasks.gist, tasks.submissions.len(), &tasks.error), (Some(PeerGist::Tasks), 0, &None));
    assert_eq!(unreadable.gist, Some(PeerGist::Unreadable));
    assert!(unreadable.error.is_some());
    assert_eq!((unread.gist, unread.error.as_deref()), (None, Some("the gist has not been read yet")));
}

#[tokio::test]
async fn an_answer_is_bounded_whatever_all_peers_list_together() {
    let store = Store::open("sqlite::memory:").await.expect("a store");
    let commitments: Vec<String> = (0..64).map(pointer).collect();
    let neurons = (0..).zip(&commitments).map(|(uid, text)| Neuron { uid, ..neuron(0, Some(text)) }).collect();
    store.save_subnet(&subnet(neurons)).await.expect("saved");
    let long = "x".repeat(250);
    let pairs: Vec<String> = (0..450).map(|number| format!("[\"{long}\",\"{long}{number}\"]")).collect();
    let flood = format!("{{\"submissions\": [{}]}}", pairs.join(","));
    let answers: Vec<GistAnswer> = (0..64).map(|number| answer(number, &flood)).collect();
    store.record_gists(75, &answers, &[]).await.expect("saved");
    let json = peers::read(&store).await.expect("read").expect("a subnet");
    println!("64 peers with 226 KB each: an answer of {} bytes", json.len());
    assert!(json.len() < (64 * 96) << 10, "{}", json.len());
}
