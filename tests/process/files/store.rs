//! The store is a file, whatever it is called: nobody else uses it under another name, and a validator notices when what has
//! its name is another file, or nothing.

use super::process::{Running, once, run, store};
use crate::support::{HeldSandbox, check_exit, folder};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

/// Starts a validator on a store and waits until it is at work.
fn validator(folder: &Path, store: &Path) -> Running {
    Running::start(run(folder, store, &[]), "weights are on chain")
}

#[test]
fn a_second_validator_is_refused_under_whatever_name_it_reaches_the_store() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let store = store(folder.path());
    let _first = validator(folder.path(), &store);
    let other_folder = folder.path().join("elsewhere");
    std::fs::create_dir(&other_folder).expect("a folder");
    let (soft, hard) = (other_folder.join("soft.db"), other_folder.join("hard.db"));
    symlink(&store, &soft).expect("a link");
    std::fs::hard_link(&store, &hard).expect("a link");
    for other in [soft, hard] {
        let stderr = check_exit(&once(folder.path(), &other), 1);
        assert!(stderr.contains("another tensorflix validator runs on"), "{}: {stderr}", other.display());
    }
}

/// Takes the store of a running validator away, and checks that it ends with the reason.
fn check_taken_away(take_away: impl FnOnce(&Path), words: &str) {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let store = store(folder.path());
    let validator = validator(folder.path(), &store);
    take_away(&store);
    let (code, log) = validator.end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains(words), "{log}");
}

#[test]
fn a_validator_whose_store_is_removed_ends_with_the_reason() {
    check_taken_away(|store| std::fs::remove_file(store).expect("removed"), "own.db is gone");
}

#[test]
fn a_validator_whose_store_is_emptied_ends_with_the_reason() {
    let empty = |store: &Path| std::fs::File::options().write(true).truncate(true).open(store).map(drop);
    check_taken_away(|store| empty(store).expect("emptied"), "own.db is empty");
}

#[test]
fn a_validator_whose_store_is_replaced_ends_with_the_reason() {
    let replace = |store: &Path| {
        let copy = store.with_extension("copy");
        std::fs::copy(store, &copy).expect("copied");
        std::fs::rename(&copy, store).expect("replaced");
    };
    check_taken_away(replace, "own.db is another file now");
}

#[test]
fn the_services_of_a_validator_whose_store_is_gone_say_so_before_it_ends() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let store = store(folder.path());
    let mut validator = validator(folder.path(), &store);
    std::fs::rename(&store, folder.path().join("moved.db")).expect("renamed");
    let since = Instant::now();
    loop {
        let (status, health) = validator.health("chain_syncer").expect("it answers until it has given the reason");
        if health.contains("own.db is gone") {
            assert_eq!(status, 503, "{health}");
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "not noticed within a minute: {health}");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(validator.end().0, Some(1));
}

#[test]
fn a_store_that_is_suddenly_empty_is_not_started_over_until_that_is_asked_for() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let store = store(folder.path());
    check_exit(&once(folder.path(), &store), 0);
    let kept = std::fs::read(&store).expect("a store");
    let lock = folder.path().join("own.db.lock");
    for what in ["removed", "emptied"] {
        if what == "removed" {
            std::fs::remove_file(&store).expect("removed");
        } else {
            std::fs::write(&store, "").expect("emptied");
        }
        for arguments in [&["run", "--once"][..], &["chain-syncer"], &["platform-tracker"]] {
            let mut command = crate::support::tensorflix(folder.path(), &[arguments, &["--config", "w.toml"]].concat());
            command.env("TENSORFLIX__STORE__URL", super::process::url(&store));
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
            let stderr = check_exit(&super::process::ended(command.spawn().expect("a process")), 1);
            assert!(stderr.contains("own.db.lock") && stderr.contains("backup"), "{what}, {arguments:?}: {stderr}");
        }
        assert!(std::fs::metadata(&store).map_or(0, |file| file.len()) == 0, "{what}: nothing was begun");
    }
    std::fs::write(&store, &kept).expect("restored");
    check_exit(&once(folder.path(), &store), 0);
    std::fs::remove_file(&store).expect("removed");
    std::fs::remove_file(&lock).expect("removed, on purpose");
    check_exit(&once(folder.path(), &store), 0);
}
