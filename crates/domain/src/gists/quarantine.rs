//! Quarantine: items that crashed their handling, which is a bug of ours triggered by data from outside. An item is
//! skipped after [`MOST_CRASHES`] crashes until its content changes, so that it affects nothing but itself.

use crate::gist_record::ContentDigest;
use std::fmt;

/// Crashes after which an item is skipped.
pub const MOST_CRASHES: u32 = 3;

/// What kind of thing an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// A gist, read as submissions.
    SubmissionGist,
    /// A gist, read as tasks.
    TaskGist,
    /// A platform's answer about an item.
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

/// An item in one form: the same item with different content counts as another one, without recorded crashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Which one: a pointer to a gist, the id of a platform's item, a cycle's number.
    pub id: String,
    /// Digest of its content, and of everything else that makes it worth another attempt.
    pub digest: ContentDigest,
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.name(), self.id)
    }
}
