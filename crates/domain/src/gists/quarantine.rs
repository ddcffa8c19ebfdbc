//! What crashed its handling: a bug of ours, met by something that somebody else wrote. It is left alone once it has
//! crashed [`MOST_CRASHES`] times, until its content changes, so that one item never costs more than itself.

use crate::gist_record::ContentDigest;
use std::fmt;

/// Crashes after which an item is left alone.
pub const MOST_CRASHES: u32 = 3;

/// What kind of thing an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// A gist, read as submissions.
    SubmissionGist,
    /// A gist, read as tasks.
    TaskGist,
    /// What a platform says of a content.
    Content,
    /// The decision of a cycle.
    Decision,
}

impl ItemKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::SubmissionGist, Self::TaskGist, Self::Content, Self::Decision];

    /// Its name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SubmissionGist => "submission_gist",
            Self::TaskGist => "task_gist",
            Self::Content => "content",
            Self::Decision => "decision",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An item in one form: the same item with another content is another one, with a clean record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Which one: a pointer to a gist, a content id, a cycle's number.
    pub id: String,
    /// Digest of its content, and of whatever else makes it worth another attempt.
    pub digest: ContentDigest,
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.name(), self.id)
    }
}
