//! The chain syncer: every peer of the subnet with what it committed and what its gist lists.
//!
//! One task builds the answer when the subnet or the round of gists changes; requests get the latest one. If it cannot be built,
//! the previous answer is kept, and the task retries.

use super::peers;
use super::peers::{Kept, Peer, PeerGist, PeerSubmission, PeersMetadata};
use crate::api::front;
use crate::api::front::{Front, read_only};
use crate::api::guard::refusal::{Detail, Refusal};
use crate::api::watch::health::HealthReport;
use crate::api::watch::vitals::Vitals;
use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tensorflix_actors::ports::Clock;
use tensorflix_store::Store;
use utoipa::OpenApi;

/// Pause between checks for changes.
const PERIOD: Duration = Duration::from_secs(1);
/// `Retry-After` while there is no answer yet: the time of a block.
const NEXT_BLOCK: Duration = Duration::from_secs(12);

/// What the service publishes of itself.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "TensorFlix chain syncer",
        description = "Every peer of the subnet with its commitment on chain and what its gist lists."
    ),
    paths(get_all_peers_metadata, front::health, front::metrics, front::openapi),
    components(schemas(PeersMetadata, Peer, PeerGist, PeerSubmission, HealthReport, Detail))
)]
pub struct Document;

/// The answer that is served.
#[derive(Debug, Default)]
pub struct Peers(RwLock<Kept>);

impl Peers {
    /// Builds the answer now, and again whenever the subnet or the round changes, as long as this value exists.
    pub async fn start(store: Store, vitals: Arc<Vitals>, clock: Arc<dyn Clock>) -> Data<Self> {
        let peers = Arc::new(Self::default());
        peers.renew(&store, &vitals).await;
        let kept_up = Arc::downgrade(&peers);
        actix_rt::spawn(async move {
            while let Some(peers) = kept_up.upgrade() {
                peers.renew(&store, &vitals).await;
                drop(peers);
                clock.sleep(PERIOD).await;
            }
        });
        Data::from(peers)
    }

    async fn renew(&self, store: &Store, vitals: &Vitals) {
        let reading = vitals.reading();
        let made_of = Some((reading.subnet_block, reading.gist_round));
        if self.kept().made_of == made_of {
            return;
        }
        match store.noted(peers::read_counted(store).await) {
            Ok(Some((json, count))) => {
                vitals.note_peers(count);
                tracing::debug!(bytes = json.len(), "rebuilt the peers' metadata");
                self.keep(Kept { made_of, answer: Some(Bytes::from(json)) });
            }
            // The validator has just started; the previous answer is kept until it has read the chain.
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "cannot read the peers' metadata; serving the previous ones"),
        }
    }

    fn kept(&self) -> Kept {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, kept: Kept) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}

/// Registers its paths.
pub fn configure(peers: &Data<Peers>) -> impl Fn(&mut ServiceConfig) + Send + Clone + 'static {
    let peers = peers.clone();
    move |config| {
        config.app_data(peers.clone()).service(read_only("/get_all_peers_metadata", web::to(get_all_peers_metadata)));
    }
}

/// Every peer that committed something, with what its gist lists.
///
/// # Errors
/// [`Refusal`] until the chain has been read.
#[utoipa::path(get, path = "/get_all_peers_metadata", responses(
    (status = 200, description = "the peers, by UID", body = PeersMetadata),
    (status = 400, description = "a body, or no Host that could be one", body = Detail),
    (status = 421, description = "sent to a host name that is not served here", body = Detail),
    (status = 429, description = "too many requests from this address", body = Detail),
    (status = 503, description = "the chain has not been read yet: try again after Retry-After", body = Detail),
))]
pub async fn get_all_peers_metadata(peers: Data<Peers>, front: Data<Front>) -> Result<HttpResponse, Refusal> {
    match peers.kept().answer {
        Some(json) => Ok(HttpResponse::Ok().content_type("application/json").body(json)),
        None => {
            let secs = front.vitals.uptime().as_secs();
            let text = format!("the subnet has not been read from the chain in the {secs} s since the start");
            Err(Refusal::unavailable(text, NEXT_BLOCK))
        }
    }
}
