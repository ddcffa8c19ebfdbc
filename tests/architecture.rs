//! What ARCHITECTURE.md and deny.toml say of this repository is true: the tests and files that are named exist, and the crates that are
//! excused are those that are locked.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot run must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A name in code quotes that is a test: words joined by underscores, too many of them for anything else in the document.
const FEWEST_WORDS_OF_A_TEST: usize = 6;

/// Folders without sources of ours.
const OTHERS: [&str; 2] = ["target", ".git"];

#[test]
fn every_test_that_the_document_names_exists() {
    let document = document();
    let named = quoted(&document).filter(|name| is_test_name(name)).collect::<BTreeSet<_>>();
    assert!(named.len() >= 20, "the document names its tests: {named:?}");
    let sources = sources(root());
    let written = sources.iter().map(|path| fs::read_to_string(path).expect("a source is text")).collect::<Vec<_>>();
    let missing = named
        .into_iter()
        .filter(|name| !written.iter().any(|text| text.contains(&format!("fn {name}("))))
        .collect::<Vec<_>>();
    assert!(missing.is_empty(), "ARCHITECTURE.md names tests that are not there: {missing:#?}");
}

#[test]
fn every_file_that_the_document_names_exists() {
    let document = document();
    let sources = sources(root());
    let missing = quoted(&document)
        .flat_map(alternatives)
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "rs"))
        .filter(|name| !sources.iter().any(|path| path.ends_with(name)))
        .collect::<Vec<_>>();
    assert!(missing.is_empty(), "ARCHITECTURE.md names files that are not there: {missing:#?}");
}

/// Half of what it was when it was first counted.
const MOST_CRATES_IN_SEVERAL_VERSIONS: usize = 24;

#[test]
fn crates_in_several_versions_are_few_and_each_has_its_reason_in_deny_toml() {
    let mut versions = BTreeMap::<String, BTreeSet<String>>::new();
    for (name, version) in locked(&root().join("Cargo.lock")) {
        versions.entry(name).or_default().insert(version);
    }
    versions.retain(|_, all| all.len() > 1);
    assert!(versions.len() <= MOST_CRATES_IN_SEVERAL_VERSIONS, "{}: {versions:#?}", versions.len());
    let repeated = versions.values().map(|all| all.len() - 1).sum::<usize>();

    let rules = parsed(&root().join("deny.toml"));
    let excused = rules["bans"]["skip"].as_array().expect("a list");
    assert_eq!(excused.len(), repeated, "an excuse too many or too few: {versions:#?}");
    for excuse in excused {
        let (name, wanted) = excuse["crate"].as_str().and_then(|text| text.split_once('@')).expect("name@version");
        let reason = excuse["reason"].as_str().expect("a reason");
        let of_it = versions.get(name).is_some_and(|all| all.iter().any(|one| one.starts_with(&format!("{wanted}."))));
        assert!(of_it && !reason.is_empty(), "{name} {wanted} is excused, and locked as {:?}", versions.get(name));
    }
}

/// Found by auditors of lock files. What replaced them is in use; they must not come back by another way.
const UNMAINTAINED: [&str; 5] = ["derivative", "libsecp256k1", "paste", "serde_cbor", "timelock"];

#[test]
fn what_nobody_maintains_is_in_neither_lock_and_the_rest_has_its_reason_in_deny_toml() {
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let found = locked(&root().join(lock));
        assert!(found.len() > 100, "{lock} has the crates");
        let bad = found.iter().filter(|(name, _)| UNMAINTAINED.contains(&name.as_str())).collect::<Vec<_>>();
        assert!(bad.is_empty(), "{lock}: {bad:?}");
    }
    let rules = parsed(&root().join("deny.toml"));
    for advisory in rules["advisories"]["ignore"].as_array().expect("a list") {
        assert!(advisory["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{advisory}");
    }
}

/// Names and versions in a lock file.
fn locked(path: &Path) -> Vec<(String, String)> {
    let lock = parsed(path);
    let packages = lock["package"].as_array().expect("packages").iter();
    let text = |package: &toml::Value, key: &str| package[key].as_str().expect("text").to_owned();
    packages.map(|package| (text(package, "name"), text(package, "version"))).collect()
}

fn parsed(path: &Path) -> toml::Table {
    fs::read_to_string(path).expect("a file").parse().expect("TOML")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the document")
}

/// What stands in code quotes, outside of blocks of code.
fn quoted(document: &str) -> impl Iterator<Item = &str> {
    let prose = document.split("```").step_by(2);
    prose.flat_map(|text| text.split('`').skip(1).step_by(2))
}

fn is_test_name(name: &str) -> bool {
    name.split('_').count() >= FEWEST_WORDS_OF_A_TEST
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn alternatives(name: &str) -> Vec<String> {
    match name.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?))) {
        Some((head, (inner, tail))) => inner.split(',').map(|one| format!("{head}{one}{tail}")).collect(),
        None => vec![name.to_owned()],
    }
}

/// All Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !OTHERS.iter().any(|other| path.ends_with(other)) {
                found.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
