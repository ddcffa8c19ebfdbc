//! Broadcasting a signed extrinsic and waiting until it is final.
//!
//! Invariants: the bytes are broadcast at most once by a call; whatever happened after that, short of a refusal or
//! finality, is [`Submitted::Unknown`], never a guess: the caller asks the chain ([`Client::find_extrinsic`]) before it
//! sends anything again. `Err` means that nothing was broadcast.

use crate::client::Client;
use crate::connection::Connection;
use crate::errors::ChainError;
use crate::heads::number_of;
use crate::pool::PoolError;
use crate::runtime::Runtime;
use crate::storage::Slot;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use subxt::config::substrate::BlakeTwo256;
use subxt::config::{Hasher, SubstrateConfig};
use subxt::error::DispatchError;
use subxt::events::{Event, Phase};
use subxt::rpcs::client::RpcSubscription;
use subxt::rpcs::methods::legacy::TransactionStatus;
use subxt::utils::H256;
use tensorflix_domain::ids::Block;

/// What became of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// It is in a finalized block.
    Included(Inclusion),
    /// The node did not take it: it is not in the pool (except where the error says so).
    Refused(PoolError),
    /// Nobody can say yet: ask the chain before sending again.
    Unknown(Uncertainty),
}

/// Where an extrinsic was included, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The finalized block.
    pub block: Block,
    /// Its hash.
    pub block_hash: [u8; 32],
    /// Whether the call did what it says.
    pub outcome: Result<(), DispatchFailure>,
}

/// An included call that failed. [`DispatchFailure::remedy`] says what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchFailure {
    /// The pallet whose error it is; `None` for errors of no pallet.
    pub pallet: Option<String>,
    /// The error's name in the metadata.
    pub name: String,
}

impl fmt::Display for DispatchFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pallet {
            Some(pallet) => write!(formatter, "{pallet}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// Why a broadcast's fate is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Uncertainty {
    /// The caller's deadline passed.
    #[error("it was not final within the deadline")]
    Deadline,
    /// The connection was lost after the bytes may have left.
    #[error("the connection was lost while it was on its way")]
    ConnectionLost,
    /// The pool let go of it after it had taken it; other nodes may still have it.
    #[error("the pool let go of it: {0}")]
    LetGo(&'static str),
    /// It is final, but its outcome could not be read.
    #[error("it is final, but its outcome could not be read: {0}")]
    OutcomeUnread(ChainError),
}

type Watch = RpcSubscription<TransactionStatus<H256>>;

impl Client {
    /// Broadcasts signed bytes once and waits until they are final, `deadline` at most.
    ///
    /// # Errors
    /// Only when nothing was broadcast: there is no connection.
    pub async fn submit(&self, bytes: &[u8], deadline: Duration) -> Result<Submitted, ChainError> {
        let connection = self.connection().await?;
        let watching = async {
            match connection.methods.author_submit_and_watch_extrinsic(bytes).await {
                Ok(watch) => self.until_final(&connection, watch, bytes).await,
                Err(error) => refused_or_unknown(connection.failed("author_submitAndWatchExtrinsic", error)),
            }
        };
        let result = tokio::time::timeout(deadline, watching).await;
        Ok(result.unwrap_or(Submitted::Unknown(Uncertainty::Deadline)))
    }

    async fn until_final(&self, connection: &Arc<Connection>, mut watch: Watch, bytes: &[u8]) -> Submitted {
        loop {
            let status = match watch.next().await {
                Some(Ok(status)) => status,
                Some(Err(error)) => {
                    connection.failed("author_submitAndWatchExtrinsic", error);
                    return Submitted::Unknown(Uncertainty::ConnectionLost);
                }
                None => return Submitted::Unknown(Uncertainty::ConnectionLost),
            };
            match status {
                TransactionStatus::Finalized(block_hash) => {
                    return match self.inclusion(block_hash, BlakeTwo256.hash(bytes)).await {
                        Ok(Some(inclusion)) => Submitted::Included(inclusion),
                        Ok(None) => {
                            Submitted::Unknown(Uncertainty::LetGo("it is not in the block it was said to be in"))
                        }
                        Err(error) => Submitted::Unknown(Uncertainty::OutcomeUnread(error)),
                    };
                }
                TransactionStatus::FinalityTimeout(_) => return let_go("its block was not finalized"),
                TransactionStatus::Usurped(_) => return let_go("another one with its nonce took its place"),
                TransactionStatus::Dropped => return let_go("the pool is full"),
                TransactionStatus::Invalid => return let_go("it is no longer valid"),
                // On its way, or back on it after a fork.
                TransactionStatus::Future
                | TransactionStatus::Ready
                | TransactionStatus::Broadcast(_)
                | TransactionStatus::InBlock(_)
                | TransactionStatus::Retracted(_) => {}
            }
        }
    }

    /// Looks an extrinsic up in a finalized block; `None` if it is not there.
    pub(crate) async fn inclusion(&self, block_hash: H256, extrinsic: H256) -> Result<Option<Inclusion>, ChainError> {
        const METHOD: &str = "chain_getBlock";
        let connection = self.connection().await?;
        let block = connection
            .methods
            .chain_get_block(Some(block_hash))
            .await
            .map_err(|error| connection.failed(METHOD, error))?
            .ok_or_else(|| connection.lacks_block(METHOD, block_hash))?;
        let position = block.block.extrinsics.iter().position(|bytes| BlakeTwo256.hash(bytes) == extrinsic);
        let Some(index) = position.and_then(|position| u32::try_from(position).ok()) else { return Ok(None) };
        let number = number_of(&block.block.header)?;
        let runtime = self.runtime_of_events(block_hash, block.block.header.parent_hash).await?;
        let mut snapshot = self.snapshot_by(runtime, block_hash);
        let events = Slot::plain("System", "Events");
        snapshot.load([events.clone()]).await?;
        let outcome = outcome(snapshot.runtime(), snapshot.bytes(&events).unwrap_or_default(), index)?;
        Ok(Some(Inclusion { block: number, block_hash: block_hash.0, outcome }))
    }
}

fn let_go(why: &'static str) -> Submitted {
    Submitted::Unknown(Uncertainty::LetGo(why))
}

/// A node that answers has decided; any other failure may have come after it took the bytes.
fn refused_or_unknown(error: ChainError) -> Submitted {
    match error {
        ChainError::Refused { code, message, .. } => Submitted::Refused(PoolError::from_rpc(code, &message)),
        ChainError::Deadline { .. } => Submitted::Unknown(Uncertainty::Deadline),
        _ => Submitted::Unknown(Uncertainty::ConnectionLost),
    }
}

/// The outcome of extrinsic `index` by the events of its block.
fn outcome(runtime: &Runtime, events: &[u8], index: u32) -> Result<Result<(), DispatchFailure>, ChainError> {
    let undecodable = |detail: String| ChainError::Undecodable {
        what: "the events of a block".to_owned(),
        spec_version: runtime.spec_version,
        detail,
    };
    let events = runtime.codec.events().from_bytes(events.to_vec());
    for event in events.iter() {
        let event = event.map_err(|error| undecodable(error.to_string()))?;
        if event.phase() != Phase::ApplyExtrinsic(index) || event.pallet_name() != "System" {
            continue;
        }
        match event.event_name() {
            "ExtrinsicSuccess" => return Ok(Ok(())),
            "ExtrinsicFailed" => return Ok(Err(failure(runtime, &event).map_err(undecodable)?)),
            _ => {}
        }
    }
    Err(undecodable(format!("no event tells how extrinsic {index} ended")))
}

fn failure(runtime: &Runtime, event: &Event<'_, SubstrateConfig>) -> Result<DispatchFailure, String> {
    let error = DispatchError::decode_from(event.field_bytes(), runtime.codec.metadata());
    match error.map_err(|error| error.to_string())? {
        DispatchError::Module(module) => {
            let details = module.details().map_err(|error| error.to_string())?;
            Ok(DispatchFailure { pallet: Some(details.pallet.name().to_owned()), name: details.variant.name.clone() })
        }
        other => Ok(DispatchFailure { pallet: None, name: format!("{other:?}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tests::finney;
    use parity_scale_codec::{Compact, Encode};

    /// `System.ExtrinsicSuccess` and `System.ExtrinsicFailed` with an empty `DispatchEventInfo`.
    fn event(extrinsic: u32, variant: u8, fields: &[u8]) -> Vec<u8> {
        let phase = [vec![0_u8], extrinsic.encode()].concat();
        let info = [Compact(0_u64).encode(), Compact(0_u64).encode(), vec![0, 0]].concat();
        let topics = vec![0_u8];
        [phase, vec![0, variant], fields.to_vec(), info, topics].concat()
    }

    fn module_error(runtime: &Runtime, pallet: &str, name: &str) -> Vec<u8> {
        let pallet = runtime.metadata().pallet_by_name(pallet).expect("a pallet");
        let error = pallet.error_variants().expect("errors").iter().find(|error| error.name == name).expect("an error");
        vec![3, pallet.error_index(), error.index, 0, 0, 0]
    }

    #[test]
    fn outcomes_are_read_by_the_names_of_the_metadata() {
        let runtime = finney();
        let too_fast = module_error(&runtime, "SubtensorModule", "SettingWeightsTooFast");
        let events = [
            vec![3 << 2],
            event(0, 0, &[]),
            event(1, 1, &too_fast),
            // BadOrigin has no pallet.
            event(2, 1, &[2]),
        ]
        .concat();
        let name = |index| {
            let outcome = outcome(&runtime, &events, index).expect("decodable events");
            outcome.map_err(|failure| failure.to_string())
        };
        assert_eq!(name(0), Ok(()));
        assert_eq!(name(1), Err("SubtensorModule.SettingWeightsTooFast".to_owned()));
        assert_eq!(name(2), Err("BadOrigin".to_owned()));
    }

    #[test]
    fn an_extrinsic_without_an_event_has_no_outcome() {
        let runtime = finney();
        for events in [vec![], vec![0], vec![4, 1, 2, 3]] {
            assert!(matches!(outcome(&runtime, &events, 0), Err(ChainError::Undecodable { .. })), "{events:?}");
        }
    }

    #[test]
    fn only_an_answer_of_the_node_is_a_refusal() {
        let endpoint = String::new();
        let method = "author_submitAndWatchExtrinsic";
        let refused = ChainError::Refused {
            endpoint: endpoint.clone(),
            method,
            code: 1010,
            message: "Invalid Transaction: Transaction is outdated".to_owned(),
        };
        assert_eq!(refused_or_unknown(refused), Submitted::Refused(PoolError::Stale));
        let lost = ChainError::ConnectionLost { endpoint: endpoint.clone(), method, detail: String::new() };
        assert_eq!(refused_or_unknown(lost), Submitted::Unknown(Uncertainty::ConnectionLost));
        let late = ChainError::Deadline { endpoint, method, timeout_ms: 1 };
        assert_eq!(refused_or_unknown(late), Submitted::Unknown(Uncertainty::Deadline));
    }
}
