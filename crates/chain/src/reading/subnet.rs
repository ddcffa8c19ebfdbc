//! A subnet read whole at one block, in few requests.
//!
//! Invariants: every part is of the same block hash; the number of requests does not grow with the neurons up to
//! [`EXPECTED_UIDS`]; a malformed value costs its own field (which gets the value of an absent one), never another.
//!
//! The requests for a full subnet, once the runtime of the head is known: one batch for the subnet and its UIDs, two
//! for the hotkeys, one for parents' stakes if there are any.

use crate::client::Client;
use crate::errors::ChainError;
use crate::reading::commitment;
use crate::reading::stake::{Holding, stake_rao};
use crate::reading::storage::{KeyPart, Slot, Snapshot};
use subxt::dynamic::Value;
use subxt::ext::scale_decode::DecodeAsType;
use subxt::utils::AccountId32;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::subnet::{Hyperparameters, Neuron, Subnet};

/// The pallet of subnets, neurons, stake and weights.
pub(crate) const MODULE: &str = "SubtensorModule";
/// The pallet of commitments.
pub(crate) const COMMITMENTS: &str = "Commitments";

/// UIDs that are asked for before the subnet's size is known: the size of a full subnet.
const EXPECTED_UIDS: u16 = 256;
/// Most parents of which the stake is read for one subnet. Only a broken chain would have more.
const MAX_PARENTS: usize = 4096;
/// The subnet with its stake in TAO.
const ROOT_NETUID: u16 = 0;
/// The mechanism that we set weights for: the first.
const MECHANISM: u16 = 0;
/// Distance between mechanisms in keys that hold both mechanism and netuid.
const NETUIDS_PER_MECHANISM: u16 = 4096;

/// Shares given or taken between hotkeys, as `ChildKeys` and `ParentKeys` hold them.
type Shares = Vec<(u64, AccountId32)>;

/// Entries keyed by the netuid alone.
const SUBNET_ENTRIES: [&str; 15] = [
    "SubnetworkN",
    "SubnetOwnerHotkey",
    "Tempo",
    "WeightsSetRateLimit",
    "MinAllowedWeights",
    "WeightsVersionKey",
    "ActivityCutoff",
    "ActivityCutoffFactorMilli",
    "CommitRevealWeightsEnabled",
    "ValidatorPermit",
    "Active",
    "LastUpdate",
    "Consensus",
    "ValidatorTrust",
    "Dividends",
];

fn of_subnet(entry: &'static str, netuid: u16) -> Slot {
    Slot::keyed(MODULE, entry, [storage_index(entry, netuid).into()])
}

fn of_uid(entry: &'static str, netuid: u16, uid: Uid) -> Slot {
    Slot::keyed(MODULE, entry, [storage_index(entry, netuid).into(), uid.into()])
}

fn of_hotkey(entry: &'static str, hotkey: &Hotkey, netuid: u16) -> Slot {
    Slot::keyed(MODULE, entry, [hotkey.into(), netuid.into()])
}

fn owner_of(hotkey: &Hotkey) -> Slot {
    Slot::keyed(MODULE, "Owner", [hotkey.into()])
}

/// All stake of a hotkey, on runtimes from before subnets had tokens.
fn stake_without_tokens(hotkey: &Hotkey) -> Slot {
    Slot::keyed(MODULE, "TotalHotkeyStake", [hotkey.into()])
}

fn commitment_of(netuid: u16, hotkey: &Hotkey) -> Slot {
    let parts: [KeyPart; 2] = [netuid.into(), hotkey.into()];
    Slot::keyed(COMMITMENTS, "CommitmentOf", parts)
}

/// The key under which an entry keeps a subnet: with mechanisms, `LastUpdate` and `Weights` keep one row for each.
fn storage_index(entry: &str, netuid: u16) -> u16 {
    match entry {
        "LastUpdate" | "Weights" => MECHANISM * NETUIDS_PER_MECHANISM + netuid,
        _ => netuid,
    }
}

impl Client {
    /// Whether there is a subnet `netuid` at `head`.
    ///
    /// # Errors
    /// [`ChainError::SubnetNotFound`] (stop) if there is none; else what [`ChainError`] says of the conversation.
    pub async fn check_subnet(&self, head: &Head, netuid: u16) -> Result<(), ChainError> {
        let mut snapshot = self.snapshot(head.into()).await?;
        let size = of_subnet("SubnetworkN", netuid);
        snapshot.load([size.clone()]).await?;
        match snapshot.require::<u16>(&size)? {
            0 => Err(ChainError::SubnetNotFound { netuid, block: head.stamp.block }),
            _ => Ok(()),
        }
    }

    /// Everything about subnet `netuid` at `head`.
    ///
    /// # Errors
    /// [`ChainError::SubnetNotFound`] (stop), or what [`ChainError`] says of the conversation.
    pub async fn subnet(&self, head: &Head, netuid: u16) -> Result<Subnet, ChainError> {
        let mut snapshot = self.snapshot(head.into()).await?;
        let general = [Slot::plain(MODULE, "TaoWeight"), Slot::plain(MODULE, "StakeThreshold")];
        let subnet_slots = SUBNET_ENTRIES.into_iter().map(|entry| of_subnet(entry, netuid));
        snapshot.load(general.into_iter().chain(subnet_slots).chain(uid_slots(netuid, EXPECTED_UIDS))).await?;

        let size: u16 = snapshot.require(&of_subnet("SubnetworkN", netuid))?;
        if size == 0 {
            return Err(ChainError::SubnetNotFound { netuid, block: head.stamp.block });
        }
        snapshot.load(uid_slots(netuid, size)).await?;
        let hotkeys = hotkeys(&snapshot, netuid, size);
        snapshot.load(hotkeys.iter().flat_map(|(_, hotkey)| hotkey_slots(netuid, hotkey))).await?;
        snapshot.load(parent_slots(&snapshot, netuid, &hotkeys)).await?;

        let columns = Columns::read(&snapshot, netuid);
        let neurons = hotkeys.iter().map(|(uid, hotkey)| neuron(&snapshot, &columns, netuid, *uid, hotkey));
        Ok(Subnet {
            at: head.stamp,
            block_hash: Some(head.hash),
            netuid,
            neurons: neurons.collect(),
            hyperparameters: hyperparameters(&snapshot, netuid),
            owner_hotkey: account(&snapshot, &of_subnet("SubnetOwnerHotkey", netuid)),
        })
    }

    /// The weights that `uid` has set, as (UID, weight) in the order of the chain; empty if there are none.
    ///
    /// # Errors
    /// What [`ChainError`] says of the conversation.
    pub async fn weights_row(&self, head: &Head, netuid: u16, uid: Uid) -> Result<Vec<(Uid, u16)>, ChainError> {
        let mut snapshot = self.snapshot(head.into()).await?;
        let row = of_uid("Weights", netuid, uid);
        snapshot.load([row.clone()]).await?;
        snapshot.require(&row)
    }
}

fn uid_slots(netuid: u16, size: u16) -> impl Iterator<Item = Slot> {
    (0..size).flat_map(move |uid| [of_uid("Keys", netuid, uid), of_uid("BlockAtRegistration", netuid, uid)])
}

fn hotkey_slots(netuid: u16, hotkey: &Hotkey) -> [Slot; 7] {
    [
        commitment_of(netuid, hotkey),
        owner_of(hotkey),
        of_hotkey("TotalHotkeyAlpha", hotkey, netuid),
        of_hotkey("TotalHotkeyAlpha", hotkey, ROOT_NETUID),
        of_hotkey("ChildKeys", hotkey, netuid),
        of_hotkey("ParentKeys", hotkey, netuid),
        stake_without_tokens(hotkey),
    ]
}

/// The stakes of all parents that the hotkeys name.
fn parent_slots(snapshot: &Snapshot, netuid: u16, hotkeys: &[(Uid, Hotkey)]) -> Vec<Slot> {
    let parents = hotkeys.iter().flat_map(|(_, hotkey)| shares(snapshot, &of_hotkey("ParentKeys", hotkey, netuid)));
    parents
        .take(MAX_PARENTS)
        .flat_map(|(_, parent)| {
            let parent = Hotkey::new(parent.0);
            [netuid, ROOT_NETUID].map(|netuid| of_hotkey("TotalHotkeyAlpha", &parent, netuid))
        })
        .collect()
}

/// The hotkey of each UID. A UID without a key is skipped.
fn hotkeys(snapshot: &Snapshot, netuid: u16, size: u16) -> Vec<(Uid, Hotkey)> {
    let holder = |uid| Some((uid, account(snapshot, &of_uid("Keys", netuid, uid))?));
    (0..size).filter_map(holder).collect()
}

/// A stored public key. The default of such entries is the zero key, which belongs to no account.
fn account(snapshot: &Snapshot, slot: &Slot) -> Option<Hotkey> {
    snapshot.stored::<AccountId32>(slot).map(|account| Hotkey::new(account.0))
}

fn shares(snapshot: &Snapshot, slot: &Slot) -> Shares {
    snapshot.stored(slot).unwrap_or_default()
}

/// The entries that hold one value for each UID.
struct Columns {
    validator_permit: Vec<bool>,
    active: Vec<bool>,
    last_update: Vec<u64>,
    consensus: Vec<u16>,
    validator_trust: Vec<u16>,
    dividends: Vec<u16>,
}

impl Columns {
    fn read(snapshot: &Snapshot, netuid: u16) -> Self {
        Self {
            validator_permit: column(snapshot, "ValidatorPermit", netuid),
            active: column(snapshot, "Active", netuid),
            last_update: column(snapshot, "LastUpdate", netuid),
            consensus: column(snapshot, "Consensus", netuid),
            validator_trust: column(snapshot, "ValidatorTrust", netuid),
            dividends: column(snapshot, "Dividends", netuid),
        }
    }
}

fn column<T>(snapshot: &Snapshot, entry: &'static str, netuid: u16) -> Vec<T>
where
    Vec<T>: DecodeAsType,
{
    snapshot.stored(&of_subnet(entry, netuid)).unwrap_or_default()
}

/// A column's value; columns may be shorter than the subnet right after a registration.
fn cell<T: Copy + Default>(column: &[T], uid: Uid) -> T {
    column.get(usize::from(uid)).copied().unwrap_or_default()
}

fn neuron(snapshot: &Snapshot, columns: &Columns, netuid: u16, uid: Uid, hotkey: &Hotkey) -> Neuron {
    let registration: Option<Value<()>> = snapshot.stored(&commitment_of(netuid, hotkey));
    Neuron {
        uid,
        hotkey: *hotkey,
        coldkey: account(snapshot, &owner_of(hotkey)),
        stake_rao: stake(snapshot, netuid, hotkey),
        validator_permit: cell(&columns.validator_permit, uid),
        active: cell(&columns.active, uid),
        last_update: block(cell(&columns.last_update, uid)),
        registered_at: block(snapshot.value(&of_uid("BlockAtRegistration", netuid, uid)).unwrap_or_default()),
        consensus: cell(&columns.consensus, uid),
        validator_trust: cell(&columns.validator_trust, uid),
        dividends: cell(&columns.dividends, uid),
        commitment: registration.as_ref().and_then(commitment::record),
    }
}

fn stake(snapshot: &Snapshot, netuid: u16, hotkey: &Hotkey) -> u64 {
    if let Some(stake_rao) = snapshot.value(&stake_without_tokens(hotkey)) {
        return stake_rao;
    }
    let tao_weight = snapshot.value(&Slot::plain(MODULE, "TaoWeight")).unwrap_or_default();
    let in_pool = |hotkey: &Hotkey, pool| snapshot.value(&of_hotkey("TotalHotkeyAlpha", hotkey, pool)).unwrap_or(0);
    let children = shares(snapshot, &of_hotkey("ChildKeys", hotkey, netuid));
    let parents = shares(snapshot, &of_hotkey("ParentKeys", hotkey, netuid));
    // Who the parents and children are is the subnet's matter; what they share is both its alpha and their TAO.
    let holding = |pool| Holding {
        own: in_pool(hotkey, pool),
        given_shares: children.iter().map(|(share, _)| *share).collect(),
        parents: parents.iter().map(|(share, parent)| (in_pool(&Hotkey::new(parent.0), pool), *share)).collect(),
    };
    stake_rao(&holding(netuid), &holding(ROOT_NETUID), tao_weight)
}

fn hyperparameters(snapshot: &Snapshot, netuid: u16) -> Hyperparameters {
    let number = |entry| snapshot.value::<u64>(&of_subnet(entry, netuid)).unwrap_or_default();
    let tempo = block(number("Tempo"));
    let cutoff_factor_milli = snapshot.value::<u64>(&of_subnet("ActivityCutoffFactorMilli", netuid));
    Hyperparameters {
        tempo,
        weights_rate_limit: block(number("WeightsSetRateLimit")),
        min_allowed_weights: snapshot.value(&of_subnet("MinAllowedWeights", netuid)).unwrap_or_default(),
        weights_version_key: number("WeightsVersionKey"),
        stake_threshold_rao: snapshot.value(&Slot::plain(MODULE, "StakeThreshold")).unwrap_or_default(),
        activity_cutoff: match cutoff_factor_milli {
            Some(factor_milli) => block(factor_milli.saturating_mul(u64::from(tempo)) / 1000),
            None => block(number("ActivityCutoff")),
        },
        commit_reveal: snapshot.value(&of_subnet("CommitRevealWeightsEnabled", netuid)).unwrap_or(false),
    }
}

/// The chain keeps block numbers and counts of blocks as u64, and has u32 blocks.
fn block(number: u64) -> Block {
    Block::try_from(number).unwrap_or(Block::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;
    use parity_scale_codec::Encode;

    const NETUID: u16 = 89;

    #[test]
    fn hyperparameters_fall_back_to_the_runtimes_defaults() {
        let read = hyperparameters(&Snapshot::of(finney(), []), NETUID);
        let defaults = Hyperparameters {
            tempo: 360,
            weights_rate_limit: 100,
            min_allowed_weights: 1024,
            weights_version_key: 0,
            stake_threshold_rao: 0,
            activity_cutoff: 5000,
            commit_reveal: true,
        };
        assert_eq!(read, defaults);
    }

    #[test]
    fn a_neuron_keeps_its_good_fields_beside_malformed_ones() {
        let hotkey = Hotkey::new([5; 32]);
        let snapshot = Snapshot::of(
            finney(),
            [
                (of_subnet("ValidatorPermit", NETUID), vec![false, true].encode()),
                (of_subnet("LastUpdate", NETUID), vec![0xff; 3]),
                (of_uid("BlockAtRegistration", NETUID, 1), 40_u64.encode()),
                (owner_of(&hotkey), [6_u8; 32].encode()),
                (of_hotkey("TotalHotkeyAlpha", &hotkey, NETUID), 1_000_u64.encode()),
                (commitment_of(NETUID, &hotkey), vec![1, 2]),
            ],
        );
        let neuron = neuron(&snapshot, &Columns::read(&snapshot, NETUID), NETUID, 1, &hotkey);
        assert!(neuron.validator_permit);
        assert_eq!((neuron.last_update, neuron.registered_at, neuron.stake_rao), (0, 40, 1_000));
        assert_eq!((neuron.coldkey, neuron.commitment), (Some(Hotkey::new([6; 32])), None));
    }

    #[test]
    fn stake_counts_parents_children_and_weighted_tao() {
        let (hotkey, parent, child) = (Hotkey::new([5; 32]), Hotkey::new([6; 32]), [7_u8; 32]);
        let alpha = |hotkey, netuid, amount: u64| (of_hotkey("TotalHotkeyAlpha", hotkey, netuid), amount.encode());
        let snapshot = Snapshot::of(
            finney(),
            [
                alpha(&hotkey, NETUID, 1_000),
                alpha(&hotkey, ROOT_NETUID, 400),
                alpha(&parent, NETUID, 10_000),
                alpha(&parent, ROOT_NETUID, 80),
                (of_hotkey("ChildKeys", &hotkey, NETUID), vec![(u64::MAX, child)].encode()),
                (of_hotkey("ParentKeys", &hotkey, NETUID), vec![(u64::MAX, *parent.public_key())].encode()),
                (Slot::plain(MODULE, "TaoWeight"), u64::MAX.encode()),
            ],
        );
        assert_eq!(stake(&snapshot, NETUID, &hotkey), 10_080);
        assert_eq!(parent_slots(&snapshot, NETUID, &[(0, hotkey)]).len(), 2);
    }

    #[test]
    fn only_mechanism_keyed_entries_carry_the_mechanism() {
        assert_eq!(storage_index("LastUpdate", NETUID), MECHANISM * 4096 + NETUID);
        assert_eq!(storage_index("Tempo", NETUID), NETUID);
    }

    #[test]
    fn a_uid_without_a_key_is_nobody() {
        let snapshot = Snapshot::of(finney(), [(of_uid("Keys", NETUID, 1), [5_u8; 32].encode())]);
        assert_eq!(hotkeys(&snapshot, NETUID, 3), [(1, Hotkey::new([5; 32]))]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..proptest::prelude::ProptestConfig::with_cases(30)
        })]

        #[test]
        fn any_stored_bytes_give_a_neuron_and_hyperparameters(
            values in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..80), 8),
        ) {
            let hotkey = Hotkey::new([5; 32]);
            let slots = [
                of_subnet("ValidatorPermit", NETUID),
                of_subnet("LastUpdate", NETUID),
                of_subnet("Tempo", NETUID),
                of_subnet("MinAllowedWeights", NETUID),
                of_uid("BlockAtRegistration", NETUID, 1),
                owner_of(&hotkey),
                of_hotkey("TotalHotkeyAlpha", &hotkey, NETUID),
                commitment_of(NETUID, &hotkey),
            ];
            let snapshot = Snapshot::of(finney(), slots.into_iter().zip(values));
            let neuron = neuron(&snapshot, &Columns::read(&snapshot, NETUID), NETUID, 1, &hotkey);
            assert_eq!((neuron.uid, neuron.hotkey), (1, hotkey));
            hyperparameters(&snapshot, NETUID);
        }
    }
}
