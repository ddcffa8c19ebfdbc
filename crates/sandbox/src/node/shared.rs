//! What the RPC methods, the block producer and the handle share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, broadcast};

use crate::clock::SandboxClock;
use crate::node::blocks::ledger::{HeadChange, Ledger};
use crate::node::blocks::tree::Chain;
use crate::node::calls::events::{DispatchClass, EventLog, Phase};
use crate::node::error::NodeError;
use crate::node::runtime::loaded::Runtime;
use crate::node::runtime::releases::Release;
use crate::node::seeding;
use crate::node::serving::connections::Connections;
use crate::node::serving::faults::FaultSwitches;
use crate::node::serving::gate::Traffic;
use crate::node::state::genesis::Genesis;
use crate::node::state::history::{ComputedKeys, History, Overlay, StateView};

/// Changes of heads that a subscriber may leave unread before it skips some.
const HEAD_CHANGES_KEPT: usize = 1_024;

pub(crate) struct Shared {
    ledger: Mutex<Ledger>,
    heads: broadcast::Sender<HeadChange>,
    /// Wakes the producer when an extrinsic waits.
    pub work: Arc<Notify>,
    pub traffic: Traffic,
    connections: Connections,
    pub netuid: u16,
}

impl Shared {
    /// A chain at the clock's block.
    pub fn new(release: Release, genesis: &Genesis, clock: SandboxClock) -> Result<Self, NodeError> {
        check_uids(genesis)?;
        let runtime = Runtime::of(release)?;
        let faults = FaultSwitches::new();
        let (heads, _) = broadcast::channel(HEAD_CHANGES_KEPT);
        let work = Arc::new(Notify::new());
        let chain = genesis_chain(runtime, genesis, clock.block());
        let ledger = Ledger::new(chain, genesis, clock, faults.clone(), heads.clone(), work.clone());
        Ok(Self {
            ledger: Mutex::new(ledger),
            heads,
            work,
            traffic: Traffic::new(faults),
            connections: Connections::default(),
            netuid: genesis.netuid,
        })
    }

    /// The chain, locked. Never hold it across an await.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn faults(&self) -> &FaultSwitches {
        &self.traffic.faults
    }

    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    pub fn subscribe_heads(&self) -> broadcast::Receiver<HeadChange> {
        self.heads.subscribe()
    }
}

fn check_uids(genesis: &Genesis) -> Result<(), NodeError> {
    let in_order = genesis.neurons.iter().enumerate().all(|(index, neuron)| usize::from(neuron.uid) == index);
    if in_order { Ok(()) } else { Err(NodeError::Genesis("the neurons' UIDs are not 0, 1, 2 …".into())) }
}

/// Seeds the state and puts the first block on it.
fn genesis_chain(runtime: Arc<Runtime>, genesis: &Genesis, block: u32) -> Chain {
    let first = seeding::first_header(genesis.seed, block.max(1));
    let computed = ComputedKeys::new(&runtime, genesis.netuid);
    let history = History::default();
    let nothing = StateView {
        runtime: &runtime,
        number: first.number - 1,
        parent_hash: [0; 32],
        events: &[0],
        computed: &computed,
        layers: Vec::new(),
        history: &history,
        history_at: 0,
    };
    let mut state = Overlay::new(nothing);
    seeding::seed_state(&mut state, genesis, first.number);
    let delta = state.into_delta();
    let mut inherent = EventLog::default();
    inherent.extrinsic_success(&runtime, Phase::ApplyExtrinsic(0), DispatchClass::Mandatory);
    let genesis_header = seeding::genesis_header(genesis.seed);
    Chain::new(runtime, genesis.netuid, inherent.encode(), genesis_header, first, delta)
}
