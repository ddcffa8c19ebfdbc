//! `commit` checks the gist before it writes: a mistake is reported before it is on chain.

use super::world::{GIST, World};
use crate::support::{check_exit, json};
use serde_json::Value;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::world::SUBMISSION_FILE;

const GIST_ID: &str = "0123456789abcdef0123456789abcdef";

/// Runs `commit`, also as a dry run, and checks that both refuse with these words and that nothing was sent.
async fn check_refused(world: &World, pieces: &[&str]) {
    for more in [vec!["--dry-run"], vec![]] {
        let output = world.commit(&more).await;
        let stderr = check_exit(&output, 1);
        for piece in pieces {
            assert!(stderr.contains(piece), "{piece:?} is missing in {stderr}");
        }
        assert!(stderr.contains("nothing was sent") && stderr.contains("--force"), "{stderr}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(world.sandbox.node().submissions(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gist_that_is_not_there_not_public_or_not_the_users_is_not_committed() {
    let world = World::start().await;
    world.sandbox.world().set_gist_public(GIST_ID, false).expect("a gist");
    check_refused(&world, &["secret", "public"]).await;
    world.sandbox.world().set_gist_public(GIST_ID, true).expect("a gist");
    world.sandbox.world().set_gist_owner(GIST_ID, "mallory", 666).expect("a gist");
    check_refused(&world, &["belongs to mallory"]).await;
    world.sandbox.world().remove_gist(GIST_ID).expect("a gist");
    check_refused(&world, &["no such gist", "gist id"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gist_that_holds_neither_submissions_nor_tasks_is_not_committed() {
    let world = World::start().await;
    for (document, pieces) in [
        ("my notes", ["no valid submissions or tasks", "check-submissions"]),
        ("", ["no valid submissions or tasks", "check-submissions"]),
        ("{\"submission\": []}", ["no valid submissions or tasks", "check-submissions"]),
    ] {
        world.sandbox.world().edit_gist(GIST_ID, SUBMISSION_FILE, document).expect("a gist");
        check_refused(&world, &pieces).await;
    }
    let task = "{\"t\": {\"description\": \"d\", \"platform\": \"youtube\", \"start_at\": \"2026-08-01T00:00:00Z\"}}";
    world.sandbox.world().edit_gist(GIST_ID, "tasks.jsonl", task).expect("a gist");
    let steps = check_exit(&world.commit(&[]).await, 0);
    assert!(steps.contains("the gist can be read: 1 tasks"), "{steps}");
    assert_eq!(world.committed(), GIST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gist_that_another_hotkey_committed_is_not_committed_whatever_the_revision() {
    for suffix in ["", "@0123456789abcdef0123456789abcdef01234567"] {
        let world = World::start().await;
        let other = world.sandbox.world().read().members()[5].clone();
        let text = format!("{GIST}{suffix}");
        world.sandbox.node().set_commitment_directly(&other.hotkey.public(), text.as_bytes()).expect("committed");
        check_refused(&world, &[&format!("UID {}", other.uid), "committed this gist already"]).await;
        // One person may have two hotkeys, and says so.
        let output = world.commit(&["--force"]).await;
        let steps = check_exit(&output, 0);
        assert!(steps.contains("warning: ") && steps.contains("committed this gist already"), "{steps}");
        assert_eq!(json(&output)["submitted"], Value::from(true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_github_does_not_say_nothing_is_committed_unless_it_is_forced() {
    let world = World::start().await;
    let limited = || FaultRule::new(Fault::Status { status: 403, retry_after_secs: None });
    world.sandbox.faults().github_api.inject(limited());
    check_refused(&world, &["could not check whether the gist is public", "later"]).await;
    check_exit(&world.commit(&["--force"]).await, 0);
    assert_eq!(world.committed(), GIST);
    // What is on chain already needs no look.
    check_exit(&world.commit(&[]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_revision_that_is_not_there_is_not_committed() {
    let world = World::start().await;
    let pinned = format!("{GIST}@ffffffffffffffffffffffffffffffffffffffff");
    let stderr = check_exit(&world.run(&["commit", "--commit", &pinned]).await, 1);
    assert!(stderr.contains("cannot be read") && stderr.contains("nothing was sent"), "{stderr}");
}
