//! What the node's pool says of an extrinsic, before and at its submission.
//!
//! The same refusal comes in two forms: typed, from the runtime's validation, and as text under an RPC error code,
//! from the pool. Both become a [`PoolError`]. The texts are those of `sp_runtime::InvalidTransaction`, the codes those
//! of the author RPC module.

use crate::client::Client;
use crate::connection::line::Line;
use crate::errors::ChainError;
use parity_scale_codec::{Decode, Encode};
use subxt::tx::{TransactionInvalid, TransactionUnknown};

/// How nodes begin when a runtime's function did not come to its end.
const EXECUTION_FAILED: &str = "Execution failed";
/// `TransactionSource::External`: as if it came from another node.
const SOURCE_EXTERNAL: u8 = 2;

/// Why the pool does not take an extrinsic. [`PoolError::remedy`] says what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The nonce was used already: by this very extrinsic, or by another.
    #[error("the nonce was used already")]
    Stale,
    /// The nonce is ahead: an earlier extrinsic is missing.
    #[error("an extrinsic with an earlier nonce is missing")]
    Future,
    /// The signature does not fit what the chain expects to be signed (also after a runtime upgrade).
    #[error("the signature does not cover what the chain expects")]
    BadProof,
    /// The runtime cannot even read it: its calls or extensions are others than those it was built for.
    #[error("the runtime cannot decode it; it may have been upgraded since ({0})")]
    Unreadable(String),
    /// The fee cannot be paid.
    #[error("the account cannot pay the fee")]
    Payment,
    /// The era began too long ago.
    #[error("the signature has expired")]
    AncientBirthBlock,
    /// Blocks are full.
    #[error("it does not fit into the current block")]
    ExhaustsResources,
    /// The call is not allowed.
    #[error("the chain does not allow the call")]
    Call,
    /// The signing account is disabled.
    #[error("the signing address is not valid")]
    BadSigner,
    /// One of Subtensor's own reasons, `CustomTransactionError`.
    #[error("Subtensor rejects it: {}", custom_name(*.0))]
    Custom(u8),
    /// The pool has this extrinsic already.
    #[error("the pool has it already")]
    AlreadyImported,
    /// Another extrinsic with the same nonce waits in the pool.
    #[error("another extrinsic with the same nonce is in the pool")]
    TooLowPriority,
    /// The pool refuses these bytes for half an hour: they were invalid, or they are included already.
    #[error("the pool temporarily rejects it")]
    TemporarilyBanned,
    /// The pool is full.
    #[error("the pool is full")]
    ImmediatelyDropped,
    /// Anything else.
    #[error("{message} (code {code})")]
    Other {
        /// The RPC error code, or 0 for a verdict of the runtime.
        code: i32,
        /// The node's words.
        message: String,
    },
}

/// What the runtime says of an extrinsic that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preflight {
    /// It would be taken.
    Valid,
    /// It would be refused.
    Refused(PoolError),
}

/// Names of `CustomTransactionError`, as far as all runtimes agree on their numbers.
fn custom_name(code: u8) -> String {
    let name = match code {
        0 => "ColdkeyInSwapSchedule",
        1 => "StakeAmountTooLow",
        2 => "BalanceTooLow",
        3 => "SubnetNotExists",
        4 => "HotkeyAccountDoesntExist",
        5 => "NotEnoughStakeToWithdraw",
        6 => "RateLimitExceeded",
        10 => "HotKeyNotRegisteredInNetwork",
        15 => "InvalidRevealRound",
        18 => "InputLengthsUnequal",
        19 => "UidNotFound",
        255 => "BadRequest",
        _ => return format!("Custom({code})"),
    };
    format!("{name} (Custom({code}))")
}

impl PoolError {
    /// Reads the error with which `author_submitAndWatchExtrinsic` refuses.
    pub(crate) fn from_rpc(code: i32, message: &str) -> Self {
        const TEXTS: [(&str, PoolError); 8] = [
            ("outdated", PoolError::Stale),
            ("valid in the future", PoolError::Future),
            ("bad signature", PoolError::BadProof),
            ("pay some fees", PoolError::Payment),
            ("ancient birth block", PoolError::AncientBirthBlock),
            ("exhaust the block limits", PoolError::ExhaustsResources),
            ("call is not expected", PoolError::Call),
            ("Invalid signing address", PoolError::BadSigner),
        ];
        let other = || Self::Other { code, message: message.to_owned() };
        match code {
            1010 => match custom_code(message) {
                Some(custom) => Self::Custom(custom),
                None => TEXTS
                    .into_iter()
                    .find(|(text, _)| message.contains(text))
                    .map_or_else(other, |(_, refusal)| refusal),
            },
            1002 => Self::Unreadable(message.to_owned()),
            1012 => Self::TemporarilyBanned,
            1013 => Self::AlreadyImported,
            1014 => Self::TooLowPriority,
            1016 => Self::ImmediatelyDropped,
            _ => other(),
        }
    }
}

fn custom_code(message: &str) -> Option<u8> {
    let (_, rest) = message.split_once("Custom error: ")?;
    let digits = rest.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

impl From<TransactionInvalid> for PoolError {
    fn from(verdict: TransactionInvalid) -> Self {
        match verdict {
            TransactionInvalid::Call => Self::Call,
            TransactionInvalid::Payment => Self::Payment,
            TransactionInvalid::Future => Self::Future,
            TransactionInvalid::Stale => Self::Stale,
            TransactionInvalid::BadProof => Self::BadProof,
            TransactionInvalid::AncientBirthBlock => Self::AncientBirthBlock,
            TransactionInvalid::ExhaustsResources => Self::ExhaustsResources,
            TransactionInvalid::Custom(code) => Self::Custom(code),
            TransactionInvalid::BadSigner => Self::BadSigner,
            other @ (TransactionInvalid::BadMandatory | TransactionInvalid::MandatoryValidation) => {
                Self::Other { code: 0, message: format!("{other:?}") }
            }
        }
    }
}

/// Whether an RPC error is what an author's pool says of an extrinsic, and not a node's trouble.
pub(crate) const fn is_word_of_pool(code: i32) -> bool {
    1_001 <= code && code <= 1_099
}

/// What validating is called in errors.
const METHOD: &str = "state_call (TaggedTransactionQueue_validate_transaction)";

impl Client {
    /// Asks the runtime of the best block whether it would take these signed bytes. Nothing is sent. A refusal is accepted
    /// only if no other endpoint contradicts it.
    ///
    /// # Errors
    /// What [`ChainError`] says of the conversation.
    pub async fn validate(&self, bytes: &[u8]) -> Result<Preflight, ChainError> {
        let question = |line| preflight(line, bytes);
        let (connection, verdict) = self.ask_whom(METHOD, &question).await?;
        let Preflight::Refused(refusal) = &verdict else { return Ok(verdict) };
        let failure = connection.misanswered(METHOD, format!("a refusal: {refusal}"));
        let is_valid = |verdict: &Preflight| *verdict == Preflight::Valid;
        if let Some((_, verdict)) = self.elsewhere(&connection, METHOD, &failure, &question, is_valid).await {
            return Ok(verdict);
        }
        self.turn_away(&connection).await;
        Ok(verdict)
    }
}

/// The verdict of one endpoint at its best block.
pub(crate) async fn preflight(line: Line, bytes: &[u8]) -> Result<Preflight, ChainError> {
    let methods = &line.methods;
    let best = methods.chain_get_block_hash(None).await.map_err(|error| line.failed("chain_getBlockHash", error))?;
    let best = best.ok_or_else(|| line.lacks_block("chain_getBlockHash", "at the top"))?;
    // The extrinsic is opaque bytes with their length in front already, so it goes in as it is.
    let parameters = [&[SOURCE_EXTERNAL], bytes, &best.encode()].concat();
    let answer = methods.state_call("TaggedTransactionQueue_validate_transaction", Some(&parameters), Some(best)).await;
    match answer.map_err(|error| line.failed(METHOD, error)) {
        Ok(answer) => verdict(&answer).map_err(|detail| line.misanswered(METHOD, detail)),
        // The runtime traps over bytes that are no extrinsic of its own.
        Err(ChainError::Refused { message, .. }) if message.contains(EXECUTION_FAILED) => {
            Ok(Preflight::Refused(PoolError::Unreadable(message)))
        }
        Err(error) => Err(error),
    }
}

/// Decodes `Result<ValidTransaction, TransactionValidityError>`.
fn verdict(answer: &[u8]) -> Result<Preflight, String> {
    match answer {
        [0, ..] => Ok(Preflight::Valid),
        [1, 0, reason @ ..] => match TransactionInvalid::decode(&mut &*reason) {
            Ok(invalid) => Ok(Preflight::Refused(invalid.into())),
            // Newer runtimes have more reasons than subxt knows.
            Err(_) => Ok(Preflight::Refused(PoolError::Other { code: 0, message: format!("reason {reason:?}") })),
        },
        [1, 1, reason @ ..] => {
            let unknown = TransactionUnknown::decode(&mut &*reason).map_err(|error| error.to_string())?;
            Ok(Preflight::Refused(PoolError::Other { code: 0, message: format!("cannot be validated: {unknown:?}") }))
        }
        other => Err(format!("{} bytes that begin with {:?}", other.len(), other.first())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_the_pool_are_told_apart() {
        for (code, message, expected) in [
            (1010, "Invalid Transaction: Transaction is outdated", PoolError::Stale),
            (1010, "Invalid Transaction: Transaction will be valid in the future", PoolError::Future),
            (1010, "Invalid Transaction: Transaction has a bad signature", PoolError::BadProof),
            (
                1010,
                "Invalid Transaction: Inability to pay some fees (e.g. account balance too low)",
                PoolError::Payment,
            ),
            (1010, "Invalid Transaction: Transaction has an ancient birth block", PoolError::AncientBirthBlock),
            (1010, "Invalid Transaction: Custom error: 6", PoolError::Custom(6)),
            (1010, "Invalid Transaction: Custom error: 15", PoolError::Custom(15)),
            (1012, "Transaction is temporarily banned", PoolError::TemporarilyBanned),
            (1013, "Transaction Already Imported", PoolError::AlreadyImported),
            (1014, "Priority is too low: (1 vs 1)", PoolError::TooLowPriority),
            (1016, "Immediately Dropped", PoolError::ImmediatelyDropped),
            (1010, "Custom error: 999", PoolError::Other { code: 1010, message: "Custom error: 999".to_owned() }),
            (1002, "Verification Error", PoolError::Unreadable("Verification Error".to_owned())),
        ] {
            assert_eq!(PoolError::from_rpc(code, message), expected, "{code} {message}");
        }
    }

    #[test]
    fn verdicts_of_the_runtime_are_decoded() {
        for (answer, expected) in [
            (vec![0, 9, 9], Some(Preflight::Valid)),
            (vec![1, 0, 3], Some(Preflight::Refused(PoolError::Stale))),
            (vec![1, 0, 1], Some(Preflight::Refused(PoolError::Payment))),
            (vec![1, 0, 7, 6], Some(Preflight::Refused(PoolError::Custom(6)))),
            (vec![1, 0, 99], Some(Preflight::Refused(PoolError::Other { code: 0, message: "reason [99]".to_owned() }))),
            (vec![2], None),
            (vec![], None),
        ] {
            assert_eq!(verdict(&answer).ok(), expected, "{answer:?}");
        }
    }
}
