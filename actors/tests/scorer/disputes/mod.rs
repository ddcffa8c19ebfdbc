//! Disputes that dates of gists decide: everybody in one is dated, sooner or later; silence and a used-up budget decide
//! nothing for good.

mod pins;
mod reserve;

use super::places::decide_at;
use super::{
    CATS, Entry, NOW, OPENING, Stage, accepted, judged, miner, rejected, scores, task_gist, verdict, with_document,
};
use actix::{Actor, Context, Handler};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tensorflix_actors::gist_fetcher::{DateGists, GistsDated};
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::{CycleSettings, Opening, Scorer, ScorerMemory, ScorerParts};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::quarantine::Rules;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::dating::{DateAnswer, Dating, Undatable};
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::{Block, Uid};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::task_source::TaskSource;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::fake_platform::FakePlatform;
use tensorflix_testkit::gists::{pointer, reel, seen, submissions, task_line, video};
use tensorflix_testkit::listener::listen;
use tensorflix_testkit::subnets::{committed, hotkey, stamp};
use tensorflix_testkit::time::{settle, simulate};
use tensorflix_testkit::world::{ROUND_BLOCKS, SLOT_BLOCKS, World};

/// Replaces GistFetcher: answers by script, by the number of the gist, as many a round as its budget allows.
#[derive(Clone)]
struct Dater(Arc<Mutex<Script>>);

struct Script {
    answers: BTreeMap<u32, DateAnswer>,
    budget: usize,
    /// What was asked and answered, by round.
    asked: Vec<(Block, Vec<u32>)>,
    /// Who might use the reserve in the newest round.
    with_reserve: BTreeSet<u32>,
}

impl Actor for Dater {
    type Context = Context<Self>;
}

impl Handler<DateGists> for Dater {
    type Result = GistsDated;

    fn handle(&mut self, request: DateGists, _: &mut Self::Context) -> GistsDated {
        let mut script = self.0.lock().expect("one thread");
        let may_use_it = request.line.iter().filter(|waiting| waiting.may_use_reserve);
        script.with_reserve = may_use_it.map(|waiting| number_of(&waiting.gist)).collect();
        let line: Vec<GistName> = request.line.into_iter().take(script.budget).map(|waiting| waiting.gist).collect();
        script.asked.push((request.round, line.iter().map(number_of).collect()));
        let answer = |gist: GistName| Some((gist.clone(), *script.answers.get(&number_of(&gist))?));
        GistsDated { answers: line.into_iter().filter_map(answer).collect() }
    }
}

impl Dater {
    fn answering(answers: impl IntoIterator<Item = (u32, DateAnswer)>, budget: usize) -> Self {
        let script =
            Script { answers: answers.into_iter().collect(), budget, asked: Vec::new(), with_reserve: BTreeSet::new() };
        Self(Arc::new(Mutex::new(script)))
    }

    fn asked(&self) -> Vec<(Block, Vec<u32>)> {
        self.0.lock().expect("one thread").asked.clone()
    }

    fn say(&self, number: u32, answer: DateAnswer) {
        self.0.lock().expect("one thread").answers.insert(number, answer);
    }
}

fn number_of(gist: &GistName) -> u32 {
    u32::from_str_radix(&gist.gist_id, 16).expect("a number")
}

fn dated(block: Block) -> DateAnswer {
    DateAnswer::Dated(at(block))
}

fn at(block: Block) -> Moment {
    stamp(block).time
}

impl Stage {
    /// A stage with one video and a scorer that has gists dated.
    fn contested(dater: &Dater) -> Self {
        let world = World::new();
        let sightings = || [(video(1), seen(1_000, NOW - 10.0))].into_iter();
        let (youtube, instagram) = (FakePlatform::start(&world, sightings()), FakePlatform::start(&world, sightings()));
        let stats = ActorStats::new("scorer");
        let (listener, decided) = listen();
        let settings = CycleSettings {
            policy: Policy::default(),
            task_source: TaskSource::Gist,
            task_gist: Some(task_gist()),
            own_hotkey: Some(hotkey(super::OWN)),
            slot_blocks: SLOT_BLOCKS,
            round_blocks: ROUND_BLOCKS,
            opening: Opening::Grid,
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
            dates: Some(dater.clone().start().recipient()),
            verifier: None,
            rules: Rules::default(),
            listeners: vec![listener],
            store: world.store(),
            clock: world.clock(),
            stats: Arc::clone(&stats),
            memory: ScorerMemory::default(),
        };
        let scorer = world.start(&stats, move || Scorer::new(parts.clone()));
        let tasks = task_line(CATS, Platform::YOUTUBE, 0.0);
        Self { world, youtube, instagram, scorer, decided, stats, tasks, tasks_are_readable: true }
    }

    /// A round, until nothing of it is under way any more.
    async fn whole_round(&self, block: Block, entries: &[Entry]) {
        self.round(block, entries).await;
        settle().await;
    }
}

fn lists_it(uid: u8) -> Entry {
    miner(uid, &[(CATS, &video(1))])
}

/// Its commitment is older than everybody else's.
fn long_committed(uid: u8) -> Entry {
    let mut entry = lists_it(uid);
    let (gist, _) = entry.gist.as_ref().expect("a gist");
    entry.neuron = committed(entry.neuron.clone(), gist, 10);
    entry
}

/// Who holds the video, by which criterion, and whether only for now.
fn held(decided: &DecidedCycle) -> (Uid, Option<SettledBy>, bool) {
    let holder = decided.submissions.iter().find(|judged| judged.score.is_some()).expect("somebody holds it");
    (holder.uid, holder.settled_by, holder.is_provisional)
}

#[test]
fn everybody_in_a_dispute_is_dated_however_many_and_whatever_the_budget_of_a_round() {
    simulate(async {
        // 60 hotkeys tie in one round; the one that was first has the newest commitment and the highest UID.
        let answers = (1..=60).map(|uid| (uid, if uid == 60 { dated(OPENING - 20) } else { dated(OPENING - 10) }));
        let dater = Dater::answering(answers, 7);
        let mut stage = Stage::contested(&dater);
        let entries: Vec<Entry> = (1..60).map(long_committed).chain([lists_it(60)]).collect();
        let first = stage.decide(OPENING, &entries).await;
        let (_, settled_by, is_provisional) = held(&first);
        assert!(is_provisional, "{settled_by:?}");
        for round in 1..=9 {
            stage.whole_round(OPENING + round * ROUND_BLOCKS, &entries).await;
        }
        let asked = dater.asked();
        let all: Vec<u32> = asked.iter().flat_map(|(_, gists)| gists.clone()).collect();
        assert_eq!(all.len(), 60, "{asked:?}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 60, "each is asked for once");
        let rounds: Vec<Block> = asked.iter().map(|(round, _)| *round).collect();
        assert_eq!(rounds, (0..9).map(|round| OPENING + round * ROUND_BLOCKS).collect::<Vec<_>>(), "and once a round");
        let decided = stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
        assert_eq!(held(&decided), (60, Some(SettledBy::GistUpdate), false));
    });
}

#[test]
fn who_prevents_being_dated_loses_at_once_or_as_soon_as_that_is_certain() {
    for (answer, rounds) in [
        (DateAnswer::Undatable(Undatable::TooLarge), 1),
        (DateAnswer::Undatable(Undatable::Malformed), 1),
        (DateAnswer::Undatable(Undatable::Blocked), 1),
        (DateAnswer::Absent, 2),
        (DateAnswer::Silent, 3),
    ] {
        simulate(async {
            let dater = Dater::answering([(1, answer), (9, dated(OPENING + 5_000))], 99);
            let mut stage = Stage::contested(&dater);
            let entries = [long_committed(1), lists_it(9)];
            let first = stage.decide(OPENING, &entries).await;
            if rounds == 1 {
                assert_eq!(held(&first), (9, Some(SettledBy::GistUpdate), false), "{answer:?}");
            } else {
                assert_eq!(held(&first), (1, Some(SettledBy::CommitmentBlock), true), "{answer:?}");
            }
            for round in 1..6 {
                stage.whole_round(OPENING + round * ROUND_BLOCKS, &entries).await;
            }
            let asked = dater.asked().iter().filter(|(_, gists)| gists.contains(&1)).count();
            assert_eq!(asked, rounds, "{answer:?}: it is asked for until it is certain, and never again");
            let decided = stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
            assert_eq!(held(&decided), (9, Some(SettledBy::GistUpdate), false), "{answer:?}");
            assert_eq!(verdict(&decided, 1, &video(1)), rejected(Reason::DuplicateSubmission));
        });
    }
}

#[test]
fn two_thousand_ties_of_others_hold_up_nobodys_dispute() {
    simulate(async {
        let dater = Dater::answering([(1, dated(OPENING - 5)), (9, dated(OPENING - 9))], 99);
        let mut stage = Stage::contested(&dater);
        let contents: Vec<_> = (100..2_100).map(video).collect();
        let junk: Vec<_> = contents.iter().map(|content| ("aaa", content)).collect();
        let entries = [
            with_document(20, submissions(&junk)),
            with_document(21, submissions(&junk)),
            long_committed(1),
            lists_it(9),
        ];
        let decided = stage.decide(OPENING, &entries).await;
        assert_eq!(verdict(&decided, 9, &video(1)), accepted());
        assert_eq!(held(&decided), (9, Some(SettledBy::GistUpdate), false));
    });
}

#[test]
fn a_dispute_with_the_round_before_and_one_that_appears_later_are_dated_too() {
    simulate(async {
        let dater =
            Dater::answering([(1, dated(OPENING + 20)), (9, dated(OPENING - 60)), (5, dated(OPENING + 30))], 99);
        let mut stage = Stage::contested(&dater);
        // Seen a round later, though its gist was changed earlier: it is no later beyond doubt.
        stage.record(OPENING, &[long_committed(1)]).await;
        stage.whole_round(OPENING + 25, &[long_committed(1), lists_it(9)]).await;
        let mut asked = dater.asked();
        asked.iter_mut().for_each(|(_, gists)| gists.sort_unstable());
        assert_eq!(asked, [(OPENING + 25, vec![1, 9])]);
        let decided = stage.decision().await;
        assert_eq!(held(&decided), (9, Some(SettledBy::GistUpdate), false));

        // 5 and 6 tie far behind: no dispute, until those before them leave.
        dater.say(6, dated(OPENING + 90));
        let behind = || [long_committed(5), lists_it(6)];
        let all: Vec<Entry> = behind().into_iter().chain([long_committed(1), lists_it(9)]).collect();
        stage.whole_round(OPENING + 100, &all).await;
        assert_eq!(dater.asked().len(), 1);
        let slot = OPENING + SLOT_BLOCKS;
        let decided = stage.decide(slot, &behind()).await;
        assert_eq!(held(&decided), (5, Some(SettledBy::GistUpdate), false), "dated before the cycle is decided");
        let asked: Vec<usize> = dater.asked().iter().map(|(_, gists)| gists.len()).collect();
        assert_eq!(asked, [2, 2], "both are asked for");
    });
}

#[test]
fn a_dispute_is_about_the_gist_that_was_seen_whatever_its_hotkey_commits_later() {
    simulate(async {
        let dater = Dater::answering([(9, dated(OPENING - 9)), (77, dated(1))], 0);
        let mut stage = Stage::contested(&dater);
        stage.decide(OPENING, &[long_committed(1), lists_it(9)]).await;
        // 1 commits a gist of years ago in place of the one that was seen.
        let old = pointer("miner1", 77);
        let switched = || {
            let neuron = committed(tensorflix_testkit::subnets::neuron(1, 1), &old, 10);
            Entry { neuron, gist: Some((old.clone(), submissions(&[(CATS, &video(1))]))) }
        };
        dater.0.lock().expect("one thread").budget = 99;
        dater.say(1, DateAnswer::Absent);
        for round in 1..4 {
            stage.whole_round(OPENING + round * ROUND_BLOCKS, &[switched(), lists_it(9)]).await;
        }
        let decided = stage.decide(OPENING + SLOT_BLOCKS, &[switched(), lists_it(9)]).await;
        assert_eq!(held(&decided), (9, Some(SettledBy::GistUpdate), false));
        assert!(dater.asked().iter().all(|(_, gists)| !gists.contains(&77)), "{:?}", dater.asked());
        assert_eq!(scores(&decided), [(9, 1.0)]);
    });
}

#[test]
fn a_gist_changed_since_is_dated_by_the_round_that_saw_it_also_in_a_replay() {
    simulate(async {
        let dater = Dater::answering([(1, dated(OPENING + 90)), (9, dated(OPENING + 30))], 99);
        let mut stage = Stage::contested(&dater);
        let entries = [long_committed(1), lists_it(9)];
        let decided = stage.decide(OPENING, &entries).await;
        assert_eq!(held(&decided), (1, Some(SettledBy::CommitmentBlock), false), "both count as of the round");
        let bound = decided.evidence.claims.iter().find(|bound| bound.uid == 9).expect("a claim");
        assert_eq!(bound.dating, Dating::Dated(at(OPENING + 30)), "what GitHub said is kept");
        assert_eq!(decided.evidence.rounds.times, [(OPENING, at(OPENING))].into());
        let json = serde_json::to_string(&decided.evidence).expect("JSON");
        assert_eq!(
            serde_json::from_str::<tensorflix_domain::evidence::Evidence>(&json).expect("read"),
            decided.evidence
        );
    });
}

#[test]
fn a_process_that_ends_before_the_dates_are_stored_asks_again() {
    simulate(async {
        let dater = Dater::answering([(1, dated(OPENING - 5)), (9, dated(OPENING - 9))], 99);
        let mut stage = Stage::contested(&dater);
        stage.world.store.fail_next(tensorflix_testkit::memory_store::Write::GistDates);
        let entries = [long_committed(1), lists_it(9)];
        let decided = stage.decide(OPENING, &entries).await;
        assert_eq!(judged(&decided, 9, &video(1)).settled_by, Some(SettledBy::GistUpdate));
        assert_eq!(stage.world.store.gists_to_date().await.expect("read"), []);
    });
}

/// A hotkey that commits this gist at a block, with this document.
fn commits(uid: u8, gist: &GistPointer, block: Block, document: Vec<u8>) -> Entry {
    let neuron = committed(tensorflix_testkit::subnets::neuron(uid.into(), uid), gist, block);
    Entry { neuron, gist: Some((gist.clone(), document)) }
}

#[test]
fn a_claim_is_dated_by_the_gist_that_listed_its_pair_and_by_no_other_of_its_hotkey() {
    simulate(async {
        let dater = Dater::answering([(1, dated(OPENING - 40)), (77, dated(1)), (9, dated(OPENING - 60))], 99);
        let mut stage = Stage::contested(&dater);
        let task = "new";
        let others: Vec<_> = (10..14).map(video).collect();
        let (first, last) = (reel(1), video(1));
        let all: Vec<_> =
            std::iter::once(&first).chain(&others).chain([&last]).map(|content| (task, content)).collect();
        let (gist, old) = (pointer("miner1", 1), pointer("miner1", 77));
        let lists = |block| commits(1, &gist, block, submissions(&all));
        stage.whole_round(OPENING - 100, &[lists(10)]).await;
        stage.whole_round(OPENING - 75, &[commits(1, &old, OPENING - 80, submissions(&[]))]).await;
        stage.whole_round(OPENING - 50, &[lists(OPENING - 60)]).await;
        // With the task known, the last of its pairs has a place, in the round in which another lists it.
        stage.tasks += &task_line(task, Platform::YOUTUBE, 0.0);
        let entries = [lists(OPENING - 60), miner(9, &[(task, &last)])];
        let decided = decide_at(&mut stage, OPENING, &entries).await;
        let winner =
            decided.submissions.iter().find(|judged| judged.content_id == last.as_str() && judged.score.is_some());
        assert_eq!(winner.map(|judged| (judged.uid, judged.settled_by)), Some((9, Some(SettledBy::GistUpdate))));
        assert!(dater.asked().iter().all(|(_, gists)| !gists.contains(&77)), "{:?}", dater.asked());
        let claims = decided.evidence.claims.iter().filter(|bound| bound.claim.content_id == last.as_str());
        let committed_at: Vec<_> = claims.map(|bound| (bound.uid, bound.claim.committed_at)).collect();
        assert_eq!(committed_at, [(1, OPENING - 60), (9, 50)], "it had left its gist in between");
    });
}
