//! Which tasks count: those of one gist, or those of all permitted validators.

use crate::chain_time::Moment;
use crate::evidence::WeightedTask;
use crate::ids::{Hotkey, TaskId, Uid};
use crate::problem::{Problem, excerpt, report};
use crate::task::{Task, TaskGist};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// `validator.task_source`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskSource {
    /// The configured gist.
    #[default]
    Gist,
    /// The gists of all validators with a permit: each divides its share of the stake among its tasks.
    Network,
}

/// A permitted validator with a readable task gist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Its UID.
    pub uid: Uid,
    /// Its hotkey.
    pub hotkey: Hotkey,
    /// Its stake in the subnet.
    pub stake_rao: u64,
    /// Its tasks.
    pub gist: TaskGist,
}

/// The tasks of one gist, each with weight 1, in the gist's order.
pub fn tasks_of_gist(gist: TaskGist) -> Vec<WeightedTask> {
    gist.tasks.into_iter().map(|task| WeightedTask { task, weight: 1.0 }).collect()
}

/// A task id where the tasks of all validators count.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkTask {
    /// The task that counts, as the publisher with the highest stake of its own describes it, and its weight.
    pub weighted: WeightedTask,
    /// The publishers of the task, the highest stake first: their parts are added.
    pub publishers: Vec<Uid>,
    /// The publishers of another task with this id: their parts of it are void.
    pub void: Vec<Uid>,
}

/// The outcome for every task id that these publishers use, at the moment of a cycle.
///
/// - A publisher's share of the publishers' stake is divided equally among those of its tasks that have started, so
///   that no publisher gains weight by publishing more of them. A task that has not started has no weight.
/// - Publishers mean the same task by an id if platform and start are the same: their parts are added. Otherwise the
///   task with the higher stake counts (that of all who mean it together; of equal ones that of the publisher with the
///   higher stake of its own, then of the lower UID), and the parts of the others are void: they are given to no task.
pub fn network_tasks(publishers: &[Publisher], at: Moment) -> BTreeMap<TaskId, NetworkTask> {
    let mut ranked: Vec<&Publisher> = publishers.iter().collect();
    ranked.sort_by_key(|publisher| (Reverse(publisher.stake_rao), publisher.uid));
    let total: f64 = ranked.iter().map(|publisher| stake(publisher.stake_rao)).sum();
    let mut meanings: BTreeMap<TaskId, Vec<Meaning<'_>>> = BTreeMap::new();
    for publisher in ranked {
        let part = part_of_each_task(publisher, total, at);
        for task in &publisher.gist.tasks {
            let of_id = meanings.entry(task.id.clone()).or_default();
            let place = of_id.iter().position(|meaning| meaning.is_of(task)).unwrap_or_else(|| {
                of_id.push(Meaning { task, weight: 0.0, stake_rao: 0, publishers: Vec::new() });
                of_id.len() - 1
            });
            let meaning = &mut of_id[place];
            meaning.weight += if task.start_at <= at { part } else { 0.0 };
            meaning.stake_rao += u128::from(publisher.stake_rao);
            meaning.publishers.push(publisher.uid);
        }
    }
    meanings.into_iter().filter_map(|(id, meanings)| Some((id, standing(meanings)?))).collect()
}

/// The weight of each task of a publisher.
fn part_of_each_task(publisher: &Publisher, total_stake: f64, at: Moment) -> f64 {
    let started = publisher.gist.tasks.iter().filter(|task| task.start_at <= at).count();
    #[expect(clippy::cast_precision_loss, reason = "a gist has a bounded number of tasks")]
    let started = started as f64;
    if total_stake > 0.0 && started > 0.0 { stake(publisher.stake_rao) / total_stake / started } else { 0.0 }
}

/// What some publishers mean by an id.
struct Meaning<'a> {
    task: &'a Task,
    weight: f64,
    stake_rao: u128,
    publishers: Vec<Uid>,
}

impl Meaning<'_> {
    fn is_of(&self, task: &Task) -> bool {
        (self.task.platform, self.task.start_at) == (task.platform, task.start_at)
    }
}

/// The meaning of an id that counts. Meanings come in the order of their first publishers, the highest stake first.
fn standing(mut meanings: Vec<Meaning<'_>>) -> Option<NetworkTask> {
    meanings.sort_by_key(|meaning| Reverse(meaning.stake_rao));
    let mut meanings = meanings.into_iter();
    let Meaning { task, weight, publishers, .. } = meanings.next()?;
    let void = meanings.flat_map(|meaning| meaning.publishers).collect();
    Some(NetworkTask { weighted: WeightedTask { task: task.clone(), weight }, publishers, void })
}

/// The tasks of all publishers in the order of their ids, weighted as [`network_tasks`] says. A part that is void is
/// reported.
pub fn tasks_of_network(publishers: &[Publisher], at: Moment) -> (Vec<WeightedTask>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut tasks = Vec::new();
    for (id, NetworkTask { weighted, publishers, void }) in network_tasks(publishers, at) {
        let id = excerpt(id.as_str());
        for uid in void {
            let standing: Vec<String> = publishers.iter().take(MOST_NAMED).map(ToString::to_string).collect();
            let standing = standing.join(", ");
            let reason = format!(
                "task \"{id}\" of UID {uid} has another platform or start than that of UID {standing}, which has the higher \
                 stake and counts: the weight that UID {uid} gives to it is void"
            );
            report(&mut problems, Problem::of_document(reason));
        }
        tasks.push(weighted);
    }
    (tasks, problems)
}

/// Publishers of one task that a problem names.
const MOST_NAMED: usize = 3;

#[expect(clippy::cast_precision_loss, reason = "a share of the stake needs no more than 53 bits")]
fn stake(stake_rao: u64) -> f64 {
    stake_rao as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::parse_task_gist;

    /// Midnight of a day in August 2026.
    fn day(day: u32) -> String {
        format!("2026-08-{day:02}T00:00:00Z")
    }

    fn noon(day: u32) -> Moment {
        Moment::parse(&format!("2026-08-{day:02}T12:00:00Z")).expect("a time")
    }

    /// A publisher of YouTube tasks that start on the first of August, unless an id is followed by `@` and another day.
    fn publisher(uid: Uid, stake_rao: u64, ids: &[&str]) -> Publisher {
        let line = |listed: &&str| {
            let (id, start) = listed.split_once('@').unwrap_or((listed, "1"));
            let start = day(start.parse().expect("a day"));
            format!(r#"{{"{id}": {{"description": "by {uid}", "platform": "youtube", "start_at": "{start}"}}}}"#) + "\n"
        };
        let gist = parse_task_gist(ids.iter().map(line).collect::<String>().as_bytes());
        assert_eq!(gist.problems, []);
        Publisher { uid, hotkey: Hotkey::new([1; 32]), stake_rao, gist }
    }

    #[track_caller]
    fn check(publishers: &[Publisher], expected: &[(&str, &str, f64)], voided: usize) {
        let (tasks, problems) = tasks_of_network(publishers, noon(10));
        let found: Vec<_> = tasks
            .iter()
            .map(|weighted| (weighted.task.id.as_str(), weighted.task.description.as_str(), weighted.weight))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(problems.len(), voided, "{problems:?}");
        let reversed: Vec<Publisher> = publishers.iter().rev().cloned().collect();
        assert_eq!(tasks_of_network(&reversed, noon(10)), (tasks, problems), "whatever the order of publishers");
    }

    #[test]
    fn a_publishers_share_is_divided_among_its_tasks_and_those_of_one_task_are_added() {
        check(
            &[publisher(1, 100, &["a"]), publisher(2, 300, &["b", "c"])],
            &[("a", "by 1", 0.25), ("b", "by 2", 0.375), ("c", "by 2", 0.375)],
            0,
        );
        check(
            &[publisher(1, 100, &["a", "b"]), publisher(2, 300, &["c", "b"])],
            &[("a", "by 1", 0.125), ("b", "by 2", 0.5), ("c", "by 2", 0.375)],
            0,
        );
    }

    #[test]
    fn a_thousand_tasks_weigh_no_more_than_one_of_the_same_publisher() {
        let ids: Vec<String> = (0..1_000).map(|number| format!("many-{number}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (tasks, _) = tasks_of_network(&[publisher(1, 1, &ids), publisher(2, 99, &["a", "b", "c"])], noon(10));
        let of = |by: &str| -> f64 {
            tasks.iter().filter(|weighted| weighted.task.description == by).map(|weighted| weighted.weight).sum()
        };
        assert!(
            (of("by 1") - 0.01).abs() < 1e-12 && (of("by 2") - 0.99).abs() < 1e-12,
            "{} {}",
            of("by 1"),
            of("by 2")
        );
    }

    #[test]
    fn only_tasks_that_have_started_take_part_of_a_share() {
        check(
            &[publisher(1, 100, &["a", "b@20"]), publisher(2, 100, &["c@20"])],
            &[("a", "by 1", 0.5), ("b", "by 1", 0.0), ("c", "by 2", 0.0)],
            0,
        );
        let task = publisher(1, 100, &["a@10"]);
        let start = task.gist.tasks[0].start_at;
        assert_eq!(tasks_of_network(&[task], start).0[0].weight, 1.0, "it has started at its start");
    }

    #[test]
    fn of_two_tasks_with_one_id_the_higher_stake_stands_and_the_others_part_is_void() {
        check(
            &[publisher(1, 100, &["a", "b@2"]), publisher(2, 300, &["b"])],
            &[("a", "by 1", 0.125), ("b", "by 2", 0.75)],
            1,
        );
        // Each of the two has less than the third, and together they have more.
        let three = [publisher(1, 40, &["a@2"]), publisher(2, 30, &["a"]), publisher(3, 30, &["a"])];
        check(&three, &[("a", "by 2", 0.6)], 1);
        let platforms = [publisher(1, 40, &["a"]), publisher(2, 60, &["a"])];
        let mut reel = platforms.clone();
        reel[1].gist.tasks[0].platform = crate::platform::Platform::INSTAGRAM;
        check(&platforms, &[("a", "by 2", 1.0)], 0);
        check(&reel, &[("a", "by 2", 0.6)], 1);
    }

    #[test]
    fn equal_stakes_leave_an_id_to_the_lower_uid_whatever_the_order() {
        check(&[publisher(7, 5, &["a@2"]), publisher(3, 5, &["a"])], &[("a", "by 3", 0.5)], 1);
    }

    #[test]
    fn without_any_stake_no_task_weighs_anything() {
        check(&[publisher(1, 0, &["a"])], &[("a", "by 1", 0.0)], 0);
    }
}
