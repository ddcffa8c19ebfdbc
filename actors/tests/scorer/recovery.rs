//! What earlier cycles paid too much, through Scorer and a store: what it is found by, and that it is taken from later earnings.

use super::{CATS, Entry, NOW, OPENING, Stage, miner, start_scorer_under};
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::decision::decide;
use tensorflix_domain::ids::Block;
use tensorflix_domain::observation::{Observation, Sighting};
use tensorflix_domain::policy::{Policy, TrafficRule};
use tensorflix_domain::recovery::{Belief, Cause, Debt};
use tensorflix_testkit::gists::{seen, video};
use tensorflix_testkit::subnets::{hotkey, stamp};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::SLOT_BLOCKS;

/// Views that the first miner's video shows before the platform removes most of them, and after that.
const BOUGHT: u64 = 400_000;
const LEFT: u64 = 20_000;

fn stage() -> Stage {
    let sightings = [(video(1), seen(BOUGHT, NOW - 100.0)), (video(2), seen(30_000, NOW - 100.0))];
    Stage::start(&sightings.map(|(content, sighting)| (content, sighting)))
}

fn opening(slot: Block) -> Block {
    OPENING + slot * SLOT_BLOCKS
}

fn listing() -> [Entry; 2] {
    [miner(1, &[(CATS, &video(1))]), miner(2, &[(CATS, &video(2))])]
}

fn share(decided: &DecidedCycle, key: u8) -> f64 {
    decided.scores.get(&hotkey(key)).copied().unwrap_or(0.0) / decided.scores.values().sum::<f64>()
}

fn debts(decided: &DecidedCycle) -> Vec<Debt> {
    decided.evidence.recovery.as_ref().map(|recovery| recovery.debts.clone()).unwrap_or_default()
}

fn beliefs(decided: &DecidedCycle) -> Vec<Belief> {
    decided.evidence.recovery.as_ref().map(|recovery| recovery.beliefs.clone()).unwrap_or_default()
}

/// The debt for the first cycle.
#[track_caller]
fn first_debt(decided: &DecidedCycle) -> Debt {
    debts(decided).into_iter().find(|debt| debt.cycle == 1).expect("a debt for the first cycle")
}

#[test]
fn views_that_the_platform_removes_are_owed_once_a_second_observation_confirms_it() {
    simulate(async {
        let mut stage = stage();
        let paid = stage.decide(opening(0), &listing()).await;
        let earned = share(&paid, 1);
        stage.youtube.show(&video(1), seen(LEFT, NOW - 100.0));
        let fallen = stage.decide(opening(1), &listing()).await;
        assert_eq!(debts(&fallen), [], "a server may lag behind");
        let confirmed = stage.decide(opening(2), &listing()).await;
        let debt = first_debt(&confirmed);
        assert_eq!((debt.hotkey, debt.taken), (hotkey(1), 0.0));
        assert!((debt.earned - earned).abs() < 1e-12);
        // Of 20,000 and 30,000 views the first one's part is two fifths.
        assert!((debt.excess - (earned - 0.4)).abs() < 1e-12, "{debt:?}");
        let belief = &beliefs(&confirmed)[0];
        assert_eq!((belief.cycle, &belief.content, belief.shown, belief.believed), (1, &video(1), BOUGHT, LEFT));
        assert!(matches!(belief.cause, Cause::ViewsFell { .. }));
        assert_eq!(share(&confirmed, 1), 0.0, "all that it earns is taken");
        assert_eq!(decide(&confirmed.evidence, &confirmed.policy).scores, confirmed.scores, "and replays");
        let later = stage.decide(opening(3), &listing()).await;
        assert!(first_debt(&later).taken > 0.0, "what was taken is not taken again");
    });
}

#[test]
fn a_count_that_was_lower_once_costs_nothing_in_any_cycle() {
    simulate(async {
        let mut stage = stage();
        for (slot, views) in (0..).zip([BOUGHT, LEFT, BOUGHT + 1, BOUGHT + 2]) {
            stage.youtube.show(&video(1), seen(views, NOW - 100.0));
            let decided = stage.decide(opening(slot), &listing()).await;
            assert_eq!(debts(&decided), [], "{slot}");
        }
    });
}

#[test]
fn a_video_that_is_not_listed_any_more_is_still_observed_and_owed_for() {
    simulate(async {
        let mut stage = stage();
        stage.decide(opening(0), &listing()).await;
        stage.youtube.show(&video(1), seen(LEFT, NOW - 100.0));
        stage.youtube.show(&video(3), seen(50_000, NOW - 100.0));
        let other = [miner(1, &[(CATS, &video(3))]), miner(2, &[(CATS, &video(2))])];
        stage.decide(opening(1), &other).await;
        let confirmed = stage.decide(opening(2), &other).await;
        assert!(!confirmed.evidence.contents.contains_key(&video(1)), "it counts for nothing");
        assert_eq!(first_debt(&confirmed).hotkey, hotkey(1));
        assert!(share(&confirmed, 1) < 0.2, "{}", share(&confirmed, 1));
        let asked = stage.youtube.requests();
        let last = asked.last().expect("requests");
        assert_eq!(last.contents.last(), Some(&video(1)), "after all that is listed");
    });
}

/// However short cycles are, so that it takes no budget from what is listed.
#[test]
fn a_video_that_is_not_listed_any_more_is_observed_once_a_day() {
    simulate(async {
        let mut stage = stage();
        stage.decide(opening(0), &listing()).await;
        stage.youtube.show(&video(3), seen(50_000, NOW - 100.0));
        let other = [miner(1, &[(CATS, &video(3))]), miner(2, &[(CATS, &video(2))])];
        let asked = |stage: &Stage| stage.youtube.requests().last().expect("requests").contents.contains(&video(1));
        stage.decide(opening(1), &other).await;
        assert!(asked(&stage), "a day later");
        // The slots are a day apart here, so the newest observation is made a recent one instead.
        let soon = opening(2) - SLOT_BLOCKS / 2;
        let sighting = seen(BOUGHT, NOW - 100.0);
        let newest = Observation { content: video(1), at: stamp(soon), sighting };
        stage.world.store.record_observations(&[newest]).await.expect("stored");
        stage.decide(opening(2), &other).await;
        assert!(!asked(&stage), "half a day later");
    });
}

#[test]
fn where_traffic_is_not_analysed_nothing_is_observed_but_what_is_listed() {
    simulate(async {
        let mut stage = stage();
        let policy = Policy { traffic: TrafficRule::Off, ..Policy::default() };
        (stage.scorer, stage.decided, stage.stats) =
            start_scorer_under(&stage.world, &stage.youtube, &stage.instagram, Opening::Grid, policy, None);
        stage.decide(opening(0), &listing()).await;
        let other = [miner(2, &[(CATS, &video(2))])];
        let decided = stage.decide(opening(1), &other).await;
        assert_eq!(decided.evidence.recovery, None);
        let asked = stage.youtube.requests();
        assert_eq!(asked.last().expect("requests").contents, [video(2)]);
    });
}

#[test]
fn a_video_that_is_gone_is_judged_by_its_last_observation() {
    simulate(async {
        let mut stage = stage();
        stage.decide(opening(0), &listing()).await;
        stage.youtube.show(&video(1), seen(LEFT, NOW - 100.0));
        stage.decide(opening(1), &listing()).await;
        stage.youtube.show(&video(1), Sighting::Absent);
        let other = [miner(1, &[(CATS, &video(1)), (CATS, &video(3))]), miner(2, &[(CATS, &video(2))])];
        let gone = stage.decide(opening(2), &other).await;
        assert!(first_debt(&gone).excess > 0.1);
    });
}

#[test]
fn a_restart_forgets_nothing_of_it() {
    simulate(async {
        let mut stage = stage();
        stage.decide(opening(0), &listing()).await;
        stage.youtube.show(&video(1), seen(LEFT, NOW - 100.0));
        let mut taken = Vec::new();
        for slot in 1..5 {
            stage.restart();
            let decided = stage.decide(opening(slot), &listing()).await;
            taken.push(debts(&decided).iter().map(|debt| debt.taken).sum::<f64>());
        }
        assert!(taken[0] == 0.0 && taken[1] == 0.0 && taken[2] > 0.0 && taken[3] >= taken[2], "{taken:?}");
    });
}

#[test]
fn where_nothing_is_suspicious_nothing_is_recorded() {
    simulate(async {
        let mut stage = stage();
        for slot in 0..4 {
            stage.youtube.show(&video(1), seen(BOUGHT + u64::from(slot), NOW - 100.0));
            let decided = stage.decide(opening(slot), &listing()).await;
            assert_eq!(decided.evidence.recovery, None);
        }
    });
}
