//! When an item is worth another observation between two cycles.
//!
//! An item is observed again when it is old enough, or has grown enough, for new information:
//!
//! ```text
//! by_age    = age × AGE_SHARE                                        hours; age at the last observation
//! growth    = |newest − earlier| / ((newest + GROWTH_FLOOR) × hours between them)      a share an hour
//! by_growth = GROWTH_STEP / growth                                   hours; without end while nothing changes
//! interval  = min(by_age, by_growth), within SHORTEST_HOURS and LONGEST_HOURS
//! due       = last observation + interval × stretch
//! ```
//!
//! A falling count is a change like a growing one: it is the best public sign of bought views. If a day's budget is not
//! enough for all, the observations are spread out, for all items alike:
//!
//! ```text
//! demand    = Σ hours until the reset / interval / batch size        calls
//! reserve   = ceil(items / batch size) × cycles until the reset      calls that cycles will make
//! stretch   = max(1, demand / (units left − reserve))                nothing is due without units
//! ```
//!
//! Pure and deterministic. It decides when statistics are requested, never what they count for: everything that a cycle
//! decides from is observed again in that cycle.

use crate::chain_time::{HOUR_MS, Moment};
use crate::evidence::Measurement;
use crate::ids::{ContentId, Uid};
use crate::places::in_turn;

/// An item is observed again when it has grown older by this share of its age.
const AGE_SHARE: f64 = 0.125;

/// An item is observed again when its views should have changed by this share.
const GROWTH_STEP: f64 = 0.05;

/// Views that are added before shares are computed, so that the first few views of a video are not a large change.
const GROWTH_FLOOR: f64 = 100.0;

/// Shortest time between two observations, in hours of chain time.
pub const SHORTEST_HOURS: f64 = 0.5;

/// Longest time between two observations while there is budget, in hours of chain time.
pub const LONGEST_HOURS: f64 = 24.0;

/// The history of an item, as far as it decides when to observe it next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    /// When the platform published it, if it is known.
    pub published_at: Option<Moment>,
    /// The time of the last observation, whatever it found.
    pub observed_at: Moment,
    /// The newest count of views.
    pub newest: Option<Measurement>,
    /// The one before, of an earlier block.
    pub earlier: Option<Measurement>,
}

/// What may be spent on observations until the budget is reset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Calls that may be made, without the reserve.
    pub calls: u64,
    /// Hours until the budget is reset.
    pub hours_to_reset: f64,
    /// Items in one call.
    pub batch_size: usize,
}

/// Hours from the last observation to the next while there is budget.
pub fn interval_hours(track: &Track) -> f64 {
    let by_age = match track.published_at {
        Some(published_at) => track.observed_at.hours_since(published_at) * AGE_SHARE,
        None => LONGEST_HOURS,
    };
    let by_growth = growth_an_hour(track).map_or(LONGEST_HOURS, |growth| GROWTH_STEP / growth);
    by_age.min(by_growth).clamp(SHORTEST_HOURS, LONGEST_HOURS)
}

/// The share by which views change in an hour; `None` if they do not change, or if the history is too short.
fn growth_an_hour(track: &Track) -> Option<f64> {
    let (newest, earlier) = (track.newest?, track.earlier?);
    let hours = newest.at.time.hours_since(earlier.at.time);
    #[expect(clippy::cast_precision_loss, reason = "a share, for which 53 bits are plenty")]
    let (change, views) = (newest.count.abs_diff(earlier.count) as f64, newest.count as f64);
    (hours > 0.0 && change > 0.0).then(|| change / ((views + GROWTH_FLOOR) * hours))
}

/// Calls that cycles will make until the budget is reset: each cycle requests all items.
pub fn reserved_calls(contents: usize, batch_size: usize, hours_to_reset: f64, cycle_hours: f64) -> u64 {
    let cycles = (hours_to_reset.max(0.0) / cycle_hours.max(f64::MIN_POSITIVE)).floor() + 1.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u32")]
    let cycles = cycles.clamp(1.0, f64::from(u32::MAX)) as u64;
    let calls = u64::try_from(contents.div_ceil(batch_size.max(1))).unwrap_or(u64::MAX);
    calls.saturating_mul(cycles)
}

/// The factor that stretches all intervals so that the allowance is enough; `None` if there is none.
pub fn stretch(intervals: impl IntoIterator<Item = f64>, allowance: &Allowance) -> Option<f64> {
    if allowance.calls == 0 {
        return None;
    }
    let mut intervals: Vec<f64> = intervals.into_iter().map(|hours| hours.max(SHORTEST_HOURS)).collect();
    // A sum of floats depends on its order; this one must not.
    intervals.sort_unstable_by(f64::total_cmp);
    let looks_an_hour: f64 = intervals.iter().map(|hours| 1.0 / hours).sum();
    #[expect(clippy::cast_precision_loss, reason = "a ratio of counts far below 2^53")]
    let (calls, batch_size) = (allowance.calls as f64, allowance.batch_size.max(1) as f64);
    let demand = looks_an_hour * allowance.hours_to_reset.max(0.0) / batch_size;
    Some((demand / calls).max(1.0))
}

/// The time when an item is due.
pub fn due_at(track: &Track, stretch: f64) -> Moment {
    #[expect(clippy::cast_precision_loss, reason = "a constant below 2^53")]
    let wait_ms = interval_hours(track) * stretch.max(1.0) * HOUR_MS as f64;
    // Far beyond any budget's day; keeps the sum within range.
    const LONGEST_WAIT_MS: f64 = 1e15;
    #[expect(clippy::cast_possible_truncation, reason = "clamped")]
    let wait_ms = wait_ms.ceil().clamp(0.0, LONGEST_WAIT_MS) as i64;
    Moment::from_unix_ms(track.observed_at.unix_ms().saturating_add(wait_ms))
}

/// The items to observe now, the most overdue first, at most `limit`.
///
/// A call costs the same for one item as for a full batch. So what is due is filled up to full batches with the items
/// that are due next, if their last observation is at least [`SHORTEST_HOURS`] ago.
pub fn due_contents(tracks: &[(ContentId, Track)], now: Moment, allowance: &Allowance, limit: usize) -> Vec<ContentId> {
    due_in_turn(tracks, now, allowance, limit, |_| None)
}

/// The same, but each payer has its most overdue item observed before any has its second one: a payer with many items
/// does not use up the budget of the others.
pub fn due_in_turn(
    tracks: &[(ContentId, Track)],
    now: Moment,
    allowance: &Allowance,
    limit: usize,
    payer: impl Fn(&ContentId) -> Option<Uid>,
) -> Vec<ContentId> {
    let Some(stretch) = stretch(tracks.iter().map(|(_, track)| interval_hours(track)), allowance) else {
        return Vec::new();
    };
    let batch_size = allowance.batch_size.max(1);
    let calls = usize::try_from(allowance.calls).unwrap_or(usize::MAX);
    let limit = limit.min(calls.saturating_mul(batch_size));
    let mut by_time: Vec<(Moment, &ContentId)> = tracks
        .iter()
        .filter(|(_, track)| now.hours_since(track.observed_at) >= SHORTEST_HOURS)
        .map(|(content, track)| (due_at(track, stretch), content))
        .collect();
    by_time.sort_unstable();
    let due = by_time.iter().filter(|(due_at, _)| *due_at <= now).count();
    let filled = due.next_multiple_of(batch_size).min(limit);
    let next = by_time.split_off(due);
    let due = in_turn(by_time, |(_, content)| payer(content));
    due.into_iter().chain(next).take(filled).map(|(_, content)| content.clone()).collect()
}
