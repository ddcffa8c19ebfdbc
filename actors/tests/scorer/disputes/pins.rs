//! Pinned revisions: what a pin proves of an item, and what it takes from nobody.

use super::{Dater, commits, dated, held, lists_it};
use crate::{CATS, Entry, OPENING, Stage, rejected, verdict};
use tensorflix_actors::ports::Store;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::ids::Block;
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::{pinned, pointer, submissions, video};
use tensorflix_testkit::subnets::committed;
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::SLOT_BLOCKS;

#[test]
fn a_pin_of_a_pair_that_others_listed_months_ago_takes_nothing() {
    simulate(async {
        let dater = Dater::answering([], 0);
        let mut stage = Stage::contested(&dater);
        let thief = |block: Block| {
            let gist = pinned("thief", 3, 7);
            let neuron = committed(tensorflix_testkit::subnets::neuron(3, 3), &gist, block);
            Entry { neuron, gist: Some((gist, submissions(&[(CATS, &video(1))]))) }
        };
        assert_eq!(held(&stage.decide(OPENING, &[lists_it(9)]).await), (9, None, false));
        for slot in [1, 90] {
            let block = OPENING + slot * SLOT_BLOCKS;
            let decided = stage.decide(block, &[thief(block - 1), lists_it(9)]).await;
            assert_eq!(held(&decided), (9, Some(SettledBy::PollingRound), false), "{slot}");
            assert_eq!(verdict(&decided, 3, &video(1)), rejected(Reason::DuplicateSubmission));
        }
        assert!(dater.asked().is_empty(), "nobody is asked for what rounds decide");
    });
}

#[test]
fn a_pin_made_while_no_round_was_held_takes_nothing_from_an_author_seen_later() {
    simulate(async {
        let dater = Dater::answering([(9, dated(OPENING - 400))], 99);
        let mut stage = Stage::contested(&dater);
        let outage = UnwatchedBlocks { from: OPENING - 500, until: OPENING };
        for range in [UnwatchedBlocks { from: 0, until: OPENING - 2_000 }, outage] {
            stage.world.store.record_unwatched_blocks(&range).await.expect("stored");
        }
        let copier = commits(3, &pinned("thief", 3, 7), OPENING - 300, submissions(&[(CATS, &video(1))]));
        let decided = stage.decide(OPENING, &[copier, lists_it(9)]).await;
        assert_eq!(held(&decided), (9, Some(SettledBy::GistUpdate), false));
        assert_eq!(decided.evidence.rounds.missed, [outage], "what dates a pin is evidence");
        assert_eq!(decided.evidence.unwatched, [outage], "before its first round nobody expected any");
    });
}

#[test]
fn who_pins_an_authors_gist_takes_nothing_from_the_author() {
    let document = || submissions(&[(CATS, &video(1))]);
    let (gist, nothing) = (pointer("miner9", 9), submissions(&[]));
    for author_pins in [false, true] {
        simulate(async {
            // The author edits its gist before it is dated.
            let dater = Dater::answering([(9, dated(OPENING + 30))], 99);
            let mut stage = Stage::contested(&dater);
            stage.record(OPENING - 50, &[commits(9, &gist, 50, nothing.clone())]).await;
            let thief = commits(3, &pinned("Miner9", 9, 7), OPENING - 10, document());
            let author = match author_pins {
                false => commits(9, &gist, 50, document()),
                true => commits(9, &pinned("miner9", 9, 7), OPENING - 5, document()),
            };
            let decided = stage.decide(OPENING, &[thief, author]).await;
            assert_eq!(held(&decided), (9, Some(SettledBy::CommitmentBlock), false), "pins: {author_pins}");
            let json = serde_json::to_string(&decided.evidence).expect("JSON");
            assert_eq!(
                serde_json::from_str::<tensorflix_domain::evidence::Evidence>(&json).expect("read"),
                decided.evidence
            );
        });
    }
}
