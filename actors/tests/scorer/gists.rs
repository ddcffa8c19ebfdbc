//! What counts while a gist cannot be read: the last good tasks, a miner's last good gist.

use super::{CATS, Entry, NOW, OPENING, Stage, accepted, judged, miner, task_gist, verdict};
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer, OwnerRecord};
use tensorflix_domain::ids::Uid;
use tensorflix_testkit::gists::{pointer, seen, submissions, video};
use tensorflix_testkit::subnets::{committed, neuron};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::SLOT_BLOCKS;

/// The miner of a UID, committed to its `number`th gist; nothing is known of that gist yet.
fn moved(uid: u8, number: u32) -> Entry {
    let gist = pointer(&format!("miner{uid}"), number);
    Entry { neuron: committed(neuron(uid.into(), uid), &gist, OPENING + 10), gist: None }
}

#[test]
fn a_miners_last_good_gist_counts_while_its_new_one_is_unreadable_up_to_an_age() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(1_000, NOW - 10.0))]);
        let honest = || miner(2, &[(CATS, &video(2))]);
        let before = stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))]), honest()]).await;
        assert_eq!(verdict(&before, 1, &video(1)), accepted());
        for (slots, counts) in [(1, true), (2, true), (3, false)] {
            let opening = OPENING + slots * SLOT_BLOCKS;
            let decided = stage.decide(opening, &[moved(1, 77), honest()]).await;
            let uids: Vec<Uid> = decided.evidence.miners.iter().map(|miner| miner.uid).collect();
            assert_eq!(uids, if counts { vec![1, 2] } else { vec![2] }, "{slots} days later");
            assert_eq!(verdict(&decided, 2, &video(2)), accepted());
            let told =
                decided.errors.iter().any(|error| error.uid == Some(1) && error.reason.contains("last good copy"));
            assert_eq!(told, counts, "{:?}", decided.errors);
            if counts {
                let (now, then) = (judged(&decided, 1, &video(1)), judged(&before, 1, &video(1)));
                assert_eq!(now.status, then.status);
                assert_eq!(decided.evidence.claims.len(), before.evidence.claims.len(), "no new claim comes of it");
            }
        }
    });
}

#[test]
fn a_miners_new_gist_counts_once_it_was_read_and_a_refusal_of_it_is_no_silence() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (video(3), seen(1_000, NOW - 10.0))]);
        stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
        let (opening, new) = (OPENING + SLOT_BLOCKS, pointer("miner1", 77));
        // Somebody else's: that is an answer, and nothing counts.
        let gist = GistName::from(&new);
        let described = |login: &str| OwnerAnswer::Described {
            login: Some(login.to_owned()),
            owner_id: Some(7),
            public: Some(true),
        };
        let stranger = OwnerRecord::after(None, gist.clone(), opening, &described("mallory"));
        stage.world.store.record_gist_owners(&[stranger]).await.expect("stored");
        let decided = stage.decide(opening, &[moved(1, 77)]).await;
        assert!(decided.evidence.miners.is_empty(), "{:?}", decided.evidence.miners);
        let opening = opening + SLOT_BLOCKS;
        let own = OwnerRecord::after(None, gist, opening, &described("miner1"));
        stage.world.store.record_gist_owners(&[own]).await.expect("stored");
        let mut entry = moved(1, 77);
        entry.gist = Some((new, submissions(&[(CATS, &video(3))])));
        let decided = stage.decide(opening, &[entry]).await;
        assert_eq!(verdict(&decided, 1, &video(3)), accepted());
        assert!(decided.submissions.iter().all(|judged| judged.content_id != video(1).as_str()), "the old one is past");
    });
}

#[test]
fn tasks_that_were_read_once_stand_however_long_their_gist_cannot_be_read() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
        let entries = [miner(1, &[(CATS, &video(1))])];
        stage.decide(OPENING, &entries).await;
        stage.set_tasks_readable(false);
        for days in [1, 3, 30] {
            let decided = stage.decide(OPENING + days * SLOT_BLOCKS, &entries).await;
            assert_eq!(verdict(&decided, 1, &video(1)), accepted(), "after {days} days");
            assert!(decided.errors.iter().any(|error| error.source == "tasks"), "it is reported");
        }
    });
}

#[test]
fn one_cycle_without_a_readable_task_rejects_nobody_and_names_the_gist() {
    for (what, tasks) in [("unreadable", None), ("malformed", Some("{\"cats\": nothing}\n"))] {
        simulate(async move {
            let mut stage = Stage::start_with(&[(video(1), seen(1_000, NOW - 10.0))], Opening::Once);
            match tasks {
                Some(tasks) => stage.tasks = tasks.to_owned(),
                None => stage.set_tasks_readable(false),
            }
            let decided = stage.decide(OPENING + 7, &[miner(1, &[(CATS, &video(1))])]).await;
            assert_eq!((decided.submissions, decided.scores.len()), (Vec::new(), 0), "{what}");
            assert_eq!(decided.evidence.miners.len(), 1, "its gist was read");
            assert!(stage.youtube.requests().is_empty(), "nothing is observed that cannot be scored");
            let told: Vec<&str> = decided.errors.iter().map(|error| error.reason.as_str()).collect();
            assert!(what == "malformed" || told.iter().any(|told| told.contains(&task_gist().to_string())), "{told:?}");
        });
    }
}
