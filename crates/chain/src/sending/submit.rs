//! Broadcasting a signed extrinsic and waiting until it is final.
//!
//! Invariants: the bytes are broadcast at most once by a call; whatever happened after that, short of a refusal or
//! finality, is [`Submitted::Unknown`], never a guess: the caller asks the chain ([`Client::find_extrinsic`]) before it
//! sends anything again. `Err` means that nothing was broadcast. Nothing is broadcast through a second endpoint here; but
//! the caller's next request goes to another endpoint than the one that rejected it or did not answer.
//!
//! A refusal that would be final is accepted only if no other endpoint would take the bytes. An error that is not one of a
//! pool's is not a refusal.

use crate::client::Client;
use crate::connection::line::{Connection, Line};
use crate::errors::ChainError;
use crate::head::{BlockRef, checked};
use crate::reading::runtime::Runtime;
use crate::reading::storage::Slot;
use crate::sending::pool::{self, PoolError, Preflight, preflight};
use crate::sending::remedy::DispatchFailure;
use std::sync::Arc;
use std::time::Duration;
use subxt::config::substrate::BlakeTwo256;
use subxt::config::{Hasher, SubstrateConfig};
use subxt::error::DispatchError;
use subxt::events::{Event, Phase};
use subxt::rpcs::client::RpcSubscription;
use subxt::rpcs::methods::legacy::TransactionStatus;
use subxt::utils::H256;
use tensorflix_domain::extrinsic::{Inclusion, Remedy};

/// The outcome of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// It is in a finalized block.
    Included(Inclusion),
    /// The node did not take it: it is not in the pool (except where the error says so).
    Refused(PoolError),
    /// Not known yet: ask the chain before sending again.
    Unknown(Uncertainty),
}

/// Why a broadcast's fate is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Uncertainty {
    /// The caller's deadline passed.
    #[error("it was not final within the deadline")]
    Deadline,
    /// The connection was lost after the bytes may have left.
    #[error("the connection was lost during the broadcast")]
    ConnectionLost,
    /// The node failed while it had the bytes; its error is not a decision.
    #[error("the node failed while processing it: {0}")]
    NodeFailed(ChainError),
    /// One node refuses it, another does not.
    #[error("one node rejects it ({0}), another does not")]
    Disputed(PoolError),
    /// The pool accepted it and then dropped it; other nodes may still have it.
    #[error("the pool dropped it: {0}")]
    LetGo(&'static str),
    /// It is final, but its outcome could not be read.
    #[error("it is final, but its outcome could not be read: {0}")]
    OutcomeUnread(ChainError),
}

type Watch = RpcSubscription<TransactionStatus<H256>>;

/// What an extrinsic is broadcast by.
const METHOD: &str = "author_submitAndWatchExtrinsic";

/// Silences of the watched extrinsic, each as long as one of the finalized heads, after which nothing more is expected.
const MOST_SILENCES: u32 = 3;

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
                Err(error) => refused_or_unknown(connection.failed(METHOD, error)),
            }
        };
        let submitted = tokio::time::timeout(deadline, watching).await;
        let submitted = submitted.unwrap_or(Submitted::Unknown(Uncertainty::Deadline));
        match &submitted {
            Submitted::Included(_) => self.note_taken().await,
            Submitted::Refused(refusal) if self.is_disputed(&connection, bytes, refusal).await => {
                return Ok(Submitted::Unknown(Uncertainty::Disputed(refusal.clone())));
            }
            Submitted::Refused(_) | Submitted::Unknown(_) => self.turn_away(&connection).await,
        }
        Ok(submitted)
    }

    /// Whether another endpoint contradicts a refusal that would be final. One that passes is left to the caller, who tries
    /// again elsewhere.
    async fn is_disputed(&self, connection: &Arc<Connection>, bytes: &[u8], refusal: &PoolError) -> bool {
        if matches!(refusal.remedy(), Remedy::Wait | Remedy::ReadAgain) {
            return false;
        }
        let failure = connection.misanswered(METHOD, format!("a refusal: {refusal}"));
        let differs = |verdict: &Preflight| !matches!(verdict, Preflight::Refused(other) if other == refusal);
        self.elsewhere(connection, METHOD, &failure, &|line| preflight(line, bytes), differs).await.is_some()
    }

    async fn until_final(&self, connection: &Arc<Connection>, mut watch: Watch, bytes: &[u8]) -> Submitted {
        loop {
            let status = match tokio::time::timeout(
                self.inner.settings.tolerances.silence * MOST_SILENCES,
                watch.next(),
            )
            .await
            {
                Ok(Some(Ok(status))) => status,
                Ok(Some(Err(error))) => return refused_or_unknown(connection.failed(METHOD, error)),
                Ok(None) => return Submitted::Unknown(Uncertainty::ConnectionLost),
                Err(_) => return Submitted::Unknown(Uncertainty::Deadline),
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

    /// Searches a finalized block for an extrinsic; `None` if no endpoint shows it there.
    pub(crate) async fn inclusion(&self, block_hash: H256, extrinsic: H256) -> Result<Option<Inclusion>, ChainError> {
        const METHOD: &str = "chain_getBlock";
        let question = |line| place_of(line, block_hash, extrinsic);
        let (connection, mut place) = self.ask_whom(METHOD, &question).await?;
        if place.index.is_none() {
            // That it is not there is the end of it, so one word is not enough.
            let failure = connection.misanswered(METHOD, "it leaves out an extrinsic");
            let shown = |place: &Place| place.index.is_some();
            if let Some((_, found)) = self.elsewhere(&connection, METHOD, &failure, &question, shown).await {
                place = found;
            }
        }
        let Some(index) = place.index else { return Ok(None) };
        let runtime = self.runtime_of_events(place.block, place.parent).await?;
        let mut snapshot = self.snapshot_by(runtime, place.block);
        let events = Slot::plain("System", "Events");
        snapshot.load([events.clone()]).await?;
        let outcome = outcome(snapshot.runtime(), snapshot.bytes(&events).unwrap_or_default(), index)?;
        let failure = outcome.err().map(Into::into);
        Ok(Some(Inclusion { block: place.block.number, block_hash: block_hash.0, failure }))
    }
}

/// A block that was searched for an extrinsic.
struct Place {
    block: BlockRef,
    parent: H256,
    /// The extrinsic's place in the block, if it is there.
    index: Option<u32>,
}

async fn place_of(line: Line, hash: H256, extrinsic: H256) -> Result<Place, ChainError> {
    const METHOD: &str = "chain_getBlock";
    let block = line.methods.chain_get_block(Some(hash)).await.map_err(|error| line.failed(METHOD, error))?;
    let block = block.ok_or_else(|| line.lacks_block(METHOD, hash))?.block;
    let number = checked(&block.header, hash).map_err(|detail| line.misanswered(METHOD, detail))?;
    // Every block has at least the extrinsic that sets its time.
    if block.extrinsics.is_empty() && number > 0 {
        return Err(line.misanswered(METHOD, "a block without extrinsics"));
    }
    let index = block.extrinsics.iter().position(|bytes| BlakeTwo256.hash(bytes) == extrinsic);
    let index = index.and_then(|index| u32::try_from(index).ok());
    Ok(Place { block: BlockRef { number, hash }, parent: block.header.parent_hash, index })
}

fn let_go(why: &'static str) -> Submitted {
    Submitted::Unknown(Uncertainty::LetGo(why))
}

/// A pool that answers has decided; any other failure may have come after the node took the bytes.
fn refused_or_unknown(error: ChainError) -> Submitted {
    match error {
        ChainError::Refused { code, message, .. } if pool::is_word_of_pool(code) => {
            Submitted::Refused(PoolError::from_rpc(code, &message))
        }
        error @ (ChainError::Refused { .. } | ChainError::BlockUnavailable { .. } | ChainError::Misanswered { .. }) => {
            Submitted::Unknown(Uncertainty::NodeFailed(error))
        }
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
    Err(undecodable(format!("no event shows the outcome of extrinsic {index}")))
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
    use crate::reading::runtime::tests::finney;
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
        let failed = ChainError::Refused {
            endpoint: endpoint.clone(),
            method,
            code: -32603,
            message: "Internal error".to_owned(),
        };
        assert_eq!(refused_or_unknown(failed.clone()), Submitted::Unknown(Uncertainty::NodeFailed(failed)));
        let late = ChainError::Deadline { endpoint, method, timeout_ms: 1 };
        assert_eq!(refused_or_unknown(late), Submitted::Unknown(Uncertainty::Deadline));
    }
}
