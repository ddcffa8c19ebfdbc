//! Finalized heads: the current one, and the next.
//!
//! Invariants: only finalized blocks are ever returned; gaps are not filled, a slow reader gets the newest; waiting is
//! bounded. Where the subscription is silent for [`Tolerances::silence`](crate::Tolerances::silence), the node is asked
//! outright, since a subscription can die without a word; if it knows nothing newer, the other endpoints are asked, and one
//! that does takes its place.

use crate::client::Client;
use crate::connection::Connection;
use crate::errors::ChainError;
use crate::storage::Slot;
use futures::FutureExt;
use parity_scale_codec::Encode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use subxt::config::substrate::{BlakeTwo256, SubstrateHeader};
use subxt::config::{Hasher, Header};
use subxt::rpcs::client::RpcSubscription;
use subxt::utils::H256;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::ids::Block;

/// How many silences or losses one wait puts up with: then the chain or the node stands still.
const MAX_SILENCES: u32 = 10;

type ChainHeader = SubstrateHeader<H256>;

/// A finalized block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub block: Block,
    /// Its hash.
    pub hash: [u8; 32],
    /// `Timestamp.Now` at it.
    pub time: Moment,
}

impl Head {
    /// Number and time, as the rules use them.
    pub const fn stamp(&self) -> BlockStamp {
        BlockStamp { block: self.block, time: self.time }
    }
}

/// The subscription to finalized heads, kept between calls.
#[derive(Default)]
pub(crate) struct Following {
    subscription: Option<(Arc<Connection>, RpcSubscription<ChainHeader>)>,
    newest: Option<(Block, H256)>,
}

impl Following {
    fn note(&mut self, block: Block, hash: H256) {
        if self.newest.is_none_or(|(newest, _)| block > newest) {
            self.newest = Some((block, hash));
        }
    }

    /// Takes what has already arrived; a subscription that ended is forgotten, with what it told.
    fn drain(&mut self) {
        while let Some((_, subscription)) = &mut self.subscription {
            match subscription.next().now_or_never() {
                None => return,
                Some(Some(Ok(header))) => self.note_header(&header),
                Some(Some(Err(_)) | None) => *self = Self::default(),
            }
        }
    }

    fn note_header(&mut self, header: &ChainHeader) {
        // A block number above u32 does not exist on this chain; such a header is no header of it.
        if let Ok(block) = number_of(header) {
            self.note(block, BlakeTwo256.hash(&header.encode()));
        }
    }
}

impl Client {
    /// The latest finalized block.
    ///
    /// # Errors
    /// See [`ChainError`]; losses are retryable.
    pub async fn finalized_head(&self) -> Result<Head, ChainError> {
        let connection = self.connection().await?;
        let (block, hash) = ask_finalized(&connection).await?;
        self.head(block, hash).await
    }

    /// Waits for a finalized block newer than `after` and returns the newest known then.
    ///
    /// # Errors
    /// [`ChainError::Stalled`] when there is none for minutes; losses of the connection are survived as long as an
    /// endpoint answers.
    pub async fn next_head(&self, after: Block) -> Result<Head, ChainError> {
        let mut following = self.inner.following.lock().await;
        let mut endpoint = String::new();
        let (mut silences, silence) = (0, self.inner.tolerances.silence);
        while silences < MAX_SILENCES {
            following.drain();
            if let Some((connection, _)) = &following.subscription
                && !self.is_current(connection).await
            {
                following.subscription = None;
            }
            if following.subscription.is_none() {
                self.follow(&mut following).await?;
            }
            if let Some((block, hash)) = following.newest.filter(|(block, _)| *block > after) {
                drop(following);
                return self.head(block, hash).await;
            }
            let Some((connection, subscription)) = &mut following.subscription else { continue };
            let connection = connection.clone();
            endpoint.clone_from(&connection.endpoint);
            match tokio::time::timeout(silence, subscription.next()).await {
                Ok(Some(Ok(header))) => following.note_header(&header),
                Ok(Some(Err(_)) | None) => {
                    silences += 1;
                    *following = Following::default();
                }
                Err(_) => {
                    silences += 1;
                    match ask_finalized(&connection).await {
                        Ok((block, hash)) => {
                            following.note(block, hash);
                            if block <= after {
                                self.leave_if_stalled(&connection, block).await;
                            }
                        }
                        Err(error) if error.is_retryable() => *following = Following::default(),
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        let waited_secs = silence.as_secs() * u64::from(MAX_SILENCES);
        Err(ChainError::Stalled { endpoint, after, waited_secs })
    }

    /// Subscribes, then asks for the current head, so that none falls between.
    async fn follow(&self, following: &mut Following) -> Result<(), ChainError> {
        let connection = self.connection().await?;
        let subscription = connection
            .methods
            .chain_subscribe_finalized_heads()
            .await
            .map_err(|error| connection.failed("chain_subscribeFinalizedHeads", error))?;
        let (block, hash) = ask_finalized(&connection).await?;
        *following = Following { subscription: Some((connection, subscription)), newest: Some((block, hash)) };
        Ok(())
    }

    /// Completes a block with its time.
    pub(crate) async fn head(&self, block: Block, hash: H256) -> Result<Head, ChainError> {
        self.inner.newest_block.fetch_max(block, Ordering::Relaxed);
        let mut snapshot = self.snapshot(hash).await?;
        let now = Slot::plain("Timestamp", "Now");
        snapshot.load([now.clone()]).await?;
        let unix_ms: i64 = snapshot.require(&now)?;
        Ok(Head { block, hash: hash.0, time: Moment::from_unix_ms(unix_ms) })
    }
}

async fn ask_finalized(connection: &Connection) -> Result<(Block, H256), ChainError> {
    const METHOD: &str = "chain_getHeader";
    let methods = &connection.methods;
    let hash =
        methods.chain_get_finalized_head().await.map_err(|error| connection.failed("chain_getFinalizedHead", error))?;
    let header = methods
        .chain_get_header(Some(hash))
        .await
        .map_err(|error| connection.failed(METHOD, error))?
        .ok_or_else(|| connection.lacks_block(METHOD, hash))?;
    Ok((number_of(&header)?, hash))
}

/// The number of a block, by its header.
pub(crate) fn number_of(header: &ChainHeader) -> Result<Block, ChainError> {
    Block::try_from(header.number()).map_err(|error| ChainError::Undecodable {
        what: "a block number".to_owned(),
        spec_version: 0,
        detail: error.to_string(),
    })
}
