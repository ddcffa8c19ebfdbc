//! Writes a [`Genesis`] into storage, and neurons that come and go later.
//!
//! Stake: a neuron's coldkey holds all shares of its hotkey's pool, so that every way of reading it agrees:
//! `TotalHotkeyAlpha(hotkey, netuid)` is the stake in rao, `Alpha(hotkey, coldkey, netuid)` are the coldkey's shares
//! and `TotalHotkeyShares(hotkey, netuid)` all shares, both as fixed-point numbers with 64 fractional bits.

use parity_scale_codec::Encode;
use sp_crypto_hashing::blake2_256;

use crate::node::calls::commitments;
use crate::node::calls::weights;
use crate::node::epochs::consensus;
use crate::node::epochs::timing;
use crate::node::header::{Hash, Header};
use crate::node::runtime::entries::{self, Entry};
use crate::node::state::beacon::Beacon;
use crate::node::state::genesis::{AccountId, Genesis, GenesisNeuron};
use crate::node::state::history::{Overlay, ReadStorage};
use crate::node::state::subnet::{AccountInfo, ReadSubnet};

/// What every account that may sign holds, in rao.
pub const ACCOUNT_BALANCE_RAO: u64 = 1_000_000_000;

/// The lists that an epoch decides; a newcomer has nothing in them.
const EPOCH_LISTS: [Entry; 4] = [entries::CONSENSUS, entries::INCENTIVE, entries::DIVIDENDS, entries::VALIDATOR_TRUST];

/// The header of block 0; its hash is the genesis hash.
pub(crate) fn genesis_header(seed: u64) -> Header {
    Header::new([0; 32], 0, digest_of("state", seed), digest_of("extrinsics", seed))
}

/// The header of the first block that the node serves after genesis. Its parent is made up: the blocks between are
/// unknown.
pub(crate) fn first_header(seed: u64, number: u32) -> Header {
    Header::new(digest_of("parent", seed), number, digest_of("state", seed), digest_of("extrinsics", seed))
}

fn digest_of(what: &str, seed: u64) -> Hash {
    blake2_256(&("tensorflix sandbox", what, seed).encode())
}

/// Writes the whole genesis state; `block` is the first block that the node serves.
pub(crate) fn seed_state(state: &mut Overlay<'_>, genesis: &Genesis, block: u32) {
    let netuid = genesis.netuid;
    let key = netuid.encode();
    let root = 0u16.encode();
    state.put(entries::TOTAL_NETWORKS, [], &2u16);
    state.put(entries::NETWORKS_ADDED, [&root], &true);
    state.put(entries::NETWORKS_ADDED, [&key], &true);
    state.put(entries::NETWORK_REGISTERED_AT, [&key], &1u64);
    state.put(entries::FIRST_EMISSION_BLOCK_NUMBER, [&key], &1u64);
    state.put(entries::SUBTOKEN_ENABLED, [&key], &true);
    state.put(entries::SUBNET_MECHANISM, [&key], &1u16);
    state.put(entries::MECHANISM_COUNT_CURRENT, [&key], &1u8);
    state.put(entries::TOKEN_SYMBOL, [&key], &"\u{3b1}".as_bytes().to_vec());
    state.put(entries::SUBNET_OWNER, [&key], &genesis.owner_coldkey);
    state.put(entries::SUBNET_OWNER_HOTKEY, [&key], &genesis.owner_hotkey);
    state.put(entries::OWNER, [&genesis.owner_hotkey], &genesis.owner_coldkey);
    state.put_hyperparameters(netuid, &genesis.hyperparameters);
    state.put(entries::BEACON_CONFIG, [], &Beacon::new(genesis.seed).config());
    endow(state, &genesis.owner_hotkey);
    endow(state, &genesis.owner_coldkey);
    state.put(entries::SUBNETWORK_N, [&key], &(genesis.neurons.len() as u16));
    genesis.neurons.iter().for_each(|neuron| put_membership(state, netuid, neuron));
    seed_lists(state, &key, &genesis.neurons);
    if !genesis.at_work.is_empty() {
        for validator in &genesis.at_work {
            if let Some(uid) = state.uid_of(netuid, &validator.hotkey) {
                weights::put_row(state, netuid, uid, validator);
            }
        }
        consensus::run(state, netuid);
    }
    let tempo = u32::from(genesis.hyperparameters.tempo);
    let since_epoch = (block + u32::from(netuid) + 1) % (tempo + 1);
    state.put(entries::LAST_MECHANISM_STEP_BLOCK, [&key], &u64::from(block.saturating_sub(since_epoch)));
    timing::begin(state, netuid, genesis.hyperparameters.tempo);
}

/// Writes the entries that hold a list over all UIDs.
fn seed_lists(state: &mut Overlay<'_>, key: &[u8], neurons: &[GenesisNeuron]) {
    let permits: Vec<bool> = neurons.iter().map(|neuron| neuron.validator_permit).collect();
    let last_updates: Vec<u64> = neurons.iter().map(|neuron| neuron.last_update_block).collect();
    state.put(entries::VALIDATOR_PERMIT, [key], &permits);
    state.put(entries::LAST_UPDATE, [key], &last_updates);
    state.put(entries::ACTIVE, [key], &vec![true; neurons.len()]);
    state.put(entries::EMISSION, [key], &vec![0u64; neurons.len()]);
    for entry in [entries::RANK, entries::TRUST, entries::PRUNING_SCORES, entries::STAKE_WEIGHT] {
        state.put(entry, [key], &vec![0u16; neurons.len()]);
    }
    for entry in EPOCH_LISTS {
        state.put(entry, [key], &vec![0u16; neurons.len()]);
    }
}

/// Puts a neuron at its UID, in place of the one there.
pub(crate) fn put_neuron(state: &mut Overlay<'_>, netuid: u16, neuron: &GenesisNeuron) {
    remove_neuron_key(state, netuid, neuron.uid);
    if neuron.uid >= state.neuron_count(netuid) {
        state.put(entries::SUBNETWORK_N, [&netuid.encode()], &(neuron.uid + 1));
    }
    state.remove(entries::WEIGHTS, [&netuid.encode(), &neuron.uid.encode()]);
    put_membership(state, netuid, neuron);
    state.put_element(entries::VALIDATOR_PERMIT, netuid, neuron.uid, neuron.validator_permit);
    state.put_element(entries::LAST_UPDATE, netuid, neuron.uid, neuron.last_update_block);
    state.put_element(entries::ACTIVE, netuid, neuron.uid, true);
    for entry in EPOCH_LISTS {
        state.put_element(entry, netuid, neuron.uid, 0u16);
    }
}

/// What belongs to a neuron alone: its place, its owner, its stake, its commitment.
fn put_membership(state: &mut Overlay<'_>, netuid: u16, neuron: &GenesisNeuron) {
    let (key, uid) = (netuid.encode(), neuron.uid.encode());
    state.put(entries::KEYS, [&key, &uid], &neuron.hotkey);
    state.put(entries::UIDS, [&key, &neuron.hotkey], &neuron.uid);
    state.put(entries::IS_NETWORK_MEMBER, [&neuron.hotkey, &key], &true);
    state.put(entries::BLOCK_AT_REGISTRATION, [&key, &uid], &u64::from(neuron.registered_at_block));
    put_ownership(state, netuid, neuron);
    endow(state, &neuron.hotkey);
    endow(state, &neuron.coldkey);
    if let Some(commitment) = &neuron.commitment {
        let info = commitments::raw_info(state.runtime(), &commitment.text);
        commitments::put_commitment(state, netuid, &neuron.hotkey, commitment.block, &info);
    }
}

fn put_ownership(state: &mut Overlay<'_>, netuid: u16, neuron: &GenesisNeuron) {
    state.put(entries::OWNER, [&neuron.hotkey], &neuron.coldkey);
    for entry in [entries::OWNED_HOTKEYS, entries::STAKING_HOTKEYS] {
        let mut hotkeys: Vec<AccountId> = state.value(entry, [&neuron.coldkey]);
        if !hotkeys.contains(&neuron.hotkey) {
            hotkeys.push(neuron.hotkey);
            state.put(entry, [&neuron.coldkey], &hotkeys);
        }
    }
    put_stake(state, netuid, &neuron.hotkey, neuron.stake_rao);
}

/// Sets the stake of a hotkey, all of it its owner's.
pub(crate) fn put_stake(state: &mut Overlay<'_>, netuid: u16, hotkey: &AccountId, stake_rao: u64) {
    let key = netuid.encode();
    let coldkey: AccountId = state.value(entries::OWNER, [hotkey]);
    let shares = u128::from(stake_rao) << 64;
    let before = state.stake_weight_rao(netuid, hotkey);
    let alpha_out: u64 = state.value(entries::SUBNET_ALPHA_OUT, [&key]);
    let alpha_out = alpha_out.saturating_sub(before).saturating_add(stake_rao);
    state.put(entries::SUBNET_ALPHA_OUT, [&key], &alpha_out);
    state.put(entries::TOTAL_HOTKEY_ALPHA, [hotkey, &key], &stake_rao);
    state.put(entries::TOTAL_HOTKEY_SHARES, [hotkey, &key], &shares);
    state.put(entries::ALPHA, [hotkey, &coldkey, &key], &shares);
}

/// Removes the hotkey at a UID from the subnet. Its commitment is kept, as on the real chain.
pub(crate) fn remove_neuron_key(state: &mut Overlay<'_>, netuid: u16, uid: u16) {
    let (key, uid) = (netuid.encode(), uid.encode());
    let hotkey: Option<AccountId> = state.optional(entries::KEYS, [&key, &uid]);
    if let Some(hotkey) = hotkey {
        state.remove(entries::UIDS, [&key, &hotkey]);
        state.remove(entries::IS_NETWORK_MEMBER, [&hotkey, &key]);
        state.remove(entries::KEYS, [&key, &uid]);
    }
}

/// Makes sure that an account exists; without one the runtime rejects everything that it signs.
pub(crate) fn endow(state: &mut Overlay<'_>, account: &AccountId) {
    let info = state.account(account);
    if info.providers == 0 {
        state.put(entries::ACCOUNT, [account], &AccountInfo { providers: 1, free: ACCOUNT_BALANCE_RAO, ..info });
    }
}
