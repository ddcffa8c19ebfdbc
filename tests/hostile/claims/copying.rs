//! Who lists what another miner made: a copy never wins, however old its commitment, however low its UID.

use crate::subnet::{
    FIRST, Subnet, a_cycle_each_round, by, cast, check_all_rejected, check_others_unharmed, honest, raw_scores, run,
    submissions, weight, without_tags,
};
use std::collections::BTreeSet;
use std::time::Duration;
use tensorflix::config::Config;
use tensorflix::wiring::slot_blocks;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::Reason;
use tensorflix_sandbox::Sandbox;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::world::{self, Conduct};

/// The miner with the videos that are copied. Not the second honest miner: its commitment pins a revision.
const VICTIM: Uid = FIRST + 2;

/// The front-runner: it committed long ago, has the lowest UID, and copies a gist minutes after it was edited, within
/// the same polling round.
#[test]
fn a_copy_in_the_same_round_loses_by_githubs_dates_whatever_its_commitment_or_uid() {
    run(async {
        let with_first = |conduct| cast(&[conduct, Conduct::Honest, Conduct::Honest, Conduct::Honest]);
        let prepare = |config: &mut Config| without_tags(config);
        let mut twin = Subnet::start(with_first(Conduct::MissingGist), |_, config| prepare(config)).await;
        let twin = twin.cycle().await;
        let mut subnet = Subnet::start(with_first(Conduct::CopiesAnother), |_, config| prepare(config)).await;
        let (copier, victim) = (subnet.member(FIRST), subnet.member(FIRST + 1));
        let committed_at = |member: &tensorflix_sandbox::world::Member| member.commitment.as_ref().map(|it| it.block);
        assert!(committed_at(&copier) < committed_at(&victim), "the copier's commitment is the older one");
        let cycle = subnet.cycle().await;
        check_all_rejected(&cycle, FIRST, Reason::DuplicateSubmission);
        for judged in by(&cycle, FIRST) {
            assert_eq!(judged.settled_by, Some(SettledBy::GistUpdate), "{judged:?}");
        }
        check_others_unharmed(&cycle, &twin, &[FIRST]);
        assert_eq!(cycle.scores, twin.scores, "nobody loses anything by the copy");
    });
}

/// Copies appear a round later, beside what the copier made itself; then the copied miner takes its videos out of its
/// gist, and at last it loses its place on the subnet.
#[test]
fn a_copy_in_a_later_round_wins_nothing_and_withdrawing_moves_no_claim() {
    run(async {
        let prepare = |config: &mut Config| {
            without_tags(config);
            a_cycle_each_round(config);
        };
        let mut twin = Subnet::start(honest(5), |_, config| prepare(config)).await;
        let mut subnet = Subnet::start(honest(5), |_, config| prepare(config)).await;
        let (first, _) = (subnet.cycle().await, twin.cycle().await);
        let (own, copied) = (by(&first, FIRST), by(&first, VICTIM));
        let copies = |cycle: &DecidedCycle| -> Vec<Judged> {
            let is_copy = |judged: &&Judged| copied.iter().any(|copied| copied.content_id == judged.content_id);
            by(cycle, FIRST).into_iter().filter(is_copy).cloned().collect()
        };
        subnet.list(FIRST, own.iter().chain(&copied).copied());
        let (second, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        assert_eq!(copies(&second).len(), copied.len());
        for copy in copies(&second) {
            // Those past the limit of a task are not even checked.
            let is_refused = matches!(copy.reason, Some(Reason::DuplicateSubmission | Reason::TooManySubmissions));
            assert!(is_refused && copy.score.is_none(), "{copy:?}");
        }
        check_others_unharmed(&second, &honest, &[FIRST]);
        assert_eq!(second.scores, honest.scores, "copying earns what honesty earns");

        // The owner withdraws them: its claims bind nobody meanwhile, and keep their times.
        subnet.list(VICTIM, []);
        twin.list(VICTIM, []);
        let (third, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        let is_placed = |copy: &&Judged| copy.reason != Some(Reason::TooManySubmissions);
        assert!(copies(&third).iter().filter(is_placed).all(|copy| copy.score.is_some()), "{:?}", copies(&third));
        assert_eq!(weight(&third, VICTIM), 0.0);
        check_others_unharmed(&third, &honest, &[FIRST]);
        let relisted = submissions(copied.iter().copied());
        crate::subnet::list(&subnet.sandbox, VICTIM, &relisted);
        crate::subnet::list(&twin.sandbox, VICTIM, &relisted);
        let (again, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        assert!(copies(&again).iter().all(|copy| copy.score.is_none()), "{:?}", copies(&again));
        check_others_unharmed(&again, &honest, &[FIRST]);
        assert_eq!(again.scores, honest.scores);

        // The owner's hotkey is deregistered: its claims lapse and pass on.
        subnet.list(FIRST, copied.iter().copied());
        subnet.sandbox.node().deregister_neuron(VICTIM);
        let fourth = subnet.next_cycle().await;
        assert_eq!(copies(&fourth).len(), copied.len());
        assert!(copies(&fourth).iter().all(|copy| copy.score.is_some()), "{:?}", copies(&fourth));
    });
}

/// In every round the victim lists one new video, and the thief lists the same a block later; GitHub dates gists slowly, so
/// that rounds are read while a cycle is decided.
#[test]
fn what_two_hotkeys_list_while_cycles_are_decided_is_never_paid_to_both() {
    run(async {
        let prepare = |sandbox: &Sandbox, config: &mut Config| {
            without_tags(config);
            a_cycle_each_round(config);
            sandbox.faults().github_api.inject(FaultRule::new(Fault::Latency(Duration::from_millis(300))));
        };
        let mut twin = Subnet::start(honest(5), prepare).await;
        let mut subnet = Subnet::start(honest(5), prepare).await;
        let (first, _) = (subnet.cycle().await, twin.cycle().await);
        let own = |uid| by(&first, uid).into_iter().cloned().collect::<Vec<Judged>>();
        let video = own(VICTIM).into_iter().find(|judged| judged.platform == Some(Platform::YOUTUBE)).expect("a video");
        let last = slot_blocks(&subnet.config) * (subnet.sandbox.block() / slot_blocks(&subnet.config) + 4);
        for world in [&subnet, &twin] {
            let (blocks, mut new) = (slot_blocks(&world.config), Vec::new());
            let content = world.sandbox.world().read().content(world::Platform::YouTube, &video.content_id);
            let content = content.expect("it is there");
            let mut at = world.sandbox.block() / blocks * blocks;
            while at < last {
                let id = format!("new-{at:07}");
                world.sandbox.world().add_content(world::Content { id: id.clone(), ..content.clone() });
                new.insert(0, Judged { content_id: id, ..video.clone() });
                new.truncate(2);
                world.list(VICTIM, new.iter().chain(&own(VICTIM)));
                world.sandbox.advance_to(world.sandbox.block() + 1);
                if std::ptr::eq(world, &subnet) {
                    world.list(FIRST, new.iter().chain(&own(FIRST)));
                }
                at += blocks;
                world.sandbox.advance_to(at);
            }
        }
        for world in [&mut subnet, &mut twin] {
            let mut cycle = world.cycle().await;
            while cycle.evidence.at.block < last {
                cycle = world.cycle().await;
                let paid: Vec<_> = cycle.submissions.iter().filter(|judged| judged.score.is_some()).collect();
                let contents: BTreeSet<_> = paid.iter().map(|judged| (&judged.task_id, &judged.content_id)).collect();
                assert_eq!(contents.len(), paid.len(), "one hotkey for each item");
            }
        }
        let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        check_others_unharmed(&cycle, &honest, &[FIRST]);
        assert!(by(&honest, VICTIM).iter().filter(|judged| judged.content_id.starts_with("new-")).count() == 2);
        assert_eq!(cycle.scores, honest.scores, "the thief earns what its own videos earn");
    });
}

/// A copier pins the revision of its gist that lists another's videos: a proof of time, but not of ownership.
#[test]
fn a_copier_that_pins_its_revision_takes_no_video_that_names_its_miner() {
    run(async {
        let mut twin = Subnet::start(honest(5), |_, config| a_cycle_each_round(config)).await;
        let mut subnet = Subnet::start(honest(5), |_, config| a_cycle_each_round(config)).await;
        let (first, _) = (subnet.cycle().await, twin.cycle().await);
        let is_tagged = |judged: &&Judged| {
            let content = first.evidence.contents.iter().find(|(content, _)| content.as_str() == judged.content_id);
            content.is_some_and(|(_, known)| known.owner_tag == Some(judged.hotkey))
        };
        let copied: Vec<&Judged> = by(&first, VICTIM).into_iter().filter(is_tagged).collect();
        assert!(!copied.is_empty());
        let revision = subnet.list(FIRST, copied);
        let copier = subnet.member(FIRST);
        let pointer = format!("{}:{}@{revision}", copier.username, copier.gist_id);
        subnet.sandbox.node().set_commitment_directly(&copier.hotkey.public(), pointer.as_bytes()).expect("committed");
        let (second, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        check_all_rejected(&second, FIRST, Reason::DuplicateSubmission);
        assert!(weight(&honest, FIRST) > 0.0, "its own videos earned more");
        check_others_unharmed(&second, &honest, &[FIRST]);
    });
}

/// A thief commits exactly what another miner committed: one gist, two hotkeys.
#[test]
fn a_pointer_to_another_miners_gist_earns_nothing_and_is_asked_for_once() {
    run(async {
        for prepare in [a_cycle_each_round, |config: &mut Config| {
            without_tags(config);
            a_cycle_each_round(config);
        }] {
            let mut twin = Subnet::start(honest(5), |_, config| prepare(config)).await;
            let mut subnet = Subnet::start(honest(5), |_, config| prepare(config)).await;
            let (_, _) = (subnet.cycle().await, twin.cycle().await);
            let (thief, victim) = (subnet.member(FIRST), subnet.member(VICTIM));
            let pointer = format!("{}:{}", victim.username, victim.gist_id);
            subnet.sandbox.node().set_commitment_directly(&thief.hotkey.public(), pointer.as_bytes()).expect("set");
            let (second, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
            check_all_rejected(&second, FIRST, Reason::DuplicateSubmission);
            assert!(weight(&second, VICTIM) > 0.0 && weight(&honest, FIRST) > 0.0);
            check_others_unharmed(&second, &honest, &[FIRST]);
            let asked = subnet.raw_requests().by_id;
            let told = format!("UIDs {FIRST}, {VICTIM} commit the same gist {pointer}");
            assert!(second.errors.iter().any(|error| error.reason.starts_with(&told)), "{:?}", second.errors);
            assert_eq!(asked.get(&victim.gist_id), Some(&2), "once in each round, however many point to it");
        }
    });
}

/// A gist that was copied whole: the same bytes, even the same digest, in another miner's gist.
#[test]
fn a_gist_that_is_copied_byte_for_byte_earns_nothing() {
    run(async {
        let prepare = |config: &mut Config| {
            without_tags(config);
            a_cycle_each_round(config);
        };
        let mut subnet = Subnet::start(honest(4), |_, config| prepare(config)).await;
        let first = subnet.cycle().await;
        let document = submissions(by(&first, VICTIM));
        for uid in [VICTIM, FIRST] {
            crate::subnet::list(&subnet.sandbox, uid, &document);
        }
        let second = subnet.next_cycle().await;
        check_all_rejected(&second, FIRST, Reason::DuplicateSubmission);
        let victim = |cycle| raw_scores(cycle, |uid| uid == VICTIM).into_values().filter(Result::is_ok).count();
        assert_eq!(victim(&second), victim(&first));
    });
}
