//! The JSON-RPC methods of a Substrate node, one file per namespace.
//!
//! Names, aliases, error codes and texts are those of real nodes, so that any client works unchanged.

mod author;
mod chain;
mod context;
mod params;
mod runtime_api;
mod state;
mod subscriptions;
mod system;

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde_json::json;

use self::context::Context;

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
