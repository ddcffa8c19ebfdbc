//! The other validators' weights: the consensus that ours is compared with.
//!
//! They score the first item that an honest miner lists for each of our tasks, at the first block, and each deviates by
//! up to a tenth in its own way. They score nobody else: plausible weights are enough, and the rules are the
//! validator's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::population::{SUBMISSION_FILE, purpose};
use super::task::HOUR_MS;
use super::{Conduct, Member, World};
use crate::clock::{START_BLOCK, block_unix_ms};

/// The best of a task gets so many points.
const POINTS: u128 = 1_000_000;
/// How far a validator errs, in percent of what a miner deserves.
const ERROR_PERCENT: u64 = 10;

impl World {
    /// The other validators with the weights that they set: what they make of the miners at the first block.
    pub fn weights_of_others(&self) -> Vec<(Member, Vec<(u16, u16)>)> {
        of_others(self)
    }

    /// The pairs that a miner listed at the first block.
    pub fn listed_first(&self, miner: &Member) -> Vec<(String, String)> {
        listed(self, miner)
    }
}

/// The weights of each other validator, the largest of each being `u16::MAX`.
fn of_others(world: &World) -> Vec<(Member, Vec<(u16, u16)>)> {
    let points = points(world);
    let others = world.members.iter().filter(|member| member.has_permit() && member.uid != world.validator().uid);
    others.map(|validator| (validator.clone(), weights(world, validator.uid, &points))).collect()
}

fn weights(world: &World, validator: u16, points: &BTreeMap<u16, u128>) -> Vec<(u16, u16)> {
    let seed = world.seed.fork(purpose::OPINION).fork(u64::from(validator));
    let seen = |(uid, points): (&u16, &u128)| {
        let percent = seed.fork(u64::from(*uid)).between(100 - ERROR_PERCENT, 100 + ERROR_PERCENT + 1);
        (*uid, points * u128::from(percent))
    };
    let seen: Vec<(u16, u128)> = points.iter().map(seen).collect();
    let most = seen.iter().map(|(_, points)| *points).max().unwrap_or_default().max(1);
    seen.into_iter().map(|(uid, points)| (uid, (points * u128::from(u16::MAX) / most) as u16)).collect()
}

/// What each honest miner deserves: in each task its views per hour as a part of the best.
fn points(world: &World) -> BTreeMap<u16, u128> {
    let mut per_hour: BTreeMap<(String, u16), u128> = BTreeMap::new();
    for miner in world.miners_who(Conduct::Honest) {
        for (task_id, content_id) in listed(world, miner) {
            let Some(views) = views_per_1000_hours(world, &task_id, &content_id) else { continue };
            per_hour.entry((task_id, miner.uid)).or_insert(views);
        }
    }
    let mut best: BTreeMap<&str, u128> = BTreeMap::new();
    for ((task_id, _), views) in &per_hour {
        let best = best.entry(task_id).or_default();
        *best = (*best).max(*views);
    }
    let mut points = BTreeMap::new();
    for ((task_id, uid), views) in &per_hour {
        let most = best.get(task_id.as_str()).copied().unwrap_or_default().max(1);
        *points.entry(*uid).or_default() += views * POINTS / most;
    }
    points
}

/// The pairs of a miner's gist at the first block.
fn listed(world: &World, miner: &Member) -> Vec<(String, String)> {
    let newest = world.gist(&miner.gist_id).and_then(|gist| gist.newest(START_BLOCK));
    let file = newest.and_then(|revision| revision.files.iter().find(|file| file.name == SUBMISSION_FILE));
    let document: Value = file.and_then(|file| serde_json::from_slice(&file.bytes).ok()).unwrap_or_default();
    let pairs = document["submissions"].as_array().cloned().unwrap_or_default();
    pairs.iter().filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()))).collect()
}

fn views_per_1000_hours(world: &World, task_id: &str, content_id: &str) -> Option<u128> {
    let task = world.tasks().iter().find(|task| task.id == task_id)?;
    let content = world.visible_content(task.platform, content_id, START_BLOCK)?;
    let age_ms = block_unix_ms(START_BLOCK).saturating_sub(content.published_ms).max(HOUR_MS);
    let views = world.counts(&content, START_BLOCK).views?;
    Some(u128::from(views) * 1_000 * u128::from(HOUR_MS) / u128::from(age_ms))
}
