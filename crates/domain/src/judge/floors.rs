//! The floor of a task: what its best is compared with beside itself, so that an empty task pays no more than a busy one.

use crate::ids::Hotkey;
use crate::judge::Judged;
use crate::platform::Platform;
use std::collections::{BTreeMap, HashMap};

/// Miners whose runner-up tells a level, over all other tasks of the platform: fewer tell nothing.
const FEWEST_COMPETITORS: usize = 4;

/// What the best of each task is compared with beside itself: `share` of the other tasks' level.
///
/// The level of a task is the best counted score of its second miner: one miner alone makes none, however viral. The level
/// of a task's others is the median of their levels on the same platform, each task counted as often as it has miners, so
/// that it takes as many registered hotkeys as the honest have to move it. Without [`FEWEST_COMPETITORS`] there is no floor.
pub(crate) fn task_floors(submissions: &[Judged], share: f64) -> HashMap<String, f64> {
    let mut bests: BTreeMap<(&str, Hotkey), (Platform, f64)> = BTreeMap::new();
    for judged in submissions {
        if let (Some(score), Some(platform)) = (judged.counted_score(), judged.platform) {
            let best = bests.entry((&judged.task_id, judged.hotkey)).or_insert((platform, score));
            best.1 = best.1.max(score);
        }
    }
    let mut tasks: BTreeMap<&str, (Platform, Vec<f64>)> = BTreeMap::new();
    for ((task_id, _), (platform, best)) in bests {
        tasks.entry(task_id).or_insert((platform, Vec::new())).1.push(best);
    }
    for (_, bests) in tasks.values_mut() {
        bests.sort_by(|left, right| right.total_cmp(left));
    }
    let floor_of = |task_id: &str, platform| {
        let others =
            tasks.iter().filter(|(other, (its, bests))| **other != task_id && *its == platform && bests.len() > 1);
        let mut levels: Vec<(f64, usize)> = others.map(|(_, (_, bests))| (bests[1], bests.len())).collect();
        levels.sort_by(|left, right| left.0.total_cmp(&right.0));
        let competitors: usize = levels.iter().map(|(_, miners)| miners).sum();
        let mut before = 0;
        let median = levels.iter().find(|(_, miners)| {
            before += miners;
            2 * before >= competitors
        });
        median.filter(|_| competitors >= FEWEST_COMPETITORS).map(|(level, _)| level * share)
    };
    tasks.iter().filter_map(|(id, (platform, _))| Some(((*id).to_owned(), floor_of(id, *platform)?))).collect()
}
