//! Every peer of the subnet with its commitment and what its gist lists: the answer of `/get_all_peers_metadata`.
//!
//! - One entry for each neuron that committed a text, in the order of UIDs; if a commitment or a gist cannot be read, only its
//!   own entry lacks submissions, and says why.
//! - A gist that cannot be read now is shown as it was last read; `fetched_block` says when that was.
//! - Each entry has its own limits, so a miner with a huge gist does not affect others.
//!
//! It shows what is listed; what counts is not decided here.

use actix_web::web::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::GistState;
use tensorflix_domain::ids::Block;
use tensorflix_domain::submission::{GistKind, SubmissionGist, parse_submission_gist};
use tensorflix_domain::subnet::{Neuron, Subnet};
use tensorflix_store::{Store, StoreError};
use utoipa::ToSchema;

/// Submissions of one peer that are shown.
pub const MAX_SUBMISSIONS: usize = 1_000;
/// Bytes of ids of one peer that are shown: with 256 peers, about 16 MiB.
pub const MAX_ID_BYTES: usize = 64 << 10;
/// Most characters of a commitment or an error that are shown; the chain allows commitments of 128 bytes.
const LONGEST_TEXT: usize = 256;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeersMetadata {
    /// Always true; errors have another format.
    pub success: bool,
    /// Number of peers.
    pub count: usize,
    /// The block at which the subnet was read.
    pub block: Block,
    /// Chain time of that block, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub block_time: String,
    /// The newest finished polling round of gists.
    #[schema(required)]
    pub gist_round: Option<Block>,
    /// The peers, by UID.
    pub data: Vec<Peer>,
}

/// A neuron that committed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its UID, as text.
    pub uid: String,
    /// Its hotkey, an SS58 address.
    pub hotkey: String,
    /// What it committed: `username:gist_id`, or `username:gist_id@revision`.
    pub commit: String,
    /// What its gist lists, in order, each pair once.
    pub submissions: Vec<PeerSubmission>,
    /// What the gist is; null if it was never read.
    #[schema(required)]
    pub gist: Option<PeerGist>,
    /// The polling round in which the gist was last read.
    #[schema(required)]
    pub fetched_block: Option<Block>,
    /// What could not be read, or was left out.
    #[schema(required)]
    pub error: Option<String>,
}

/// An item that a peer lists for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerSubmission {
    /// The item's id as the peer wrote it.
    pub video_id: String,
    /// The task's id as the peer wrote it.
    pub task_id: String,
}

/// What a peer's gist contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PeerGist {
    /// A miner's submissions.
    Submissions,
    /// A validator's tasks.
    Tasks,
    /// Neither.
    Unreadable,
}

/// Builds the answer from the store, as JSON. `None` if the subnet has not been read yet.
///
/// # Errors
/// If the store cannot be read.
pub async fn read(store: &Store) -> Result<Option<String>, StoreError> {
    Ok(read_counted(store).await?.map(|(json, _)| json))
}

/// The same with the number of peers in it. Parsing is done off this thread.
pub(super) async fn read_counted(store: &Store) -> Result<Option<(String, usize)>, StoreError> {
    let Some(subnet) = store.latest_subnet().await? else { return Ok(None) };
    let gist_round = store.latest_gist_round().await?;
    let states: BTreeMap<GistPointer, GistState> =
        store.gist_states().await?.into_iter().map(|state| (state.pointer.clone(), state)).collect();
    let mut data = Vec::new();
    for neuron in &subnet.neurons {
        let Some(text) = neuron.commitment.as_ref().and_then(|record| record.text.as_deref()) else { continue };
        let state = text.parse().ok().and_then(|pointer: GistPointer| states.get(&pointer));
        let document = match state.and_then(|state| state.digest) {
            Some(digest) => store.gist_document(&digest).await?,
            None => None,
        };
        let (neuron, text, state) = (neuron.clone(), text.to_owned(), state.cloned());
        let read = move || peer(&neuron, &text, state.as_ref(), document.as_deref());
        // A task that panics affects only its own peer's entry.
        if let Ok(peer) = tokio::task::spawn_blocking(read).await {
            data.push(peer);
        }
    }
    let count = data.len();
    let answer = tokio::task::spawn_blocking(move || written(&subnet, gist_round, data)).await;
    Ok(answer.ok().flatten().map(|json| (json, count)))
}

fn written(subnet: &Subnet, gist_round: Option<Block>, data: Vec<Peer>) -> Option<String> {
    let answer = PeersMetadata {
        success: true,
        count: data.len(),
        block: subnet.at.block,
        block_time: subnet.at.time.to_string(),
        gist_round,
        data,
    };
    serde_json::to_string(&answer).ok()
}

/// The entry of one neuron.
fn peer(neuron: &Neuron, commit: &str, state: Option<&GistState>, document: Option<&[u8]>) -> Peer {
    let mut peer = Peer {
        uid: neuron.uid.to_string(),
        hotkey: neuron.hotkey.to_string(),
        commit: bounded(commit),
        submissions: Vec::new(),
        gist: None,
        fetched_block: state.and_then(|state| state.fetched_round),
        error: state.and_then(|state| state.error.as_deref()).map(bounded),
    };
    if let Some(document) = document {
        list(&mut peer, parse_submission_gist(document));
    } else if let Err(error) = commit.parse::<GistPointer>() {
        peer.error = Some(error.to_string());
    } else if peer.error.is_none() {
        peer.error = Some("the gist has not been read yet".to_owned());
    }
    peer
}

fn list(peer: &mut Peer, gist: SubmissionGist) {
    peer.gist = Some(match gist.kind {
        GistKind::Submissions => PeerGist::Submissions,
        GistKind::Tasks => PeerGist::Tasks,
        GistKind::Unreadable => PeerGist::Unreadable,
    });
    let (total, mut bytes) = (gist.pairs.len(), 0);
    for pair in gist.pairs {
        bytes += pair.content_id.len() + pair.task_id.len();
        if peer.submissions.len() == MAX_SUBMISSIONS || bytes > MAX_ID_BYTES {
            break;
        }
        peer.submissions.push(PeerSubmission { video_id: pair.content_id, task_id: pair.task_id });
    }
    let left_out = total - peer.submissions.len();
    if peer.error.is_none() {
        peer.error = if left_out > 0 {
            Some(format!("{left_out} more submissions are not shown"))
        } else {
            gist.problems.first().map(|problem| bounded(&problem.reason))
        };
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// The latest answer, kept while nothing changes.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The subnet's block and the round that it was made of.
    pub made_of: Option<(Option<Block>, Option<Block>)>,
    /// JSON.
    pub answer: Option<Bytes>,
}
