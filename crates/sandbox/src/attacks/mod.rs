//! The attack lab: attackers with a strategy over several cycles, each beside a twin that behaves.
//!
//! An [`Attack`] is played in a world of honest miners ([`world`]), again before each cycle. The same script also
//! plays the *twin* ([`Side::Twin`]): the same hotkeys with the same videos and views, but no attack. The difference
//! between what a validator pays in the two worlds is the gain of the attack. Everything follows from the seed: two
//! runs of one side are identical.
//!
//! It defines what attackers do, not how a validator should react.

mod claims;
mod contents;
mod gists;
mod scene;
mod stage;
mod subnet;

pub use scene::{Pair, Scene};
pub use stage::{ATTACKER, CYCLE_BLOCKS, CYCLES, LEAD_BLOCKS, SYBILS, ScriptError, Side};

use crate::world::{Conduct, WorldConfig};

/// Miners of a world, the attacker's hotkeys among them.
const MINERS: u32 = 12;
const SEED: u64 = 2;

/// What a world needs beside the validator's defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing.
    #[default]
    Plain,
    /// The tasks of all permitted validators count.
    NetworkTasks,
}

/// One attack.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Its row in the list of threats, 1 to 25.
    pub row: u8,
    /// What the attacker does, in a few words.
    pub name: &'static str,
    /// The attacker's hotkeys, by UID.
    pub attackers: &'static [u16],
    /// What the world needs.
    pub stage: Stage,
    /// The row that has the same twin, so that the twin is played only once.
    pub twin: u8,
    script: fn(&Scene<'_>) -> Result<(), ScriptError>,
}

impl Attack {
    /// Does what the attacker, or its twin, does before a cycle.
    ///
    /// # Errors
    /// A mistake in the script.
    pub fn act(&self, scene: &Scene<'_>) -> Result<(), ScriptError> {
        (self.script)(scene)
    }
}

/// A row of the table for an attacker with one hotkey.
const fn alone(row: u8, name: &'static str, script: fn(&Scene<'_>) -> Result<(), ScriptError>) -> Attack {
    Attack { row, name, attackers: &[ATTACKER], stage: Stage::Plain, twin: row, script }
}

/// The same beside another row's twin: one that lists its own pairs and nothing else.
const fn beside(twin: u8, attack: Attack) -> Attack {
    Attack { twin, ..attack }
}

/// The attacks, in the order of the threat list.
pub const ALL: [Attack; 25] = [
    alone(1, "copies another miner's videos", claims::copies),
    alone(2, "front-runs an edit within the polling round", claims::front_runs),
    beside(1, alone(3, "moves, deletes and relists pairs to shift claims", claims::shifts_claims)),
    alone(4, "lists aliases of its own and others' ids", gists::aliases),
    beside(4, alone(5, "serves huge, deep, endless and dripping gists", gists::huge)),
    beside(4, alone(6, "serves malformed JSON", gists::malformed)),
    beside(4, alone(7, "lists ids with quotes, slashes, ANSI and HTML", gists::injections)),
    beside(4, alone(8, "leads to other servers by URLs and redirects", gists::redirects)),
    beside(1, alone(9, "uses others' gists and sold accounts", gists::owners)),
    beside(4, alone(10, "hides and deletes its gist", gists::secret)),
    beside(4, alone(11, "buys views", contents::buys_views)),
    alone(12, "lists a new video of minutes for each cycle", contents::fresh),
    alone(13, "makes old footage public, premieres and goes live", contents::old_footage),
    beside(4, alone(14, "deletes or hides videos after they scored", contents::deletes)),
    alone(15, "re-uploads another's videos", contents::reuploads),
    Attack {
        row: 16,
        name: "splits its videos over three hotkeys",
        attackers: &[ATTACKER, SYBILS[0], SYBILS[1]],
        stage: Stage::Plain,
        twin: 16,
        script: subnet::sybils,
    },
    alone(17, "floods a task", subnet::floods),
    beside(4, alone(18, "hides likes and comments", contents::hides_engagement)),
    beside(4, alone(19, "commits many times", gists::commits_often)),
    beside(4, alone(20, "poisons cycles", gists::poison)),
    Attack { attackers: &[subnet::COPIER], ..alone(21, "copies the validator's weights", subnet::copies_weights) },
    Attack {
        stage: Stage::NetworkTasks,
        ..alone(22, "serves tasks that an allied validator publishes secretly", subnet::secret_tasks)
    },
    beside(4, alone(23, "submits a stranger's viral video", claims::stranger)),
    beside(1, alone(24, "commits a pointer to another's gist", claims::points_at_another)),
    alone(25, "squats on ids and deregisters", claims::squats),
];

/// The population: honest miners alone, the attacker's hotkeys among them. What the script does not change, they go on
/// doing.
pub fn world() -> WorldConfig {
    WorldConfig {
        seed: SEED,
        miners: MINERS,
        tasks: 4,
        submissions_per_task: Some(2),
        cast: Some(vec![vec![Conduct::Honest]]),
    }
}
