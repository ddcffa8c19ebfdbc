//! How long one run may take.

use std::time::Duration;

/// The part of a run's time that is kept for stopping it and reading its data; a quarter of it at most.
const KEPT_FOR_READING: Duration = Duration::from_secs(20);

/// The time of one run, by the monotonic clock.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub begin: Duration,
    /// When it is stopped if it still goes on.
    pub stop: Duration,
    /// When all its data has to be read.
    pub end: Duration,
    /// Whether the order that pays for it ends before its own deadline.
    pub is_cut: bool,
}

impl Span {
    /// From `now` for the length of `deadline`, but no longer than `until`.
    pub fn new(now: Duration, deadline: Duration, until: Duration) -> Self {
        let end = until.min(now.saturating_add(deadline));
        let kept = KEPT_FOR_READING.min(end.saturating_sub(now) / 4);
        Self { begin: now, stop: end.saturating_sub(kept), end, is_cut: end == until }
    }

    /// Its length in whole seconds.
    pub const fn seconds(self) -> u64 {
        self.end.saturating_sub(self.begin).as_secs()
    }
}
