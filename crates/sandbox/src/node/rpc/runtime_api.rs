//! `state_call`: the runtime APIs that clients need to connect, sign and submit.

use jsonrpsee::types::ErrorObjectOwned;
use parity_scale_codec::{Compact, Decode, Encode};

use super::context::{Context, state_error};
use crate::node::blocks::ledger::{Ledger, Validity};
use crate::node::blocks::pool::PRIORITY;
use crate::node::calls::extrinsic::SignedExtrinsic;
use crate::node::calls::validity::PoolRejection;
use crate::node::header::Hash;
use crate::node::state::genesis::AccountId;
use crate::node::state::subnet::ReadSubnet;

/// Nominal weight of every dispatch.
const NOMINAL_REF_TIME: u64 = 100_000_000;
const NOMINAL_PROOF_SIZE: u64 = 1_000;

/// `RuntimeDispatchInfo`.
#[derive(Encode)]
pub(super) struct FeeInfo {
    pub ref_time: Compact<u64>,
    pub proof_size: Compact<u64>,
    pub class: u8,
    pub partial_fee: u64,
}

/// Answers a runtime call at a block, SCALE-encoded.
pub(super) fn call(
    context: &Context,
    ledger: &Ledger,
    method: &str,
    data: &[u8],
    hash: &Hash,
) -> Result<Vec<u8>, ErrorObjectOwned> {
    let view = ledger.chain.view(hash).map_err(|missing| state_error(missing, hash))?;
    let runtime = view.runtime;
    match method {
        "Core_version" => Ok(runtime.version.encode()),
        "Metadata_metadata" => Ok(runtime.legacy_metadata().encode()),
        "Metadata_metadata_versions" => Ok(runtime.metadata_versions().encode()),
        "Metadata_metadata_at_version" => {
            let version: u32 = argument(method, data)?;
            Ok(runtime.metadata_at_version(version).encode())
        }
        "AccountNonceApi_account_nonce" => {
            let account: AccountId = argument(method, data)?;
            let nonce = view.account(&account).nonce;
            let stale = context.faults().take_stale_nonce();
            Ok(nonce.saturating_sub(u32::from(stale)).encode())
        }
        "TaggedTransactionQueue_validate_transaction" => validate_transaction(ledger, data),
        "TransactionPaymentApi_query_info" => {
            // The extrinsic, itself length-prefixed, is followed by its length.
            let end = data.len().saturating_sub(4);
            fee_info(ledger, &data[..end]).map(|info| info.encode()).map_err(|_| trapped(method))
        }
        _ => Err(not_exported(method)),
    }
}

/// Nothing costs anything, if it can be read at all.
pub(super) fn fee_info(ledger: &Ledger, extrinsic: &[u8]) -> Result<FeeInfo, PoolRejection> {
    SignedExtrinsic::decode(ledger.chain.runtime(), extrinsic)?;
    Ok(FeeInfo {
        ref_time: Compact(NOMINAL_REF_TIME),
        proof_size: Compact(NOMINAL_PROOF_SIZE),
        class: 0,
        partial_fee: 0,
    })
}

/// The input is `(TransactionSource, extrinsic, block hash)`.
fn validate_transaction(ledger: &Ledger, data: &[u8]) -> Result<Vec<u8>, ErrorObjectOwned> {
    const METHOD: &str = "TaggedTransactionQueue_validate_transaction";
    const HASH_BYTES: usize = 32;
    const OK: u8 = 0;
    const ERR: u8 = 1;
    let extrinsic =
        data.len().checked_sub(HASH_BYTES).and_then(|end| data.get(1..end)).ok_or_else(|| trapped(METHOD))?;
    let extrinsic = match SignedExtrinsic::decode(ledger.chain.runtime(), extrinsic) {
        Ok(extrinsic) => extrinsic,
        // `UnknownTransaction::NoUnsignedValidator`.
        Err(PoolRejection::Unsigned) => return Ok(vec![ERR, 1, 1]),
        Err(_) => return Err(trapped(METHOD)),
    };
    match ledger.validate(&extrinsic) {
        Ok(validity) => Ok((OK, valid_transaction(&extrinsic, validity)).encode()),
        Err(invalid) => {
            let mut answer = vec![ERR];
            answer.extend(invalid.encode_error());
            Ok(answer)
        }
    }
}

/// `ValidTransaction`: priority, required and provided tags, longevity, whether to propagate.
fn valid_transaction(extrinsic: &SignedExtrinsic, validity: Validity) -> (u64, Vec<Vec<u8>>, Vec<Vec<u8>>, u64, bool) {
    let tag = |nonce: u32| (extrinsic.signer, nonce).encode();
    let requires = if validity.is_future { vec![tag(extrinsic.nonce.saturating_sub(1))] } else { Vec::new() };
    (PRIORITY, requires, vec![tag(extrinsic.nonce)], validity.longevity, true)
}

fn argument<T: Decode>(method: &str, mut data: &[u8]) -> Result<T, ErrorObjectOwned> {
    T::decode(&mut data).map_err(|_| trapped(method))
}

fn not_exported(method: &str) -> ErrorObjectOwned {
    execution_error(format!("Other: Exported method {method} is not found"))
}

fn trapped(method: &str) -> ErrorObjectOwned {
    execution_error(format!("Execution aborted due to trap: bad input data provided to {method}"))
}

fn execution_error(reason: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(4003, format!("Client error: Execution failed: {reason}"), None::<()>)
}
