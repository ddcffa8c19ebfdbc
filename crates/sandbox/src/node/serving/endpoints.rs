//! More endpoints of one chain, each with faults of its own: what an operator's list of nodes looks like to a client.
//!
//! All endpoints share the chain and its pool; what is submitted at one is in the blocks of all. An endpoint may close its
//! door, hang or fail by method, lose answers, and tell untruths about the chain ([`Disguise`]).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jsonrpsee::server::{ServerHandle, StopHandle, stop_channel};
use tokio::net::TcpListener;

use crate::node::error::NodeError;
use crate::node::rpc;
use crate::node::serving::connections::{self, Door};
use crate::node::serving::endpoint::{Disguise, Endpoint};
use crate::node::serving::faults::{MethodFault, Times};
use crate::node::shared::Shared;

/// Serves on a free port of 127.0.0.1 until the handle is stopped; the future is the server itself.
pub(crate) async fn serve(
    endpoint: &Arc<Endpoint>,
    stop: StopHandle,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send + use<>), NodeError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let methods = rpc::methods(endpoint.clone())?;
    let (traffic, connections) = (endpoint.traffic().clone(), endpoint.connections().clone());
    Ok((address, connections::serve(listener, methods.into(), traffic, connections, stop)))
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
        let (address, serving) = serve(&endpoint, stop).await?;
        Ok(Self { endpoint, address, server, task: tokio::spawn(serving) })
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// What it pretends from now on.
    pub fn disguise(&self, disguise: Disguise) {
        self.endpoint.put_on(disguise);
    }

    /// Sets what happens to new connections from now on; open connections are kept.
    pub fn set_door(&self, door: Door) {
        self.endpoint.connections().set_door(door);
    }

    /// Closes every open connection; new ones are welcome if the door is open.
    pub fn close_connections(&self) {
        self.endpoint.connections().cut_all();
    }

    /// How many connections are open.
    pub fn connection_count(&self) -> usize {
        self.endpoint.connections().count()
    }

    /// Makes a method answer late, not at all, or with an error; `*` means every method without a fault of its own.
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
        self.endpoint.traffic().counts().get(method).copied().unwrap_or_default()
    }
}

impl Drop for NodeEndpoint {
    fn drop(&mut self) {
        // Already stopped is as good.
        let _ = self.server.stop();
        self.endpoint.faults().clear();
        self.endpoint.connections().set_door(Door::Open);
        self.endpoint.connections().cut_all();
        self.task.abort();
    }
}
