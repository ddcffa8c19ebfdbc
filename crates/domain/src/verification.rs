//! What detectors said of contents, and what it comes to. Pure: verdicts in, a finding for each check out.
//!
//! - A [`Verdict`] is an answer. A detector that failed has none: that is *unknown*, which neither passes nor fails.
//! - A check is **broken** as soon as one provider that is asked for it (or the platform itself) is certain enough of the
//!   breach. It is **kept** once all of them have answered and none is. In between it is awaited, for `grace_hours`.
//! - The platform's word that a content is synthetic settles the AI check: it is the uploader's own declaration. Its
//!   silence proves nothing.
//! - A verdict is of one [`Subject`]: title, description and length (for the topic the task's description too). Other
//!   texts need another verdict. It is renewed after `verdict_hours`, and stands for `grace_hours` more meanwhile.
//! - Which contents are asked about follows from a block's hash: nobody knows it before, everybody has the same.
//!
//! Certainty is counted in whole thousandths, so that what is stored is exactly what was compared.

use crate::chain_time::{BlockStamp, Moment};
use crate::ids::ContentId;
use blake2::{Blake2s256, Digest};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Which way of reading providers' answers a verdict was made by; raised when the reading changes.
pub const READING_VERSION: u32 = 1;

/// Certainty of 1, in thousandths.
pub const CERTAIN: u16 = 1_000;

/// A question about a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Is it made by AI?
    Ai,
    /// Is it fit to be shown: neither sexual nor violent nor against the platform's rules?
    Illicit,
    /// Is it about the task?
    Topic,
}

impl Check {
    /// Every check, in the order of the rules.
    pub const ALL: [Self; 3] = [Self::Ai, Self::Illicit, Self::Topic];

    /// The word in settings, in the store and in requests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Illicit => "illicit",
            Self::Topic => "topic",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The platform that shows the content, by what it says beside its numbers.
    Platform,
    /// SightEngine, which looks at frames.
    Sightengine,
    /// OpenAI's moderation, which reads texts and looks at frames.
    Openai,
    /// Whatever the operator runs.
    Webhook,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Sightengine, Self::Openai, Self::Webhook];

    /// The word in settings, in the store and in the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Sightengine => "sightengine",
            Self::Openai => "openai",
            Self::Webhook => "webhook",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// `verifier.ai`, `verifier.illicit`, `verifier.topic`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckMode {
    /// Not asked.
    #[default]
    Off,
    /// Asked and shown; decides nothing.
    Observe,
    /// A broken check rejects.
    Enforce,
}

/// `verifier.on_unknown`: what becomes of a submission whose verdict did not come within `grace_hours`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// It counts, and says that it is still without a verdict: no outage of a detector takes a miner's reward for long.
    #[default]
    Accept,
    /// It waits for as long as there is no verdict.
    Hold,
}

/// The choices that decide what verdicts do. As a default everything is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerificationPolicy {
    /// Is it made by AI?
    pub ai: CheckMode,
    /// Is it fit to be shown?
    pub illicit: CheckMode,
    /// Is it about the task?
    pub topic: CheckMode,
    /// How certain a provider must be that a content is not made by AI: 0 to 1.
    pub ai_threshold: f64,
    /// How certain a provider must be that a content is illicit: 0 to 1.
    pub illicit_threshold: f64,
    /// How certain a provider must be that a content is not about the task: 0 to 1.
    pub topic_threshold: f64,
    /// Hours that a missing verdict is awaited.
    pub grace_hours: f64,
    /// What happens after that.
    pub on_unknown: OnUnknown,
    /// Hours after which a verdict is asked for anew.
    pub verdict_hours: f64,
    /// The share of contents that is asked about, 0 to 1.
    pub sample_share: f64,
    /// The providers that are set up, by check. What the platform itself says counts without being named here.
    pub asked: BTreeMap<Check, BTreeSet<Provider>>,
}

impl Default for VerificationPolicy {
    fn default() -> Self {
        Self {
            ai: CheckMode::Off,
            illicit: CheckMode::Off,
            topic: CheckMode::Off,
            ai_threshold: 0.8,
            illicit_threshold: 0.8,
            topic_threshold: 0.8,
            grace_hours: 24.0,
            on_unknown: OnUnknown::Accept,
            verdict_hours: 720.0,
            sample_share: 1.0,
            asked: BTreeMap::new(),
        }
    }
}

impl VerificationPolicy {
    /// What a check does.
    pub const fn mode(&self, check: Check) -> CheckMode {
        match check {
            Check::Ai => self.ai,
            Check::Illicit => self.illicit,
            Check::Topic => self.topic,
        }
    }

    /// How certain a provider must be of a breach: 0 to 1.
    pub const fn threshold(&self, check: Check) -> f64 {
        match check {
            Check::Ai => self.ai_threshold,
            Check::Illicit => self.illicit_threshold,
            Check::Topic => self.topic_threshold,
        }
    }

    /// The checks that are not off.
    pub fn checks(&self) -> impl Iterator<Item = Check> + '_ {
        Check::ALL.into_iter().filter(|check| self.mode(*check) != CheckMode::Off)
    }

    /// Whether anything is off the platforms' own way: some provider is asked for some check.
    pub fn asks_anybody(&self) -> bool {
        self.checks().any(|check| !self.providers(check).is_empty())
    }

    /// The providers that are asked for a check.
    pub fn providers(&self, check: Check) -> &BTreeSet<Provider> {
        static NOBODY: BTreeSet<Provider> = BTreeSet::new();
        self.asked.get(&check).unwrap_or(&NOBODY)
    }

    fn is_broken(&self, verdict: &Verdict) -> bool {
        f64::from(verdict.breach_permille) / f64::from(CERTAIN) >= self.threshold(verdict.check)
    }

    fn counts(&self, provider: Provider, check: Check) -> bool {
        provider == Provider::Platform || self.providers(check).contains(&provider)
    }
}

/// What a verdict is of: a digest of the texts and the length that were examined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(pub String);

impl Subject {
    /// Of a content's title and description (`text`), its length, and for the topic the task's description.
    pub fn of(text: &str, duration_secs: Option<u32>, task: Option<&str>) -> Self {
        const HEX_DIGITS: usize = 32;
        let mut digest = Blake2s256::new();
        for part in [text, &duration_secs.map(|secs| secs.to_string()).unwrap_or_default(), task.unwrap_or_default()] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        let mut hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        hex.truncate(HEX_DIGITS);
        Self(hex)
    }
}

/// A provider's answer to a check of a content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Verdict {
    /// The question.
    pub check: Check,
    /// The task, where the question is about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// Who answered.
    pub provider: Provider,
    /// The provider's own name of what answered.
    pub model: String,
    /// How certain it is that the content breaks the rule, in thousandths.
    pub breach_permille: u16,
    /// The provider's own numbers, in thousandths, by its own names.
    pub scores: BTreeMap<String, u16>,
    /// The provider's own words, bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What was examined.
    pub subject: Subject,
    /// The newest finalized block known when it was asked.
    pub at: BlockStamp,
    /// [`READING_VERSION`] when it was made.
    pub reading_version: u32,
}

/// Since when a verdict is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wait {
    /// The question.
    pub check: Check,
    /// The task, where the question is about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// What is to be examined.
    pub subject: Subject,
    /// The block of the first cycle that wanted it.
    pub since: BlockStamp,
}

/// All that is stored of a content's verification; of other subjects too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationRecord {
    /// The newest verdict of each provider on each question.
    pub verdicts: Vec<Verdict>,
    /// What is missing.
    pub waits: Vec<Wait>,
}

/// What a cycle knows of a content's verification: of its present subjects alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationEvidence {
    /// Whether the cycle's block chose it to be asked about.
    pub sampled: bool,
    /// By check, task and provider.
    pub verdicts: Vec<Verdict>,
    /// By check and task.
    pub waits: Vec<Wait>,
}

/// A check of one content, ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The check.
    pub check: Check,
    /// The task, where the question is about it.
    pub task_id: Option<String>,
    /// What is examined.
    pub subject: Subject,
}

/// The questions about a content that is listed for `tasks` (ids with descriptions): one for each check that is on, and
/// for the topic one for each task.
pub fn questions(
    policy: &VerificationPolicy,
    text: &str,
    duration_secs: Option<u32>,
    tasks: &[(&str, &str)],
) -> Vec<Question> {
    let mut questions = Vec::new();
    for check in policy.checks() {
        match check {
            Check::Ai | Check::Illicit => {
                questions.push(Question { check, task_id: None, subject: Subject::of(text, duration_secs, None) });
            }
            Check::Topic => questions.extend(tasks.iter().map(|(id, description)| Question {
                check,
                task_id: Some((*id).to_owned()),
                subject: Subject::of(text, duration_secs, Some(description)),
            })),
        }
    }
    questions
}

impl Question {
    fn is_answered_by(&self, verdict: &Verdict) -> bool {
        (self.check, &self.task_id, &self.subject) == (verdict.check, &verdict.task_id, &verdict.subject)
    }

    fn is_awaited_by(&self, wait: &Wait) -> bool {
        (self.check, &self.task_id, &self.subject) == (wait.check, &wait.task_id, &wait.subject)
    }

    /// The providers to ask; see [`to_ask`].
    pub fn to_ask(&self, policy: &VerificationPolicy, known: &VerificationEvidence, at: Moment) -> BTreeSet<Provider> {
        to_ask(policy, known, self.check, self.task_id.as_deref().unwrap_or_default(), at)
    }
}

impl VerificationEvidence {
    /// What is known of these questions: stored verdicts on other subjects are left out, and what the platform says is
    /// added.
    pub fn of(
        record: VerificationRecord,
        signals: &PlatformSignals,
        seen_at: BlockStamp,
        questions: &[Question],
        sampled: bool,
    ) -> Self {
        let mut verdicts = record.verdicts;
        verdicts.retain(|verdict| questions.iter().any(|question| question.is_answered_by(verdict)));
        for question in questions {
            let said = signals.verdicts(&question.subject, seen_at);
            verdicts.extend(said.into_iter().filter(|verdict| question.is_answered_by(verdict)));
        }
        verdicts.sort_unstable();
        let mut waits = record.waits;
        waits.retain(|wait| questions.iter().any(|question| question.is_awaited_by(wait)));
        waits.sort_unstable();
        Self { sampled, verdicts, waits }
    }

    /// The waits after a cycle at `at` has looked: what is still missing keeps its beginning.
    pub fn renewed_waits(&self, policy: &VerificationPolicy, questions: &[Question], at: BlockStamp) -> Vec<Wait> {
        let missing = questions.iter().filter(|question| !question.to_ask(policy, self, at.time).is_empty());
        let mut waits: Vec<Wait> = missing
            .map(|question| {
                let known = self.waits.iter().find(|wait| question.is_awaited_by(wait));
                known.cloned().unwrap_or_else(|| Wait {
                    check: question.check,
                    task_id: question.task_id.clone(),
                    subject: question.subject.clone(),
                    since: at,
                })
            })
            .collect();
        waits.sort_unstable();
        waits
    }
}

/// What a platform says of a content beside its numbers. `None`: it says nothing, which proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformSignals {
    /// The uploader declared realistic content that is altered or synthetic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic_media: Option<bool>,
    /// Not for everybody's age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_restricted: Option<bool>,
    /// The platform rejected the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_rejected: Option<bool>,
}

impl PlatformSignals {
    /// Whether the platform said nothing at all.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// The verdicts that follow from them. Only a yes is one.
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

/// What verdicts come to for one check of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding<'a> {
    /// Nobody is asked: the check is off, no provider is set up for it, or the content is not in the sample.
    NotAsked,
    /// All answered, and none is certain of a breach; or the platform's word settles it.
    Kept,
    /// Somebody is certain of a breach.
    Broken(&'a Verdict),
    /// Some answer is missing, and there is time.
    Awaited,
    /// Some answer is missing, and the time is over.
    Unknown,
}

/// What is known of a content comes to this, at a moment, for a check (of a task).
pub fn finding<'a>(
    policy: &VerificationPolicy,
    known: Option<&'a VerificationEvidence>,
    check: Check,
    task_id: &str,
    at: Moment,
) -> Finding<'a> {
    if policy.mode(check) == CheckMode::Off {
        return Finding::NotAsked;
    }
    let verdicts = || standing(policy, known, check, task_id, at);
    if is_settled_by_platform(verdicts()) {
        return Finding::Kept;
    }
    if let Some(verdict) = verdicts().find(|verdict| policy.is_broken(verdict)) {
        return Finding::Broken(verdict);
    }
    let asked = policy.providers(check);
    if asked.is_empty() {
        return Finding::NotAsked;
    }
    let answered: BTreeSet<Provider> = verdicts().map(|verdict| verdict.provider).collect();
    if asked.is_subset(&answered) {
        return Finding::Kept;
    }
    let Some(known) = known.filter(|known| known.sampled) else { return Finding::NotAsked };
    let waits = known.waits.iter().filter(|wait| is_of(wait.check, wait.task_id.as_deref(), check, task_id));
    let since = waits.map(|wait| wait.since.time).min();
    match since {
        Some(since) if at.hours_since(since) >= policy.grace_hours => Finding::Unknown,
        None if policy.grace_hours <= 0.0 => Finding::Unknown,
        _ => Finding::Awaited,
    }
}

/// The providers to ask for a check (of a task) of a content: those without a verdict that is fresh. Nobody, if what is
/// known settles it already.
pub fn to_ask(
    policy: &VerificationPolicy,
    known: &VerificationEvidence,
    check: Check,
    task_id: &str,
    at: Moment,
) -> BTreeSet<Provider> {
    if policy.mode(check) == CheckMode::Off || !known.sampled {
        return BTreeSet::new();
    }
    let fresh = || {
        let standing = standing(policy, Some(known), check, task_id, at);
        standing.filter(|verdict| at.hours_since(verdict.at.time) < policy.verdict_hours)
    };
    if is_settled_by_platform(fresh()) || fresh().any(|verdict| policy.is_broken(verdict)) {
        return BTreeSet::new();
    }
    let answered: BTreeSet<Provider> = fresh().map(|verdict| verdict.provider).collect();
    policy.providers(check).difference(&answered).copied().collect()
}

/// The verdicts on a question that count at a moment: of providers that are set up, and not too old.
fn standing<'a>(
    policy: &VerificationPolicy,
    known: Option<&'a VerificationEvidence>,
    check: Check,
    task_id: &str,
    at: Moment,
) -> impl Iterator<Item = &'a Verdict> {
    let longest_hours = policy.verdict_hours + policy.grace_hours;
    known.into_iter().flat_map(|known| &known.verdicts).filter(move |verdict| {
        is_of(verdict.check, verdict.task_id.as_deref(), check, task_id)
            && policy.counts(verdict.provider, check)
            && verdict.reading_version == READING_VERSION
            && at.hours_since(verdict.at.time) < longest_hours
    })
}

fn is_of(check: Check, task_id: Option<&str>, wanted: Check, wanted_task: &str) -> bool {
    check == wanted && task_id.is_none_or(|task_id| task_id == wanted_task)
}

fn is_settled_by_platform<'a>(mut verdicts: impl Iterator<Item = &'a Verdict>) -> bool {
    verdicts.any(|verdict| {
        verdict.provider == Provider::Platform && verdict.check == Check::Ai && verdict.breach_permille == 0
    })
}

/// Where a content stands in the order of a block's sample, 0 to 1: it is asked about if this is below the share. Budgets
/// that do not last for all are spent in this order too.
pub fn sample_place(block_hash: &[u8; 32], content: &ContentId) -> f64 {
    let mut digest = Blake2s256::new();
    digest.update(b"sample of contents");
    digest.update(block_hash);
    digest.update(content.platform().name());
    digest.update([0]);
    digest.update(content.as_str());
    let bytes = digest.finalize();
    let first = bytes.iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    f64::from(first) / (f64::from(u32::MAX) + 1.0)
}

/// Whether a block's hash chooses a content, for a share of all.
pub fn is_sampled(block_hash: &[u8; 32], content: &ContentId, share: f64) -> bool {
    sample_place(block_hash, content) < share
}
