//! Attacks by a gist's content, its owner and the way it is committed: beside the attacker's own pairs, or in their
//! place.

use super::scene::{Pair, Scene, document};
use super::stage::{ATTACKER, ScriptError};
use crate::platforms::faults::{Fault, FaultRule};
use crate::world::{GistFile, INVALID_IDS, SUBMISSION_FILE};
use std::time::Duration;

type Played = Result<(), ScriptError>;

/// Different things that most of these attackers do in turn.
const TURNS: u32 = 5;

/// Which of them comes before this cycle, from 1.
fn turn(scene: &Scene<'_>) -> u32 {
    (scene.cycle - 1) % TURNS + 1
}

/// Lists its own pairs before the first cycle; says whether the attack is on.
fn begins(scene: &Scene<'_>) -> Result<bool, ScriptError> {
    if scene.cycle == 0 {
        scene.list(ATTACKER, &scene.own())?;
    }
    Ok(scene.strikes())
}

/// The attacker's own pairs and others, as the inside of a list.
fn inside(pairs: &[Pair]) -> String {
    let text = document(pairs);
    let begin = text.find('[').map_or(0, |place| place + 1);
    text[begin..text.len() - 2].to_owned()
}

/// Lists its own and another's ids in every other spelling.
pub(super) fn aliases(scene: &Scene<'_>) -> Played {
    if begins(scene)? {
        let mut pairs = scene.own();
        for (task_id, id) in [scene.own(), scene.first_pairs(scene.victim())].concat() {
            for alias in [
                format!("{id} "),
                format!("watch?v={id}"),
                format!("https://youtu.be/{id}"),
                format!("shorts/{id}"),
                id.chars().map(|letter| if letter == 'a' { '\u{430}' } else { letter }).collect::<String>()
                    + "\u{200d}",
                id.to_lowercase(),
            ] {
                pairs.push((task_id.clone(), alias));
            }
        }
        scene.list(ATTACKER, &pairs)?;
    }
    Ok(())
}

/// Each cycle another burden: bytes, depth, files, a body without end, one that drips. Then it behaves: an answer that drips
/// takes seconds of real time, and a second round would show nothing else.
pub(super) fn huge(scene: &Scene<'_>) -> Played {
    if !begins(scene)? {
        return Ok(());
    }
    let own = inside(&scene.own());
    let faults = &scene.sandbox.faults().github_raw;
    let gist_id = scene.member(ATTACKER).gist_id;
    match scene.cycle {
        1 => scene.write(ATTACKER, format!(r#"{{"filler": "{}", "submissions": [{own}]}}"#, "x".repeat(300_000))),
        2 => {
            scene.write(ATTACKER, format!(r#"{{"submissions": [{own}, {}{}]}}"#, "[".repeat(5_000), "]".repeat(5_000)))
        }
        3 => {
            let files = (0..300).map(|number| GistFile::new(&format!("{number}.json"), document(&scene.own())));
            scene.write_files(ATTACKER, files.collect())
        }
        4 => {
            faults.inject(FaultRule::new(Fault::EndlessBody).next(1).for_id(&gist_id));
            Ok(())
        }
        5 => {
            let drip = Fault::SlowDrip { piece_bytes: 1, pause: Duration::from_secs(1) };
            faults.inject(FaultRule::new(drip).next(1).for_id(&gist_id));
            Ok(())
        }
        6 => scene.list(ATTACKER, &scene.own()),
        _ => Ok(()),
    }
}

/// Each cycle another form that is no JSON, or JSON with two meanings.
pub(super) fn malformed(scene: &Scene<'_>) -> Played {
    if !begins(scene)? {
        return Ok(());
    }
    let own = inside(&scene.own());
    let victims = inside(&scene.first_pairs(scene.victim()));
    let bytes = match turn(scene) {
        1 => format!(r#"{{"submissions": [], "submissions": [{own}, {victims}]}}"#).into_bytes(),
        2 => [b"\xEF\xBB\xBF".as_slice(), document(&scene.own()).as_bytes()].concat(),
        3 => format!("{{\"submissions\": [{own}, [\"neon-koi\", \"\0\"]]}}").into_bytes(),
        4 => [b"{\"submissions\": [[\"\xFF\xFE\", \"".as_slice(), own.as_bytes()].concat(),
        _ => format!(r#"{{"__proto__": {{"weight": 9}}, "submissions": [{own}, [1e999, -0], [{{"constructor": 1}}, 18446744073709551616]]}}"#)
            .into_bytes(),
    };
    scene.write(ATTACKER, bytes)
}

/// Lists what should end up in a query, a path, a terminal or a page, beside its own pairs.
pub(super) fn injections(scene: &Scene<'_>) -> Played {
    if begins(scene)? {
        let own = scene.own();
        let tasks: Vec<String> = own.iter().map(|(task_id, _)| task_id.clone()).collect();
        let mut pairs = own;
        for (place, id) in INVALID_IDS.iter().cycle().take(60).enumerate() {
            pairs.push((tasks[place % tasks.len()].clone(), (*id).to_owned()));
            pairs.push((format!("{id}{}", scene.cycle), "dQw4w9WgXcQ".to_owned()));
        }
        scene.list(ATTACKER, &pairs)?;
    }
    Ok(())
}

/// Commits and lists addresses, and has its gist redirected.
pub(super) fn redirects(scene: &Scene<'_>) -> Played {
    if !begins(scene)? {
        return Ok(());
    }
    let elsewhere = "http://127.0.0.1:9/latest/meta-data";
    let tasks: Vec<Pair> = scene.own().into_iter().map(|(task_id, _)| (task_id, elsewhere.to_owned())).collect();
    match turn(scene) {
        1 => scene.list(ATTACKER, &[tasks, scene.own()].concat()),
        2 => scene.commit(ATTACKER, elsewhere),
        3 => scene.commit(ATTACKER, &format!("../../{}:{}", scene.member(ATTACKER).username, "a".repeat(32))),
        4 => scene.commit(ATTACKER, &scene.own_pointer(ATTACKER)),
        _ => {
            let gist_id = scene.member(ATTACKER).gist_id;
            let redirect = FaultRule::new(Fault::Redirect(elsewhere.to_owned())).next(1).for_id(&gist_id);
            scene.sandbox.faults().github_raw.inject(redirect);
            Ok(())
        }
    }
}

/// Points to another's gist under its own name and under the other's, and uses an account that changed hands.
pub(super) fn owners(scene: &Scene<'_>) -> Played {
    if scene.cycle == 0 {
        scene.untag(&scene.first_pairs(scene.victim()))?;
    }
    if !begins(scene)? {
        return Ok(());
    }
    let (own, victim) = (scene.member(ATTACKER), scene.member(scene.victim()));
    let world = scene.sandbox.world();
    match turn(scene) {
        1 => scene.commit(ATTACKER, &format!("{}:{}", own.username, victim.gist_id)),
        2 => scene.commit(ATTACKER, &format!("{}:{}", victim.username, victim.gist_id)),
        3 => {
            world.set_gist_owner(&own.gist_id, &own.username, own.github_id)?;
            scene.commit(ATTACKER, &scene.own_pointer(ATTACKER))
        }
        4 => Ok(world.set_gist_owner(&own.gist_id, "somebody-else", own.github_id)?),
        _ => Ok(world.set_gist_owner(&own.gist_id, &own.username, own.github_id + 1)?),
    }
}

/// Makes its gist secret, public again, deletes it, and creates it again.
pub(super) fn secret(scene: &Scene<'_>) -> Played {
    if !begins(scene)? {
        return Ok(());
    }
    let gist_id = scene.member(ATTACKER).gist_id;
    let world = scene.sandbox.world();
    match turn(scene) {
        1 | 2 => Ok(world.set_gist_public(&gist_id, false)?),
        3 => Ok(world.set_gist_public(&gist_id, true)?),
        4 => Ok(world.remove_gist(&gist_id)?),
        _ => {
            scene.restore_gist(ATTACKER, &scene.own());
            Ok(())
        }
    }
}

/// Commits something else a dozen times before each cycle, in turn good and bad.
pub(super) fn commits_often(scene: &Scene<'_>) -> Played {
    if begins(scene)? {
        let victim = scene.own_pointer(scene.victim());
        for number in 0..12 {
            let text = match number % 4 {
                0 => format!("nobody-{number}:{number:032x}"),
                1 => victim.clone(),
                2 => "x".repeat(100),
                _ => scene.own_pointer(ATTACKER),
            };
            scene.commit(ATTACKER, &text)?;
        }
    }
    Ok(())
}

/// Each cycle another document that has crashed a validator before.
pub(super) fn poison(scene: &Scene<'_>) -> Played {
    if !begins(scene)? {
        return Ok(());
    }
    let own = inside(&scene.own());
    let text = match turn(scene) {
        1 => format!(r#"{{"submissions": [{own}, ["{}", "x"]]}}"#, "é".repeat(60_000)),
        2 => format!(r#"{{"submissions": [{own}{}]}}"#, ", [\"a\",\"b\"]".repeat(12_000)),
        3 => "null".to_owned(),
        4 => format!(r#"{{"submissions": {{"0": [{own}]}}}}"#),
        _ => r#"{"neon-koi": {"description": "mine", "platform": "youtube", "start_at": "2020-01-01T00:00:00Z"}}"#
            .to_owned(),
    };
    scene.write_files(ATTACKER, vec![GistFile::new(SUBMISSION_FILE, text)])
}
