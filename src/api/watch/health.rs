//! The health of a service: pure, from the last reading of its vital signs.
//!
//! `degraded`: it answers, but something is missing or old; the reasons say what. `unhealthy`: it does not work. Nothing is
//! `healthy` by default: without a reading, a service is not healthy.

use super::findings;
use super::findings::HealthFinding;
use super::status::HealthStatus;
use super::vitals::Vitals;
use crate::api::service::Service;
use crate::api::tracker::source::Source;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::ids::Block;
use utoipa::ToSchema;

/// The answer of `/health`. Fields that do not apply to a service are null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthReport {
    /// The state of the service.
    pub status: HealthStatus,
    /// What is wrong, and what to do; empty if nothing is.
    pub reasons: Vec<String>,
    /// The service.
    pub service: String,
    /// Version of the program.
    pub version: String,
    /// The network that is followed: its name, or the host of its endpoint.
    #[schema(required)]
    pub network: Option<String>,
    /// The subnet that is followed.
    #[schema(required)]
    pub netuid: Option<u16>,
    /// Peers in the chain syncer's newest answer.
    #[schema(required)]
    pub peers_count: Option<u64>,
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
    /// The outcomes of the actors' last pieces of work.
    pub work: Vec<WorkHealth>,
}

/// The state of a platform.
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
    /// When the quota resets, RFC 3339 in UTC.
    #[schema(required, format = DateTime)]
    pub resets_at: Option<String>,
    /// Batches in a row that failed.
    pub failures: u32,
}

/// The outcomes of an actor's last pieces of work on one subject: a key, the gists of a round, weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkHealth {
    /// The actor.
    pub actor: String,
    /// What the work was about.
    pub subject: String,
    /// Pieces of work since the start that succeeded, at least in part.
    pub succeeded: u64,
    /// Pieces of work since the start that failed.
    pub failed: u64,
    /// Failed pieces of work in a row, up to the last one.
    pub failures_in_a_row: u32,
    /// Why the last one, or a part of it, failed.
    #[schema(required)]
    pub error: Option<String>,
}

/// The report of a service.
pub fn report(service: Service, vitals: &Vitals) -> HealthReport {
    let (reading, now) = (vitals.reading(), vitals.monotonic());
    let findings = findings::findings(service, vitals);
    let subnet = vitals.subnet().filter(|_| service == Service::ChainSyncer);
    let sources: &[_] = if service == Service::PlatformTracker { &vitals.sources } else { &[] };
    HealthReport {
        status: standing(&findings),
        reasons: findings.into_iter().map(|finding| finding.text).collect(),
        service: service.name().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        network: subnet.map(|subnet| subnet.network.clone()),
        netuid: subnet.map(|subnet| subnet.netuid),
        peers_count: vitals.peers_count().filter(|_| subnet.is_some()),
        uptime_secs: vitals.uptime().as_secs(),
        store_age_secs: reading.at.map(|at| now.saturating_sub(at).as_secs()),
        head_block: reading.head.map(|head| head.block),
        head_time: reading.head.map(|head| head.time.to_string()),
        head_age_secs: reading.head.map(|_| now.saturating_sub(reading.head_since).as_secs()),
        subnet_block: reading.subnet_block,
        gist_round: reading.gist_round,
        gist_round_age_blocks: findings::round_age(reading.head.map(|head| head.block), reading.gist_round),
        cycle: reading.cycle,
        weights_block: reading.weights_block,
        platforms: sources.iter().map(|source| platform_health(vitals, source)).collect(),
        work: work(vitals),
    }
}

/// The state of a service with these findings.
pub fn standing(findings: &[HealthFinding]) -> HealthStatus {
    findings.iter().map(|finding| finding.standing).max().unwrap_or(HealthStatus::Healthy)
}

/// The outcomes of all actors of the process, by actor and subject.
fn work(vitals: &Vitals) -> Vec<WorkHealth> {
    let of_actor = |stats: &Arc<ActorStats>| {
        let actor = stats.name();
        let outcomes = stats.outcomes().read().into_iter();
        outcomes.map(move |(subject, outcome)| WorkHealth {
            actor: actor.to_owned(),
            subject,
            succeeded: outcome.succeeded,
            failed: outcome.failed,
            failures_in_a_row: outcome.failures_in_a_row,
            error: outcome.error,
        })
    };
    vitals.stats.iter().flat_map(of_actor).collect()
}

fn platform_health(vitals: &Vitals, source: &Source) -> PlatformHealth {
    let budget = vitals.budget(source);
    PlatformHealth {
        platform: source.id().to_string(),
        has_key: source.has_key(),
        units_spent: budget.spent,
        units_left: budget.left(),
        resets_at: findings::resets_at(vitals, source),
        failures: source.trouble().map_or(0, |trouble| trouble.failures).max(findings::batches_failed(vitals, source)),
    }
}
