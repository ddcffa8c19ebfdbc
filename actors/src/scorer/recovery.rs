//! Gathers what is known now of the views that earlier cycles paid for, and what is owed for that.
//!
//! Most items have neither a fall nor signals of their own, and name nobody else. Earlier cycles are read only for those that do:
//! where nothing is suspicious, nothing is read. Items that are no longer listed are examined as long as a cycle that paid for
//! them can be corrected; so neither removing a pair nor deleting a video ends that.

use crate::ports::{Store, StoreError};
use crate::scorer::paid_items::{PaidItems, paid_cycles};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tensorflix_domain::chain_time::BLOCKS_PER_HOUR;
use tensorflix_domain::evidence::{ContentEvidence, Evidence};
use tensorflix_domain::ids::{Block, ContentId, Hotkey};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::plausibility;
use tensorflix_domain::policy::{OwnershipRule, Policy};
use tensorflix_domain::recovery::{Belief, Cause, PaidCycle, Recovery, debts, recover_hours};
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::traffic::{Series, Traits, believed, may_disbelieve};

/// Most observations per item that are read of suspicious items, the newest ones: a week of one and a half an hour.
const NEWEST_OBSERVATIONS: u32 = 256;

/// Most items with their series in memory at one time.
const CONTENTS_PER_READ: usize = 500;

/// Most items per platform that are observed although they are no longer listed: those that earned most.
const MOST_UNLISTED: usize = 200;

/// Hours between two observations of an item that is not listed any more: less than a day, so that a daily cycle is never too early.
const UNLISTED_EVERY_HOURS: u32 = 20;

/// Hotkeys by the task and the item that they claim.
type Claimants = BTreeMap<(String, String), BTreeSet<Hotkey>>;

/// What a recovery is gathered with.
pub(crate) struct Gathering<'a> {
    pub store: &'a dyn Store,
    pub policy: &'a Policy,
    pub subnet: &'a Subnet,
    /// What earlier cycles paid for.
    pub paid: &'a PaidItems,
}

/// Items that cycles paid for lately and nobody lists any more, those that earned most first, at most [`MOST_UNLISTED`] on each
/// platform. They are observed after everything that is listed.
pub(crate) fn unlisted(paid: &PaidItems, listed: &BTreeSet<ContentId>) -> Vec<ContentId> {
    let mut by_platform: BTreeMap<Platform, Vec<(f64, &ContentId)>> = BTreeMap::new();
    for (content, item) in paid.items() {
        if !listed.contains(content) {
            by_platform.entry(content.platform()).or_default().push((item.most, content));
        }
    }
    let mut all = Vec::new();
    for mut items in by_platform.into_values() {
        items.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(right.1)));
        all.extend(items.into_iter().take(MOST_UNLISTED).map(|(_, content)| content.clone()));
    }
    all
}

/// Those of them that were not observed lately: one observation a day is enough, however short cycles are, so that they take no
/// budget from what is listed.
pub(crate) async fn due(
    store: &dyn Store,
    mut unlisted: Vec<ContentId>,
    block: Block,
) -> Result<Vec<ContentId>, StoreError> {
    let since = block.saturating_sub(UNLISTED_EVERY_HOURS * BLOCKS_PER_HOUR);
    let observed: BTreeSet<ContentId> = store.observed_since(&unlisted, since).await?.into_iter().collect();
    unlisted.retain(|content| !observed.contains(content));
    Ok(unlisted)
}

impl Gathering<'_> {
    /// Adds to the evidence what is known of earlier cycles. `suspicious` are listed items with falls or signals of their own.
    pub(crate) async fn gather(
        &self,
        evidence: &mut Evidence,
        mut suspicious: BTreeSet<ContentId>,
    ) -> Result<(), StoreError> {
        if self.policy.traffic.is_off() {
            return Ok(());
        }
        let mut gone = BTreeSet::new();
        for (content, known) in &evidence.contents {
            if known.latest.as_ref().is_some_and(|latest| latest.presence.is_none()) {
                gone.insert(content.clone());
            }
            if self.names_another(content, known) {
                suspicious.insert(content.clone());
            }
        }
        suspicious.retain(|content| self.paid.item(content).is_some());
        self.add_unlisted(evidence, &mut suspicious, &mut gone).await?;
        let before = self.store.debts().await?;
        // What is owed is examined as long as it is, so that only a finding that is lifted lifts it.
        let debtors: BTreeSet<Hotkey> = before.iter().map(|debt| debt.hotkey).collect();
        let of_debtors = self.paid.items().filter(|(_, item)| item.hotkeys.iter().any(|paid| debtors.contains(paid)));
        suspicious.extend(of_debtors.map(|(content, _)| content.clone()));
        if suspicious.is_empty() && before.is_empty() {
            return Ok(());
        }
        let cycles = paid_cycles(self.store, self.paid, &suspicious).await?;
        let mut beliefs = Vec::new();
        let mut kept = BTreeSet::new();
        let all: Vec<ContentId> = suspicious.into_iter().collect();
        for chunk in all.chunks(CONTENTS_PER_READ) {
            let mut series = self.store.traffic_series(chunk, NEWEST_OBSERVATIONS).await?;
            series.iter_mut().for_each(plausibility::clear_series);
            let series: HashMap<&ContentId, &Series> = chunk.iter().zip(&series).collect();
            let claimants = self.claimants(evidence, &cycles, chunk).await?;
            let look_back = LookBack { gathering: self, evidence, series: &series, gone: &gone, claimants: &claimants };
            for paid in &cycles {
                look_back.examine(paid, &mut beliefs, &mut kept);
            }
        }
        beliefs.sort_by(|left, right| key_of(left).cmp(&key_of(right)));
        let hours = recover_hours(self.policy);
        let debts = debts(&cycles, &beliefs, &before, &kept, evidence.at.time, hours);
        if !(beliefs.is_empty() && debts.is_empty()) {
            evidence.recovery = Some(Box::new(Recovery { beliefs, debts }));
        }
        Ok(())
    }

    /// Whether an item that was paid for names a hotkey that it was not paid to.
    fn names_another(&self, content: &ContentId, known: &ContentEvidence) -> bool {
        let named = known.owner_tag.filter(|_| self.policy.ownership_tag != OwnershipRule::Off);
        named.is_some_and(|named| {
            self.paid.item(content).is_some_and(|item| item.hotkeys.iter().any(|paid| *paid != named))
        })
    }

    /// Adds suspicious items that nobody lists any more, and those that are gone.
    async fn add_unlisted(
        &self,
        evidence: &Evidence,
        suspicious: &mut BTreeSet<ContentId>,
        gone: &mut BTreeSet<ContentId>,
    ) -> Result<(), StoreError> {
        let unlisted: Vec<ContentId> = self
            .paid
            .items()
            .map(|(content, _)| content)
            .filter(|content| !evidence.contents.contains_key(*content))
            .cloned()
            .collect();
        for chunk in unlisted.chunks(CONTENTS_PER_READ) {
            for (content, observed) in chunk.iter().zip(self.store.observed_contents(chunk).await?) {
                if observed.evidence.latest.is_some_and(|latest| latest.presence.is_none()) {
                    gone.insert(content.clone());
                }
            }
            let mut series = self.store.traffic_series(chunk, NEWEST_OBSERVATIONS).await?;
            series.iter_mut().for_each(plausibility::clear_series);
            for (content, series) in chunk.iter().zip(&series) {
                let traits = Traits::of(series, self.policy.view_metric);
                if may_disbelieve(series, &traits, self.policy.view_metric, gone.contains(content)) {
                    suspicious.insert(content.clone());
                }
            }
        }
        Ok(())
    }

    /// The registered hotkeys that claim these items, by task and item, of those items that name a hotkey. A claim of a pair that is
    /// not listed any more counts too: claims are never removed.
    async fn claimants(
        &self,
        evidence: &Evidence,
        cycles: &[PaidCycle],
        contents: &[ContentId],
    ) -> Result<Claimants, StoreError> {
        let reads_tags = self.policy.ownership_tag != OwnershipRule::Off;
        let names = |content: &&ContentId| {
            reads_tags && evidence.contents.get(*content).is_some_and(|known| known.owner_tag.is_some())
        };
        let tagged: BTreeSet<&ContentId> = contents.iter().filter(names).collect();
        let mut listed: BTreeMap<&str, BTreeSet<ContentId>> = BTreeMap::new();
        for judged in cycles.iter().flat_map(|paid| &paid.submissions) {
            if let Some(content) = judged.content().filter(|content| tagged.contains(content)) {
                listed.entry(&judged.task_id).or_default().insert(content);
            }
        }
        let mut claimants = Claimants::new();
        for (task_id, contents) in listed {
            let ids: Vec<&str> = contents.iter().map(ContentId::as_str).collect();
            for claim in self.store.claims_for(task_id, &ids).await? {
                if self.subnet.neuron(&claim.hotkey).is_some() {
                    claimants.entry((claim.task_id, claim.content_id)).or_default().insert(claim.hotkey);
                }
            }
        }
        Ok(claimants)
    }

    /// Whether two hotkeys have different owners, as far as is known.
    fn have_other_owners(&self, one: &Hotkey, other: &Hotkey) -> bool {
        let coldkey = |hotkey| self.subnet.neuron(hotkey).and_then(|neuron| neuron.coldkey);
        let same = coldkey(one).zip(coldkey(other)).is_some_and(|(one, other)| one == other);
        one != other && !same
    }
}

fn key_of(belief: &Belief) -> (u32, Hotkey, &str, &ContentId) {
    (belief.cycle, belief.hotkey, &belief.task_id, &belief.content)
}

/// What is known now of some items, for looking back at what cycles paid for them.
struct LookBack<'a> {
    gathering: &'a Gathering<'a>,
    evidence: &'a Evidence,
    series: &'a HashMap<&'a ContentId, &'a Series>,
    gone: &'a BTreeSet<ContentId>,
    claimants: &'a Claimants,
}

impl LookBack<'_> {
    fn examine(&self, paid: &PaidCycle, beliefs: &mut Vec<Belief>, kept: &mut BTreeSet<(Hotkey, u32)>) {
        for judged in &paid.submissions {
            let Some(content) = judged.content() else { continue };
            let Some(series) = self.series.get(&content) else { continue };
            let (Some(at), Some(arithmetic)) = (judged.observed_at, judged.arithmetic.as_deref()) else { continue };
            let shown = arithmetic.shown_views;
            let metric = paid.policy.view_metric;
            let now = believed(series, metric, at, shown, self.gone.contains(&content));
            if !now.reaches_back {
                kept.insert((judged.hotkey, paid.cycle));
            }
            let owner = self.other_owner(judged, &content);
            let cause = owner.map(|hotkey| Cause::NamesAnother { hotkey }).or(now.cause);
            if let Some(cause) = cause {
                beliefs.push(Belief {
                    cycle: paid.cycle,
                    hotkey: judged.hotkey,
                    task_id: judged.task_id.clone(),
                    content,
                    shown,
                    believed: if owner.is_some() { 0 } else { now.views },
                    cause,
                });
            }
        }
    }

    /// The hotkey that an item names, if it claims the item and has another owner than the hotkey that was paid.
    fn other_owner(&self, judged: &Judged, content: &ContentId) -> Option<Hotkey> {
        let reads_tags = self.gathering.policy.ownership_tag != OwnershipRule::Off;
        let named = self.evidence.contents.get(content)?.owner_tag.filter(|_| reads_tags)?;
        let pair = (judged.task_id.clone(), content.as_str().to_owned());
        let claims = self.claimants.get(&pair)?.contains(&named);
        (claims && self.gathering.have_other_owners(&named, &judged.hotkey)).then_some(named)
    }
}
