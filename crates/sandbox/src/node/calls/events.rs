//! Events and dispatch errors in their SCALE form, with indices looked up in the metadata.

use parity_scale_codec::{Compact, Encode};

use crate::node::runtime::loaded::Runtime;

/// Nominal weight reported for every dispatch; the sandbox meters nothing.
const NOMINAL_REF_TIME: u64 = 100_000_000;
const NOMINAL_PROOF_SIZE: u64 = 1_000;

/// Class and fee of a dispatch, as `DispatchEventInfo` tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DispatchClass {
    Normal = 0,
    Operational = 1,
    Mandatory = 2,
}

/// Why a dispatch failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DispatchError {
    /// The origin may not make this call.
    BadOrigin,
    /// A pallet's own error, by the names of the metadata.
    Module {
        /// The pallet, such as `SubtensorModule`.
        pallet: String,
        /// The error, such as `SettingWeightsTooFast`.
        name: String,
    },
}

impl DispatchError {
    /// An error of the pallet that holds weights and neurons.
    pub(crate) fn subtensor(name: &str) -> Self {
        Self::Module { pallet: "SubtensorModule".into(), name: name.into() }
    }

    /// An error of the pallet that holds commitments.
    pub(crate) fn commitments(name: &str) -> Self {
        Self::Module { pallet: "Commitments".into(), name: name.into() }
    }

    /// The error's name without its pallet.
    pub fn name(&self) -> &str {
        match self {
            Self::BadOrigin => "BadOrigin",
            Self::Module { name, .. } => name,
        }
    }

    /// The SCALE form; an error that this runtime does not have becomes `Other`.
    fn encode_with(&self, runtime: &Runtime) -> Vec<u8> {
        const OTHER: u8 = 0;
        const BAD_ORIGIN: u8 = 2;
        const MODULE: u8 = 3;
        match self {
            Self::BadOrigin => vec![BAD_ORIGIN],
            Self::Module { pallet, name } => match runtime.error(pallet, name) {
                Some(index) => (MODULE, index.pallet, [index.variant, 0, 0, 0]).encode(),
                None => vec![OTHER],
            },
        }
    }
}

/// Where in a block an event happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    ApplyExtrinsic(u32),
    Initialization,
}

impl Phase {
    fn encode(self) -> Vec<u8> {
        match self {
            Self::ApplyExtrinsic(index) => (0u8, index).encode(),
            Self::Initialization => vec![2],
        }
    }
}

/// The events of a block being built.
#[derive(Default)]
pub(crate) struct EventLog {
    records: Vec<u8>,
    count: u32,
}

impl EventLog {
    /// Adds an event with SCALE-encoded fields; a runtime that does not know it emits nothing.
    pub fn deposit(&mut self, runtime: &Runtime, phase: Phase, pallet: &str, name: &str, fields: &[u8]) {
        let Some(index) = runtime.event(pallet, name) else { return };
        self.records.extend(phase.encode());
        self.records.extend([index.pallet, index.variant]);
        self.records.extend(fields);
        // No topics.
        self.records.push(0);
        self.count += 1;
    }

    pub fn extrinsic_success(&mut self, runtime: &Runtime, phase: Phase, class: DispatchClass) {
        self.deposit(runtime, phase, "System", "ExtrinsicSuccess", &dispatch_info(class));
    }

    pub fn extrinsic_failed(&mut self, runtime: &Runtime, phase: Phase, error: &DispatchError, class: DispatchClass) {
        let mut fields = error.encode_with(runtime);
        fields.extend(dispatch_info(class));
        self.deposit(runtime, phase, "System", "ExtrinsicFailed", &fields);
    }

    pub fn len(&self) -> u32 {
        self.count
    }

    /// `Vec<EventRecord>` in SCALE.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoded = Compact(self.count).encode();
        encoded.extend(&self.records);
        encoded
    }
}

/// `DispatchEventInfo`: weight, class, `Pays::No`.
fn dispatch_info(class: DispatchClass) -> Vec<u8> {
    const PAYS_NO: u8 = 1;
    (Compact(NOMINAL_REF_TIME), Compact(NOMINAL_PROOF_SIZE), class as u8, PAYS_NO).encode()
}
