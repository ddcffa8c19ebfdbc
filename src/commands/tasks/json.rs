//! The list of tasks as one JSON object.

use super::list::{Content, TaskList};
use crate::text::json::one_line;
use serde::Serialize;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::problem::Problem;
use tensorflix_domain::task::Task;
use tensorflix_domain::task_source::TaskSource;

#[derive(Serialize)]
struct List<'a> {
    netuid: u16,
    block: u32,
    block_time: Moment,
    task_source: TaskSource,
    configured: Option<&'a GistPointer>,
    gists: Vec<Gist<'a>>,
}

/// One gist: of a validator, or the configured one if no validator commits it (without UID, hotkey and stake).
#[derive(Serialize)]
struct Gist<'a> {
    uid: Option<Uid>,
    hotkey: Option<Hotkey>,
    stake_rao: Option<u64>,
    commit: Option<&'a GistPointer>,
    is_configured: bool,
    tasks: Vec<ListedTask<'a>>,
    problems: &'a [Problem],
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct ListedTask<'a> {
    #[serde(flatten)]
    task: &'a Task,
    /// Other validators with a task of this id.
    also_of: Vec<Uid>,
    /// Whether this task counts with `task_source = "network"`.
    stands: bool,
    /// Its share of the total weight there, for all publishers of this task together; 0 before it starts, null if it does not
    /// count.
    weight: Option<f64>,
}

/// The object, on one line without a line break.
pub fn to_json(list: &TaskList) -> String {
    let of_validators = list.validators.iter().map(|validator| Gist {
        uid: Some(validator.uid),
        hotkey: Some(validator.hotkey),
        stake_rao: Some(validator.stake_rao),
        ..gist(list, validator.pointer.as_ref(), Some(validator.uid), &validator.content)
    });
    let elsewhere = list.configured_elsewhere.iter().map(|content| gist(list, list.configured.as_ref(), None, content));
    one_line(&List {
        netuid: list.netuid,
        block: list.at.block,
        block_time: list.at.time,
        task_source: list.task_source,
        configured: list.configured.as_ref(),
        gists: elsewhere.chain(of_validators).collect(),
    })
}

fn gist<'a>(list: &TaskList, commit: Option<&'a GistPointer>, uid: Option<Uid>, read: &'a Content) -> Gist<'a> {
    let task = |task: &'a Task| ListedTask {
        also_of: list.others_with(&task.id, uid),
        stands: list.standing(&task.id, uid).is_some(),
        weight: list.standing(&task.id, uid).map(|standing| standing.weighted.weight),
        task,
    };
    let (tasks, problems, error): (_, &[Problem], _) = match read {
        Content::Tasks(gist) => (gist.tasks.iter().map(task).collect(), &gist.problems, None),
        Content::None(why) => (Vec::new(), &[], Some(why.as_str())),
    };
    let is_configured = list.is_configured(commit);
    Gist { uid: None, hotkey: None, stake_rao: None, commit, is_configured, tasks, problems, error }
}
