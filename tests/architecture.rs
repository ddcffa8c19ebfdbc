//! What ARCHITECTURE.md says of this repository is true: the tests that it names exist, and so do the files.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot run must fail")]

use std::collections::BTreeSet;
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
