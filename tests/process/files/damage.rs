//! A damaged store ends the process, with words that say how to restore it: nothing that is tried again repairs a page.

use super::process::{Running, once, run, store, url};
use crate::support::{HeldSandbox, check_exit, folder, tensorflix};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;
use tensorflix::wiring::sandbox_config;
use tensorflix_sandbox::node::Pace;
use tensorflix_sandbox::{Sandbox, SandboxConfig};

const PAGE_BYTES: u64 = 4_096;

/// Kinds of pages that hold rows or keys of tables and indexes, by their first byte,
/// <https://sqlite.org/fileformat.html#b_tree_pages>.
const TREE_PAGES: [u8; 4] = [2, 5, 10, 13];

/// Overwrites the header of each page that belongs to a tree, from page `first` on.
fn damage(file: &Path, first: u64) {
    let pages = std::fs::metadata(file).expect("a store").len() / PAGE_BYTES;
    let file = OpenOptions::new().read(true).write(true).open(file).expect("a store");
    for page in first..pages {
        let mut kind = [0];
        file.read_exact_at(&mut kind, page * PAGE_BYTES).expect("read");
        if TREE_PAGES.contains(&kind[0]) {
            file.write_all_at(&[0xa5; 16], page * PAGE_BYTES).expect("written");
        }
    }
}

/// The first page behind those of the schema, which is read whole when a store is opened.
fn behind_schema(file: &Path) -> u64 {
    let bytes = std::fs::read(file).expect("a store");
    let last = bytes.windows(6).rposition(|piece| piece == b"CREATE").expect("a schema");
    last as u64 / PAGE_BYTES + 1
}

/// Puts a backup of a store in its place, as an operator does: all of it in one file, nothing in its log.
fn restore(folder: &Path, store: &Path) {
    let mut backup = tensorflix(folder, &["backup", "copy.db", "--config", "w.toml"]);
    check_exit(&backup.env("TENSORFLIX__STORE__URL", url(store)).output().expect("backup"), 0);
    for log in ["own.db-wal", "own.db-shm"] {
        let _ = std::fs::remove_file(folder.join(log));
    }
    std::fs::rename(folder.join("copy.db"), store).expect("restored");
}

#[test]
fn one_cycle_on_a_damaged_store_ends_at_once_and_says_how_to_restore_it() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let store = store(folder.path());
    check_exit(&once(folder.path(), &store), 0);
    restore(folder.path(), &store);
    damage(&store, behind_schema(&store));
    let stderr = check_exit(&once(folder.path(), &store), 1);
    assert!(stderr.contains("is damaged") && stderr.contains("backup"), "{stderr}");
}

#[test]
fn a_store_damaged_while_it_is_used_ends_the_validator_with_how_to_restore_it() {
    let folder = folder();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Its chain goes on, so that the validator reads and writes.
    let world = SandboxConfig { pace: Pace::Every(Duration::from_millis(100)), ..SandboxConfig::default() };
    let sandbox = runtime.block_on(Sandbox::start(world)).expect("a sandbox");
    let config = sandbox_config::write(&sandbox, folder.path(), "own.db").expect("written");
    std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");
    let store = store(folder.path());
    let validator = Running::start(run(folder.path(), &store, &[]), "weights are on chain");
    // As a disk does that loses what was written: the log too, from which pages are read first.
    let log = folder.path().join("own.db-wal");
    let bytes = usize::try_from(std::fs::metadata(&log).expect("a log").len()).expect("small");
    let log = OpenOptions::new().write(true).open(&log).expect("a log");
    log.write_all_at(&vec![0xa5; bytes], 0).expect("written");
    damage(&store, 1);
    let (code, log) = validator.end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("is damaged") && log.contains("backup"), "{log}");
    runtime.block_on(sandbox.stop());
}
