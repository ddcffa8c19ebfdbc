//! Which items are observed a second time between two cycles where each observation costs money.
//!
//! ```text
//! earned  = over an item's submissions: task weight × normalised score in the newest cycle
//! due     = earned > 0, and last observed half a cycle ago or more: so at most once between two cycles
//! order   = what earned most first, one item of each hotkey in turn
//! price   = charge of one request / items in it                          units an item, rounded up
//! looks   = budget of a day / PART_FOR_SECOND_LOOKS / price              a day, rounded down
//! ```
//!
//! The series of an item says something from four observations on, which takes four days with one a day, and two with a
//! second one. Pure and deterministic; it decides no score.

use crate::chain_time::Moment;
use crate::evidence::WeightedTask;
use crate::freshness::Track;
use crate::ids::{ContentId, Uid};
use crate::judge::Judged;
use crate::places::in_turn;
use std::collections::{BTreeMap, HashMap};

/// Second looks may cost one part in this many of a day's budget.
pub const PART_FOR_SECOND_LOOKS: u64 = 10;

/// The items that earned something in a cycle, the one that earned most first; of equal ones, in the order of their ids.
pub fn earners(submissions: &[Judged], tasks: &[WeightedTask]) -> Vec<ContentId> {
    let weights: HashMap<&str, f64> =
        tasks.iter().map(|weighted| (weighted.task.id.as_str(), weighted.weight)).collect();
    let mut earned: BTreeMap<ContentId, f64> = BTreeMap::new();
    for judged in submissions {
        let share = judged.normalized_score.zip(weights.get(judged.task_id.as_str()));
        if let (Some((score, weight)), Some(content)) = (share, judged.content()) {
            *earned.entry(content).or_default() += score * weight;
        }
    }
    let mut earned: Vec<(ContentId, f64)> = earned.into_iter().filter(|(_, earned)| *earned > 0.0).collect();
    earned.sort_by(|left, right| right.1.total_cmp(&left.1));
    earned.into_iter().map(|(content, _)| content).collect()
}

/// Of `earners`, those that are due at `now`, at most `limit`: each payer has its best earner observed before any has its
/// second one. Those without a history are left to the next cycle.
pub fn due_for_second_look(
    earners: &[ContentId],
    tracks: &[(ContentId, Track)],
    now: Moment,
    cycle_hours: f64,
    limit: usize,
    payer: impl Fn(&ContentId) -> Option<Uid>,
) -> Vec<ContentId> {
    let tracks: HashMap<&ContentId, &Track> = tracks.iter().map(|(content, track)| (content, track)).collect();
    let is_due = |content: &&ContentId| {
        tracks.get(content).is_some_and(|track| now.hours_since(track.observed_at) >= cycle_hours / 2.0)
    };
    let due: Vec<&ContentId> = earners.iter().filter(is_due).collect();
    in_turn(due, |content| payer(content)).into_iter().take(limit).cloned().collect()
}

/// The price of one look, in units of the ledger.
pub const fn price_of_look(units_per_batch: u64, batch_size: u64) -> u64 {
    let batch_size = if batch_size == 0 { 1 } else { batch_size };
    let price = units_per_batch.div_ceil(batch_size);
    if price == 0 { 1 } else { price }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_time::HOUR_MS;
    use crate::platform::Platform;

    fn reel(number: u32) -> ContentId {
        ContentId::new(Platform::INSTAGRAM, &format!("reel{number:04}")).expect("an id")
    }

    fn hour(hours: i64) -> Moment {
        Moment::from_unix_ms(1_790_000_000_000 + hours * HOUR_MS)
    }

    #[test]
    fn what_earns_most_is_due_half_a_cycle_later_and_one_of_each_payer_in_turn() {
        let track = |hours| Track { published_at: None, observed_at: hour(hours), newest: None, earlier: None };
        let earners: Vec<ContentId> = (0..6).map(reel).collect();
        let tracks: Vec<(ContentId, Track)> =
            (0..5).map(|number| (reel(number), track(i64::from(number == 1) * 3))).collect();
        let payer = |content: &ContentId| Some(Uid::from(u16::from(content.as_str() > "reel0003")));
        let due = |now, limit| due_for_second_look(&earners, &tracks, hour(now), 24.0, limit, payer);
        assert_eq!(due(11, 9), []);
        assert_eq!(due(12, 9), [0, 4, 2, 3].map(reel), "the second was seen later, the sixth never");
        assert_eq!(due(15, 3), [0, 4, 1].map(reel));
        assert_eq!(due(15, 0), []);
    }

    #[test]
    fn a_look_never_costs_nothing() {
        assert_eq!([price_of_look(1_000_000, 100), price_of_look(1, 50), price_of_look(0, 0)], [10_000, 1, 1]);
    }
}
