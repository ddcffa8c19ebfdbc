//! Who lives in the world and what they did before the first block.
//!
//! UIDs: the owner, our validator, the other validators, then the miners in the order of the cast.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::conduct::Conduct;
use super::content_id::ContentIds;
use super::draw::Draw;
use super::gist::{Gist, GistFile};
use super::identity::{self, Key};
use super::member::{Commitment, FIRST_MINER_UID, Member, OTHER_VALIDATORS, OWNER_UID, Role, VALIDATOR_UID};
use super::submissions::Plan;
use super::task::{self, DAY_MS, Task};
use crate::clock::START_BLOCK;

/// Rao of one TAO.
const RAO: u64 = 1_000_000_000;
/// Stakes of the validators in TAO, ours first: neither dust nor a majority.
const STAKES_TAO: [u64; 1 + OTHER_VALIDATORS as usize] = [80_000, 120_000, 60_000];
/// Blocks before the first at which everybody was registered by.
const REGISTERED_BEFORE_BLOCKS: u64 = 100_000;
/// Name of the file in a submission gist.
pub const SUBMISSION_FILE: &str = "submissions.json";
/// Name of the file in a task gist.
pub const TASK_FILE: &str = "tasks.jsonl";

/// Purposes below the seed; each forks its own draws.
pub(super) mod purpose {
    pub(crate) const IDENTITY: u64 = 1;
    pub(crate) const TASK: u64 = 2;
    pub(crate) const CONTENT_ID: u64 = 3;
    pub(crate) const CONTENT: u64 = 4;
    pub(crate) const SUBMISSION: u64 = 5;
    pub(crate) const HISTORY: u64 = 6;
    pub(crate) const OPINION: u64 = 7;
}

/// Everybody, for a cast of miners.
pub(super) fn members(seed: &Draw, cast: Vec<Vec<Conduct>>) -> Vec<Member> {
    let mut roles = vec![Role::Owner, Role::Validator];
    roles.extend((0..OTHER_VALIDATORS).map(|_| Role::Validator));
    roles.extend(cast.into_iter().map(Role::Miner));
    let mut members: Vec<Member> =
        roles.into_iter().enumerate().map(|(index, role)| member(seed, index as u32, role)).collect();
    let victim = first_honest(&members).map(|victim| members[victim as usize].clone());
    for member in &mut members {
        member.commitment = commitment(seed, member, victim.as_ref());
    }
    members
}

fn member(seed: &Draw, index: u32, role: Role) -> Member {
    let mut draw = seed.fork(purpose::IDENTITY).fork(u64::from(index));
    let stake_tao = match role {
        Role::Validator => STAKES_TAO[(index - u32::from(VALIDATOR_UID)) as usize],
        _ => 0,
    };
    Member {
        uid: index as u16,
        role,
        hotkey: Key::drawn(&mut draw),
        coldkey: Key::drawn(&mut draw),
        username: identity::username(&mut draw, index),
        github_id: draw.between(10_000_000, 200_000_000),
        gist_id: identity::gist_id(&mut draw),
        commitment: None,
        stake_rao: stake_tao * RAO,
        registered_at_block: START_BLOCK - (REGISTERED_BEFORE_BLOCKS + draw.below(REGISTERED_BEFORE_BLOCKS)) as u32,
    }
}

/// The UID of the first honest miner.
pub(super) fn first_honest(members: &[Member]) -> Option<u32> {
    members.iter().find(|member| member.conducts().contains(&Conduct::Honest)).map(|member| u32::from(member.uid))
}

fn commitment(seed: &Draw, member: &Member, victim: Option<&Member>) -> Option<Commitment> {
    if member.role == Role::Owner {
        return None;
    }
    let mut draw = seed.fork(purpose::HISTORY).fork(u64::from(member.uid));
    let does = |conduct| member.conducts().contains(&conduct);
    let own = format!("{}:{}", member.username, member.gist_id);
    let text = match victim {
        Some(victim) if does(Conduct::PointsAtAnothersGist) => format!("{}:{}", victim.username, victim.gist_id),
        Some(victim) if does(Conduct::ClaimsAnothersGist) => format!("{}:{}", member.username, victim.gist_id),
        _ if does(Conduct::MalformedCommitment) => {
            format!("https://gist.github.com/{}/{}", member.username, member.gist_id)
        }
        _ => own,
    };
    // Who copies committed long ago and waits: an older commitment must not win a dispute.
    let before = if does(Conduct::CopiesAnother) { draw.between(60_000, 90_000) } else { draw.between(1_000, 40_000) };
    Some(Commitment { text, block: START_BLOCK - before as u32 })
}

/// Every gist by its id, with past and planned revisions.
pub(super) fn gists(seed: &Draw, members: &mut [Member], plan: &Plan<'_>) -> BTreeMap<String, Gist> {
    let pinning = second_honest(members);
    let mut gists = BTreeMap::new();
    for member in members.iter_mut() {
        let gist = match &member.role {
            Role::Owner => None,
            Role::Validator => Some(task_gist(member, plan)),
            Role::Miner(conducts) if conducts.contains(&Conduct::MissingGist) => None,
            Role::Miner(_) => Some(submission_gist(seed, member, plan)),
        };
        let Some(gist) = gist else { continue };
        if Some(member.uid) == pinning
            && let (Some(commitment), Some(revision)) = (&mut member.commitment, gist.newest(START_BLOCK))
        {
            commitment.text = format!("{}@{}", commitment.text, revision.sha);
        }
        gists.insert(gist.id.clone(), gist);
    }
    gists
}

/// The honest miner with a commitment that pins a revision: the second one, so that the first has no special features.
fn second_honest(members: &[Member]) -> Option<u16> {
    let mut honest = members.iter().filter(|member| member.conducts().contains(&Conduct::Honest));
    honest.nth(1).map(|member| member.uid)
}

/// Our validator publishes our tasks; each other one a pair of its own, and the last also an id that collides with one
/// of ours.
fn task_gist(member: &Member, plan: &Plan<'_>) -> Gist {
    let ours = plan.our_tasks as usize;
    let number = usize::from(member.uid - VALIDATOR_UID);
    let mut tasks: Vec<Task> = match number {
        0 => plan.tasks[..ours].to_vec(),
        _ => plan.tasks[ours..]
            .iter()
            .skip((number - 1) * OTHER_TASKS as usize)
            .take(OTHER_TASKS as usize)
            .cloned()
            .collect(),
    };
    if number == OTHER_VALIDATORS as usize
        && let Some(first) = plan.tasks.first()
    {
        tasks.push(Task { start_ms: first.start_ms - DAY_MS, ..first.clone() });
    }
    let created = member.registered_at_block + 1;
    let files = vec![GistFile::new(TASK_FILE, task::gist_text(&tasks))];
    let (id, owner) = (member.gist_id.clone(), member.username.clone());
    Gist::new(id, owner, member.github_id, "Tasks for TensorFlix", created, files)
}

/// How many tasks each other validator publishes.
pub(super) const OTHER_TASKS: u32 = 2;

fn submission_gist(seed: &Draw, member: &Member, plan: &Plan<'_>) -> Gist {
    let mut draw = seed.fork(purpose::HISTORY).fork(u64::from(member.uid)).fork(1);
    let uid = u32::from(member.uid);
    let does = |conduct| member.conducts().contains(&conduct);
    let mut entries = plan.entries(uid, member.conducts());
    // Copies appear after their originals.
    let first_before = if does(Conduct::CopiesAnother) { draw.between(100, 400) } else { draw.between(1_000, 3_000) };
    let created = START_BLOCK - first_before as u32;
    let half = entries[..entries.len().div_ceil(2)].to_vec();
    let mut gist = Gist::new(
        member.gist_id.clone(),
        member.username.clone(),
        member.github_id,
        "My TensorFlix submissions",
        created,
        files(member.conducts(), &half),
    );
    gist.public = !does(Conduct::SecretGist);
    gist.push(created + draw.between(5, 95) as u32, files(member.conducts(), &entries));
    if does(Conduct::Honest) {
        if member.uid == FIRST_MINER_UID {
            // A pair for somebody else's task: one gist serves all validators.
            if let Some(foreign) = plan.tasks.get(plan.our_tasks as usize) {
                entries.push(json!([foreign.id, plan.foreign_id(uid)]));
                gist.push(START_BLOCK - 1, files(member.conducts(), &entries));
            }
        }
        entries.push(plan.later_entry(uid));
        let later = START_BLOCK + draw.between(ADDED_AFTER_BLOCKS, 2 * ADDED_AFTER_BLOCKS) as u32;
        gist.push(later, files(member.conducts(), &entries));
    }
    gist
}

/// Blocks after the first at which an honest miner adds its later video, at the earliest; at the latest twice as many.
/// All of these videos are published by then.
const ADDED_AFTER_BLOCKS: u64 = 2 * super::content::LATER_AFTER_BLOCKS as u64 + 1;

fn files(conducts: &[Conduct], entries: &[Value]) -> Vec<GistFile> {
    let text = json!({ "submissions": entries }).to_string();
    let bytes = if conducts.contains(&Conduct::BrokenGist) {
        let mut bytes = b"\xEF\xBB\xBF{\"submissions\": [[\"neon-koi\", \"\0\xFF".to_vec();
        bytes.extend(text.as_bytes().iter().take(20));
        bytes
    } else if conducts.contains(&Conduct::DuplicateKeys) {
        let tail = text.trim_start_matches('{');
        format!(r#"{{"submissions": [], {tail}"#).into_bytes()
    } else {
        text.into_bytes()
    };
    vec![GistFile::new(SUBMISSION_FILE, bytes)]
}

/// Our tasks, then those of the other validators.
pub(super) fn tasks(seed: &Draw, our_tasks: u32) -> Vec<Task> {
    let seed = seed.fork(purpose::TASK);
    (0..our_tasks + OTHER_VALIDATORS * OTHER_TASKS).map(|index| task::drawn(&seed, index)).collect()
}

/// The permutation behind the content ids.
pub(super) fn content_ids(seed: &Draw) -> ContentIds {
    ContentIds::new(seed.fork(purpose::CONTENT_ID))
}

const _: () = assert!(OWNER_UID == 0 && VALIDATOR_UID == 1, "the order of `members`");
