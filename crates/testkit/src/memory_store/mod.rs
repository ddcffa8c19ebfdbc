//! The Store port in memory: faithful to the port's contract, with faults on demand and a record of what was written.

mod claims;
mod contents;
mod cycles;
mod disputes;
mod gists;
mod intents;
mod ledger;
mod port;
mod room;
mod tables;
mod verdicts;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tables::Tables;
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::cycle::CycleHead;
use tensorflix_domain::gist_record::Holding;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::intent::{RevealOutcome, WeightIntent};
use tensorflix_domain::observation::Observation;

/// A kind of write, named after what it stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// The newest head.
    Head,
    /// The newest subnet.
    Subnet,
    /// Answers and holders of gists.
    Gists,
    /// What checks of owners found.
    GistOwners,
    /// Blocks without a polling round.
    Unwatched,
    /// The end of a polling round.
    GistRound,
    /// Observations.
    Observations,
    /// A debit of the quota ledger.
    Debit,
    /// A credit of the quota ledger.
    Credit,
    /// A bucket that is used up.
    Exhaust,
    /// Verdicts.
    Verdicts,
    /// Verdicts that are missing.
    Waits,
    /// Claims.
    Claims,
    /// Dates of gists.
    GistDates,
    /// Times of blocks.
    BlockTimes,
    /// A crash.
    Crash,
    /// A cycle that opens.
    Cycle,
    /// A decision.
    Decision,
    /// An intent.
    Intent,
    /// The outcome of an intent.
    Outcome,
}

/// What happens to a write instead of its being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Fail,
    Panic,
}

/// The store. Shared by actors that are started one after another on it, it outlives them as a file would.
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    written: Mutex<Vec<Write>>,
    faults: Mutex<VecDeque<(Option<Write>, Fault)>>,
    write_delay: Mutex<Duration>,
    is_full: AtomicBool,
    cycles_read: AtomicUsize,
}

impl MemoryStore {
    /// The next `count` writes, of any kind, fail and store nothing.
    pub fn fail_next_writes(&self, count: usize) {
        locked(&self.faults).extend(std::iter::repeat_n((None, Fault::Fail), count));
    }

    /// From now on every write fails, as on a full disk, or no longer does.
    pub fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }

    /// The next write of this kind fails and stores nothing.
    pub fn fail_next(&self, write: Write) {
        locked(&self.faults).push_back((Some(write), Fault::Fail));
    }

    /// The next write of this kind panics and stores nothing: a crash of the actor just before it.
    pub fn panic_at_next(&self, write: Write) {
        locked(&self.faults).push_back((Some(write), Fault::Panic));
    }

    /// From now on every write takes this long before it is done.
    pub fn delay_writes(&self, delay: Duration) {
        *locked(&self.write_delay) = delay;
    }

    /// The kinds of what was written, in order; failed writes are not among them.
    pub fn written(&self) -> Vec<Write> {
        locked(&self.written).clone()
    }

    /// How many writes of a kind were done.
    pub fn count(&self, write: Write) -> usize {
        locked(&self.written).iter().filter(|written| **written == write).count()
    }

    /// How often a decided cycle was read whole.
    pub fn cycles_read(&self) -> usize {
        self.cycles_read.load(Ordering::Relaxed)
    }

    /// All observations of a video or reel, oldest record first.
    pub fn observations(&self, content: &ContentId) -> Vec<Observation> {
        locked(&self.tables).observations.get(content).cloned().unwrap_or_default()
    }

    /// Units that are spent on a date, of all buckets with names that begin with this prefix.
    pub fn units_spent(&self, prefix: &str, date: &str) -> u64 {
        locked(&self.tables).spent(prefix, date).values().sum()
    }

    /// Units spent, by bucket and date.
    pub fn all_units_spent(&self) -> std::collections::BTreeMap<(String, String), u64> {
        locked(&self.tables).units_spent.clone()
    }

    /// Removes every fault that has not been applied yet.
    pub fn forget_faults(&self) {
        locked(&self.faults).clear();
    }

    /// Does what a process does when it starts: marks what it read of the chain before as old.
    pub fn forget_subnet(&self) {
        locked(&self.tables).subnet = None;
    }

    /// All claims, in the order of [`Claim`].
    pub fn claims(&self) -> Vec<Claim> {
        locked(&self.tables).all_claims()
    }

    /// Every hotkey's first sight of each version of its gist, in the order of their numbers.
    pub fn holdings(&self) -> Vec<Holding> {
        locked(&self.tables).holdings.iter().map(|(holding, _)| holding.clone()).collect()
    }

    /// All intents by window, those of one window in the order in which they were stored.
    pub fn intents(&self) -> Vec<WeightIntent> {
        locked(&self.tables).all_intents().cloned().collect()
    }

    /// The outcomes of reveals.
    pub fn reveals(&self) -> Vec<RevealOutcome> {
        locked(&self.tables).reveals.values().cloned().collect()
    }

    /// All cycles, oldest first.
    pub fn cycles(&self) -> Vec<CycleHead> {
        locked(&self.tables).cycles.iter().map(tables::Cycle::head).collect()
    }

    /// Does a write, unless a fault was asked for.
    async fn write<T>(
        &self,
        write: Write,
        apply: impl FnOnce(&mut Tables) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let delay = *locked(&self.write_delay);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if self.is_full.load(Ordering::Relaxed) {
            return Err(StoreError("there is no space left".to_owned()));
        }
        match self.take_fault(write) {
            Some(Fault::Fail) => return Err(StoreError(format!("{write:?} was made to fail"))),
            Some(Fault::Panic) => panic!("{write:?} was made to panic"),
            None => {}
        }
        let applied = apply(&mut locked(&self.tables))?;
        locked(&self.written).push(write);
        Ok(applied)
    }

    fn take_fault(&self, write: Write) -> Option<Fault> {
        let mut faults = locked(&self.faults);
        let place = faults.iter().position(|(kind, _)| kind.is_none_or(|kind| kind == write))?;
        faults.remove(place).map(|(_, fault)| fault)
    }

    fn read<T>(&self, read: impl FnOnce(&Tables) -> T) -> Result<T, StoreError> {
        Ok(read(&locked(&self.tables)))
    }
}

/// Locks a mutex, even if its holder was made to panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
