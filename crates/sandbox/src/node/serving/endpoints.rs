//! More endpoints of one chain, each with faults of its own: what an operator's list of nodes looks like to a client.
//!
//! All endpoints share the chain and its pool; what is submitted at one is in the blocks of all. An endpoint may close its
//! door, hang or fail by method, lose answers, and tell untruths about the chain ([`Disguise`]).

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use jsonrpsee::server::{ServerHandle, StopHandle, stop_channel};
use tokio::net::TcpListener;

use crate::node::blocks::ledger::Ledger;
use crate::node::header::Header;
use crate::node::serving::connections::{self, Connections, Door};
use crate::node::serving::faults::{FaultSwitches, MethodFault, Times};
use crate::node::serving::gate::Traffic;
use crate::node::shared::Shared;
use crate::node::{NodeError, rpc};

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
    /// The node's first endpoint, whose faults are the node's.
    pub fn main(shared: Arc<Shared>) -> Self {
        let (traffic, connections) = (shared.traffic.clone(), shared.connections().clone());
        Self { shared, traffic, connections, disguise: Mutex::default() }
    }

    fn another(shared: Arc<Shared>) -> Self {
        let traffic = Traffic::new(FaultSwitches::new());
        Self { shared, traffic, connections: Connections::default(), disguise: Mutex::default() }
    }

    pub fn faults(&self) -> &FaultSwitches {
        &self.traffic.faults
    }

    pub fn connections(&self) -> &Connections {
        &self.connections
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

    /// Serves on a free port of 127.0.0.1 until the handle is stopped; the future is the server itself.
    pub(crate) async fn serve(
        self: &Arc<Self>,
        stop: StopHandle,
    ) -> Result<(SocketAddr, impl Future<Output = ()> + Send + use<>), NodeError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let methods = rpc::methods(self.clone())?;
        let (traffic, connections) = (self.traffic.clone(), self.connections.clone());
        Ok((address, connections::serve(listener, methods.into(), traffic, connections, stop)))
    }
}

/// One more endpoint of a running node. Dropping it closes it: who connects then is refused.
pub struct NodeEndpoint {
    endpoint: Arc<Endpoint>,
    address: SocketAddr,
    server: ServerHandle,
    task: tokio::task::JoinHandle<()>,
}

impl NodeEndpoint {
    pub(crate) async fn open(shared: Arc<Shared>) -> Result<Self, NodeError> {
        let endpoint = Arc::new(Endpoint::another(shared));
        let (stop, server) = stop_channel();
        let (address, serving) = endpoint.serve(stop).await?;
        Ok(Self { endpoint, address, server, task: tokio::spawn(serving) })
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// What it pretends from now on.
    pub fn disguise(&self, disguise: Disguise) {
        *self.endpoint.disguise.lock().unwrap_or_else(PoisonError::into_inner) = disguise;
    }

    /// What becomes of who connects from now on; open connections stay.
    pub fn set_door(&self, door: Door) {
        self.endpoint.connections.set_door(door);
    }

    /// Closes every open connection; new ones are welcome if the door is open.
    pub fn close_connections(&self) {
        self.endpoint.connections.cut_all();
    }

    /// How many connections are open.
    pub fn connection_count(&self) -> usize {
        self.endpoint.connections.count()
    }

    /// A method answers late, not at all, or with an error; `*` stands for every method without a fault of its own.
    pub fn set_method(&self, method: &str, fault: MethodFault, times: Times) {
        self.endpoint.faults().set_method(method, fault, times);
    }

    /// The next `count` extrinsics submitted here are included and final, but the connection closes before an answer.
    pub fn lose_next_answers(&self, count: u32) {
        self.endpoint.faults().lose_next_answers(count);
    }

    /// Takes back every fault of methods and answers.
    pub fn clear_faults(&self) {
        self.endpoint.faults().clear();
    }

    /// How often a method was called here.
    pub fn calls_of(&self, method: &str) -> u64 {
        self.endpoint.traffic.counts().get(method).copied().unwrap_or_default()
    }
}

impl Drop for NodeEndpoint {
    fn drop(&mut self) {
        // Already stopped is as good.
        let _ = self.server.stop();
        self.endpoint.faults().clear();
        self.endpoint.connections.set_door(Door::Open);
        self.endpoint.connections.cut_all();
        self.task.abort();
    }
}
