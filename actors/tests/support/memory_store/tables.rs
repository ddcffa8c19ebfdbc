//! The records of the store, and the rules by which they change. What is a fact is added and never changed.

use std::collections::BTreeMap;
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::{Claim, MAX_CLAIMS, ROOM_AGAIN_BLOCKS};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::{CycleHead, DecidedCycle, ScoresInForce};
use tensorflix_domain::dating::GistDate;
use tensorflix_domain::evidence::{ContentEvidence, LatestSighting, Measurement, Origin, PreviousScores, SeenContent};
use tensorflix_domain::freshness::Track;
use tensorflix_domain::gist_owner::{GistName, OwnerRecord};
use tensorflix_domain::gist_record::{
    ClaimedHolding, ContentDigest, FailureScope, GistAnswer, GistHolder, GistOutcome, GistState, GoodPointer, Holding,
};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, ContentId, Hotkey};
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome, WeightIntent};
use tensorflix_domain::observation::{Broadcast, Metrics, Observation};
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::places::PlaceRuleDigest;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::traffic::{Point, Series};
use tensorflix_domain::verification::{Verdict, VerificationRecord, Wait};
use tensorflix_domain::weights::ScoreVector;

#[derive(Default)]
pub struct Tables {
    pub head: Option<Head>,
    pub subnet: Option<Subnet>,
    pub gist_round: Option<Block>,
    pub gists: BTreeMap<GistPointer, GistState>,
    pub good_pointers: BTreeMap<Hotkey, GoodPointer>,
    pub gist_owners: BTreeMap<GistName, OwnerRecord>,
    /// The end of each range, by its beginning.
    pub unwatched: BTreeMap<Block, Block>,
    pub crashes: BTreeMap<tensorflix_domain::quarantine::Item, u32>,
    pub documents: BTreeMap<ContentDigest, Vec<u8>>,
    /// With the rule under which claims were made of it.
    pub holdings: Vec<(Holding, Option<PlaceRuleDigest>)>,
    /// By the number of a holding, the round in which its hotkey had no room for all of its pairs.
    pub short_of_room: BTreeMap<i64, Block>,
    pub observations: BTreeMap<ContentId, Vec<Observation>>,
    pub units_spent: BTreeMap<(String, String), u64>,
    pub verdicts: BTreeMap<ContentId, Vec<Verdict>>,
    pub waits: BTreeMap<ContentId, Vec<Wait>>,
    pub claims: BTreeMap<(String, String, Hotkey), Claim>,
    pub gist_dates: BTreeMap<(Hotkey, Block, Option<GistName>), GistDate>,
    pub block_times: BTreeMap<Block, Moment>,
    pub cycles: Vec<Cycle>,
    /// By window, those of one window in the order in which they were stored.
    pub intents: BTreeMap<Block, Vec<WeightIntent>>,
    /// By the hash of the commit's extrinsic.
    pub reveals: BTreeMap<[u8; 32], RevealOutcome>,
}

pub struct Cycle {
    number: u32,
    at: BlockStamp,
    pub subnet: Subnet,
    pub decided: Option<DecidedCycle>,
}

impl Cycle {
    pub fn head(&self) -> CycleHead {
        CycleHead { cycle: self.number, at: self.at, decided: self.decided.is_some() }
    }
}

impl Tables {
    pub fn save_head(&mut self, head: &Head) -> Result<(), StoreError> {
        if self.head.is_none_or(|known| head.stamp.block >= known.stamp.block) {
            self.head = Some(*head);
        }
        Ok(())
    }

    pub fn save_subnet(&mut self, subnet: &Subnet) -> Result<(), StoreError> {
        if self.subnet.as_ref().is_none_or(|known| subnet.at.block >= known.at.block) {
            self.subnet = Some(subnet.clone());
        }
        Ok(())
    }

    pub fn record_gists(
        &mut self,
        round: Block,
        answers: &[GistAnswer],
        holders: &[GistHolder],
    ) -> Result<(), StoreError> {
        for answer in answers {
            self.record_answer(round, answer);
        }
        for holder in holders {
            self.record_holder(round, holder);
        }
        Ok(())
    }

    /// An answer of an older round than that of the last good one comes too late.
    fn record_answer(&mut self, round: Block, answer: &GistAnswer) {
        let state = self.gists.entry(answer.pointer.clone()).or_insert_with(|| GistState {
            pointer: answer.pointer.clone(),
            etag: None,
            digest: None,
            fetched_round: None,
            asked_round: 0,
            failures: 0,
            refusals: 0,
            error: None,
        });
        if state.fetched_round > Some(round) {
            return;
        }
        match &answer.outcome {
            GistOutcome::Unchanged => {}
            GistOutcome::Fetched { etag, digest, document } => {
                state.etag.clone_from(etag);
                state.digest = Some(*digest);
                self.documents.entry(*digest).or_insert_with(|| document.clone());
            }
            GistOutcome::Failed { error, scope } => {
                state.error = Some(error.clone());
                if *scope != FailureScope::NotAsked {
                    (state.asked_round, state.failures) = (round, state.failures + 1);
                    state.refusals += u32::from(*scope == FailureScope::Gist);
                }
                return;
            }
        }
        (state.fetched_round, state.asked_round) = (Some(round), round);
        (state.failures, state.refusals, state.error) = (0, 0, None);
    }

    /// A hotkey holds what it was seen with in this round, for the first time through this pointer.
    fn record_holder(&mut self, round: Block, holder: &GistHolder) {
        let state = self.gists.get(&holder.pointer).filter(|state| state.fetched_round == Some(round));
        let Some(digest) = state.and_then(|state| state.digest) else { return };
        // Another revision of the gist that it is committed to is no other gist.
        let is_same = |good: &&GoodPointer| good.pointer.gist_id() == holder.pointer.gist_id();
        let since = self.good_pointers.get(&holder.hotkey).filter(is_same).map(|good| good.committed_at);
        let committed_at = since.map_or(holder.committed_at, |since| holder.committed_at.min(since));
        let good = GoodPointer { hotkey: holder.hotkey, pointer: holder.pointer.clone(), digest, round, committed_at };
        let known = self.good_pointers.entry(holder.hotkey).or_insert_with(|| good.clone());
        if (&known.pointer, known.digest) != (&good.pointer, digest) && known.round <= round {
            *known = good;
        }
        let is_known = self
            .holdings
            .iter()
            .any(|(known, _)| (known.hotkey, &known.pointer, known.digest) == (holder.hotkey, &holder.pointer, digest));
        if !is_known {
            let GistHolder { hotkey, pointer, committed_at: block } = holder.clone();
            let pinned_at = pointer.revision().map(|_| block);
            let id = i64::try_from(self.holdings.len()).expect("few holdings") + 1;
            self.holdings.push((Holding { id, hotkey, pointer, digest, round, committed_at, pinned_at }, None));
        }
    }

    /// An older check changes nothing, and the account that was seen first stays.
    pub fn record_gist_owners(&mut self, records: &[OwnerRecord]) {
        for record in records {
            let known = self.gist_owners.entry(record.gist.clone()).or_insert_with(|| record.clone());
            if known.asked_round <= record.asked_round {
                *known = OwnerRecord { owner_id: known.owner_id.or(record.owner_id), ..record.clone() };
            }
        }
    }

    /// The same observation again changes nothing.
    pub fn record_observations(&mut self, observations: &[Observation]) -> Result<(), StoreError> {
        for observation in observations {
            let known = self.observations.entry(observation.content.clone()).or_default();
            if !known.contains(observation) {
                known.push(observation.clone());
            }
        }
        Ok(())
    }

    pub fn is_observed_since(&self, content: &ContentId, since: Block) -> bool {
        self.observations
            .get(content)
            .is_some_and(|known| known.iter().any(|observation| observation.at.block >= since))
    }

    /// The newest of everything, by block; of two at the same block the one recorded later.
    pub fn observed(&self, content: &ContentId) -> ObservedContent {
        let mut known: Vec<&Observation> = self.observations.get(content).into_iter().flatten().collect();
        known.sort_by_key(|observation| observation.at.block);
        let mut observed = ObservedContent::default();
        let mut seen = SeenContent::default();
        let mut origin = Origin::default();
        for Observation { at, sighting, .. } in known {
            if let Some(details) = sighting.details() {
                seen = SeenContent { published_at: details.published_at, broadcast: details.broadcast };
                observed.text = format!("{}\n{}", details.title, details.description);
                observed.duration_secs = details.duration_secs;
                observed.thumbnail_url.clone_from(&details.thumbnail_url);
                observed.signals = details.signals;
                let named = Origin::of(&details.author, &details.title, details.duration_secs);
                origin = Origin { first_views: origin.first_views, first_plays: origin.first_plays, ..named };
            }
            let evidence = &mut observed.evidence;
            let presence = sighting.is_present().then(|| seen.clone());
            evidence.latest = Some(LatestSighting { at: *at, presence });
            if sighting.is_present() {
                evidence.seen_before = true;
                let metrics = sighting.metrics();
                renew(evidence, *at, metrics);
                let first = |count: Option<u64>| count.map(|count| Measurement { at: *at, count });
                origin.first_views = origin.first_views.or_else(|| first(metrics.view_count));
                origin.first_plays = origin.first_plays.or_else(|| first(metrics.play_count));
                evidence.origin = Some(Box::new(origin));
            }
        }
        observed
    }

    /// Whether it was there when it was looked at last, with details that were seen since and are those of no broadcast.
    pub fn is_settled(&self, content: &ContentId, since: Block) -> bool {
        let mut known: Vec<&Observation> = self.observations.get(content).into_iter().flatten().collect();
        known.sort_by_key(|observation| observation.at.block);
        let details = known.iter().rev().find_map(|one| Some((one.at.block, one.sighting.details()?)));
        known.last().is_some_and(|newest| newest.sighting.is_present())
            && details.is_some_and(|(block, details)| {
                let is_recorded = matches!(details.broadcast, Broadcast::None | Broadcast::Ended);
                block >= since && is_recorded && details.published_at.is_some()
            })
    }

    pub fn track(&self, content: &ContentId) -> Option<Track> {
        let mut known: Vec<&Observation> = self.observations.get(content)?.iter().collect();
        known.sort_by_key(|observation| observation.at.block);
        let mut measured = known
            .iter()
            .rev()
            .filter_map(|one| Some(Measurement { at: one.at, count: one.sighting.metrics().view_count? }));
        let newest = measured.next();
        let earlier = measured.find(|earlier| newest.is_some_and(|newest| earlier.at.block < newest.at.block));
        Some(Track {
            published_at: known
                .iter()
                .rev()
                .find_map(|one| one.sighting.details())
                .and_then(|known| known.published_at),
            observed_at: known.last()?.at.time,
            newest,
            earlier,
        })
    }

    pub fn series(&self, content: &ContentId, newest: u32) -> Series {
        let mut known: Vec<&Observation> = self.observations.get(content).into_iter().flatten().collect();
        known.sort_by_key(|observation| observation.at.block);
        let details = known.iter().rev().find_map(|one| one.sighting.details());
        let point = |one: &&Observation| {
            let metrics = one.sighting.metrics();
            Point {
                at: one.at.time,
                views: metrics.view_count,
                plays: metrics.play_count,
                likes: metrics.like_count,
                comments: metrics.comment_count,
            }
        };
        Series {
            platform: content.platform(),
            published_at: details.and_then(|details| details.published_at),
            duration_secs: details.and_then(|details| details.duration_secs),
            points: known.iter().rev().take(newest as usize).map(point).collect(),
        }
    }

    pub fn units_spent(&self, bucket: &str, date: &str) -> u64 {
        self.units_spent.get(&(bucket.to_owned(), date.to_owned())).copied().unwrap_or(0)
    }

    pub fn debit(&mut self, bucket: &str, date: &str, units: u64, budget: u64) -> bool {
        let after = self.units_spent(bucket, date).checked_add(units).filter(|after| *after <= budget);
        if let Some(after) = after {
            self.units_spent.insert((bucket.to_owned(), date.to_owned()), after);
        }
        after.is_some()
    }

    pub fn exhaust(&mut self, bucket: &str, date: &str, budget: u64) {
        let spent = self.units_spent.entry((bucket.to_owned(), date.to_owned())).or_default();
        *spent = budget.max(*spent);
    }

    pub fn spent(&self, prefix: &str, date: &str) -> BTreeMap<String, u64> {
        let of_date = self.units_spent.iter().filter(|((bucket, on), _)| on == date && bucket.starts_with(prefix));
        of_date.map(|((bucket, _), units)| (bucket.clone(), *units)).collect()
    }

    pub fn credit(&mut self, bucket: &str, date: &str, units: u64) {
        if let Some(spent) = self.units_spent.get_mut(&(bucket.to_owned(), date.to_owned())) {
            *spent = spent.saturating_sub(units);
        }
    }

    /// Of a provider and a question the newest stays; what was never observed has none.
    pub fn record_verdicts(&mut self, verdicts: &[(ContentId, Verdict)]) {
        for (content, verdict) in verdicts.iter().filter(|(content, _)| self.observations.contains_key(content)) {
            let known = self.verdicts.entry(content.clone()).or_default();
            let question = |one: &Verdict| (one.check, one.task_id.clone(), one.provider);
            match known.iter_mut().find(|one| question(one) == question(verdict)) {
                Some(one) if one.at.block > verdict.at.block => {}
                Some(one) => *one = verdict.clone(),
                None => known.push(verdict.clone()),
            }
            known.sort_unstable();
        }
    }

    pub fn verification(&self, content: &ContentId) -> VerificationRecord {
        let verdicts = self.verdicts.get(content).cloned().unwrap_or_default();
        let mut waits = self.waits.get(content).cloned().unwrap_or_default();
        waits.sort_unstable();
        VerificationRecord { verdicts, waits }
    }

    pub fn unclaimed_holdings(&self, limit: u32) -> Vec<Holding> {
        let mut unclaimed: Vec<Holding> =
            self.holdings.iter().filter(|(_, rule)| rule.is_none()).map(|(holding, _)| holding.clone()).collect();
        unclaimed.sort_by_key(|holding| (holding.round, holding.id));
        unclaimed.truncate(usize::try_from(limit).expect("a small limit"));
        unclaimed
    }

    pub fn holdings_claimed_otherwise(&self, rule: &PlaceRuleDigest, round: Block) -> Vec<Holding> {
        let is_due = |holding: &Holding| {
            self.short_of_room.get(&holding.id).is_none_or(|short| short + ROOM_AGAIN_BLOCKS <= round)
        };
        let is_present = |holding: &Holding| {
            self.gists.get(&holding.pointer).is_some_and(|state| state.digest == Some(holding.digest))
        };
        let is_otherwise = |(holding, claimed): &&(Holding, Option<PlaceRuleDigest>)| {
            claimed.as_ref().is_some_and(|claimed| claimed != rule) && is_present(holding) && is_due(holding)
        };
        self.holdings.iter().filter(is_otherwise).map(|(holding, _)| holding.clone()).collect()
    }

    pub fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Vec<Claim> {
        let is_asked = |claim: &&Claim| claim.task_id == task_id && content_ids.contains(&claim.content_id.as_str());
        let mut claims: Vec<Claim> = self.claims.values().filter(is_asked).cloned().collect();
        claims.sort_unstable();
        claims
    }

    pub fn record_claims(&mut self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError> {
        let mut short_of_room: BTreeMap<Hotkey, Block> = BTreeMap::new();
        for claim in claims {
            let key = (claim.task_id.clone(), claim.content_id.clone(), claim.hotkey);
            let held = || self.claims.keys().filter(|(_, _, hotkey)| *hotkey == claim.hotkey).count();
            // Counted only where it could matter: a count walks all claims.
            if self.claims.len() >= MAX_CLAIMS && !self.claims.contains_key(&key) && held() >= MAX_CLAIMS {
                let newest = short_of_room.entry(claim.hotkey).or_default();
                *newest = claim.round.max(*newest);
                continue;
            }
            self.claims.entry(key).or_insert_with(|| claim.clone()).join(claim);
        }
        let claimed: BTreeMap<i64, PlaceRuleDigest> =
            holdings.iter().map(|claimed| (claimed.id, claimed.rule)).collect();
        for (holding, rule) in &mut self.holdings {
            let Some(claimed) = claimed.get(&holding.id) else { continue };
            self.short_of_room.remove(&holding.id);
            // What was left out is claimed under no rule.
            let short = short_of_room.get(&holding.hotkey);
            self.short_of_room.extend(short.map(|round| (holding.id, *round)));
            *rule = Some(if short.is_some() { PlaceRuleDigest([0; 32]) } else { *claimed });
        }
        Ok(())
    }

    pub fn all_claims(&self) -> Vec<Claim> {
        let mut claims: Vec<Claim> = self.claims.values().cloned().collect();
        claims.sort_unstable();
        claims
    }

    pub fn open_cycle(&mut self, at: BlockStamp, subnet: &Subnet) -> CycleHead {
        let number = self.cycles.last().map_or(0, |cycle| cycle.number) + 1;
        let cycle = Cycle { number, at, subnet: subnet.clone(), decided: None };
        let head = cycle.head();
        self.cycles.push(cycle);
        head
    }

    pub fn cycle(&self, number: u32) -> Option<&Cycle> {
        self.cycles.iter().find(|cycle| cycle.number == number)
    }

    /// The first decision of a cycle stays.
    pub fn save_decision(&mut self, decided: &DecidedCycle) -> Result<(), StoreError> {
        let cycle = self.cycles.iter_mut().find(|cycle| cycle.number == decided.cycle);
        let cycle = cycle.ok_or_else(|| StoreError(format!("cycle {} was never opened", decided.cycle)))?;
        cycle.decided.get_or_insert_with(|| decided.clone());
        Ok(())
    }

    pub fn smoothed_scores(&self) -> Option<PreviousScores> {
        self.cycles.iter().rev().find_map(|cycle| {
            let decided = cycle.decided.as_ref().filter(|decided| !decided.smoothed.is_empty())?;
            Some(PreviousScores { at: cycle.at, scores: decided.smoothed.clone() })
        })
    }

    pub fn scores_before(&self, cycle: u32) -> Option<ScoreVector> {
        let before = self.cycles.iter().rev().filter(|before| before.number < cycle);
        let mut scores = before.filter_map(|before| before.decided.as_ref()).map(|decided| &decided.scores);
        scores.find(|scores| !scores.is_empty()).cloned()
    }

    pub fn scores_in_force(&self) -> Option<ScoresInForce> {
        self.cycles.iter().rev().find_map(|cycle| {
            let decided = cycle.decided.as_ref().filter(|decided| !decided.scores.is_empty())?;
            Some(ScoresInForce { cycle: cycle.number, at: cycle.at, scores: decided.scores.clone() })
        })
    }

    /// A window of a hotkey has one intent at a time that reached the chain or still may.
    pub fn save_intent(&mut self, intent: &WeightIntent) -> bool {
        let of_window = self.intents.entry(intent.window).or_default();
        let is_taken = of_window.iter().any(|known| {
            known.hotkey == intent.hotkey && known.outcome.as_ref().is_none_or(IntentOutcome::reached_chain)
        });
        if !is_taken {
            of_window.push(intent.clone());
        }
        !is_taken
    }

    pub fn all_intents(&self) -> impl Iterator<Item = &WeightIntent> {
        self.intents.values().flatten()
    }

    /// What a hotkey signed; an intent that names nobody is everybody's.
    pub fn intents_of(&self, hotkey: &Hotkey) -> impl Iterator<Item = &WeightIntent> {
        self.all_intents().filter(move |intent| intent.hotkey.is_none_or(|signer| signer == *hotkey))
    }

    /// Commits of a hotkey on chain without an outcome of their reveal.
    pub fn watched_reveals(&self, hotkey: &Hotkey, limit: u32) -> Vec<WeightIntent> {
        let is_watched = |intent: &&WeightIntent| {
            let reached = intent.outcome.as_ref().is_some_and(IntentOutcome::reached_chain);
            reached && intent.reveal.is_some() && !self.reveals.contains_key(&intent.extrinsic_hash)
        };
        self.intents_of(hotkey).filter(is_watched).take(limit as usize).cloned().collect()
    }

    /// An outcome that is stored stays.
    pub fn save_outcome(&mut self, of: &WeightIntent, outcome: &IntentOutcome) -> Result<(), StoreError> {
        let of_window = self.intents.get_mut(&of.window);
        let intent = of_window.and_then(|known| known.iter_mut().rfind(|known| known.hotkey == of.hotkey));
        let intent = intent.ok_or_else(|| StoreError(format!("the window from {} has no intent", of.window)))?;
        intent.outcome.get_or_insert_with(|| outcome.clone());
        Ok(())
    }
}

/// A count that is not given leaves the one known before, with its own block.
fn renew(evidence: &mut ContentEvidence, at: BlockStamp, metrics: Metrics) {
    let measured = |count: Option<u64>| count.map(|count| Measurement { at, count });
    evidence.views = measured(metrics.view_count).or(evidence.views);
    evidence.plays = measured(metrics.play_count).or(evidence.plays);
}
