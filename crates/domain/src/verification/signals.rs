//! The platform's own signals, read as verdicts.

use super::record::{READING_VERSION, Subject, Verdict};
use super::words::{CERTAIN, Check, Provider};
use crate::chain_time::BlockStamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A platform's signals about an item beside its statistics. `None`: no signal, which proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformSignals {
    /// The uploader declared that the item has realistic altered or synthetic content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic_media: Option<bool>,
    /// It is age-restricted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_restricted: Option<bool>,
    /// The platform rejected the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_rejected: Option<bool>,
}

impl PlatformSignals {
    /// Whether the platform gave no signal at all.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// The verdicts that follow from them. Only a positive signal gives one.
    pub fn verdicts(&self, subject: &Subject, at: BlockStamp) -> Vec<Verdict> {
        let verdict = |check, name: &str, breach_permille| Verdict {
            check,
            task_id: None,
            provider: Provider::Platform,
            model: name.to_owned(),
            breach_permille,
            scores: BTreeMap::new(),
            words: None,
            subject: subject.clone(),
            at,
            reading_version: READING_VERSION,
        };
        let said = |signal: Option<bool>| signal == Some(true);
        let mut verdicts = Vec::new();
        verdicts.extend(said(self.synthetic_media).then(|| verdict(Check::Ai, "containsSyntheticMedia", 0)));
        verdicts.extend(said(self.age_restricted).then(|| verdict(Check::Illicit, "ytAgeRestricted", CERTAIN)));
        verdicts.extend(said(self.upload_rejected).then(|| verdict(Check::Illicit, "uploadStatus rejected", CERTAIN)));
        verdicts
    }
}
