//! Who was first, when rounds cannot tell: no late pin, no silence and no crowd takes what another listed first.

use crate::subnet::{
    FIRST, Subnet, a_cycle_each_round, by, cast, check_all_rejected, check_others_unharmed, honest, list, listed,
    member, run, weight, without_tags,
};
use tensorflix::config::Config;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::verdict::Reason;
use tensorflix_sandbox::Sandbox;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::world::{Conduct, WorldConfig};

/// The miner with the videos that are taken. Not the second honest miner: its commitment pins a revision.
const VICTIM: Uid = FIRST + 2;

/// The API's route for a gist.
const GET_GIST: &str = "gists.get";

/// A gist that lists nothing.
const NOTHING: &str = r#"{"submissions": []}"#;

/// The thief waits until everybody saw the videos, lists them, and pins that revision on chain.
#[test]
fn a_pin_that_comes_after_everybody_saw_a_video_takes_it_from_nobody() {
    run(async {
        let prepare = |config: &mut Config| {
            without_tags(config);
            a_cycle_each_round(config);
        };
        let mut twin = Subnet::start(honest(5), |_, config| prepare(config)).await;
        let mut subnet = Subnet::start(honest(5), |_, config| prepare(config)).await;
        for world in [&mut subnet, &mut twin] {
            world.cycle().await;
            world.next_cycle().await;
        }
        let revision = list(&subnet.sandbox, FIRST, &listed(&subnet.sandbox, VICTIM));
        list(&twin.sandbox, FIRST, NOTHING);
        let thief = subnet.member(FIRST);
        let pointer = format!("{}:{}@{revision}", thief.username, thief.gist_id);
        subnet.sandbox.node().set_commitment_directly(&thief.hotkey.public(), pointer.as_bytes()).expect("committed");
        for _ in 0..3 {
            let (attacked, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
            check_all_rejected(&attacked, FIRST, Reason::DuplicateSubmission);
            check_others_unharmed(&attacked, &honest, &[FIRST]);
            assert_eq!(attacked.scores, honest.scores, "nobody loses anything by the pin");
        }
    });
}

/// The copier's commitment is the older one and its UID the lower one, so that it wins whatever is left open.
fn copier_first(copier: Conduct) -> WorldConfig {
    cast(&[copier, Conduct::Honest, Conduct::Honest, Conduct::Honest])
}

#[test]
fn a_copier_whose_gist_cannot_be_dated_wins_no_tie() {
    let too_large = || Fault::Body(format!("{{\"files\":\"{}\"}}", "x".repeat(9 << 20)));
    for fault in [
        too_large(),
        Fault::Body("not JSON".to_owned()),
        Fault::Body(r#"{"message":"Not a gist"}"#.to_owned()),
        Fault::MissingFields(vec!["updated_at".to_owned()]),
        Fault::WrongTypes,
    ] {
        run(async {
            let mut twin = Subnet::start(copier_first(Conduct::MissingGist), |_, config| without_tags(config)).await;
            let mut subnet = Subnet::start(copier_first(Conduct::CopiesAnother), |sandbox, config| {
                without_tags(config);
                let copier = member(sandbox, FIRST);
                let rule = FaultRule::new(fault.clone()).on_route(GET_GIST).for_id(&copier.gist_id);
                sandbox.faults().github_api.inject(rule);
            })
            .await;
            let (attacked, honest) = (subnet.cycle().await, twin.cycle().await);
            assert!(weight(&attacked, FIRST) == 0.0);
            check_others_unharmed(&attacked, &honest, &[FIRST]);
            assert_eq!(attacked.scores, honest.scores);
        });
    }
}

/// GitHub gives no answer about the copier's gist, round after round, and answers about all others.
#[test]
fn a_copier_about_whose_gist_github_is_silent_wins_for_three_rounds_at_most() {
    run(async {
        let prepare = |config: &mut Config| {
            without_tags(config);
            a_cycle_each_round(config);
        };
        let mut twin = Subnet::start(copier_first(Conduct::MissingGist), |_, config| prepare(config)).await;
        let mut subnet = Subnet::start(copier_first(Conduct::CopiesAnother), |sandbox, config| {
            prepare(config);
            let fault = Fault::Status { status: 502, retry_after_secs: None };
            let rule = FaultRule::new(fault).on_route(GET_GIST).for_id(&member(sandbox, FIRST).gist_id);
            sandbox.faults().github_api.inject(rule);
        })
        .await;
        let (first, _) = (subnet.cycle().await, twin.cycle().await);
        let disputed: Vec<_> = by(&first, FIRST).into_iter().filter(|judged| judged.settled_by.is_some()).collect();
        assert!(!disputed.is_empty() && disputed.iter().all(|judged| judged.is_provisional), "{disputed:?}");
        for _ in 0..3 {
            (_, _) = (subnet.next_cycle().await, twin.next_cycle().await);
        }
        let (attacked, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        check_all_rejected(&attacked, FIRST, Reason::DuplicateSubmission);
        for judged in by(&attacked, FIRST) {
            assert_eq!((judged.settled_by, judged.is_provisional), (Some(SettledBy::GistUpdate), false), "{judged:?}");
        }
        check_others_unharmed(&attacked, &honest, &[FIRST]);
        assert_eq!(attacked.scores, honest.scores);
    });
}

/// The unpinned miner with the newest commitment, which loses whatever dates leave open.
fn newest(sandbox: &Sandbox, miners: u16) -> Uid {
    let uids = (FIRST..FIRST + miners).filter(|uid| *uid != FIRST + 1);
    uids.max_by_key(|uid| member(sandbox, *uid).commitment.map(|commitment| commitment.block)).expect("miners")
}

#[test]
fn a_crowd_that_lists_a_miners_videos_in_its_first_round_takes_none_of_them() {
    const MINERS: u16 = 24;
    run(async {
        let others = |victim: Uid| (FIRST..FIRST + MINERS).filter(move |uid| *uid != victim);
        let world = || honest(u32::from(MINERS));
        let mut twin = Subnet::start(world(), |sandbox, config| {
            without_tags(config);
            others(newest(sandbox, MINERS)).for_each(|uid| drop(list(sandbox, uid, NOTHING)));
        })
        .await;
        let mut subnet = Subnet::start(world(), |sandbox, config| {
            without_tags(config);
            let victim = newest(sandbox, MINERS);
            let stolen = listed(sandbox, victim);
            others(victim).for_each(|uid| drop(list(sandbox, uid, &stolen)));
        })
        .await;
        let victim = newest(&subnet.sandbox, MINERS);
        let (attacked, honest) = (subnet.cycle().await, twin.cycle().await);
        assert!(weight(&honest, victim) > 0.0);
        let taken: Vec<_> = attacked
            .submissions
            .iter()
            .filter(|judged| judged.uid != victim && judged.uid != FIRST + 1 && judged.score.is_some())
            .collect();
        assert!(taken.is_empty(), "{taken:?}");
        assert!(by(&attacked, victim).iter().all(|judged| !judged.is_provisional));
        assert_eq!(attacked.scores, honest.scores);
    });
}

/// Two accomplices tie with each other two thousand times, so that somebody else's tie is not examined.
#[test]
fn two_thousand_ties_of_two_accomplices_hide_no_other_dispute() {
    run(async {
        let world = |copier| {
            let honest = [Conduct::Honest; 5];
            cast(&[&[copier][..], &honest[..]].concat())
        };
        let accomplices = [FIRST + 4, FIRST + 5];
        let mut twin = Subnet::start(world(Conduct::MissingGist), |sandbox, config| {
            without_tags(config);
            accomplices.iter().for_each(|uid| drop(list(sandbox, *uid, NOTHING)));
        })
        .await;
        let mut subnet = Subnet::start(world(Conduct::CopiesAnother), |sandbox, config| {
            without_tags(config);
            let junk: Vec<[String; 2]> = (0..2_000).map(|n| [format!("0{}", n / 4), format!("j{n:010}")]).collect();
            let document = serde_json::json!({ "submissions": junk }).to_string();
            accomplices.iter().for_each(|uid| drop(list(sandbox, *uid, &document)));
        })
        .await;
        let (attacked, honest) = (subnet.cycle().await, twin.cycle().await);
        check_all_rejected(&attacked, FIRST, Reason::DuplicateSubmission);
        check_others_unharmed(&attacked, &honest, &[FIRST, accomplices[0], accomplices[1]]);
        assert_eq!(attacked.scores, honest.scores);
    });
}
