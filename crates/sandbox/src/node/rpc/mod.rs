//! The JSON-RPC methods of a Substrate node, one file per namespace.
//!
//! Names, aliases, error codes and texts are those of real nodes, so that any client works unchanged.

mod author;
mod chain;
mod params;
mod runtime_api;
mod state;
mod subscriptions;
mod system;

use std::sync::Arc;

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{Value, json};

use crate::node::blocks::tree::StateMissing;
use crate::node::header::Hash;
use crate::node::runtime::loaded::hex_of;
use crate::node::serving::endpoints::Endpoint;

/// What every method works with.
pub(crate) type Context = Arc<Endpoint>;

/// An answer of a method.
type Answer = Result<Value, ErrorObjectOwned>;

/// All methods of the node.
pub(crate) fn methods(shared: Context) -> Result<RpcModule<Context>, RegisterMethodError> {
    let mut module = RpcModule::new(shared);
    system::register(&mut module)?;
    chain::register(&mut module)?;
    state::register(&mut module)?;
    author::register(&mut module)?;
    subscriptions::register(&mut module)?;
    let mut names: Vec<&'static str> = module.method_names().collect();
    names.push("rpc_methods");
    names.sort_unstable();
    module.register_method("rpc_methods", move |_, _, _| json!({ "methods": names }))?;
    Ok(module)
}

/// The error for a block that the node cannot answer about, as `state_*` methods give it.
fn state_error(missing: StateMissing, hash: &Hash) -> ErrorObjectOwned {
    let hash = hex_of(hash);
    let message = match missing {
        StateMissing::UnknownBlock => {
            format!("Client error: UnknownBlock: Header was not found in the database: {hash}")
        }
        StateMissing::Discarded => format!("Client error: UnknownBlock: State already discarded for {hash}"),
    };
    ErrorObjectOwned::owned(4003, message, None::<()>)
}
