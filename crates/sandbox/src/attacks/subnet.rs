//! Attacks with places on the subnet: several hotkeys, many entries, validators.

use super::scene::{Pair, Scene, audience};
use super::stage::{ATTACKER, SYBILS, ScriptError, Side};
use crate::NETUID;
use crate::node::GenesisNeuron;
use crate::world::{Growth, Platform, Shape, Task, VALIDATOR_UID};

type Played = Result<(), ScriptError>;

/// The validator that copies weights, or publishes tasks for one miner.
pub(super) const COPIER: u16 = VALIDATOR_UID + 1;
/// Videos of a person who has more than one hotkey may count.
const VIDEOS: u32 = 9;
/// Videos of others that a flood lists after its own.
const STRANGERS: u32 = 300;
/// Tasks that only one miner knows, and the most that a gist may have.
const SECRET_TASKS: u32 = 3;
const MANY_SECRET_TASKS: u32 = 1_000;
/// The attacker's hotkeys, where it has several.
const HOTKEYS: [u16; 3] = [ATTACKER, SYBILS[0], SYBILS[1]];
/// Pairs of a task that a validator looks at.
const PLACES: usize = 5;
/// Hours before a cycle at which a video is older than every task.
const BEFORE_ALL_TASKS_HOURS: u64 = 60 * 24;

/// Nine videos in one task, as each of them would be uploaded by `uid`.
fn many_videos(scene: &Scene<'_>, task: &Task, uid_of: impl Fn(u32) -> u16) -> Vec<Pair> {
    let channel = scene.member(ATTACKER).username.replace('-', "_");
    let upload = |number: u32| {
        let growth = audience(Shape::EarlyBurst, 40_000 + 1_000 * u64::from(number), 40);
        let pair = scene.upload(uid_of(number), task, &format!("many-{number}"), 30, growth);
        // One person, one channel: a channel per hotkey would leave each of them without an audience.
        let _ = scene.edit(&pair, |content| content.author.clone_from(&channel));
        pair
    };
    (0..VIDEOS).map(upload).collect()
}

/// Three hotkeys of one coldkey, one GitHub account and one channel share nine videos of one task. The twin has one
/// hotkey with all of them, and the two others list nothing.
pub(super) fn sybils(scene: &Scene<'_>) -> Played {
    if scene.cycle > 0 {
        return Ok(());
    }
    let task = scene.tasks(Platform::YouTube)[0].clone();
    let person = scene.member(ATTACKER);
    for uid in SYBILS {
        let member = scene.member(uid);
        scene.sandbox.node().register_neuron(GenesisNeuron {
            uid,
            hotkey: member.hotkey.public(),
            coldkey: person.coldkey.public(),
            stake_rao: 0,
            validator_permit: false,
            registered_at_block: 0,
            last_update_block: 0,
            commitment: None,
        });
        scene.commit(uid, &format!("{}:{}", person.username, member.gist_id))?;
        scene.sandbox.world().set_gist_owner(&member.gist_id, &person.username, person.github_id)?;
    }
    match scene.side {
        Side::Attack => {
            let videos = many_videos(scene, &task, |number| HOTKEYS[number as usize % HOTKEYS.len()]);
            for (place, uid) in HOTKEYS.into_iter().enumerate() {
                let share: Vec<Pair> = videos.iter().skip(place).step_by(HOTKEYS.len()).cloned().collect();
                scene.list(uid, &share)?;
            }
        }
        Side::Twin => {
            // In the order in which the three hotkeys list them.
            let videos = many_videos(scene, &task, |_| ATTACKER);
            let of_hotkey = |place: usize| videos.iter().skip(place).step_by(HOTKEYS.len()).cloned();
            scene.list(ATTACKER, &(0..HOTKEYS.len()).flat_map(of_hotkey).collect::<Vec<Pair>>())?;
            for uid in SYBILS {
                scene.list(uid, &[])?;
            }
        }
    }
    Ok(())
}

/// Lists nine videos in one task, followed by hundreds of videos of others with an implausible share of likes; the
/// twin lists the first five.
pub(super) fn floods(scene: &Scene<'_>) -> Played {
    if scene.cycle > 0 {
        return Ok(());
    }
    let task = scene.tasks(Platform::YouTube)[0].clone();
    let videos = many_videos(scene, &task, |_| ATTACKER);
    match scene.side {
        Side::Attack => {
            let liked =
                Growth { likes_per_10k: 4_000, comments_per_10k: 600, ..audience(Shape::EarlyBurst, 60_000, 30) };
            let mut listed = videos;
            for number in 0..STRANGERS {
                let pair = scene.upload(ATTACKER, &task, &format!("liked-{number}"), 5, liked.clone());
                scene.edit(&pair, |content| {
                    content.text = "Subscribe for more".to_owned();
                    content.author = format!("stranger_{number}");
                })?;
                listed.push(pair);
            }
            scene.list(ATTACKER, &listed)
        }
        Side::Twin => scene.list(ATTACKER, &videos[..5]),
    }
}

/// Another validator sets the weights that our row shows on chain just before our next cycle. The twin sets none.
pub(super) fn copies_weights(scene: &Scene<'_>) -> Played {
    if scene.strikes() {
        let copied = scene.sandbox.node().weights(NETUID, VALIDATOR_UID);
        if !copied.is_empty() {
            // The chain's answer (too fast, commit instead) concerns only the copier.
            let _ = scene.sandbox.node().set_weights_directly(&scene.member(COPIER).hotkey.public(), &copied);
        }
    }
    Ok(())
}

/// An allied validator publishes tasks that only the attacker knows, and the attacker lists its videos for them. The twin
/// lists the same videos for a task that is known to all.
fn serves_secret_tasks(scene: &Scene<'_>, count: u32) -> Played {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.cycle != 1 {
        return Ok(());
    }
    let known = scene.tasks(Platform::YouTube)[0].clone();
    let secret = |number: u32| Task { id: format!("secret-{number}"), ..known.clone() };
    let secret: Vec<Task> = (0..count).map(secret).collect();
    let videos: Vec<Pair> = (0..SECRET_TASKS)
        .map(|number| {
            let growth = audience(Shape::EarlyBurst, 20_000, 40);
            scene.upload(ATTACKER, &known, &format!("secret-{number}"), 30, growth)
        })
        .collect();
    let pairs = match scene.side {
        Side::Twin => videos,
        Side::Attack => {
            scene.publish(COPIER, &secret);
            secret.iter().zip(videos.iter().cycle()).map(|(task, (_, id))| (task.id.clone(), id.clone())).collect()
        }
    };
    scene.list(ATTACKER, &[scene.own(), pairs].concat())
}

/// As many secret tasks as videos.
pub(super) fn secret_tasks(scene: &Scene<'_>) -> Played {
    serves_secret_tasks(scene, SECRET_TASKS)
}

/// As many secret tasks as a gist may have, for the same videos.
pub(super) fn many_secret_tasks(scene: &Scene<'_>) -> Played {
    serves_secret_tasks(scene, MANY_SECRET_TASKS)
}

/// Each cycle three hotkeys fill their places with videos that are new, so that each must be asked for, and older than the tasks.
/// Once none of the ids exists. The twin lists its own.
pub(super) fn exhausts_budget(scene: &Scene<'_>) -> Played {
    for (hotkey, uid) in HOTKEYS.into_iter().enumerate() {
        let mut pairs = scene.first_pairs(uid);
        if scene.strikes() {
            for task in scene.tasks(Platform::YouTube) {
                let listed = pairs.iter().filter(|(task_id, _)| *task_id == task.id).count();
                for number in listed..PLACES {
                    let label = format!("f-{}-{hotkey}-{number}{}", scene.cycle, &task.id[..1]);
                    pairs.push(match scene.cycle {
                        1 => scene.uploaded(&task, &label),
                        _ => old_video_of_a_stranger(scene, uid, &task, &label)?,
                    });
                }
            }
        }
        scene.list(uid, &pairs)?;
    }
    Ok(())
}

/// A video from before any task began.
fn old_video_of_a_stranger(scene: &Scene<'_>, uid: u16, task: &Task, label: &str) -> Result<Pair, ScriptError> {
    let pair = scene.upload(uid, task, label, BEFORE_ALL_TASKS_HOURS, audience(Shape::EarlyBurst, 60_000, 30));
    scene.untag(std::slice::from_ref(&pair))?;
    Ok(pair)
}

/// Three hotkeys fill their places with little-watched videos of strangers that have implausibly many likes, so that those of
/// rivals look few. The twin fills them with videos of its own that have as many views, and ordinary likes.
pub(super) fn poisons_cohorts(scene: &Scene<'_>) -> Played {
    if scene.cycle > 0 {
        return Ok(());
    }
    for (hotkey, uid) in HOTKEYS.into_iter().enumerate() {
        let mut pairs = scene.first_pairs(uid);
        for task in scene.tasks(Platform::YouTube) {
            let listed = pairs.iter().filter(|(task_id, _)| *task_id == task.id).count();
            for number in listed..PLACES {
                let ordinary = audience(Shape::EarlyBurst, 3_000, 30);
                let pair =
                    scene.upload(uid, &task, &format!("c-{hotkey}-{number}{}", &task.id[..1]), 5, ordinary.clone());
                if scene.side == Side::Attack {
                    scene.edit(&pair, |content| {
                        content.text = "Subscribe for more".to_owned();
                        content.author = format!("stranger_{hotkey}_{number}");
                        content.growth = Growth { likes_per_10k: 4_000, comments_per_10k: 600, ..ordinary };
                    })?;
                }
                pairs.push(pair);
            }
        }
        scene.list(uid, &pairs)?;
    }
    Ok(())
}
