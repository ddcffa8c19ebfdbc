//! Scorer: one decision a slot, from the store alone, whatever happens to messages, platforms and other miners.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod cycles;
mod disputes;
mod faults;
mod gists;
mod judging;
mod outages;
mod places;
mod polling;
mod quarantine;
mod quota_wait;
mod recovery;
mod sameness;
mod smoothing;
mod traffic;
mod verifying;

use actix::Addr;
use std::collections::BTreeMap;
use std::sync::Arc;
use tensorflix_actors::chain_watcher::CommitmentsChanged;
use tensorflix_actors::gist_fetcher::{DateGists, SubmissionsRecorded};
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::{CycleSettings, Opening, Scorer, ScorerMemory, ScorerParts, ScoresDecided};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::quarantine::Rules;
use tensorflix_actors::verifier::VerifyContents;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::gist_record::GistAnswer;
use tensorflix_domain::ids::{Block, ContentId, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::subnet::{Neuron, Subnet};
use tensorflix_domain::task_source::TaskSource;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_testkit::fake_platform::FakePlatform;
use tensorflix_testkit::gists::{failed, fetched, pointer, reel, seen, submissions, task_line, video};
use tensorflix_testkit::listener::{Events, listen};
use tensorflix_testkit::subnets::{committed, hotkey, neuron, stamp, subnet, validator};
use tensorflix_testkit::world::{SLOT_BLOCKS, World};

/// Key and UID of the validator that scores.
const OWN: u8 = 0;

/// The first block of a slot, 240 hours after block 0.
const OPENING: Block = SLOT_BLOCKS * 10;

/// Hours from block 0 to [`OPENING`].
const NOW: f64 = 240.0;

const CATS: &str = "cats";
const DANCES: &str = "dances";

/// A neuron with its gist.
struct Entry {
    neuron: Neuron,
    gist: Option<(GistPointer, Vec<u8>)>,
}

/// The miner of a UID (its key is the same) with any document; it committed at block 50.
fn with_document(uid: u8, document: impl Into<Vec<u8>>) -> Entry {
    let gist = pointer(&format!("miner{uid}"), uid.into());
    let neuron = committed(neuron(uid.into(), uid), &gist, 50);
    Entry { neuron, gist: Some((gist, document.into())) }
}

/// A miner that lists these contents.
fn miner(uid: u8, pairs: &[(&str, &ContentId)]) -> Entry {
    with_document(uid, submissions(pairs))
}

/// A scorer in its world.
struct Stage {
    world: World,
    youtube: FakePlatform,
    instagram: FakePlatform,
    scorer: Addr<Scorer>,
    decided: Events<ScoresDecided>,
    stats: Arc<ActorStats>,
    tasks: String,
    tasks_are_readable: bool,
}

impl Stage {
    /// With a task on each platform, both started at block 0, and these contents.
    fn start(sightings: &[(ContentId, Sighting)]) -> Self {
        Self::start_with(sightings, Opening::Grid)
    }

    fn start_with(sightings: &[(ContentId, Sighting)], opening: Opening) -> Self {
        Self::start_judging(sightings, opening, Rules::default())
    }

    /// The same with these functions in place of the domain's.
    fn start_judging(sightings: &[(ContentId, Sighting)], opening: Opening, rules: Rules) -> Self {
        let world = World::new();
        let youtube = FakePlatform::start(&world, sightings.iter().cloned());
        let instagram = FakePlatform::start(&world, sightings.iter().cloned());
        let (scorer, decided, stats) = start_scorer_with(&world, &youtube, &instagram, opening, rules);
        let tasks = task_line(CATS, Platform::YOUTUBE, 0.0) + &task_line(DANCES, Platform::INSTAGRAM, 0.0);
        Self { world, youtube, instagram, scorer, decided, stats, tasks, tasks_are_readable: true }
    }

    /// Whether GitHub gives the tasks.
    const fn set_tasks_readable(&mut self, are_readable: bool) {
        self.tasks_are_readable = are_readable;
    }

    /// Another process on the same store: the old one stays, but cut off from everybody.
    fn restart(&mut self) {
        (self.scorer, self.decided, self.stats) =
            start_scorer(&self.world, &self.youtube, &self.instagram, Opening::Grid);
    }

    /// The subnet of these entries at a block, and the answers that GistFetcher gets for their gists and the tasks.
    fn scene(&self, block: Block, entries: &[Entry]) -> (Subnet, Vec<GistAnswer>) {
        let own = std::iter::once(validator(OWN.into(), OWN));
        let is_other = |neuron: &Neuron| neuron.uid != Uid::from(OWN);
        let others = entries.iter().map(|entry| entry.neuron.clone());
        let neurons: Vec<Neuron> =
            if others.clone().all(|neuron| is_other(&neuron)) { own.chain(others).collect() } else { others.collect() };
        let tasks = match self.tasks_are_readable {
            true => fetched(&task_gist(), self.tasks.as_bytes()),
            false => failed(&task_gist()),
        };
        let mut answers = vec![tasks];
        answers.extend(entries.iter().filter_map(|entry| entry.gist.as_ref()).map(|(gist, text)| fetched(gist, text)));
        (subnet(block, neurons), answers)
    }

    /// Stores a round of these entries at a block; tells nobody.
    async fn record(&self, block: Block, entries: &[Entry]) -> Block {
        let (subnet, answers) = self.scene(block, entries);
        self.world.record_answers(&subnet, &answers).await
    }

    /// Stores a round and tells of it as ChainWatcher and GistFetcher do.
    async fn round(&self, block: Block, entries: &[Entry]) {
        let round = self.record(block, entries).await;
        self.scorer.send(CommitmentsChanged { at: stamp(block) }).await.expect("handled");
        self.scorer.send(SubmissionsRecorded { round }).await.expect("handled");
    }

    /// A round that leads to a decision.
    async fn decide(&mut self, block: Block, entries: &[Entry]) -> DecidedCycle {
        self.round(block, entries).await;
        self.decision().await
    }

    /// The decision that is announced next, as it is stored.
    async fn decision(&mut self) -> DecidedCycle {
        let ScoresDecided { cycle } = self.decided.next().await;
        self.world.store.decided_cycle(cycle).await.expect("read").expect("stored before it was announced")
    }
}

fn task_gist() -> GistPointer {
    pointer("owner", 1_000)
}

fn start_scorer(
    world: &World,
    youtube: &FakePlatform,
    instagram: &FakePlatform,
    opening: Opening,
) -> (Addr<Scorer>, Events<ScoresDecided>, Arc<ActorStats>) {
    start_scorer_with(world, youtube, instagram, opening, Rules::default())
}

fn start_scorer_with(
    world: &World,
    youtube: &FakePlatform,
    instagram: &FakePlatform,
    opening: Opening,
    rules: Rules,
) -> (Addr<Scorer>, Events<ScoresDecided>, Arc<ActorStats>) {
    start_scorer_by(world, youtube, instagram, opening, Policy::default(), None, rules)
}

fn start_scorer_under(
    world: &World,
    youtube: &FakePlatform,
    instagram: &FakePlatform,
    opening: Opening,
    policy: Policy,
    verifier: Option<actix::Recipient<VerifyContents>>,
) -> (Addr<Scorer>, Events<ScoresDecided>, Arc<ActorStats>) {
    start_scorer_by(world, youtube, instagram, opening, policy, verifier, Rules::default())
}

/// A scorer that has gists dated by `dating`.
fn start_scorer_dating(
    world: &World,
    youtube: &FakePlatform,
    instagram: &FakePlatform,
    dating: actix::Recipient<DateGists>,
) -> (Addr<Scorer>, Events<ScoresDecided>, Arc<ActorStats>) {
    let (scorer, decided, stats) = scorer(world, youtube, instagram, Opening::Grid, Policy::default());
    let parts = ScorerParts { dates: Some(dating), ..scorer };
    (world.start(&stats, move || Scorer::new(parts.clone())), decided, stats)
}

fn start_scorer_by(
    world: &World,
    youtube: &FakePlatform,
    instagram: &FakePlatform,
    opening: Opening,
    policy: Policy,
    verifier: Option<actix::Recipient<VerifyContents>>,
    rules: Rules,
) -> (Addr<Scorer>, Events<ScoresDecided>, Arc<ActorStats>) {
    let (scorer, decided, stats) = scorer(world, youtube, instagram, opening, policy);
    let pollers =
        BTreeMap::from([(Platform::YOUTUBE, youtube.polled.clone()), (Platform::INSTAGRAM, instagram.polled.clone())]);
    let parts = ScorerParts { pollers, rules, verifier, ..scorer };
    (world.start(&stats, move || Scorer::new(parts.clone())), decided, stats)
}

/// A scorer that is not started yet.
fn scorer(
    world: &World,
    youtube: &FakePlatform,
    instagram: &FakePlatform,
    opening: Opening,
    policy: Policy,
) -> (ScorerParts, Events<ScoresDecided>, Arc<ActorStats>) {
    let stats = ActorStats::new("scorer");
    let (listener, decided) = listen();
    let settings = CycleSettings {
        policy,
        task_source: TaskSource::Gist,
        task_gist: Some(task_gist()),
        own_hotkey: Some(hotkey(OWN)),
        slot_blocks: SLOT_BLOCKS,
        round_blocks: tensorflix_testkit::world::ROUND_BLOCKS,
        opening,
        release: String::new(),
    };
    let platforms = BTreeMap::from([
        (Platform::YOUTUBE, youtube.recipient.clone()),
        (Platform::INSTAGRAM, instagram.recipient.clone()),
    ]);
    let parts = ScorerParts {
        settings,
        observers: platforms,
        pollers: BTreeMap::new(),
        dates: None,
        verifier: None,
        rules: Rules::default(),
        listeners: vec![listener],
        store: world.store(),
        clock: world.clock(),
        stats: Arc::clone(&stats),
        memory: ScorerMemory::default(),
    };
    (parts, decided, stats)
}

/// The submission of a miner for an item.
fn judged<'a>(decided: &'a DecidedCycle, uid: u8, content: &ContentId) -> &'a Judged {
    let of_miner = |judged: &&Judged| judged.uid == Uid::from(uid) && judged.content_id == content.as_str();
    decided.submissions.iter().find(of_miner).expect("a submission")
}

/// Status and reason of it.
fn verdict(decided: &DecidedCycle, uid: u8, content: &ContentId) -> (Status, Option<Reason>) {
    let judged = judged(decided, uid, content);
    (judged.status, judged.reason)
}

/// Scores by key, as exact as they are.
fn scores(decided: &DecidedCycle) -> Vec<(u8, f64)> {
    decided.scores.iter().map(|(hotkey, score)| (hotkey.public_key()[0], *score)).collect()
}

/// A decision in a form that shows every bit of it.
fn bits(decided: &DecidedCycle) -> String {
    // The shortest digits that give back the same number, so two texts are the same only if all bits are.
    format!("{decided:?}")
}

fn accepted() -> (Status, Option<Reason>) {
    (Status::Accepted, None)
}

fn rejected(reason: Reason) -> (Status, Option<Reason>) {
    (Status::Rejected, Some(reason))
}

fn pending(reason: Reason) -> (Status, Option<Reason>) {
    (Status::Pending, Some(reason))
}

/// A few miners with disputes among them, and what the platforms show.
fn busy_scene() -> (Vec<(ContentId, Sighting)>, Vec<Entry>) {
    let sightings = (0..8).map(|n| (video(n), seen(1_000 + u64::from(n) * 77, NOW - 3.0 - f64::from(n) / 7.0)));
    let reels = (0..3).map(|n| (reel(n), seen(100 + u64::from(n), NOW - 7.0)));
    let entries = vec![
        miner(1, &[(CATS, &video(1)), (CATS, &video(2)), (DANCES, &reel(1))]),
        miner(2, &[(CATS, &video(2)), (CATS, &video(3)), (DANCES, &reel(1))]),
        miner(3, &[(CATS, &video(4)), (DANCES, &reel(2)), (DANCES, &reel(9))]),
        miner(4, &[(CATS, &video(5)), (CATS, &video(1)), (CATS, &video(6)), (CATS, &video(7))]),
    ];
    (sightings.chain(reels).collect(), entries)
}
