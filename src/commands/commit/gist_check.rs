//! What `commit` checks before it writes: whether validators can read the gist, who owns it, and who else commits it.
//!
//! A gist can be published, edited or deleted a minute later. So `--force` overrides each concern; without it nothing is
//! written.

use std::fmt;
use tensorflix_actors::gist_fetcher::github::{GistReading, GitHub};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer, OwnerRecord, OwnerRefusal};
use tensorflix_domain::gist_record::GistOutcome;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::submission::{GistKind, parse_submission_gist};
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::task::parse_task_gist;

/// Most other hotkeys with the same gist that are listed.
const MOST_NAMED: usize = 5;

/// Why a gist should not be committed as it is; each with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GistConcern {
    /// GitHub has no such gist.
    Missing,
    /// It is not public, or not the user's.
    Refused(OwnerRefusal),
    /// GitHub did not say who owns it.
    Unasked(String),
    /// Its content cannot be read.
    Unread(String),
    /// It was read, and contains neither submissions nor tasks.
    Unusable {
        /// The command that says line by line what is wrong.
        command: &'static str,
        /// The first problem.
        problem: String,
    },
    /// Other hotkeys of the subnet have committed it.
    Shared(Vec<Uid>),
}

impl fmt::Display for GistConcern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str(
                "GitHub has no such gist of this user: check the login and the gist id (the last part of the gist's address)",
            ),
            Self::Refused(refusal) => match refusal {
                OwnerRefusal::AnotherLogin { login: Some(login) } => {
                    write!(formatter, "{refusal}: commit your own gist, or {login}:GIST_ID if you are {login}")
                }
                OwnerRefusal::AnotherLogin { login: None } => {
                    write!(formatter, "{refusal}: create one while logged in to GitHub")
                }
                refusal => refusal.fmt(formatter),
            },
            Self::Unasked(why) => {
                write!(formatter, "could not check whether the gist is public and who owns it ({why}): run this again later")
            }
            Self::Unread(why) => write!(formatter, "the gist cannot be read ({why}): correct it, or run this again later"),
            Self::Unusable { command, problem } => write!(
                formatter,
                "the gist contains no valid submissions or tasks ({problem}): `tensorflix {command}` shows what to correct"
            ),
            Self::Shared(uids) => {
                let named: Vec<String> = uids.iter().take(MOST_NAMED).map(|uid| format!("UID {uid}")).collect();
                let more = uids.len().saturating_sub(MOST_NAMED);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let named = named.join(", ");
                write!(
                    formatter,
                    "{named}{more} committed this gist already, and each pair in it is paid to one hotkey only: commit a gist of \
                     your own"
                )
            }
        }
    }
}

/// The result of checking a gist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GistCheck {
    /// Its content, in words; nothing if it was not read.
    pub content: Option<String>,
    /// The reasons not to commit it.
    pub concerns: Vec<GistConcern>,
}

impl GistCheck {
    /// Checks a gist that `hotkey` is to commit.
    pub async fn of(github: &GitHub, pointer: &GistPointer, subnet: &Subnet, hotkey: &Hotkey) -> Self {
        let GistReading { outcome, owner } = github.gist(pointer, None).await;
        let owner = match owner {
            Some(owner) => Ok(owner),
            None => github.owner(pointer).await.map_err(|failure| failure.to_string()),
        };
        let mut check = Self::default();
        check.concerns.extend(concern_about_owner(pointer, owner));
        // What GitHub says about the gist as a whole is more useful than the failure to read its content.
        let is_known_bad = check.concerns.iter().any(|concern| !matches!(concern, GistConcern::Unasked(_)));
        match outcome {
            GistOutcome::Fetched { document, .. } => match content(&document) {
                Ok(words) => check.content = Some(words),
                Err(concern) => check.concerns.push(concern),
            },
            GistOutcome::Failed { error, .. } if !is_known_bad => check.concerns.push(GistConcern::Unread(error)),
            _ => {}
        }
        check.concerns.extend(shared(pointer, subnet, hotkey));
        check
    }
}

/// The concern that follows from GitHub's answer about the owner.
fn concern_about_owner(pointer: &GistPointer, owner: Result<OwnerAnswer, String>) -> Option<GistConcern> {
    match owner {
        Err(why) => Some(GistConcern::Unasked(why)),
        Ok(OwnerAnswer::Unanswered) => Some(GistConcern::Unasked("GitHub did not answer".to_owned())),
        Ok(OwnerAnswer::Undescribed) => Some(GistConcern::Unasked("GitHub refused to answer".to_owned())),
        Ok(OwnerAnswer::NotFound) => Some(GistConcern::Missing),
        // A validator waits for a second such answer; a gist that may be blocked should not be committed.
        Ok(OwnerAnswer::Blocked) => Some(GistConcern::Refused(OwnerRefusal::Blocked)),
        Ok(owner) => {
            if matches!(&owner, OwnerAnswer::Described { public: None, .. }) {
                return Some(GistConcern::Unasked("GitHub gave no owner".to_owned()));
            }
            OwnerRecord::after(None, GistName::from(pointer), 0, &owner).refusal.map(GistConcern::Refused)
        }
    }
}

/// What a document holds, in words.
fn content(document: &[u8]) -> Result<String, GistConcern> {
    let unusable = |command, problem: Option<&tensorflix_domain::problem::Problem>| GistConcern::Unusable {
        command,
        problem: problem.map_or_else(|| "it is empty".to_owned(), |problem| problem.reason.clone()),
    };
    let submissions = parse_submission_gist(document);
    match submissions.kind {
        GistKind::Submissions => Ok(format!("{} submissions", submissions.pairs.len())),
        GistKind::Unreadable => Err(unusable("check-submissions", submissions.problems.first())),
        GistKind::Tasks => {
            let tasks = parse_task_gist(document);
            match tasks.tasks.len() {
                0 => Err(unusable("check-tasks", tasks.problems.first())),
                count => Ok(format!("{count} tasks")),
            }
        }
    }
}

/// The other hotkeys that committed the gist, at whatever revision.
fn shared(pointer: &GistPointer, subnet: &Subnet, hotkey: &Hotkey) -> Option<GistConcern> {
    // GitHub's ids are unique, whatever login precedes them.
    let others = subnet.neurons.iter().filter(|neuron| neuron.hotkey != *hotkey).filter(|neuron| {
        let committed = neuron.commitment.as_ref().and_then(|record| record.pointer());
        committed.is_some_and(|committed| committed.gist_id().eq_ignore_ascii_case(pointer.gist_id()))
    });
    let uids: Vec<Uid> = others.map(|neuron| neuron.uid).collect();
    (!uids.is_empty()).then_some(GistConcern::Shared(uids))
}
