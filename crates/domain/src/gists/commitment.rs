//! What a neuron commits on chain: where its gist is.
//!
//! The text is exactly `username:gist_id` or `username:gist_id@revision`. The grammar is checked first: what passes can
//! be put into a URL's path as it is.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a neuron's gist is, and which revision if the commitment pins one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GistPointer {
    username: String,
    gist_id: String,
    revision: Option<String>,
}

/// A commitment that is not `username:gist_id[@revision]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not `username:gist_id` or `username:gist_id@revision`: {0}")]
pub struct NotAPointer(&'static str);

impl GistPointer {
    /// The GitHub login that must own the gist.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The gist's id.
    pub fn gist_id(&self) -> &str {
        &self.gist_id
    }

    /// The revision that the commitment pins, if it does.
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }
}

/// GitHub's logins: letters, digits and single hyphens inside, at most 39 characters.
fn is_username(text: &str) -> bool {
    (1..=39).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
}

/// Gist ids are lower-case hexadecimal, 20 characters for old ones and 32 today; very old ones are decimal numbers.
fn is_gist_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

fn is_revision(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

impl FromStr for GistPointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let (username, rest) = text.split_once(':').ok_or(NotAPointer("there is no colon"))?;
        let (gist_id, revision) = match rest.split_once('@') {
            Some((gist_id, revision)) => (gist_id, Some(revision)),
            None => (rest, None),
        };
        if !is_username(username) {
            return Err(NotAPointer("the user name is not one that GitHub gives"));
        }
        if !is_gist_id(gist_id) {
            return Err(NotAPointer("the gist id is not hexadecimal"));
        }
        if revision.is_some_and(|revision| !is_revision(revision)) {
            return Err(NotAPointer("the revision is not 40 hexadecimal digits"));
        }
        Ok(Self { username: username.to_owned(), gist_id: gist_id.to_owned(), revision: revision.map(str::to_owned) })
    }
}

impl TryFrom<String> for GistPointer {
    type Error = NotAPointer;

    fn try_from(text: String) -> Result<Self, NotAPointer> {
        text.parse()
    }
}

impl From<GistPointer> for String {
    fn from(pointer: GistPointer) -> Self {
        pointer.to_string()
    }
}

impl fmt::Display for GistPointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.username, self.gist_id)?;
        match &self.revision {
            Some(revision) => write!(formatter, "@{revision}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";
    const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn only_the_exact_form_is_a_commitment() {
        for (text, accepted) in [
            (format!("alice:{ID}"), true),
            (format!("a-l-i-c-e:{ID}@{REVISION}"), true),
            (format!("alice:{ID}@"), false),
            (format!("alice:{ID}@main"), false),
            (format!(" alice:{ID}"), false),
            (format!("alice:{ID}\n"), false),
            (format!("alice/{ID}"), false),
            (format!("alice:{ID}:x"), false),
            (format!("-alice:{ID}"), false),
            (format!("al_ice:{ID}"), false),
            (format!("../etc:{ID}"), false),
            ("alice:".to_owned(), false),
            (format!(":{ID}"), false),
            (format!("alice:{}", ID.to_uppercase()), false),
            ("https://gist.github.com/alice/1".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(text.parse::<GistPointer>().is_ok(), accepted, "{text:?}");
        }
    }

    #[test]
    fn a_pointer_is_written_as_it_was_read() {
        for text in [format!("alice:{ID}"), format!("bob:{ID}@{REVISION}")] {
            assert_eq!(text.parse::<GistPointer>().map(|pointer| pointer.to_string()), Ok(text));
        }
    }
}
