//! One check of a submission gist: its steps, and its connections to the outside.

use super::args::CheckSubmissionsArguments;
use super::judging::{contents_to_ask, judge};
use super::observing::{Asked, Sources, price};
use super::report::{CheckedPair, SubmissionReport};
use super::standing::{check_standing, publishers_of, tasks_of_all};
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::commands::check::checks::{Check, CheckResult};
use crate::commands::check::document::{Source, Unread};
use crate::commands::tasks::list::TaskList;
use crate::config::Config;
use crate::console::exit::{Exit, fail, refuse, say};
use crate::text::visible::visible;
use crate::wiring::connections;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::gist_fetcher::github::GitHub;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::ports::{Clock, Http};
use tensorflix_actors::stats::ActorStats;
use tensorflix_chain::{ChainError, Client};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::evidence::{Miner, WeightedTask};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::submission::{GistKind, SubmissionGist, parse_submission_gist};
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::task::parse_task_gist;
use tensorflix_domain::task_source::{TaskSource, tasks_of_gist};

/// How long the chain may take to answer; after that, the rest is checked without it.
const CHAIN_PATIENCE: Duration = Duration::from_secs(60);

/// One check, with its connections to the outside.
pub(super) struct Checker<'a> {
    config: &'a Config,
    arguments: &'a CheckSubmissionsArguments,
    clock: Arc<dyn Clock>,
    github: GitHub,
    client: Client,
    platforms: Sources,
}

impl<'a> Checker<'a> {
    pub(super) fn new(config: &'a Config, arguments: &'a CheckSubmissionsArguments) -> Result<Self, Exit> {
        let http: Arc<dyn Http> = Arc::new(HttpClient::new().map_err(|error| fail(&error))?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let stats = ActorStats::new("check_submissions");
        let limiter = |rate| connections::limiter(rate, &clock, &stats);
        let client = connections::chain_client(&config.network, limiter(connections::network_rate(config)))
            .map_err(|error| refuse(&error))?;
        let github = connections::github(config, Arc::clone(&http), &clock, limiter(connections::github_rate(config)));
        let outbound = |rate| Outbound::new(Arc::clone(&http), limiter(rate));
        let platforms: Sources = config
            .platforms
            .iter()
            .map(|settings| (connections::platform(config, settings, &clock), outbound(settings.rate())))
            .collect();
        Ok(Self { config, arguments, clock, github, client, platforms })
    }

    pub(super) async fn check(&self) -> Result<SubmissionReport, Unread> {
        let CheckSubmissionsArguments { source, hotkey, uid, .. } = self.arguments;
        let document = source.read(&self.github, self.config.github.max_gist_bytes).await?;
        let gist = parse_submission_gist(&document.bytes);
        let mut checks = document.checks;
        checks.extend(content(&gist));
        let subnet = self.subnet(&mut checks).await;
        let has_chain = subnet.is_some();
        let tasks = self.tasks(has_chain, &mut checks).await?;
        let registered = subnet.as_ref().and_then(|subnet| subnet.neuron(hotkey)).map(|neuron| neuron.uid);
        // Ages are counted to the chain's time, or to this machine's where there is no chain.
        let at = subnet.map_or_else(|| BlockStamp { block: 0, time: self.clock.wall() }, |subnet| subnet.at);
        let miner = Miner {
            uid: registered.or(*uid).unwrap_or_default(),
            hotkey: *hotkey,
            pairs: gist.pairs,
            owner_confirmed: speaks_for(&checks, "gist"),
            person: None,
        };
        let policy = self.config.policy();
        let tasks = tasks.as_deref();
        let before = judge(&miner, at, tasks, &BTreeMap::new(), &policy);
        let asked = self.ask(&contents_to_ask(&before, &miner.pairs), at, &mut checks).await;
        checks.push(Check::not_checked(
            "duplicates",
            "whether another miner has claimed one of these items (duplicate_submission): only a running validator knows",
        ));
        let pairs = judge(&miner, at, tasks, &asked.contents, &policy)
            .iter()
            .zip(miner.pairs.iter().zip(gist.places))
            .map(|(outcome, (pair, place))| CheckedPair::new(place, pair, outcome, &asked.contents, &policy))
            .collect();
        let pairs = self.find_publishers(pairs, has_chain, &mut checks).await;
        Ok(SubmissionReport { source: source.to_string(), hotkey: *hotkey, checks, problems: gist.problems, pairs })
    }

    /// The subnet, and the state of the hotkey in it.
    async fn subnet(&self, checks: &mut Vec<Check>) -> Option<Subnet> {
        let CheckSubmissionsArguments { source, hotkey, uid, offline, .. } = self.arguments;
        let read = match offline {
            true => Err(Unanswered::Passing("--offline was given".to_owned())),
            false => within_patience(self.read_subnet()).await,
        };
        match read {
            Ok(subnet) => {
                checks.extend(check_standing(&subnet, hotkey, *uid, source.pointer()));
                return Some(subnet);
            }
            // No such subnet, another chain: asking again gives the same answer.
            Err(Unanswered::Lasting(why)) => checks.push(Check::wrong("registration", why)),
            Err(Unanswered::Passing(why)) => {
                checks.push(Check::not_checked("registration", format!("could not ask the chain: {why}")));
            }
        }
        checks.push(Check::not_checked("commitment", "could not ask the chain for the commitment"));
        None
    }

    async fn read_subnet(&self) -> Result<Subnet, ChainError> {
        let head = self.client.finalized_head().await?;
        say(&visible(&format!("connected to {}, at block {}", self.client.endpoint().await?, head.stamp.block)));
        self.client.subnet(&head, self.config.network.netuid).await
    }

    /// The tasks, if they can be found.
    async fn tasks(&self, has_chain: bool, checks: &mut Vec<Check>) -> Result<Option<Vec<WeightedTask>>, Unread> {
        let is_offline = self.arguments.offline;
        if let Some(source) = &self.arguments.tasks {
            let document = source.read(&self.github, self.config.github.max_gist_bytes).await?;
            return Ok(Some(tasks_of(&document.bytes, &source.to_string(), checks)));
        }
        let configured = self.config.task_gist().filter(|_| self.config.validator.task_source == TaskSource::Gist);
        match configured {
            Some(pointer) if !is_offline => {
                let source = Source::Gist(pointer);
                match source.read(&self.github, self.config.github.max_gist_bytes).await {
                    Ok(document) => Ok(Some(tasks_of(&document.bytes, &source.to_string(), checks))),
                    Err(error) => {
                        checks.push(Check::not_checked("tasks", format!("{source}: {error}")));
                        Ok(None)
                    }
                }
            }
            None if has_chain => Ok(self.tasks_of_all(checks).await),
            Some(_) | None => {
                let why = if is_offline { "--offline was given" } else { "no chain, and no gist is configured" };
                checks.push(Check::not_checked("tasks", format!("no tasks found ({why}): pass them with --tasks")));
                Ok(None)
            }
        }
    }

    /// The gists of all validators with a permit.
    async fn task_list(&self) -> Result<TaskList, String> {
        let progress = |step: &str| say(&visible(step));
        let read = TaskList::read(&self.client, &self.github, self.config, &progress);
        within_patience(read).await.map_err(|error| match error {
            Unanswered::Passing(why) | Unanswered::Lasting(why) => why,
        })
    }

    async fn tasks_of_all(&self, checks: &mut Vec<Check>) -> Option<Vec<WeightedTask>> {
        match self.task_list().await {
            Ok(list) => {
                let (tasks, check) = tasks_of_all(&list);
                checks.push(check);
                Some(tasks)
            }
            Err(why) => {
                checks.push(Check::not_checked("tasks", why));
                None
            }
        }
    }

    /// A gist serves all validators: a task that is unknown here may be another validator's.
    async fn find_publishers(
        &self,
        pairs: Vec<CheckedPair>,
        has_chain: bool,
        checks: &mut Vec<Check>,
    ) -> Vec<CheckedPair> {
        if !has_chain || !pairs.iter().any(CheckedPair::is_of_unknown_task) {
            return pairs;
        }
        match self.task_list().await {
            Ok(list) => pairs
                .into_iter()
                .map(|pair| {
                    let publishers = publishers_of(&list, pair.task_id());
                    pair.published_by(publishers)
                })
                .collect(),
            Err(why) => {
                checks.push(Check::not_checked(
                    "tasks",
                    format!("could not check whether other validators publish the unknown tasks: {why}"),
                ));
                pairs
            }
        }
    }

    /// Asks the platforms with `--fetch`; reports the cost in any case.
    async fn ask(&self, contents: &BTreeSet<ContentId>, at: BlockStamp, checks: &mut Vec<Check>) -> Asked {
        let prices = price(&self.platforms, contents);
        if !self.arguments.fetch {
            let offered = prices.into_iter().map(|(platform, price)| {
                let detail = format!(
                    "whether the items exist, their publish times, live status, views, and the hotkeys in their descriptions; \
                     --fetch asks the platform ({price})"
                );
                Check::not_checked(platform.name(), detail)
            });
            checks.extend(offered);
            return Asked::default();
        }
        for (platform, price) in prices {
            say(&format!("asking {platform}: {price}"));
        }
        let mut asked = Asked::ask(&self.platforms, contents, at, &self.config.policy()).await;
        checks.append(&mut asked.checks);
        asked
    }
}

/// Why the chain gave no answer.
enum Unanswered {
    /// It may answer later.
    Passing(String),
    /// It cannot answer this request.
    Lasting(String),
}

async fn within_patience<T>(read: impl Future<Output = Result<T, ChainError>>) -> Result<T, Unanswered> {
    match tokio::time::timeout(CHAIN_PATIENCE, read).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) if error.is_retryable() => Err(Unanswered::Passing(error.to_string())),
        Ok(Err(error)) => Err(Unanswered::Lasting(error.to_string())),
        Err(_) => Err(Unanswered::Passing(format!("no answer within {} s", CHAIN_PATIENCE.as_secs()))),
    }
}

/// A document that lists nothing.
fn content(gist: &SubmissionGist) -> Option<Check> {
    match gist.kind {
        GistKind::Tasks => Some(Check::wrong("content", "this is a validator's task list: use `check-tasks`")),
        GistKind::Submissions if gist.pairs.is_empty() => Some(Check::warning("content", "it lists no submissions")),
        GistKind::Submissions | GistKind::Unreadable => None,
    }
}

fn tasks_of(document: &[u8], source: &str, checks: &mut Vec<Check>) -> Vec<WeightedTask> {
    let gist = parse_task_gist(document);
    let detail = format!("{} from {source}", gist.tasks.len());
    checks.push(match gist.problems.len() {
        0 => Check::good("tasks", detail),
        skipped => Check::warning("tasks", format!("{detail}; {skipped} more cannot be read (see `check-tasks`)")),
    });
    tasks_of_gist(gist)
}

/// Whether all checks of this name are good or warnings.
fn speaks_for(checks: &[Check], name: &str) -> bool {
    let mut named = checks.iter().filter(|check| check.check == name);
    named.all(|check| matches!(check.result, CheckResult::Good | CheckResult::Warning))
}
