//! Finalized heads: the current one, and the next.
//!
//! Invariants: only finalized blocks are ever returned; gaps are not filled, a slow reader gets the newest; waiting is
//! bounded. If the subscription reports no newer block for [`Tolerances::silence`](crate::Tolerances::silence), whatever else
//! it reports, the node is asked directly; if it has no newer block, the other endpoints are asked, and one that has replaces
//! it. The same happens if the node's own finalized head goes back, or if a block that it reports does not exist.

use crate::client::Client;
use crate::connection::line::{Connection, Line};
use crate::connection::transport::Patience;
use crate::errors::ChainError;
use crate::head::BlockRef;
use crate::reading::following::Following;
use crate::reading::storage::Slot;
use std::sync::Arc;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Block;

/// Silences or lost connections that one wait tolerates; after that the chain or the node has stalled.
const MAX_SILENCES: u32 = 10;

/// The method that subscribes to heads.
const HEADS: &str = "chain_subscribeFinalizedHeads";

impl Client {
    /// The latest finalized block.
    ///
    /// # Errors
    /// See [`ChainError`]; losses are retryable.
    pub async fn finalized_head(&self) -> Result<Head, ChainError> {
        let (teller, told) = self.ask_whom("chain_getFinalizedHead", &finalized).await?;
        self.head_told_by(&teller, told).await
    }

    /// Waits for a finalized block newer than `after` and returns the newest known then.
    ///
    /// # Errors
    /// [`ChainError::Stalled`] when there is none for minutes; losses of the connection are survived as long as an
    /// endpoint answers.
    pub async fn next_head(&self, after: Block) -> Result<Head, ChainError> {
        let mut following = self.inner.following.lock().await;
        let mut endpoint = String::new();
        let (mut silences, silence) = (0, self.inner.settings.tolerances.silence);
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
            let newest = following.newest.filter(|newest| newest.number > after);
            let Some((connection, subscription)) = &mut following.subscription else { continue };
            let connection = Arc::clone(connection);
            if let Some(newest) = newest {
                let head = self.head_told_by(&connection, newest).await;
                if head.is_err() {
                    *following = Following::default();
                }
                return head;
            }
            endpoint.clone_from(&connection.endpoint);
            if self.leave_if_flooding(&connection).await {
                continue;
            }
            match tokio::time::timeout_at(connection.health.stands_since() + silence, subscription.next()).await {
                Ok(Some(Ok(header))) => following.note_header(&header),
                Ok(Some(Err(_)) | None) => {
                    silences += 1;
                    *following = Following::default();
                    self.lapse(&connection, "its subscription to finalized heads ended or sent an unreadable head")
                        .await;
                }
                Err(_) => {
                    silences += 1;
                    self.look_into_silence(&mut following, &connection, after).await;
                }
            }
        }
        let waited_secs = silence.as_secs() * u64::from(MAX_SILENCES);
        Err(ChainError::Stalled { endpoint, after, waited_secs })
    }

    /// Subscribes, then asks for the current head, so that none falls between.
    async fn follow(&self, following: &mut Following) -> Result<(), ChainError> {
        let question = |line: Line| async move {
            let subscription = line.methods.chain_subscribe_finalized_heads().await;
            let subscription = subscription.map_err(|error| line.failed(HEADS, error))?;
            Ok((subscription, finalized(line).await?))
        };
        let (connection, (subscription, told)) = self.ask_whom(HEADS, &question).await?;
        *following = Following { subscription: Some((connection, subscription)), newest: Some(told) };
        Ok(())
    }

    /// Asks the node directly why it reports nothing newer.
    async fn look_into_silence(&self, following: &mut Following, connection: &Arc<Connection>, after: Block) {
        connection.health.looked_into();
        let known = following.newest.map_or(after, |newest| newest.number);
        match finalized(connection.line(Patience::Brief)).await {
            Ok(told) if told.number > known => {
                following.note(told);
                // The node advances without reporting it.
                if self.lapse(connection, "its subscription does not report the finalized blocks that it has").await {
                    *following = Following::default();
                } else {
                    following.subscription = None;
                }
            }
            Ok(told) => {
                let trouble = format!("it has stalled at block {} while another endpoint advances", told.number);
                if self.leave_for_another(connection, &trouble, |head| head > told.number).await {
                    self.links().await.note_stalled(connection.index, told.number);
                    *following = Following::default();
                }
            }
            Err(error) => {
                self.leave_for_another(connection, &error.to_string(), |_| true).await;
                *following = Following::default();
            }
        }
    }

    /// Counts a failure that any endpoint's subscription may have now and then. Returns whether the endpoint was left because of
    /// several in a row.
    async fn lapse(&self, connection: &Arc<Connection>, reason: &str) -> bool {
        connection.health.lapsed(HEADS) && self.leave_for_another(connection, reason, |_| true).await
    }

    /// Completes a block that `teller` reported. If no endpoint has it, `teller` is left.
    async fn head_told_by(&self, teller: &Arc<Connection>, told: BlockRef) -> Result<Head, ChainError> {
        match self.head(told).await {
            Ok(head) => {
                self.links().await.note_told(teller, told.number);
                Ok(head)
            }
            Err(error) => {
                if matches!(error, ChainError::BlockUnavailable { .. } | ChainError::Misanswered { .. }) {
                    let reason = format!("it reported block {} as final, but {error}", told.number);
                    self.leave_for_another(teller, &reason, |_| true).await;
                }
                Err(error)
            }
        }
    }

    /// Completes a block with its time.
    pub(crate) async fn head(&self, block: BlockRef) -> Result<Head, ChainError> {
        let mut snapshot = self.snapshot(block).await?;
        let now = Slot::plain("Timestamp", "Now");
        snapshot.load([now.clone()]).await?;
        let unix_ms: i64 = snapshot.require(&now)?;
        Ok(Head { stamp: BlockStamp { block: block.number, time: Moment::from_unix_ms(unix_ms) }, hash: block.hash.0 })
    }
}

/// The finalized head of a node, which never goes back.
async fn finalized(line: Line) -> Result<BlockRef, ChainError> {
    const METHOD: &str = "chain_getFinalizedHead";
    let known = line.health.newest();
    let hash = line.methods.chain_get_finalized_head().await.map_err(|error| line.failed(METHOD, error))?;
    let number = line.header(hash).await?.1;
    if let Some(known) = known.filter(|known| number < *known) {
        return Err(line.misanswered(METHOD, format!("its finalized head went back from block {known} to {number}")));
    }
    line.health.head_told(number);
    Ok(BlockRef { number, hash })
}
