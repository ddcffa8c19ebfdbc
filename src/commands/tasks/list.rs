//! Every validator's tasks: read from the chain at one final block, and from GitHub.
//!
//! Invariants: a gist that cannot be read completely affects no other gist and is reported; a gist that several validators commit
//! is read once; nothing is stored. The same blocks and gists give the same list.

use crate::config::Config;
use futures::StreamExt;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_actors::gist_fetcher::github::GitHub;
use tensorflix_chain::{ChainError, Client};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::GistOutcome;
use tensorflix_domain::ids::{Hotkey, TaskId, Uid};
use tensorflix_domain::submission::{GistKind, parse_submission_gist};
use tensorflix_domain::subnet::{Neuron, Subnet};
use tensorflix_domain::task::{TaskGist, parse_task_gist};
use tensorflix_domain::task_source::{NetworkTask, Publisher, TaskSource, network_tasks};

/// The tasks of a subnet at one block.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskList {
    /// The block.
    pub at: BlockStamp,
    /// The subnet.
    pub netuid: u16,
    /// Which tasks `run` would count.
    pub task_source: TaskSource,
    /// The configured gist.
    pub configured: Option<GistPointer>,
    /// The validators with a permit, the highest stake first.
    pub validators: Vec<ListedValidator>,
    /// The content of the configured gist, if no validator with a permit commits it.
    pub configured_elsewhere: Option<Content>,
    /// What each task id is with `task_source = "network"`.
    pub network: BTreeMap<TaskId, NetworkTask>,
}

/// A validator with a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedValidator {
    /// Its UID.
    pub uid: Uid,
    /// Its hotkey.
    pub hotkey: Hotkey,
    /// Its stake in the subnet.
    pub stake_rao: u64,
    /// The gist that it commits, if it commits one.
    pub pointer: Option<GistPointer>,
    /// What it publishes there.
    pub content: Content,
}

/// The content of a committed gist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Tasks, possibly none, and the skipped lines.
    Tasks(TaskGist),
    /// Something else or nothing, and why.
    None(String),
}

impl Content {
    /// Its tasks, if it has any, with the skipped lines.
    pub const fn tasks(&self) -> Option<&TaskGist> {
        match self {
            Self::Tasks(gist) => Some(gist),
            Self::None(_) => None,
        }
    }
}

impl TaskList {
    /// Reads the subnet at the newest final block, then the gists of all validators with a permit. `progress` is called with what
    /// is being read.
    ///
    /// # Errors
    /// [`ChainError`] if the subnet cannot be read. Gists are no error.
    pub async fn read(
        client: &Client,
        github: &GitHub,
        config: &Config,
        progress: &dyn Fn(&str),
    ) -> Result<Self, ChainError> {
        let head = client.finalized_head().await?;
        progress(&format!("connected to {}, at block {}", client.endpoint().await?, head.stamp.block));
        let subnet = client.subnet(&head, config.network.netuid).await?;
        let configured = config.task_gist();
        let pointers: BTreeSet<GistPointer> =
            permitted(&subnet).filter_map(pointer_of).chain(configured.clone()).collect();
        progress(&format!("reading {} gists", pointers.len()));
        let contents: BTreeMap<GistPointer, Content> = futures::stream::iter(pointers)
            .map(async |pointer| {
                let content = content(github.gist(&pointer, None).await.outcome);
                (pointer, content)
            })
            .buffer_unordered(config.github.max_in_flight.max(1))
            .collect()
            .await;
        Ok(Self::of(&subnet, config.validator.task_source, configured, &contents))
    }

    /// Builds the list from what was read.
    fn of(
        subnet: &Subnet,
        task_source: TaskSource,
        configured: Option<GistPointer>,
        contents: &BTreeMap<GistPointer, Content>,
    ) -> Self {
        let mut validators: Vec<ListedValidator> = permitted(subnet).map(|neuron| listed(neuron, contents)).collect();
        validators.sort_by_key(|validator| (Reverse(validator.stake_rao), validator.uid));
        let is_committed = validators.iter().any(|validator| validator.pointer == configured);
        let elsewhere = configured.as_ref().filter(|_| !is_committed);
        Self {
            at: subnet.at,
            netuid: subnet.netuid,
            task_source,
            configured_elsewhere: elsewhere.and_then(|pointer| contents.get(pointer)).cloned(),
            configured,
            network: network_tasks(&validators.iter().filter_map(publisher).collect::<Vec<_>>(), subnet.at.time),
            validators,
        }
    }

    /// Whether this is the configured gist.
    pub fn is_configured(&self, pointer: Option<&GistPointer>) -> bool {
        pointer.is_some() && pointer == self.configured.as_ref()
    }

    /// What a task id is with `task_source = "network"`, if this validator's task is the one that counts.
    pub fn standing(&self, id: &TaskId, uid: Option<Uid>) -> Option<&NetworkTask> {
        self.network.get(id).filter(|task| uid.is_some_and(|uid| task.publishers.contains(&uid)))
    }

    /// The other validators that publish a task with this id.
    pub fn others_with(&self, id: &TaskId, uid: Option<Uid>) -> Vec<Uid> {
        let has_it =
            |content: &Content| content.tasks().is_some_and(|gist| gist.tasks.iter().any(|task| task.id == *id));
        let others = self.validators.iter().filter(|other| Some(other.uid) != uid && has_it(&other.content));
        others.map(|other| other.uid).collect()
    }
}

fn permitted(subnet: &Subnet) -> impl Iterator<Item = &Neuron> {
    subnet.neurons.iter().filter(|neuron| neuron.validator_permit)
}

fn pointer_of(neuron: &Neuron) -> Option<GistPointer> {
    neuron.commitment.as_ref()?.pointer()
}

fn listed(neuron: &Neuron, contents: &BTreeMap<GistPointer, Content>) -> ListedValidator {
    let pointer = pointer_of(neuron);
    let content = pointer.as_ref().and_then(|pointer| contents.get(pointer)).cloned();
    let content = content.unwrap_or_else(|| {
        let why = match neuron.commitment {
            Some(_) => "its commitment is not `username:gist_id`",
            None => "it has no commitment",
        };
        Content::None(why.to_owned())
    });
    ListedValidator { uid: neuron.uid, hotkey: neuron.hotkey, stake_rao: neuron.stake_rao, pointer, content }
}

fn publisher(validator: &ListedValidator) -> Option<Publisher> {
    let gist = validator.content.tasks()?.clone();
    Some(Publisher { uid: validator.uid, hotkey: validator.hotkey, stake_rao: validator.stake_rao, gist })
}

fn content(outcome: GistOutcome) -> Content {
    match outcome {
        GistOutcome::Fetched { document, .. } => match parse_submission_gist(&document).kind {
            GistKind::Submissions => Content::None("its gist is a miner's list of submissions".to_owned()),
            GistKind::Tasks | GistKind::Unreadable => Content::Tasks(parse_task_gist(&document)),
        },
        GistOutcome::Failed { error, .. } => Content::None(format!("its gist cannot be read: {error}")),
        // The request names no known version, so "unchanged" is not an answer.
        GistOutcome::Unchanged => Content::None("its gist cannot be read: GitHub sent no content".to_owned()),
    }
}
