//! Words that must not appear in what people read: logs, errors, help, reports, settings, documents and comments. Each is
//! old-fashioned or vague; beside it is what operators expect to read.

use super::architecture::{files, root};
use std::fs;
use std::path::Path;

/// A word or phrase, and plainer ones for the same.
const FORBIDDEN: &[(&str, &str)] = &[
    ("anew", "again"),
    ("whoever", "the operator, the caller, the miner"),
    ("whose", "with, of which"),
    ("is told", "receives, is sent"),
    ("are told", "receive, are sent"),
    ("was told", "received, was sent"),
    ("were told", "received, were sent"),
    ("be told", "receive, be sent"),
    ("been told", "received, been sent"),
    ("be had", "be read"),
    ("is had", "is available"),
    ("stands", "is, is kept, remains valid"),
    ("rests", "is paused"),
    ("rested", "was paused"),
    ("resting", "paused"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("lets go of", "drops"),
    ("let go of", "dropped"),
    ("letting go of", "dropping"),
    ("comes to", "amounts to"),
    ("came to", "amounted to"),
    ("a content", "an item, a video, a reel"),
    ("one content", "one item"),
    ("each content", "each item"),
    ("every content", "every item"),
    ("another content", "another item"),
    ("any content", "any item"),
    ("doubts", "rejects, suspects"),
    ("doubted", "rejected, suspected"),
    ("looked at", "checked, read, examined"),
    ("look at this", "hint"),
    ("heard of", "observed, known"),
    ("listened on", "bound"),
    ("left alone", "skipped, unchanged"),
    ("again and again", "repeatedly"),
    ("costs no", "is kept, loses no"),
    ("how we stand", "consensus"),
    ("says nothing", "does not say, gives no information"),
    ("knows nothing", "does not know"),
    ("of old", "earlier"),
    ("long past", "that passed long ago"),
    ("in vain", "without success"),
    ("at hand", "available"),
];

/// Where a word is a name that others use, or a text that was stored.
const EXCEPTIONS: &[(&str, &str)] = &[
    // A key of `tasks --output json`.
    ("src/commands/tasks/json.rs", "stands"),
    ("tests/process/commands/", "stands"),
];

/// Files with these endings are read.
const READ: [&str; 4] = ["rs", "md", "toml", "html"];

/// Files that are not ours to reword: recorded data, and this list.
const NOT_READ: [&str; 2] = ["/data/", "tests/house/words.rs"];

struct Source {
    /// From the repository's root.
    path: String,
    text: String,
}

#[test]
fn no_text_uses_a_word_that_operators_would_stumble_over() {
    let mut found = Vec::new();
    for Source { path, text } in sources() {
        for (number, line) in (1..).zip(text.lines()) {
            let lower = line.to_lowercase();
            for (word, plain) in FORBIDDEN.iter().filter(|(word, _)| has_word(&lower, word)) {
                if !EXCEPTIONS.iter().any(|(file, known)| path.starts_with(file) && known == word) {
                    found.push(format!("{path}:{number}: \"{word}\" (better: {plain}): {}", line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_exception_is_still_needed() {
    for (file, word) in EXCEPTIONS {
        let is_used = |source: &Source| source.path.starts_with(file) && has_word(&source.text.to_lowercase(), word);
        assert!(sources().iter().any(is_used), "{file} has no \"{word}\" any more: remove the exception");
    }
}

/// Whether a text has a word that no letter, digit or underscore continues.
fn has_word(text: &str, word: &str) -> bool {
    let continues = |character: Option<char>| character.is_some_and(|one| one.is_alphanumeric() || one == '_');
    // `&'a Content` is a lifetime and a type.
    let is_lifetime = |before: Option<char>| before == Some('\'');
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        !continues(before) && !is_lifetime(before) && !continues(text[start + word.len()..].chars().next())
    })
}

fn sources() -> Vec<Source> {
    let is_read =
        |path: &Path| path.extension().and_then(|ending| ending.to_str()).is_some_and(|one| READ.contains(&one));
    files(root())
        .into_iter()
        .filter(|path| is_read(path))
        .map(|path| (path.strip_prefix(root()).expect("below the root").display().to_string(), path))
        .filter(|(name, _)| !NOT_READ.iter().any(|part| name.contains(part)))
        .map(|(name, path)| Source { path: name, text: fs::read_to_string(path).expect("readable") })
        .collect()
}
