//! What a timelocked commit needs of the chain: whether the subnet demands one, its epochs, and the beacon.
//!
//! Everything is read at the block that is signed at, in one request, and found by the names of its metadata: a runtime that
//! keeps the state of epochs differs from one that counts blocks in that these entries exist. "Now" is the chain's
//! time, never this machine's. On mainnet the beacon must be drand quicknet: weights that are encrypted for another
//! beacon might never be revealed, or be readable by the holder of its key.

use crate::connection::networks::MAINNET_GENESIS;
use crate::errors::ChainError;
use crate::reading::storage::{Slot, Snapshot};
use crate::reading::subnet::MODULE;
use parity_scale_codec::Encode;
use subxt::ext::scale_decode::DecodeAsType;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::intent::RevealPlan;
use tensorflix_timelock::{Beacon, Moment, Schedule, WeightsPayload, encrypt, expected_reveal};

/// Public key of drand quicknet, compressed.
const QUICKNET_PUBLIC_KEY: [u8; 96] = [
    0x83, 0xcf, 0x0f, 0x28, 0x96, 0xad, 0xee, 0x7e, 0xb8, 0xb5, 0xf0, 0x1f, 0xca, 0xd3, 0x91, 0x22, 0x12, 0xc4, 0x37,
    0xe0, 0x07, 0x3e, 0x91, 0x1f, 0xb9, 0x00, 0x22, 0xd3, 0xe7, 0x60, 0x18, 0x3c, 0x8c, 0x4b, 0x45, 0x0b, 0x6a, 0x0a,
    0x6c, 0x3a, 0xc6, 0xa5, 0x77, 0x6a, 0x2d, 0x10, 0x64, 0x51, 0x0d, 0x1f, 0xec, 0x75, 0x8c, 0x92, 0x1c, 0xc2, 0x2b,
    0x0e, 0x17, 0xe6, 0x3a, 0xaf, 0x4b, 0xcb, 0x5e, 0xd6, 0x63, 0x04, 0xde, 0x9c, 0xf8, 0x09, 0xbd, 0x27, 0x4c, 0xa7,
    0x3b, 0xab, 0x4a, 0xf5, 0xa6, 0xe9, 0xc7, 0x6a, 0x4b, 0xc0, 0x9e, 0x76, 0xea, 0xe8, 0x99, 0x1e, 0xf5, 0xec, 0xe4,
    0x5a,
];
/// Unix time of quicknet's first round, and the time between its rounds.
const QUICKNET_GENESIS_SECS: u64 = 1_692_803_367;
const QUICKNET_PERIOD_SECS: u64 = 3;

/// Entries keyed by the netuid alone.
const SUBNET_ENTRIES: [&str; 7] = [
    "CommitRevealWeightsEnabled",
    "RevealPeriodEpochs",
    "Tempo",
    "LastEpochBlock",
    "PendingEpochAt",
    "SubnetEpochIndex",
    "BlocksSinceLastStep",
];
const VERSION: Slot = Slot::plain(MODULE, "CommitRevealWeightsVersion");
const BEACON: Slot = Slot::plain("Drand", "BeaconConfig");

/// A commit that is ready to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub ciphertext: Vec<u8>,
    pub version: u16,
    pub plan: RevealPlan,
}

/// What is committed.
pub(crate) struct Secret<'a> {
    pub hotkey: &'a Hotkey,
    pub weights: &'a [(Uid, u16)],
    pub version_key: u64,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct BeaconConfig {
    public_key: Vec<u8>,
    period: u32,
    genesis_time: u32,
}

pub(crate) fn of_subnet(entry: &'static str, netuid: u16) -> Slot {
    Slot::keyed(MODULE, entry, [netuid.into()])
}

/// Everything that the other functions of this file read.
pub(crate) fn slots(netuid: u16) -> impl Iterator<Item = Slot> {
    SUBNET_ENTRIES.into_iter().map(move |entry| of_subnet(entry, netuid)).chain([VERSION, BEACON])
}

/// Whether the subnet takes weights only as commits.
pub(crate) fn demands_commits(snapshot: &Snapshot, netuid: u16) -> bool {
    snapshot.value(&of_subnet("CommitRevealWeightsEnabled", netuid)).unwrap_or(false)
}

/// Encrypts weights for the round at which the chain will reveal what is committed in the next block.
///
/// # Errors
/// [`ChainError::ForeignBeacon`] or [`ChainError::CannotTimelock`] (alert both).
pub(crate) fn commit(
    snapshot: &Snapshot,
    genesis: &[u8; 32],
    netuid: u16,
    secret: &Secret<'_>,
    head: &Head,
) -> Result<Commit, ChainError> {
    let cannot = |detail: String| ChainError::CannotTimelock { netuid, detail };
    let beacon = beacon(snapshot)?;
    if *genesis == MAINNET_GENESIS && !is_quicknet(&beacon) {
        return Err(ChainError::ForeignBeacon { public_key: hex::encode(&beacon.public_key) });
    }
    let unix_ms = u64::try_from(head.stamp.time.unix_ms()).unwrap_or_default();
    let now = Moment { block: head.stamp.block.into(), unix_ms };
    let period: u64 = snapshot.require(&of_subnet("RevealPeriodEpochs", netuid))?;
    let expected = expected_reveal(schedule(snapshot, netuid)?, period, &beacon, now)
        .map_err(|error| cannot(error.to_string()))?;
    let payload = WeightsPayload::new(secret.hotkey.public_key(), secret.weights, secret.version_key);
    let ciphertext =
        encrypt(&beacon.public_key, expected.round, &payload.encode()).map_err(|error| cannot(error.to_string()))?;
    let (reveal_at, commit_until) = (block(expected.reveal_block), block(expected.commit_until_block));
    let tempo: u64 = snapshot.require(&of_subnet("Tempo", netuid))?;
    let plan = RevealPlan { round: expected.round, reveal_at, commit_until, epoch_blocks: block(tempo), opening: None };
    Ok(Commit { ciphertext, version: snapshot.require(&VERSION)?, plan })
}

/// How the subnet's epochs follow one another, by what this runtime keeps of them.
pub(crate) fn schedule(snapshot: &Snapshot, netuid: u16) -> Result<Schedule, ChainError> {
    let number = |entry| snapshot.value::<u64>(&of_subnet(entry, netuid));
    let tempo = snapshot.require(&of_subnet("Tempo", netuid))?;
    let state = (number("LastEpochBlock"), number("PendingEpochAt"), number("SubnetEpochIndex"));
    Ok(match (state, number("BlocksSinceLastStep")) {
        ((Some(last_epoch_block), Some(pending_epoch_at), Some(epoch_index)), Some(blocks_since_last_step)) => {
            Schedule::Stateful { tempo, last_epoch_block, pending_epoch_at, epoch_index, blocks_since_last_step }
        }
        _ => Schedule::ByNumber { tempo, netuid },
    })
}

fn beacon(snapshot: &Snapshot) -> Result<Beacon, ChainError> {
    let BeaconConfig { public_key, period, genesis_time } = snapshot.require(&BEACON)?;
    Ok(Beacon { public_key, genesis_secs: genesis_time.into(), period_secs: period.into() })
}

fn is_quicknet(beacon: &Beacon) -> bool {
    beacon.public_key == QUICKNET_PUBLIC_KEY
        && beacon.genesis_secs == QUICKNET_GENESIS_SECS
        && beacon.period_secs == QUICKNET_PERIOD_SECS
}

/// The chain counts blocks in u64, and has u32 blocks.
pub(crate) fn block(number: u64) -> Block {
    Block::try_from(number).unwrap_or(Block::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;
    use parity_scale_codec::Decode;

    const NETUID: u16 = 89;
    const OTHER_CHAIN: [u8; 32] = [9; 32];
    const HEAD: Head = Head {
        stamp: tensorflix_domain::chain_time::BlockStamp {
            block: 9_000_000,
            time: tensorflix_domain::chain_time::Moment::from_unix_ms(1_787_270_400_000),
        },
        hash: [3; 32],
    };

    fn snapshot(values: impl IntoIterator<Item = (Slot, Vec<u8>)>) -> Snapshot {
        Snapshot::of(finney(), values)
    }

    /// `BeaconConfiguration` with its further fields empty.
    fn config(public_key: &[u8], period: u32) -> (Slot, Vec<u8>) {
        let empty = Vec::<u8>::new();
        let rest = (empty.clone(), empty.clone(), empty.clone(), empty);
        (BEACON, (public_key, period, 1_692_803_367_u32, rest).encode())
    }

    fn commit_of(snapshot: &Snapshot, genesis: &[u8; 32], weights: &[(Uid, u16)]) -> Result<Commit, ChainError> {
        let hotkey = Hotkey::new([5; 32]);
        commit(snapshot, genesis, NETUID, &Secret { hotkey: &hotkey, weights, version_key: 7 }, &HEAD)
    }

    #[test]
    fn where_nothing_is_stored_the_beacon_is_the_runtimes_default_which_is_quicknet() {
        let committed = commit_of(&snapshot([]), &MAINNET_GENESIS, &[(1, 65_535)]).expect("a commit");
        assert_eq!(committed.version, 4);
        // Epochs of 361 blocks by number, one to wait: (9_000_001 + 90) / 361 = 24_931.
        let reveal_at = (24_931 + 1) * 361 - 90;
        assert_eq!((committed.plan.reveal_at, committed.plan.commit_until), (reveal_at, reveal_at - 1));
        let seconds = 1_787_270_400 + u64::from(reveal_at + 3 - HEAD.stamp.block) * 12;
        assert_eq!(committed.plan.round, (seconds - 1_692_803_367) / 3);
    }

    #[test]
    fn on_mainnet_another_beacon_than_quicknet_is_an_error_and_elsewhere_it_is_used() {
        for (key, period) in [(QUICKNET_PUBLIC_KEY, 30), (other_key(), 3)] {
            let snapshot = snapshot([config(&key, period)]);
            let refused = commit_of(&snapshot, &MAINNET_GENESIS, &[(1, 1)]);
            assert!(matches!(refused, Err(ChainError::ForeignBeacon { .. })), "{refused:?}");
        }
        let slow = commit_of(&snapshot([config(&QUICKNET_PUBLIC_KEY, 30)]), &OTHER_CHAIN, &[(1, 1)]).expect("a commit");
        let usual = commit_of(&snapshot([]), &OTHER_CHAIN, &[(1, 1)]).expect("a commit");
        assert_eq!(slow.plan.round, usual.plan.round / 10);
    }

    /// A valid point that is not quicknet's key: the group's generator.
    fn other_key() -> [u8; 96] {
        let text = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                    024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";
        hex::decode(text).expect("hexadecimal").try_into().expect("96 bytes")
    }

    #[test]
    fn a_vector_that_does_not_fit_into_a_commit_is_an_error_and_a_full_subnets_does() {
        let weights = |count: u16| (0..count).map(|uid| (uid, u16::MAX)).collect::<Vec<_>>();
        let full = commit_of(&snapshot([]), &OTHER_CHAIN, &weights(256)).expect("fits");
        assert!(full.ciphertext.len() < 1_400, "{} bytes", full.ciphertext.len());
        let refused = commit_of(&snapshot([]), &OTHER_CHAIN, &weights(1_300));
        assert!(matches!(refused, Err(ChainError::CannotTimelock { netuid: NETUID, .. })), "{refused:?}");
    }

    /// Vectors of all lengths as they come out of the chain's own decoding of the call.
    #[test]
    fn a_thousand_random_vectors_survive_encryption_the_call_and_the_opening() {
        use proptest::strategy::{Strategy, ValueTree};
        use proptest::test_runner::{Config, TestRunner};
        const SIGNATURE_OF_1000: &str =
            "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
        let signature = hex::decode(SIGNATURE_OF_1000).expect("hexadecimal");
        let runtime = finney();
        let entry = (proptest::num::u16::ANY, proptest::num::u16::ANY);
        let strategy = (proptest::collection::vec(entry, 0..256), proptest::num::u64::ANY);
        let mut runner = TestRunner::new_with_rng(
            Config { failure_persistence: None, ..Config::default() },
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        for index in 0..1_000 {
            let (weights, version_key) = strategy.new_tree(&mut runner).expect("a vector").current();
            let sent = WeightsPayload::new(&[5; 32], &weights, version_key);
            let ciphertext = encrypt(&QUICKNET_PUBLIC_KEY, 1_000, &sent.encode()).expect("encrypted");
            let call = crate::sending::calls::commit_timelocked(NETUID, &ciphertext, 1_000, 4);
            let bytes = crate::sending::calls::tests::encoded(&runtime, &call);
            // Pallet and call, then the arguments in the runtime's order.
            let (netuid, committed, round, version) =
                <(u16, Vec<u8>, u64, u16)>::decode(&mut &bytes[2..]).expect("the call's arguments");
            assert_eq!((netuid, round, version), (NETUID, 1_000, 4));
            let opened = tensorflix_timelock::open(&signature, &committed).expect("opened");
            assert_eq!(WeightsPayload::decode(&mut &*opened), Ok(sent), "vector {index}");
        }
    }

    #[test]
    fn a_runtime_without_the_state_of_epochs_counts_blocks() {
        let tempo = (of_subnet("Tempo", NETUID), 99_u16.encode());
        let found = schedule(&snapshot([tempo]), NETUID).expect("a schedule");
        assert_eq!(found, Schedule::ByNumber { tempo: 99, netuid: NETUID });
    }
}
