//! Whose tasks count: those of one gist, or those of all permitted validators.

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
    /// The gists of all validators with a permit, weighted by stake.
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

/// Whose task each id means when the tasks of all count: of an id that several use, it is the one with the higher stake
/// (of equal stakes the lower UID).
pub fn task_owners(publishers: &[Publisher]) -> BTreeMap<TaskId, Uid> {
    let mut ranked: Vec<&Publisher> = publishers.iter().collect();
    ranked.sort_by_key(|publisher| rank(publisher));
    let mut owners = BTreeMap::new();
    for publisher in ranked {
        for task in &publisher.gist.tasks {
            owners.entry(task.id.clone()).or_insert(publisher.uid);
        }
    }
    owners
}

/// The tasks of all publishers in the order of their ids, each weighted by its publisher's share of the publishers'
/// stake. Of an id that several use, that of [`task_owners`] stands, and the collision is reported.
pub fn tasks_of_network(mut publishers: Vec<Publisher>) -> (Vec<WeightedTask>, Vec<Problem>) {
    let owners = task_owners(&publishers);
    publishers.sort_by_key(rank);
    let total: f64 = publishers.iter().map(|publisher| stake(publisher.stake_rao)).sum();
    let mut problems = Vec::new();
    let mut tasks: BTreeMap<TaskId, (Task, f64)> = BTreeMap::new();
    for publisher in publishers {
        let weight = if total > 0.0 { stake(publisher.stake_rao) / total } else { 0.0 };
        for task in publisher.gist.tasks {
            if owners.get(&task.id) == Some(&publisher.uid) {
                tasks.insert(task.id.clone(), (task, weight));
            } else {
                let id = excerpt(task.id.as_str());
                let reason =
                    format!("task \"{id}\" of UID {} is also a task of a higher stake, which stands", publisher.uid);
                report(&mut problems, Problem::of_document(reason));
            }
        }
    }
    let tasks = tasks.into_values().map(|(task, weight)| WeightedTask { task, weight }).collect();
    (tasks, problems)
}

/// Orders publishers, the one whose tasks stand first.
fn rank(publisher: &Publisher) -> (Reverse<u64>, Uid) {
    (Reverse(publisher.stake_rao), publisher.uid)
}

#[expect(clippy::cast_precision_loss, reason = "a share of the stake needs no more than 53 bits")]
fn stake(stake_rao: u64) -> f64 {
    stake_rao as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::parse_task_gist;

    fn publisher(uid: Uid, stake_rao: u64, ids: &[&str]) -> Publisher {
        let document: String = ids
            .iter()
            .map(|id| {
                format!(r#"{{"{id}": {{"description": "by {uid}", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z"}}}}"#)
                    + "\n"
            })
            .collect();
        let gist = parse_task_gist(document.as_bytes());
        assert_eq!(gist.problems, []);
        Publisher { uid, hotkey: Hotkey::new([1; 32]), stake_rao, gist }
    }

    #[test]
    fn a_tasks_weight_is_its_publishers_share_and_the_higher_stake_keeps_an_id() {
        let (tasks, problems) = tasks_of_network(vec![publisher(1, 100, &["a", "b"]), publisher(2, 300, &["c", "b"])]);
        let found: Vec<_> = tasks
            .iter()
            .map(|weighted| (weighted.task.id.as_str(), weighted.task.description.as_str(), weighted.weight))
            .collect();
        assert_eq!(found, [("a", "by 1", 0.25), ("b", "by 2", 0.75), ("c", "by 2", 0.75)]);
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn equal_stakes_leave_an_id_to_the_lower_uid_whatever_the_order() {
        for uids in [[7, 3], [3, 7]] {
            let (tasks, _) = tasks_of_network(uids.map(|uid| publisher(uid, 5, &["a"])).into());
            assert_eq!(tasks[0].task.description, "by 3");
        }
    }

    #[test]
    fn without_any_stake_no_task_weighs_anything() {
        let (tasks, _) = tasks_of_network(vec![publisher(1, 0, &["a"])]);
        assert_eq!(tasks[0].weight, 0.0);
    }
}
