//! The store's errors when its disk is full, or its file is locked, read-only or damaged. It works again without being
//! reopened once the cause is gone. (Inside the crate: the causes are set on the store's own connections.)

use crate::error::StoreError;
use crate::store::Store;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use tempfile::TempDir;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::gist_record::{ContentDigest, GistAnswer, GistOutcome};
use tensorflix_domain::head::Head;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("x.db")
    }

    async fn open(&self) -> Result<Store, StoreError> {
        Store::open(&format!("sqlite://{}", self.file().display())).await
    }
}

async fn pragma(store: &Store, pragma: &'static str) {
    sqlx::query(pragma).execute(&store.writer).await.expect("set");
}

/// Writes more than fits into the free pages.
async fn write(store: &Store, byte: u8) -> Result<(), StoreError> {
    let outcome = GistOutcome::Fetched { digest: ContentDigest([byte; 32]), document: vec![byte; 100_000], etag: None };
    let answer = GistAnswer { pointer: format!("a:{byte:032x}").parse().expect("a pointer"), outcome };
    store.record_gists(25, &[answer], &[]).await
}

fn head(block: u32) -> Head {
    Head { stamp: BlockStamp { block, time: Moment::from_unix_ms(0) }, hash: [0; 32] }
}

/// As long as the cause lasts, every write fails with an error that says what to do, and reads work; afterwards all
/// works.
async fn check(store: &Store, error: &StoreError, words: &str) {
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(store.latest_head().await.expect("what is there can be read").map(|head| head.stamp.block), Some(7));
    assert!(store.gist_document(&ContentDigest([1; 32])).await.expect("read").is_none(), "nothing was written");
}

async fn check_recovery(store: &Store) {
    write(store, 1).await.expect("it works again without being reopened");
    assert!(store.gist_document(&ContentDigest([1; 32])).await.expect("read").is_some());
}

#[tokio::test]
async fn a_full_disk_is_named_and_left_behind_once_there_is_space() {
    let place = Place::new();
    let store = place.open().await.expect("opened");
    store.save_head(&head(7)).await.expect("saved");
    pragma(&store, "PRAGMA max_page_count = 1").await;
    let error = write(&store, 1).await.expect_err("full");
    assert!(matches!(error, StoreError::Full), "{error:?}");
    check(&store, &error, "free some on its disk").await;
    pragma(&store, "PRAGMA max_page_count = 1000000").await;
    check_recovery(&store).await;
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_leaves_no_connection_that_reads_old_data() {
    let place = Place::new();
    let store = place.open().await.expect("opened");
    store.save_head(&head(7)).await.expect("saved");
    // As an input or output error does during a read.
    for _ in 0..6 {
        let mut reading = store.read().await.expect("begun");
        sqlx::query("SELECT * FROM latest_head").fetch_all(&mut *reading).await.expect("read");
        sqlx::query("ROLLBACK").execute(&mut *reading).await.expect("ended");
    }
    store.save_head(&head(8)).await.expect("saved");
    for _ in 0..6 {
        let mut reading = store.read().await.expect("begun");
        let block: i64 =
            sqlx::query_scalar("SELECT block FROM latest_head").fetch_one(&mut *reading).await.expect("read");
        assert_eq!(block, 8);
    }
    store.save_head(&head(9)).await.expect("saved");
    let mut reading = store.read().await.expect("begun");
    let block: i64 = sqlx::query_scalar("SELECT block FROM latest_head").fetch_one(&mut *reading).await.expect("read");
    assert_eq!(block, 9);
}

#[tokio::test]
async fn a_lock_that_another_process_holds_is_named_and_waited_for() {
    let place = Place::new();
    let store = place.open().await.expect("opened");
    store.save_head(&head(7)).await.expect("saved");
    let other = place.open().await.expect("opened");
    let holding = other.writer.begin_with("BEGIN EXCLUSIVE").await.expect("locked");
    pragma(&store, "PRAGMA busy_timeout = 1").await;
    let error = write(&store, 1).await.expect_err("locked");
    assert!(matches!(error, StoreError::Busy), "{error:?}");
    check(&store, &error, "another process").await;
    holding.rollback().await.expect("released");
    check_recovery(&store).await;
}

#[tokio::test]
async fn a_database_that_became_read_only_is_named_and_written_again_once_it_can_be() {
    let place = Place::new();
    let store = place.open().await.expect("opened");
    store.save_head(&head(7)).await.expect("saved");
    pragma(&store, "PRAGMA query_only = ON").await;
    let error = write(&store, 1).await.expect_err("read-only");
    assert!(matches!(error, StoreError::ReadOnly), "{error:?}");
    check(&store, &error, "permissions").await;
    pragma(&store, "PRAGMA query_only = OFF").await;
    check_recovery(&store).await;
}

/// Overwrites bytes of the file, with nothing left in the log.
async fn damage(place: &Place, store: Store, from: u64, count: usize) {
    store.close().await;
    let mut file = std::fs::OpenOptions::new().write(true).open(place.file()).expect("the file");
    file.seek(SeekFrom::Start(from)).expect("a place");
    file.write_all(&vec![0xa5; count]).expect("written");
}

#[tokio::test]
async fn a_damaged_file_is_named_and_a_backup_restores_it() {
    for (from, count) in [(0, 100), (100, 4_000)] {
        let place = Place::new();
        let store = place.open().await.expect("opened");
        store.save_head(&head(7)).await.expect("saved");
        write(&store, 1).await.expect("written");
        let copy = place.folder.path().join("copy.db");
        store.back_up(&copy).await.expect("backed up");
        damage(&place, store, from, count).await;
        let error = place.open().await.expect_err("damaged");
        assert!(error.to_string().contains("Restore a backup"), "{from}: {error}");

        std::fs::copy(&copy, place.file()).expect("restored");
        let store = place.open().await.expect("sound");
        assert_eq!(store.latest_head().await.expect("read"), Some(head(7)));
        assert!(store.gist_document(&ContentDigest([1; 32])).await.expect("read").is_some());
    }
}

#[tokio::test]
async fn damage_that_is_met_while_reading_is_named_and_costs_no_other_reading() {
    let place = Place::new();
    let store = place.open().await.expect("opened");
    store.save_head(&head(7)).await.expect("saved");
    write(&store, 1).await.expect("written");
    let root: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_master WHERE name = 'gist_documents'")
        .fetch_one(&store.writer)
        .await
        .expect("a page");
    let page_bytes: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&store.writer).await.expect("a size");
    let (root, page_bytes) = (root.unsigned_abs(), page_bytes.unsigned_abs());
    damage(&place, store, (root - 1) * page_bytes, usize::try_from(page_bytes).expect("a size")).await;
    let store = place.open().await.expect("the schema is sound");
    let error = store.gist_document(&ContentDigest([1; 32])).await.expect_err("damaged");
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    assert!(error.to_string().contains("restore a backup"), "{error}");
    assert_eq!(store.latest_head().await.expect("read"), Some(head(7)), "the other tables");
    let target = place.folder.path().join("copy.db");
    let error = store.back_up(&target).await.expect_err("damaged");
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    assert_eq!(
        std::fs::read_dir(place.folder.path())
            .expect("a folder")
            .filter(|entry| { entry.as_ref().expect("an entry").file_name().to_string_lossy().contains("copy") })
            .count(),
        0,
        "nothing of a failed backup is left"
    );
}

#[tokio::test]
async fn a_backup_is_of_one_moment_while_the_validator_writes_and_replaces_nothing() {
    let place = Place::new();
    let store = place.open().await.expect("opened");
    write(&store, 1).await.expect("written");
    let target = place.folder.path().join("copy.db");
    // What an earlier backup that was killed has left.
    std::fs::write(place.folder.path().join("copy.db.unfinished"), "half").expect("written");
    let reader = Store::open_to_read(&format!("sqlite://{}", place.file().display())).await.expect("opened");
    let writing = async {
        for byte in 2..40 {
            write(&store, byte).await.expect("nobody is held up");
        }
    };
    let (backup, ()) = tokio::join!(reader.back_up(&target), writing);
    let backup = backup.expect("backed up");
    assert_eq!(backup.bytes, std::fs::metadata(&target).expect("a file").len());

    let copy = Store::open(&format!("sqlite://{}", target.display())).await.expect("a sound database");
    assert!(copy.gist_document(&ContentDigest([1; 32])).await.expect("read").is_some());
    let pointers = copy.gist_states().await.expect("read").len();
    let documents: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM gist_documents").fetch_one(&copy.writer).await.expect("a count");
    assert_eq!(i64::try_from(pointers).expect("few"), documents, "no half of a transaction");

    let before = std::fs::read(&target).expect("read");
    let error = store.back_up(&target).await.expect_err("refused");
    assert!(error.to_string().contains("not replaced"), "{error}");
    assert_eq!(std::fs::read(&target).expect("read"), before);
    let error = store.back_up(&place.folder.path().join("nowhere/copy.db")).await.expect_err("refused");
    assert!(error.to_string().contains("nowhere/copy.db"), "{error}");
}
