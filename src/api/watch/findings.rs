//! What is wrong with a service: pure, from the last reading of its vital signs and from the outcomes of its actors' work.
//!
//! Activity is not success: an actor that keeps asking without a result is found here by its outcomes, and counts as healthy again
//! after the first success.

use super::status::HealthStatus;
use super::vitals::{Dating, Vitals};
use crate::api::service::Service;
use crate::api::tracker::source::Source;
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_actors::chain_watcher::CHAIN;
use tensorflix_actors::gist_fetcher::round_tally::{GISTS, TASK_GIST};
use tensorflix_actors::platforms::{BATCHES, KEY};
use tensorflix_actors::scorer::CYCLES;
use tensorflix_actors::stats::outcomes::Outcome;
use tensorflix_actors::weight_setter::WEIGHTS;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::Block;

/// Time without a new block after which something is wrong: ten blocks.
const OLD_HEAD: Duration = Duration::from_secs(120);
/// Time without a new block after which the chain counts as lost: fifty blocks.
const LOST_HEAD: Duration = Duration::from_secs(600);
/// Time that the first reading of the chain may take.
const START: Duration = Duration::from_secs(120);
/// Polling rounds without a finished one after which something is wrong.
const OLD_ROUNDS: u32 = 3;
/// Age of the last reading of the store after which it counts as lost.
const OLD_READING: Duration = Duration::from_secs(30);
/// Time after which a failed batch for a client no longer counts as the platform's current state.
const OLD_TROUBLE: Duration = Duration::from_secs(900);

/// Failures in a row after which a retried call counts as failing; a refusal counts at once.
const FAILING_CALLS: u32 = 3;
/// Polling rounds in a row without any gist read, and failed batches in a row at every platform, after which a service is
/// unhealthy.
const LOST_ROUNDS: u32 = 3;
const LOST_BATCHES: u32 = 3;
/// Attempts in a row after which weights count as not sent at all: one is made at each block, so this is five minutes.
const LOST_WEIGHTS: u32 = 25;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthFinding {
    /// How bad it is.
    pub standing: HealthStatus,
    /// What kind of thing it is: one of a fixed number of names.
    pub kind: &'static str,
    /// What it is about: a platform, a key, an actor, in names of this program; or nothing.
    pub subject: String,
    /// What happened, and what to do.
    pub text: String,
}

/// The findings so far.
#[derive(Debug, Default)]
struct Findings(Vec<HealthFinding>);

impl Findings {
    fn add(&mut self, standing: HealthStatus, kind: &'static str, subject: impl ToString, text: String) {
        self.0.push(HealthFinding { standing, kind, subject: subject.to_string(), text });
    }

    fn degraded(&mut self, kind: &'static str, subject: impl ToString, text: String) {
        self.add(HealthStatus::Degraded, kind, subject, text);
    }

    /// Degraded, or unhealthy once it is `lost`.
    fn by(&mut self, is_lost: bool, kind: &'static str, subject: impl ToString, text: String) {
        let standing = if is_lost { HealthStatus::Unhealthy } else { HealthStatus::Degraded };
        self.add(standing, kind, subject, text);
    }
}

/// Everything that is wrong with a service, in a fixed order.
pub fn findings(service: Service, vitals: &Vitals) -> Vec<HealthFinding> {
    let mut findings = Findings::default();
    check_store(vitals, &mut findings);
    if vitals.dating() == Dating::Chain {
        check_chain(vitals, &mut findings);
    }
    let is_tracker = service == Service::PlatformTracker;
    if is_tracker {
        vitals.sources.iter().for_each(|source| check_platform(vitals, source, &mut findings));
        check_every_platform(vitals, &mut findings);
    } else {
        check_gists(vitals, &mut findings);
    }
    for stats in &vitals.stats {
        let reading = stats.read();
        if is_of_chain(reading.name) == is_tracker {
            continue;
        }
        if reading.is_resting {
            let text = format!("{} reached its restart limit and is paused: see the log", reading.name);
            findings.degraded("actor_resting", reading.name, text);
        }
        check_outcomes(reading.name, &stats.outcomes().read(), &mut findings);
    }
    findings.0
}

/// Whether the chain syncer's health covers this actor; the tracker's health covers the others.
fn is_of_chain(actor: &str) -> bool {
    matches!(actor, "chain_watcher" | "gist_fetcher" | "scorer" | "weight_setter")
}

fn check_store(vitals: &Vitals, findings: &mut Findings) {
    if let Some(loss) = vitals.loss() {
        return findings.add(HealthStatus::Unhealthy, "store_lost", "store", loss.to_string());
    }
    let text = match vitals.reading().at.map(|at| vitals.monotonic().saturating_sub(at)) {
        Some(age) if age <= OLD_READING => return,
        Some(age) => format!("the store has not answered for {} s", age.as_secs()),
        None => "the store has not answered yet".to_owned(),
    };
    findings.add(HealthStatus::Unhealthy, "store_silent", "store", text);
}

fn check_chain(vitals: &Vitals, findings: &mut Findings) {
    let (reading, uptime) = (vitals.reading(), vitals.uptime());
    if reading.head.is_none() || reading.subnet_block.is_none() {
        let text = format!("the chain has not been read in the {} s since the start", uptime.as_secs());
        let text = format!("{text}: check network.network and network.endpoints");
        findings.by(uptime > START, "chain_unread", CHAIN, text);
        return;
    }
    let (age, period) = (vitals.monotonic().saturating_sub(reading.head_since), vitals.head_period());
    if age > OLD_HEAD + period {
        let text = format!("the chain has had no new finalized block for {} s", age.as_secs());
        findings.by(age > LOST_HEAD + period, "chain_old", CHAIN, text);
    }
}

/// Blocks since the last finished polling round.
pub(super) fn round_age(head: Option<Block>, round: Option<Block>) -> Option<u32> {
    Some(head?.saturating_sub(round?))
}

fn check_gists(vitals: &Vitals, findings: &mut Findings) {
    let reading = vitals.reading();
    match round_age(reading.head.map(|head| head.block), reading.gist_round) {
        None => {
            findings.degraded("no_gist_round", GISTS, "no polling round of gists has finished yet".to_owned());
        }
        Some(age) if age > OLD_ROUNDS.saturating_mul(vitals.round_blocks.max(1)) => {
            let text = format!("the last finished polling round of gists is {age} blocks old");
            findings.degraded("gist_round_old", GISTS, text);
        }
        Some(_) => {}
    }
}

fn check_platform(vitals: &Vitals, source: &Source, findings: &mut Findings) {
    let platform = source.id();
    if !source.has_key() {
        let variable = source.key_variable();
        findings.degraded("no_key", platform, format!("no API key for {platform}: set {variable}"));
        return;
    }
    let budget = vitals.budget(source);
    if !budget.has_room(1) {
        let reset = resets_at(vitals, source).unwrap_or_else(|| "the end of its day".to_owned());
        let (spent, units) = (budget.spent, budget.units);
        let text = format!("the daily budget of {platform} is used up ({spent} of {units} units)");
        findings.degraded("budget_used_up", platform, format!("{text}; it resets at {reset}"));
    } else if !budget.has_room(source.clients_share) {
        let text = format!("the clients' share of the daily budget of {platform} is used up; the rest is reserved for");
        findings.degraded("clients_budget_used_up", platform, format!("{text} cycles"));
    } else {
        check_answers(vitals, source, findings);
    }
}

/// Whether the platform answered the last request for a client; not reported if its actor reports the same.
fn check_answers(vitals: &Vitals, source: &Source, findings: &mut Findings) {
    let platform = source.id();
    if batches_failed(vitals, source) > 0 && vitals.dating() == Dating::Chain {
        return;
    }
    let age = |since| vitals.monotonic().saturating_sub(since);
    if let Some(trouble) = source.trouble().filter(|trouble| age(trouble.since) <= OLD_TROUBLE) {
        let secs = age(trouble.since).as_secs();
        let kind = if trouble.is_quota { "quota exhausted" } else { "platform unavailable" };
        let text = format!("{platform} did not answer the last request, {secs} s ago: {kind}");
        findings.degraded("platform_failing", platform, text);
    }
}

/// Failed batches in a row of a platform's actor.
pub(super) fn batches_failed(vitals: &Vitals, source: &Source) -> u32 {
    outcomes_of(vitals, source).get(BATCHES).map_or(0, |outcome| outcome.failures_in_a_row)
}

/// The outcomes of a platform's actor, which has the platform's name.
fn outcomes_of(vitals: &Vitals, source: &Source) -> BTreeMap<String, Outcome> {
    let name = source.id().to_string();
    let actor = vitals.stats.iter().find(|stats| stats.name() == name);
    actor.map(|stats| stats.outcomes().read()).unwrap_or_default()
}

/// A tracker is unhealthy if no platform answers.
fn check_every_platform(vitals: &Vitals, findings: &mut Findings) {
    let mut asked = vitals.sources.iter().filter(|source| source.has_key()).peekable();
    if asked.peek().is_some() && asked.all(|source| batches_failed(vitals, source) >= LOST_BATCHES) {
        let text = "no platform answers: see the reasons of each platform".to_owned();
        findings.add(HealthStatus::Unhealthy, "every_platform_failing", "", text);
    }
}

/// The outcome of an actor's last pieces of work.
fn check_outcomes(actor: &str, outcomes: &BTreeMap<String, Outcome>, findings: &mut Findings) {
    for (subject, outcome) in outcomes {
        let (count, error) = (outcome.failures_in_a_row, outcome.error.as_deref().unwrap_or("no reason was given"));
        match subject.as_str() {
            GISTS => check_rounds(outcome, error, findings),
            _ if count == 0 => {}
            TASK_GIST => {
                let rounds = times(count, "the last polling round", "polling rounds");
                let text = format!(
                    "the task gist could not be read in {rounds}: {error}; its last good copy is used if there is one"
                );
                findings.degraded("task_gist_unread", TASK_GIST, text);
            }
            WEIGHTS => {
                let attempts = times(count, "the last attempt", "attempts");
                let text = format!("weights were not sent in {attempts}: {error}");
                findings.by(count >= LOST_WEIGHTS, "weights_not_sent", WEIGHTS, text);
            }
            BATCHES => {
                let batches = times(count, "the last batch", "batches");
                findings.degraded("platform_failing", actor, format!("{actor}: {batches} failed: {error}"));
            }
            CYCLES => {
                let attempts = times(count, "the last attempt", "attempts");
                let text = format!("the cycle could not be continued in {attempts}: {error}");
                findings.degraded("cycle_failing", CYCLES, text);
            }
            // A single failed call that is retried is not reported; the age of the newest block shows real trouble.
            _ if count < FAILING_CALLS && !outcome.is_refusal => {}
            CHAIN => {
                let text =
                    format!("{} to read the chain failed: {error}", times(count, "the last attempt", "attempts"));
                findings.degraded("chain_failing", CHAIN, text);
            }
            key if key.starts_with(KEY) => {
                let calls = times(count, "the last call", "calls");
                let text = format!("{actor}, {key}: {calls} failed: {error}");
                findings.degraded("key_failing", format!("{actor} {key}"), text);
            }
            detector => {
                let text = format!("{detector}: {} failed: {error}", times(count, "the last request", "requests"));
                findings.degraded("detector_failing", detector, text);
            }
        }
    }
}

/// How the gists of the last rounds were read. A single gist that fails is usually its owner's problem; if most of them fail, the
/// problem is probably ours.
fn check_rounds(outcome: &Outcome, error: &str, findings: &mut Findings) {
    let Outcome { failures_in_a_row, parts, failed_parts, .. } = *outcome;
    if failures_in_a_row > 0 {
        let rounds = times(failures_in_a_row, "the last polling round", "polling rounds");
        let text = format!("none of {parts} gists could be read in {rounds}: {error}; the last good copies are used");
        // A single gist that fails is its owner's problem.
        findings.by(failures_in_a_row >= LOST_ROUNDS && parts > 1, "gists_unread", GISTS, text);
    } else if 2 * failed_parts > parts {
        let text = format!("{failed_parts} of {parts} gists could not be read in the last polling round");
        findings.degraded("gists_unread", GISTS, format!("{text}, for example: {error}"));
    }
}

/// `the last round`, or `the last 3 rounds`.
fn times(count: u32, one: &str, many: &str) -> String {
    if count == 1 { one.to_owned() } else { format!("the last {count} {many}") }
}

pub(super) fn resets_at(vitals: &Vitals, source: &Source) -> Option<String> {
    vitals.time().map(|time: Moment| source.next_reset(time).to_string())
}
