//! Attacks with contents: their views, ages and appearance.

use super::scene::{Pair, Scene, audience};
use super::stage::{ATTACKER, ScriptError, Side};
use crate::world::{Broadcast, Counts, Growth, Platform, Shape};

type Played = Result<(), ScriptError>;

/// Views that old footage had before it was made public.
const OLD_VIEWS: u64 = 500_000;

/// Lists videos of six minutes for each cycle, in place of those before. The twin's were published an hour earlier.
pub(super) fn fresh(scene: &Scene<'_>) -> Played {
    let growth = Growth { half_age_ms: 1_800_000, ..audience(Shape::EarlyBurst, 9_000, 1) };
    let mut pairs = Vec::new();
    for (place, task) in scene.tasks(Platform::YouTube).iter().enumerate() {
        let label = format!("fresh-{}-{place}", scene.cycle);
        let pair = scene.upload(ATTACKER, task, &label, 1, growth.clone());
        if scene.side == Side::Attack {
            scene.edit(&pair, |content| content.published_ms += 54 * 60_000)?;
        }
        pairs.push(pair);
    }
    scene.list(ATTACKER, &pairs)
}

/// Publishes footage that has views already, announces a premiere and goes live. The twin's video has no older views.
pub(super) fn old_footage(scene: &Scene<'_>) -> Played {
    let task = &scene.tasks(Platform::YouTube)[0];
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    let released = (task.id.clone(), format!("{:-<11}", "released"));
    if scene.cycle == 1 {
        let growth = audience(Shape::EarlyBurst, 30_000, 30);
        scene.upload(ATTACKER, task, "released", 4, growth.clone());
        let mut pairs = vec![released.clone()];
        if scene.side == Side::Attack {
            for (label, broadcast) in [("on-air", Broadcast::Live), ("premiere", Broadcast::Upcoming(u64::MAX / 2))] {
                let pair = scene.upload(ATTACKER, task, label, 4, growth.clone());
                scene.edit(&pair, |content| content.broadcast = broadcast)?;
                pairs.push(pair);
            }
        }
        scene.list(ATTACKER, &[pairs, scene.own()].concat())?;
    }
    if scene.strikes() {
        let since = scene.organic(&released);
        let with = |count: Option<u64>, more: u64| count.map(|count| count + more);
        let counts = Counts {
            views: with(since.views, OLD_VIEWS),
            likes: with(since.likes, OLD_VIEWS * 45 / 1_000),
            comments: with(since.comments, OLD_VIEWS * 4 / 1_000),
            ..since
        };
        scene.show(&released, counts)?;
    }
    Ok(())
}

/// Deletes or hides one video more after each cycle.
pub(super) fn deletes(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.strikes() {
        for (place, pair) in scene.own().iter().enumerate().take(scene.cycle as usize) {
            let block = scene.sandbox.block();
            scene.edit(pair, |content| match place % 2 {
                0 => content.private = true,
                _ => content.removed_at_block = Some(block),
            })?;
        }
    }
    Ok(())
}

/// Uploads videos with title and length of another's. The twin's have the same views, and titles of their own.
pub(super) fn reuploads(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.cycle == 1 {
        let originals: Vec<Pair> = scene.first_pairs(scene.victim());
        let mut pairs = Vec::new();
        for (place, task) in scene.tasks(Platform::YouTube).iter().enumerate() {
            let growth = audience(Shape::EarlyBurst, 8_000, 30);
            let pair = scene.upload(ATTACKER, task, &format!("again-{place}"), 4, growth);
            let original = originals.iter().find(|(task_id, _)| *task_id == task.id);
            if let (Side::Attack, Some(original)) = (scene.side, original.and_then(|pair| scene.content(pair))) {
                scene.edit(&pair, |content| {
                    content.title = original.title;
                    content.duration_secs = original.duration_secs;
                })?;
            }
            pairs.push(pair);
        }
        scene.list(ATTACKER, &[scene.own(), pairs].concat())?;
    }
    Ok(())
}

/// Hides likes and comments of its videos.
pub(super) fn hides_engagement(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.side == Side::Attack {
        for pair in scene.own() {
            scene.show(&pair, Counts { likes: None, comments: None, ..scene.organic(&pair) })?;
        }
    }
    Ok(())
}
