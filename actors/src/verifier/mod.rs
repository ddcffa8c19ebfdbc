//! Verifier: asks detectors about items, and stores their answers.
//!
//! - Owns in the store: verdicts, and buckets of the ledger that begin with [`BUCKET_PREFIX`].
//! - Each detector has its own limiter, daily budget, deadline and circuit breaker: none delays or spends for another.
//! - A verdict is stored before it is reported. A failure is not a verdict: it is not stored, and it neither passes nor fails an
//!   item.
//! - Only what the platform shows is examined: texts that it returned, and pictures at addresses that are built from a checked id
//!   or are on the platform's own servers. Nothing from a gist is ever fetched or passed on.
//!
//! Each kind of detector is a [`Detector`] in its own file. The platform's own labels are not a detector's: they come with the
//! observation, cost nothing, and are read again for each cycle (`PlatformSignals`). The actor contains no rule: the domain decides
//! what a verdict does.

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

/// Prefix of the names of its buckets in the ledger.
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

/// What a detector receives about an item: the platform's own copy of everything.
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
    /// The questions for this detector.
    pub questions: Vec<CaseQuestion>,
}

impl Case {
    /// Whether this detector is asked for a check.
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

/// Why a detector gave no answer. None of these is a verdict, and none contains a secret or text of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetectorError {
    /// A temporary failure, or an answer that was not understood: a retry may succeed.
    #[error("{error}")]
    Passing {
        /// What happened.
        error: String,
        /// The pause that the detector asks for, if any.
        retry_after: Option<Duration>,
    },
    /// It cannot examine this case, but may examine others.
    #[error("{0}")]
    Lasting(String),
    /// The request was not sent: the detector asked for a longer pause than the deadline allows, or no time was left.
    #[error("{0}")]
    Held(String),
    /// The caller's time ran out; this is not a failure of the detector.
    #[error("{0}")]
    OutOfTime(String),
    /// It reports that today's quota is used up.
    #[error("{0}")]
    QuotaExhausted(String),
    /// It rejects the key: it is disabled until the date changes or the process is restarted.
    #[error("{0}")]
    KeyRefused(String),
}

impl DetectorError {
    fn passing(error: impl Into<String>) -> Self {
        Self::Passing { error: error.into(), retry_after: None }
    }

    /// The error of a request that was made after this many others of the same case.
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
    /// Requests of the case that were sent; the others were debited and are credited back.
    pub sent_requests: u64,
}

/// Nothing was sent.
impl From<DetectorError> for Unexamined {
    fn from(error: DetectorError) -> Self {
        Self { error, sent_requests: 0 }
    }
}

/// Request: examine items, in this order, as far as time and budgets allow.
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

/// An item and the questions about it.
#[derive(Clone, Debug)]
pub struct ContentToVerify {
    /// The content.
    pub content: ContentId,
    /// The questions, with the detectors to ask.
    pub asked: Vec<AskedQuestion>,
}

/// A question with the detectors to ask.
#[derive(Clone, Debug)]
pub struct AskedQuestion {
    /// The question.
    pub question: Question,
    /// The task's description, where the question is about it.
    pub task_description: Option<String>,
    /// The detectors to ask.
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

/// A certainty from 0 to 1 in thousandths; `None` for any other number.
fn permille(certainty: f64) -> Option<u16> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: from 0 to 1")]
    (0.0..=1.0).contains(&certainty).then(|| (certainty * f64::from(CERTAIN) + 0.5) as u16)
}

/// A detector's own words, bounded, without control characters.
fn bounded_words(words: &str) -> Option<String> {
    let visible = |letter: char| if letter.is_control() { ' ' } else { letter };
    let bounded: String = words.chars().take(MAX_WORDS).map(visible).collect();
    (!bounded.trim().is_empty()).then_some(bounded)
}
