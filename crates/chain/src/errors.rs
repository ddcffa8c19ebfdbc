//! What can go wrong between us and the chain, and what the caller does about it.
//!
//! [`ChainError::is_retryable`] says whether the same call may simply be made again, later. An extrinsic that was
//! refused or failed is not an error of the conversation and has its own types ([`crate::PoolError`],
//! [`Failure`](tensorflix_domain::extrinsic::Failure)).

use tensorflix_domain::ids::Block;

/// Why a call to the chain gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The configuration names no endpoint. Stop: the configuration has to be corrected.
    #[error("no endpoint of the chain is configured: set `network` or `endpoints`")]
    NoEndpoints,
    /// None of the endpoints could be reached. Retry later; alert the operator if it lasts.
    #[error("no endpoint of the chain can be reached ({attempts}): check the network and `endpoints`")]
    Unreachable {
        /// Each endpoint with what happened there.
        attempts: String,
    },
    /// An endpoint serves another chain. Stop: sending there would be wrong.
    #[error(
        "{endpoint} serves another chain: its genesis is 0x{found}, expected 0x{expected}; correct the endpoint or \
         the network's name"
    )]
    WrongGenesis {
        /// The endpoint.
        endpoint: String,
        /// The expected hash of block 0, in hexadecimal.
        expected: String,
        /// The hash it has there.
        found: String,
    },
    /// The connection broke during a request. Retry: the next call connects to the next endpoint.
    #[error("connection to {endpoint} lost during {method} ({detail}); the next call reconnects")]
    ConnectionLost {
        /// The endpoint.
        endpoint: String,
        /// The RPC method.
        method: &'static str,
        /// What the transport says.
        detail: String,
    },
    /// A request was not answered in time. Retry: the next call connects to the next endpoint.
    #[error("{endpoint} did not answer {method} within {timeout_ms} ms; the next call goes to the next endpoint")]
    Deadline {
        /// The endpoint.
        endpoint: String,
        /// The RPC method.
        method: &'static str,
        /// The deadline that passed.
        timeout_ms: u64,
    },
    /// The node answered with an error. Do not repeat blindly (only a rate limit is retryable); alert if it lasts.
    #[error("{endpoint} refused {method}: {message} (code {code})")]
    Refused {
        /// The endpoint.
        endpoint: String,
        /// The RPC method.
        method: &'static str,
        /// The JSON-RPC error code.
        code: i32,
        /// The node's message with its data.
        message: String,
    },
    /// An answer is not what the method gives, or contradicts what is known. Retry: the node may be faulty; alert if it
    /// lasts.
    #[error("{endpoint} gave an invalid answer to {method} ({detail})")]
    Misanswered {
        /// The endpoint.
        endpoint: String,
        /// The RPC method.
        method: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The node does not have this block or its state (pruned, or not there yet). Read again at a newer head.
    #[error("{endpoint} does not have the block or its state for {method} ({message}): read again at a newer head")]
    BlockUnavailable {
        /// The endpoint.
        endpoint: String,
        /// The RPC method.
        method: &'static str,
        /// The node's message.
        message: String,
    },
    /// No newer finalized head for too long. Retry; alert if it lasts: the node or the chain has stalled.
    #[error("no finalized block after {after} for {waited_secs} s at {endpoint}: the node or the chain has stalled")]
    Stalled {
        /// The endpoint.
        endpoint: String,
        /// The last known finalized block.
        after: Block,
        /// How long was waited.
        waited_secs: u64,
    },
    /// There is no such subnet at this block. Stop: the netuid has to be corrected.
    #[error("there is no subnet {netuid} at block {block}: check `netuid` and `network`")]
    SubnetNotFound {
        /// The subnet's number.
        netuid: u16,
        /// The block at which it was searched for.
        block: Block,
    },
    /// An answer could not be understood. Alert: the runtime may have changed in a way this version does not know.
    #[error("{what} cannot be decoded under runtime version {spec_version} ({detail}): a newer release may be needed")]
    Undecodable {
        /// What was being decoded.
        what: String,
        /// Version of the runtime; 0 if it is not known.
        spec_version: u32,
        /// What the decoder says.
        detail: String,
    },
    /// A call cannot be built for this runtime. Alert: a newer release is needed.
    #[error(
        "{call} cannot be built for runtime version {spec_version} ({detail}): nothing is sent until a release that \
         knows this runtime is installed"
    )]
    CannotBuild {
        /// Pallet and call.
        call: String,
        /// Version of the runtime.
        spec_version: u32,
        /// What the encoder says.
        detail: String,
    },
    /// Mainnet's beacon is not drand quicknet. Alert: what is encrypted for another may never be revealed.
    #[error(
        "the chain's beacon (public key {public_key}) is not drand quicknet, as expected on mainnet: weights are not \
         committed for it; a newer release may be needed"
    )]
    ForeignBeacon {
        /// The public key that the chain names, in hexadecimal.
        public_key: String,
    },
    /// Weights cannot be timelocked as the subnet demands. Alert: its state or the vector is not as it ever should be.
    #[error("weights cannot be committed on subnet {netuid}: {detail}; report this")]
    CannotTimelock {
        /// The subnet's number.
        netuid: u16,
        /// What prevents it.
        detail: String,
    },
    /// The text does not fit into a commitment. Our caller's mistake.
    #[error("a commitment of {length_bytes} bytes is too long for the chain: shorten it")]
    CommitmentTooLong {
        /// Length of the text.
        length_bytes: usize,
    },
}

/// The code with which Substrate nodes say that a client asks too often.
const TOO_MANY_REQUESTS_CODE: i32 = -32999;

impl ChainError {
    /// Whether the same call may be made again, after a pause, with a chance of success and no risk.
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::ConnectionLost { .. }
                | Self::Deadline { .. }
                | Self::Misanswered { .. }
                | Self::BlockUnavailable { .. }
                | Self::Stalled { .. }
                | Self::Refused { code: TOO_MANY_REQUESTS_CODE, .. }
        )
    }
}
