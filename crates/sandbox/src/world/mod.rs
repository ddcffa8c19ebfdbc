//! The population of the sandbox: who lives on the subnet, what they published, and how it grows.
//!
//! [`World::generate`] is a pure function of a seed and sizes; what a world shows is a pure function of it and of the
//! block. Contents are derived from their ids and never stored, so a world of hundreds of thousands of videos costs as
//! much as its gists. Tests change a world through a [`WorldHandle`]; every change takes effect at the newest block.
//!
//! It does no I/O, and it judges nothing: which submission is valid is the validator's business.

mod conduct;
mod content;
mod content_id;
mod draw;
mod gist;
mod growth;
mod handle;
mod identity;
mod member;
mod opinion;
mod population;
mod submissions;
mod task;

use std::collections::BTreeMap;

pub use conduct::Conduct;
pub use content::{Broadcast, Content, Counts, LATER_AFTER_BLOCKS, Shown, VANISH_AFTER_BLOCKS};
pub use content_id::{ContentKind, ID_LENGTH};
pub(crate) use draw::Draw;
pub use gist::{Gist, GistFile, Revision};
pub use growth::{Growth, PURGE_AFTER_BLOCKS, Shape};
pub use handle::{WorldError, WorldHandle};
pub use identity::Key;
pub use member::{Commitment, FIRST_MINER_UID, Member, OTHER_VALIDATORS, OWNER_UID, Role, VALIDATOR_UID};
pub use population::{SUBMISSION_FILE, TASK_FILE};
pub use submissions::{FLOOD_SIZE, INVALID_IDS, UNKNOWN_TASK_ID};
pub use task::{Platform, Task};

use content::Surroundings;
use content_id::ContentIds;
use population::purpose;
use submissions::Plan;
pub(crate) use task::{gist_text as task_gist_text, milliseconds, seconds};

/// Miners of a world unless said otherwise.
pub const DEFAULT_MINERS: u32 = 12;
/// Tasks of our validator unless said otherwise.
pub const DEFAULT_TASKS: u32 = 3;
/// The most miners: a subnet has no more neurons.
pub const MAX_MINERS: u32 = 256;
/// The most tasks of our validator.
pub const MAX_TASKS: u32 = 2_000;
/// The most contents of a miner for each task.
pub const MAX_SUBMISSIONS_PER_TASK: u32 = 1_000;

/// The sizes of a world. Values beyond the limits above are lowered to them.
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// Everything follows from it.
    pub seed: u64,
    /// How many miners.
    pub miners: u32,
    /// How many tasks our validator publishes; at least 1.
    pub tasks: u32,
    /// Contents of a regular miner for each task; 1 to 3 if none.
    pub submissions_per_task: Option<u32>,
    /// The behaviour of each miner, repeated as often as needed; the default mix if none.
    pub cast: Option<Vec<Vec<Conduct>>>,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self { seed: 0, miners: DEFAULT_MINERS, tasks: DEFAULT_TASKS, submissions_per_task: None, cast: None }
    }
}

/// The whole population, with what tests changed.
#[derive(Clone, Debug)]
pub struct World {
    seed: Draw,
    members: Vec<Member>,
    /// Ours first.
    tasks: Vec<Task>,
    our_tasks: usize,
    ids: ContentIds,
    gists: BTreeMap<String, Gist>,
    edits: BTreeMap<(Platform, String), Content>,
    counts: BTreeMap<(Platform, String), Counts>,
}

impl World {
    /// The world of a seed with so many miners and tasks.
    pub fn generate(seed: u64, miners: u32, tasks: u32) -> Self {
        Self::generate_with(WorldConfig { seed, miners, tasks, ..WorldConfig::default() })
    }

    /// The world of these sizes.
    pub fn generate_with(config: WorldConfig) -> Self {
        let seed = Draw::new(config.seed);
        let miners = config.miners.min(MAX_MINERS);
        let our_tasks = config.tasks.clamp(1, MAX_TASKS);
        let cast = match config.cast {
            Some(cast) if !cast.is_empty() => cast.iter().cycle().take(miners as usize).cloned().collect(),
            _ => conduct::default_cast(miners),
        };
        let mut members = population::members(&seed, cast);
        let tasks = population::tasks(&seed, our_tasks);
        let ids = population::content_ids(&seed);
        let plan = Plan {
            seed: &seed.fork(purpose::SUBMISSION),
            ids: &ids,
            tasks: &tasks,
            our_tasks,
            submissions_per_task: config.submissions_per_task.map(|count| count.min(MAX_SUBMISSIONS_PER_TASK)),
            victim: population::first_honest(&members),
        };
        let gists = population::gists(&seed, &mut members, &plan);
        let our_tasks = our_tasks as usize;
        Self { seed, members, tasks, our_tasks, ids, gists, edits: BTreeMap::new(), counts: BTreeMap::new() }
    }

    /// Every neuron, by UID.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The validator that the sandbox is made for.
    pub fn validator(&self) -> &Member {
        &self.members[usize::from(VALIDATOR_UID)]
    }

    /// The miners who show this behaviour.
    pub fn miners_who(&self, conduct: Conduct) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.conducts().contains(&conduct))
    }

    /// The tasks of our validator.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks[..self.our_tasks]
    }

    /// The tasks that only other validators publish.
    pub fn foreign_tasks(&self) -> &[Task] {
        &self.tasks[self.our_tasks..]
    }

    /// A gist by its id.
    pub fn gist(&self, id: &str) -> Option<&Gist> {
        self.gists.get(id)
    }

    /// The kind for which an id was generated; `None` for an id that a test added or that was never generated.
    pub fn kind_of(&self, platform: Platform, id: &str) -> Option<ContentKind> {
        self.ids.decode(platform, id).map(|key| key.kind)
    }

    /// A video or reel by its id, visible or not.
    pub fn content(&self, platform: Platform, id: &str) -> Option<Content> {
        if let Some(edited) = self.edits.get(&(platform, id.to_owned())) {
            return Some(edited.clone());
        }
        let key = self.ids.decode(platform, id)?;
        let member = self.members.get(key.member as usize)?;
        let task = self.tasks.get(key.task as usize).filter(|task| task.platform == platform)?;
        let around = Surroundings { task, hotkey: member.hotkey.ss58(), username: &member.username };
        Some(content::derived(&self.seed.fork(purpose::CONTENT), id.to_owned(), key, &around))
    }

    /// A video or reel by its id, if it is visible at this block.
    pub fn visible_content(&self, platform: Platform, id: &str, block: u32) -> Option<Content> {
        self.content(platform, id).filter(|content| content.is_visible(block))
    }

    /// The counts that the platform shows for a video or reel at this block.
    pub fn counts(&self, content: &Content, block: u32) -> Counts {
        let edited = self.counts.get(&(content.platform, content.id.clone()));
        edited.copied().unwrap_or_else(|| content.counts(block))
    }
}
