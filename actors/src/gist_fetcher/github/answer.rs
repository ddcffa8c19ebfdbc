//! What GitHub's API says about a gist: the fields that are read, and what they mean.

use super::failure::ItemFailure;
use crate::outbound::json_parts::{decoded, members};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer, OwnerRecord};
use tensorflix_domain::gist_record::{ContentDigest, GistOutcome};

/// What GitHub says about a gist beside its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GistDescription {
    /// The owner's login; `None` if it belongs to no account.
    pub login: Option<String>,
    /// Whether it is public, if GitHub says.
    pub public: Option<bool>,
    /// The names of its files, in order.
    pub files: Vec<String>,
}

/// Most names of files that are kept; GitHub lists at most 300.
const MAX_FILES: usize = 300;

/// What is read of an API answer. A field that cannot be read affects only what it is about.
#[derive(Default)]
pub(super) struct ApiGist {
    owner: Option<ApiOwner>,
    updated_at: Option<Value>,
    public: Option<bool>,
    files: BTreeSet<String>,
    /// The first file by name.
    first: Option<(String, Result<ApiFile, ItemFailure>)>,
}

#[derive(Deserialize)]
struct ApiOwner {
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    id: Option<u64>,
}

#[derive(Deserialize)]
struct ApiFile {
    #[serde(default)]
    truncated: bool,
    #[serde(default)]
    content: Option<String>,
}

impl ApiGist {
    /// Reads an answer. The owner and the visibility of the gist have to be readable where they are given: nothing is
    /// accepted without them.
    pub(super) fn read(body: &[u8]) -> Result<Self, ItemFailure> {
        let malformed = |what: &str| ItemFailure::Malformed(what.to_owned());
        let of_json = |error: serde_json::Error| ItemFailure::Malformed(error.to_string());
        let mut gist = Self::default();
        for part in members(body).ok_or_else(|| malformed("not a JSON object"))? {
            let part = part.map_err(|_| malformed("an incomplete JSON object"))?;
            match part.name().as_deref() {
                Some("owner") => gist.owner = serde_json::from_slice(part.value).map_err(of_json)?,
                Some("public") => gist.public = serde_json::from_slice(part.value).map_err(of_json)?,
                Some("updated_at") => gist.updated_at = decoded(part.value),
                Some("files") => gist.read_files(part.value)?,
                _ => {}
            }
        }
        Ok(gist)
    }

    fn read_files(&mut self, files: &[u8]) -> Result<(), ItemFailure> {
        let malformed = || ItemFailure::Malformed("its files are not an object".to_owned());
        for part in members(files).ok_or_else(malformed)? {
            let part = part.map_err(|_| malformed())?;
            // A name that cannot be read still counts in the order of the others.
            let name = part.name().unwrap_or_else(|| String::from_utf8_lossy(part.key).trim_matches('"').to_owned());
            if part.value != b"null" && self.first.as_ref().is_none_or(|(first, _)| name <= *first) {
                let file = serde_json::from_slice(part.value)
                    .map_err(|error: serde_json::Error| ItemFailure::Malformed(error.to_string()));
                self.first = Some((name.clone(), file));
            }
            self.files.insert(name);
            if self.files.len() > MAX_FILES {
                self.files.pop_last();
            }
        }
        Ok(())
    }

    pub(super) fn description(self) -> GistDescription {
        let login = self.owner.and_then(|owner| owner.login);
        GistDescription { login, public: self.public, files: self.files.into_iter().collect() }
    }

    pub(super) fn owner(&self) -> OwnerAnswer {
        OwnerAnswer::Described {
            login: self.owner.as_ref().and_then(|owner| owner.login.clone()),
            owner_id: self.owner.as_ref().and_then(|owner| owner.id),
            public: self.public,
        }
    }

    /// GitHub's own time of the last change.
    pub(super) fn updated_at(&self) -> Result<Moment, ItemFailure> {
        let text = self.updated_at.as_ref().and_then(Value::as_str);
        text.and_then(Moment::parse).ok_or_else(|| ItemFailure::Malformed("no time of its last change".to_owned()))
    }

    /// The content: of several files the first by name, as at the raw address.
    pub(super) fn content(self, etag: Option<String>, max_gist_bytes: usize) -> Result<GistOutcome, ItemFailure> {
        let (_, file) = self.first.ok_or_else(|| ItemFailure::Malformed("the gist has no file".to_owned()))?;
        let file = file?;
        match file.content {
            Some(content) if !file.truncated && content.len() <= max_gist_bytes => {
                Ok(fetched(etag, content.into_bytes()))
            }
            _ => Err(ItemFailure::TooLarge(max_gist_bytes)),
        }
    }

    /// Fails if the content must not be accepted as this user's.
    pub(super) fn check_owner(&self, pointer: &GistPointer) -> Result<(), ItemFailure> {
        let record = OwnerRecord::after(None, GistName::from(pointer), 0, &self.owner());
        record.refusal.map_or(Ok(()), |refusal| Err(ItemFailure::NotTheirs(refusal)))
    }
}

pub(super) fn fetched(etag: Option<String>, document: Vec<u8>) -> GistOutcome {
    let digest = ContentDigest(Sha256::digest(&document).into());
    GistOutcome::Fetched { etag, digest, document }
}
