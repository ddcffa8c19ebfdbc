//! The state behind the RPC methods of one endpoint: the chain that all endpoints share, and the endpoint's own state,
//! including the false answers that it gives ([`Disguise`]).

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use crate::node::blocks::ledger::Ledger;
use crate::node::header::Header;
use crate::node::serving::connections::Connections;
use crate::node::serving::faults::FaultSwitches;
use crate::node::serving::gate::Traffic;
use crate::node::shared::Shared;

/// What an endpoint pretends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disguise {
    /// Nothing: it tells the chain as it is.
    #[default]
    None,
    /// That block 0 has another hash.
    OtherGenesis,
    /// That it is still fetching blocks.
    Syncing,
    /// That no block after this one is known: neither best nor finalized.
    StalledAt(u32),
}

/// What an endpoint's RPC methods work with: the chain that all share, and what is its own.
pub(crate) struct Endpoint {
    shared: Arc<Shared>,
    traffic: Traffic,
    connections: Connections,
    disguise: Mutex<Disguise>,
}

impl Deref for Endpoint {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Endpoint {
    /// The node's first endpoint; its faults are the node's.
    pub fn main(shared: Arc<Shared>) -> Self {
        let (traffic, connections) = (shared.traffic.clone(), shared.connections().clone());
        Self { shared, traffic, connections, disguise: Mutex::default() }
    }

    /// One more endpoint, with faults of its own.
    pub fn another(shared: Arc<Shared>) -> Self {
        let traffic = Traffic::new(FaultSwitches::new());
        Self { shared, traffic, connections: Connections::default(), disguise: Mutex::default() }
    }

    pub fn faults(&self) -> &FaultSwitches {
        &self.traffic.faults
    }

    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// The counters and the faults of this endpoint.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What it pretends from now on.
    pub fn put_on(&self, disguise: Disguise) {
        *self.disguise.lock().unwrap_or_else(PoisonError::into_inner) = disguise;
    }

    pub fn disguise(&self) -> Disguise {
        *self.disguise.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The finalized head that this endpoint admits to.
    pub fn finalized(&self, ledger: &Ledger) -> Arc<Header> {
        self.admitted(ledger, ledger.chain.finalized())
    }

    /// The best block that this endpoint admits to.
    pub fn best(&self, ledger: &Ledger) -> Arc<Header> {
        self.admitted(ledger, ledger.chain.best())
    }

    fn admitted(&self, ledger: &Ledger, header: &Arc<Header>) -> Arc<Header> {
        match self.disguise() {
            Disguise::StalledAt(block) if block < header.number => {
                let hash = ledger.chain.hash_of(block);
                hash.and_then(|hash| ledger.chain.header(&hash)).unwrap_or_else(|| header.clone())
            }
            _ => header.clone(),
        }
    }
}
