//! Hostile miners in the sandbox, the whole validator against them: what each attack comes to.
//!
//! Pinned ones are the rows of a threat list: who copies, front-runs, withdraws, disguises ids, floods, or poisons a
//! gist earns nothing by it, and the raw scores of honest miners are the same bits as without the hostile ones.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its world must fail")]
#![cfg(feature = "sandbox")]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;
use tensorflix::app::{App, Mode};
use tensorflix::cli::sandbox_config;
use tensorflix::config::Config;
use tensorflix::session::{Session, Shown};
use tensorflix_actors::cycle::Opening;
use tensorflix_domain::ids::{Platform, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::record::DecidedCycle;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_sandbox::world::{Conduct, Platform as SandboxPlatform, SUBMISSION_FILE, WorldConfig};
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// Blocks of a slot: a day.
const SLOT_BLOCKS: u32 = 7_200;

const PATIENCE: Duration = Duration::from_secs(120);

/// A sandbox with a validator in it.
struct Subnet {
    sandbox: Sandbox,
    app: App,
    session: Session,
    _folder: tempfile::TempDir,
}

impl Subnet {
    async fn start(world: WorldConfig, change: impl FnOnce(&mut Config)) -> Self {
        let sandbox = Sandbox::start(SandboxConfig { world, ..SandboxConfig::default() }).await.expect("a sandbox");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("a configuration");
        change(&mut config);
        let app = App::start(&config, Mode { opening: Opening::Grid, dry_run: false }).await.expect("a validator");
        Self { sandbox, app, session: Session::default(), _folder: folder }
    }

    /// The next decided cycle.
    async fn cycle(&mut self) -> DecidedCycle {
        loop {
            let shown =
                tokio::time::timeout(PATIENCE, self.session.next(&mut self.app)).await.expect("a cycle in time");
            if let Shown::Cycle(report) = shown.expect("no actor gives up") {
                return report.decided;
            }
        }
    }

    /// Moves the chain to the next slot and gives its cycle.
    async fn next_cycle(&mut self) -> DecidedCycle {
        self.sandbox.advance_to((self.sandbox.block() / SLOT_BLOCKS + 1) * SLOT_BLOCKS);
        self.cycle().await
    }

    fn uids(&self, conduct: Conduct) -> BTreeSet<Uid> {
        self.sandbox.world().read().miners_who(conduct).map(|member| member.uid).collect()
    }
}

/// Runs a test where actors can live.
fn run(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}

fn of<'a>(cycle: &'a DecidedCycle, uids: &'a BTreeSet<Uid>) -> impl Iterator<Item = &'a Judged> {
    cycle.submissions.iter().filter(|judged| uids.contains(&judged.uid))
}

fn weight(cycle: &DecidedCycle, uid: Uid) -> f64 {
    let miner = cycle.evidence.miners.iter().find(|miner| miner.uid == uid);
    miner.and_then(|miner| cycle.scores.get(&miner.hotkey)).copied().unwrap_or(0.0)
}

/// A world with every kind of miner.
fn everybody() -> WorldConfig {
    WorldConfig { miners: 40, ..WorldConfig::default() }
}

#[test]
fn every_kind_of_hostile_miner_gets_the_reason_that_is_due() {
    run(async {
        let mut subnet = Subnet::start(everybody(), |_| ()).await;
        let cycle = subnet.cycle().await;
        for (conduct, reason) in [
            (Conduct::PublishesEarly, Reason::PublishedBeforeTaskStart),
            (Conduct::GoesLive, Reason::LiveOrPremiere),
            (Conduct::SubmitsMissing, Reason::NoVideoData),
            (Conduct::InvalidIds, Reason::InvalidContentId),
            (Conduct::FloodsTask, Reason::TooManySubmissions),
            (Conduct::UnknownTask, Reason::UnknownTask),
            (Conduct::CopiesAnother, Reason::DuplicateSubmission),
            (Conduct::PointsAtAnothersGist, Reason::DuplicateSubmission),
            (Conduct::NullReelViews, Reason::AwaitingMetrics),
        ] {
            let uids = subnet.uids(conduct);
            assert!(!uids.is_empty(), "nobody shows {conduct:?}");
            let found = of(&cycle, &uids).any(|judged| judged.reason == Some(reason));
            assert!(found, "{conduct:?} of {uids:?} is not told {reason}");
        }
        for conduct in [
            Conduct::DuplicateKeys,
            Conduct::BrokenGist,
            Conduct::HugeGist,
            Conduct::MissingGist,
            Conduct::ClaimsAnothersGist,
            Conduct::MalformedCommitment,
        ] {
            for uid in subnet.uids(conduct) {
                assert!(
                    cycle.errors.iter().any(|error| error.uid == Some(uid)),
                    "{conduct:?} of {uid} is not reported"
                );
                assert!(weight(&cycle, uid) == 0.0, "{conduct:?} of {uid} earns something");
            }
        }
    });
}

/// Raw scores of the honest miners of the first world, by content and in bits.
fn raw_scores(cycle: &DecidedCycle, uids: &BTreeSet<Uid>) -> BTreeMap<(Uid, String), Option<u64>> {
    of(cycle, uids).map(|judged| ((judged.uid, judged.content_id.clone()), judged.score.map(f64::to_bits))).collect()
}

#[test]
fn poisoned_gists_change_no_bit_of_other_miners_raw_scores() {
    run(async {
        let mut subnet = Subnet::start(WorldConfig::default(), |_| ()).await;
        let honest = subnet.uids(Conduct::Honest);
        let before = raw_scores(&subnet.cycle().await, &honest);

        let mut poisoned = Subnet::start(WorldConfig::default(), |_| ()).await;
        let culprit = poisoned.uids(Conduct::FloodsTask).into_iter().next().expect("one");
        let gist_id = poisoned.sandbox.world().read().members()[usize::from(culprit)].gist_id.clone();
        let nested = "[".repeat(50_000);
        for poison in [format!("{{\"submissions\": {nested}"), "\u{0}".repeat(1_000), "x".repeat(250_000)] {
            poisoned.sandbox.world().edit_gist(&gist_id, SUBMISSION_FILE, poison).expect("a gist");
        }
        let after = raw_scores(&poisoned.cycle().await, &honest);
        assert!(before.values().any(Option::is_some), "somebody scores");
        assert_eq!(before, after);
    });
}

#[test]
fn a_copy_that_appears_in_a_later_round_never_wins_and_withdrawing_moves_no_claim() {
    run(async {
        let mut subnet = Subnet::start(WorldConfig::default(), |_| ()).await;
        let first = subnet.cycle().await;
        let is_undisputed =
            |judged: &&Judged| judged.score.is_some_and(|score| score > 0.0) && judged.settled_by.is_none();
        let owner = first.submissions.iter().find(is_undisputed).expect("one");
        // The copier has the lower UID and the older commitment, and a day later it lists the same content.
        let copier = subnet.uids(Conduct::FloodsTask).into_iter().next().expect("one");
        let (copier_gist, owner_gist) = {
            let world = subnet.sandbox.world().read();
            let gist_of = |uid: Uid| world.members()[usize::from(uid)].gist_id.clone();
            (gist_of(copier), gist_of(owner.uid))
        };
        let listed = format!("{{\"submissions\": [[\"{}\", \"{}\"]]}}", owner.task_id, owner.content_id);
        subnet.sandbox.world().edit_gist(&copier_gist, SUBMISSION_FILE, listed).expect("a gist");
        let second = subnet.next_cycle().await;
        let copy = second.submissions.iter().find(|judged| judged.uid == copier).expect("the copy");
        assert_eq!((copy.status, copy.reason), (Status::Rejected, Some(Reason::DuplicateSubmission)));

        // The owner withdraws it: it scores for nobody, and the copy does not inherit it.
        subnet.sandbox.world().edit_gist(&owner_gist, SUBMISSION_FILE, "{\"submissions\": []}").expect("a gist");
        let third = subnet.next_cycle().await;
        let copy = third.submissions.iter().find(|judged| judged.uid == copier).expect("the copy");
        assert_eq!(copy.reason, Some(Reason::DuplicateSubmission));
        assert!(weight(&third, copier) == 0.0);

        // The owner's hotkey is deregistered: its claim lapses and passes on.
        subnet.sandbox.node().deregister_neuron(owner.uid);
        let fourth = subnet.next_cycle().await;
        let copy = fourth.submissions.iter().find(|judged| judged.uid == copier).expect("the copy");
        assert_ne!(copy.reason, Some(Reason::DuplicateSubmission), "{copy:?}");
    });
}

#[test]
fn where_the_tag_is_required_a_strangers_video_earns_nothing() {
    run(async {
        let tag = tensorflix_domain::policy::OwnershipRule::Required;
        let mut subnet = Subnet::start(everybody(), |config| config.rules.ownership_tag = tag).await;
        let cycle = subnet.cycle().await;
        for uid in subnet.uids(Conduct::SubmitsStranger) {
            let uids = BTreeSet::from([uid]);
            assert!(of(&cycle, &uids).any(|judged| judged.reason == Some(Reason::MissingOwnershipTag)), "UID {uid}");
        }
        let scored: Vec<&Judged> =
            cycle.submissions.iter().filter(|judged| judged.status == Status::Accepted).collect();
        assert!(!scored.is_empty(), "tagged videos of honest miners go on scoring");
        for judged in scored {
            let known = cycle.evidence.contents.iter().find(|(content, _)| content.as_str() == judged.content_id);
            assert_eq!(known.and_then(|(_, known)| known.owner_tag), Some(judged.hotkey), "{judged:?}");
        }
    });
}

#[test]
fn a_video_that_vanishes_after_it_scored_is_rejected_in_the_next_cycle() {
    run(async {
        let mut subnet = Subnet::start(WorldConfig::default(), |_| ()).await;
        let first = subnet.cycle().await;
        let is_scored_video = |judged: &&Judged| judged.score.is_some() && judged.platform == Some(Platform::YouTube);
        let scored = first.submissions.iter().find(is_scored_video).expect("one");
        subnet.sandbox.world().remove_content(SandboxPlatform::YouTube, &scored.content_id).expect("a video");
        let second = subnet.next_cycle().await;
        let again = second
            .submissions
            .iter()
            .find(|judged| (judged.uid, &judged.content_id) == (scored.uid, &scored.content_id))
            .expect("listed");
        assert_eq!((again.status, again.reason), (Status::Rejected, Some(Reason::ContentRemoved)));
    });
}
