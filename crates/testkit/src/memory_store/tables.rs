//! The records of the store. What is a fact is added and never changed.

use std::collections::BTreeMap;
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::{CycleHead, DecidedCycle};
use tensorflix_domain::dating::GistDate;
use tensorflix_domain::gist_owner::{GistName, OwnerRecord};
use tensorflix_domain::gist_record::{ContentDigest, GistState, GoodPointer, Holding};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, ContentId, Hotkey};
use tensorflix_domain::intent::{RevealOutcome, WeightIntent};
use tensorflix_domain::observation::Observation;
use tensorflix_domain::places::PlaceRuleDigest;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::verification::{Verdict, Wait};

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
    pub holdings: Vec<(Holding, Claimed)>,
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

/// Whether claims were made of a holding.
pub enum Claimed {
    /// Not yet.
    No,
    /// Under this rule.
    Under(PlaceRuleDigest),
    /// In a round in which its hotkey had no room for all of its pairs.
    ShortOfRoom { since: Block },
}

pub struct Cycle {
    pub number: u32,
    pub at: BlockStamp,
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
}
