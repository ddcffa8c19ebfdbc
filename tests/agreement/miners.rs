//! The miners: six that publish, and four with the lowest UIDs that copy.

use std::collections::BTreeMap;
use tensorflix_sandbox::Sandbox;
use tensorflix_sandbox::world::{Conduct, FIRST_MINER_UID, Member, SUBMISSION_FILE, WorldConfig};

/// Which commitments name a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinning {
    /// None: each stays as it is, and its gist is read again in each round.
    Never,
    /// All, committed again with each publication or copy, and only then.
    WhenPublishing,
}

/// A miner who copies, from 0.
pub const COPIERS: u16 = 4;
/// A miner who publishes, from 0.
pub const OWNERS: u16 = 6;

/// Pairs that are published or copied at once: one for each task.
const AT_ONCE: usize = 2;

/// What a miner does.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// An owner lists more of its videos.
    Publish(u16),
    /// A copier lists what an owner published last, before everything else.
    Copy(u16, u16),
    /// An owner edits its gist, and lists the same.
    Touch(u16),
}

struct Miner {
    member: Member,
    /// All that it ever made, in the order of publication.
    made: Vec<(String, String)>,
    published: usize,
    copied: Vec<(String, String)>,
    edits: usize,
}

pub struct Miners {
    pinning: Pinning,
    miners: BTreeMap<u16, Miner>,
}

pub fn world() -> WorldConfig {
    WorldConfig {
        miners: u32::from(COPIERS + OWNERS),
        tasks: AT_ONCE as u32,
        submissions_per_task: Some(3),
        cast: Some(vec![vec![Conduct::Honest]]),
        ..WorldConfig::default()
    }
}

fn copier(number: u16) -> u16 {
    FIRST_MINER_UID + number
}

fn owner(number: u16) -> u16 {
    FIRST_MINER_UID + COPIERS + number
}

impl Miners {
    /// Everybody, with the first of its own videos listed.
    pub fn settle(sandbox: &Sandbox, pinning: Pinning) -> Self {
        let members = sandbox.world().read().members().to_vec();
        let miners = members.into_iter().skip(usize::from(FIRST_MINER_UID));
        let miners = miners.map(|member| {
            let made = in_turn_by_task(listed(sandbox, &member));
            (member.uid, Miner { member, made, published: AT_ONCE, copied: Vec::new(), edits: 0 })
        });
        let mut settled = Self { pinning, miners: miners.collect() };
        for number in 0..OWNERS {
            settled.write(sandbox, owner(number), true);
        }
        for number in 0..COPIERS {
            settled.write(sandbox, copier(number), true);
        }
        settled
    }

    /// Does it at the next block.
    pub fn act(&mut self, sandbox: &Sandbox, deed: Deed) {
        match deed {
            Deed::Publish(number) => {
                let miner = self.miner(owner(number));
                miner.published += AT_ONCE;
                assert!(miner.published <= miner.made.len(), "{deed:?}: it has made no more");
                self.write(sandbox, owner(number), true);
            }
            Deed::Copy(by, from) => {
                let from = self.miner(owner(from));
                let newest = from.made[from.published - AT_ONCE..from.published].to_vec();
                let miner = self.miner(copier(by));
                miner.copied.splice(0..0, newest);
                self.write(sandbox, copier(by), true);
            }
            Deed::Touch(number) => self.write(sandbox, owner(number), false),
        }
    }

    fn miner(&mut self, uid: u16) -> &mut Miner {
        self.miners.get_mut(&uid).expect("a miner")
    }

    fn write(&mut self, sandbox: &Sandbox, uid: u16, publishes: bool) {
        sandbox.advance_to(sandbox.block() + 1);
        let pinning = self.pinning;
        let miner = self.miner(uid);
        miner.edits += 1;
        let pairs: Vec<_> = miner.copied.iter().chain(&miner.made[..miner.published]).collect();
        // Each edit changes the bytes.
        let document = serde_json::json!({ "submissions": pairs }).to_string() + &" ".repeat(miner.edits);
        let Member { username, gist_id, hotkey, .. } = &miner.member;
        let revision = sandbox.world().edit_gist(gist_id, SUBMISSION_FILE, document).expect("a gist");
        let commits = match pinning {
            Pinning::Never => miner.edits == 1,
            Pinning::WhenPublishing => publishes,
        };
        if commits {
            let pin = if pinning == Pinning::Never { String::new() } else { format!("@{revision}") };
            let pointer = format!("{username}:{gist_id}{pin}");
            sandbox.node().set_commitment_directly(&hotkey.public(), pointer.as_bytes()).expect("committed");
        }
    }
}

/// What the world has in a member's gist.
fn listed(sandbox: &Sandbox, member: &Member) -> Vec<(String, String)> {
    let world = sandbox.world().read();
    let newest = world.gist(&member.gist_id).and_then(|gist| gist.newest(sandbox.block())).expect("a gist");
    let document: serde_json::Value = serde_json::from_slice(&newest.files[0].bytes).expect("a document");
    let ours = |task: &str| world.tasks().iter().any(|known| known.id == task);
    let pairs: Vec<(String, String)> = serde_json::from_value(document["submissions"].clone()).expect("pairs");
    pairs.into_iter().filter(|(task, _)| ours(task)).collect()
}

/// One for each task, then the next for each.
fn in_turn_by_task(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let each = pairs.len() / AT_ONCE;
    (0..each).flat_map(|place| (0..AT_ONCE).map(move |task| task * each + place)).map(|at| pairs[at].clone()).collect()
}
