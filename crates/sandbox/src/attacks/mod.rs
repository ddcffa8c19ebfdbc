//! The attack lab: attackers with a strategy over several cycles, each beside a twin that behaves.
//!
//! An [`Attack`] is played in a world of honest miners ([`world`]), again before each cycle. The same script also
//! plays the *twin* ([`Side::Twin`]): the same hotkeys with the same videos and views, but no attack. The difference
//! between what a validator pays in the two worlds is the gain of the attack. Everything follows from the seed: two
//! runs of one side are identical.
//!
//! It defines what attackers do, not how a validator should react.

mod bought;
mod claims;
mod contents;
mod dates;
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
    /// A day's requests to YouTube are enough for the videos of everybody who behaves, and hardly for more.
    TightBudget,
}

/// What a side does before a cycle.
type Script = fn(&Scene<'_>) -> Result<(), ScriptError>;

/// The UID of a rival, and the pairs of it that an attack changes.
type Rival = fn(&Scene<'_>) -> (u16, Vec<Pair>);

/// One attack.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Its row in the list of threats, 1 to 35.
    pub row: u8,
    /// What the attacker does, in a few words.
    pub name: &'static str,
    /// The attacker's hotkeys, by UID.
    pub attackers: &'static [u16],
    /// What the world needs.
    pub stage: Stage,
    /// The row that has the same twin, so that the twin is played only once.
    pub twin: u8,
    /// After how many cycles a leaver is gone: those for which the attack is paid before it is found. `None` where it is paid
    /// for as long as it lasts, or never.
    pub leaves_after: Option<u32>,
    rival: Option<Rival>,
    script: Script,
}

impl Attack {
    /// Does what the attacker, or its twin, does before a cycle.
    ///
    /// # Errors
    /// A mistake in the script.
    pub fn act(&self, scene: &Scene<'_>) -> Result<(), ScriptError> {
        (self.script)(scene)
    }

    /// Does what the attacker does before a cycle if it leaves the subnet when it has been paid ([`leaves_after`]). Without it
    /// the others go on as beside its twin.
    ///
    /// # Errors
    /// A mistake in the script.
    ///
    /// [`leaves_after`]: Self::leaves_after
    pub fn act_and_leave(&self, scene: &Scene<'_>) -> Result<(), ScriptError> {
        match self.leaves_after {
            Some(after) if scene.cycle == after => {
                scene.deregister(self.attackers);
                self.act(&Scene { side: Side::Twin, ..*scene })
            }
            Some(after) if scene.cycle > after => self.act(&Scene { side: Side::Twin, ..*scene }),
            _ => self.act(scene),
        }
    }

    /// A rival with its videos that this attack changes; of no other miner it changes any.
    pub fn rival(&self, scene: &Scene<'_>) -> Option<(u16, Vec<Pair>)> {
        self.rival.map(|rival| rival(scene))
    }
}

/// A row of the table for an attacker with one hotkey.
const fn alone(row: u8, name: &'static str, script: Script) -> Attack {
    Attack {
        row,
        name,
        attackers: &[ATTACKER],
        stage: Stage::Plain,
        twin: row,
        leaves_after: None,
        rival: None,
        script,
    }
}

/// A row for an attacker with three hotkeys.
const fn together(row: u8, name: &'static str, script: Script) -> Attack {
    Attack { attackers: &[ATTACKER, SYBILS[0], SYBILS[1]], ..alone(row, name, script) }
}

/// The same with a leaver, who is gone after so many cycles.
const fn leaving(after: u32, attack: Attack) -> Attack {
    Attack { leaves_after: Some(after), ..attack }
}

/// The same beside another row's twin: one that lists its own pairs and nothing else.
const fn beside(twin: u8, attack: Attack) -> Attack {
    Attack { twin, ..attack }
}

/// The attacks, in the order of the threat list.
pub const ALL: [Attack; 35] = [
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
    leaving(bought::PURGED_FROM, beside(4, alone(11, "buys views", bought::for_itself))),
    alone(12, "lists a new video of minutes for each cycle", contents::fresh),
    alone(13, "makes old footage public, premieres and goes live", contents::old_footage),
    beside(4, alone(14, "deletes or hides videos after they scored", contents::deletes)),
    alone(15, "re-uploads another's videos", contents::reuploads),
    together(16, "splits its videos over three hotkeys", subnet::sybils),
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
    leaving(claims::SQUATTED_UNTIL, alone(25, "squats on ids that their owner lists later", claims::squats)),
    Attack { stage: Stage::TightBudget, ..together(26, "floods a platform's daily budget", subnet::exhausts_budget) },
    together(27, "poisons a cohort with strangers' videos", subnet::poisons_cohorts),
    beside(1, alone(28, "pins a revision after everybody saw the pairs", dates::pins_later)),
    beside(2, alone(29, "front-runs edits from a gist that cannot be dated", dates::cannot_be_dated)),
    beside(1, alone(30, "pins revisions that do not hold the pairs", dates::pins_nothing)),
    alone(31, "rotates its places to claim many coming ids", dates::rotates_places),
    leaving(bought::REEL_CYCLES + 1, alone(32, "lists a new reel with bought views every three days", bought::reels)),
    Attack {
        stage: Stage::NetworkTasks,
        ..beside(22, alone(33, "serves a thousand secret tasks", subnet::many_secret_tasks))
    },
    Attack {
        rival: Some(bought::rivals_videos),
        ..beside(4, alone(34, "buys views for a rival", bought::for_a_rival))
    },
    leaving(bought::PURGED_FROM, alone(35, "buys views and deletes the video in time", bought::deletes_in_time)),
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
