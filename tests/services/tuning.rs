//! SIGHUP: rates, budgets and the level of logs change in the running process; a wrong file changes nothing.

use crate::world::{Answer, Service, World};
use std::path::PathBuf;
use tensorflix_sandbox::world::{Counts, Platform};

/// Changes a line of the configuration's file.
fn rewrite(file: &PathBuf, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{from:?} is not in\n{text}");
    std::fs::write(file, text.replace(from, to)).expect("written");
}

fn youtube_budget(health: &Answer) -> u64 {
    let youtube = &health.body["platforms"][0];
    youtube["units_spent"].as_u64().expect("units") + youtube["units_left"].as_u64().expect("units")
}

async fn check_budget(service: &Service, server: usize, units: u64) {
    service.until(server, "/health", |health| youtube_budget(health) == units).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_applies_budgets_and_levels_at_once_and_says_what_needs_a_restart() {
    for (arguments, addresses, server) in [(["platform-tracker"], 1, 0), (["run"], 2, 1)] {
        let world = World::start(|_| {}).await;
        world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(1), ..Counts::default() });
        let file = world.folder.path().join("w.toml");
        let service = world.serve(&arguments, addresses).await;
        check_budget(&service, server, 9_000).await;
        rewrite(&file, "daily_quota = 9000", "daily_quota = 123");
        rewrite(&file, "batch_size = 50", "batch_size = 40");
        rewrite(&file, "level = \"info\"", "level = \"debug\"");
        service.signal("HUP");
        check_budget(&service, server, 123).await;
        service.logged("only after a restart").await;
        let log = service.log();
        assert!(log.contains("youtube.batch_size") && log.contains("youtube.daily_quota"), "{log}");
        assert!(!log.contains(" DEBUG "), "{log}");
        // Beside a validator the first block may still be on its way.
        service.until(server, "/youtube/video/AAAAAAAAAAA", |answer| answer.status == 200).await;
        service.logged("sending a batch of client requests").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_changes_nothing_and_the_log_says_why() {
    let world = World::start(|_| {}).await;
    let file = world.folder.path().join("w.toml");
    let service = world.tracker().await;
    check_budget(&service, 0, 9_000).await;
    rewrite(&file, "daily_quota = 9000", "daily_quota = 123\ndaily_qouta = 7");
    service.signal("HUP");
    service.logged("settings are unchanged").await;
    let log = service.log();
    assert!(log.contains("daily_qouta") && log.contains("daily_quota"), "the nearest known name is in the log: {log}");
    check_budget(&service, 0, 9_000).await;
    rewrite(&file, "\ndaily_qouta = 7", "");
    service.signal("HUP");
    check_budget(&service, 0, 123).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_a_cut_or_a_missing_file_changes_nothing_and_a_whole_one_is_taken_again() {
    let world = World::start(|_| {}).await;
    let file = world.folder.path().join("w.toml");
    rewrite(&file, "daily_quota = 9000", "daily_quota = 123");
    let service = world.tracker().await;
    check_budget(&service, 0, 123).await;
    let whole = std::fs::read_to_string(&file).expect("a file");
    let (before_quota, _) = whole.split_once("daily_quota = 123").expect("the setting");
    // The last is valid and says something else than was written.
    let cut_number = format!("{before_quota}daily_quota = 1");
    for (number, text) in ["", "# settings\n", before_quota, &cut_number].into_iter().enumerate() {
        std::fs::write(&file, text).expect("written");
        service.signal("HUP");
        service.logged_times("settings are unchanged", number + 1).await;
    }
    std::fs::remove_file(&file).expect("removed");
    service.signal("HUP");
    service.logged_times("settings are unchanged", 5).await;
    check_budget(&service, 0, 123).await;
    std::fs::write(&file, whole.replace("daily_quota = 123", "daily_quota = 77")).expect("written");
    service.signal("HUP");
    check_budget(&service, 0, 77).await;
}
