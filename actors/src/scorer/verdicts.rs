//! The verdicts that a cycle has, and those that it requests from Verifier.
//!
//! Only submissions that would otherwise count are checked: a duplicate or a removed video costs nothing. The hash of the cycle's
//! block selects and orders the sample. A missing verdict is stored, with the block since which it has been missing, before a
//! detector is asked.

use crate::ports::{Clock, Store, StoreError};
use crate::scorer::settings::VERIFICATION_DEADLINE;
use crate::verifier::{AskedQuestion, ContentToVerify, VerdictsReached, VerifyContents};
use actix::Recipient;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::cycle::ReportedError;
use tensorflix_domain::evidence::{BoundClaim, ContentEvidence, Evidence, WeightedTask};
use tensorflix_domain::ids::{ContentId, Uid};
use tensorflix_domain::judge::judge_all;
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::places::in_turn;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::verdict::Status;
use tensorflix_domain::verification::{
    Question, VerificationEvidence, VerificationPolicy, VerificationRecord, is_sampled, questions, sample_place,
};

/// The name under which errors are reported.
const SOURCE: &str = "verifier";

/// What verdicts of a cycle depend on beside the contents.
pub(crate) struct Verification<'a> {
    policy: &'a VerificationPolicy,
    block_hash: [u8; 32],
    at: BlockStamp,
    /// By id.
    descriptions: BTreeMap<String, String>,
    /// The tasks that an item is listed for.
    listed: BTreeMap<ContentId, BTreeSet<String>>,
}

/// For whom an item would count.
struct Counting {
    /// The UID of the first of them.
    uid: Uid,
    /// For which tasks.
    tasks: BTreeSet<String>,
}

impl Counting {
    const fn of(uid: Uid) -> Self {
        Self { uid, tasks: BTreeSet::new() }
    }
}

/// The unanswered questions about every item.
pub(crate) type Open = BTreeMap<ContentId, Vec<Question>>;

impl<'a> Verification<'a> {
    /// `None` where every check is off.
    pub(crate) fn of(policy: &'a Policy, subnet: &Subnet, evidence: &Evidence) -> Option<Self> {
        let policy = &policy.verification;
        policy.checks().next()?;
        let tasks: BTreeMap<&str, &WeightedTask> =
            evidence.tasks.iter().map(|weighted| (weighted.task.id.as_str(), weighted)).collect();
        let mut listed: BTreeMap<ContentId, BTreeSet<String>> = BTreeMap::new();
        // Binding claims are on pairs that hold a place; a detector is not asked about other pairs.
        for BoundClaim { claim, .. } in &evidence.claims {
            let Some(weighted) = tasks.get(claim.task_id.as_str()) else { continue };
            if let Ok(content) = ContentId::new(weighted.task.platform, &claim.content_id) {
                listed.entry(content).or_default().insert(claim.task_id.clone());
            }
        }
        let described = |(id, weighted): (&&str, &&WeightedTask)| ((*id).to_owned(), weighted.task.description.clone());
        let descriptions = tasks.iter().map(described).collect();
        Some(Self { policy, block_hash: block_hash(subnet), at: subnet.at, descriptions, listed })
    }

    fn questions(&self, content: &ContentId, observed: &ObservedContent) -> Vec<Question> {
        let ids = self.listed.get(content).into_iter().flatten();
        let tasks: Vec<(&str, &str)> =
            ids.filter_map(|id| Some((id.as_str(), self.descriptions.get(id)?.as_str()))).collect();
        questions(self.policy, &observed.text, observed.duration_secs, &tasks)
    }

    /// The known verdicts on an item, and the questions without an answer.
    pub(crate) fn known(
        &self,
        content: &ContentId,
        observed: &ObservedContent,
        record: VerificationRecord,
    ) -> Option<(VerificationEvidence, Vec<Question>)> {
        let seen_at = observed.evidence.latest.as_ref()?.at;
        let questions = self.questions(content, observed);
        let sampled = is_sampled(&self.block_hash, content, self.policy.sample_share);
        let mut known = VerificationEvidence::of(record, &observed.signals, seen_at, &questions, sampled);
        known.waits = known.renewed_waits(self.policy, &questions, self.at);
        let open =
            questions.into_iter().filter(|question| !question.to_ask(self.policy, &known, self.at.time).is_empty());
        let open = open.collect();
        Some((known, open))
    }

    /// What to ask: about items that would otherwise count, one of each hotkey in turn, in the order of the block's sample.
    pub(crate) fn to_verify(&self, evidence: &Evidence, policy: &Policy, open: &Open) -> Vec<ContentToVerify> {
        // Verdicts are ignored here: one that rejects has to be renewed too.
        let unverified = Policy { verification: VerificationPolicy::default(), ..policy.clone() };
        let mut counting: BTreeMap<ContentId, Counting> = BTreeMap::new();
        for judged in judge_all(evidence, &unverified).into_iter().filter(|judged| judged.status != Status::Rejected) {
            let content = judged.content();
            if let Some(content) = content {
                let counting = counting.entry(content).or_insert_with(|| Counting::of(judged.uid));
                counting.tasks.insert(judged.task_id);
            }
        }
        let mut wanted: Vec<ContentToVerify> = open
            .iter()
            .filter_map(|(content, questions)| {
                let known = evidence.contents.get(content)?.verification.as_deref()?;
                let tasks = &counting.get(content)?.tasks;
                let asked = self.asked(questions.iter().filter(|question| question.is_of_any(tasks)), known);
                (!asked.is_empty()).then(|| ContentToVerify { content: content.clone(), asked })
            })
            .collect();
        wanted.sort_by(|left, right| {
            let place = |one: &ContentToVerify| sample_place(&self.block_hash, &one.content);
            place(left).total_cmp(&place(right)).then_with(|| left.content.cmp(&right.content))
        });
        in_turn(wanted, |wanted| counting.get(&wanted.content).map(|counting| counting.uid))
    }

    fn asked<'q>(
        &self,
        questions: impl Iterator<Item = &'q Question>,
        known: &VerificationEvidence,
    ) -> Vec<AskedQuestion> {
        let asked = |question: &Question| AskedQuestion {
            question: question.clone(),
            task_description: question.task_id.as_deref().and_then(|id| self.descriptions.get(id)).cloned(),
            providers: question.to_ask(self.policy, known, self.at.time),
        };
        questions.map(asked).collect()
    }
}

/// Stores the missing verdicts of the items that are asked about.
pub(crate) async fn record_waits(
    store: &dyn Store,
    contents: &BTreeMap<ContentId, ContentEvidence>,
    wanted: &[ContentToVerify],
) -> Result<(), StoreError> {
    let waits = |wanted: &ContentToVerify| {
        let known = contents.get(&wanted.content)?.verification.as_deref()?;
        Some((wanted.content.clone(), known.waits.clone()))
    };
    let waits: Vec<_> = wanted.iter().filter_map(waits).collect();
    if waits.is_empty() { Ok(()) } else { store.record_waits(&waits).await }
}

/// Asks Verifier and waits until shortly after its deadline. Returns what went wrong.
pub(crate) async fn ask(
    verifier: &Recipient<VerifyContents>,
    clock: &dyn Clock,
    contents: Vec<ContentToVerify>,
    as_of: BlockStamp,
) -> Vec<ReportedError> {
    const MARGIN: Duration = Duration::from_secs(30);
    let request = VerifyContents { contents, as_of, deadline: VERIFICATION_DEADLINE };
    let failed = |error: &str| VerdictsReached { reached_count: 0, errors: vec![error.to_owned()] };
    let reached = tokio::select! {
        biased;
        reached = verifier.send(request) => reached.unwrap_or_else(|_| failed("the verifier failed")),
        () = clock.sleep(VERIFICATION_DEADLINE + MARGIN) => failed("the verifier did not answer"),
    };
    let reported = |reason| ReportedError { uid: None, source: SOURCE.to_owned(), line: None, reason };
    reached.errors.into_iter().map(reported).collect()
}

/// The seed of the sample. A subnet that was stored without a block hash has only its number and time.
fn block_hash(subnet: &Subnet) -> [u8; 32] {
    let digest = || {
        let at = format!("block {} of {}", subnet.at.block, subnet.at.time.unix_ms());
        <[u8; 32]>::from(Sha256::digest(at))
    };
    subnet.block_hash.unwrap_or_else(digest)
}
