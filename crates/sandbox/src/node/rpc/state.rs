//! `state_*`: storage, metadata, versions and runtime calls.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::{Value, json};
use sp_crypto_hashing::blake2_256;

use super::context::{Answer, Context, state_error};
use super::params::{Arguments, invalid};
use super::runtime_api;
use crate::node::blocks::ledger::Ledger;
use crate::node::header::Hash;
use crate::node::hexadecimal::hex_of;
use crate::node::runtime::loaded::Runtime;
use crate::node::state::history::StateView;

/// Most keys of one `state_getKeysPaged`, as in real nodes.
pub const MAX_KEYS_PER_PAGE: u64 = 1_000;

/// Most blocks of one `state_queryStorage`.
const MAX_QUERIED_BLOCKS: u32 = 1_000;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_method("state_getStorage", storage)?;
    module.register_alias("state_getStorageAt", "state_getStorage")?;
    module.register_method("state_getStorageHash", storage_hash)?;
    module.register_alias("state_getStorageHashAt", "state_getStorageHash")?;
    module.register_method("state_getStorageSize", storage_size)?;
    module.register_alias("state_getStorageSizeAt", "state_getStorageSize")?;
    module.register_method("state_getKeysPaged", keys_paged)?;
    module.register_alias("state_getKeysPagedAt", "state_getKeysPaged")?;
    module.register_method("state_queryStorageAt", query_storage_at)?;
    module.register_method("state_queryStorage", query_storage)?;
    module.register_method("state_getMetadata", |params, context, _| {
        with_runtime(&params, context, |runtime| json!(hex_of(runtime.legacy_metadata())))
    })?;
    module.register_method("state_getRuntimeVersion", |params, context, _| {
        with_runtime(&params, context, |runtime| runtime.version.to_json())
    })?;
    module.register_alias("chain_getRuntimeVersion", "state_getRuntimeVersion")?;
    module.register_method("state_call", call)?;
    module.register_alias("state_callAt", "state_call")?;
    module.register_method("payment_queryInfo", query_info)?;
    Ok(())
}

/// Runs `read` on the state after a block, the best one if none is named.
fn with_state<T>(
    ledger: &Ledger,
    hash: Option<Hash>,
    read: impl FnOnce(&StateView<'_>, Hash) -> T,
) -> Result<T, ErrorObjectOwned> {
    let hash = hash.unwrap_or(ledger.chain.best().hash);
    let view = ledger.chain.view(&hash).map_err(|missing| state_error(missing, &hash))?;
    Ok(read(&view, hash))
}

/// Answers from the runtime that is in a block's state.
fn with_runtime(params: &Params<'_>, context: &Context, tell: impl Fn(&Runtime) -> Value) -> Answer {
    let hash = Arguments::new(params).optional_hash()?;
    with_state(&context.ledger(), hash, |view, _| tell(view.runtime))
}

fn read_value(params: &Params<'_>, context: &Context, show: impl Fn(&[u8]) -> Value) -> Answer {
    let mut arguments = Arguments::new(params);
    let (key, hash) = (arguments.bytes()?, arguments.optional_hash()?);
    with_state(&context.ledger(), hash, |view, _| view.get(&key).map_or(Value::Null, |value| show(&value)))
}

fn storage(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    read_value(&params, context, |value| json!(hex_of(value)))
}

fn storage_hash(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    read_value(&params, context, |value| json!(hex_of(blake2_256(value))))
}

fn storage_size(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    read_value(&params, context, |value| json!(value.len()))
}

fn keys_paged(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let mut arguments = Arguments::new(&params);
    let prefix = arguments.optional_bytes()?.unwrap_or_default();
    let count = arguments.number()?;
    let start = arguments.optional_bytes()?;
    let hash = arguments.optional_hash()?;
    if count > MAX_KEYS_PER_PAGE {
        let message = format!("count exceeds maximum value. value: {count}, max: {MAX_KEYS_PER_PAGE}");
        return Err(ErrorObjectOwned::owned(4002, message, None::<()>));
    }
    with_state(&context.ledger(), hash, |view, _| {
        let keys = view.keys_paged(&prefix, start.as_deref(), count as usize);
        Value::Array(keys.iter().map(|key| json!(hex_of(key))).collect())
    })
}

fn query_storage_at(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let mut arguments = Arguments::new(&params);
    let keys = arguments.list_of_bytes()?;
    let hash = arguments.optional_hash()?;
    with_state(&context.ledger(), hash, |view, hash| json!([change_set(hash, values_of(view, &keys))]))
}

/// All values at the first block, then what changed at each block.
fn query_storage(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let mut arguments = Arguments::new(&params);
    let keys = arguments.list_of_bytes()?;
    let from = arguments.hash()?;
    let to = arguments.optional_hash()?;
    let ledger = context.ledger();
    let number_of = |hash: Hash| ledger.chain.header(&hash).map(|header| header.number);
    let to = to.unwrap_or(ledger.chain.best().hash);
    let (Some(first), Some(last)) = (number_of(from), number_of(to)) else {
        return Err(invalid("an unknown block"));
    };
    if last < first || last - first > MAX_QUERIED_BLOCKS {
        return Err(invalid("the blocks are in the wrong order or too far apart"));
    }
    let mut sets = Vec::new();
    let mut known: Vec<(String, Value)> = Vec::new();
    for hash in (first..=last).filter_map(|number| ledger.chain.hash_of(number)) {
        let values = with_state(&ledger, Some(hash), |view, _| values_of(view, &keys))?;
        let changed: Vec<(String, Value)> = values.iter().filter(|value| !known.contains(value)).cloned().collect();
        if !changed.is_empty() {
            sets.push(change_set(hash, changed));
        }
        known = values;
    }
    Ok(Value::Array(sets))
}

/// Keys with their values at a block, in the given order.
pub(super) fn values_of(view: &StateView<'_>, keys: &[Vec<u8>]) -> Vec<(String, Value)> {
    keys.iter().map(|key| (hex_of(key), view.get(key).map_or(Value::Null, |value| json!(hex_of(value))))).collect()
}

pub(super) fn change_set(block: Hash, changes: Vec<(String, Value)>) -> Value {
    json!({ "block": hex_of(block), "changes": changes })
}

fn call(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let mut arguments = Arguments::new(&params);
    let (method, data, hash) = (arguments.text()?, arguments.bytes()?, arguments.optional_hash()?);
    let ledger = context.ledger();
    let hash = hash.unwrap_or(ledger.chain.best().hash);
    let answer = runtime_api::call(context, &ledger, &method, &data, &hash)?;
    Ok(json!(hex_of(answer)))
}

/// Every extrinsic is free here.
fn query_info(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let extrinsic = Arguments::new(&params).bytes()?;
    let ledger = context.ledger();
    let info = runtime_api::fee_info(&ledger, &extrinsic).map_err(|error| error.to_rpc_error())?;
    Ok(json!({
        "weight": { "ref_time": info.ref_time.0, "proof_size": info.proof_size.0 },
        "class": "normal",
        "partialFee": info.partial_fee.to_string(),
    }))
}
