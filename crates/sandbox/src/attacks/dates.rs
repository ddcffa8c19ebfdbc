//! Attacks on who was first: pins of revisions, gists that cannot be dated, claims of whatever may come.

use super::claims;
use super::scene::{Pair, Scene, audience};
use super::stage::{ATTACKER, ScriptError, Side};
use crate::platforms::faults::{Fault, FaultRule};
use crate::world::{Platform, Shape, Task};

type Played = Result<(), ScriptError>;

/// The route of the API that says when a gist was updated.
const GET_GIST: &str = "gists.get";
/// More than a validator reads of one answer of the API.
const TOO_LARGE_BYTES: usize = 9 << 20;
/// Cycles from one pin to the next.
const PIN_CYCLES: u32 = 5;
/// Videos that a rival publishes one after the other.
const COMING: u32 = 12;
/// How many of them the attacker lists at one time, beside its own.
const LISTED: u32 = 3;
/// Cycles from the first listing to the first publication.
const LEAD_CYCLES: u32 = 5;

/// Untags the victim's pairs and lists its own before the first cycle; says whether the attack is on.
fn begins(scene: &Scene<'_>) -> Result<bool, ScriptError> {
    if scene.cycle == 0 {
        scene.untag(&scene.first_pairs(scene.victim()))?;
        scene.list(ATTACKER, &scene.own())?;
    }
    Ok(scene.strikes())
}

/// The attacker's pointer, at a revision.
fn pinned(scene: &Scene<'_>, revision: &str) -> String {
    format!("{}@{revision}", scene.own_pointer(ATTACKER))
}

/// Lists another's untagged pairs when everybody has seen them, and pins that revision; and pins again.
pub(super) fn pins_later(scene: &Scene<'_>) -> Played {
    if !begins(scene)? {
        return Ok(());
    }
    if scene.cycle == 1 {
        scene.list(ATTACKER, &[scene.first_pairs(scene.victim()), scene.own()].concat())?;
    }
    if scene.cycle % PIN_CYCLES == 2 {
        scene.commit(ATTACKER, &pinned(scene, &scene.revision(ATTACKER)))?;
    }
    Ok(())
}

/// Front-runs edits, and its gist cannot be dated: each cycle for another reason. Silence is none of them: it is waited for in three
/// polling rounds, which are minutes for a validator and days here.
pub(super) fn cannot_be_dated(scene: &Scene<'_>) -> Played {
    if scene.strikes() {
        let fault = match scene.cycle % 4 {
            0 => Fault::Body(format!("{{\"files\":\"{}\"}}", "x".repeat(TOO_LARGE_BYTES))),
            1 => Fault::Body("not JSON".to_owned()),
            2 => Fault::MissingFields(vec!["updated_at".to_owned()]),
            _ => Fault::WrongTypes,
        };
        let faults = &scene.sandbox.faults().github_api;
        faults.clear();
        faults.inject(FaultRule::new(fault).on_route(GET_GIST).for_id(&scene.member(ATTACKER).gist_id));
    }
    claims::front_runs(scene)
}

/// Pins what does not exist, what does not hold the pairs that it lists, and what is no revision. In between it lists another's
/// untagged pairs.
pub(super) fn pins_nothing(scene: &Scene<'_>) -> Played {
    if !begins(scene)? {
        return Ok(());
    }
    match (scene.cycle - 1) % PIN_CYCLES {
        // The revision of its own pairs alone; then its gist lists the others.
        0 => {
            scene.list(ATTACKER, &scene.own())?;
            scene.commit(ATTACKER, &pinned(scene, &scene.revision(ATTACKER)))?;
            scene.list(ATTACKER, &[scene.first_pairs(scene.victim()), scene.own()].concat())
        }
        1 => scene.commit(ATTACKER, &pinned(scene, &format!("{:040x}", scene.cycle))),
        2 => scene.commit(ATTACKER, &pinned(scene, &scene.revision(scene.victim()))),
        3 => scene.commit(ATTACKER, &pinned(scene, &scene.revision(ATTACKER).to_uppercase())),
        _ => scene.commit(ATTACKER, &scene.own_pointer(ATTACKER)),
    }
}

/// A rival's video that comes later: every second one names its owner.
fn coming(scene: &Scene<'_>, task: &Task, number: u32) -> Pair {
    scene.uploaded(task, &format!("coming-{number}"))
}

/// Lists a rival's coming videos in turn long before they are published, so that it holds the claims of all of them. When the
/// rival lists one that names no owner, the attacker's place is at others; of those that name the rival, it lists the newest again.
pub(super) fn rotates_places(scene: &Scene<'_>) -> Played {
    let (rival, task) = (scene.victim(), scene.tasks(Platform::YouTube)[0].clone());
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    // One is published before each cycle from the first on.
    let published = (scene.cycle + 1).saturating_sub(LEAD_CYCLES).min(COMING);
    if let Some(number) = published.checked_sub(1)
        && scene.cycle < LEAD_CYCLES + COMING
    {
        let pair = scene.upload(rival, &task, &format!("coming-{number}"), 5, audience(Shape::EarlyBurst, 20_000, 30));
        if number % 2 == 1 {
            scene.untag(&[pair])?;
        }
        let newest = (published.saturating_sub(LISTED)..published).rev().map(|number| coming(scene, &task, number));
        scene.list(rival, &[newest.collect(), scene.first_pairs(rival)].concat())?;
    }
    if scene.side == Side::Attack && scene.cycle > 0 {
        let listed: Vec<Pair> = match published {
            0 => {
                let first = (scene.cycle - 1) * LISTED % COMING;
                (first..first + LISTED).map(|number| coming(scene, &task, number)).collect()
            }
            _ => (0..published)
                .rev()
                .filter(|number| number % 2 == 0)
                .take(LISTED as usize)
                .map(|number| coming(scene, &task, number))
                .collect(),
        };
        scene.list(ATTACKER, &[listed, scene.own()].concat())?;
    }
    Ok(())
}
