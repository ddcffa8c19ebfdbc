//! Attacks on the ownership of videos and reels.

use super::scene::{Scene, audience};
use super::stage::{ATTACKER, ScriptError, Side};
use crate::world::{Content, Platform, Shape};

type Played = Result<(), ScriptError>;

/// The cycle before which the owner of a squatted video lists it.
pub(super) const SQUATTED_UNTIL: u32 = 2;

/// Lists the untagged videos of another miner before its own.
pub(super) fn copies(scene: &Scene<'_>) -> Played {
    let victims = scene.first_pairs(scene.victim());
    if scene.cycle == 0 {
        scene.untag(&victims)?;
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.strikes() {
        scene.list(ATTACKER, &[victims, scene.own()].concat())?;
    }
    Ok(())
}

/// An untagged video that another miner adds appears in the attacker's gist two blocks later, within one polling round,
/// under an older commitment and a lower UID. A new one for each cycle.
pub(super) fn front_runs(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        return scene.list(ATTACKER, &scene.own());
    }
    let victim = scene.victim();
    let growth = audience(Shape::EarlyBurst, 60_000, 30);
    let tasks = scene.tasks(Platform::YouTube);
    let added: Vec<_> = (1..=scene.cycle)
        .map(|number| {
            let label = format!("edited-{number}");
            let pair = (tasks[0].id.clone(), format!("{label:-<11}"));
            if number == scene.cycle { scene.upload(victim, &tasks[0], &label, 5, growth.clone()) } else { pair }
        })
        .collect();
    scene.untag(&added[added.len() - 1..])?;
    let mut listed = added.clone();
    listed.reverse();
    scene.plan(victim, 10, &[listed.clone(), scene.first_pairs(victim)].concat())?;
    if scene.strikes() {
        scene.plan(ATTACKER, 8, &[listed, scene.own()].concat())?;
    }
    Ok(())
}

/// Lists another's untagged pairs, withdraws them, lists them again from a gist that was deleted and recreated, and
/// commits again.
pub(super) fn shifts_claims(scene: &Scene<'_>) -> Played {
    let victims = scene.first_pairs(scene.victim());
    let own = scene.own();
    let both = [victims.clone(), own.clone()].concat();
    if scene.cycle == 0 {
        scene.untag(&victims)?;
        return scene.list(ATTACKER, &own);
    }
    if scene.side == Side::Twin {
        return Ok(());
    }
    match scene.cycle {
        1 => scene.list(ATTACKER, &both),
        2 => scene.list(ATTACKER, &own),
        3 => {
            scene.restore_gist(ATTACKER, &both);
            Ok(())
        }
        4 => scene.commit(ATTACKER, &scene.own_pointer(ATTACKER)),
        _ => {
            let mut turned = both;
            turned.reverse();
            scene.list(ATTACKER, &turned)
        }
    }
}

/// Lists a viral video with which it has nothing to do.
pub(super) fn stranger(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.side == Side::Attack && scene.cycle == 1 {
        let task = &scene.tasks(Platform::YouTube)[0];
        let viral = scene.upload(ATTACKER, task, "worldwide", 30, audience(Shape::EarlyBurst, 6_000_000, 24));
        scene.edit(&viral, |content: &mut Content| {
            content.text = "Subscribe for more".to_owned();
            content.author = "worldwide_clips".to_owned();
        })?;
        scene.list(ATTACKER, &[vec![viral], scene.own()].concat())?;
    }
    Ok(())
}

/// Commits what another miner committed.
pub(super) fn points_at_another(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.untag(&scene.first_pairs(scene.victim()))?;
        scene.list(ATTACKER, &scene.own())?;
    }
    if scene.side == Side::Attack && scene.cycle == 1 {
        scene.commit(ATTACKER, &scene.own_pointer(scene.victim()))?;
    }
    Ok(())
}

/// Lists another's coming video before its owner does, with the owner's tag in it.
pub(super) fn squats(scene: &Scene<'_>) -> Played {
    let (victim, tasks) = (scene.victim(), scene.tasks(Platform::YouTube));
    let coming = scene.uploaded(&tasks[0], "coming");
    if scene.cycle == 0 {
        scene.upload(victim, &tasks[0], "coming", 5, audience(Shape::EarlyBurst, 60_000, 30));
        let squatted = if scene.side == Side::Attack { vec![coming.clone()] } else { Vec::new() };
        scene.list(ATTACKER, &[squatted, scene.own()].concat())?;
    }
    if scene.cycle == SQUATTED_UNTIL {
        scene.list(victim, &[vec![coming], scene.first_pairs(victim)].concat())?;
    }
    Ok(())
}
