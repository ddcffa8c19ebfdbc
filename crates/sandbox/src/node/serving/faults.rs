//! Faults on demand. Every switch is thread-safe and either counted or on until it is taken back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::node::calls::validity::{InvalidTransaction, PoolRejection};

/// The name that means every method without a fault of its own.
pub const EVERY_METHOD: &str = "*";

/// What happens to an RPC method instead of, or before, its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodFault {
    /// It is answered after this time.
    Delay(Duration),
    /// It is never answered, until the fault is cleared or the connection closes.
    Hang,
    /// It is answered with this JSON-RPC error.
    Error {
        /// The code, such as -32603.
        code: i32,
        /// The message.
        message: String,
    },
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The next so many times.
    Next(u32),
    /// Until it is cleared.
    Always,
}

impl Times {
    /// Uses one up; false if none is left.
    fn strike(&mut self) -> bool {
        match self {
            Self::Always => true,
            Self::Next(0) => false,
            Self::Next(left) => {
                *left -= 1;
                true
            }
        }
    }
}

#[derive(Default)]
struct Switches {
    methods: BTreeMap<String, (MethodFault, Times)>,
    weights_errors: VecDeque<String>,
    rejections: VecDeque<PoolRejection>,
    lost_answers: u32,
    dropped_extrinsics: u32,
    stale_nonces: u32,
    failed_reveals: u32,
}

/// The switches that the node checks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FaultSwitches {
    switches: Arc<Mutex<Switches>>,
    /// Counts the changes, to wake what hangs.
    changes: Arc<watch::Sender<u64>>,
}

impl FaultSwitches {
    pub fn new() -> Self {
        Self { switches: Arc::default(), changes: Arc::new(watch::Sender::new(0)) }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Switches) -> T) -> T {
        let result = change(&mut self.switches.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
        result
    }

    pub fn set_method(&self, method: &str, fault: MethodFault, times: Times) {
        self.change(|switches| switches.methods.insert(method.to_string(), (fault, times)));
    }

    pub fn fail_next_weights(&self, error: &str) {
        self.change(|switches| switches.weights_errors.push_back(error.to_string()));
    }

    pub fn reject_next_submission(&self, rejection: PoolRejection) {
        self.change(|switches| switches.rejections.push_back(rejection));
    }

    pub fn fail_next_reveals(&self, count: u32) {
        self.change(|switches| switches.failed_reveals += count);
    }

    pub fn take_failed_reveal(&self) -> bool {
        self.change(|switches| take_one(&mut switches.failed_reveals))
    }

    pub fn lose_next_answers(&self, count: u32) {
        self.change(|switches| switches.lost_answers += count);
    }

    pub fn drop_next_extrinsics(&self, count: u32) {
        self.change(|switches| switches.dropped_extrinsics += count);
    }

    pub fn answer_stale_nonces(&self, count: u32) {
        self.change(|switches| switches.stale_nonces += count);
    }

    pub fn clear(&self) {
        self.change(|switches| *switches = Switches::default());
    }

    /// What strikes a call of `method` now.
    pub fn take_method_fault(&self, method: &str) -> Option<MethodFault> {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if switches.methods.contains_key(method) { method } else { EVERY_METHOD };
        let (fault, times) = switches.methods.get_mut(key)?;
        times.strike().then(|| fault.clone())
    }

    /// Waits until `method` no longer hangs.
    pub async fn until_released(&self, method: &str) {
        let mut changes = self.changes.subscribe();
        loop {
            let hangs = {
                let switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
                let fault = switches.methods.get(method).or_else(|| switches.methods.get(EVERY_METHOD));
                matches!(fault, Some((MethodFault::Hang, _)))
            };
            if !hangs || changes.changed().await.is_err() {
                return;
            }
        }
    }

    pub fn take_weights_error(&self) -> Option<String> {
        self.change(|switches| switches.weights_errors.pop_front())
    }

    pub fn take_rejection(&self) -> Option<PoolRejection> {
        self.change(|switches| switches.rejections.pop_front())
    }

    pub fn take_lost_answer(&self) -> bool {
        self.change(|switches| take_one(&mut switches.lost_answers))
    }

    pub fn take_dropped_extrinsic(&self) -> bool {
        self.change(|switches| take_one(&mut switches.dropped_extrinsics))
    }

    pub fn take_stale_nonce(&self) -> bool {
        self.change(|switches| take_one(&mut switches.stale_nonces))
    }
}

fn take_one(count: &mut u32) -> bool {
    let any = *count > 0;
    *count = count.saturating_sub(1);
    any
}

impl PoolRejection {
    /// What Subtensor's own checks answer, such as 1 for too little stake or 6 for a rate limit.
    pub fn custom(code: u8) -> Self {
        Self::Invalid(InvalidTransaction::Custom(code))
    }
}
