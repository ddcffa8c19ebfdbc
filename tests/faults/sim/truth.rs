//! What is true in the world, whatever anybody hears of it: who lists what, when videos were published, and how often they
//! have been watched at each block.

use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::subnet::Subnet;
use tensorflix_testkit::gists::{pointer, reel, submissions, task_line, video};
use tensorflix_testkit::subnets::{committed, moment, neuron, subnet as subnet_of, validator};

/// Blocks of a cycle's slot: six hours.
pub const SLOT_BLOCKS: u32 = 1_800;

/// The first block: the beginning of a slot, of a window and of a round.
pub const BEGIN: Block = 7_200 * 100;

/// The validator's key and UID.
pub const OWN_KEY: u8 = 1;

/// The tasks: one for videos, one for reels.
const TASK: &str = "cats";
const REELS_TASK: &str = "dogs";

/// Contents of this number and higher ones are reels.
const FIRST_REEL: u32 = 70;

/// The contents of honest miners by UID. UID 4 copies video 11 as well, from [`COPIED_FROM`] on.
pub const CONTENTS: [(u16, &[u32]); 5] =
    [(1, &[11, 12, 13]), (2, &[21, 71]), (3, &[31, 32]), (4, &[41]), (6, &[61, 62, 72])];

/// A camera filmed this one of UID 3, and the detector is certain of it.
pub const FILMED: u32 = 32;

/// UID 4 lists another's video from this block on.
pub const COPIED_FROM: Block = BEGIN + 7_200;
pub const COPIER: u16 = 4;
pub const COPIED: u32 = 11;
pub const OWNER_OF_COPIED: u16 = 1;

/// UID 5 has a gist that is broken in every other hour, and lists nothing else.
pub const BROKEN: u16 = 5;

/// UID 1 lists this video from this block on, when the copier has copied already: its other claims must not become younger.
pub const ADDED: u32 = 13;
pub const ADDED_FROM: Block = COPIED_FROM + 800;

/// UID 6 withdraws this video from this block on.
pub const WITHDRAWN: u32 = 62;
pub const WITHDRAWN_FROM: Block = BEGIN + 5_000;

pub fn gist_of(uid: u16) -> GistPointer {
    pointer(&format!("miner-{uid}"), uid.into())
}

pub fn task_gist() -> GistPointer {
    pointer("owner", 9)
}

/// The validator and six miners.
pub fn subnet() -> Subnet {
    let miner = |uid: u16| committed(neuron(uid, u8::try_from(uid).expect("few") + 1), &gist_of(uid), BEGIN - 100);
    subnet_of(BEGIN, std::iter::once(validator(0, OWN_KEY)).chain((1..=6).map(miner)))
}

/// What a user's gist says at a block; `None` if there is no such gist.
pub fn document(username: &str, block: Block) -> Option<Vec<u8>> {
    if username == "owner" {
        let tasks = task_line(TASK, Platform::YOUTUBE, 0.0) + &task_line(REELS_TASK, Platform::INSTAGRAM, 0.0);
        return Some(tasks.into_bytes());
    }
    let uid: u16 = username.strip_prefix("miner-")?.parse().ok()?;
    if uid == BROKEN {
        let is_broken = (block / 300).is_multiple_of(2);
        return Some(if is_broken { b"{\"submissions\": [[".to_vec() } else { submissions(&[(TASK, &video(51))]) });
    }
    let (_, own) = CONTENTS.iter().find(|(owner, _)| *owner == uid)?;
    let mut listed: Vec<u32> = own.to_vec();
    if uid == COPIER && block >= COPIED_FROM {
        listed.push(COPIED);
    }
    listed.retain(|number| *number != WITHDRAWN || block < WITHDRAWN_FROM);
    listed.retain(|number| *number != ADDED || block >= ADDED_FROM);
    let listed: Vec<(&str, ContentId)> = listed.into_iter().map(|number| (task_of(number), content(number))).collect();
    Some(submissions(&listed.iter().map(|(task, content)| (*task, content)).collect::<Vec<_>>()))
}

/// The content of a number.
pub fn content(number: u32) -> ContentId {
    if number < FIRST_REEL { video(number) } else { reel(number) }
}

fn task_of(number: u32) -> &'static str {
    if number < FIRST_REEL { TASK } else { REELS_TASK }
}

/// When an item was published: some days before the simulation begins, and after the task began.
pub fn published_at(number: u32) -> Moment {
    moment(f64::from(BEGIN) / 300.0 - f64::from(number))
}

/// The views of an item at a block: one for each block, and as many as its number before.
pub fn views(number: u32, block: Block) -> u64 {
    u64::from(number) * 1_000 + u64::from(block - BEGIN)
}

/// The content of an id; `None` if there is none.
pub fn number_of(id: &str) -> Option<u32> {
    let number = id.strip_prefix("video").or_else(|| id.strip_prefix("reel"))?.parse().ok()?;
    let is_there = number == 51 || CONTENTS.iter().any(|(_, own)| own.contains(&number));
    is_there.then_some(number)
}
