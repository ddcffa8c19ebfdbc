//! Attacks with views that are bought, and of which the platform removes most days later.

use super::scene::{Pair, Scene, audience};
use super::stage::{ATTACKER, ScriptError, Side};
use crate::world::{Content, Counts, Platform, Shape};

type Played = Result<(), ScriptError>;

/// Views that are bought for a video.
const BOUGHT_VIEWS: u64 = 400_000;
/// Cycles for which they are kept; then the platform removes four fifths.
const BOUGHT_FROM: u32 = 1;
pub(super) const PURGED_FROM: u32 = 4;
/// Views that are bought for a reel in each of its days.
const BOUGHT_A_DAY: u64 = 100_000;
/// Cycles for which a reel is listed: it is observed once a day, and judged after four observations.
pub(super) const REEL_CYCLES: u32 = 3;
/// Earlier reels of each task that are still shown with what they have: those of the last nine days.
const REELS_KEPT: u32 = 3;
/// Cycles from one purchase for a video that is deleted to the next.
const THROWN_AWAY_AFTER: u32 = 3;

/// What a miner listed first for YouTube tasks.
fn videos(scene: &Scene<'_>, uid: u16) -> Vec<Pair> {
    let pairs = scene.first_pairs(uid);
    pairs.into_iter().filter(|(task_id, _)| scene.platform_of(task_id) == Platform::YouTube).collect()
}

/// Shows so many views beside those of the audience: they bring no likes.
fn add_views(scene: &Scene<'_>, pair: &Pair, bought: u64) -> Played {
    let organic = scene.organic(pair);
    let with = |count: Option<u64>| count.map(|count| count + bought);
    scene.show(pair, Counts { views: with(organic.views), plays: with(organic.plays), ..organic })
}

/// Views that are left of a purchase before the first cycle that strikes.
const fn left(cycle: u32) -> u64 {
    if cycle < PURGED_FROM { BOUGHT_VIEWS } else { BOUGHT_VIEWS / 5 }
}

/// Buys views for two of its videos between the first cycle and the second; days later most of them are gone.
pub(super) fn for_itself(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.side == Side::Attack && scene.cycle >= BOUGHT_FROM {
        for pair in videos(scene, ATTACKER).iter().take(2) {
            add_views(scene, pair, left(scene.cycle))?;
        }
    }
    Ok(())
}

/// The videos of a rival that [`for_a_rival`] buys views for.
pub(super) fn rivals_videos(scene: &Scene<'_>) -> (u16, Vec<Pair>) {
    let rival = scene.victim();
    let mut pairs = videos(scene, rival);
    pairs.truncate(2);
    (rival, pairs)
}

/// Buys the same for two videos of a rival, so that the rival is taken for the buyer.
pub(super) fn for_a_rival(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.side == Side::Attack && scene.cycle >= BOUGHT_FROM {
        for pair in &rivals_videos(scene).1 {
            add_views(scene, pair, left(scene.cycle))?;
        }
    }
    Ok(())
}

/// Every three days a new reel for each task, with bought views from its first day on, in place of the one before: no reel is
/// listed long enough to be judged. The twin's reels have an audience only.
pub(super) fn reels(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        return scene.list(ATTACKER, &scene.own());
    }
    let (number, day) = ((scene.cycle - 1) / REEL_CYCLES, (scene.cycle - 1) % REEL_CYCLES);
    let mut pairs = Vec::new();
    for (place, task) in scene.tasks(Platform::Instagram).iter().enumerate() {
        let label = format!("reel-{number}-{place}");
        let pair = match day {
            0 => scene.upload(ATTACKER, task, &label, 4, audience(Shape::EarlyBurst, 8_000, 30)),
            _ => scene.uploaded(task, &label),
        };
        if scene.side == Side::Attack {
            add_views(scene, &pair, BOUGHT_A_DAY * u64::from(day + 1))?;
            // Those that are not listed any more keep what was bought, and their audience grows on.
            for earlier in number.saturating_sub(REELS_KEPT)..number {
                let earlier = scene.uploaded(task, &format!("reel-{earlier}-{place}"));
                add_views(scene, &earlier, BOUGHT_A_DAY * u64::from(REEL_CYCLES))?;
            }
        }
        pairs.push(pair);
    }
    scene.list(ATTACKER, &[pairs, scene.own()].concat())
}

/// Uploads a video for each task, buys views for it, and deletes it before the platform removes them; then the next. The
/// twin's videos have an audience only, and stay until the next.
pub(super) fn deletes_in_time(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        return scene.list(ATTACKER, &scene.own());
    }
    let number = (scene.cycle - 1) / PURGED_FROM;
    let day = (scene.cycle - 1) % PURGED_FROM;
    let mut pairs = Vec::new();
    for (place, task) in scene.tasks(Platform::YouTube).iter().enumerate() {
        let label = format!("throw-{number}-{place}");
        let pair = match day {
            0 => scene.upload(ATTACKER, task, &label, 4, audience(Shape::EarlyBurst, 8_000, 30)),
            _ => scene.uploaded(task, &label),
        };
        if scene.side == Side::Attack {
            let block = scene.sandbox.block();
            match day {
                // The first look is at what its audience is.
                0 => (),
                THROWN_AWAY_AFTER => {
                    scene.edit(&pair, |content: &mut Content| content.removed_at_block = Some(block))?
                }
                _ => add_views(scene, &pair, BOUGHT_VIEWS)?,
            }
        }
        pairs.push(pair);
    }
    scene.list(ATTACKER, &[pairs, scene.own()].concat())
}
