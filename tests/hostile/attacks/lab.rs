//! Running the sandbox's attack lab against the real validator: both worlds of an attack, and what they come to.
//!
//! The validator signs nothing (`dry_run`), so that only decisions take time. Cycles are a day apart, polling rounds are as
//! long as cycles; a world's chain moves from one cycle to the next in one step, so that every run is the same.

#![allow(dead_code, reason = "the tests and the example each use their own part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tensorflix::commands::replay::carried::Carried;
use tensorflix::commands::replay::payout::Payout;
use tensorflix::commands::stored::recorded::RecordedCycle;
use tensorflix::config::{Config, Overrides};
use tensorflix::console::session::{Session, Shown};
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix::wiring::slot_blocks;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::task_source::TaskSource;
use tensorflix_domain::verification::CheckMode;
use tensorflix_domain::weights::ScoreVector;
use tensorflix_sandbox::attacks::{ALL, Attack, CYCLE_BLOCKS, CYCLES, LEAD_BLOCKS, Scene, Side, Stage, world};
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// For one cycle.
const PATIENCE: Duration = Duration::from_secs(120);

/// The validator's store, in its folder.
pub const STORE: &str = "lab.db";

/// The cycles of both worlds of an attack.
pub struct Outcome {
    pub attack: Attack,
    pub attacked: Vec<RecordedCycle>,
    pub twin: Vec<RecordedCycle>,
    /// The attacker's hotkeys.
    pub attackers: BTreeSet<Hotkey>,
}

/// The attack of a row.
pub fn attack(row: u8) -> Attack {
    ALL.into_iter().find(|attack| attack.row == row).expect("a row of the list")
}

/// Plays both worlds of a row.
pub fn play(row: u8) -> Outcome {
    let played = attack(row);
    let mut outcome = actix_rt::System::new().block_on(async {
        let (attacked, attackers) = play_side(&played, Side::Attack).await;
        Outcome { attack: played, attacked, twin: Vec::new(), attackers }
    });
    outcome.twin = twins(attack(played.twin));
    outcome
}

/// The cycles of an attack's twin. Several rows have the same one: it is played once.
fn twins(of: Attack) -> Vec<RecordedCycle> {
    type Played = Arc<OnceLock<Vec<RecordedCycle>>>;
    static PLAYED: Mutex<BTreeMap<u8, Played>> = Mutex::new(BTreeMap::new());
    let played = Arc::clone(PLAYED.lock().expect("no test panics here").entry(of.row).or_default());
    let play = || actix_rt::System::new().block_on(async { play_side(&of, Side::Twin).await.0 });
    played.get_or_init(play).clone()
}

/// One world of an attack, cycle by cycle, and the attacker's hotkeys in it.
async fn play_side(attack: &Attack, side: Side) -> (Vec<RecordedCycle>, BTreeSet<Hotkey>) {
    let folder = tempfile::tempdir().expect("a folder");
    play_side_in(folder.path(), attack, side).await
}

/// Plays the attack of a row, and leaves the validator's store in [`STORE`] of a folder.
pub fn record_in(folder: &Path, row: u8) {
    actix_rt::System::new().block_on(async { play_side_in(folder, &attack(row), Side::Attack).await });
}

async fn play_side_in(folder: &Path, attack: &Attack, side: Side) -> (Vec<RecordedCycle>, BTreeSet<Hotkey>) {
    let config = SandboxConfig { world: world(), ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.expect("a sandbox");
    let mut config = sandbox_config::write(&sandbox, folder, STORE).expect("a configuration");
    prepare(&mut config, attack);
    assert_eq!(slot_blocks(&config), CYCLE_BLOCKS, "the lab's cycles are the validator's");
    let members = sandbox.world().read().members().to_vec();
    let hotkey = |uid: &u16| Hotkey::new(members[usize::from(*uid)].hotkey.public());
    let attackers = attack.attackers.iter().map(hotkey).collect();
    act(attack, &sandbox, side, 0);
    sandbox.advance_to(START_BLOCK + LEAD_BLOCKS);
    let mut app = App::start(&config, Mode { opening: Opening::Grid, dry_run: true }).await.expect("a validator");
    let mut session = Session::default();
    let mut cycles = vec![next_cycle(&mut app, &mut session).await];
    for cycle in 1..CYCLES {
        act(attack, &sandbox, side, cycle);
        sandbox.advance_to(START_BLOCK + cycle * CYCLE_BLOCKS);
        cycles.push(next_cycle(&mut app, &mut session).await);
    }
    sandbox.stop().await;
    (cycles, attackers)
}

/// The defaults, with all questions to detectors off as they are by default.
fn prepare(config: &mut Config, attack: &Attack) {
    config.validator.gist_poll_blocks = CYCLE_BLOCKS;
    for check in [&mut config.verifier.ai, &mut config.verifier.illicit, &mut config.verifier.topic] {
        *check = CheckMode::Off;
    }
    // An answer that drips is given up after this.
    config.github.timeout_secs = 2;
    if attack.stage == Stage::NetworkTasks {
        config.validator.task_source = TaskSource::Network;
    }
}

fn act(attack: &Attack, sandbox: &Sandbox, side: Side, cycle: u32) {
    attack.act(&Scene::before(sandbox, side, cycle)).expect("a script that can be played");
}

async fn next_cycle(app: &mut App, session: &mut Session) -> RecordedCycle {
    loop {
        let shown = tokio::time::timeout(PATIENCE, session.next(app.feed())).await.expect("a cycle in time");
        if let Shown::Cycle(report) = shown.expect("no actor gives up") {
            let subnet = app.store.cycle_subnet(report.decided.cycle).await.expect("read").expect("stored");
            return RecordedCycle { decided: report.decided, subnet, sent: Vec::new() };
        }
    }
}

/// The policy of a configuration file with these lines, as `replay --config` has it.
pub fn with_settings(lines: &str) -> Policy {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), lines).expect("written");
    let config = Config::load(Some(file.path()), std::iter::empty(), Overrides::default());
    config.expect("settings that are valid").policy()
}

/// The policy of all defences together, as `docs/defences.toml` has them.
pub fn with_all_defences() -> Policy {
    with_settings(include_str!("../../../docs/defences.toml"))
}

/// An attack that pays with the default settings: how much, and what is left of it with defences.
pub struct Residue {
    pub row: u8,
    /// What the attacker earns by default, as a multiple of its twin, at most.
    pub default_gain: f64,
    /// What it earns with all of `docs/defences.toml`, at most.
    pub defended_gain: f64,
    /// The defences, each alone.
    pub defences: &'static [Defence],
}

/// A defence against an attack.
pub struct Defence {
    /// Lines of a configuration file.
    pub settings: &'static str,
    /// What the attacker earns with them, as a multiple of its twin, at most.
    pub gain: f64,
}

/// The rows that pay by default. docs/attacks.md has the same figures.
pub const RESIDUES: [Residue; 6] = [
    Residue {
        row: 11,
        default_gain: 2.9,
        defended_gain: 1.0,
        defences: &[Defence { settings: "[defences]\nsettling_hours = 72.0", gain: 1.0 }],
    },
    Residue {
        row: 13,
        default_gain: 1.7,
        defended_gain: 1.0,
        defences: &[Defence { settings: "[defences]\nfirst_sight_views = 100000", gain: 1.0 }],
    },
    Residue {
        row: 16,
        default_gain: 1.7,
        defended_gain: 1.0,
        defences: &[
            Defence { settings: "[defences]\nmax_per_coldkey_and_task = 5", gain: 1.0 },
            Defence { settings: "[defences]\nmax_per_github_owner_and_task = 5", gain: 1.0 },
            Defence { settings: "[defences]\nmax_per_channel_and_task = 5", gain: 1.0 },
        ],
    },
    Residue {
        row: 22,
        default_gain: 3.9,
        defended_gain: 2.3,
        defences: &[Defence { settings: "[defences]\ntask_floor_share = 1.0", gain: 2.3 }],
    },
    Residue {
        row: 23,
        default_gain: 1.2,
        defended_gain: 1.0,
        defences: &[Defence { settings: "[rules]\nownership_tag = \"required\"", gain: 1.0 }],
    },
    Residue {
        row: 25,
        default_gain: 1.2,
        defended_gain: 1.0,
        defences: &[
            Defence { settings: "[defences]\nforeign_tag = \"reject\"", gain: 1.0 },
            Defence { settings: "[rules]\nownership_tag = \"required\"", gain: 1.0 },
        ],
    },
];

/// What the cycles paid.
pub fn paid(cycles: &[RecordedCycle]) -> Vec<ScoreVector> {
    cycles.iter().map(|cycle| cycle.decided.scores.clone()).collect()
}

/// The mean of these hotkeys' shares of the weight, over the cycles.
pub fn share(scores: &[ScoreVector], hotkeys: &BTreeSet<Hotkey>) -> f64 {
    let of_cycle = |scores: &ScoreVector| {
        let all: f64 = scores.values().sum();
        let theirs: f64 = scores.iter().filter(|(hotkey, _)| hotkeys.contains(hotkey)).map(|(_, score)| score).sum();
        if all > 0.0 { theirs / all } else { 0.0 }
    };
    // A sum of nothing is negative zero.
    scores.iter().map(of_cycle).fold(0.0, |sum, share| sum + share) / scores.len() as f64
}

/// The cosine of two vectors of scores, over hotkeys that are none of `without`.
pub fn cosine(left: &ScoreVector, right: &ScoreVector, without: &BTreeSet<Hotkey>) -> f64 {
    let product = |one: &ScoreVector, other: &ScoreVector| -> f64 {
        let of = |(hotkey, score): (&Hotkey, &f64)| score * other.get(hotkey).copied().unwrap_or(0.0);
        one.iter().filter(|(hotkey, _)| !without.contains(hotkey)).map(of).sum()
    };
    product(left, right) / (product(left, left) * product(right, right)).sqrt()
}

/// A raw score in bits, by cycle, hotkey, task and content; of what has none, its status.
type RawScores = BTreeMap<(u32, Hotkey, String, String), Result<u64, String>>;

impl Outcome {
    /// The attacker's mean share of the weight.
    pub fn attackers_share(&self) -> f64 {
        share(&paid(&self.attacked), &self.attackers)
    }

    /// The twin's mean share of the weight.
    pub fn twins_share(&self) -> f64 {
        share(&paid(&self.twin), &self.attackers)
    }

    /// Both mean shares as `replay` computes them under another policy: the attacker's and its twin's.
    pub fn shares_under(&self, policy: &Policy) -> (f64, f64) {
        (self.replayed_share(&self.attacked, policy), self.replayed_share(&self.twin, policy))
    }

    fn replayed_share(&self, cycles: &[RecordedCycle], policy: &Policy) -> f64 {
        let mut carried = Carried::default();
        let mut payouts = cycles.iter().map(|cycle| Payout::compare(cycle, policy, Some(&mut carried)));
        let mut payout = payouts.next().expect("a cycle");
        payouts.for_each(|later| payout.take_in(later));
        let theirs = payout.miners.iter().filter(|miner| self.attackers.contains(&miner.hotkey));
        theirs.map(|miner| miner.new_share).sum()
    }

    /// The raw scores of everybody else in one world.
    fn raw_scores_of_others(&self, cycles: &[RecordedCycle]) -> RawScores {
        let submissions = cycles
            .iter()
            .flat_map(|cycle| cycle.decided.submissions.iter().map(move |judged| (cycle.decided.cycle, judged)));
        submissions
            .filter(|(_, judged)| !self.attackers.contains(&judged.hotkey))
            .map(|(cycle, judged)| {
                let raw =
                    judged.score.map(f64::to_bits).ok_or_else(|| format!("{:?} {:?}", judged.status, judged.reason));
                ((cycle, judged.hotkey, judged.task_id.clone(), judged.content_id.clone()), raw)
            })
            .collect()
    }

    /// What differs in the raw scores of everybody else between the two worlds; `None` if they are the same bits.
    pub fn harm_to_others(&self) -> Option<String> {
        let (attacked, twin) = (self.raw_scores_of_others(&self.attacked), self.raw_scores_of_others(&self.twin));
        for (cycle, honest) in self.attacked.iter().zip(&self.twin) {
            assert_eq!(cycle.decided.evidence.at, honest.decided.evidence.at, "the worlds are compared at one block");
        }
        assert!(twin.values().filter(|raw| raw.is_ok()).count() > 100, "the others score");
        let other: Vec<_> = attacked.iter().filter(|(key, raw)| twin.get(*key) != Some(*raw)).take(5).collect();
        (attacked != twin).then(|| format!("{} and {} scores, {other:?}", attacked.len(), twin.len()))
    }

    /// Checks that everybody else has the same raw scores in both worlds, bit for bit.
    #[track_caller]
    pub fn check_others_unharmed(&self) {
        assert_eq!(self.harm_to_others(), None, "row {}", self.attack.row);
    }

    /// The lowest cosine, over the cycles, between what the others are paid in both worlds: what a validator that is not
    /// under this attack and one that is agree in.
    pub fn agreement(&self) -> f64 {
        let pairs = self.attacked.iter().zip(&self.twin);
        let cosines = pairs.map(|(one, other)| cosine(&one.decided.scores, &other.decided.scores, &self.attackers));
        cosines.fold(1.0, f64::min)
    }
}
