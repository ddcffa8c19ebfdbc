//! A sandbox with a validator in it, and what its cycles are asked.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;
use tensorflix::config::Config;
use tensorflix::console::session::{Session, Shown};
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix::wiring::slot_blocks;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::policy::OwnershipRule;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_sandbox::platforms::counters::ServerSnapshot;
use tensorflix_sandbox::world::{Conduct, FIRST_MINER_UID, Member, SUBMISSION_FILE, WorldConfig};
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// For one cycle.
const PATIENCE: Duration = Duration::from_secs(120);

/// The first miner, with the lowest UID of all.
pub const FIRST: Uid = FIRST_MINER_UID;

/// A sandbox with a validator in it.
pub struct Subnet {
    pub sandbox: Sandbox,
    pub config: Config,
    app: App,
    session: Session,
    _folder: tempfile::TempDir,
}

impl Subnet {
    /// Starts a world, lets `prepare` change it and the configuration, and starts the validator then.
    pub async fn start(world: WorldConfig, prepare: impl FnOnce(&Sandbox, &mut Config)) -> Self {
        let sandbox = Sandbox::start(SandboxConfig { world, ..SandboxConfig::default() }).await.expect("a sandbox");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("a configuration");
        prepare(&sandbox, &mut config);
        let app = App::start(&config, Mode { opening: Opening::Grid, dry_run: false }).await.expect("a validator");
        Self { sandbox, config, app, session: Session::default(), _folder: folder }
    }

    /// The next decided cycle.
    pub async fn cycle(&mut self) -> DecidedCycle {
        loop {
            let shown =
                tokio::time::timeout(PATIENCE, self.session.next(self.app.feed())).await.expect("a cycle in time");
            if let Shown::Cycle(report) = shown.expect("no actor gives up") {
                return report.decided;
            }
        }
    }

    /// Moves the chain to the next slot and gives its cycle.
    pub async fn next_cycle(&mut self) -> DecidedCycle {
        let slot_blocks = slot_blocks(&self.config);
        self.sandbox.advance_to((self.sandbox.block() / slot_blocks + 1) * slot_blocks);
        self.cycle().await
    }

    /// The neuron at a UID.
    pub fn member(&self, uid: Uid) -> Member {
        member(&self.sandbox, uid)
    }

    /// Who behaves so.
    pub fn uids(&self, conduct: Conduct) -> BTreeSet<Uid> {
        self.sandbox.world().read().miners_who(conduct).map(|member| member.uid).collect()
    }

    /// Replaces what a miner lists.
    pub fn list<'a>(&self, uid: Uid, pairs: impl IntoIterator<Item = &'a Judged>) -> String {
        list(&self.sandbox, uid, &submissions(pairs))
    }

    /// What GitHub's raw address was asked for so far.
    pub fn raw_requests(&self) -> ServerSnapshot {
        self.sandbox.counters().platforms.github_raw
    }
}

/// Runs a test where actors can live.
pub fn run(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}

/// So many miners, all honest.
pub fn honest(miners: u32) -> WorldConfig {
    cast(&vec![Conduct::Honest; miners as usize])
}

/// Miners who behave so, from [`FIRST`] on.
pub fn cast(conducts: &[Conduct]) -> WorldConfig {
    let cast = conducts.iter().map(|conduct| vec![*conduct]).collect();
    WorldConfig { miners: conducts.len() as u32, cast: Some(cast), ..WorldConfig::default() }
}

/// Claims alone decide which miner owns an item.
pub fn without_tags(config: &mut Config) {
    config.rules.ownership_tag = OwnershipRule::Off;
}

/// A cycle in each polling round. Weights are sent in the first of them alone, so that no block comes in between.
pub fn a_cycle_each_round(config: &mut Config) {
    config.weights.resend_blocks = 2_000;
    config.validator.update_interval_hours = 0.25;
    config.validator.gist_poll_blocks = slot_blocks(config);
}

/// The neuron at a UID.
pub fn member(sandbox: &Sandbox, uid: Uid) -> Member {
    sandbox.world().read().members()[usize::from(uid)].clone()
}

/// Writes a new revision of a miner's gist, and gives its id.
pub fn list(sandbox: &Sandbox, uid: Uid, document: &str) -> String {
    sandbox.world().edit_gist(&member(sandbox, uid).gist_id, SUBMISSION_FILE, document).expect("a gist")
}

/// What a miner's gist says now.
pub fn listed(sandbox: &Sandbox, uid: Uid) -> String {
    let world = sandbox.world().read();
    let gist = world.gist(&world.members()[usize::from(uid)].gist_id).expect("a gist").clone();
    let newest = gist.newest(sandbox.block()).expect("a revision");
    String::from_utf8(newest.files[0].bytes.to_vec()).expect("text")
}

/// A gist that lists these pairs.
pub fn submissions<'a>(judged: impl IntoIterator<Item = &'a Judged>) -> String {
    let pairs: Vec<[&str; 2]> =
        judged.into_iter().map(|judged| [judged.task_id.as_str(), judged.content_id.as_str()]).collect();
    serde_json::json!({ "submissions": pairs }).to_string()
}

/// The submissions of some miners.
pub fn of<'a>(cycle: &'a DecidedCycle, uids: &'a BTreeSet<Uid>) -> impl Iterator<Item = &'a Judged> {
    cycle.submissions.iter().filter(|judged| uids.contains(&judged.uid))
}

/// The submissions of one miner.
pub fn by(cycle: &DecidedCycle, uid: Uid) -> Vec<&Judged> {
    cycle.submissions.iter().filter(|judged| judged.uid == uid).collect()
}

/// What a miner earns.
pub fn weight(cycle: &DecidedCycle, uid: Uid) -> f64 {
    let miner = cycle.evidence.miners.iter().find(|miner| miner.uid == uid);
    miner.and_then(|miner| cycle.scores.get(&miner.hotkey)).copied().unwrap_or(0.0)
}

/// Raw scores by miner, task and content, in bits; of what is not scored the reason.
pub type RawScores = BTreeMap<(Uid, String, String), Result<u64, Option<Reason>>>;

/// The raw scores of the miners that `counts` says.
pub fn raw_scores(cycle: &DecidedCycle, counts: impl Fn(Uid) -> bool) -> RawScores {
    let raw = |judged: &Judged| {
        let key = (judged.uid, judged.task_id.clone(), judged.content_id.clone());
        (key, judged.score.map(f64::to_bits).ok_or(judged.reason))
    };
    cycle.submissions.iter().filter(|judged| counts(judged.uid)).map(raw).collect()
}

/// Checks that everybody but the attackers has the same raw scores in both worlds, and that some score at all.
#[track_caller]
pub fn check_others_unharmed(attacked: &DecidedCycle, twin: &DecidedCycle, attackers: &[Uid]) {
    let of_others = |cycle| raw_scores(cycle, |uid| !attackers.contains(&uid));
    assert_eq!(attacked.evidence.at, twin.evidence.at, "the twins are compared at one block");
    assert!(of_others(twin).values().any(Result::is_ok), "somebody scores");
    assert_eq!(of_others(attacked), of_others(twin));
}

/// Checks that nothing of this miner counts, for this reason.
#[track_caller]
pub fn check_all_rejected(cycle: &DecidedCycle, uid: Uid, reason: Reason) {
    let judged = by(cycle, uid);
    assert!(!judged.is_empty(), "UID {uid} lists nothing");
    for judged in judged {
        assert_eq!((judged.status, judged.reason), (Status::Rejected, Some(reason)), "{judged:?}");
    }
    assert!(weight(cycle, uid) == 0.0);
}

/// What is reported of a miner's gist.
pub fn errors_of(cycle: &DecidedCycle, uid: Uid) -> Vec<&str> {
    cycle.errors.iter().filter(|error| error.uid == Some(uid)).map(|error| error.reason.as_str()).collect()
}
