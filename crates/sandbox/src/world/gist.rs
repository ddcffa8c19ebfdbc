//! Gists and their revisions, as GitHub keeps them.

use std::sync::Arc;

use sha2::{Digest, Sha256};

/// Hex digits of a revision.
const SHA_LENGTH: usize = 40;

/// One file of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GistFile {
    /// Its name.
    pub name: String,
    /// Its bytes, whatever they are.
    pub bytes: Arc<[u8]>,
}

impl GistFile {
    /// A file with this name and these bytes.
    pub fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), bytes: bytes.into().into() }
    }
}

/// One state of a gist.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The block at which it was pushed.
    pub block: u32,
    /// Its name: 40 hex digits that follow from its content and its parent.
    pub sha: String,
    /// Its files, by name.
    pub files: Vec<GistFile>,
}

/// A gist with its whole history.
#[derive(Clone, Debug)]
pub struct Gist {
    /// 32 hex digits.
    pub id: String,
    /// Login of its owner.
    pub owner: String,
    /// GitHub's number of the owner, which outlives a rename.
    pub owner_id: u64,
    /// False for a secret gist.
    pub public: bool,
    /// What its owner calls it.
    pub description: String,
    /// Oldest first; never empty.
    revisions: Vec<Revision>,
}

impl Gist {
    /// A gist with its first revision, pushed at `block`.
    pub fn new(id: String, owner: String, owner_id: u64, description: &str, block: u32, files: Vec<GistFile>) -> Self {
        let mut gist =
            Self { id, owner, owner_id, public: true, description: description.to_owned(), revisions: Vec::new() };
        gist.push(block, files);
        gist
    }

    /// Adds a revision and returns its name. Revisions are pushed in the order of their blocks.
    pub fn push(&mut self, block: u32, mut files: Vec<GistFile>) -> String {
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let parent = self.revisions.last().map_or(self.id.as_str(), |revision| revision.sha.as_str());
        let sha = revision_sha(parent, block, &files);
        self.revisions.push(Revision { block, sha: sha.clone(), files });
        sha
    }

    /// Drops what was planned for after this block, so that an edit by a test is the newest state from then on.
    pub(crate) fn forget_after(&mut self, block: u32) {
        self.revisions.retain(|revision| revision.block <= block);
    }

    /// The revisions that exist at this block, oldest first; empty before the gist was created.
    pub fn revisions(&self, block: u32) -> &[Revision] {
        &self.revisions[..self.revisions.partition_point(|revision| revision.block <= block)]
    }

    /// The newest revision at this block.
    pub fn newest(&self, block: u32) -> Option<&Revision> {
        self.revisions(block).last()
    }

    /// A revision by its name, once it exists.
    pub fn revision(&self, sha: &str, block: u32) -> Option<&Revision> {
        self.revisions(block).iter().find(|revision| revision.sha == sha)
    }
}

fn revision_sha(parent: &str, block: u32, files: &[GistFile]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(parent);
    hasher.update(block.to_le_bytes());
    for file in files {
        hasher.update(file.name.len().to_le_bytes());
        hasher.update(&file.name);
        hasher.update(file.bytes.len().to_le_bytes());
        hasher.update(&file.bytes);
    }
    let mut sha = hex::encode(hasher.finalize());
    sha.truncate(SHA_LENGTH);
    sha
}
