//! Why the node does not take an extrinsic: the runtime's verdicts and the pool's, with the codes and texts that real
//! nodes answer.

use jsonrpsee::types::ErrorObjectOwned;
use parity_scale_codec::Encode;

use crate::node::header::Hash;
use crate::node::hexadecimal::hex_of;

/// The runtime's reasons to call an extrinsic invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidTransaction {
    /// The call is not allowed in this way.
    Call,
    /// The signer cannot pay, or has no account at all.
    Payment,
    /// The nonce is higher than the account's; only seen at inclusion.
    Future,
    /// The nonce was used already.
    Stale,
    /// The signature does not fit; also what an expired mortal era looks like.
    BadProof,
    /// The block that the era starts at is unknown or too old.
    AncientBirthBlock,
    /// A reason of the runtime's own, such as 1 for too little stake.
    Custom(u8),
}

impl InvalidTransaction {
    fn message(self) -> String {
        match self {
            Self::Call => "Transaction call is not expected".into(),
            Self::Payment => "Inability to pay some fees (e.g. account balance too low)".into(),
            Self::Future => "Transaction will be valid in the future".into(),
            Self::Stale => "Transaction is outdated".into(),
            Self::BadProof => "Transaction has a bad signature".into(),
            Self::AncientBirthBlock => "Transaction has an ancient birth block".into(),
            Self::Custom(code) => format!("Custom error: {code}"),
        }
    }

    /// `TransactionValidityError::Invalid` in SCALE.
    pub(crate) fn encode_error(self) -> Vec<u8> {
        const INVALID: u8 = 0;
        match self {
            Self::Call => (INVALID, 0u8).encode(),
            Self::Payment => (INVALID, 1u8).encode(),
            Self::Future => (INVALID, 2u8).encode(),
            Self::Stale => (INVALID, 3u8).encode(),
            Self::BadProof => (INVALID, 4u8).encode(),
            Self::AncientBirthBlock => (INVALID, 5u8).encode(),
            Self::Custom(code) => (INVALID, 7u8, code).encode(),
        }
    }
}

/// Why `author_submitExtrinsic` and its like refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolRejection {
    /// The bytes are no length-prefixed extrinsic (1001).
    BadFormat(String),
    /// The runtime cannot decode it (1002).
    Undecodable(String),
    /// The runtime calls it invalid (1010).
    Invalid(InvalidTransaction),
    /// It is unsigned, and no pallet takes such (1011).
    Unsigned,
    /// It was included or found invalid a short while ago (1012).
    TemporarilyBanned,
    /// The same bytes wait in the pool (1013).
    AlreadyImported(Hash),
    /// Another extrinsic with this signer and nonce waits in the pool (1014).
    TooLowPriority {
        /// Priority of the one that waits.
        waiting: u64,
        /// Priority of the one refused.
        refused: u64,
    },
    /// The pool is full (1016).
    ImmediatelyDropped,
}

impl From<InvalidTransaction> for PoolRejection {
    fn from(invalid: InvalidTransaction) -> Self {
        Self::Invalid(invalid)
    }
}

impl PoolRejection {
    /// The JSON-RPC error of a real node.
    pub(crate) fn to_rpc_error(&self) -> ErrorObjectOwned {
        match self {
            Self::BadFormat(why) => plain(1001, format!("Extrinsic has invalid format: {why}")),
            Self::Undecodable(why) => with_data(1002, format!("Verification Error: {why}"), why.clone()),
            Self::Invalid(invalid) => with_data(1010, "Invalid Transaction".into(), invalid.message()),
            Self::Unsigned => with_data(
                1011,
                "Unknown Transaction Validity".into(),
                "Could not find an unsigned validator for the unsigned transaction".into(),
            ),
            Self::TemporarilyBanned => plain(1012, "Transaction is temporarily banned".into()),
            Self::AlreadyImported(hash) => with_data(1013, "Transaction Already Imported".into(), hex_of(hash)),
            Self::TooLowPriority { waiting, refused } => with_data(
                1014,
                format!("Priority is too low: ({waiting} vs {refused})"),
                "The transaction has too low priority to replace another transaction already in the pool.".into(),
            ),
            Self::ImmediatelyDropped => with_data(
                1016,
                "Immediately Dropped".into(),
                "The transaction couldn't enter the pool because of the limit".into(),
            ),
        }
    }
}

fn plain(code: i32, message: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}

fn with_data(code: i32, message: String, data: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, Some(data))
}
