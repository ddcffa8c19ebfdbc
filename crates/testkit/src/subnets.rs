//! Builders of blocks, hotkeys and subnets. A test that needs other values takes a builder's and changes them:
//! `Neuron { coldkey: Some(hotkey(9)), ..neuron(3, 3) }`.

use tensorflix_domain::chain_time::{BlockStamp, HOUR_MS, Moment};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::subnet::{CommitmentRecord, Hyperparameters, Neuron, Subnet};

/// Milliseconds between two blocks.
const BLOCK_MS: i64 = 12_000;

/// Chain time of block 0.
const GENESIS: &str = "2026-08-21T00:00:00Z";

/// Number of the subnet in tests.
pub const NETUID: u16 = 89;

/// The moment of block 0 plus hours, which may be negative or fractions.
pub fn moment(hours: f64) -> Moment {
    #[expect(clippy::cast_possible_truncation, reason = "hours of tests are few")]
    let offset_ms = (hours * HOUR_MS as f64) as i64;
    Moment::from_unix_ms(Moment::parse(GENESIS).expect("a time").unix_ms() + offset_ms)
}

/// A block with its time, twelve seconds after the one before.
pub fn stamp(block: Block) -> BlockStamp {
    BlockStamp { block, time: Moment::from_unix_ms(moment(0.0).unix_ms() + i64::from(block) * BLOCK_MS) }
}

/// A finalized head.
pub fn head(block: Block) -> Head {
    let mut hash = [0_u8; 32];
    hash[..4].copy_from_slice(&block.to_be_bytes());
    Head { stamp: stamp(block), hash }
}

/// The hotkey with this number.
pub fn hotkey(key: u8) -> Hotkey {
    Hotkey::new([key; 32])
}

/// A miner's neuron that committed nothing; its hotkey is the one of `key`.
pub fn neuron(uid: Uid, key: u8) -> Neuron {
    Neuron {
        uid,
        hotkey: hotkey(key),
        coldkey: None,
        stake_rao: 0,
        validator_permit: false,
        active: true,
        last_update: 0,
        registered_at: 0,
        consensus: 0,
        validator_trust: 0,
        dividends: 0,
        commitment: None,
    }
}

/// A neuron that committed a gist at a block.
pub fn committed(neuron: Neuron, pointer: &GistPointer, block: Block) -> Neuron {
    committed_text(neuron, &pointer.to_string(), block)
}

/// A neuron that committed any text at a block.
pub fn committed_text(mut neuron: Neuron, text: &str, block: Block) -> Neuron {
    neuron.commitment = Some(CommitmentRecord { text: Some(text.to_owned()), block });
    neuron
}

/// A validator with a permit and stake.
pub fn validator(uid: Uid, key: u8) -> Neuron {
    Neuron { stake_rao: 1_000_000_000_000, validator_permit: true, ..neuron(uid, key) }
}

/// The rules of a usual subnet without commit-reveal.
pub const fn hyperparameters() -> Hyperparameters {
    Hyperparameters {
        tempo: 360,
        weights_rate_limit: 100,
        min_allowed_weights: 1,
        weights_version_key: 0,
        stake_threshold_rao: 1_000,
        activity_cutoff: 5_000,
        commit_reveal: false,
    }
}

/// A subnet without commit-reveal and with the usual rules.
pub fn subnet(block: Block, neurons: impl IntoIterator<Item = Neuron>) -> Subnet {
    Subnet {
        at: stamp(block),
        block_hash: None,
        netuid: NETUID,
        neurons: neurons.into_iter().collect(),
        hyperparameters: hyperparameters(),
        owner_hotkey: Some(hotkey(255)),
    }
}
