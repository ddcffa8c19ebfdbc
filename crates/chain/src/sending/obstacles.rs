//! What keeps a call from being built for a runtime, said so that the operator knows what changed.
//!
//! Looked for before anything is encoded: the call, its fields, and the extensions that every signed extrinsic carries.
//! Types are left to the encoder, which names what does not fit.

use crate::reading::runtime::Runtime;
use subxt::ext::scale_decode::visitor::{IgnoreVisitor, decode_with_visitor};

/// The extensions with contents that we know: the chain's versions and name, era, nonce, tip, and the metadata hash that is
/// not used.
const FILLED_EXTENSIONS: [&str; 8] = [
    "CheckSpecVersion",
    "CheckTxVersion",
    "CheckGenesis",
    "CheckMortality",
    "CheckNonce",
    "ChargeTransactionPayment",
    "ChargeAssetTxPayment",
    "CheckMetadataHash",
];

/// Why `pallet.call` with arguments of these names cannot be built; `None` if nothing is in the way.
pub(crate) fn obstacle(runtime: &Runtime, pallet: &str, call: &str, arguments: &[&str]) -> Option<String> {
    let metadata = runtime.metadata();
    let Some(found) = metadata.pallet_by_name(pallet) else {
        return Some(format!("the runtime has no pallet {pallet}"));
    };
    if !runtime.has_call(pallet, call) {
        return Some("the runtime has no such call".to_owned());
    }
    let variant = found.call_variant_by_name(call)?;
    let fields: Vec<&str> = variant.fields.iter().filter_map(|field| field.name.as_deref()).collect();
    if let Some(field) = fields.iter().find(|field| !arguments.contains(field)) {
        return Some(format!("it has a field `{field}` that this release cannot fill"));
    }
    if let Some(argument) = arguments.iter().find(|argument| !fields.contains(argument)) {
        return Some(format!("it has no field `{argument}`"));
    }
    let types = metadata.types();
    // What can be read from no bytes at all is nothing.
    let is_empty = |type_id| decode_with_visitor(&mut &[][..], type_id, types, IgnoreVisitor::new()).is_ok();
    let name = metadata
        .extrinsic()
        .transaction_extensions_to_use_for_encoding()
        .filter(|extension| !FILLED_EXTENSIONS.contains(&extension.identifier()))
        .find(|extension| !is_empty(extension.extra_ty()) || !is_empty(extension.additional_ty()))?
        .identifier();
    Some(format!("every signed extrinsic must carry the extension `{name}`, which this release cannot fill"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;

    #[test]
    fn what_is_in_the_way_is_named() {
        let runtime = finney();
        let commitment = ["netuid", "info"];
        for (pallet, call, arguments, expected) in [
            ("Commitments", "set_commitment", &commitment[..], None),
            ("NoSuchPallet", "set_commitment", &commitment, Some("no pallet NoSuchPallet")),
            ("Commitments", "no_such_call", &commitment, Some("no such call")),
            ("Commitments", "set_commitment", &["netuid"], Some("a field `info`")),
            ("Commitments", "set_commitment", &["netuid", "info", "tip"], Some("no field `tip`")),
        ] {
            let found = obstacle(&runtime, pallet, call, arguments);
            match expected {
                None => assert_eq!(found, None),
                Some(words) => assert!(found.as_ref().is_some_and(|found| found.contains(words)), "{found:?}"),
            }
        }
    }
}
