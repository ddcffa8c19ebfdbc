//! The steps of a cycle, each safe to repeat: claim, open, wait for the round, observe, verify, decide, store.

use crate::platforms::{ContentsObserved, ObserveContents, PollContents};
use crate::ports::{Clock, Store, StoreError};
use crate::scorer::claims::Claiming;
use crate::scorer::disputes::Disputes;
use crate::scorer::evidence::{Gathered, content_evidence, gather};
use crate::scorer::hints::suspicions;
use crate::scorer::memory::ScorerMemory;
use crate::scorer::paid_items::PaidItems;
use crate::scorer::parts::ScorerParts;
use crate::scorer::polls::{CycleItems, PolledItems, Poller};
use crate::scorer::quota_wait::{Observed, QuotaWait};
use crate::scorer::recovery;
use crate::scorer::settings::{CycleSettings, OBSERVATION_DEADLINE, Opening};
use crate::scorer::traffic::judge_traffic;
use crate::scorer::verdicts::{self, Verification, record_waits};
use crate::supervision::quarantine::{self, Quarantine, Rules};
use crate::verifier::VerifyContents;
use actix::Recipient;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::{BlockStamp, grid_start};
use tensorflix_domain::cycle::{CycleHead, DecidedCycle, ReportedError};
use tensorflix_domain::evidence::Evidence;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::places::Turn;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::quarantine::{Item, ItemKind};
use tensorflix_domain::recovery::RECORDED_RECOVER_HOURS;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::verdict::Reason;

/// Why a platform's actor did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Unanswered {
    /// It crashed, or has ended.
    #[error("the platform's actor failed")]
    Failed,
    /// Its deadline passed.
    #[error("the platform's actor did not answer")]
    Silent,
}

/// Advances cycles.
pub(crate) struct Conductor {
    settings: CycleSettings,
    platforms: BTreeMap<Platform, Recipient<ObserveContents>>,
    disputes: Disputes,
    /// Has items examined by detectors.
    verifier: Option<Recipient<VerifyContents>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    memory: ScorerMemory,
    /// The items that are polled until the next cycle.
    watched: Arc<PolledItems>,
    quota_wait: QuotaWait,
    rules: Rules,
    claiming: Claiming,
}

impl Conductor {
    pub(crate) fn new(parts: &ScorerParts) -> Self {
        let ScorerParts { settings, observers, dates, verifier, rules, store, clock, memory, .. } = parts.clone();
        let disputes =
            Disputes::new(Arc::clone(&store), Arc::clone(&clock), settings.round_blocks, dates, memory.clone());
        Self {
            settings,
            platforms: observers,
            disputes,
            verifier,
            store,
            clock,
            memory,
            watched: Arc::default(),
            quota_wait: QuotaWait::default(),
            rules,
            claiming: Claiming::default(),
        }
    }

    /// Polls items between cycles.
    pub(crate) fn poller(&self, platforms: BTreeMap<Platform, Recipient<PollContents>>) -> Poller {
        let (watched, store, clock) = (Arc::clone(&self.watched), Arc::clone(&self.store), Arc::clone(&self.clock));
        Poller::new(&self.settings, platforms, watched, store, clock)
    }

    /// Does what can be done now. Returns the number of the cycle that was decided, if any. The store holds no subnet that
    /// was read before the process started, so no cycle opens at an old block.
    pub(crate) async fn advance(&self) -> Result<Option<u32>, StoreError> {
        self.make_claims().await?;
        self.disputes.date().await?;
        let Some(cycle) = self.open_cycle().await? else {
            return Ok(None);
        };
        let round = grid_start(cycle.at.block, self.settings.round_blocks);
        if self.store.latest_gist_round().await? < Some(round) {
            tracing::debug!(cycle = cycle.cycle, round, "waiting for the polling round");
            return Ok(None);
        }
        let decision = decision_of(&cycle);
        let quarantine = Quarantine::load(&*self.store, cycle.at.block).await?;
        if quarantine.holds(&decision) {
            tracing::debug!(cycle = cycle.cycle, "cycle quarantined after repeated panics");
            return Ok(None);
        }
        // Pairs that the round found are claimed before anything is judged.
        self.make_claims().await?;
        self.disputes.date().await?;
        let number = cycle.cycle;
        Ok(self.decide(cycle).await?.then_some(number))
    }

    /// Turns what the rounds found into claims, and requests gist dates for claims that tie.
    async fn make_claims(&self) -> Result<(), StoreError> {
        let rounds = self.claiming.claim(&*self.store, &self.settings, self.rules).await?;
        self.disputes.find(&rounds).await
    }

    /// The cycle to decide: one that is open in the present slot, or a new one if the slot has none.
    async fn open_cycle(&self) -> Result<Option<CycleHead>, StoreError> {
        let Some(subnet) = self.store.latest_subnet().await? else {
            return Ok(None);
        };
        let slot = grid_start(subnet.at.block, self.settings.slot_blocks);
        let latest = self.store.latest_cycle().await?;
        let in_slot = latest.filter(|cycle| grid_start(cycle.at.block, self.settings.slot_blocks) >= slot);
        let must_open = match (self.settings.opening, in_slot) {
            (Opening::Once, _) if !self.memory.has_opened() => true,
            (_, Some(cycle)) => return Ok((!cycle.decided).then_some(cycle)),
            (Opening::Grid, None) => true,
            (Opening::Once, None) => false,
        };
        if !must_open {
            return Ok(None);
        }
        let cycle = self.store.open_cycle(subnet.at, &subnet).await?;
        self.memory.note_opened();
        tracing::info!(cycle = cycle.cycle, block = cycle.at.block, time = %cycle.at.time, "cycle opened");
        Ok(Some(cycle))
    }

    /// Whether no task could be read so far but may be in one of the next rounds of the slot, whatever the reason: deciding now
    /// would reject every submission through no fault of the miners. The scores in force are still sent meanwhile.
    ///
    /// With [`Opening::Once`] there is no next round to wait for: then nothing is judged, so no submission is rejected.
    async fn awaits_tasks(&self, cycle: &CycleHead, gathered: &mut Gathered) -> Result<bool, StoreError> {
        let Gathered { evidence, turns, errors } = gathered;
        let unread = errors.iter().find(|error| error.source == "tasks").filter(|_| evidence.tasks.is_empty());
        let Some(ReportedError { reason, .. }) = unread else {
            *self.memory.waits() = None;
            return Ok(false);
        };
        if self.settings.opening == Opening::Once {
            tracing::error!(cycle = cycle.cycle, reason, "could not read any task; nothing can be scored");
            evidence.miners.iter_mut().for_each(|miner| miner.pairs.clear());
            turns.clear();
            return Ok(false);
        }
        let why = format!("could not read any task: {reason}");
        let before = self.memory.waits().replace(why.clone());
        if before != Some(why) {
            tracing::warn!(
                cycle = cycle.cycle,
                reason,
                "could not read any task yet; the cycle waits for the next polling rounds of its slot; check the task gist"
            );
        }
        Ok(true)
    }

    /// Why an open cycle is not decided, if the reason is that no task could be read; else `None`.
    pub(crate) fn waits_for_tasks(&self) -> Option<String> {
        self.memory.waits().clone()
    }

    /// The newest known block, at least that of the cycle.
    async fn newest(&self, opened_at: BlockStamp) -> Result<BlockStamp, StoreError> {
        let head = self.store.latest_head().await?.map(|head| head.stamp);
        Ok(head.unwrap_or(opened_at).max(opened_at))
    }

    /// Decides a cycle. `false` if that is not possible yet.
    async fn decide(&self, cycle: CycleHead) -> Result<bool, StoreError> {
        if self.quota_wait.holds(&cycle, self.newest(cycle.at).await?, self.settings.slot_blocks) {
            return Ok(false);
        }
        let Some(subnet) = self.store.cycle_subnet(cycle.cycle).await? else {
            return Err(StoreError(format!("cycle {} has no subnet", cycle.cycle)));
        };
        let mut gathered = gather(&*self.store, &self.settings, &subnet, self.rules).await?;
        if self.awaits_tasks(&cycle, &mut gathered).await? {
            return Ok(false);
        }
        let Gathered { mut evidence, turns, mut errors } = gathered;
        tracing::info!(
            cycle = cycle.cycle,
            tasks = evidence.tasks.len(),
            miners = evidence.miners.len(),
            contents = turns.len(),
            "evidence gathered; observing items"
        );
        let paid = self.paid_items(&cycle).await?;
        let observed = self.observe(cycle.at, &turns, &paid, &mut errors).await?;
        let newest = self.newest(cycle.at).await?;
        let may_wait = self.settings.opening == Opening::Grid;
        if may_wait && self.quota_wait.begins(&cycle, newest, self.settings.slot_blocks, &observed) {
            self.memory.keep_paid_items(paid);
            return Ok(false);
        }
        let shortfalls = observed.shortfalls;
        self.gather_contents(cycle.at, &subnet, &mut evidence, &turns, &shortfalls, &mut errors).await?;
        let suspicious = judge_traffic(&*self.store, &self.settings.policy, &mut evidence).await?;
        let (store, policy) = (&*self.store, &self.settings.policy);
        let gathering = recovery::Gathering { store, policy, subnet: &subnet, paid: &paid };
        gathering.gather(&mut evidence, suspicious).await?;
        let decide = || (self.rules.decide)(&evidence, &self.settings.policy);
        let decision = match self.settings.opening {
            // With a single cycle there is no retry: the process ends.
            Opening::Once => decide(),
            Opening::Grid => {
                let quarantine = Quarantine::load(&*self.store, cycle.at.block).await?;
                let decided = quarantine.handle(&decision_of(&cycle), decide).await?;
                decided.map_err(|reason| StoreError(format!("cycle {}: {reason}", cycle.cycle)))?
            }
        };
        errors.extend(suspicions(&evidence, &decision.submissions, self.settings.task_source));
        errors.sort_unstable();
        let decided = DecidedCycle {
            cycle: cycle.cycle,
            release: self.settings.release.clone(),
            evidence,
            policy: self.settings.policy.clone(),
            submissions: decision.submissions,
            smoothed: decision.smoothed,
            scores: decision.scores,
            errors,
        };
        self.store.save_decision(&decided).await?;
        if !self.settings.policy.traffic.is_off() {
            let mut paid = paid;
            paid.take_in(cycle.cycle, cycle.at.time, &decided.submissions);
            self.memory.keep_paid_items(paid);
        }
        self.watched.set(cycle.cycle, CycleItems::of(&decided, turns));
        tracing::info!(cycle = cycle.cycle, scored = decided.scores.len(), "cycle decided");
        Ok(true)
    }

    /// What earlier cycles paid for; nothing where traffic is not analysed.
    async fn paid_items(&self, cycle: &CycleHead) -> Result<PaidItems, StoreError> {
        let mut paid = self.memory.take_paid_items();
        if !self.settings.policy.traffic.is_off() {
            let hours = self.settings.policy.recover_hours.max(RECORDED_RECOVER_HOURS);
            paid.update(&*self.store, cycle.at.time, hours).await?;
        }
        Ok(paid)
    }

    /// Adds what is known about the items to the evidence, after requesting missing verdicts.
    async fn gather_contents(
        &self,
        opened_at: BlockStamp,
        subnet: &Subnet,
        evidence: &mut Evidence,
        turns: &[Turn],
        shortfalls: &BTreeMap<ContentId, Reason>,
        errors: &mut Vec<ReportedError>,
    ) -> Result<(), StoreError> {
        let (store, policy) = (&*self.store, &self.settings.policy);
        let contents: BTreeSet<ContentId> = turns.iter().map(|turn| turn.content.clone()).collect();
        let verification = Verification::of(policy, subnet, evidence);
        let context = verification.as_ref();
        let (known, open) = content_evidence(store, policy, context, &contents, shortfalls, errors).await?;
        evidence.contents = known;
        // Ownership of an item decides whether detectors are asked about it.
        self.disputes.put_into(evidence, policy, subnet).await?;
        let (Some(verification), Some(verifier)) = (context, &self.verifier) else { return Ok(()) };
        let wanted = verification.to_verify(evidence, policy, &open);
        if wanted.is_empty() {
            return Ok(());
        }
        tracing::info!(contents = wanted.len(), "requesting verdicts");
        record_waits(store, &evidence.contents, &wanted).await?;
        let asked: BTreeSet<ContentId> = wanted.iter().map(|wanted| wanted.content.clone()).collect();
        let head = self.store.latest_head().await?.map(|head| head.stamp);
        let as_of = head.unwrap_or(opened_at).max(opened_at);
        errors.extend(verdicts::ask(verifier, &*self.clock, wanted, as_of).await);
        // Other problems with these items are reported already.
        let (known, _) = content_evidence(store, policy, context, &asked, shortfalls, &mut Vec::new()).await?;
        evidence.contents.extend(known);
        Ok(())
    }

    /// Has the items observed in order, all platforms at once; after them items that are no longer listed and were paid for lately.
    /// Returns those listed ones that could not be observed, with reasons.
    async fn observe(
        &self,
        opened_at: BlockStamp,
        turns: &[Turn],
        paid: &PaidItems,
        errors: &mut Vec<ReportedError>,
    ) -> Result<Observed, StoreError> {
        // A cycle may be observed long after it opened; new observations must not be dated back.
        let as_of = self.newest(opened_at).await?;
        let listed: BTreeSet<ContentId> = turns.iter().map(|turn| turn.content.clone()).collect();
        let unlisted = recovery::due(&*self.store, recovery::unlisted(paid, &listed), as_of.block).await?;
        let requests = self.platforms.iter().filter_map(|(platform, actor)| {
            let contents = turns.iter().map(|turn| &turn.content).chain(&unlisted);
            let wanted: Vec<ContentId> = contents.filter(|content| content.platform() == *platform).cloned().collect();
            let request = ObserveContents {
                contents: wanted.clone(),
                since: opened_at.block,
                as_of,
                deadline: OBSERVATION_DEADLINE,
            };
            (!wanted.is_empty()).then_some(async move { (*platform, wanted, self.ask(actor, request).await) })
        });
        let mut observed = Observed::default();
        for (platform, wanted, answer) in futures::future::join_all(requests).await {
            let answer = answer.unwrap_or_else(|error| ContentsObserved {
                shortfalls: wanted.into_iter().map(|content| (content, Reason::PlatformUnavailable)).collect(),
                errors: vec![error.to_string()],
                ..ContentsObserved::default()
            });
            let source = platform.name().to_owned();
            errors.extend(answer.errors.into_iter().map(|reason| ReportedError {
                uid: None,
                source: source.clone(),
                line: None,
                reason,
            }));
            observed.shortfalls.extend(answer.shortfalls.into_iter().filter(|(content, _)| listed.contains(content)));
            let renewals = [observed.budget_renewed_at, answer.budget_renewed_at];
            observed.budget_renewed_at = renewals.into_iter().flatten().min();
        }
        Ok(observed)
    }

    /// Asks a platform actor and waits until shortly after its deadline.
    async fn ask(
        &self,
        actor: &Recipient<ObserveContents>,
        request: ObserveContents,
    ) -> Result<ContentsObserved, Unanswered> {
        const MARGIN: Duration = Duration::from_secs(30);
        let patience = request.deadline + MARGIN;
        tokio::select! {
            biased;
            answer = actor.send(request) => answer.map_err(|_| Unanswered::Failed),
            () = self.clock.sleep(patience) => Err(Unanswered::Silent),
        }
    }
}

/// A cycle's decision as an item of the quarantine: once it has crashed too often, nothing else is tried in its slot, and the
/// scores in force are still sent.
fn decision_of(cycle: &CycleHead) -> Item {
    quarantine::item(ItemKind::Decision, cycle.cycle.to_string(), &[])
}
