//! What every method works with, and how it answers.

use std::sync::Arc;

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use crate::node::blocks::tree::StateMissing;
use crate::node::header::Hash;
use crate::node::hexadecimal::hex_of;
use crate::node::serving::endpoint::Endpoint;

/// What every method works with.
pub(crate) type Context = Arc<Endpoint>;

/// An answer of a method.
pub(crate) type Answer = Result<Value, ErrorObjectOwned>;

/// The error for a block that the node cannot answer about, as `state_*` methods give it.
pub(super) fn state_error(missing: StateMissing, hash: &Hash) -> ErrorObjectOwned {
    let hash = hex_of(hash);
    let message = match missing {
        StateMissing::UnknownBlock => {
            format!("Client error: UnknownBlock: Header was not found in the database: {hash}")
        }
        StateMissing::Discarded => format!("Client error: UnknownBlock: State already discarded for {hash}"),
    };
    ErrorObjectOwned::owned(4003, message, None::<()>)
}
