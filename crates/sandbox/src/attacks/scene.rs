//! What a script sees and may change: its own hotkeys' gists, contents and commitments, and what others do in its story.

use super::stage::{ATTACKER, CYCLE_BLOCKS, LEAD_BLOCKS, ScriptError, Side};
use crate::Sandbox;
use crate::clock::{START_BLOCK, block_unix_ms};
use crate::world::{
    Content, Counts, FIRST_MINER_UID, Gist, GistFile, Growth, Member, Platform, SUBMISSION_FILE, Shape, TASK_FILE,
    Task, World, task_gist_text,
};
use serde_json::json;
use std::sync::OnceLock;

/// The ids of a task and of a video or reel.
pub type Pair = (String, String);

/// Characters of a video id.
const ID_LENGTH: usize = 11;
const HOUR_MS: u64 = 3_600_000;

/// The moment before a cycle, in one of the two worlds.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The world and the chain.
    pub sandbox: &'a Sandbox,
    /// Attack or twin.
    pub side: Side,
    /// The cycle that comes next, from 0.
    pub cycle: u32,
    /// The block that it opens at.
    pub opens_at: u32,
}

impl<'a> Scene<'a> {
    /// The scene before a cycle, from 0.
    pub fn before(sandbox: &'a Sandbox, side: Side, cycle: u32) -> Self {
        let first = START_BLOCK + LEAD_BLOCKS;
        let opens_at = if cycle == 0 { first } else { START_BLOCK + cycle * CYCLE_BLOCKS };
        Self { sandbox, side, cycle, opens_at }
    }

    /// Whether the attack is on: the side of the attacker, from the second cycle on. In the first cycle it behaves.
    pub(super) fn strikes(&self) -> bool {
        self.side == Side::Attack && self.cycle > 0
    }

    /// The neuron at a UID.
    pub(super) fn member(&self, uid: u16) -> Member {
        self.sandbox.world().read().members()[usize::from(uid)].clone()
    }

    /// Our tasks on a platform.
    pub(super) fn tasks(&self, platform: Platform) -> Vec<Task> {
        let world = self.sandbox.world().read();
        world.tasks().iter().filter(|task| task.platform == platform).cloned().collect()
    }

    /// What a miner listed for our tasks at the first block.
    pub(super) fn first_pairs(&self, uid: u16) -> Vec<Pair> {
        let world = before_any_change();
        let known: Vec<&str> = world.tasks().iter().map(|task| task.id.as_str()).collect();
        let mut pairs = world.listed_first(&world.members()[usize::from(uid)]);
        pairs.retain(|(task_id, _)| known.contains(&task_id.as_str()));
        pairs
    }

    /// The attacker's own pairs.
    pub(super) fn own(&self) -> Vec<Pair> {
        self.first_pairs(ATTACKER)
    }

    /// An honest miner with a later commitment than the attacker's, which pins no revision.
    pub(super) fn victim(&self) -> u16 {
        let committed = |uid| self.member(uid).commitment.map_or(0, |commitment| commitment.block);
        let candidates = FIRST_MINER_UID + 4..FIRST_MINER_UID + 12;
        candidates.into_iter().find(|uid| committed(*uid) > committed(ATTACKER)).unwrap_or(FIRST_MINER_UID + 4)
    }

    /// The pair of a video or reel with a label, whether or not it was uploaded.
    pub(super) fn uploaded(&self, task: &Task, label: &str) -> Pair {
        (task.id.clone(), format!("{label:-<ID_LENGTH$}"))
    }

    /// The newest revision of a miner's gist.
    pub(super) fn revision(&self, uid: u16) -> String {
        let world = self.sandbox.world().read();
        let newest = world.gist(&self.member(uid).gist_id).and_then(|gist| gist.newest(self.sandbox.block()));
        newest.map_or_else(String::new, |revision| revision.sha.clone())
    }

    /// Publishes tasks in a validator's gist.
    pub(super) fn publish(&self, uid: u16, tasks: &[Task]) {
        let member = self.member(uid);
        let files = vec![GistFile::new(TASK_FILE, task_gist_text(tasks))];
        let block = self.sandbox.block();
        let gist = Gist::new(member.gist_id, member.username, member.github_id, "Tasks for TensorFlix", block, files);
        self.sandbox.world().add_gist(gist);
    }

    /// Takes hotkeys off the subnet: what they list, owe and claim is nobody's from then on.
    pub(super) fn deregister(&self, uids: &[u16]) {
        for uid in uids {
            self.sandbox.node().deregister_neuron(*uid);
        }
    }

    /// Writes what a miner lists.
    pub(super) fn list(&self, uid: u16, pairs: &[Pair]) -> Result<(), ScriptError> {
        self.write(uid, document(pairs))
    }

    /// Writes a miner's gist, whatever it is.
    pub(super) fn write(&self, uid: u16, bytes: impl Into<Vec<u8>>) -> Result<(), ScriptError> {
        self.write_files(uid, vec![GistFile::new(SUBMISSION_FILE, bytes)])
    }

    /// Writes a miner's gist, with several files.
    pub(super) fn write_files(&self, uid: u16, files: Vec<GistFile>) -> Result<(), ScriptError> {
        self.sandbox.world().edit_gist_files(&self.member(uid).gist_id, files)?;
        Ok(())
    }

    /// Plans what a miner will list so many blocks before the cycle opens.
    pub(super) fn plan(&self, uid: u16, blocks_before: u32, pairs: &[Pair]) -> Result<(), ScriptError> {
        let files = vec![GistFile::new(SUBMISSION_FILE, document(pairs))];
        self.sandbox.world().plan_gist(&self.member(uid).gist_id, self.opens_at - blocks_before, files)?;
        Ok(())
    }

    /// Gives a miner a gist of its own again, after it was deleted or sold.
    pub(super) fn restore_gist(&self, uid: u16, pairs: &[Pair]) {
        let member = self.member(uid);
        let files = vec![GistFile::new(SUBMISSION_FILE, document(pairs))];
        let block = self.sandbox.block();
        let gist = Gist::new(member.gist_id, member.username, member.github_id, "Submissions", block, files);
        self.sandbox.world().add_gist(gist);
    }

    /// Commits a text for a miner.
    pub(super) fn commit(&self, uid: u16, text: &str) -> Result<(), ScriptError> {
        Ok(self.sandbox.node().set_commitment_directly(&self.member(uid).hotkey.public(), text.as_bytes())?)
    }

    /// The commitment that a miner should have.
    pub(super) fn own_pointer(&self, uid: u16) -> String {
        let member = self.member(uid);
        format!("{}:{}", member.username, member.gist_id)
    }

    /// Where a task's contents are.
    pub(super) fn platform_of(&self, task_id: &str) -> Platform {
        let world = self.sandbox.world().read();
        world.tasks().iter().find(|task| task.id == task_id).map_or(Platform::YouTube, |task| task.platform)
    }

    /// The content of a pair.
    pub(super) fn content(&self, (task_id, id): &Pair) -> Option<Content> {
        self.sandbox.world().read().content(self.platform_of(task_id), id)
    }

    /// Changes the content of a pair.
    pub(super) fn edit(&self, (task_id, id): &Pair, edit: impl FnOnce(&mut Content)) -> Result<(), ScriptError> {
        Ok(self.sandbox.world().edit_content(self.platform_of(task_id), id, edit)?)
    }

    /// The counts that a video would show when the cycle opens, if they were not set explicitly.
    pub(super) fn organic(&self, pair: &Pair) -> Counts {
        self.content(pair).map_or_else(Counts::default, |content| content.counts(self.opens_at))
    }

    /// Shows these counts from now on.
    pub(super) fn show(&self, (task_id, id): &Pair, counts: Counts) -> Result<(), ScriptError> {
        Ok(self.sandbox.world().set_counts(self.platform_of(task_id), id, counts)?)
    }

    /// Removes the hotkey from the texts of contents, so that only claims show their owners.
    pub(super) fn untag(&self, pairs: &[Pair]) -> Result<(), ScriptError> {
        for pair in pairs {
            self.edit(pair, |content| content.text = "Made with a video model.".to_owned())?;
        }
        Ok(())
    }

    /// Uploads a video or reel for a task, in a miner's channel and with its hotkey in the text. Its title and length
    /// follow from its label. It is published this many hours before the cycle opens.
    pub(super) fn upload(&self, uid: u16, task: &Task, label: &str, hours_before: u64, growth: Growth) -> Pair {
        let member = self.member(uid);
        let published_ms = block_unix_ms(self.opens_at) - hours_before * HOUR_MS;
        let pair = self.uploaded(task, label);
        self.sandbox.world().add_content(Content {
            age_restricted: false,
            upload_rejected: false,
            id: pair.1.clone(),
            platform: task.platform,
            title: format!("{} {label}", task.description),
            text: format!("hotkey: {}", member.hotkey.ss58()),
            author: member.username.replace('-', "_"),
            published_ms: published_ms / 1_000 * 1_000,
            removed_at_block: None,
            private: false,
            duration_secs: 20 + label.bytes().map(u64::from).sum::<u64>() % 60,
            broadcast: crate::world::Broadcast::Recorded,
            shown: crate::world::Shown::All,
            declared_synthetic: true,
            is_ai: true,
            is_illicit: false,
            growth,
        });
        pair
    }
}

/// The lab's population at its first block: what a miner listed then can be read of it also when its gist was deleted.
fn before_any_change() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::generate_with(super::world()))
}

/// A growth with the ordinary likes and comments of an audience.
pub(super) const fn audience(shape: Shape, plateau: u64, half_age_hours: u64) -> Growth {
    Growth { shape, plateau, half_age_ms: half_age_hours * HOUR_MS, likes_per_10k: 450, comments_per_10k: 40 }
}

/// A gist that lists these pairs.
pub(super) fn document(pairs: &[Pair]) -> String {
    json!({ "submissions": pairs }).to_string()
}
