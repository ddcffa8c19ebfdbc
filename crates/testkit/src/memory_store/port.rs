//! Each call of the port, as a read or a write of the tables.

use super::tables;
use super::{MemoryStore, Write, locked};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use tables::Tables;
use tensorflix_actors::ports::{Store, StoreError};
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::{CycleHead, DecidedCycle, ScoresInForce};
use tensorflix_domain::dating::GistDate;
use tensorflix_domain::evidence::PreviousScores;
use tensorflix_domain::freshness::Track;
use tensorflix_domain::gist_owner::{GistName, OwnerRecord};
use tensorflix_domain::gist_record::{
    ClaimedHolding, ContentDigest, GistAnswer, GistHolder, GistState, GoodPointer, Holding,
};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, ContentId, Hotkey};
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome, WeightIntent};
use tensorflix_domain::observation::Observation;
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::places::PlaceRuleDigest;
use tensorflix_domain::quarantine::Item;
use tensorflix_domain::recovery::{Debt, PaidCycle};
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::traffic::Series;
use tensorflix_domain::verification::{Verdict, VerificationRecord, Wait};
use tensorflix_domain::weights::ScoreVector;

#[async_trait]
impl Store for MemoryStore {
    async fn save_head(&self, head: &Head) -> Result<(), StoreError> {
        self.write(Write::Head, |tables| tables.save_head(head)).await
    }

    async fn latest_head(&self) -> Result<Option<Head>, StoreError> {
        self.read(|tables| tables.head)
    }

    async fn save_subnet(&self, subnet: &Subnet) -> Result<(), StoreError> {
        self.write(Write::Subnet, |tables| tables.save_subnet(subnet)).await
    }

    async fn latest_subnet(&self) -> Result<Option<Subnet>, StoreError> {
        self.read(|tables| tables.subnet.clone())
    }

    async fn latest_gist_round(&self) -> Result<Option<Block>, StoreError> {
        self.read(|tables| tables.gist_round)
    }

    async fn gist_states(&self) -> Result<Vec<GistState>, StoreError> {
        self.read(Tables::gist_states)
    }

    async fn record_gists(
        &self,
        round: Block,
        answers: &[GistAnswer],
        holders: &[GistHolder],
    ) -> Result<(), StoreError> {
        self.write(Write::Gists, |tables| tables.record_gists(round, answers, holders)).await
    }

    async fn finish_gist_round(&self, round: Block) -> Result<(), StoreError> {
        self.write(Write::GistRound, |tables| {
            tables.gist_round = tables.gist_round.max(Some(round));
            Ok(())
        })
        .await
    }

    async fn gist_state(&self, pointer: &GistPointer) -> Result<Option<GistState>, StoreError> {
        self.read(|tables| tables.gists.get(pointer).cloned())
    }

    async fn good_pointers(&self) -> Result<Vec<GoodPointer>, StoreError> {
        self.read(|tables| tables.good_pointers.values().cloned().collect())
    }

    async fn gist_document(&self, digest: &ContentDigest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|tables| tables.documents.get(digest).cloned())
    }

    async fn gist_owners(&self) -> Result<Vec<OwnerRecord>, StoreError> {
        self.read(|tables| tables.gist_owners.values().cloned().collect())
    }

    async fn crashes(&self) -> Result<BTreeMap<Item, u32>, StoreError> {
        self.read(|tables| tables.crashes.clone())
    }

    async fn record_crash(&self, item: &Item, _: Block) -> Result<u32, StoreError> {
        self.write(Write::Crash, |tables| {
            let crashes = tables.crashes.entry(item.clone()).or_default();
            *crashes += 1;
            Ok(*crashes)
        })
        .await
    }

    async fn record_gist_owners(&self, records: &[OwnerRecord]) -> Result<(), StoreError> {
        self.write(Write::GistOwners, |tables| {
            tables.record_gist_owners(records);
            Ok(())
        })
        .await
    }

    async fn record_unwatched_blocks(&self, unwatched: &UnwatchedBlocks) -> Result<(), StoreError> {
        self.write(Write::Unwatched, |tables| {
            let until = tables.unwatched.entry(unwatched.from).or_default();
            *until = unwatched.until.max(*until);
            Ok(())
        })
        .await
    }

    async fn unwatched_blocks(&self, limit: u32) -> Result<Vec<UnwatchedBlocks>, StoreError> {
        self.read(|tables| {
            let newest = tables.unwatched.len().saturating_sub(limit as usize);
            let ranges = tables.unwatched.iter().enumerate();
            let ranges = ranges.filter(|(place, (from, _))| *place >= newest || **from == 0);
            ranges.map(|(_, (&from, &until))| UnwatchedBlocks { from, until }).collect()
        })
    }

    async fn record_observations(&self, observations: &[Observation]) -> Result<(), StoreError> {
        self.write(Write::Observations, |tables| tables.record_observations(observations)).await
    }

    async fn observed_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError> {
        self.read(|tables| {
            contents.iter().filter(|content| tables.is_observed_since(content, since)).cloned().collect()
        })
    }

    async fn debit(&self, bucket: &str, date: &str, units: u64, budget: u64) -> Result<bool, StoreError> {
        self.write(Write::Debit, |tables| Ok(tables.debit(bucket, date, units, budget))).await
    }

    async fn credit(&self, bucket: &str, date: &str, units: u64) -> Result<(), StoreError> {
        self.write(Write::Credit, |tables| {
            tables.credit(bucket, date, units);
            Ok(())
        })
        .await
    }

    async fn exhaust(&self, bucket: &str, date: &str, budget: u64) -> Result<(), StoreError> {
        self.write(Write::Exhaust, |tables| {
            tables.exhaust(bucket, date, budget);
            Ok(())
        })
        .await
    }

    async fn spent(&self, prefix: &str, date: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        self.read(|tables| tables.spent(prefix, date))
    }

    async fn details_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError> {
        self.read(|tables| contents.iter().filter(|content| tables.is_settled(content, since)).cloned().collect())
    }

    async fn tracks(&self, contents: &[ContentId]) -> Result<Vec<(ContentId, Track)>, StoreError> {
        self.read(|tables| {
            contents.iter().filter_map(|content| Some((content.clone(), tables.track(content)?))).collect()
        })
    }

    async fn record_verdicts(&self, verdicts: &[(ContentId, Verdict)]) -> Result<(), StoreError> {
        self.write(Write::Verdicts, |tables| {
            tables.record_verdicts(verdicts);
            Ok(())
        })
        .await
    }

    async fn verifications(&self, contents: &[ContentId]) -> Result<Vec<VerificationRecord>, StoreError> {
        self.read(|tables| contents.iter().map(|content| tables.verification(content)).collect())
    }

    async fn record_waits(&self, waits: &[(ContentId, Vec<Wait>)]) -> Result<(), StoreError> {
        self.write(Write::Waits, |tables| {
            tables.record_waits(waits);
            Ok(())
        })
        .await
    }

    async fn unclaimed_holdings(&self, limit: u32) -> Result<Vec<Holding>, StoreError> {
        self.read(|tables| tables.unclaimed_holdings(limit))
    }

    async fn holdings_claimed_otherwise(
        &self,
        rule: &PlaceRuleDigest,
        round: Block,
    ) -> Result<Vec<Holding>, StoreError> {
        self.read(|tables| tables.holdings_claimed_otherwise(rule, round))
    }

    async fn record_claims(&self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError> {
        self.write(Write::Claims, |tables| tables.record_claims(claims, holdings)).await
    }

    async fn in_dispute(&self, round: Block, round_blocks: u32) -> Result<Vec<(Hotkey, Option<GistName>)>, StoreError> {
        self.read(|tables| tables.in_dispute(round, round_blocks))
    }

    async fn gist_seen_by(&self, hotkey: &Hotkey, round: Block) -> Result<Option<GistPointer>, StoreError> {
        self.read(|tables| tables.gist_seen_by(hotkey, round))
    }

    async fn gist_dates_of(&self, of: &BTreeSet<(Hotkey, Block)>) -> Result<Vec<GistDate>, StoreError> {
        self.read(|tables| {
            let dates = tables.gist_dates.values();
            dates.filter(|date| of.contains(&(date.hotkey, date.round))).cloned().collect()
        })
    }

    async fn date_of_gist(&self, gist: &GistName, round: Block) -> Result<Option<GistDate>, StoreError> {
        self.read(|tables| tables.date_of_gist(gist, round))
    }

    async fn gists_to_date(&self) -> Result<Vec<GistDate>, StoreError> {
        self.read(|tables| tables.gist_dates.values().filter(|date| date.dating.is_open()).cloned().collect())
    }

    async fn gists_dated_since(&self, round: Block) -> Result<BTreeSet<String>, StoreError> {
        self.read(|tables| tables.gists_dated_since(round))
    }

    async fn rivals_of_undated(&self, round: Block, round_blocks: u32) -> Result<BTreeSet<GistName>, StoreError> {
        self.read(|tables| tables.rivals_of_undated(round, round_blocks))
    }

    async fn record_gist_dates(&self, dates: &[GistDate]) -> Result<(), StoreError> {
        self.write(Write::GistDates, |tables| {
            tables.record_gist_dates(dates);
            Ok(())
        })
        .await
    }

    async fn block_times(&self) -> Result<BTreeMap<Block, Moment>, StoreError> {
        self.read(|tables| tables.block_times.clone())
    }

    async fn record_block_times(&self, times: &BTreeMap<Block, Moment>) -> Result<(), StoreError> {
        self.write(Write::BlockTimes, |tables| {
            for (block, time) in times {
                tables.block_times.entry(*block).or_insert(*time);
            }
            Ok(())
        })
        .await
    }

    async fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Result<Vec<Claim>, StoreError> {
        self.read(|tables| tables.claims_for(task_id, content_ids))
    }

    async fn latest_cycle(&self) -> Result<Option<CycleHead>, StoreError> {
        self.read(|tables| tables.cycles.last().map(tables::Cycle::head))
    }

    async fn open_cycle(&self, at: BlockStamp, subnet: &Subnet) -> Result<CycleHead, StoreError> {
        self.write(Write::Cycle, |tables| Ok(tables.open_cycle(at, subnet))).await
    }

    async fn cycle_subnet(&self, cycle: u32) -> Result<Option<Subnet>, StoreError> {
        self.read(|tables| tables.cycle(cycle).map(|cycle| cycle.subnet.clone()))
    }

    async fn observed_contents(&self, contents: &[ContentId]) -> Result<Vec<ObservedContent>, StoreError> {
        self.read(|tables| contents.iter().map(|content| tables.observed(content)).collect())
    }

    async fn traffic_series(&self, contents: &[ContentId], newest: u32) -> Result<Vec<Series>, StoreError> {
        self.read(|tables| contents.iter().map(|content| tables.series(content, newest)).collect())
    }

    async fn save_decision(&self, decided: &DecidedCycle) -> Result<(), StoreError> {
        self.write(Write::Decision, |tables| tables.save_decision(decided)).await
    }

    async fn decided_cycle(&self, cycle: u32) -> Result<Option<DecidedCycle>, StoreError> {
        self.cycles_read.fetch_add(1, Ordering::Relaxed);
        self.read(|tables| tables.cycle(cycle).and_then(|cycle| cycle.decided.clone()))
    }

    async fn decided_since(&self, since: Moment) -> Result<Vec<CycleHead>, StoreError> {
        self.read(|tables| tables.decided_since(since))
    }

    async fn paid_cycle(&self, cycle: u32) -> Result<Option<PaidCycle>, StoreError> {
        self.read(|tables| tables.paid_cycle(cycle))
    }

    async fn debts(&self) -> Result<Vec<Debt>, StoreError> {
        self.read(Tables::debts)
    }

    async fn smoothed_scores(&self) -> Result<Option<PreviousScores>, StoreError> {
        self.read(Tables::smoothed_scores)
    }

    async fn scores_before(&self, cycle: u32) -> Result<Option<ScoreVector>, StoreError> {
        self.read(|tables| tables.scores_before(cycle))
    }

    async fn scores_in_force(&self) -> Result<Option<ScoresInForce>, StoreError> {
        self.read(Tables::scores_in_force)
    }

    async fn save_intent(&self, intent: &WeightIntent) -> Result<bool, StoreError> {
        self.write(Write::Intent, |tables| Ok(tables.save_intent(intent))).await
    }

    async fn latest_intent(&self, hotkey: &Hotkey) -> Result<Option<WeightIntent>, StoreError> {
        self.read(|tables| tables.intents_of(hotkey).last().cloned())
    }

    async fn save_outcome(&self, intent: &WeightIntent, outcome: &IntentOutcome) -> Result<(), StoreError> {
        self.write(Write::Outcome, |tables| tables.save_outcome(intent, outcome)).await
    }

    async fn watched_reveals(&self, hotkey: &Hotkey, limit: u32) -> Result<Vec<WeightIntent>, StoreError> {
        Ok(locked(&self.tables).watched_reveals(hotkey, limit))
    }

    async fn save_reveal_outcome(&self, extrinsic_hash: &[u8; 32], outcome: &RevealOutcome) -> Result<(), StoreError> {
        locked(&self.tables).save_reveal_outcome(extrinsic_hash, outcome);
        Ok(())
    }
}
