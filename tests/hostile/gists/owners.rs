//! The owner of a gist, and whether it is there: somebody else's, sold, renamed, secret or deleted.
//!
//! GitHub's API says it. Where nobody has a token the API is asked of a few gists in a round only, so that a check may be
//! some rounds away; with a token each reading is one.

use crate::subnet::{
    FIRST, Subnet, a_cycle_each_round, by, cast, check_others_unharmed, errors_of, honest, listed, member, run, weight,
};
use tensorflix::config::{Config, Overrides};
use tensorflix_domain::chain_time::BLOCKS_PER_HOUR;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::world::{Conduct, Gist, GistFile, SUBMISSION_FILE};
use tensorflix_sandbox::{GITHUB_TOKEN, Sandbox};

/// The miner with the gist in question. Not the second honest miner: its pinned revision is read from the API.
const MINER: Uid = FIRST + 2;

/// Blocks between two rounds of these tests: two hours.
const ROUND_BLOCKS: u32 = 600;

/// Rounds within which each of the few gists of a small world is checked again, also without a token: a little over a
/// day.
const ROUNDS_TO_CHECK_ALL: usize = 14;

/// Checks are as rare as the API's allowance has them.
fn without_token(config: &mut Config) {
    a_cycle_each_round(config);
    config.validator.update_interval_hours = f64::from(ROUND_BLOCKS) / f64::from(BLOCKS_PER_HOUR);
    config.validator.gist_poll_blocks = ROUND_BLOCKS;
}

/// Each reading is a check.
fn with_token(config: &mut Config) {
    without_token(config);
    config.secrets.github_token = Some(GITHUB_TOKEN.to_owned().into());
}

/// Without a token and with one.
const SETTINGS: [fn(&mut Config); 2] = [without_token, with_token];

/// The first cycle in which this miner earns nothing, together with the twin's cycle of the same block.
async fn until_refused(subnet: &mut Subnet, twin: &mut Subnet, uid: Uid) -> (DecidedCycle, DecidedCycle) {
    for _ in 0..ROUNDS_TO_CHECK_ALL {
        let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        if weight(&cycle, uid) == 0.0 {
            return (cycle, honest);
        }
    }
    panic!("the gist of UID {uid} still counts after {ROUNDS_TO_CHECK_ALL} rounds");
}

/// Lets the validator check all gists.
async fn let_all_be_checked(subnet: &mut Subnet) -> DecidedCycle {
    let mut cycle = subnet.next_cycle().await;
    for _ in 1..ROUNDS_TO_CHECK_ALL {
        cycle = subnet.next_cycle().await;
    }
    cycle
}

/// Checks that nothing of the miner's gist counts, that this is reported, and that nobody else is worse off.
#[track_caller]
fn check_refused(cycle: &DecidedCycle, honest: &DecidedCycle, uid: Uid) {
    assert!(by(cycle, uid).iter().all(|judged| judged.score.is_none()), "{:?}", by(cycle, uid));
    assert!(weight(cycle, uid) == 0.0 && weight(honest, uid) > 0.0);
    assert!(!errors_of(cycle, uid).is_empty(), "the reason for UID {uid} is reported");
    check_others_unharmed(cycle, honest, &[uid]);
}

/// A miner commits its own name with the id of another miner's gist.
#[test]
fn another_miners_gist_under_ones_own_name_earns_nothing() {
    run(async {
        for setting in SETTINGS {
            let mut twin = Subnet::start(honest(5), |_, config| setting(config)).await;
            let mut subnet = Subnet::start(honest(5), |sandbox, config| {
                setting(config);
                let (thief, victim) = (member(sandbox, FIRST), member(sandbox, MINER));
                let text = format!("{}:{}", thief.username, victim.gist_id);
                sandbox.node().set_commitment_directly(&thief.hotkey.public(), text.as_bytes()).expect("committed");
            })
            .await;
            // The same number of blocks, for the same block of the cycle.
            for world in [&subnet, &twin] {
                world.sandbox.advance_to(world.sandbox.block() + 1);
            }
            let (_, _) = (subnet.cycle().await, twin.cycle().await);
            let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
            check_refused(&cycle, &honest, FIRST);
        }
    });
}

/// The name changed hands: at the same address there is now a gist of another account, with what the new owner likes.
#[test]
fn a_gist_that_was_handed_to_another_account_is_refused_until_it_is_back() {
    run(async {
        for setting in SETTINGS {
            let mut twin = Subnet::start(honest(5), |_, config| setting(config)).await;
            let mut subnet = Subnet::start(honest(5), |_, config| setting(config)).await;
            subnet.cycle().await;
            twin.cycle().await;
            // The owner's number is pinned where it is first seen.
            let before = let_all_be_checked(&mut subnet).await;
            assert!(weight(&before, MINER) > 0.0);
            let_all_be_checked(&mut twin).await;
            let owner = subnet.member(MINER);
            let world = subnet.sandbox.world();
            world.set_gist_owner(&owner.gist_id, &owner.username, owner.github_id + 1).expect("a gist");
            let (cycle, honest) = until_refused(&mut subnet, &mut twin, MINER).await;
            check_refused(&cycle, &honest, MINER);

            let world = subnet.sandbox.world();
            world.set_gist_owner(&owner.gist_id, &owner.username, owner.github_id).expect("a gist");
            let cycle = let_all_be_checked(&mut subnet).await;
            assert!(weight(&cycle, MINER) > 0.0, "a later check is good again: {:?}", errors_of(&cycle, MINER));
        }
    });
}

/// The account was renamed, so that anybody can take the committed name.
#[test]
fn a_renamed_owner_counts_again_when_the_new_name_is_committed() {
    run(async {
        for setting in SETTINGS {
            let mut twin = Subnet::start(honest(5), |_, config| setting(config)).await;
            let mut subnet = Subnet::start(honest(5), |_, config| setting(config)).await;
            subnet.cycle().await;
            twin.cycle().await;
            let owner = subnet.member(MINER);
            subnet.sandbox.world().rename_user(&owner.username, "renamed-since").expect("a user");
            let (cycle, honest) = until_refused(&mut subnet, &mut twin, MINER).await;
            check_refused(&cycle, &honest, MINER);

            let text = format!("renamed-since:{}", owner.gist_id);
            subnet.sandbox.node().set_commitment_directly(&owner.hotkey.public(), text.as_bytes()).expect("set");
            let cycle = subnet.next_cycle().await;
            assert!(weight(&cycle, MINER) > 0.0, "{:?}", errors_of(&cycle, MINER));
        }
    });
}

/// Nobody can look into a secret gist without its address: its miner hides what it is paid for.
#[test]
fn a_secret_gist_earns_nothing_until_it_is_public() {
    run(async {
        for setting in SETTINGS {
            let world = |conduct| cast(&[Conduct::Honest, Conduct::Honest, conduct, Conduct::Honest, Conduct::Honest]);
            let mut twin = Subnet::start(world(Conduct::Honest), |_, config| setting(config)).await;
            let mut subnet = Subnet::start(world(Conduct::SecretGist), |_, config| setting(config)).await;
            subnet.cycle().await;
            twin.cycle().await;
            let (cycle, honest) = until_refused(&mut subnet, &mut twin, MINER).await;
            check_refused(&cycle, &honest, MINER);
            subnet.sandbox.world().set_gist_public(&subnet.member(MINER).gist_id, true).expect("a gist");
            let cycle = let_all_be_checked(&mut subnet).await;
            assert!(weight(&cycle, MINER) > 0.0, "{:?}", errors_of(&cycle, MINER));
        }
    });
}

/// A gist that turns secret after it was read once: its last good content does not stand for days.
#[test]
fn a_gist_that_turns_secret_stops_counting() {
    run(async {
        for setting in SETTINGS {
            let mut twin = Subnet::start(honest(5), |_, config| setting(config)).await;
            let mut subnet = Subnet::start(honest(5), |_, config| setting(config)).await;
            let before = subnet.cycle().await;
            twin.cycle().await;
            assert!(weight(&before, MINER) > 0.0);
            subnet.sandbox.world().set_gist_public(&subnet.member(MINER).gist_id, false).expect("a gist");
            let (cycle, honest) = until_refused(&mut subnet, &mut twin, MINER).await;
            check_refused(&cycle, &honest, MINER);
        }
    });
}

/// A miner deletes its gist, so that nobody sees what it is paid for.
#[test]
fn a_deleted_gist_stops_counting_once_its_absence_is_confirmed() {
    run(async {
        for setting in SETTINGS {
            let mut twin = Subnet::start(honest(5), |_, config| setting(config)).await;
            let mut subnet = Subnet::start(honest(5), |_, config| setting(config)).await;
            subnet.cycle().await;
            twin.cycle().await;
            let gist_id = subnet.member(MINER).gist_id;
            subnet.sandbox.world().remove_gist(&gist_id).expect("a gist");
            let (once, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
            assert_eq!(once.scores, honest.scores, "one answer confirms nothing");
            assert!(!errors_of(&once, MINER).is_empty(), "it is reported at once");
            let (cycle, honest) = until_refused(&mut subnet, &mut twin, MINER).await;
            check_refused(&cycle, &honest, MINER);
        }
    });
}

/// What is no fault of the miner: GitHub answers wrongly for a round.
#[test]
fn a_gist_that_cannot_be_read_for_a_while_costs_its_miner_nothing() {
    run(async {
        let failures = [
            Fault::Status { status: 404, retry_after_secs: None },
            Fault::Status { status: 503, retry_after_secs: None },
            Fault::Status { status: 429, retry_after_secs: Some(1) },
            Fault::Hang,
            Fault::Html,
        ];
        for setting in SETTINGS {
            let prepare = |config: &mut Config| {
                setting(config);
                config.github.timeout_secs = 1;
            };
            let mut twin = Subnet::start(honest(5), |_, config| prepare(config)).await;
            let mut subnet = Subnet::start(honest(5), |_, config| prepare(config)).await;
            subnet.cycle().await;
            twin.cycle().await;
            let gist_id = subnet.member(MINER).gist_id;
            for failure in failures.clone() {
                let rule = || FaultRule::new(failure.clone()).for_id(&gist_id);
                subnet.sandbox.faults().github_raw.inject(rule());
                subnet.sandbox.faults().github_api.inject(rule());
                let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
                subnet.sandbox.faults().clear();
                assert_eq!(cycle.scores, honest.scores, "{failure:?}");
                assert!(!errors_of(&cycle, MINER).is_empty(), "{failure:?} is reported");
                check_others_unharmed(&cycle, &honest, &[]);
                let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
                assert_eq!(cycle.scores, honest.scores, "{failure:?} has passed");
                assert_eq!(errors_of(&cycle, MINER), [""; 0], "{failure:?} has passed");
            }
        }
    });
}

/// The setting that demands the check: what was never checked neither counts nor is rejected.
#[test]
fn where_the_owner_check_is_required_what_was_never_checked_waits() {
    run(async {
        let mut subnet = Subnet::start(honest(5), |sandbox, config| {
            a_cycle_each_round(config);
            *config = with_gist_owner_required(config);
            // GitHub's API is out, the raw addresses are not.
            sandbox.faults().github_api.inject(FaultRule::new(Fault::Status { status: 403, retry_after_secs: None }));
        })
        .await;
        let cycle = subnet.cycle().await;
        let judged = by(&cycle, MINER);
        assert!(!judged.is_empty());
        for judged in judged {
            let found = (judged.status, judged.reason, judged.score);
            assert_eq!(found, (Status::Pending, Some(Reason::AwaitingOwnerCheck), None), "{judged:?}");
        }
        assert!(cycle.scores.is_empty());
        subnet.sandbox.faults().clear();
        let cycle = let_all_be_checked(&mut subnet).await;
        assert!(by(&cycle, MINER).iter().any(|judged| judged.status == Status::Accepted), "{cycle:?}");
        assert!(weight(&cycle, MINER) > 0.0);
    });
}

/// Even there only what was never confirmed waits: that GitHub once does not find a gist, and finds it again in the next
/// round, is nobody's fault.
#[test]
fn where_the_owner_check_is_required_a_404_that_passes_costs_nothing() {
    run(async {
        let prepare = |config: &mut Config| {
            a_cycle_each_round(config);
            *config = with_gist_owner_required(config);
            config.secrets.github_token = Some(GITHUB_TOKEN.to_owned().into());
        };
        let mut twin = Subnet::start(honest(5), |_, config| prepare(config)).await;
        let mut subnet = Subnet::start(honest(5), |_, config| prepare(config)).await;
        let before = subnet.cycle().await;
        assert!(weight(&before, MINER) > 0.0, "it is confirmed");
        twin.cycle().await;
        let rule = FaultRule::new(Fault::Status { status: 404, retry_after_secs: None });
        subnet.sandbox.faults().github_api.inject(rule.for_id(&subnet.member(MINER).gist_id));
        let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        assert_eq!(cycle.scores, honest.scores, "{:?}", by(&cycle, MINER));
        subnet.sandbox.faults().clear();
        let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        assert_eq!(cycle.scores, honest.scores);
    });
}

fn with_gist_owner_required(config: &Config) -> Config {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    std::fs::write(&file, config.to_toml()).expect("written");
    let variables = [("TENSORFLIX__RULES__GIST_OWNER".to_owned(), "required".to_owned())];
    Config::load(Some(&file), variables.into_iter(), Overrides::default()).expect("a setting that is known")
}

/// A miner has a good gist, lets it be checked, and then commits another that is somebody else's: what was confirmed of
/// one gist confirms nothing of another.
#[test]
fn a_check_of_one_gist_does_not_vouch_for_the_next() {
    run(async {
        let mut twin = Subnet::start(honest(5), |_, config| with_token(config)).await;
        let mut subnet = Subnet::start(honest(5), |_, config| with_token(config)).await;
        subnet.cycle().await;
        twin.cycle().await;
        let (thief, document) = (subnet.member(MINER), listed(&subnet.sandbox, MINER));
        let id = "f".repeat(32);
        subnet.sandbox.world().add_gist(strangers(&subnet.sandbox, &id, &document));
        let text = format!("{}:{id}", thief.username);
        subnet.sandbox.node().set_commitment_directly(&thief.hotkey.public(), text.as_bytes()).expect("committed");
        let (cycle, honest) = until_refused(&mut subnet, &mut twin, MINER).await;
        check_refused(&cycle, &honest, MINER);
    });
}

fn strangers(sandbox: &Sandbox, id: &str, document: &str) -> Gist {
    let files = vec![GistFile::new(SUBMISSION_FILE, document)];
    Gist::new(id.to_owned(), "somebody-else".to_owned(), 7, "a stranger's", sandbox.block(), files)
}
