//! Gathering a cycle's evidence from the store: tasks, miners, claims, contents, and what could not be read.

mod claims;
mod earlier;

use crate::ports::{Store, StoreError};
use crate::scorer::settings::{CONTENTS_PER_READ, CycleSettings};
use crate::scorer::verdicts::{Open, Verification};
use crate::supervision::quarantine::{self, Quarantine, Rules};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::chain_time::BLOCKS_PER_HOUR;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::ReportedError;
use tensorflix_domain::evidence::{ContentEvidence, Evidence, Miner, Person, PreviousScores, WeightedTask};
use tensorflix_domain::gist_owner::{GistName, OwnerRecord};
use tensorflix_domain::gist_record::{GistState, GoodPointer};
use tensorflix_domain::ids::{Block, ContentId, Hotkey, Uid};
use tensorflix_domain::places::{PlaceRule, Turn, contents_in_turn};
use tensorflix_domain::plausibility;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::problem::Problem;
use tensorflix_domain::quarantine::ItemKind;
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::rounds::{MOST_UNWATCHED_RANGES, UnwatchedBlocks};
use tensorflix_domain::submission::GistKind;
use tensorflix_domain::subnet::{Neuron, Subnet};
use tensorflix_domain::task::TaskGist;
use tensorflix_domain::task_source::{Publisher, TaskSource, tasks_of_gist, tasks_of_network};
use tensorflix_domain::verdict::Reason;

/// Most ranges of unwatched blocks that a cycle reports, the newest ones.
const MOST_UNWATCHED: usize = 200;

/// Evidence before observation.
pub(crate) struct Gathered {
    pub evidence: Evidence,
    /// The items that the cycle needs, in the order in which they are requested.
    pub turns: Vec<Turn>,
    pub errors: Vec<ReportedError>,
}

/// Gathers everything except the items.
pub(crate) async fn gather(
    store: &dyn Store,
    settings: &CycleSettings,
    subnet: &Subnet,
    rules: Rules,
) -> Result<Gathered, StoreError> {
    let gists = Gists::load(store, settings, subnet, rules).await?;
    let mut errors = Vec::new();
    let tasks = gists.tasks(settings, subnet, &mut errors).await?;
    let miners = gists.miners(settings, subnet, &mut errors).await?;
    let missed = store.unwatched_blocks(MOST_UNWATCHED_RANGES).await?;
    let mut rounds = Rounds { blocks: settings.round_blocks, missed, ..Rounds::default() };
    let claims = claims::binding(store, settings, subnet, &tasks, &miners, &rounds).await?;
    let previous = store.smoothed_scores().await?.map(|PreviousScores { at, mut scores }| {
        // A miner that left earns nothing, and does not count among the best or for the burnt share.
        scores.retain(|hotkey, _| subnet.neuron(hotkey).is_some() && Some(*hotkey) != settings.own_hotkey);
        PreviousScores { at, scores }
    });
    // Before the first round, none was expected.
    let newest = rounds.missed.iter().filter(|range| range.from > 0).rev().take(MOST_UNWATCHED);
    let unwatched: Vec<UnwatchedBlocks> = newest.copied().collect::<Vec<_>>().into_iter().rev().collect();
    let pinned_at: BTreeSet<Block> = claims.iter().filter_map(|bound| bound.claim.pinned_at).collect();
    rounds.keep_missed_of(&pinned_at);
    report_unwatched(&mut errors, &unwatched, store.scores_in_force().await?.map(|force| force.at.block));
    let evidence = Evidence {
        at: subnet.at,
        tasks,
        miners,
        claims,
        contents: BTreeMap::new(),
        previous,
        recovery: None,
        owner_hotkey: subnet.owner_hotkey,
        unwatched,
        rounds,
    };
    let slot = subnet.at.block / settings.slot_blocks.max(1);
    let turns = contents_in_turn(&evidence, &settings.policy, slot);
    Ok(Gathered { evidence, turns, errors })
}

/// What is known about items, with the hotkeys in their texts and the verdicts on them; and which questions about them lack
/// an answer.
pub(crate) async fn content_evidence(
    store: &dyn Store,
    policy: &Policy,
    verification: Option<&Verification<'_>>,
    contents: &BTreeSet<ContentId>,
    shortfalls: &BTreeMap<ContentId, Reason>,
    errors: &mut Vec<ReportedError>,
) -> Result<(BTreeMap<ContentId, ContentEvidence>, Open), StoreError> {
    let all: Vec<ContentId> = contents.iter().cloned().collect();
    let (mut evidence, mut open) = (BTreeMap::new(), Open::new());
    for chunk in all.chunks(CONTENTS_PER_READ) {
        let records = if verification.is_some() { store.verifications(chunk).await? } else { Vec::new() };
        let mut records = records.into_iter();
        for (content, mut observed) in chunk.iter().zip(store.observed_contents(chunk).await?) {
            let record = records.next().unwrap_or_default();
            let verified = verification.and_then(|verification| verification.known(content, &observed, record));
            let named_count = observed.read_tag(policy);
            errors.extend((named_count > 1).then(|| several_hotkeys(content, named_count)));
            let mut known = observed.evidence;
            plausibility::clear(&mut known, content.platform());
            if let Some((verified, questions)) = verified {
                known.verification = Some(Box::new(verified));
                if !questions.is_empty() {
                    open.insert(content.clone(), questions);
                }
            }
            known.shortfall = shortfalls.get(content).copied();
            evidence.insert(content.clone(), known);
        }
    }
    Ok((evidence, open))
}

/// The rules that decide which pairs hold a place at the block of a subnet.
pub(crate) async fn place_rule(
    store: &dyn Store,
    settings: &CycleSettings,
    subnet: &Subnet,
    rules: Rules,
) -> Result<PlaceRule, StoreError> {
    let gists = Gists::load(store, settings, subnet, rules).await?;
    // Problems with tasks are reported by the cycle.
    let tasks = gists.tasks(settings, subnet, &mut Vec::new()).await?;
    Ok(PlaceRule::new(&tasks, settings.policy.max_per_miner_and_task))
}

struct Gists<'a> {
    store: &'a dyn Store,
    states: BTreeMap<GistPointer, GistState>,
    owners: BTreeMap<GistName, OwnerRecord>,
    good_pointers: BTreeMap<Hotkey, GoodPointer>,
    /// A miner's document that was last confirmed in an earlier round no longer counts.
    oldest: Block,
    rules: Rules,
    quarantine: Quarantine<'a>,
}

/// The earliest polling round with a copy that may still be used for a gist that cannot be read.
fn oldest_round(block: Block, max_evidence_age_hours: f64) -> Block {
    let blocks = max_evidence_age_hours * f64::from(BLOCKS_PER_HOUR);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u32")]
    let blocks = blocks.clamp(0.0, f64::from(u32::MAX)) as u32;
    block.saturating_sub(blocks)
}

impl<'a> Gists<'a> {
    async fn load(
        store: &'a dyn Store,
        settings: &CycleSettings,
        subnet: &Subnet,
        rules: Rules,
    ) -> Result<Self, StoreError> {
        let states = store.gist_states().await?.into_iter().map(|state| (state.pointer.clone(), state)).collect();
        let owners = store.gist_owners().await?.into_iter().map(|record| (record.gist.clone(), record)).collect();
        let oldest = oldest_round(subnet.at.block, settings.policy.max_evidence_age_hours);
        let quarantine = Quarantine::load(store, subnet.at.block).await?;
        let good_pointers = store.good_pointers().await?.into_iter().map(|good| (good.hotkey, good)).collect();
        Ok(Self { store, states, owners, good_pointers, oldest, rules, quarantine })
    }

    /// The last good document of a gist, if it was read in the round `oldest` or later; later failures are reported as errors.
    async fn document(
        &self,
        pointer: &GistPointer,
        uid: Option<Uid>,
        source: &str,
        oldest: Block,
        errors: &mut Vec<ReportedError>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.states.get(pointer);
        let error = state.map_or(Some("not read yet"), |state| state.error.as_deref());
        if let Some(error) = error {
            // The UID names the owner; a configured gist has no UID.
            let reason = if uid.is_some() { error.to_owned() } else { format!("{pointer}: {error}") };
            errors.push(ReportedError { uid, source: source.to_owned(), line: None, reason });
        }
        match state.and_then(|state| state.digest.zip(state.fetched_round)) {
            Some((digest, round)) if round >= oldest => self.store.gist_document(&digest).await,
            Some((_, round)) => {
                let reason = format!("the last good copy, of block {round}, is too old to use");
                errors.push(ReportedError { uid, source: source.to_owned(), line: None, reason });
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Whether GitHub's answers rule a gist out: then its content does not count, old or new.
    fn is_refused(
        &self,
        pointer: &GistPointer,
        uid: Option<Uid>,
        source: &str,
        errors: &mut Vec<ReportedError>,
    ) -> bool {
        let owner = self.owners.get(&GistName::from(pointer));
        let Some(refusal) = owner.and_then(|owner| owner.refusal.as_ref()) else { return false };
        errors.push(ReportedError { uid, source: source.to_owned(), line: None, reason: refusal.to_string() });
        true
    }

    async fn tasks(
        &self,
        settings: &CycleSettings,
        subnet: &Subnet,
        errors: &mut Vec<ReportedError>,
    ) -> Result<Vec<WeightedTask>, StoreError> {
        match settings.task_source {
            TaskSource::Gist => {
                let own = || pointer_of(subnet.neuron(&settings.own_hotkey?)?);
                let Some(pointer) = settings.task_gist.clone().or_else(own) else {
                    let reason = "no task gist: set validator.username and validator.gist_id, or commit one".to_owned();
                    errors.push(ReportedError { uid: None, source: "tasks".to_owned(), line: None, reason });
                    return Ok(Vec::new());
                };
                Ok(tasks_of_gist(self.task_gist(&pointer, None, errors).await?))
            }
            TaskSource::Network => {
                let mut publishers = Vec::new();
                for neuron in subnet.neurons.iter().filter(|neuron| neuron.validator_permit) {
                    let pointer = pointer_of(neuron);
                    if let Some(pointer) = pointer.filter(|at| {
                        // The last good tasks are kept even while GitHub answers that the gist does not exist.
                        !self.is_refused(at, Some(neuron.uid), "tasks", errors) || self.is_absent(at)
                    }) {
                        let gist = self.task_gist(&pointer, Some(neuron.uid), errors).await?;
                        let Neuron { uid, hotkey, stake_rao, .. } = *neuron;
                        publishers.push(Publisher { uid, hotkey, stake_rao, gist });
                    }
                }
                let (tasks, problems) = tasks_of_network(&publishers, subnet.at.time);
                report_problems(errors, None, "tasks", problems);
                Ok(tasks)
            }
        }
    }

    async fn task_gist(
        &self,
        pointer: &GistPointer,
        uid: Option<Uid>,
        errors: &mut Vec<ReportedError>,
    ) -> Result<TaskGist, StoreError> {
        // The last good tasks are kept, however long the gist cannot be read.
        let document = self.document(pointer, uid, "tasks", 0, errors).await?.unwrap_or_default();
        let item = quarantine::item(ItemKind::TaskGist, pointer.to_string(), &document);
        let gist = self.quarantine.handle(&item, || (self.rules.read_tasks)(&document)).await?;
        let mut gist = gist.unwrap_or_else(|unhandled| {
            let reason = unhandled.to_string();
            errors.push(ReportedError { uid, source: "tasks".to_owned(), line: None, reason });
            TaskGist::default()
        });
        report_problems(errors, uid, "tasks", std::mem::take(&mut gist.problems));
        Ok(gist)
    }

    /// Registered hotkeys other than ours with a readable submission gist, by UID.
    async fn miners(
        &self,
        settings: &CycleSettings,
        subnet: &Subnet,
        errors: &mut Vec<ReportedError>,
    ) -> Result<Vec<Miner>, StoreError> {
        report_shared(errors, subnet);
        let mut miners = Vec::new();
        for neuron in subnet.neurons.iter().filter(|neuron| Some(neuron.hotkey) != settings.own_hotkey) {
            let uid = Some(neuron.uid);
            let Some(pointer) = pointer_of(neuron) else {
                if neuron.commitment.is_some() {
                    let reason = "not `username:gist_id` or `username:gist_id@revision`".to_owned();
                    errors.push(ReportedError { uid, source: "commitment".to_owned(), line: None, reason });
                }
                continue;
            };
            if let Some((pointer, document)) = self.standing(neuron, pointer, errors).await? {
                let item = quarantine::item(ItemKind::SubmissionGist, pointer.to_string(), &document);
                let gist = match self.quarantine.handle(&item, || (self.rules.read_submissions)(&document)).await? {
                    Ok(gist) => gist,
                    Err(unhandled) => {
                        let reason = unhandled.to_string();
                        errors.push(ReportedError { uid, source: "gist".to_owned(), line: None, reason });
                        continue;
                    }
                };
                report_problems(errors, uid, "gist", gist.problems);
                if gist.kind == GistKind::Submissions {
                    let owner = self.owners.get(&GistName::from(&pointer));
                    miners.push(Miner {
                        uid: neuron.uid,
                        hotkey: neuron.hotkey,
                        pairs: gist.pairs,
                        owner_confirmed: owner.is_some_and(OwnerRecord::is_confirmed),
                        person: Some(Box::new(Person {
                            coldkey: neuron.coldkey,
                            github_id: owner.and_then(|owner| owner.owner_id),
                        })),
                    });
                }
            }
        }
        miners.sort_by_key(|miner| miner.uid);
        Ok(miners)
    }
}

/// Reports blocks that were not watched since the previous cycle with scores in force.
fn report_unwatched(errors: &mut Vec<ReportedError>, unwatched: &[UnwatchedBlocks], previous_cycle: Option<Block>) {
    let since = unwatched.iter().filter(|range| Some(range.until) > previous_cycle);
    errors.extend(since.map(|UnwatchedBlocks { from, until }| ReportedError {
        uid: None,
        source: "rounds".to_owned(),
        line: None,
        reason: format!(
            "no gist was read from block {from} to {until}: submissions listed while we were offline are dated to block {until}"
        ),
    }));
}

/// Reports gists that several hotkeys commit: the earliest claimant keeps its claims, and the others earn nothing with it.
fn report_shared(errors: &mut Vec<ReportedError>, subnet: &Subnet) {
    let mut holders: BTreeMap<GistName, Vec<Uid>> = BTreeMap::new();
    for neuron in &subnet.neurons {
        if let Some(pointer) = pointer_of(neuron) {
            holders.entry(GistName::from(&pointer)).or_default().push(neuron.uid);
        }
    }
    for (gist, uids) in holders.into_iter().filter(|(_, uids)| uids.len() > 1) {
        let names: Vec<String> = uids.iter().map(ToString::to_string).collect();
        let reason =
            format!("UIDs {} commit the same gist {gist}: each of its submissions counts only once", names.join(", "));
        errors.push(ReportedError { uid: None, source: "commitment".to_owned(), line: None, reason });
    }
}

fn several_hotkeys(content: &ContentId, named_count: usize) -> ReportedError {
    ReportedError {
        uid: None,
        source: content.platform().name().to_owned(),
        line: None,
        reason: format!("the text of {} names {named_count} hotkeys; only the first counts", content.as_str()),
    }
}

fn pointer_of(neuron: &Neuron) -> Option<GistPointer> {
    neuron.commitment.as_ref()?.pointer()
}

fn report_problems(errors: &mut Vec<ReportedError>, uid: Option<Uid>, source: &str, problems: Vec<Problem>) {
    errors.extend(problems.into_iter().map(|problem| ReportedError {
        uid,
        source: source.to_owned(),
        line: problem.line,
        reason: problem.reason,
    }));
}
