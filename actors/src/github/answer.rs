//! What GitHub's API says of a gist: the fields that are read, and what they come to.

use super::failure::ItemFailure;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer, OwnerRecord};
use tensorflix_domain::record::{ContentDigest, GistOutcome};

/// What GitHub says of a gist beside its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GistDescription {
    /// The owner's login; `None` if it belongs to no account.
    pub login: Option<String>,
    /// Whether it is public, if GitHub says.
    pub public: Option<bool>,
    /// The names of its files, in order.
    pub files: Vec<String>,
}

/// The fields of an API answer that are read.
#[derive(Deserialize)]
pub(super) struct ApiGist {
    #[serde(default)]
    owner: Option<ApiOwner>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    public: Option<bool>,
    #[serde(default)]
    files: BTreeMap<String, Option<ApiFile>>,
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
    pub(super) fn description(self) -> GistDescription {
        let login = self.owner.and_then(|owner| owner.login);
        GistDescription { login, public: self.public, files: self.files.into_keys().collect() }
    }

    pub(super) fn owner(&self) -> OwnerAnswer {
        OwnerAnswer::Described {
            login: self.owner.as_ref().and_then(|owner| owner.login.clone()),
            owner_id: self.owner.as_ref().and_then(|owner| owner.id),
            public: self.public,
        }
    }

    /// GitHub's own time of the latest change.
    pub(super) fn updated_at(&self) -> Result<Moment, ItemFailure> {
        let text = self.updated_at.as_deref();
        text.and_then(Moment::parse).ok_or_else(|| ItemFailure::Malformed("no time of its latest change".to_owned()))
    }

    /// Of several files the first by name, as on the raw address.
    pub(super) fn content(self, etag: Option<String>, max_gist_bytes: usize) -> Result<GistOutcome, ItemFailure> {
        let first = self.files.into_values().flatten().next();
        let file = first.ok_or_else(|| ItemFailure::Malformed("the gist has no file".to_owned()))?;
        match file.content {
            Some(content) if !file.truncated && content.len() <= max_gist_bytes => {
                Ok(fetched(etag, content.into_bytes()))
            }
            _ => Err(ItemFailure::TooLarge(max_gist_bytes)),
        }
    }

    /// Its content must not be taken in as this user's if something speaks against it at first sight.
    pub(super) fn check_owner(&self, pointer: &GistPointer) -> Result<(), ItemFailure> {
        let record = OwnerRecord::after(None, GistName::from(pointer), 0, &self.owner());
        record.refusal.map_or(Ok(()), |refusal| Err(ItemFailure::NotTheirs(refusal)))
    }
}

pub(super) fn fetched(etag: Option<String>, document: Vec<u8>) -> GistOutcome {
    let digest = ContentDigest(Sha256::digest(&document).into());
    GistOutcome::Fetched { etag, digest, document }
}
