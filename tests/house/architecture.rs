//! What the documents and deny.toml say of this repository is true: the tests, files, folders, constants and settings that
//! ARCHITECTURE.md, README.md and `docs/` name exist, and the crates that are excused are those that are locked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A name in code quotes that is a test: words joined by underscores, too many of them for anything else in a document.
const FEWEST_WORDS_OF_A_TEST: usize = 6;

/// Names in code quotes with these endings are files of this repository.
const FILE_ENDINGS: [&str; 3] = ["rs", "toml", "md"];

/// Other names with a dot that are no settings: files that the process writes.
const OTHER_ENDINGS: [&str; 2] = ["log", "db"];

/// Names with a dot that are no settings: methods of YouTube's API.
const METHODS: [&str; 1] = ["videos.list"];

/// Folders without sources of ours.
const OTHERS: [&str; 2] = ["target", ".git"];

#[test]
fn every_test_that_a_document_names_exists() {
    let named = named(is_test_name);
    assert!(named.len() >= 20, "the documents name their tests: {named:?}");
    // Tests that a macro makes have no `fn` before their name.
    check("tests", named, |name| CODE.contains(name));
}

#[test]
fn every_file_and_folder_that_a_document_names_exists() {
    let all = files(root());
    let is_file = |name: &str| {
        let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| FILE_ENDINGS.contains(&ending)) && is_path(name)
    };
    check("files", named(is_file), |name| all.iter().any(|path| path.ends_with(name)));
    let is_folder = |name: &str| name.ends_with('/') && is_path(name);
    let folders = all.iter().filter_map(|path| path.parent()).flat_map(Path::ancestors).collect::<BTreeSet<_>>();
    check("folders", named(is_folder), |name| folders.iter().any(|path| path.ends_with(name)));
}

#[test]
fn every_link_in_a_document_leads_to_a_file() {
    for (path, text) in documents() {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.starts_with("https://")) {
            let file = target.split('#').next().expect("a part before the anchor");
            let folder = path.parent().expect("a folder");
            assert!(file.is_empty() || folder.join(file).exists(), "{} links to {target}", path.display());
        }
    }
}

#[test]
fn every_constant_and_variable_that_a_document_names_exists() {
    let named = named(is_constant);
    assert!(named.len() >= 50, "the documents name constants: {named:?}");
    check("constants or environment variables", named, |name| CODE.contains(name));
}

#[test]
fn every_item_of_a_module_or_type_that_a_document_names_exists() {
    let is_item = |name: &str| name.contains("::") && name.split("::").all(is_word);
    check("items", named(is_item), |name| name.rsplit("::").next().is_some_and(|last| CODE.contains(last)));
}

/// config.toml with the settings that it leaves to the profile: those are commented out.
fn settings() -> toml::Table {
    let text = std::fs::read_to_string(root().join("config.toml")).expect("readable");
    let (settings, _) = text.split_once("# [actors.").expect("the example for one actor comes last");
    let uncommented = settings.lines().map(|line| {
        let assigned = line.strip_prefix("# ").filter(|line| line.split(" = ").next().is_some_and(is_word));
        assigned.filter(|line| line.contains(" = ")).unwrap_or(line)
    });
    uncommented.collect::<Vec<_>>().join("\n").parse().expect("TOML")
}

#[test]
fn every_setting_that_a_document_names_is_in_config_toml() {
    let settings = settings();
    let named = named(|name| setting(name).is_some() && !METHODS.contains(&name));
    assert!(named.len() >= 20, "the documents name settings: {named:?}");
    check("settings", named, |name| {
        let (section, key) = setting(name).expect("a setting");
        match (settings.get(section), key) {
            (Some(section), Some(key)) => section.get(key).is_some(),
            (Some(_), None) => true,
            (None, _) => false,
        }
    });
}

/// More is no map. What is too long for it has a page in `docs/`.
const MOST_LINES: usize = 200;

#[test]
fn architecture_md_stays_short() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the document");
    assert!(text.lines().count() <= MOST_LINES, "{} lines", text.lines().count());
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
fn no_unmaintained_crate_is_locked_and_ignored_advisories_have_reasons() {
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

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// ARCHITECTURE.md, README.md and all pages of `docs/`, with their paths.
fn documents() -> Vec<(PathBuf, String)> {
    let pages = files(&root().join("docs")).into_iter().filter(|path| path.extension().is_some_and(|end| end == "md"));
    let all = ["ARCHITECTURE.md", "README.md"].into_iter().map(|name| root().join(name)).chain(pages);
    all.map(|path| (path.clone(), fs::read_to_string(path).expect("a document"))).collect()
}

/// What is in code quotes in any document, outside of blocks of code, and is of the kind that is asked for; with the documents.
fn named(is_kind: impl Fn(&str) -> bool) -> BTreeMap<String, BTreeSet<PathBuf>> {
    let mut found = BTreeMap::<String, BTreeSet<PathBuf>>::new();
    for (path, text) in documents() {
        let prose = text.split("```").step_by(2);
        let quoted = prose.flat_map(|text| text.split('`').skip(1).step_by(2)).flat_map(alternatives);
        for name in quoted.filter(|name| is_kind(name)) {
            found.entry(name).or_default().insert(path.clone());
        }
    }
    found
}

/// Fails with all names that are not there, and the documents that have them.
#[track_caller]
fn check(kind: &str, mut named: BTreeMap<String, BTreeSet<PathBuf>>, exists: impl Fn(&str) -> bool) {
    named.retain(|name, _| !exists(name));
    assert!(named.is_empty(), "documents name {kind} that do not exist: {named:#?}");
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_lower_word(name: &str) -> bool {
    is_word(name) && !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_path(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
}

fn is_test_name(name: &str) -> bool {
    // The rows of the table of attacks have shorter names.
    is_lower_word(name) && (name.split('_').count() >= FEWEST_WORDS_OF_A_TEST || name.starts_with("row_"))
}

fn is_constant(name: &str) -> bool {
    is_word(name) && name.contains('_') && !name.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// `section.key`, `section.key = value`, `[section]` or `[section] key`, as section and key.
fn setting(name: &str) -> Option<(&str, Option<&str>)> {
    let name = name.split(" = ").next().expect("a part before the value");
    let (section, key) = match name.strip_prefix('[') {
        Some(rest) => {
            rest.split_once(']').map(|(section, key)| (section, Some(key.trim()).filter(|key| !key.is_empty())))?
        }
        None => name.split_once('.').map(|(section, key)| (section, Some(key)))?,
    };
    let is_file = key.is_some_and(|key| FILE_ENDINGS.contains(&key) || OTHER_ENDINGS.contains(&key));
    let is_section = is_lower_word(section) && section.starts_with(|first: char| first.is_ascii_lowercase());
    (is_section && key.is_none_or(is_lower_word) && !is_file).then_some((section, key))
}

/// The words of all sources but this one, comments left out, and of config.toml.
static CODE: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let sources = files(root()).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let mut words = BTreeSet::new();
    for path in sources.filter(|path| !path.ends_with("house/architecture.rs")).chain([root().join("config.toml")]) {
        let text = fs::read_to_string(path).expect("a source is text");
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            words.extend(line.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').map(str::to_owned));
        }
    }
    words
});

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn alternatives(name: &str) -> Vec<String> {
    match name.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?))) {
        Some((head, (inner, tail))) => inner.split(',').map(|one| format!("{head}{one}{tail}")).collect(),
        None => vec![name.to_owned()],
    }
}

/// All files below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !OTHERS.iter().any(|other| path.ends_with(other)) {
                found.extend(files(&path));
            }
        } else {
            found.push(path);
        }
    }
    found
}
