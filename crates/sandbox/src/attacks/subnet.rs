//! Attacks with places on the subnet: several hotkeys, many entries, validators.

use super::scene::{Pair, Scene, audience};
use super::stage::{ATTACKER, SYBILS, ScriptError, Side};
use crate::NETUID;
use crate::node::GenesisNeuron;
use crate::world::{Gist, GistFile, Growth, Platform, Shape, TASK_FILE, Task, VALIDATOR_UID};

type Played = Result<(), ScriptError>;

/// The validator that copies weights, or publishes tasks for one miner.
pub(super) const COPIER: u16 = VALIDATOR_UID + 1;
/// Videos of a person who has more than one hotkey may count.
const VIDEOS: u32 = 9;
/// Videos of others that a flood lists after its own.
const STRANGERS: u32 = 300;
/// Tasks that only one miner knows.
const SECRET_TASKS: u32 = 3;

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
    let hotkeys = [ATTACKER, SYBILS[0], SYBILS[1]];
    match scene.side {
        Side::Attack => {
            let videos = many_videos(scene, &task, |number| hotkeys[number as usize % hotkeys.len()]);
            for (place, uid) in hotkeys.into_iter().enumerate() {
                let share: Vec<Pair> = videos.iter().skip(place).step_by(hotkeys.len()).cloned().collect();
                scene.list(uid, &share)?;
            }
        }
        Side::Twin => {
            // In the order in which the three hotkeys list them.
            let videos = many_videos(scene, &task, |_| ATTACKER);
            let of_hotkey = |place: usize| videos.iter().skip(place).step_by(hotkeys.len()).cloned();
            scene.list(ATTACKER, &(0..hotkeys.len()).flat_map(of_hotkey).collect::<Vec<Pair>>())?;
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

/// A validator publishes tasks that only the attacker knows, and the attacker lists its videos for them. The twin
/// lists the same videos for a task that is known to all.
pub(super) fn secret_tasks(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.cycle != 1 {
        return Ok(());
    }
    let known = scene.tasks(Platform::YouTube)[0].clone();
    let secret = |number: u32| Task { id: format!("secret-{number}"), ..known.clone() };
    let secret: Vec<Task> = (0..SECRET_TASKS).map(secret).collect();
    let pairs: Vec<Pair> = secret
        .iter()
        .map(|task| {
            let for_task = if scene.side == Side::Attack { task } else { &known };
            scene.upload(ATTACKER, for_task, &task.id, 30, audience(Shape::EarlyBurst, 20_000, 40))
        })
        .collect();
    if scene.side == Side::Attack {
        let ally = scene.member(COPIER);
        let files = vec![GistFile::new(TASK_FILE, crate::world::task_gist_text(&secret))];
        let block = scene.sandbox.block();
        scene.sandbox.world().add_gist(Gist::new(
            ally.gist_id,
            ally.username,
            ally.github_id,
            "Tasks for TensorFlix",
            block,
            files,
        ));
    }
    scene.list(ATTACKER, &[scene.own(), pairs].concat())
}
