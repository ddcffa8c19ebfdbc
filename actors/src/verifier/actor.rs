//! The actor: cases to detectors, each within its bounds; verdicts to the store, each as soon as it is there.

use super::breaker::{Breaker, Passage};
use super::{
    Answer, Case, CaseQuestion, ContentToVerify, Detector, DetectorError, Terms, Unexamined, VerdictsReached,
    VerifyContents,
};
use crate::outbound::Outbound;
use crate::outbound::retry::{pause_within_work, retried};
use crate::platforms::spec_of;
use crate::ports::{Clock, Store, StoreError};
use crate::stats::ActorStats;
use actix::{Actor, Context, Handler, ResponseFuture};
use futures::StreamExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::verification::{READING_VERSION, Subject, Verdict};

/// Most items with their texts in memory at one time.
const CONTENTS_PER_READ: usize = 500;

/// Pauses before further attempts at a case; each attempt is debited.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// The time that must be left for each request of a case: with less, a case could be paid for and dropped. A detector's own
/// deadline applies if it is shorter.
const LEAST_PER_REQUEST: Duration = Duration::from_secs(5);

/// Time beyond an order's deadline after which a case is dropped that should have ended by itself. It is shorter than any wait
/// for the order's answer.
const GRACE: Duration = Duration::from_secs(3);

/// The actor.
pub struct Verifier {
    parts: VerifierParts,
}

/// A detector with what guards it.
struct Desk {
    detector: Arc<dyn Detector>,
    terms: Terms,
    outbound: Outbound,
    breaker: Breaker,
    disabled: Mutex<DisabledDates>,
}

/// The dates on which nothing more is asked; each is logged once.
#[derive(Default)]
struct DisabledDates {
    key_refused: Option<String>,
    spent: Option<String>,
}

/// Why a case has no verdict.
#[derive(Debug, thiserror::Error)]
enum Unsettled {
    /// The detector gave none.
    #[error(transparent)]
    Detector(DetectorError),
    /// It could not be stored.
    #[error(transparent)]
    Store(StoreError),
}

/// How one request is worked off.
struct Order {
    as_of: BlockStamp,
    /// By the monotonic clock.
    deadline: Duration,
}

/// Everything that Verifier needs. What is known of the detectors (pauses, a rejected key) outlives the actor: one that was
/// built again after a panic does not ask them again to learn it.
#[derive(Clone)]
pub struct VerifierParts {
    desks: Arc<Vec<Desk>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    stats: Arc<ActorStats>,
}

impl VerifierParts {
    /// With these detectors, each with its own outbound limiter; none of them is disabled.
    pub fn new(
        detectors: Vec<(Arc<dyn Detector>, Outbound)>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        stats: Arc<ActorStats>,
    ) -> Self {
        let desk = |(detector, outbound): (Arc<dyn Detector>, Outbound)| Desk {
            terms: detector.terms(),
            detector,
            outbound,
            breaker: Breaker::default(),
            disabled: Mutex::default(),
        };
        Self { desks: Arc::new(detectors.into_iter().map(desk).collect()), store, clock, stats }
    }
}

impl Verifier {
    /// A verifier with nothing under way.
    pub const fn new(parts: VerifierParts) -> Self {
        Self { parts }
    }
}

impl Actor for Verifier {
    type Context = Context<Self>;
}

crate::supervised!(Verifier);

impl Handler<VerifyContents> for Verifier {
    type Result = ResponseFuture<VerdictsReached>;

    fn handle(&mut self, request: VerifyContents, _: &mut Self::Context) -> Self::Result {
        let parts = self.parts.clone();
        Box::pin(async move { parts.verify(request).await })
    }
}

impl VerifierParts {
    async fn verify(&self, request: VerifyContents) -> VerdictsReached {
        let order = Order { as_of: request.as_of, deadline: self.clock.monotonic() + request.deadline };
        let mut reached = VerdictsReached::default();
        for chunk in request.contents.chunks(CONTENTS_PER_READ) {
            let contents: Vec<ContentId> = chunk.iter().map(|one| one.content.clone()).collect();
            let observed = match self.store.observed_contents(&contents).await {
                Ok(observed) => observed,
                Err(error) => {
                    note(&mut reached.errors, error.to_string());
                    continue;
                }
            };
            let at_desks = self.desks.iter().map(|desk| self.work_at(desk, chunk, &observed, &order));
            for (count, errors) in futures::future::join_all(at_desks).await {
                reached.reached_count += count;
                errors.into_iter().for_each(|error| note(&mut reached.errors, error));
            }
        }
        reached.errors.sort_unstable();
        reached
    }

    /// Processes one detector's cases in order. Returns the number of verdicts, and what went wrong.
    async fn work_at(
        &self,
        desk: &Desk,
        contents: &[ContentToVerify],
        observed: &[ObservedContent],
        order: &Order,
    ) -> (usize, Vec<String>) {
        let cases = contents.iter().zip(observed).filter_map(|(wanted, observed)| case(desk, wanted, observed));
        let cases: Vec<Case> = cases.collect();
        let mut results = futures::stream::iter(&cases)
            .map(|case| self.settle(desk, case, order))
            .buffer_unordered(desk.terms.max_in_flight.max(1));
        let (mut count, mut errors) = (0, Vec::new());
        while let Some(result) = results.next().await {
            match result {
                Ok(stored) => count += stored,
                Err(error) => note(&mut errors, error.to_string()),
            }
        }
        (count, errors)
    }

    /// Has a case examined and stores the verdicts, within the deadline.
    async fn settle(&self, desk: &Desk, case: &Case, order: &Order) -> Result<usize, Unsettled> {
        let left = order.deadline.saturating_sub(self.clock.monotonic());
        let _work = self.stats.begin();
        let name = desk.detector.id();
        let answers = tokio::select! {
            biased;
            answers = self.examine_with_retries(desk, case, order) => answers,
            () = self.clock.sleep(left + GRACE) => Err(DetectorError::OutOfTime(format!("{name}: no time was left"))),
        };
        let answers = answers.map_err(|error| {
            self.stats.count_failed();
            tracing::debug!(detector = %name, content_id = case.content.as_str(), %error, "no verdict");
            Unsettled::Detector(error)
        })?;
        let verdicts: Vec<(ContentId, Verdict)> = answers
            .into_iter()
            .filter_map(|answer| Some((case.content.clone(), verdict(desk, case, answer, order.as_of)?)))
            .collect();
        self.store.record_verdicts(&verdicts).await.map_err(|error| {
            self.stats.count_failed();
            Unsettled::Store(error)
        })?;
        self.stats.count_handled();
        Ok(verdicts.len())
    }

    async fn examine_with_retries(
        &self,
        desk: &Desk,
        case: &Case,
        order: &Order,
    ) -> Result<Vec<Answer>, DetectorError> {
        let needed = least_time(desk, case);
        let attempt = async || self.examine(desk, case, order).await;
        retried(&*self.clock, &RETRY_PAUSES, attempt, |error, planned| {
            let DetectorError::Passing { retry_after, .. } = error else { return None };
            pause_within_work(planned, *retry_after).filter(|pause| self.has_time(order, *pause + needed))
        })
        .await
    }

    /// Whether this much of an order's time is left.
    fn has_time(&self, order: &Order, needed: Duration) -> bool {
        order.deadline.saturating_sub(self.clock.monotonic()) >= needed
    }

    /// Sends one request, debited before it is sent.
    async fn examine(&self, desk: &Desk, case: &Case, order: &Order) -> Result<Vec<Answer>, DetectorError> {
        let (name, units) = (desk.detector.id(), desk.detector.requests(case));
        let date = self.date(order.as_of).await?;
        if desk.disabled().key_refused.as_ref() == Some(&date) {
            return Err(DetectorError::KeyRefused(format!(
                "{name} rejected the API key; the key is disabled until tomorrow (UTC)"
            )));
        }
        self.pass_breaker(desk, case, order).await?;
        let Terms { bucket, daily_requests, .. } = &desk.terms;
        let debited = self.store.debit(bucket, &date, units, *daily_requests).await;
        if !debited.map_err(|error| DetectorError::Held(error.to_string()))? {
            self.report_spent(desk, &date);
            return Err(DetectorError::QuotaExhausted(format!("the daily limit of requests to {name} is reached")));
        }
        let examined = desk.detector.examine(&desk.outbound, case, order.deadline).await;
        if let Err(Unexamined { sent_requests, .. }) = &examined {
            // This comes before a bucket is marked as used up, so that it does not undo the mark.
            let unsent = units.saturating_sub(*sent_requests);
            if let Err(error) = self.store.credit(bucket, &date, unsent).await {
                tracing::warn!(%error, bucket, "could not credit unsent requests to the ledger");
            }
        }
        let answered = examined.map_err(|unexamined| unexamined.error);
        let (outcomes, subject) = (self.stats.outcomes(), name.to_string());
        match &answered {
            Ok(_) | Err(DetectorError::Lasting(_)) => {
                outcomes.succeeded(&subject);
                desk.breaker.close();
            }
            Err(DetectorError::Passing { error, .. }) => {
                outcomes.failed(&subject, error);
                if let Some(pause) = desk.breaker.fail(self.clock.monotonic()) {
                    tracing::warn!(detector = %name, error, pause_secs = pause.as_secs(), "detector keeps failing; paused");
                }
            }
            Err(DetectorError::Held(_) | DetectorError::OutOfTime(_)) => {}
            Err(DetectorError::QuotaExhausted(error)) => {
                tracing::warn!(detector = %name, error, "detector quota used up; paused until the quota reset");
                if let Err(error) = self.store.exhaust(bucket, &date, *daily_requests).await {
                    tracing::warn!(%error, bucket, "could not record the used-up quota in the ledger");
                }
            }
            Err(DetectorError::KeyRefused(error)) => {
                outcomes.refused(&subject, error);
                if desk.disabled().key_refused.replace(date.clone()).as_ref() != Some(&date) {
                    tracing::error!(detector = %name, error, "detector rejected the API key; disabled until tomorrow (UTC)");
                }
            }
        }
        answered
    }

    /// Waits until a case may be examined, as long as there is time for it.
    async fn pass_breaker(&self, desk: &Desk, case: &Case, order: &Order) -> Result<(), DetectorError> {
        let (patience, needed) = (desk.terms.deadline.saturating_mul(requests(desk, case)), least_time(desk, case));
        loop {
            let now = self.clock.monotonic();
            let out_of_time = || DetectorError::Held(format!("{}: no time was left", desk.detector.id()));
            if !self.has_time(order, needed) {
                // A request that starts now would be paid for and then aborted.
                return Err(out_of_time());
            }
            match desk.breaker.pass(now, patience) {
                Passage::Free => return Ok(()),
                Passage::Later(at) if !self.has_time(order, at.saturating_sub(now) + needed) => {
                    return Err(out_of_time());
                }
                Passage::Later(at) => self.clock.sleep(at.saturating_sub(now)).await,
                Passage::Closed => {
                    let name = desk.detector.id();
                    return Err(DetectorError::Held(format!("{name} keeps failing and is paused")));
                }
            }
        }
    }

    /// The date of the ledger by the newest known chain time: an order may be processed long after it was sent.
    async fn date(&self, as_of: BlockStamp) -> Result<String, DetectorError> {
        let head = self.store.latest_head().await.map_err(|error| DetectorError::Held(error.to_string()))?;
        let time = head.map_or(as_of.time, |head| head.stamp.time.max(as_of.time));
        Ok(time.to_string().chars().take("2026-08-21".len()).collect())
    }

    fn report_spent(&self, desk: &Desk, date: &str) {
        if desk.disabled().spent.replace(date.to_owned()).as_deref() != Some(date) {
            let (detector, daily_requests) = (desk.detector.id(), desk.terms.daily_requests);
            tracing::warn!(%detector, date, daily_requests, "daily request limit reached; paused until the next day (UTC)");
        }
    }
}

impl Desk {
    fn disabled(&self) -> std::sync::MutexGuard<'_, DisabledDates> {
        self.disabled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Requests that a case takes, at least one.
fn requests(desk: &Desk, case: &Case) -> u32 {
    u32::try_from(desk.detector.requests(case).max(1)).unwrap_or(u32::MAX)
}

/// The time that must be left for a case.
fn least_time(desk: &Desk, case: &Case) -> Duration {
    LEAST_PER_REQUEST.min(desk.terms.deadline).saturating_mul(requests(desk, case))
}

/// What a detector receives about an item; `None` if it has no question to answer.
fn case(desk: &Desk, wanted: &ContentToVerify, observed: &ObservedContent) -> Option<Case> {
    let provider = desk.detector.id();
    let mut questions = Vec::new();
    for asked in wanted.asked.iter().filter(|asked| asked.providers.contains(&provider)) {
        let task = asked.question.task_id.clone().zip(asked.task_description.clone());
        questions.push(CaseQuestion { check: asked.question.check, task });
    }
    (!questions.is_empty()).then(|| Case {
        content: wanted.content.clone(),
        text: observed.text.clone(),
        duration_secs: observed.duration_secs,
        frames: spec_of(wanted.content.platform())
            .map_or_else(Vec::new, |spec| (spec.frames)(&wanted.content, observed.thumbnail_url.as_deref())),
        questions,
    })
}

/// The verdict from an answer to a question that was asked. It applies to the version that was examined, even if the asker knew
/// another one.
fn verdict(desk: &Desk, case: &Case, answer: Answer, at: BlockStamp) -> Option<Verdict> {
    let is_asked = |question: &&CaseQuestion| {
        question.check == answer.check && question.task.as_ref().map(|(id, _)| id) == answer.task_id.as_ref()
    };
    let question = case.questions.iter().find(is_asked)?;
    let task_description = question.task.as_ref().map(|(_, description)| description.as_str());
    Some(Verdict {
        check: answer.check,
        task_id: answer.task_id,
        provider: desk.detector.id(),
        model: answer.model,
        breach_permille: answer.breach_permille,
        scores: answer.scores,
        words: answer.words,
        subject: Subject::of(&case.text, case.duration_secs, task_description),
        at,
        reading_version: READING_VERSION,
    })
}

fn note(errors: &mut Vec<String>, error: String) {
    if !errors.contains(&error) {
        errors.push(error);
    }
}
