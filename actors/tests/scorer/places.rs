//! Places, through Scorer and a store: what holds none costs nothing and moves nobody, each hotkey has its turn, and what gets
//! a place later is claimed then.

use super::{
    CATS, DANCES, Entry, NOW, OPENING, Stage, accepted, bits, miner, pending, rejected, scores, start_scorer_dating,
    start_scorer_under, verdict,
};
use actix::{Actor, Context, Handler, ResponseFuture};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix_actors::gist_fetcher::{DateGists, GistsDated};
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::gist_record::GistAnswer;
use tensorflix_domain::ids::{Block, ContentId, Hotkey};
use tensorflix_domain::observation::{Details, Metrics, Observation, Presence, Sighting};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::traffic::TrafficFinding;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::fake_platform::FakePlatform;
use tensorflix_testkit::gists::{reel, seen, task_line, video};
use tensorflix_testkit::memory_store::MemoryStore;
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::world::{SLOT_BLOCKS, World, holders};

/// A miner that lists contents for one task.
fn lists(uid: u8, task: &str, contents: &[ContentId]) -> Entry {
    miner(uid, &contents.iter().map(|content| (task, content)).collect::<Vec<_>>())
}

fn videos(numbers: std::ops::Range<u32>) -> Vec<ContentId> {
    numbers.map(video).collect()
}

/// The rounds of a hotkey's claims, by content.
fn claimed(stage: &Stage, key: &Hotkey) -> BTreeMap<String, Block> {
    let claims = stage.world.store.claims().into_iter().filter(|claim| claim.hotkey == *key);
    claims.map(|claim| (claim.content_id, claim.round)).collect()
}

fn named(contents: &[ContentId], round: Block) -> BTreeMap<String, Block> {
    contents.iter().map(|content| (content.as_str().to_owned(), round)).collect()
}

/// The decision of the slot that begins at a block, after those of earlier ones.
pub(super) async fn decide_at(stage: &mut Stage, block: Block, entries: &[Entry]) -> DecidedCycle {
    let mut decided = stage.decide(block, entries).await;
    while decided.evidence.at.block < block {
        decided = stage.decision().await;
    }
    decided
}

/// What the platforms were asked for in cycles.
fn asked(stage: &Stage) -> Vec<Vec<ContentId>> {
    let requests = [stage.youtube.requests(), stage.instagram.requests()].concat();
    requests.into_iter().map(|request| request.contents).collect()
}

#[test]
fn pairs_without_a_place_are_neither_asked_for_nor_claimed_and_change_nothing() {
    let sightings: Vec<_> = (0..60)
        .map(|n| (video(n), seen(1_000 + u64::from(n), NOW - 10.0)))
        .chain((0..60).map(|n| (reel(n), seen(100, NOW - 10.0))))
        .collect();
    let mut outcomes = Vec::new();
    for is_greedy in [true, false] {
        let sightings = sightings.clone();
        let outcome = simulate(async move {
            let mut stage = Stage::start(&sightings);
            let (videos_listed, reels_listed) = if is_greedy { (0..50, 0..50) } else { (0..5, 0..5) };
            let (own_videos, own_reels) = (videos(videos_listed), reels_listed.map(reel).collect::<Vec<_>>());
            let both = own_videos.iter().map(|content| (CATS, content));
            let both: Vec<_> = both.chain(own_reels.iter().map(|content| (DANCES, content))).collect();
            let entries = [miner(1, &both), lists(2, CATS, &[video(3), video(50)]), lists(3, DANCES, &[reel(51)])];
            let decided = stage.decide(OPENING, &entries).await;
            assert_eq!(asked(&stage).iter().map(Vec::len).collect::<Vec<_>>(), [6, 6], "five each, and two others");
            assert_eq!(claimed(&stage, &entries[0].neuron.hotkey).len(), 10);
            assert_eq!(decided.evidence.contents.len(), 12);
            if is_greedy {
                assert_eq!(verdict(&decided, 1, &video(5)), rejected(Reason::TooManySubmissions));
                assert_eq!(verdict(&decided, 1, &reel(49)), rejected(Reason::TooManySubmissions));
            }
            pass(Duration::from_secs(600)).await;
            let polled = stage.youtube.polls().into_iter().map(|poll| poll.turns.len()).max();
            assert_eq!(polled, Some(6));
            (scores(&decided), stage.world.store.claims())
        });
        outcomes.push(outcome);
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[test]
fn each_hotkey_is_asked_for_once_before_any_is_asked_for_again() {
    simulate(async {
        let sightings: Vec<_> = (0..40).map(|n| (video(n), seen(1_000, NOW - 10.0))).collect();
        let mut stage = Stage::start(&sightings);
        stage.tasks += &task_line("dogs", Platform::YOUTUBE, 0.0);
        let (cats, dogs) = (videos(0..5), videos(10..15));
        let greedy: Vec<_> =
            cats.iter().map(|content| (CATS, content)).chain(dogs.iter().map(|content| ("dogs", content))).collect();
        let entries = [
            miner(1, &greedy),
            lists(7, CATS, &videos(20..22)),
            lists(8, CATS, &videos(22..23)),
            lists(9, CATS, &cats),
        ];
        for slot in 0..3 {
            stage.decide(OPENING + slot * SLOT_BLOCKS, &entries).await;
        }
        for contents in asked(&stage) {
            let place = |number: u32| contents.iter().position(|one| *one == video(number)).expect("asked for");
            assert_eq!(contents.len(), 13, "{contents:?}");
            assert!(place(20) < 4 && place(22) < 4 && place(21) < 8, "{contents:?}");
            assert!(place(20) < place(21) && place(10) < place(14), "in the order of the gist: {contents:?}");
        }
    });
}

#[test]
fn a_pair_that_moves_up_is_claimed_in_that_round_and_older_claims_keep_their_times() {
    simulate(async {
        let stage = Stage::start(&[]);
        let key = miner(1, &[]).neuron.hotkey;
        stage.round(OPENING - 100, &[lists(1, CATS, &videos(0..7))]).await;
        assert_eq!(claimed(&stage, &key), named(&videos(0..5), OPENING - 100));
        // The first is withdrawn; then it comes back at the end.
        stage.round(OPENING - 75, &[lists(1, CATS, &videos(1..7))]).await;
        let mut expected = named(&videos(0..5), OPENING - 100);
        expected.extend(named(&[video(5)], OPENING - 75));
        assert_eq!(claimed(&stage, &key), expected);
        let moved = [videos(1..7), vec![video(0)]].concat();
        stage.round(OPENING - 50, &[lists(1, CATS, &moved)]).await;
        assert_eq!(claimed(&stage, &key), expected, "its last two hold no place");
    });
}

#[test]
fn a_task_that_becomes_known_finds_its_claims_and_new_places_are_claimed_then() {
    simulate(async {
        let sightings: Vec<_> = (0..9).map(|n| (video(n), seen(1_000, NOW - 10.0))).collect();
        let mut stage = Stage::start(&sightings);
        let listed = [vec![reel(1)], videos(0..7)].concat();
        let entries = [lists(1, "new", &listed)];
        let key = entries[0].neuron.hotkey;
        stage.round(OPENING - 100, &entries).await;
        let placed = [vec![reel(1)], videos(0..4)].concat();
        assert_eq!(claimed(&stage, &key), named(&placed, OPENING - 100), "an unknown task has places like a known one");
        stage.round(OPENING - 75, &entries).await;
        assert_eq!(claimed(&stage, &key).len(), 5, "nothing changed");

        stage.tasks += &task_line("new", Platform::YOUTUBE, 0.0);
        stage.round(OPENING - 50, &entries).await;
        let mut expected = named(&placed, OPENING - 100);
        expected.extend(named(&[video(4)], OPENING - 50));
        assert_eq!(claimed(&stage, &key), expected, "what is no video takes no place in a task of videos");
        let decided = decide_at(&mut stage, OPENING, &entries).await;
        assert_eq!(claimed(&stage, &key), expected);
        for number in 0..5 {
            assert_eq!(verdict(&decided, 1, &video(number)), accepted(), "{number}");
        }
        assert_eq!(verdict(&decided, 1, &video(5)), rejected(Reason::TooManySubmissions));
    });
}

#[test]
fn what_a_setting_gives_a_place_to_is_claimed_in_the_first_round_under_it() {
    simulate(async {
        let mut stage = Stage::start(&[]);
        let entries = [lists(1, CATS, &videos(0..7))];
        let key = entries[0].neuron.hotkey;
        stage.round(OPENING - 100, &entries).await;
        // The same store, another process with other settings: it has not read the subnet yet.
        stage.world.store.forget_subnet();
        let policy = Policy { max_per_miner_and_task: 6, ..Policy::default() };
        (stage.scorer, stage.decided, stage.stats) =
            start_scorer_under(&stage.world, &stage.youtube, &stage.instagram, Opening::Grid, policy, None);
        pass(Duration::from_secs(60)).await;
        let before = named(&videos(0..5), OPENING - 100);
        assert_eq!(claimed(&stage, &key), before);
        let (subnet, _) = stage.scene(OPENING - 50, &entries);
        stage.world.store.save_subnet(&subnet).await.expect("stored");
        pass(Duration::from_secs(60)).await;
        assert_eq!(claimed(&stage, &key), before, "not by a round that ended under the old settings");
        stage.round(OPENING - 50, &entries).await;
        let mut expected = before;
        expected.extend(named(&[video(5)], OPENING - 50));
        assert_eq!(claimed(&stage, &key), expected);
    });
}

/// Stores what a further round has read while gists are dated, once for each request.
struct ReadsMeanwhile {
    store: Arc<MemoryStore>,
    rounds: Rounds,
}

/// Rounds with their subnet and answers, in the order in which they are read.
type Rounds = Arc<Mutex<VecDeque<(Block, Subnet, Vec<GistAnswer>)>>>;

impl Actor for ReadsMeanwhile {
    type Context = Context<Self>;
}

impl Handler<DateGists> for ReadsMeanwhile {
    type Result = ResponseFuture<GistsDated>;

    fn handle(&mut self, _: DateGists, _: &mut Self::Context) -> Self::Result {
        let store = Arc::clone(&self.store);
        let next = self.rounds.lock().expect("no panic while locked").pop_front();
        Box::pin(async move {
            if let Some((round, subnet, answers)) = next {
                store.record_gists(round, &answers, &holders(&subnet)).await.expect("stored");
                store.finish_gist_round(round).await.expect("stored");
            }
            GistsDated::default()
        })
    }
}

#[test]
fn a_round_read_while_a_cycle_is_decided_waits_and_is_paid_to_one_hotkey_later() {
    simulate(async {
        let sightings: Vec<_> = (1..4).map(|n| (video(n), seen(1_000, NOW - 10.0))).collect();
        let (world, rounds) = (World::new(), Rounds::default());
        let [youtube, instagram] = [(); 2].map(|()| FakePlatform::start(&world, sightings.iter().cloned()));
        let dating = ReadsMeanwhile { store: Arc::clone(&world.store), rounds: Arc::clone(&rounds) }.start();
        let (scorer, decided, stats) = start_scorer_dating(&world, &youtube, &instagram, dating.recipient());
        let tasks = task_line(CATS, Platform::YOUTUBE, 0.0);
        let mut stage = Stage { world, youtube, instagram, scorer, decided, stats, tasks, tasks_are_readable: true };
        // Both list the same from the beginning, so that their gists are dated, and each has one more in every round.
        let entries = |most: u32| [lists(1, CATS, &videos(1..most)), lists(2, CATS, &videos(1..most))];
        let further = |most: u32| {
            let (subnet, answers) = stage.scene(OPENING, &entries(most));
            (OPENING + 25 * (most - 2), subnet, answers)
        };
        rounds.lock().expect("no panic while locked").extend([further(3), further(4)]);
        let decided = stage.decide(OPENING, &entries(2)).await;
        assert_eq!(verdict(&decided, 1, &video(2)), accepted());
        for uid in [1, 2] {
            assert_eq!(verdict(&decided, uid, &video(3)), pending(Reason::AwaitingClaim), "{uid}");
        }
        assert_eq!(scores(&decided).len(), 1, "{:?}", scores(&decided));
        let next = stage.decide(OPENING + SLOT_BLOCKS, &entries(4)).await;
        assert_eq!(verdict(&next, 1, &video(3)), accepted());
        assert_eq!(verdict(&next, 2, &video(3)), rejected(Reason::DuplicateSubmission));
    });
}

/// A video that was published so many hours after block 0, with so many views and likes.
fn liked(view_count: u64, like_count: u64, published_hours: f64) -> Sighting {
    let Sighting::Present(presence) = seen(view_count, published_hours) else { unreachable!("it is there") };
    let Presence { details, metrics } = *presence;
    let details = Details { duration_secs: Some(60), ..details };
    Sighting::Present(Box::new(Presence { details, metrics: Metrics { like_count: Some(like_count), ..metrics } }))
}

/// An item, its likes for each 1,000 views, and the hours after block 0 at which it was published.
type Liked = (ContentId, u64, f64);

/// What is found about the traffic of thirty honest videos beside hotkeys that list these contents, and the weights.
fn beside(others: Vec<(Entry, Vec<Liked>)>) -> (Vec<TrafficFinding>, Vec<(u8, f64)>) {
    simulate(async move {
        let honest: Vec<(ContentId, u64, f64)> =
            (0..30).map(|n| (video(n), 20 + u64::from(n % 7), NOW - 100.0)).collect();
        let mut stage = Stage::start(&[]);
        let contents = others.iter().flat_map(|(_, contents)| contents).chain(&honest);
        for (content, likes_of_1000, published) in contents {
            // Ten looks at views that grow, liked at a steady rate.
            for look in 1..=10_u32 {
                let views = 2_000 * u64::from(look);
                let sighting = liked(views, views * likes_of_1000 / 1_000, *published);
                let observation =
                    Observation { content: content.clone(), at: stamp(OPENING - 3_300 + look * 300), sighting };
                stage.world.store.record_observations(&[observation]).await.expect("stored");
            }
            stage.youtube.show(content, liked(20_500, 20_500 * likes_of_1000 / 1_000, *published));
        }
        let miners = (0..6_u8).map(|uid| {
            let first = u32::from(uid) * 5;
            lists(10 + uid, CATS, &videos(first..first + 5))
        });
        let entries: Vec<Entry> = miners.chain(others.into_iter().map(|(entry, _)| entry)).collect();
        let decided: DecidedCycle = stage.decide(OPENING, &entries).await;
        assert!(!bits(&decided).is_empty());
        let finding = |(content, ..): &(ContentId, u64, f64)| {
            decided.evidence.contents[content].traffic.clone().expect("a finding")
        };
        let of_honest = scores(&decided).into_iter().filter(|(key, _)| (10..16).contains(key)).collect();
        (honest.iter().map(finding).collect(), of_honest)
    })
}

#[test]
fn what_cannot_count_moves_nobodys_cohort() {
    let alone = beside(Vec::new());
    // A hundred well-liked videos of strangers beyond the places of one hotkey.
    let strangers = |first: u32, count: u32| -> Vec<(ContentId, u64, f64)> {
        (first..first + count).map(|n| (video(n), 400, NOW - 100.0)).collect()
    };
    let ids =
        |contents: &[(ContentId, u64, f64)]| contents.iter().map(|(content, ..)| content.clone()).collect::<Vec<_>>();
    let own = strangers(100, 5);
    let twin = beside(vec![(lists(1, CATS, &ids(&own)), own.clone())]);
    let flood = [own, strangers(200, 100)].concat();
    let flooded = beside(vec![(lists(1, CATS, &ids(&flood)), flood)]);
    assert_eq!(flooded, twin);
    // Forty that hold places, each of them published before the task began.
    let early = (0..8_u8).map(|uid| {
        let contents: Vec<_> = strangers(400 + u32::from(uid) * 5, 5)
            .into_iter()
            .map(|(content, likes, _)| (content, likes, -50.0))
            .collect();
        (lists(20 + uid, CATS, &ids(&contents)), contents)
    });
    assert_eq!(beside(early.collect()), alone);
    // The same contents, where they count, do move it: what is compared here is not nothing.
    let placed = (0..8_u8).map(|uid| {
        let contents = strangers(400 + u32::from(uid) * 5, 5);
        (lists(20 + uid, CATS, &ids(&contents)), contents)
    });
    assert_ne!(beside(placed.collect()).0, alone.0);
}

#[test]
fn a_cycle_holds_no_claims_but_those_that_bind_however_many_there_are() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(1_000, NOW - 10.0))]);
        // In earlier rounds it listed a thousand pairs of unknown tasks, and others of a known one.
        for round in 1..=10_u32 {
            let contents: Vec<ContentId> = (0..100).map(|n| video(1_000 + round * 100 + n)).collect();
            let tasks: Vec<String> = (0..100).map(|n| format!("nobody's {n}")).collect();
            let mut pairs: Vec<(&str, &ContentId)> = tasks.iter().map(String::as_str).zip(&contents).collect();
            pairs.extend(contents.iter().take(5).map(|content| (CATS, content)));
            stage.round(OPENING - 25 * (20 - round), &[miner(1, &pairs)]).await;
        }
        assert_eq!(stage.world.store.claims().len(), 1_050);
        let entries = [lists(1, CATS, &[video(1)]), lists(2, "else", &[video(2)])];
        let decided = decide_at(&mut stage, OPENING, &entries).await;
        let held: Vec<_> = decided.evidence.claims.iter().map(|bound| bound.claim.content_id.as_str()).collect();
        assert_eq!(held, [video(1).as_str()]);
        assert_eq!(verdict(&decided, 2, &video(2)), rejected(Reason::UnknownTask));
    });
}
