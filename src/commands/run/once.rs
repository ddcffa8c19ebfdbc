//! `run --once`: the time limits of one cycle, and its exit code.
//!
//! The process always ends: if the chain cannot be reached, the subnet cannot be read or the store cannot be written, after
//! [`CHAIN_PATIENCE`], at any time of the run; if a cycle takes too long, after [`CYCLE_PATIENCE`]; and in any case, from opening
//! the wallet to printing the result, after [`LONGEST`], which a separate thread enforces.

use crate::adapters::chain::FINALITY_DEADLINE;
use crate::console::exit::Exit;
use crate::console::report::cycle::{CycleReport, Sending};
use crate::wiring::app::App;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tensorflix_actors::gist_fetcher::ROUND_DEADLINE;
use tensorflix_actors::ports::{Chain, ChainError, Store};
use tensorflix_actors::scorer::{OBSERVATION_DEADLINE, VERIFICATION_DEADLINE};
use tensorflix_domain::verdict::Status;
use tokio::time::Instant;

/// How long `--once` waits for a chain, and for the first reading of the subnet.
pub(crate) const CHAIN_PATIENCE: Duration = Duration::from_secs(120);

/// How long `--once` waits for its cycle: the deadlines of its steps (the round of gists, observations, verdicts, sending), and
/// a margin for the time between them.
const CYCLE_PATIENCE: Duration = Duration::from_secs(
    CHAIN_PATIENCE.as_secs()
        + ROUND_DEADLINE.as_secs()
        + OBSERVATION_DEADLINE.as_secs()
        + VERIFICATION_DEADLINE.as_secs()
        + FINALITY_DEADLINE.as_secs()
        + 300,
);

/// How long all of `--once` may take: the wait for the chain, the cycle, and [`CHAIN_PATIENCE`] once more for what comes before
/// and after, which includes typing a password.
pub(crate) const LONGEST: Duration = Duration::from_secs(CYCLE_PATIENCE.as_secs() + 2 * CHAIN_PATIENCE.as_secs());

/// Time for the last lines of the log before the process is ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How often the chain is asked whether it is still there.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long its answer may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(10);

/// An exit if no chain can be reached in time, or if the chain cannot be used.
pub(crate) async fn wait_for_chain(app: &App) -> Option<Exit> {
    let mut last_error = "no answer".to_owned();
    let waited = tokio::time::timeout(CHAIN_PATIENCE, async {
        const PAUSE: Duration = Duration::from_secs(1);
        loop {
            match app.chain.check().await {
                Ok(()) => return None,
                Err(ChainError::Unusable(error)) => return Some(error),
                Err(ChainError::Unreachable(error)) => last_error = error,
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    match waited.await {
        Ok(None) => None,
        Ok(Some(error)) => {
            tracing::error!(%error, "chain cannot be used");
            Some(Exit::Failed)
        }
        Err(_) => {
            tracing::error!(error = last_error, waited_secs = CHAIN_PATIENCE.as_secs(), "chain not reachable");
            Some(Exit::Failed)
        }
    }
}

/// Returns, with the reason, when the wait for the cycle must end.
pub(crate) async fn out_of_patience(
    chain: Arc<dyn Chain>,
    store: Arc<dyn Store>,
    database: tensorflix_store::Store,
) -> String {
    let is_there = async || match chain.next_head(None).await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    let is_read = async || store.latest_subnet().await.is_ok_and(|subnet| subnet.is_some());
    let is_written = async || database.try_to_write().await.map_err(|error| error.to_string());
    patience_ends(is_there, is_written, is_read).await
}

/// `is_there` asks whether the chain answers, `is_written` whether the store takes what is written, `is_read` whether the
/// subnet was read.
async fn patience_ends(
    is_there: impl AsyncFn() -> Result<(), String>,
    is_written: impl AsyncFn() -> Result<(), String>,
    is_read: impl AsyncFn() -> bool,
) -> String {
    let started = Instant::now();
    let (mut last_seen, mut last_written, mut was_read) = (started, started, false);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let answer = tokio::time::timeout(LOOK_DEADLINE, is_there()).await;
        match answer.unwrap_or_else(|_| Err("no answer".to_owned())) {
            Ok(()) => last_seen = Instant::now(),
            Err(error) if last_seen.elapsed() >= CHAIN_PATIENCE => {
                return format!("the chain was unreachable for {} s ({error})", CHAIN_PATIENCE.as_secs());
            }
            Err(_) => {}
        }
        match is_written().await {
            Ok(()) => last_written = Instant::now(),
            Err(error) if last_written.elapsed() >= CHAIN_PATIENCE => {
                return format!("the store could not be written for {} s ({error})", CHAIN_PATIENCE.as_secs());
            }
            Err(_) => {}
        }
        was_read = was_read || is_read().await;
        if !was_read && started.elapsed() >= CHAIN_PATIENCE {
            return format!("the subnet could not be read within {} s", CHAIN_PATIENCE.as_secs());
        }
        if started.elapsed() >= CYCLE_PATIENCE {
            return format!("the cycle was not decided and sent within {} s", CYCLE_PATIENCE.as_secs());
        }
    }
}

/// Ends the process if it is not dropped in time. A thread of its own, because the process's own may be what is blocked: by a
/// prompt, by a disk, or by a pipe that nobody reads.
pub(crate) struct Bound {
    _ended: Sender<()>,
}

impl Bound {
    /// Calls `when_over` on a thread of its own after `longest`, unless the value is dropped before.
    pub(crate) fn begin(longest: Duration, when_over: fn()) -> Self {
        let (ended, is_over) = channel();
        let watch = move || {
            if is_over.recv_timeout(longest) == Err(RecvTimeoutError::Timeout) {
                when_over();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("bound".to_owned()).spawn(watch) {
            tracing::warn!(%error, "cannot start the time limit thread of --once; a blocked process will not end by itself");
        }
        Self { _ended: ended }
    }
}

/// Logs why, and ends the process. A separate thread logs it, since the log may be what blocks.
pub(crate) fn give_up() {
    let words = || {
        tracing::error!(after_secs = LONGEST.as_secs(), "--once exceeded its time limit; exiting");
    };
    // Without such a thread, the process ends without a log line.
    let _ = std::thread::Builder::new().spawn(words);
    std::thread::sleep(LAST_WORDS);
    std::process::exit(1);
}

/// The exit code of a cycle: 3 if no miner was scored, whatever the reason, as long as nothing failed.
pub(crate) async fn exit_of(report: &CycleReport, chain: &dyn Chain) -> Exit {
    if matches!(report.sending, Sending::Withheld { is_failure: true, .. }) {
        return Exit::Failed;
    }
    // Scores may also come from earlier cycles, by smoothing.
    let is_anybody_accepted = report.decided.submissions.iter().any(|judged| judged.status == Status::Accepted);
    if is_anybody_accepted && !report.decided.scores.is_empty() {
        return Exit::Done;
    }
    // Without a chain nothing could have been sent, and evidence may be missing for the same reason.
    match tokio::time::timeout(LOOK_DEADLINE, chain.next_head(None)).await {
        Ok(Ok(_)) => Exit::NothingToScore,
        _ => {
            tracing::error!("no miner was scored, and the chain is unreachable");
            Exit::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Seconds until patience ends, and why. The chain answers, is lost, or hangs, by the second; the subnet is read or not.
    async fn ends(chain: impl Fn(u64) -> Option<bool>, is_read: bool) -> (u64, String) {
        let (started, asked) = (Instant::now(), Cell::new(0));
        let is_there = async || {
            asked.set(asked.get() + 1);
            match chain(started.elapsed().as_secs()) {
                Some(true) => Ok(()),
                Some(false) => Err("connection refused".to_owned()),
                None => std::future::pending().await,
            }
        };
        let reason = patience_ends(is_there, async || Ok(()), async || is_read).await;
        (started.elapsed().as_secs(), reason)
    }

    #[tokio::test(start_paused = true)]
    async fn one_cycle_is_waited_for_no_longer_than_it_can_still_come() {
        let patience = CHAIN_PATIENCE.as_secs();
        let soon_after = |at: u64, from: u64| (at + patience..=at + patience + 40).contains(&from);
        for answer in [Some(false), None] {
            let (secs, reason) = ends(|_| answer, true).await;
            assert!(soon_after(0, secs) && reason.contains("unreachable"), "{secs} s: {reason}");
            let (secs, reason) = ends(|now| if now < 1_000 { Some(true) } else { answer }, true).await;
            assert!(soon_after(980, secs) && reason.contains("unreachable"), "lost in mid-run: {secs} s: {reason}");
        }
        let (secs, reason) = ends(|_| Some(true), false).await;
        assert!(soon_after(0, secs) && reason.contains("subnet"), "{secs} s: {reason}");
        let (secs, reason) = ends(|_| Some(true), true).await;
        assert!(secs >= CYCLE_PATIENCE.as_secs() && reason.contains("not decided"), "{secs} s: {reason}");
        // A chain that comes back in time costs nothing.
        let (secs, _) = ends(|now| Some(now % 300 > 100), true).await;
        assert!(secs >= CYCLE_PATIENCE.as_secs(), "{secs} s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_takes_nothing_is_waited_for_as_long_as_a_chain() {
        let started = Instant::now();
        let full = |from: u64, to: u64| {
            let now = started.elapsed().as_secs();
            if (from..to).contains(&now) { Err("no space".to_owned()) } else { Ok(()) }
        };
        let reason = patience_ends(async || Ok(()), async || full(50, u64::MAX), async || true).await;
        let secs = started.elapsed().as_secs();
        assert!((160..=210).contains(&secs) && reason.contains("no space"), "{secs} s: {reason}");
        let reason = patience_ends(async || Ok(()), async || full(200, 300), async || true).await;
        assert!(reason.contains("not decided"), "space that comes back costs nothing: {reason}");
    }

    #[test]
    fn all_of_it_has_one_bound_also_where_the_thread_is_blocked() {
        static CALLED: AtomicBool = AtomicBool::new(false);
        drop(Bound::begin(Duration::from_secs(3_600), || panic!("it was dropped in time")));
        let _bound = Bound::begin(Duration::from_millis(1), || CALLED.store(true, Ordering::SeqCst));
        while !CALLED.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    }
}
