//! What each kind of conduct writes into a submission gist.
//!
//! Pure: from the cast and the tasks to the entries of one gist. What it does to the gist as a whole (secret, missing,
//! broken) and to the commitment is in `population.rs`.

use serde_json::{Value, json};

use super::conduct::Conduct;
use super::content_id::{ContentIds, ContentKey, ContentKind};
use super::draw::Draw;
use super::task::{Platform, Task};

/// Valid videos that a flood puts into one task: more than the rules allow.
pub const FLOOD_SIZE: u32 = 9;
/// The task id that nobody published.
pub const UNKNOWN_TASK_ID: &str = "task-that-nobody-published";
/// Filler entries that take a gist over its size limit, and the bytes of each.
const HUGE_ENTRIES: usize = 3_000;
const HUGE_ENTRY_BYTES: usize = 100;
/// Slots from here on are special content, below it is what a miner regularly publishes.
const SPECIAL_SLOT: u32 = 2_000;

/// Ids that break the grammar of both platforms, each in its own way.
pub const INVALID_IDS: [&str; 12] = [
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "https://youtu.be/dQw4w9WgXcQ",
    "shorts/dQw4w9WgXcQ",
    "../../../etc/passwd",
    "'; DROP TABLE claims; --",
    "\u{1b}[31mred\u{1b}[0m",
    "<script>alert(1)</script>",
    "dQw4w9WgXc\u{51}\u{200d}",
    "dQw4w9Wg\u{0425}cQ",
    "dQw4w9WgXcQ ",
    "a&id=b",
    "",
];

/// What the writer of a gist knows.
pub(crate) struct Plan<'a> {
    pub(crate) seed: &'a Draw,
    pub(crate) ids: &'a ContentIds,
    /// All tasks of the world; ours come first.
    pub(crate) tasks: &'a [Task],
    /// How many of them are ours.
    pub(crate) our_tasks: u32,
    /// Contents of a miner for each task; drawn from 1 to 3 if none.
    pub(crate) submissions_per_task: Option<u32>,
    /// The first honest miner, whom others copy.
    pub(crate) victim: Option<u32>,
}

impl Plan<'_> {
    /// The entries of a member's gist.
    pub(crate) fn entries(&self, member: u32, conducts: &[Conduct]) -> Vec<Value> {
        let mut entries = Vec::new();
        for &conduct in conducts {
            entries.extend(self.written_by(member, conduct));
        }
        entries
    }

    /// The pair that an honest miner adds at a later block.
    pub(crate) fn later_entry(&self, member: u32) -> Value {
        let task = member % self.our_tasks.max(1);
        self.special(member, task, 0, ContentKind::Later)
    }

    /// A video or reel for the first task of another validator.
    pub(crate) fn foreign_id(&self, member: u32) -> Value {
        self.special(member, self.our_tasks, 0, ContentKind::Ordinary)[1].clone()
    }

    fn written_by(&self, member: u32, conduct: Conduct) -> Vec<Value> {
        match conduct {
            Conduct::Honest | Conduct::MalformedCommitment | Conduct::SecretGist | Conduct::DuplicateKeys => {
                self.regular(member)
            }
            Conduct::CopiesAnother => self.victim.map_or(Vec::new(), |victim| self.regular(victim)),
            Conduct::RepeatsOwnPair => {
                let pair = self.first_youtube(member, ContentKind::Ordinary);
                vec![pair.clone(), pair]
            }
            Conduct::PublishesEarly => self.in_every_task(member, ContentKind::Early),
            Conduct::GoesLive => {
                vec![self.first_youtube(member, ContentKind::Live), self.first_youtube(member, ContentKind::Premiere)]
            }
            Conduct::SubmitsMissing => self.missing(member),
            Conduct::HidesCounts => {
                let mut entries = self.in_every_task(member, ContentKind::HiddenEngagement);
                entries.extend(self.in_every_task(member, ContentKind::HiddenViews));
                entries
            }
            Conduct::InvalidIds => self.invalid(),
            Conduct::FloodsTask => {
                (0..FLOOD_SIZE).map(|slot| self.pair(member, 0, slot, ContentKind::Ordinary)).collect()
            }
            Conduct::MalformedItems => self.malformed(member),
            Conduct::HugeGist => self.huge(member),
            Conduct::UnknownTask => {
                let known = self.first_youtube(member, ContentKind::Untagged);
                vec![json!([UNKNOWN_TASK_ID, known[1]])]
            }
            Conduct::ZeroViews => self.in_every_task(member, ContentKind::Unwatched),
            Conduct::FreshVideo => self.in_every_task(member, ContentKind::Fresh),
            Conduct::NullReelViews => self.in_every_task(member, ContentKind::NullViews),
            Conduct::BuysViews => self.in_every_task(member, ContentKind::Bought),
            Conduct::SubmitsStranger => self.in_every_task(member, ContentKind::Stranger),
            Conduct::FilmsReality => self.in_every_task(member, ContentKind::Filmed),
            Conduct::PostsIllicit => self.in_every_task(member, ContentKind::Illicit),
            Conduct::BrokenGist
            | Conduct::MissingGist
            | Conduct::PointsAtAnothersGist
            | Conduct::ClaimsAnothersGist => Vec::new(),
        }
    }

    /// One to three contents for each of our tasks (or as many as configured), now and then one without a tag.
    fn regular(&self, member: u32) -> Vec<Value> {
        let mut entries = Vec::new();
        for task in 0..self.our_tasks {
            let mut draw = self.seed.fork(u64::from(member)).fork(u64::from(task));
            let drawn = draw.between(1, 4) as u32;
            for slot in 0..self.submissions_per_task.unwrap_or(drawn) {
                let kind = if draw.below(8) == 0 { ContentKind::Untagged } else { ContentKind::Ordinary };
                entries.push(self.pair(member, task, slot, kind));
            }
        }
        entries
    }

    fn in_every_task(&self, member: u32, kind: ContentKind) -> Vec<Value> {
        (0..self.our_tasks).map(|task| self.special(member, task, 0, kind)).collect()
    }

    fn missing(&self, member: u32) -> Vec<Value> {
        let mut entries = self.in_every_task(member, ContentKind::Removed);
        entries.extend(self.in_every_task(member, ContentKind::Vanishing));
        entries.push(self.first_youtube(member, ContentKind::Private));
        // Length and alphabet are right, but no platform ever gave out these.
        for (task, id) in self.tasks.iter().take(2).zip(["AAAAAAAAAAB", "DAAAAAAAAAB"]) {
            entries.push(json!([task.id, id]));
        }
        entries
    }

    fn invalid(&self) -> Vec<Value> {
        let task = self.tasks.iter().find(|task| task.platform == Platform::YouTube);
        let task_id = task.map_or(UNKNOWN_TASK_ID, |task| task.id.as_str());
        INVALID_IDS.iter().map(|id| json!([task_id, id])).collect()
    }

    fn malformed(&self, member: u32) -> Vec<Value> {
        let good = self.first_youtube(member, ContentKind::Ordinary);
        vec![
            json!(42),
            json!(null),
            json!("not a pair"),
            json!([]),
            json!([good[0]]),
            json!([good[0], good[1], "a third"]),
            json!([good[0], 12_345_678_901u64]),
            json!({"task": good[0], "video": good[1]}),
            json!([[good[0], good[1]]]),
            json!([good[0], "nul\u{0}in-an-id"]),
            json!([{"__proto__": {"admin": true}}, 1e300]),
            good,
        ]
    }

    fn huge(&self, member: u32) -> Vec<Value> {
        let mut entries = self.regular(member);
        let filler = "x".repeat(HUGE_ENTRY_BYTES);
        entries.extend((0..HUGE_ENTRIES).map(|_| json!([UNKNOWN_TASK_ID, filler])));
        entries
    }

    fn first_youtube(&self, member: u32, kind: ContentKind) -> Value {
        self.special(member, 0, 1, kind)
    }

    fn special(&self, member: u32, task: u32, number: u32, kind: ContentKind) -> Value {
        self.pair(member, task, SPECIAL_SLOT + number, kind)
    }

    fn pair(&self, member: u32, task: u32, slot: u32, kind: ContentKind) -> Value {
        let published_for = &self.tasks[task as usize];
        let id = self.ids.encode(published_for.platform, ContentKey { member, task, slot, kind });
        json!([published_for.id, id])
    }
}
