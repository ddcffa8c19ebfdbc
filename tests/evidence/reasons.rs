//! Every reason has its words, in `explain` and in a table.

use super::on_store;
use super::support::{check_exit, folder, stdout};
use std::collections::BTreeMap;
use std::path::Path;
use tensorflix::text::reasons::words_of;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::dating::Dating;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::evidence::{BoundClaim, Evidence, Miner, WeightedTask};
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::gist_record::{ContentDigest, GistAnswer, GistHolder, GistOutcome};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::submission::Pair;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::task::Task;
use tensorflix_domain::verdict::Reason;
use tensorflix_store::Store;
use tensorflix_testkit::subnets::{hotkey, neuron, subnet};

/// The gist by which the miner was seen, and another one by which it was in the same round before.
const SEEN_BY: &str = "miner:0b@0123456789012345678901234567890123456789";
const SEEN_BEFORE: &str = "miner:0a";

fn pointer(text: &str) -> GistPointer {
    text.parse().expect("a pointer")
}

const STAMP: BlockStamp = BlockStamp { block: 7_200, time: Moment::from_unix_ms(1_790_000_000_000) };

/// A submission of the miner with this reason.
fn judged(task_id: &str, number: u32, reason: Reason) -> Judged {
    Judged {
        uid: 1,
        hotkey: hotkey(1),
        task_id: task_id.to_owned(),
        content_id: format!("-d{number:09}"),
        platform: Some(Platform::YOUTUBE),
        status: reason.status(),
        reason: Some(reason),
        view_count: None,
        observed_at: None,
        published_at: None,
        score: None,
        counted_share: None,
        normalized_score: None,
        arithmetic: None,
        settled_by: Some(SettledBy::Uid),
        is_provisional: true,
    }
}

/// A store with one cycle in which one miner has a submission for every reason, its content named `id-` and the reason's
/// number. Task and ids are as hostile as a gist allows.
async fn store_every_reason(file: &Path, task_id: &str) {
    let store = Store::open(&format!("sqlite://{}", file.display())).await.expect("a store");
    let subnet = Subnet { at: STAMP, ..subnet(STAMP.block, [neuron(0, 0), neuron(1, 1)]) };
    for (text, content) in [(SEEN_BEFORE, 1), (SEEN_BY, 2)] {
        let (pointer, digest) = (pointer(text), ContentDigest([content; 32]));
        let outcome = GistOutcome::Fetched { etag: None, digest, document: vec![content] };
        let holder = GistHolder { hotkey: hotkey(1), pointer: pointer.clone(), committed_at: 5 };
        store.record_gists(7_175, &[GistAnswer { pointer, outcome }], &[holder]).await.expect("saved");
    }
    let cycle = store.open_cycle(STAMP, &subnet).await.expect("opened").cycle;
    let submissions: Vec<Judged> =
        (0..).zip(Reason::ALL).map(|(number, reason)| judged(task_id, number, *reason)).collect();
    let pair = |judged: &Judged| Pair { task_id: judged.task_id.clone(), content_id: judged.content_id.clone() };
    let claim = |judged: &Judged, uid: u8| BoundClaim {
        uid: uid.into(),
        claim: Claim {
            task_id: judged.task_id.clone(),
            content_id: judged.content_id.clone(),
            hotkey: hotkey(uid),
            pinned_at: None,
            round: 7_175,
            committed_at: 5,
            gist: (uid == 1).then(|| GistName::from(&pointer(SEEN_BY))),
        },
        dating: Dating::NotAsked,
    };
    let task = Task {
        id: task_id.parse().expect("a task id"),
        description: "d".to_owned(),
        platform: Platform::YOUTUBE,
        start_at: Moment::from_unix_ms(0),
        end_at: None,
    };
    let evidence = Evidence {
        at: STAMP,
        tasks: vec![WeightedTask { task, weight: 1.0 }],
        miners: vec![Miner {
            uid: 1,
            hotkey: hotkey(1),
            pairs: submissions.iter().map(pair).collect(),
            owner_confirmed: false,
            person: None,
        }],
        claims: submissions.iter().flat_map(|judged| [claim(judged, 0), claim(judged, 1)]).collect(),
        contents: BTreeMap::new(),
        previous: None,
        recovery: None,
        owner_hotkey: None,
        unwatched: Vec::new(),
        rounds: Rounds::default(),
    };
    let decided = DecidedCycle {
        cycle,
        release: "0.1.0".to_owned(),
        evidence,
        policy: Policy::default(),
        submissions,
        smoothed: BTreeMap::new(),
        scores: BTreeMap::new(),
        errors: Vec::new(),
    };
    store.save_decision(&decided).await.expect("saved");
    store.close().await;
}

#[test]
fn why_did_my_video_get_nothing_is_answered_by_one_command_for_every_reason() {
    let folder = folder();
    let task_id = "=HYPERLINK(\"http://x\"), \u{202e}task";
    actix_rt::System::new().block_on(store_every_reason(&folder.path().join("demo.db"), task_id));
    for (number, reason) in Reason::ALL.iter().enumerate() {
        let output = on_store(folder.path(), &["explain", "--", &format!("-d{number:09}")]);
        check_exit(&output, 0);
        assert!(!stdout(&output).contains('\u{202e}'), "what a gist says does not steer the terminal");
        let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words_of(*reason);
        for piece in [
            format!("Result {}: {reason} ", reason.status()),
            format!("Meaning {} What to do {} ", words.meaning, words.advice),
            "Claims 2 claims. Only a tie, settled by the lower UID".to_owned(),
            "UID 0, owns it: seen in round 7175, committed to the gist since block 5".to_owned(),
            format!("first seen in gist {SEEN_BY} in the polling round of block 7175"),
        ] {
            assert!(text.contains(&piece), "{reason}: {piece:?} is missing in:\n{text}");
        }
    }

    // The same cycle as CSV: every line parses back, and no cell is a formula.
    let out = folder.path().join("cycle.csv");
    check_exit(&on_store(folder.path(), &["export", "--format", "csv", "--out", "cycle.csv"]), 0);
    let mut reader = csv::Reader::from_path(&out).expect("a file");
    assert_eq!(reader.headers().expect("a heading"), tensorflix::commands::export::csv::COLUMNS.as_slice());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a line")).collect();
    assert_eq!(rows.len(), Reason::ALL.len());
    for (number, (row, reason)) in rows.iter().zip(Reason::ALL).enumerate() {
        assert_eq!(row["reason"], reason.code());
        assert_eq!(row["task_id"], format!("'{task_id}"));
        assert_eq!(row["content_id"], format!("'-d{number:09}"));
        assert!(row.values().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
    }
    let leftover: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok).collect();
    assert!(leftover.iter().all(|entry| !entry.file_name().to_string_lossy().contains("unfinished")));
}
