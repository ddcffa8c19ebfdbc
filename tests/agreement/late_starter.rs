//! A validator that starts after views were bought, beside two that paid for them: what it does not know, it cannot take back.
//! Once `verifier.recover_hours` have passed, all three take back the same.

use crate::comparison::{Row, Seat, compare};
use crate::miners::{Miners, Pinning, world};
use crate::validator::Validator;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform as DomainPlatform;
use tensorflix_sandbox::world::{Counts, Platform, VALIDATOR_UID};
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// Blocks of a polling round, which is also a slot here.
const ROUND: u32 = 25;
/// An hour: twelve cycles.
pub const RECOVER_HOURS: f64 = 1.0;
/// Cycles in that time, and one more that lapses at its end.
pub const RECOVERED_CYCLES: usize = 13;
/// When within a round each validator reads.
const PHASES: [u32; 3] = [0, 8, 16];

/// The rounds after which the views are bought, the third validator starts, and most of the views are removed.
const BOUGHT_AFTER: usize = 1;
pub const STARTS_AFTER: usize = 5;
const REMOVED_AFTER: usize = 7;
/// The same again, which all three see.
const BOUGHT_AGAIN_AFTER: usize = 17;
const REMOVED_AGAIN_AFTER: usize = 19;
pub const ROUNDS: usize = 26;

const BOUGHT: u64 = 400_000_000;

/// The decisions of a round, as they are compared, and what was taken in it by the first and the third validator.
pub struct Round {
    pub row: Row,
    pub taken: [f64; 2],
}

/// Lives through all rounds.
pub async fn tell() -> Vec<Round> {
    let sandbox =
        Sandbox::start(SandboxConfig { world: world(), ..SandboxConfig::default() }).await.expect("a sandbox");
    let _miners = Miners::settle(&sandbox, Pinning::Never);
    let mut validators = Vec::new();
    for place in 0..PHASES.len() as u16 {
        validators.push(Validator::new(&sandbox, VALIDATOR_UID + place).await.recovering_for(RECOVER_HOURS));
    }
    validators[0].start();
    validators[1].start();
    let mut round = sandbox.block() / ROUND * ROUND;
    let mut rounds = Vec::new();
    let mut bought = None;
    for number in 1..=ROUNDS {
        if number == STARTS_AFTER + 1 {
            validators[2].start();
        }
        round += ROUND;
        let mut seats = Vec::new();
        for (validator, phase) in validators.iter().zip(PHASES) {
            sandbox.advance_to(round + phase);
            seats.push(match validator.is_running() {
                true => Some(Seat { decided: validator.cycle().await, has_seen_all: true }),
                false => None,
            });
        }
        let taken = [0, 2].map(|place: usize| seats[place].as_ref().map_or(0.0, |seat| taken(&seat.decided)));
        rounds.push(Round { row: compare(number, &seats, format!("taken {taken:?}")), taken });
        if number == BOUGHT_AFTER {
            bought = seats[0].as_ref().map(|seat| a_video_of_the_best(&seat.decided));
        }
        match (number, &bought) {
            (BOUGHT_AFTER | BOUGHT_AGAIN_AFTER, Some(id)) => add(&sandbox, id, BOUGHT),
            (REMOVED_AFTER | REMOVED_AGAIN_AFTER, Some(id)) => add(&sandbox, id, 0),
            _ => {}
        }
    }
    drop(validators);
    sandbox.stop().await;
    rounds
}

/// What a cycle took of all debts.
fn taken(decided: &DecidedCycle) -> f64 {
    let before =
        decided.evidence.recovery.as_ref().map_or(0.0, |known| known.debts.iter().map(|debt| debt.taken).sum());
    decided.debts_left().iter().map(|debt| debt.taken).sum::<f64>() - before
}

/// The lowest video of the miner that earns most.
fn a_video_of_the_best(decided: &DecidedCycle) -> String {
    let (best, _) = decided.scores.iter().max_by(|one, other| one.1.total_cmp(other.1)).expect("scores");
    let is_video = |judged: &&Judged| judged.hotkey == *best && judged.platform == Some(DomainPlatform::YOUTUBE);
    let videos = decided.submissions.iter().filter(is_video).filter(|judged| judged.score.is_some());
    let lowest = videos.min_by(|one, other| one.score.partial_cmp(&other.score).expect("numbers"));
    lowest.expect("a video").content_id.clone()
}

/// Shows so many more views of a video than it would have, from now on.
fn add(sandbox: &Sandbox, id: &str, more: u64) {
    let organic = sandbox.world().read().content(Platform::YouTube, id).expect("a video").counts(sandbox.block());
    let base = organic.views.map(|views| if views > BOUGHT { views - BOUGHT } else { views });
    // Without likes, only that the count falls shows that the views were bought.
    let counts = Counts { views: base.map(|views| views + more), likes: None, comments: None, ..organic };
    sandbox.world().set_counts(Platform::YouTube, id, counts).expect("shown");
}
