//! Verifier: asks detectors about contents, and stores what they answer.
//!
//! - Owns in the store: verdicts, and buckets of the ledger that begin with [`BUCKET_PREFIX`].
//! - Each detector has its own limiter, daily budget, deadline and circuit breaker: none holds up or spends for another.
//! - A verdict is stored before anybody is told of it. What fails is no verdict: it is not stored, it passes nothing and
//!   it fails nothing.
//! - Examined is what the platform shows: texts that it returned, and pictures at addresses that are built from a checked
//!   id or lie on the platform's own servers. Nothing that a gist holds is ever fetched or handed on.
//!
//! What differs between detectors is a [`Detector`]: one file each. What the platform itself says is no detector's: it comes with
//! the observation, costs nothing, and is read anew for each cycle (`PlatformSignals`). The actor knows no rule: what a
//! verdict does is decided by the domain.

mod actor;
mod breaker;
mod openai;
mod sightengine;
mod webhook;

pub use actor::{Verifier, VerifierParts};
pub use openai::OpenAi;
pub use sightengine::SightEngine;
pub use webhook::Webhook;

use crate::outbound::Outbound;
use crate::platforms::key_name;
use crate::ports::HttpError;
use actix::Message;
use async_trait::async_trait;
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verification::{CERTAIN, Check, Provider, Question};
use url::Url;

/// What the names of its buckets in the ledger begin with.
pub const BUCKET_PREFIX: &str = "verifier/";

/// Largest answer that is read.
const MAX_ANSWER_BYTES: usize = 256 << 10;

/// Longest text of a detector's own that is kept, in characters.
const MAX_WORDS: usize = 300;

/// Most numbers of a detector's own that are kept of one answer.
const MAX_SCORES: usize = 40;

/// One detector.
#[async_trait]
pub trait Detector: Send + Sync + 'static {
    /// Which one it is.
    fn id(&self) -> Provider;

    /// Bounds of its requests.
    fn terms(&self) -> Terms;

    /// Requests that a case takes; each is one unit of its budget.
    fn requests(&self, case: &Case) -> u64;

    /// Examines a case once. Answers what it can answer of the case's questions, by `until` of the monotonic clock.
    async fn examine(&self, outbound: &Outbound, case: &Case, until: Duration) -> Result<Vec<Answer>, Unexamined>;
}

/// Bounds of a detector's requests.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The bucket of the ledger. It names the key by a digest, never by itself.
    pub bucket: String,
    /// Cases under way at one time.
    pub max_in_flight: usize,
    /// Requests that may be made in one day of chain time (UTC).
    pub daily_requests: u64,
    /// Deadline of one request.
    pub deadline: Duration,
}

/// What a detector is shown of a content: the platform's own copy of everything.
#[derive(Clone, Debug)]
pub struct Case {
    /// The content.
    pub content: ContentId,
    /// Title and description, or caption.
    pub text: String,
    /// Its length.
    pub duration_secs: Option<u32>,
    /// Pictures on the platform's own servers.
    pub frames: Vec<Url>,
    /// What is asked of this detector.
    pub questions: Vec<CaseQuestion>,
}

impl Case {
    /// Whether a check is asked of this detector.
    pub fn asks(&self, check: Check) -> bool {
        self.questions.iter().any(|question| question.check == check)
    }
}

/// A question of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseQuestion {
    /// The check.
    pub check: Check,
    /// Id and description of the task, where the question is about it.
    pub task: Option<(String, String)>,
}

/// A detector's answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The check.
    pub check: Check,
    /// The task, where the question was about it.
    pub task_id: Option<String>,
    /// The detector's own name of what answered.
    pub model: String,
    /// How certain it is that the rule is broken, in thousandths.
    pub breach_permille: u16,
    /// Its own numbers, in thousandths.
    pub scores: BTreeMap<String, u16>,
    /// Its own words.
    pub words: Option<String>,
}

/// Why a detector gave no answer. None of these is a verdict, and none holds a secret or a text of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetectorError {
    /// In passing, or not understood: it may be tried again.
    #[error("{error}")]
    Passing {
        /// What happened.
        error: String,
        /// What the detector asks for, if it does.
        retry_after: Option<Duration>,
    },
    /// It cannot examine this case; others it may.
    #[error("{0}")]
    Lasting(String),
    /// The request was not sent: the detector asked to wait longer than anybody waits here, or no time was left.
    #[error("{0}")]
    Held(String),
    /// Whoever asks ran out of time: that says nothing of the detector.
    #[error("{0}")]
    OutOfTime(String),
    /// It says that nothing is left for today.
    #[error("{0}")]
    QuotaExhausted(String),
    /// It refuses the key: it rests until the date changes or the process is started again.
    #[error("{0}")]
    KeyRefused(String),
}

impl DetectorError {
    fn passing(error: impl Into<String>) -> Self {
        Self::Passing { error: error.into(), retry_after: None }
    }

    /// What a request came to that was made after so many others of the same case.
    fn after(self, requests: usize) -> Unexamined {
        let was_sent = !matches!(self, Self::Held(_));
        Unexamined { sent_requests: requests as u64 + u64::from(was_sent), error: self }
    }

    fn of_http(detector: &str, error: &HttpError) -> Self {
        match error {
            HttpError::NoTimeLeft => Self::Held(format!("{detector}: no time was left")),
            HttpError::OutOfTime(_) => Self::OutOfTime(format!("{detector}: no time was left")),
            HttpError::AskedToWait(_) => Self::Held(format!("{detector}: {error}")),
            _ => Self::passing(format!("{detector}: {error}")),
        }
    }
}

/// A case that was not examined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexamined {
    /// Why.
    pub error: DetectorError,
    /// Requests of the case that were sent; the others are paid for and cost nothing.
    pub sent_requests: u64,
}

/// Nothing was sent.
impl From<DetectorError> for Unexamined {
    fn from(error: DetectorError) -> Self {
        Self { error, sent_requests: 0 }
    }
}

/// Request: have contents examined, in this order, as far as time and budgets last.
#[derive(Clone, Debug, Message)]
#[rtype(result = "VerdictsReached")]
pub struct VerifyContents {
    /// Which, and what of each.
    pub contents: Vec<ContentToVerify>,
    /// The newest finalized block, by which verdicts are dated.
    pub as_of: BlockStamp,
    /// Time for all of it.
    pub deadline: Duration,
}

/// A content and what is asked about it.
#[derive(Clone, Debug)]
pub struct ContentToVerify {
    /// The content.
    pub content: ContentId,
    /// What is asked, of whom.
    pub asked: Vec<AskedQuestion>,
}

/// A question with those who are asked.
#[derive(Clone, Debug)]
pub struct AskedQuestion {
    /// The question.
    pub question: Question,
    /// The task's description, where the question is about it.
    pub task_description: Option<String>,
    /// Who is asked.
    pub providers: BTreeSet<Provider>,
}

/// Answer to [`VerifyContents`]: every verdict that was reached is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct VerdictsReached {
    /// Verdicts that were stored.
    pub reached_count: usize,
    /// What went wrong, each text once, for the report.
    pub errors: Vec<String>,
}

/// The bucket of a detector's key in the ledger.
pub fn detector_bucket(provider: Provider, key: Option<&SecretString>) -> String {
    let key = key.map_or_else(|| "none".to_owned(), key_name);
    format!("{BUCKET_PREFIX}{provider}/{key}")
}

/// A certainty from 0 to 1 in thousandths; nothing for what is none.
fn permille(certainty: f64) -> Option<u16> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: from 0 to 1")]
    (0.0..=1.0).contains(&certainty).then(|| (certainty * f64::from(CERTAIN) + 0.5) as u16)
}

/// A detector's own words, bounded, without what could steer a terminal.
fn bounded_words(words: &str) -> Option<String> {
    let visible = |letter: char| if letter.is_control() { ' ' } else { letter };
    let bounded: String = words.chars().take(MAX_WORDS).map(visible).collect();
    (!bounded.trim().is_empty()).then_some(bounded)
}
