//! A chain node on loopback that speaks the Substrate JSON-RPC with mainnet's metadata, or one derived from it.
//!
//! It keeps one subnet's storage under real keys and with real encodings, verifies signatures, eras and nonces, and
//! executes `Commitments.set_commitment`, `SubtensorModule.set_weights`, `commit_timelocked_weights`, `commit_weights` and
//! `reveal_weights` by the chain's own rules and errors, so that a client cannot tell it from the real chain. What was
//! timelocked it opens by itself, with the signatures of a beacon of its own. Blocks are made when an extrinsic waits, at
//! a pace, or on demand.
//!
//! What it deliberately does not do: networking with other nodes, proofs, emission, fees, root stake, children, and
//! any call besides those (`System.remark` succeeds, everything else is refused as filtered).
//!
//! Limits, all constants: retained state and headers (`tree.rs`), pool (`pool.rs`), connections and messages
//! (`connections.rs`), records (`records.rs`).

mod blocks;
mod calls;
mod epochs;
mod error;
mod handle;
mod header;
mod hexadecimal;
mod rpc;
mod runtime;
mod seeding;
mod serving;
mod shared;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::server::{ServerHandle, stop_channel};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

pub use blocks::pool::{BAN_BLOCKS, MAX_POOL_EXTRINSICS};
pub use blocks::records::{SubmissionRecord, SubmittedArguments};
pub use blocks::tree::{HEADER_RETENTION_BLOCKS, MAX_UNFINALIZED_BLOCKS, STATE_RETENTION_BLOCKS};
pub use calls::events::DispatchError;
pub use calls::validity::{InvalidTransaction, PoolRejection};
pub use error::NodeError;
pub use handle::{BlockId, NodeHandle, StoredCommitment};
pub use header::Hash;
pub use runtime::releases::{FOREIGN_EXTENSION, INSERTED_DATA_VARIANT, Release};
pub use serving::connections::Door;
pub use serving::endpoint::Disguise;
pub use serving::endpoints::NodeEndpoint;
pub use serving::fault_handle::NodeFaults;
pub use serving::faults::{MethodFault, Times};
pub use state::genesis::{AccountId, Genesis, GenesisCommitment, GenesisNeuron, Hyperparameters, ValidatorAtWork};

use self::serving::endpoint::Endpoint;
use self::serving::endpoints::serve;
use self::shared::Shared;
use crate::clock::SandboxClock;

/// When blocks are made, besides on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Only when an extrinsic is ready, and then at once.
    Hold,
    /// One block per interval, whether or not extrinsics wait.
    Every(Duration),
}

/// A running node. Dropping it stops it without waiting.
pub struct Node {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: ServerHandle,
    tasks: Vec<JoinHandle<()>>,
}

impl Node {
    /// Starts a node with mainnet's runtime at the clock's block, on a free port of 127.0.0.1.
    pub async fn start(genesis: Genesis, clock: SandboxClock, pace: Pace) -> Result<Self, NodeError> {
        Self::start_with(Release::default(), genesis, clock, pace).await
    }

    /// Starts a node that runs `release`.
    pub async fn start_with(
        release: Release,
        genesis: Genesis,
        clock: SandboxClock,
        pace: Pace,
    ) -> Result<Self, NodeError> {
        let shared = Arc::new(Shared::new(release, &genesis, clock)?);
        let (stop, server) = stop_channel();
        let (address, serving) = serve(&Arc::new(Endpoint::main(shared.clone())), stop).await?;
        let tasks = vec![tokio::spawn(serving), tokio::spawn(make_blocks(shared.clone(), pace))];
        Ok(Self { shared, address, server, tasks })
    }

    /// Where clients connect to, such as `ws://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The control of this node.
    pub fn handle(&self) -> NodeHandle {
        NodeHandle::new(self.shared.clone())
    }

    /// Stops the node and waits until its tasks have ended. Open connections are cut.
    pub async fn stop(mut self) {
        self.halt();
        for task in std::mem::take(&mut self.tasks) {
            // Cancelled is how they end.
            let _ = task.await;
        }
    }

    fn halt(&self) {
        // Already stopped is as good.
        let _ = self.server.stop();
        self.shared.faults().clear();
        self.shared.connections().cut_all();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Makes blocks at the node's pace, for ever.
async fn make_blocks(shared: Arc<Shared>, pace: Pace) {
    match pace {
        Pace::Hold => loop {
            shared.work.notified().await;
            let mut ledger = shared.ledger();
            while ledger.has_ready_extrinsics() {
                ledger.produce();
            }
        },
        Pace::Every(time) => {
            let mut ticks = tokio::time::interval(time);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // The first tick is at once; the first block exists already.
            ticks.tick().await;
            loop {
                ticks.tick().await;
                shared.ledger().produce();
            }
        }
    }
}
