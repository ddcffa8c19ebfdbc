//! What becomes of a submission, from messages to the stored decision: each by itself, first come first served.

use super::{
    CATS, DANCES, Entry, NOW, OPENING, OWN, Stage, accepted, busy_scene, judged, miner, pending, rejected, scores,
    verdict, with_document,
};
use tensorflix_actors::ports::Store;
use tensorflix_domain::cycle::{DecidedCycle, ReportedError};
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer, OwnerRecord};
use tensorflix_domain::ids::{ContentId, Uid};
use tensorflix_domain::observation::{Presence, Sighting};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_testkit::gists::{reel, seen, task_line, video};
use tensorflix_testkit::subnets::{committed_text, hotkey, neuron};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::SLOT_BLOCKS;

#[test]
fn each_submission_is_judged_by_itself() {
    // Pitfall: the last entry decided all of a miner's.
    let not_a_video = || ContentId::new(Platform::INSTAGRAM, "notAVideo").expect("an id");
    let mut pairs = [(CATS, video(1)), (CATS, video(2)), ("dogs", video(3)), (CATS, not_a_video()), (DANCES, reel(5))];
    for _ in 0..pairs.len() {
        pairs.rotate_left(1);
        let listed = pairs.clone();
        simulate(async move {
            let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (reel(5), seen(7, -1.0))]);
            let borrowed: Vec<(&str, &ContentId)> = listed.iter().map(|(task, content)| (*task, content)).collect();
            let decided = stage.decide(OPENING, &[miner(1, &borrowed)]).await;
            let order: Vec<_> = decided.submissions.iter().map(|judged| judged.content_id.as_str()).collect();
            assert_eq!(order, listed.iter().map(|(_, content)| content.as_str()).collect::<Vec<_>>());
            assert_eq!(verdict(&decided, 1, &video(1)), accepted());
            assert_eq!(verdict(&decided, 1, &video(2)), rejected(Reason::NoVideoData));
            assert_eq!(verdict(&decided, 1, &video(3)), rejected(Reason::UnknownTask));
            assert_eq!(verdict(&decided, 1, &not_a_video()), rejected(Reason::InvalidContentId));
            assert_eq!(verdict(&decided, 1, &reel(5)), rejected(Reason::PublishedBeforeTaskStart));
            assert_eq!(scores(&decided), [(1, 1.0)]);
        });
    }
}

#[test]
fn ages_are_counted_in_chain_time_and_never_below_the_least_age() {
    // Pitfall: local time made a two-hour-old video −3 h old; views over almost no time exploded.
    for (age_hours, hours) in [(20.0, 20.0), (2.0, 2.0), (1.0, 1.0), (0.5, 1.0), (0.001, 1.0), (0.0, 1.0), (-3.0, 1.0)]
    {
        simulate(async move {
            let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - age_hours))]);
            let decided = stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
            assert_eq!(judged(&decided, 1, &video(1)).score, Some(1_000.0 / hours), "{age_hours} h");
        });
    }
}

#[test]
fn what_cannot_be_true_scores_nothing_even_where_an_earlier_release_stored_it() {
    const YEAR: f64 = 8_766.0;
    for (absurd, reason) in [
        (seen(u64::MAX, NOW - 10.0), Reason::AwaitingMetrics),
        (seen(1_000_000_000_001, NOW - 10.0), Reason::AwaitingMetrics),
        (seen(1_000, NOW + 25.0), Reason::PlatformUnavailable),
        (seen(1_000, 7_973.0 * YEAR), Reason::PlatformUnavailable),
        (seen(1_000, -22.0 * YEAR), Reason::PlatformUnavailable),
    ] {
        simulate(async move {
            let mut stage = Stage::start(&[(video(1), absurd), (video(2), seen(1_000, NOW - 10.0))]);
            let miners = [miner(1, &[(CATS, &video(1))]), miner(2, &[(CATS, &video(2))])];
            let decided = stage.decide(OPENING, &miners).await;
            assert_eq!(verdict(&decided, 1, &video(1)), pending(reason));
            assert_eq!(judged(&decided, 1, &video(1)).score, None);
            assert_eq!(judged(&decided, 2, &video(2)).normalized_score, Some(1.0), "and takes nothing from others");
        });
    }
}

#[test]
fn offsets_are_resolved_before_a_task_begins() {
    // Block 0 is midnight in UTC of the 21st; the task begins at two o'clock in the morning of a place two hours east.
    let start = "2026-08-21T02:00:00+02:00";
    for (published_hours, expected) in [(0.0, accepted()), (-0.01, rejected(Reason::PublishedBeforeTaskStart))] {
        simulate(async move {
            let mut stage = Stage::start(&[(video(1), seen(1_000, published_hours))]);
            stage.tasks =
                format!(r#"{{"{CATS}": {{"description": "d", "platform": "youtube", "start_at": "{start}"}}}}"#);
            let decided = stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
            assert_eq!(verdict(&decided, 1, &video(1)), expected, "{published_hours}");
        });
    }
}

#[test]
fn a_bad_line_a_bad_item_and_a_malformed_commitment_cost_only_themselves() {
    // Pitfall: one of each ended the cycle for everybody.
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(500, NOW - 10.0))]);
        stage.tasks = format!("{{broken\n{}\n[]\n{{\"old\": 7}}", task_line(CATS, Platform::YOUTUBE, 0.0));
        let half_broken =
            format!("{{\"submissions\": [\n[\"{CATS}\"],\n7,\n[\"{CATS}\", \"{}\"]]}}", video(2).as_str());
        let mut unreadable = Entry { neuron: committed_text(neuron(4, 4), "x", 50), gist: None };
        unreadable.neuron.commitment.as_mut().expect("a commitment").text = None;
        let entries = [
            miner(1, &[(CATS, &video(1))]),
            with_document(2, half_broken),
            Entry { neuron: committed_text(neuron(3, 3), "https://gist.github.com/x", 50), gist: None },
            unreadable,
            with_document(5, "<html>"),
            with_document(6, stage.tasks.clone()),
        ];
        let decided = stage.decide(OPENING, &entries).await;
        assert_eq!(scores(&decided), [(1, 1.0), (2, 0.5)]);
        let reported: Vec<_> = decided
            .errors
            .iter()
            .map(|ReportedError { uid, source, line, .. }| (*uid, source.as_str(), *line))
            .collect();
        let expected = [
            (None, "tasks", Some(1)),
            (None, "tasks", Some(4)),
            (None, "tasks", Some(5)),
            (Some(2), "gist", Some(2)),
            (Some(2), "gist", Some(3)),
            (Some(3), "commitment", None),
            (Some(4), "commitment", None),
            (Some(5), "gist", Some(1)),
        ];
        assert_eq!(reported, expected, "each is reported, and a gist of tasks is no error");
    });
}

#[test]
fn whoever_was_seen_first_holds_a_content_not_the_lower_uid() {
    // Pitfall: the lowest UID won every dispute, in each cycle.
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
        let first = || miner(9, &[(CATS, &video(1))]);
        stage.record(OPENING - 50, &[first()]).await;
        let decided = stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))]), first()]).await;
        assert_eq!(verdict(&decided, 1, &video(1)), rejected(Reason::DuplicateSubmission));
        assert_eq!(verdict(&decided, 9, &video(1)), accepted());
        assert_eq!(judged(&decided, 9, &video(1)).settled_by, Some(SettledBy::PollingRound));
        assert_eq!(scores(&decided), [(9, 1.0)]);
    });
}

#[test]
fn a_withdrawn_pair_stops_scoring_blocks_nobody_and_keeps_the_time_of_its_claim() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
        let second = || miner(1, &[(CATS, &video(1))]);
        let decided = stage.decide(OPENING, &[miner(9, &[(CATS, &video(1))])]).await;
        assert_eq!(scores(&decided), [(9, 1.0)]);

        let decided = stage.decide(OPENING + SLOT_BLOCKS, &[second(), miner(9, &[])]).await;
        assert_eq!(scores(&decided), [(1, 1.0)], "9 has no place for it");

        let relisted = miner(9, &[(CATS, &video(1)), (CATS, &video(2))]);
        let decided = stage.decide(OPENING + 2 * SLOT_BLOCKS, &[second(), relisted]).await;
        assert_eq!(verdict(&decided, 1, &video(1)), rejected(Reason::DuplicateSubmission), "9 was seen with it first");
        assert_eq!(scores(&decided), [(9, 1.0)]);

        let decided = stage.decide(OPENING + 3 * SLOT_BLOCKS, &[second()]).await;
        assert_eq!(scores(&decided), [(1, 1.0)], "9 is gone from the subnet, its claim passes on");
    });
}

#[test]
fn a_content_that_is_gone_or_shows_no_views_is_told_apart() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(1_000, NOW - 10.0))]);
        let entries = [miner(1, &[(CATS, &video(1)), (CATS, &video(2)), (CATS, &video(3))])];
        stage.decide(OPENING, &entries).await;
        stage.youtube.show(&video(1), Sighting::Absent);
        let Sighting::Present(mut hidden) = seen(0, NOW - 10.0) else { panic!("present") };
        hidden.metrics.view_count = None;
        let hidden: Box<Presence> = hidden;
        stage.youtube.show(&video(2), Sighting::Present(hidden.clone()));
        stage.youtube.show(&video(3), Sighting::Present(hidden));
        let decided = stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
        assert_eq!(verdict(&decided, 1, &video(1)), rejected(Reason::ContentRemoved));
        let on_older = (Status::Accepted, Some(Reason::AwaitingMetrics));
        assert_eq!(verdict(&decided, 1, &video(2)), on_older, "the last number of views is kept, not 0");
        assert_eq!(verdict(&decided, 1, &video(3)), pending(Reason::AwaitingMetrics));
    });
}

#[test]
fn our_own_hotkey_is_never_scored() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(10, NOW - 10.0))]);
        let entries = [miner(OWN, &[(CATS, &video(1))]), miner(2, &[(CATS, &video(2))])];
        let decided = stage.decide(OPENING, &entries).await;
        assert_eq!(scores(&decided), [(2, 1.0)]);
        assert!(decided.submissions.iter().all(|judged| judged.hotkey != hotkey(OWN)));
    });
}

#[test]
fn an_unchanged_cycle_is_decided_alike_with_a_hotkey_that_moved_to_another_uid() {
    simulate(async {
        let (sightings, entries) = busy_scene();
        let mut stage = Stage::start(&sightings);
        let first = stage.decide(OPENING, &entries).await;
        let moved: Vec<Entry> = entries
            .into_iter()
            .map(|mut entry| {
                entry.neuron.uid += 40;
                entry
            })
            .collect();
        let second = stage.decide(OPENING + SLOT_BLOCKS, &moved).await;
        let holders = |decided: &DecidedCycle| decided.scores.keys().copied().collect::<Vec<_>>();
        assert_eq!(holders(&first), holders(&second), "scores belong to hotkeys");
        assert!(second.submissions.iter().all(|judged| judged.uid > 40), "and are reported by the UIDs of their block");
    });
}

#[test]
fn a_gist_that_github_denies_counts_for_nobody_until_the_next_good_answer() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(1_000, NOW - 10.0))]);
        let entries = [miner(1, &[(CATS, &video(1))]), miner(2, &[(CATS, &video(2))])];
        let gist = GistName { username: "miner1".to_owned(), gist_id: format!("{:032x}", 1) };
        let described = |login: &str| OwnerAnswer::Described {
            login: Some(login.to_owned()),
            owner_id: Some(7),
            public: Some(true),
        };
        let mut record = None;
        for (cycle, login, counts) in [(0, "miner1", true), (1, "mallory", false), (2, "miner1", true)] {
            let opening = OPENING + cycle * SLOT_BLOCKS;
            record = Some(OwnerRecord::after(record.as_ref(), gist.clone(), opening, &described(login)));
            stage
                .world
                .store
                .record_gist_owners(&record.clone().into_iter().collect::<Vec<_>>())
                .await
                .expect("stored");
            let decided = stage.decide(opening, &entries).await;
            let uids: Vec<Uid> = decided.evidence.miners.iter().map(|miner| miner.uid).collect();
            assert_eq!(uids, if counts { vec![1, 2] } else { vec![2] }, "{login}");
            assert_eq!(decided.evidence.miners.iter().any(|miner| miner.owner_confirmed), counts);
            assert_eq!(decided.errors.iter().any(|error| error.uid == Some(1)), !counts, "{:?}", decided.errors);
        }
    });
}

#[test]
fn of_several_hotkeys_in_one_text_the_first_counts_and_that_is_reported() {
    simulate(async {
        let (first, second) = (hotkey(2), hotkey(1));
        let Sighting::Present(mut presence) = seen(1_000, NOW - 10.0) else { panic!("present") };
        presence.details.description = format!("a cat by {first} and {second}");
        let mut stage = Stage::start(&[(video(1), Sighting::Present(presence))]);
        let decided = stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))]), miner(2, &[(CATS, &video(1))])]).await;
        assert_eq!(verdict(&decided, 2, &video(1)), accepted());
        assert_eq!(verdict(&decided, 1, &video(1)), rejected(Reason::DuplicateSubmission));
        assert_eq!(decided.evidence.contents[&video(1)].named_hotkeys, 2);
        let reasons: Vec<&str> = decided.errors.iter().map(|error| error.reason.as_str()).collect();
        assert_eq!(reasons, [format!("the text of {} names 2 hotkeys; only the first counts", video(1).as_str())]);
    });
}

#[test]
fn blocks_that_nobody_watched_are_in_the_evidence_and_reported_once() {
    simulate(async {
        let mut stage = Stage::start(&[(video(1), seen(1_000, NOW - 10.0))]);
        let unwatched = UnwatchedBlocks { from: OPENING - 500, until: OPENING };
        stage.world.store.record_unwatched_blocks(&unwatched).await.expect("stored");
        for (cycle, reported) in [(0, 1), (1, 0)] {
            let decided = stage.decide(OPENING + cycle * SLOT_BLOCKS, &[miner(1, &[(CATS, &video(1))])]).await;
            assert_eq!(decided.evidence.unwatched, [unwatched]);
            assert_eq!(decided.errors.iter().filter(|error| error.source == "rounds").count(), reported);
        }
    });
}
