//! Typed access to the storage of one subnet, by the real chain's entries and formulas.

use parity_scale_codec::Encode;

use crate::node::epochs::timing;
use crate::node::runtime::entries::{self, Entry};
use crate::node::state::genesis::{AccountId, Hyperparameters};
use crate::node::state::history::{Overlay, ReadStorage};

/// `UsageTracker` of the Commitments pallet: what a hotkey committed in one epoch.
#[derive(Clone, Copy, Debug, Default, parity_scale_codec::Decode, parity_scale_codec::Encode)]
pub(crate) struct SpaceUsage {
    pub last_epoch: u64,
    pub used_space: u64,
}

/// `AccountInfo` of the System pallet with this chain's 64-bit balances.
#[derive(Clone, Copy, Debug, Default, parity_scale_codec::Decode, parity_scale_codec::Encode)]
pub(crate) struct AccountInfo {
    pub nonce: u32,
    pub consumers: u32,
    pub providers: u32,
    pub sufficients: u32,
    pub free: u64,
    pub reserved: u64,
    pub frozen: u64,
    pub flags: u128,
}

/// Reads that need a formula, or are shared by several rules.
pub(crate) trait ReadSubnet: ReadStorage {
    fn account(&self, account: &AccountId) -> AccountInfo {
        self.value(entries::ACCOUNT, [account])
    }

    fn subnet_exists(&self, netuid: u16) -> bool {
        self.value(entries::NETWORKS_ADDED, [&netuid.encode()])
    }

    fn neuron_count(&self, netuid: u16) -> u16 {
        self.value(entries::SUBNETWORK_N, [&netuid.encode()])
    }

    fn uid_of(&self, netuid: u16, hotkey: &AccountId) -> Option<u16> {
        self.optional(entries::UIDS, [&netuid.encode(), hotkey])
    }

    fn hotkey_of(&self, netuid: u16, uid: u16) -> Option<AccountId> {
        self.optional(entries::KEYS, [&netuid.encode(), &uid.encode()])
    }

    fn tempo(&self, netuid: u16) -> u16 {
        self.value(entries::TEMPO, [&netuid.encode()])
    }

    /// The index of the epoch that holds `block`, that of this state or the next: the chain's own count, one more where
    /// an epoch is due and not counted yet, or `(block + netuid + 1) / (tempo + 1)` where the runtime keeps none.
    fn epoch_index(&self, netuid: u16, block: u32) -> u64
    where
        Self: Sized,
    {
        if self.runtime().has(entries::SUBNET_EPOCH_INDEX) {
            let counted: u64 = self.value(entries::SUBNET_EPOCH_INDEX, [&netuid.encode()]);
            return counted + u64::from(timing::is_due(self, netuid, self.tempo(netuid), block));
        }
        (u64::from(block) + u64::from(netuid) + 1) / (u64::from(self.tempo(netuid)) + 1)
    }

    /// What weighs a hotkey on a subnet: its own alpha, and root stake times `TaoWeight`. The sandbox has no root
    /// stake, no parents and no children, so the alpha of `TotalHotkeyAlpha` is all of it.
    fn stake_weight_rao(&self, netuid: u16, hotkey: &AccountId) -> u64 {
        self.value(entries::TOTAL_HOTKEY_ALPHA, [hotkey, &netuid.encode()])
    }

    /// Whether the stake of a hotkey allows it to set weights.
    fn has_stake_for_weights(&self, netuid: u16, hotkey: &AccountId) -> bool {
        let has_threshold = self.runtime().has(entries::STAKE_THRESHOLD);
        let threshold: u64 = if has_threshold { self.value(entries::STAKE_THRESHOLD, []) } else { 0 };
        self.stake_weight_rao(netuid, hotkey) >= threshold
    }

    /// Blocks after which a validator that set nothing counts as inactive.
    fn activity_cutoff(&self, netuid: u16) -> u64 {
        let key = netuid.encode();
        if self.runtime().has(entries::ACTIVITY_CUTOFF_FACTOR_MILLI) {
            let factor: u32 = self.value(entries::ACTIVITY_CUTOFF_FACTOR_MILLI, [&key]);
            return u64::from(factor) * u64::from(self.tempo(netuid)) / 1000;
        }
        let cutoff: u16 = self.value(entries::ACTIVITY_CUTOFF, [&key]);
        u64::from(cutoff)
    }

    /// One neuron's element of an entry that holds a list over all UIDs.
    fn element<T: parity_scale_codec::Decode + Default>(&self, entry: Entry, netuid: u16, uid: u16) -> T {
        let list: Vec<T> = self.value(entry, [&netuid.encode()]);
        list.into_iter().nth(usize::from(uid)).unwrap_or_default()
    }
}

impl<S: ReadStorage> ReadSubnet for S {}

impl Overlay<'_> {
    /// Sets one neuron's element of an entry that holds a list over all UIDs.
    pub fn put_element<T>(&mut self, entry: Entry, netuid: u16, uid: u16, element: T)
    where
        T: parity_scale_codec::Decode + Encode + Default + Clone,
    {
        let mut list: Vec<T> = self.value(entry, [&netuid.encode()]);
        let length = usize::from(self.neuron_count(netuid)).max(usize::from(uid) + 1);
        list.resize(length, T::default());
        if let Some(place) = list.get_mut(usize::from(uid)) {
            *place = element;
        }
        self.put(entry, [&netuid.encode()], &list);
    }

    /// Writes every hyperparameter of the subnet.
    pub fn put_hyperparameters(&mut self, netuid: u16, values: &Hyperparameters) {
        let key = netuid.encode();
        self.put(entries::TEMPO, [&key], &values.tempo);
        self.put(entries::WEIGHTS_SET_RATE_LIMIT, [&key], &values.weights_set_rate_limit);
        self.put(entries::MIN_ALLOWED_WEIGHTS, [&key], &values.min_allowed_weights);
        self.put(entries::MAX_WEIGHTS_LIMIT, [&key], &values.max_weights_limit);
        self.put(entries::WEIGHTS_VERSION_KEY, [&key], &values.weights_version_key);
        self.put(entries::STAKE_THRESHOLD, [], &values.stake_threshold);
        self.put(entries::ACTIVITY_CUTOFF, [&key], &values.activity_cutoff);
        let tempo = u32::from(values.tempo.max(1));
        let factor = (u32::from(values.activity_cutoff) * 1000).div_ceil(tempo);
        self.put(entries::ACTIVITY_CUTOFF_FACTOR_MILLI, [&key], &factor);
        self.put(entries::COMMIT_REVEAL_WEIGHTS_ENABLED, [&key], &values.commit_reveal_weights_enabled);
        self.put(entries::COMMIT_REVEAL_WEIGHTS_VERSION, [], &values.commit_reveal_weights_version);
        self.put(entries::REVEAL_PERIOD_EPOCHS, [&key], &values.reveal_period_epochs);
        self.put(entries::KAPPA, [&key], &values.kappa);
        self.put(entries::MAX_ALLOWED_UIDS, [&key], &values.max_allowed_uids);
        self.put(entries::MAX_ALLOWED_VALIDATORS, [&key], &values.max_allowed_validators);
        self.put(entries::IMMUNITY_PERIOD, [&key], &values.immunity_period);
        self.put(entries::MAX_SPACE, [], &values.max_commitment_space);
    }
}
