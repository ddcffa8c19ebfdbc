//! The chain port over [`tensorflix_chain`]: one client, one wallet, one subnet.
//!
//! The first head that is read binds the store to the chain: a store that belongs to another chain or subnet is
//! refused before anything is read into it.

use async_trait::async_trait;
use std::time::Duration;
use tensorflix_actors::ports::{Chain, ChainError, Failure, Fate, Inclusion, Remedy, SignedExtrinsic};
use tensorflix_chain::{Client, HotkeyWallet, PoolError, Preflight, Sighting, Submitted};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::record::{Head, WeightIntent};
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::WeightEntry;
use tokio::sync::OnceCell;

/// Longest wait for a broadcast to become final: ten blocks. What is not known by then is asked of the chain later.
pub const FINALITY_DEADLINE: Duration = Duration::from_secs(120);

/// Where the validator's chain is, and who signs.
pub struct SubtensorChain {
    client: Client,
    wallet: Option<HotkeyWallet>,
    netuid: u16,
    version_key: u64,
    store: tensorflix_store::Store,
    bound: OnceCell<()>,
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
        Self { client, wallet, netuid, version_key, store, bound: OnceCell::new() }
    }

    /// Connects, and makes sure that the store belongs to this chain and subnet.
    ///
    /// # Errors
    /// [`ChainError::Unusable`] if it belongs to another, or the endpoint serves another chain than its name says.
    pub async fn check(&self) -> Result<(), ChainError> {
        self.bound
            .get_or_try_init(|| async {
                let genesis = self.client.genesis_hash().await.map_err(port_error)?;
                let bound = self.store.bind_chain(&genesis, self.netuid).await;
                bound.map_err(|error| ChainError::Unusable(error.to_string()))
            })
            .await
            .copied()
    }

    fn wallet(&self) -> Result<&HotkeyWallet, ChainError> {
        self.wallet.as_ref().ok_or_else(|| ChainError::Unusable("there is no wallet to sign with".to_owned()))
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
            Some(after) => self.client.next_head(after).await,
            None => self.client.finalized_head().await,
        };
        head.map(|head| Head { stamp: BlockStamp { block: head.block, time: head.time }, hash: head.hash })
            .map_err(port_error)
    }

    async fn subnet(&self, head: &Head) -> Result<Subnet, ChainError> {
        self.client.subnet(&chain_head(head), self.netuid).await.map_err(port_error)
    }

    async fn weights_of(&self, head: &Head, uid: Uid) -> Result<Vec<WeightEntry>, ChainError> {
        self.client.weights_row(&chain_head(head), self.netuid, uid).await.map_err(port_error)
    }

    async fn sign_weights(&self, head: &Head, entries: &[WeightEntry]) -> Result<SignedExtrinsic, ChainError> {
        let signed = self
            .client
            .sign_weights(self.wallet()?, self.netuid, entries, self.version_key, &chain_head(head))
            .await
            .map_err(port_error)?;
        let tensorflix_chain::SignedWeights { extrinsic, reveal } = signed;
        let (bytes, hash, nonce) = (extrinsic.bytes, extrinsic.hash, extrinsic.nonce);
        Ok(SignedExtrinsic { bytes, hash, nonce, valid_until: extrinsic.valid_until_block, reveal })
    }

    async fn sign_reveal(&self, head: &Head, intent: &WeightIntent) -> Result<SignedExtrinsic, ChainError> {
        let Some(opening) = intent.reveal.and_then(|plan| plan.opening) else {
            return Err(ChainError::Unreachable("the commit is one that the chain reveals by itself".to_owned()));
        };
        let (wallet, head) = (self.wallet()?, chain_head(head));
        let signed = self.client.sign_reveal(wallet, self.netuid, &intent.entries, &opening, &head);
        let extrinsic = signed.await.map_err(port_error)?;
        let (bytes, hash, nonce) = (extrinsic.bytes, extrinsic.hash, extrinsic.nonce);
        Ok(SignedExtrinsic { bytes, hash, nonce, valid_until: extrinsic.valid_until_block, reveal: None })
    }

    async fn validate(&self, extrinsic: &[u8]) -> Result<Option<Failure>, ChainError> {
        Ok(match self.client.validate(extrinsic).await.map_err(port_error)? {
            Preflight::Valid => None,
            Preflight::Refused(error) => Some(refusal(&error)),
        })
    }

    async fn submit(&self, extrinsic: &[u8]) -> Result<Inclusion, ChainError> {
        match self.client.submit(extrinsic, FINALITY_DEADLINE).await.map_err(port_error)? {
            Submitted::Included(inclusion) => Ok(finalized(&inclusion)),
            Submitted::Refused(error) => Ok(Inclusion::Refused(refusal(&error))),
            Submitted::Unknown(uncertainty) => Err(ChainError::Unreachable(uncertainty.to_string())),
        }
    }

    async fn find(&self, intent: &WeightIntent, head: &Head) -> Result<Fate, ChainError> {
        let signer = self.wallet()?.hotkey();
        let until = head.stamp.block.min(intent.valid_until);
        let found = self
            .client
            .find_extrinsic(intent.extrinsic_hash, &signer, intent.nonce, intent.signed_at.block, until)
            .await
            .map_err(port_error)?;
        Ok(match found {
            Sighting::Included(inclusion) => Fate::Included(finalized(&inclusion)),
            Sighting::NonceTaken { .. } => Fate::Superseded,
            Sighting::NotIncluded => Fate::Open,
        })
    }
}

fn chain_head(head: &Head) -> tensorflix_chain::Head {
    tensorflix_chain::Head { block: head.stamp.block, hash: head.hash, time: head.stamp.time }
}

fn finalized(inclusion: &tensorflix_chain::Inclusion) -> Inclusion {
    let failure = inclusion
        .outcome
        .as_ref()
        .err()
        .map(|failure| Failure { error: failure.to_string(), remedy: remedy(failure.remedy()) });
    Inclusion::Finalized { block: inclusion.block, failure }
}

fn refusal(error: &PoolError) -> Failure {
    Failure { error: error.to_string(), remedy: remedy(error.remedy()) }
}

const fn remedy(remedy: tensorflix_chain::Remedy) -> Remedy {
    use tensorflix_chain::Remedy as Named;
    match remedy {
        Named::Wait => Remedy::Wait,
        Named::ReadAgain => Remedy::ReadAgain,
        Named::NextEpoch => Remedy::NextEpoch,
        Named::AlertOperator => Remedy::AlertOperator,
        // Vectors are padded before they are signed, so one that is too short is a mistake of ours.
        Named::Pad | Named::OurBug => Remedy::OurBug,
    }
}

fn port_error(error: tensorflix_chain::ChainError) -> ChainError {
    if error.is_retryable() {
        ChainError::Unreachable(error.to_string())
    } else {
        ChainError::Unusable(error.to_string())
    }
}
