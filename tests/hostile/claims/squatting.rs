//! Who lists what is not its own before the owner does, and who leaves the subnet with it.

use crate::subnet::{
    FIRST, Subnet, a_cycle_each_round, by, check_all_rejected, check_others_unharmed, honest, list, listed, run,
    without_tags,
};
use tensorflix::config::Config;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::verdict::Reason;
use tensorflix_sandbox::Sandbox;
use tensorflix_sandbox::node::GenesisNeuron;

/// The miner with the videos that are squatted on.
const VICTIM: Uid = FIRST + 2;

const NOTHING: &str = r#"{"submissions": []}"#;

/// The victim lists nothing yet, and the squatter what the victim is going to.
fn squat(sandbox: &Sandbox) -> String {
    let document = listed(sandbox, VICTIM);
    list(sandbox, VICTIM, NOTHING);
    list(sandbox, FIRST, &document);
    document
}

/// The same without the squatter: it has nothing of its own.
fn wait(sandbox: &Sandbox) -> String {
    let document = listed(sandbox, VICTIM);
    list(sandbox, VICTIM, NOTHING);
    list(sandbox, FIRST, NOTHING);
    document
}

/// Where only claims count, a squatted id is the squatter's for as long as it is registered, and no longer.
#[test]
fn a_squatted_id_passes_to_the_next_claimant_when_the_squatter_is_deregistered() {
    run(async {
        let prepare = |config: &mut Config| {
            without_tags(config);
            a_cycle_each_round(config);
        };
        let mut document = String::new();
        let mut twin = Subnet::start(honest(5), |sandbox, config| {
            prepare(config);
            wait(sandbox);
        })
        .await;
        let mut subnet = Subnet::start(honest(5), |sandbox, config| {
            prepare(config);
            document = squat(sandbox);
        })
        .await;
        let (_, _) = (subnet.cycle().await, twin.cycle().await);
        for world in [&subnet, &twin] {
            list(&world.sandbox, VICTIM, &document);
        }
        let (second, _) = (subnet.next_cycle().await, twin.next_cycle().await);
        check_all_rejected(&second, VICTIM, Reason::DuplicateSubmission);
        for world in [&subnet, &twin] {
            world.sandbox.node().deregister_neuron(FIRST);
        }
        let (third, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        check_others_unharmed(&third, &honest, &[]);
        assert_eq!(third.scores, honest.scores, "nothing of the squatter is left");

        // It comes back with the same hotkey and the same list: what passed on is not taken back.
        let squatter = subnet.member(FIRST);
        for world in [&subnet, &twin] {
            world.sandbox.node().register_neuron(GenesisNeuron {
                uid: FIRST,
                hotkey: squatter.hotkey.public(),
                coldkey: squatter.coldkey.public(),
                stake_rao: squatter.stake_rao,
                validator_permit: false,
                registered_at_block: world.sandbox.block(),
                last_update_block: 0,
                commitment: None,
            });
            let text = format!("{}:{}", squatter.username, squatter.gist_id);
            world
                .sandbox
                .node()
                .set_commitment_directly(&squatter.hotkey.public(), text.as_bytes())
                .expect("committed");
        }
        let (fourth, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        check_all_rejected(&fourth, FIRST, Reason::DuplicateSubmission);
        assert_eq!(fourth.scores, honest.scores);
    });
}

/// By the default rule the video itself names its owner, so that squatting takes nothing, not even at first.
#[test]
fn squatting_takes_nothing_from_a_video_that_names_its_miner() {
    run(async {
        let mut document = String::new();
        let mut twin = Subnet::start(honest(5), |sandbox, config| {
            a_cycle_each_round(config);
            wait(sandbox);
        })
        .await;
        let mut subnet = Subnet::start(honest(5), |sandbox, config| {
            a_cycle_each_round(config);
            document = squat(sandbox);
        })
        .await;
        let (_, _) = (subnet.cycle().await, twin.cycle().await);
        for world in [&subnet, &twin] {
            list(&world.sandbox, VICTIM, &document);
        }
        let (second, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
        let names_its_miner = |content_id: &str| {
            let content = second.evidence.contents.iter().find(|(content, _)| content.as_str() == content_id);
            content.is_some_and(|(_, known)| known.owner_tag.is_some())
        };
        let mut checked = 0;
        for (judged, honest) in by(&second, VICTIM).into_iter().zip(by(&honest, VICTIM)) {
            if names_its_miner(&judged.content_id) {
                assert_eq!(judged.score.map(f64::to_bits), honest.score.map(f64::to_bits), "{judged:?}");
                checked += 1;
            }
        }
        assert!(checked > 0);
        for judged in by(&second, FIRST).into_iter().filter(|judged| names_its_miner(&judged.content_id)) {
            assert_eq!(judged.reason, Some(Reason::DuplicateSubmission), "{judged:?}");
        }
        check_others_unharmed(&second, &honest, &[FIRST, VICTIM]);
    });
}
