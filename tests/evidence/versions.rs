//! Recorded cycles and the versions of the rules: those of released versions replay for ever, and no others.

use super::support::{check_exit, finished, folder, json as one_object, stdout};
use super::{demo_store, exported, on_store};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tensorflix::commands::export::json::{read_json, write_json};
use tensorflix::commands::stored::recorded::RecordedCycle;
use tensorflix::config::Config;
use tensorflix::console::session::{Session, Shown};
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix::wiring::slot_blocks;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::rules::{CURRENT, UNNAMED};
use tensorflix_domain::verdict::Status;
use tensorflix_sandbox::world::WorldConfig;
use tensorflix_sandbox::{Sandbox, SandboxConfig};
use tensorflix_store::Store;

/// Cycles of the world, of which the last is recorded, and hours from one to the next.
const CYCLES: u32 = 12;
const HOURS_PER_CYCLE: f64 = 6.0;

/// The stored cycles of released versions.
fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/evidence/data")
}

fn stored_cycles(prefix: &str) -> Vec<PathBuf> {
    let files =
        std::fs::read_dir(data()).expect("the folder of stored cycles").map(|file| file.expect("an entry").path());
    let is_wanted = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(prefix) && name.ends_with(".json")
    };
    files.filter(is_wanted).collect()
}

/// Writes the stored cycle of the present version, once before its first release:
/// `cargo test --test evidence -- --ignored record_a_cycle_of_the_present_rules`.
#[test]
#[ignore = "writes tests/evidence/data/cycle-rules-N.json, which stays as it is once its version is released"]
fn record_a_cycle_of_the_present_rules() {
    let recorded = actix_rt::System::new().block_on(rich_cycle());
    check_is_rich(&recorded);
    let file = data().join(format!("cycle-rules-{CURRENT}.json"));
    write_json(&recorded, std::fs::File::create(file).expect("a file")).expect("written");
}

/// Everything on that decides anything, short of what would leave nobody.
fn switch_everything_on(config: &mut Config) {
    config.validator.update_interval_hours = HOURS_PER_CYCLE;
    config.weights.ema_half_life_hours = 24.0;
    config.weights.burn_share = 0.25;
    config.weights.top_n = 12;
    let defences = &mut config.defences;
    (defences.max_per_coldkey_and_task, defences.max_per_github_owner_and_task) = (3, 3);
    (defences.max_per_channel_and_task, defences.settling_hours) = (3, 24.0);
    (defences.first_sight_views, defences.hidden_engagement_share) = (50_000, 0.7);
    (defences.score_exponent, defences.task_floor_share) = (0.5, 0.5);
}

/// The last cycle of hostile and honest miners, with the weights that were sent for it.
async fn rich_cycle() -> RecordedCycle {
    let world = WorldConfig { miners: 40, ..WorldConfig::default() };
    let sandbox = Sandbox::start(SandboxConfig { world, ..SandboxConfig::default() }).await.expect("a sandbox");
    let folder = folder();
    let mut config = sandbox_config::write(&sandbox, folder.path(), "rich.db").expect("a configuration");
    switch_everything_on(&mut config);
    let mut app = App::start(&config, Mode { opening: Opening::Grid, dry_run: false }).await.expect("a validator");
    let mut session = Session::default();
    let mut number = 0;
    for cycle in 0..CYCLES {
        if cycle > 0 {
            let slot = slot_blocks(&config);
            sandbox.advance_to((sandbox.block() / slot + 1) * slot);
        }
        number = loop {
            if let Shown::Cycle(report) = session.next(app.feed()).await.expect("at work") {
                break report.decided.cycle;
            }
        };
    }
    let store = Store::open_to_read(&format!("sqlite://{}", folder.path().join("rich.db").display())).await;
    let recorded = RecordedCycle::load(&store.expect("a store"), number).await.expect("read").expect("decided");
    sandbox.stop().await;
    recorded
}

/// Checks that a cycle shows most of what the rules can do.
#[track_caller]
fn check_is_rich(recorded: &RecordedCycle) {
    let DecidedCycle { evidence, policy, submissions, smoothed, scores, .. } = &recorded.decided;
    let traffic = evidence.contents.values().filter_map(|known| known.traffic.as_ref());
    assert!(traffic.filter(|finding| !finding.signals.is_empty()).count() > 5, "traffic");
    let verdicts = evidence.contents.values().filter_map(|known| known.verification.as_ref());
    assert!(verdicts.filter(|verified| !verified.verdicts.is_empty()).count() > 5, "detectors");
    assert!(submissions.iter().filter(|judged| judged.settled_by.is_some()).count() > 3, "disputes");
    assert!(!policy.defences.are_off() && evidence.previous.is_some(), "defences and smoothing");
    assert!(submissions.iter().filter(|judged| judged.status == Status::Accepted).count() > 20, "accepted ones");
    let mut reasons: Vec<_> = submissions.iter().filter_map(|judged| judged.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    assert!(reasons.len() > 6, "{reasons:?}");
    assert!(smoothed.len() > 5 && scores != smoothed, "cut and burnt");
    assert!(!recorded.sent.is_empty(), "the weights are compared too");
}

#[test]
fn a_stored_cycle_of_each_released_version_replays_bit_for_bit() {
    let empty = folder();
    for file in stored_cycles("cycle-rules-") {
        let name = file.to_str().expect("Unicode");
        let recorded = read_json(std::fs::File::open(&file).expect("a file")).expect("a cycle");
        check_is_rich(&recorded);
        let output = finished(empty.path(), &["replay", "--from", name, "--output", "json"]);
        check_exit(&output, 0);
        let replay = one_object(&output);
        assert_eq!((&replay["identical"], &replay["differences"]), (&json!(true), &json!([])), "{name}");
        assert!(replay["weights"]["signed_block"].is_number(), "{name}: the weights are compared too");
    }
}

#[test]
fn a_cycle_that_names_no_version_is_refused_by_replay() {
    let empty = folder();
    let files = stored_cycles("cycle-0");
    assert!(!files.is_empty(), "a cycle of a development build is stored");
    for file in files {
        let name = file.to_str().expect("Unicode");
        let output = finished(empty.path(), &["replay", "--from", name, "--output", "json"]);
        let stderr = check_exit(&output, 1);
        assert!(stderr.contains("not replayed"), "{stderr}");
        let replay = one_object(&output);
        assert_eq!((&replay["identical"], &replay["differences"]), (&Value::Null, &json!([])), "{name}");
        assert!(replay["not_replayed"].as_str().is_some_and(|words| words.contains("development build")), "{replay}");
    }
}

/// Adds the newest cycle of a store once more, as if another version of the rules had decided it.
async fn add_decided_by(file: &Path, rules: u32) {
    let store = Store::open(&format!("sqlite://{}", file.display())).await.expect("a store");
    let newest = *store.decided_cycles().await.expect("read").last().expect("a cycle");
    let recorded = RecordedCycle::load(&store, newest).await.expect("read").expect("decided");
    let opened = store.open_cycle(recorded.decided.evidence.at, &recorded.subnet).await.expect("opened");
    let decided = recorded.decided;
    let policy = Policy { rules, ..decided.policy.clone() };
    store.save_decision(&DecidedCycle { cycle: opened.cycle, policy, ..decided }).await.expect("saved");
    store.close().await;
}

#[test]
fn cycles_of_unknown_versions_are_read_and_not_replayed_and_all_others_are() {
    let folder = folder();
    demo_store(folder.path());
    let file = folder.path().join("demo.db");
    for (rules, piece) in [(UNNAMED, "development build"), (CURRENT + 1, "knows the versions up to")] {
        actix_rt::System::new().block_on(add_decided_by(&file, rules));
        let output = on_store(folder.path(), &["replay"]);
        let stderr = check_exit(&output, 1);
        let shown = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("not replayed") && shown.contains(piece), "{rules}: {shown}");
        assert!(stderr.contains("not replayed"), "{stderr}");
        // What it decided can be read.
        check_exit(&on_store(folder.path(), &["explain", "--uid", "5"]), 0);
        check_exit(&on_store(folder.path(), &["export", "--format", "csv"]), 0);
        let export = exported(folder.path());
        std::fs::write(folder.path().join("exported.json"), export.to_string()).expect("written");
        let stderr = check_exit(&finished(folder.path(), &["replay", "--from", "exported.json"]), 1);
        let said = format!("{stderr}{}", stdout(&finished(folder.path(), &["replay", "--from", "exported.json"])));
        assert!(said.split_whitespace().collect::<Vec<_>>().join(" ").contains(piece), "{rules}: {said}");
    }
    let output = on_store(folder.path(), &["replay", "--all"]);
    check_exit(&output, 0);
    assert!(stdout(&output).contains("4 cycles, 2 identical, 2 not replayed"), "{}", stdout(&output));
    std::fs::write(folder.path().join("other.toml"), "[weights]\ntop_n = 1\n").expect("written");
    let output = on_store(folder.path(), &["replay", "--all", "--config", "other.toml"]);
    check_exit(&output, 0);
    assert!(stdout(&output).contains("mean of 2 cycles"), "{}", stdout(&output));
}
