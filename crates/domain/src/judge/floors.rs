//! The floor of a task: a minimum for the divisor of its scores, so that an empty task pays no more than a busy one.

use crate::ids::Hotkey;
use crate::judge::Judged;
use crate::platform::Platform;
use std::collections::{BTreeMap, HashMap};

/// Fewest miners, over all other tasks of the platform with a runner-up, that give a level.
const FEWEST_COMPETITORS: usize = 4;

/// The floor of each task: `share` of the other tasks' level.
///
/// The level of a task is the best counted score of its second miner: one miner alone gives none, however viral. The
/// level of a task's others is the median of their levels on the same platform, each task counted as often as it has
/// miners, so that moving it takes as many registered hotkeys as the honest miners have. With fewer than
/// [`FEWEST_COMPETITORS`] there is no floor.
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
