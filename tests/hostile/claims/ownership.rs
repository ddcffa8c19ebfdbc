//! The owner that a video names in its own text: strangers' videos, and captions that would serve many miners.

use crate::subnet::{FIRST, Subnet, by, cast, honest, list, member, of, run, weight};
use std::collections::BTreeSet;
use tensorflix::config::Config;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::OwnershipRule;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_sandbox::Sandbox;
use tensorflix_sandbox::world::{Conduct, Platform as SandboxPlatform, WorldConfig};

fn required(config: &mut Config) {
    config.rules.ownership_tag = OwnershipRule::Required;
}

#[test]
fn where_the_tag_is_required_a_strangers_video_earns_nothing() {
    run(async {
        let world = WorldConfig { miners: 40, ..WorldConfig::default() };
        let mut subnet = Subnet::start(world, |_, config| required(config)).await;
        let cycle = subnet.cycle().await;
        let thieves = subnet.uids(Conduct::SubmitsStranger);
        assert!(!thieves.is_empty());
        for uid in thieves {
            let uids = BTreeSet::from([uid]);
            assert!(of(&cycle, &uids).any(|judged| judged.reason == Some(Reason::MissingOwnershipTag)), "UID {uid}");
            assert!(weight(&cycle, uid) == 0.0);
        }
        let scored: Vec<&Judged> =
            cycle.submissions.iter().filter(|judged| judged.status == Status::Accepted).collect();
        assert!(!scored.is_empty(), "tagged videos of honest miners go on scoring");
        for judged in scored {
            let known = cycle.evidence.contents.iter().find(|(content, _)| content.as_str() == judged.content_id);
            assert_eq!(known.and_then(|(_, known)| known.owner_tag), Some(judged.hotkey), "{judged:?}");
        }
    });
}

/// A viral video of a registered miner, which names that miner, is listed by another one who was there first.
#[test]
fn a_thief_who_lists_a_video_first_loses_it_to_the_miner_that_it_names() {
    run(async {
        let mut subnet = Subnet::start(honest(5), |_, config| crate::subnet::a_cycle_each_round(config)).await;
        let first = subnet.cycle().await;
        let (video, owner) = a_video(&first, FIRST + 2);
        let (thief, owner) = (FIRST, owner);
        subnet.list(owner, []);
        // The thief lists a video that nobody listed before, and that turns viral.
        let world = subnet.sandbox.world();
        let id = "viralvideo1";
        let mut content = world.read().content(SandboxPlatform::YouTube, &video.content_id).expect("a video");
        content.id = id.to_owned();
        content.text = format!("Made by {}", member(&subnet.sandbox, owner).hotkey.ss58());
        content.growth.plateau *= 1_000;
        world.add_content(content);
        let stolen = serde_json::json!({"submissions": [[video.task_id, id]]}).to_string();
        list(&subnet.sandbox, thief, &stolen);
        subnet.next_cycle().await;
        list(&subnet.sandbox, owner, &stolen);
        let third = subnet.next_cycle().await;
        assert_eq!(by(&third, thief)[0].reason, Some(Reason::DuplicateSubmission));
        assert!(weight(&third, thief) == 0.0);
        assert_eq!(by(&third, owner)[0].normalized_score, Some(1.0), "and it is the best of its task");
    });
}

/// A video of a miner that scores by itself.
fn a_video(cycle: &DecidedCycle, uid: Uid) -> (Judged, Uid) {
    let is_video = |judged: &&Judged| judged.platform == Some(Platform::YOUTUBE) && judged.score > Some(0.0);
    (by(cycle, uid).into_iter().find(is_video).expect("a video").clone(), uid)
}

/// The text of a video for these miners.
fn naming(sandbox: &Sandbox, uids: &[Uid]) -> String {
    let hotkeys: Vec<String> = uids.iter().map(|uid| member(sandbox, *uid).hotkey.ss58().to_owned()).collect();
    format!("Made with a video model. Hotkeys: {}", hotkeys.join(", "))
}

/// An earlier validator looked for its signature anywhere in a caption, and one caption carried those of many hotkeys:
/// one video, listed by each of them; or a video for each with one and the same caption.
#[test]
fn a_caption_that_names_three_hotkeys_pays_only_the_first() {
    run(async {
        let mut plain = Subnet::start(honest(4), |_, _| ()).await;
        let (video, _) = a_video(&plain.cycle().await, FIRST + 3);
        let gang = [FIRST + 2, FIRST, FIRST + 3];
        for (rule, is_shared) in
            [(OwnershipRule::Prefer, true), (OwnershipRule::Required, true), (OwnershipRule::Required, false)]
        {
            let mut subnet = Subnet::start(honest(4), |sandbox, config| {
                config.rules.ownership_tag = rule;
                for (number, uid) in gang.into_iter().enumerate() {
                    let id = if is_shared { "threenames0".to_owned() } else { format!("threenames{number}") };
                    let mut content =
                        sandbox.world().read().content(SandboxPlatform::YouTube, &video.content_id).expect("a video");
                    content.text = naming(sandbox, &gang);
                    content.id.clone_from(&id);
                    sandbox.world().add_content(content);
                    list(sandbox, uid, &serde_json::json!({"submissions": [[video.task_id, id]]}).to_string());
                }
            })
            .await;
            let cycle = subnet.cycle().await;
            let refused = if is_shared { Reason::DuplicateSubmission } else { Reason::MissingOwnershipTag };
            let expected =
                [(Status::Accepted, None), (Status::Rejected, Some(refused)), (Status::Rejected, Some(refused))];
            for (uid, expected) in gang.into_iter().zip(expected) {
                let judged = by(&cycle, uid)[0];
                assert_eq!((judged.status, judged.reason), expected, "{rule:?}, shared: {is_shared}: {judged:?}");
                assert_eq!(weight(&cycle, uid) > 0.0, expected.0 == Status::Accepted, "{judged:?}");
            }
        }
    });
}

/// Texts that are almost a hotkey: what can be found by trying, and what is somebody else's.
#[test]
fn a_part_or_a_likeness_of_a_hotkey_names_nobody() {
    run(async {
        let miners = cast(&[Conduct::Honest; 4]);
        let mut plain = Subnet::start(miners.clone(), |_, _| ()).await;
        let (video, _) = a_video(&plain.cycle().await, FIRST + 3);
        let hotkey = plain.member(FIRST).hotkey.ss58().to_owned();
        let texts = [
            hotkey[..5].to_owned(),
            hotkey[hotkey.len() - 5..].to_owned(),
            hotkey[..hotkey.len() - 1].to_owned(),
            hotkey[1..].to_owned(),
            format!("{}{}", &hotkey[..hotkey.len() - 1], if hotkey.ends_with('1') { '2' } else { '1' }),
            hotkey.to_lowercase(),
            hotkey.to_uppercase(),
            format!("{hotkey}{hotkey}"),
            format!("{} {}", &hotkey[..24], &hotkey[24..]),
            hex::encode(plain.member(FIRST).hotkey.public()),
        ];
        let mut subnet = Subnet::start(miners, |sandbox, config| {
            required(config);
            config.rules.max_per_miner_and_task = 50;
            let mut pairs = Vec::new();
            for (number, text) in texts.iter().chain([&hotkey]).enumerate() {
                let mut content =
                    sandbox.world().read().content(SandboxPlatform::YouTube, &video.content_id).expect("a video");
                content.text = format!("by {text}.");
                content.id = format!("almost_my{number:02}");
                pairs.push([video.task_id.clone(), content.id.clone()]);
                sandbox.world().add_content(content);
            }
            list(sandbox, FIRST, &serde_json::json!({"submissions": pairs}).to_string());
        })
        .await;
        let cycle = subnet.cycle().await;
        let judged = by(&cycle, FIRST);
        let (whole, parts) = judged.split_last().expect("listed");
        assert_eq!(whole.status, Status::Accepted, "the whole hotkey does: {whole:?}");
        for (judged, text) in parts.iter().zip(&texts) {
            assert_eq!(judged.reason, Some(Reason::MissingOwnershipTag), "{text}");
        }
    });
}
