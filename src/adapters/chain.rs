//! The chain port over [`tensorflix_chain`]: one client, one wallet, one subnet.
//!
//! The first head that is read binds the store to the chain: a store that belongs to another chain or subnet is
//! refused before anything is read into it, and a store of none is bound only to a subnet that exists.

use super::pace::{Pace, Wait};
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tensorflix_actors::ports::{Chain, ChainError};
use tensorflix_chain::{Client, HotkeyWallet, Preflight, Submitted};
use tensorflix_domain::extrinsic::{Broadcast, Failure, Fate, SignedExtrinsic, SignedWeights};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::intent::WeightIntent;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::WeightEntry;
use tokio::sync::OnceCell;

/// Longest wait for a broadcast to become final: ten blocks. If the outcome is not known by then, the chain is asked later.
pub const FINALITY_DEADLINE: Duration = Duration::from_secs(120);

/// The validator's chain, and its signing wallet.
pub struct SubtensorChain {
    client: Client,
    wallet: Option<HotkeyWallet>,
    netuid: u16,
    version_key: u64,
    store: tensorflix_store::Store,
    bound: OnceCell<()>,
    /// Which heads are skipped; `None` if all are read.
    pace: Option<Mutex<Pace>>,
    started: Instant,
}

/// What [`SubtensorChain::new`] needs beside client and store.
pub struct ChainSettings {
    /// The subnet.
    pub netuid: u16,
    /// `weights.version_key`.
    pub version_key: u64,
    /// The wallet; without one nothing is signed.
    pub wallet: Option<HotkeyWallet>,
}

impl SubtensorChain {
    /// The chain that `client` reaches.
    pub fn new(settings: ChainSettings, client: Client, store: tensorflix_store::Store) -> Self {
        let ChainSettings { netuid, version_key, wallet } = settings;
        let (bound, started) = (OnceCell::new(), Instant::now());
        Self { client, wallet, netuid, version_key, store, bound, pace: None, started }
    }

    /// Skips heads at which nothing begins on any of `grids`, as [`Pace`] allows: for a process that follows the chain for a
    /// long time.
    #[must_use]
    pub fn passing_over_heads(mut self, grids: Vec<u32>) -> Self {
        self.pace = Some(Mutex::new(Pace::new(grids)));
        self
    }

    /// Connects, and checks that the store belongs to this chain and subnet.
    ///
    /// # Errors
    /// [`ChainError::Unusable`] if it belongs to another, if there is no such subnet, or if the endpoint serves another chain
    /// than its name says.
    pub async fn check(&self) -> Result<(), ChainError> {
        self.bound
            .get_or_try_init(|| async {
                let genesis = self.client.genesis_hash().await.map_err(port_error)?;
                let unusable = |error: tensorflix_store::StoreError| ChainError::Unusable(error.to_string());
                if !self.store.noted(self.store.is_bound().await).map_err(unusable)? {
                    let head = self.client.finalized_head().await.map_err(port_error)?;
                    self.client.check_subnet(&head, self.netuid).await.map_err(port_error)?;
                }
                self.store.noted(self.store.bind_chain(&genesis, self.netuid).await).map_err(unusable)
            })
            .await
            .copied()
    }

    /// The next head that is worth reading.
    async fn head_after(&self, after: Block) -> Result<Head, tensorflix_chain::ChainError> {
        let Some(pace) = &self.pace else { return self.client.next_head(after).await };
        let known = || pace.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = known().wait(after);
        let worth = match wait {
            Some(Wait { after, at_most }) => tokio::time::timeout(at_most, self.client.next_head(after)).await.ok(),
            None => None,
        };
        let head = match worth {
            Some(head) => head?,
            None => {
                if wait.is_some() {
                    known().forget();
                }
                self.client.next_head(after).await?
            }
        };
        known().note(head.stamp.block, self.started.elapsed());
        Ok(head)
    }

    fn wallet(&self) -> Result<&HotkeyWallet, ChainError> {
        self.wallet.as_ref().ok_or_else(|| ChainError::Unusable("no wallet to sign with".to_owned()))
    }
}

#[async_trait]
impl Chain for SubtensorChain {
    fn hotkey(&self) -> Option<Hotkey> {
        self.wallet.as_ref().map(HotkeyWallet::hotkey)
    }

    async fn next_head(&self, after: Option<Block>) -> Result<Head, ChainError> {
        self.check().await?;
        let head = match after {
            Some(after) => self.head_after(after).await,
            None => self.client.finalized_head().await,
        };
        head.map_err(port_error)
    }

    async fn subnet(&self, head: &Head) -> Result<Subnet, ChainError> {
        self.client.subnet(head, self.netuid).await.map_err(port_error)
    }

    async fn weights_of(&self, head: &Head, uid: Uid) -> Result<Vec<WeightEntry>, ChainError> {
        self.client.weights_row(head, self.netuid, uid).await.map_err(port_error)
    }

    async fn sign_weights(&self, head: &Head, entries: &[WeightEntry]) -> Result<SignedWeights, ChainError> {
        let signed = self.client.sign_weights(self.wallet()?, self.netuid, entries, self.version_key, head);
        signed.await.map_err(port_error)
    }

    async fn sign_reveal(&self, head: &Head, intent: &WeightIntent) -> Result<SignedExtrinsic, ChainError> {
        let Some(opening) = intent.reveal.and_then(|plan| plan.opening) else {
            return Err(ChainError::Unreachable("the chain reveals this commit by itself".to_owned()));
        };
        let signed = self.client.sign_reveal(self.wallet()?, self.netuid, &intent.entries, &opening, head);
        signed.await.map_err(port_error)
    }

    async fn validate(&self, extrinsic: &[u8]) -> Result<Option<Failure>, ChainError> {
        Ok(match self.client.validate(extrinsic).await.map_err(port_error)? {
            Preflight::Valid => None,
            Preflight::Refused(error) => Some(Failure::from(&error)),
        })
    }

    async fn submit(&self, extrinsic: &[u8]) -> Result<Broadcast, ChainError> {
        match self.client.submit(extrinsic, FINALITY_DEADLINE).await.map_err(port_error)? {
            Submitted::Included(inclusion) => Ok(Broadcast::Included(inclusion)),
            Submitted::Refused(error) => Ok(Broadcast::Refused(Failure::from(&error))),
            Submitted::Unknown(uncertainty) => Err(ChainError::Unreachable(uncertainty.to_string())),
        }
    }

    async fn find(&self, intent: &WeightIntent, head: &Head) -> Result<Fate, ChainError> {
        let signer = self.wallet()?.hotkey();
        let until = head.stamp.block.min(intent.valid_until);
        let (hash, nonce) = (intent.extrinsic_hash, intent.nonce);
        match self.client.find_extrinsic(hash, &signer, nonce, intent.signed_at.block, until).await {
            Ok(fate) => Ok(fate),
            // The node no longer keeps the state of that block. A nonce that is unused now was never used.
            Err(gone @ tensorflix_chain::ChainError::BlockUnavailable { .. }) => {
                let used = self.client.finalized_nonce(head, &signer).await.map_err(port_error)?;
                if used <= nonce { Ok(Fate::Open) } else { Err(port_error(gone)) }
            }
            Err(error) => Err(port_error(error)),
        }
    }
}

fn port_error(error: tensorflix_chain::ChainError) -> ChainError {
    if error.is_retryable() {
        ChainError::Unreachable(error.to_string())
    } else {
        ChainError::Unusable(error.to_string())
    }
}
