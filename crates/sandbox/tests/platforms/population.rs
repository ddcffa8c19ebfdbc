//! The world: the same for the same seed, and every conduct is what it says.

use serde_json::Value;
use tensorflix_sandbox::clock::{START_BLOCK, SandboxClock, block_unix_ms};
use tensorflix_sandbox::world::{
    Broadcast, Conduct, Content, ContentKind, FLOOD_SIZE, INVALID_IDS, Member, PURGE_AFTER_BLOCKS, Platform, Role,
    Shown, UNKNOWN_TASK_ID, VANISH_AFTER_BLOCKS, World, WorldConfig, WorldHandle,
};

use crate::harness::{received, start};

/// The size that a validator accepts (`[github] max_gist_bytes`).
const MAX_GIST_BYTES: usize = 262_144;
/// Blocks by which every planned change has happened.
const LATE_BLOCKS: u32 = 30_000;

/// An honest miner, and one of this conduct.
struct Case {
    handle: WorldHandle,
    honest: Member,
    miner: Member,
}

fn case(conduct: Conduct) -> Case {
    let cast = Some(vec![vec![Conduct::Honest], vec![conduct]]);
    let world = World::generate_with(WorldConfig { seed: 5, miners: 2, cast, ..WorldConfig::default() });
    let honest = world.miners_who(Conduct::Honest).next().unwrap().clone();
    let miner = world.members().last().unwrap().clone();
    Case { handle: WorldHandle::new(world, SandboxClock::at(START_BLOCK)), honest, miner }
}

impl Case {
    fn bytes(&self, block: u32) -> Vec<u8> {
        let world = self.handle.read();
        world.gist(&self.miner.gist_id).unwrap().newest(block).unwrap().files[0].bytes.to_vec()
    }

    fn entries(&self) -> Vec<Value> {
        let document: Value = serde_json::from_slice(&self.bytes(START_BLOCK)).unwrap();
        document["submissions"].as_array().unwrap().clone()
    }

    fn pairs(&self) -> Vec<(String, String)> {
        self.entries().into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect()
    }

    /// The submitted contents that exist, visible or not.
    fn contents(&self) -> Vec<Content> {
        let world = self.handle.read();
        let found = |(task_id, id): (String, String)| {
            let task = world.tasks().iter().find(|task| task.id == task_id)?;
            world.content(task.platform, &id)
        };
        self.pairs().into_iter().filter_map(found).collect()
    }

    fn task_start_ms(&self, id: &str) -> u64 {
        let world = self.handle.read();
        let (task_id, _) = self.pairs().into_iter().find(|(_, known)| known == id).unwrap();
        world.tasks().iter().find(|task| task.id == task_id).unwrap().start_ms
    }

    fn has(&self, platform: Platform, kind: ContentKind) -> bool {
        let world = self.handle.read();
        self.pairs().iter().any(|(_, id)| world.kind_of(platform, id) == Some(kind))
    }
}

#[test]
fn the_default_world_has_six_honest_miners_with_valid_content_on_both_platforms() {
    for seed in 0..20 {
        let world = World::generate(seed, 12, 3);
        assert_eq!(world.members().len(), 16);
        let honest: Vec<&Member> = world.miners_who(Conduct::Honest).collect();
        assert_eq!(honest.len(), 6, "seed {seed}");
        for member in honest {
            let gist = world.gist(&member.gist_id).unwrap();
            let document: Value = serde_json::from_slice(&gist.newest(START_BLOCK).unwrap().files[0].bytes).unwrap();
            for platform in [Platform::YouTube, Platform::Instagram] {
                let valid = document["submissions"].as_array().unwrap().iter().any(|pair| {
                    let task = world.tasks().iter().find(|task| task.id == pair[0]);
                    let Some(task) = task.filter(|task| task.platform == platform) else { return false };
                    let content = world.visible_content(platform, pair[1].as_str().unwrap(), START_BLOCK);
                    content.is_some_and(|content| {
                        content.published_ms >= task.start_ms && content.counts(START_BLOCK).views > Some(0)
                    })
                });
                assert!(valid, "seed {seed}, {}, {platform:?}", member.username);
            }
        }
    }
}

#[test]
fn validators_have_permits_stakes_and_committed_task_gists_and_miners_no_stake() {
    let world = World::generate(3, 12, 3);
    let validators: Vec<&Member> = world.members().iter().filter(|member| member.has_permit()).collect();
    assert_eq!((validators.len(), validators[0].uid), (3, world.validator().uid));
    let total: u64 = world.members().iter().map(|member| member.stake_rao).sum();
    for validator in validators {
        assert!(validator.stake_rao > 0 && validator.stake_rao * 2 < total, "nobody has the majority alone");
        let commitment = validator.commitment.as_ref().unwrap();
        assert_eq!(commitment.text, format!("{}:{}", validator.username, validator.gist_id));
        let gist = world.gist(&validator.gist_id).unwrap();
        let text = String::from_utf8(gist.newest(START_BLOCK).unwrap().files[0].bytes.to_vec()).unwrap();
        let good = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
        assert!(good >= 2 && text.lines().any(str::is_empty));
        assert_eq!(text.lines().filter(|line| !line.is_empty()).count(), good + 1, "one bad line");
    }
    for miner in world.members().iter().filter(|member| matches!(member.role, Role::Miner(_))) {
        assert_eq!(miner.stake_rao, 0);
    }
}

#[test]
fn a_seed_decides_everything_and_another_seed_decides_otherwise() {
    let shown = |seed: u64| {
        let world = World::generate(seed, 40, 5);
        let mut shown = format!("{:?}", world.members());
        for member in world.members() {
            let Some(gist) = world.gist(&member.gist_id) else { continue };
            shown += &format!("{:?}", gist.revisions(u32::MAX));
        }
        shown
    };
    assert_eq!(shown(9), shown(9));
    assert_ne!(shown(9), shown(10));
}

/// What the servers say to the same questions in the world of a seed.
async fn answers(seed: u64, reference: &World) -> Vec<Vec<u8>> {
    let harness = start(seed).await;
    let mut answers = Vec::new();
    for member in reference.members() {
        let raw = format!("/{}/{}/raw", member.username, member.gist_id);
        answers.push(received(harness.raw(&raw)).await.body);
        let api = harness.api(&format!("/gists/{}", member.gist_id)).bearer_auth("t");
        answers.push(received(api).await.body);
    }
    let ids = harness.honest_ids(Platform::YouTube).join(",");
    let query = [("part", "snippet,statistics,status,contentDetails"), ("id", &ids), ("key", "k")];
    answers.push(received(harness.youtube("videos", &query)).await.body);
    answers
}

#[tokio::test]
async fn two_sandboxes_of_one_seed_answer_with_the_same_bytes() {
    let reference = World::generate(21, 12, 3);
    let first = answers(21, &reference).await;
    assert_eq!(first, answers(21, &reference).await);
    assert_ne!(first.last(), answers(22, &reference).await.last());
}

#[test]
fn organic_counts_never_fall_and_grow_over_time() {
    let case = case(Conduct::Honest);
    for content in case.contents() {
        let mut before = content.counts(START_BLOCK);
        let first = before;
        for step in 1..200 {
            let now = content.counts(START_BLOCK + step * 100);
            assert!(now.views >= before.views && now.likes >= before.likes && now.comments >= before.comments);
            before = now;
        }
        assert!(before.views > first.views, "{content:?}");
    }
}

#[test]
fn an_honest_miner_adds_a_video_that_is_published_by_then() {
    let case = case(Conduct::Honest);
    let world = case.handle.read();
    let gist = world.gist(&case.miner.gist_id).unwrap();
    let later = gist.newest(START_BLOCK + LATE_BLOCKS).unwrap();
    assert!(later.block > START_BLOCK);
    let document: Value = serde_json::from_slice(&later.files[0].bytes).unwrap();
    let pair = document["submissions"].as_array().unwrap().last().unwrap().clone();
    let task = world.tasks().iter().find(|task| task.id == pair[0]).unwrap();
    let id = pair[1].as_str().unwrap();
    assert!(world.visible_content(task.platform, id, START_BLOCK).is_none());
    assert!(world.visible_content(task.platform, id, later.block).is_some());
}

#[test]
fn a_stress_world_is_generated_at_once_and_knows_its_videos() {
    let config = WorldConfig {
        seed: 1,
        miners: 256,
        tasks: 80,
        submissions_per_task: Some(5),
        cast: Some(vec![vec![Conduct::Honest]]),
    };
    let world = World::generate_with(config);
    let mut seen = std::collections::BTreeSet::new();
    for member in world.miners_who(Conduct::Honest) {
        let newest = world.gist(&member.gist_id).unwrap().newest(START_BLOCK).unwrap();
        let document: Value = serde_json::from_slice(&newest.files[0].bytes).unwrap();
        for pair in document["submissions"].as_array().unwrap() {
            seen.insert(pair[1].as_str().unwrap().to_owned());
        }
    }
    // One pair more: the first miner also has one for somebody else's task.
    assert_eq!(seen.len(), 256 * 80 * 5 + 1);
    for id in seen.iter().step_by(10_000) {
        let known =
            [Platform::YouTube, Platform::Instagram].iter().any(|&platform| world.content(platform, id).is_some());
        assert!(known, "{id}");
    }
}

/// What every conduct promises, one by one; a new one does not compile without a line here.
#[test]
fn every_conduct_yields_what_it_promises() {
    for conduct in Conduct::ALL {
        let case = case(conduct);
        let own = format!("{}:{}", case.miner.username, case.miner.gist_id);
        let committed = case.miner.commitment.as_ref().unwrap().text.clone();
        assert!(promise_is_kept(conduct, &case, &own, &committed), "{conduct:?}");
    }
}

fn promise_is_kept(conduct: Conduct, case: &Case, own: &str, committed: &str) -> bool {
    let youtube = |kind| case.has(Platform::YouTube, kind);
    let instagram = |kind| case.has(Platform::Instagram, kind);
    let both = |kind| youtube(kind) && instagram(kind);
    let fits =
        |id: &str| id.len() == 11 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    match conduct {
        Conduct::Honest => committed.starts_with(own) && !case.contents().is_empty(),
        Conduct::CopiesAnother => copies(case),
        Conduct::RepeatsOwnPair => case.entries()[0] == case.entries()[1],
        Conduct::PublishesEarly => {
            both(ContentKind::Early)
                && case.contents().iter().all(|content| content.published_ms < case.task_start_ms(&content.id))
        }
        Conduct::GoesLive => {
            let broadcasts: Vec<Broadcast> = case.contents().iter().map(|content| content.broadcast).collect();
            matches!(broadcasts[..], [Broadcast::Live, Broadcast::Upcoming(at)] if at > block_unix_ms(START_BLOCK))
        }
        Conduct::SubmitsMissing => missing(case),
        Conduct::HidesCounts => {
            let shown: Vec<Shown> = case.contents().iter().map(|content| content.shown).collect();
            shown.contains(&Shown::ViewsOnly) && shown.contains(&Shown::Nothing)
        }
        Conduct::InvalidIds => case.pairs().len() == INVALID_IDS.len() && case.pairs().iter().all(|(_, id)| !fits(id)),
        Conduct::FloodsTask => {
            let visible = case.contents().iter().filter(|content| content.is_visible(START_BLOCK)).count();
            visible == FLOOD_SIZE as usize && case.pairs().windows(2).all(|pairs| pairs[0].0 == pairs[1].0)
        }
        Conduct::MalformedItems => case.pairs().len() == 2 && case.entries().len() > 10,
        Conduct::DuplicateKeys => {
            String::from_utf8_lossy(&case.bytes(START_BLOCK)).matches("\"submissions\"").count() == 2
        }
        Conduct::BrokenGist => serde_json::from_slice::<Value>(&case.bytes(START_BLOCK)).is_err(),
        Conduct::HugeGist => case.bytes(START_BLOCK).len() > MAX_GIST_BYTES && !case.contents().is_empty(),
        Conduct::MissingGist => committed == own && case.handle.read().gist(&case.miner.gist_id).is_none(),
        Conduct::SecretGist => !case.handle.read().gist(&case.miner.gist_id).unwrap().public,
        Conduct::UnknownTask => case.pairs().iter().all(|(task_id, _)| task_id == UNKNOWN_TASK_ID),
        Conduct::PointsAtAnothersGist => committed == format!("{}:{}", case.honest.username, case.honest.gist_id),
        Conduct::ClaimsAnothersGist => committed == format!("{}:{}", case.miner.username, case.honest.gist_id),
        Conduct::ZeroViews => {
            both(ContentKind::Unwatched)
                && case.contents().iter().all(|content| content.counts(START_BLOCK + LATE_BLOCKS).views == Some(0))
        }
        Conduct::FreshVideo => case.contents().iter().all(|content| {
            let age_ms = block_unix_ms(START_BLOCK) - content.published_ms;
            age_ms < 3_600_000 && content.counts(START_BLOCK).views > Some(1_000)
        }),
        Conduct::NullReelViews => {
            let counts: Vec<_> = case.contents().iter().map(|content| content.counts(START_BLOCK)).collect();
            instagram(ContentKind::NullViews)
                && counts.iter().any(|counts| counts.views.is_none() && counts.plays > Some(0))
        }
        Conduct::MalformedCommitment => committed.contains('/') && committed.matches(':').count() == 1,
        Conduct::BuysViews => case.contents().iter().all(|content| {
            let (before, after) = (content.counts(START_BLOCK), content.counts(START_BLOCK + PURGE_AFTER_BLOCKS));
            after.views < before.views && before.likes < Some(1_000)
        }),
        Conduct::FilmsReality => both(ContentKind::Filmed) && case.contents().iter().all(|content| !content.is_ai),
        Conduct::PostsIllicit => {
            both(ContentKind::Illicit) && case.contents().iter().all(|content| content.is_illicit && content.is_ai)
        }
        Conduct::SubmitsStranger => case.contents().iter().all(|content| {
            content.counts(START_BLOCK).views > Some(100_000) && !content.text.contains(case.miner.hotkey.ss58())
        }),
    }
}

/// The same pairs, an older commitment, a later gist, and the original's hotkey in the descriptions.
fn copies(case: &Case) -> bool {
    let world = case.handle.read();
    let (original, copy) = (world.gist(&case.honest.gist_id).unwrap(), world.gist(&case.miner.gist_id).unwrap());
    let blocks = |gist: &tensorflix_sandbox::world::Gist| gist.revisions(START_BLOCK)[0].block;
    let committed = |member: &Member| member.commitment.as_ref().unwrap().block;
    let tagged = case.contents().iter().filter(|content| content.text.contains(case.honest.hotkey.ss58())).count();
    let text = String::from_utf8(original.revisions(START_BLOCK)[1].files[0].bytes.to_vec()).unwrap();
    let same = case.pairs().iter().all(|(_, id)| text.contains(id.as_str()));
    same && tagged > 0 && committed(&case.miner) < committed(&case.honest) && blocks(copy) > blocks(original)
}

/// Removed, private and never given out at the first block; one sort is seen first and goes later.
fn missing(case: &Case) -> bool {
    let world = case.handle.read();
    let pairs = case.pairs();
    let visible = |block| {
        let seen = pairs.iter().filter(|(_, id)| {
            [Platform::YouTube, Platform::Instagram]
                .iter()
                .any(|&platform| world.visible_content(platform, id, block).is_some())
        });
        seen.count()
    };
    let never = pairs.iter().filter(|(_, id)| {
        world.kind_of(Platform::YouTube, id).is_none() && world.kind_of(Platform::Instagram, id).is_none()
    });
    visible(START_BLOCK) == world.tasks().len() && visible(START_BLOCK + VANISH_AFTER_BLOCKS) == 0 && never.count() == 2
}
