//! `chain_*`: hashes, headers and blocks.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::Params;
use parity_scale_codec::{Compact, Encode};
use serde_json::{Value, json};

use super::context::{Answer, Context};
use super::params::{Arguments, number_of};
use crate::clock::block_unix_ms;
use crate::node::blocks::ledger::Ledger;
use crate::node::header::Hash;
use crate::node::hexadecimal::hex_of;
use crate::node::runtime::loaded::Runtime;
use crate::node::serving::endpoint::Disguise;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_method("chain_getBlockHash", block_hash)?;
    module.register_alias("chain_getHead", "chain_getBlockHash")?;
    module.register_method("chain_getFinalizedHead", |_, context, _| {
        json!(hex_of(context.finalized(&context.ledger()).hash))
    })?;
    module.register_alias("chain_getFinalisedHead", "chain_getFinalizedHead")?;
    module.register_method("chain_getHeader", header)?;
    module.register_method("chain_getBlock", block)?;
    Ok(())
}

/// One number, a list of them, or none for the best block.
fn block_hash(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let argument = Arguments::new(&params).optional()?;
    let ledger = context.ledger();
    match argument {
        None => Ok(json!(hex_of(context.best(&ledger).hash))),
        Some(Value::Array(numbers)) => {
            let hashes: Result<Vec<Value>, _> = numbers
                .iter()
                .map(|number| number_of(number).map(|number| hash_at(context, &ledger, number)))
                .collect();
            Ok(Value::Array(hashes?))
        }
        Some(number) => Ok(hash_at(context, &ledger, number_of(&number)?)),
    }
}

fn hash_at(context: &Context, ledger: &Ledger, number: u64) -> Value {
    const SOMEBODY_ELSES: Hash = [0xee; 32];
    if number == 0 && context.disguise() == Disguise::OtherGenesis {
        return json!(hex_of(SOMEBODY_ELSES));
    }
    let hash = u32::try_from(number).ok().and_then(|number| ledger.chain.hash_of(number));
    hash.map_or(Value::Null, |hash| json!(hex_of(hash)))
}

fn header(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let hash = Arguments::new(&params).optional_hash()?;
    let ledger = context.ledger();
    let header = ledger.chain.header(&hash.unwrap_or(context.best(&ledger).hash));
    Ok(header.map_or(Value::Null, |header| header.to_json()))
}

fn block(params: Params<'_>, context: &Context, _: &jsonrpsee::Extensions) -> Answer {
    let hash = Arguments::new(&params).optional_hash()?;
    let ledger = context.ledger();
    let hash = hash.unwrap_or(ledger.chain.best().hash);
    let (Some(header), Some(body)) = (ledger.chain.header(&hash), ledger.chain.body(&hash)) else {
        return Ok(Value::Null);
    };
    let mut extrinsics: Vec<String> = Vec::with_capacity(body.extrinsics.len() + 1);
    // Genesis has no inherent.
    if header.number > 0 {
        extrinsics.extend(timestamp_inherent(ledger.chain.runtime_at(header.number - 1), header.number).map(hex_of));
    }
    extrinsics.extend(body.extrinsics.iter().map(hex_of));
    Ok(json!({
        "block": { "header": header.to_json(), "extrinsics": extrinsics },
        "justifications": null,
    }))
}

/// The unsigned `Timestamp.set` that every block starts with.
fn timestamp_inherent(runtime: &Runtime, number: u32) -> Option<Vec<u8>> {
    const UNSIGNED_V4: u8 = 4;
    let call = runtime.call("Timestamp", "set")?;
    Some((UNSIGNED_V4, call.pallet, call.variant, Compact(block_unix_ms(number))).encode().encode())
}
