//! Judging one miner's pairs by the rules of a cycle, as far as they are known.
//!
//! The rules are those of `decide`, on evidence with only this miner, so nobody else claims its pairs. If a rule needs something
//! that is not known (the tasks, or the platform's answer), the outcome is [`Outcome::NotChecked`], unless the pair is rejected
//! whatever the answer would be.

use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::Dating;
use tensorflix_domain::decision::decide;
use tensorflix_domain::evidence::{BoundClaim, ContentEvidence, Evidence, Miner, WeightedTask};
use tensorflix_domain::ids::{ContentId, TaskId};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::places::PlaceRule;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::submission::Pair;
use tensorflix_domain::task::Task;
use tensorflix_domain::verdict::{Reason, Status};

/// How a validator would judge a pair.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// By all rules that a miner's own gist can be judged by.
    Judged(Box<Judged>),
    /// It breaks no rule that could be checked, and other rules could not be checked.
    NotChecked(NotChecked),
}

/// Facts that a rule needs and that are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotChecked {
    /// Whether the task exists, and on which platform.
    Task,
    /// What the task's platform says about the item.
    Content(Platform),
}

/// Judges the pairs in their order. Without `tasks` each is judged as if its task existed.
pub fn judge(
    miner: &Miner,
    at: BlockStamp,
    tasks: Option<&[WeightedTask]>,
    contents: &BTreeMap<ContentId, ContentEvidence>,
    policy: &Policy,
) -> Vec<Outcome> {
    match tasks {
        Some(tasks) => {
            judged(miner, at, tasks.to_vec(), contents, policy).map(|judged| settled(judged, contents)).collect()
        }
        None => judge_without_tasks(miner, at, policy),
    }
}

/// The items on which the platform's answer decides, each once.
pub fn contents_to_ask(outcomes: &[Outcome], pairs: &[Pair]) -> BTreeSet<ContentId> {
    let asked = outcomes.iter().zip(pairs).filter_map(|(outcome, pair)| match outcome {
        Outcome::NotChecked(NotChecked::Content(platform)) => ContentId::new(*platform, &pair.content_id).ok(),
        Outcome::NotChecked(NotChecked::Task) | Outcome::Judged(_) => None,
    });
    asked.collect()
}

fn judged(
    miner: &Miner,
    at: BlockStamp,
    tasks: Vec<WeightedTask>,
    contents: &BTreeMap<ContentId, ContentEvidence>,
    policy: &Policy,
) -> impl Iterator<Item = Judged> + use<> {
    let claims = claims_of(miner, at, &PlaceRule::new(&tasks, policy.max_per_miner_and_task));
    let evidence = Evidence {
        at,
        tasks,
        miners: vec![miner.clone()],
        claims,
        contents: contents.clone(),
        previous: None,
        recovery: None,
        owner_hotkey: None,
        unwatched: Vec::new(),
        rounds: Rounds::default(),
    };
    decide(&evidence, policy).submissions.into_iter()
}

/// The claims that a validator would make of this gist, as if nobody else had listed any of it.
fn claims_of(miner: &Miner, at: BlockStamp, rule: &PlaceRule) -> Vec<BoundClaim> {
    let standings = rule.standings(&miner.pairs);
    let placed = miner.pairs.iter().zip(standings).filter(|(_, standing)| standing.is_placed());
    let claim = |pair: &Pair| Claim {
        task_id: pair.task_id.clone(),
        content_id: pair.content_id.clone(),
        hotkey: miner.hotkey,
        pinned_at: None,
        round: at.block,
        committed_at: at.block,
        gist: None,
    };
    placed.map(|(pair, _)| BoundClaim { uid: miner.uid, claim: claim(pair), dating: Dating::NotAsked }).collect()
}

/// An item that was never observed is not unavailable here: the platform was not asked.
fn settled(judged: Judged, contents: &BTreeMap<ContentId, ContentEvidence>) -> Outcome {
    let content = judged.content();
    match content {
        Some(content) if judged.status == Status::Pending && !contents.contains_key(&content) => {
            Outcome::NotChecked(NotChecked::Content(content.platform()))
        }
        _ => Outcome::Judged(Box::new(judged)),
    }
}

/// What is rejected on every platform is rejected whatever the task turns out to be, for the reason that the rules
/// check first.
fn judge_without_tasks(miner: &Miner, at: BlockStamp, policy: &Policy) -> Vec<Outcome> {
    let ids: BTreeSet<TaskId> = miner.pairs.iter().filter_map(|pair| pair.task_id.parse().ok()).collect();
    let supposed = |platform: Platform| {
        let task = |id: &TaskId| Task {
            id: id.clone(),
            description: String::new(),
            platform,
            start_at: Moment::from_unix_ms(0),
            end_at: None,
        };
        let tasks = ids.iter().map(|id| WeightedTask { task: task(id), weight: 1.0 }).collect();
        judged(miner, at, tasks, &BTreeMap::new(), policy)
    };
    let mut of_platforms = Platform::known().iter().map(|platform| supposed(*platform).map(rejected));
    let Some(first) = of_platforms.next() else { return Vec::new() };
    let on_all = of_platforms.fold(first.collect::<Vec<_>>(), |on_all, other| {
        on_all.into_iter().zip(other).map(|(one, other)| Some(earlier(one?, other?))).collect()
    });
    let outcome = |judged: Option<Judged>| match judged {
        Some(judged) => Outcome::Judged(Box::new(Judged { platform: None, ..judged })),
        None => Outcome::NotChecked(NotChecked::Task),
    };
    on_all.into_iter().map(outcome).collect()
}

fn rejected(judged: Judged) -> Option<Judged> {
    (judged.status == Status::Rejected).then_some(judged)
}

/// The one with the reason that the rules check first.
fn earlier(left: Judged, right: Judged) -> Judged {
    let rank = |judged: &Judged| Reason::ALL.iter().position(|reason| Some(*reason) == judged.reason);
    if rank(&right) < rank(&left) { right } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::ids::Hotkey;

    const YOUTUBE_ID: &str = "dQw4w9WgXcQ";

    fn outcomes(pairs: &[(&str, &str)], tasks: Option<&[(&str, Platform)]>) -> Vec<String> {
        let pair =
            |(task, content): &(&str, &str)| Pair { task_id: (*task).to_owned(), content_id: (*content).to_owned() };
        let miner = Miner {
            uid: 1,
            hotkey: Hotkey::new([1; 32]),
            pairs: pairs.iter().map(pair).collect(),
            owner_confirmed: true,
            person: None,
        };
        let at = BlockStamp { block: 1, time: Moment::from_unix_ms(1_787_000_000_000) };
        let task = |(id, platform): &(&str, Platform)| WeightedTask {
            task: Task {
                id: id.parse().expect("an id"),
                description: String::new(),
                platform: *platform,
                start_at: at.time,
                end_at: None,
            },
            weight: 1.0,
        };
        let tasks: Option<Vec<WeightedTask>> = tasks.map(|tasks| tasks.iter().map(task).collect());
        let outcomes = judge(&miner, at, tasks.as_deref(), &BTreeMap::new(), &Policy::default());
        let shown = |outcome: &Outcome| match outcome {
            Outcome::Judged(judged) => judged.reason.map_or("accepted", Reason::code).to_owned(),
            Outcome::NotChecked(NotChecked::Task) => "task?".to_owned(),
            Outcome::NotChecked(NotChecked::Content(platform)) => format!("{platform}?"),
        };
        outcomes.iter().map(shown).collect()
    }

    #[test]
    fn what_is_not_known_is_neither_accepted_nor_rejected() {
        let tasks = [("yt", Platform::YOUTUBE), ("ig", Platform::INSTAGRAM)];
        let pairs =
            [("yt", YOUTUBE_ID), ("ig", "C8xYz"), ("yt", "C8xYz"), ("other", YOUTUBE_ID), ("yt", "../x"), ("", "a")];
        let expected =
            ["youtube?", "instagram?", "invalid_content_id", "unknown_task", "invalid_content_id", "unknown_task"];
        assert_eq!(outcomes(&pairs, Some(&tasks)), expected);
        let expected = ["task?", "task?", "task?", "task?", "invalid_content_id", "unknown_task"];
        assert_eq!(outcomes(&pairs, None), expected);
    }

    #[test]
    fn too_many_are_too_many_only_where_that_is_certain() {
        let six: Vec<(&str, &str)> =
            ["aaaaaaaaaa1", "aaaaaaaaaa2", "aaaaaaaaaa3", "aaaaaaaaaa4", "aaaaaaaaaa5", "aaaaaaaaaa6"]
                .map(|id| ("t", id))
                .into();
        assert_eq!(outcomes(&six, None)[4..], ["task?", "too_many_submissions"]);
        // Ids that only one platform has leave it open which of the others count.
        let mixed: Vec<(&str, &str)> = std::iter::once(("t", "C8xYz")).chain(six).collect();
        assert_eq!(outcomes(&mixed, None)[5..], ["task?", "too_many_submissions"]);
    }

    #[test]
    fn only_what_the_answer_can_change_is_asked_for() {
        let pairs = [
            Pair { task_id: "t".to_owned(), content_id: YOUTUBE_ID.to_owned() },
            Pair { task_id: "t".to_owned(), content_id: YOUTUBE_ID.to_owned() },
        ];
        let content = Outcome::NotChecked(NotChecked::Content(Platform::YOUTUBE));
        assert_eq!(contents_to_ask(&[content.clone(), content.clone()], &pairs).len(), 1);
        assert!(contents_to_ask(&[Outcome::NotChecked(NotChecked::Task), content], &pairs[..1]).is_empty());
    }
}
