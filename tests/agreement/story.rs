//! What happens to the three validators and among the miners, round by round.

use crate::comparison::{Row, Seat, compare};
use crate::miners::Deed::{self, Copy, Publish, Touch};
use crate::miners::{Miners, Pinning, world};
use crate::validator::Validator;
use tensorflix_sandbox::world::VALIDATOR_UID;
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// Blocks of a polling round, which is also a slot here.
const ROUND: u32 = 25;
/// Blocks of two hours: three of them make the six that one validator is cut off.
const TWO_HOURS: u32 = 600;
/// When within a round each validator reads.
const PHASES: [u32; 3] = [0, 8, 16];

/// The validators, by their place in [`PHASES`].
const ALWAYS_THERE: usize = 0;
const CUT_OFF: usize = 1;
const RESTORED: usize = 2;

/// What befalls a validator before a round.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Starts(usize),
    IsCutOff(usize),
    IsBack(usize),
    IsBackedUp(usize),
    IsRestored(usize),
}

/// A round: how long after the one before, what befalls validators, and what miners do after each validator's turn.
struct Scene {
    after: u32,
    fates: &'static [Fate],
    deeds: [&'static [Deed]; 3],
}

const fn scene(after: u32, fates: &'static [Fate], deeds: [&'static [Deed]; 3]) -> Scene {
    Scene { after, fates, deeds }
}

const SCENES: [Scene; 12] = [
    scene(ROUND, &[Fate::Starts(ALWAYS_THERE)], [&[], &[], &[Copy(0, 0)]]),
    scene(ROUND, &[Fate::Starts(RESTORED)], [&[], &[], &[Touch(0)]]),
    // It never saw the first owner without its copier, and GitHub dates the owner's gist later.
    scene(ROUND, &[Fate::Starts(CUT_OFF)], [&[], &[], &[Publish(1)]]),
    // Published and copied between the turns of one round.
    scene(ROUND, &[], [&[Publish(2)], &[Copy(1, 2)], &[Copy(0, 1)]]),
    scene(ROUND, &[], [&[], &[], &[Publish(3), Copy(2, 3)]]),
    scene(TWO_HOURS, &[Fate::IsBackedUp(RESTORED), Fate::IsCutOff(CUT_OFF)], [&[], &[], &[Touch(3), Publish(4)]]),
    scene(TWO_HOURS, &[], [&[], &[], &[Copy(3, 4)]]),
    scene(TWO_HOURS, &[Fate::IsBack(CUT_OFF)], [&[], &[], &[Touch(4)]]),
    scene(ROUND, &[Fate::IsRestored(RESTORED)], [&[], &[], &[]]),
    // As before, but the owner edits its gist again before the first validator looks.
    scene(ROUND, &[], [&[Publish(5)], &[Copy(1, 5)], &[Touch(5)]]),
    scene(ROUND, &[], [&[], &[], &[]]),
    scene(TWO_HOURS, &[], [&[], &[], &[]]),
];

/// Lives through all scenes, and compares what was decided in each.
pub async fn tell(pinning: Pinning) -> Vec<Row> {
    let sandbox =
        Sandbox::start(SandboxConfig { world: world(), ..SandboxConfig::default() }).await.expect("a sandbox");
    let mut miners = Miners::settle(&sandbox, pinning);
    let mut validators = Vec::new();
    for place in 0..PHASES.len() as u16 {
        validators.push(Validator::new(&sandbox, VALIDATOR_UID + place).await);
    }
    let mut is_cut_off = false;
    let mut round = sandbox.block() / ROUND * ROUND;
    let mut rows = Vec::new();
    for scene in &SCENES {
        let fates = scene.fates;
        // A backup is of the moment before the others go on.
        for fate in fates {
            meet(&mut validators, *fate, &mut is_cut_off).await;
        }
        round += scene.after;
        assert!(sandbox.block() < round, "the deeds of a round end before the next");
        let changes_within = scene.deeds[..2].iter().any(|deeds| !deeds.is_empty());
        let mut seats = Vec::new();
        for (place, validator) in validators.iter().enumerate() {
            sandbox.advance_to(round + PHASES[place]);
            if validator.is_running() {
                let misses_some = changes_within || is_cut_off && place == CUT_OFF;
                let has_seen_all = !misses_some;
                seats.push(Some(Seat { decided: validator.cycle().await, has_seen_all }));
            } else {
                seats.push(None);
            }
            for deed in scene.deeds[place] {
                miners.act(&sandbox, *deed);
            }
        }
        rows.push(compare(rows.len() + 1, &seats, format!("{fates:?}")));
    }
    drop(validators);
    sandbox.stop().await;
    rows
}

async fn meet(validators: &mut [Validator], fate: Fate, is_cut_off: &mut bool) {
    match fate {
        Fate::Starts(place) => validators[place].start(),
        Fate::IsCutOff(place) => {
            validators[place].cut_off();
            *is_cut_off = true;
        }
        Fate::IsBack(place) => {
            validators[place].reconnect();
            *is_cut_off = false;
        }
        Fate::IsBackedUp(place) => validators[place].back_up().await,
        Fate::IsRestored(place) => {
            validators[place].stop();
            validators[place].restore();
            validators[place].start();
        }
    }
}
