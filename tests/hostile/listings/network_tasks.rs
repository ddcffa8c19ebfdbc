//! Where the tasks of all validators count: who publishes more of them to weigh more.

use crate::subnet::{FIRST, Subnet, by, check_others_unharmed, honest, list, member, run, weight};
use serde_json::{Map, Value, json};
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::task_source::TaskSource;
use tensorflix_sandbox::Sandbox;
use tensorflix_sandbox::node::GenesisNeuron;
use tensorflix_sandbox::world::{OTHER_VALIDATORS, TASK_FILE, VALIDATOR_UID};

/// The validator that helps one miner: the one with the lowest stake.
const ALLY: Uid = VALIDATOR_UID + OTHER_VALIDATORS as Uid;

/// The ally's part of all stake.
const ALLYS_SHARE: f64 = 0.01;

/// As many tasks as one gist may have.
const MANY_TASKS: usize = 1_000;

/// Tasks that the other validators publish.
const COMMON_TASKS: usize = 3;

/// Tasks with their ids, of the present gist.
fn tasks_of(sandbox: &Sandbox, uid: Uid) -> Vec<(String, Value)> {
    let world = sandbox.world().read();
    let gist = world.gist(&world.members()[usize::from(uid)].gist_id).expect("a gist").clone();
    let newest = gist.newest(sandbox.block()).expect("a revision");
    let text = String::from_utf8(newest.files[0].bytes.to_vec()).expect("text");
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
    lines.flatten().filter(|(_, task)| task.get("platform").is_some()).collect()
}

fn publish(sandbox: &Sandbox, uid: Uid, tasks: &[(String, Value)]) {
    let lines: Vec<String> = tasks.iter().map(|(id, task)| json!({ id.as_str(): task }).to_string()).collect();
    sandbox.world().edit_gist(&member(sandbox, uid).gist_id, TASK_FILE, lines.join("\n")).expect("a gist");
}

/// Leaves a validator so much stake.
fn stake(sandbox: &Sandbox, uid: Uid, stake_rao: u64) {
    let validator = member(sandbox, uid);
    sandbox.node().register_neuron(GenesisNeuron {
        uid,
        hotkey: validator.hotkey.public(),
        coldkey: validator.coldkey.public(),
        stake_rao,
        validator_permit: true,
        registered_at_block: 0,
        last_update_block: 0,
        commitment: None,
    });
    let pointer = format!("{}:{}", validator.username, validator.gist_id);
    sandbox.node().set_commitment_directly(&validator.hotkey.public(), pointer.as_bytes()).expect("committed");
}

/// The cycle in which the ally publishes so many tasks, and its miner lists one video for each of them.
async fn with_tasks_of_the_ally(count: usize) -> DecidedCycle {
    let mut subnet = Subnet::start(honest(8), |sandbox, config| {
        config.validator.task_source = TaskSource::Network;
        let common: Vec<(String, Value)> = tasks_of(sandbox, VALIDATOR_UID).into_iter().take(COMMON_TASKS).collect();
        let others: Vec<Uid> = (VALIDATOR_UID..ALLY).collect();
        others.iter().for_each(|uid| publish(sandbox, *uid, &common));
        let stake_of = |uid: &Uid| member(sandbox, *uid).stake_rao as f64;
        let stake_of_others: f64 = others.iter().map(stake_of).sum();
        stake(sandbox, ALLY, (stake_of_others * ALLYS_SHARE / (1.0 - ALLYS_SHARE)) as u64);

        let (task_id, content_id) = sandbox
            .world()
            .read()
            .listed_first(&member(sandbox, FIRST))
            .into_iter()
            .find(|(task_id, _)| common.iter().any(|(id, _)| id == task_id))
            .expect("a video for a common task");
        let (_, task) = common.iter().find(|(id, _)| *id == task_id).expect("common");
        let secret: Vec<(String, Value)> =
            (0..count).map(|number| (format!("secret-{number}"), task.clone())).collect();
        publish(sandbox, ALLY, &secret);
        let pairs: Vec<[&str; 2]> = secret.iter().map(|(id, _)| [id.as_str(), content_id.as_str()]).collect();
        list(sandbox, FIRST, &json!({ "submissions": pairs }).to_string());
    })
    .await;
    subnet.cycle().await
}

#[test]
fn a_thousand_tasks_of_little_stake_pay_no_more_than_one_and_move_nobody() {
    run(async {
        let attacked = with_tasks_of_the_ally(MANY_TASKS).await;
        let twin = with_tasks_of_the_ally(1).await;
        assert_eq!((by(&attacked, FIRST).len(), by(&twin, FIRST).len()), (MANY_TASKS, 1));
        assert_eq!(attacked.evidence.tasks.len(), COMMON_TASKS + MANY_TASKS);
        let (attackers, twins) = (weight(&attacked, FIRST), weight(&twin, FIRST));
        assert!((twins - ALLYS_SHARE).abs() < 1e-6, "one task with all of the ally's share: {twins}");
        assert!(attackers <= twins * (1.0 + 1e-9), "{attackers} and {twins}");
        check_others_unharmed(&attacked, &twin, &[FIRST]);
        let of_others = |cycle: &DecidedCycle| -> Vec<u64> {
            let others = cycle.evidence.miners.iter().filter(|miner| miner.uid != FIRST);
            others.map(|miner| cycle.scores.get(&miner.hotkey).copied().unwrap_or(0.0).to_bits()).collect()
        };
        assert_eq!(of_others(&attacked), of_others(&twin), "the weights of the others are the same bits");
    });
}
