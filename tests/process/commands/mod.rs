//! `commit` and `tasks`, from outside: against a sandbox in a process of its own, and against one in this process where
//! a test must spoil the chain or look into it.

mod gists;
mod world;

use crate::support::{HeldSandbox, check_exit, finished, folder, json, stdout};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use tensorflix::commands::commit::committer::{CommitError, Deed};
use tensorflix_sandbox::NETUID;
use tensorflix_sandbox::node::{InvalidTransaction, PoolRejection};
use world::{GIST, World};

/// A wait that is waited out, and within which the node has received what is sent on a busy machine too.
const SHORT: Duration = Duration::from_secs(4);
/// Longest wait for what comes.
const PATIENCE: Duration = Duration::from_secs(120);

const OTHER_GIST: &str = "alice:fedcba9876543210fedcba9876543210";

/// Commits a gist that this sandbox does not have.
fn commit(folder: &Path, text: &str, more: &[&str]) -> Output {
    let arguments = [&["commit", "--force", "--config", "w.toml", "--output", "json", "--commit", text], more].concat();
    finished(folder, &arguments)
}

/// A wallet with a key that no sandbox knows, beside the sandbox's own.
fn add_strangers_wallet(wallets: &Path) {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/chain/tests/data/wallets/t1/hotkeys/h1");
    let hotkeys = wallets.join("stranger").join("hotkeys");
    std::fs::create_dir_all(&hotkeys).expect("a folder");
    std::fs::copy(sample, hotkeys.join("default")).expect("a copy");
}

const AS_STRANGER: [&str; 4] = ["--wallet-name", "stranger", "--wallet-hotkey", "default"];

#[test]
fn a_commitment_is_written_once_and_the_same_again_sends_nothing() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let output = commit(folder.path(), GIST, &[]);
    let steps = check_exit(&output, 0);
    let written = json(&output);
    let keys: Vec<&String> = written.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["block", "commit", "extrinsic", "hotkey", "netuid", "previous", "previous_block", "submitted"],
        "the contract's keys"
    );
    assert_eq!((&written["commit"], &written["submitted"]), (&Value::from(GIST), &Value::from(true)));
    assert_eq!(written["netuid"], NETUID);
    assert!(written["extrinsic"].as_str().is_some_and(|hash| hash.starts_with("0x") && hash.len() == 66), "{written}");
    let previous = written["previous"].as_str().expect("the sandbox's validator has committed before");
    assert_ne!(previous, GIST);
    for step in ["UID 1", previous, "waiting until it is final"] {
        assert!(steps.contains(step), "{step:?} is missing in {steps}");
    }

    let output = commit(folder.path(), GIST, &[]);
    check_exit(&output, 0);
    let again = json(&output);
    assert_eq!((&again["submitted"], &again["extrinsic"]), (&Value::from(false), &Value::Null));
    assert_eq!((&again["previous"], &again["previous_block"]), (&Value::from(GIST), &written["block"]));

    // Had the second one sent anything, the block of the commitment would be another now.
    let output = commit(folder.path(), OTHER_GIST, &["--dry-run"]);
    check_exit(&output, 0);
    let dry = json(&output);
    assert_eq!((&dry["previous_block"], &dry["submitted"]), (&written["block"], &Value::from(false)));
    let output = commit(folder.path(), OTHER_GIST, &[]);
    check_exit(&output, 0);
    assert_eq!(json(&output)["previous_block"], written["block"], "the dry run sent something");
}

#[test]
fn what_is_no_gist_is_refused_with_the_form_that_is_wanted() {
    let folder = folder();
    for text in ["alice", "alice:XYZ", "https://gist.github.com/alice/01", "alice:01@main", " alice:01", ""] {
        let stderr = check_exit(&finished(folder.path(), &["commit", "--commit", text]), 2);
        assert!(stderr.contains("username:gist_id@revision"), "{text:?}: {stderr}");
    }
    let stderr = check_exit(&finished(folder.path(), &["commit"]), 2);
    assert!(stderr.contains("--commit <USER:GIST>"), "{stderr}");
    let stderr = check_exit(&finished(folder.path(), &["commit", "--commit", GIST]), 2);
    assert!(stderr.contains("[wallet]"), "it says where the wallet is set: {stderr}");
    for command in ["commit", "tasks"] {
        let help = finished(folder.path(), &[command, "--help"]);
        check_exit(&help, 0);
        assert!(stdout(&help).contains("Examples:"), "{command}");
    }
}

#[test]
fn a_hotkey_that_is_not_registered_is_told_how_to_register() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    add_strangers_wallet(&folder.path().join("w.sandbox").join("wallets"));
    let output = commit(folder.path(), GIST, &AS_STRANGER);
    let stderr = check_exit(&output, 1);
    for piece in ["is not registered on subnet 89", "btcli subnet register", "nothing was sent"] {
        assert!(stderr.contains(piece), "{piece:?} is missing in {stderr}");
    }
    assert_eq!(stdout(&output), "");
}

#[test]
fn a_chain_that_cannot_be_reached_is_said_in_words_and_costs_nothing_else() {
    let folder = folder();
    add_strangers_wallet(&folder.path().join(".bittensor").join("wallets"));
    // It accepts connections and answers nothing that TLS or WebSocket would understand.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || listener.incoming().for_each(drop));
    for scheme in ["ws", "wss"] {
        let url = format!("{scheme}://{address}");
        let commit = [&["commit", "--commit", GIST, "--network", &url], &AS_STRANGER[..]].concat();
        for arguments in [commit, vec!["tasks", "--network", &url]] {
            let stderr = check_exit(&finished(folder.path(), &arguments), 1);
            assert!(stderr.contains("error: ") && stderr.contains("can be reached"), "{arguments:?}: {stderr}");
        }
    }
}

#[test]
fn the_tasks_of_all_validators_are_listed_with_collisions_and_bad_lines() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let output = finished(folder.path(), &["tasks", "--config", "w.toml", "--output", "json"]);
    check_exit(&output, 0);
    let list = json(&output);
    assert_eq!(list["netuid"], NETUID);
    let gists = list["gists"].as_array().expect("gists");
    let mut uids: Vec<u64> = gists.iter().map(|gist| gist["uid"].as_u64().expect("a UID")).collect();
    let stakes: Vec<u64> = gists.iter().map(|gist| gist["stake_rao"].as_u64().expect("a stake")).collect();
    assert!(stakes.iter().rev().is_sorted(), "the highest stake first: {stakes:?}");
    uids.sort_unstable();
    assert_eq!(uids, [1, 2, 3], "the sandbox's three validators");
    for gist in gists {
        assert_eq!(gist["is_configured"], gist["uid"] == 1, "the sandbox configures our own gist");
        assert_eq!(gist["commit"] == list["configured"], gist["uid"] == 1);
        let problems = gist["problems"].as_array().expect("problems");
        assert_eq!(problems.len(), 1, "each gist has one bad line: {gist}");
        assert!(problems[0]["line"].as_u64().is_some_and(|line| line > 1), "{gist}");
        assert!(!gist["tasks"].as_array().expect("tasks").is_empty());
    }
    // Our first task is also one of the last validator's.
    let tasks_of = |uid: u64| {
        let gist = gists.iter().find(|gist| gist["uid"] == uid).expect("a gist");
        gist["tasks"].as_array().expect("tasks").clone()
    };
    let colliding: Vec<Value> =
        (1..=3).flat_map(tasks_of).filter(|task| task["also_of"] != Value::from(vec![0; 0])).collect();
    assert_eq!(colliding.len(), 2, "{colliding:?}");
    assert_eq!(colliding[0]["id"], colliding[1]["id"]);
    assert_eq!((&colliding[0]["also_of"], &colliding[1]["also_of"]), (&Value::from(vec![3]), &Value::from(vec![1])));
    let stake_of = |uid: u64| gists.iter().find(|gist| gist["uid"] == uid).expect("a gist")["stake_rao"].as_u64();
    let ours_stands = stake_of(1) >= stake_of(3);
    assert_eq!((&colliding[0]["stands"], &colliding[1]["stands"]), (&ours_stands.into(), &(!ours_stands).into()));

    let output = finished(folder.path(), &["tasks", "--config", "w.toml"]);
    check_exit(&output, 0);
    let shown = stdout(&output);
    let id = colliding[0]["id"].as_str().expect("an id");
    assert_eq!(shown.matches(&format!("  - {id}\n")).count(), 2, "{shown}");
    for piece in ["! also a task of UID 3", "! also a task of UID 1", "! line ", "(configured)", "youtube, from 20"] {
        assert!(shown.contains(piece), "{piece:?} is missing in:\n{shown}");
    }
    let unwrapped = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("the task of UID 1 counts, by stake"), "{shown}");
    for gist in gists {
        let hotkey = gist["hotkey"].as_str().expect("a hotkey");
        assert!(shown.contains(&format!("UID {}  {hotkey}  stake ", gist["uid"])), "{shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(!folder.path().join("video_topic_validator.log").exists(), "the log is the validator's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_nothing_and_says_what_it_would_do() {
    let world = World::start().await;
    let before = world.committed();
    let output = world.commit(&["--dry-run"]).await;
    check_exit(&output, 0);
    let report = json(&output);
    assert_eq!((&report["submitted"], &report["previous"]), (&Value::from(false), &Value::from(before.as_str())));
    assert_eq!((&report["block"], &report["extrinsic"]), (&Value::Null, &Value::Null));
    assert_eq!(world.committed(), before);
    assert_eq!(world.sandbox.node().submissions(), []);
    assert_eq!(world.sandbox.node().rpc_counts().get("author_submitAndWatchExtrinsic"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_space_nothing_is_sent_and_the_block_of_new_space_is_named() {
    let world = World::start().await;
    let node = world.sandbox.node();
    let mut number = 0_u64;
    while node.set_commitment_directly(&world.hotkey(), format!("alice:{number:032x}").as_bytes()).is_ok() {
        number += 1;
    }
    let stderr = check_exit(&world.commit(&[]).await, 1);
    assert!(stderr.contains("3100 of 3100 bytes") && stderr.contains("takes 100"), "{stderr}");
    assert_eq!(node.rpc_counts().get("author_submitAndWatchExtrinsic"), None);
    let (_, rest) = stderr.split_once("Run this again from block ").expect("when");
    let renewed_at: u32 = rest.split(' ').next().expect("a number").parse().expect("a block");

    // The promise is kept by the block that it names, which is made for the extrinsic.
    world.sandbox.advance_to(renewed_at - 1);
    let output = world.commit(&[]).await;
    check_exit(&output, 0);
    assert_eq!(json(&output)["block"], renewed_at);
    assert_eq!(world.committed(), GIST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_of_the_chain_before_anything_is_said() {
    let world = World::start().await;
    world.sandbox.node().faults().lose_next_answers(1);
    let output = world.commit(&[]).await;
    let steps = check_exit(&output, 0);
    assert!(steps.contains("asking the chain"), "the answer was not lost: {steps}");
    let report = json(&output);
    let sent = world.sandbox.node().submissions();
    assert_eq!(sent.len(), 1);
    assert_eq!((&report["block"], &report["submitted"]), (&Value::from(sent[0].block), &Value::from(true)));
    assert_eq!(report["extrinsic"], format!("0x{}", hexadecimal(&sent[0].extrinsic_hash)));
    assert_eq!(world.committed(), GIST);
}

fn hexadecimal(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_into_no_block_yet_is_not_said_to_be_written_nor_to_have_failed() {
    let world = World::start().await;
    world.sandbox.node().faults().drop_next_extrinsics(1);
    let result = world.commit_here(SHORT, &|_| {}).await;
    let Err(CommitError::Undecided { valid_until, .. }) = &result else { panic!("{result:?}") };
    let words = result.as_ref().expect_err("undecided").to_string();
    assert!(words.contains("not known") && words.contains(&valid_until.to_string()), "{words}");
    // Afterwards it is known: it never came, and running it again writes it.
    world.sandbox.advance_to(*valid_until);
    let result = world.commit_here(PATIENCE, &|_| {}).await.expect("written");
    assert!(matches!(result.deed, Deed::Written { .. }), "{result:?}");
    assert_eq!((world.sandbox.node().submissions().len(), world.committed()), (1, GIST.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_block_took_until_its_signature_ended_is_said_to_be_unwritten() {
    let world = World::start().await;
    world.sandbox.node().faults().drop_next_extrinsics(1);
    let past_its_era = world.sandbox.block() + tensorflix_chain::ERA_BLOCKS;
    let pass_its_time = |step: &str| {
        if step.contains("asking the chain") {
            world.sandbox.advance_to(past_its_era);
        }
    };
    let result = world.commit_here(SHORT, &pass_its_time).await;
    assert_eq!(result, Err(CommitError::Expired { valid_until: past_its_era - 1 }));
    assert_eq!(world.sandbox.node().submissions(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_into_a_block_while_the_chain_is_asked_is_waited_for() {
    let world = World::start().await;
    world.sandbox.node().faults().delay_finality(10);
    let release = |step: &str| {
        if step.contains("asking the chain") {
            let node = world.sandbox.node().clone();
            // Only when the chain has said that it is in no final block yet.
            tokio::spawn(async move {
                while !node.rpc_counts().contains_key("chain_subscribeFinalizedHeads") {
                    tokio::task::yield_now().await;
                }
                node.faults().release_finality();
                node.advance_to(node.head().number + 1);
            });
        }
    };
    let result = world.commit_here(SHORT, &release).await.expect("written");
    assert!(matches!(result.deed, Deed::Written { .. }), "{result:?}");
    assert_eq!(world.sandbox.node().submissions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn inclusion_that_is_not_final_is_not_called_written() {
    let world = World::start().await;
    world.sandbox.node().faults().delay_finality(10);
    let result = world.commit_here(SHORT, &|_| {}).await;
    assert!(matches!(result, Err(CommitError::Undecided { .. })), "{result:?}");
    world.sandbox.node().faults().release_finality();
    let result = world.commit_here(PATIENCE, &|_| {}).await.expect("an end");
    assert_eq!(result.deed, Deed::Stood, "once it is final it is kept, and nothing is sent");
    assert_eq!(world.sandbox.node().submissions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_node_is_told_with_what_to_do() {
    let world = World::start().await;
    for (rejection, piece) in [
        (PoolRejection::Invalid(InvalidTransaction::Payment), "can pay the fee"),
        (PoolRejection::ImmediatelyDropped, "wait a few blocks"),
    ] {
        world.sandbox.node().faults().reject_next_submission(rejection);
        let stderr = check_exit(&world.commit(&[]).await, 1);
        assert!(stderr.contains("nothing was written") && stderr.contains(piece), "{stderr}");
    }
    assert_eq!(world.sandbox.node().submissions(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_revision_is_committed_as_it_is_given() {
    let world = World::start().await;
    let (_, id) = GIST.split_once(':').expect("a gist");
    let revision = {
        let sandbox = world.sandbox.world().read();
        sandbox.gist(id).and_then(|gist| gist.newest(world.sandbox.block())).expect("a revision").sha.clone()
    };
    let pinned = format!("{GIST}@{revision}");
    check_exit(&world.run(&["commit", "--commit", &pinned]).await, 0);
    assert_eq!(world.committed(), pinned);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_gists_are_listed_beside_the_others_and_no_raw_text_is_printed() {
    let world = World::start().await;
    let (members, ours) = {
        let guard = world.sandbox.world().read();
        (guard.members()[1..4].to_vec(), guard.validator().uid)
    };
    assert_eq!(ours, members[0].uid);
    world.sandbox.world().remove_gist(&members[1].gist_id).expect("a gist");
    let hostile = "{\"\u{202e}id\": {\"description\": \"\\u001b[2Jred\\nline\", \"platform\": \"youtube\", \
                   \"start_at\": \"2026-08-01T00:00:00Z\"}}\n{\"x\": {\"platform\": \"\\u001b[31m\"}}\n";
    world.sandbox.world().edit_gist(&members[2].gist_id, "tasks.jsonl", hostile).expect("a gist");
    let output = world.run(&["tasks"]).await;
    check_exit(&output, 0);
    let shown = stdout(&output);
    let pieces = [
        format!("! UID {}: its gist cannot be read: ", members[1].uid),
        "\\u001b[2Jred\\nline".to_owned(),
        "\\u202eid".to_owned(),
    ];
    for piece in pieces {
        assert!(shown.contains(&piece), "{piece:?} is missing in:\n{shown}");
    }
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
    assert!(shown.contains("none is configured"), "{shown}");
    assert!(shown.contains(&members[0].gist_id), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_gist_of_nobody_on_chain_is_listed_too() {
    let world = World::start().await;
    let miner = world.sandbox.world().read().members()[4].clone();
    let task =
        "{\"mine\": {\"description\": \"d\", \"platform\": \"youtube\", \"start_at\": \"2026-08-01T00:00:00Z\"}}";
    world.sandbox.world().edit_gist(&miner.gist_id, "tasks.jsonl", task).expect("a gist");
    let file = world.folder.path().join("w.toml");
    let config = std::fs::read_to_string(&file).expect("a file");
    let validator = format!("[validator]\nusername = \"{}\"\ngist_id = \"{}\"\n", miner.username, miner.gist_id);
    std::fs::write(&file, config + &validator).expect("written");
    let output = world.run(&["tasks", "--output", "json"]).await;
    check_exit(&output, 0);
    let list = json(&output);
    let configured = &list["gists"][0];
    assert_eq!((&configured["uid"], &configured["is_configured"]), (&Value::Null, &Value::from(true)));
    assert_eq!(configured["commit"], format!("{}:{}", miner.username, miner.gist_id));
    assert_eq!((&configured["tasks"][0]["id"], &configured["tasks"][0]["stands"]), (&"mine".into(), &false.into()));
    assert_eq!(list["gists"].as_array().expect("gists").len(), 4);
}
