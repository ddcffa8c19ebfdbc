//! Opening, reopening, and what survives a crash.

use crate::samples::{Place, claim, content, raw, seen, stamp, subnet, url_of};
use crate::weights::signer;
use std::path::Path;
use tensorflix_domain::head::Head;
use tensorflix_store::{Store, StoreError, ValidatorLock};

#[tokio::test]
async fn a_reopened_database_still_has_everything() {
    let place = Place::new();
    let head = Head { stamp: stamp(100), hash: [7; 32] };
    let store = place.open().await;
    store.bind_chain(&[1; 32], 89).await.expect("bound");
    store.save_head(&head).await.expect("saved");
    store.save_subnet(&subnet(100, 3)).await.expect("saved");
    store.finish_gist_round(75).await.expect("saved");
    store.record_observations(&[seen(2, 90, Some(5), None)]).await.expect("saved");
    store.record_claims(&[claim("t", 2, 1, 75)], &[]).await.expect("saved");
    store.close().await;

    let store = place.open().await;
    assert_eq!(store.latest_head().await.expect("read"), Some(head));
    assert_eq!(store.latest_subnet().await.expect("read"), Some(subnet(100, 3)));
    assert_eq!(store.latest_gist_round().await.expect("read"), Some(75));
    assert_eq!(store.claims().await.expect("read"), [claim("t", 2, 1, 75)]);
    assert_eq!(store.observed_since(&[content(2)], 90).await.expect("read"), [content(2)]);
}

#[tokio::test]
async fn a_new_database_knows_nothing() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    assert_eq!(store.latest_head().await.expect("read"), None);
    assert_eq!(store.latest_subnet().await.expect("read"), None);
    assert_eq!(store.latest_gist_round().await.expect("read"), None);
    assert_eq!(store.latest_cycle().await.expect("read"), None);
    assert_eq!(store.scores_in_force().await.expect("read"), None);
    assert_eq!(store.latest_intent(&signer()).await.expect("read"), None);
    assert_eq!(store.claims().await.expect("read"), []);
}

#[tokio::test]
async fn an_older_head_or_subnet_or_round_does_not_replace_a_newer_one() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    for block in [100, 90] {
        store.save_head(&Head { stamp: stamp(block), hash: [0; 32] }).await.expect("saved");
        store.save_subnet(&subnet(block, 1)).await.expect("saved");
        store.finish_gist_round(block).await.expect("saved");
    }
    assert_eq!(store.latest_head().await.expect("read").map(|head| head.stamp.block), Some(100));
    assert_eq!(store.latest_subnet().await.expect("read"), Some(subnet(100, 1)));
    assert_eq!(store.latest_gist_round().await.expect("read"), Some(100));
}

/// The files as a crash leaves them: the database and its log, without the index that only lives with a process.
fn copy_as_after_a_crash(place: &Place, target: &Place) {
    for name in ["tensorflix.db", "tensorflix.db-wal"] {
        std::fs::copy(place.folder().join(name), target.folder().join(name)).expect("copied");
    }
}

#[tokio::test]
async fn a_crash_loses_nothing_that_was_committed() {
    let (place, after) = (Place::new(), Place::new());
    let store = place.open().await;
    store.record_claims(&[claim("t", 2, 1, 75)], &[]).await.expect("saved");
    store.record_observations(&[seen(2, 90, Some(5), None)]).await.expect("saved");
    assert!(store.debit("youtube", "2026-01-01", 5, 10).await.expect("debited"));
    // The store is still open and nothing was flushed for this test.
    copy_as_after_a_crash(&place, &after);

    let revived = after.open().await;
    assert_eq!(revived.claims().await.expect("read"), [claim("t", 2, 1, 75)]);
    assert_eq!(revived.observed_since(&[content(2)], 90).await.expect("read").len(), 1);
    assert_eq!(revived.units_spent("youtube", "2026-01-01").await.expect("read"), 5);
}

#[tokio::test]
async fn a_log_that_is_cut_anywhere_keeps_all_earlier_commits() {
    let place = Place::new();
    let store = place.open().await;
    let log = place.folder().join("tensorflix.db-wal");
    let length = || std::fs::metadata(&log).expect("a log").len();
    let mut commits = Vec::new();
    for round in 1..=6 {
        store.finish_gist_round(round).await.expect("saved");
        commits.push((round, length()));
    }
    let last = length();
    let earliest = commits[0].1;
    for cut in (earliest..=last).step_by(1_013) {
        let after = Place::new();
        copy_as_after_a_crash(&place, &after);
        let file = std::fs::OpenOptions::new().write(true).open(after.folder().join("tensorflix.db-wal"));
        file.expect("a log").set_len(cut).expect("cut");
        let expected = commits.iter().rev().find(|(_, end)| *end <= cut).map(|(round, _)| *round);
        assert_eq!(after.open().await.latest_gist_round().await.expect("read"), expected, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_all_of_its_batch_or_none() {
    let place = Place::new();
    let store = place.open().await;
    let observations: Vec<_> = (0..1_200).map(|number| seen(number, 10, Some(1), None)).collect();
    let contents: Vec<_> = (0..1_200).map(content).collect();
    for patience in [1, 2, 3, 5, 8, 40] {
        tokio::select! {
            biased;
            () = async { for _ in 0..patience { tokio::task::yield_now().await } } => {}
            recorded = store.record_observations(&observations) => recorded.expect("saved"),
        }
        let known = store.observed_since(&contents, 0).await.expect("read").len();
        assert!(known == 0 || known == 1_200, "{known} after {patience} turns");
    }
    store.record_observations(&observations).await.expect("the writer is free again");
}

#[tokio::test]
async fn a_database_of_another_chain_or_subnet_is_refused() {
    let place = Place::new();
    let store = place.open().await;
    store.bind_chain(&[1; 32], 89).await.expect("bound");
    store.bind_chain(&[1; 32], 89).await.expect("bound again");
    store.close().await;
    let store = place.open().await;
    for (genesis_hash, netuid) in [([2; 32], 89), ([1; 32], 90)] {
        let error = store.bind_chain(&genesis_hash, netuid).await.expect_err("refused");
        assert!(matches!(error, StoreError::OtherChain { .. }), "{error}");
        let words = error.to_string();
        for part in ["tensorflix.db", "subnet 89", "0x01010101", "store.url"] {
            assert!(words.contains(part), "{part} is not in: {words}");
        }
    }
    store.bind_chain(&[1; 32], 89).await.expect("the binding is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_may_open_a_new_file_at_once() {
    // Several files, because a failure here occurs only sometimes.
    for _ in 0..10 {
        let place = Place::new();
        let opening: Vec<_> = (0..8)
            .map(|_| {
                let url = place.url();
                tokio::spawn(async move { Store::open(&url).await })
            })
            .collect();
        for opened in opening {
            opened.await.expect("no panic").expect("opened");
        }
    }
}

async fn check_refusal(url: &str, parts: &[&str]) {
    let error = Store::open(url).await.expect_err(url);
    let words = error.to_string();
    for part in parts {
        assert!(words.contains(part), "{part:?} is not in: {words}");
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_named_with_what_to_do() {
    let place = Place::new();
    let folder = url_of(place.folder());
    check_refusal(&folder, &["it is a folder", "Set store.url", &place.folder().display().to_string()]).await;
    check_refusal(&url_of(&place.folder().join("none/x.db")), &["none/x.db", "folder does not exist", "Create"]).await;
    let garbage = place.folder().join("garbage.db");
    std::fs::write(&garbage, [0xab; 8_192]).expect("written");
    check_refusal(&url_of(&garbage), &["garbage.db", "not a database", "backup"]).await;
    assert_eq!(std::fs::read(&garbage).expect("read"), [0xab; 8_192], "what is not ours is not touched");
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused_without_its_password() {
    for url in ["postgres://user:secret@host/db", "tensorflix.db", "sqlite://", "sqlite:x", "sqlite://file:x?mode=ro"] {
        let error = Store::open(url).await.expect_err(url);
        assert!(matches!(error, StoreError::UnknownUrl { .. }), "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_file_in_which_nothing_can_be_written_is_refused() {
    check_refusal("sqlite:///proc/tensorflix.db", &["/proc/tensorflix.db", "cannot be created", "may write"]).await;
}

#[tokio::test]
async fn damage_inside_a_database_is_reported_as_damage() {
    let place = Place::new();
    let store = place.open().await;
    store.record_claims(&[claim("t", 2, 1, 75)], &[]).await.expect("saved");
    let pool = raw(&place.file()).await;
    sqlx::query("UPDATE claims SET round = -1").execute(&pool).await.expect("damaged");
    let error = store.claims().await.expect_err("damaged");
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert!(error.to_string().contains("backup"), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let place = Place::new();
    place.open().await.close().await;
    let pool = raw(&place.file()).await;
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'later', CURRENT_TIMESTAMP, TRUE, x'00', 0)")
        .execute(&pool)
        .await
        .expect("inserted");
    pool.close().await;
    check_refusal(&place.url(), &["newer version", "tensorflix.db"]).await;
}

#[tokio::test]
async fn a_relative_path_is_one_below_the_working_folder() {
    // A name that no other test uses, since the working folder is shared.
    let name = format!("store-test-{}.db", std::process::id());
    Store::open(&format!("sqlite://{name}")).await.expect("opened").close().await;
    assert!(Path::new(&name).is_file());
    std::fs::remove_file(&name).expect("removed");
}

#[tokio::test]
async fn a_reader_changes_nothing_and_reads_beside_the_validator() {
    let place = Place::new();
    let validator = place.open().await;
    validator.record_claims(&[claim("t", 2, 1, 75)], &[]).await.expect("saved");
    let _lock = ValidatorLock::take(&place.url()).expect("the only validator");

    let reader = Store::open_to_read(&place.url()).await.expect("readable meanwhile");
    assert_eq!(reader.claims().await.expect("read"), [claim("t", 2, 1, 75)]);
    validator.record_claims(&[claim("t", 4, 1, 100)], &[]).await.expect("readers hold up nobody");
    assert_eq!(reader.claims().await.expect("read").len(), 2);
    reader.finish_gist_round(7).await.expect_err("it only reads");
    assert_eq!(validator.latest_gist_round().await.expect("read"), None);
}

#[tokio::test]
async fn a_reader_makes_no_database_and_refuses_one_of_another_schema() {
    let place = Place::new();
    let refusal = async |url: &str| Store::open_to_read(url).await.expect_err("refused").to_string();
    assert!(refusal(&place.url()).await.contains("store.url"));
    assert!(!place.file().exists(), "nothing was made");
    assert!(refusal("sqlite::memory:").await.contains("store.url"));

    raw_with(&place, "CREATE TABLE other (x)").await;
    assert!(refusal(&place.url()).await.contains("not a tensorflix database"));

    let place = Place::new();
    place.open().await.close().await;
    raw_with(&place, "UPDATE _sqlx_migrations SET version = version + 1000").await;
    assert!(refusal(&place.url()).await.contains("newer version"));
    raw_with(&place, "DELETE FROM _sqlx_migrations WHERE version > 1001").await;
    raw_with(&place, "UPDATE _sqlx_migrations SET version = 1").await;
    assert!(refusal(&place.url()).await.contains("older version"));
}

/// Changes a file past the store, which it makes if there is none.
async fn raw_with(place: &Place, statement: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.file()).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("a connection");
    sqlx::query(statement).execute(&pool).await.expect("changed");
    pool.close().await;
}

#[tokio::test]
async fn a_noted_head_is_known_to_the_process_and_outlives_it_with_the_next_saved_one() {
    let place = Place::new();
    let store = place.open().await;
    let head = |block| Head { stamp: stamp(block), hash: [1; 32] };
    let block_of = async |store: &Store| store.latest_head().await.expect("read").map(|head| head.stamp.block);
    store.save_head(&head(100)).await.expect("saved");
    let wal = place.folder().join("tensorflix.db-wal");
    let written = std::fs::metadata(&wal).map_or(0, |file| file.len());
    for block in 101..125 {
        store.note_head(&head(block));
    }
    assert_eq!(std::fs::metadata(&wal).map_or(0, |file| file.len()), written, "nothing is written");
    store.note_head(&head(90));
    assert_eq!(block_of(&store.clone()).await, Some(124), "an older one changes nothing");
    let reader = Store::open_to_read(&place.url()).await.expect("opened");
    assert_eq!(block_of(&reader).await, Some(100));
    store.close().await;
    let store = place.open().await;
    assert_eq!(block_of(&store).await, Some(100));
    store.save_reading(&subnet(125, 1), &head(125)).await.expect("saved");
    assert_eq!(block_of(&reader).await, Some(125));
    assert_eq!(reader.latest_subnet().await.expect("read"), Some(subnet(125, 1)));
}

#[tokio::test]
async fn a_subnet_that_an_earlier_release_wrote_as_text_is_read() {
    let place = Place::new();
    let store = place.open().await;
    store.save_subnet(&subnet(100, 3)).await.expect("saved");
    let pool = raw(&place.file()).await;
    let text = serde_json::to_string(&subnet(90, 2)).expect("JSON");
    sqlx::query("UPDATE latest_subnet SET block = 90, subnet_json = $1")
        .bind(text)
        .execute(&pool)
        .await
        .expect("written");
    pool.close().await;
    assert_eq!(store.latest_subnet().await.expect("read"), Some(subnet(90, 2)));
    store.save_subnet(&subnet(125, 3)).await.expect("saved");
    assert_eq!(store.latest_subnet().await.expect("read"), Some(subnet(125, 3)));
}
