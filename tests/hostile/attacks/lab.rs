//! Running the sandbox's attack lab against the real validator: both worlds of an attack, and what they come to.
//!
//! The validator signs nothing (`dry_run`), so that only decisions take time. Cycles are a day apart, polling rounds are as
//! long as cycles; a world's chain moves from one cycle to the next in one step, so that every run is the same.

#![allow(dead_code, reason = "the tests and the example each use their own part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tempfile::TempDir;
use tensorflix::commands::replay::carried::Carried;
use tensorflix::commands::replay::payout::Payout;
use tensorflix::commands::stored::recorded::RecordedCycle;
use tensorflix::config::Config;
use tensorflix::console::session::{Session, Shown};
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix::wiring::slot_blocks;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::task_source::TaskSource;
use tensorflix_domain::verification::CheckMode;
use tensorflix_domain::weights::ScoreVector;
use tensorflix_sandbox::attacks::{ALL, Attack, CYCLE_BLOCKS, CYCLES, LEAD_BLOCKS, Scene, Side, Stage, world};
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// For one cycle.
const PATIENCE: Duration = Duration::from_secs(120);

/// Videos in a request, and requests in a day, where the budget is tight: enough for each miner's first five videos.
const TIGHT_BATCH: i64 = 10;
const TIGHT_UNITS: i64 = 6;

/// The validator's store, in its folder.
pub const STORE: &str = "lab.db";

/// Cycles that are played after a leaver left, to see that it is paid no more and that nobody else notices.
const CYCLES_AFTER_LEAVING: u32 = 2;

/// A row that was played: the attack, and its twin.
pub struct Outcome {
    pub attack: Attack,
    pub attacked: Vec<RecordedCycle>,
    pub twin: Arc<Vec<RecordedCycle>>,
    /// The attacker's hotkeys.
    pub attackers: BTreeSet<Hotkey>,
    /// The rival with the videos that the attack changes.
    pub rival: Option<Rival>,
    /// Where the attacked validator's store is, as [`STORE`].
    pub folder: TempDir,
}

/// A miner with pairs of task and video that an attacker changes.
pub struct Rival {
    pub hotkey: Hotkey,
    pub pairs: BTreeSet<(String, String)>,
}

/// The same attack by one who leaves the subnet when it has been paid, and never repays.
pub struct Leaver {
    pub cycles: Vec<RecordedCycle>,
    /// How many of them it was there for.
    pub stayed: usize,
}

/// What is played.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Play {
    Attack,
    Leaver,
    Twin,
}

/// One world, cycle by cycle.
struct Played {
    cycles: Vec<RecordedCycle>,
    attackers: BTreeSet<Hotkey>,
    rival: Option<Rival>,
}

/// The attack of a row.
pub fn attack(row: u8) -> Attack {
    ALL.into_iter().find(|attack| attack.row == row).expect("a row of the list")
}

/// Plays both worlds of a row.
pub fn play(row: u8) -> Outcome {
    let attack = attack(row);
    let folder = tempfile::tempdir().expect("a folder");
    let Played { cycles, attackers, rival } = play_in(folder.path(), &attack, Play::Attack);
    Outcome { attack, attacked: cycles, twin: twins(attack.twin), attackers, rival, folder }
}

/// The cycles of a row's twin. Several rows have the same one: it is played once.
fn twins(row: u8) -> Arc<Vec<RecordedCycle>> {
    type Twin = Arc<OnceLock<Arc<Vec<RecordedCycle>>>>;
    static PLAYED: Mutex<BTreeMap<u8, Twin>> = Mutex::new(BTreeMap::new());
    let played = Arc::clone(PLAYED.lock().expect("no test panics here").entry(row).or_default());
    let play = || {
        let folder = tempfile::tempdir().expect("a folder");
        Arc::new(play_in(folder.path(), &attack(row), Play::Twin).cycles)
    };
    Arc::clone(played.get_or_init(play))
}

fn play_in(folder: &Path, attack: &Attack, play: Play) -> Played {
    actix_rt::System::new().block_on(play_cycles(folder, attack, play))
}

async fn play_cycles(folder: &Path, attack: &Attack, play: Play) -> Played {
    let config = SandboxConfig { world: world(), ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.expect("a sandbox");
    let mut config = sandbox_config::write(&sandbox, folder, STORE).expect("a configuration");
    prepare(&mut config, attack);
    assert_eq!(slot_blocks(&config), CYCLE_BLOCKS, "the lab's cycles are the validator's");
    let members = sandbox.world().read().members().to_vec();
    let hotkey = |uid: u16| Hotkey::new(members[usize::from(uid)].hotkey.public());
    let attackers = attack.attackers.iter().copied().map(hotkey).collect();
    act(attack, &sandbox, play, 0);
    let rival = attack.rival(&Scene::before(&sandbox, Side::Twin, 0));
    let rival = rival.map(|(uid, pairs)| Rival { hotkey: hotkey(uid), pairs: pairs.into_iter().collect() });
    sandbox.advance_to(START_BLOCK + LEAD_BLOCKS);
    let mut app = App::start(&config, Mode { opening: Opening::Grid, dry_run: true }).await.expect("a validator");
    let mut session = Session::default();
    let mut cycles = vec![next_cycle(&mut app, &mut session).await];
    let last = match (play, attack.leaves_after) {
        (Play::Leaver, Some(after)) => after + CYCLES_AFTER_LEAVING,
        _ => CYCLES,
    };
    for cycle in 1..last {
        act(attack, &sandbox, play, cycle);
        sandbox.advance_to(START_BLOCK + cycle * CYCLE_BLOCKS);
        cycles.push(next_cycle(&mut app, &mut session).await);
    }
    sandbox.stop().await;
    Played { cycles, attackers, rival }
}

/// The defaults, with all questions to detectors off as they are by default.
fn prepare(config: &mut Config, attack: &Attack) {
    config.validator.gist_poll_blocks = CYCLE_BLOCKS;
    for check in [&mut config.verifier.ai, &mut config.verifier.illicit, &mut config.verifier.topic] {
        *check = CheckMode::Off;
    }
    // An answer that drips is given up after this.
    config.github.timeout_secs = 2;
    match attack.stage {
        Stage::Plain => (),
        Stage::NetworkTasks => config.validator.task_source = TaskSource::Network,
        Stage::TightBudget => {
            config.platforms.set("youtube", "batch_size", TIGHT_BATCH);
            config.platforms.set("youtube", "daily_quota", TIGHT_UNITS);
        }
    }
}

fn act(attack: &Attack, sandbox: &Sandbox, play: Play, cycle: u32) {
    let scene = |side| Scene::before(sandbox, side, cycle);
    let acted = match play {
        Play::Attack => attack.act(&scene(Side::Attack)),
        Play::Leaver => attack.act_and_leave(&scene(Side::Attack)),
        Play::Twin => attack.act(&scene(Side::Twin)),
    };
    acted.expect("a script that can be played");
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

/// The mean of these hotkeys' shares as `replay` computes them under another policy.
fn replayed_share(cycles: &[RecordedCycle], policy: &Policy, hotkeys: &BTreeSet<Hotkey>) -> f64 {
    let mut carried = Carried::default();
    let mut payouts = cycles.iter().map(|cycle| Payout::compare(cycle, policy, Some(&mut carried)));
    let mut payout = payouts.next().expect("a cycle");
    payouts.for_each(|later| payout.take_in(later));
    let theirs = payout.miners.iter().filter(|miner| hotkeys.contains(&miner.hotkey));
    theirs.map(|miner| miner.new_share).sum()
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

    /// What the rival earns for each share that it would earn without the attack.
    pub fn rivals_gain(&self) -> Option<f64> {
        let rival = BTreeSet::from([self.rival.as_ref()?.hotkey]);
        Some(share(&paid(&self.attacked), &rival) / share(&paid(&self.twin), &rival))
    }

    /// The same as `replay` computes it under another policy.
    pub fn rivals_gain_under(&self, policy: &Policy) -> Option<f64> {
        let rival = BTreeSet::from([self.rival.as_ref()?.hotkey]);
        Some(replayed_share(&self.attacked, policy, &rival) / replayed_share(&self.twin, policy, &rival))
    }

    /// Both mean shares as `replay` computes them under another policy: the attacker's and its twin's.
    pub fn shares_under(&self, policy: &Policy) -> (f64, f64) {
        let share = |cycles: &[RecordedCycle]| replayed_share(cycles, policy, &self.attackers);
        (share(&self.attacked), share(&self.twin))
    }

    /// The raw scores of everybody else in one world. A rival's videos that the attack changes are left out: their views are
    /// other ones, and the score of a video is its views.
    fn raw_scores_of_others(&self, cycles: &[RecordedCycle]) -> RawScores {
        let is_changed = |judged: &Judged| {
            let pair = (judged.task_id.clone(), judged.content_id.clone());
            self.rival.as_ref().is_some_and(|rival| rival.hotkey == judged.hotkey && rival.pairs.contains(&pair))
        };
        let submissions = cycles
            .iter()
            .flat_map(|cycle| cycle.decided.submissions.iter().map(move |judged| (cycle.decided.cycle, judged)));
        submissions
            .filter(|(_, judged)| !self.attackers.contains(&judged.hotkey) && !is_changed(judged))
            .map(|(cycle, judged)| {
                let raw =
                    judged.score.map(f64::to_bits).ok_or_else(|| format!("{:?} {:?}", judged.status, judged.reason));
                ((cycle, judged.hotkey, judged.task_id.clone(), judged.content_id.clone()), raw)
            })
            .collect()
    }

    /// What differs in the raw scores of everybody else between these cycles and as many of the twin's; `None` if they are
    /// the same bits.
    fn harm_in(&self, cycles: &[RecordedCycle]) -> Option<String> {
        let twin = &self.twin[..cycles.len()];
        for (cycle, honest) in cycles.iter().zip(twin) {
            assert_eq!(cycle.decided.evidence.at, honest.decided.evidence.at, "the worlds are compared at one block");
        }
        let (attacked, twin) = (self.raw_scores_of_others(cycles), self.raw_scores_of_others(twin));
        assert!(twin.values().filter(|raw| raw.is_ok()).count() > 100, "the others score");
        let other: Vec<_> = attacked.iter().filter(|(key, raw)| twin.get(*key) != Some(*raw)).take(5).collect();
        (attacked != twin).then(|| format!("{} and {} scores, {other:?}", attacked.len(), twin.len()))
    }

    /// What differs in the raw scores of everybody else between the two worlds; `None` if they are the same bits.
    pub fn harm_to_others(&self) -> Option<String> {
        self.harm_in(&self.attacked)
    }

    /// Checks that everybody else has the same raw scores in both worlds, bit for bit.
    #[track_caller]
    pub fn check_others_unharmed(&self) {
        assert_eq!(self.harm_to_others(), None, "row {}", self.attack.row);
    }

    /// The lowest cosine, over the cycles, between what the others are paid in both worlds: what a validator that is not
    /// under this attack and one that is agree in.
    pub fn agreement(&self) -> f64 {
        let pairs = self.attacked.iter().zip(self.twin.iter());
        let cosines = pairs.map(|(one, other)| cosine(&one.decided.scores, &other.decided.scores, &self.attackers));
        cosines.fold(1.0, f64::min)
    }

    /// Plays the attack again, by one who leaves; `None` where that is not worth more than to stay.
    pub fn play_leaver(&self) -> Option<Leaver> {
        let stayed = self.attack.leaves_after? as usize;
        let folder = tempfile::tempdir().expect("a folder");
        Some(Leaver { cycles: play_in(folder.path(), &self.attack, Play::Leaver).cycles, stayed })
    }

    /// What a leaver earns until it leaves, as a multiple of what its twin earns in the same cycles.
    pub fn leavers_gain(&self, leaver: &Leaver) -> f64 {
        let of = |cycles: &[RecordedCycle]| share(&paid(&cycles[..leaver.stayed]), &self.attackers);
        of(&leaver.cycles) / of(&self.twin)
    }

    /// Checks that a leaver is paid for nothing after it left, and that everybody else has the same raw scores as beside the
    /// twin, which stays.
    #[track_caller]
    pub fn check_left(&self, leaver: &Leaver) {
        let after = paid(&leaver.cycles[leaver.stayed..]);
        assert!(
            !after.is_empty() && share(&after, &self.attackers) == 0.0,
            "row {}: paid after it left",
            self.attack.row
        );
        assert_eq!(self.harm_in(&leaver.cycles), None, "row {}", self.attack.row);
    }
}
