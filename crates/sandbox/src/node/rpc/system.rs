//! `system_*`: who the node is, and the next nonce of an account.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::Params;
use serde_json::json;

use super::context::{Answer, Context};
use super::params::{Arguments, invalid};
use crate::node::serving::endpoint::Disguise;
use crate::node::state::genesis::AccountId;
use crate::node::state::subnet::ReadSubnet;

const CHAIN_NAME: &str = "TensorFlix Sandbox";
const NODE_NAME: &str = "Subtensor Node";
const NODE_VERSION: &str = "4.0.0-dev-sandbox";

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_method("system_chain", |_, _, _| json!(CHAIN_NAME))?;
    module.register_method("system_name", |_, _, _| json!(NODE_NAME))?;
    module.register_method("system_version", |_, _, _| json!(NODE_VERSION))?;
    module.register_method("system_chainType", |_, _, _| json!("Development"))?;
    module.register_method("system_nodeRoles", |_, _, _| json!(["Full"]))?;
    module.register_method("system_health", |_, context, _| {
        let is_syncing = context.disguise() == Disguise::Syncing;
        json!({ "peers": 0, "isSyncing": is_syncing, "shouldHavePeers": false })
    })?;
    module.register_method(
        "system_properties",
        |_, _, _| json!({ "isEthereum": false, "ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO" }),
    )?;
    module.register_method("system_accountNextIndex", account_next_index)?;
    module.register_alias("account_nextIndex", "system_accountNextIndex")?;
    Ok(())
}

/// The nonce after the account's own and those of its extrinsics in the pool.
fn account_next_index(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let address = Arguments::new(&params).text()?;
    let account = account_of(&address).ok_or_else(|| invalid("an SS58 address was expected"))?;
    let ledger = context.ledger();
    let mut nonce = ledger.chain.best_view().account(&account).nonce;
    while ledger.pool.iter().any(|entry| entry.extrinsic.signer == account && entry.extrinsic.nonce == nonce) {
        nonce += 1;
    }
    if context.faults().take_stale_nonce() {
        nonce = nonce.saturating_sub(1);
    }
    Ok(json!(nonce))
}

/// The public key in an SS58 address of any network.
fn account_of(address: &str) -> Option<AccountId> {
    address.parse::<subxt::utils::AccountId32>().ok().map(|account| account.0)
}
