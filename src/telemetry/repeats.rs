//! Limits how many lines of one kind an output writes: a failure, also one that a stranger causes, can repeat without end.
//!
//! A kind is the place in the code that writes the line, so the number of kinds is fixed. Each may write [`BURST`] lines at once
//! and one more every [`PERIOD`]; further lines are suppressed and counted. The count is logged before the next line of any kind,
//! at most once every [`TOLD_EVERY`]. The limit applies to warnings and errors, and to every line of a dependency. Our own
//! information lines are bounded by the work that they describe.

use std::collections::HashMap;
use std::time::{Duration, Instant};
use tracing::callsite::Identifier;
use tracing::{Level, Metadata};

/// The beginning of the names of all our crates.
pub(super) const OUR_CRATES: &str = "tensorflix";

/// Lines of a kind at once: a round of polling may have something to say of every miner's gist.
const BURST: u32 = 300;
/// Time after which a kind may write one more.
const PERIOD: Duration = Duration::from_secs(6);
/// Shortest time between two lines with the count of suppressed lines.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// What an output has written lately.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    kinds: HashMap<Identifier, Kind>,
    /// Suppressed lines since the last such line.
    left_out: u64,
    told: Option<Instant>,
}

#[derive(Debug)]
struct Kind {
    /// Lines that it may write now.
    left: u32,
    /// Since when it has more than before.
    since: Instant,
    /// Suppressed lines that are not reported yet.
    left_out: u64,
    target: String,
    line: Option<u32>,
}

impl Repeats {
    /// Whether a line of this kind is written now.
    pub fn admit(&mut self, metadata: &Metadata<'_>, now: Instant) -> bool {
        let is_ours = metadata.target().starts_with(OUR_CRATES);
        if is_ours && *metadata.level() > Level::WARN {
            return true;
        }
        let kind = self.kinds.entry(metadata.callsite()).or_insert_with(|| Kind {
            left: BURST,
            since: now,
            left_out: 0,
            target: metadata.target().to_owned(),
            line: metadata.line(),
        });
        let is_admitted = kind.take(now);
        if !is_admitted {
            kind.left_out += 1;
            self.left_out += 1;
        }
        is_admitted
    }

    /// The counts of suppressed lines, a text for each kind, if it is time to report them.
    pub fn untold(&mut self, now: Instant) -> Vec<String> {
        if self.left_out == 0 || self.told.is_some_and(|told| now.duration_since(told) < TOLD_EVERY) {
            return Vec::new();
        }
        (self.left_out, self.told) = (0, Some(now));
        let kinds = self.kinds.values_mut().filter(|kind| kind.left_out > 0);
        kinds.map(|kind| kind.tell()).collect()
    }
}

impl Kind {
    fn take(&mut self, now: Instant) -> bool {
        let periods = now.duration_since(self.since).as_secs() / PERIOD.as_secs();
        if let Ok(more @ 1..) = u32::try_from(periods) {
            self.left = self.left.saturating_add(more).min(BURST);
            self.since += PERIOD * more;
        }
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }

    fn tell(&mut self) -> String {
        let count = std::mem::take(&mut self.left_out);
        let line = self.line.map(|line| format!(" line={line}")).unwrap_or_default();
        format!("suppressed repeated log lines count={count} target={:?}{line}", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tensorflix_testkit::logs::ask_about_every_event;
    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::{Context, SubscriberExt};
    use tracing_subscriber::{Layer, Registry};

    /// The metadata of every event that `events` logs.
    fn kinds(events: impl FnOnce()) -> Vec<&'static Metadata<'static>> {
        struct Noting(&'static Mutex<Vec<&'static Metadata<'static>>>);
        impl Layer<Registry> for Noting {
            fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, Registry>) {
                self.0.lock().expect("no panic").push(event.metadata());
            }
        }
        let noted: &'static Mutex<_> = Box::leak(Box::default());
        ask_about_every_event();
        with_default(tracing_subscriber::registry().with(Noting(noted)), events);
        std::mem::take(&mut noted.lock().expect("no panic"))
    }

    #[test]
    fn a_kind_has_its_burst_and_then_a_few_and_takes_nothing_from_others() {
        let all = kinds(|| {
            tracing::warn!(target: "tensorflix_actors::x", "a gist");
            tracing::error!(target: "tensorflix_actors::x", "a node");
            tracing::info!(target: "tensorflix_actors::x", "our work");
            tracing::info!(target: "sqlx", "theirs");
        });
        let [gist, node, ours, theirs] = all[..] else { panic!("four kinds: {all:?}") };
        let (mut repeats, begin) = (Repeats::default(), Instant::now());
        let mut written = |kind, count: u32, secs| {
            let now = begin + Duration::from_secs(secs);
            (0..count).filter(|_| repeats.admit(kind, now)).count()
        };
        assert_eq!(written(gist, 1_000, 0), 300);
        assert_eq!(written(gist, 1_000, 5), 0);
        assert_eq!(written(gist, 1_000, 61), 10);
        assert_eq!(written(node, 5, 61), 5);
        assert_eq!(written(theirs, 1_000, 61), 300);
        assert_eq!(written(ours, 10_000, 61), 10_000);
        assert_eq!(written(gist, 1_000, 1_000_000), 300, "a quiet night is no credit");
        let mut untold = repeats.untold(begin);
        untold.sort();
        assert_eq!(untold.len(), 2, "{untold:?}");
        assert!(untold[1].contains("count=700") && untold[1].contains("sqlx"), "{untold:?}");
        assert!(untold[0].contains("count=3390") && untold[0].contains("tensorflix_actors::x"), "{untold:?}");
    }

    #[test]
    fn what_was_left_out_is_told_once_and_not_oftener_than_each_minute() {
        let all = kinds(|| tracing::warn!(target: "tensorflix", "a kind"));
        let (mut repeats, begin) = (Repeats::default(), Instant::now());
        let mut left_out = |secs| {
            let now = begin + Duration::from_secs(secs);
            (0..400).for_each(|_| _ = repeats.admit(all[0], now));
            repeats.untold(now).len()
        };
        assert_eq!([left_out(0), left_out(1), left_out(59), left_out(60), left_out(61)], [1, 0, 0, 1, 0]);
        assert_eq!(Repeats::default().untold(begin), Vec::<String>::new());
    }
}
