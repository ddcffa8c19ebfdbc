//! The storage entries that the node knows, by the names that the metadata gives them.
//!
//! Prefixes and hashers come from the metadata (`runtime.rs`), which refuses to load if one of these is missing that is
//! not [`OPTIONAL`].

/// Pallet and name of a storage entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry(pub &'static str, pub &'static str);

macro_rules! entries {
    ($($pallet:ident { $($name:ident = $entry:literal),+ $(,)? })+) => {
        $($(pub(crate) const $name: Entry = Entry(stringify!($pallet), $entry);)+)+
        /// Every entry above.
        pub(crate) const ALL: &[Entry] = &[$($($name),+),+];
    };
}

entries! {
    System {
        ACCOUNT = "Account",
        NUMBER = "Number",
        PARENT_HASH = "ParentHash",
        EVENTS = "Events",
        EVENT_COUNT = "EventCount",
    }
    Timestamp {
        NOW = "Now",
    }
    Drand {
        BEACON_CONFIG = "BeaconConfig",
        LAST_STORED_ROUND = "LastStoredRound",
        PULSES = "Pulses",
    }
    Commitments {
        COMMITMENT_OF = "CommitmentOf",
        LAST_COMMITMENT = "LastCommitment",
        USED_SPACE_OF = "UsedSpaceOf",
        MAX_SPACE = "MaxSpace",
    }
    SubtensorModule {
        TOTAL_NETWORKS = "TotalNetworks",
        NETWORKS_ADDED = "NetworksAdded",
        NETWORK_REGISTERED_AT = "NetworkRegisteredAt",
        FIRST_EMISSION_BLOCK_NUMBER = "FirstEmissionBlockNumber",
        SUBTOKEN_ENABLED = "SubtokenEnabled",
        SUBNET_OWNER = "SubnetOwner",
        SUBNET_OWNER_HOTKEY = "SubnetOwnerHotkey",
        SUBNET_MECHANISM = "SubnetMechanism",
        TOKEN_SYMBOL = "TokenSymbol",
        SUBNETWORK_N = "SubnetworkN",
        KEYS = "Keys",
        UIDS = "Uids",
        IS_NETWORK_MEMBER = "IsNetworkMember",
        OWNER = "Owner",
        OWNED_HOTKEYS = "OwnedHotkeys",
        STAKING_HOTKEYS = "StakingHotkeys",
        ALPHA = "Alpha",
        TOTAL_HOTKEY_ALPHA = "TotalHotkeyAlpha",
        TOTAL_HOTKEY_SHARES = "TotalHotkeyShares",
        SUBNET_ALPHA_OUT = "SubnetAlphaOut",
        ACTIVE = "Active",
        RANK = "Rank",
        TRUST = "Trust",
        CONSENSUS = "Consensus",
        INCENTIVE = "Incentive",
        DIVIDENDS = "Dividends",
        EMISSION = "Emission",
        LAST_UPDATE = "LastUpdate",
        VALIDATOR_TRUST = "ValidatorTrust",
        PRUNING_SCORES = "PruningScores",
        VALIDATOR_PERMIT = "ValidatorPermit",
        STAKE_WEIGHT = "StakeWeight",
        WEIGHTS = "Weights",
        BLOCK_AT_REGISTRATION = "BlockAtRegistration",
        TEMPO = "Tempo",
        WEIGHTS_SET_RATE_LIMIT = "WeightsSetRateLimit",
        MIN_ALLOWED_WEIGHTS = "MinAllowedWeights",
        MAX_WEIGHTS_LIMIT = "MaxWeightsLimit",
        WEIGHTS_VERSION_KEY = "WeightsVersionKey",
        STAKE_THRESHOLD = "StakeThreshold",
        ACTIVITY_CUTOFF = "ActivityCutoff",
        COMMIT_REVEAL_WEIGHTS_ENABLED = "CommitRevealWeightsEnabled",
        COMMIT_REVEAL_WEIGHTS_VERSION = "CommitRevealWeightsVersion",
        REVEAL_PERIOD_EPOCHS = "RevealPeriodEpochs",
        TIMELOCKED_WEIGHT_COMMITS = "TimelockedWeightCommits",
        WEIGHT_COMMITS = "WeightCommits",
        KAPPA = "Kappa",
        MAX_ALLOWED_UIDS = "MaxAllowedUids",
        MAX_ALLOWED_VALIDATORS = "MaxAllowedValidators",
        IMMUNITY_PERIOD = "ImmunityPeriod",
        MECHANISM_COUNT_CURRENT = "MechanismCountCurrent",
        BLOCKS_SINCE_LAST_STEP = "BlocksSinceLastStep",
        LAST_MECHANISM_STEP_BLOCK = "LastMechansimStepBlock",
        LAST_EPOCH_BLOCK = "LastEpochBlock",
        PENDING_EPOCH_AT = "PendingEpochAt",
        SUBNET_EPOCH_INDEX = "SubnetEpochIndex",
        ACTIVITY_CUTOFF_FACTOR_MILLI = "ActivityCutoffFactorMilli",
    }
}

/// Entries that not every runtime has. Where one is lacking, it is keyed by the netuid alone, or not at all.
pub(crate) const OPTIONAL: &[Entry] = &[
    TIMELOCKED_WEIGHT_COMMITS,
    STAKE_THRESHOLD,
    COMMIT_REVEAL_WEIGHTS_VERSION,
    MECHANISM_COUNT_CURRENT,
    LAST_EPOCH_BLOCK,
    PENDING_EPOCH_AT,
    SUBNET_EPOCH_INDEX,
    ACTIVITY_CUTOFF_FACTOR_MILLI,
];
