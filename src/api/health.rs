//! How a service is, told as it is: pure, from the last reading of its vital signs.
//!
//! `degraded`: it answers, but something is missing or old; the reasons say what. `unhealthy`: it does not do what it is
//! for. Nothing is ever `healthy` by default: what was not read cannot be.

use super::platform_tracker;
use super::source::Source;
use super::vitals::{Dating, Vitals};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::Block;
use utoipa::ToSchema;

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
/// Time after which a failed batch says nothing any more of how the platform is now.
const OLD_TROUBLE: Duration = Duration::from_secs(900);

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// All is well.
    Healthy,
    /// It answers, but something is missing or old.
    Degraded,
    /// It does not do what it is for.
    Unhealthy,
}

/// The answer of `/health`. What does not concern a service is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthReport {
    /// How the service is.
    pub status: Standing,
    /// What is wrong, and what to do; empty if nothing is.
    pub reasons: Vec<String>,
    /// The service.
    pub service: String,
    /// Version of the program.
    pub version: String,
    /// Seconds since its start.
    pub uptime_secs: u64,
    /// Seconds since the store was last read; null if it never was.
    #[schema(required)]
    pub store_age_secs: Option<u64>,
    /// The newest finalized block.
    #[schema(required)]
    pub head_block: Option<Block>,
    /// Chain time of that block, RFC 3339 in UTC.
    #[schema(required, format = DateTime)]
    pub head_time: Option<String>,
    /// Seconds since that block was first seen here.
    #[schema(required)]
    pub head_age_secs: Option<u64>,
    /// The block at which the subnet was last read.
    #[schema(required)]
    pub subnet_block: Option<Block>,
    /// The newest polling round of gists that is finished.
    #[schema(required)]
    pub gist_round: Option<Block>,
    /// Blocks since that round.
    #[schema(required)]
    pub gist_round_age_blocks: Option<u32>,
    /// The newest cycle.
    #[schema(required)]
    pub cycle: Option<u32>,
    /// The block in which our weights were last confirmed.
    #[schema(required)]
    pub weights_block: Option<Block>,
    /// The platforms.
    pub platforms: Vec<PlatformHealth>,
}

/// How a platform is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlatformHealth {
    /// Which.
    pub platform: String,
    /// Whether there is a key for it.
    pub has_key: bool,
    /// Units of the daily budget that are spent: units of YouTube's quota, millionths of a US dollar at Apify.
    pub units_spent: u64,
    /// Units that are left.
    pub units_left: u64,
    /// When the budget begins anew, RFC 3339 in UTC.
    #[schema(required, format = DateTime)]
    pub resets_at: Option<String>,
    /// Batches in a row that failed.
    pub failures: u32,
}

/// What is wrong, while it is being found out.
#[derive(Debug, Default)]
struct Findings {
    reasons: Vec<(Standing, String)>,
}

impl Findings {
    fn degraded(&mut self, reason: String) {
        self.reasons.push((Standing::Degraded, reason));
    }

    fn unhealthy(&mut self, reason: String) {
        self.reasons.push((Standing::Unhealthy, reason));
    }

    /// One or the other by how long something has lasted.
    fn by(&mut self, is_lost: bool, reason: String) {
        if is_lost { self.unhealthy(reason) } else { self.degraded(reason) }
    }

    fn standing(&self) -> Standing {
        self.reasons.iter().map(|(standing, _)| *standing).max().unwrap_or(Standing::Healthy)
    }
}

/// The report of a service.
pub fn report(service: &str, vitals: &Vitals) -> HealthReport {
    let (reading, now) = (vitals.reading(), vitals.monotonic());
    let mut findings = Findings::default();
    let store_age = reading.at.map(|at| now.saturating_sub(at));
    match store_age {
        Some(age) if age <= OLD_READING => {}
        Some(age) => findings.unhealthy(format!("the store has not answered for {} s", age.as_secs())),
        None => findings.unhealthy("the store has not answered yet".to_owned()),
    }
    let follows_chain = vitals.dating() == Dating::Chain;
    if follows_chain {
        check_chain(vitals, &mut findings);
    }
    if service != platform_tracker::SERVICE {
        check_gists(vitals, &mut findings);
    }
    let sources: &[_] = if service == platform_tracker::SERVICE { &vitals.sources } else { &[] };
    sources.iter().for_each(|source| check_platform(vitals, source, &mut findings));
    check_actors(service, vitals, &mut findings);
    let head_age = reading.head.map(|_| now.saturating_sub(reading.head_since).as_secs());
    HealthReport {
        status: findings.standing(),
        reasons: findings.reasons.into_iter().map(|(_, reason)| reason).collect(),
        service: service.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_secs: vitals.uptime().as_secs(),
        store_age_secs: store_age.map(|age| age.as_secs()),
        head_block: reading.head.map(|head| head.block),
        head_time: reading.head.map(|head| head.time.to_string()),
        head_age_secs: head_age,
        subnet_block: reading.subnet_block,
        gist_round: reading.gist_round,
        gist_round_age_blocks: round_age(reading.head.map(|head| head.block), reading.gist_round),
        cycle: reading.cycle,
        weights_block: reading.weights_block,
        platforms: sources.iter().map(|source| platform_health(vitals, source)).collect(),
    }
}

fn round_age(head: Option<Block>, round: Option<Block>) -> Option<u32> {
    Some(head?.saturating_sub(round?))
}

fn check_chain(vitals: &Vitals, findings: &mut Findings) {
    let (reading, uptime) = (vitals.reading(), vitals.uptime());
    if reading.head.is_none() || reading.subnet_block.is_none() {
        let text = format!("the chain has not been read in the {} s since the start", uptime.as_secs());
        findings.by(uptime > START, format!("{text}: check network.network and network.endpoints"));
        return;
    }
    let (age, period) = (vitals.monotonic().saturating_sub(reading.head_since), vitals.head_period());
    if age > OLD_HEAD + period {
        findings
            .by(age > LOST_HEAD + period, format!("the chain has had no new finalized block for {} s", age.as_secs()));
    }
}

fn check_gists(vitals: &Vitals, findings: &mut Findings) {
    let reading = vitals.reading();
    match round_age(reading.head.map(|head| head.block), reading.gist_round) {
        None => findings.degraded("no polling round of gists is finished yet".to_owned()),
        Some(age) if age > OLD_ROUNDS.saturating_mul(vitals.round_blocks.max(1)) => {
            findings.degraded(format!("the last finished polling round of gists is {age} blocks old"));
        }
        Some(_) => {}
    }
}

fn check_platform(vitals: &Vitals, source: &Source, findings: &mut Findings) {
    let platform = source.id();
    if !source.has_key() {
        let variable = source.key_variable();
        findings.degraded(format!("there is no API key for {platform}: set {variable}"));
        return;
    }
    let budget = vitals.budget(source);
    if !budget.has_room(1) {
        let reset = resets_at(vitals, source).unwrap_or_else(|| "the end of its day".to_owned());
        let (spent, units) = (budget.spent, budget.units);
        let text = format!("the daily budget of {platform} is used up ({spent} of {units} units)");
        findings.degraded(format!("{text}; it begins anew at {reset}"));
    } else if !budget.has_room(source.clients_share) {
        let text = format!("what clients may spend of the daily budget of {platform} is used up; the rest is kept for");
        findings.degraded(format!("{text} cycles"));
    } else {
        check_answers(vitals, source, findings);
    }
}

/// Whether the platform answered when it was last asked for a client.
fn check_answers(vitals: &Vitals, source: &Source, findings: &mut Findings) {
    let platform = source.id();
    let age = |since| vitals.monotonic().saturating_sub(since);
    if let Some(trouble) = source.trouble().filter(|trouble| age(trouble.since) <= OLD_TROUBLE) {
        let secs = age(trouble.since).as_secs();
        let kind = if trouble.is_quota { "quota exhausted" } else { "platform unavailable" };
        findings.degraded(format!("{platform} did not answer when it was last asked, {secs} s ago: {kind}"));
    }
}

/// Actors that failed again and again; core actors end the process instead.
fn check_actors(service: &str, vitals: &Vitals, findings: &mut Findings) {
    let concerns = |name: &str| {
        let is_of_chain = matches!(name, "chain_watcher" | "gist_fetcher" | "scorer" | "weight_setter");
        is_of_chain == (service != platform_tracker::SERVICE)
    };
    for stats in &vitals.stats {
        let reading = stats.read();
        if reading.is_resting && concerns(reading.name) {
            findings.degraded(format!("{} failed again and again and rests: see the log", reading.name));
        }
    }
}

fn resets_at(vitals: &Vitals, source: &Source) -> Option<String> {
    vitals.time().map(|time: Moment| source.next_reset(time).to_string())
}

fn platform_health(vitals: &Vitals, source: &Source) -> PlatformHealth {
    let budget = vitals.budget(source);
    PlatformHealth {
        platform: source.id().to_string(),
        has_key: source.has_key(),
        units_spent: budget.spent,
        units_left: budget.left(),
        resets_at: resets_at(vitals, source),
        failures: source.trouble().map_or(0, |trouble| trouble.failures),
    }
}
