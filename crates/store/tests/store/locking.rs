//! One validator for a database, under any name; the identity of a database; and a file that is removed.

use crate::samples::{Place, claim, stamp};
use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::Duration;
use tensorflix_domain::head::Head;
use tensorflix_store::{Loss, Store, StoreError, ValidatorLock};

fn head(block: u32) -> Head {
    Head { stamp: stamp(block), hash: [0; 32] }
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// A database that a validator has used, and has left.
async fn used(place: &Place) {
    let mut lock = ValidatorLock::take(&place.url()).expect("nobody else");
    let store = lock.open().await.expect("opened");
    store.save_head(&head(7)).await.expect("saved");
    store.close().await;
}

#[tokio::test]
async fn a_second_validator_is_refused_under_any_name_until_the_first_has_ended() {
    let (place, other) = (Place::new(), Place::new());
    let (soft, hard) = (other.folder().join("soft.db"), other.folder().join("hard.db"));
    let mut lock = ValidatorLock::take(&place.url()).expect("the first");
    let store = lock.open().await.expect("opened");
    symlink(place.file(), &soft).expect("a link");
    std::fs::hard_link(place.file(), &hard).expect("a link");
    for name in [&place.file(), &soft, &hard] {
        let error = ValidatorLock::take(&url(name)).expect_err("the second");
        assert!(matches!(error, StoreError::OtherValidator { .. }), "{error}");
    }
    // The locks that SQLite has on the file are still there: another connection cannot take all of it.
    store.save_head(&head(8)).await.expect("it is still the one that writes");
    drop(lock);
    let error = ValidatorLock::take(&url(&hard)).expect_err("a name that it was not used with");
    assert!(error.to_string().contains("2 names"), "{error}");
    for name in [&place.file(), &soft] {
        drop(ValidatorLock::take(&url(name)).expect("the only one"));
    }
}

#[tokio::test]
async fn a_lock_file_that_is_deleted_lets_no_second_validator_in() {
    let place = Place::new();
    let mut lock = ValidatorLock::take(&place.url()).expect("the first");
    let _store = lock.open().await.expect("opened");
    std::fs::remove_file(place.folder().join("tensorflix.db.lock")).expect("removed");
    let error = ValidatorLock::take(&place.url()).expect_err("the second, without the file beside it");
    assert!(matches!(error, StoreError::OtherValidator { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_or_different_database_is_not_replaced_until_the_lock_file_is_deleted() {
    let place = Place::new();
    used(&place).await;
    let lock = place.folder().join("tensorflix.db.lock");
    std::fs::remove_file(place.file()).expect("removed");
    let check_vanished = |words: &str| {
        let error = ValidatorLock::take(&place.url()).expect_err("refused");
        assert!(matches!(error, StoreError::Vanished { .. }), "{error}");
        for part in [words, "tensorflix.db.lock", "restore a backup", "on purpose"] {
            assert!(error.to_string().contains(part), "{part:?} is not in {error}");
        }
    };
    check_vanished("is not there");
    assert!(!place.file().exists(), "nothing was made");
    std::fs::write(place.file(), "").expect("emptied");
    check_vanished("is empty");

    let other = Place::new();
    used(&other).await;
    std::fs::copy(other.file(), place.file()).expect("replaced");
    let error = ValidatorLock::take(&place.url()).expect_err("refused");
    assert!(matches!(error, StoreError::OtherStore { .. }), "{error}");
    std::fs::remove_file(&lock).expect("removed, on purpose");
    used(&place).await;
    std::fs::remove_file(&lock).expect("removed, on purpose");
    std::fs::remove_file(place.file()).expect("removed");
    used(&place).await;
}

#[tokio::test]
async fn a_backup_is_the_same_database_and_one_of_an_earlier_release_becomes_one() {
    let place = Place::new();
    // As written by a release that gave databases no number.
    place.open().await.close().await;
    used(&place).await;
    let store = place.open().await;
    let copy = place.folder().join("copy.db");
    store.back_up(&copy).await.expect("backed up");
    store.close().await;
    std::fs::copy(&copy, place.file()).expect("restored");
    used(&place).await;
}

#[tokio::test]
async fn a_lock_file_that_is_a_link_is_not_followed() {
    let place = Place::new();
    let victim = place.folder().join("victim");
    std::fs::write(&victim, "theirs").expect("written");
    symlink(&victim, place.folder().join("tensorflix.db.lock")).expect("a link");
    let error = ValidatorLock::take(&place.url()).expect_err("refused");
    assert!(error.to_string().contains("tensorflix.db.lock"), "{error}");
    assert_eq!(std::fs::read_to_string(&victim).expect("text"), "theirs");
}

#[tokio::test]
async fn a_file_that_is_taken_away_is_noticed_and_nothing_more_is_written() {
    for what in ["removed", "emptied", "replaced"] {
        let (place, other) = (Place::new(), Place::new());
        let mut lock = ValidatorLock::take(&place.url()).expect("nobody else");
        let store = lock.open().await.expect("opened");
        store.save_head(&head(7)).await.expect("saved");
        let noticed = tokio::time::timeout(Duration::ZERO, store.lost()).await;
        assert!(noticed.is_err(), "nothing is wrong yet");
        match what {
            "removed" => std::fs::remove_file(place.file()).expect("removed"),
            "emptied" => OpenOptions::new().write(true).truncate(true).open(place.file()).map(drop).expect("emptied"),
            _ => {
                used(&other).await;
                std::fs::rename(other.file(), place.file()).expect("replaced");
            }
        }
        let loss = store.lost().await;
        let expected = match what {
            "removed" => matches!(loss, Loss::Gone { .. }),
            "emptied" => matches!(loss, Loss::Emptied { .. }),
            _ => matches!(loss, Loss::Replaced { .. }),
        };
        assert!(expected, "{what}: {loss}");
        let error = store.save_head(&head(8)).await.expect_err("refused");
        assert!(matches!(error, StoreError::Lost(_)), "{what}: {error}");
        let error = store.record_claims(&[claim("t", 2, 1, 75)], &[]).await.expect_err("refused");
        assert!(matches!(error, StoreError::Lost(_)), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_write_finds_out_by_itself_that_the_file_is_another() {
    let (place, other) = (Place::new(), Place::new());
    let store = place.open().await;
    other.open().await.close().await;
    std::fs::rename(other.file(), place.file()).expect("replaced");
    let error = store.save_head(&head(8)).await.expect_err("refused");
    assert!(matches!(error, StoreError::Lost(Loss::Replaced { .. })), "{error}");
    assert!(matches!(store.loss(), Some(Loss::Replaced { .. })));
}

#[tokio::test]
async fn damage_loses_the_database_for_good_and_what_may_pass_does_not() {
    let store = Store::open("sqlite::memory:").await.expect("opened");
    for passing in [StoreError::Full, StoreError::Busy, StoreError::Disk("?".to_owned()), StoreError::ReadOnly] {
        store.noted::<()>(Err(passing)).expect_err("as it came");
        assert_eq!(store.loss(), None);
    }
    store.noted::<()>(Err(StoreError::Damaged("a page".to_owned()))).expect_err("as it came");
    let words = store.lost().await.to_string();
    assert!(words.contains("damaged: a page") && words.contains("restore a backup"), "{words}");
    store.save_head(&head(8)).await.expect_err("nothing more is written");
}

#[tokio::test]
async fn its_files_are_for_their_owner_alone() {
    let place = Place::new();
    let mut lock = ValidatorLock::take(&place.url()).expect("nobody else");
    let store = lock.open().await.expect("opened");
    store.save_head(&head(7)).await.expect("saved");
    let copy = place.folder().join("copy.db");
    store.back_up(&copy).await.expect("backed up");
    for name in ["tensorflix.db", "tensorflix.db-wal", "tensorflix.db-shm", "tensorflix.db.lock", "copy.db"] {
        let mode = std::fs::metadata(place.folder().join(name)).expect("a file").mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
